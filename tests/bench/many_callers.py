"""Many scripted callers in one process, for tests/bench/calls: control connections, calls, and PPP up to IP.

Each call is an Outgoing-Call-Request; LCP, CHAP with MD5 and IPCP follow, then an ICMP echo through it, whose
answer must have the same octets.  As tests/system/caller.py, whose messages it has: an independent reading of the RFCs.
"""
import collections
import errno
import hashlib
import os
import select
import socket
import struct
import time

import caller
import peer
import ppp_peer

LCP, CHAP, IPCP, IP = 0xC021, 0xC223, 0x8021, 0x0021
REQUEST, ACK, NAK, TERMINATE, PROTOCOL_REJECT, ECHO = 1, 2, 3, 5, 8, 9
CHALLENGE, RESPONSE, SUCCESS = 1, 2, 3
AGAIN = 3            # s: the Restart timer (RFC 1661 4.6)
ECHO_AGAIN = 0.1     # s: pppd passes no IP yet when it has sent its last Configure-Ack
PAYLOAD = 1000       # octets of an echo
BUFFER = 64 << 20    # of the one GRE socket, which hears for all
IP_PKTINFO = 8       # ip(7); the module has no name for it
ASKED, PPP, UP, CARRIED, GONE = range(5)
ADDRESS_OPTION = 3   # of IPCP (RFC 1332 3.3)


class Fault(Exception):
    pass


