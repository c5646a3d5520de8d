"""Two sites of ours, with PPP and a network behind each (two_sites.py)."""
import os
import re
import signal
import time

import two_sites as sites
from bed import Failure, Process, poll
from caller import Caller, sccrq
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
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # it went with the others
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


def ask(site, *words, code=0):
    done = Process(site.bed, site.netns, [site.bed.runner.command] + list(words), site.name + '-asked', env=site.environment())
    if done.wait(20) != code:
        raise Failure(done.out)
    return done.out


def only_answers(site):
    status = site.status()
    return (status.get('state'), status.get('next_try_s'), (status.get('dial_refused') or {}).get('code')) == ('waiting', None, 'E401')


@ppp()
def a_site_whose_password_is_refused_answers_all_the_same(bed):
    """Design D11, D14: it is not dialled any more, which is told; but a call of the other end's is as good as ever."""
    not_from_outside(bed)
    hq, branch = sites.two(bed)
    with open(os.path.join(hq.folder, 'branch.secret'), 'w') as file:
        file.write('not-that\n')
    branch.start()
    hq.start()
    poll(lambda: only_answers(branch), 60, 'the branch is refused')
    poll(lambda: re.search(r'E401 .*dials no more.* It is not dialled any more; its calls are answered', branch.log()), 10,
         'the branch says so')
    poll(lambda: re.search(r'E403 %s has called as branch, with another password than ours' % re.escape(branch.address), hq.log()),
         10, 'the other one says who has called')
    said = ask(branch, 'status', 'branch', code=1)
    if not re.search(r'^branch +WAITING .*\n(?:.*\n)*? +dialling +not any more, its calls are answered: E401 .* ago\n'
                     r' +next +correct the password, then: pptpeer reload branch$', said, re.M):
        raise Failure(said)
    bed.sh(bed.cli, ['iptables-legacy', '-F', 'INPUT'])
    sites.joined(hq, branch)  # the hq has gone on dialling
    if branch.status()['dial_refused']['code'] != 'E401':
        raise Failure('it dials again')
    not_from_outside(bed)
    hq.stop()
    poll(lambda: only_answers(branch), 40, 'the branch waits for the next call')
    hq.configure(branch)  # with the password that the branch has
    hq.start()
    ask(branch, 'reload', 'branch')
    sites.joined(hq, branch)
    if branch.status()['dial_refused'] is not None or len(re.findall('E403', hq.log())) != 1:
        raise Failure('it dialled when it should not:\n' + hq.log())
    sites.finish(hq, branch)


@ppp()
def a_caller_that_has_gone_again_does_not_make_a_refused_site_dial(bed):
    """It wakes the branch, whose pre-dial hook takes its time; there is nobody to answer then, and no dial either."""
    not_from_outside(bed)
    hq, branch = sites.two(bed)
    hook = bed.file('slow-hook')
    with open(hook, 'w') as file:
        os.fchmod(file.fileno(), 0o755)
        file.write('#!/bin/sh\n[ "$1" = pre-dial ] && exec sleep 1\necho "dials in $PPTPEER_WAIT s"\n')
    branch.configure(hq, hooks='pre-dial = "%s"; waiting = "%s";' % (hook, hook))
    with open(os.path.join(hq.folder, 'branch.secret'), 'w') as file:
        file.write('not-that\n')
    branch.start()
    hq.start()
    poll(lambda: only_answers(branch), 60, 'the branch is refused')
    poll(lambda: 'hook waiting: dials in 0 s' in branch.log(), 20, 'the hook hears that no dial comes')
    hq.stop()
    bed.sh(bed.cli, ['iptables-legacy', '-F', 'INPUT'])
    caller = Caller(bed)
    caller.send(sccrq())
    caller.close()
    poll(lambda: 'E209 The other end had connected to us, and has gone again.' in branch.log(), 20, 'nobody is there')
    poll(lambda: only_answers(branch), 20, 'it waits for the next call')
    sites.finish(hq, branch)
