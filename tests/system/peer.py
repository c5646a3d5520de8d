#!/usr/bin/env python3
"""A scripted PPTP server: orderly, odd or hostile, by the name of a scenario.

    peer.py --list
    peer.py SCENARIO [--address A] [--port N] [--gre KIND] [--second-address A]

As a command it serves one connection after the other and prints what it receives as JSON lines.
The system tests use its class Peer in a thread, in a network namespace of its own.

KIND says what comes as GRE once the call is open: none, lcp (LCP Configure-Requests, in order),
other-id (with another Call ID), other-address (from --second-address), junk (headers that RFC 2637
4.1 forbids), ppp (up to Peer.stage, see ppp_peer.py).  Standard library only, and nothing of lib/: an independent reading of the RFC.
"""
import argparse
import ctypes
import json
import os
import select
import socket
import struct
import sys
import threading
import time

import ppp_peer

COOKIE = 0x1A2B3C4D
SCCRQ, SCCRP, STOPRQ, STOPRP, ECHORQ, ECHORP, OCRQ, OCRP, ICRQ, ICRP, ICCN = range(1, 12)
CCR, CDN, WEN, SLI = range(12, 16)
NAMES = {1: 'SCCRQ', 2: 'SCCRP', 3: 'StopRQ', 4: 'StopRP', 5: 'EchoRQ', 6: 'EchoRP', 7: 'OCRQ', 8: 'OCRP',
         9: 'ICRQ', 10: 'ICRP', 11: 'ICCN', 12: 'CCR', 13: 'CDN', 14: 'WEN', 15: 'SLI'}
OUR_CALL_ID = 0xBEEF
ECHO_IDENTIFIER = 0x01020304
CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def enter_netns(fd):
    """The calling thread, and no other, goes to the network namespace of this descriptor."""
    if libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')


# ------------------------------------------------------------------------------- messages

def message(number, body, length=None, cookie=COOKIE):
    return struct.pack('!HHIHH', 12 + len(body) if length is None else length, 1, cookie, number, 0) + body


def sccrp(result=1, error=0, version=0x0100, host=b'peer'):
    return message(SCCRP, struct.pack('!HBBIIHH64s64s', version, result, error, 3, 3, 0, 1, host, b'peer.py'))


def ocrp(call_id, result=1, error=0, cause=0):
    ours = OUR_CALL_ID if result == 1 else 0
    return message(OCRP, struct.pack('!HHBBHIHHI', ours, call_id, result, error, cause, 100000000, 64, 0, 0))


def icrp(call_id, result=1, error=0, window=16):
    ours = OUR_CALL_ID if result == 1 else 0
    return message(ICRP, struct.pack('!HHBBHHH', ours, call_id, result, error, window, 0, 0))


def ccr():
    return message(CCR, struct.pack('!HH', OUR_CALL_ID, 0))


def stop_request(reason=1):
    return message(STOPRQ, struct.pack('!BBH', reason, 0, 0))


def stop_reply():
    return message(STOPRP, struct.pack('!BBH', 1, 0, 0))


def echo_request(identifier=ECHO_IDENTIFIER):
    return message(ECHORQ, struct.pack('!I', identifier))


def echo_reply(identifier):
    return message(ECHORP, struct.pack('!IBBH', identifier, 1, 0, 0))


def cdn(result=4, call_id=OUR_CALL_ID, error=0):
    return message(CDN, struct.pack('!HBBHH128s', call_id, result, error, 0, 0, b''))


def set_link_info(call_id):
    return message(SLI, struct.pack('!HHII', call_id, 0, 0xFFFFFFFF, 0xFFFFFFFF))


def gre(call_id, seq, payload, flags=0x3001, protocol=0x880B):
    return struct.pack('!HHHHI', flags, protocol, len(payload), call_id, seq) + payload


