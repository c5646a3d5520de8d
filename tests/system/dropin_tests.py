"""`pptp`, the drop-in for pptp-linux (interface.md 9): every way in which existing set-ups call it.

The ppp group meets real pppd and pptpd; the control group a scripted server, and a pty on which the test is pppd.
"""
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import tty

import bed as beds
import server as servers
from bed import Failure, Process, poll
from control_tests import control
from peer import lcp_configure_request
from ppp_tests import ping, ppp

# What `pppd pty` users have in common; the secret is in chap-secrets, which the server's pppd reads as well.
WORDS = ['nodetach', 'noauth', 'nobsdcomp', 'nodeflate', 'require-mppe-128', 'refuse-eap', 'noipdefault',
         'nodefaultroute', 'ip-up-script', '/bin/true', 'ip-down-script', '/bin/true']


def drop_in(bed):
    return os.path.join(bed.runner.build, 'pptp')


def environment(bed):
    path = os.path.dirname(drop_in(bed)) + ':' + os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    return bed.environment(PATH=path)


def start(bed, argv, name):
    return Process(bed, bed.cli, argv, name, env=environment(bed))


def on_a_pty(bed, argv, name, env=None):
    """With a standard input as it has to be; nobody is at the other end for long."""
    master, slave = pty.openpty()
    try:
        return Process(bed, bed.cli, argv, name, env=env or environment(bed), terminal=master)
    finally:
        os.close(master)
        os.close(slave)


def ours(bed):
    """The processes of this build; the file counts, whatever its name."""
    def is_ours(pid):
        try:
            return os.path.samestat(os.stat('/proc/%d/exe' % pid), os.stat(drop_in(bed)))
        except OSError:
            return False  # gone
    return [pid for pid, _ in bed.namespace_processes() if is_ours(pid)]


def up_and_down(bed, server, process):
    """Traffic both ways; then pppd is told to end, and all of it does, in order."""
    process.wait_out(r'remote IP address', 30)
    if len(ours(bed)) != 1:
        raise Failure('one process of this build: %s' % bed.namespace_processes())
    ping(bed, 5)
    servers.transfer(bed, 200000)
    mppe = re.search(r'MPPE 128-bit stateless compression enabled', server.log())
    if not mppe:
        raise Failure('no MPPE:\n' + server.log())
    pppd = [pid for pid, _ in bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == 'pppd']
    if len(pppd) != 1:
        raise Failure('pppd: %s' % bed.namespace_processes())
    os.kill(pppd[0], signal.SIGTERM)
    process.wait(20)
    poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")
    if 'LCP terminated by peer' not in server.log():
        raise Failure('LCP was not ended in order:\n' + server.log())


@ppp()
def pppd_pty_with_nolaunchpppd(bed):
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd' % (drop_in(bed), bed.server), 'user', server.user] +
                    WORDS, 'pppd')
    up_and_down(bed, server, process)


@ppp()
def while_the_cable_is_out_the_drop_in_does_not_run_into_itself(bed):
    """pppd has made the tunnel the way to everywhere, and the server's own way went with its link."""
    outside, way = '198.18.0.9', ['route', 'add', 'default', 'via', bed.server, 'metric', '5']
    bed.sh(bed.srv, ['ip', 'address', 'add', outside + '/32', 'dev', 'lo'])
    bed.sh(bed.cli, ['ip'] + way)
    bed.before = bed.state()
    server = servers.Server(bed, listen=outside)
    words = [word for word in WORDS if word != 'nodefaultroute'] + ['defaultroute', 'replacedefaultroute']
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd' % (drop_in(bed), outside), 'user', server.user] + words,
                    'pppd')
    process.wait_out(r'remote IP address', 30)
    servers.both_ends_up(bed)
    bed.sh(bed.cli, ['ip', 'link', 'set', 'vc', 'down'])

    def sent():
        return json.loads(bed.sh(bed.cli, ['ip', '-j', '-s', 'link', 'show', 'dev', 'ppp0']))[0]['stats64']['tx']['packets']
    before = sent()
    bed.sh(bed.cli, ['ping', '-c', '6', '-i', '0.3', '-W', '1', '203.0.113.9'], check=False)
    packets = sent() - before
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'link set vc up\n%s\n' % ' '.join(way))
    if not 6 <= packets < 100:
        raise Failure('%d packets for 6 pings' % packets)
    up_and_down(bed, server, process)


