"""Tests that need no PPP: TCP, the control connection, the call and the first GRE packet."""
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import time

from bed import Failure, Process, Skip, poll
from registry import add, test
import bed as beds
import peer as peers

# Small times, so that the test of a time-out does not take its default.
QUICK = ('--connect-timeout', '3', '--reply-timeout', '2', '--gre-timeout', '2')
CLEARED = ['SCCRQ', 'OCRQ', 'CCR', 'StopRQ']


def control(*args, **kwargs):
    return test('control', *args, **kwargs)


# ------------------------------------------------------------------ the way to TCP 1723

@control()
def name_without_address(bed):
    process = bed.connect('--until', 'control', host='no-such-name.invalid')
    bed.expect(process, 6, r'^E207 .*no-such-name\.invalid', r'Next: ')


@control()
def port_closed(bed):
    process = bed.connect('--until', 'control')
    bed.expect(process, 7, r'^E202 ' + re.escape(bed.server) + r'.*1723', within=5)


def drop(bed, netns, chain, rule):
    """One rule of this host's own packet filter; nft, else iptables where the kernel has only that."""
    ways = [['nft', 'add table ip t; add chain ip t c { type filter hook %s priority 0; }; add rule ip t c %s drop'
             % (chain, rule[0])], ['iptables-legacy', '-A', chain.upper()] + rule[1] + ['-j', 'DROP']]
    said = ''
    for way in ways:
        try:
            bed.sh(netns, way)
            return
        except (Failure, FileNotFoundError) as error:
            said += str(error)
    raise Skip('no packet filter here: ' + said.replace('\n', ' '))


def undrop(bed, netns):
    """All such rules are gone; of the two filters the other one has none."""
    for way in (['nft', 'flush', 'ruleset'], ['iptables-legacy', '-F']):
        try:
            bed.sh(netns, way, check=False)
        except FileNotFoundError:
            pass


@control()
def port_filtered(bed):
    drop(bed, bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))
    process = bed.connect('--until', 'control', '--connect-timeout', '1')
    bed.expect(process, 7, r'^E201 No answer from ' + re.escape(bed.server) + r' on TCP 1723 within 1 s', within=4)


@control()
def no_route_to_host(bed):
    process = bed.connect('--until', 'control', host='203.0.113.9')
    bed.expect(process, 7, r'^E202 203\.0\.113\.9.*[Uu]nreachable', within=4)


@control()
def host_unreachable(bed):
    """Nobody answers ARP for it."""
    process = bed.connect('--until', 'control', host=bed.server.rsplit('.', 1)[0] + '.99')
    bed.expect(process, 7, r'^E20[12] ', within=15)


@control()
def not_root(bed):
    process = bed.connect('--until', 'control', wrapper=['setpriv', '--reuid', '65534', '--clear-groups', '--'])
    bed.expect(process, 4, r'^E104 .*root', within=5)


# --------------------------------------------------------------------- not a PPTP server

def not_pptp(name, scenario, code, *patterns):
    def run(bed):
        peer = bed.peer(scenario)
        process = bed.connect('--until', 'gre', *QUICK)
        bed.expect(process, code, *patterns, within=8)
        if peer.messages()[:1] not in ([], ['SCCRQ']):
            raise Failure('the first message was %s' % peer.messages()[0])
    add('not-pptp-' + name, 'control', run)


