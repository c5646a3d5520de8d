"""The same tunnel in the ways in which people start one, and what brings it back.

The unit is in tests/system/systemd, where systemd is.
"""
import json
import os
import re
import shutil
import signal
import socket
import time

import bed as beds
import server as servers
from bed import Failure, Process, poll
from ppp_tests import interface_of, ping, ppp

CONFIG = """\
dial: { server = "%s"; };
auth: { user = "%s"; password-file = "%s"; };
encryption: { mppe = "require"; };
retry: { first-delay = 1; max-delay = 2; };
log: { target = "%s"; level = "debug"; };
"""


def write_config(bed, server, more=''):
    """NAME.conf and its secret in a config folder of the bed's; the environment that finds it."""
    folder, secret = bed.file('conf'), bed.file('secret')
    os.mkdir(folder)
    for path, text in ((secret, server.password + '\n'),
                       (os.path.join(folder, bed.NAME + '.conf'),
                        CONFIG % (bed.server, server.user, secret, bed.file('tunnel.log')) + more)):
        with open(path, 'w') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
    return {'PPTPEER_CONFIG_DIR': folder}


def command(bed, env, *words, name):
    return Process(bed, bed.cli, [bed.runner.command] + list(words), name, env=bed.environment(**env))


def told(bed, env, *words):
    """The exit code of `status --json`, and the tunnels it tells of."""
    process = command(bed, env, 'status', *words, '--json', name='status-%d' % len(bed.started))
    code = process.wait()
    try:
        return code, json.loads(process.out[process.out.find('{'):])['tunnels']  # stderr is before it
    except ValueError as error:
        raise Failure('status --json: %s\n%s' % (error, process.out)) from None


def at_work(bed, env, server):
    """Up, encrypted, and traffic flows; then the parts that must be the same in each way."""
    poll(lambda: told(bed, env, bed.NAME)[0] == 0, 30, 'it is up')
    _, (tunnel,) = told(bed, env, bed.NAME)
    ping(bed, 3)
    if tunnel['ppp']['interface'] != interface_of(bed):
        raise Failure('interface: %s' % tunnel['ppp'])
    return {'name': tunnel['name'], 'state': tunnel['state'], 'user': tunnel['ppp']['user'], 'auth': tunnel['ppp']['auth'],
            'mppe': tunnel['ppp']['mppe'], 'peer': tunnel['ppp']['peer'], 'mtu': tunnel['ppp']['mtu'],
            'path': tunnel['data_path'], 'server': tunnel['server']['address']}


def gone(bed, server):
    """Nothing of it but what `status` tells of its end; and the server has seen the call out."""
    def left():
        return bed.namespace_processes() or bed.state()['interfaces'] != bed.before['interfaces']
    poll(lambda: not left(), 20, 'all processes and interfaces are gone')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 20, "the server's part ends")


