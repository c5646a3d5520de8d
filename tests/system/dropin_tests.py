"""`pptp`, the drop-in for pptp-linux (interface.md 9): every way in which existing set-ups call it.

The ppp group meets real pppd and pptpd; the control group a scripted server, and a pty on which the test is pppd.
"""
import os
import pty
import re
import shutil
import signal
import struct
import time
import tty

import bed as beds
import peer as peers
import server as servers
from bed import Failure, Process, poll
from control_tests import control
from ppp_tests import ping, ppp

# What `pppd pty` users have in common; the secret is in chap-secrets, which the server's pppd reads as well.
WORDS = ['nodetach', 'noauth', 'nobsdcomp', 'nodeflate', 'require-mppe-128', 'refuse-eap', 'noipdefault',
         'nodefaultroute', 'ip-up-script', '/bin/true', 'ip-down-script', '/bin/true']


def drop_in(bed):
    """The name makes it: a link called pptp to this build's command."""
    folder = bed.file('bin')
    if not os.path.isdir(folder):
        os.mkdir(folder)
        os.symlink(bed.runner.command, os.path.join(folder, 'pptp'))
    return os.path.join(folder, 'pptp')


def environment(bed):
    path = os.path.dirname(drop_in(bed)) + ':' + os.environ.get('PATH', '') + ':/usr/sbin:/sbin'
    return bed.environment(PATH=path)


def start(bed, argv, name):
    return Process(bed, bed.cli, argv, name, env=environment(bed))


def ours(bed):
    """The processes of this build; the file counts, whatever its name."""
    def is_ours(pid):
        try:
            return os.path.samestat(os.stat('/proc/%d/exe' % pid), os.stat(bed.runner.command))
        except OSError:
            return False  # gone
    return [pid for pid, _ in bed.namespace_processes() if is_ours(pid)]


def up_and_down(bed, server, process):
    """Traffic both ways; then pppd is told to end, and all of it does, in order."""
    process.wait_out(r'remote IP address', 30)
    if len(ours(bed)) != 1:
        raise Failure('one process of this build: %s' % bed.namespace_processes())
    ping(bed, 5)
    servers.transfer(bed, 200000)
    mppe = re.search(r'MPPE 128-bit stateless compression enabled', server.log())
    if not mppe:
        raise Failure('no MPPE:\n' + server.log())
    pppd = [pid for pid, _ in bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == 'pppd']
    if len(pppd) != 1:
        raise Failure('pppd: %s' % bed.namespace_processes())
    os.kill(pppd[0], signal.SIGTERM)
    process.wait(20)
    poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")
    if 'LCP terminated by peer' not in server.log():
        raise Failure('LCP was not ended in order:\n' + server.log())


@ppp()
def pppd_pty_with_nolaunchpppd(bed):
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd' % (drop_in(bed), bed.server), 'user', server.user] +
                    WORDS, 'pppd')
    up_and_down(bed, server, process)


@ppp()
def pppd_call_with_the_file_of_pptpsetup(bed):
    """pptpsetup's own file, as it is: it names /usr/sbin/pptp, and there we are."""
    server = servers.Server(bed)
    bed.sh(bed.cli, ['mount', '--bind', bed.runner.command, '/usr/sbin/pptp'])
    try:
        call_office(bed, server)
    finally:
        bed.sh(bed.cli, ['umount', '/usr/sbin/pptp'])


def call_office(bed, server):
    bed.sh(bed.cli, ['pptpsetup', '--create', 'office', '--server', bed.server, '--username', server.user,
                     '--password', server.password, '--encrypt'])
    peers_file = beds.read('/etc/ppp/peers/office')
    if '/usr/sbin/pptp %s --nolaunchpppd' % bed.server not in peers_file:
        raise Failure(peers_file)
    process = start(bed, ['pppd', 'call', 'office'] + WORDS, 'pppd')
    up_and_down(bed, server, process)


@ppp()
def the_command_line_of_networkmanager_pptp(bed):
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd --loglevel 0 --logstring nm-pptp-service-%d' % (
        drop_in(bed), bed.server, os.getpid()), 'nodetach', 'lock', 'usepeerdns', 'noipdefault', 'nodefaultroute',
        'noauth', 'user', server.user, 'refuse-eap', 'refuse-chap', 'refuse-mschap', 'require-mppe', 'nobsdcomp',
        'nodeflate', 'lcp-echo-failure', '0', 'lcp-echo-interval', '0', 'ip-up-script', '/bin/true',
        'ip-down-script', '/bin/true'], 'pppd')
    up_and_down(bed, server, process)


@ppp()
def pptp_starts_pppd_itself(bed):
    """Without --nolaunchpppd the other words are pppd's, those with dashes behind --."""
    server = servers.Server(bed)
    os.makedirs('/run/lock', exist_ok=True)  # Debian's options say "lock"; /run is private here
    process = start(bed, [drop_in(bed), bed.server, '--logstring', 'x', 'user', server.user, '--'] + WORDS, 'pptp')
    up_and_down(bed, server, process)
    if process.process.returncode != 0:
        raise Failure('exit %d: %s' % (process.process.returncode, process.out))
    routes = bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])
    if routes.strip():
        raise Failure('its host route is still there: ' + routes)


@ppp()
def a_sigterm_to_pptp_ends_the_call_in_order(bed):
    """To the process that pppd has started: Call-Clear, Stop; pppd sees its modem hang up."""
    server = servers.Server(bed)
    process = start(bed, ['pppd', 'pty', 'exec %s %s --nolaunchpppd 2>%s' % (
        drop_in(bed), bed.server, bed.file('pptp.log')), 'user', server.user] + WORDS, 'pppd')
    process.wait_out(r'remote IP address', 30)
    routes = bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])
    if not routes.startswith(bed.server + ' '):
        raise Failure('no host route: %r' % routes)
    pid, = ours(bed)
    os.kill(pid, signal.SIGUSR1)
    poll(lambda: 'round trip' in beds.read(bed.file('pptp.log')), 10, 'the counters')
    os.kill(pid, signal.SIGTERM)
    if process.wait(20) != 16:
        raise Failure('pppd ended with %d' % process.process.returncode)
    log = beds.read(bed.file('pptp.log'))
    for words in ('rx accepted  = ', 'rx lost      = 0', 'tx sent      = ', 'Hung up in order'):
        if words not in log:
            raise Failure('%r is not in %s' % (words, log))
    poll(lambda: not server.pids('pptpctrl'), 10, "the server's part ends")


@ppp()
def synchronous_ppp_on_both_sides(bed):
    """Two frames can come in one read there, so only some of the pings are asked for; and no MPPE."""
    server = servers.Server(bed, mppe=False)
    process = start(bed, ['pppd', 'pty', '%s %s --nolaunchpppd --sync' % (drop_in(bed), bed.server), 'sync', 'user',
                          server.user] + [word for word in WORDS if word != 'require-mppe-128'], 'pppd')
    process.wait_out(r'remote IP address', 30)
    said = bed.sh(bed.cli, ['ping', '-c', '1', '-w', '10', servers.INNER], check=False)
    if ' 1 received' not in said:
        raise Failure(said)
    process.signal(signal.SIGTERM)
    process.wait(20)
    poll(lambda: not bed.namespace_processes(), 10, 'all of it ends')
    poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")
