"""The table of faults: what is done to a tunnel, when that is noticed, what is said, and that it comes back.

Each row is a test.  `within` is the manual's bound, and limits a wait; tests/system/faults prints the table with what
was measured.
"""
import signal
import socket

import fault_pptpd as on
import fault_routed as way
import fault_slow as slow
import peer as peers
from fault_pptpd import filters_off
from fault_scripted import (Scripted, engine_killed, from_now_on, keeper_killed, orderly, peer_again, reset, same_name, says,
                            set_mute, tcp_lost)
from fault_stage import BACK, GONE, STAYS, Row, play
from registry import add

AT_ONCE = 'at once: TCP tells'
ECHO, REPLY = 'control-echo + control-echo-wait, 2 s to close TCP', 'dial.reply-timeout'

SCRIPTED = [
    Row('Stop from the server, reason %d' % reason, 'Stop-Control-Connection-Request', 1, AT_ONCE,
        [r'E204 .*reason %d' % reason], BACK, says(peers.stop_request(reason))) for reason in (1, 2, 3)
] + [
    Row('Call-Disconnect from the server, result %d' % result, 'Call-Disconnect-Notify', 1, AT_ONCE,
        [r'E210 .*result %d' % result], BACK, says(peers.cdn(result))) for result in (1, 2, 3, 4)
] + [
    Row('TCP reset', 'RST from the server', 1, AT_ONCE, [r'E211 '], BACK, reset),
    Row('TCP closed', 'FIN from the server', 1, AT_ONCE, [r'E211 '], BACK,
        lambda stage: stage.peer.connections[-1].sock.shutdown(socket.SHUT_RDWR)),
    Row('garbage on the control connection', '997 octets of no message', 1, AT_ONCE, [r'E206 '], BACK,
        says(peers.GARBAGE)),
    Row('server silent on an open call', 'it answers no Echo-Request', 5, ECHO, [r'E601 '], BACK, set_mute(True),
        set_mute(False)),
    Row('TCP lost on the way', "the server's packet filter", 5, ECHO, [r'E601 ', r'E201 '],
        BACK, tcp_lost, filters_off),
    Row('server gone', 'closes all, and listens no more', 1, AT_ONCE, [r'E211 ', r'E202 '], BACK,
        lambda stage: stage.peer.stop(), peer_again),
    Row('server silent at Start', 'no Start-Control-Connection-Reply', 3.25, 'retry.first-delay + ' + REPLY,
        [r'E208 '], BACK, from_now_on('silence'), orderly),
    Row('server silent at the call', 'no Outgoing-Call-Reply', 3.25, 'retry.first-delay + ' + REPLY, [r'E209 '],
        BACK, from_now_on('no-ocrp'), orderly),
    Row('server busy', 'Outgoing-Call-Reply, result 4', 1.25, 'retry.first-delay', [r'E205 .*[Bb]usy'], BACK,
        from_now_on('call-refused-4'), orderly),
    Row('server refuses the control connection', 'Start-Control-Connection-Reply, result 4', 1.25, 'retry.first-delay',
        [r'E203 .*authori'], BACK, from_now_on('start-refused-4'), orderly),
    Row('another service on the port', 'HTTP', 1.25, 'retry.first-delay', [r'E206 .*not a PPTP server'], BACK,
        from_now_on('http'), orderly),
    Row('duplicate name', 'one more connect of that name', 0, '', [], STAYS, same_name),
    Row('engine killed', 'SIGKILL', 1, 'at once: its socket closes', [r'E001 .*engine'], BACK,
        engine_killed),
    Row('keeper killed', 'SIGKILL', 0, '', [], GONE, keeper_killed),
]

LCP = 'lcp-echo * (lcp-echo-failure + 1), 3 s of goodbye'
BUSY_LCP = 'lcp-echo * (3 * lcp-echo-failure + 1), 3 s of goodbye'
LOG = 'at once: a signal, or a process that ends'