@ppp()
def pppd_call_with_the_file_of_pptpsetup(bed):
    """pptpsetup's own file, as it is: it names /usr/sbin/pptp, and there we are."""
    server = servers.Server(bed)
    bed.sh(bed.cli, ['mount', '--bind', drop_in(bed), '/usr/sbin/pptp'])
    try:
        call_office(bed, server)
    finally:
        bed.sh(bed.cli, ['umount', '/usr/sbin/pptp'])


def call_office(bed, server):
    bed.sh(bed.cli, ['pptpsetup', '--create', 'office', '--server', bed.server, '--username', server.user,
                     '--password', server.password, '--encrypt'])
    peers_file = beds.read('/etc/ppp/peers/office')
    if '/usr/sbin/pptp %s --nolaunchpppd' % bed.server not in peers_file:
        raise Failure(peers_file)
    process = start(bed, ['pppd', 'call', 'office'] + WORDS, 'pppd')
    up_and_down(bed, server, process)


@ppp()
def the_command_line_of_networkmanager_pptp(bed):
    """With 128 bits chosen there: what it gives else, require-mppe, is 40 bits to pppd 2.5.2, whoever calls."""
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd --loglevel 0 --logstring nm-pptp-service-%d' % (
        drop_in(bed), bed.server, os.getpid()), 'nodetach', 'lock', 'usepeerdns', 'noipdefault', 'nodefaultroute',
        'noauth', 'user', server.user, 'refuse-eap', 'refuse-chap', 'refuse-mschap', 'require-mppe-128', 'nobsdcomp',
        'nodeflate', 'lcp-echo-failure', '0', 'lcp-echo-interval', '0', 'ip-up-script', '/bin/true',
        'ip-down-script', '/bin/true'], 'pppd')
    up_and_down(bed, server, process)


@ppp()
def pptp_starts_pppd_itself(bed):
    """Without --nolaunchpppd the other words are pppd's, those with dashes behind --."""
    server = servers.Server(bed)
    os.makedirs('/run/lock', exist_ok=True)  # Debian's options say "lock"; /run is private here
    process = start(bed, [drop_in(bed), bed.server, '--logstring', 'x', 'user', server.user, '--'] + WORDS, 'pptp')
    up_and_down(bed, server, process)
    if process.process.returncode != 5:  # pppd's, of one that was told to end
        raise Failure('exit %d: %s' % (process.process.returncode, process.out))
    routes = bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])
    if routes.strip():
        raise Failure('its host route is still there: ' + routes)


@ppp()
def pptp_that_starts_pppd_comes_back_when_pppd_does(bed):
    """As in rc.local: `pptp HOST call office`, and pppd goes to the background; so does what carries the call."""
    server = servers.Server(bed)
    os.makedirs('/run/lock', exist_ok=True)
    words = [word for word in WORDS if word != 'nodetach']
    # From a shell: a pppd that leads its session takes the pty for its terminal, and when it detaches the
    # process that ends may still hang up the one that goes on.
    script = ['sh', '-c', '"$@"; exit $?', 'sh']
    for name, more in (('detached', []), ('up', ['updetach'])):
        process = start(bed, script + [drop_in(bed), bed.server, 'user', server.user, '--'] + words + more, name)
        if process.wait(30) != 0:
            raise Failure('exit %d: %s' % (process.process.returncode, process.out))
        if more and 'remote IP address' not in process.out:
            raise Failure('it came back before the tunnel was up: ' + process.out)
        poll(lambda: ' 1 received' in bed.sh(bed.cli, ['ping', '-c', '1', '-w', '2', servers.INNER], check=False), 30,
             'the tunnel')
        pid, = ours(bed)
        if os.getsid(pid) != pid or os.readlink('/proc/%d/fd/2' % pid) != '/dev/null':
            raise Failure('it has not left the terminal')
        pppds = lambda: [pid for pid, _ in bed.namespace_processes()  # noqa: E731
                         if beds.read('/proc/%d/comm' % pid).strip() == 'pppd']
        poll(lambda: len(pppds()) == 1, 10, 'its children, which become scripts, are gone')
        os.kill(pppds()[0], signal.SIGTERM)
        poll(lambda: not bed.namespace_processes(), 20, 'all of it ends')
        poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")


