#!/usr/bin/env python3
"""Writes messages.pcap: the fifteen control messages of RFC 2637 and the four kinds of GRE header.

    messages.py OUT.pcap

Laid out by the RFC's offsets, without lib/ or scapy, so that a mistake would have to be made three
times over (here, in lib/msg.c, in tshark) to stay unseen.  Each message comes twice: with ordinary
values, and with every field at its largest and every text filled to its last octet.  One message a
segment: tshark reads no more than the first of a segment.
"""
import struct
import sys

COOKIE = 0x1A2B3C4D
PNS, PAC = '10.10.10.1', '10.10.10.10'

# (offset, octets, ordinary value); what is not listed is reserved and zero.
SCC = [(16, 4, 3), (20, 4, 1), (24, 2, 100), (26, 2, 0x0501), (28, 64, b'host.example'), (92, 64, b'pptpeer')]
LAYOUT = {
    1: (156, PNS, [(12, 2, 0x0100)] + SCC),
    2: (156, PAC, [(12, 2, 0x0100), (14, 1, 2), (15, 1, 4)] + SCC),
    3: (16, PNS, [(12, 1, 3)]),
    4: (16, PAC, [(12, 1, 1), (13, 1, 0)]),
    5: (16, PAC, [(12, 4, 0xDEADBEEF)]),
    6: (20, PNS, [(12, 4, 0xDEADBEEF), (16, 1, 2), (17, 1, 5)]),
    7: (168, PNS, [(12, 2, 0xC0DE), (14, 2, 7), (16, 4, 300), (20, 4, 100000000), (24, 4, 3), (28, 4, 2),
                   (32, 2, 64), (34, 2, 11), (36, 2, 9), (40, 64, b'555-01234'), (104, 64, b'sub')]),
    8: (32, PAC, [(12, 2, 0xBEEF), (14, 2, 0xC0DE), (16, 1, 4), (17, 1, 6), (18, 2, 17), (20, 4, 64000),
                  (24, 2, 16), (26, 2, 12), (28, 4, 0x01020304)]),
    9: (220, PAC, [(12, 2, 1), (14, 2, 0x8001), (16, 4, 2), (20, 4, 0xA0B0C0D0), (24, 2, 3), (26, 2, 4),
                   (28, 64, b'112'), (92, 64, b'0815'), (156, 64, b'x.121')]),
    10: (24, PNS, [(12, 2, 2), (14, 2, 1), (16, 1, 3), (17, 1, 1), (18, 2, 32), (20, 2, 13)]),
    11: (28, PAC, [(12, 2, 2), (16, 4, 33600), (20, 2, 8), (22, 2, 14), (24, 4, 1)]),
    12: (16, PNS, [(12, 2, 0xC0DE)]),
    13: (148, PAC, [(12, 2, 0xBEEF), (14, 1, 4), (15, 1, 3), (16, 2, 16), (20, 128, b'rx=1 tx=2')]),
    14: (40, PAC, [(12, 2, 0xC0DE)] + [(16 + 4 * i, 4, 1000 + i) for i in range(6)]),
    15: (24, PNS, [(12, 2, 0xBEEF), (16, 4, 0x000A0000), (20, 4, 0xFFFFFFFE)]),
}
# Texts without a NUL, so that a decoder that wants one there is caught.
FULL = b'0123456789abcdef' * 8


def message(number, full=False):
    size, _, fields = LAYOUT[number]
    data = bytearray(size)
    struct.pack_into('!HHIHH', data, 0, size, 1, COOKIE, number, 0)
    for offset, octets, value in fields:
        if isinstance(value, bytes):
            text = FULL[:octets] if full else value
            data[offset:offset + len(text)] = text
        else:
            data[offset:offset + octets] = (256 ** octets - 1 if full else value).to_bytes(octets, 'big')
    return bytes(data)


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def address(text):
    return bytes(map(int, text.split('.')))


class Capture:
    def __init__(self, path):
        self.file = open(path, 'wb')
        self.file.write(struct.pack('<IHHiIII', 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        self.count = 0
        self.sent = {PNS: 1000, PAC: 2000}

    def ip(self, src, dst, protocol, payload):
        head = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(payload), self.count, 0x4000, 64, protocol, 0,
                           address(src), address(dst))
        head = head[:10] + struct.pack('!H', checksum(head)) + head[12:]
        frame = bytes.fromhex('020000000001020000000002') + b'\x08\x00' + head + payload
        self.file.write(struct.pack('<IIII', 1000000000, self.count * 1000, len(frame), len(frame)) + frame)
        self.count += 1

    def tcp(self, src, data, flags=0x18):
        dst = PAC if src == PNS else PNS
        ports = (40000, 1723) if src == PNS else (1723, 40000)
        ack = 0 if flags == 0x02 else self.sent[dst]
        head = struct.pack('!HHIIBBHHH', *ports, self.sent[src], ack, 0x50, flags, 65535, 0, 0)
        pseudo = address(src) + address(dst) + struct.pack('!BBH', 0, 6, len(head) + len(data))
        head = head[:16] + struct.pack('!H', checksum(pseudo + head + data)) + head[18:]
        self.ip(src, dst, 6, head + data)
        self.sent[src] += len(data) + (1 if flags & 0x03 else 0)

    def gre(self, src, call_id, seq=None, ack=None, payload=b''):
        flags = 0x2001 | (0x1000 if seq is not None else 0) | (0x0080 if ack is not None else 0)
        data = struct.pack('!HHHH', flags, 0x880B, len(payload), call_id)
        for number in (seq, ack):
            if number is not None:
                data += struct.pack('!I', number)
        self.ip(src, PAC if src == PNS else PNS, 47, data + payload)


def main():
    capture = Capture(sys.argv[1])
    capture.tcp(PNS, b'', 0x02)
    capture.tcp(PAC, b'', 0x12)
    capture.tcp(PNS, b'', 0x10)
    for number, (_, src, _) in LAYOUT.items():
        capture.tcp(src, message(number))
    for number, (_, src, _) in LAYOUT.items():
        capture.tcp(src, message(number, full=True))
    lcp = bytes.fromhex('ff03c02101010004')
    capture.gre(PNS, 0xBEEF, seq=0, payload=lcp)
    capture.gre(PAC, 0xC0DE, seq=1, ack=0, payload=lcp)
    capture.gre(PNS, 0xBEEF, ack=1)
    capture.gre(PAC, 0xC0DE)
    capture.gre(PAC, 0x0000, seq=0xFFFFFFFF, ack=0xFFFFFFFF, payload=lcp)
    capture.file.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
