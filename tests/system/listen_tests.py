"""role = "listen": scripted callers against its door, and real ones through to each other's networks."""
import os
import re
import shutil
import signal
import socket
import struct
import time

import bed as beds
import peer as peers
import server as servers
from bed import Failure, Process, in_netns, new_netns, poll
from caller import Caller, iccn, icrq, ocrq, sccrq
from control_tests import control
from listener import LOCAL, NO_PPP, Listener
from nogre_tests import nft
from ppp_tests import hidden, ppp

GENERAL_ERROR, NOT_AUTHORIZED = 2, 4  # of SCCRP (RFC 2637 2.2)
BUSY, NO_ACCEPT = 4, 3                # of OCRP (2.8) and of ICRP (2.10)
NO_RESOURCE = 4                       # 2.16


# ----------------------------------------------------------- the door, by scripted callers

def gateway(bed, listen='', wrapper=(), **kwargs):
    """A listener on the client's machine, with a pppd that only is there."""
    pppd = bed.file('pppd')
    with open(pppd, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write('#!/bin/sh\nexec sleep 1000\n')
    bed.capture()
    kwargs.setdefault('pppd', 'path = "%s";' % pppd)
    return Listener(bed, bed.cli, wrapper=[*NO_PPP, *wrapper], listen='rate = ""; ' + listen, **kwargs)


def established(bed, **kwargs):
    caller = Caller(bed, **kwargs)
    if caller.ask(sccrq(), 'SCCRP')[2] != 1:
        raise Failure('SCCRP: result %d' % caller.ask(sccrq(), 'SCCRP')[2])
    return caller


def called(caller, call_id=0x1234, result=1):
    """An Outgoing-Call-Request, answered so; the Call ID that came."""
    reply = caller.ask(ocrq(call_id), 'OCRP')
    theirs, ours, code = struct.unpack('!HHB', reply[:5])
    if ours != call_id or code != result:
        raise Failure('OCRP: result %d, not %d, for Call ID %d' % (code, result, ours))
    return theirs


def start_refused(caller, result, error=0):
    reply = caller.ask(sccrq(), 'SCCRP')
    if (reply[2], reply[3]) != (result, error):
        raise Failure('SCCRP: result %d, error %d' % (reply[2], reply[3]))
    caller.expect('')
    caller.close()


def over(gw, *callers):
    for caller in callers:
        caller.close()
    gw.stop()


@control()
def a_listener_answers_both_kinds_of_call(bed):
    gw = gateway(bed)
    outgoing, incoming = established(bed), established(bed)
    theirs = called(outgoing)
    reply = incoming.ask(icrq(), 'ICRP')
    if reply[4] != 1:
        raise Failure('ICRP: result %d' % reply[4])
    poll(lambda: [call['state'] for call in gw.calls()] == ['gre', 'calling'], 10, 'the second waits for ICCN')
    incoming.send(iccn(struct.unpack('!H', reply[:2])[0]))
    poll(lambda: [call['state'] for call in gw.calls()] == ['gre', 'gre'], 10, 'both are open')
    first, second = gw.calls()
    found = [(call['direction'], call['peer_id'], call['window'], call['caller']) for call in (first, second)]
    if found != [('outgoing', 0x1234, 32, bed.server), ('incoming', 0x1234, 24, bed.server)]:
        raise Failure('calls: %s' % found)
    if first['local_id'] != theirs or first['local_id'] == second['local_id']:
        raise Failure('Call IDs of one peer address: %d, %d' % (first['local_id'], second['local_id']))
    text = gw.tool('status', gw.NAME)
    if not re.search(r'^gw +LISTENING .*   %s:1723   2 calls of 200$' % bed.client, text, re.M):
        raise Failure(text)
    over(gw, outgoing, incoming)


@control()
def the_end_of_a_listener_is_in_order(bed):
    """Each call is cleared, the control connection stopped (RFC 2637 3.1.2), and so it is said."""
    gw = gateway(bed)
    caller = established(bed)
    called(caller)
    gw.wait_log('call 1 .*', 0)
    poll(lambda: gw.calls()[0]['ppp'], 10, 'its pppd runs')
    gw.process.signal(signal.SIGTERM)
    octets = caller.expect('CDN')
    if octets[2] != 3:
        raise Failure('CDN: result %d' % octets[2])
    caller.expect('StopRQ')
    caller.send(peers.stop_reply())
    caller.expect('')
    caller.close()
    if gw.process.wait(25) != 0:
        raise Failure('exit code %d' % gw.process.process.returncode)
    gw.ended()
    gw.wait_log(r'call 1 from %s: ended: Ended as asked\.' % re.escape(bed.server))


@control()
def who_is_in_no_network_is_not_authorized(bed):
    gw = gateway(bed, 'from = [ "192.0.2.0/24", "%s/32" ];' % bed.second)
    start_refused(Caller(bed), NOT_AUTHORIZED)
    gw.wait_log(r'%s was turned away: .*listen\.from' % re.escape(bed.server))
    caller = established(bed, source=bed.second)
    over(gw, caller)


@control()
def a_connection_over_the_limit_is_refused_by_its_result(bed):
    gw = gateway(bed, 'max-control = 2;')
    callers = [established(bed), established(bed)]
    start_refused(Caller(bed), GENERAL_ERROR, NO_RESOURCE)
    gw.wait_log(r'was turned away: .*listen\.max-control')
    callers.pop().close()
    poll(lambda: gw.status()['listen']['control'] == 1, 10, 'one has gone')
    over(gw, established(bed), *callers)


@control()
def a_call_over_the_limit_is_busy(bed):
    gw = gateway(bed, 'max-calls = 3; max-calls-per-peer = 2;')
    first, other = established(bed), established(bed, source=bed.second)
    called(first, 1)
    called(first, 2)
    called(first, 3, BUSY)
    gw.wait_log(r'was turned away: its call was refused, it has listen\.max-calls-per-peer calls')
    called(other, 4)
    called(other, 5, BUSY)
    reply = other.ask(icrq(6), 'ICRP')
    if reply[4] != NO_ACCEPT:
        raise Failure('ICRP: result %d' % reply[4])
    over(gw, first, other)


@control()
def who_asks_for_too_many_calls_again_and_again_does_not_fill_the_log(bed):
    gw = gateway(bed, 'max-calls = 1;')
    caller = established(bed)
    called(caller, 1)
    for number in range(2, 102):
        called(caller, number, BUSY)
    gw.wait_log(r'was turned away: its call was refused, there are listen\.max-calls calls')
    poll(lambda: gw.status()['listen']['turned_away'] == 100, 10, 'each is counted')
    lines = gw.log().count('turned away')
    if lines > 3:  # one in 10 s
        raise Failure('%d lines' % lines)
    over(gw, caller)


@control()
def a_storm_of_calls_waits_for_its_turn(bed):
    """Eight pppds at a time, until each says hello or 3 s are over; no caller is to blame for that."""
    pppd, started = bed.file('pppd'), bed.file('started')
    gw = gateway(bed, 'max-calls-per-peer = 20;', data='gre-timeout = 4;')
    with open(pppd, 'w') as file:
        file.write('#!/bin/sh\ncut -d" " -f1 /proc/uptime >>%s\nexec sleep 1000\n' % started)
    caller = established(bed)
    theirs = [called(caller, call_id) for call_id in range(1, 21)]
    sock = in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_RAW, 47)
    sock.bind((bed.server, 0))
    for call_id in theirs:  # none of them says more than this, and before its pppd is there
        sock.sendto(peers.gre(call_id, 0, peers.lcp_configure_request(1)), (bed.client, 0))
    poll(lambda: [call['state'] for call in gw.calls()] == ['lcp'] * 20, 60, 'each has its pppd, and was heard')
    times = sorted(float(time) for time in beds.read(started).split())
    if times[8] - times[0] < 2 or times[16] - times[8] < 2 or re.search(r'call \d+ .*ended', gw.log()):
        raise Failure('%s: %s' % (times, gw.log()))
    sock.close()
    over(gw, caller)