not_pptp('http', 'http', 8, r'^E206 .*not a PPTP server.*HTTP/1\.1 400', r'Next: ')
not_pptp('ssh', 'ssh', 8, r'^E206 .*not a PPTP server.*SSH-2\.0')
not_pptp('garbage', 'garbage', 8, r'^E206 .*not a PPTP server')
not_pptp('silence', 'silence', 8, r'^E208 .*did not answer Start-Control-Connection-Request in 2 s')
not_pptp('close', 'close', 8, r'^E206 ')
# The kernel may tell of the reset as the end of connect() or of the first recv().
not_pptp('reset', 'reset', (7, 8), r'^E20[26] .*reset')
not_pptp('close-after-sccrq', 'close-after-sccrq', 8, r'^E206 .*closed')
not_pptp('wrong-cookie', 'wrong-cookie', 8, r'^E206 .*[Cc]ookie')
not_pptp('length-0', 'length-0', 8, r'^E206 .*[Ll]ength')
not_pptp('length-short', 'length-short', 8, r'^E206 .*[Ll]ength')
not_pptp('length-long', 'length-long', 8, r'^E206 .*[Ll]ength')
not_pptp('half-a-message', 'half-a-message', 8, r'^E206 ')


@control()
def the_first_message_goes_with_the_ack_of_the_handshake(bed):
    """pptpd 1.4 drops whoever has not sent it yet at the moment when another call ends (conn.c)."""
    bed.peer('orderly')
    wire = bed.capture()
    for number in range(5):  # TCP waits 200 ms for it, and a process may come later on a busy machine
        process = bed.connect('--until', 'control', name='connect-%d' % number)
        bed.expect(process, 0)
        poll(lambda: len(begun(wire, bed.client)) == number + 1, 10, 'the wire is captured')
        if begun(wire, bed.client)[-1].startswith(b'\0\x9c\0\x01'):
            return
    raise Failure('the handshake ends with a segment of its own')


def begun(wire, source):
    """What the first segment after each connection's SYN carried."""
    first = {}
    for key, flags, payload in wire.tcp_segments(source):
        if not flags & 2:
            first.setdefault(key[:4], payload)
    return list(first.values())


# ------------------------------------------------------------------------------ refusals

def refused(name, scenario, code, received, *patterns, until='gre', within=8):
    """The exact messages that we sent show that a refusal is taken as one."""
    def run(bed):
        peer = bed.peer(scenario)
        process = bed.connect('--until', until, *QUICK)
        bed.expect(process, code, *patterns, within=within)
        if peer.messages() != received:
            raise Failure('the server received %s, not %s' % (peer.messages(), received))
    add(name, 'control', run)


# RFC 2637 2.2, 2.8: the Result Codes in words; 77 is none of them.
for _code, _word in ((2, r'general error.*General Error|general error 4'), (3, 'exist'), (4, 'authori'), (5, 'version'),
                     (77, '77')):
    refused('start-refused-%d' % _code, 'start-refused-%d' % _code, 8, ['SCCRQ'],
            r'^E203 .*result %d \(.*(%s)' % (_code, _word) if _code != 77 else r'^E203 .*result 77')
for _code, _word in ((0, ''), (2, r'[Gg]eneral [Ee]rror'), (3, '[Cc]arrier'), (4, '[Bb]usy'), (5, '[Dd]ial tone'),
                     (6, '[Tt]ime-?out'), (7, '[Aa]ccept'), (77, '')):
    refused('call-refused-%d' % _code, 'call-refused-%d' % _code, 9, ['SCCRQ', 'OCRQ', 'StopRQ'],
            r'^E205 .*result %d \(.*%s' % (_code, _word))
refused('version-2', 'version-2', 8, ['SCCRQ', 'StopRQ'], r'^E20[368] .*version')
refused('no-ocrp', 'no-ocrp', 9, CLEARED, r'^E209 .*Outgoing-Call-Request in 2 s')
refused('stop-for-sccrq', 'stop-for-sccrq', 8, ['SCCRQ', 'StopRP'], r'^E204 .*reason 2')
refused('stop-for-ocrq', 'stop-for-ocrq', 8, ['SCCRQ', 'OCRQ', 'StopRP'], r'^E204 .*reason 3')
refused('close-after-ocrq', 'close-after-ocrq', 8, ['SCCRQ', 'OCRQ'], r'^E211 .*closed TCP')
refused('cdn-after-call', 'cdn-after-call', 9, ['SCCRQ', 'OCRQ', 'StopRQ'],
        r'^E210 .*Call-Disconnect-Notify, result 1 \(.*carrier')
