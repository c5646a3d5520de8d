"""`pptpeer doctor`: the way is broken in one place, and that hop is named, with its evidence; and all is well."""
import json
import os
import re
import shutil
import signal
import socket
import threading
import types

import bed as beds
import schema_tests
import server as servers
from bed import Failure, Process, Skip, in_netns, poll
from control_tests import CLEARED, QUICK, control, drop
from hook_tests import all_events
from ppp_tests import ppp, up
from route_tests import forget
from ways_tests import daemon, expect_exit, log_of, write_config
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
    if (document['failed'], document['reason']['exit']) != (hop, code) or not re.fullmatch(ecode, document['reason']['code']):
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
         r'drops\s+IP\s+protocol\s+47', r'Next: allow "protocol 47')
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


# ------------------------------------------------- what comes through a tunnel, under AddressSanitizer

class Said:
    """The control socket of a tunnel that is up, over the wire itself: where there is ASan there is no PPP."""

    def __init__(self, bed, **ppp):
        self.tunnel = dict(schema_tests.UP, name=bed.NAME, last_end=None,
                           ppp=dict(schema_tests.UP['ppp'], interface='vc', local=bed.client, peer=bed.server, mtu=1400, dns=[], **ppp))
        self.folder = os.path.join(bed.run_dir, bed.NAME)
        os.makedirs(self.folder)
        self.path = os.path.join(self.folder, 'control.sock')
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                one, _ = self.listener.accept()
            except OSError:
                return
            with one:
                one.recv(4096)
                one.sendall((json.dumps({'ok': True, 'tunnel': self.tunnel}) + '\n').encode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.folder)


def answering(bed, sock, answers):
    """A thread of the server's that answers each datagram with these, made of it and of its sender."""
    def run():
        while True:
            try:
                octets, sender = sock.recvfrom(65536)
                for one in answers(octets):
                    sock.sendto(one, sender)
            except OSError:
                return
    threading.Thread(target=run, daemon=True).start()


def dns_answer(query, rcode=0):
    return query[:2] + bytes([0x81, 0x80 | rcode]) + query[4:]


def bad_dns(query):
    """Neither a short one, nor a query, nor another's answer, nor one whose counts lie is an answer."""
    return [b'', query[:2], query[:11], query, b'\0\0' + dns_answer(query)[2:], dns_answer(query)[:6] + b'\xff\xff' + query[8:],
            query[:2] + b'\x81\x80' + b'\xff' * 8 + b'\xc0\x0c' * 40, query[:2] + b'\x81\x80' + bytes(range(256)) * 4]


def icmp_socket(bed):
    sock = in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    in_netns(bed.srv, set_echo_ignored)
    return sock


def bad_pings(octets):
    """Answers to none of ours: cut, of another kind, identifier or sequence."""
    request = octets[(octets[0] & 15) * 4:]
    if request[:1] != b'\x08':
        return []
    return [b'', b'\0', b'\0' * 7, b'\x03\0' + request[2:], b'\0\1' + request[2:], b'\0\0' + request[2:4] + b'\xee\xee' + request[6:],
            b'\0\0' + request[2:6] + b'\xee\xee' + request[8:]]


@control()
def doctor_takes_only_answers_to_its_pings(bed):
    with icmp_socket(bed) as sock, Said(bed):
        answering(bed, sock, bad_pings)
        process = doctor(bed, host=bed.NAME)
        end(process, 15)
        if not re.search(r'^no  ping +E801 .*%s, its other end, answered none of 5 pings' % re.escape(bed.server), process.out, re.M):
            raise Failure('it does not say so')


@control()
def doctor_takes_only_answers_to_its_queries(bed):
    """Of two servers the first says nothing that is one; the second refuses, behind as much of the same."""
    with Said(bed) as tunnel, in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as bad, \
            in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_DGRAM) as good:
        bad.bind((bed.server, 53))
        good.bind((bed.second, 53))
        answering(bed, bad, bad_dns)
        answering(bed, good, lambda query: bad_dns(query) + [dns_answer(query, 5)])
        tunnel.tunnel['ppp']['dns'] = [bed.server, bed.second]
        document = said(bed, doctor(bed, '--json', host=bed.NAME), 0)
        in_order(document, 'path mtu')
        words = evidence(document, 'dns')['evidence']
        if not re.fullmatch(r'%s did not answer 3 queries; %s answered in \d+ ms \(refused\)' % (bed.server, bed.second), words):
            raise Failure(words)


