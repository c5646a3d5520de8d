#!/usr/bin/env python3
"""Medians, spreads and ratios of a bench's CSV file: a table on standard output, and a plot.

    tests/bench/report.py host|guest FILE.csv [FILE.svg]

Called by tests/bench/host and guest; by hand for a file that was kept.  A cell is the median
[least..most] and, after x, its ratio to pptp-linux's; an aim is what issue 5 asks that ratio to be.
"""
import csv
import statistics
import sys

sys.dont_write_bytecode = True
import plot  # noqa: E402

REFERENCE = 'pptp-linux'
FLOOR = 'floor'  # no program: the sum of the parts that none can do without
SIZES, TIMES = (64, 1400), (1, 2, 4, 8)
WIRES, WAYS, MPPE = ('clean', 'delay', 'reorder', 'loss', 'both'), ('up', 'down'), ('off', 'on')
WIRE_TEXT = {'clean': 'clean wire', 'delay': '20 ms', 'reorder': '20 ms, 5 % reordered', 'loss': '1 % loss',
             'both': '20 ms, both'}
# Of the machine: from here on others are worth a word.  The kernel's threads that serve the ptys are among them.
BUSY = {'host': 0.25, 'guest': 0.1}


class Data:
    def __init__(self, path):
        self.values, self.programs = {}, []
        with open(path, newline='') as file:
            for row in csv.DictReader(file):
                key = row['program'], row['case'], row['metric']
                self.values.setdefault(key, {})[row['round']] = float(row['value'])
                if row['program'] not in self.programs and row['round'] != '0':
                    self.programs.append(row['program'])
        if REFERENCE in self.programs:
            self.programs.remove(REFERENCE)
        self.programs = [REFERENCE] + sorted(self.programs)

    def rounds(self, program, case, metric):
        return self.values.get((program, case, metric), {})

    def get(self, program, case, metric):
        return list(self.rounds(program, case, metric).values())

    def median(self, program, case, metric):
        found = self.get(program, case, metric)
        return statistics.median(found) if found else None

    def derive(self, program, case, metric, function):
        """A figure of each round, made from others of that round: function(look) where look(case, metric)."""
        numbers = {number for key, rounds in self.values.items() if key[0] == program for number in rounds}
        for number in sorted(numbers):
            try:
                value = function(lambda c, m, n=number: self.values[program, c, m][n])
            except KeyError:
                continue
            self.values.setdefault((program, case, metric), {})[number] = value

    def count(self):
        """Of the rounds; the many bring-ups of one program are none."""
        return max((len(rounds) for key, rounds in self.values.items() if key[1] != 'on bring-up'),
                   default=0)


def number(value):
    if value == int(value):
        return '%d' % value
    return '%.0f' % value if abs(value) >= 100 else '%.1f' % value if abs(value) >= 10 else '%.2f' % value


class Table:
    """Sections of rows; a column for each program."""

    def __init__(self, data):
        self.data, self.lines, self.head = data, [], []

    def section(self, title):
        """Its head is only there once it has a row."""
        self.head = ['', title, '-' * len(title),
                     ' ' * 30 + ''.join('%-40s' % program for program in self.data.programs).rstrip()]

    def row(self, label, case, metric, aims=None, against=REFERENCE):
        cells = []
        base = self.data.median(against, case, metric) if against else None
        for program in self.data.programs:
            values = self.data.get(program, case, metric)
            if not values:
                cells.append('-')
                continue
            middle = statistics.median(values)
            cell = '%s [%s..%s]' % (number(middle), number(min(values)), number(max(values)))
            if program != against and base:
                cell += ' x%.2f' % (middle / base)
            if aims and program in aims:
                cell += ' (aim %s)' % aims[program]
            cells.append(cell)
        if set(cells) != {'-'}:
            self.note('%-30s' % label + ''.join('%-38s  ' % cell for cell in cells))

    def note(self, text):
        self.lines += self.head + [text.rstrip()]
        self.head = []

    def text(self):
        return '\n'.join(self.lines) + '\n'


def foreign_note(data, kind):
    found = [value for key, rounds in data.values.items() if key[2] == 'foreign' for value in rounds.values()]
    if not found:
        return 'How busy the machine was with other things is not known.'
    text = 'Other things used %.0f %% of the machine meanwhile (median of all runs; at most %.0f %%)' % (
        100 * statistics.median(found), 100 * max(found))
    return text + ('.' if statistics.median(found) < BUSY[kind] else ': no absolute figure here is good, ratios are coarse.')


# ------------------------------------------------------------------------------------ host

