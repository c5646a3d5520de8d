"""Hooks: programs of the administrator's that hear of the tunnel (pptpeer.conf(5), hooks)."""
import os
import re
import signal

import bed as beds
import server as servers
from bed import Failure, poll
from ppp_tests import interface_of, ppp
from route_tests import SITE, forget
from ways_tests import at_work, daemon, expect_exit, log_of, wait_log, write_config


def hook(bed, name, lines):
    """A shell script; what it marks is in the bed's folder."""
    path = bed.file(name)
    with open(path, 'w') as file:
        file.write('#!/bin/sh\n' + lines.replace('MARKS', bed.file('marks')) + '\n')
    os.chmod(path, 0o755)
    return path


def start(bed, hooks, **groups):
    server = servers.Server(bed)
    env = write_config(bed, server, hooks=hooks, **groups)
    return server, daemon(bed, env, '--foreground')


def stop(bed, process):
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def hooks_hear_of_up_and_down_in_order(bed):
    """Routes are there when it is told to be up, and gone when it is told to be down; what they print is logged."""
    up = hook(bed, 'up', 'echo "$1 $2 $PPTPEER_IFNAME $PPTPEER_PEER_IP $PPTPEER_ROUTES" >>MARKS\n'
              'ip route show proto 159 >>MARKS; echo "words of it"; printf "\\033[2J" >&2')
    down = hook(bed, 'down', 'echo "$1 $2 code $PPTPEER_REASON_CODE: $PPTPEER_REASON" >>MARKS\n'
                'ip route show proto 159 >>MARKS')
    server, process = start(bed, 'up = "%s"; down = "%s";' % (up, down), routes='through = [ "%s" ];' % SITE)
    at_work(bed)
    name = interface_of(bed)
    marks = beds.read(bed.file('marks')).splitlines()
    if marks[0] != 'up %s %s %s %s' % (bed.NAME, name, servers.INNER, SITE) or not marks[1].startswith(SITE + ' dev ' + name):
        raise Failure('%s' % marks)
    wait_log(bed, r'hook up: words of it')
    wait_log(bed, r'hook up: \\x1b\[2J')
    if not re.search(r'(?s)hook up: words.* up: ', log_of(bed)):
        raise Failure('it was up before the hook had ended:\n' + log_of(bed))

    server.hang_up()  # and the next dial comes after the hook
    poll(lambda: len(beds.read(bed.file('marks')).splitlines()) >= 5, 30, 'down, and up again')
    marks = beds.read(bed.file('marks')).splitlines()[2:]
    if not re.match(r'down %s code [1-9]\d\d: ' % bed.NAME, marks[0]) or not marks[1].startswith('up '):
        raise Failure('%s' % marks)
    at_work(bed)
    stop(bed, process)
    if beds.read(bed.file('marks')).splitlines()[-1] != 'down %s code 0: Hung up in order.' % bed.NAME:
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_required_hook_that_fails_ends_the_tunnel(bed):
    _, process = start(bed, 'up = "%s"; required = true;' % hook(bed, 'up', 'exit 7'), retry='persist = false;')
    expect_exit(process, 18)
    wait_log(bed, r'E703 The up hook ended with status 7, and hooks\.required is set')
    forget(bed)


@ppp()
def a_hook_that_fails_is_told_and_no_more(bed):
    _, process = start(bed, 'up = "%s"; down = "/nonexistent/hook";' % hook(bed, 'up', 'exit 7'))
    at_work(bed)
    wait_log(bed, r'warning .*the hook up ended with status 7')
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    wait_log(bed, r'warning .*the hook down cannot be started: No such file')
    forget(bed)


@ppp()
def a_hook_that_hangs_is_killed_with_all_that_it_started(bed):
    up = hook(bed, 'up', 'sleep 600 & sleep 600')
    _, process = start(bed, 'up = "%s"; timeout = 1;' % up)
    at_work(bed)
    wait_log(bed, r'warning .*the hook up did not end within 1 s, and was killed')
    stop(bed, process)


@ppp()
def a_hook_that_leaves_a_process_behind_is_not_waited_for(bed):
    """A daemon that it starts keeps the pipe open; it is no more ours."""
    up = hook(bed, 'up', 'setsid sleep 600 & echo $! >MARKS')
    _, process = start(bed, 'up = "%s";' % up)
    at_work(bed)
    stop(bed, process)
    os.kill(int(beds.read(bed.file('marks'))), signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(), 5, 'it is gone')


@ppp()
def the_end_does_not_wait_for_the_up_hook(bed):
    _, process = start(bed, 'up = "%s"; down = "%s";' % (hook(bed, 'up', 'echo up >>MARKS; sleep 600'),
                                                         hook(bed, 'down', 'echo down >>MARKS')))
    poll(lambda: beds.read(bed.file('marks')) == 'up\n', 30, 'the hook runs')
    if bed.status()['state'] != 'network':
        raise Failure('%s' % bed.status())
    stop(bed, process)
    if beds.read(bed.file('marks')) != 'up\ndown\n':
        raise Failure(beds.read(bed.file('marks')))
