"""What a peer may do to PPP after it has proved who it is, or after the tunnel is up: a scripted one, as no pppd does it."""
import hashlib
import re
import select
import socket
import struct
import threading
import time

import bed as beds
import peer as peers
from bed import Failure, in_netns
from caller import Caller, ocrq, sccrq
from listener import LOCAL, Listener
from ppp_peer import ACK, ECHO, LCP, MAGIC, REQUEST, TERMINATE, gre_payload, header, packet
from ppp_tests import ppp

IPCP, CHAP = 0x8021, 0xC223
CHALLENGE, RESPONSE, SUCCESS = 1, 2, 3  # RFC 1994 4
NAK, REJECT, PROTOCOL_REJECT = 3, 4, 8  # RFC 1661 5
ADDRESS = 3                             # RFC 1332 3.3
AUTHENTICATION = 3                      # RFC 1661 6.2
AGAIN = 3                               # s: the Restart timer (RFC 1661 4.6)


def request(protocol, options, identifier=1):
    return packet(protocol, REQUEST, identifier, options)


def options_of(data):
    while len(data) >= 2 and data[1] >= 2:
        yield data[:data[1]]
        data = data[data[1]:]


class Ppp:
    """One end of PPP in GRE, without encryption.  A caller has a `user`; a server `gives` an address, and asks for no proof."""

    def __init__(self, netns, here, there, call_id, user=None, gives=None, proves=True):
        self.there, self.call_id, self.user, self.gives, self.proves = there, call_id, user, gives, proves
        self.sock = in_netns(netns, socket.socket, socket.AF_INET, socket.SOCK_RAW, 47)
        self.sock.bind((here, 0))
        self.sequence, self.times_up = 0, 0
        self.after_success = lambda identifier: None
        self.agree()

    def agree(self):
        """From the start, or once more."""
        self.address = socket.inet_aton(LOCAL) if self.gives else bytes(4)
        self.ask(request(LCP, bytes([5, 6]) + MAGIC))

    def send(self, frame):
        try:
            self.sock.sendto(peers.gre(self.call_id, self.sequence, frame), (self.there, 0))
        except OSError:
            pass  # the other end is gone
        self.sequence += 1

    def ask(self, frame):
        self.asking, self.ask_again = frame, time.monotonic() + AGAIN
        self.send(frame)

    def ask_address(self):
        self.ask(request(IPCP, struct.pack('!BB4s', ADDRESS, 6, self.address)))

    def respond(self, identifier, challenge, user):
        name, password = user
        value = hashlib.md5(bytes([identifier]) + password.encode() + challenge).digest()
        self.send(packet(CHAP, RESPONSE, identifier, bytes([len(value)]) + value + name.encode()))

    def asked_address(self, identifier, data):
        """What is no address is rejected, and one that is not ours to give gets ours."""
        asked = b''.join(option for option in options_of(data) if option[0] == ADDRESS)
        others = b''.join(option for option in options_of(data) if option[0] != ADDRESS)
        given = struct.pack('!BB4s', ADDRESS, 6, socket.inet_aton(self.gives)) if self.gives else asked
        code, told = (REJECT, others) if others else (ACK, asked) if asked == given else (NAK, given)
        self.send(packet(IPCP, code, identifier, told))

    def hear(self, frame):
        protocol, code, identifier, data = header(frame)
        if protocol == LCP and code == REQUEST:
            asked = [] if self.proves else [option for option in options_of(data) if option[0] == AUTHENTICATION]
            self.send(packet(LCP, REJECT if asked else ACK, identifier, asked[0] if asked else data))
        elif protocol == LCP and code in (TERMINATE, ECHO):
            self.send(packet(LCP, code + 1, identifier, MAGIC + data[4:] if code == ECHO else b''))
        elif protocol == LCP and code == ACK:
            self.asking = None
            if self.gives or not self.proves:
                self.ask_address()
        elif protocol == CHAP and code == CHALLENGE:
            self.respond(identifier, data[1:1 + data[0]], self.user)
        elif protocol == CHAP and code == SUCCESS:
            self.after_success(identifier)
            self.ask_address()
        elif protocol == IPCP and code == REQUEST:
            self.asked_address(identifier, data)
        elif protocol == IPCP and code == NAK:
            self.address = data[2:6]
            self.ask_address()
        elif protocol == IPCP and code == ACK:
            self.asking = None
            self.times_up += 1
        elif protocol not in (0, LCP, CHAP, IPCP):
            self.send(packet(LCP, PROTOCOL_REJECT, 9, frame[2:] if frame[:2] == b'\xff\x03' else frame))

    def run(self, until, what, seconds=30):
        end = time.monotonic() + seconds * beds.patience
        while not until():
            if time.monotonic() > end:
                raise Failure('not within %d s: %s' % (seconds, what))
            if self.asking and time.monotonic() > self.ask_again:
                self.ask(self.asking)
            if select.select([self.sock], [], [], 0.05)[0]:
                self.hear(gre_payload(self.sock.recv(65536)))