refused('stop-after-call', 'stop-after-call', 8, ['SCCRQ', 'OCRQ', 'StopRP'], r'^E204 .*reason 3')
refused('garbage-after-call', 'garbage-after-call', 8, ['SCCRQ', 'OCRQ'], r'^E206 ')


# ------------------------------------------------------------------ in order, and nearly so

@control()
def until_control(bed):
    peer = bed.peer('orderly')
    bed.expect(bed.connect('--until', 'control'), 0, r'control ', within=5)
    if peer.messages() != ['SCCRQ', 'StopRQ']:
        raise Failure('the server received %s' % peer.messages())


@control()
def until_call(bed):
    peer = bed.peer('orderly')
    bed.expect(bed.connect('--until', 'call'), 0, r'call ', within=5)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())


@control()
def until_gre(bed):
    """We send one LCP Configure-Request ourselves: some servers and NATs wait for us."""
    peer = bed.peer('orderly', gre='lcp')
    bed.expect(bed.connect('--until', 'gre'), 0, r'gre ', within=5)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())
    bed.captures[0].stop()
    sent = bed.captures[0].gre(bed.client)
    if not sent or struct.unpack('!HHHH', sent[0][:8])[3] != peers.OUR_CALL_ID:
        raise Failure('no GRE came to Call ID %#x' % peers.OUR_CALL_ID)
    if b'\xc0\x21\x01' not in sent[0]:
        raise Failure('the first GRE packet is no LCP Configure-Request: %s' % sent[0].hex())


def in_order(name, scenario, received=CLEARED, gre='lcp', until='gre', **checks):
    def run(bed):
        peer = bed.peer(scenario, gre=gre)
        bed.expect(bed.connect('--until', until, *QUICK), 0, within=8)
        if peer.messages() != received:
            raise Failure('the server received %s, not %s' % (peer.messages(), received))
        for message, octets in checks.items():
            if octets not in (peer.octets(message) or b''):
                raise Failure('%s is %s' % (message, peer.octets(message)))
    add(name, 'control', run)


in_order('octet-by-octet', 'octet-by-octet')
in_order('sccrp-result-0-is-taken', 'result-0')
in_order('cdn-with-our-call-id', 'cdn-with-their-id')
in_order('tcp-closed-on-clear', 'closes-on-clear', ['SCCRQ', 'OCRQ', 'CCR'])


@control()
def two_messages_in_a_segment(bed):
    """SCCRP with an Echo-Request, OCRP with Set-Link-Info and one more: each is answered once, in order."""
    peer = bed.peer('two-at-once')
    process = bed.connect('--until', 'gre')
    if not peer.wait_for(lambda p: p.messages().count('EchoRP') == 2):
        raise Failure('the server received %s' % peer.messages())
    process.signal(signal.SIGINT)
    bed.expect(process, 0)
    if sorted(peer.messages()) != sorted(CLEARED + ['EchoRP'] * 2):
        raise Failure('the server received %s' % peer.messages())


@control()
def unknown_messages_are_skipped(bed):
    """An unknown control message and a management message (protocol A7, A8)."""
    peer = bed.peer('unknown-message', gre='lcp')
    bed.expect(bed.connect('--until', 'gre'), 0)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())


@control()
def bind_and_port(bed):
    bed.sh(bed.cli, ['ip', 'addr', 'add', bed.client[:-1] + '77/24', 'dev', 'vc'])
    bed.before = bed.state()
    peer = bed.peer('orderly', port=11723)
    bed.expect(bed.connect('--until', 'call', '--port', '11723', '--bind', bed.client[:-1] + '77'), 0)
    if peer.log[0].get('address') != bed.client[:-1] + '77':
        raise Failure('it came from %s' % peer.log[0])