@control()
def who_says_nothing_is_let_go(bed):
    gw = gateway(bed, 'setup-timeout = 1; max-half-open = 2;')
    silent = [Caller(bed), Caller(bed)]
    poll(lambda: gw.status()['listen']['half_open'] == 2, 10, 'both are half open')
    third = Caller(bed)
    third.expect('')
    gw.wait_log(r'was turned away: .*listen\.max-half-open')
    for caller in silent:
        caller.expect('')
    over(gw, established(bed), third, *silent)


@control()
def who_connects_too_often_is_turned_away(bed):
    gw = Listener(bed, bed.cli, wrapper=NO_PPP, listen='rate = "3/hour";')
    callers = [established(bed) for _ in range(3)]
    fourth = Caller(bed)
    fourth.expect('')
    gw.wait_log(r'%s was turned away: it connects too often \(listen\.rate\)' % re.escape(bed.server))
    over(gw, established(bed, source=bed.second), fourth, *callers)


@control()
def a_call_without_gre_ends_and_says_so(bed):
    gw = gateway(bed, data='gre-timeout = 7;')
    caller = established(bed)
    called(caller)
    octets = caller.expect('CDN')
    if octets[2] != 1:
        raise Failure('CDN: result %d, not lost carrier' % octets[2])
    gw.wait_log(r'call 1 from \S+: ended: E301 .*no GRE packet came from the caller in 7 s')
    last = gw.status()['listen']['last_call']
    if (last['number'], last['caller'], last['end']['code'], last['end']['duration_s']) != (1, bed.server, 'E301', 0):
        raise Failure('the last call: %s' % last)
    text = gw.tool('status', gw.NAME)
    if not re.search(r'^ +last call +1 from %s: E301 The call was open.* ago\n +next +let IP' % re.escape(bed.server), text, re.M):
        raise Failure(text)
    called(caller)  # the connection is as good as before
    over(gw, caller)


