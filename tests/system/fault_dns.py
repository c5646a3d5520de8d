"""A name server for the lookups of the daemon under test."""
import socket
import struct
import threading

from bed import in_netns


class Dns(threading.Thread):
    """A name server of the client's: says where the server is, or that it does not know, or nothing."""

    def __init__(self, bed, at, address):
        super().__init__(daemon=True)
        self.address, self.asked, self.stopping = address, 0, False
        self.sock = in_netns(bed.cli, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((at, 53))
        self.sock.settimeout(0.1)
        self.start()

    def run(self):
        while not self.stopping:
            try:
                query, client = self.sock.recvfrom(512)
            except socket.timeout:
                continue
            self.asked += 1
            end = query.index(b'\0', 12) + 5  # of the question
            known = self.address and query[end - 4:end - 2] == b'\0\1'  # type A
            answer = b'\xc0\x0c\0\1\0\1\0\0\0\0\0\4' + socket.inet_aton(self.address) if known else b''
            code = 0x8180 if self.address else 0x8182  # SERVFAIL
            self.sock.sendto(query[:2] + struct.pack('!HHHHH', code, 1, bool(known), 0, 0) + query[12:end] + answer, client)
        self.sock.close()

    def stop(self):
        self.stopping = True
        self.join()
