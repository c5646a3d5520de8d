"""The measurement of tests/bench/calls: called through tests/lab/with-ppp, as root, on an empty network.

The listener is in a network namespace of its own; this process is its callers, in another.
"""
import argparse
import collections
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, '../system'))
import peer  # noqa: E402 (needs the path above)
from bed import in_netns, new_netns, read  # noqa: E402
from many_callers import ASKED, CARRIED, PPP, UP, Callers, Fault  # noqa: E402

LISTENER, CALLERS, INSIDE = '10.10.10.1', '10.10.10.2', '10.99.0.1'
POOL = '10.100'     # .0.0 and so on
SOURCES = '10.8'    # each control connection has an address of its own
PATIENCE = 120      # s without any call that comes up, or ends
CONF = '''role = "listen";
users-file = "%(folder)s/users.conf";
listen: { address = "%(listener)s"; rate = ""; max-control = 65535; max-calls = %(calls)d;
          max-calls-per-peer = 65535; max-half-open = 65535; };
auth: { require-peer = [ "chap" ]; };
encryption: { mppe = "off"; };
ip: { local = "%(inside)s"; pool = [ "%(pool)s.0.1-%(last)s" ]; };
data: { path = "%(path)s"; };
keepalive: { lcp-echo = 600; };
log: { target = "stderr"; level = "notice"; };
'''
TICK = os.sysconf('SC_CLK_TCK')
Use = collections.namedtuple('Use', 'cpu rss pss private descriptors')


def say(text):
    print(text, flush=True)


def sh(*words):
    subprocess.run(words, check=True)


def host(prefix, number):
    return '%s.%d.%d' % (prefix, number >> 8, number & 255)


# ---------------------------------------------------------------------------- what it costs

def use(pids):
    """CPU in seconds, memory in KiB, descriptors: of all these."""
    cpu = rss = pss = private = descriptors = 0
    for pid in pids:
        words = read('/proc/%d/stat' % pid).rsplit(')', 1)[-1].split()
        cpu += sum(int(word) for word in words[11:13]) / TICK
        lines = dict(line.split(':', 1) for line in read('/proc/%d/smaps_rollup' % pid).splitlines()[1:])
        kib = {name: int(value.split()[0]) for name, value in lines.items()}
        rss, pss = rss + kib['Rss'], pss + kib['Pss']
        private += kib['Private_Clean'] + kib['Private_Dirty']
        descriptors += len(os.listdir('/proc/%d/fd' % pid))
    return Use(cpu, rss, pss, private, descriptors)


def machine():
    """Of all processors: busy and idle, in seconds; and KiB of memory that could be had."""
    words = [int(word) / TICK for word in read('/proc/stat').split('\n', 1)[0].split()[1:9]]
    idle = words[3] + words[4]
    available = int(read('/proc/meminfo').split('MemAvailable:')[1].split()[0])
    return sum(words) - idle, idle, available


class Listener:
    def __init__(self, args, folder):
        self.args, self.netns = args, new_netns()
        self.write(folder)
        mine = '/proc/%d/fd/%d' % (os.getpid(), self.netns)
        self.enter = ['nsenter', '--net=' + mine, '--']
        sh('ip', 'link', 'add', 'vc', 'type', 'veth', 'peer', 'name', 'vs', 'netns', mine)
        sh('ip', 'addr', 'add', CALLERS + '/24', 'dev', 'vc')
        sh('ip', 'link', 'set', 'vc', 'up')
        sh('ip', 'route', 'add', 'local', SOURCES + '.0.0/16', 'dev', 'lo')
        for words in (('link', 'set', 'lo', 'up'), ('addr', 'add', LISTENER + '/24', 'dev', 'vs'),
                      ('link', 'set', 'vs', 'up'), ('route', 'add', SOURCES + '.0.0/16', 'via', CALLERS)):
            sh(*self.enter, 'ip', *words)
        self.interfaces_before = self.interfaces()
        build = os.path.realpath(args.build)
        self.env = dict(os.environ, PPTPEER_RUN_DIR=os.path.join(folder, 'run'),
                        PPTPEER_PLUGIN=os.path.join(build, 'plugin/.libs/pptpeer.so'))
        self.log = open(args.log, 'w+')
        self.process = subprocess.Popen([*self.enter, os.path.join(build, 'pptpeerd'), '--foreground', '--config',
                                         os.path.join(folder, 'gw.conf')], env=self.env, stderr=self.log)
        self.until(lambda: 'listening on' in read(args.log), 60, 'it listens')
        self.keeper = self.process.pid
        self.engine = self.children()[0]

    def write(self, folder):
        """One user for each call, so that they have to be found."""
        count = max(self.args.users, self.args.calls)
        users = ''.join('{ name = "%s"; password = "%s"; },\n' % user(i) for i in range(count))
        values = {'folder': folder, 'listener': LISTENER, 'calls': self.args.calls, 'inside': INSIDE, 'pool': POOL,
                  'last': host(POOL, self.args.calls), 'path': self.args.path}
        for name, text in (('users.conf', 'users: ( %s );\n' % users.rstrip(',\n')), ('gw.conf', CONF % values)):
            with open(os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT, 0o600), 'w') as file:
                file.write(text)

    def until(self, test, seconds, what):
        end = time.monotonic() + seconds
        while not test():
            if time.monotonic() > end or self.process.poll() is not None:
                raise Fault('not so: %s; the log ends with:\n%s' % (what, read(self.args.log)[-2000:]))
            time.sleep(0.05)

    def children(self):
        """Its processes but the keeper, in the order in which they were started."""
        found = []
        for name in os.listdir('/proc'):
            words = read('/proc/%s/stat' % name).rsplit(')', 1)[-1].split() if name.isdigit() else []
            if words and int(words[1]) == self.process.pid:
                found.append((int(words[19]), int(name)))
        return [pid for _, pid in sorted(found)]

    def pppds(self):
        return [pid for pid in self.children() if pid != self.engine]

    def interfaces(self):
        return in_netns(self.netns, lambda: len(read('/proc/thread-self/net/dev').splitlines()) - 2)

    def gone(self):
        return not self.pppds() and self.interfaces() == self.interfaces_before

    def calls_up(self):
        """As `pptpeer status` says."""
        out = subprocess.run([os.path.join(self.args.build, 'pptpeer'), 'status', 'gw', '--json'], env=self.env,
                             stdout=subprocess.PIPE, text=True, check=True).stdout
        return out.count('"state": "up"')


