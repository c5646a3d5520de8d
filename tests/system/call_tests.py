"""Incoming calls (RFC 2637 3.2.3) that we offer, as the PAC, to a scripted PNS.

Each of the fifteen messages over real TCP, and against an independent reading of the RFC (peer.py, caller.py):

    message  sent by us                                   received by us
    SCCRQ    until-control                                a-peer-that-calls-is-answered-...
    SCCRP    a-peer-that-calls-is-answered-...            until-control
    StopRQ   until-control                                stop-after-call
    StopRP   stop-after-call                              until-control
    EchoRQ   a-second-connection-is-refused-...           status-trace-and-down-from-another-shell
    EchoRP   status-trace-and-down-from-another-shell     a-second-connection-is-refused-...
    OCRQ     until-call                                   a-peer-that-calls-is-answered-...
    OCRP     a-peer-that-calls-is-answered-...            until-call
    ICRQ     incoming-call-is-offered                     a-peer-that-calls-as-the-pac-is-answered
    ICRP     a-peer-that-calls-as-the-pac-is-answered     incoming-call-is-offered
    ICCN     incoming-call-is-offered                     a-peer-that-calls-as-the-pac-is-answered
    CCR      until-call                                   clear-after-iccn
    CDN      incoming-call-is-offered                     cdn-after-call
    WEN      a-pac-tells-of-errors-on-its-line            a-peer-that-calls-as-the-pac-is-answered
    SLI      link-info-is-told-when-lcp-agrees-...        link-info-is-heard
"""
import os
import signal
import struct
import types

import peer as peers
from bed import Failure, poll, read
from control_tests import QUICK
from ppp_tests import ppp
from registry import add, test
from route_tests import forget
from ways_tests import daemon, write_config

OFFERED = ['SCCRQ', 'ICRQ', 'ICCN', 'CDN', 'StopRQ']


def control(*args, **kwargs):
    return test('control', *args, **kwargs)


def received(peer, expected):
    if peer.messages() != expected:
        raise Failure('the PNS received %s, not %s' % (peer.messages(), expected))


def fields(peer, name, form):
    """What stands behind the header of the last message of this name."""
    return struct.unpack(form, peer.octets(name)[12:])


@control()
def incoming_call_is_offered(bed):
    """ICRQ, ICCN and the final CDN, field by field (2.9, 2.11, 2.13)."""
    peer = bed.peer('orderly', gre='lcp')
    process = bed.connect('--call', 'incoming', '--phone', '555-12', '--until', 'gre')
    bed.expect(process, 0, r'call +call open', r'gre +', within=5)
    received(peer, OFFERED)
    ours, serial, bearer, channel, dialed, dialing, number, _, _ = fields(peer, 'ICRQ', '!HHIIHH64s64s64s')
    del serial  # any (A.3)
    if not ours or (bearer, channel, dialed, dialing, number) != (2, 0, 6, 0, b'555-12' + bytes(58)):
        raise Failure('ICRQ is %s' % peer.octets('ICRQ').hex())
    if fields(peer, 'ICCN', '!HHIHHI') != (peers.OUR_CALL_ID, 0, 100000000, 64, 0, 1):
        raise Failure('ICCN is %s' % peer.octets('ICCN').hex())
    # The PAC's own Call ID (D6); 3, for the end was asked for.
    if fields(peer, 'CDN', '!HBBHH128s') != (ours, 3, 0, 0, 0, bytes(128)):
        raise Failure('CDN is %s' % peer.octets('CDN').hex())
    bed.captures[0].stop()
    sent = bed.captures[0].gre(bed.client)
    if not sent or struct.unpack('!HHHH', sent[0][:8])[3] != peers.OUR_CALL_ID:
        raise Failure('no GRE came to Call ID %#x' % peers.OUR_CALL_ID)


@control()
def incoming_call_in_status(bed):
    peer = bed.peer('orderly', gre='none')
    process = bed.connect('--call', 'incoming', '--until', 'gre')
    process.wait_out('call open')
    call = bed.status()['call']
    ours = fields(peer, 'ICRQ', '!H206x')[0]
    if call != {'local_id': ours, 'peer_id': peers.OUR_CALL_ID, 'direction': 'incoming', 'speed_bps': 100000000,
                'window': 16}:
        raise Failure('status: %s' % call)
    process.signal(signal.SIGINT)
    bed.expect(process, 0)
    received(peer, OFFERED)


def refused(name, scenario, code, expected, *patterns):
    def run(bed):
        peer = bed.peer(scenario)
        bed.expect(bed.connect('--call', 'incoming', '--until', 'gre', *QUICK), code, *patterns, within=8)
        received(peer, expected)
    add(name, 'control', run)


# RFC 2637 2.10: the Result Codes in words; 0 is no success, 77 is none of them.
for _code, _word in ((0, ''), (2, 'general error.*general error 4'), (3, '[Aa]ccept'), (77, '')):
    refused('ring-refused-%d' % _code, 'ring-refused-%d' % _code, 9, ['SCCRQ', 'ICRQ', 'StopRQ'],
            r'^E205 .*refused the incoming call: result %d \(.*%s' % (_code, _word))
refused('no-icrp', 'no-icrp', 9, ['SCCRQ', 'ICRQ', 'CDN', 'StopRQ'], r'^E209 .*Incoming-Call-Request in 2 s')
refused('clear-for-icrq', 'clear-for-icrq', 9, ['SCCRQ', 'ICRQ', 'CDN', 'StopRQ'], r'^E210 .*Call-Clear-Request')
refused('clear-after-iccn', 'clear-after-iccn', 9, ['SCCRQ', 'ICRQ', 'ICCN', 'CDN', 'StopRQ'],
        r'^E210 .*Call-Clear-Request')


