"""Each state of interface.md 4, held until `status` has told of it: its JSON as the schema says, its text in words.

Up and failed are in ways_tests.py, of real tunnels.
"""
import grp
import os
import re
import shutil
import signal
import socket
import stat
import time
import types

import ppp_peer
from bed import Failure, Process, Skip, in_netns, poll, read
from control_tests import control, drop, family
from ppp_tests import hidden, ppp
from terminal import Terminal
from ways_tests import conf_of, daemon, expect_exit, wait_log, write_config


def held(bed, state):
    """The tunnel, in this state; whatever status says on the way there is held against the schema as well."""
    def look():
        tunnel = bed.status()
        return tunnel and tunnel['state'] == state and tunnel
    tunnel = poll(look, 20, 'the state is ' + state)
    # Again and again: a waiting one dials meanwhile.
    poll(lambda: re.match(r'%s +%s ' % (bed.NAME, state.upper()), bed.tool('status', bed.NAME, check=1)), 10,
         'the state is %s in words as well' % state)
    return tunnel


def leave(bed, process, number=signal.SIGINT):
    process.signal(number)
    bed.expect(process, 0)


@control()
def status_while_connecting(bed):
    drop(bed, bed.srv, 'input', ('tcp dport 1723', ['-p', 'tcp', '--dport', '1723']))
    process = bed.connect('--until', 'control')
    tunnel = held(bed, 'connecting')
    if tunnel['server']['address'] != bed.server:
        raise Failure('server: %s' % tunnel['server'])
    leave(bed, process)


@control()
def status_while_the_control_connection_is_asked_for(bed):
    bed.peer('silence')
    process = bed.connect('--until', 'control')
    held(bed, 'control')
    leave(bed, process)


@control()
def status_while_the_call_is_asked_for(bed):
    bed.peer('no-ocrp')
    process = bed.connect('--until', 'call')
    tunnel = held(bed, 'calling')
    if tunnel['server']['peer_hostname'] != 'peer' or tunnel['server']['firmware'] != 1:
        raise Failure('server: %s' % tunnel['server'])
    leave(bed, process)


@control()
def status_while_gre_is_waited_for_and_while_closing(bed):
    """The peer is deaf: our Call-Clear-Request gets no answer.  One more Ctrl-C ends it at once, but not too soon."""
    bed.peer('deaf')
    process = bed.connect('--until', 'gre')
    if held(bed, 'gre')['gre']['rx'] != 0:
        raise Failure('GRE was counted')
    process.signal(signal.SIGINT)
    held(bed, 'closing')
    poll(lambda: not process.running() or process.signal(signal.SIGINT), 5, 'it ends')
    bed.expect(process, 0, 'Ended at once')


@control()
def status_while_waiting(bed):
    process = bed.connect('--until', 'control', '--persist')
    tunnel = held(bed, 'waiting')
    if tunnel['last_end']['code'] != 'E202' or tunnel['last_end']['exit'] != 7 or tunnel['last_end']['by'] != 'here':
        raise Failure('last_end: %s' % tunnel['last_end'])
    leave(bed, process)


@control()
def one_that_waits_answers_whatever_becomes_of_its_engine(bed):
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), retry='first-delay = 60;')
    process = Process(bed, bed.cli, [bed.runner.command, 'connect', bed.NAME, '--until', 'control', '--persist'],
                      'connect', env=bed.environment(**env))
    for _ in range(3):
        left = held(bed, 'waiting')['next_try_s']
        if not 15 <= left <= 75:
            raise Failure('it waits %d s' % left)
        os.kill(family(process)[1][0], signal.SIGKILL)
    bed.tool('down', bed.NAME)
    expect_exit(process, 0)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@control()
