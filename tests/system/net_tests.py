"""This host's network changes while a tunnel waits or is up (interface.md: it stays up).

Each delay is an hour, so that whatever is dialled again was not dialled because its time had come.
"""
import os
import re
import shutil
import signal
import types

import bed as beds
import server as servers
from bed import Failure, Process, Skip, poll
from control_tests import control
from hook_tests import hook
from ppp_tests import interface_of, ping, ppp
from route_tests import expect, pinned
from states_tests import held
from ways_tests import at_work, daemon, expect_exit, log_of, wait_log, write_config

HOUR = 'first-delay = 3600; max-delay = 3600;'
OUTSIDE = '198.18.0.9'  # the server, on none of our networks
HERE, THERE = '172.20.0.1', '172.20.0.2'  # the other wire


def forget(bed):
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def ip(bed, *words):
    return bed.sh(bed.cli, ['ip', *words])


def waits(bed, host=None, env=None):
    """One that cannot reach the server, and has an hour to go."""
    settings = write_config(bed, types.SimpleNamespace(user='user', password='secret'), retry=HOUR,
                            dial='server = "%s";' % (host or bed.server))
    process = Process(bed, bed.cli, [bed.runner.command, 'connect', bed.NAME, '--until', 'control', '--persist'],
                      'connect', env=bed.environment(**settings, **(env or {})))
    left = held(bed, 'waiting')['next_try_s']
    if left < 2000:
        raise Failure('it waits %d s' % left)
    return process


def dialled_at_once(bed, process, what):
    process.wait_out('the network has changed, %s: the next dial comes now' % what, 10)
    process.wait_out(r'^ *[\d.]+ s +control ', 10)
    expect_exit(process, 0)
    forget(bed)


@control()
def one_that_waits_dials_when_a_link_comes_up(bed):
    bed.peer('orderly')
    ip(bed, 'link', 'set', 'vc', 'down')
    process = waits(bed)
    ip(bed, 'link', 'set', 'vc', 'up')
    dialled_at_once(bed, process, 'a link has come up: vc')


@control()
def one_that_waits_dials_when_the_cable_is_back(bed):
    """The link was up all the time; its address and its routes stay as they are."""
    bed.peer('orderly')
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'down'])
    process = waits(bed)
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'up'])
    dialled_at_once(bed, process, 'a link has come up: vc')


@control()
def one_that_waits_dials_when_an_address_comes(bed):
    bed.peer('orderly')
    ip(bed, 'address', 'flush', 'dev', 'vc')
    process = waits(bed)
    ip(bed, 'address', 'add', bed.client + '/24', 'dev', 'vc')
    dialled_at_once(bed, process, 'a new address, %s, is on vc' % re.escape(bed.client))


@control()
def one_that_waits_dials_when_a_default_route_comes(bed):
    bed.sh(bed.srv, ['ip', 'address', 'add', OUTSIDE + '/32', 'dev', 'lo'])
    bed.peer('orderly', address=OUTSIDE)
    process = waits(bed, OUTSIDE)
    ip(bed, 'route', 'add', 'default', 'via', bed.server)
    bed.before = dict(bed.before, routes=bed.state()['routes'])
    dialled_at_once(bed, process, 'there is a new default route, over vc')


@control()
def what_tunnels_bring_is_no_news_to_one_that_waits(bed):
    """Nor another route.  The newest is told, and that is the address, which came before all of it."""
    bed.peer('orderly')
    ip(bed, 'address', 'flush', 'dev', 'vc')
    process = waits(bed)
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'address add %s/24 dev vc\n'
           'route add 192.0.2.0/24 dev vc\n'
           'route add default dev vc metric 7 proto 158\nroute add default dev vc metric 8 proto 159\n'
           'link add pptap0 type veth peer name pptap1\nlink set pptap0 up\nlink set pptap1 up\n' % bed.client)
    bed.before = dict(bed.state(), sockets=bed.before['sockets'])
    dialled_at_once(bed, process, 'a new address, %s, is on vc' % re.escape(bed.client))


