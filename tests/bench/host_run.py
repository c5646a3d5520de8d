"""The host rig's runs: called by tests/bench/host in tests/lab/box, as root, on an empty network.

Each measurement is one line of the CSV file: round, program, case, metric, value.
"""
import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.realpath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, '../system'))
from bed import new_netns  # noqa: E402 (needs the path above)

SERVER, CLIENT = '10.20.20.10', '10.10.10.1'
GATEWAY = '10.10.10.10'  # the server's own interface
REFERENCE = 'pptp-linux'
FLOWS = [(way, size) for way in ('up', 'down') for size in (64, 1400)] + [('both', 1400)]
FLOOR = {'up': ('pty_read', 'decode', 'send'), 'down': ('receive', 'encode', 'pty_write')}
SIZES = (64, 1400)
TIMES = (1, 2, 4, 8)
LOSSLESS = 0.999  # of what was sent
SEARCH_FROM, SEARCH_STEP, SEARCH_TO = 4000, 1.3, 400000  # packets a second


class Fault(Exception):
    pass


class Network:
    """Two namespaces and a wire; this process has them open."""

    def __init__(self, on_link):
        self.server, self.client = new_netns(), new_netns()
        self.path = '/proc/%d/fd/%d' % (os.getpid(), self.client)
        self.batch(self.client, 'link set lo up\nlink add vc type veth peer name vs netns /proc/%d/fd/%d\n'
                   'addr add %s/24 dev vc\nlink set vc up\n' % (os.getpid(), self.server, CLIENT))
        self.batch(self.server, 'link set lo up\naddr add %s/24 dev vs\nlink set vs up\n'
                   'addr add %s/32 dev lo\n' % (GATEWAY, SERVER))
        self.batch(self.client, 'route add %s %s dev vc\n' % (SERVER, 'scope link' if on_link else 'via ' + GATEWAY))
        self.receive_apart()

    def receive_apart(self):
        """The server is another machine: what its kernel does with a packet is not done in the sender's send()."""
        subprocess.run(self.enter(self.server) + ['unshare', '--mount', 'sh', '-c', 'mount -t sysfs sysfs /sys && '
                       'echo 1 >/sys/class/net/vs/queues/rx-0/rps_cpus'], check=True)

    def enter(self, netns):
        return ['nsenter', '--net=/proc/%d/fd/%d' % (os.getpid(), netns), '--']

    def batch(self, netns, lines):
        subprocess.run(self.enter(netns) + ['ip', '-batch', '-'], input=lines, text=True, check=True)


def foreign(got):
    """The part of all processors that others used meanwhile."""
    return max(0, got['foreign_ns'] / got['ns'] / got['processors'])


class Program:
    """One that is measured: how it is started, and where its pty's other side is."""

    def __init__(self, name, command, env=None, folder=None):
        self.name, self.command, self.env, self.folder = name, command, env or {}, folder


def drop_in(name, path):
    return Program(name, [path, SERVER, '--nolaunchpppd', '--loglevel', '0'])


def daemon(build, folder):
    """pptpeerd, with the rig in pppd's place."""
    os.symlink(os.path.join(build, 'tests/bench/rig'), os.path.join(folder, 'pppd'))
    secret, config = os.path.join(folder, 'secret'), os.path.join(folder, 'bench.conf')
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
        file.write('secret')
    with open(config, 'w') as file:
        file.write('dial: { server = "%s"; };\nauth: { user = "bench"; password-file = "%s"; };\n'
                   'encryption: { mppe = "off"; };\ndata: { path = "pty"; };\npppd: { path = "%s/pppd"; };\n'
                   'log: { target = "stderr"; };\n' % (SERVER, secret, folder))
    env = {'PPTPEER_PLUGIN': os.path.join(build, 'plugin/.libs/pptpeer.so'),
           'PPTPEER_RUN_DIR': os.path.join(folder, 'run')}
    return Program('daemon-pty', [os.path.join(build, 'pptpeerd'), '--foreground', '--config', config], env, folder)


def programs(args, folder):
    found = [drop_in(REFERENCE, args.reference)]
    if args.drop_in:
        found.append(drop_in('drop-in', args.drop_in))
    found.append(daemon(args.build, folder))
    return [one for one in found if not args.only or one.name in args.only + [REFERENCE]]


