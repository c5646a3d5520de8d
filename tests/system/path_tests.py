"""Tests of the data paths: which one is taken and why, and who else could meddle with it (design D5)."""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct

import bed as beds
import server as servers
from bed import Failure, in_netns, poll
from control_tests import drop, undrop
from ppp_tests import hang_up, hidden, interface_of, killed, new_interfaces, of_engine, ping, ppp, up
from ways_tests import command, write_config

NOBODY = 65534
AF_PPPOX, PX_PROTO_OE = 24, 0
PPPOEIOCSFWD = 0x4008B100
ETH_P_PPP_SES = 0x8864
SESSIONS = '/proc/thread-self/net/pppoe'
MARK = b'a forged packet'


def tap_names(bed):
    return [name for name in new_interfaces(bed) if name.startswith('pptap')]


def tap_of(bed):
    name = tap_names(bed)
    if len(name) != 1:
        raise Failure('new interfaces: %s' % new_interfaces(bed))
    return name[0]


def counted(bed, interface):
    """What has gone out on it, for the kernel."""
    link = json.loads(bed.sh(bed.cli, ['ip', '-json', '-s', 'link', 'show', 'dev', interface]))
    return link[0]['stats64']['tx']


def path_of(bed):
    tunnel = bed.status()
    return tunnel['data_path'], tunnel['data_path_why']


def expect_path(bed, *expected):
    if path_of(bed) != expected:
        raise Failure('the data path is %s, not %s' % (path_of(bed), expected))


# ---------------------------------------------------------------------- which one, and why

@ppp()
def a_tap_is_taken_by_itself_and_is_quiet(bed):
    """Its own name, no ARP, no multicast, no address, a plain queue; not one frame but our PPP's."""
    _, process = up(bed)
    expect_path(bed, 'tap', 'the fastest that can be had')
    name = tap_of(bed)
    link = bed.sh(bed.cli, ['ip', '-d', 'link', 'show', 'dev', name])
    for pattern in (r'<[A-Z,_]*NOARP', r'<[A-Z,_]*\bUP\b', r' qdisc noqueue ', r' qlen 100', r'addrgenmode none',
                    r'tun type tap .*persist off'):
        if not re.search(pattern, link):
            raise Failure('no /%s/ in %s' % (pattern, link))
    if 'MULTICAST' in link:
        raise Failure(link)
    addresses = bed.sh(bed.cli, ['ip', 'addr', 'show', 'dev', name])
    if ' inet' in addresses:
        raise Failure(addresses)
    ping(bed, 5)
    channel = bed.status()['channel']
    if channel['from_ppp'] < 10 or channel['to_ppp'] < 10 or channel['dropped'] + channel['bad'] + channel['foreign']:
        raise Failure('%s' % channel)
    if counted(bed, name)['dropped']:
        raise Failure('%s' % counted(bed, name))
    hang_up(bed, process)


@ppp()
def a_pty_when_it_is_asked_for(bed):
    _, process = up(bed, '--data-path', 'pty')
    expect_path(bed, 'pty', 'as configured')
    interface_of(bed)
    if len(new_interfaces(bed)) != 1:
        raise Failure('%s' % new_interfaces(bed))
    ping(bed, 5)
    hang_up(bed, process)


NO_TUN = r'/dev/net/tun: No such file or directory'


def without_tun():
    return hidden('/dev/net', 'mount -t tmpfs none "$1"')


@ppp()
def a_pty_where_there_is_no_tun_and_it_says_so(bed):
    _, process = up(bed, wrapper=without_tun())
    expect_path(bed, 'pty', 'no TAP: ' + NO_TUN)
    process.wait_out(r'the data path is pty, .* no TAP: ' + NO_TUN)
    if 'data path pty (no TAP: %s)' % NO_TUN not in bed.tool('status', bed.NAME):
        raise Failure('status does not say it')
    ping(bed, 5)
    hang_up(bed, process)


@ppp()
def a_tap_that_is_demanded_and_not_to_be_had(bed):
    """Exit 5, and nobody is dialled for it."""
    peer = bed.peer('orderly')
    process = bed.connect('-u', 'user', '--data-path', 'tap', password='x', wrapper=without_tun())
    bed.expect(process, 5, r'^E113 The data path "tap" cannot be had: ' + NO_TUN, r'Next: modprobe -a tun pppoe')
    if peer.messages():
        raise Failure('the server received %s' % peer.messages())


