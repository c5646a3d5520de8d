"""Two sites with a network behind each, joined by two of our daemons with role = "auto" (design D14).

The bed's two machines are the sites' gateways.  tests/system/sites does it many times.
"""
import os
import re
import signal
import socket
import time

import bed as beds
import schema
from bed import Failure, Process, in_netns, new_netns, poll

PASSWORDS = {'hq': 'of-the-hq', 'branch': 'of-the-branch'}


class Site:
    """A gateway, its network, and the one host in that."""

    def __init__(self, bed, netns, name, address, inner, net):
        self.bed, self.netns, self.name, self.address, self.inner, self.net = bed, netns, name, address, inner, net
        self.host = net + '.2'
        self.host_ns = new_netns()
        self.folder, self.run_dir = bed.file('conf-' + name), bed.run_dir + '-' + name
        self.process, self.starts, self.logged = None, 0, 0
        ns_path = '/proc/%d/fd/%d' % (os.getpid(), self.host_ns)
        bed.sh(netns, ['ip', '-batch', '-'], 'link add lan type veth peer name eth0 netns %s\n'
               'addr add %s.1/24 dev lan\nlink set lan up\n' % (ns_path, net))
        bed.sh(self.host_ns, ['ip', '-batch', '-'], 'link set lo up\naddr add %s/24 dev eth0\nlink set eth0 up\n'
               'route add default via %s.1\n' % (self.host, net))
        in_netns(netns, self.forward)
        in_netns(netns, lambda: os.path.exists('/proc/thread-self/net/pppoe')
                 and os.chmod('/proc/thread-self/net/pppoe', 0o400))

    @staticmethod
    def forward():
        with open('/proc/sys/net/ipv4/ip_forward', 'w') as file:
            file.write('1')

    def configure(self, other, top='', **groups):
        """Our name there is the site's own; whoever calls us must know the other's password."""
        os.makedirs(self.folder, exist_ok=True)
        files = {name: os.path.join(self.folder, name + '.secret') for name in PASSWORDS}
        ours = {'dial': 'server = "%s"; bind = "%s";' % (other.address, self.address),
                'listen': 'address = "%s";' % self.address,
                'auth': 'user = "%s"; password-file = "%s";' % (self.name, files[self.name]),
                'answer-auth': 'require-peer = [ "mschap-v2" ]; peer-user = "%s"; peer-password-file = "%s";' % (
                    other.name, files[other.name]),
                'encryption': 'mppe = "require";',
                'ip': 'local = "%s"; remote = "%s"; mtu = 1400;' % (self.inner, other.inner),
                'routes': 'through = [ "%s.0/24" ];' % other.net,
                'keepalive': 'control-echo = 5; control-echo-wait = 5; lcp-echo = 5; lcp-echo-failure = 3;',
                'retry': 'first-delay = 1; max-delay = 4;',
                'log': 'target = "%s"; level = "debug";' % self.log_path()}
        ours.update(groups)
        text = 'role = "auto";\n' + ''.join('%s: { %s };\n' % group for group in ours.items()) + top
        for path, words in [(files[name], password + '\n') for name, password in PASSWORDS.items()] + [
                (self.conf(), text)]:
            with open(path, 'w') as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(words)

    def conf(self):
        return os.path.join(self.folder, self.name + '.conf')

    def log_path(self):
        return self.bed.file(self.name + '.log')

    def log(self):
        return beds.read(self.log_path())

    def environment(self):
        return self.bed.environment(PPTPEER_RUN_DIR=self.run_dir, PPTPEER_CONFIG_DIR=self.folder)

    def start(self):
        self.starts += 1
        self.logged = len(self.log())
        self.process = Process(self.bed, self.netns, [self.bed.runner.command + 'd', '--foreground', '--config', self.conf()],
                               '%s-%d' % (self.name, self.starts), env=self.environment())

    def signal(self, number):
        self.process.signal(number)

    def stopped(self):
        if self.process.wait(20) != 0:
            raise Failure('%s ended with %d:\n%s' % (self.name, self.process.process.returncode, self.log()[-2000:]))

    def stop(self):
        self.signal(signal.SIGTERM)
        self.stopped()

    def status(self):
        done = Process(self.bed, self.netns, [self.bed.runner.command, 'status', self.name, '--json'],
                       '%s-status' % self.name, env=self.environment())
        done.wait()
        self.bed.started.remove(done)
        tunnels = schema.read(('status', self.name, '--json'), done.out)[0]['tunnels']
        return tunnels[0] if tunnels else {}

    def says_up(self):
        """The last stage that its log has since the start."""
        return (re.findall(r' (tcp|call|up): ', self.log()[self.logged:]) or [''])[-1] == 'up'

    def is_up(self):
        return self.status().get('state') == 'up'

    # ------------------------------------------------------------------------ what there is

    def interfaces(self):
        lines = in_netns(self.netns, lambda: beds.read('/proc/thread-self/net/dev')).splitlines()[2:]
        return [line.split(':')[0].strip() for line in lines if line.strip().startswith('ppp')]

    def connections(self):
        """Control connections that are open: either end may be the one that was dialled."""
        lines = in_netns(self.netns, lambda: beds.read('/proc/thread-self/net/tcp')).splitlines()[1:]
        found = [line.split() for line in lines]
        return ['%s %s' % (one[1], one[2]) for one in found
                if one[3] == '01' and (one[1].endswith(':06BB') or one[2].endswith(':06BB'))]

    def pppds(self):
        return [pid for pid, _ in self.bed.namespace_processes(self.netns)
                if beds.read('/proc/%d/comm' % pid).strip() == 'pppd']

    def ping(self, other, count=3):
        """From our host to theirs."""
        self.bed.ping(self.host_ns, other.host, count=count)

    def close(self):
        self.bed.sh(self.netns, ['ip', 'link', 'del', 'lan'])  # with its namespace it would go some time later
        os.close(self.host_ns)


