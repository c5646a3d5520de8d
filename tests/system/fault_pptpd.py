"""A tunnel of pptpeerd's to Debian's pptpd: the stage for the faults that need PPP, and what makes them."""
import os
import re
import signal
import socket
import time

import bed as beds
import server as servers
from bed import Failure, Skip, in_netns, poll
from control_tests import drop, undrop
from fault_dns import Dns
from fault_stage import Stage
from ways_tests import command, daemon, write_config

NAME, SITE_HOST = 'vpn.test', '10.77.0.1'  # the server's, outside and behind it
GRE, TCP_IN = ('ip protocol gre', ['-p', 'gre']), ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723'])


class Pptpd(Stage):
    # TCP needs its time to send again what a pulled cable has cost.
    KEEP = 'control-echo = 1; control-echo-wait = 3; lcp-echo = 1; lcp-echo-failure = 3;'
    HOOK = 'exit 0'
    RETRY, DATA, DIAL = 'first-delay = 1; max-delay = 1;', 'gre-timeout = 2;', 'connect-timeout = 2; reply-timeout = 2;'

    AUTH, ENCRYPTION = '', 'mppe = "require";'

    @property
    def address(self):
        """The server's."""
        return self.bed.server

    def prepare(self):
        bed = self.bed
        bed.sh(bed.srv, ['ip', 'address', 'replace', SITE_HOST + '/32', 'dev', 'lo'])
        self.dns, self.resolv, self.hook = Dns(bed, '127.0.0.53', self.address), bed.file('resolv.conf'), bed.file('hook')
        # Of its own, so that it can be full.
        os.mkdir(bed.run_dir)
        bed.sh(bed.cli, ['mount', '-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', bed.run_dir])
        self.name_server('127.0.0.53')
        self.hook_is(self.HOOK)
        self.serve()
        self.env = write_config(
            bed, self.server, keepalive=self.KEEP, encryption=self.ENCRYPTION,
            auth='user = "%s"; password-file = "%s"; %s' % (self.server.user, bed.file('secret'), self.AUTH),
            retry=self.RETRY, data=self.DATA, dial='server = "%s"; %s' % (NAME, self.DIAL),
            routes='through = [ "10.77.0.0/16" ];', hooks='up = "%s"; timeout = 5;' % self.hook)

    def serve(self, **how):
        self.server = servers.Server(self.bed, **{'listen': self.address, **how})

    def close(self):
        self.dns.stop()
        self.server.stop()
        filters_off(self)
        self.bed.sh(self.bed.cli, ['umount', self.bed.run_dir])
        os.rmdir(self.bed.run_dir)

    def name_server(self, address):
        with open(self.resolv, 'w') as file:
            file.write('nameserver %s\noptions timeout:1 attempts:1\n' % address)

    def hook_is(self, line):
        """In its place at once: what is being run stays as it is."""
        with open(self.hook + '.new', 'w') as file:
            file.write('#!/bin/sh\n' + line + '\n')
        os.chmod(self.hook + '.new', 0o755)
        os.rename(self.hook + '.new', self.hook)

    def launch(self):
        self.process = daemon(
            self.bed, self.env, '--foreground', name='daemon-%d' % len(self.bed.started), wrapper=[
                'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"', self.resolv])

    def secrets(self, password):
        with open(servers.SECRETS, 'w') as file:
            file.write('"%s" * "%s" *\n' % (self.server.user, password))

    def tool(self, *words, code=0):
        done = command(self.bed, self.env, *words, name='tool-%d' % len(self.bed.started))
        if done.wait(30) != code:
            raise Failure('%s: exit %d: %s' % (' '.join(words), done.process.returncode, done.out))
        return done.out

    def alive(self):
        """A packet comes back; not each one has to, just after a fault."""
        servers.both_ends_up(self.bed)
        poll(self.ping, 10, 'a ping is answered')

    def ping(self, *words):
        said = self.bed.sh(self.bed.cli, ['ping', '-c', '1', '-W', '1', *words, SITE_HOST], check=False)
        return ' 1 received' in said

    def uptime(self):
        return self.bed.status()['uptime_s']

    def echoes(self, count):
        """So many more packets come: the keepalives go on."""
        came = self.bed.status()['gre']['rx']
        poll(lambda: self.bed.status()['gre']['rx'] >= came + count, 20, 'keepalives come')

    def end_call(self):
        """So that it dials again, whatever the server is then."""
        since = len(self.text())
        self.server.hang_up()
        poll(lambda: self.said('Dialling again', since), 10, 'the end of the call is noticed')


def kill_server(stage):
    stage.server.stop()


def serve_again(stage):
    stage.serve()


def serve_at_second(stage):
    stage.serve(listen=stage.bed.second)
    stage.dns.address = stage.bed.second
    poll(lambda: stage.said(r'connected to %s,' % re.escape(stage.bed.second)), 20, 'it dials that address')
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: at_first_again(stage))


def at_first_again(stage):
    stage.dns.address = stage.bed.server
    stage.server.stop()
    stage.serve()


def kill_at_server(name, number=signal.SIGKILL):
    def make(stage):
        for pid in stage.server.pids(name):
            os.kill(pid, number)
    return make


