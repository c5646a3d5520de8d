"""`status --format prometheus`, as the Prometheus client's own parser reads it, and `status --watch`."""
import json
import os
import re
import shutil
import signal
import sys
import types

import schema
from bed import Failure, Process, Skip, poll
from control_tests import control
from ppp_tests import hang_up, ppp, up
from states_tests import held, leave
from terminal import Terminal
from ways_tests import expect_exit, write_config

sys.path.append('/usr/lib/python3/dist-packages')  # for a python3 that is not Debian's, too
try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    text_string_to_metric_families = None

SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?P<labels>\{([a-z_]+="([^"\\\n]|\\[\\"n])*"(,(?!\})|(?=\})))*\}) -?[0-9]+(\.[0-9]+)?')


def strictly(text):
    """By the letter of the exposition format, where the client's parser is lenient: each metric once, behind HELP and
    TYPE, its samples together and none twice; counters are called so, and nothing else is."""
    if not text.endswith('\n'):
        raise Failure('the last line has no end')
    seen, samples, kind, name = set(), set(), None, None
    lines = iter(text.split('\n')[:-1])
    for line in lines:
        if line.startswith('# HELP '):
            name = line.split(' ')[2]
            kind = re.fullmatch('# TYPE %s (counter|gauge)' % name, next(lines))
            if name in seen or not kind or len(line.split(' ', 3)[3]) < 5:
                raise Failure('the head of %s' % name)
            if name.endswith('_total') != (kind.group(1) == 'counter'):
                raise Failure('%s is a %s' % (name, kind.group(1)))
            seen.add(name)
            continue
        found = SAMPLE.fullmatch(line)
        if not found or found.group('name') != name:
            raise Failure('%r, after the head of %s' % (line, name))
        if (name, found.group('labels')) in samples:
            raise Failure('twice: ' + line)
        samples.add((name, found.group('labels')))
    if len(seen) != len({one for one, _labels in samples}):
        raise Failure('a head without a sample')


def metrics(bed, code):
    """{name: {labels: value}} of all that `status --format prometheus` prints."""
    if text_string_to_metric_families is None:
        raise Skip('python3-prometheus-client is missing; run: scripts/setup check')
    text = bed.tool('status', '--format', 'prometheus', check=code)
    strictly(text)
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = sample.value
    if sum(len(values) for values in found.values()) != sum(not line.startswith('#') for line in text.splitlines()):
        raise Failure('it reads %s of\n%s' % (found, text))
    return found


def value(found, metric, **labels):
    return found.get(metric, {}).get(tuple(sorted(labels.items())))


def told(tunnel):
    """Of --json, by the names of the metrics."""
    end, gre, link = tunnel['last_end'] or {}, tunnel['gre'] or {}, tunnel['ppp'] or {}
    return {'up': int(tunnel['state'] == 'up'), 'state_since_seconds': tunnel['since'], 'redials_total': tunnel['redials'],
            'tries': tunnel['tries'], 'gre_receive_packets_total': gre.get('rx'), 'gre_lost_packets_total': gre.get('lost'),
            'gre_window_packets': gre.get('window'), 'receive_bytes_total': link.get('rx_bytes'),
            'last_end_exit_code': end.get('exit'), 'last_end_timestamp_seconds': end.get('when')}


def same_as_json(bed, code):
    """They say of the tunnel what --json says, which must be the same before and after, as some of it moves by itself."""
    def look():
        before, found, after = bed.status(), metrics(bed, code), bed.status()
        return told(before) == told(after) and (after, found)
    tunnel, found = poll(look, 20, 'nothing moves while they are asked for')
    for name, wanted in told(tunnel).items():
        if value(found, 'pptpeer_' + name, name=bed.NAME) != wanted:
            raise Failure('%s: %s, and --json says %s' % (name, found.get('pptpeer_' + name), wanted))
    end = tunnel['last_end']
    if end and value(found, 'pptpeer_last_end_info', name=bed.NAME, by=end['by'], code=end['code'] or '') != 1:
        raise Failure('last_end: %s' % found.get('pptpeer_last_end_info'))
    if value(found, 'pptpeer_state', name=bed.NAME, state=tunnel['state']) != 1 or sum(found['pptpeer_state'].values()) != 1:
        raise Failure('state: %s' % found['pptpeer_state'])


@control()
def metrics_say_what_json_says(bed):
    found = metrics(bed, 20)
    if list(found) != ['pptpeer_build_info']:
        raise Failure('without a tunnel: %s' % found)
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    held(bed, 'gre')
    same_as_json(bed, 1)
    process.signal(signal.SIGINT)
    poll(lambda: not process.running() or process.signal(signal.SIGINT), 10, 'it ends')
    process = bed.connect('--until', 'control', '--persist', host='127.0.0.1')  # where nothing listens
    held(bed, 'waiting')
    found = metrics(bed, 1)
    if value(found, 'pptpeer_last_end_info', name=bed.NAME, by='here', code='E202') != 1 or \
            value(found, 'pptpeer_last_end_exit_code', name=bed.NAME) != 7:
        raise Failure('last end: %s' % found)
    if [name for name in found if 'gre' in name or 'bytes' in name or 'uptime_seconds' == name]:
        raise Failure('while it waits: %s' % sorted(found))
    leave(bed, process)


