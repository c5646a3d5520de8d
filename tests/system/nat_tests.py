"""Through Linux NAT: with its PPTP helper, and where one tunnel can do without (interface: Must show 5 of issue 4)."""
import os
import re
import signal

import server as servers
from listener import LOCAL, USERS, Listener
from bed import Failure, Process, Skip, in_netns, new_netns, poll
from ppp_tests import ppp
from two_sites import Site


class Inside:
    """A machine behind the bed's client, which translates its address."""

    def __init__(self, bed, number):
        self.bed, self.name, self.netns = bed, 'inside%d' % number, new_netns()
        self.link = 'in%d' % number
        self.run_dir = '%s-%d' % (bed.run_dir, number)
        net = '192.168.%d' % (80 + number)
        self.address = net + '.2'
        bed.sh(bed.cli, ['ip', '-batch', '-'], 'link add in%d type veth peer name eth0 netns /proc/%d/fd/%d\n'
               'addr add %s.1/24 dev in%d\nlink set in%d up\n' % (number, os.getpid(), self.netns, net, number, number))
        bed.sh(self.netns, ['ip', '-batch', '-'], 'link set lo up\naddr add %s.2/24 dev eth0\nlink set eth0 up\n'
               'route add default via %s.1\n' % (net, net))
        in_netns(self.netns, lambda: os.path.exists('/proc/thread-self/net/pppoe')
                 and os.chmod('/proc/thread-self/net/pppoe', 0o400))

    def connect(self, user, password, *flags):
        return Process(self.bed, self.netns, [self.bed.runner.command, 'connect', self.bed.server, '--name', self.name,
                                              '-u', user, '--password-stdin'] + list(flags), self.name,
                       stdin=(password + '\n').encode(), env=self.bed.environment(PPTPEER_RUN_DIR=self.run_dir))

    def call(self):
        """Of `status`."""
        words = ('status', self.name, '--json')
        said = Process(self.bed, self.netns, [self.bed.runner.command] + list(words), self.name + '-status',
                       env=self.bed.environment(PPTPEER_RUN_DIR=self.run_dir))
        said.wait(20)
        return self.bed.documents(words, said.out)[0]['tunnels'][0]['call']

    def ping(self, to=servers.INNER):
        self.bed.ping(self.netns, to, count=5)

    def close(self):
        poll(lambda: not self.bed.namespace_processes(self.netns), 20, 'nothing runs in %s' % self.name)
        self.bed.sh(self.bed.cli, ['ip', 'link', 'del', self.link])  # with its namespace it would go some time later
        os.close(self.netns)


def translate(bed, helper):
    """The bed's client becomes a router with one address; nf_nat_pptp only where it is asked for."""
    in_netns(bed.cli, Site.forward)
    modules = ['nf_nat', 'xt_MASQUERADE'] + ['nf_conntrack_pptp', 'nf_nat_pptp', 'xt_CT'] * helper
    for module in modules:
        bed.sh(bed.cli, ['modprobe', '-q', module], check=False)
    rules = [['-t', 'nat', '-A', 'POSTROUTING', '-o', 'vc', '-j', 'MASQUERADE']]
    if helper:
        rules.append(['-t', 'raw', '-A', 'PREROUTING', '-p', 'tcp', '--dport', '1723', '-j', 'CT', '--helper', 'pptp'])
    for rule in rules:
        try:
            bed.sh(bed.cli, ['iptables-legacy'] + rule)
        except (Failure, FileNotFoundError) as error:
            raise Skip('no NAT here: ' + str(error).replace('\n', ' ')) from None


def up(machine, user, password, *flags):
    process = machine.connect(user, password, *flags)
    process.wait_out(r'^ *[\d.]+ s +up ', 40)
    return process


def hang_up(process):
    process.signal(signal.SIGINT)
    if process.wait(20) != 0 or not re.search('Hung up', process.out):
        raise Failure('%s did not end in order (%d)' % (process.name, process.process.returncode))


