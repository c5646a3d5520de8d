"""`pptpeer doctor`: the way is broken in one place, and that hop is named, with its evidence; and all is well."""
import os
import re
import signal

import bed as beds
import server as servers
from bed import Failure, Process, Skip, in_netns, poll
from control_tests import CLEARED, QUICK, control, drop
from ppp_tests import ppp, up
from ways_tests import daemon, expect_exit, wait_log, write_config
from registry import add

HOPS = ['this host', 'name', 'route', 'tcp', 'control', 'call', 'gre out', 'gre in', 'lcp', 'authentication', 'encryption',
        'addresses', 'ping', 'dns', 'path mtu']
LABELS = {'tcp': 'TCP 1723', 'gre out': 'GRE out', 'gre in': 'GRE in', 'lcp': 'LCP', 'dns': 'DNS', 'path mtu': 'path MTU'}
PASSWORD = 'Sesam-5-oeffne'


def doctor(bed, *words, host=None, password=None, name='doctor', env=None, wrapper=()):
    argv = [bed.runner.command, 'doctor', host or bed.server] + list(words)
    if password is not None:
        argv.append('--password-stdin')
        password = (password + '\n').encode()
    return Process(bed, bed.cli, argv, name, stdin=password, env=bed.environment(**(env or {})), wrapper=wrapper)


def end(process, code, within=60):
    if process.wait(within) != code:
        raise Failure('exit code %d, not %d' % (process.process.returncode, code))


def said(bed, process, code):
    """The document of --json, as the schema says."""
    end(process, code)
    return bed.documents(process.argv[1:], process.out)[0]


def in_order(document, last):
    """Each hop once, in the order of the way, up to the one that is the last."""
    names = [hop['name'] for hop in document['hops']]
    if names != HOPS[:HOPS.index(last) + 1]:
        raise Failure('hops: %s' % names)


def fails(bed, hop, code, ecode, *patterns, words=QUICK, **kwargs):
    """Text and --json name that hop, with this code; all hops before it are told."""
    process = doctor(bed, *words, **kwargs)
    end(process, code)
    for pattern in (r'^no  %s +%s ' % (LABELS.get(hop, hop), ecode),) + patterns:
        if not re.search(pattern, process.out, re.M | re.S):
            raise Failure('it does not say /%s/' % pattern)
    document = said(bed, doctor(bed, *words, '--json', name='doctor-json', **kwargs), code)
    if (document['failed'], document['reason']['code'], document['reason']['exit']) != (hop, ecode, code):
        raise Failure('%s' % document)
    if document['hops'][-1]['ok'] is not False or document['hops'][-1]['evidence'] != document['reason']['text']:
        raise Failure('%s' % document['hops'][-1])
    in_order(document, hop)
    bed.nothing_left()
    return document


def evidence(document, hop):
    return [one for one in document['hops'] if one['name'] == hop][0]


# -------------------------------------------------------------------------- up to GRE in

@control()
def doctor_says_that_all_is_well_up_to_gre(bed):
    """Without a user, a password, pppd or /dev/ppp; and it hangs up in order."""
    peer = bed.peer('orderly', gre='lcp')
    process = doctor(bed, *QUICK)
    end(process, 0)
    for pattern in (r'^ok  this host +root', r'^--  name +%s is an address' % re.escape(bed.server),
                    r'^ok  route +%s dev vc source %s$' % (re.escape(bed.server), re.escape(bed.client)),
                    r'^ok  TCP 1723 +%s answered in \d+ ms \(source %s dev vc\)$' % (re.escape(bed.server), re.escape(bed.client)),
                    r'^ok  control +control connection established; the server says it is peer\.py',
                    r'^ok  call +call open \(Call ID \d+ here, %d there\)' % 0xBEEF,
                    r'^ok  GRE out +[1-9]\d* packets sent', r'^ok  GRE in +[1-9]\d* packets received, 0 lost, 0 bad',
                    r'further hops need a user: -u USER$'):
        if not re.search(pattern, process.out, re.M):
            raise Failure('it does not say /%s/' % pattern)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())
    document = said(bed, doctor(bed, *QUICK, '--json', name='json'), 0)
    in_order(document, 'gre in')
    if document['failed'] is not None or document['target'] != bed.server or evidence(document, 'tcp')['ms'] is None:
        raise Failure('%s' % document)