def user(number):
    return 'user-%d' % number, 'Sesam-%d' % number


# --------------------------------------------------------------------------- the measurements

class Run:
    def __init__(self, args, listener, callers):
        self.args, self.listener, self.callers = args, listener, callers
        self.next_caller = 0

    def connect(self):
        """The next control connection that is free, with its calls; there are twice as many as there can be calls."""
        size, taken = self.args.calls_per_connection, True
        while taken:
            number = self.next_caller % (self.args.calls * 2 // size)
            self.next_caller += 1
            first = number * size
            taken = any(call_id in self.callers.calls for call_id in range(first + 1, first + size + 1))
        self.callers.connect(host(SOURCES, number + 1), user(first % self.args.calls), range(first + 1, first + size + 1))

    def fault(self, text):
        states = collections.Counter(call.state for call in self.callers.calls.values())
        raise Fault('%s; calls by state: %s; the log ends with:\n%s' % (text, dict(states), read(self.args.log)[-3000:]))

    def set_up(self):
        args, callers = self.args, self.callers
        before, keeper, engine = machine(), use([self.listener.keeper]), use([self.listener.engine])
        callers.carried, begun, own = [], time.monotonic(), time.process_time()
        while len(callers.carried) < args.calls:
            while len(callers.calls) < args.calls and callers.count(ASKED, PPP, UP) < args.at_once:
                self.connect()
            carried = len(callers.carried)
            if not callers.run(lambda: len(callers.carried) > carried or len(callers.calls) < args.calls and
                               callers.count(ASKED, PPP, UP) < args.at_once, PATIENCE):
                self.fault('nothing comes up any more after %d calls' % carried)
            if self.listener.process.poll() is not None:
                self.fault('the listener has ended')
        took, own = time.monotonic() - begun, time.process_time() - own
        after = machine()
        delays = sorted(callers.carried)
        say('%d calls, each with an echo of %d octets through and its answer back: %.1f s, %.1f calls a second' % (
            args.calls, 1000, took, args.calls / took))
        say('  from the connection to that answer: median %.0f ms, longest %.0f ms; %d at once' % (
            1000 * delays[len(delays) // 2], 1000 * delays[-1], args.at_once))
        self.costs(before, after, keeper, engine, took, own)

    def costs(self, before, after, keeper, engine, took, own):
        each = self.args.calls
        pppds = self.listener.pppds()
        say('  the machine: busy %.0f %% of that; memory %.0f KiB a call, all in all' % (
            100 * (after[0] - before[0]) / (after[0] - before[0] + after[1] - before[1]), (before[2] - machine()[2]) / each))
        rows = (('keeper', keeper, use([self.listener.keeper])), ('engine', engine, use([self.listener.engine])),
                ('pppd', Use(0, 0, 0, 0, 0), use(pppds)))
        for name, was, now in rows:
            say('  %-6s a call: %.2f ms of CPU; %.1f KiB RSS, %.1f PSS, %.1f private; %.2f descriptors' % (
                name, 1000 * (now.cpu - was.cpu) / each, (now.rss - was.rss) / each, (now.pss - was.pss) / each,
                (now.private - was.private) / each, (now.descriptors - was.descriptors) / each))
        say('  the callers: %.2f ms of CPU a call' % (1000 * own / each))
        say('  %d pppd, %d interfaces more; `status`: %d calls up' % (
            len(pppds), self.listener.interfaces() - self.listener.interfaces_before, self.listener.calls_up()))

    def all_carry(self):
        """Once more, all at the same time."""
        calls, begun = list(self.callers.calls.values()), time.monotonic()
        for call in calls:
            call.echo()
        if not self.callers.run(lambda: not any(call.asking for call in calls), PATIENCE):
            self.fault('not every call carries once all are up')
        wrong = sum(call.wrong for call in calls)
        if wrong or self.callers.count(CARRIED) != len(calls):
            self.fault('%d wrong answers' % wrong)
        say('  all of them again, at the same time: %.2f s, every octet right' % (time.monotonic() - begun))

    def hang_up(self):
        """The first half clears its calls, the other closes TCP."""
        begun, connections = time.monotonic(), list(self.callers.connections.values())
        for number, connection in enumerate(connections):
            if number % 2:
                connection.close('we close')
            else:
                for call in connection.calls.values():
                    connection.clear(call)
        if not self.callers.run(lambda: not self.callers.calls, PATIENCE):
            self.fault('not every call is cleared')
        for connection in connections:
            connection.close('we close')
        self.listener.until(self.listener.gone, PATIENCE, 'no pppd and no interface is left')
        say('  hung up: %.1f s until no pppd and no interface was left' % (time.monotonic() - begun))

    def churn(self, seconds):
        """Calls come and go in any order and way, up to the last address of the pool and beyond."""
        dice, end, counts = random.Random(self.args.seed), time.monotonic() + seconds, collections.Counter()
        callers, target = self.callers, self.args.calls
        callers.carried, callers.ended = [], collections.Counter()
        while time.monotonic() < end:
            done = len(callers.carried)
            if len(callers.calls) < target:
                self.connect()
                counts['begun'] += 1
            elif callers.count(ASKED, PPP) < self.args.at_once:
                connection = dice.choice(list(callers.connections.values()))
                way = dice.choice(('clear', 'close', 'terminate'))
                counts[way] += 1
                self.end_by(connection, way)
            if dice.random() < 0.01:
                target = dice.choice((self.args.calls // 2, self.args.calls, self.args.calls * 11 // 10))
            callers.run(lambda: len(callers.carried) > done, 0.02)
        say('churn, %d s: %s; %d carried an echo; as the callers saw it: %s' % (
            seconds, dict(counts), len(callers.carried), dict(callers.ended)))

    def end_by(self, connection, way):
        for call in list(connection.calls.values()):
            if way == 'clear':
                connection.clear(call)
            elif way == 'terminate' and call.state != ASKED:
                call.terminate()
        if way == 'close':
            connection.close('we close')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build', required=True)
    parser.add_argument('--log', required=True)
    parser.add_argument('--calls', type=int, required=True)
    parser.add_argument('--at-once', type=int, required=True)
    parser.add_argument('--calls-per-connection', type=int, required=True)
    parser.add_argument('--users', type=int, default=0)
    parser.add_argument('--path', required=True)
    parser.add_argument('--rounds', type=int, required=True)
    parser.add_argument('--churn', type=int, required=True)
    parser.add_argument('--seed', type=int, required=True)
    args = parser.parse_args()
    peer.enter_netns(new_netns())
    sh('ip', 'link', 'set', 'lo', 'up')
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with tempfile.TemporaryDirectory() as folder:
            measure(args, Listener(args, folder))
    except Fault as fault:
        sys.exit('calls: %s' % fault)


def left(listener, when):
    """What both processes have when there is no call."""
    found = {name: use([pid]) for name, pid in (('keeper', listener.keeper), ('engine', listener.engine))}
    say('%s: %s' % (when, ', '.join('%s %d descriptors, %d KiB private' % (name, one.descriptors, one.private)
                                    for name, one in found.items())))
    return [one.descriptors for one in found.values()]


def measure(args, listener):
    run = Run(args, listener, Callers(LISTENER, INSIDE))
    before = left(listener, 'without a call')
    for _ in range(args.rounds):
        run.set_up()
        run.all_carry()
        run.hang_up()
        listener.until(lambda: left(listener, 'without a call again') == before, PATIENCE, 'as few descriptors as before')
    if args.churn:
        run.churn(args.churn)
        run.hang_up()
        listener.until(lambda: left(listener, 'without a call again') == before, PATIENCE, 'as few descriptors as before')
    listener.process.send_signal(signal.SIGTERM)
    if listener.process.wait(60) != 0 or not listener.gone():
        raise Fault('exit code %d, and left are %d interfaces' % (listener.process.returncode, listener.interfaces()))


if __name__ == '__main__':
    main()