def a_start_that_waits_for_the_tunnel_is_not_cut_short(bed):
    """ready = "up": the supervisor hears, again and again, that it is not ready yet, and that this is no fault."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), top='ready = "up";')
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(bed.run_dir + '.notify')
        supervisor.settimeout(10)
        process = Process(bed, bed.cli, [bed.runner.command, 'connect', bed.NAME, '--until', 'control', '--persist'],
                          'connect', env=bed.environment(NOTIFY_SOCKET=bed.run_dir + '.notify', WATCHDOG_USEC='400000',
                                                         **env))
        held(bed, 'waiting')
        if 'libsystemd' not in read('/proc/%d/maps' % process.pid):
            raise Skip('this build has no libsystemd')
        said = ''
        while said.count('WATCHDOG=1\n') < 4:
            said += supervisor.recv(4096).decode() + '\n'
        if said.count('EXTEND_TIMEOUT_USEC=600000\n') < 4 or 'READY' in said or 'STATUS=waiting' not in said:
            raise Failure('the supervisor heard: ' + said)
        process.signal(signal.SIGTERM)
        expect_exit(process, 0)
    os.unlink(bed.run_dir + '.notify')
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def a_supervisor_that_cannot_be_told_is_named(bed):
    """libsystemd is loaded when it is needed; where it is not to be had, systemd knows only that no word came."""
    known = re.search(r'libsystemd\.so\.0 .*=> (\S+)', bed.sh(bed.cli, ['ldconfig', '-p']))
    if not known:
        raise Skip('there is no libsystemd')
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'))
    process = daemon(bed, {**env, 'NOTIFY_SOCKET': bed.run_dir + '.notify'}, '--foreground',
                     wrapper=hidden(known.group(1), 'mount --bind /dev/null "$1"'))
    wait_log(bed, r'warning .*systemd will not be told that the tunnel is ready: .*libsystemd.*; install libsystemd0$')
    process.signal(signal.SIGTERM)
    process.wait(20)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


class SilentDns:
    """Where this host looks names up, in the tunnel's namespace: a look-up takes its time."""

    def __init__(self, bed):
        servers = re.findall(r'^nameserver +([\d.]+)$', read('/etc/resolv.conf'), re.M) or ['127.0.0.1']
        self.sockets = []
        for address in servers:
            if not address.startswith('127.'):
                bed.sh(bed.cli, ['ip', 'addr', 'add', address + '/32', 'dev', 'lo'])
            one = in_netns(bed.cli, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)
            one.bind((address, 53))
            self.sockets.append(one)

    def close(self):
        for one in self.sockets:
            one.close()


@ppp()
def status_while_starting_and_resolving(bed):
    """Starting: as long as the password is not there."""
    reader, writer = os.pipe()
    dns = SilentDns(bed)
    process = bed.connect('-u', 'user', '--password-fd', str(reader), host='vpn.example.com', pass_fds=(reader,))
    os.close(reader)
    held(bed, 'starting')
    os.write(writer, b'secret\n')
    os.close(writer)
    if held(bed, 'resolving')['server']['name'] != 'vpn.example.com':
        raise Failure('the server has another name')
    leave(bed, process)
    dns.close()


@ppp()
def status_while_ppp_is_agreed(bed):
    peer = bed.peer('orderly', gre='ppp')
    process = bed.connect('-u', 'user', '--accept', 'pap', '--mppe', 'off', password='secret')
    for stage in ppp_peer.STAGES:
        peer.stage = stage
        held(bed, stage)
    leave(bed, process)


def stopped(bed, process, words):
    """What status tells once the daemon has ended: stopped now, by the user, in these words."""
    before = int(time.clock_gettime(5))  # CLOCK_REALTIME_COARSE, as time(2): it may be a tick behind
    poll(lambda: not process.running() or process.signal(signal.SIGTERM), 10, 'it ends')
    tunnel = bed.status()
    end = tunnel['last_end']
    if tunnel['state'] != 'stopped' or tunnel['since'] < before or end['when'] < before or not re.search(words, end['text']):
        raise Failure('after the end, at %d: %s' % (before, tunnel))
    text = bed.tool('status', bed.NAME, check=1)
    if not re.match(r'%s +STOPPED \d+ s\n' % bed.NAME, text):
        raise Failure('in words: ' + text)


