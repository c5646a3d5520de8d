"""The bed of a system test: two machines and a wire between them, our command on one of them.

Each Bed has network namespaces of its own (no names, no mounts: it works in a chroot), its own
addresses, its own run folder and its own folder for evidence, so tests run side by side.
"""
import os
import re
import select
import signal
import socket
import struct
import subprocess
import threading
import time
import zlib

import peer
import schema

CLONE_NEWNET = peer.CLONE_NEWNET
ETH_P_ALL = 3


class Failure(Exception):
    """The test's evidence, in words."""


class Skip(Exception):
    """Why this test cannot run here."""


# Deadlines are for faults; where all is slow (a guest, a busy host) they are longer.
patience = float(os.environ.get('PPTPEER_TEST_PATIENCE', '2'))


def poll(test, seconds, what):
    """The first true value of test(); Failure after so many seconds."""
    end = time.monotonic() + seconds * patience
    while True:
        value = test()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failure('not within %g s: %s' % (seconds, what))
        time.sleep(0.01 * patience)


def in_netns(fd, function, *args):
    """function(*args) in that network namespace, by a thread that ends there."""
    result = []

    def run():
        try:
            peer.enter_netns(fd)
            result.append((True, function(*args)))
        except Exception as error:  # handed to the caller
            result.append((False, error))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    good, value = result[0]
    if not good:
        raise value
    return value


def new_netns():
    """The descriptor of a new network namespace; it lives as long as somebody has it open."""
    result = []

    def run():
        if peer.libc.unshare(CLONE_NEWNET) == 0:
            result.append(os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC))
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if not result:
        raise Skip('network namespaces cannot be made here')
    return result[0]


def processes():
    return [int(name) for name in os.listdir('/proc') if name.isdigit()]


def read(path, mode='r'):
    try:
        with open(path, mode) as file:
            return file.read()
    except OSError:
        return '' if mode == 'r' else b''


class Process:
    """A command in a namespace; its output in one file, as it comes."""

    def __init__(self, bed, netns, argv, name, stdin=None, env=None, wrapper=(), pass_fds=(), terminal=None):
        self.bed, self.argv, self.name = bed, argv, name
        self.path = bed.file(name + '.out')
        enter = ['nsenter', '--net=/proc/%d/fd/%d' % (os.getpid(), netns), '--']
        with open(self.path, 'wb') as out:
            self.process = subprocess.Popen(
                enter + list(wrapper) + argv, stdout=out, stderr=subprocess.STDOUT, env=env, cwd=bed.dir,
                stdin=subprocess.PIPE if stdin is not None else terminal if terminal is not None else subprocess.DEVNULL,
                pass_fds=pass_fds,
                start_new_session=True)
        self.pid = self.process.pid
        if stdin is not None:
            try:
                self.process.stdin.write(stdin)
                self.process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended, and what it said tells why
        bed.started.append(self)

    @property
    def out(self):
        return read(self.path, 'rb').decode('utf-8', 'backslashreplace')

    def wait(self, seconds=20):
        """The exit status; negative: the signal."""
        try:
            return self.process.wait(seconds * patience)
        except subprocess.TimeoutExpired:
            raise Failure('%s has not ended within %g s' % (self.name, seconds * patience)) from None

    def wait_out(self, pattern, seconds=20):
        def look():
            found = re.search(pattern, self.out, re.M)
            if not found and self.process.poll() is not None and not re.search(pattern, self.out, re.M):
                raise Failure('%s ended (%d) and did not say /%s/' % (self.name, self.process.returncode, pattern))
            return found or re.search(pattern, self.out, re.M)
        return poll(look, seconds, '%s says /%s/' % (self.name, pattern))

    def signal(self, number):
        os.kill(self.pid, number)

    def running(self):
        return self.process.poll() is None