# Of a peer that hears us and is not heard: its pppd takes our goodbye, and TCP is closed before ours has waited for an
# answer.  Then the end is told as E211.
PPTPD = [
    Row('server killed', 'SIGKILL to pptpd and its children', 2, AT_ONCE, [
        # Nobody is there for a goodbye: the line is hung up, and pppd does not ask twice, for 3 s each.
        r'pppd: Modem hangup', r'pppd: Connection terminated', r'E(211|604) ', r'E202 '], BACK, on.kill_server,
        on.serve_again),
    Row('server back at another address', 'its name has another one', 2, AT_ONCE, [r'E(211|604) '], BACK, on.kill_server,
        on.serve_at_second),
    Row("the server's pppd killed", 'SIGKILL', 2, AT_ONCE, [r'E(210|211|604) '], BACK, on.kill_at_server('pppd')),
    Row("the server's control process killed", 'SIGKILL', 2, AT_ONCE, [r'E(211|604) '], BACK, on.kill_at_server('pptpctrl')),
    Row('LCP terminate', "SIGTERM to the server's pppd", 2, AT_ONCE, [r'E(604|211) '], BACK,
        on.kill_at_server('pppd', signal.SIGTERM)),
    Row('our pppd killed', 'SIGKILL', 1, LOG, [r'E106 '], BACK, on.kill_pppd),
    Row('our engine killed', 'SIGKILL', 1, LOG, [r'E001 .*engine'], BACK, engine_killed),
    Row('server frozen', 'SIGSTOP to pptpctrl and pppd', 7, LCP, [r'E60[12] '], BACK, on.freeze_server, on.kill_frozen),
    Row('cable pulled for 1 s', "the link of the server's side is down", 0, '', [], STAYS, on.pull_for_a_second),
    Row('cable pulled for longer than every timer', 'the same, until it is noticed', 7, LCP, [r'E60[12] ', r'E20[12] '], BACK,
        on.pull, on.plug),
    Row('GRE lost on the way to us', "tc on the server's side", 7, LCP, [r'E(602|211) ', r'E301 '], BACK, on.lost('egress'),
        filters_off),
    Row('GRE lost on the way from us', "tc on the server's side", 7, LCP, [r'E(602|211) '], BACK, on.lost('ingress'), filters_off),
    Row('4 LCP Echo-Requests lost, packets come', "tc on the server's side", 0, '', [], STAYS,
        on.lose_lcp_for_longer_than_its_echo),
    Row('LCP Echo-Requests lost, packets come', "tc on the server's side", 13, BUSY_LCP, [r'E602 .*: 9 LCP .* came from the server'], BACK,
        on.lose_lcp_of_a_busy_line, on.find_lcp_again),
    Row("this host's firewall drops GRE that comes", 'nft or iptables, input', 7, LCP, [r'E(602|211) ', r'E302 '], BACK,
        on.dropped('cli', 'input', on.GRE), filters_off),
    Row("this host's firewall drops GRE that goes", 'nft or iptables, output', 7, LCP, [r'E602 '], BACK,
        on.dropped('cli', 'output', on.GRE), filters_off),
    Row('TCP lost for 5 s, GRE lives', "the server's packet filter", 0, '', [], STAYS, on.lose_tcp_for_longer_than_its_echo),
    Row('GRE from another address', "tc nat on the server's side", 7, LCP, [r'E(602|211) ', r'E304 '], BACK,
        on.from_another_address, filters_off),
    Row('MTU black hole', 'GRE of 1024 octets and more is lost', 0, '', [], STAYS, on.black_hole, on.no_black_hole),
    Row('way moved to another interface and address', 'a route to the server', 2, 'E606: rtnetlink tells', [
        r'E606 The way to \S+ is another one'], BACK, on.way_moved, on.way_back),
    Row('DNS down', 'the name server fails', 1.25, 'retry.first-delay', [r'E207 '], BACK, on.dns_down, on.dns_up),
    Row('DNS changed', 'resolv.conf names another server', 0, '', [], BACK, on.dns_elsewhere, on.dns_here_again),
    Row('clock set back', '1 h', 0, '', [], STAYS, on.clock(-3600)),
    Row('clock set forward', '1 h', 0, '', [], STAYS, on.clock(3600)),
    Row('suspended', 'SIGSTOP of all of ours for 5 s', 0, '', [], STAYS, on.suspended),
    Row('server killed while suspended', 'the same', 2, AT_ONCE, [r'E(211|604|601|602) '], BACK, on.server_killed_meanwhile,
        on.serve_again),
    Row('TAP taken down', 'ip link set down', 1, LOG, [r'E114 '], BACK, on.tap_down),
    Row('PPP interface set down', 'ip link set down', 1, LOG, [r'E607 .*set down'], BACK,
        lambda stage: on.interface(stage, 'set', 'down')),
    Row('hook hangs', 'the up hook sleeps', 1, 'hooks.timeout', [r'Dialling again', r'did not end within 5 s'], BACK,
        on.hook('sleep 600'), on.hook_as_before),
    Row('hook fails', 'the up hook ends with 7', 1, LOG, [r'Dialling again', r'ended with status 7'], BACK, on.hook('exit 7'),
        on.hook_as_before),
    Row('hook forks away', 'the up hook leaves a process', 1, LOG, [r'Dialling again'], BACK,
        on.hook('setsid sleep 600 >/dev/null 2>&1 &'), on.forked_away),
    Row('one of two tunnels taken down', 'SIGINT to the other', 0, '', [], STAYS, on.another_comes_and_goes),
    Row('duplicate name of a tunnel', 'one more connect of that name', 0, '', [], STAYS, on.same_name),
    Row('inner address equal to outer', "the server's localip", 2, AT_ONCE, [
        r'E(211|604) ', r"the peer has the server's address"], BACK, on.inner_is_outer, on.two_addresses_again),
    Row('keeper of a tunnel killed', 'SIGKILL', 0, '', [], GONE, keeper_killed),
    Row('run folder full', 'its file system has no room', 2, AT_ONCE, ['state.json cannot be written: No space left', r'E(211|604) '], BACK, on.run_folder_full,
        on.run_folder_empty),
    Row('no address at the server', 'another caller has its only one', 2, AT_ONCE, [r'E(211|604) ', r'E206 .*reset'], BACK,
        on.pool_taken, on.pool_free),
    Row('password changed at the server', 'chap-secrets', 2, AT_ONCE, [r'E(211|604) ', r'E401 '], 12, on.password_changed,
        on.password_as_before),
    Row('MPPE switched off at the server', 'nomppe', 2, AT_ONCE, [r'E(211|604) ', r'E501 '], 14, on.options('nomppe', 'require-mppe-128'),
        on.serve_options),
    Row('server wants EAP only', 'require-eap', 2, AT_ONCE, [r'E(211|604) ', r'E402 .*EAP'], 12,
        on.options('require-eap\nrefuse-mschap-v2\nnomppe', 'require-mschap-v2', 'require-mppe-128', 'refuse-eap'), on.serve_options),
]

