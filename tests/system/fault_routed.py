"""A tunnel to a pptpd behind a router that masquerades, on the default route: the stage for faults of the way, and what makes them."""
import os
import socket
import struct

import bed as beds
from bed import Failure, in_netns
from fault_pptpd import Pptpd

OUTSIDE = '198.18.0.9'  # the server's, on none of our networks
HERE, GATE = '172.20.0.1', '172.20.0.2'  # this host's and the router's ends of the inner wire
OUTER, OTHER, BEHIND = '172.21.0.1', '172.21.0.3', '172.21.0.2'  # the router's outer address, another one; the server's end
# Linux knows the GRE of a call by its Call IDs, which only the helper reads; from there it lets it in.
NAT = (('raw', 'PREROUTING', '-p', 'tcp', '--dport', '1723', '-j', 'CT', '--helper', 'pptp'),
       ('nat', 'POSTROUTING', '-o', 'vo', '-j', 'MASQUERADE'))
NETLINK_NETFILTER = 12
CT_DELETE = 1 << 8 | 2  # NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE: without a tuple it is all of them


class Routed(Pptpd):
    """vc, the bed's own wire, is there as well, and leads to the server without NAT."""
    address = OUTSIDE

    def prepare(self):
        self.router = beds.new_netns()
        self.wires()
        self.bed.before = self.bed.state()
        super().prepare()

    def wires(self):
        sh, cli, srv = self.bed.sh, self.bed.cli, self.bed.srv
        fd = '/proc/%d/fd/' % os.getpid()
        sh(self.router, ['ip', '-batch', '-'],
           'link set lo up\nlink add vi type veth peer name vd netns %s%d\nlink add vo type veth peer name vt netns %s%d\n'
           'address add %s/24 dev vi\naddress add %s/24 dev vo\nlink set vi up\nlink set vo up\nroute add %s via %s\n'
           % (fd, cli, fd, srv, GATE, OUTER, OUTSIDE, BEHIND))
        sh(srv, ['ip', '-batch', '-'], 'address replace %s/32 dev lo\naddress add %s/24 dev vt\nlink set vt up\n' % (OUTSIDE, BEHIND))
        sh(cli, ['ip', '-batch', '-'], 'address add %s/24 dev vd\nlink set vd up\nroute add default via %s\n' % (HERE, GATE))
        in_netns(self.router, forward)
        try:
            for module in ('xt_CT', 'nf_nat_pptp', 'nf_conntrack_netlink'):
                sh(self.router, ['modprobe', module], check=False)
            for table, chain, *rule in NAT:
                sh(self.router, ['iptables-legacy', '-t', table, '-A', chain, *rule])
        except (Failure, FileNotFoundError) as error:
            raise beds.Skip('no NAT with a helper for PPTP here: ' + str(error).replace('\n', ' ')) from None

    def close(self):
        super().close()
        self.bed.sh(self.bed.cli, ['ip', 'link', 'del', 'vd'])
        os.close(self.router)
        self.bed.before = self.bed.state()


def forward():
    with open('/proc/sys/net/ipv4/ip_forward', 'w') as file:
        file.write('1')


def flush():
    """What `conntrack -F` does."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as sock:
        sock.send(struct.pack('=IHHIIBBH', 20, CT_DELETE, 5, 1, 0, socket.AF_UNSPEC, 0, 0))  # 5: a request to be acknowledged
        error = struct.unpack('=i', sock.recv(4096)[16:20])[0]
    if error:
        raise Failure('conntrack: ' + os.strerror(-error))


def table_flushed(stage):
    in_netns(stage.router, flush)


def outer_address(old, new):
    """The router gets another one, and what it had in its table was of the old one."""
    return lambda stage: stage.bed.sh(stage.router, ['ip', '-batch', '-'], 'address del %s/24 dev vo\naddress add %s/24 dev vo\n'
                                      'route add %s via %s\n' % (old, new, OUTSIDE, BEHIND))


def outer_address_again(stage):
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: outer_address(OTHER, OUTER)(stage))


def default_route_moved(stage):
    stage.bed.sh(stage.bed.cli, ['ip', 'route', 'replace', 'default', 'via', stage.bed.second])


def default_route_again(stage):
    stage.is_up(stage.last_redial(0))
    stage.comes_back(lambda: stage.bed.sh(stage.bed.cli, ['ip', 'route', 'replace', 'default', 'via', GATE]))
