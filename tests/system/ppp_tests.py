"""Tests against Debian's pptpd and real pppds, in the guest or wherever the kernel has PPP.

One after the other; /etc/ppp and /run are private here (tests/lab/with-ppp).
"""
import os
import re
import secrets
import shutil
import signal
import stat
import threading
import time

import bed as beds
import server as servers
from bed import Failure, Skip, poll
from control_tests import drop, family
from registry import test

INNER = servers.INNER


def ppp(*args, **kwargs):
    return test('ppp', *args, **kwargs)


def up(bed, *flags, server=None, **kwargs):
    """A tunnel to a pptpd of its own, and the password that pptpd knows."""
    server = server or servers.Server(bed)
    process = bed.connect('-u', server.user, *flags, password=kwargs.pop('password', server.password), **kwargs)
    process.wait_out(r'^ *[\d.]+ s +up ', 20)
    return server, process


def hang_up(bed, process, number=signal.SIGINT):
    process.signal(number)
    bed.expect(process, 0, r'Hung up', within=12)


def new_interfaces(bed):
    return [name for name in bed.state()['interfaces'] if name not in bed.before['interfaces']]


def interface_of(bed):
    """The tunnel's; a TAP beside it is the data path's."""
    name = [name for name in new_interfaces(bed) if not name.startswith('pptap')]
    if len(name) != 1:
        raise Failure('new interfaces: %s' % name)
    return name[0]


def ping(bed, count, *words):
    servers.both_ends_up(bed)
    bed.ping(bed.cli, INNER, *words, count=count)


# ------------------------------------------------------------------------------ a tunnel

@ppp()
def tunnel_with_mschap_v2_and_mppe_128(bed):
    bed.capture()
    server, process = up(bed)
    ping(bed, 20)
    name = interface_of(bed)
    tunnel = bed.status()
    found = {'state': tunnel['state'], 'interface': tunnel['ppp']['interface'], 'user': tunnel['ppp']['user'],
             'peer': tunnel['ppp']['peer'], 'bits': tunnel['ppp']['mppe']['bits'],
             'stateful': tunnel['ppp']['mppe']['stateful'], 'mtu': tunnel['ppp']['mtu'], 'path': tunnel['data_path']}
    expected = {'state': 'up', 'interface': name, 'user': server.user, 'peer': INNER, 'bits': 128, 'stateful': False,
                'mtu': 1456, 'path': 'tap'}
    if found != expected or tunnel['ppp']['auth'].lower() not in ('ms-chap-v2', 'mschap-v2'):
        raise Failure('status --json: %s and %s, not %s' % (found, tunnel['ppp']['auth'], expected))
    if tunnel['gre']['rx'] < 20 or tunnel['gre']['tx'] < 20 or tunnel['gre']['lost'] or tunnel['gre']['bad']:
        raise Failure('GRE counters: %s' % tunnel['gre'])
    text = bed.tool('status', bed.NAME)
    for pattern in (r'^%s +UP' % bed.NAME, r'MPPE 128-bit stateless', r'MS-CHAP-V2', re.escape(INNER)):
        if not re.search(pattern, text, re.M):
            raise Failure('status does not say /%s/' % pattern)
    lines = bed.tool('trace', bed.NAME, '--summary').splitlines()[:4]
    here, there = bed.client, bed.server
    if lines != ['PPTP Control Packet (1): %s %s %s' % line for line in (
            ('Start Session Request (1)', here, there), ('Start Session Reply (2)', there, here),
            ('Outgoing Call Request (7)', here, there), ('Outgoing Call Reply (8)', there, here))]:
        raise Failure('trace --summary: %s' % lines)
    # Nothing of the pings may stand on the wire as it is: 16 octets of ping's pattern.
    pattern = bytes(range(0x10, 0x20))
    if any(pattern in packet for packet in bed.captures[0].gre(bed.client) + bed.captures[0].gre(bed.server)):
        raise Failure('a ping is on the wire in plain text')
    hang_up(bed, process)


