"""Debian's pptpd in a bed, and what the commands repeat and transfer do in one."""
import os
import re
import signal
import socket
import threading
import time

import bed as beds
from bed import Failure, Process, in_netns, poll

INNER = '192.168.99.1'  # the server's end of each tunnel
SECRETS = '/etc/ppp/chap-secrets'
# pppd's words for each method a server may demand; all others are refused.
METHODS = ('pap', 'chap', 'mschap', 'mschap-v2', 'eap')


class Server:
    """pptpd with its pppds in the server's namespace; it ends with the bed.

    `mppe`: 128 bits are demanded, or none are offered, or pppd's own words; `options` are more words for its pppds,
    `conf` more lines for pptpd; it answers at `listen` (the bed's server), and is `inner` in its tunnels; callers get an address of `pool`.
    """

    def __init__(self, bed, mppe=True, auth='mschap-v2', user='user', password='Sesam-5-oeffne', options=(), conf=(),
                 listen=None, inner=INNER, pool='192.168.99.10-200'):
        self.bed, self.user, self.password = bed, user, password
        self.log_path = bed.file('server-%d.log' % len(bed.started))
        os.makedirs('/run/pptp', exist_ok=True)
        # Debian's scripts start a dozen processes for each call; /etc/ppp is private here.
        for name in ('ip-pre-up', 'ip-up', 'ip-down'):
            if os.path.exists('/etc/ppp/' + name):
                os.rename('/etc/ppp/' + name, '/etc/ppp/%s.not-in-tests' % name)
        for path in (SECRETS, '/etc/ppp/pap-secrets'):
            with open(path, 'w') as file:
                os.fchmod(file.fileno(), 0o600)
                file.write('"%s" * "%s" *\n' % (user, password))
        words = ['name pptpd', 'auth', 'nobsdcomp', 'nodeflate', 'noipv6', 'lock', 'debug', 'nologfd',
                   'logfile ' + self.log_path, 'require-' + auth]
        words += ['refuse-' + method for method in METHODS if method != auth]
        words += ['nomppe'] if not mppe else mppe if mppe is not True else ['require-mppe-128'] * (auth == 'mschap-v2')
        self.write('server.options', words + list(options))
        self.write('pptpd.conf', ['option ' + bed.file('server.options'), 'localip ' + inner,
                                  'remoteip ' + pool, 'listen ' + (listen or bed.server), 'connections 100', *conf])
        self.process = Process(bed, bed.srv, ['pptpd', '--fg', '--conf', bed.file('pptpd.conf'), '--pidfile',
                                              bed.file('pptpd.pid')], 'pptpd-%d' % len(bed.started),
                               env={'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'})
        poll(lambda: in_netns(bed.srv, self.listens), 10, 'pptpd listens')

    def write(self, name, lines):
        with open(self.bed.file(name), 'w') as file:
            file.write('\n'.join(lines) + '\n')

    @staticmethod
    def listens():
        return re.search(r':06BB \S+ 0A ', beds.read('/proc/thread-self/net/tcp'))

    def log(self):
        return beds.read(self.log_path)

    def pids(self, name):
        return [pid for pid, _ in self.bed.namespace_processes(self.bed.srv)
                if beds.read('/proc/%d/comm' % pid).strip() == name]

    def hang_up(self):
        """The pppd of the call ends as on a SIGTERM of its administrator."""
        for pid in self.pids('pppd'):
            os.kill(pid, signal.SIGTERM)

    def stop(self):
        self.process.process.kill()
        self.process.process.wait()
        for pid, _ in self.bed.namespace_processes(self.bed.srv):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it went with the others
        poll(lambda: not self.bed.namespace_processes(self.bed.srv), 10, 'pptpd and its pppds end')


def netem(bed):
    """2 % loss and 10 % reordering on both ends of the wire: every tenth packet overtakes 5 ms of others."""
    for netns, name in ((bed.srv, 'vs'), (bed.cli, 'vc')):
        said = bed.sh(netns, ['tc', 'qdisc', 'add', 'dev', name, 'root', 'netem', 'limit', '10000', 'delay', '5ms',
                              'loss', '2%', 'reorder', '10%'], check=False)
        if said:
            raise beds.Skip('netem: ' + said.strip())


# ------------------------------------------------------------------------------ transfer

def both_ends_up(bed):
    """We are up when we have sent the last Configure-Ack, the server only when it has read that."""
    poll(lambda: INNER in bed.sh(bed.srv, ['ip', '-4', 'address']), 10, "the server's end is up")


MANY = 8  # TCP connections at once on a wire that loses