@control()
def a_network_that_comes_and_goes_does_not_hammer_the_server(bed):
    """Nobody listens.  A few times it is dialled at once, then after some seconds, whatever comes."""
    process = waits(bed)
    for number in range(20):
        before = process.out.count('the network has changed')
        ip(bed, 'address', 'add', '192.0.2.%d/32' % (number + 1), 'dev', 'vc')
        poll(lambda: process.out.count('the network has changed') > before, 10, 'it is told')
        if 'the next dial comes sooner' in process.out:
            break
        poll(lambda: bed.status()['state'] == 'waiting' and bed.status()['next_try_s'] > 2000, 10, 'it waits again')
    told = process.out.count('the next dial comes now')
    if not 2 <= told <= 5 or bed.status()['next_try_s'] > 10:
        raise Failure('dialled at once %d times; %s' % (told, bed.status()))
    bed.tool('down', bed.NAME)
    expect_exit(process, 0)
    forget(bed)


class Sleep:
    """A machine that can be said to have slept, and a supervisor for whom it looks often whether it has."""

    def __init__(self, bed):
        self.mark, library = bed.file('slept'), bed.file('clock-jump.so')
        source = os.path.join(os.path.dirname(os.path.realpath(__file__)), 'clock-jump.c')
        if shutil.which('cc') is None:
            raise Skip('there is no cc here')
        if 'libasan' in bed.sh(bed.cli, ['ldd', bed.runner.command]):
            raise Skip('nothing may be loaded before the sanitizer')
        bed.sh(bed.cli, ['cc', '-shared', '-fPIC', '-o', library, source])
        self.env = {'LD_PRELOAD': library, 'CLOCK_JUMP': self.mark, 'WATCHDOG_USEC': '400000',
                    'NOTIFY_SOCKET': bed.file('notify')}

    def slept(self):
        open(self.mark, 'w').close()


@control()
def one_that_waits_dials_when_the_machine_has_slept(bed):
    sleep = Sleep(bed)
    process = waits(bed, env=sleep.env)
    bed.peer('orderly')
    sleep.slept()
    dialled_at_once(bed, process, 'this machine has slept for 3600 s')


@control()
def one_with_a_call_asks_the_peer_when_the_machine_has_slept(bed):
    """Long before it would by keepalive.control-echo."""
    sleep = Sleep(bed)
    peer = bed.peer('orderly')
    process = bed.connect('--until', 'gre', '--gre-timeout', '600', env=sleep.env)
    process.wait_out(r'^ *[\d.]+ s +call ', 10)
    sleep.slept()
    process.wait_out('this machine has slept for 3600 s', 10)
    poll(lambda: 'EchoRQ' in peer.messages(), 10, 'the peer is asked')
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


# ------------------------------------------------------------------------------ while it is up

def outside(bed, **groups):
    """A tunnel to a server that is behind a gateway, and an hour until the next dial."""
    bed.sh(bed.srv, ['ip', 'address', 'add', OUTSIDE + '/32', 'dev', 'lo'])
    ip(bed, 'route', 'add', 'default', 'via', bed.second, 'metric', '5')
    bed.before = bed.state()
    server = servers.Server(bed, listen=OUTSIDE)
    env = write_config(bed, server, retry=HOUR, dial='server = "%s";' % OUTSIDE, **groups)
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    return process


def ends(bed, process):
    bed.before = dict(bed.before, routes=None)
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    if interfaces(bed) != bed.before['interfaces'] or pinned(bed):
        raise Failure('left: %s %s' % (interfaces(bed), pinned(bed)))
    bed.before = bed.state()
    forget(bed)


def interfaces(bed):
    return bed.state()['interfaces']


def other_wire(bed):
    srv = '/proc/%d/fd/%d' % (os.getpid(), bed.srv)
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'link add vd type veth peer name vt netns %s\n'
           'address add %s/24 dev vd\nlink set vd up\n' % (srv, HERE))
    bed.sh(bed.srv, ['ip', '-batch', '-'], 'address add %s/24 dev vt\nlink set vt up\n' % THERE)
    bed.before = dict(bed.before, interfaces=sorted(bed.before['interfaces'] + ['vd']))


def dials(bed):
    return bed.status()['redials']