class Capture:
    """Every packet on the wire, into a file that tshark reads."""

    def __init__(self, netns, interface, path):
        self.path, self.packets = path, []
        self.stopping = threading.Event()
        self.sock = in_netns(netns, socket.socket, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind((interface, ETH_P_ALL))
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with open(self.path, 'wb') as file:
            file.write(struct.pack('<IHHiIII', 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
            while True:
                # The last round comes after the order to stop, and empties the socket.
                last = self.stopping.is_set()
                while select.select([self.sock], [], [], 0 if last else 0.05)[0]:
                    frame, address = self.sock.recvfrom(262144)
                    if len(self.packets) < 20000:
                        self.packets.append(frame)
                        now = time.time()
                        file.write(struct.pack('<IIII', int(now), int(now % 1 * 1e6), len(frame), len(frame)) + frame)
                    del address
                if last:
                    break
        self.sock.close()

    def stop(self):
        self.stopping.set()
        self.thread.join()

    def tcp_segments(self, source):
        """Of each TCP segment from this address: ports and sequence number, flags, payload."""
        for frame in list(self.packets):
            if frame[12:14] != b'\x08\x00' or frame[23] != 6 or socket.inet_ntoa(frame[26:30]) != source:
                continue
            tcp = 14 + (frame[14] & 15) * 4
            end = 14 + struct.unpack('!H', frame[16:18])[0]
            yield frame[tcp:tcp + 8], frame[tcp + 13], frame[tcp + (frame[tcp + 12] >> 4) * 4:end]

    def tcp_payloads(self, source):
        """What each TCP segment from this address carried, those sent again left out."""
        seen, found = set(), []
        for key, _, payload in self.tcp_segments(source):
            if payload and key not in seen:
                seen.add(key)
                found.append(payload)
        return found

    def gre(self, source):
        """The GRE packets from this address, without the IP header."""
        return [frame[14 + (frame[14] & 15) * 4:14 + struct.unpack('!H', frame[16:18])[0]]
                for frame in list(self.packets) if frame[12:14] == b'\x08\x00' and frame[23] == 47
                and socket.inet_ntoa(frame[26:30]) == source]


class Bed:
    NAME = 't'  # of the tunnel: pptpeer connect --name

    def __init__(self, runner, number, label):
        self.runner, self.label, self.born = runner, label, time.time()
        self.dir = os.path.join(runner.dir, '%03d-%s' % (number, label))
        os.mkdir(self.dir)
        self.run_dir = os.path.join(runner.run_dirs, 'r%d' % number)
        # The name is in it, so that two guests do not use one address in the common capture.
        net = '10.%d.%d.' % (zlib.crc32(label.encode()) % 250, number % 250)
        self.server, self.second, self.client = net + '10', net + '20', net + '1'
        self.started, self.peers, self.captures = [], [], []
        self.whole_segments = True  # False: TCP itself will have cut some
        self.srv, self.cli = new_netns(), new_netns()
        self.network()

    def network(self):
        srv_path = '/proc/%d/fd/%d' % (os.getpid(), self.srv)
        self.sh(self.cli, ['ip', '-batch', '-'], 'link set lo up\n'
                'link add vc type veth peer name vs netns %s\naddr add %s/24 dev vc\nlink set vc up\n'
                % (srv_path, self.client))
        self.sh(self.srv, ['ip', '-batch', '-'], 'link set lo up\naddr add %s/24 dev vs\naddr add %s/24 dev vs\n'
                'link set vs up\n' % (self.server, self.second))
        poll(lambda: self.carrier(), 10, 'the wire has a carrier')
        self.hide_sessions()
        self.before = self.state()

    def hide_sessions(self, mode=0o400):
        """What our tmpfiles.d does at boot for the namespace of the whole machine, for ours."""
        path = '/proc/thread-self/net/pppoe'
        in_netns(self.cli, lambda: os.path.exists(path) and os.chmod(path, mode))

    def carrier(self):
        return in_netns(self.cli, lambda: self.operstate('vc'))

    @staticmethod
    def operstate(name):
        """IFF_RUNNING by SIOCGIFFLAGS: /sys would be that of another namespace."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            request = struct.pack('16sH14x', name.encode(), 0)
            import fcntl
            flags = struct.unpack('16sH14x', fcntl.ioctl(sock, 0x8913, request))[1]
        return flags & 0x40

    def file(self, name):
        return os.path.join(self.dir, name)

    def sh(self, netns, argv, stdin=None, check=True):
        """Runs it to its end in a namespace; its output."""
        done = subprocess.run(['nsenter', '--net=/proc/%d/fd/%d' % (os.getpid(), netns), '--'] + argv,
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        if check and done.returncode != 0:
            raise Failure('%s: %s' % (' '.join(argv), done.stdout))
        return done.stdout

    def ping(self, netns, to, *words, count=3):
        """Each of the first `count` comes back.

        Without a deadline ping(8) leaves two round trips after its last packet once it has had any answer, whatever -W says:
        on a machine that is busy for a moment the last one is taken for lost.  With one it sends on until there are as
        many answers as were asked for, so which ones they are tells.
        """
        said = self.sh(netns, ['ping', '-c', str(count), '-i', '0.1', '-w', '20', *words, to], check=False)
        answered = {int(number) for number in re.findall(r'icmp_seq=(\d+) .*time=', said)}
        lost = sorted(set(range(1, count + 1)) - answered)
        if lost:
            raise Failure('ping %s: %s of %d did not come back: %s' % (to, lost, count, said))

    # ------------------------------------------------------------------------ the parts

    def peer(self, scenario, gre='none', address=None, port=1723):
        """The scripted server, and a capture of all that passes."""
        self.capture()
        one = peer.Peer(scenario, address or self.server, port, gre, self.second, netns=self.srv)
        self.peers.append(one)
        return one

    def capture(self):
        """One for all of the test: there is one file."""
        if not self.captures:
            self.captures.append(Capture(self.srv, 'vs', self.file('wire.pcap')))
        return self.captures[0]

    def environment(self, **more):
        env = {'PATH': os.environ.get('PATH', '') + ':/usr/sbin:/sbin', 'LANG': 'C.UTF-8', 'NO_COLOR': '1',
               'PPTPEER_RUN_DIR': self.run_dir, 'PPTPEER_PLUGIN': self.runner.plugin, 'HOME': self.dir}
        for name in ('ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS'):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(more)
        return env

    def connect(self, *flags, host=None, password=None, wrapper=(), name='connect', env=None,
                pass_fds=()):
        argv = [self.runner.command, 'connect', host or self.server, '--name', self.NAME] + list(flags)
        if password is not None:
            argv.append('--password-stdin')
            password = (password + '\n').encode()
        return Process(self, self.cli, argv, name, stdin=password, env=self.environment(**(env or {})),
                       wrapper=wrapper, pass_fds=pass_fds)

    def ask(self, *words, seconds=20):
        """Another shell: runs `pptpeer WORDS` to its end; its exit code and its output."""
        process = Process(self, self.cli, [self.runner.command] + list(words),
                          'tool-%d' % len(self.started), env=self.environment())
        return process.wait(seconds), process.out

    def tool(self, *words, check=0, seconds=20):
        """Its output, once it has ended with this code."""
        code, out = self.ask(*words, seconds=seconds)
        if check is not None and code != check:
            raise Failure('pptpeer %s: exit %d, not %d\n%s' % (' '.join(words), code, check, out))
        if schema.kind_of(words):
            self.documents(words, out)
        return out

    @staticmethod
    def documents(words, out):
        """What a command printed with --json; none passes that the schema refuses."""
        try:
            return schema.read(words, out)
        except ValueError as error:
            raise Failure('pptpeer %s: %s' % (' '.join(words), error)) from None

    def tunnels(self, *words):
        """The exit code of `status --json`, and the tunnels that it tells of."""
        words = ('status',) + words + ('--json',)
        code, out = self.ask(*words)
        return code, self.documents(words, out)[0]['tunnels']

    def status(self):
        tunnels = self.tunnels(self.NAME)[1]
        return tunnels[0] if tunnels else None

    # ----------------------------------------------------------------------- the checks

    def expect(self, process, code, *patterns, within=20):
        """It ends with this exit code and says all of this; then nothing of it is left."""
        found = process.wait(within)
        if found not in (code if isinstance(code, tuple) else (code,)):
            raise Failure('exit code %d, not %s' % (found, code))
        for pattern in patterns:
            if not re.search(pattern, process.out, re.M | re.S):
                raise Failure('it does not say /%s/' % pattern)
        self.nothing_left()

    def namespace_processes(self, netns=None):
        me, found = os.fstat(self.cli if netns is None else netns), []
        for pid in processes():
            try:
                theirs = os.stat('/proc/%d/ns/net' % pid)
            except OSError:
                continue
            if (theirs.st_dev, theirs.st_ino) == (me.st_dev, me.st_ino):
                found.append((pid, read('/proc/%d/cmdline' % pid).replace('\0', ' ').strip()))
        return found

    def state(self):
        """All that a tunnel might leave in the kernel, as text."""
        def look():
            net = '/proc/thread-self/net/'
            interfaces = sorted(line.split(':')[0].strip() for line in read(net + 'dev').splitlines()[2:])
            sockets = [kind + ' ' + line for kind in ('raw', 'packet', 'unix') for line in
                       read(net + kind).splitlines()[1:]]
            return {'interfaces': interfaces, 'routes': read(net + 'route'), 'sockets': sockets}
        return in_netns(self.cli, look)

    def nothing_left(self, seconds=0.0):
        """No process, interface, route, socket or folder; the time is for ends that we forced."""
        def left():
            found = ['process %d: %s' % one for one in self.namespace_processes()]
            if os.path.isdir(self.run_dir):
                found += ['in the run folder: ' + name for name in os.listdir(self.run_dir)]
            now = self.state()
            for what, before in self.before.items():
                if now[what] != before:
                    found.append('%s were %s, are %s' % (what, before, now[what]))
            return found
        end = time.monotonic() + seconds * patience
        while left() and time.monotonic() < end:
            time.sleep(0.05)
        found = left()
        if found:
            raise Failure('left behind: ' + '; '.join(found))

    def segments_are_messages(self):
        """Each segment that left us carries one whole control message (design D15)."""
        for capture in self.captures:
            for payload in capture.tcp_payloads(self.client):
                if payload[4:8] == b'\x1a\x2b\x3c\x4d' and struct.unpack('!H', payload[:2])[0] != len(payload):
                    raise Failure('a segment of %d octets is not one message: %s' % (len(payload), payload.hex()))

    def no_sanitizer_report(self):
        for process in self.started:
            found = re.search(r'^.*(AddressSanitizer|LeakSanitizer|runtime error:).*$', process.out, re.M)
            if found:
                raise Failure('%s: %s' % (process.name, found.group(0)))

    # -------------------------------------------------------------------------- the end

    def finish(self):
        """What every test ends with when it has succeeded so far."""
        for one in self.captures:
            one.stop()
        if self.whole_segments:
            self.segments_are_messages()
        self.no_sanitizer_report()
        self.nothing_left()

    def close(self):
        """Takes the bed apart, whatever happened; ends what it started."""
        for process in self.started:
            if process.running():
                process.process.kill()
                process.process.wait()
        for one in self.peers:
            one.stop()
        for one in self.captures:
            one.stop()
        for pid, _ in self.namespace_processes() + self.namespace_processes(self.srv):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        os.close(self.srv)
        os.close(self.cli)

    def evidence(self):
        lines = []
        for process in self.started:
            words = process.out.rstrip().splitlines()[-25:]
            lines.append('$ ' + ' '.join(process.argv))
            lines += ['  ' + word for word in words]
        for one in self.peers:
            lines.append('the peer received: ' + ' '.join(one.messages() or ['nothing']))
        return lines