@ppp()
def a_tap_that_is_demanded_and_gone_at_a_redial(bed):
    """It is looked for at each dial."""
    if os.environ.get('LAB_GUEST') != '1':
        raise beds.Skip('/dev/net/tun is the whole machine\'s: in the guest only')
    _, process = up(bed, '--data-path', 'tap', '--persist')
    os.rename('/dev/net/tun', '/dev/net/tun.away')
    try:
        bed.tool('redial', bed.NAME)
        bed.expect(process, 5, r'^E113 The data path "tap" cannot be had: ' + NO_TUN)
    finally:
        os.rename('/dev/net/tun.away', '/dev/net/tun')


# ------------------------------------------------------------------------ the kernel's own

@ppp()
def the_kernels_own_path_when_it_is_asked_for(bed):
    """pptp.ko sends and receives; we count nothing and say so, and the interface has the octets."""
    capture = bed.capture()
    server, process = up(bed, '--data-path', 'kernel')
    expect_path(bed, 'kernel', 'as configured')
    if len(new_interfaces(bed)) != 1:
        raise Failure('%s' % new_interfaces(bed))
    raw = in_netns(bed.cli, beds.read, '/proc/thread-self/net/raw').splitlines()[1:]
    if raw:
        raise Failure('a raw socket is open: %s' % raw)
    ping(bed, 20)
    tunnel = bed.status()
    counted = [key for key, value in tunnel['gre'].items() if value is not None and key != 'last_rx_ms']
    if counted or tunnel['gre']['last_rx_ms'] is None or tunnel['channel'] is not None:
        raise Failure('%s, channel %s' % (tunnel['gre'], tunnel['channel']))
    if min(tunnel['ppp']['rx_bytes'], tunnel['ppp']['tx_bytes']) < 20 * 84 or tunnel['ppp']['mppe']['bits'] != 128:
        raise Failure('%s' % tunnel['ppp'])
    if 'not counted by the kernel' not in bed.tool('status', bed.NAME):
        raise Failure('status does not say it')
    # Whose Call ID it is: ours was told to the server, and it is in each packet from there.
    ours, theirs = tunnel['call']['local_id'], tunnel['call']['peer_id']
    for source, call_id in ((bed.server, ours), (bed.client, theirs)):
        found = {struct.unpack('!H', packet[6:8])[0] for packet in capture.gre(source)}
        if found != {call_id}:
            raise Failure('Call IDs from %s: %s, not %d' % (source, found, call_id))
    hang_up(bed, process)
    if 'LCP terminated by peer' not in server.log():
        raise Failure('LCP did not say goodbye')


@ppp()
def two_megabytes_each_way_over_the_kernels_own(bed):
    _, process = up(bed, '--data-path', 'kernel')
    servers.transfer(bed, 2 << 20)
    hang_up(bed, process)


@ppp()
def kill_9_while_up_over_the_kernels_own(bed):
    """Nothing of it depends on the engine, but ends with it."""
    killed(bed, 'kernel')


@ppp()
def the_kernels_own_path_finds_no_gre(bed):
    """Seen by the sniffer: this host drops it; nothing comes at all."""
    server = servers.Server(bed)
    drop(bed, bed.cli, 'input', ('ip protocol gre', ['-p', 'gre']))
    flags = ['-u', server.user, '--data-path', 'kernel', '--gre-timeout', '4']
    bed.expect(bed.connect(*flags, password=server.password), 10, r'^E302 This host\'s own firewall drops GRE from \S+ \((nft: ip t c|iptables-legacy: filter INPUT)\)')
    server.stop()
    bed.peer('orderly', gre='none')
    bed.expect(bed.connect(*flags, password='x', name='silent'), 10,
               r'^E301 .*no GRE packet has come from %s in \d+ s\.' % re.escape(bed.server))


@ppp()
def a_kernel_without_pptp(bed):
    if os.environ.get('LAB_GUEST') != '1':
        raise beds.Skip('modules are the whole machine\'s: in the guest only')
    modules = ['/lib/modules/%s/kernel/drivers/net/ppp/pptp.ko' % os.uname().release]
    bed.sh(bed.cli, ['rmmod', 'pptp'])
    os.rename(modules[0], modules[0] + '.away')
    try:
        bed.expect(bed.connect('-u', 'user', '--data-path', 'kernel', password='x'), 5,
                   r'^E115 This kernel has no PPTP', r'Next: modprobe pptp')
    finally:
        os.rename(modules[0] + '.away', modules[0])
        bed.sh(bed.cli, ['modprobe', 'pptp'])


