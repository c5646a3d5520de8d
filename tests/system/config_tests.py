"""What a configuration promises: each key against a server or a reader that can tell."""
import os
import re
import shutil
import signal
import socket
import threading

import bed as beds
import server as servers
from bed import Failure, Skip, poll
from ppp_tests import interface_of, ping, ppp
from ways_tests import command, conf_of, daemon, expect_exit, gone, log_of, wait_log, write_config


def end(bed, process, *parts):
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    gone(bed, *parts)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def ppp_of(bed, env):
    _, (tunnel,) = bed.tunnels(bed.NAME)
    ping(bed, 3)
    found = tunnel['ppp']
    return found['local'], found['mppe']['bits'], found['mppe']['stateful']


@ppp()
def an_address_asked_for_and_both_key_lengths(bed):
    """The server decides: it gives another address, or this one; it takes 128 bits, or 40 only."""
    server = servers.Server(bed)
    env = write_config(bed, server, encryption='mppe = "require"; bits = [ 40, 128 ]; stateful = true;',
                       ip='address = "192.168.99.77"; interface = "ppp-t";')
    process = daemon(bed, env, '--foreground')
    wait_log(bed, r' up: ')
    found = ppp_of(bed, env)
    if found != ('192.168.99.10', 128, False) or interface_of(bed) != 'ppp-t':
        raise Failure('where it is given another one: %s' % (found,))
    end(bed, process, server)
    server.stop()
    # It has no addresses to give, and takes what is asked for.
    server = servers.Server(bed, mppe=('require-mppe', 'nomppe-128', 'mppe-stateful'), conf=['delegate'],
                            options=[servers.INNER + ':', 'ipcp-accept-remote'])
    process = daemon(bed, env, '--foreground', name='granted')
    wait_log(bed, r' up: ', 2)
    # Stateless is what a pppd tries first, also where both may be stateful.
    found = ppp_of(bed, env)
    if found != ('192.168.99.77', 40, False):
        raise Failure('where it is granted: %s' % (found,))
    end(bed, process, server)


@ppp()
def servers_are_tried_in_their_order(bed):
    """The next one at once, the first one again after an end; a reload's with the next dial; max-tries rounds of all."""
    server = servers.Server(bed)
    both = 'servers = [ "%s", "%s" ];' % (bed.second, bed.server)  # nothing listens at the first
    retry = 'first-delay = 1; max-delay = 1; max-tries = 2;'
    env = write_config(bed, server, dial=both, retry=retry)
    process = daemon(bed, env, '--foreground')
    refused = r'E202 %s .*refuses .* Dialling again at once\.' % re.escape(bed.second)
    wait_log(bed, r' up: ')
    wait_log(bed, refused)
    _, (tunnel,) = bed.tunnels(bed.NAME)
    if tunnel['server']['address'] != bed.server or tunnel['redials'] != 1:
        raise Failure('it is up with %s after %d redials' % (tunnel['server'], tunnel['redials']))
    write_config(bed, server, retry=retry)
    process.signal(signal.SIGHUP)
    wait_log(bed, 'is read again')
    if len(re.findall(r' up: ', log_of(bed))) != 1:
        raise Failure('a reload ends the call')
    process.signal(signal.SIGUSR2)
    wait_log(bed, r' up: ', 2)
    if len(re.findall(refused, log_of(bed))) != 1:
        raise Failure('the redial was not to the server of the new file alone')
    write_config(bed, server, dial=both, retry=retry)
    process.signal(signal.SIGHUP)
    wait_log(bed, 'is read again', 2)
    server.process.process.kill()  # it takes no more calls; this one ends by ourselves
    _, (tunnel,) = bed.tunnels(bed.NAME)
    if tunnel['last_end']['duration_s'] < 1:  # 0: it never was up
        raise Failure('it was up: %s' % tunnel['last_end'])
    os.kill(tunnel['ppp']['pppd_pid'], signal.SIGKILL)
    expect_exit(process, 7, 30)
    if len(re.findall(refused, log_of(bed))) != 3:
        raise Failure('not two rounds:\n' + log_of(bed))
    wait_log(bed, r' error t: E202 %s .* Given up after 2 tries \(retry\.max-tries\)\.$' % re.escape(bed.server))
    gone(bed, server)
    code, (tunnel,) = bed.tunnels(bed.NAME)
    if code != 1 or tunnel['state'] != 'failed' or tunnel['last_end']['exit'] != 7:
        raise Failure('status: %d %s' % (code, tunnel))
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


