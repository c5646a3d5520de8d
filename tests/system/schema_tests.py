"""The schema itself: it takes what it should and refuses whatever is damaged; and what no other test prints with --json."""
import copy
import os

import bed as beds
import schema
from bed import Failure, Process
from control_tests import control

SERVER = {'name': 'vpn.example.com', 'address': '198.51.100.7', 'port': 1723, 'peer_hostname': 'ras1',
          'peer_vendor': 'linux', 'firmware': 1}
LAST_END = {'when': 1699988000, 'by': 'here', 'code': 'E201', 'text': 'No answer.\nOn 2 lines.', 'next': '', 'exit': 7,
            'duration_s': 0}
UP = {
    'name': 'office', 'role': 'dial', 'state': 'up', 'since': 1699988480, 'uptime_s': 11520, 'server': SERVER,
    'call': {'local_id': 41077, 'peer_id': 312, 'direction': 'outgoing', 'speed_bps': 100000000, 'window': 64},
    'data_path': 'pty', 'data_path_why': 'no TAP: /dev/net/tun: No such file or directory',
    'channel': {'to_ppp': 5, 'from_ppp': 6, 'dropped': 0, 'bad': 0, 'foreign': 0},
    'gre': {'rx': 401233, 'tx': 5, 'lost': 17, 'reordered': 212, 'duplicate': 0, 'bad': 0, 'acks_rx': 1, 'acks_tx': 1,
            'far': 0, 'resync': 0, 'other_call': 0, 'too_long': 0, 'wait_us': 9000, 'wait_packets': 3, 'ack_timeouts': 0,
            'over_window': 0, 'tx_dropped': 0, 'ack_timeout_us': 500000, 'window': 32, 'rtt_us': 20000, 'last_rx_ms': 345},
    'ppp': {'interface': 'ppp-office', 'pppd_pid': 77, 'auth': 'MS-CHAP-V2', 'user': 'CORP\\bob',
            'mppe': {'bits': 128, 'stateful': False}, 'local': '10.20.0.57', 'peer': '10.20.0.1', 'ipv6': ['fe80::1'], 'mtu': 1456,
            'dns': ['10.20.0.1'], 'dns_use': 'resolved', 'dns_why': 'it', 'dns_error': None, 'rx_bytes': 432747315, 'tx_bytes': 39950745},
    'control': {'echo_rtt_us': None, 'last_rx_ms': 14200}, 'routes': [], 'server_route': None, 'last_end': LAST_END,
    'redials': 1, 'tries': 0, 'next_try_s': None, 'dial_refused': None, 'calls': []}
NOT_DIALLED = dict(UP, uptime_s=None, call=None, data_path=None, data_path_why=None, channel=None, gre=None, ppp=None, control=None)
WAITING = dict(NOT_DIALLED, state='waiting', next_try_s=12,
               server=dict(SERVER, address=None, peer_hostname=None, peer_vendor=None, firmware=None))
FAILED = dict(NOT_DIALLED, state='failed', server=None)
STOPPED = dict(FAILED, state='stopped', last_end=dict(LAST_END, by='user', code=None, exit=0))
EVENT = {'time': 0.25, 'dir': 'in', 'src': '198.51.100.7', 'dst': '192.0.2.1', 'kind': 'control', 'type': 6, 'name': 'Echo-Reply',
         'summary': 'Echo Reply', 'text': 'Identifier 1', 'hex': '00' * 20}
MESSAGES = (
    ('Start-Control-Connection-Request', 'Start Session Request'), ('Start-Control-Connection-Reply', 'Start Session Reply'),
    ('Stop-Control-Connection-Request', 'Stop Session Request'), ('Stop-Control-Connection-Reply', 'Stop Session Reply'),
    ('Echo-Request', 'Echo Request'), ('Echo-Reply', 'Echo Reply'), ('Outgoing-Call-Request', 'Outgoing Call Request'),
    ('Outgoing-Call-Reply', 'Outgoing Call Reply'), ('Incoming-Call-Request', 'Incoming Call Request'),
    ('Incoming-Call-Reply', 'Incoming Call Reply'), ('Incoming-Call-Connected', 'Incoming Call Connected'),
    ('Call-Clear-Request', 'Clear Call Request'), ('Call-Disconnect-Notify', 'Call Disconnected Notify'),
    ('WAN-Error-Notify', 'WAN Error Notify'), ('Set-Link-Info', 'Set Link Info'))
