"""Tests of "no GRE comes" (design D7): which rule of this host drops it, who said so by ICMP, and what mends it."""
import os
import re

import bed as beds
from bed import Failure, Skip, in_netns
from control_tests import CLEARED, QUICK, control
from ppp_tests import hidden
from registry import add
import peer as peers


def needs(bed, netns, argv):
    """Whether this kernel has it, and it is installed."""
    try:
        bed.sh(netns, argv)
    except (Failure, FileNotFoundError) as error:
        raise Skip('%s: %s' % (argv[0], str(error).replace('\n', ' '))) from None


def nft(bed, rules, netns=None):
    netns = bed.cli if netns is None else netns
    needs(bed, netns, ['nft', 'add table inet probe; delete table inet probe'])
    bed.sh(netns, ['nft', '-f', '-'], rules.replace('} }', '}\n}'))


def dial(bed, code, *patterns, name='connect', wrapper=(), host=None):
    process = bed.connect('--until', 'gre', *QUICK, name=name, wrapper=wrapper, host=host)
    bed.expect(process, code, *patterns, within=40)  # FIREWALL_SECONDS is part of it
    return process


def mended(bed, process):
    """What it says is next is done as it stands, and GRE comes."""
    command = re.search(r'Next: (.*)', process.out).group(1)
    bed.sh(bed.cli, ['sh', '-c', command])
    dial(bed, 0, name='mended')


def named(name, rules, where, way='from', gre='lcp'):
    """rules: of nft, or the words of one iptables command after another."""
    def run(bed):
        if isinstance(rules, str):
            nft(bed, rules)
        else:
            needs(bed, bed.cli, [rules[0].split()[0], '-L', '-n'])
            for one in rules:
                bed.sh(bed.cli, one.split())
        bed.peer('orderly', gre=gre)
        process = dial(bed, 10, r"^E302 This host's own firewall drops GRE %s %s \(%s\): " % (
            way, re.escape(bed.server), where))
        mended(bed, process)
    add('nogre-' + name, 'control', run)


HOOK = 'type filter hook %s priority 0; policy %s;'
named('nft-policy', 'table inet filter { chain input { ' + HOOK % ('input', 'drop') +
      ' iifname "lo" accept; ct state vmap { established : accept, related : accept, invalid : drop }; } }',
      'nft: inet filter input')
named('nft-rule-of-another-chain', 'table ip fw { set bad { type ipv4_addr; flags interval; elements = { 10.0.0.0/8 }; }\n'
      'chain other { meta l4proto { udp, gre } ip saddr @bad drop; }\n'
      'chain input { ' + HOOK % ('input', 'accept') + ' tcp sport 1723 accept; jump other; } }', 'nft: ip fw input')
named('nft-prerouting', 'table inet raw { chain early { type filter hook prerouting priority raw; ip protocol gre drop; } }',
      'nft: inet raw early')
named('nft-what-nobody-can-tell', 'table inet filter { chain input { ' + HOOK % ('input', 'accept') +
      ' meta l4proto gre meta pkttype host numgen inc mod 1 == 0 drop; } }', 'probably nft: inet filter input')
named('nft-output', 'table inet filter { chain output { ' + HOOK % ('output', 'accept') + ' meta l4proto gre reject; } }',
      'nft: inet filter output', way='to', gre='answer')
named('iptables-nft', ['iptables-nft -N OURS', 'iptables-nft -A OURS -p tcp -j RETURN',
                       'iptables-nft -A OURS -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
                       'iptables-nft -A OURS -m comment --comment -j -j REJECT', 'iptables-nft -A INPUT -i v+ -j OURS'],
      'iptables-nft: filter INPUT')
named('iptables-legacy', ['iptables-legacy -A INPUT -i lo -j ACCEPT', 'iptables-legacy -A INPUT -p tcp -j ACCEPT',
                          'iptables-legacy -P INPUT DROP'], 'iptables-legacy: filter INPUT')
named('iptables-legacy-output', ['iptables-legacy -A OUTPUT -p 47 -j DROP'], 'iptables-legacy: filter OUTPUT', way='to',
      gre='answer')


def gre_over_another_wire(bed):
    """The server's GRE takes another way than TCP."""
    srv = '/proc/%d/fd/%d' % (os.getpid(), bed.srv)
    bed.sh(bed.cli, ['ip', '-batch', '-'], 'link add vd type veth peer name vt netns %s\naddr add 172.31.78.1/30 dev vd\n'
           'link set vd up\n' % srv)
    bed.sh(bed.srv, ['ip', '-batch', '-'], 'link set vt up\nroute add %s dev vt table 100\n'
         'rule add ipproto gre lookup 100\n' % bed.client)
    # Nobody answers for the address there: it is not on that interface.
    bed.sh(bed.srv, ['ip', 'neigh', 'replace', bed.client, 'dev', 'vt', 'lladdr', link_address(bed, 'vd')])
    bed.before = bed.state()
    bed.peer('orderly', gre='lcp')


@control()
def nogre_rp_filter(bed):
    """It comes by an interface over which no way goes back."""
    gre_over_another_wire(bed)
    for name in ('all', 'vc', 'vd'):
        needs(bed, bed.cli, ['sysctl', '-w', 'net.ipv4.conf.%s.rp_filter=%d' % (name, name == 'vd')])
    process = dial(bed, 10, r"^E302 This host's own firewall drops GRE from %s \(rp_filter of vd, as the way back is vc\)"
                   % re.escape(bed.server), r'Next: sysctl -w net\.ipv4\.conf\.vd\.rp_filter=2')
    mended(bed, process)