class Syslog:
    """Who listens at /dev/log, where nobody does."""

    def __init__(self):
        self.path, self.said = os.path.realpath('/dev/log'), ''
        if os.path.exists(self.path):
            raise Skip('something listens at /dev/log')
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()  # whoever writes there waits for a reader

    def run(self):
        while True:
            line = self.sock.recv(8192).decode()
            if not line:
                return
            self.said += line + '\n'

    def text(self):
        """Of the daemon; the server and each pppd write there by themselves."""
        return ''.join(re.findall(r'^.* pptpeerd\[.*\n', self.said, re.M))

    def close(self):
        self.sock.shutdown(socket.SHUT_RD)
        self.thread.join()
        self.sock.close()
        os.unlink(self.path)


def reload(bed, process, server, **groups):
    """The file with these groups, and SIGHUP."""
    write_config(bed, server, **groups)
    process.signal(signal.SIGHUP)


def levels(text):
    return set(re.findall(r'^\S+ pptpeerd\[\d+\] (\w+) t: ', text, re.M))


def logs_to(bed, target, level):
    return 'target = "%s"; level = "%s";' % (bed.file(target), level)


def log_in_syslog(bed, env, syslog):
    """No journal here: syslog, of facility daemon (3); notice (5) is the least that is wanted."""
    poll(lambda: ' up: ' in syslog.text(), 30, 'syslog gets the notice')
    if {line.split('>')[0] for line in syslog.text().splitlines()} != {'<29'}:
        raise Failure('syslog: ' + syslog.text())
    if not re.search(r'^<29>\w{3} [ \d]\d [\d:]{8} pptpeerd\[\d+\]: t: up: ', syslog.text(), re.M):
        raise Failure('syslog: ' + syslog.text())
    shown = command(bed, env, 'log', bed.NAME, name='log-syslog')
    expect_exit(shown, 5)
    if 't logs to syslog' not in shown.out:
        raise Failure('log: ' + shown.out)


def log_in_a_file(bed, env, process, server):
    """All of it, at once after the reload, and followed; the counters; a bad file changes nothing."""
    reload(bed, process, server, log=logs_to(bed, 'debug.log', 'debug'))
    wait_log(bed, 'is read again', name='debug.log')
    follow = command(bed, env, 'log', '-f', bed.NAME, name='follow')
    follow.wait_out('is read again')
    process.signal(signal.SIGUSR1)
    follow.wait_out(r' notice t: statistics: state up for \d+ s, .* GRE received [1-9]')
    follow.signal(signal.SIGTERM)
    reload(bed, process, server, log='target = "/no/log";')
    wait_log(bed, r' error t: not reloaded: log\.target: /no/log: No such file or directory\.$', name='debug.log')
    os.rename(bed.file('debug.log'), bed.file('rotated.log'))
    reload(bed, process, server, log='level = "loud";')
    wait_log(bed, r' error t: not reloaded: %s:\d+: log.level takes "error", ' % re.escape(conf_of(bed)), name='debug.log')
    second = daemon(bed, env, name='second')
    expect_exit(second, 3)
    if not re.search(r'^\S+t\.conf:\d+: log\.level takes', second.out):
        raise Failure('of a bad file: ' + second.out)
    process.signal(signal.SIGUSR2)
    wait_log(bed, r' notice t: up: ', name='debug.log')
    found = levels(log_of(bed, 'rotated.log') + log_of(bed, 'debug.log'))
    if not {'debug', 'info', 'notice', 'error'} <= found:
        raise Failure('levels: %s' % found)


@ppp()
def the_log_goes_where_the_file_says(bed):
    """Syslog, one file, another one, each with its level, by reloads; and a name runs once."""
    server, syslog = servers.Server(bed), Syslog()
    try:
        env = write_config(bed, server, log='level = "notice";')
        process = daemon(bed, env, '--foreground')
        log_in_syslog(bed, env, syslog)
    finally:
        syslog.close()
    log_in_a_file(bed, env, process, server)

    write_config(bed, server, log=logs_to(bed, 'warning.log', 'warning'))
    second = daemon(bed, env, name='third')
    expect_exit(second, 19)
    if 'E111 A tunnel named t runs already.' not in second.out:
        raise Failure('a second one: ' + second.out)
    process.signal(signal.SIGHUP)
    poll(lambda: 'warning.log' in beds.read(os.path.join(bed.run_dir, bed.NAME, 'state.json')), 10, 'the reload')
    os.kill(bed.tunnels(bed.NAME)[1][0]['ppp']['pppd_pid'], signal.SIGKILL)
    wait_log(bed, r' warning t: E\d+ .* Dialling again in ', name='warning.log')
    expect_exit(command(bed, env, 'wait', bed.NAME, name='wait'), 0, 30)
    shown = command(bed, env, 'log', bed.NAME, name='log-warning')
    expect_exit(shown, 0)
    if shown.out != log_of(bed, 'warning.log'):
        raise Failure('log shows: ' + shown.out)
    end(bed, process, server)
    if levels(log_of(bed, 'warning.log')) - {'warning', 'error'}:
        raise Failure('less than a warning: ' + log_of(bed, 'warning.log'))