EVENTS = [dict(EVENT, type=number, name=name, summary=summary) for number, (name, summary) in enumerate(MESSAGES, 1)]
PPP = {'time': 0.5, 'dir': 'out', 'src': '192.0.2.1', 'dst': '198.51.100.7', 'kind': 'ppp', 'call_id': 5, 'protocol': 'LCP', 'code': 1,
       'identifier': 1, 'name': 'Configure-Request', 'text': 'Identifier 1', 'hex': 'c02101010004'}
NOTE = {'time': 0.5, 'dir': 'out', 'src': '192.0.2.1', 'dst': '198.51.100.7', 'kind': 'note', 'text': 'it ends'}
DATA = dict({name: value for name, value in NOTE.items() if name != 'text'}, kind='data', call_id=5, packets=1, octets=2, encrypted=0, acks=3,
            text='Packets 1')
CAPTURE = {'schema': 1, 'file': 'office.pcap', 'events': [EVENT, PPP, NOTE, DATA]}
SETTING = {'value': '1723', 'from': '/etc/pptpeer/office.conf:5'}
SHOW = {'dial.key-%d' % number: SETTING for number in range(49)}  # and one more is as many as there must be
MEANING = {'kind': 'e-code', 'number': 204, 'code': 'E204', 'name': 'stop', 'meaning': 'It was stopped.', 'causes': ['a restart'],
           'next': 'wait', 'pptpeer': None, 'exit': 8, 'exit_else': '16 once the tunnel was up', 'redials': True}
DOCTOR = {'schema': 1, 'version': '0.1.0', 'target': 'vpn.example.com',
          'hops': [{'name': 'this host', 'ok': True, 'evidence': 'root', 'ms': None},
                   {'name': 'name', 'ok': False, 'evidence': 'There is none.', 'ms': None}],
          'failed': 'name', 'reason': {'code': 'E207', 'exit': 6, 'text': 'There is none.', 'next': ''}}
WELL = dict(DOCTOR, failed=None, reason=None, hops=[dict(DOCTOR['hops'][0], ms=12), dict(DOCTOR['hops'][1], ok=None)])
PPPD = ['/usr/sbin/pppd', 'nodetach', 'user', '']


def explain_of(*meanings):
    return {'schema': 1, 'version': '0.1.0', 'asked': 'E204', 'meanings': list(meanings)}


def status_of(tunnel):
    return {'schema': 1, 'version': '0.1.0', 'tunnels': [tunnel]}


# Which of them a state has always, and which perhaps; all the others are null in it.
STATES = {
    'starting': '', 'resolving': '', 'connecting': 'perhaps gre server.address', 'control': 'gre server.address',
    'calling': 'gre server.address control server.firmware',
    'gre': 'gre server.address control server.firmware call perhaps ppp data_path',
    'lcp': 'gre server.address control server.firmware call perhaps ppp data_path',
    'auth': 'gre server.address control server.firmware call ppp data_path',
    'network': 'gre server.address control server.firmware call ppp data_path ppp.auth',
    'up': 'gre server.address control server.firmware call ppp data_path ppp.auth uptime_s',
    'closing': 'perhaps gre server.address control server.firmware call ppp data_path ppp.auth',
    'waiting': 'next_try_s last_end', 'stopped': 'last_end', 'failed': 'last_end'}
MEMBERS = ('uptime_s', 'server.address', 'server.firmware', 'call', 'data_path', 'gre', 'ppp', 'ppp.auth', 'control',
           'last_end', 'next_try_s')


def in_state(state, present):
    """A tunnel in it, with no more than these members."""
    tunnel = copy.deepcopy(dict(UP, state=state, next_try_s=12))
    if state == 'stopped':
        tunnel['last_end'] = STOPPED['last_end']
    if state not in ('auth', 'network', 'up'):
        tunnel['server'].update(peer_hostname=None, peer_vendor=None)
    for member in MEMBERS:
        path, _, name = member.rpartition('.')
        holder = tunnel[path] if path else tunnel
        if member not in present and holder is not None:
            holder[name] = None
    if tunnel['data_path'] is None:  # what is told of the path is null with it
        tunnel['data_path_why'] = tunnel['channel'] = None
    if state in ('stopped', 'failed'):
        tunnel['server'] = None
    return tunnel


@control()
def the_schema_knows_what_each_state_has(_bed):
    """With all that a state has it is valid; with one less, or one more, it is not."""
    for state, words in STATES.items():
        always, perhaps = (part.split() for part in (words + ' perhaps ').split('perhaps')[:2])
        for present, valid in (
                [(always, True), (always + perhaps, True)] +
                [([one for one in always + perhaps if one != member and not one.startswith(member + '.')], False)
                 for member in always] +
                [(always + perhaps + [member] + ['ppp'] * (member == 'ppp.auth'), False) for member in MEMBERS
                 if member not in always + perhaps + ['last_end'] and not (
                     member.startswith('server.') and state in ('stopped', 'failed'))]):
            found = schema.faults('status', status_of(in_state(state, present)))
            if bool(found) == valid:
                raise Failure('%s with %s: %s' % (state, ' '.join(present) or 'nothing', found or 'is taken'))