def checksum(octets):
    total = sum(struct.unpack('!%dH' % (len(octets) // 2), octets))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def icmp_echo(source, to, number, payload):
    """A whole IP packet (RFC 791, RFC 792)."""
    header = struct.pack('!BBHHH', 8, 0, 0, number & 0xFFFF, 1)
    icmp = struct.pack('!BBHHH', 8, 0, checksum(header + payload), number & 0xFFFF, 1) + payload
    ip = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 20 + len(icmp), 0, 0, 64, 1, 0, source, to)
    return ip[:10] + struct.pack('!H', checksum(ip)) + ip[12:] + icmp


class Call:
    """One call of a connection.  Its Call ID is no other's of all callers."""

    def __init__(self, connection, call_id):
        self.connection, self.call_id = connection, call_id
        self.state = ASKED
        self.peers_call_id = self.sequence = self.heard = 0
        self.address, self.payload, self.wrong = b'\0' * 4, b'', 0
        self.asking, self.ask_again = None, 0  # what is sent until it is answered
        self.began = time.monotonic()

    # ------------------------------------------------------------------------------ GRE

    def send(self, frame):
        """With a sequence number, and the acknowledgement of what came (RFC 2637 4.1)."""
        self.gre(struct.pack('!HHHHII', 0x3081, 0x880B, len(frame), self.peers_call_id, self.sequence, self.heard) + frame)
        self.sequence += 1

    def acknowledge(self):
        self.gre(struct.pack('!HHHHI', 0x2081, 0x880B, 0, self.peers_call_id, self.heard))

    def gre(self, octets):
        self.connection.callers.send_gre(self.connection.source, octets)

    def ask(self, frame):
        self.asking, self.ask_again = frame, time.monotonic() + (ECHO_AGAIN if self.state >= UP else AGAIN)
        self.send(frame)

    def hear(self, gre):
        """A GRE packet for this call."""
        frame = gre[8 + 4 * bool(gre[0] & 0x10) + 4 * bool(gre[1] & 0x80):]
        if self.state == GONE or not gre[0] & 0x10 or len(frame) < 4:
            return
        self.heard = struct.unpack('!I', gre[8:12])[0]
        sequence = self.sequence
        frame = frame[2:] if frame[:2] == b'\xff\x03' else frame
        if frame[:2] == struct.pack('!H', IP):
            self.hear_ip(frame[2:])
        else:
            self.hear_ppp(frame)
        if self.sequence == sequence:
            self.acknowledge()

    # ------------------------------------------------------------------------------ PPP

    def hear_ppp(self, frame):
        protocol, code, identifier, data = ppp_peer.header(frame)
        if protocol == LCP and code == TERMINATE:
            self.send(ppp_peer.packet(LCP, code + 1, identifier, b''))
            self.asking = None
        elif protocol == LCP and code == ECHO:
            self.send(ppp_peer.packet(LCP, code + 1, identifier, ppp_peer.MAGIC + data[4:]))
        elif protocol in (LCP, IPCP) and code == REQUEST:
            self.send(ppp_peer.packet(protocol, ACK, identifier, data))
        elif protocol == LCP and code == ACK:
            self.asking = None
        elif protocol == CHAP and code == CHALLENGE:
            self.respond(identifier, data[1:1 + data[0]])
        elif protocol == CHAP and code == SUCCESS and self.state == PPP:
            self.ask_address()
        elif protocol == IPCP and code == NAK:
            self.address = data[2:6]
            self.ask_address()
        elif protocol == IPCP and code == ACK and self.state == PPP:
            self.state = UP
            self.echo()
        elif protocol not in (LCP, CHAP, IPCP):
            self.send(ppp_peer.packet(LCP, PROTOCOL_REJECT, 9, frame))

    def respond(self, identifier, challenge):
        """RFC 1994 4.1."""
        name, password = self.connection.user
        value = hashlib.md5(bytes([identifier]) + password.encode() + challenge).digest()
        self.send(ppp_peer.packet(CHAP, RESPONSE, identifier, bytes([len(value)]) + value + name.encode()))

    def ask_address(self):
        self.ask(ppp_peer.packet(IPCP, REQUEST, 1, struct.pack('!BB4s', ADDRESS_OPTION, 6, self.address)))

    # ------------------------------------------------------------- a frame each way, and its end

    def echo(self):
        self.payload = os.urandom(PAYLOAD)
        packet = icmp_echo(self.address, self.connection.callers.inside, self.call_id, self.payload)
        self.ask(struct.pack('!HH', 0xFF03, IP) + packet)

    def hear_ip(self, packet):
        """The answer to our echo, octet for octet; whatever else comes is not counted."""
        if self.state < UP or len(packet) < 28 or packet[9] != 1 or packet[20] != 0:
            return
        if (packet[12:16], packet[16:20], packet[28:]) != (self.connection.callers.inside, self.address, self.payload):
            self.wrong += 1
            return
        self.asking = None
        if self.state == UP:
            self.state = CARRIED
            self.connection.callers.carried.append(time.monotonic() - self.began)

    def terminate(self):
        self.send(ppp_peer.packet(LCP, TERMINATE, 2, b''))

    def gone(self, why):
        self.state, self.asking = GONE, None
        self.connection.callers.ended[why] += 1
        del self.connection.callers.calls[self.call_id]
        if all(call.state == GONE for call in self.connection.calls.values()):
            self.connection.close(why)


class Connection:
    """A control connection from an address of its own, with some calls."""

    def __init__(self, callers, source, user, call_ids):
        self.callers, self.source, self.user = callers, socket.inet_aton(source), user
        self.buffer, self.open = b'', True
        self.calls = {call_id: Call(self, call_id) for call_id in call_ids}
        self.sock = socket.socket()
        self.sock.bind((source, 0))
        self.sock.settimeout(20)
        self.sock.connect((callers.listener, 1723))
        self.sock.sendall(caller.sccrq())

    def readable(self):
        try:
            octets = self.sock.recv(65536)
        except OSError:
            octets = b''
        if not octets:
            self.close('the listener closed TCP')
            return
        self.buffer += octets
        while len(self.buffer) >= 12 and len(self.buffer) >= struct.unpack('!H', self.buffer[:2])[0] and self.open:
            length = struct.unpack('!H', self.buffer[:2])[0]
            octets, self.buffer = self.buffer[:length], self.buffer[length:]
            self.hear(struct.unpack('!H', octets[8:10])[0], octets[12:])

    def hear(self, number, octets):
        if number == peer.SCCRP:
            if octets[2] != 1:
                self.close('SCCRP: result %d' % octets[2])
            for call in list(self.calls.values()):
                self.send(caller.ocrq(call.call_id))
        elif number == peer.OCRP:
            theirs, ours, result = struct.unpack('!HHB', octets[:5])
            call = self.calls[ours]
            if result != 1:
                call.gone('OCRP: result %d' % result)
            else:
                call.peers_call_id, call.state = theirs, PPP
                call.ask(ppp_peer.packet(LCP, REQUEST, 1, bytes([5, 6]) + ppp_peer.MAGIC))
        elif number == peer.ECHORQ:
            self.send(peer.echo_reply(struct.unpack('!I', octets[:4])[0]))
        elif number == peer.CDN:
            theirs, result = struct.unpack('!HB', octets[:3])
            for call in list(self.calls.values()):
                if call.peers_call_id == theirs:
                    call.gone('CDN: result %d' % result)
        elif number == peer.STOPRQ:
            self.send(peer.stop_reply())
            self.close('the listener stopped it')

    def send(self, octets):
        try:
            self.sock.sendall(octets)
        except OSError:
            self.close('TCP broke')

    def clear(self, call):
        """Call-Clear-Request (2.12); the Call-Disconnect-Notify ends the call."""
        self.send(peer.message(peer.CCR, struct.pack('!HH', call.call_id, 0)))

    def close(self, why):
        if not self.open:
            return
        self.open = False
        self.callers.forget(self)
        self.sock.close()
        for call in list(self.calls.values()):
            if call.state != GONE:
                call.gone(why)


class Callers:
    """All of them, in this process's network; run() until something is true."""

    def __init__(self, listener, inside):
        self.listener, self.inside = listener, socket.inet_aton(inside)
        self.connections, self.calls, self.carried = {}, {}, []
        self.ended = collections.Counter()
        self.scan = 0
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 47)
        self.raw.setsockopt(socket.SOL_SOCKET, 33, BUFFER)  # SO_RCVBUFFORCE
        self.epoll = select.epoll()
        self.epoll.register(self.raw.fileno(), select.EPOLLIN)

    def connect(self, source, user, call_ids):
        connection = Connection(self, source, user, call_ids)
        self.connections[connection.sock.fileno()] = connection
        self.calls.update(connection.calls)
        self.epoll.register(connection.sock.fileno(), select.EPOLLIN)
        return connection

    def forget(self, connection):
        self.epoll.unregister(connection.sock.fileno())
        del self.connections[connection.sock.fileno()]

    def send_gre(self, source, octets):
        info = struct.pack('=i4s4s', 0, source, b'\0' * 4)
        try:
            self.raw.sendmsg([octets], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, (self.listener, 0))
        except OSError as error:
            if error.errno not in (errno.ENOBUFS, errno.EAGAIN):
                raise

    def hear_gre(self):
        while True:
            try:
                datagram = self.raw.recv(65536)
            except BlockingIOError:
                return
            gre = datagram[(datagram[0] & 15) * 4:]
            call = self.calls.get(struct.unpack('!H', gre[6:8])[0])
            if call is not None and call.connection.source == datagram[16:20]:
                call.hear(gre)

    def ask_again(self, now):
        if now < self.scan:
            return
        self.scan = now + ECHO_AGAIN / 2
        for call in list(self.calls.values()):
            if call.asking is not None and now >= call.ask_again:
                call.ask(call.asking)

    def run(self, until, seconds):
        """True once until() is; False when the time is up."""
        end = time.monotonic() + seconds
        while not until():
            now = time.monotonic()
            if now >= end:
                return False
            for number, _ in self.epoll.poll(ECHO_AGAIN / 2):
                if number == self.raw.fileno():
                    self.hear_gre()
                elif number in self.connections:
                    self.connections[number].readable()
            self.ask_again(now)
        return True

    def count(self, *states):
        return sum(call.state in states for call in self.calls.values())
