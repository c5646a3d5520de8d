"""A call that waits for GRE, at the scripted server: the stage for the faults that need no PPP, and what makes them."""
import os
import signal
import socket
import struct
import types

import peer as peers
from bed import Failure, Process, poll
from control_tests import drop, undrop
from fault_stage import Stage
from ways_tests import write_config


class Scripted(Stage):
    """A call that waits for GRE, to the scripted server: all that needs no PPP."""
    GROUP = 'control'
    KEEP = 'control-echo = 1; control-echo-wait = 2;'
    UP, REDIAL = 'call open', r's +waiting '

    def prepare(self):
        self.peer = self.bed.peer('orderly')
        self.env = write_config(self.bed, types.SimpleNamespace(user='user', password='secret'), keepalive=self.KEEP,
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


def peer_again(stage):
    stage.peer = stage.bed.peer('orderly')


def same_name(stage):
    second = Process(stage.bed, stage.bed.cli, [
        stage.bed.runner.command, 'connect', stage.bed.NAME, '--until', 'call'], 'second-%d' % len(stage.bed.started),
        env=stage.bed.environment(**stage.env))
    if second.wait() != 19 or 'E111 ' not in second.out:
        raise Failure('the second one: %d %s' % (second.process.returncode, second.out))


def engine_killed(stage):
    os.kill(stage.engine(), signal.SIGKILL)


def keeper_killed(stage):
    os.kill(stage.process.pid, signal.SIGKILL)