@ppp()
def a_sigterm_to_what_carries_the_call_ends_the_pppd_that_it_started(bed):
    """pppd says goodbye to the server first."""
    server = servers.Server(bed)
    os.makedirs('/run/lock', exist_ok=True)
    process = start(bed, [drop_in(bed), bed.server, '--debug', 'user', server.user, '--'] + WORDS + ['persist'], 'pptp')
    process.wait_out(r'remote IP address', 30)
    pid, = ours(bed)
    os.kill(pid, signal.SIGTERM)
    if process.wait(20) != 5:
        raise Failure('exit %d: %s' % (process.process.returncode, process.out))
    poll(lambda: 'Hung up in order' in process.out, 10, '--debug: it is said here')
    poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")
    if 'LCP terminated by peer' not in server.log():
        raise Failure('LCP was not ended in order:\n' + server.log())


@ppp()
def a_sigterm_to_pptp_ends_the_call_in_order(bed):
    """To the process that pppd has started: Call-Clear, Stop; pppd sees its modem hang up."""
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', 'exec %s %s --nolaunchpppd 2>%s' % (
        drop_in(bed), bed.server, bed.file('pptp.log')), 'user', server.user] + WORDS, 'pppd')
    process.wait_out(r'remote IP address', 30)
    routes = bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])
    if not routes.startswith(bed.server + ' '):
        raise Failure('no host route: %r' % routes)
    pid, = ours(bed)
    os.kill(pid, signal.SIGUSR1)
    poll(lambda: 'round trip' in beds.read(bed.file('pptp.log')), 10, 'the counters')
    os.kill(pid, signal.SIGTERM)
    if process.wait(20) != 16:
        raise Failure('pppd ended with %d' % process.process.returncode)
    log = beds.read(bed.file('pptp.log'))
    for words in ('rx accepted  = ', 'rx lost      = 0', 'tx sent      = ', 'Hung up in order'):
        if words not in log:
            raise Failure('%r is not in %s' % (words, log))
    poll(lambda: not server.pids('pptpctrl'), 10, "the server's part ends")


@ppp()
def octets_under_0x20_reach_pppd_whatever_was_agreed(bed):
    """A peer that rejects LCP's asyncmap, as accel-ppp does: then the kernel drops those that come unescaped."""
    for options in ((), ('default-asyncmap',)):
        server = servers.Server(bed, mppe=False, options=options)
        process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd' % (drop_in(bed), bed.server), 'user', server.user,
                              'debug'] + [word for word in WORDS if word != 'require-mppe-128'], 'pppd-%d' % len(options))
        process.wait_out(r'remote IP address', 30)
        rejected = re.search(r'rcvd \[LCP ConfRej .*asyncmap', process.out)
        if bool(rejected) != bool(options):
            raise Failure('the asyncmap was %srejected' % ('' if rejected else 'not '))
        ping(bed, 5, '-s', '1000', '-p', '0001020304050607080e0f11131f7d7e')
        process.signal(signal.SIGTERM)
        process.wait(20)
        poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
        server.stop()


@ppp(slow=True)
def synchronous_ppp_on_both_sides(bed):
    """Two frames can come in one read there, so only some of the pings are asked for; and no MPPE."""
    server = servers.Server(bed, mppe=False)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd --sync' % (drop_in(bed), bed.server), 'sync', 'user',
                          server.user] + [word for word in WORDS if word != 'require-mppe-128'], 'pppd')
    process.wait_out(r'remote IP address', 30)
    said = bed.sh(bed.cli, ['ping', '-c', '1', '-w', '10', servers.INNER], check=False)
    if ' 1 received' not in said:
        raise Failure(said)
    process.signal(signal.SIGTERM)
    process.wait(20)
    poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")


# ------------------------------------------------------- option by option, the test is pppd

def fcs16(octets):
    """RFC 1662 C.2, bit by bit."""
    fcs = 0xFFFF
    for octet in octets:
        fcs ^= octet
        for _ in range(8):
            fcs = fcs >> 1 ^ (0x8408 if fcs & 1 else 0)
    return struct.pack('<H', fcs ^ 0xFFFF)


