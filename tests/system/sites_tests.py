"""Two sites of ours, with PPP and a network behind each (two_sites.py)."""
import os
import re
import signal
import time

import two_sites as sites
from bed import Failure, poll
from ppp_tests import ppp


@ppp()
def two_sites_that_dial_at_once_are_joined_once(bed):
    """RFC 2637 3.1.3; tests/system/sites does it 50 times."""
    sites.repeat(bed, 5, lambda text: bed.runner.say('# ' + text, ran=False))


def joined(bed):
    hq, branch = sites.two(bed)
    for site in (hq, branch):
        site.start()
    sites.joined(hq, branch)
    return hq, branch


def joined_again(hq, branch, before):
    """Another call than before."""
    poll(lambda: hq.is_up() and branch.is_up() and hq.status()['call'] != before, 60, 'they are joined again')
    sites.joined(hq, branch)


@ppp()
def a_site_that_is_restarted_is_joined_again(bed):
    hq, branch = joined(bed)
    before = hq.status()['call']
    branch.stop()
    branch.start()
    joined_again(hq, branch, before)
    sites.finish(hq, branch)


@ppp()
def a_site_that_loses_its_power_is_joined_again(bed):
    """Killed, engine and pppd as well, and nothing of its TCP connection left: the other one knows nothing."""
    hq, branch = joined(bed)
    before = hq.status()['call']
    bed.sh(bed.cli, ['ip', 'link', 'set', 'vc', 'down'])
    for pid, _ in bed.namespace_processes(bed.cli):
        os.kill(pid, signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(bed.cli) and not branch.interfaces(), 10, 'it is dark there')
    time.sleep(1)  # FIN and RST of the dead have nowhere to go
    bed.sh(bed.cli, ['ip', 'link', 'set', 'vc', 'up'])
    branch.start()
    joined_again(hq, branch, before)
    sites.finish(hq, branch)


@ppp()
def a_cable_that_was_cut_joins_again(bed):
    hq, branch = joined(bed)
    before = hq.status()['call']
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'down'])
    poll(lambda: not hq.is_up() and not branch.is_up(), 60, 'both notice')
    bed.sh(bed.srv, ['ip', 'link', 'set', 'vs', 'up'])
    joined_again(hq, branch, before)
    sites.finish(hq, branch)


def not_from_outside(bed):
    bed.sh(bed.cli, ['iptables-legacy', '-A', 'INPUT', '-p', 'tcp', '--syn', '--dport', '1723', '-j', 'DROP'])


@ppp()
def one_way_is_enough(bed):
    """The branch is behind something that lets nobody in: it dials, and is never dialled."""
    not_from_outside(bed)
    hq, branch = joined(bed)
    for _ in range(2):
        if 'has connected to us' in branch.log():
            raise Failure('the firewall lets it through')
        if 'has connected to us' not in hq.log():
            raise Failure('nobody answered')
        before = hq.status()['call']
        hq.stop()
        hq.start()
        joined_again(hq, branch, before)
    sites.finish(hq, branch)


@ppp()
def a_caller_with_another_password_is_told_and_ends_nothing(bed):
    """The branch's own dial is refused, which ends it (E401); the hq goes on."""
    not_from_outside(bed)
    hq, branch = sites.two(bed)
    hq.configure(branch)
    with open(os.path.join(hq.folder, 'branch.secret'), 'w') as file:
        file.write('not-that\n')
    branch.start()
    hq.start()
    if branch.process.wait(60) != 12 or 'E401' not in branch.log():
        raise Failure('the branch ended with %d:\n%s' % (branch.process.process.returncode, branch.log()))
    poll(lambda: hq.status().get('state') in ('waiting', 'connecting'), 20, 'the hq goes on')
    if not re.search(r'E403 %s has called as branch, with another password than ours' % re.escape(branch.address), hq.log()):
        raise Failure(hq.log())
    sites.finish(hq, branch)
