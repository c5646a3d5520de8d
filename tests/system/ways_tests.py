"""The same tunnel in the ways in which people start one, and what brings it back.

The unit is in tests/system/systemd, where systemd is.
"""
import os
import re
import shutil
import signal
import socket
import time

import bed as beds
import schema
import server as servers
from bed import Failure, Process, poll
from ppp_tests import interface_of, ping, ppp


def write_config(bed, server, top='', **groups):
    """NAME.conf and its secret in a config folder of the bed's; the environment that finds it.

    A group that is named replaces ours; `top` stands outside of all.
    """
    folder, secret = bed.file('conf'), bed.file('secret')
    os.makedirs(folder, exist_ok=True)
    ours = {'dial': 'server = "%s";' % bed.server,
            'auth': 'user = "%s"; password-file = "%s";' % (server.user, secret),
            'encryption': 'mppe = "require";',
            'retry': 'first-delay = 1; max-delay = 2;',
            'log': 'target = "%s"; level = "debug";' % bed.file('tunnel.log')}
    text = ''.join('%s: { %s };\n' % group for group in {**ours, **groups}.items())
    for path, words in ((secret, server.password + '\n'), (conf_of(bed), text + top)):
        with open(path, 'w') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(words)
    return {'PPTPEER_CONFIG_DIR': folder}


def conf_of(bed):
    return os.path.join(bed.file('conf'), bed.NAME + '.conf')


def daemon(bed, env, *words, name='daemon', wrapper=()):
    return Process(bed, bed.cli, [bed.runner.command + 'd', '--config', conf_of(bed)] + list(words), name,
                   env=bed.environment(**env), wrapper=wrapper)


def log_of(bed, name='tunnel.log'):
    return beds.read(bed.file(name))


def wait_log(bed, pattern, times=1, name='tunnel.log'):
    poll(lambda: len(re.findall(pattern, log_of(bed, name), re.M)) >= times, 30,
         '%s says /%s/ (%d)' % (name, pattern, times))


def expect_exit(process, code, seconds=20):
    if process.wait(seconds) != code:
        raise Failure('%s: exit %d, not %d' % (process.name, process.process.returncode, code))


def command(bed, env, *words, name):
    return Process(bed, bed.cli, [bed.runner.command] + list(words), name, env=bed.environment(**env))


def at_work(bed):
    """Up, and traffic flows; what status tells of it."""
    poll(lambda: bed.tunnels(bed.NAME)[0] == 0, 30, 'it is up')
    ping(bed, 3)
    tunnel = bed.status()
    if tunnel['ppp']['interface'] != interface_of(bed):
        raise Failure('interface: %s' % tunnel['ppp'])
    return tunnel


def all_the_same(tunnels):
    """Of {way: tunnel}: but for what each dial has of its own (schema.OF_THE_DIAL)."""
    found = schema.differences(tunnels)
    if found:
        raise Failure('not the same tunnel: ' + '; '.join(found))


def gone(bed, server):
    """Nothing of it but what `status` tells of its end; and the server has seen the call out."""
    def left():
        return bed.namespace_processes() or bed.state()['interfaces'] != bed.before['interfaces']
    poll(lambda: not left(), 20, 'all processes and interfaces are gone')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 20, "the server's part ends")