def hdlc(frame):
    """RFC 1662: asynchronous, everything under 0x20 escaped."""
    return b'\x7e' + b''.join(bytes([0x7D, octet ^ 0x20]) if octet in (0x7D, 0x7E) or octet < 0x20 else bytes([octet])
                             for octet in frame + fcs16(frame)) + b'\x7e'


class Pppd:
    """A pty whose master is pptp's standard input, as `pppd pty` does it."""

    def __init__(self, bed, *options, name='pptp', scenario='orderly', gre='none'):
        self.bed = bed
        self.peer = bed.peer(scenario, gre=gre)
        master, self.tty = pty.openpty()
        tty.setraw(self.tty)
        try:
            self.process = Process(bed, bed.cli, [drop_in(bed), bed.server, '--nolaunchpppd', *options], name,
                                   env=environment(bed), terminal=master)
        finally:
            os.close(master)

    def called(self):
        self.process.wait_out(r'call open', 10)
        return self

    def send(self, count):
        """So many LCP Echo-Requests, each a frame of its own."""
        for number in range(count):
            os.write(self.tty, hdlc(b'\xff\x03\xc0\x21\x09' + bytes([number]) + b'\0\x08abcd'))

    def frame(self):
        """The next frame that comes, as it is on the line."""
        octets = b''
        while octets.count(b'\x7e') < 2:
            if not select.select([self.tty], [], [], 10)[0]:
                raise Failure('no frame in 10 s: %r' % octets)
            octets += os.read(self.tty, 4096)
        return octets

    def numbers(self, count):
        """The sequence numbers of the GRE packets that came to the server."""
        def came():
            found = [struct.unpack('!I', packet[8:12])[0] for packet in self.bed.captures[0].gre(self.bed.client)
                     if packet[0] & 0x10]
            return found if len(found) >= count else None
        return poll(came, 10, '%d GRE packets' % count)

    def hang_up(self):
        """The pty closes, as when pppd ends: Call-Clear, Stop, exit 0."""
        os.close(self.tty)
        self.bed.expect(self.process, 0, r'pppd has closed its end')
        if self.peer.messages()[-2:] != ['CCR', 'StopRQ']:
            raise Failure('not ended in order: %s' % self.peer.messages())


@control()
def pptp_calls_and_ends_with_its_pty(bed):
    pppd = Pppd(bed).called()
    pppd.send(3)
    if pppd.numbers(3) != [0, 1, 2]:
        raise Failure('%s' % pppd.numbers(3))
    pppd.hang_up()


@control()
def pptp_loses_nothing_that_comes_before_the_call_reply(bed):
    """The server's Configure-Request, which it would send again only 3 s later (protocol D13)."""
    for turn in range(5):
        pppd = Pppd(bed, name='turn-%d' % turn, scenario='lcp-before-ocrp').called()
        pppd.send(1)
        if pppd.frame() != hdlc(lcp_configure_request(0)):
            raise Failure('another frame')
        pppd.hang_up()
        pppd.peer.stop()


@control()
def pptpeer_by_the_name_of_pptp_is_pptp(bed):
    link = bed.file('pptp')
    os.symlink(bed.runner.command, link)
    for path in (link, drop_in(bed)):
        process = start(bed, [path, '--version'], 'version')
        if process.wait() != 0 or not process.out.startswith('pptp version 1.10.0 (pptpeer '):
            raise Failure('%s: %s' % (path, process.out))


@control()
def pptp_phone_and_client_hostname(bed):
    pppd = Pppd(bed, '--phone', '5551234', '--client-hostname', 'me.example').called()
    request, start = pppd.peer.octets('OCRQ'), pppd.peer.octets('SCCRQ')
    if request[36:38] != b'\0\x07' or request[40:48] != b'5551234\0' or start[28:39] != b'me.example\0':
        raise Failure('%s %s' % (request, start))
    pppd.hang_up()


