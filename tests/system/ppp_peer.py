"""PPP inside GRE for the scripted server, held at a stage for as long as a test likes.

A real pppd passes them in milliseconds.  As peer.py: standard library only, nothing of lib/.
"""
import select
import socket
import struct
import time

# What it does not answer any more: our LCP Configure-Request, our name and password in PAP, IPCP.
STAGES = ('lcp', 'auth', 'network')
WANTS_PAP, WANTS_MSCHAP_V2 = b'\xc0\x23', b'\xc2\x23\x81'
LCP, PAP = 0xC021, 0xC023
REQUEST, ACK, TERMINATE, ECHO = 1, 2, 5, 9
MAGIC = struct.pack('!I', 0x12345678)


def packet(protocol, code, identifier, data):
    return struct.pack('!HHBBH', 0xFF03, protocol, code, identifier, 4 + len(data)) + data


def configure_request(identifier=1, accm=None, wants=WANTS_PAP):
    """It wants PAP, or CHAP, of which it sends no Challenge; and, if that is said, these octets escaped (RFC 1662 7.1)."""
    escaped = b'' if accm is None else struct.pack('!BBI', 2, 6, accm)
    return packet(LCP, REQUEST, identifier, escaped + bytes([3, 2 + len(wants)]) + wants + bytes([5, 6]) + MAGIC)


def header(frame):
    """Protocol, code, identifier, and the data behind them."""
    frame = frame[2:] if frame[:2] == b'\xff\x03' else frame
    if len(frame) < 6:
        return 0, 0, 0, b''
    protocol, code, identifier, length = struct.unpack('!HBBH', frame[:6])
    return protocol, code, identifier, frame[6:2 + length]


def answer(frame, stage):
    """The frame that answers this one at that stage; None: silence."""
    protocol, code, identifier, data = header(frame)
    if protocol == PAP and code == REQUEST and stage == 'network':
        return packet(PAP, ACK, identifier, b'\0')
    if protocol == LCP and (code == REQUEST and stage != 'lcp' or code == TERMINATE):
        return packet(LCP, code + 1, identifier, data)
    if protocol == LCP and code == ECHO:
        return packet(LCP, code + 1, identifier, MAGIC + data[4:])
    return None


def gre_payload(datagram):
    """Behind the IP and the GRE header (RFC 2637 4.1); b'' in a lone acknowledgement."""
    gre = datagram[(datagram[0] & 15) * 4:]
    return gre[8 + 4 * bool(gre[0] & 0x10) + 4 * bool(gre[1] & 0x80):] if gre[0] & 0x10 else b''


def speak(source, there, wrap, stage, ended, anew=lambda: None, wants=WANTS_PAP):
    """Until ended(); wrap(sequence number, frame) makes a GRE packet, stage() may change as it goes.

    Once anew() is a map of octets to be escaped, LCP is agreed once more, with that.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
    sock.bind((source, 0))
    sequence, agreed, open_requests, map_agreed = 0, False, {}, None
    ask = ask_again = 0
    while not ended():
        if select.select([sock], [], [], 0.1)[0]:
            frame = gre_payload(sock.recv(65536))
            agreed = agreed or header(frame)[:2] == (LCP, ACK)
            if header(frame)[:3] == (LCP, ACK, 2):
                map_agreed = anew()
            open_requests[header(frame)[:2]] = frame  # the last of each kind
        frames = []
        if not agreed and time.monotonic() >= ask:
            frames.append(configure_request(wants=wants))
            ask = time.monotonic() + 1  # one more that comes when LCP is open would have it agreed anew (RFC 1661 4.1)
        if anew() != map_agreed and time.monotonic() >= ask_again:
            frames.append(configure_request(2, anew(), wants))
            ask_again = time.monotonic() + 3  # the Restart timer (RFC 1661 4.6)
        for kind, frame in list(open_requests.items()):
            found = answer(frame, stage())
            if found:
                frames.append(found)
                del open_requests[kind]
        for frame in frames:
            try:
                sock.sendto(wrap(sequence, frame), (there, 0))
            except OSError:
                pass  # that machine may be gone
            sequence += 1
    sock.close()