def lcp_configure_request(identifier):
    return struct.pack('!HHBBHBBI', 0xFF03, 0xC021, 1, identifier & 255, 10, 5, 6, 0x12345678)


# -------------------------------------------------------------------------------- the peer

class Gone(Exception):
    """The other end closed TCP, or we are told to stop."""


class Connection:
    """One control connection: whole messages in, octets out."""

    def __init__(self, peer, sock, address):
        self.peer, self.sock, self.address = peer, sock, address
        self.buffer = b''
        self.call_id = None
        self.gre_stop = threading.Event()

    def wait_readable(self):
        while not select.select([self.sock], [], [], 0.05)[0]:
            if self.peer.stopping.is_set():
                raise Gone

    def receive(self):
        """The next message, (type, octets)."""
        while len(self.buffer) < 2 or len(self.buffer) < struct.unpack('!H', self.buffer[:2])[0]:
            self.wait_readable()
            try:
                octets = self.sock.recv(65536)
            except OSError:
                octets = b''
            if not octets:
                self.peer.record(event='eof')
                raise Gone
            self.peer.record(event='recv', size=len(octets))
            self.buffer += octets
        length = struct.unpack('!H', self.buffer[:2])[0]
        octets, self.buffer = self.buffer[:length], self.buffer[length:]
        number = struct.unpack('!H', octets[8:10])[0]
        if number in (OCRQ, ICRQ):
            self.call_id = struct.unpack('!H', octets[12:14])[0]
        self.peer.record(event='message', type=number, name=NAMES.get(number, '?'), hex=octets.hex())
        return number, octets

    def send(self, octets):
        if self.peer.mute:
            return
        try:
            self.sock.sendall(octets)
        except OSError as error:
            raise Gone from error

    def start_gre(self):
        if self.peer.gre == 'ppp':
            loop, args = self.ppp_loop, ()
        else:
            # Open before the reply, and where it is silent too: else the kernel answers GRE by ICMP.
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, 47)
            sock.bind((self.peer.second_address if self.peer.gre == 'other-address' else self.peer.address, 0))
            loop, args = self.gre_loop, (sock,)
        threading.Thread(target=self.peer.inside(loop, *args), daemon=True).start()

    def ppp_loop(self):
        ppp_peer.speak(self.peer.address, self.address, lambda seq, frame: gre(self.call_id, seq, frame),
                       lambda: self.peer.stage, lambda: self.gre_stop.is_set() or self.peer.stopping.is_set(),
                       lambda: self.peer.accm, self.peer.wants)

    def gre_loop(self, sock):
        seq = 0
        sock.settimeout(0.2)
        while self.peer.gre == 'none' or (self.peer.gre == 'answer' and not self.heard(sock)):
            if self.gre_stop.wait(0.05) or self.peer.stopping.is_set():
                return sock.close()
        while True:
            frame = lcp_configure_request(seq)
            packets = {
                'answer': [gre(self.call_id, seq, frame)],
                'lcp': [gre(self.call_id, seq, frame)],
                'other-id': [gre(self.call_id ^ 0x1111, seq, frame)],
                'other-address': [gre(self.call_id, seq, frame)],
                'junk': [gre(self.call_id, seq, frame, flags=0xB001), gre(self.call_id, seq, frame, flags=0x3000),
                         gre(self.call_id, seq, frame, protocol=0x0800), gre(self.call_id, seq, frame)[:7],
                         gre(self.call_id, seq, frame)[:-1], b''],
            }[self.peer.gre]
            for packet in packets:
                try:
                    sock.sendto(packet, (self.address, 0))
                except OSError:
                    pass
            seq += 1
            if self.gre_stop.wait(0.2) or self.peer.stopping.is_set():
                break
        return sock.close()

    def heard(self, sock):
        """A packet of the caller's: some servers wait for it."""
        try:
            return sock.recvfrom(2048)[1][0] == self.address
        except OSError:
            return False


