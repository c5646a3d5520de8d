#!/usr/bin/env python3
"""Writes captures made by scapy, which shares nothing with lib/, into a folder; for trace_tests.py.

    scapy_captures.py FOLDER

article.*.pcap   the 21 messages of Microsoft's article Q241252 (interface.md 7), on each link layer
cut.pcap         the same in segments that are cut, come twice, overlap and change places
lost.pcap        the same, but a segment of the first SCCRP is not in it
fields.pcap      each of the 15 messages with a value of its own in each field; what they are is in fields.json
ppp.pcap         PAP, CHAP, LCP and IPCP in GRE; what each says is in ppp.json
"""
import json
import logging
import os
import random
import sys

logging.getLogger('scapy.runtime').setLevel(logging.ERROR)
from scapy.layers.inet import IP, TCP  # noqa: E402
from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Dot1AD, Dot1Q, Ether, GRE_PPTP, Loopback  # noqa: E402
from scapy.layers import ppp as P  # noqa: E402
from scapy.layers import pptp as M  # noqa: E402
from scapy.utils import PcapWriter  # noqa: E402

CALLER, ANSWERER = '10.10.10.1', '10.10.10.10'
ARTICLE = ['>StartControlConnectionRequest', '<StartControlConnectionReply', '>OutgoingCallRequest', '<OutgoingCallReply',
           '>SetLinkInfo', '>SetLinkInfo', '<SetLinkInfo', '>SetLinkInfo', '<SetLinkInfo', '<EchoRequest', '>EchoReply',
           '<EchoRequest', '>EchoReply', '<EchoRequest', '>EchoReply', '>SetLinkInfo', '<SetLinkInfo', '>CallClearRequest',
           '<CallDisconnectNotify', '>StopControlConnectionRequest', '<StopControlConnectionReply']
LINKS = {  # name: DLT, what stands before IP
    'ethernet': (1, Ether()), 'vlan': (1, Ether() / Dot1Q(vlan=7)), 'qinq': (1, Ether() / Dot1AD(vlan=7) / Dot1Q(vlan=8)),
    'sll': (113, CookedLinux(proto=0x800)), 'sll2': (276, CookedLinuxV2(proto=0x800)), 'raw': (101, None),
    'null': (0, Loopback(type=2)),
}


class Tcp:
    """Both sides' numbers; each packet is a list (segment or not, octets), so that it can be put elsewhere."""

    def __init__(self):
        self.seq = {'>': 0xFFFFFF00, '<': 77}
        self.packets = []
        for side, flags in (('>', 'S'), ('<', 'SA'), ('>', 'A')):
            self.packets.append(self.packet(side, flags))
            self.seq[side] += 'S' in flags

    def packet(self, side, flags='PA', data=b'', at=0):
        out = side == '>'
        head = IP(src=CALLER if out else ANSWERER, dst=ANSWERER if out else CALLER) / TCP(
            sport=50000 if out else 1723, dport=1723 if out else 50000, flags=flags, window=8192,
            seq=(self.seq[side] + at) % 2**32, ack=self.seq['<' if out else '>'] % 2**32 if 'A' in flags else 0)
        return head / data if data else head

    def say(self, side, data):
        self.packets.append(self.packet(side, data=data))
        self.seq[side] = (self.seq[side] + len(data)) % 2**32


def write(path, packets, link='ethernet'):
    number, before = LINKS[link]
    with PcapWriter(path, linktype=number) as out:
        for at, packet in enumerate(packets):
            whole = packet if before is None else before / packet
            whole.time = 1000000000 + at * 0.01
            out.write(whole)


def article():
    return [(word[0], bytes(getattr(M, 'PPTP' + word[1:])())) for word in ARTICLE]


def cut(random):
    tcp = Tcp()
    for side, data in article():
        pieces, at = [], 0
        while at < len(data):
            size = random.choice((1, 7, 13, 40, 200))
            end = min(len(data), at + size + random.choice((0, 0, 5)))  # into what the next one has again
            pieces += [tcp.packet(side, data=data[at:end], at=at)] * random.choice((1, 1, 2))
            at += size
        random.shuffle(pieces)
        tcp.packets += pieces
        tcp.seq[side] = (tcp.seq[side] + len(data)) % 2**32
    return tcp.packets


def lost():
    tcp = Tcp()
    for number, (side, data) in enumerate(article()):
        for piece in (data[:100], data[100:]):
            if piece:
                tcp.say(side, piece)
        if number == 1:
            del tcp.packets[-2]
    return tcp.packets