@control()
def phone_host_and_vendor(bed):
    peer = bed.peer('orderly')
    bed.expect(bed.connect('--until', 'call', '--phone', '555-123', '--host-name', 'h' * 63, '--vendor', 'v'), 0)
    sccrq, ocrq = peer.octets('SCCRQ'), peer.octets('OCRQ')
    if sccrq[28:92] != b'h' * 63 + b'\0' or sccrq[92:156] != b'v' + bytes(63):
        raise Failure('SCCRQ is %s' % sccrq.hex())
    if ocrq[36:38] != b'\0\7' or ocrq[40:104] != b'555-123' + bytes(57):
        raise Failure('OCRQ is %s' % ocrq.hex())


@control()
def what_this_host_lacks_is_not_the_servers_fault(bed):
    """An address or a device that is not here, or no right to a raw socket."""
    peer = bed.peer('orderly')
    bed.expect(bed.connect('--until', 'call', '--bind', '192.0.2.99', name='address'), 3, r'^E108 .*TCP bind')
    bed.expect(bed.connect('--until', 'call', '--bind', '%nosuch0', name='device'), 3, r'^E108 .*TCP socket option')
    bed.expect(bed.connect('--until', 'call', wrapper=['setpriv', '--bounding-set', '-net_raw'], name='rights'), 4,
               r'^E104 GRE socket: ', r'CAP_NET_RAW')
    if peer.messages():
        raise Failure('the server received %s' % peer.messages())


# ------------------------------------------------------------------------------------ GRE

def gre_fault(name, kind, code, *patterns):
    def run(bed):
        peer = bed.peer('orderly', gre=kind)
        bed.expect(bed.connect('--until', 'gre', *QUICK), code, *patterns, within=8)
        if peer.messages() != CLEARED:
            raise Failure('the server received %s' % peer.messages())
    add(name, 'control', run)


gre_fault('gre-none', 'none', 10, r'^E301 The call is open, but no GRE packet has come', r'received 0', r'Next: .*47')
gre_fault('gre-other-call-id', 'other-id', 10, r'^E303 GRE comes .*Call ID')
gre_fault('gre-other-address', 'other-address', 10, r'^E304 GRE comes from 10\.\d+\.\d+\.20')


@control()
def gre_junk_only(bed):
    """Headers that 4.1 forbids are no sign of life, and no proof that a firewall is to blame."""
    bed.peer('orderly', gre='junk')
    process = bed.connect('--until', 'gre', *QUICK)
    bed.expect(process, 10, r'^E30\d ', within=8)
    if 'firewall' in process.out:
        raise Failure('the firewall is blamed, and there is none')


@control()
def gre_dropped_by_this_host(bed):
    drop(bed, bed.cli, 'input', ('ip protocol gre', ['-p', 'gre']))
    bed.peer('orderly', gre='lcp')
    bed.expect(bed.connect('--until', 'gre', *QUICK), 10, r'^E302 This host\'s own firewall drops GRE from ',
               r'Next: .*nft insert rule', within=8)


@control()
def gre_dropped_on_the_way_out(bed):
    drop(bed, bed.cli, 'output', ('ip protocol gre', ['-p', 'gre']))
    bed.peer('orderly', gre='none')
    bed.expect(bed.connect('--until', 'gre', *QUICK), 10, r'^E302 This host\'s own firewall drops GRE to ', within=8)


@control(slow=True)
def gre_silence_is_told_after_6_s(bed):
    """D7: a notice long before the end."""
    bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    start = time.monotonic()
    process.wait_out(r'call open')
    process.wait_out(r'E301 ', 25)  # the end is after 30 s; FIREWALL_SECONDS is part of it
    if time.monotonic() - start < 4:
        raise Failure('told after %.1f s' % (time.monotonic() - start))
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