# Issue 5, "Must show" 2, 5 and 6: the pty paths against pptp-linux.
CPU_AIMS = {'down-1400': '0.56', 'down-64': '0.77', 'up-64': '0.71', 'up-1400': '0.93', 'both-1400': '0.5'}
FLOWS = ('up-64', 'up-1400', 'down-64', 'down-1400', 'both-1400')


def ours(data, aim):
    return {program: aim for program in data.programs if program not in (REFERENCE, FLOOR)}


def kept(look, size, known):
    """What comes out at the greatest offer, of the most that ever came out; `known`: as much has."""
    cases = ['overload-%d-%dx' % (size, times) for times in TIMES] + ['down-%d' % size]
    found = [known or 0]
    for case in cases:
        try:
            found.append(look(case, 'down_pps'))
        except KeyError:  # that part was not run
            pass
    return look('overload-%d-%dx' % (size, TIMES[-1]), 'down_pps') / max(found)


def derive_host(data):
    for program in data.programs:
        for size in SIZES:
            known = data.median(program, 'overload-%d-base' % size, 'lossless_pps')
            data.derive(program, 'overload-%d' % size, 'kept',
                        lambda look, size=size, known=known: kept(look, size, known))


def host(data):
    derive_host(data)
    table = Table(data)
    table.section('CPU for each packet, ns')
    for case in FLOWS:
        table.row(case.replace('-', ' '), case, 'cpu_ns', ours(data, CPU_AIMS[case]))
    table.section('the parts of the floor, ns')
    for size in SIZES:
        for way, parts in (('up', ('pty_read', 'decode', 'send')), ('down', ('receive', 'encode', 'pty_write'))):
            for part in parts:
                table.row('%s %d: %s' % (way, size, part.replace('_', ' ')), '%s-%d' % (way, size), part, None, None)
    table.section('CPU in user space for each packet, ns')
    for case in FLOWS:
        table.row(case.replace('-', ' '), case, 'user_ns')
    table.section('system calls for each packet')
    for case in FLOWS:
        table.row(case.replace('-', ' '), case, 'calls')
    table.section('packets a second, as fast as it goes')
    for case in FLOWS:
        table.row(case.replace('-', ' '), case, 'pps')
    for size in SIZES:
        base = data.median(REFERENCE, 'overload-%d-base' % size, 'lossless_pps')
        if base is None:
            continue
        table.section('%d octets, down, offered at multiples of %.0f/s, the most that %s carries without loss: '
                      'packets a second that come out' % (size, base, REFERENCE))
        for times in TIMES:
            table.row('%d times' % times, 'overload-%d-%dx' % (size, times), 'down_pps')
        table.row('8 times: really offered', 'overload-%d-8x' % size, 'sent_pps', None, None)
        table.row('at 8 times, of own peak', 'overload-%d' % size, 'kept',
                  ours(data, '0.8' if size == 64 else '0.7'), None)
    table.section('start and memory')
    table.row('start to call reply, ms', 'start', 'reply_ms', ours(data, 'under 10 ms'))
    table.row('PSS, kB', 'memory', 'pss_kb')
    table.row('private dirty, kB', 'memory', 'dirty_kb')
    table.row('processes', 'memory', 'processes', None, None)
    return table


def host_plot(data):
    kinds = (('CPU for each packet, µs', 'cpu_ns', 1e-3), ('system calls for each packet', 'calls', 1))
    panels = [plot.Panel(title, [(case.replace('-', ' '), case, metric) for case in FLOWS], scale)
              for title, metric, scale in kinds]
    panels += [plot.Panel('%d octets, overload: thousand packets a second' % size, [
        ('%d×' % times, 'overload-%d-%dx' % (size, times), 'down_pps') for times in TIMES], 1e-3) for size in SIZES]
    return 'One tunnel on one CPU of this host: less CPU and fewer calls are better, more packets are', panels


# ----------------------------------------------------------------------------------- guest

# Issue 5, "Must show" 1 and 3.
TCP_AIMS = {'off clean up': '3.5', 'off clean down': '4', 'on clean up': '2.5', 'on clean down': '2.5'}
GB_AIMS = {'off': '0.29', 'on': '0.56'}
PING_AIMS = {'off clean up': {'tap': '0.33', 'pty': '0.4'}, 'off clean down': {'tap': '0.5', 'pty': '0.5'},
             'on clean up': {'tap': '0.5'}}
KERNEL_AIMS = {'off clean up': {'tap': '0.85'}, 'off clean down': {'tap': '0.65'}}