def holders(document, path='$'):
    """Each object and array in it, with its place."""
    if isinstance(document, (dict, list)):
        yield path, document
        for name, member in document.items() if isinstance(document, dict) else enumerate(document):
            yield from holders(member, '%s.%s' % (path, name))


def damaged(document):
    """It, damaged in one place each: a member missing, one too many, or a value of another kind."""
    for index, (path, holder) in enumerate(list(holders(document))):
        def again(change, index=index):
            whole = copy.deepcopy(document)
            change(list(holders(whole))[index][1])
            return whole
        if isinstance(holder, dict):
            yield path + ' with one more', again(lambda one: one.update(more=1))
            for name in holder:
                yield '%s without %s' % (path, name), again(lambda one, name=name: one.pop(name))
        for name in holder if isinstance(holder, dict) else range(len(holder)):
            for value in (True, -1, 1.5, 'x y\n\x1b', [[]], {'x': 1}):
                if isinstance(holder[name], bool) and isinstance(value, bool) or name == 'time' and value == 1.5:
                    continue
                yield '%s.%s = %r' % (path, name, value), again(
                    lambda one, name=name, value=value: one.__setitem__(name, value))


# What has the right kind and is wrong all the same: kind, document, path, value.
OF_THE_KERNEL = dict(UP, data_path='kernel', channel=None,
                     gre={name: value if name == 'last_rx_ms' else None for name, value in UP['gre'].items()})