@ppp(slow=True)
def gre_of_the_kernels_own_keeps_an_overdue_echo_waiting(bed):
    """D13: of two tunnels whose control connections have gone dead, the one in use stays."""
    server = servers.Server(bed)
    env = write_config(bed, server, data='path = "kernel";',
                       keepalive='control-echo = 2; control-echo-wait = 3; lcp-echo = 0;')
    busy = command(bed, env, 'connect', bed.NAME, name='busy')
    busy.wait_out(r'^ *[\d.]+ s +up ')
    interface = bed.status()['ppp']['interface']
    idle = command(bed, env, 'connect', bed.NAME, '--name', 'idle', name='idle')
    idle.wait_out(r'^ *[\d.]+ s +up ')
    pings = beds.Process(bed, bed.cli, ['ping', '-I', interface, '-i', '0.3', servers.INNER], 'pings')
    drop(bed, bed.cli, 'input', ('tcp sport 1723', ['-p', 'tcp', '--sport', '1723']))
    if idle.wait(20) != 15 or not re.search(r'^E601 ', idle.out, re.M):
        raise Failure('the idle one: exit %d' % idle.process.returncode)
    if bed.status()['state'] != 'up':
        raise Failure('the busy one: %s' % bed.status()['state'])
    undrop(bed, bed.cli)
    pings.process.terminate()
    busy.signal(signal.SIGINT)
    if busy.wait(30) != 0:
        raise Failure('the busy one: exit %d' % busy.process.returncode)
    shutil.rmtree(bed.run_dir)  # how tunnels of a file ended is kept


# ------------------------------------------------------------------------- somebody else's

def pppox():
    return socket.socket(AF_PPPOX, socket.SOCK_STREAM, PX_PROTO_OE)


def pppox_address(session, remote, device):
    """struct sockaddr_pppox, packed."""
    return struct.pack('=HI', AF_PPPOX, PX_PROTO_OE) + struct.pack('!H', session) + remote + device.encode().ljust(
        16, b'\0')


def pppox_connect(sock, address):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.connect(sock.fileno(), address, len(address)) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def as_nobody(bed, function):
    """What function() returns in a process without privileges, in the client's namespace."""
    def child():
        rights, to = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.setgroups([])
                os.setresgid(NOBODY, NOBODY, NOBODY)
                os.setresuid(NOBODY, NOBODY, NOBODY)
                said = function()
            except OSError as error:
                said = 'OSError %s' % error.strerror
            os.write(to, str(said).encode())
            os._exit(0)
        os.close(to)
        with os.fdopen(rights) as file:
            said = file.read()
        os.waitpid(pid, 0)
        return said
    return in_netns(bed.cli, child)


def session_of(bed):
    """What root can read of our session: number and address."""
    for line in in_netns(bed.cli, beds.read, SESSIONS).splitlines():
        found = re.match(r'([0-9A-F]{8}) (\S+) +pptap', line)
        if found:
            return socket.ntohs(int(found.group(1), 16)), bytes.fromhex(found.group(2).replace(':', ''))
    raise Failure('no session in ' + SESSIONS)


def echo_request(text):
    """An LCP Echo-Request that says this, after PPPoE's header."""
    return b'\xc0\x21\x09\x77' + struct.pack('!HI', 8 + len(text), 0) + text


def marked(capture, bed):
    return [packet for packet in capture.gre(bed.client) if MARK in packet]


@ppp()
def a_frame_of_somebody_else_is_dropped_and_counted(bed):
    """Anybody may open a PPPoE session on our TAP; with our address, but not our number, and the other way."""
    capture = bed.capture()
    _, process = up(bed)
    name = tap_of(bed)
    number, address = session_of(bed)
    others = ((number % 0xfffe + 1, address), (number, b'\x02\0\0\0\0\x07'), (7, b'\x02\0\0\0\0\x07'))

    def forge():
        for other in others:
            with pppox() as sock:
                pppox_connect(sock, pppox_address(*other, name))
                sock.send(echo_request(MARK))
        return 'sent'
    said = as_nobody(bed, forge)
    if said != 'sent':
        raise Failure('the attacker could not even try: %s' % said)
    poll(lambda: counted(bed, name)['dropped'] == len(others), 5, 'dropped before the engine: %s' % counted(bed, name))
    if marked(capture, bed):
        raise Failure('a forged packet left us')
    ping(bed, 3)

    # The same frame with all of our session in it, which takes root, does leave: so it would have been seen.
    def inject():
        with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
            sock.bind((name, ETH_P_PPP_SES))
            kernel = sock.getsockname()[4]
            packet = echo_request(MARK)
            sock.send(address + kernel + struct.pack('!HBBHH', ETH_P_PPP_SES, 0x11, 0, number, len(packet)) + packet)
    in_netns(bed.cli, inject)
    poll(lambda: marked(capture, bed), 5, "root's frame leaves")
    hang_up(bed, process)