@control()
def doctor_of_one_who_is_not_root(bed):
    """By the kernel's own ping socket, where people may have that; else it is said why there is no ping."""
    nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--']
    with Said(bed) as tunnel:
        os.chmod(tunnel.path, 0o666)
        os.chmod(bed.runner.run_dirs, 0o755)
        document = said(bed, doctor(bed, '--json', host=bed.NAME, name='forbidden', wrapper=nobody), 4)
        if (document['failed'], document['reason']['code']) != ('ping', 'E104'):
            raise Failure('%s' % document)
        in_netns(bed.cli, write_to, '/proc/sys/net/ipv4/ping_group_range', '0 2147483647')
        in_order(said(bed, doctor(bed, '--json', host=bed.NAME, name='allowed', wrapper=nobody), 0), 'path mtu')


@control()
def doctor_finds_the_longest_packet(bed):
    """Of a way on which the next hop takes 1000 octets at most, and tells nobody."""
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'mtu', '1000'])
    with Said(bed):
        document = said(bed, doctor(bed, '--json', host=bed.NAME), 15)
    # A veth takes the octets of a VLAN's tag on top of its MTU.
    if document['failed'] != 'path mtu' or not re.match(r'ip\.mtu = (996|1000) ', document['reason']['next']):
        raise Failure('%s' % document)


@control()
def doctor_takes_no_lost_packet_for_a_narrow_path(bed):
    """1000 octets pass, but of the first size that is tried between, 742, the first two are lost."""
    lost = []

    def answers(octets):
        request = octets[(octets[0] & 15) * 4:]
        if request[:1] != b'\x08' or len(octets) > 1000:
            return []
        if len(octets) == 742 and len(lost) < 2:
            lost.append(octets)
            return []
        return [b'\0\0' + request[2:]]  # of a raw socket the kernel does not look at the checksum
    with icmp_socket(bed) as sock, Said(bed):
        answering(bed, sock, answers)
        document = said(bed, doctor(bed, '--json', host=bed.NAME), 15)
    if document['failed'] != 'path mtu' or not document['reason']['next'].startswith('ip.mtu = 996 '):
        raise Failure('%s' % document)
    if len(lost) != 2:
        raise Failure('742 octets were not tried')


# --------------------------------------------------------------------- PPP, and what passes it

LOGIN = ('-u', 'user')


