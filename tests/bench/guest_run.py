"""The guest rig's runs: called by tests/bench/guest in tests/lab/qemu, as root, in a guest of its own.

Each measurement is one line of the CSV file: round, program, case, metric, value.  The case is MPPE on or
off, the wire, and the way.
"""
import argparse
import csv
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
CLIENT = '10.10.10.1'
SERVERS = {'off': '10.20.20.10', 'on': '10.20.20.11'}  # MPPE
GATEWAY = '10.10.10.10'  # the server's own interface
INNER_SERVER, INNER_CLIENT = '192.168.99.1', '192.168.99.2'
MTU = 1400  # of the interface in every row
REFERENCE = 'pptp-linux'
OURS = ('tap', 'pty', 'kernel')
DELAY = 'limit 10000 delay 10ms'  # each way
WIRES = {'clean': '', 'delay': DELAY, 'reorder': DELAY + ' reorder 5%', 'loss': 'limit 10000 loss 1%',
         'both': DELAY + ' reorder 5% loss 1%'}
WAYS = ('up', 'down')
PING_EVERY = 50  # ms
UP_SECONDS = 60
SOAK_FLOWS = 8


class Fault(Exception):
    pass


class Missing(Exception):
    """This build cannot do that."""


def say(text):
    print(text, flush=True)


def sh(*words, check=True, **more):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if check and done.returncode != 0:
        raise Fault('%s: %s' % (' '.join(words), done.stdout))
    return done.stdout