@control()
def pptp_localbind(bed):
    bed.sh(bed.cli, ['ip', 'address', 'add', bed.client[:-1] + '77/24', 'dev', 'vc'])
    bed.before = bed.state()
    pppd = Pppd(bed, '--localbind', bed.client[:-1] + '77').called()
    pppd.send(1)
    poll(lambda: bed.captures[0].gre(bed.client[:-1] + '77'), 10, 'GRE from that address')
    if not bed.captures[0].tcp_payloads(bed.client[:-1] + '77'):
        raise Failure('TCP is not from that address')
    pppd.hang_up()


@control()
def pptp_quirk_of_orckits_modem(bed):
    """Protocol J11: framing 1, bearer 1, firmware 0x6021, the names, Call ID 0, an SLI of all ones at once."""
    pppd = Pppd(bed, '--quirks', 'BEZEQ_ISRAEL').called()
    poll(lambda: 'SLI' in pppd.peer.messages(), 10, 'the Set-Link-Info')
    start, request, link = (pppd.peer.octets(name) for name in ('SCCRQ', 'OCRQ', 'SLI'))
    found = (struct.unpack('!II', start[16:24]), struct.unpack('!H', start[26:28])[0], start[28:39], start[92:102],
             struct.unpack('!H', request[12:14])[0], struct.unpack('!II', request[24:32]), request[40:51], link[16:24])
    expected = ((1, 1), 0x6021, b'RELAY_PPP1\0', b'MS Win NT\0', 0, (1, 1), b'RELAY_PPP1\0', b'\xff' * 8)
    if found != expected:
        raise Failure('%s, not %s' % (found, expected))
    pppd.hang_up()


@control()
def pptp_test_types(bed):
    """What pptp-linux 1.10 was seen to send, but for the packet that it loses in type 3."""
    orders = {'1': [0, 1, 2, 3, 5, 4, 6, 7, 8, 9], '2': [0, 1, 2, 3, 14, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
              '3': [0, 1, 2, 3, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4]}
    for kind, order in orders.items():
        pppd = Pppd(bed, '--test-type', kind, '--test-rate', '4', name='type-' + kind).called()
        pppd.send(len(order))
        if pppd.numbers(len(order)) != order:
            raise Failure('type %s: %s' % (kind, pppd.numbers(len(order))))
        pppd.hang_up()
        pppd.peer.stop()
        bed.captures.pop().stop()


@control()
def pptp_idle_wait_and_max_echo_wait(bed):
    """An Echo-Request after a quiet second; without an answer it is over a second later: fatal, exit 1."""
    pppd = Pppd(bed, '--idle-wait', '1', '--max-echo-wait', '1', scenario='deaf')
    pppd.process.wait_out(r'E601 .* no answer to Echo-Request in 1 s', 20)
    asked = [payload for payload in bed.captures[0].tcp_payloads(bed.client) if payload[8:10] == b'\0\5']
    if pppd.process.wait(20) != 1 or len(asked) != 1:
        raise Failure('exit %d, Echo-Requests %s' % (pppd.process.process.returncode, asked))
    os.close(pppd.tty)


@control()
def pptp_host_route(bed):
    pppd = Pppd(bed).called()
    route = pinned(bed)
    if not re.match(re.escape(bed.server) + r' dev vc scope link src \S+ metric \d+', route):
        raise Failure('%r' % route)
    pppd.hang_up()  # expect() looks whether it is gone
    pppd.peer.stop()
    pppd = Pppd(bed, '--nohostroute', name='none').called()
    if bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158']):
        raise Failure('a host route in spite of --nohostroute')
    pppd.hang_up()


def pinned(bed):
    return bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])


def calls_over_its_route(bed, pattern, source=None):
    """It calls, over a host route that is as the pattern says, and removes that at the end."""
    bed.before = bed.state()
    pppd = Pppd(bed).called()
    if 'no host route' in pppd.process.out or not re.search(pattern, pinned(bed)):
        raise Failure('%r is not /%s/' % (pinned(bed), pattern))
    pppd.send(1)
    poll(lambda: bed.captures[0].gre(source or bed.client), 10, 'GRE from that address')
    pppd.hang_up()


@control()
def pptp_host_route_has_the_source_address_of_the_way(bed):
    second = bed.client[:-1] + '77'
    bed.sh(bed.cli, ['ip', 'address', 'add', second + '/24', 'dev', 'vc'])
    bed.sh(bed.cli, ['ip', 'route', 'add', bed.server, 'dev', 'vc', 'src', second, 'metric', '4000000000'])
    calls_over_its_route(bed, r'dev vc scope link src %s metric \d+' % re.escape(second), second)