WRONG = [
    ('status', status_of(UP), path, value) for path, value in (
        ('schema', 2), ('tunnels.0.state', 'UP'), ('tunnels.0.state', 'listening'), ('tunnels.0.state', 'waiting'),
        ('tunnels.0.state', 'stopped'), ('tunnels.0.state', 'connecting'), ('tunnels.0.state', 'auth'),
        ('tunnels.0.name', 'a/b'), ('tunnels.0.name', '.x'), ('tunnels.0.since', None), ('tunnels.0.since', 0),
        ('tunnels.0.uptime_s', None), ('tunnels.0.server', None), ('tunnels.0.server.port', 65536),
        ('tunnels.0.server.address', None), ('tunnels.0.server.address', '198.51.100.256'),
        ('tunnels.0.server.address', '198.51.100.7\n'), ('tunnels.0.server.address', '2001:db8::1'),
        ('tunnels.0.server.peer_hostname', 'ras\x1b1'), ('tunnels.0.server.peer_hostname', ''),
        ('tunnels.0.server.firmware', None), ('tunnels.0.server.firmware', 65536), ('tunnels.0.call', None),
        ('tunnels.0.call.local_id', 0), ('tunnels.0.call.local_id', 65536), ('tunnels.0.call.peer_id', 65536),
        ('tunnels.0.call.direction', 'in'), ('tunnels.0.call.window', 65536), ('tunnels.0.gre.rx', 2 ** 63),
        ('tunnels.0.gre.rtt_us', 2 ** 63), ('tunnels.0.name', 'x' * 64), ('tunnels.0.last_end.by', 'user'),
        ('tunnels.0.call.speed_bps', 2 ** 32), ('tunnels.0.data_path', None), ('tunnels.0.data_path_why', None),
        ('tunnels.0.data_path_why', ''), ('tunnels.0.channel', None), ('tunnels.0.channel.foreign', -1), ('tunnels.0.data_path', 'udp'),
        ('tunnels.0.data_path', 'kernel'),
        ('tunnels.0.gre', None), ('tunnels.0.gre.lost', None), ('tunnels.0.ppp', None),
        ('tunnels.0.ppp.interface', None), ('tunnels.0.ppp.interface', 'ppp-office-is-long'),
        ('tunnels.0.ppp.pppd_pid', 1), ('tunnels.0.ppp.auth', None), ('tunnels.0.ppp.auth', 'MSCHAPV2'),
        ('tunnels.0.ppp.mppe.bits', 0), ('tunnels.0.ppp.local', None), ('tunnels.0.ppp.mtu', None),
        ('tunnels.0.ppp.mtu', 0), ('tunnels.0.ppp.mtu', 65536), ('tunnels.0.ppp.dns', ['10.20.0.1'] * 3), ('tunnels.0.ppp.dns_use', 'auto'),
        ('tunnels.0.ppp.dns_why', ''), ('tunnels.0.ppp.dns_error', 'E107'), ('tunnels.0.ppp.rx_bytes', None),
        ('tunnels.0.control', None), ('tunnels.0.last_end.code', 'E20'), ('tunnels.0.last_end.code', None),
        ('tunnels.0.last_end.exit', 0), ('tunnels.0.last_end.exit', 21), ('tunnels.0.last_end.by', 'me'),
        ('tunnels.0.next_try_s', 3))
] + [
    ('status', status_of(FAILED), 'tunnels.0.' + name, UP[name])
    for name in ('uptime_s', 'server', 'call', 'data_path', 'data_path_why', 'channel', 'gre', 'ppp', 'control')
] + [
    ('status', status_of(STOPPED), 'tunnels.0.last_end', LAST_END), ('status', status_of(STOPPED), 'tunnels.0.since', None),
    ('status', status_of(STOPPED), 'tunnels.0.last_end.by', 'here'),
    ('status', status_of(STOPPED), 'tunnels.0.last_end.code', 'E201'),
    ('status', status_of(STOPPED), 'tunnels.0.last_end', None), ('status', status_of(STOPPED), 'tunnels.0.state', 'failed'),
    ('status', status_of(WAITING), 'tunnels.0.next_try_s', None), ('status', status_of(WAITING), 'tunnels.0.server', None),
    ('status', status_of(WAITING), 'tunnels.0.server.address', '198.51.100.7'),
    ('trace-event', EVENT, 'type', 5), ('trace-event', EVENT, 'type', 16), ('trace-event', EVENT, 'summary', 'Echo-Reply'),
    ('trace-event', PPP, 'identifier', 256), ('trace-capture-event', dict(NOTE, connection=1), 'connection', 0), ('trace-event', PPP, 'hex', ''), ('trace-event', PPP, 'kind', 'control'),
    ('trace-event', EVENT, 'dir', 'up'), ('trace-event', EVENT, 'hex', '00' * 15), ('trace-event', EVENT, 'hex', '0' * 41),
    ('trace', {'schema': 1, 'name': 'office', 'events': [EVENT]}, 'events', [EVENT] * 401),
    ('trace', {'schema': 1, 'name': 'office', 'events': [EVENT]}, 'events', [NOTE]),
    ('show-pppd', PPPD, '0', '/bin/sh'), ('show-pppd', PPPD, '1', 'x'), ('show', SHOW, 'Dial', SETTING),
    ('show', dict(SHOW, role=SETTING), 'role', dict(SETTING, **{'from': 'office.conf:5'})),
    ('trace', {'schema': 1, 'name': 'office', 'events': [EVENT]}, 'schema', 2),
    ('explain', explain_of(MEANING), 'meanings.0.kind', 'line'), ('explain', explain_of(MEANING), 'meanings.0.exit', None),
    ('explain', explain_of(MEANING), 'meanings.0.code', None), ('explain', explain_of(MEANING), 'meanings.0.redials', None),
    ('doctor', DOCTOR, 'failed', None), ('doctor', DOCTOR, 'failed', 'gre'), ('doctor', DOCTOR, 'reason', None),
    ('doctor', DOCTOR, 'hops.1.ok', True), ('doctor', DOCTOR, 'hops.0.ok', False), ('doctor', DOCTOR, 'hops.0.name', 'host'),
    ('doctor', DOCTOR, 'hops.0.evidence', ''), ('doctor', DOCTOR, 'reason.exit', 0), ('doctor', DOCTOR, 'reason.code', 'E20'),
    ('doctor', WELL, 'hops.1.ok', False), ('doctor', WELL, 'failed', 'name'), ('doctor', WELL, 'reason', DOCTOR['reason']),
] + [
    ('trace-event', one, member, EVENTS[one['type'] % len(EVENTS)][member]) for one in EVENTS
    for member in ('type', 'name', 'summary')
]


def changed(document, path, value):
    whole = copy.deepcopy(document)
    *way, last = [int(name) if name.isdigit() else name for name in path.split('.')]
    holder = whole
    for name in way:
        holder = holder[name]
    holder[last] = value
    return whole


