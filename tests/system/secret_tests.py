"""Where the daemon's password comes from: a command, a person."""
import os
import re
import shutil
import signal
import time

import bed as beds
import server as servers
from bed import Failure, poll
from ppp_tests import ppp
from terminal import Terminal
from ways_tests import command, daemon, expect_exit, gone, log_of, wait_log, write_config

# Locked until there is a file beside it; with another one it never ends.
VAULT = """#!/bin/sh
if [ ! -e "$0.open" ]; then printf 'the vault is locked\\033[31m\\n' >&2; exit 7; fi
if [ -e "$0.hang" ]; then sleep 1000; fi
[ "$1|$PPTPEER_NAME|$PPTPEER_USER|$PPTPEER_SERVER" = 'a $(word)|{0}' ] && echo '{1}'
"""


def forget(bed, server):
    """The end of a test: nothing is left, and nobody has written the password down."""
    gone(bed, server)
    if server.password in log_of(bed) + beds.read(os.path.join(bed.run_dir, bed.NAME, 'state.json')):
        raise Failure('the password is in the log or in state.json')
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def touch(path):
    with open(path, 'w'):
        pass


@ppp()
def password_from_a_command(bed):
    """It fails, and is asked again; it gives the password; it hangs, and ends with the daemon."""
    server, vault = servers.Server(bed), bed.file('vault')
    with open(vault, 'w') as file:
        os.fchmod(file.fileno(), 0o700)
        file.write(VAULT.format('|'.join((bed.NAME, server.user, bed.server)), server.password))
    auth = 'user = "%s"; password-command = [ "%s", "a $(word)" ];'
    env = write_config(bed, server, auth=auth % (server.user, vault))
    process = daemon(bed, env, '--foreground')
    wait_log(bed, r'notice t: password-command: the vault is locked\\x1b\[31m\n')
    wait_log(bed, r'E109 .*/vault ended with status 7: the vault is locked\\x1b\[31m Dialling again in')
    code, (tunnel,) = bed.tunnels(bed.NAME)
    if code != 1 or tunnel['state'] != 'waiting' or (tunnel['last_end']['code'], tunnel['last_end']['exit']) != ('E109', 18):
        raise Failure('status: %d %s' % (code, tunnel))
    touch(vault + '.open')
    wait_log(bed, ' up: ')

    touch(vault + '.hang')
    process.signal(signal.SIGUSR2)
    poll(lambda: any(argv == 'sleep 1000' for _, argv in bed.namespace_processes()), 20, 'the command hangs')
    begun = time.monotonic()
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    if time.monotonic() - begun > 15:  # far from its limit of 30 s
        raise Failure('the end came %.1f s after it was asked for' % (time.monotonic() - begun))
    forget(bed, server)

    write_config(bed, server, auth=auth % (server.user, vault + '.missing'))
    process = daemon(bed, env, '--foreground', name='missing')
    expect_exit(process, 3)
    wait_log(bed, r'error t: E109 .*/vault.missing: No such file or directory\.')
    forget(bed, server)


def memory_has(pid, octets):
    """Whether a process has them in memory that it can write to."""
    with open('/proc/%d/maps' % pid) as maps, open('/proc/%d/mem' % pid, 'rb', 0) as memory:
        for line in maps:
            first, last = (int(word, 16) for word in line.split()[0].split('-'))
            if line.split()[1].startswith('rw'):
                memory.seek(first)
                try:
                    if octets in memory.read(last - first):
                        return True
                except OSError:
                    pass  # [vvar] and the like
    return False


def engine_never_had_it(bed, keeper, password):
    pids = [pid for pid, _ in bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == 'pptpeerd']
    found = {pid for pid in pids if memory_has(pid, password.encode())}
    if len(pids) != 2 or found != {keeper}:
        raise Failure('of %s the password is in %s, not in %d alone' % (pids, found, keeper))