def fields(random):
    """Reserved fields stay as they are; a text is letters, as long as it may be or shorter."""
    said, tcp = [], Tcp()
    for name in sorted(name for name in dir(M) if name.startswith('PPTP') and name != 'PPTP'):
        message = getattr(M, name)()
        values = {}
        for field in message.fields_desc[5:]:
            if field.name.startswith('reserved'):
                continue
            size = field.i2len(message, message.getfieldval(field.name)) if not hasattr(field, 'sz') else field.sz
            if isinstance(message.getfieldval(field.name), (bytes, str)):
                length = 128 if field.name == 'call_statistic' else 64
                value = ''.join(random.choice('abcdefghijklmnopqrstuvwxyz .-') for _ in range(random.randint(1, length)))
            else:
                value = random.randrange(256 ** int(size))
            message.setfieldval(field.name, value)
            values[field.name] = value
        message.len = len(bytes(message))  # scapy 2.5 has 148 in an Incoming-Call-Reply of 24 octets
        data = bytes(message)
        said.append({'type': message.ctrl_msg_type, 'values': values, 'octets': len(data)})
        tcp.say(random.choice('<>'), data)
    return tcp.packets, said


def gre(out, call_id, seq, frame):
    return IP(src=CALLER if out else ANSWERER, dst=ANSWERER if out else CALLER, proto=47) / GRE_PPTP(
        seqnum_present=1, sequence_number=seq, call_id=call_id, payload_len=len(frame)) / frame


def ppp():
    """(packet, our name of it, words that it must say, words that nobody may say)"""
    lcp, ip = P.PPP_LCP_Configure, P.PPP_IPCP
    cases = [
        (0xc021, lcp(id=3, options=[P.PPP_LCP_MRU_Option(max_recv_unit=1400), P.PPP_LCP_Magic_Number_Option(magic_number=0xdeadbeef),
                                    P.PPP_LCP_Auth_Protocol_Option(auth_protocol=0xc223, data=b'', algorithm=129)]),
         'LCP Configure-Request', ['Identifier 3', 'MRU 1400', 'Magic-Number 0xdeadbeef', 'CHAP MS-CHAPv2'], []),
        (0xc021, P.PPP_LCP_Terminate(code=5, id=9, data=b'User request'), 'LCP Terminate-Request',
         ['Identifier 9', 'Data "User request"'], []),
        (0xc021, P.PPP_LCP_Echo(code=9, id=4, magic_number=0x01020304), 'LCP Echo-Request', ['Magic-Number 0x01020304'], []),
        (0xc021, P.PPP_LCP_Protocol_Reject(id=5, rejected_protocol=0x80fd), 'LCP Protocol-Reject', ['0x80fd (CCP)'], []),
        (0xc023, P.PPP_PAP_Request(id=1, username=b'bob', password=b'Sesam-5-oeffne'), 'PAP Authenticate-Request', ['Peer-ID "bob"'],
         ['Sesam']),
        (0xc023, P.PPP_PAP_Response(code=3, id=1, message=b'go away'), 'PAP Authenticate-Nak', ['Message "go away"'], []),
        (0xc223, P.PPP_CHAP_ChallengeResponse(code=1, id=2, value=b'c' * 16, optional_name=b'gate'), 'CHAP Challenge',
         ['Value of 16 octets', 'Name "gate"'], []),
        (0xc223, P.PPP_CHAP_ChallengeResponse(code=2, id=2, value=b'Sesam' * 9 + b'1234', optional_name=b'bob'), 'CHAP Response',
         ['Value of 49 octets hidden (MS-CHAP)', 'Name "bob"'], ['Sesam']),
        (0xc223, P.PPP_CHAP(code=4, id=2, data=b'E=691 R=0'), 'CHAP Failure', ['Message "E=691 R=0"'], []),
        (0x8021, ip(id=6, options=[P.PPP_IPCP_Option_IPAddress(data='10.20.0.57'), P.PPP_IPCP_Option_DNS1(data='9.9.9.9'),
                                   P.PPP_IPCP_Option_NBNS2(data='1.2.3.4')]),
         'IPCP Configure-Request', ['IP-Address 10.20.0.57', 'Primary-DNS 9.9.9.9', 'Secondary-NBNS 1.2.3.4'], []),
    ]
    packets, said = [], []
    for number, (protocol, packet, name, words, never) in enumerate(cases):
        packets.append(gre(number % 2 == 0, 5, number, b'\xff\x03' + protocol.to_bytes(2, 'big') + bytes(packet)))
        said.append({'name': name, 'out': number % 2 == 0, 'words': words, 'never': never})
    packets.append(gre(True, 5, 99, b'\xff\x03\x00\x21' + bytes(IP(dst='1.1.1.1') / b'Sesam')))
    return packets, said


def main(folder):
    chance = random.Random(2637)
    tcp = Tcp()
    for side, data in article():
        tcp.say(side, data)
    for link in LINKS:
        write(os.path.join(folder, 'article.%s.pcap' % link), tcp.packets, link)
    write(os.path.join(folder, 'cut.pcap'), cut(chance), 'raw')
    write(os.path.join(folder, 'lost.pcap'), lost(), 'raw')
    for name, (packets, said) in (('fields', fields(chance)), ('ppp', ppp())):
        write(os.path.join(folder, name + '.pcap'), packets)
        with open(os.path.join(folder, name + '.json'), 'w') as file:
            json.dump(said, file)


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
