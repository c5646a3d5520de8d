#!/usr/bin/env python3
"""Writes ours.pcap from what tests/sim/sim --messages prints: "NODE HEX", a line for each message.

    ours.py OUT.pcap <LINES

The first of each message with each of its Result Codes and Error Codes, one a segment.
"""
import sys

from messages import PAC, PNS, Capture

RESULT = {2: 14, 4: 12, 6: 16, 8: 16, 10: 16, 13: 14}  # its offset; the Error Code comes next


def main():
    capture = Capture(sys.argv[1])
    capture.tcp(PNS, b'', 0x02)
    capture.tcp(PAC, b'', 0x12)
    capture.tcp(PNS, b'', 0x10)
    seen = set()
    for line in sys.stdin:
        node, octets = line.split()
        data = bytes.fromhex(octets)
        kind = data[9]
        key = (kind, data[RESULT[kind]:RESULT[kind] + 2]) if kind in RESULT else (kind, b'')
        if key not in seen:
            seen.add(key)
            capture.tcp(PNS if node == '0' else PAC, data)
    capture.file.close()


if __name__ == '__main__':
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
