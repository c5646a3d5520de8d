"""The stages for faults that take their time: a server that is silent at one stage of PPP, and the keepalives of the manual."""
import time

import ppp_peer
from bed import poll
from fault_pptpd import Pptpd, suspended


class Slow(Pptpd):
    """Nothing is set: what the manual has by default counts."""
    KEEP, DATA, DIAL = '', '', ''


class Silent(Slow):
    """PAP, which the scripted server can take, and MS-CHAPv2."""
    AUTH = 'accept = [ "pap", "mschap-v2" ];'
    ENCRYPTION = 'mppe = "off";'

    def serve(self, **how):
        super().serve(**{'auth': 'pap', 'mppe': False, **how})

    def close(self):
        for peer in self.bed.peers:
            peer.stop()
        super().close()


def silent_at(gre, at=None, wants=ppp_peer.WANTS_PAP):
    """At the next dial the name has another address, where a server answers up to there."""
    def make(stage):
        peer = stage.bed.peer('orderly', gre=gre, address=stage.bed.second)
        peer.stage, peer.wants = at, wants
        stage.dns.address = stage.bed.second
        stage.end_call()
        poll(lambda: 'OCRQ' in peer.messages(), 20, 'that server is dialled')
    return make


def speaks_again(stage):
    stage.dns.address = stage.address
    stage.bed.peers.pop().stop()


def suspended_for_long(stage):
    suspended(stage, lambda stage: time.sleep(125))  # control-echo + control-echo-wait, and the 5 s of its own