@control()
def the_schema_refuses_what_is_damaged(_bed):
    good = [('status', status_of(UP)), ('status', status_of(STOPPED)), ('trace-event', EVENT), ('show-pppd', PPPD),
            ('explain', explain_of(MEANING)), ('trace', {'schema': 1, 'name': 'office', 'events': [EVENT]}),
            ('doctor', DOCTOR), ('trace-event', PPP), ('trace-capture', CAPTURE), ('trace-capture-event', NOTE), ('trace-capture-event', DATA)]
    also_good = [
        ('status', changed(status_of(UP), 'tunnels.0.' + path, value)) for path, values in (
            ('ppp.auth', ('none', 'PAP', 'CHAP', 'MS-CHAP', 'EAP')), ('ppp.mppe.bits', (40, 56)), ('ppp.mppe', (None,)),
            ('last_end.by', ('peer',)), ('data_path', ('tap',)), ('ppp.interface', ('ppp0',)))
        for value in values] + [
        ('status', status_of(OF_THE_KERNEL)), ('status', {'schema': 1, 'version': '0.1.0', 'tunnels': []}), ('trace-event', dict(EVENT, dir='out')),
        ('status', changed(status_of(UP), 'tunnels.0.call.direction', 'incoming')), ('show', dict(SHOW, role=SETTING)),
        ('explain', explain_of()), ('doctor', WELL), ('trace', {'schema': 1, 'name': 'office', 'events': []})] + [
        ('trace-capture-event', dict(one, connection=1)) for one in CAPTURE['events']] + [('trace-event', one) for one in EVENTS]
    for kind, document in good + also_good:
        found = schema.faults(kind, document)
        if found:
            raise Failure('%s is refused: %s' % (kind, found))
    bad = [(kind, what, one) for kind, document in good for what, one in damaged(document)]
    bad += [('show', what, dict(SHOW, **one)) for what, one in damaged({'role': SETTING})]
    bad += [(kind, '%s = %r' % (path, value), changed(document, path, value)) for kind, document, path, value in WRONG]
    passed = ['%s: %s' % (kind, what) for kind, what, one in bad if not schema.faults(kind, one)]
    if passed or len(bad) < 400:
        raise Failure('of %d damaged ones these pass:\n%s' % (len(bad), '\n'.join(passed)))


@control()
def two_tunnels_that_differ_are_not_the_same(_bed):
    other_dial = dict(UP, since=1, uptime_s=2, last_end=None, call=dict(UP['call'], local_id=7))
    if schema.differences({'one': UP, 'another dial': other_dial}):
        raise Failure('another dial is another tunnel')
    for path, value in (('state', 'network'), ('ppp.mppe.bits', 40), ('ppp.mppe', None), ('ppp.mtu', 1400),
                        ('data_path', 'tap'), ('ppp.dns', []), ('server.port', 1724), ('redials', 9)):
        if not schema.differences({'one': UP, 'other': changed(UP, path, value)}):
            raise Failure('%s = %r makes no difference' % (path, value))


@control()
def show_and_trace_as_the_schema_says(bed):
    conf = os.path.join(os.path.dirname(os.path.realpath(__file__)), '../../conf')
    for name in sorted(os.listdir(conf)):
        words = ('show', name[:-len('.conf')], '--config-dir', os.path.realpath(conf), '--json')
        bed.tool(*words)
        bed.tool(*words, '--pppd')
    bed.peer('echo')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    words = ['trace', bed.NAME, '--json', '--follow']
    follow = Process(bed, bed.cli, [bed.runner.command] + words, 'follow', env=bed.environment())
    follow.wait_out('Echo-Reply')
    bed.tool('trace', bed.NAME, '--json')
    bed.tool('down', bed.NAME)
    follow.wait()
    bed.expect(process, 0)
    events = bed.documents(words, beds.read(follow.path))
    if not [event for event in events if event['kind'] == 'ppp' and event['name'] == 'Configure-Request']:
        raise Failure('the LCP Configure-Request of ours is not followed')
    names = [event['name'] for event in events if event['kind'] == 'control']
    if names[:2] != ['Start-Control-Connection-Request', 'Start-Control-Connection-Reply'] or len(names) != 10:
        raise Failure('followed: %s' % names)


@control()
def explain_as_the_schema_says(bed):
    asked = ['E%d' % code for code in range(101, 800)] + [str(number) for number in range(1000)] + [
        '%s %d' % (kind, number) for kind in ('exit', 'pppd', 'ms-chap', 'result', 'reason', 'cause') for number in (1, 4, 691)]
    known = 0
    for words in asked[::7] + ['E301', 'Modem hangup', 'MS-CHAP authentication failed: E=691 R=1', 'pppd 16']:
        code, out = bed.ask('explain', words, '--json')
        found = bed.documents(['explain', '--json'], out)[0]
        if code != (0 if found['meanings'] else 2) or found['asked'] != words:
            raise Failure('explain %s: exit code %d\n%s' % (words, code, out))
        known += code == 0
    if not 20 < known < 100:
        raise Failure('%d are known' % known)