def two(bed):
    """The branch has the lower address: where both dial, its own connection is the one that goes."""
    hq = Site(bed, bed.srv, 'hq', bed.server, '172.31.255.1', '192.168.71')
    branch = Site(bed, bed.cli, 'branch', bed.client, '172.31.255.2', '192.168.72')
    hq.configure(branch)
    branch.configure(hq)
    return hq, branch


def joined(hq, branch):
    """Up at both ends: one control connection, one call, one interface; hosts behind both reach each other."""
    sites = (hq, branch)

    # As soon as both say so, it is: the very first packet comes through, either way.
    poll(lambda: all(site.says_up() for site in sites), 60, 'both say that they are up')
    hq.ping(branch)
    branch.ping(hq)

    def settled():
        return all(site.is_up() and len(site.connections()) == 1 and len(site.interfaces()) == 1
                   and len(site.pppds()) == 1 for site in sites)
    try:
        poll(settled, 40, 'both are up, with one connection and one interface each')
    except Failure as failure:
        raise Failure('%s: %s' % (failure, [(site.name, site.status().get('state'), site.connections(), site.interfaces(),
                                             site.pppds()) for site in sites])) from None
    hq.ping(branch)
    branch.ping(hq)
    calls = [site.status()['call'] for site in sites]
    if (calls[0]['local_id'], calls[0]['peer_id']) != (calls[1]['peer_id'], calls[1]['local_id']):
        raise Failure('two calls: %s' % calls)
    if not settled():
        raise Failure('it did not stay so')
    return calls


BARRIER = """#!/bin/sh
# hooks.pre-dial: both listen already; then they dial in the same moment.
touch '%s'
until [ -e '%s' ]; do sleep 0.02; done
"""


def in_step(hq, branch):
    """From now on their dials wait for each other; what lets them go."""
    go = hq.bed.file('go')
    for site, other in ((hq, branch), (branch, hq)):
        hook = site.bed.file('barrier-' + site.name)
        with open(hook, 'w') as file:
            os.fchmod(file.fileno(), 0o755)
            file.write(BARRIER % (hook + '.there', go))
        site.configure(other, hooks='pre-dial = "%s"; timeout = 60;' % hook)
    return go


def dial_in_step(hq, branch, go):
    there = [site.bed.file('barrier-%s.there' % site.name) for site in (hq, branch)]
    for path in there + [go]:
        if os.path.exists(path):
            os.unlink(path)
    for site in (hq, branch):
        site.start()
    poll(lambda: all(map(os.path.exists, there)), 20, 'both are about to dial')
    open(go, 'w').close()


def both_at_once(hq, branch, go):
    """Started in the same second, joined, and stopped; how it went: which collisions there were."""
    since = [len(site.log()) for site in (hq, branch)]
    dial_in_step(hq, branch, go)
    joined(hq, branch)
    redials = [site.status()['redials'] for site in (hq, branch)]
    hq.signal(signal.SIGTERM)
    branch.signal(signal.SIGTERM)
    for site in (hq, branch):
        site.stopped()
    poll(lambda: not hq.interfaces() and not branch.interfaces(), 10, 'the interfaces are gone')
    said = [site.log()[start:] for site, start in zip((hq, branch), since)]
    if any(len(re.findall('both ends have dialled', text)) > 1 for text in said):
        raise Failure('more than one collision:\n' + said[0] + said[1])
    return {'collision': any('both ends have dialled' in text for text in said), 'redials': redials,
            'ends': [re.findall(r'E\d{3}', text) for text in said]}


def finish(*sites):
    for site in sites:
        if site.process is not None and site.process.running():
            site.stop()
        for name in os.listdir(site.run_dir) if os.path.isdir(site.run_dir) else []:
            for file in os.listdir(os.path.join(site.run_dir, name)):
                os.unlink(os.path.join(site.run_dir, name, file))
            os.rmdir(os.path.join(site.run_dir, name))
        site.close()


def repeat(bed, count, say):
    """So many times; each one's line, and the sum."""
    hq, branch = two(bed)
    for site, wire in ((hq, 'vs'), (branch, 'vc')):  # or what is sent first has always come first
        bed.sh(site.netns, ['tc', 'qdisc', 'add', 'dev', wire, 'root', 'netem', 'limit', '10000', 'delay', '150ms'])
    go = in_step(hq, branch)
    collisions = redials = 0
    for number in range(1, count + 1):
        start = time.monotonic()
        found = both_at_once(hq, branch, go)
        collisions += found['collision']
        redials += sum(found['redials'])
        say('%3d  %4.1f s  %s; dials that ended before: %s' % (
            number, time.monotonic() - start, 'collision' if found['collision'] else 'one was first',
            '; '.join(site.name + ' ' + ' '.join(ends) for site, ends in zip((hq, branch), found['ends']) if ends) or 'none'))
    say('%d times one control connection, one call, one interface; %d collisions, %d redials' % (
        count, collisions, redials))
    finish(hq, branch)