@control()
def pptp_host_route_over_a_gateway(bed):
    """An ordinary one is as it was, without "onlink"."""
    bed.server = '192.0.2.10'
    bed.sh(bed.srv, ['ip', 'address', 'add', bed.server + '/32', 'dev', 'lo'])
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.second])
    calls_over_its_route(bed, r'^%s via %s dev vc src \S+ metric \d+ *$' % (re.escape(bed.server), re.escape(bed.second)))


@control()
def pptp_host_route_over_a_gateway_in_no_network_of_ours(bed):
    """As hosters have it: the gateway is "onlink"."""
    bed.server = '192.0.2.10'
    for address in (bed.server, '192.0.2.1'):
        bed.sh(bed.srv, ['ip', 'address', 'add', address + '/32', 'dev', 'lo'])
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', '192.0.2.1', 'dev', 'vc', 'onlink'])
    calls_over_its_route(bed, r'via 192.0.2.1 dev vc src \S+ metric \d+ onlink')


@control()
def pptp_host_route_over_a_gateway_of_ipv6(bed):
    """RFC 5549: the next hop of IPv4 has an IPv6 address alone."""
    bed.server = '192.0.2.10'
    bed.sh(bed.srv, ['ip', 'address', 'add', bed.server + '/32', 'dev', 'lo'])
    if bed.sh(bed.srv, ['ip', 'address', 'add', 'fe80::1/64', 'dev', 'vs', 'nodad'], check=False):
        raise beds.Skip('no IPv6 here')
    bed.sh(bed.cli, ['ip', '-4', 'route', 'add', '0.0.0.0/0', 'via', 'inet6', 'fe80::1', 'dev', 'vc'])
    calls_over_its_route(bed, r'via inet6 fe80::1 dev vc src \S+ metric \d+')


def sees_all_processes():
    """We are in the first PID namespace (the kernel's PROC_PID_INIT_INO)."""
    return os.stat('/proc/self/ns/pid').st_ino == 0xEFFFFFFC


@control()
def pptp_host_route_of_a_killed_pptp_does_not_stay(bed):
    """By SIGKILL; then the way is another one.  The route of one that lives stays.

    In a PID namespace a number says nothing: what it cannot know for dead is left, and its own is no process's.
    """
    killed = Pppd(bed, name='killed').called()
    killed.process.signal(signal.SIGKILL)
    killed.process.wait()
    os.close(killed.tty)
    killed.peer.stop()
    left = re.search(r'metric (\d+)', pinned(bed))
    if not left:
        raise Failure('%r' % pinned(bed))
    if not sees_all_processes():
        pppd = Pppd(bed).called()
        metrics = [int(metric) for metric in re.findall(r'metric (\d+)', pinned(bed))]
        if len(metrics) != 2 or int(left.group(1)) not in metrics or min(metrics) < 1 << 30:
            raise Failure('%r' % pinned(bed))
        bed.sh(bed.cli, ['ip', 'route', 'del', bed.server, 'proto', '158', 'metric', left.group(1)])
        pppd.hang_up()
        return
    bed.sh(bed.cli, ['ip', 'route', 'del', bed.server, 'proto', '158', 'metric', left.group(1)])
    bed.sh(bed.cli, ['ip', 'route', 'add', bed.server, 'dev', 'lo', 'proto', '158', 'metric', left.group(1)])
    bed.sh(bed.cli, ['ip', 'route', 'add', bed.second, 'dev', 'lo', 'proto', '158', 'metric', left.group(1)])
    alive = Process(bed, bed.cli, ['sleep', 'infinity'], 'alive')
    bed.sh(bed.cli, ['ip', 'route', 'add', bed.server, 'dev', 'vc', 'proto', '158', 'metric', str(alive.pid)])
    pppd = Pppd(bed).called()
    metrics = re.findall(r'^%s .*metric (\d+)' % re.escape(bed.server), pinned(bed), re.M)
    if left.group(1) in metrics or len(metrics) != 2 or str(alive.pid) not in metrics:
        raise Failure('%r' % pinned(bed))
    if '%s dev lo' % bed.second not in pinned(bed):
        raise Failure('the route to another server has gone: %r' % pinned(bed))
    alive.process.kill()
    alive.wait()
    bed.sh(bed.cli, ['ip', 'route', 'del', bed.second, 'proto', '158'])
    bed.sh(bed.cli, ['ip', 'route', 'del', bed.server, 'proto', '158', 'metric', str(alive.pid)])
    pppd.hang_up()


