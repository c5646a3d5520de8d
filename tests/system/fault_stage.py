"""What a row of faults.py is done to: a tunnel held up by a daemon, and what is measured of it.

The rows of one stage share the daemon: each finds it up, and leaves it up, or is the end of it.
"""
import collections
import contextlib
import os
import re
import shutil
import signal
import time

import bed as beds
from bed import Failure, poll

# name: what a person would call it; made: how it is made, in words; within: after how many seconds the first of `said`
# has to be, and why: the keys of the manual that say so; said: what is logged, in this order; then: BACK (by itself),
# STAYS (the tunnel: it is not noticed), GONE (killed) or the exit code; make(stage) and mend(stage).
Row = collections.namedtuple('Row', 'name made within why said then make mend', defaults=(lambda stage: None,))
BACK, STAYS, GONE = 'back', 'stays', 'gone'
LATER = 12  # s for what is said after that

# What came of a row, for the table.
Result = collections.namedtuple('Result', 'row noticed said ended left')


class Stage:
    """Subclasses: start(), which brings it up; KEEP; alive(), a sign of life to wait for."""
    KEEP, GROUP = '', 'ppp'
    UP = r'(?:^|\W)up: '  # the line of the log in which it is up

    def __init__(self, bed):
        self.bed, self.process, self.base = bed, None, None
        self.bed.whole_segments = False  # a connection that is cut off sends its segments again, in pieces
        self.prepare()

    def prepare(self):
        """What its daemons speak to, in order."""

    def close(self):
        """That it is gone."""

    def text(self):
        return beds.read(self.bed.file('tunnel.log'))

    def events(self, since):
        """What the log says of it; pppd's words are many."""
        return [line for line in self.text()[since:].splitlines() if ' pppd: ' not in line]

    def said(self, pattern, since=0):
        return re.search(pattern, self.text()[since:], re.M)

    def start(self):
        """The daemon, and what the machine is like with it."""
        since = len(self.text())
        self.launch()
        self.is_up(since)
        self.base = self.settled()

    def is_up(self, since, seconds=30):
        poll(lambda: self.said(self.UP, since), seconds, 'it is up: ' + '\n'.join(self.events(since)))
        try:
            self.alive()
        except Failure as failure:
            raise Failure('%s:\n%s' % (failure, '\n'.join(self.events(since)))) from None

    # --------------------------------------------------------------------- what is left over

    def children(self):
        return [pid for pid, _ in self.bed.namespace_processes() if pid != self.process.pid]

    def launch(self):
        raise NotImplementedError

    def alive(self):
        raise NotImplementedError

    def pids(self, name):
        return [pid for pid, _ in self.bed.namespace_processes() if beds.read('/proc/%d/comm' % pid).strip() == name]

    def engine(self):
        name = beds.read('/proc/%d/comm' % self.process.pid).strip()
        return [pid for pid in self.pids(name) if pid != self.process.pid][0]

    @staticmethod
    def descriptors(pid):
        found = collections.Counter()
        for name in os.listdir('/proc/%d/fd' % pid):
            try:
                found[re.sub(r'\d+', 'N', os.readlink('/proc/%d/fd/%s' % (pid, name)))] += 1
            except OSError:
                pass  # it was the one of a moment
        return sorted(found.items())

    def snapshot(self):
        """All that one fault after the other might pile up; None while it changes under us."""
        try:
            state = self.bed.state()
            found = {'interfaces': [re.sub(r'\d+$', 'N', name) for name in state['interfaces']],
                     # Of a redial: the tunnel's own numbers are new.
                     'routes': sorted(re.sub(r'(pp[pt]\w*?)\d+', r'\1N', line).split()[0:8] for line in
                                      state['routes'].splitlines()),
                     'sockets': len(state['sockets']),
                     'processes': sorted(beds.read('/proc/%d/comm' % pid).strip() for pid, _ in
                                         self.bed.namespace_processes()),
                     'keeper': self.descriptors(self.process.pid), 'engine': self.descriptors(self.engine()),
                     'run': sorted(os.listdir(os.path.join(self.bed.run_dir, self.bed.NAME)))}
        except (OSError, IndexError):
            return None
        return found

    def settled(self):
        """It twice in a row: the server's end, and pppd's children, take a moment."""
        def twice():
            first = self.snapshot()
            return first if first and first == self.snapshot() else None
        return poll(twice, 10, 'the machine is at rest')

    def left_over(self):
        """'' when all is as when the daemon had just come up; else what differs."""
        def differs():
            now = self.snapshot()
            return ['it changes'] if now is None else [
                '%s: %s, were %s' % (key, now[key], self.base[key]) for key in now if now[key] != self.base[key]]
        end = time.monotonic() + 10 * beds.patience
        found = differs()
        while found and time.monotonic() < end:
            time.sleep(0.05)
            found = differs()
        return '; '.join(found)

    # ---------------------------------------------------------------------------- one row

    def noticed(self, row, since):
        """All that has to be said, in that order; after how long the first of it was."""
        place, start, first = since, time.monotonic(), None
        for pattern in row.said:
            def look(pattern=pattern):
                ended = self.process.process.poll()
                found = self.said(pattern, place)
                if not found and ended is not None:
                    raise Failure('it ended (%d) and did not say /%s/' % (ended, pattern))
                return found
            try:
                place += poll(look, row.within + 1 if first is None else LATER, '/%s/ is said' % pattern).end()
            except Failure as failure:
                raise Failure('%s:\n%s' % (failure, '\n'.join(self.events(since)[:40]))) from None
            first = time.monotonic() - start if first is None else first
        return first

    def do(self, row):
        """Makes the fault, waits for what has to come of it, mends it; the table's line of it."""
        if self.process is None or not self.process.running():
            self.start()
        redials, since = self.redials(), len(self.text())
        row.make(self)
        after = self.noticed(row, since)
        words = ' '.join(re.findall(r'E\d{3}', self.text()[since:]) or ['-'])
        row.mend(self)
        if row.then == BACK:
            mended = time.monotonic()
            poll(lambda: self.redials() > redials, 20, 'it is dialled again:\n' + self.text()[since:])
            self.is_up(self.last_redial(since))
            ended, left = 'back after %.1f s' % (time.monotonic() - mended), self.left_over()
        elif row.then == STAYS:
            self.alive()
            if self.redials() != redials or self.said(r'E\d{3}', since):
                raise Failure('it did not stay up:\n' + self.text()[since:])
            ended, left = 'stays up', self.left_over()
        else:
            ended, left = self.end_of(row), ''
        if left:
            raise Failure('left over: ' + left)
        return Result(row, after, words, ended, 'nothing')

    REDIAL = r'Dialling again'

    def redials(self):
        return len(re.findall(self.REDIAL, self.text()))

    def last_redial(self, since):
        """Where in the log the last one was announced."""
        places = [found.end() for found in re.finditer(self.REDIAL, self.text())]
        return max([since] + places)

    def comes_back(self, end):
        """Ends it, and waits until it is up again."""
        since, redials = len(self.text()), self.redials()
        end()
        poll(lambda: self.redials() > redials, 20, 'it is dialled again')
        self.is_up(self.last_redial(since))

    def end_of(self, row):
        code = self.process.wait(20)
        if code != (-signal.SIGKILL if row.then == GONE else row.then):
            raise Failure('exit code %d, not %s' % (code, row.then))
        poll(lambda: not self.bed.namespace_processes() and self.bed.state()['interfaces'] == self.bed.before['interfaces'],
             20, 'all processes and interfaces are gone: %s' % self.bed.namespace_processes())
        self.forget()
        self.process = None
        self.bed.nothing_left(5)
        return 'exit %d' % code if code >= 0 else 'killed'

    def forget(self):
        """How tunnels of a file ended is kept; and what kill -9 leaves is the next start's."""
        shutil.rmtree(os.path.join(self.bed.run_dir, self.bed.NAME), ignore_errors=True)

    def stop(self, number=signal.SIGTERM):
        if self.process is not None and self.process.running():
            self.process.signal(number)
            code = self.process.wait(20)
            if code != 0 and number == signal.SIGTERM:
                raise Failure('told to end, it ends with %d' % code)
        for pid, _ in self.bed.namespace_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process = None
        self.forget()