@ppp()
def two_behind_one_address_with_the_pptp_helper(bed):
    """The helper follows the control connections, and rewrites Call IDs where two are the same."""
    translate(bed, helper=True)
    server = servers.Server(bed)
    machines = [Inside(bed, 1), Inside(bed, 2)]
    tunnels = [up(machine, server.user, server.password) for machine in machines]
    for _ in range(2):
        for machine in machines:
            machine.ping()
    for tunnel in tunnels:
        hang_up(tunnel)
    for machine in machines:
        machine.close()


@ppp()
def plain_nat_is_told_and_a_rule_for_gre_helps(bed):
    """Without the helper Linux takes the server's GRE for something new, as each way has a Call ID of its own.

    One machine can have all of it by a rule, as routers call it "DMZ" or "PPTP pass-through".
    """
    translate(bed, helper=False)
    server = servers.Server(bed)
    machine = Inside(bed, 1)
    tunnel = machine.connect(server.user, server.password, '--gre-timeout', '4')
    if tunnel.wait(40) != 10 or not re.search(r'^E301 .*no GRE packet has come.*^ *Next: .*PPTP pass-through',
                                              tunnel.out.replace('  E301', 'E301'), re.M | re.S):
        raise Failure('it does not say why not')
    poll(lambda: not server.pids('pppd'), 20, "the server's pppd has ended")
    bed.sh(bed.cli, ['iptables-legacy', '-t', 'nat', '-A', 'PREROUTING', '-i', 'vc', '-p', 'gre', '-j', 'DNAT',
                     '--to-destination', machine.address])
    tunnel = up(machine, server.user, server.password)
    servers.both_ends_up(bed)
    machine.ping()
    hang_up(tunnel)
    machine.close()


# ------------------------------------------------------------------------- our own listener

def as_user(name):
    return name, USERS[name][0]


@ppp()
def two_behind_one_address_call_our_listener_with_the_pptp_helper(bed):
    """To it they are one address with two control connections, and the helper has written other Call IDs for theirs."""
    translate(bed, helper=True)
    gw = Listener(bed)
    machines = [Inside(bed, 1), Inside(bed, 2)]
    tunnels = [up(machine, *as_user(user)) for machine, user in zip(machines, USERS)]
    gw.wait_calls(2)
    calls = gw.calls()
    if {call['caller'] for call in calls} != {bed.client}:
        raise Failure('the callers are %s' % [call['caller'] for call in calls])
    inside = [machine.call() for machine in machines]
    if sorted(call['local_id'] for call in calls) != sorted(call['peer_id'] for call in inside):
        raise Failure("the listener's Call IDs are not those that the callers have: %s, %s" % (calls, inside))
    if {call['peer_id'] for call in calls} & {call['local_id'] for call in inside}:
        raise Failure("the helper has left the callers' Call IDs as they are: %s, %s" % (calls, inside))
    for _ in range(2):
        for machine in machines:
            machine.ping(LOCAL)
    for tunnel in tunnels:
        hang_up(tunnel)
    gw.wait_log(r'ended after \d+ s: E210 The caller hung up', times=2)
    for machine in machines:
        machine.close()
    gw.stop()


@ppp()
def plain_nat_to_our_listener_is_told_by_both_and_a_rule_for_gre_helps(bed):
    translate(bed, helper=False)
    gw = Listener(bed)
    machine = Inside(bed, 1)
    tunnel = machine.connect(*as_user('alice'), '--gre-timeout', '4')
    if tunnel.wait(40) != 10 or not re.search(r'E301 .*no GRE packet has come', tunnel.out):
        raise Failure('it does not say why not')
    gw.wait_log(r'call 1 from %s: ended: E301 GRE comes from the caller \(\d+ packets\), but ours does not arrive there: '
                r'it has acknowledged none of \d+ in [3-9] s' % re.escape(bed.client))
    gw.wait_log(r'call 1 .*Next: switch on PPTP pass-through')
    bed.sh(bed.cli, ['iptables-legacy', '-t', 'nat', '-A', 'PREROUTING', '-i', 'vc', '-p', 'gre', '-j', 'DNAT',
                     '--to-destination', machine.address])
    tunnel = up(machine, *as_user('alice'))
    gw.wait_calls(1)
    machine.ping(LOCAL)
    hang_up(tunnel)
    machine.close()
    gw.stop()