def derive_guest(data):
    for program in data.programs:
        for mppe in MPPE:
            for way in WAYS:
                data.derive(program, '%s kept %s' % (mppe, way), 'kept', lambda look, m=mppe, w=way: look(
                    '%s reorder %s' % (m, w), 'mbit_s') / look('%s delay %s' % (m, w), 'mbit_s'))


def guest(data):
    derive_guest(data)
    table = Table(data)
    for mppe in MPPE:
        table.section('MPPE %s: TCP, Mbit/s' % mppe)
        for wire in WIRES:
            for way in WAYS:
                case = '%s %s %s' % (mppe, wire, way)
                loss = {name: '5' for name in data.programs if name != REFERENCE} if wire == 'loss' else {}
                table.row('%s, %s' % (WIRE_TEXT[wire], way), case, 'mbit_s', {'tap': TCP_AIMS.get(case), **loss}
                          if case in TCP_AIMS or loss else None)
        for way in WAYS:
            table.row('kept when reordered, %s' % way, '%s kept %s' % (mppe, way), 'kept',
                      {'tap': '0.9', 'pty': '0.9', 'drop-in': '0.9'} if way == 'down' else None, None)
        table.section('MPPE %s: CPU of the whole guest for each GB, s' % mppe)
        for way in WAYS:
            table.row('clean wire, %s' % way, '%s clean %s' % (mppe, way), 'cpu_s_gb', {'tap': GB_AIMS[mppe]})
        table.section('MPPE %s: ping beside it, median, ms' % mppe)
        table.row('idle', '%s idle' % mppe, 'ping_ms')
        for wire in WIRES:
            for way in WAYS:
                case = '%s %s %s' % (mppe, wire, way)
                table.row('%s, %s' % (WIRE_TEXT[wire], way), case, 'ping_ms', PING_AIMS.get(case))
        table.section('MPPE %s: up after, ms' % mppe)
        table.row('start to addresses', '%s start' % mppe, 'up_ms')
    if 'kernel' in data.programs:
        table.section('TCP against the kernel path')
        for case in TCP_AIMS:
            table.row(case, case, 'mbit_s', KERNEL_AIMS.get(case), 'kernel')
    guest_long(table)
    return table


def guest_long(table):
    """What --soak and --bring-ups have left."""
    if any(key[1] == 'on soak' for key in table.data.values):
        table.section('many flows both ways at once, MPPE on')
        for label, metric in (('seconds', 'seconds'), ('up, Mbit/s', 'up_mbit_s'), ('down, Mbit/s', 'down_mbit_s'),
                              ('CCP resets', 'ccp_resets'), ('pings after it', 'ping_sent'), ('lost', 'ping_lost')):
            table.row(label, 'on soak', metric, None, None)
    if any(key[1] == 'on bring-up' for key in table.data.values):
        table.section('one bring-up after the other, MPPE on')
        for program in table.data.programs:
            passes = table.data.get(program, 'on bring-up', 'passes')
            if passes:
                table.note('%-30s%d of %d pass traffic' % (program, sum(passes), len(passes)))
        table.row('up after, ms', 'on bring-up', 'up_ms')


def guest_plot(data):
    both = [('%s, MPPE %s' % (way, mppe), '%s clean %s' % (mppe, way)) for mppe in MPPE for way in WAYS]
    panels = [plot.Panel(title, [(label, case, metric) for label, case in both], scale) for title, metric, scale in (
        ('TCP, Mbit/s: more is better', 'mbit_s', 1),
        ('CPU of the whole guest for each GB, s: less is better', 'cpu_s_gb', 1),
        ('ping beside the TCP, ms: less is better', 'ping_ms', 1))]
    panels.append(plot.Panel('TCP on a bad wire, Mbit/s, MPPE off: more is better', [
        ('%s, %s' % (WIRE_TEXT[wire], way), 'off %s %s' % (wire, way), 'mbit_s')
        for wire in WIRES[1:] for way in WAYS], 1))
    return 'End to end against the same server (pptp.ko), in an emulated guest: ratios count, not Mbit/s', panels


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in ('host', 'guest'):
        sys.exit(__doc__)
    data = Data(sys.argv[2])
    table = host(data) if sys.argv[1] == 'host' else guest(data)
    print('Median [least..most] of up to %d rounds; x: against %s.' % (data.count(), REFERENCE))
    print(foreign_note(data, sys.argv[1]))
    print(table.text(), end='')
    if len(sys.argv) == 4:
        title, panels = host_plot(data) if sys.argv[1] == 'host' else guest_plot(data)
        with open(sys.argv[3], 'w') as file:
            file.write(plot.draw(title, panels, data))


main()