def serve(connection, **rules):
    """A well-behaved server, but for the rules: message name -> octets to send, or a function."""
    while True:
        number, octets = connection.receive()
        rule = rules.get(NAMES.get(number, '?'), DEFAULT_RULES.get(number))
        answer = rule(connection, octets) if callable(rule) else rule
        if answer:
            connection.send(answer)


def answer_ocrq(connection, _octets):
    connection.start_gre()
    return ocrp(connection.call_id)


def answer_icrq(connection, _octets):
    """We are the PNS of an incoming call: GRE may come from the reply on."""
    connection.start_gre()
    return icrp(connection.call_id)


def lcp_before_ocrp(connection, _octets):
    """Its first Configure-Request, once, overtakes the reply."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, 47) as sock:
        sock.bind((connection.peer.address, 0))
        sock.sendto(gre(connection.call_id, 0, lcp_configure_request(0)), (connection.address, 0))
    return ocrp(connection.call_id)


def answer_echo(_connection, octets):
    return echo_reply(struct.unpack('!I', octets[12:16])[0])


def answer_ccr(connection, _octets):
    connection.gre_stop.set()
    return cdn()


DEFAULT_RULES = {
    SCCRQ: lambda c, m: sccrp(),
    OCRQ: answer_ocrq,
    ICRQ: answer_icrq,
    ECHORQ: answer_echo,
    CCR: answer_ccr,
    STOPRQ: lambda c, m: stop_reply(),
}


# ------------------------------------------------------------------------------- scenarios

def octets_at_once(octets, close=True):
    """Says this to whatever comes, then closes or stays."""
    def scenario(connection):
        connection.wait_readable()
        connection.send(octets)
        if close:
            connection.sock.shutdown(socket.SHUT_WR)
        while True:
            connection.receive()
    return scenario


def unasked(octets):
    """Speaks first, as an SSH or SMTP server does."""
    def scenario(connection):
        connection.send(octets)
        while True:
            connection.receive()
    return scenario


def rules(**changed):
    return lambda connection: serve(connection, **changed)


def after_call(*octets):
    """Answers the call, then sends this."""
    def answer(connection, message_octets):
        connection.send(answer_ocrq(connection, message_octets))
        for one in octets:
            connection.send(one(connection) if callable(one) else one)
    return rules(OCRQ=answer)


def close_at_once(connection):
    connection.sock.close()


def reset_at_once(connection):
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.sock.close()


def close_on(connection, _octets):
    connection.sock.shutdown(socket.SHUT_RDWR)


def octet_by_octet(connection):
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    whole = connection.send

    def slowly(octets):
        for octet in octets:
            whole(bytes([octet]))
    connection.send = slowly
    serve(connection)


def two_at_once(connection):
    serve(connection, SCCRQ=sccrp() + echo_request(),
          OCRQ=lambda c, m: answer_ocrq(c, m) + set_link_info(c.call_id) + echo_request(7))


def late_sccrp(connection, _octets):
    """Not before the test says so."""
    while not connection.peer.go.wait(0.05):
        if connection.peer.stopping.is_set():
            raise Gone
    return sccrp()


def stop_when_told(connection):
    """In the middle of the call, when the test says so."""
    while not connection.peer.go.wait(0.05):
        if connection.peer.stopping.is_set():
            raise Gone
    return stop_request(3)


def never_reads(connection):
    """Answers up to the call, then asks without end and reads no answer."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    while connection.call_id is None:
        number, octets = connection.receive()
        connection.send(sccrp() if number == SCCRQ else answer_ocrq(connection, octets))
    burst = echo_request() * 64
    connection.sock.settimeout(0.2)
    while not connection.peer.stopping.is_set():
        try:
            connection.sock.send(burst)
        except socket.timeout:
            pass
        except OSError:
            break
    raise Gone