@control()
def a_server_that_gives_up_for_want_of_gre(bed):
    """D7: that it has ended the call is not the reason."""
    peer = bed.peer('stop-when-told', gre='none')
    process = bed.connect('--until', 'gre')
    process.wait_out(r'E301 ', 25)  # the notice, after 6 s
    peer.go.set()
    bed.expect(process, 10, r'^E301 The call is open, but no GRE packet has come from .* in \d+ s.* Then %s closed the control '
               r'connection: Stop-Control-Connection-Request, reason 3' % re.escape(bed.server))


# ------------------------------------------------------------------- signals at each stage

def ends_in_order(name, scenario, ready, received, gre='none', number=signal.SIGINT):
    """ready: the messages after which the signal comes; received: all in the end."""
    def run(bed):
        peer = bed.peer(scenario, gre=gre)
        process = bed.connect('--until', 'gre')
        if not peer.wait_for(lambda p: p.messages() == ready):
            raise Failure('the server received %s' % peer.messages())
        if ready == ['SCCRQ', 'OCRQ'] and scenario == 'orderly':
            process.wait_out('call open')
        process.signal(number)
        bed.expect(process, 0, r'[Ee]nded', within=10)
        if peer.messages() != received:
            raise Failure('the server received %s, not %s' % (peer.messages(), received))
    add('%s-%s' % (signal.Signals(number).name.lower(), name), 'control', run)


for _number in (signal.SIGINT, signal.SIGTERM):
    ends_in_order('waiting-for-sccrp', 'silence', ['SCCRQ'], ['SCCRQ'], number=_number)
    ends_in_order('waiting-for-ocrp', 'no-ocrp', ['SCCRQ', 'OCRQ'], CLEARED, number=_number)
    ends_in_order('waiting-for-gre', 'orderly', ['SCCRQ', 'OCRQ'], CLEARED, number=_number)


@control()
def sigint_while_connecting(bed):
    drop(bed, bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))
    capture = bed.capture()
    process = bed.connect('--until', 'gre')
    poll(lambda: len([p for p in list(capture.packets) if p[23:24] == b'\x06']), 10, 'a SYN leaves')
    process.signal(signal.SIGINT)
    bed.expect(process, 0, within=3)


@control()
def sigint_twice_does_not_wait(bed):
    """A peer that answers nothing: the second Ctrl-C ends it at once."""
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    process.signal(signal.SIGINT)
    time.sleep(0.3)  # apart, or they are one signal
    process.signal(signal.SIGINT)
    process.wait(3)
    bed.nothing_left(2)


@control()
def a_closed_terminal_ends_it_in_order(bed):
    """Its shell and the kernel both send SIGHUP: the second one is no second wish."""
    peer = bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    process.signal(signal.SIGHUP)
    process.signal(signal.SIGHUP)
    bed.expect(process, 0)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())


@control()
def without_standard_descriptors(bed):
    """The first descriptors opened are not taken for 0, 1 and 2; the engine sees the keeper's death."""
    peer = bed.peer('orderly')
    process = bed.connect('--until', 'gre', wrapper=['sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'])
    if not peer.wait_for(lambda p: 'OCRQ' in p.messages()):
        raise Failure('no call was asked for')
    poll(lambda: (bed.status() or {}).get('call'), 10, 'the call is open')
    process.signal(signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(), 10, 'all processes end')
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())
    bed.expect(bed.connect('--until', 'call', name='again'), 0)


@control()
def nobody_reads_what_it_says(bed):
    """Behind a full pipe it goes on, and ends in order when it is told to."""
    peer = bed.peer('orderly')
    fifo = bed.file('fifo')
    os.mkfifo(fifo)
    full = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        while True:
            os.write(full, b'x' * 4096)
    except BlockingIOError:
        pass
    process = bed.connect('--until', 'gre', wrapper=['sh', '-c', 'exec "$@" >"$0"', fifo])
    if not peer.wait_for(lambda p: 'OCRQ' in p.messages()):
        raise Failure('no call was asked for')
    poll(lambda: (bed.status() or {}).get('call'), 10, 'the call is open')
    process.signal(signal.SIGTERM)
    bed.expect(process, 0, within=10)
    os.close(full)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())