@ppp()
def a_user_cannot_fill_the_way_from_the_kernel(bed):
    """Frames of other sessions do not wait for the engine: while it stands, there is room for ours."""
    _, process = up(bed)
    servers.both_ends_up(bed)
    name, interface, engine = tap_of(bed), interface_of(bed), of_engine(bed, process)

    def flood():
        with pppox() as sock:
            pppox_connect(sock, pppox_address(7, b'\x02\0\0\0\0\x07', name))
            for _ in range(1000):
                sock.send(b'x' * 100)
        return 'sent'
    os.kill(engine, signal.SIGSTOP)
    try:
        said = as_nobody(bed, flood)
        before = counted(bed, interface)['packets']
        pings = beds.Process(bed, bed.cli, ['ping', '-c', '1', '-W', '20', servers.INNER], 'ping')
        poll(lambda: counted(bed, interface)['packets'] > before, 5, 'the ping is on its way')
    finally:
        os.kill(engine, signal.SIGCONT)
    if said != 'sent':
        raise Failure('the attacker could not even try: %s' % said)
    if pings.wait(30) != 0:
        raise Failure('ping: ' + pings.out)
    hang_up(bed, process)


@ppp()
def nobody_without_privileges_learns_our_session(bed):
    """With its number and address a user could send on it by way of another session, or take it over."""
    _, process = up(bed)
    number, address = session_of(bed)
    if not 1 <= number <= 0xfffe or address[0] & 3 != 2:
        raise Failure('session %d, address %s' % (number, address.hex()))
    said = as_nobody(bed, lambda: open(SESSIONS).read())
    if said != 'OSError Permission denied':
        raise Failure('%s says %s' % (SESSIONS, said))
    hang_up(bed, process)


READABLE = r'all users have been able to read /proc/net/pppoe'


@ppp()
def a_pty_where_users_may_have_the_sessions_open(bed):
    """A descriptor from before goes on reading, whatever the mode is now."""
    bed.hide_sessions(0o444)
    with in_netns(bed.cli, open, SESSIONS) as before:
        server, process = up(bed)
        path, why = path_of(bed)
        if path != 'pty' or not re.search('^no TAP: ' + READABLE, why) or tap_names(bed):
            raise Failure('%s, %s' % (path, why))
        process.wait_out(r'the data path is pty, .* no TAP: ' + READABLE)
        hang_up(bed, process)

        # Who demands a TAP has one, and is told; no later one is taken for safe because of that.
        _, process = up(bed, '--data-path', 'tap', server=server, name='demanded')
        expect_path(bed, 'tap', 'as configured')
        process.wait_out(READABLE + ': one who has it open can send on this tunnel')
        if tap_of(bed) not in before.read():
            raise Failure('so it would have been no danger')
        said = as_nobody(bed, lambda: open(SESSIONS).read())
        if said != 'OSError Permission denied':
            raise Failure('%s says %s' % (SESSIONS, said))
        hang_up(bed, process)
        _, process = up(bed, server=server, name='again')
        if path_of(bed)[0] != 'pty':
            raise Failure('%s, %s' % path_of(bed))
        hang_up(bed, process)


@ppp()
def a_tap_whose_module_is_loaded_for_it(bed):
    """Then nobody has been able to open the sessions, and nobody will be."""
    if os.environ.get('LAB_GUEST') != '1':
        raise beds.Skip('modules are the whole machine\'s: in the guest only')
    bed.sh(bed.cli, ['rmmod', 'pppoe'])
    _, process = up(bed)
    expect_path(bed, 'tap', 'the fastest that can be had')
    mode = in_netns(bed.cli, os.stat, SESSIONS).st_mode & 0o777
    if mode != 0o400:
        raise Failure('%o' % mode)
    hang_up(bed, process)


@ppp()
def a_tap_that_another_program_takes_down(bed):
    """Its session is over for the kernel; it ends with that reason, and at once."""
    for number, words in enumerate((['link', 'set', 'dev', None, 'down'], ['link', 'del', 'dev', None])):
        _, process = up(bed, name='meddled-%d' % number)
        bed.sh(bed.cli, ['ip'] + [word or tap_of(bed) for word in words])
        bed.expect(process, 1, r'^E114 .*pptap\d+', within=10)
