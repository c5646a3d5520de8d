"""`pptpeer trace` of captures: scapy's, tshark's reading of ours, and what tcpdump saw of a tunnel."""
import json
import os
import re
import shutil
import signal
import subprocess

import bed as beds
import schema
import server as servers
from bed import Failure, Process, Skip, poll
from control_tests import control
from ppp_tests import hang_up, ping, ppp, up

HERE = os.path.dirname(os.path.realpath(__file__))
VECTORS = os.path.join(HERE, '..', 'vectors')
# interface.md 7: Microsoft's article Q241252, letter for letter.
ARTICLE = ''.join('PPTP Control Packet (1): %s 10.10.10.1%s 10.10.10.1%s\n' % (name, '' if out else '0', '0' if out else '') for name, out in (
    ('Start Session Request (1)', True), ('Start Session Reply (2)', False), ('Outgoing Call Request (7)', True),
    ('Outgoing Call Reply (8)', False), ('Set Link Info (15)', True), ('Set Link Info (15)', True), ('Set Link Info (15)', False),
    ('Set Link Info (15)', True), ('Set Link Info (15)', False), ('Echo Request (5)', False), ('Echo Reply (6)', True),
    ('Echo Request (5)', False), ('Echo Reply (6)', True), ('Echo Request (5)', False), ('Echo Reply (6)', True),
    ('Set Link Info (15)', True), ('Set Link Info (15)', False), ('Clear Call Request (12)', True),
    ('Call Disconnected Notify (13)', False), ('Stop Session Request (3)', True), ('Stop Session Reply (4)', False)))
# scapy's name of a field and the RFC's, where they differ by more than blanks.
SCAPY = {
    'peer_call_id': "Peer's Call ID", 'call_statistic': 'Call Statistics', 'pkt_window_size': 'Packet Recv. Window Size',
    'pkt_proc_delay': 'Packet Processing Delay', 'pkt_transmit_delay': 'Packet Transmit Delay', 'channel_id': 'Physical Channel ID',
    'dialed_number_len': 'Dialed Number Length', 'dialing_number_len': 'Dialing Number Length', 'phone_number_len': 'Phone Number Length',
    'vendor_string': 'Vendor Name', 'call_id': 'Call ID', 'send_accm': 'Send ACCM', 'receive_accm': 'Receive ACCM',
    'minimum_bps': 'Minimum BPS', 'maximum_bps': 'Maximum BPS', 'crc_errors': 'CRC Errors', 'time_out_errors': 'Time-out Errors'}


def scapy(bed):
    """A folder with what scapy_captures.py writes; by the first Python that has scapy."""
    folder = bed.file('scapy')
    os.makedirs(folder, exist_ok=True)
    for python in ('python3', '/usr/bin/python3'):
        if subprocess.run([python, '-c', 'import scapy'], stderr=subprocess.DEVNULL).returncode == 0:
            subprocess.run([python, os.path.join(HERE, 'scapy_captures.py'), folder], check=True, stderr=subprocess.DEVNULL)
            return folder
    raise Skip('no scapy here')