@control()
def pptp_leaves_nothing_whatever_signals_come(bed):
    """A terminal that closes sends SIGHUP twice, and impatient people send more."""
    for turn in range(10):
        pppd = Pppd(bed, name='turn-%d' % turn).called()
        os.close(pppd.tty)
        while pppd.process.process.poll() is None:
            pppd.process.process.send_signal(signal.SIGHUP)
        if pppd.process.process.returncode < 0:
            raise Failure('a signal killed it: %s' % pppd.process.out)
        routes = bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])
        if routes:
            raise Failure('its host route is still there: ' + routes)
        pppd.peer.stop()


@control()
def pptp_asked_twice_ends_at_once_but_not_by_a_closed_terminal(bed):
    """A server that answers nothing: the second SIGHUP changes nothing, the second wish of a person does."""
    pppd = Pppd(bed, scenario='deaf').called()
    pppd.process.signal(signal.SIGHUP)
    poll(lambda: [one for one in bed.captures[0].tcp_payloads(bed.client) if one[8:10] == b'\0\x0c'], 10,
         'the Call-Clear-Request')
    pppd.process.signal(signal.SIGHUP)
    pppd.process.signal(signal.SIGUSR1)
    pppd.process.wait_out('round trip', 10)  # so it has heard the one before as well
    if 'at once' in pppd.process.out:
        raise Failure('the second SIGHUP ended it')
    poll(lambda: pppd.process.process.poll() is not None or pppd.process.signal(signal.SIGTERM), 10, 'its end')
    bed.expect(pppd.process, 0, 'Ended at once, as asked twice')
    os.close(pppd.tty)


@control()
def pptp_counts_a_frame_that_is_longer_than_1600(bed):
    """It comes in fragments, and goes no further; what comes behind it does."""
    pppd = Pppd(bed).called()
    asked, = poll(lambda: [one for one in bed.captures[0].tcp_payloads(bed.client) if one[8:10] == b'\0\x07'], 10,
                  'the call is captured')
    with beds.in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_RAW, 47) as sock:
        for number, frame in enumerate((b'\xff\x03\x00\x21' + bytes(1700), b'\xff\x03\xc0\x21\x0a\0\0\x08abcd')):
            sock.sendto(b'\x30\x01\x88\x0b' + struct.pack('!H', len(frame)) + asked[12:14] +
                        struct.pack('!I', number) + frame, (bed.client, 0))
    pppd.send(1)
    if len(pppd.frame()) > 100:
        raise Failure('the long one was carried')
    pppd.process.signal(signal.SIGUSR1)
    pppd.process.wait_out(r'rx truncated = 1\b', 10)
    pppd.hang_up()


def mute_resolver(bed):
    """Whatever this host's resolv.conf names is there in the test's network, hears questions and never answers."""
    names = re.findall(r'^nameserver\s+([\d.]+)\s*$', beds.read('/etc/resolv.conf'), re.M) or ['127.0.0.1']
    if re.search(r'^nameserver\s+\S*:', beds.read('/etc/resolv.conf'), re.M):
        raise beds.Skip('a name server is asked over IPv6')
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.server])
    for name in names:
        if not name.startswith('127.'):
            bed.sh(bed.srv, ['ip', 'address', 'replace', name + '/32', 'dev', 'lo'])
    bed.before = bed.state()
    sockets = [beds.in_netns(netns, socket.socket, socket.AF_INET, socket.SOCK_DGRAM) for netns in (bed.srv, bed.cli)]
    for one in sockets:
        one.bind(('0.0.0.0', 53))
    return sockets