def read(path):
    try:
        with open(path, errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def until(test, seconds, what):
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            raise Fault('not within %d s: %s' % (seconds, what))
        time.sleep(0.1)


def busy():
    """CPU time of the whole guest, s: all that was not idle."""
    words = [int(word) for word in read('/proc/stat').split('\n', 1)[0].split()[1:9]]
    return (sum(words) - words[3] - words[4]) / os.sysconf('SC_CLK_TCK')


def foreign():
    """CPU time that others have used on the host, s; tests/bench/guest keeps count of it."""
    return float(read(os.path.join(os.environ['LAB_OUT'], 'foreign')) or 0)


class Network:
    """Two machines and a wire; the answerer, with MPPE and without, on one of them."""

    def __init__(self, build, out, folder, on_link):
        self.build, self.out, self.started = build, out, []
        for name in ('srv', 'cli'):
            sh('ip', 'netns', 'add', name)
            sh('ip', '-n', name, 'link', 'set', 'lo', 'up')
        sh('ip', 'link', 'add', 'vs', 'netns', 'srv', 'type', 'veth', 'peer', 'name', 'vc', 'netns', 'cli')
        for name, interface, address in (('srv', 'vs', GATEWAY), ('cli', 'vc', CLIENT)):
            sh('ip', '-n', name, 'addr', 'add', address + '/24', 'dev', interface)
            sh('ip', '-n', name, 'link', 'set', interface, 'up')
            # Each connection is to start as the first one did.
            sh('ip', 'netns', 'exec', name, 'sysctl', '-q', '-w', 'net.ipv4.tcp_no_metrics_save=1')
        for address in SERVERS.values():
            sh('ip', '-n', 'srv', 'addr', 'add', address + '/32', 'dev', 'lo')
            sh('ip', '-n', 'cli', 'route', 'add', address, 'dev', 'vc', *([] if on_link else ['via', GATEWAY]))
        for name in ('ip-pre-up', 'ip-up', 'ip-down'):  # Debian's start a dozen processes each; /etc is ours
            if os.path.exists('/etc/ppp/' + name):
                os.rename('/etc/ppp/' + name, '/etc/ppp/%s.not-here' % name)
        with open(os.open('/etc/ppp/chap-secrets', os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as file:
            file.write('bench * secret *\n')
        self.secret = os.path.join(folder, 'secret')
        with open(os.open(self.secret, os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
            file.write('secret')
        for mppe in SERVERS:
            self.answerer(mppe)

    def answerer(self, mppe):
        bench = os.path.join(self.build, 'tests/bench')
        words = ['nodetach', 'name', 'server', 'auth', 'require-mschap-v2', 'nobsdcomp', 'nodeflate', 'novj', 'noipv6',
                 'nodefaultroute', 'mtu', '1450', 'mru', '1450', 'lcp-echo-interval', '0', 'debug', 'logfile',
                 self.server_log(mppe), '%s:%s' % (INNER_SERVER, INNER_CLIENT)]
        words.append('require-mppe-128' if mppe == 'on' else 'nomppe')
        process = self.start('srv', 'answerer', os.path.join(bench, 'answerer'), '-a', SERVERS[mppe], '-p',
                             os.path.join(bench, '.libs/attach.so'), *words, stdout=subprocess.PIPE)
        if process.stdout.readline() != 'listening\n':
            raise Fault('the answerer does not listen')

    def server_log(self, mppe):
        return os.path.join(self.out, 'server-%s.log' % mppe)

    def start(self, netns, log, *words, **more):
        with open(os.path.join(self.out, log + '.log'), 'a') as file:
            more.setdefault('stdout', file)
            process = subprocess.Popen(('ip', 'netns', 'exec', netns) + words, stderr=file, text=True,
                                       stdin=subprocess.DEVNULL, **more)
        self.started.append(process)
        return process

    def netem(self, wire):
        for netns, interface in (('srv', 'vs'), ('cli', 'vc')):
            sh('ip', 'netns', 'exec', netns, 'tc', 'qdisc', 'del', 'dev', interface, 'root', check=False)
            if WIRES[wire]:
                sh('ip', 'netns', 'exec', netns, 'tc', 'qdisc', 'add', 'dev', interface, 'root', 'netem',
                   *WIRES[wire].split())

    def routes(self):
        return sh('ip', '-n', 'cli', '-o', 'route')

    def end(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()


class Tunnel:
    """A client that is up; a context, at whose end it is down again."""

    def __init__(self, network, program, mppe):
        self.network, self.program, self.mppe = network, program, mppe
        start = time.monotonic()
        self.process = network.start('cli', program.name, *program.command(network, mppe),
                                     env=dict(os.environ, **program.env))
        try:
            until(lambda: INNER_SERVER in network.routes() or self.over(), UP_SECONDS, '%s is up' % program.name)
        except Fault as fault:
            self.__exit__()
            raise Fault('%s\n%s' % (fault, self.evidence())) from None
        self.up_ms = (time.monotonic() - start) * 1000
        if self.mtus() != {MTU}:
            self.__exit__()
            raise Fault('%s: the MTUs are %s, not %d' % (program.name, self.mtus(), MTU))
        if program.name == 'tap' and not self.steered():
            self.__exit__()
            raise Fault('tap: the engine and the kernel\'s half of the TAP have not parted the CPUs')

    def over(self):
        code = self.process.poll()
        if code is not None and code in (2, 3) and self.program.name in OURS:
            raise Missing('%s: %s' % (self.program.name, ' '.join(self.evidence().split('\n')[-3:])))
        if code is not None:
            raise Fault('%s ended with %d, MPPE %s\n%s' % (self.program.name, code, self.mppe, self.evidence()))
        return False

    def evidence(self):
        return '\n'.join(read(os.path.join(self.network.out, self.program.name + '.log')).split('\n')[-25:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        until(lambda: not re.search(r'\bppp', sh('ip', '-n', 'srv', '-o', 'link')), 20, "the server's interface goes")


    def steered(self):
        """One CPU has what comes from the TAP, and the engine keeps off it (daemon/cpus.h)."""
        mask = sh('ip', 'netns', 'exec', 'cli', 'sh', '-c', 'cat /sys/class/net/pptap*/queues/rx-0/rps_cpus')
        cpus = {cpu for cpu in range(os.cpu_count()) if int(mask.replace(',', ''), 16) >> cpu & 1}
        return len(cpus) == 1 and any(os.sched_getaffinity(int(pid)) == set(range(os.cpu_count())) - cpus
                                      for pid in sh('pgrep', '-x', 'pptpeer').split())

    def mtus(self):
        """Of both ends: a row with another one would not be comparable."""
        return {int(found) for netns in ('cli', 'srv')
                for found in re.findall(r'\bppp.* mtu (\d+)', sh('ip', '-n', netns, '-o', 'link'))}


class Program:
    env = {}


class UnderPppd(Program):
    """pppd with "pptp" on a pty: Debian's, or ours in its place."""

    def __init__(self, name, path):
        self.name, self.path = name, path

    def command(self, network, mppe):
        # With MPPE pppd takes its four octets off the interface.
        mtu = str(MTU + (4 if mppe == 'on' else 0))
        words = ['pppd', 'nodetach', 'noauth', 'user', 'bench', 'password', 'secret', 'noipdefault', 'nodefaultroute',
                 'nobsdcomp', 'nodeflate', 'novj', 'noipv6', 'mtu', mtu, 'mru', mtu, 'lcp-echo-interval', '0', 'nolock',
                 'pty', '%s %s --nolaunchpppd --loglevel 0' % (self.path, SERVERS[mppe])]
        return words + (['require-mppe-128'] if mppe == 'on' else ['nomppe'])


class Ours(Program):
    def __init__(self, name, build):
        self.name, self.build = name, build
        self.env = {'PPTPEER_PLUGIN': os.path.join(build, 'plugin/.libs/pptpeer.so'), 'NO_COLOR': '1'}

    def command(self, network, mppe):
        return [os.path.join(self.build, 'pptpeer'), 'connect', SERVERS[mppe], '--name', 'bench', '-u', 'bench',
                '--password-file', network.secret, '--mppe', 'require' if mppe == 'on' else 'off', '--mtu', str(MTU),
                '--data-path', self.name]


def programs(args):
    found = [UnderPppd(REFERENCE, args.reference)]
    if args.drop_in:
        found.append(UnderPppd('drop-in', args.drop_in))
    found += [Ours(name, args.build) for name in OURS]
    return [one for one in found if not args.only or one.name in args.only]


class Run:
    def __init__(self, args, writer, network):
        self.args, self.writer, self.network = args, writer, network
        self.load = os.path.join(args.build, 'tests/bench/load')
        self.programs = programs(args)
        self.faults = 0

    def record(self, number, program, case, metrics):
        for metric, value in metrics.items():
            self.writer.writerow([number, program.name, case, metric, '%.6g' % value])

    # ---------------------------------------------------------------------------- the loads

    def sink(self, netns, address, flows):
        process = self.network.start(netns, 'load', self.load, 'sink', address, '5001', str(flows),
                                     stdout=subprocess.PIPE)
        if process.stdout.readline() != 'listening\n':
            raise Fault('no sink on %s' % address)
        return process

    def result(self, process, seconds):
        if not select.select([process.stdout], [], [], seconds)[0]:
            raise Fault('no end of %s' % ' '.join(process.args))
        line = process.stdout.readline()
        process.wait()
        if not line:
            raise Fault('%s: %s' % (' '.join(process.args), read(os.path.join(self.network.out, 'load.log'))[-500:]))
        return json.loads(line)

    def flow(self, way, seconds, flows=1):
        """One way for so long; starts it, and gives a function that waits for its end."""
        sender, receiver, address = ('cli', 'srv', INNER_SERVER) if way == 'up' else ('srv', 'cli', INNER_CLIENT)
        sink = self.sink(receiver, address, flows)
        send = self.network.start(sender, 'load', self.load, 'send', address, '5001', str(flows), str(seconds),
                                  stdout=subprocess.PIPE)
        return lambda: {**self.result(send, seconds + 60), **self.result(sink, 60)}

    def ping(self, seconds, every=PING_EVERY):
        return self.network.start('cli', 'load', self.load, 'ping', INNER_SERVER, str(seconds), str(every),
                                  stdout=subprocess.PIPE)

    def measure(self, way, seconds):
        before, others, start = busy(), foreign(), time.monotonic()
        finish = self.flow(way, seconds)
        ping = self.ping(seconds)
        got = finish()
        used, took = busy() - before, time.monotonic() - start
        others = (foreign() - others) / took
        pings = self.result(ping, 30)
        return {'mbit_s': got['mbit_s'], 'cpu_s_gb': used / max(got['octets'], 1) * 1e9, 'tcp_rtt_ms': got['tcp_rtt_ms'],
                'retransmits': got['retransmits'], 'ping_ms': pings['median_ms'], 'ping_p95_ms': pings['p95_ms'],
                'ping_max_ms': pings['max_ms'], 'ping_lost': pings['lost'] / max(1, pings['sent']),
                'foreign': others / os.cpu_count()}

    # ----------------------------------------------------------------------------- the parts

    def throughput(self, number, program, mppe):
        with Tunnel(self.network, program, mppe) as tunnel:
            self.record(number, program, '%s start' % mppe, {'up_ms': tunnel.up_ms})
            self.record(number, program, '%s idle' % mppe, {'ping_ms': self.result(self.ping(3), 30)['median_ms']})
            for wire in self.args.wires:
                self.network.netem(wire)
                for way in WAYS:
                    got = self.measure(way, self.args.seconds)
                    self.record(number, program, '%s %s %s' % (mppe, wire, way), got)
                    say('  %-10s MPPE %-3s %-7s %-4s %7.1f Mbit/s %7.0f CPU-s/GB, ping %.1f ms' % (
                        program.name, mppe, wire, way, got['mbit_s'], got['cpu_s_gb'], got['ping_ms']))
            self.network.netem('clean')

    def soak(self, program):
        """Many flows both ways at once for long, then pings: has MPPE lost step?"""
        seconds = self.args.soak
        with Tunnel(self.network, program, 'on'):
            ends = [self.flow('up', seconds, SOAK_FLOWS), self.flow('down', seconds, SOAK_FLOWS)]
            up, down = [end() for end in ends]
            pings = self.result(self.ping(10, 100), 30)
        log = read(self.network.server_log('on'))
        resets = len(re.findall(r'(?:sent|rcvd) \[CCP Reset', log))
        self.record(1, program, 'on soak', {
            'seconds': seconds, 'up_mbit_s': up['mbit_s'], 'down_mbit_s': down['mbit_s'], 'ccp_resets': resets,
            'ping_sent': pings['sent'], 'ping_lost': pings['lost']})
        say('  %-10s %d s, %d flows each way, MPPE: up %.1f, down %.1f Mbit/s; CCP resets: %d; then %d of %d pings lost'
            % (program.name, seconds, SOAK_FLOWS, up['mbit_s'], down['mbit_s'], resets, pings['lost'], pings['sent']))

    def bring_ups(self, program):
        passed = 0
        for number in range(1, self.args.bring_ups + 1):
            good = False
            try:
                with Tunnel(self.network, program, 'on') as tunnel:
                    self.record(number, program, 'on bring-up', {'up_ms': tunnel.up_ms})
                    pings = self.result(self.ping(1, 200), 30)
                good = pings['sent'] > 0 and pings['lost'] == 0
                if not good:
                    say('  %s, bring-up %d: %d of %d pings lost' % (
                        program.name, number, pings['lost'], pings['sent']))
            except Fault as fault:
                say('  %s, bring-up %d: %s' % (program.name, number, fault))
            passed += good
            self.faults += not good
            self.record(number, program, 'on bring-up', {'passes': int(good)})
        say('  %-10s %d bring-ups with MPPE, %d pass traffic' % (program.name, self.args.bring_ups, passed))

    def without_missing(self, function, *words):
        for program in list(self.programs):
            try:
                function(program, *words)
            except Missing as missing:
                say('  not in this build: %s' % missing)
                self.programs.remove(program)
            except Fault as fault:  # the other rows are worth having
                say('  FAULT: %s' % fault)
                self.faults += 1

    def all(self):
        if self.args.bring_ups:
            self.without_missing(self.bring_ups)
        if self.args.soak:
            self.without_missing(self.soak)
        for number in range(1, self.args.rounds + 1):
            say('round %d of %d' % (number, self.args.rounds))
            for mppe in self.args.mppe:
                self.without_missing(lambda program, at=(number, mppe): self.throughput(at[0], program, at[1]))
            self.programs.append(self.programs.pop(0))


def words(text):
    return text.split(',')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--reference', required=True)
    parser.add_argument('--drop-in')
    parser.add_argument('--rounds', type=int, required=True)
    parser.add_argument('--seconds', type=int, required=True)
    parser.add_argument('--wires', type=words, required=True)
    parser.add_argument('--mppe', type=words, required=True)
    parser.add_argument('--only', action='append', default=[])
    parser.add_argument('--on-link', action='store_true')
    parser.add_argument('--soak', type=int, default=0)
    parser.add_argument('--bring-ups', type=int, default=0)
    args = parser.parse_args()
    out = os.environ['LAB_OUT']
    with open(os.path.join(out, 'guest.csv'), 'w', newline='', buffering=1) as file, \
            tempfile.TemporaryDirectory(prefix='pptpeer-bench.') as folder:
        writer = csv.writer(file)
        writer.writerow(['round', 'program', 'case', 'metric', 'value'])
        network = Network(args.build, out, folder, args.on_link)
        try:
            run = Run(args, writer, network)
            run.all()
        finally:
            network.end()
    if run.faults:
        sys.exit('bench: %d faults, see above' % run.faults)


main()
