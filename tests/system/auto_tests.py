"""role = "auto" where the peer is a script: which connection stays, and the call that is answered (design D14).

Two of ours, with PPP and with networks behind them: sites_tests.py.
"""
import os
import re
import signal
import struct

import peer as peers
from bed import Failure, Process, poll
from caller import Caller, icrq, iccn, ocrq, sccrq, wan_error
from control_tests import control
from route_tests import forget

EXISTS, NOT_AUTHORIZED = 3, 4


def site(bed, *flags, dial='', listen='', name='site'):
    """`pptpeer connect` with a file of role "auto"."""
    folder, secret = bed.file('conf'), bed.file('secret')
    os.makedirs(folder, exist_ok=True)
    text = ('role = "auto";\ndial: { server = "%s"; reply-timeout = 20; %s };\n'
            'listen: { setup-timeout = 3; %s };\nauth: { user = "us"; password-file = "%s"; };\n'
            'answer-auth: { require-peer = [ "mschap-v2" ]; peer-user = "them"; peer-password-file = "%s"; };\n'
            'ip: { local = "172.31.255.2"; remote = "172.31.255.1"; };\n'
            'retry: { first-delay = 60; max-delay = 60; };\n' % (bed.server, dial, listen, secret, secret))
    for path, words in ((secret, 'secret\n'), (os.path.join(folder, bed.NAME + '.conf'), text)):
        with open(path, 'w') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(words)
    return Process(bed, bed.cli, [bed.runner.command, 'connect', bed.NAME, '--until', 'gre', '--persist'] + list(flags),
                   name, env=bed.environment(PPTPEER_CONFIG_DIR=folder))


def waits(process):
    process.wait_out(r'waiting +\d+ s, then try')


def ended(bed, process, code, *patterns):
    if process.wait(20) != code:
        raise Failure('exit code %d, not %d' % (process.process.returncode, code))
    for pattern in patterns:
        if not re.search(pattern, process.out, re.S):
            raise Failure('it does not say /%s/' % pattern)
    forget(bed)
    bed.nothing_left()


def refused(caller, result):
    """SCCRP with this result, then the end of TCP."""
    octets = caller.ask(sccrq(), 'SCCRP')
    if octets[2] != result or octets[3] != 0:
        raise Failure('SCCRP has result %d, error %d' % (octets[2], octets[3]))
    caller.expect('')
    caller.close()


def calls(caller, as_pac=False):
    """The rest, up to GRE; our Call ID and what came in the reply."""
    if as_pac:
        reply = caller.ask(icrq(), 'ICRP')
        caller.send(iccn(struct.unpack('!H', reply[:2])[0]))
    else:
        reply = caller.ask(ocrq(), 'OCRP')
    caller.start_gre(struct.unpack('!H', reply[:2])[0])
    return reply


def over(bed, process, caller, *messages):
    """It has reached GRE, as asked, and takes leave in order."""
    for name in messages:
        caller.expect(name)
        if name == 'CCR':
            caller.send(peers.message(peers.CDN, struct.pack('!HBBHH128s', 0x1234, 4, 0, 0, 0, b'')))
        if name == 'StopRQ':
            caller.send(peers.stop_reply())
    caller.expect('')
    caller.close()
    ended(bed, process, 0, 'Reached "gre"')


# ---------------------------------------------------------------------------- a call is answered