@control()
def told_to_stop_while_the_server_hangs_up_is_no_failure(bed):
    """Whichever is heard first: systemd would call a unit that it has stopped failed (exit 8)."""
    peer = bed.peer('stop-when-told')
    process = bed.connect('--until', 'gre', '--persist')
    process.wait_out('call open')
    engine = family(process)[1][0]
    os.kill(engine, signal.SIGSTOP)
    peer.go.set()
    poll(lambda: ' 00000000:00000010 ' in beds.in_netns(bed.cli, lambda: beds.read('/proc/thread-self/net/tcp')), 10,
         'the Stop-Control-Connection-Request waits for the engine')
    process.signal(signal.SIGTERM)
    os.kill(engine, signal.SIGCONT)
    bed.expect(process, 0, r'Ended as asked; it was ending already: E204 .* closed the control connection', within=10)


@control(slow=True)
def an_engine_that_stands_still_is_killed(bed):
    """After 20 s, and it is not said that anybody asked twice."""
    bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    os.kill(family(process)[1][0], signal.SIGSTOP)
    process.signal(signal.SIGINT)
    bed.expect(process, 1, r'^E001 The engine did not end within 20 s', within=30)


@control()
def a_deaf_peer_ends_in_bounded_time(bed):
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    process.signal(signal.SIGTERM)
    bed.expect(process, 0, within=15)


@control()
def a_peer_that_asks_and_never_reads(bed):
    """Answers pile up behind a closed window: bounded memory, and an end with a reason (protocol I5)."""
    bed.whole_segments = False  # TCP cuts them when the window is nearly shut
    bed.peer('never-reads')
    process = bed.connect('--until', 'gre', '--gre-timeout', '60')
    process.wait_out('call open')
    bed.expect(process, 8, r'^E20\d ', within=30)


# ---------------------------------------------------------------------------- kill -9

def family(process):
    """The pids of our processes: keeper first, then its children."""
    pids = {process.pid}
    grown = True
    while grown:
        grown = False
        for pid in beds.processes():
            stat = beds.read('/proc/%d/stat' % pid)
            if stat and pid not in pids and int(stat.rsplit(')', 1)[1].split()[1]) in pids:
                pids.add(pid)
                grown = True
    return process.pid, sorted(pids - {process.pid})


@control()
def kill_9_of_the_engine(bed):
    bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    os.kill(family(process)[1][0], signal.SIGKILL)
    if process.wait(10) != 1 or not re.search(r'^E\d+ .*engine', process.out, re.M):
        raise Failure('exit %s' % process.process.returncode)
    bed.nothing_left(5)


@control()
def kill_9_of_the_engine_while_it_hangs_up(bed):
    """By somebody else: it has not taken too long."""
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    process.signal(signal.SIGINT)
    poll(lambda: (bed.status() or {}).get('state') == 'closing', 10, 'it hangs up')
    os.kill(family(process)[1][0], signal.SIGKILL)
    bed.expect(process, 1, r'^E001 The engine was killed by signal 9', within=5)


@control()
def kill_9_of_the_keeper(bed):
    """The engine, alone, ends in order; the folder of the killed one is taken over by the next."""
    peer = bed.peer('orderly', gre='none')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    process.signal(signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(), 10, 'all processes end')
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())
    bed.expect(bed.connect('--until', 'call', name='again'), 0)


# ------------------------------------------------------------------- another shell looks