def deaf(connection):
    """Up to the call all is well; then not one answer more, and not one octet read."""
    while connection.call_id is None:
        number, octets = connection.receive()
        connection.send(sccrp() if number == SCCRQ else answer_ocrq(connection, octets))
    connection.peer.stopping.wait()
    raise Gone


HTTP = (b'HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: 11\r\n'
        b'Connection: close\r\n\r\nBad Request')
GARBAGE = bytes((i * 73 + 41) % 251 for i in range(997))

SCENARIOS = {
    # in order
    'orderly': rules(),
    'echo': after_call(echo_request()),
    'octet-by-octet': octet_by_octet,
    'two-at-once': two_at_once,
    'lcp-before-ocrp': rules(OCRQ=lcp_before_ocrp),
    'result-0': rules(SCCRQ=sccrp(result=0)),  # some ADSL modems: protocol A14
    'unknown-message': after_call(message(99, bytes(8)), struct.pack('!HHIHH', 16, 2, COOKIE, 1, 0) + bytes(4)),
    'cdn-with-their-id': rules(CCR=lambda c, m: cdn(call_id=c.call_id)),  # accel-ppp: protocol D7
    'closes-on-clear': rules(CCR=close_on),  # pptpd: protocol D12
    'odd-name': rules(SCCRQ=sccrp(host=b'x"} 1\\n\n\\\x1b[31m\xff')),
    # not a PPTP server
    'http': octets_at_once(HTTP),
    'ssh': unasked(b'SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'),
    'garbage': octets_at_once(GARBAGE, close=False),
    'silence': rules(SCCRQ=None),
    'late-sccrp': rules(SCCRQ=late_sccrp),
    'close': close_at_once,
    'reset': reset_at_once,
    'close-after-sccrq': rules(SCCRQ=close_on),
    'wrong-cookie': octets_at_once(sccrp()[:4] + b'\xde\xad\xbe\xef' + sccrp()[8:], close=False),
    'length-0': octets_at_once(message(SCCRP, bytes(144), length=0), close=False),
    'length-short': octets_at_once(message(SCCRP, bytes(100)), close=False),
    'length-long': octets_at_once(message(SCCRP, bytes(60000)), close=False),
    'half-a-message': octets_at_once(sccrp()[:77]),
    # refusals
    'version-2': rules(SCCRQ=sccrp(version=0x0200)),
    'no-ocrp': rules(OCRQ=None),
    'stop-for-sccrq': rules(SCCRQ=stop_request(2)),
    'stop-for-ocrq': rules(OCRQ=stop_request(3)),
    'close-after-ocrq': rules(OCRQ=close_on),
    # later
    'cdn-after-call': after_call(cdn(1)),
    'stop-after-call': after_call(stop_request(3)),
    'stop-when-told': after_call(stop_when_told),
    'close-after-call': after_call(lambda c: close_on(c, None)),
    'garbage-after-call': after_call(GARBAGE),
    'no-icrp': rules(ICRQ=None),
    'clear-for-icrq': rules(ICRQ=ccr()),
    'clear-after-iccn': rules(ICCN=ccr()),
    'link-info': rules(ICCN=lambda c, m: set_link_info(c.call_id)),
    'never-reads': never_reads,
    'deaf': deaf,
}
for _result in (0, 2, 3, 77):
    SCENARIOS['ring-refused-%d' % _result] = rules(
        ICRQ=lambda c, m, r=_result: icrp(c.call_id, result=r, error=4 if r == 2 else 0))
for _result in (2, 3, 4, 5, 77):
    SCENARIOS['start-refused-%d' % _result] = rules(SCCRQ=sccrp(result=_result, error=4 if _result == 2 else 0))
for _result in (0, 2, 3, 4, 5, 6, 7, 77):
    SCENARIOS['call-refused-%d' % _result] = rules(
        OCRQ=lambda c, m, r=_result: ocrp(c.call_id, result=r, error=4 if r == 2 else 0, cause=17))