def dns(bed, silent=False):
    """A DNS server in the server's machine: dnsmasq, or one that hears and says nothing."""
    if silent:
        sock = in_netns(bed.srv, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(('0.0.0.0', 53))
        return sock
    process = Process(bed, bed.srv, ['dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
                                     '--user=root', '--pid-file', '--log-facility=-', '--log-queries'], 'dnsmasq')
    process.wait_out(r'started, version')
    return process


def well(bed, *words, **kwargs):
    """All hops are fine; the document."""
    process = doctor(bed, *words, **kwargs)
    end(process, 0)
    if not re.search(r'^All is well\.$', process.out, re.M):
        raise Failure('it does not say that all is well')
    document = said(bed, doctor(bed, *words, '--json', name='doctor-json', **kwargs), 0)
    in_order(document, 'path mtu')
    bed.nothing_left()
    return process.out, document


@ppp()
def doctor_says_that_all_is_well(bed):
    """Through a tunnel of its own, with the server's DNS."""
    server = servers.Server(bed, options=['ms-dns ' + servers.INNER])
    names = dns(bed)
    text, document = well(bed, *LOGIN, password=server.password)
    for pattern in (r'^ok  this host +root; \S*pppd with our plugin, /dev/ppp, MPPE in the kernel$',
                    r'^ok  GRE out +[1-9]\d* packets sent', r'^ok  LCP +LCP agreed', r'^ok  authentication +authenticated as user \(MS-CHAP-V2\)',
                    r'^ok  encryption +MPPE 128-bit stateless', r'^ok  addresses +pptdoc\d+ 192\.168\.99\.\d+ -> %s, MTU 1456' % servers.INNER,
                    r'^ok  ping +%s answered [345] of 5' % servers.INNER, r'^ok  DNS +%s answered in \d+ ms' % servers.INNER,
                    r'^ok  path MTU +packets of 1456 octets'):
        if not re.search(pattern, text, re.M):
            raise Failure('it does not say /%s/' % pattern)
    if any(hop['ok'] is not True for hop in document['hops'] if hop['name'] != 'name'):
        raise Failure('%s' % document)
    if not re.search(r'query\[NS\] \S+ from 192\.168\.99\.', names.out):
        raise Failure('dnsmasq was not asked: ' + names.out)


@ppp()
def doctor_without_encryption_and_without_dns(bed):
    """Neither is a fault when nobody wants it, and both are said."""
    server = servers.Server(bed, mppe=False)
    for mode in ('off', 'prefer'):
        text, document = well(bed, *LOGIN, '--mppe', mode, password=server.password)
        if evidence(document, 'encryption')['ok'] is not None or evidence(document, 'dns')['ok'] is not None:
            raise Failure('%s' % document)
        if not re.search(r'^--  encryption +NOT ENCRYPTED', text, re.M):
            raise Failure('it does not say that nothing is encrypted')


@ppp()
def doctor_without_a_password(bed):
    """There is none to be had here: nobody is dialled, and this host is named."""
    peer = bed.peer('orderly')
    document = said(bed, doctor(bed, *LOGIN, '--password-file', bed.file('none'), '--json'), 3)
    if (document['failed'], document['reason']['code']) != ('this host', 'E109') or peer.messages():
        raise Failure('%s; the server received %s' % (document, peer.messages()))


@ppp()
def doctor_wrong_password(bed):
    server = servers.Server(bed)
    fails(bed, 'authentication', 12, 'E401', r'refused the user name or password for user', r'^ok  LCP ', words=LOGIN,
          password='not-' + server.password)


@ppp()
def doctor_another_authentication_is_wanted(bed):
    server = servers.Server(bed, auth='pap')
    fails(bed, 'authentication', 12, 'E402', r'asks for PAP', words=LOGIN, password=server.password)


@ppp()
def doctor_mppe_not_offered(bed):
    server = servers.Server(bed, mppe=False)
    fails(bed, 'encryption', 14, 'E501', r'^ok  authentication ', words=LOGIN, password=server.password)


@ppp()
def doctor_no_address_to_be_had(bed):
    """The server's pppd has none to give, as with a pool that is empty.  pptpd closes TCP as that ends: which of it is heard first is chance."""
    server = servers.Server(bed, conf=['delegate'])
    document = fails(bed, 'addresses', 11, '(?:E603|E211)', r'did not come to addresses|it closed TCP', words=LOGIN, password=server.password)
    if evidence(document, 'authentication')['ok'] is not True:
        raise Failure('%s' % document)


@ppp(slow=True)
def doctor_lcp_is_silent(bed):
    """It asks, and takes no notice of what we ask."""
    bed.peer('orderly', gre='lcp')
    fails(bed, 'lcp', 11, 'E603', r'^ok  GRE in ', words=LOGIN, password='x')


@ppp()
def doctor_inner_address_answers_no_ping(bed):
    server = servers.Server(bed)
    in_netns(bed.srv, set_echo_ignored)
    fails(bed, 'ping', 15, 'E801', r'%s, its other end, answered none of 5 pings' % servers.INNER, words=LOGIN,
          password=server.password)


def set_echo_ignored():
    write_to('/proc/sys/net/ipv4/icmp_echo_ignore_all', '1')


def write_to(path, words):
    with open(path, 'w') as file:
        file.write(words + '\n')


@ppp()
def doctor_dns_server_is_silent(bed):
    server = servers.Server(bed, options=['ms-dns ' + servers.INNER])
    with dns(bed, silent=True):
        fails(bed, 'dns', 15, 'E802', r'%s did not answer 3 queries' % servers.INNER, r'^ok  ping ', words=LOGIN,
              password=server.password)


@ppp()
def doctor_nobody_listens_for_dns(bed):
    server = servers.Server(bed, options=['ms-dns ' + servers.INNER])
    fails(bed, 'dns', 15, 'E802', r'%s did not answer 3 queries: Connection refused' % servers.INNER, words=LOGIN,
          password=server.password)


@ppp()
def doctor_mtu_black_hole(bed):
    """A hop on the way drops what is longer than 1300 octets and tells nobody; with the MTU that is said all is well."""
    server = servers.Server(bed)
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'mtu', '1300'])
    looked = doctor(bed, *LOGIN, password=server.password)
    end(looked, 15)
    found = re.search(r'^no  path MTU +E803 .*the MTU of pptdoc\d+ is 1456.*\n +Next: ip\.mtu = (\d+) \(--mtu \1\)', looked.out, re.M)
    # 20 of IP, 12 to 16 of GRE, some 8 of PPP and MPPE; the wire takes 4 more than it says, for a VLAN.
    if not found or not 1240 <= int(found.group(1)) <= 1264:
        raise Failure('what is said of the MTU: %s' % (found and found.group(0)))
    document = said(bed, doctor(bed, *LOGIN, '--mtu', found.group(1), '--json', password=server.password, name='well'), 0)
    in_order(document, 'path mtu')