@control()
def gre_that_goes_astray_is_told_apart(bed):
    """Design D7: with another Call ID, and from another address."""
    gw = gateway(bed, data='gre-timeout = 7;')
    callers = [established(bed) for _ in range(2)]
    ids = [called(caller) for caller in callers]
    callers[0].start_gre(ids[0] ^ 0x4000)
    callers[1].start_gre(ids[1], source=bed.second)
    for caller in callers:
        caller.expect('CDN')
    here, second = re.escape(bed.server), re.escape(bed.second)
    gw.wait_log(r'call 1 from %s: ended: E303 GRE came from %s with Call ID %d \(\d+ packets.* but %d was agreed' % (
        here, here, ids[0] ^ 0x4000, ids[0]))
    gw.wait_log(r'call 2 from %s: ended: E304 GRE .* came from %s \(\d+ packets\), but %s has called' % (here, second, here))
    over(gw, *callers)


@control()
def a_short_wait_for_gre_has_its_reason_too(bed):
    """Shorter than the 6 s after which it is told where a caller hangs up."""
    gw = gateway(bed, data='gre-timeout = 2;')
    caller = established(bed)
    called(caller, 1)
    gw.wait_log(r'call 1 from \S+: ended: E301 .*no GRE packet came from the caller in 2 s')
    over(gw, caller)


@control()
def a_caller_that_gives_up_without_gre_is_told_as_that(bed):
    gw = gateway(bed)
    caller, quick = established(bed), established(bed)
    called(caller)
    called(quick)
    quick.send(peers.message(peers.CCR, struct.pack('!HH', 0x1234, 0)))
    quick.expect('CDN')
    gw.wait_log(r'call 2 from \S+: ended: E210 The caller hung up')
    time.sleep(6.5)  # by then it is no chance any more
    caller.send(peers.message(peers.CCR, struct.pack('!HH', 0x1234, 0)))
    caller.expect('CDN')
    gw.wait_log(r'call 1 from \S+: ended: E301 .*no GRE packet came from the caller in [6-9] s')
    over(gw, caller, quick)