@ppp()
def one_tunnel_in_each_way(bed):
    server, found = servers.Server(bed), {}
    env = write_config(bed, server)

    process = bed.connect('-u', server.user, password=server.password, name='by-connect')
    found['connect HOST'] = at_work(bed)
    command(bed, env, 'down', bed.NAME, name='down-1').wait()
    if process.wait() != 0:
        raise Failure('connect HOST did not end with 0')
    gone(bed, server)

    process = command(bed, env, 'connect', bed.NAME, name='by-name')
    found['connect NAME'] = at_work(bed)
    command(bed, env, 'down', bed.NAME, name='down-2').wait()
    if process.wait() != 0:
        raise Failure('connect NAME did not end with 0')
    gone(bed, server)

    other = bed.file('other.conf')  # the name need not be the file's
    shutil.copy(conf_of(bed), other)
    process = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config', other, '--name', bed.NAME],
                      'by-daemon', env=bed.environment(**env))
    found['pptpeerd'] = at_work(bed)
    command(bed, env, 'down', bed.NAME, name='down-3').wait()
    if process.wait() != 0:
        raise Failure('pptpeerd did not end with 0')
    gone(bed, server)
    code, tunnels = bed.tunnels(bed.NAME)
    if code != 1 or tunnels[0]['state'] != 'stopped' or tunnels[0]['last_end']['by'] != 'user':
        raise Failure('after down: %d %s' % (code, tunnels))

    if command(bed, env, 'up', bed.NAME, '--wait=30', name='up').wait(30) != 0:
        raise Failure('up --wait did not end with 0')
    found['up'] = at_work(bed)
    if command(bed, env, 'up', bed.NAME, name='up-again').wait() != 19:
        raise Failure('up of what is up is not 19')
    if command(bed, env, 'down', bed.NAME, name='down-4').wait() != 0:
        raise Failure('down did not end with 0')
    gone(bed, server)
    if command(bed, env, 'wait', bed.NAME, '--state', 'down', '--timeout', '5', name='wait').wait() != 0:
        raise Failure('wait --state down did not end with 0')
    logged = command(bed, env, 'log', bed.NAME, name='log')
    if logged.wait() != 0 or not re.search(r'up', logged.out):
        raise Failure('log: ' + logged.out)

    all_the_same(found)
    if server.password in beds.read(bed.file('tunnel.log')):
        raise Failure('the password is in the log')
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def the_daemon_comes_back(bed):
    """pppd, the engine, the server: whatever dies, it is up again, and nothing is left of what was before."""
    server = servers.Server(bed)
    env = write_config(bed, server)
    process = daemon(bed, env, '--foreground')
    at_work(bed)

    def pids(name):
        return [pid for pid, _ in bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == name]

    def engine():
        return [pid for pid in pids('pptpeerd') if pid != process.pid]

    for what in ('pppd', 'engine', 'server'):
        before = bed.tunnels(bed.NAME)[1][0]['redials']
        if what == 'server':
            server.stop()
            poll(lambda: bed.tunnels(bed.NAME)[1][0]['state'] == 'waiting', 40, 'it waits')
            server = servers.Server(bed)
        else:
            victim = pids('pppd') if what == 'pppd' else engine()
            if len(victim) != 1:
                raise Failure('%s: processes %s' % (what, bed.namespace_processes()))
            os.kill(victim[0], signal.SIGKILL)

        def back(before=before):
            tunnel = bed.tunnels(bed.NAME)[1]
            return tunnel and tunnel[0]['state'] == 'up' and tunnel[0]['redials'] > before
        poll(back, 60, 'up again after the end of ' + what)
        at_work(bed)
        if len(pids('pppd')) != 1 or len(engine()) != 1:
            raise Failure('after %s: %s' % (what, bed.namespace_processes()))
    process.signal(signal.SIGTERM)
    if process.wait() != 0:
        raise Failure('pptpeerd did not end with 0')
    gone(bed, server)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def a_refused_password_is_not_tried_twice(bed):
    """In the background, where the starting process waits until it is up: it says why it is not."""
    server = servers.Server(bed)
    env = write_config(bed, server, top='ready = "up";')
    with open(bed.file('secret'), 'w') as file:
        file.write('wrong\n')
    process = daemon(bed, env)
    expect_exit(process, 12, 40)
    if not re.search(r'^E401 The server refused', process.out, re.M):
        raise Failure('it does not say why: ' + process.out)
    gone(bed, server)
    if len(re.findall(r'CHAP Response', server.log())) != 1:
        raise Failure('the server was asked more than once:\n' + server.log())
    code, tunnels = bed.tunnels(bed.NAME)
    end = tunnels[0]['last_end']
    if code != 1 or tunnels[0]['state'] != 'failed' or end['code'] != 'E401' or end['exit'] != 12 or end['by'] != 'peer':
        raise Failure('status: %d %s' % (code, tunnels))
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def the_peers_window_holds_back_when_strict(bed):
    """pptpd's window is ours, 64. While it acknowledges nothing, a strict one lets 32 pass, half of that at each
    time-out, then one by one; an advisory one lets all pass. Both carry traffic when it is back."""
    server, capture = servers.Server(bed), bed.capture()
    sock = beds.in_netns(bed.cli, socket.socket, socket.AF_INET, socket.SOCK_DGRAM)

    def sent():
        return len([packet for packet in capture.gre(bed.client) if packet[0] & 0x10])  # S: with a payload

    for mode, enough in (('advisory', 300), ('strict', 0)):
        env = write_config(bed, server, data='window-mode = "%s";' % mode)
        process = daemon(bed, env, '--foreground', name=mode)
        at_work(bed)
        (deaf,) = server.pids('pptpctrl')
        os.kill(deaf, signal.SIGSTOP)
        before, offered = sent(), 0
        while offered < 1500 and (not enough or sent() < before + enough):
            sock.sendto(b'x' * 64, (servers.INNER, 9))
            offered += 1
            time.sleep(0.001)  # the queue of a PPP interface is short
        passed = sent() - before
        os.kill(deaf, signal.SIGCONT)
        if passed < enough or (mode == 'strict' and passed > 150):
            raise Failure('%s: %d of %d packets passed' % (mode, passed, offered))
        servers.transfer(bed, 1 << 17)
        process.signal(signal.SIGTERM)
        expect_exit(process, 0)
        gone(bed, server)
    sock.close()
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def connect_saves_and_goes_into_the_background(bed):
    """--save, then the saved NAME; each comes back when it is up, and $(...) with it: nobody holds its output."""
    server = servers.Server(bed)
    folder, secret = bed.file('conf'), bed.file('secret')
    os.mkdir(folder)
    with open(secret, 'w') as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(server.password + '\n')
    env = {'PPTPEER_CONFIG_DIR': folder}

    def background(code, *words, name):
        process = Process(bed, bed.cli, ['bash', '-c', 'said=$("$@" 2>&1); echo "$? $said"', 'bash', bed.runner.command,
                                         'connect'] + list(words) + ['--background'], name, env=bed.environment(**env))
        process.wait(40)
        if not process.out.startswith('%d ' % code):
            raise Failure('%s: %s' % (name, process.out))
        return process.out

    first = background(0, bed.server, '-u', server.user, '--password-file', secret, '--save', bed.NAME, name='first')
    if 'Saved as ' not in first or 'is up, in the background' not in first:
        raise Failure(first)
    one = at_work(bed)
    for pid, words in bed.namespace_processes():
        held = [os.readlink('/proc/%d/fd/%d' % (pid, fd)) for fd in (0, 1, 2)] if 'pptpeer' in words.split()[0] else []
        if any(path != '/dev/null' for path in held):
            raise Failure('%d %s holds %s' % (pid, words, held))
    if command(bed, env, 'down', bed.NAME, name='down-first').wait() != 0:
        raise Failure('down did not end with 0')
    gone(bed, server)
    end = bed.status()['last_end']
    if end['by'] != 'user' or end['exit'] != 0:
        raise Failure('last_end: %s' % end)

    background(0, bed.NAME, name='by-name')
    all_the_same({'--save': one, 'NAME': at_work(bed)})
    background(19, bed.NAME, name='twice')
    command(bed, env, 'down', bed.NAME, name='down-second').wait()
    gone(bed, server)

    with open(secret, 'w') as file:
        file.write('wrong\n')
    if 'E401' not in background(12, bed.NAME, name='refused'):
        raise Failure('a refused password is not told')
    gone(bed, server)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))