@control()
def status_trace_and_down_from_another_shell(bed):
    """The control sequence of creation, maintenance and deletion, letter for letter (interface.md 7)."""
    peer = bed.peer('echo')
    process = bed.connect('--until', 'gre')
    if not peer.wait_for(lambda p: 'EchoRP' in p.messages()):
        raise Failure('the Echo-Request was not answered')
    if peer.octets('EchoRP')[12:17] != struct.pack('!IB', peers.ECHO_IDENTIFIER, 1):
        raise Failure('Echo-Reply is %s' % peer.octets('EchoRP').hex())
    text = bed.tool('status', bed.NAME, check=1)
    if bed.NAME not in text or bed.server not in text:
        raise Failure('status says %s' % text)
    tunnel = bed.status()
    ocrq = struct.unpack('!H', peer.octets('OCRQ')[12:14])[0]
    expected = {'name': bed.NAME, 'role': 'dial', 'server': bed.server, 'local': ocrq, 'peer': peers.OUR_CALL_ID}
    found = {'name': tunnel['name'], 'role': tunnel['role'], 'server': tunnel['server']['address'],
             'local': tunnel['call']['local_id'], 'peer': tunnel['call']['peer_id']}
    if found != expected:
        raise Failure('status --json: %s, not %s' % (found, expected))
    follow = Process(bed, bed.cli, [bed.runner.command, 'trace', bed.NAME, '--summary', '--follow'], 'follow',
                     env=bed.environment())
    follow.wait_out(r'Echo Reply')
    bed.tool('trace', bed.NAME)
    bed.tool('trace', bed.NAME, '--json')
    bed.tool('down', bed.NAME)
    follow.wait(5)  # before anything is called left behind: it ends when the tunnel has
    bed.expect(process, 0)
    here, there = bed.client, bed.server
    lines = ['PPTP Control Packet (1): %s %s %s' % (name, *way) for name, way in (
        ('Start Session Request (1)', (here, there)), ('Start Session Reply (2)', (there, here)),
        ('Outgoing Call Request (7)', (here, there)), ('Outgoing Call Reply (8)', (there, here)),
        ('Echo Request (5)', (there, here)), ('Echo Reply (6)', (here, there)),
        ('Clear Call Request (12)', (here, there)), ('Call Disconnected Notify (13)', (there, here)),
        ('Stop Session Request (3)', (here, there)), ('Stop Session Reply (4)', (there, here)))]
    if follow.out.splitlines() != lines:
        raise Failure('trace --summary, expected:\n' + '\n'.join(lines))


@control()
def status_of_nothing(bed):
    bed.tool('status', 'no-such-tunnel', check=20)
    bed.tool('down', 'no-such-tunnel', check=20)
    bed.tool('trace', 'no-such-tunnel', check=20)


@control()
def the_same_name_twice(bed):
    bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    second = bed.connect('--until', 'call', name='second')
    if second.wait(5) != 19 or not re.search(r'^E111 ', second.out, re.M):
        raise Failure('exit %s' % second.process.returncode)
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


@control()
def nobody_can_keep_a_name_from_running(bed):
    """Everybody may open the folder of a tunnel that has run: what they lock is not what we do."""
    bed.peer('orderly')
    folder = os.path.join(bed.run_dir, bed.NAME)
    os.makedirs(folder)
    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    mode = os.stat(os.path.join(folder, 'lock')).st_mode & 0o7777
    if mode != 0o600:
        raise Failure('the lock has mode %o' % mode)
    process.signal(signal.SIGINT)
    bed.expect(process, 0)
    os.close(held)


@control()
def only_root_may_take_it_down(bed):
    bed.peer('orderly')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    path = os.path.join(bed.run_dir, bed.NAME, 'control.sock')
    mode = os.stat(path).st_mode & 0o7777
    if mode != 0o660:
        raise Failure('the control socket has mode %o' % mode)
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