@ppp()
def a_tunnel_whose_way_changes_comes_back_over_the_other_one(bed):
    process = outside(bed, routes='default = true;')
    other_wire(bed)
    if dials(bed) != 0:
        raise Failure('it was dialled again because a link came')
    ip(bed, 'route', 'add', 'default', 'via', THERE, 'metric', '1')
    wait_log(bed, r'E606 The way to %s is another one now: over vd, from %s; the tunnel was dialled from %s'
             % tuple(map(re.escape, (OUTSIDE, HERE, bed.client))))
    poll(lambda: dials(bed) == 1, 30, 'it is dialled again')
    at_work(bed)
    expect(pinned(bed), r'^%s via %s dev vd ' % (re.escape(OUTSIDE), re.escape(THERE)))
    expect(bed.tool('trace', bed.NAME, '--summary').splitlines()[-1], re.escape(HERE))
    ends(bed, process)


@ppp()
def a_tunnel_whose_address_goes_comes_back_from_another(bed):
    process = outside(bed)
    other_wire(bed)
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'address del %s/24 dev vc\nroute add default via %s\n' % (bed.client, THERE))
    wait_log(bed, r'E606 The address from which the tunnel to %s was dialled, %s, is gone from this host'
             % (re.escape(OUTSIDE), re.escape(bed.client)))
    poll(lambda: dials(bed) == 1, 30, 'it is dialled again')
    # What the call before had at the server is there still.
    poll(lambda: beds.read(bed.file('server-0.log')).count('remote IP address') == 2, 30, "the server's end is up")
    at_work(bed)
    ends(bed, process)


@ppp()
def another_gateway_is_no_reason_to_end(bed):
    """From the same address: the way past the tunnel is renewed, and the tunnel is the same."""
    process = outside(bed, routes='default = true; except = [ "10.88.0.0/16", "10.99.0.1" ];')
    expect(pinned(bed), r'(?m)^%s via %s dev vc ' % (re.escape(OUTSIDE), re.escape(bed.second)))
    ip(bed, 'route', 'replace', 'default', 'via', bed.server, 'metric', '5')
    for to in (re.escape(OUTSIDE), r'10\.88\.0\.0/16', r'10\.99\.0\.1'):
        poll(lambda: re.search(r'(?m)^%s via %s dev vc ' % (to, re.escape(bed.server)), pinned(bed)), 20, 'the new way of ' + to)
    if len(pinned(bed).splitlines()) != 3:
        raise Failure(pinned(bed))
    poll(lambda: bed.status()['server_route'] == {'via': bed.server, 'dev': 'vc', 'added': True}, 20, 'status tells of it')
    at_work(bed)
    if dials(bed) != 0:
        raise Failure('it was dialled again')
    ends(bed, process)


@ppp()
def a_cable_that_is_pulled_for_a_moment_ends_nothing(bed):
    """The address stays, the routes go with the link: its own one is there again when they are."""
    process = outside(bed, routes='default = true;')
    with open(bed.file('moment'), 'w') as file:  # of one process: it must be over before the flock is (keeper_net.c)
        file.write('link set vc down\nlink set vc up\nroute add default via %s metric 5\n' % bed.second)
    ip(bed, '-batch', bed.file('moment'))
    poll(lambda: re.search(r'^%s via %s dev vc ' % (re.escape(OUTSIDE), re.escape(bed.second)), pinned(bed)), 20,
         'its way is there again')
    at_work(bed)
    if dials(bed) != 0:
        raise Failure('it was dialled again:\n' + log_of(bed))
    ends(bed, process)