@control()
def this_hosts_firewall_that_drops_a_callers_gre_is_named(bed):
    nft(bed, 'table inet filter { chain input { type filter hook input priority 0; policy drop;'
        ' ct state established accept; tcp dport 1723 accept; } }')
    gw = gateway(bed, data='gre-timeout = 9;')
    caller = established(bed)
    caller.start_gre(called(caller))
    caller.expect('CDN')
    gw.wait_log(r"call 1 from \S+: ended: E302 .*this host's own firewall drops GRE from %s \(probably nft: inet filter input\)" % (
        re.escape(bed.server)))
    command = re.search(r'call 1 .*Next: (.*)', gw.log()).group(1)
    bed.sh(bed.cli, ['sh', '-c', command])
    again = established(bed)
    again.start_gre(called(again))
    poll(lambda: [call['state'] for call in gw.calls()] == ['lcp'], 10, 'its GRE comes in')
    over(gw, caller, again)


@control()
def a_slow_look_at_this_hosts_firewall_is_waited_for(bed):
    """The look begins 6 s after the call, and the call's GRE may take 7."""
    nft(bed, 'table inet filter { chain input { type filter hook input priority 0; policy drop;'
        ' ct state established accept; tcp dport 1723 accept; } }')
    real, slow = bed.file('nft-of-this-host'), bed.file('nft')
    shutil.copy('/usr/sbin/nft', real)
    with open(slow, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write('#!/bin/sh\nsleep 3\nexec %s "$@"\n' % real)
    gw = gateway(bed, data='gre-timeout = 7;', wrapper=hidden('/usr/sbin/nft', 'mount --bind %s "$1"' % slow))
    caller = established(bed)
    caller.start_gre(called(caller))
    caller.expect('CDN')
    gw.wait_log(r"call 1 from \S+: ended: E302 .*this host's own firewall drops GRE from \S+ \(probably nft: inet filter input\)")
    over(gw, caller)


@control()
def the_caller_hangs_up_and_its_pppd_goes(bed):
    gw = gateway(bed)
    caller = established(bed)
    called(caller)
    poll(lambda: gw.calls() and gw.calls()[0]['ppp'], 10, 'its pppd runs')
    octets = caller.ask(peers.message(peers.CCR, struct.pack('!HH', 0x1234, 0)), 'CDN')
    if octets[2] != 4:
        raise Failure('CDN: result %d' % octets[2])
    gw.wait_log(r'call 1 from \S+: ended: E210 The caller hung up \(Call-Clear-Request\)\.')
    poll(lambda: not gw.calls(), 10, 'it is gone')
    over(gw, caller)


@control()
def kill_9_of_the_keeper_leaves_no_process(bed):
    gw = gateway(bed)
    callers = [established(bed) for _ in range(3)]
    for number, caller in enumerate(callers):
        called(caller, number + 1)
    poll(lambda: all(call['ppp'] for call in gw.calls()), 10, 'their pppds run')
    keeper = [pid for pid, words in bed.namespace_processes(bed.cli) if re.search(r'pptpeerd.*--config', words)
              and open('/proc/%d/stat' % pid).read().split()[3] != str(gw.process.pid)]
    os.kill(min(keeper + [gw.process.pid]), signal.SIGKILL)
    gw.process.wait(20)
    gw.ended()
    for caller in callers:
        caller.close()


@control()
def a_killed_engine_is_replaced_and_takes_callers_again(bed):
    gw = gateway(bed)
    caller = established(bed)
    called(caller)
    poll(lambda: gw.calls()[0]['ppp'], 10, 'its pppd runs')
    engines = [pid for pid, words in bed.namespace_processes(bed.cli) if 'pptpeerd' in words and 'unshare' not in words]
    os.kill(max(engines), signal.SIGKILL)
    gw.wait_log(r'listening on', 2)
    caller.expect('')
    caller.close()
    over(gw, established(bed))


@control()
def an_address_in_use_is_waited_for(bed):
    with in_netns(bed.cli, socket.create_server, (bed.client, 1723)):
        gw = Listener(bed, bed.cli, wrapper=NO_PPP, wait=False)
        gw.wait_log(r'E116 Another program listens on TCP %s:1723 .*Listening again in' % re.escape(bed.client))
    gw.wait_log(r'listening on')
    over(gw, established(bed))


@control()
def redial_of_a_listener_is_refused_with_words(bed):
    gw = gateway(bed)
    if 'a listener dials nobody' not in gw.tool('redial', gw.NAME, check=2):
        raise Failure('redial')
    gw.tool('down', gw.NAME)
    if gw.process.wait(20) != 0:
        raise Failure('exit code %d' % gw.process.process.returncode)
    gw.ended()


@control()
def a_burst_of_calls_is_answered_one_by_one(bed):
    """More than the keeper is asked for at a time, and each has its pppd in the end."""
    gw = gateway(bed, 'max-calls = 40; max-calls-per-peer = 40;')
    caller = established(bed)
    for number in range(40):
        caller.send(ocrq(number + 1))
    ids = [struct.unpack('!H', caller.expect('OCRP')[:2])[0] for _ in range(40)]
    if len(set(ids)) != 40 or 0 in ids:
        raise Failure('Call IDs: %s' % ids)
    poll(lambda: sum(call['ppp'] is not None for call in gw.calls()) == 40, 30, 'each has a pppd')
    bed.whole_segments = False  # so many at once wait in TCP, and share segments
    over(gw, caller)


# ------------------------------------------------------------------------ real callers

OCTETS = int(os.environ.get('PPTPEER_TEST_OCTETS', 1 << 20))  # through the tunnel, each way; more on demand

def pptp_linux(bed, user='alice', password='Sesam-1', name='pptp-linux', words=()):
    """Debian's pptp with a pppd, on the client's machine."""
    return Process(bed, bed.cli, [
        'pppd', 'pty', '/usr/sbin/pptp %s --nolaunchpppd --nohostroute' % bed.server, 'user', user, 'password', password, 'noauth',
        'require-mppe-128', 'refuse-eap', 'nodetach', 'nodefaultroute', 'noipv6', 'debug', *words], name,
        env=bed.environment())


def pings(bed, count=10, to=LOCAL, netns=None):
    """Once the first has come back, all do."""
    one = ['ping', '-c', '1', '-W', '1', to]
    netns = bed.cli if netns is None else netns
    poll(lambda: ' 1 received' in bed.sh(netns, one, check=False), 30, '%s answers' % to)
    bed.ping(netns, to, count=count)


@ppp()
def pptp_linux_dials_our_listener(bed):
    gw = Listener(bed)
    process = pptp_linux(bed)
    pings(bed)
    call, = gw.calls()
    found = (call['user'], call['state'], call['ppp']['peer'], call['ppp']['mppe'], call['ppp']['auth'])
    if found != ('alice', 'up', '192.168.99.10', {'bits': 128, 'stateful': False}, 'MS-CHAP-V2'):
        raise Failure('status: %s' % (found,))
    servers.transfer(bed, OCTETS)
    process.signal(signal.SIGTERM)
    process.wait(20)
    gw.wait_log(r'call 1 from %s, alice: ended after \d+ s: E(210|604|204) ' % re.escape(bed.client))
    gw.stop()


def ours_dials_ours(bed, *flags):
    gw = Listener(bed)
    process = bed.connect('-u', 'alice', *flags, password='Sesam-1')
    process.wait_out(r'^ *[\d.]+ s +up .*MPPE 128-bit', 30)
    pings(bed)
    servers.transfer(bed, OCTETS)
    call, = gw.calls()
    if call['ppp']['mppe'] != {'bits': 128, 'stateful': False}:
        raise Failure('status: %s' % call)
    process.signal(signal.SIGINT)
    bed.expect(process, 0, r'Hung up in order', within=12)
    gw.wait_log(r'call 1 from %s, alice: ended after \d+ s: E' % re.escape(bed.client))
    gw.stop()
    return call


@ppp()
def our_dialler_dials_our_listener(bed):
    if ours_dials_ours(bed)['direction'] != 'outgoing':
        raise Failure('direction')


@ppp()
def our_dialler_offers_our_listener_an_incoming_call(bed):
    if ours_dials_ours(bed, '--call', 'incoming')['direction'] != 'incoming':
        raise Failure('direction')


@ppp()
def an_interface_from_another_namespace_has_a_greater_index(bed):
    """As that of a container has: those of our calls are made later all the same."""
    bed.sh(bed.srv, ['ip', 'link', 'add', 'moved', 'index', '7000', 'type', 'dummy'])
    gw = Listener(bed)
    process = pptp_linux(bed)
    gw.wait_log('call 1 from .*, alice: (up|ended): ')
    process.signal(signal.SIGTERM)
    process.wait(20)
    gw.stop()
    if ', alice: up: ' not in gw.log():
        raise Failure(gw.log())


@ppp()
def who_does_not_know_the_password_is_not_taken(bed):
    gw = Listener(bed)
    bed.expect(bed.connect('-u', 'alice', password='wrong', name='wrong'), 12, r'E401 ', within=30)
    gw.wait_log(r'call 1 from \S+: ended: E403 The caller did not prove that it knows the password of alice\.|'
                r'call 1 from \S+, alice: ended: E403 The caller did not prove that it knows the password of alice\.')
    bed.expect(bed.connect('-u', 'nobody', password='wrong', name='nobody'), 12, r'E401 ', within=30)
    gw.wait_log(r'call 2 from \S+: ended: E403 There is no user nobody\.')
    gw.stop()


@ppp()
def a_user_has_its_own_address_and_calls_again(bed):
    """The line of the first call is dead, and nobody has noticed: the second one takes its place."""
    gw = Listener(bed)
    first = bed.connect('-u', 'bob', password='Sesam-2', name='first')
    first.wait_out(r'^ *[\d.]+ s +up .*192\.168\.99\.77 ', 30)
    # Killed, and its engine with it: nothing is said to the listener.
    for pid, words in bed.namespace_processes(bed.cli):
        os.kill(pid, signal.SIGSTOP)
    stopped = [pid for pid, _ in bed.namespace_processes(bed.cli)]
    second = pptp_linux(bed, 'bob', 'Sesam-2')
    gw.wait_log(r'call 2 from %s, bob: up: \S+  192\.168\.99\.1 -> 192\.168\.99\.77' % re.escape(bed.client))
    gw.wait_log(r'call 1 from %s, bob: ended after \d+ s: bob has called again \(call 2\)\.' % re.escape(bed.client))
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    first.wait(30)
    second.signal(signal.SIGTERM)
    second.wait(20)
    gw.stop()


def branch(bed, number):
    """A machine of its own on a wire to the listener, with a network 10.40.N.0/24 behind it."""
    netns = new_netns()
    bed.branches.append(netns)
    there = '/proc/%d/fd/%d' % (os.getpid(), bed.srv)
    bed.sh(netns, ['ip', '-batch', '-'], 'link set lo up\nlink add v type veth peer name b%d netns %s\n'
           'addr add 203.0.%d.2/24 dev v\nlink set v up\nlink add lan type dummy\naddr add 10.40.%d.1/24 dev lan\n'
           'link set lan up\n' % (number, there, number, number))
    bed.sh(bed.srv, ['ip', '-batch', '-'], 'addr add 203.0.%d.1/24 dev b%d\nlink set b%d up\n' % ((number,) * 3))
    process = Process(bed, netns, [
        bed.runner.command, 'connect', '203.0.%d.1' % number, '--name', 'branch-%d' % number, '-u', 'branch-%d' % number,
        '--route', '10.40.0.0/16', '--route', '10.50.0.0/24', '--password-stdin'], 'branch-%d' % number,
        stdin=b'secret-%d\n' % number, env=bed.environment())
    process.wait_out(r'^ *[\d.]+ s +up ', 30)
    return process


@ppp()
def one_listener_joins_three_branches(bed):
    """Each network reaches each other, and that of the listener; the routes go with their calls."""
    bed.branches = []
    sites = range(1, 4)
    peers_list = ', '.join('{ user = "branch-%d"; routes = [ "10.40.%d.0/24" ]; address = "172.31.255.%d"; }'
                           % (site, site, site + 1) for site in sites)
    bed.sh(bed.srv, ['ip', '-batch', '-'], 'link add lan type dummy\naddr add 10.50.0.1/24 dev lan\nlink set lan up\n')
    bed.sh(bed.srv, ['sysctl', '-q', '-w', 'net.ipv4.ip_forward=1'])
    gw = Listener(bed, address='0.0.0.0', users={'branch-%d' % site: ('secret-%d' % site, None) for site in sites},
                  top='peers: ( %s );\n' % peers_list)
    tunnels = [branch(bed, site) for site in sites]
    gw.wait_calls(3)
    lans = ['10.40.%d.1' % site for site in sites]
    for here, netns in zip(lans, bed.branches):
        for there in [lan for lan in lans if lan != here] + ['10.50.0.1']:
            bed.ping(netns, there, '-I', here)
    for lan in lans:
        bed.ping(bed.srv, lan, '-I', '10.50.0.1', count=1)
    tunnels[1].signal(signal.SIGINT)
    tunnels[1].wait(20)
    poll(lambda: '10.40.2.0/24' not in gw.routes(), 20, 'the second branch has no route any more')
    if '10.40.1.0/24' not in gw.routes():
        raise Failure(gw.routes())
    for process in (tunnels[0], tunnels[2]):
        process.signal(signal.SIGINT)
        process.wait(20)
    poll(lambda: '10.40.' not in gw.routes(), 20, 'no branch has a route any more')
    gw.stop()
    for netns in bed.branches:
        os.close(netns)


@ppp()
def kill_9_of_a_listener_with_calls_leaves_nothing(bed):
    gw = Listener(bed)
    process = bed.connect('-u', 'alice', password='Sesam-1')
    process.wait_out(r'^ *[\d.]+ s +up ', 30)
    os.kill(gw.process.pid, signal.SIGKILL)
    gw.process.wait(20)
    gw.ended()
    process.wait(60)


@ppp()
def hooks_of_calls_hear_of_each(bed):
    """call-up and call-down, in order, with who called and what is behind; a hook that hangs holds nobody."""
    told, hook = bed.file('told'), bed.file('hook')
    with open(hook, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write('#!/bin/sh\necho "$1 $2 $PPTPEER_EVENT $PPTPEER_ROLE $PPTPEER_USER $PPTPEER_CALLER_IP $PPTPEER_PEER_IP'
                   ' ($PPTPEER_ROUTES) ${PPTPEER_REASON_CODE:-}" >>%s\n[ "$1" != call-up ] || sleep 1\n' % told)
    gw = Listener(bed, hooks='call-up = "%s"; call-down = "%s"; timeout = 10;' % (hook, hook),
                  top='peers: ( { user = "bob"; routes = [ "10.40.0.0/16" ]; } );\n')
    process = bed.connect('-u', 'bob', password='Sesam-2')
    process.wait_out(r'^ *[\d.]+ s +up ', 30)
    gw.wait_log(r'call 1 .*: up: ')
    process.signal(signal.SIGINT)
    process.wait(20)
    expected = ['call-up gw call-up listen bob %s 192.168.99.77 (10.40.0.0/16) ' % bed.client,
                'call-down gw call-down listen bob %s 192.168.99.77 (10.40.0.0/16) 210' % bed.client]
    poll(lambda: os.path.exists(told) and open(told).read().splitlines() == expected, 20,
         'the hooks were told %s' % expected)
    gw.stop()


@ppp()
def a_reload_has_new_users_at_the_next_call(bed):
    """And the calls that there are go on; a users file that is wrong changes nothing."""
    gw = Listener(bed)
    first = bed.connect('-u', 'alice', password='Sesam-1', name='first')
    first.wait_out(r'^ *[\d.]+ s +up ', 30)
    gw.write({'carol': ('Sesam-3', '192.168.99.99')})
    gw.tool('reload', gw.NAME)
    second = pptp_linux(bed, 'carol', 'Sesam-3')
    gw.wait_log(r'call 2 .*, carol: up: .* -> 192\.168\.99\.99,')
    with open(bed.file('users.conf'), 'w') as file:
        file.write('users: ( { name = "dave" } );\n')
    if 'users.conf:1' not in gw.tool('reload', gw.NAME, check=3):
        raise Failure('reload: %s' % gw.log())
    gw.wait_calls(2)
    for process in (first, second):
        process.signal(signal.SIGTERM)
        process.wait(30)
    third = pptp_linux(bed, 'carol', 'Sesam-3', name='third')
    gw.wait_log(r'call 3 .*, carol: up: ')
    third.signal(signal.SIGTERM)
    third.wait(30)
    gw.stop()