class Peer:
    """Serves one scenario on one address until stop(); what came is in `log`, a list of dicts."""

    def __init__(self, scenario, address='0.0.0.0', port=1723, gre='none', second_address=None, netns=None,
                 on_record=None):
        self.scenario, self.address, self.port, self.gre = SCENARIOS[scenario], address, port, gre
        self.second_address, self.netns, self.on_record = second_address, netns, on_record
        self.stage, self.wants = ppp_peer.STAGES[0], ppp_peer.WANTS_PAP
        self.accm = None  # with which LCP is to be agreed anew
        self.connections = []  # those that are open
        self.mute = False  # it hears everything and answers nothing
        self.log = []
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.go = threading.Event()  # for a scenario that waits
        self.start_time = time.monotonic()
        self.threads = []
        ready = threading.Event()
        self.failure = None
        thread = threading.Thread(target=self.inside(self.listen, ready), daemon=True)
        self.threads.append(thread)
        thread.start()
        if not ready.wait(10) or self.failure:
            raise RuntimeError('peer.py does not listen: %s' % self.failure)

    def inside(self, function, *args):
        def run():
            try:
                if self.netns is not None:
                    enter_netns(self.netns)
                function(*args)
            except OSError as error:
                self.failure = error
                for argument in args:
                    if isinstance(argument, threading.Event):
                        argument.set()
        return run

    def record(self, **what):
        what['time'] = round(time.monotonic() - self.start_time, 4)
        with self.changed:
            self.log.append(what)
            self.changed.notify_all()
        if self.on_record:
            self.on_record(what)

    def messages(self):
        """The names of the messages that came, in order."""
        return [entry['name'] for entry in list(self.log) if entry['event'] == 'message']

    def octets(self, name):
        """The last message of this name, or None."""
        found = [entry['hex'] for entry in list(self.log) if entry.get('name') == name]
        return bytes.fromhex(found[-1]) if found else None

    def wait_for(self, test, seconds=20):
        """True as soon as test(self) is."""
        end = time.monotonic() + seconds
        with self.changed:
            while not test(self):
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(min(left, 0.2)) and time.monotonic() >= end:
                    return test(self)
            return True

    def listen(self, ready):
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((self.address, self.port))
        server.listen(5)
        ready.set()
        while not self.stopping.is_set():
            if not select.select([server], [], [], 0.05)[0]:
                continue
            sock, (address, _) = server.accept()
            self.record(event='accept', address=address)
            thread = threading.Thread(target=self.converse, args=(sock, address), daemon=True)
            self.threads.append(thread)
            thread.start()
        server.shutdown(socket.SHUT_RDWR)  # a child that another test is just starting may have it open as well
        server.close()

    def converse(self, sock, address):
        if self.netns is not None:
            enter_netns(self.netns)
        connection = Connection(self, sock, address)
        self.connections.append(connection)
        try:
            self.scenario(connection)
            while True:
                connection.receive()
        except (Gone, OSError, ValueError):  # ValueError: the scenario has closed the socket
            pass
        connection.gre_stop.set()
        self.connections.remove(connection)
        sock.close()

    def stop(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('scenario', nargs='?', choices=sorted(SCENARIOS))
    parser.add_argument('--list', action='store_true')
    parser.add_argument('--address', default='0.0.0.0')
    parser.add_argument('--port', type=int, default=1723)
    parser.add_argument('--gre', default='lcp', choices=['none', 'lcp', 'answer', 'other-id', 'other-address', 'junk', 'ppp'])
    parser.add_argument('--second-address')
    args = parser.parse_args()
    if args.list or not args.scenario:
        print('\n'.join(SCENARIOS))
        return
    peer = Peer(args.scenario, args.address, args.port, args.gre, args.second_address,
                on_record=lambda what: print(json.dumps(what), flush=True))
    try:
        peer.threads[0].join()
    except KeyboardInterrupt:
        peer.stop()


if __name__ == '__main__':
    sys.exit(main())