# ------------------------------------------------------------------------------- a caller of ours

def listener(bed):
    return Listener(bed, bed.cli, auth='require-peer = [ "chap" ]; secrets = "users";', encryption='mppe = "off";')


def alice(bed):
    caller = Caller(bed)
    caller.ask(sccrq(), 'SCCRP')
    call_id, = struct.unpack('!H', caller.ask(ocrq(), 'OCRP')[:2])
    return caller, Ppp(bed.srv, bed.server, bed.client, call_id, ('alice', 'Sesam-1'))


@ppp()
def a_name_after_the_password_was_right_is_not_believed(bed):
    """pppd repeats its Success to whatever is called a Response then, and looks at no secret."""
    gw = listener(bed)
    caller, line = alice(bed)
    line.after_success = lambda identifier: line.respond(identifier, b'', ('bob', 'any'))
    line.run(lambda: re.search(r'call 1 from .*: up: ', gw.log()), 'it is up')
    call, = gw.calls()
    if call['user'] != 'alice' or ', alice: up: ' not in gw.log():
        raise Failure('who has proved to be alice is called %r' % call['user'])
    caller.close()
    gw.wait_log('call 1 from .*: ended')
    gw.stop()


@ppp()
def a_caller_that_agrees_anew_has_no_call_any_more(bed):
    """pppd takes the addresses away for that, and the kernel the routes."""
    gw = listener(bed)
    caller, line = alice(bed)
    line.run(lambda: re.search(r'call 1 from .*: up: ', gw.log()), 'it is up')
    line.agree()
    line.run(lambda: re.search(r'call 1 from .*, alice: ended after \d+ s: E608 The caller has agreed PPP anew', gw.log()),
             'it has ended')
    caller.close()
    gw.stop()


@ppp()
def who_proves_nothing_is_not_let_in_by_a_file_of_pppds(bed):
    """pap-secrets may have a line for a caller who says nothing at all, and pppd reads it whatever it is told."""
    secrets = '/etc/ppp/pap-secrets'
    before = beds.read(secrets)
    gw = Listener(bed, bed.cli, auth='require-peer = [ "pap" ]; secrets = "users";', encryption='mppe = "off";')
    caller, line = alice(bed)
    line.proves = False
    try:
        with open(secrets, 'a') as file:
            file.write('* * "" *\n')
        line.run(lambda: re.search(r'call 1 from .*: (up|ended): .*', gw.log()), 'it is up or has ended')
    finally:
        with open(secrets, 'w') as file:
            file.write(before)
    caller.close()
    gw.wait_log('call 1 from .*: ended')
    gw.stop()
    if not re.search(r'call 1 from .*: ended: E403 pppd let the caller in', gw.log()):
        raise Failure('it was let in')


# -------------------------------------------------------------------------------- a server of ours

class Server(threading.Thread):
    """Takes one connection and its call, and answers what comes until it ends."""

    def __init__(self, bed):
        super().__init__(daemon=True)
        self.line, self.bed = None, bed
        self.door = in_netns(bed.srv, socket.create_server, (bed.server, 1723))
        self.start()

    def run(self):
        with self.door, self.door.accept()[0] as connection:
            while True:
                octets = connection.recv(4096)
                if len(octets) < 12:
                    return
                kind = struct.unpack('!H', octets[8:10])[0]
                if kind == 1:
                    connection.sendall(peers.sccrp())
                elif kind == 7:
                    call_id, = struct.unpack('!H', octets[12:14])
                    connection.sendall(peers.ocrp(call_id))
                    self.line = Ppp(self.bed.srv, self.bed.server, self.bed.client, call_id, gives='192.168.99.10')
                elif kind == 5:
                    connection.sendall(peers.echo_reply(struct.unpack('!I', octets[12:16])[0]))


@ppp()
def a_server_that_agrees_anew_is_dialled_again(bed):
    """Or a default route would be gone, and what it was to carry would go in the clear, while `status` says up."""
    server = Server(bed)
    process = bed.connect('-u', 'alice', '--mppe', 'off', '--default-route', password='Sesam-1')
    end = time.monotonic() + 20
    while server.line is None and time.monotonic() < end:
        time.sleep(0.02)
    server.line.run(lambda: re.search(r'up .*NOT ENCRYPTED', process.out), 'it is up')
    server.line.agree()
    server.line.run(lambda: process.process.poll() is not None, 'it has ended')
    bed.expect(process, 15, r'E608 The server has agreed PPP anew')