@control()
def what_keeps_it_from_starting_is_its_last_end(bed):
    """This host lacks pppd; then something in the file is wrong, under a name that is not the file's."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), pppd='path = "/no/pppd";')
    for name, code, words in (('one', 5, r'E102 pppd is missing: /no/pppd: '),
                              ('two', 3, r'E110 %s:\d+: There is no setting pppd\.paht; ' % re.escape(conf_of(bed)))):
        expect_exit(daemon(bed, env, '--foreground', '--name', name, name=name), code)
        (tunnel,) = bed.tunnels(name)[1]
        end = tunnel['last_end']
        if tunnel['state'] != 'failed' or end['exit'] != code or not re.match(words, '%(code)s %(text)s' % end):
            raise Failure('%s: %s' % (name, tunnel))
        shutil.rmtree(os.path.join(bed.run_dir, name))
        write_config(bed, types.SimpleNamespace(user='user', password='secret'), pppd='paht = "/no/pppd";')
    process = bed.connect('--until', 'control', '--persist')
    held(bed, 'waiting')
    expect_exit(daemon(bed, env, '--foreground', name='of-one-that-runs'), 3)
    if bed.status()['last_end']['code'] != 'E202':
        raise Failure('of one that runs: %s' % bed.status()['last_end'])
    leave(bed, process)


@control()
def a_link_to_a_file_is_a_tunnel_of_its_own(bed):
    """By the name of the link, with what is included from the link's folder."""
    elsewhere = bed.file('elsewhere')
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), top='@include "pppd.inc"\n')
    os.mkdir(elsewhere)
    os.rename(conf_of(bed), os.path.join(elsewhere, 'other.conf'))
    os.symlink(os.path.join(elsewhere, 'other.conf'), conf_of(bed))
    with open(os.path.join(bed.file('conf'), 'pppd.inc'), 'w') as file:
        file.write('pppd: { path = "/no/pppd"; };\n')
    process = Process(bed, bed.cli, [bed.runner.command + 'd', '-f', '-c', os.path.relpath(conf_of(bed), bed.dir)],
                      'daemon', env=bed.environment(**env))
    expect_exit(process, 5)
    if os.listdir(bed.run_dir) != [bed.NAME]:
        raise Failure('in the run folder: %s' % os.listdir(bed.run_dir))
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@control()
def signals_while_it_reads_its_file_end_nobody(bed):
    """It is stopped when it has read its file, and has much to do with it, and told.  All of it is wrong: its end."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'),
                       top=''.join('a%d = 1; # %s\n' % (number, 40 * '-') for number in range(4000)))
    size = os.path.getsize(conf_of(bed))

    def stopped_in_time(name):
        process = daemon(bed, env, '--foreground', name=name)

        def has_read():
            found = re.search(r'^rchar: (\d+)', read('/proc/%d/io' % process.pid), re.M)
            return found and int(found.group(1)) > size and read('/proc/%d/comm' % process.pid) == 'pptpeerd\n'
        poll(has_read, 10, 'it has begun to read')
        process.signal(signal.SIGSTOP)
        in_time = not os.path.exists(bed.run_dir)
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2) if in_time else ():
            process.signal(number)
        process.signal(signal.SIGCONT)
        expect_exit(process, 3)
        shutil.rmtree(bed.run_dir)
        return in_time
    if not any(stopped_in_time('try-%d' % number) for number in range(20)):
        raise Failure('it was never stopped before it had read all')


@control()
def who_starts_it_on_a_terminal_sees_why_it_ends(bed):
    """The log is elsewhere; without a terminal its supervisor has the log."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), pppd='path = "/no/pppd";')
    terminal = Terminal()
    # Opened by a child of the session's leader: else the leader's end would throw away what it shows.
    wrapper = ['sh', '-c', '"$@" 2>%s; exit $?' % os.ttyname(terminal.slave), 'sh']
    expect_exit(daemon(bed, env, '--foreground', wrapper=wrapper), 5)
    if not re.match(r'E102 pppd is missing: /no/pppd: .*\nNext: install pppd', terminal.text().replace('\r', '')):
        raise Failure('on the terminal: ' + terminal.text())
    terminal.close()
    process = daemon(bed, env, '--foreground', name='without')
    expect_exit(process, 5)
    if process.out:
        raise Failure('without a terminal: ' + process.out)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@control()
def what_is_known_of_a_tunnel_is_for_its_readers(bed):
    """As the control socket: for root and a group, which comes so far whatever the umask was."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), pppd='path = "/no/pppd";')
    os.chmod(bed.runner.run_dirs, 0o711)
    expect_exit(daemon(bed, env, '--foreground', wrapper=['sh', '-c', 'umask 077; exec "$@"', 'sh']), 5)
    folder = os.path.join(bed.run_dir, bed.NAME)
    try:
        readers = grp.getgrnam('pptpeer').gr_gid
    except KeyError:
        readers = os.getegid()
    found = [(stat.S_IMODE(one.st_mode), one.st_gid) for one in
             map(os.stat, (bed.run_dir, folder, os.path.join(folder, 'state.json')))]
    if [mode for mode, _ in found] != [0o755, 0o755, 0o640] or found[2][1] != readers:
        raise Failure('modes and groups: %s' % [(oct(mode), group) for mode, group in found])
    process = Process(bed, bed.cli, ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--',
                                     bed.runner.command, 'status', bed.NAME], 'nobody', env=bed.environment())
    if process.wait() != 4 or not re.search('may not be read: be root or in its group', process.out):
        raise Failure('to nobody: %d %s' % (process.process.returncode, process.out))
    shutil.rmtree(folder)


@ppp()
def status_of_one_that_was_stopped_or_killed(bed):
    """While it waited, and at once while the peer did not answer: that is its last end, not the dial before."""
    env = write_config(bed, types.SimpleNamespace(user='user', password='secret'), retry='first-delay = 60;')

    def daemon(name, state):
        process = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config',
                                         os.path.join(env['PPTPEER_CONFIG_DIR'], bed.NAME + '.conf')], name,
                          env=bed.environment(**env))
        held(bed, state)
        return process

    stopped(bed, daemon('waits', 'waiting'), 'while waiting')
    process = daemon('is-killed', 'waiting')
    process.signal(signal.SIGKILL)
    process.wait()
    poll(lambda: not bed.namespace_processes(), 10, 'its engine ends')
    tunnel = bed.status()
    if tunnel['state'] != 'failed' or 'was killed' not in tunnel['last_end']['text'] or tunnel['last_end']['exit'] != 1:
        raise Failure('after kill -9: %s' % tunnel)
    bed.peer('deaf')
    process = daemon('is-not-heard', 'gre')
    process.signal(signal.SIGTERM)
    held(bed, 'closing')
    stopped(bed, process, 'at once')
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))