@control()
def pptp_hears_a_signal_while_the_name_is_looked_up(bed):
    """For two minutes and a half the resolver would wait."""
    sockets = mute_resolver(bed)
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            process = on_a_pty(bed, [drop_in(bed), 'vpn%d.example.com' % number, '--nolaunchpppd'], 'pptp-%d' % number,
                               dict(environment(bed), RES_OPTIONS='timeout:30 attempts:5'))
            poll(lambda: b'vpn%d' % number in b''.join(one.recv(512) for one in select.select(sockets, [], [], 0.1)[0]),
                 10, 'the question')
            process.signal(number)
            bed.expect(process, 0, r'Ended as asked, before the tunnel was up')
    finally:
        for one in sockets:
            one.close()


@control()
def pptp_says_why_and_exits_with_1(bed):
    process = on_a_pty(bed, [drop_in(bed), bed.server, '--nolaunchpppd', '--logstring', 'why'], 'closed')
    if process.wait(10) != 1 or not re.search(r'why: E202 .*1723', process.out):
        raise Failure(process.out)
    pppd = Pppd(bed, scenario='call-refused-4', name='busy')
    if pppd.process.wait(10) != 1 or not re.search(r'E205 ', pppd.process.out):
        raise Failure(pppd.process.out)
    os.close(pppd.tty)


@control()
def pptp_that_starts_pppd_has_its_exit_status(bed):
    """But its own where no pppd is started; a signal is handed on until then."""
    def ends(process, code, pattern):
        if process.wait(20) != code or not re.search(pattern, process.out):
            raise Failure('exit %d, not %d, or no /%s/' % (process.process.returncode, code, pattern))
        poll(lambda: not bed.namespace_processes(), 10, 'the other process ends')
    ends(start(bed, [drop_in(bed), bed.server, 'user', 'bob'], 'closed'), 1, r'E202 .*1723')
    peer = bed.peer('orderly')
    ends(start(bed, [drop_in(bed), bed.server, 'no-such-word'], 'options'), 2, 'no-such-word')
    poll(lambda: peer.messages()[-1:] == ['StopRQ'], 10, 'the end of the call in order')
    peer.stop()
    peer = bed.peer('silence')
    process = start(bed, [drop_in(bed), bed.server], 'told')
    poll(lambda: 'SCCRQ' in peer.messages(), 10, 'the request')
    process.signal(signal.SIGTERM)
    ends(process, 0, 'Ended as asked, before the tunnel was up')


@control()
def pptp_says_what_is_wrong_with_its_standard_input(bed):
    """Before it calls; what it needs is pppd's pty, but a socket will do."""
    file = bed.file('file')
    with open(file, 'w'):
        pass
    reader, writer = os.pipe()
    for name, descriptor, words in (
            ('file', os.open(file, os.O_RDWR), r'Standard input is a regular file, not .*pty'),
            ('null', os.open('/dev/null', os.O_RDWR), r'Standard input is closed, or a device like /dev/null, not .*pty'),
            ('pipe', reader, r'Standard input cannot be both read and written, .*pty'),
            ('closed', None, r'Standard input is closed, .*pty')):
        argv = [drop_in(bed), bed.server, '--nolaunchpppd']
        if descriptor is None:
            argv = ['sh', '-c', 'exec "$0" "$@" <&-'] + argv
        process = Process(bed, bed.cli, argv, name, env=environment(bed), terminal=descriptor)
        bed.expect(process, 1, words, r'Next: .*pppd pty')
        if descriptor is not None:
            os.close(descriptor)
    os.close(writer)


@control()
def pptp_loglevels(bed):
    """0 the end alone, 1 the stages, 2 what is passed over in silence else, and the host route."""
    said = {}
    for level in '012':
        pppd = Pppd(bed, '--loglevel', level, '--client-hostname', 'x', name='level-' + level, scenario='unknown-message')
        poll(lambda pppd=pppd: 'OCRQ' in pppd.peer.messages(), 10, 'the call')
        poll(lambda: pinned(bed), 5, 'the route')
        if level == '2':
            pppd.process.wait_out(r'unknown type 99 was skipped', 10)
        os.close(pppd.tty)
        pppd.process.wait(10)
        said[level] = pppd.process.out.count('\n')
        if ('is a host route with metric' in pppd.process.out) != (level == '2'):
            raise Failure(pppd.process.out)
        pppd.peer.stop()
    if not 1 == said['0'] < said['1'] < said['2']:
        raise Failure('lines by level: %s' % said)