@ppp()
def until_lcp_auth_and_up(bed):
    server = servers.Server(bed)
    for stage in ('lcp', 'auth', 'up'):
        process = bed.connect('-u', server.user, '--until', stage, password=server.password, name=stage)
        bed.expect(process, 0, r'^ *[\d.]+ s +%s ' % stage)


@ppp()
def mtu_and_interface_name(bed):
    _, process = up(bed, '--mtu', '1300', '--ifname', 'ppp-t')
    name = interface_of(bed)
    said = bed.sh(bed.cli, ['ip', 'link', 'show', 'dev', name])
    if name != 'ppp-t' or 'mtu 1300 ' not in said:
        raise Failure(said)
    ping(bed, 1, '-M', 'do', '-s', str(1300 - 28))
    hang_up(bed, process, signal.SIGTERM)


@ppp()
def the_systems_scripts_are_not_run(bed):
    """Debian's ip-up.d rewrites resolv.conf behind our back (D4); the server's pppd runs them, ours does not.

    pppd 2.4.9 has no word against ip-pre-up, which Debian ships with an empty ip-pre-up.d; 2.5 has, and
    three more scripts.
    """
    server, marks = servers.Server(bed), bed.file('marks')
    names = ['ip-up', 'ip-down']
    if ' 2.4.' not in bed.sh(bed.cli, ['sh', '-c', 'pppd --version 2>&1']):
        names += ['ip-pre-up', 'net-init', 'net-pre-up', 'net-down']
    for name in names:
        with open('/etc/ppp/' + name, 'w') as file:
            os.fchmod(file.fileno(), 0o755)
            file.write('#!/bin/sh\necho %s "$@" >>%s\n' % (name, marks))
    _, process = up(bed, server=server)
    hang_up(bed, process)
    poll(lambda: all(name + ' ' in beds.read(marks) for name in names), 10, "the server's scripts ran")
    for name in names:
        os.unlink('/etc/ppp/' + name)
    # The last argument is the ipparam.
    ours = [line for line in beds.read(marks).splitlines() if line.endswith(' ' + bed.NAME)]
    if ours:
        raise Failure('our pppd ran %s' % ours)


@ppp()
def down_from_another_shell(bed):
    _, process = up(bed)
    bed.tool('down', bed.NAME, seconds=20)
    bed.expect(process, 0, r'Hung up')


@ppp()
def without_encryption_if_it_is_not_demanded(bed):
    server = servers.Server(bed, mppe=False)
    _, process = up(bed, '--mppe', 'prefer', server=server)
    tunnel = bed.status()
    if tunnel['ppp']['mppe'] not in (None, {'bits': 0, 'stateful': False}):
        raise Failure('status says %s' % tunnel['ppp'])
    ping(bed, 1)
    hang_up(bed, process)


# ----------------------------------------------------------------------------- bad input

@ppp()
def wrong_password_and_no_second_try(bed):
    server = servers.Server(bed)
    process = bed.connect('-u', server.user, password='not-' + server.password)
    bed.expect(process, 12, r'^E401 .*%s.*691' % server.user, r'Next: ')
    if server.log().count('rcvd [CHAP Response') != 1:
        raise Failure('the server saw:\n' + server.log())


@ppp()
def unknown_user(bed):
    server = servers.Server(bed)
    bed.expect(bed.connect('-u', 'nobody-here', password=server.password), 12, r'^E401 .*nobody-here')


@ppp()
def mppe_refused_by_the_server(bed):
    server = servers.Server(bed, mppe=False)
    bed.expect(bed.connect('-u', server.user, password=server.password), 14, r'^E501 Encryption is required here',
               r'Next: switch MPPE on at the server')


@ppp()
def server_wants_pap_or_eap(bed):
    for method, word in (('pap', 'PAP'), ('eap', 'EAP')):
        server = servers.Server(bed, auth=method)
        bed.expect(bed.connect('-u', server.user, password=server.password, name=method), 12,
                   r'^E402 The server asks for %s; this tunnel accepts only mschap-v2' % word, r'Next: ')
        server.stop()