# To the server over a router with NAT.
ROUTED = [
    Row('NAT table flushed', 'conntrack, on a router on the way', 7, LCP, [r'E(602|211) '], BACK, way.table_flushed),
    Row('NAT with another outer address', "the router's outer address changes", 7, LCP, [r'E(211|60[12]) '], BACK,
        way.outer_address(way.OUTER, way.OTHER), way.outer_address_again),
    Row('default route moved to another interface and address', 'ip route replace', 2, 'E606: rtnetlink tells',
        [r'E606 The way to \S+ is another one'], BACK, way.default_route_moved, way.default_route_again),
]

# With the keepalives of the manual's defaults, or longer than 30 s whatever they are: for tests/system/soak --slow.
PPPD_GIVES_UP = 'pppd asks 10 times, 3 s apart'
SILENT = [
    Row('server silent after the call', 'no GRE comes', 31, 'data.gre-timeout, told after 6 s', [r'E301 '], BACK,
        slow.silent_at('none'), slow.speaks_again),
    Row('server silent at LCP', 'it takes no notice of our Configure-Request', 34, PPPD_GIVES_UP, [r'E603 '], BACK,
        slow.silent_at('ppp', 'lcp'), slow.speaks_again),
    Row('server silent at PAP', 'no answer to name and password', 34, PPPD_GIVES_UP, [r'E603 .*PAP'], BACK,
        slow.silent_at('ppp', 'auth'), slow.speaks_again),
    Row('server silent at CHAP', 'no Challenge', 64, 'pppd waits 60 s', [r'E603 .*MS-CHAP-V2'], BACK,
        slow.silent_at('ppp', 'auth', slow.ppp_peer.WANTS_MSCHAP_V2), slow.speaks_again),
    Row('server silent at IPCP', 'it takes no notice of our Configure-Request', 34, PPPD_GIVES_UP, [r'E603 '], BACK,
        slow.silent_at('ppp', 'network'), slow.speaks_again),
]
LCP_BY_DEFAULT = LCP.replace('3 s of goodbye', '6 s of goodbye, some until all is closed')
SLOW = [
    Row('server frozen, by default', 'SIGSTOP to pptpctrl and pppd', 92, LCP_BY_DEFAULT, [r'E60[12] '], BACK,
        on.freeze_server, on.kill_frozen),
    Row('cable pulled for longer than every timer, by default', "the link of the server's side is down", 92, LCP_BY_DEFAULT,
        [r'E60[12] ', r'E20[12] '], BACK, on.pull, on.plug),
    # pptpd's own echo, 60 s and 60 s, comes before ours, which GRE makes wait (D13).
    Row('TCP lost, GRE lives, by default', "the server's packet filter", 245, "the server's echo, or control-echo + 3 * control-echo-wait",
        [r'E(210|211|601|604) '], BACK, on.dropped('srv', 'input', on.TCP_IN), filters_off),
    Row('suspended for 130 s, by default', 'SIGSTOP of all of ours', 0, '', [], STAYS, slow.suspended_for_long),
]
SLOW_PARTS = [('silent', slow.Silent, SILENT), ('slow', slow.Slow, SLOW)]

# Two guests share what takes long.
PARTS = [('routed', way.Routed, ROUTED), ('scripted', Scripted, SCRIPTED), ('pptpd-1', on.Pptpd, PPTPD[0::2]), ('pptpd-2', on.Pptpd, PPTPD[1::2])]

for _name, _stage, _rows in PARTS + SLOW_PARTS:
    add('faults-' + _name, _stage.GROUP, lambda bed, stage=_stage, rows=_rows: play(bed, stage, rows),
        slow=(_name, _stage, _rows) in SLOW_PARTS)