@control()
def hostile_words_on_the_control_socket(bed):
    """Neither half a line nor a long one nor a flood of connections harms the tunnel."""
    bed.peer('orderly', gre='none')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    path = os.path.join(bed.run_dir, bed.NAME, 'control.sock')
    sockets = []
    for words in (b'\n', b'{', b'[]\n', b'{"verb": 5}\n', b'{"verb": "fly"}\n', b'x' * 300000, b'\0' * 100 + b'\n',
                  b'{"verb": "status"}\n' * 300, b'{"verb":"trace","follow":true}\n'):
        one = socket.socket(socket.AF_UNIX)
        one.settimeout(2)
        one.connect(path)
        try:
            one.sendall(words)
        except OSError:
            pass  # it closed on us, as it may
        sockets.append(one)
    for _ in range(50):
        one = socket.socket(socket.AF_UNIX)
        one.setblocking(False)
        one.connect_ex(path)
        sockets.append(one)
    for one in sockets:
        one.close()
    if bed.status()['name'] != bed.NAME:
        raise Failure('status is gone')
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


# ---------------------------------------------------------------------- the password here

@control()
def a_password_in_argv_is_refused(bed):
    secret = 'Zq9-in-argv'
    process = Process(bed, bed.cli, [bed.runner.command, 'connect', bed.server, '-u', 'u', '--password', secret],
                      'connect', env=bed.environment())
    if process.wait(5) != 2 or secret in process.out:
        raise Failure('exit %s' % process.process.returncode)


@control()
def dev_ppp_missing(bed):
    if os.path.exists('/dev/ppp'):
        raise Skip('there is a /dev/ppp here; the ppp group has this test too')
    peer = bed.peer('orderly')
    process = bed.connect('-u', 'user', password='secret')
    bed.expect(process, 5, r'^E101 /dev/ppp cannot be opened: ', r'Next: modprobe ppp_generic')
    if peer.messages():
        raise Failure('it was dialled: %s' % peer.messages())


# ---------------------------------------------------------------------- tshark on it all

@control()
def vectors_as_tshark_reads_them_now(bed):
    """tests/vectors/*.tsv made afresh by the tshark of this host, and compared by our decoder."""
    if subprocess.run(['sh', '-c', 'command -v tshark'], stdout=subprocess.DEVNULL).returncode != 0:
        raise Skip('no tshark here')
    vectors = os.path.join(os.path.dirname(os.path.realpath(__file__)), '..', 'vectors')
    binary = os.path.join(bed.runner.build, 'tests/unit/test_vectors')
    if not os.access(binary, os.X_OK):
        raise Skip('tests/unit/test_vectors is not built')
    for name in ('session', 'messages', 'ours'):
        with open(bed.file(name + '.tsv'), 'w') as out:
            subprocess.run([os.path.join(vectors, 'decode'), os.path.join(vectors, name + '.pcap')], stdout=out,
                           check=True)
    done = subprocess.run([binary], env=bed.environment(PPTPEER_VECTORS_DIR=bed.dir), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Failure(done.stdout)


@test('last')
def tshark_finds_nothing_malformed(bed):
    """In what we sent in all tests of this run; each had addresses of its own."""
    if subprocess.run(['sh', '-c', 'command -v tshark'], stdout=subprocess.DEVNULL).returncode != 0:
        raise Skip('no tshark here')
    whole, count = bed.file('all.pcap'), 0
    with open(whole, 'wb') as out:
        for folder, _, files in sorted(os.walk(bed.runner.dir)):
            # That peer's window makes TCP cut messages, and tshark reads each piece by itself.
            if 'wire.pcap' in files and 'never-reads' not in folder:
                data = beds.read(os.path.join(folder, 'wire.pcap'), 'rb')
                out.write(data if count == 0 else data[24:])
                count += 1
    if count == 0:
        raise Skip('no other test ran')
    argv = ['tshark', '-r', whole, '-Y', 'ip.src == 10.0.0.0/8 && (pptp || gre)', '-T', 'fields']
    said = subprocess.run(argv + ['-e', 'ip.src', '-e', '_ws.malformed', '-e', '_ws.expert.message'],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    ours = [line.split('\t') for line in said.splitlines() if line.split('\t')[0].split(',')[0].endswith('.1')]
    bad = [line for line in ours if any(line[1:])]
    if not ours or bad:
        raise Failure('%d packets of ours, %d with a complaint: %s' % (len(ours), len(bad), bad[:5]))