@control()
def a_peer_that_calls_is_answered_while_the_next_dial_is_waited_for(bed):
    """SCCRP and OCRP, field by field (RFC 2637 2.2, 2.8)."""
    process = site(bed)
    waits(process)
    bed.capture()
    caller = Caller(bed)
    version, result, error, framing, bearer, channels, _, host, vendor = struct.unpack(
        '!HBBIIHH64s64s', caller.ask(sccrq(), 'SCCRP'))
    if (version, result, error, framing, bearer, channels) != (0x0100, 1, 0, 3, 3, 1):
        raise Failure('SCCRP: %s' % [version, result, error, framing, bearer, channels])
    if not host.rstrip(b'\0') or vendor.rstrip(b'\0') != b'pptpeer':
        raise Failure('SCCRP: %s %s' % (host, vendor))
    ours, theirs, result, error, cause, speed, window, delay, channel = struct.unpack('!HHBBHIHHI', calls(caller))
    if not ours or (theirs, result, error, cause, speed, window, delay, channel) != (
            0x1234, 1, 0, 0, 1000000, 64, 0, 0):
        raise Failure('OCRP: %s' % [ours, theirs, result, error, cause, speed, window, delay, channel])
    over(bed, process, caller, 'CDN', 'StopRQ')
    for words in (r'%s has connected to us' % re.escape(bed.server), r'the other end says it is caller\.py'):
        if not re.search(words, process.out):
            raise Failure('it does not say /%s/' % words)
    if 'waiting' in process.out.split('has connected')[1]:
        raise Failure('it dialled all the same')


@control()
def a_peer_that_calls_as_the_pac_is_answered(bed):
    """ICRP, field by field (2.10); we are the PNS, and hear of its line (2.14)."""
    process = site(bed, '-v')
    waits(process)
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    reply = caller.ask(icrq(), 'ICRP')
    ours, theirs, result, error, window, delay, reserved = struct.unpack('!HHBBHHH', reply)
    if not ours or (theirs, result, error, window, delay, reserved) != (0x1234, 1, 0, 64, 0, 0):
        raise Failure('ICRP: %s' % [ours, theirs, result, error, window, delay, reserved])
    caller.send(iccn(ours))
    caller.send(wan_error(ours))
    process.wait_out(r'errors: 1 of CRC, 2 of framing, 3 hardware and 4 buffer overruns, 5 time-outs, 6 of alignment')
    call = bed.status()['call']
    if call != {'local_id': ours, 'peer_id': 0x1234, 'direction': 'incoming', 'speed_bps': 64000, 'window': 24}:
        raise Failure('status: %s' % call)
    caller.start_gre(ours)
    over(bed, process, caller, 'CCR', 'StopRQ')


@control()
def a_dial_on_its_way_is_given_up_for_the_peers(bed):
    """Our TCP is not open yet: there is nothing to collide with (protocol B8)."""
    from control_tests import drop
    drop(bed, bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))
    process = site(bed, dial='connect-timeout = 60;')
    poll(lambda: (bed.status() or {}).get('state') == 'connecting', 20, 'it dials')
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    calls(caller)
    over(bed, process, caller, 'CDN', 'StopRQ')


# ----------------------------------------------------------------------------- start collision

@control()
def collision_lost(bed):
    """RFC 2637 3.1.3: the peer's address is the higher one, so ours is closed at once, without a word."""
    peer = bed.peer('silence')
    process = site(bed)
    if not peer.wait_for(lambda p: p.messages() == ['SCCRQ']):
        raise Failure('the peer received %s' % peer.messages())
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    if not peer.wait_for(lambda p: any(entry['event'] == 'eof' for entry in p.log)):
        raise Failure('the connection that lost is open')
    calls(caller)
    over(bed, process, caller, 'CDN', 'StopRQ')
    if peer.messages() != ['SCCRQ']:
        raise Failure('on the connection that lost came %s' % peer.messages())


@control()
def collision_won(bed):
    """Ours is the higher one: not one octet on theirs, which is closed when the peer has not done so."""
    higher = bed.client[:-1] + '77'
    bed.sh(bed.cli, ['ip', 'addr', 'add', higher + '/24', 'dev', 'vc'])
    bed.before = bed.state()
    peer = bed.peer('late-sccrp', gre='lcp')
    process = site(bed, dial='bind = "%s";' % higher)
    if not peer.wait_for(lambda p: p.messages() == ['SCCRQ']):
        raise Failure('the peer received %s' % peer.messages())
    caller = Caller(bed, to=higher)
    caller.send(sccrq())
    caller.silent_for(1)
    caller.close()
    peer.go.set()
    ended(bed, process, 0, 'both ends have dialled: .*, ours, stays', 'Reached "gre"')
    if peer.messages() != ['SCCRQ', 'OCRQ', 'CCR', 'StopRQ']:
        raise Failure('the peer received %s' % peer.messages())