def tshark(*words):
    if not shutil.which('tshark'):
        raise Skip('no tshark here')
    return subprocess.run(['tshark', *words], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def events(bed, path, *words):
    return bed.documents(('trace', '-r', path, '--json'), bed.tool('trace', '-r', path, '--json', *words))[0]['events']


@control()
def the_article_gives_its_21_lines(bed):
    """Must show: on each link layer, in pcapng, and however TCP has cut it, exactly interface.md's lines."""
    folder = scapy(bed)
    names = sorted(name for name in os.listdir(folder) if name.startswith('article.')) + ['cut.pcap']
    if shutil.which('editcap'):
        subprocess.run(['editcap', '-F', 'pcapng', os.path.join(folder, 'cut.pcap'), os.path.join(folder, 'cut.pcapng')], check=True)
        names.append('cut.pcapng')
    for name in names:
        said = bed.tool('trace', '-r', os.path.join(folder, name), '--summary')
        if said != ARTICLE:
            raise Failure('%s gives\n%s' % (name, said))
    said = bed.tool('trace', '-r', os.path.join(folder, 'lost.pcap'), '--summary')
    if said != ''.join(line for number, line in enumerate(ARTICLE.splitlines(True)) if number != 1):
        raise Failure('without the Start Session Reply:\n' + said)
    if '100 octets are missing in the capture' not in bed.tool('trace', '-r', os.path.join(folder, 'lost.pcap')):
        raise Failure('it does not say what is missing')


@control()
def each_field_as_scapy_put_it(bed):
    folder = scapy(bed)
    with open(os.path.join(folder, 'fields.json')) as file:
        wanted = json.load(file)
    found = [event for event in events(bed, os.path.join(folder, 'fields.pcap')) if event['kind'] == 'control']
    if [event['type'] for event in found] != [one['type'] for one in wanted] or len(wanted) != 15:
        raise Failure('%s, not %s' % ([event['type'] for event in found], [one['type'] for one in wanted]))
    for event, one in zip(found, wanted):
        if len(event['hex']) != 2 * one['octets']:
            raise Failure('%s has %d octets' % (event['name'], len(event['hex']) // 2))
        for name, value in one['values'].items():
            ours = SCAPY.get(name, name.replace('_', ' ').title())
            if name == 'bearer_type' and one['type'] == 9:
                ours = 'Call Bearer Type'
            shown = '"%s"' % value if isinstance(value, str) else '(%d|0x0*%x)' % (value, value)
            shown = re.escape(shown) if isinstance(value, str) else shown
            if not re.search(r'(^|, )%s %s(,| \(|$)' % (re.escape(ours), shown), event['text']):
                raise Failure('%s %r is not in %s: %s' % (ours, value, event['name'], event['text']))


@control()
def ppp_as_scapy_put_it_but_no_secret(bed):
    folder = scapy(bed)
    path, clean = os.path.join(folder, 'ppp.pcap'), bed.file('clean.pcap')
    with open(os.path.join(folder, 'ppp.json')) as file:
        wanted = json.load(file)
    for attempt in (path, clean):
        found = events(bed, attempt, '-w', clean if attempt == path else bed.file('again.pcap'))
        packets = [event for event in found if event['kind'] == 'ppp']
        if len(packets) != len(wanted):
            raise Failure('%d packets' % len(packets))
        for event, one in zip(packets, wanted):
            if '%s %s' % (event['protocol'], event['name']) != one['name'] or (event['dir'] == 'out') != one['out']:
                raise Failure('%s is %s' % (one, event))
            missing = [words for words in one['words'] if words not in event['text']]
            if missing:
                raise Failure('%s does not say %s: %s' % (one['name'], missing, event['text']))
        if [event['packets'] for event in found if event['kind'] == 'data'] != [1]:
            raise Failure('data is not counted')
    secret = b'Sesam'
    if secret not in beds.read(path, 'rb') or secret in beds.read(clean, 'rb'):
        raise Failure('the secret is not hidden in what is written, or was not there')
    for view in ((), ('--ladder',), ('--json',), ('--hex',)):
        said = bed.tool('trace', '-r', path, *view)
        if re.search('sesam|' + secret.hex() + '|' + secret.hex(' '), said, re.I):
            raise Failure('trace %s tells it:\n%s' % (view, said))


@control()
def each_octet_of_ours_as_tshark_reads_it(bed):
    """Must show: our fifteen messages with each of their results; no complaint, and the same places and values as --hex says."""
    path = os.path.join(VECTORS, 'ours.pcap')
    if tshark('-r', path, '-Y', '_ws.malformed || _ws.expert.severity >= 6291456'):
        raise Failure('tshark complains of a message of ours')
    theirs = {}
    for line in subprocess.run([os.path.join(VECTORS, 'decode'), path], check=True, stdout=subprocess.PIPE,
                               text=True).stdout.splitlines():
        kind, frame, offset, size, _, value = line.split('\t')
        if kind == 'pptp':
            theirs.setdefault(int(frame), []).append((int(offset), int(size), value))
    ours, types = [], set()
    for line in bed.tool('trace', '-r', path, '--hex').splitlines():
        row = re.match(r'^ +(\d+)  ((?:[0-9a-f]{2} )+) *(.*)$', line)
        if re.match(r'^ *[\d.]+  (->|<-) ', line):
            ours.append({})
            types.add(re.search(r'\((\d+)\)', line).group(1))
        elif row:
            ours[-1][int(row.group(1))] = (row.group(2).replace(' ', ''), row.group(3))
    if len(ours) != len(theirs) or types != {str(number) for number in range(1, 16)}:
        raise Failure('%d messages of types %s, tshark has %d' % (len(ours), sorted(types), len(theirs)))
    for fields, rows in zip((theirs[frame] for frame in sorted(theirs)), ours):
        for offset, size, value in fields:
            octets, name = rows.get(offset, ('', ''))
            if not value.startswith(octets) or octets == '':
                raise Failure('at %d tshark has %s, we %s (%s)' % (offset, value, octets, name))
            number = int(value, 16)
            if size <= 4 and name != 'Magic Cookie' and not re.search(r' (%d|0x0*%x)( |$)' % (number, number), name):
                raise Failure('at %d tshark has %d, we say %s' % (offset, number, name))


def summary(text):
    return [line for line in text.splitlines() if line.startswith('PPTP Control Packet')]


@control()
def a_tunnel_live_on_the_wire_and_in_its_file(bed):
    """Must show: the same lines from the flight recorder, an interface, a capture and what was written."""
    peer = bed.peer('echo')
    bed.capture()
    written = bed.file('written.pcap')
    wire = Process(bed, bed.srv, [bed.runner.command, 'trace', '-i', 'vs', '--json', '-w', written], 'wire', env=bed.environment())
    # It tells nothing before the first packet: that it is there, the file says.
    poll(lambda: os.path.exists(written) and os.path.getsize(written) >= 24 and of_nobody(wire.pid), 20, 'trace -i looks')
    process = bed.connect('--until', 'gre')
    process.wait_out('call open')
    follow = Process(bed, bed.cli, [bed.runner.command, 'trace', bed.NAME, '--summary', '--follow'], 'follow', env=bed.environment())
    follow.wait_out(r'Echo Reply')
    if not peer.wait_for(lambda p: 'EchoRP' in p.messages()):
        raise Failure('the Echo-Request was not answered')
    made_up = bed.file('made-up.pcap')
    recorded = bed.tool('trace', bed.NAME, '-w', made_up, '--summary')
    ppp_of_ours(bed, made_up)
    bed.tool('down', bed.NAME)
    follow.wait()
    bed.expect(process, 0)
    wire.wait_out('Stop-Control-Connection-Reply')
    wire.signal(signal.SIGINT)
    if wire.wait() != 0:
        raise Failure('trace -i: exit %d\n%s' % (wire.wait(), wire.out))
    bed.captures[0].stop()
    live, seen = summary(follow.out), [event for event in bed.documents(['trace', '-i', 'vs', '--json'], wire.out)
                                       if event['kind'] == 'control']
    if len(live) != 10:
        raise Failure('followed: %s' % live)
    if summary(recorded) != live[:6] or summary(bed.tool('trace', '-r', made_up, '--summary')) != live[:6]:
        raise Failure('recorded: %s' % recorded)
    for path in (bed.captures[0].path, written):
        lines = summary(bed.tool('trace', '-r', path, '--summary'))
        if lines != live:
            raise Failure('%s gives\n%s\nnot\n%s' % (path, '\n'.join(lines), '\n'.join(live)))
    if ['PPTP Control Packet (1): %s (%d) %s %s' % (event['summary'], event['type'], event['src'], event['dst']) for event in seen] != live:
        raise Failure('trace -i has %s' % seen)


def ppp_of_ours(bed, path):
    """What is made up for a tunnel's messages is good IP, TCP and GRE, for tshark too."""
    lcp = [event for event in events(bed, path) if event['kind'] == 'ppp']
    if not lcp or lcp[0]['name'] != 'Configure-Request' or lcp[0]['dir'] != 'out':
        raise Failure('PPP in it: %s' % lcp)
    fields = ('ip.checksum.status', 'tcp.checksum.status', '_ws.malformed', 'pptp.control_message_type', 'lcp.magic_number', 'ppp.protocol')
    said = tshark('-r', path, '-o', 'ip.check_checksum:TRUE', '-o', 'tcp.check_checksum:TRUE', '-T', 'fields',
                  *(word for field in fields for word in ('-e', field)))
    rows = [line.split('\t') for line in said.splitlines()]
    if len(rows) < 7 or any(row[0] != '1' or row[1] not in ('1', '') or row[2] for row in rows):
        raise Failure('tshark on it: %s' % rows)
    if [row[3] for row in rows if row[3]] != ['1', '2', '7', '8', '5', '6'] or not any(row[5] for row in rows):
        raise Failure('tshark reads in it: %s' % rows)


def of_nobody(pid):
    return re.search(r'^Uid:\s+65534\s+65534\s+65534', beds.read('/proc/%d/status' % pid), re.M)


@control()
def an_answer_that_does_not_come_is_a_broken_arrow(bed):
    bed.peer('no-ocrp')
    bed.capture()
    process = bed.connect('--until', 'call', '--reply-timeout', '4')
    poll(lambda: 'Outgoing Call Request' in bed.ask('trace', bed.NAME, '--summary')[1], 20, 'the call is asked for')
    now = bed.tool('trace', bed.NAME, '--ladder')
    bed.expect(process, 9)
    bed.captures[0].stop()
    broken = r'\|x( -)+ +Outgoing-Call-Reply - \|  none in [0-9.]+ s'
    for text in (now, bed.tool('trace', '-r', bed.captures[0].path, '--ladder')):
        if len(re.findall(broken, text)) != 1 or text.count('none in') != 1 + text.count('Stop-Control-Connection-Reply -'):
            raise Failure('no broken arrow, or too many:\n' + text)


@ppp()
def ppp_is_traced_live_and_from_the_wire(bed):
    bed.capture()
    _, process = up(bed)
    ping(bed, 3)
    live = bed.documents(['trace', bed.NAME, '--json'], bed.tool('trace', bed.NAME, '--json'))[0]['events']
    text = bed.tool('trace', bed.NAME)
    hang_up(bed, process)
    bed.captures[0].stop()
    said = [(event['dir'], event['protocol'], event['name'], event['identifier'], event['call_id'], event['text'], event['hex'])
            for event in live if event['kind'] == 'ppp']
    names = {(protocol, name) for _, protocol, name, *_ in said}
    wanted = {('LCP', 'Configure-Request'), ('LCP', 'Configure-Ack'), ('CHAP', 'Challenge'), ('CHAP', 'Response'), ('CHAP', 'Success'),
              ('CCP', 'Configure-Request'), ('CCP', 'Configure-Ack'), ('IPCP', 'Configure-Request'), ('IPCP', 'Configure-Ack')}
    if not wanted <= names or ('LCP', 'Echo-Request') in names:
        raise Failure('traced are %s' % sorted(names))
    for words in ('MPPE 0x01000040 (128-bit, stateless)', 'CHAP MS-CHAPv2', 'hidden (MS-CHAP), Name "user"'):
        if words not in text:
            raise Failure('"%s" is not in\n%s' % (words, text))
    found = events(bed, bed.captures[0].path)
    wire = [(event['dir'], event['protocol'], event['name'], event['identifier'], event['call_id'], event['text'], event['hex'])
            for event in found if event['kind'] == 'ppp']
    # The capture goes on until the end, and has the echo as well; the rest is the same, and in the same words.
    missing = [one for one in said if one not in wire]
    if missing:
        raise Failure('not on the wire: %s\nbut\n%s' % (missing, wire))
    data = [event for event in found if event['kind'] == 'data']
    if len(data) != 2 or any(event['packets'] < 3 or event['encrypted'] < 3 for event in data):
        raise Failure('data: %s' % data)
    theirs = tshark('-r', bed.captures[0].path, '-Y', 'lcp || chap || ccp || ipcp', '-T', 'fields', '-e', 'frame.number')
    if len(theirs.split()) < len(said):
        raise Failure('tshark has %d of these packets, we %d' % (len(theirs.split()), len(said)))


@ppp()
def a_password_of_pap_is_in_no_trace(bed):
    secret = 'Zq9-Traced-Nowhere'
    server = servers.Server(bed, auth='pap', mppe=False, password=secret)
    bed.capture()
    process = bed.connect('-u', server.user, '--accept', 'pap', '--mppe', 'off', password=secret)
    process.wait_out(r'^ *[\d.]+ s +up ', 20)
    said = [bed.tool('trace', bed.NAME, *view) for view in ((), ('--json',), ('--hex',), ('--ladder',))]
    hang_up(bed, process)
    bed.captures[0].stop()
    path, clean = bed.captures[0].path, bed.file('clean.pcap')
    said += [bed.tool('trace', '-r', path, '-w', clean)]
    if secret.encode() not in beds.read(path, 'rb'):
        raise Failure('it was not on the wire')
    if secret.encode() in beds.read(clean, 'rb'):
        raise Failure('it is in what was written')
    for text in said:
        if 'Authenticate-Request' not in text:
            raise Failure('there is no PAP in it:\n' + text)
        if re.search('%s|%s|%s' % (secret, secret.encode().hex(), secret.encode().hex(' ')), text, re.I):
            raise Failure('it is in a trace')
    if schema.faults('trace', json.loads(said[1])):
        raise Failure('--json: %s' % schema.faults('trace', json.loads(said[1])))
