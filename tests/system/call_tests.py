"""Incoming calls (RFC 2637 3.2.3) that we offer, as the PAC, to a scripted PNS."""
import signal
import struct

import peer as peers
from bed import Failure
from control_tests import QUICK
from registry import add, test

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