# ------------------------------------------------------------------------- a second connection

def up_to_the_call(bed, **listen):
    peer = bed.peer('orderly')
    process = site(bed, **listen)
    process.wait_out('call open')
    return peer, process


@control()
def a_second_connection_is_refused_while_the_first_is_alive(bed):
    peer, process = up_to_the_call(bed)
    refused(Caller(bed), EXISTS)
    if peer.messages() != ['SCCRQ', 'OCRQ', 'EchoRQ']:
        raise Failure('the peer received %s' % peer.messages())
    process.signal(signal.SIGINT)
    ended(bed, process, 0)


@control()
def a_peer_that_has_forgotten_the_first_connection_is_answered(bed):
    """It was switched off, say: the old one is asked, says nothing, and makes room."""
    peer, process = up_to_the_call(bed)
    peer.mute = True
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    calls(caller)
    over(bed, process, caller, 'CDN', 'StopRQ')
    if float(re.search(r'([\d.]+) s +tcp +%s has connected' % re.escape(bed.server), process.out).group(1)) > 45:
        raise Failure('the one who waits was not taken at once')
    if not re.search(r'E601 .*no answer to Echo-Request in 5 s', process.out):
        raise Failure('it does not say why the first one ended')


@control()
def a_second_call_on_the_same_connection_is_refused(bed):
    process = site(bed)
    waits(process)
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    first = caller.ask(ocrq(), 'OCRP')
    second = caller.ask(ocrq(0x4321, 2), 'OCRP')
    if first[4] != 1 or second[2:6] != b'\x43\x21\x02\x04' or second[:2] != b'\0\0':
        raise Failure('OCRP: %s, %s' % (first.hex(), second.hex()))
    caller.start_gre(struct.unpack('!H', first[:2])[0])
    over(bed, process, caller, 'CDN', 'StopRQ')


# ------------------------------------------------------------------------------- who may come

@control()
def another_address_is_not_answered(bed):
    """By default only the server's own addresses are (protocol A.4: result 4)."""
    process = site(bed)
    waits(process)
    refused(Caller(bed, source=bed.second), NOT_AUTHORIZED)
    process.wait_out(r'%s was turned away' % re.escape(bed.second))
    process.signal(signal.SIGINT)
    ended(bed, process, 0)


@control()
def listen_from_says_who_is_answered(bed):
    process = site(bed, listen='from = [ "%s/32" ];' % bed.second)
    waits(process)
    refused(Caller(bed), NOT_AUTHORIZED)
    caller = Caller(bed, source=bed.second)
    caller.ask(sccrq(), 'SCCRP')
    calls(caller)
    over(bed, process, caller, 'CDN', 'StopRQ')


@control()
def one_who_connects_and_does_nothing_is_not_waited_for(bed):
    process = site(bed)
    waits(process)
    caller = Caller(bed)
    caller.expect('')  # no Start-Control-Connection-Request in listen.setup-timeout
    caller.close()
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    process.wait_out(r'E209 .*has connected to us, and placed no call within 3 s')
    caller.expect('StopRQ')
    caller.send(peers.stop_reply())
    caller.expect('')
    caller.close()
    process.signal(signal.SIGINT)
    ended(bed, process, 0)


@control()
def a_port_that_is_taken_is_told(bed):
    import socket
    from bed import in_netns
    other = in_netns(bed.cli, socket.create_server, ('0.0.0.0', 1723))
    bed.before = bed.state()
    ended(bed, site(bed), 1, r'^E107 .*TCP port 1723: bind: Address already in use', r'Next: find out who listens there')
    other.close()