@control()
def no_gre_in_an_incoming_call(bed):
    """The PAC says why it hangs up: 1, lost carrier (2.13)."""
    peer = bed.peer('orderly', gre='none')
    bed.expect(bed.connect('--call', 'incoming', '--until', 'gre', *QUICK), 10, r'^E301 ', within=8)
    received(peer, OFFERED)
    if fields(peer, 'CDN', '!HBB132x')[1] != 1:
        raise Failure('CDN is %s' % peer.octets('CDN').hex())


@control()
def link_info_is_heard(bed):
    peer = bed.peer('link-info', gre='none')
    process = bed.connect('--call', 'incoming', '--until', 'gre', '-v')
    process.wait_out('Set-Link-Info: Send ACCM 0xffffffff, Receive ACCM 0xffffffff')
    process.signal(signal.SIGINT)
    bed.expect(process, 0)
    received(peer, OFFERED)


# ----------------------------------------------------------------------- with a pppd of ours

def link_infos(peer):
    """What each Set-Link-Info said: Peer's Call ID, Send ACCM, Receive ACCM."""
    found = [bytes.fromhex(entry['hex'])[12:] for entry in list(peer.log) if entry.get('name') == 'SLI']
    return [struct.unpack('!H2xII', octets) for octets in found]


def ppp_by_file(bed, **groups):
    """A daemon whose PPP gets no further than our name and password."""
    peer = bed.peer('orderly', gre='ppp')
    peer.stage = 'auth'
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'),
                       **{'encryption': 'mppe = "off";', **groups,
                          'auth': 'user = "user"; password-file = "%s"; accept = [ "pap" ];' % bed.file('secret')})
    return peer, daemon(bed, env, '--foreground', name='daemon-%d' % len(bed.started))


def at_auth(bed):
    poll(lambda: (bed.status() or {}).get('state') == 'auth', 20, 'LCP has agreed')


def ends(bed, process):
    process.signal(signal.SIGTERM)
    if process.wait(20) != 0:
        raise Failure('it ended with %d' % process.process.returncode)
    forget(bed)
    bed.nothing_left(10)


@ppp()
def link_info_is_told_when_lcp_agrees_and_again_when_it_agrees_anew(bed):
    """RFC 2637 2.15: Send is what the other end wants escaped, Receive what we want."""
    peer, process = ppp_by_file(bed)
    if not peer.wait_for(lambda p: link_infos(p) == [(peers.OUR_CALL_ID, 0xFFFFFFFF, 0)], 30):
        raise Failure('first: %s' % link_infos(peer))
    at_auth(bed)
    peer.accm = 0x000A0000
    if not peer.wait_for(lambda p: link_infos(p)[1:] == [(peers.OUR_CALL_ID, 0x000A0000, 0)], 30):
        raise Failure('again: %s' % link_infos(peer))
    ends(bed, process)


@ppp()
def link_info_of_a_pac_and_of_nobody(bed):
    """The RFC has none of a PAC's, so that it is told to; and it can be switched off (H6)."""
    for call, who, expected in (('outgoing', 'off', 0), ('incoming', 'pns', 0), ('incoming', 'both', 1)):
        peer, process = ppp_by_file(bed, dial='server = "%s"; call = "%s";' % (bed.server, call),
                                    data='set-link-info = "%s";' % who)
        at_auth(bed)
        ends(bed, process)
        if len(link_infos(peer)) != expected:
            raise Failure('%s, %s: %s' % (call, who, link_infos(peer)))
        peer.stop()


DAMAGED_LINE = '''#!/usr/bin/python3
"""In the place of pppd: a line that damages frames, as no pty does."""
import os
import signal
os.write(0, b'\\x7e\\xff\\x03\\xc0\\x21\\x01\\x01\\x00\\x04no FCS\\x7e' * 3 + b'\\x01\\x7e')
while not os.path.exists('%s'):
    signal.sigtimedwait([signal.SIGALRM], 0.05)
os.write(0, b'\\x7e\\xff\\x03\\xc0\\x21once more\\x7e')
open('%s', 'w').close()
signal.pause()
'''


@ppp()
def a_pac_tells_of_errors_on_its_line(bed):
    """WAN-Error-Notify (2.14): three of CRC and one of framing; not once more within a minute."""
    program, more, done = bed.file('pppd'), bed.file('more'), bed.file('done')
    with open(program, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write(DAMAGED_LINE % (more, done))
    peer, process = ppp_by_file(bed, dial='server = "%s"; call = "incoming";' % bed.server, data='path = "pty";',
                                pppd='path = "%s";' % program)
    if not peer.wait_for(lambda p: 'WEN' in p.messages(), 30):
        raise Failure('none came: %s, log %s' % (peer.messages(), read(bed.file('tunnel.log'))))
    if fields(peer, 'WEN', '!HHIIIIII') != (peers.OUR_CALL_ID, 0, 3, 1, 0, 0, 0, 0):
        raise Failure('WEN is %s' % peer.octets('WEN').hex())
    open(more, 'w').close()
    poll(lambda: os.path.exists(done), 10, 'there are more')
    poll(lambda: bed.status()['channel']['bad'] == 5, 10, 'they are counted')
    ends(bed, process)
    if peer.messages().count('WEN') != 1:
        raise Failure('the PNS received %s' % peer.messages())