# -------------------------------------------------------------------------- a tunnel that is there

@ppp()
def doctor_of_a_tunnel_that_is_up_dials_no_second_call(bed):
    server, process = up(bed)
    servers.both_ends_up(bed)
    looked = doctor(bed, host=bed.NAME)
    end(looked, 0)
    for pattern in (r'^ok  this host +the tunnel %s is up' % bed.NAME, r'^ok  addresses +ppp\d', r'^ok  ping +%s answered' % servers.INNER,
                    r'^--  DNS ', r'^ok  path MTU +packets of 1456 octets'):
        if not re.search(pattern, looked.out, re.M):
            raise Failure('it does not say /%s/' % pattern)
    document = said(bed, doctor(bed, '--json', host=bed.NAME, name='json'), 0)
    in_order(document, 'path mtu')
    in_netns(bed.srv, set_echo_ignored)
    document = said(bed, doctor(bed, '--json', host=bed.NAME, name='no-ping'), 15)
    if document['failed'] != 'ping':
        raise Failure('%s' % document)
    if server.log().count('rcvd [CHAP Response') != 1 or bed.status()['state'] != 'up':
        raise Failure('the server saw:\n' + server.log())
    process.signal(signal.SIGINT)
    bed.expect(process, 0, r'Hung up', within=12)


@ppp()
def doctor_of_a_tunnel_that_waits_dials_apart(bed):
    """Its settings, but neither its interface nor its routes nor its hooks; and it goes on waiting."""
    site = '10.77.0.0/16'
    env = write_config(bed, types.SimpleNamespace(user='user', password=PASSWORD), ip='interface = "ppp-t";',
                       routes='through = [ "%s" ];' % site, retry='first-delay = 3600; max-delay = 3600;',
                       hooks=all_events(bed, 'echo $1 >>MARKS'))
    process = daemon(bed, env, '--foreground')
    poll(lambda: beds.read(bed.file('marks')).split() == ['pre-dial', 'waiting'], 20, 'it waits')
    looked = doctor(bed, host=bed.NAME, env=env)
    end(looked, 7)
    if not re.search(r'^no  TCP 1723 +E202 ', looked.out, re.M):
        raise Failure('it does not say that TCP is refused')
    servers.Server(bed, password=PASSWORD)
    looked = doctor(bed, host=bed.NAME, env=env, name='well')
    end(looked, 0)
    in_netns(bed.srv, set_echo_ignored)
    end(doctor(bed, host=bed.NAME, env=env, name='no-ping'), 15)  # its tunnel is up for 5 s
    said_of_network = re.search(r'.*the network has changed.*', log_of(bed))
    if said_of_network:
        raise Failure('the tunnel that waits takes the doctor for a network: ' + said_of_network.group(0))
    if 'ppp-t' in looked.out or bed.status()['state'] != 'waiting' or bed.sh(bed.cli, ['ip', 'route', 'show', site]):
        raise Failure('%s' % bed.status())
    if beds.read(bed.file('marks')).split() != ['pre-dial', 'waiting']:
        raise Failure('hooks heard of it: ' + beds.read(bed.file('marks')))
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def doctor_tries_every_address_of_the_name(bed):
    hosts = bed.file('hosts')
    with open(hosts, 'w') as file:
        file.write('%s vpn.test\n%s vpn.test\n' % (bed.server, bed.second))
    bed.peer('orderly', address=bed.second, gre='lcp')
    process = doctor(bed, host='vpn.test', wrapper=['unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts])
    end(process, 0)
    for pattern in (r'^ok  name +vpn\.test is %s, %s' % (bed.server, bed.second), r'^ok  route +%s dev .*; %s dev ' % (bed.server, bed.second),
                    r'^ok  TCP 1723 +%s answered .*before it %s: Connection refused' % (bed.second, bed.server)):
        if not re.search(pattern, process.out, re.M):
            raise Failure('it does not say /%s/' % pattern)