@ppp()
def a_person_is_asked_on_the_terminal(bed):
    """Once, again only when it was refused or is for another user; and not beyond the daemon's end."""
    server, terminal = servers.Server(bed), Terminal()
    retry = 'first-delay = 1; max-delay = 2; on-auth-failure = "retry";'
    env = write_config(bed, server, auth='user = "%s"; password-ask = true;' % server.user, retry=retry)
    process = daemon(bed, env, '--foreground', wrapper=terminal.wrapper())
    prompt = 'Password for %s at %s: ' % (server.user, bed.server)
    terminal.wait_prompt(prompt)
    terminal.type('wrong\n')
    terminal.wait_prompt(prompt, 2)
    if 'so that the account is not locked' in log_of(bed):
        raise Failure('it says that it stops, and does not')
    if len(re.findall(r'CHAP Response', server.log())) != 1:
        raise Failure('the server was asked more than once:\n' + server.log())
    terminal.type(server.password + '\n')
    wait_log(bed, ' up: ')
    engine_never_had_it(bed, process.pid, server.password)

    process.signal(signal.SIGUSR2)
    wait_log(bed, ' up: ', 2)
    if len(re.findall(prompt, terminal.text())) != 2:
        raise Failure('asked for a redial: ' + terminal.text())
    write_config(bed, server, auth='user = "other"; password-ask = true;', retry=retry)
    process.signal(signal.SIGHUP)
    wait_log(bed, 'is read again')
    process.signal(signal.SIGUSR2)
    terminal.wait_prompt('Password for other at')
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed, server)
    terminal.close(server.password, 'wrong')


@ppp()
def a_person_who_starts_it_in_the_background_is_asked(bed):
    """On the terminal of `pptpeer up`, which stays for that; Ctrl-C and `down` end it, and without one it says so."""
    server, terminal = servers.Server(bed), Terminal()
    env = write_config(bed, server, auth='user = "%s"; password-ask = true;' % server.user, top='ready = "up";')
    prompt = 'Password for %s at %s: ' % (server.user, bed.server)

    def up(name):
        return beds.Process(bed, bed.cli, [bed.runner.command, 'up', bed.NAME], name, env=bed.environment(**env),
                            wrapper=terminal.wrapper())
    process = up('answered')
    terminal.wait_prompt(prompt)
    terminal.type(server.password + '\n')
    expect_exit(process, 0, 30)
    code, (tunnel,) = bed.tunnels(bed.NAME)  # ready = "up": it has come back with the address
    if code != 0 or 't is started.' not in terminal.text():
        raise Failure('up came back with %s, and said: %s' % (tunnel['state'], terminal.text()))
    keeper = [pid for pid, argv in bed.namespace_processes() if os.getsid(pid) == pid and 'pptpeerd' in argv]
    engine_never_had_it(bed, keeper[0], server.password)
    expect_exit(command(bed, env, 'down', bed.NAME, name='down'), 0)
    forget(bed, server)

    process = up('interrupted')
    terminal.wait_prompt(prompt, 2)
    terminal.type('\003')
    if process.wait() != -signal.SIGINT:
        raise Failure('up after Ctrl-C: %d' % process.process.returncode)
    forget(bed, server)

    process = up('ended')
    terminal.wait_prompt(prompt, 3)
    expect_exit(command(bed, env, 'down', bed.NAME, name='down-2'), 0)
    expect_exit(process, 20)
    forget(bed, server)

    process = daemon(bed, env, name='alone')
    expect_exit(process, 3)
    if not re.search(r'E109 there is no terminal .* set auth\.password-file', process.out):
        raise Failure('without a terminal: ' + process.out)
    # A shell's background job: asking would stop it, unseen.
    process = daemon(bed, env, '--foreground', name='job',
                     wrapper=terminal.wrapper() + ['bash', '-c', 'set -m; "$@" & wait $!', 'bash'])
    expect_exit(process, 3)
    forget(bed, server)
    terminal.close(server.password)