@control()
def doctor_name_that_does_not_resolve(bed):
    fails(bed, 'name', 6, 'E207', r'no-such-name\.invalid', r'Next: check the name', host='no-such-name.invalid')


@control()
def doctor_no_route(bed):
    fails(bed, 'route', 7, 'E202', r'no route to the server: 203\.0\.113\.9: Network is unreachable', r'Next: .*ip route get 203',
          host='203.0.113.9')


@control()
def doctor_not_root(bed):
    fails(bed, 'this host', 4, 'E104', r'root', wrapper=['setpriv', '--reuid', '65534', '--clear-groups', '--'])


@control()
def doctor_tcp_refused(bed):
    fails(bed, 'tcp', 7, 'E202', r'refuses TCP 1723')


@control()
def doctor_tcp_dropped(bed):
    drop(bed, bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))
    fails(bed, 'tcp', 7, 'E201', r'No answer from .* within 1 s', words=('--connect-timeout', '1'))


def scripted(name, scenario, hop, code, ecode, *patterns, gre='none'):
    def run(bed):
        bed.peer(scenario, gre=gre)
        fails(bed, hop, code, ecode, *patterns)
    add('doctor-' + name, 'control', run)


scripted('http-on-that-port', 'http', 'control', 8, 'E206', r'not a PPTP server.*HTTP/1\.1 400')
scripted('start-refused', 'start-refused-4', 'control', 8, 'E203', r'result 4 \(')
scripted('start-not-answered', 'silence', 'control', 8, 'E208')
scripted('call-refused-as-busy', 'call-refused-4', 'call', 9, 'E205', r'result 4 \(.*[Bb]usy')
scripted('call-not-answered', 'no-ocrp', 'call', 9, 'E209')
scripted('gre-dropped-on-the-way', 'orderly', 'gre in', 10, 'E301', r'^ok  GRE out +[1-9]\d* packets sent.*^no  GRE in',
         r'nothing +arrived at all', r'Next: allow "protocol 47')
scripted('gre-with-another-call-id', 'orderly', 'gre in', 10, 'E303', gre='other-id')
scripted('gre-from-another-address', 'orderly', 'gre in', 10, 'E304', gre='other-address')
scripted('call-ended-at-once', 'cdn-after-call', 'gre in', 9, 'E210')


@control()
def doctor_gre_dropped_here(bed):
    bed.peer('orderly', gre='lcp')
    drop(bed, bed.cli, 'input', ('ip protocol gre', ['-p', 'gre']))
    fails(bed, 'gre in', 10, 'E302', r"This host's own firewall drops GRE from")


@control()
def doctor_gre_dropped_here_on_its_way_out(bed):
    bed.peer('orderly')
    drop(bed, bed.cli, 'output', ('ip protocol gre', ['-p', 'gre']))
    fails(bed, 'gre out', 10, 'E302', r"This host's own firewall drops GRE to")


@control()
def doctor_dev_ppp_missing(bed):
    """Nobody is dialled for it."""
    if os.path.exists('/dev/ppp'):
        raise Skip('there is a /dev/ppp here')
    peer = bed.peer('orderly')
    fails(bed, 'this host', 5, 'E101', r'/dev/ppp cannot be opened', words=('-u', 'user'), password='x')
    if peer.messages():
        raise Failure('it was dialled: %s' % peer.messages())


@control()
def doctor_ends_in_order_on_a_signal(bed):
    peer = bed.peer('orderly')
    process = doctor(bed)
    process.wait_out(r'^ok  call ')
    process.signal(signal.SIGINT)
    end(process, -signal.SIGINT)
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())


@control()
def doctor_that_is_killed_leaves_no_call(bed):
    peer = bed.peer('orderly')
    process = doctor(bed)
    process.wait_out(r'^ok  call ')
    process.signal(signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(), 10, 'all processes end')
    if peer.messages() != CLEARED:
        raise Failure('the server received %s' % peer.messages())
    bed.nothing_left()
