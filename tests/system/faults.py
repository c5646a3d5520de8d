"""The table of faults: what is done to a tunnel, when that is noticed, what is said, and that it comes back.

Each row is a test.  `within` is the manual's bound, and limits a wait; tests/system/faults prints the table with what
was measured.
"""
import os
import signal
import struct
import socket

import peer as peers
from bed import Failure, Process, poll
from control_tests import drop, undrop
from fault_stage import BACK, GONE, STAYS, Row, Stage, play
from registry import add
from ways_tests import write_config


class Scripted(Stage):
    """A call that waits for GRE, to the scripted server: all that needs no PPP."""
    NAME, GROUP = 'scripted', 'control'
    KEEP = 'control-echo = 1; control-echo-wait = 2;'
    UP, REDIAL = 'call open', r's +waiting '

    class Account:
        user, password = 'user', 'secret'

    def prepare(self):
        self.peer = self.bed.peer('orderly')
        self.env = write_config(self.bed, self.Account, keepalive=self.KEEP,
                                dial='server = "%s"; connect-timeout = 2; reply-timeout = 2;' % self.bed.server,
                                retry='first-delay = 1; max-delay = 1;', data='gre-timeout = 300;')
        self.words = ''

    def close(self):
        undrop(self.bed, self.bed.srv)
        self.peer.stop()

    def launch(self):
        if self.process is not None:
            self.words += self.process.out
        self.process = Process(self.bed, self.bed.cli, [
            self.bed.runner.command, 'connect', self.bed.NAME, '--until', 'gre', '--persist'],
            'connect-%d' % len(self.bed.started), env=self.bed.environment(**self.env))

    def text(self):
        return self.words + (self.process.out if self.process is not None else '')

    def alive(self):
        """It answers an Echo-Request of ours."""
        poll(lambda: self.peer.connections, 10, 'it is connected')
        came = self.peer.messages().count('EchoRP')
        self.say(peers.echo_request())
        if not self.peer.wait_for(lambda peer: peer.messages().count('EchoRP') > came):
            raise Failure('an Echo-Request is not answered')

    def say(self, octets):
        self.peer.connections[-1].send(octets)


def says(octets):
    """The server sends this."""
    return lambda stage: stage.say(octets)


def from_now_on(scenario):
    """The server ends the call, and is another one at the next dial."""
    def make(stage):
        since = len(stage.text())
        stage.peer.scenario = peers.SCENARIOS[scenario]
        stage.say(peers.cdn())
        poll(lambda: stage.said('E210 ', since), 5, 'the end of the call is noticed')
    return make


def orderly(stage):
    stage.peer.scenario = peers.SCENARIOS['orderly']


def reset(stage):
    sock = stage.peer.connections[-1].sock
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    sock.close()


def set_mute(value):
    def make(stage):
        stage.peer.mute = value
    return make


def tcp_lost(stage):
    drop(stage.bed, stage.bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))


def filters_off(stage):
    undrop(stage.bed, stage.bed.srv)
    undrop(stage.bed, stage.bed.cli)


def peer_again(stage):
    stage.peer = stage.bed.peer('orderly')


def same_name(stage):
    second = Process(stage.bed, stage.bed.cli, [
        stage.bed.runner.command, 'connect', stage.bed.NAME, '--until', 'call'], 'second-%d' % len(stage.bed.started),
        env=stage.bed.environment(**stage.env))
    if second.wait() != 19 or 'E111 ' not in second.out:
        raise Failure('the second one: %d %s' % (second.process.returncode, second.out))


AT_ONCE = 'at once: TCP tells'
ECHO, REPLY = 'control-echo + control-echo-wait', 'dial.reply-timeout'

SCRIPTED = [
    Row('Stop from the server, reason %d' % reason, 'Stop-Control-Connection-Request', 1, AT_ONCE,
        [r'E204 .*reason %d' % reason], BACK, says(peers.stop_request(reason))) for reason in (1, 2, 3)
] + [
    Row('Call-Disconnect from the server, result %d' % result, 'Call-Disconnect-Notify', 1, AT_ONCE,
        [r'E210 .*result %d' % result], BACK, says(peers.cdn(result))) for result in (1, 2, 3, 4)
] + [
    Row('TCP reset', 'RST from the server', 1, AT_ONCE, [r'E211 '], BACK, reset),
    Row('TCP closed', 'FIN from the server', 1, AT_ONCE, [r'E211 '], BACK,
        lambda stage: stage.peer.connections[-1].sock.shutdown(socket.SHUT_RDWR)),
    Row('garbage on the control connection', '997 octets of no message', 1, AT_ONCE, [r'E206 '], BACK,
        says(peers.GARBAGE)),
    Row('server silent on an open call', 'it answers no Echo-Request', 3, ECHO, [r'E601 '], BACK, set_mute(True),
        set_mute(False)),
    Row('TCP lost on the way', "the server's packet filter", 3, ECHO, [r'E601 ', r'E201 '],
        BACK, tcp_lost, filters_off),
    Row('server gone', 'closes all, and listens no more', 1, AT_ONCE, [r'E211 ', r'E202 '], BACK,
        lambda stage: stage.peer.stop(), peer_again),
    Row('server silent at Start', 'no Start-Control-Connection-Reply', 3.25, 'retry.first-delay + ' + REPLY,
        [r'E208 '], BACK, from_now_on('silence'), orderly),
    Row('server silent at the call', 'no Outgoing-Call-Reply', 3.25, 'retry.first-delay + ' + REPLY, [r'E209 '],
        BACK, from_now_on('no-ocrp'), orderly),
    Row('server busy', 'Outgoing-Call-Reply, result 4', 1.25, 'retry.first-delay', [r'E205 .*[Bb]usy'], BACK,
        from_now_on('call-refused-4'), orderly),
    Row('server refuses the control connection', 'Start-Control-Connection-Reply, result 4', 1.25, 'retry.first-delay',
        [r'E203 .*authori'], BACK, from_now_on('start-refused-4'), orderly),
    Row('another service on the port', 'HTTP', 1.25, 'retry.first-delay', [r'E206 .*not a PPTP server'], BACK,
        from_now_on('http'), orderly),
    Row('duplicate name', 'one more connect of that name', 0, '', [], STAYS, same_name),
    Row('engine killed', 'SIGKILL', 1, 'at once: its socket closes', [r'E001 .*engine'], BACK,
        lambda stage: os.kill(stage.engine(), signal.SIGKILL)),
    Row('keeper killed', 'SIGKILL', 0, '', [], GONE, lambda stage: os.kill(stage.process.pid, signal.SIGKILL)),
]

for _stage, _rows in ((Scripted, SCRIPTED),):
    add('faults-' + _stage.NAME, _stage.GROUP, lambda bed, stage=_stage, rows=_rows: play(bed, stage, rows))