@control()
def nogre_over_another_interface_than_bind_says(bed):
    """Without the tie, as it advises, GRE comes."""
    gre_over_another_wire(bed)
    for name in ('all', 'vc', 'vd'):
        needs(bed, bed.cli, ['sysctl', '-w', 'net.ipv4.conf.%s.rp_filter=0' % name])
    process = bed.connect('--until', 'gre', '--bind', '%vc', *QUICK)
    bed.expect(process, 10, r'^E302 GRE from %s arrives over vd \(\d+ packets\), and dial\.bind lets in only what comes over vc\.'
               % re.escape(bed.server), r'Next: have the way back from the server lead over vc as well, or leave out dial\.bind')
    bed.expect(bed.connect('--until', 'gre', *QUICK, name='untied'), 0)


def link_address(bed, name):
    return re.search(r'link/ether (\S+)', bed.sh(bed.cli, ['ip', 'link', 'show', 'dev', name])).group(1)


# ------------------------------------------------------------------------- not this host's

@control()
def nogre_and_nothing_here_drops_it(bed):
    nft(bed, 'table inet filter { chain input { ' + HOOK % ('input', 'accept') + ' tcp dport 22 drop; } }')
    bed.peer('orderly')
    dial(bed, 10, r'^E301 The call is open, but no GRE packet has come from .* drops IP protocol 47\. '
         r'On this host nothing does \(nft rules looked at\)\.', r'Next: allow "protocol 47')


@control()
def nogre_comes_and_here_it_would_be_dropped_as_well(bed):
    nft(bed, 'table inet filter { chain input { ' + HOOK % ('input', 'drop') + ' tcp sport 1723 accept; } }')
    bed.peer('orderly')
    process = dial(bed, 10, r'^E301 .*whose own firewall would drop it as well \(nft: inet filter input\)')
    if 'nothing does' in process.out:
        raise Failure(process.out)


@control()
def nogre_and_nobody_can_look(bed):
    """Neither nft nor iptables: nothing is said of rules, here or in the end."""
    bed.peer('orderly')
    process = dial(bed, 10, r'^E301 .*; nothing arrived at this host\.', wrapper=hidden('/usr/sbin', (
        'for p in "$1" /sbin; do mount -t tmpfs none $p; done')))
    if 'looked at' in process.out:
        raise Failure(process.out)


def other_nft(name, script):
    """In the place of nft there is a program that no installation has."""
    def run(bed):
        program = bed.file('nft')
        with open(program, 'w') as out:
            out.write('#!/bin/sh\n%s\n' % script)
        os.chmod(program, 0o755)
        bed.peer('orderly')
        process = dial(bed, 10, r'^E301 .*; nothing arrived at this host\.',
                       wrapper=hidden('/usr/sbin/nft', 'mount --bind %s "$1"' % program))
        if 'looked at' in process.out:
            raise Failure(process.out)
    add('nogre-' + name, 'control', run)


other_nft('nft-that-hangs', 'exec sleep 100')
other_nft('nft-without-end', 'exec yes')
other_nft('nft-that-fails', 'echo \'{"nftables": []}\'; exit 1')
other_nft('nft-in-another-language', 'echo table inet filter')


@control()
def nogre_by_icmp_of_the_server(bed):
    nft(bed, 'table inet filter { chain input { ' + HOOK % ('input', 'accept') +
        ' ip protocol gre reject with icmp type prot-unreachable; } }', bed.srv)
    bed.peer('orderly')
    dial(bed, 10, r'^E301 .*came back by ICMP: the server %s says "protocol unreachable"\.' % re.escape(bed.server),
         r'Next: %s takes no IP protocol 47' % re.escape(bed.server))


@control()
def nogre_by_icmp_of_a_router(bed):
    far, near = '172.31.77.2', '172.31.77.1'
    netns = beds.new_netns()
    bed.sh(bed.srv, ['ip', '-batch', '-'], 'link add vr type veth peer name vfar netns /proc/%d/fd/%d\n'
         'addr add %s/30 dev vr\nlink set vr up\n' % (os.getpid(), netns, near))
    bed.sh(netns, ['ip', '-batch', '-'], 'addr add %s/30 dev vfar\nlink set vfar up\nroute add default via %s\n' % (far, near))
    needs(bed, bed.srv, ['sysctl', '-w', 'net.ipv4.ip_forward=1'])
    bed.sh(bed.cli, ['ip', 'route', 'add', far, 'via', bed.server])
    bed.before = bed.state()
    nft(bed, 'table inet filter { chain forward { ' + HOOK % ('forward', 'accept') +
        ' ip protocol gre reject with icmp type admin-prohibited; } }', bed.srv)
    peer = peers.Peer('orderly', far, netns=netns)
    bed.peers.append(peer)
    try:
        dial(bed, 10, r'^E301 .*no GRE packet has come from %s .*came back by ICMP: %s says "communication prohibited"' % (
            re.escape(far), re.escape(bed.server)), r'Next: allow IP protocol 47 .* on %s' % re.escape(bed.server), host=far)
        if peer.messages() != CLEARED:
            raise Failure('the server received %s' % peer.messages())
    finally:
        os.close(netns)


@control(slow=True)
def nogre_is_told_after_6_s_with_the_rule(bed):
    """D7: long before the end, and with what to do."""
    nft(bed, 'table inet filter { chain input { ' + HOOK % ('input', 'drop') + ' tcp sport 1723 accept; } }')
    bed.peer('orderly', gre='lcp')
    process = bed.connect('--until', 'gre')
    process.wait_out(r'E302 .*\(nft: inet filter input\)', 9)
    process.wait_out(r'Next: (nft insert rule .*)', 2)
    bed.sh(bed.cli, re.search(r'Next: (.*)', process.out).group(1).split())
    bed.expect(process, 0)