@ppp()
def no_gre_comes_and_pppd_ends(bed):
    bed.peer('orderly', gre='none')
    bed.expect(bed.connect('-u', 'user', '--gre-timeout', '3', password='x'), 10, r'^E301 ')


@ppp()
def this_host_drops_gre(bed):
    server = servers.Server(bed)
    drop(bed, bed.cli, 'input', ('ip protocol gre', ['-p', 'gre']))
    bed.expect(bed.connect('-u', server.user, '--gre-timeout', '4', password=server.password), 10,
               r'^E302 This host\'s own firewall drops GRE from \S+ \((nft: ip t c|iptables-legacy: filter INPUT)\)')


def hidden(path, how):
    """A wrapper: the command sees something else at this path."""
    return ['unshare', '-m', 'sh', '-c', how + ' && shift && exec "$@"', 'sh', path]


@ppp()
def pppd_missing(bed):
    process = bed.connect('-u', 'user', password='x', wrapper=hidden('/usr/sbin', 'mount -t tmpfs none "$1"'))
    bed.expect(process, 5, r'^E102 pppd is missing', r'Next: install pppd')


@ppp()
def dev_ppp_that_does_not_open(bed):
    # A character device without a driver: its opening fails, as in a container.
    os.mknod('/tmp/no-driver', 0o600 | stat.S_IFCHR, os.makedev(240, 77))
    process = bed.connect('-u', 'user', password='x', wrapper=hidden(
        '/dev/ppp', 'mount --bind /tmp/no-driver "$1"'))
    try:
        bed.expect(process, 5, r'^E101 /dev/ppp cannot be opened: ', r'Next: modprobe ppp_generic')
    finally:
        os.unlink('/tmp/no-driver')


@ppp()
def plugin_of_another_pppd(bed):
    """Ours, with another number in the place where pppd looks for its own."""
    plugin = beds.read(bed.runner.plugin, 'rb')
    version = re.search(r'plugin for pppd (\S+?)\)?$', bed.tool('version').strip()).group(1).encode()
    other = bed.file('other.so')
    with open(other, 'wb') as out:
        out.write(plugin.replace(version + b'\0', version[:-1] + b'0\0'))
    bed.peer('orderly', gre='lcp')
    process = bed.connect('-u', 'user', password='x', env={'PPTPEER_PLUGIN': other})
    bed.expect(process, 5, r'^E103 ', r'Next: ')


@ppp()
def interface_name_taken(bed):
    bed.sh(bed.cli, ['ip', 'link', 'add', 'ppp-t', 'type', 'dummy'])
    bed.before = bed.state()
    server = servers.Server(bed)
    process = bed.connect('-u', server.user, '--ifname', 'ppp-t', password=server.password)
    code = process.wait(20)
    if code == 0 or not re.search(r'^E\d+ .*(ppp-t|exist)', process.out, re.M | re.S):
        raise Failure('exit %d' % code)