def kill_pppd(stage):
    os.kill(stage.pids('pppd')[0], signal.SIGKILL)


def freeze_server(stage):
    for name in ('pptpctrl', 'pppd'):
        kill_at_server(name, signal.SIGSTOP)(stage)


def kill_frozen(stage):
    for name in ('pptpctrl', 'pppd'):
        kill_at_server(name)(stage)


def cable(stage, way):
    stage.bed.sh(stage.bed.srv, ['ip', 'link', 'set', 'vs', way])


def pull(stage):
    cable(stage, 'down')


def plug(stage):
    cable(stage, 'up')


def pull_for_a_second(stage):
    pull(stage)
    time.sleep(1)  # the time is what is tested
    plug(stage)


def dropped(where, chain, rule):
    """From now on, by the packet filter of `cli` or `srv`."""
    return lambda stage: drop(stage.bed, getattr(stage.bed, where), chain, rule)


def filters_off(stage):
    undrop(stage.bed, stage.bed.srv)
    undrop(stage.bed, stage.bed.cli)
    stage.bed.sh(stage.bed.srv, ['tc', 'qdisc', 'del', 'dev', 'vs', 'clsact'], check=False)


def lose_tcp_for_longer_than_its_echo(stage):
    """GRE goes on: nobody speaks on the control connection, and the line is not dead for it (keepalive, D13)."""
    dropped('srv', 'input', TCP_IN)(stage)
    time.sleep(5)  # the time is what is tested
    filters_off(stage)


def lose_echo_requests(stage):
    """LCP's, of the GRE that goes to the server: without an acknowledgement in its header, and with one."""
    for place in (32, 36):
        on_the_way(stage, ['ingress'], 'match', 'u32', '0xff03c021', '0xffffffff', 'at', str(place),
                   'match', 'u8', '9', '0xff', 'at', str(place + 4), 'action', 'drop')


def lost_on_the_way(stage):
    said = stage.bed.sh(stage.bed.srv, ['tc', '-s', 'filter', 'show', 'dev', 'vs', 'ingress'])
    return sum(int(count) for count in re.findall(r'\(dropped (\d+),', said))


def lose_lcp_of_a_busy_line(stage):
    stage.busy = beds.Process(stage.bed, stage.bed.cli, ['ping', '-q', '-i', '0.3', SITE_HOST],
                              'busy-%d' % len(stage.bed.started))
    lose_echo_requests(stage)


def find_lcp_again(stage):
    filters_off(stage)
    stage.busy.process.kill()
    stage.busy.process.wait()


def lose_lcp_for_longer_than_its_echo(stage):
    """Packets come: the line is not dead for it (D13).  Without them pppd sends no fourth one (lcp-echo-failure)."""
    lose_lcp_of_a_busy_line(stage)
    poll(lambda: lost_on_the_way(stage) >= 4, 20, 'four LCP Echo-Requests are lost')
    find_lcp_again(stage)
    stage.echoes(3)


def lost(way):
    """GRE, at the server's end of the wire."""
    return lambda stage: on_the_way(stage, [way], 'action', 'drop')


def on_the_way(stage, ways, *words):
    """What becomes of GRE on the wire, where neither machine's filter sees it."""
    sh, srv = stage.bed.sh, stage.bed.srv
    sh(srv, ['tc', 'qdisc', 'replace', 'dev', 'vs', 'clsact'])
    for way in ways:
        said = sh(srv, ['tc', 'filter', 'add', 'dev', 'vs', way, 'protocol', 'ip', 'u32', 'match', 'ip', 'protocol', '47',
                        '0xff', *words], check=False)
        if said:
            raise Skip('tc: ' + said.strip())


def from_another_address(stage):
    stage.bed.sh(stage.bed.srv, ['modprobe', 'act_nat'], check=False)
    on_the_way(stage, ['egress'], 'action', 'nat', 'egress', stage.bed.server + '/32', stage.bed.second)


def black_hole(stage):
    """IPv4's total length is 1024 and more: no answer, no ICMP."""
    poll(lambda: stage.ping('-s', '1300'), 10, 'a large packet passes')
    on_the_way(stage, ['ingress', 'egress'], 'match', 'u16', '0x0400', '0xfc00', 'at', '2', 'action', 'drop')
    if stage.ping('-s', '1300'):
        raise Failure('a large packet passes the hole')


def no_black_hole(stage):
    filters_off(stage)
    poll(lambda: stage.ping('-s', '1300'), 10, 'a large packet passes')


def dns_down(stage):
    """For the next dial, and there is one."""
    stage.dns.address = None
    stage.end_call()


def dns_up(stage):
    stage.dns.address = stage.bed.server


def dns_elsewhere(stage):
    """Another program writes resolv.conf, as when this host has come to another network."""
    stage.other = Dns(stage.bed, '127.0.0.54', stage.bed.server)
    stage.dns.address = None
    stage.name_server('127.0.0.54')
    stage.end_call()


def dns_here_again(stage):
    poll(lambda: stage.other.asked, 20, 'the other name server is asked')
    stage.other.stop()
    dns_up(stage)
    stage.name_server('127.0.0.53')