@ppp()
def one_tunnel_in_three_ways(bed):
    server, found = servers.Server(bed), {}
    env = write_config(bed, server)
    conf = os.path.join(env['PPTPEER_CONFIG_DIR'], bed.NAME + '.conf')

    process = bed.connect('-u', server.user, password=server.password, name='by-connect')
    found['connect HOST'] = at_work(bed, env, server)
    command(bed, env, 'down', bed.NAME, name='down-1').wait()
    if process.wait() != 0:
        raise Failure('connect HOST did not end with 0')
    gone(bed, server)

    other = bed.file('other.conf')  # the name need not be the file's
    shutil.copy(conf, other)
    process = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config', other, '--name', bed.NAME],
                      'by-daemon', env=bed.environment(**env))
    found['pptpeerd'] = at_work(bed, env, server)
    command(bed, env, 'down', bed.NAME, name='down-3').wait()
    if process.wait() != 0:
        raise Failure('pptpeerd did not end with 0')
    gone(bed, server)
    code, tunnels = told(bed, env, bed.NAME)
    if code != 1 or tunnels[0]['state'] != 'stopped' or tunnels[0]['last_end']['by'] != 'user':
        raise Failure('after down: %d %s' % (code, tunnels))

    if command(bed, env, 'up', bed.NAME, '--wait=30', name='up').wait(30) != 0:
        raise Failure('up --wait did not end with 0')
    found['up'] = at_work(bed, env, server)
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

    if len({json.dumps(one, sort_keys=True) for one in found.values()}) != 1:
        raise Failure('not the same: %s' % json.dumps(found, indent=1))
    if server.password in beds.read(bed.file('tunnel.log')):
        raise Failure('the password is in the log')
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def the_daemon_comes_back(bed):
    """pppd, the engine, the server: whatever dies, it is up again, and nothing is left of what was before."""
    server = servers.Server(bed)
    env = write_config(bed, server)
    daemon = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config',
                                    os.path.join(env['PPTPEER_CONFIG_DIR'], bed.NAME + '.conf')], 'daemon',
                     env=bed.environment(**env))
    at_work(bed, env, server)

    def pids(name):
        return [pid for pid, _ in bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == name]

    def engine():
        return [pid for pid in pids('pptpeerd') if pid != daemon.pid]

    for what in ('pppd', 'engine', 'server'):
        before = told(bed, env, bed.NAME)[1][0]['redials']
        if what == 'server':
            server.stop()
            poll(lambda: told(bed, env, bed.NAME)[1][0]['state'] == 'waiting', 40, 'it waits')
            server = servers.Server(bed)
        else:
            victim = pids('pppd') if what == 'pppd' else engine()
            if len(victim) != 1:
                raise Failure('%s: processes %s' % (what, bed.namespace_processes()))
            os.kill(victim[0], signal.SIGKILL)

        def back(before=before):
            tunnel = told(bed, env, bed.NAME)[1]
            return tunnel and tunnel[0]['state'] == 'up' and tunnel[0]['redials'] > before
        poll(back, 60, 'up again after the end of ' + what)
        at_work(bed, env, server)
        if len(pids('pppd')) != 1 or len(engine()) != 1:
            raise Failure('after %s: %s' % (what, bed.namespace_processes()))
    daemon.signal(signal.SIGTERM)
    if daemon.wait() != 0:
        raise Failure('pptpeerd did not end with 0')
    gone(bed, server)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


@ppp()
def a_refused_password_is_not_tried_twice(bed):
    server = servers.Server(bed)
    env = write_config(bed, server)
    with open(bed.file('secret'), 'w') as file:
        file.write('wrong\n')
    daemon = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config',
                                    os.path.join(env['PPTPEER_CONFIG_DIR'], bed.NAME + '.conf')], 'daemon',
                     env=bed.environment(**env))
    if daemon.wait(40) != 12:
        raise Failure('exit code %d, not 12' % daemon.process.returncode)
    gone(bed, server)
    if len(re.findall(r'CHAP Response', server.log())) != 1:
        raise Failure('the server was asked more than once:\n' + server.log())
    code, tunnels = told(bed, env, bed.NAME)
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
        env = write_config(bed, server, 'data: { window-mode = "%s"; };\n' % mode)
        daemon = Process(bed, bed.cli, [bed.runner.command + 'd', '--foreground', '--config',
                                        os.path.join(env['PPTPEER_CONFIG_DIR'], bed.NAME + '.conf')], mode,
                         env=bed.environment(**env))
        at_work(bed, env, server)
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
        daemon.signal(signal.SIGTERM)
        if daemon.wait() != 0:
            raise Failure('pptpeerd did not end with 0')
        gone(bed, server)
        shutil.rmtree(bed.file('conf'))
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
    one = at_work(bed, env, server)
    for pid, words in bed.namespace_processes():
        held = [os.readlink('/proc/%d/fd/%d' % (pid, fd)) for fd in (0, 1, 2)] if 'pptpeer' in words.split()[0] else []
        if any(path != '/dev/null' for path in held):
            raise Failure('%d %s holds %s' % (pid, words, held))
    if command(bed, env, 'down', bed.NAME, name='down-first').wait() != 0:
        raise Failure('down did not end with 0')
    gone(bed, server)
    end = told(bed, env, bed.NAME)[1][0]['last_end']
    if end['by'] != 'user' or end['exit'] != 0:
        raise Failure('last_end: %s' % end)

    background(0, bed.NAME, name='by-name')
    if at_work(bed, env, server) != one:
        raise Failure('connect NAME gives another tunnel')
    background(19, bed.NAME, name='twice')
    command(bed, env, 'down', bed.NAME, name='down-second').wait()
    gone(bed, server)

    with open(secret, 'w') as file:
        file.write('wrong\n')
    if 'E401' not in background(12, bed.NAME, name='refused'):
        raise Failure('a refused password is not told')
    gone(bed, server)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))
