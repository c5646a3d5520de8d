"""Keeps count, in a file, of the CPU time that others use on this machine.

    foreign.py PID FILE

All but PID and its descendants; in seconds, twice a second, while PID lives.  A guest reads the file: of what
happens on its host it sees nothing else.
"""
import os
import sys
import time

TICK = os.sysconf('SC_CLK_TCK')


def stat(pid):
    """Its parent, its CPU time and that of its ended children; ticks."""
    try:
        with open('/proc/%s/stat' % pid) as file:
            words = file.read().rsplit(')', 1)[1].split()
    except (OSError, IndexError):
        return None
    return int(words[1]), sum(int(word) for word in words[11:15])


def own(root):
    found = {int(name): stat(name) for name in os.listdir('/proc') if name.isdigit()}
    parents = {pid: value[0] for pid, value in found.items() if value}
    total = 0
    for pid in parents:
        above = pid
        while above in parents and above != root:
            above = parents[above]
        if above == root:
            total += found[pid][1]
    return total


def machine():
    with open('/proc/stat') as file:
        words = [int(word) for word in file.readline().split()[1:9]]
    return sum(words) - words[3] - words[4]


def main():
    root, path = int(sys.argv[1]), sys.argv[2]
    base = machine() - own(root)
    while os.path.exists('/proc/%d' % root):
        with open(path + '.new', 'w') as file:
            file.write('%.2f\n' % ((machine() - own(root) - base) / TICK))
        os.rename(path + '.new', path)
        time.sleep(0.5)


main()
