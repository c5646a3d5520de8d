"""What the peer's PPP says before there is a pppd of ours to hear it waits for that (RFC 1661 4.6: it says it again after 3 s)."""
import os
import signal

from bed import Failure, poll
from listener import Listener
from ppp_tests import ppp
from route_tests import forget
from server import Server
from ways_tests import daemon, write_config


def slow_pppd(bed):
    """It takes its time to begin, as on a machine that is busy."""
    path = bed.file('slow-pppd')
    with open(path, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write('#!/bin/sh\nsleep 2\nexec /usr/sbin/pppd "$@"\n')
    return 'path = "%s";' % path


def each_request_is_answered(document):
    """By Ack, Nak or Reject (RFC 1661 5.2 to 5.4)."""
    said = [(event['dir'], event['name']) for event in document['events']
            if event['kind'] == 'ppp' and event['protocol'] == 'LCP']
    requests = said.count(('in', 'Configure-Request'))
    answers = sum(said.count(('out', 'Configure-' + name)) for name in ('Ack', 'Nak', 'Reject'))
    if not requests or requests != answers:
        raise Failure('%d requests, %d answers: %s' % (requests, answers, said))


@ppp()
def what_a_server_says_before_our_pppd_runs_waits_on_a_tap(bed):
    server = Server(bed)
    env = write_config(bed, server, data='path = "tap";', pppd=slow_pppd(bed))
    process = daemon(bed, env, '--foreground')
    poll(lambda: (bed.status() or {}).get('state') == 'up', 40, 'it is up')
    words = ('trace', bed.NAME, '--json')
    each_request_is_answered(bed.documents(words, bed.tool(*words))[0])
    process.signal(signal.SIGTERM)
    if process.wait(20) != 0:
        raise Failure('exit code %d' % process.process.returncode)
    forget(bed)


@ppp()
def what_a_caller_says_before_our_pppd_runs_waits_on_a_pty(bed):
    gw = Listener(bed, data='path = "pty";', pppd=slow_pppd(bed))
    process = bed.connect('-u', 'alice', password='Sesam-1')
    process.wait_out(r'^ *[\d.]+ s +up ', 40)
    gw.wait_calls(1)
    words = ('trace', gw.NAME, '--json')
    each_request_is_answered(bed.documents(words, gw.tool(*words))[0])
    process.signal(signal.SIGINT)
    if process.wait(20) != 0:
        raise Failure('exit code %d' % process.process.returncode)
    gw.stop()