def cable_is_out(bed, path, **groups):
    """The way to the server is gone, and all else leads through the tunnel; stateless MPPE bears the loss of 4095."""
    process = outside(bed, data='path = "%s";' % path, **(groups or {'routes': 'default = true;'}))
    if bed.status()['data_path'] != path:
        raise Failure(bed.status()['data_path_why'])
    # What systemd sets for each interface: without a queue the kernel sees its own recursion, and drops.
    bed.sh(bed.cli, ['tc', 'qdisc', 'replace', 'dev', interface_of(bed), 'root', 'fq_codel'])
    ip(bed, 'link', 'set', 'vc', 'down')
    before = bed.status()
    # For longer than the flock (keeper_net.c): no way is left, so nothing ends.
    bed.sh(bed.cli, ['ping', '-c', '6', '-i', '0.3', '-W', '1', '203.0.113.9'], check=False)
    after = bed.status()
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'link set vc up\nroute add default via %s metric 5\n' % bed.second)
    if after['state'] != 'up':
        raise Failure('it has ended:\n' + log_of(bed))
    sent = after['ppp']['tx_bytes'] - before['ppp']['tx_bytes']
    if not 6 * 84 <= sent < 100 * 84:
        raise Failure('%d octets for 6 pings' % sent)
    if 'hooks' in groups:
        ip(bed, 'route', 'add', OUTSIDE, 'via', bed.second)
    else:
        poll(lambda: pinned(bed), 20, 'its way is there again')
    at_work(bed)
    if dials(bed) != 0:
        raise Failure('it was dialled again:\n' + log_of(bed))
    ends(bed, process)


@ppp()
def while_the_cable_is_out_a_tap_does_not_run_into_itself(bed):
    cable_is_out(bed, 'tap')


@ppp()
def while_the_cable_is_out_a_pty_does_not_run_into_itself(bed):
    cable_is_out(bed, 'pty')


@ppp()
def while_the_cable_is_out_the_kernels_path_does_not_run_into_itself(bed):
    cable_is_out(bed, 'kernel')


@ppp()
def while_the_cable_is_out_a_tunnel_with_a_script_does_not_run_into_itself(bed):
    """The way to the server is the script's own; over the kernel's path nobody but the keeper has its socket."""
    script = hook(bed, 'script', 'case $reason in connect) ip route add $VPNGATEWAY via %s && ip route add default dev $TUNDEV ;;\n'
                  'disconnect) ip route del $VPNGATEWAY ;; esac' % bed.second)
    cable_is_out(bed, 'kernel', hooks='script = "%s";' % script)


@ppp()
def the_mtu_is_what_the_path_carries(bed):
    """By the interface, or by a route, and then what is as large as can be goes in one piece; what is set stays."""
    server = servers.Server(bed)
    bed.capture()
    for number, (words, flags, mtu) in enumerate((
            (('link', 'set', 'vc', 'mtu', '1400'), (), 1356),
            (('route', 'add', bed.server, 'dev', 'vc', 'mtu', '1300'), (), 1256),
            (('link', 'set', 'vc', 'mtu', '9000'), ('--mtu', '1280'), 1280))):
        ip(bed, *words)
        process = bed.connect('-u', server.user, *flags, password=server.password, name='connect-%d' % number)
        process.wait_out(r'^ *[\d.]+ s +up ', 20)
        if bed.status()['ppp']['mtu'] != mtu:
            raise Failure('%s: %s' % (words, bed.status()['ppp']))
        if not flags:
            ping(bed, 3, '-M', 'do', '-s', str(mtu - 28))
        process.signal(signal.SIGINT)
        expect_exit(process, 0)
        poll(lambda: not bed.namespace_processes(), 10, 'all processes end')
    ip(bed, 'route', 'del', bed.server)
    bed.captures[0].stop()
    pieces = [frame for frame in bed.captures[0].packets if frame[12:14] == b'\x08\x00' and frame[23] == 47
              and (frame[20] & 0x3f or frame[21])]
    if pieces or not bed.captures[0].gre(bed.client):
        raise Failure('%d packets of GRE are fragments' % len(pieces))


@ppp()
def an_interface_that_somebody_takes_is_told(bed):
    """Set down, or deleted: a reason of its own, and once it was up a second, the delay is what it was."""
    server = servers.Server(bed)
    env = write_config(bed, server)
    process = daemon(bed, env, '--foreground')
    for number, (words, what) in enumerate(((('set', '%s', 'down'), 'set down'), (('delete', '%s'), 'deleted'))):
        at_work(bed)
        name = interface_of(bed)
        ip(bed, 'link', *(word % name if '%' in word else word for word in words))
        wait_log(bed, r"E607 The tunnel's interface, %s, has been %s, and not by its pppd" % (name, what))
        poll(lambda: dials(bed) == number + 1, 30, 'it is dialled again')
    at_work(bed)
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)