def one_way(source_ns, sink_ns, address, octets):
    """The octets through TCP from one namespace to an address in the other; what came."""
    listener = in_netns(sink_ns, socket.create_server, (address, 0))
    received = bytearray()

    def sink():
        sock, _ = listener.accept()
        while True:
            chunk = sock.recv(1 << 16)
            if not chunk:
                break
            received.extend(chunk)
        sock.close()
    thread = threading.Thread(target=sink, daemon=True)
    thread.start()
    sender = in_netns(source_ns, socket.create_connection, listener.getsockname(), 60)
    sender.settimeout(600)
    sender.sendall(octets)
    sender.shutdown(socket.SHUT_WR)
    thread.join(600)
    sender.close()
    listener.close()
    return bytes(received)


def transfer(bed, size, say=lambda text: None, streams=1):
    """A random file of that size up, then down through the tunnel: bit for bit.

    In several TCP connections at once where loss keeps each of them slow.
    """
    local = in_netns(bed.cli, local_address)
    both_ends_up(bed)
    for way, source, sink, address in (('up', bed.cli, bed.srv, INNER), ('down', bed.srv, bed.cli, local)):
        octets, came, start = os.urandom(size), [b''] * streams, time.monotonic()
        step = -(-size // streams)

        def part(number, octets=octets, came=came, ends=(source, sink, address)):
            came[number] = one_way(*ends, octets[number * step:(number + 1) * step])
        threads = [threading.Thread(target=part, args=(number,)) for number in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if b''.join(came) != octets:
            raise Failure('%s: %d of %d octets came, or not the same' % (way, len(b''.join(came)), size))
        seconds = time.monotonic() - start
        say('%s: %d octets in %.1f s, %d TCP at once, the same bit for bit' % (way, size, seconds, streams))


def local_address():
    """Ours in the tunnel: the source address towards the server's end."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((INNER, 9))
        return sock.getsockname()[0]


# -------------------------------------------------------------------------------- repeat

def is_kernel_thread(pid):
    """kworkers come and go as the kernel likes.  PF_KTHREAD in the flags, the ninth field of stat."""
    words = beds.read('/proc/%d/stat' % pid).rsplit(')', 1)[-1].split()
    return len(words) < 7 or int(words[6]) & 0x00200000 != 0


def kernel(bed):
    """What a leak would make grow, on the whole machine."""
    memory = dict(line.split(':') for line in beds.read('/proc/meminfo').splitlines())
    return {'processes': len([pid for pid in beds.processes() if not is_kernel_thread(pid)]), 'descriptors': int(beds.read('/proc/sys/fs/file-nr').split()[0]),
            'ptys': len(os.listdir('/dev/pts')), 'memory': int(memory['MemAvailable'].split()[0]),
            **{key: value for key, value in bed.state().items()}}


def settled(bed, before):
    """The same as before, but for memory; the server's part takes a moment to go."""
    def same():
        now = kernel(bed)
        return all(now[key] == before[key] for key in ('processes', 'ptys', 'interfaces', 'routes', 'sockets')) \
            and now['descriptors'] <= before['descriptors'] + SLACK_DESCRIPTORS
    try:
        poll(same, 10, 'as at the start')
    except Failure as failure:
        raise Failure('%s\nbefore: %s\nafter:  %s' % (failure, before, kernel(bed))) from None


SLACK_DESCRIPTORS = 64  # file-nr counts in steps of a CPU's batch
SLACK_MEMORY = 16 << 10  # kB: page cache and logs of the test itself


def repeat(bed, count, say):
    """So many connects and disconnects in a row; the first one, which loads and caches, is not counted."""
    server, times = Server(bed), []
    before = None
    for number in range(count + 1):
        start = time.monotonic()
        process = bed.connect('-u', server.user, '--until', 'up', password=server.password, name='repeat')
        code = process.wait(30)
        if code != 0 or not re.search(r'^ *[\d.]+ s +up ', process.out, re.M):
            raise Failure('connect %d of %d: exit %d' % (number, count, code))
        bed.started.remove(process)
        times.append(time.monotonic() - start)
        bed.nothing_left()
        if number == 0:
            poll(lambda: not server.pids('pppd') and not server.pids('pptpctrl'), 10, "the server's part ends")
            before = kernel(bed)
        elif number % 10 == 0:
            say('%d up and down' % number)
    settled(bed, before)
    after = kernel(bed)
    if after['memory'] < before['memory'] - SLACK_MEMORY:
        raise Failure('memory: %d kB were available, %d are' % (before['memory'], after['memory']))
    say('%d of %d up; %.1f to %.1f s each; processes %d -> %d, descriptors %d -> %d, memory available %d -> %d kB' % (
        count, count, min(times), max(times), before['processes'], after['processes'], before['descriptors'],
        after['descriptors'], before['memory'], after['memory']))
    return before, after