class Rig:
    """One run of a program; a context, at whose end it is gone."""

    def __init__(self, network, args, program, log):
        rig = os.path.join(args.build, 'tests/bench/rig')
        argv = network.enter(network.server) + [rig, '-n', network.path, '-a', SERVER, '-c', CLIENT, '-i', 'vs',
                                                '-l', log]
        argv += ['-p'] * (args.receiver == 'polls') + (['-f', program.folder] if program.folder else [])
        argv += ['--'] + program.command
        self.program, self.log = program, log
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                                        env=dict(os.environ, **program.env))
        self.start = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            with open(self.log, errors='replace') as file:
                raise Fault('%s: the rig ended (%s)\n%s' % (self.program.name, self.process.wait(), file.read()))
        return json.loads(line)

    def order(self, *words):
        self.process.stdin.write(' '.join(str(word) for word in words) + '\n')
        return self.answer()

    def flow(self, way, size, ms, rate=0, calls=0):
        return self.order(way, size, ms, rate, calls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)


class Run:
    def __init__(self, args, writer, folder):
        self.args, self.writer, self.network = args, writer, Network(args.on_link)
        self.programs = programs(args, folder)
        self.log = os.path.join(args.out, 'program.log')
        self.faults = 0

    def rig(self, program):
        return Rig(self.network, self.args, program, self.log)

    def record(self, number, program, case, **metrics):
        for metric, value in metrics.items():
            if value is not None:
                self.writer.writerow([number, program.name, case, metric, '%.6g' % value])

    def flows(self, number, program):
        """Start, flows, memory after them."""
        with self.rig(program) as rig:
            self.record(number, program, 'start', connected_ms=rig.start['connected_ms'],
                        reply_ms=rig.start['reply_ms'])
            for way, size in FLOWS:
                got = rig.flow(way, size, self.args.ms)
                packets, seconds = got['up'] + got['down'], got['ns'] * 1e-9
                if not packets:
                    raise Fault('%s: nothing passes, %s %d' % (program.name, way, size))
                user = got['user_ns'] / ((got['user_ns'] + got['system_ns']) or 1)
                calls = rig.flow(way, size, self.args.ms // 3, calls=1)
                self.record(number, program, '%s-%d' % (way, size), cpu_ns=got['cpu_ns'] / packets,
                            user_ns=got['cpu_ns'] / packets * user, pps=packets / seconds,
                            up_pps=got['up'] / seconds, down_pps=got['down'] / seconds, gaps=got['gaps'],
                            stalls=got['stalls'], foreign=foreign(got),
                            calls=calls['calls'] / max(1, calls['up'] + calls['down']) if 'calls' in calls else None)
            memory = rig.order('memory')['memory']
            self.record(number, program, 'memory', processes=len(memory), pss_kb=sum(one['pss_kb'] for one in memory),
                        rss_kb=sum(one['rss_kb'] for one in memory), dirty_kb=sum(one['dirty_kb'] for one in memory))

    def overload(self, number, program, base):
        with self.rig(program) as rig:
            for size in SIZES:
                for times in TIMES:
                    got = rig.flow('down', size, self.args.ms, int(base[size] * times))
                    self.record(number, program, 'overload-%d-%dx' % (size, times), offered_pps=base[size] * times,
                                sent_pps=got['sent'] / got['ns'] * 1e9, down_pps=got['down'] / got['ns'] * 1e9,
                                loss=1 - got['all_came'] / max(1, got['all_sent']),
                                cpu_ns=got['cpu_ns'] / max(1, got['down']), foreign=foreign(got))

    def floors(self, number):
        """The least that each way can take: the sum of the parts that it cannot do without."""
        words = self.network.enter(self.network.server) + [
            os.path.join(self.args.build, 'tests/bench/floor'), '-n', self.network.path, '-a', SERVER, '-c', CLIENT]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise Fault('floor: %s' % done.stderr)
        for size, parts in json.loads(done.stdout).items():
            for way, names in FLOOR.items():
                self.record(number, Program('floor', []), '%s-%s' % (way, size),
                            cpu_ns=sum(parts[name] for name in names), **{name: parts[name] for name in names})

    def lossless(self, size, rate):
        """Two times of three, each in a tunnel of its own: one that has lost packets is slower for a while.

        One loss may be the machine's; and a rate that is carried once by luck is not carried.
        """
        tries = {True: 0, False: 0}
        while max(tries.values()) < 2:
            with self.rig(self.programs[0]) as rig:
                got = rig.flow('down', size, self.args.ms, int(rate))
            tries[got['all_came'] >= got['all_sent'] * LOSSLESS] += 1
        return tries[True] == 2

    def search(self, size):
        """The highest rate that the reference carries without loss."""
        good = SEARCH_FROM
        while good * SEARCH_STEP < SEARCH_TO and self.lossless(size, good * SEARCH_STEP):
            good *= SEARCH_STEP
        bad = good * SEARCH_STEP
        for _ in range(2):
            middle = (good + bad) / 2
            if self.lossless(size, middle):
                good = middle
            else:
                bad = middle
        return good

    def profile(self, name):
        """The functions, the kernel's included, that take the CPU of one program."""
        program = next((one for one in self.programs if one.name == name), None)
        if not program:
            raise Fault('no program %s; there are: %s' % (name, ' '.join(one.name for one in self.programs)))
        with self.rig(program) as rig:
            pids = ','.join(str(one['pid']) for one in rig.order('memory')['memory'])
            for way, size in FLOWS:
                path = os.path.join(self.args.out, 'profile-%s-%d' % (way, size))
                perf = subprocess.Popen(['perf', 'record', '-q', '-e', 'cpu-clock', '-F', '4999', '-p', pids, '-o',
                                         path, '--', 'sleep', '%g' % (self.args.ms / 1000)])
                rig.flow(way, size, 2 * self.args.ms)
                perf.wait()
                say('\n%s, %s %d: %% of its CPU' % (name, way, size))
                say(subprocess.run(['perf', 'report', '-q', '--stdio', '--no-children', '-g', 'none', '--sort',
                                    'sym,dso', '--percent-limit', '1.5', '-i', path], stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True).stdout.strip('\n'))

    def all(self):
        base = {}
        if 'overload' in self.args.parts:
            for size in SIZES:
                found = [self.args.base[size]] if size in self.args.base else [self.search(size) for _ in range(3)]
                base[size] = statistics.median(found)
                say('%d octets: %s carries up to %.0f/s without loss (%s: %s)' % (
                    size, REFERENCE, base[size], 'by --base' if size in self.args.base else 'searches',
                    ' '.join('%.0f' % one for one in found)))
                self.record(0, self.programs[0], 'overload-%d-base' % size, lossless_pps=base[size])
        for number in range(1, self.args.rounds + 1):
            if 'floors' in self.args.parts:
                self.floors(number)
            # Who is first changes: what warms up or wears out is shared.
            turn = number % len(self.programs)
            for program in self.programs[turn:] + self.programs[:turn]:
                try:
                    if 'flows' in self.args.parts:
                        self.flows(number, program)
                    if 'overload' in self.args.parts:
                        self.overload(number, program, base)
                except Fault as fault:  # the other rows are worth having
                    say('FAULT: %s' % fault)
                    self.faults += 1
            say('round %d of %d' % (number, self.args.rounds))


def rates(text):
    return {int(size): float(rate) for size, rate in (word.split('=') for word in text.split(','))}


def say(text):
    print(text, flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--out', required=True)
    parser.add_argument('--rounds', type=int, required=True)
    parser.add_argument('--ms', type=int, default=1000, help='how long each flow is measured')
    parser.add_argument('--reference', required=True)
    parser.add_argument('--drop-in')
    parser.add_argument('--only', action='append', default=[])
    parser.add_argument('--parts', default='floors,flows,overload', type=lambda text: text.split(','))
    parser.add_argument('--base', default={}, type=rates)
    parser.add_argument('--receiver', choices=['waits', 'polls'], default='waits')
    parser.add_argument('--on-link', action='store_true')
    parser.add_argument('--profile')
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix='pptpeer-bench.', dir='/run') as folder:
        try:
            if args.profile:
                Run(args, None, folder).profile(args.profile)
                return
            with open(os.path.join(args.out, 'host.csv'), 'w', newline='') as file:
                writer = csv.writer(file)
                writer.writerow(['round', 'program', 'case', 'metric', 'value'])
                run = Run(args, writer, folder)
                run.all()
                if run.faults:
                    sys.exit('bench: %d faults, see above' % run.faults)
        except Fault as fault:
            sys.exit('bench: %s' % fault)


main()
