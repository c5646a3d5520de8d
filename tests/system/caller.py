"""A scripted peer that calls us: it opens the control connection (RFC 2637 3.1.1), as PNS or as PAC.

As peer.py, whose messages it has: standard library only, an independent reading of the RFC.
"""
import socket
import struct
import threading
import time

import peer
from bed import Failure, in_netns, patience
from peer import message

HEADER = 12


def sccrq(version=0x0100):
    return message(peer.SCCRQ, struct.pack('!HHIIHH64s64s', version, 0, 3, 3, 0, 1, b'caller', b'caller.py'))


def ocrq(call_id=0x1234, serial=1):
    return message(peer.OCRQ, struct.pack('!HHIIIIHHHH64s64s', call_id, serial, 300, 1000000, 3, 3, 32, 5, 0, 0, b'', b''))


def icrq(call_id=0x1234, serial=1):
    return message(peer.ICRQ, struct.pack('!HHIIHH64s64s64s', call_id, serial, 2, 0, 3, 0, b'555', b'', b''))


def iccn(peers_call_id):
    return message(peer.ICCN, struct.pack('!HHIHHI', peers_call_id, 0, 64000, 24, 3, 1))


def wan_error(peers_call_id):
    return message(peer.WEN, struct.pack('!HHIIIIII', peers_call_id, 0, 1, 2, 3, 4, 5, 6))


class Caller:
    """One connection to us, from the server's machine; it says what it is told to."""

    def __init__(self, bed, to=None, source=None, seconds=20):
        self.bed = bed
        self.to, self.source = to or bed.client, source or bed.server
        self.buffer, self.received = b'', []
        end = time.monotonic() + seconds * patience
        while True:  # we may not listen yet
            try:
                self.sock = in_netns(bed.srv, socket.create_connection, (self.to, 1723), 5, (self.source, 0))
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise Failure('the caller cannot connect: %s' % error) from None
                time.sleep(0.05)
        self.sock.settimeout(20 * patience)

    def send(self, octets):
        self.sock.sendall(octets)

    def next(self):
        """The next message, (name, octets behind the header); ('', b'') at the end of TCP."""
        while len(self.buffer) < HEADER or len(self.buffer) < struct.unpack('!H', self.buffer[:2])[0]:
            try:
                octets = self.sock.recv(4096)
            except socket.timeout:
                raise Failure('nothing came to the caller after %s' % self.received) from None
            except OSError:
                octets = b''
            if not octets:
                return '', b''
            self.buffer += octets
        length, kind, cookie, number = struct.unpack('!HHIH', self.buffer[:10])
        if kind != 1 or cookie != peer.COOKIE:
            raise Failure('no control message: %s' % self.buffer.hex())
        octets, self.buffer = self.buffer[HEADER:length], self.buffer[length:]
        self.received.append(peer.NAMES.get(number, str(number)))
        return self.received[-1], octets

    def expect(self, name):
        """The next message must be this one; Echo-Requests are answered on the way."""
        while True:
            found, octets = self.next()
            if found == 'EchoRQ' and name != 'EchoRQ':
                self.send(peer.echo_reply(struct.unpack('!I', octets[:4])[0]))
                continue
            if found != name:
                raise Failure('to the caller came %s, not %s' % (found or 'the end', name or 'the end'))
            return octets

    def ask(self, octets, name):
        self.send(octets)
        return self.expect(name)

    def silent_for(self, seconds):
        """Nothing comes, nor does TCP end."""
        self.sock.settimeout(seconds)
        try:
            octets = self.sock.recv(4096)
        except socket.timeout:
            self.sock.settimeout(20 * patience)
            return
        raise Failure('to the caller came %r' % octets)

    def start_gre(self, call_id, source=None):
        """LCP Configure-Requests, until this connection is closed."""
        self.stop = threading.Event()
        sock = in_netns(self.bed.srv, socket.socket, socket.AF_INET, socket.SOCK_RAW, 47)
        sock.bind((source or self.source, 0))

        def run():
            sequence = 0
            while not self.stop.wait(0.1):
                sock.sendto(peer.gre(call_id, sequence, peer.lcp_configure_request(sequence)), (self.to, 0))
                sequence += 1
            sock.close()
        self.gre = threading.Thread(target=run, daemon=True)
        self.gre.start()

    def close(self):
        if hasattr(self, 'gre'):
            self.stop.set()
            self.gre.join()
        self.sock.close()