def clock(seconds):
    """The time of day; what it was is what has passed since, from there."""
    def make(stage):
        if os.environ.get('LAB_GUEST') != '1':
            raise Skip("the clock is the whole machine's: in the guest only")
        was = stage.uptime()
        time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)
        try:
            stage.echoes(3)
            now = stage.uptime()
        finally:
            time.clock_settime(time.CLOCK_REALTIME, time.time() - seconds)
        if not was <= now <= was + 60:
            raise Failure('up for %d s, then for %d s' % (was, now))
    return make


def suspended(stage, meanwhile=lambda stage: None, seconds=5):
    """All of ours stand still for longer than all of their timers."""
    ours = [stage.process.pid] + stage.children()
    for pid in ours:
        os.kill(pid, signal.SIGSTOP)
    meanwhile(stage)
    time.sleep(seconds)  # the time is what is tested
    for pid in reversed(ours):
        os.kill(pid, signal.SIGCONT)


def server_killed_meanwhile(stage):
    suspended(stage, kill_server)


def run_folder_full(stage):
    """As a tmpfs it has an end; the next state of the tunnel is not kept there."""
    with open(os.path.join(stage.bed.run_dir, 'ballast'), 'wb', buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass
    stage.end_call()


def run_folder_empty(stage):
    os.unlink(os.path.join(stage.bed.run_dir, 'ballast'))


def tap_down(stage):
    name = [name for name in stage.bed.state()['interfaces'] if name.startswith('pptap')]
    if not name:
        raise Skip('the data path is not a TAP')
    stage.bed.sh(stage.bed.cli, ['ip', 'link', 'set', name[0], 'down'])


def interface(stage, *words):
    name = [name for name in stage.bed.state()['interfaces'] if name.startswith('ppp')][0]
    stage.bed.sh(stage.bed.cli, ['ip', 'link', words[0], name, *words[1:]])


def hook(line):
    """The next up hook does this."""
    def make(stage):
        stage.hook_is(line)
        stage.tool('redial', stage.bed.NAME)
    return make


def hook_as_before(stage):
    stage.hook_is(stage.HOOK)


def forked_away(stage):
    """What the hook has left running is nobody's any more: it is up without waiting for it."""
    poll(lambda: stage.pids('sleep'), 20, 'the hook has run')
    stage.is_up(stage.last_redial(0))
    for pid in stage.pids('sleep'):
        os.kill(pid, signal.SIGKILL)
    hook_as_before(stage)


def another_tunnel(stage, name='other'):
    other = stage.bed.connect('-u', stage.server.user, '--name', name, password=stage.server.password,
                              name='other-%d' % len(stage.bed.started))
    other.wait_out(r'^ *[\d.]+ s +up ', 20)
    return other


def other_goes(stage, other):
    other.signal(signal.SIGINT)
    if other.wait(20) != 0:
        raise Failure('the other one: exit %d' % other.process.returncode)


def another_comes_and_goes(stage):
    other_goes(stage, another_tunnel(stage))


def same_name(stage):
    said = stage.tool('connect', stage.bed.NAME, code=19)
    if 'E111 ' not in said:
        raise Failure(said)


def inner_is_outer(stage):
    """The server has one address, inside and outside."""
    stage.server.stop()
    stage.serve(inner=stage.bed.server)


def two_addresses_again(stage):
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: at_first_again(stage))


def pool_taken(stage):
    """pptpd has one address for callers, and another tunnel, which needs no DNS, is the first to have it."""
    stage.dns.address = None
    stage.server.stop()
    stage.serve(pool='192.168.99.10')
    stage.other = another_tunnel(stage)
    dns_up(stage)


def pool_free(stage):
    other_goes(stage, stage.other)
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: at_first_again(stage))


def password_changed(stage):
    stage.secrets(stage.server.password + '-new')
    stage.end_call()


def password_as_before(stage):
    stage.secrets(stage.server.password)


def options(new, *old):
    """Of the next call: pptpd's pppds read their file anew."""
    def make(stage):
        path = stage.bed.file('server.options')
        stage.options = beds.read(path)
        stage.server.write('server.options', [line for line in stage.options.split('\n') if line not in old] + [new])
        stage.end_call()
    return make


def serve_options(stage):
    stage.server.write('server.options', [stage.options])


def way_moved(stage):
    """The server is reached over another interface now, from another address."""
    stage.bed.sh(stage.bed.cli, ['ip', '-batch', '-'], 'link add vd type veth peer name vt netns /proc/%d/fd/%d\n'
                 'address add 172.20.0.1/24 dev vd\nlink set vd up\n' % (os.getpid(), stage.bed.srv))
    stage.bed.sh(stage.bed.srv, ['ip', '-batch', '-'], 'address add 172.20.0.2/24 dev vt\nlink set vt up\n')
    stage.bed.sh(stage.bed.cli, ['ip', 'route', 'add', stage.bed.server, 'via', '172.20.0.2'])


def way_back(stage):
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: stage.bed.sh(stage.bed.cli, ['ip', 'link', 'del', 'vd']))