def slug(row):
    """As the runner calls it."""
    return 'fault-' + re.sub(r'\W+', '-', row.name)


def line_of(result):
    """As the runner prints it, for the command faults to read again."""
    noticed = '%.2f s of %g' % (result.noticed, result.row.within) if result.noticed is not None else 'not noticed'
    return ' | '.join((noticed, result.said, result.ended, result.left))


def play(bed, stage_class, rows):
    """The test of a stage: each row is a test of its own, and the next one is done whatever became of it."""
    chosen = os.environ.get('PPTPEER_FAULTS', '').split(',')
    rows = [row for row in rows if not any(chosen) or any(name and slug(row).startswith(name) for name in chosen)]
    stage, failed = stage_class(bed), []
    for row in rows:
        name, start = slug(row), time.monotonic()
        try:
            result = stage.do(row)
        except beds.Skip as skip:
            bed.runner.say('skip %s %s' % (name, skip), ran=False)
        except Failure as failure:
            failed.append(row.name)
            bed.runner.say('not ok %s %s' % (name, str(failure).replace('\n', '\n    ')), failed=True)
            stage.stop(signal.SIGKILL)
            stage.close()
            stage = stage_class(bed)
        else:
            bed.runner.say('ok %s %.1f %s' % (name, time.monotonic() - start, line_of(result)))
    stage.stop()
    stage.close()
    if failed:
        raise Failure('faults: ' + ', '.join(failed))