@control()
def a_server_that_says_anything_breaks_no_metric(bed):
    bed.peer('odd-name')
    process = bed.connect('--until', 'gre')
    held(bed, 'gre')
    (labels,) = metrics(bed, 1)['pptpeer_tunnel_info']
    if dict(labels)['peer_hostname'] != bed.status()['server']['peer_hostname']:
        raise Failure(dict(labels))
    leave(bed, process)


@ppp()
def metrics_of_one_that_is_up(bed):
    _, process = up(bed)
    found = metrics(bed, 0)
    if value(found, 'pptpeer_up', name=bed.NAME) != 1 or value(found, 'pptpeer_mtu_bytes', name=bed.NAME) < 1000 or \
            value(found, 'pptpeer_uptime_seconds', name=bed.NAME) < 0 or \
            value(found, 'pptpeer_receive_bytes_total', name=bed.NAME) <= 0 or \
            dict(*found['pptpeer_tunnel_info'])['interface'] != bed.status()['ppp']['interface']:
        raise Failure(found)
    hang_up(bed, process)


def watch(bed, *words, **more):
    return Process(bed, bed.cli, [bed.runner.command, 'status', bed.NAME, '--watch'] + list(words), 'watch',
                   env=bed.environment(TERM='xterm'), **more)


@control()
def watch_prints_each_change_and_no_other(bed):
    watching = watch(bed)
    watching.wait_out('no tunnel')
    process = bed.connect('--until', 'control', '--persist', host='127.0.0.1')
    watching.wait_out(r'^%s +WAITING ' % bed.NAME)
    bed.tool('down', bed.NAME)
    expect_exit(process, 0)
    poll(lambda: watching.out.count('no tunnel') == 2, 10, 'it says that there is none, again')
    leave_watching(watching)
    if '\033' in watching.out:
        raise Failure('there are escape sequences, and no terminal')


def leave_watching(watching, number=signal.SIGINT):
    watching.signal(number)
    expect_exit(watching, 0)


@control()
def watch_says_nothing_of_clocks_and_counters(bed):
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    held(bed, 'gre')
    watching = watch(bed, '--json')
    watching.wait_out('"state":"gre"')
    second = Process(bed, bed.cli, [bed.runner.command, 'status', bed.NAME, '--watch', '--json', '--interval', '2'], 'second',
                     env=bed.environment())
    second.wait_out('"state":"gre"')
    process.signal(signal.SIGINT)
    for one in watching, second:
        one.wait_out('"state":"closing"')
    poll(lambda: not process.running() or process.signal(signal.SIGINT), 10, 'it ends')
    watching.wait_out(r'"tunnels":\[\]')
    leave_watching(watching, signal.SIGTERM)
    leave_watching(second)
    documents = [json.loads(line) for line in watching.out.splitlines()]
    for document in documents:
        if schema.faults('status', document):
            raise Failure('%s: %s' % (schema.faults('status', document), document))
    states = [[tunnel['state'] for tunnel in document['tunnels']] for document in documents]
    if states != [['gre'], ['closing'], []]:
        raise Failure('it told of %s' % states)


@control()
def watch_paints_a_terminal_anew(bed):
    terminal = Terminal()
    watching = watch(bed, wrapper=terminal.wrapper())
    poll(lambda: 'no tunnel' in terminal.text(), 10, 'it says that there is none')
    process = bed.connect('--until', 'control', '--persist', host='127.0.0.1')
    # Each picture, over the one before; its clock runs.
    poll(lambda: len(set(re.findall(r'\033\[H\S* *%s *\S* *\S*WAITING\S* (\d+) s' % bed.NAME, terminal.text()))) > 1, 20, 'it waits, and counts')
    terminal.type('\x03')
    expect_exit(watching, 0)
    shown = terminal.text()
    if not shown.startswith('\033[H\033[2J') or shown.count('\033[?7l') != shown.count('\033[?7h'):
        raise Failure('it shows %r' % shown)
    leave(bed, process)
    terminal.close()


@control()
def watch_takes_a_tunnel_of_a_file_to_its_end(bed):
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), pppd='path = "/no/pppd";')
    watching = watch(bed)
    watching.wait_out('no tunnel')
    bed.tool('up', bed.NAME, '--config-dir', env['PPTPEER_CONFIG_DIR'], check=5)
    watching.wait_out(r'^%s +FAILED ' % bed.NAME)
    watching.wait_out(r'E102 pppd is missing')
    leave_watching(watching)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))