@ppp()
def every_address_of_the_name(bed):
    """The first address refuses; the second one serves.  Here as it takes an /etc/hosts of its own: no chroot has."""
    hosts = bed.file('hosts')
    with open(hosts, 'w') as file:
        file.write('%s vpn.test\n%s vpn.test\n' % (bed.server, bed.second))
    bed.peer('orderly', address=bed.second)
    process = bed.connect('--until', 'call', host='vpn.test', wrapper=[
        'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts])
    bed.expect(process, 0, re.escape(bed.server) + r'.*refused', r'call open')


# -------------------------------------------------------- a poisoned /etc/ppp/options

def poisoned(bed, server, words, name, *flags):
    """Up with such an options file, of the client only; its interface's state when it is up."""
    options = bed.file(name + '.options')
    with open(options, 'w') as file:
        file.write('\n'.join(words) + '\n')
    return bed.connect('-u', server.user, *flags, password=server.password, name=name, wrapper=[
        'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/ppp/options && exec "$@"', options])


# On a line of its own each: what a person may have written for another use of pppd.
POISON = ['persist', 'maxfail 0', 'holdoff 1', 'idle 1', 'maxconnect 1', 'defaultroute', 'require-eap', 'mtu 576',
          'mru 576', 'noccp', 'nomppe', 'refuse-mschap-v2', 'user mallory', 'password wrong', 'demand', 'usepeerdns',
          'lcp-echo-interval 1', 'passive', 'silent', 'nodefaultroute', 'ipparam x', 'connect /bin/false', 'updetach']


@ppp()
def poisoned_options_change_nothing(bed):
    """All those of the issue together, with a terminal as pppd's device and with a TAP."""
    harmless(bed, [ISSUE], '--data-path', 'pty')
    harmless(bed, [ISSUE], '--data-path', 'tap')


@ppp(slow=True)
def each_poisoned_option_changes_nothing(bed):
    harmless(bed, [[word] for word in ISSUE])


ISSUE = ['persist', 'idle 1', 'maxconnect 1', 'defaultroute', 'require-eap', 'mtu 576']


def harmless(bed, cases, *flags):
    server = servers.Server(bed)
    for number, words in enumerate(cases):
        process = poisoned(bed, server, words, 'options-%d-%d' % (number, len(bed.started)), *flags)
        process.wait_out(r'^ *[\d.]+ s +up ', 20)
        name = interface_of(bed)
        if any(word.startswith(('idle', 'maxconnect')) for word in words):
            time.sleep(2.5)  # so long that pppd would have ended it: the time is what is tested
        if not process.running():
            raise Failure('%s: it ended' % words)
        route = bed.sh(bed.cli, ['ip', 'route', 'show', 'default'])
        link = bed.sh(bed.cli, ['ip', 'link', 'show', 'dev', name])
        if route or 'mtu 1456 ' not in link:
            raise Failure('%s: default route "%s", %s' % (words, route, link))
        hang_up(bed, process)


@ppp(slow=True)
def more_poisoned_options(bed):
    """Either it changes nothing, or the end says which word it is about."""
    server = servers.Server(bed)
    for number, word in enumerate(POISON):
        process = poisoned(bed, server, [word], 'more-%d' % number)
        poll(lambda: re.search(r' up ', process.out) or not process.running(), 20, '%s: up or ended' % word)
        if re.search(r'^ *[\d.]+ s +up ', process.out, re.M):
            hang_up(bed, process)
        elif word.split()[0] not in process.out:
            raise Failure('%s: not named in the error' % word)
        else:
            bed.nothing_left()


@ppp()
def poisoned_options_plugin(bed):
    """Cannot be negated, so it is named."""
    server = servers.Server(bed)
    process = poisoned(bed, server, ['plugin no-such-plugin.so'], 'plugin')
    bed.expect(process, 3, r'^E105 .*no-such-plugin\.so')


@ppp()
def options_that_pppd_reads_after_ours(bed):
    """/etc/ppp/options.TTY beats the command line: without MPPE then is not up (D4).  A TAP has no such file."""
    server = servers.Server(bed, mppe=False)
    folder = bed.file('ppp')
    shutil.copytree('/etc/ppp', folder)
    for number in range(64):
        with open(os.path.join(folder, 'options.pts.%d' % number), 'w') as file:
            file.write('nomppe\nnoccp\n')
    process = bed.connect('-u', server.user, '--data-path', 'pty', password=server.password, wrapper=[
        'unshare', '-m', 'sh', '-c', 'mount --bind "$0" /etc/ppp && exec "$@"', folder])
    bed.expect(process, 14, r'options\.pts\.\d+:\d+: (nomppe|noccp)', r'^E501 ')


# ------------------------------------------------------------------- signals and deaths

@ppp()
def sigterm_while_lcp_talks(bed):
    """A peer that asks and never agrees; pppd says goodbye, then we."""
    peer = bed.peer('orderly', gre='lcp')
    process = bed.connect('-u', 'user', password='x')
    process.wait_out(r'^ *[\d.]+ s +gre ')
    process.signal(signal.SIGTERM)
    bed.expect(process, 0, within=15)
    if peer.messages()[-2:] != ['CCR', 'StopRQ']:
        raise Failure('the server received %s' % peer.messages())


@ppp()
def gre_flows_until_lcp_has_said_goodbye(bed):
    """D: pppd first while GRE still flows, then Call-Clear-Request, Stop, TCP."""
    capture = bed.capture()
    _, process = up(bed)
    process.signal(signal.SIGINT)
    bed.expect(process, 0)
    capture.stop()
    order = []
    for frame in capture.packets:
        if frame[12:14] != b'\x08\x00' or frame[26:30] != bytes(map(int, bed.client.split('.'))):
            continue
        payload = frame[34:]
        if frame[23] == 47 and re.search(rb'\xc0\x21\x05', payload):
            order.append('LCP Terminate-Request')
        elif frame[23] == 6:
            tcp = payload[(payload[12] >> 4) * 4:]
            if tcp[4:8] == b'\x1a\x2b\x3c\x4d' and tcp[9] in (3, 12):
                order.append({12: 'CCR', 3: 'StopRQ'}[tcp[9]])
    if order[:1] != ['LCP Terminate-Request'] or 'CCR' not in order:
        raise Failure('we sent: %s' % order)


def of_engine(bed, process):
    """The pid of our process that is neither the keeper nor a pppd."""
    return [pid for pid in family(process)[1] if 'pppd' not in beds.read('/proc/%d/comm' % pid)][0]


@ppp()
def kill_9_while_up(bed):
    """Of pppd, the engine, the keeper: an end with a reason, and nothing left in bounded time."""
    killed(bed, 'tap')


@ppp()
def kill_9_while_up_over_a_pty(bed):
    killed(bed, 'pty')


def killed(bed, path):
    server = servers.Server(bed)
    for whom in ('pppd', 'engine', 'keeper'):
        _, process = up(bed, '--data-path', path, server=server, name=whom)
        engine = of_engine(bed, process)
        victim = {'keeper': process.pid, 'engine': engine,
                  'pppd': [pid for pid in family(process)[1] if pid != engine][0]}[whom]
        os.kill(victim, signal.SIGKILL)
        code = process.wait(15)
        if code != {'pppd': 1, 'engine': 1, 'keeper': -signal.SIGKILL}[whom]:
            raise Failure('%s killed: exit %d' % (whom, code))
        if whom == 'keeper':
            # Its folder stays, for the next start finds it by its lock; all else must be gone.
            poll(lambda: not bed.namespace_processes() and bed.state() == bed.before, 15, 'all but the folder is gone')
        else:
            bed.nothing_left(10)
    _, process = up(bed, server=server, name='again')
    hang_up(bed, process)


@ppp()
def the_server_hangs_up(bed):
    server, process = up(bed)
    server.hang_up()
    bed.expect(process, 16, r'^E(604|210|204|211) ')


# -------------------------------------------------------------------------- the password

def needles(secret):
    return [secret.encode(), secret.encode('utf-16-le'), secret.encode().hex().encode()]


def memory_has(pid, words):
    """The first of the words in what this process can read and write, or None."""
    with open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for line in beds.read('/proc/%d/maps' % pid).splitlines():
            span, rights = line.split()[:2]
            if not rights.startswith('rw') or line.endswith('[vvar]'):
                continue
            start, end = (int(number, 16) for number in span.split('-'))
            if end - start > 256 << 20:
                continue  # the sanitizers' shadow: no data of ours
            try:
                memory.seek(start)
                octets = memory.read(end - start)
            except OSError:
                continue
            for word in words:
                if word in octets:
                    return '%s in %s' % (word, line)
    return None


def changed(path, since, kind):
    try:
        info = os.lstat(path)
    except OSError:
        return False
    return kind(info.st_mode) and info.st_mtime >= since


def files_with(words, folders, spared, since):
    """The files changed since then that have one of the words in them."""
    found = []
    for folder in folders:
        for path, folders_in, names in os.walk(folder):
            # A guest sees the host's files as well; they are older, and looking at each costs a descriptor.
            folders_in[:] = [name for name in folders_in if changed(os.path.join(path, name), since, stat.S_ISDIR)]
            for name in names:
                whole = os.path.join(path, name)
                if whole in spared or not changed(whole, since, stat.S_ISREG):
                    continue
                octets = beds.read(whole, 'rb')
                found += [whole for word in words if word in octets]
    return found


class Watch(threading.Thread):
    """Looks at every command line and environment, again and again."""

    def __init__(self, words):
        super().__init__(daemon=True)
        self.words, self.found, self.rounds = words, [], 0
        self.stopping = threading.Event()
        self.start()

    def run(self):
        while not self.stopping.wait(0.02):
            for pid in beds.processes():
                for name in ('cmdline', 'environ'):
                    octets = beds.read('/proc/%d/%s' % (pid, name), 'rb')
                    if any(word in octets for word in self.words):
                        self.found.append('%s of %d: %s' % (name, pid, octets[:200]))
            self.rounds += 1


@ppp()
def the_password_is_nowhere(bed):
    """argv, environment, log, trace, files of all, the engine's memory; with every way to say much."""
    secret = 'Zq8-' + secrets.token_hex(8)
    words = needles(secret)
    server = servers.Server(bed, password=secret)
    bed.capture()
    watch = Watch(words)
    process = bed.connect('-u', server.user, '-vv', password=secret)
    process.wait_out(r'^ *[\d.]+ s +up ', 20)
    engine = of_engine(bed, process)
    found = memory_has(engine, words)
    if found:
        raise Failure("in the engine's memory: %s" % found)
    if not memory_has(engine, [bed.server.encode()]):
        raise Failure('the search in memory does not find what is surely there')
    for words_of_tool in (('status',), ('status', '--json'), ('trace', bed.NAME), ('trace', bed.NAME, '--json')):
        bed.tool(*words_of_tool)
    hang_up(bed, process)
    watch.stopping.set()
    watch.join()
    if watch.found or watch.rounds < 3:
        raise Failure('%d rounds, found: %s' % (watch.rounds, watch.found))
    bed.captures[0].stop()
    found = files_with(words, ['/run', '/tmp', '/var/log', '/var/tmp', '/etc/ppp', '/dev/shm', bed.dir],
                       [servers.SECRETS, '/etc/ppp/pap-secrets'], bed.born)
    if found:
        raise Failure('in files: %s' % found)


@ppp()
def the_password_is_in_no_core(bed):
    """With cores allowed and the worst of signals."""
    if os.environ.get('LAB_GUEST') != '1':
        raise Skip("where cores go is the whole kernel's: in the guest only")
    secret = 'Zq7-' + secrets.token_hex(8)
    os.makedirs('/tmp/cores', exist_ok=True)
    with open('/proc/sys/kernel/core_pattern', 'w') as file:
        file.write('/tmp/cores/%e.%p')
    server = servers.Server(bed, password=secret)
    for whom in ('engine', 'keeper'):
        _, process = up(bed, server=server, name=whom,
                        wrapper=['bash', '-c', 'ulimit -c unlimited; exec "$@"', 'bash'])
        os.kill(of_engine(bed, process) if whom == 'engine' else process.pid, signal.SIGSEGV)
        process.wait(15)
        poll(lambda: not bed.namespace_processes(), 15, 'all processes end')
        shutil.rmtree(bed.run_dir, ignore_errors=True)
    found = files_with(needles(secret), ['/tmp/cores', bed.dir], [], bed.born)
    if found:
        raise Failure('in %s' % found)


# --------------------------------------------------------------------- many, and much

@ppp()
def ten_in_a_row(bed):
    servers.repeat(bed, 10, lambda text: None)


@ppp()
def two_megabytes_each_way(bed):
    server = servers.Server(bed)
    for path in ('tap', 'pty'):
        _, process = up(bed, '--data-path', path, server=server, name=path)
        servers.transfer(bed, 2 << 20)
        hang_up(bed, process)


@ppp()
def two_megabytes_each_way_with_loss_and_reordering(bed):
    _, process = up(bed)
    servers.netem(bed)
    servers.transfer(bed, 2 << 20, streams=servers.MANY)
    hang_up(bed, process)
