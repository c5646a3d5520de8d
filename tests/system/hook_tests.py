"""Hooks: programs of the administrator's that hear of the tunnel (pptpeer.conf(5), hooks)."""
import os
import re
import signal
import socket

import bed as beds
import ppp_tests
import server as servers
from bed import Failure, Skip, poll
from ppp_tests import hang_up, interface_of, ppp
from route_tests import REST_HOST, SITE, SITE_HOST, expect, forget, pinned, reaches, sites, way
from ways_tests import at_work, daemon, expect_exit, log_of, wait_log, write_config


def hook(bed, name, lines):
    """A shell script; what it marks is in the bed's folder."""
    path = bed.file(name)
    with open(path, 'w') as file:
        file.write('#!/bin/sh\n' + lines.replace('MARKS', bed.file('marks')) + '\n')
    os.chmod(path, 0o755)
    return path


def start(bed, hooks, **groups):
    server = servers.Server(bed)
    env = write_config(bed, server, hooks=hooks, **groups)
    return server, daemon(bed, env, '--foreground')


def stop(bed, process):
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def hooks_hear_of_up_and_down_in_order(bed):
    """Routes are there when it is told to be up, and gone when it is told to be down; what they print is logged."""
    up = hook(bed, 'up', 'echo "$1 $2 $PPTPEER_IFNAME $PPTPEER_PEER_IP $PPTPEER_ROUTES" >>MARKS\n'
              'ip route show proto 159 >>MARKS; echo "words of it"; printf "\\033[2J" >&2')
    down = hook(bed, 'down', 'echo "$1 $2 code $PPTPEER_REASON_CODE: $PPTPEER_REASON" >>MARKS\n'
                'ip route show proto 159 >>MARKS')
    server, process = start(bed, 'up = "%s"; down = "%s";' % (up, down), routes='through = [ "%s" ];' % SITE)
    at_work(bed)
    name = interface_of(bed)
    marks = beds.read(bed.file('marks')).splitlines()
    if marks[0] != 'up %s %s %s %s' % (bed.NAME, name, servers.INNER, SITE) or not marks[1].startswith(SITE + ' dev ' + name):
        raise Failure('%s' % marks)
    wait_log(bed, r'hook up: words of it')
    wait_log(bed, r'hook up: \\x1b\[2J')
    if not re.search(r'(?s)hook up: words.* up: ', log_of(bed)):
        raise Failure('it was up before the hook had ended:\n' + log_of(bed))

    server.hang_up()  # and the next dial comes after the hook
    poll(lambda: len(beds.read(bed.file('marks')).splitlines()) >= 5, 30, 'down, and up again')
    marks = beds.read(bed.file('marks')).splitlines()[2:]
    if not re.match(r'down %s code [1-9]\d\d: ' % bed.NAME, marks[0]) or not marks[1].startswith('up '):
        raise Failure('%s' % marks)
    at_work(bed)
    stop(bed, process)
    if beds.read(bed.file('marks')).splitlines()[-1] != 'down %s code 0: Hung up in order.' % bed.NAME:
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def the_end_is_told_with_the_routes_of_the_start(bed):
    """Also after a reload that has set others: who is told of the end undoes what it did at the start."""
    words = 'echo "$1 $PPTPEER_ROUTES" >>MARKS'
    hooks = 'up = "%s"; down = "%s";' % (hook(bed, 'up', words), hook(bed, 'down', words))
    server, process = start(bed, hooks, routes='through = [ "%s" ];' % SITE)
    at_work(bed)
    write_config(bed, server, hooks=hooks, routes='through = [ "10.88.0.0/16" ];')
    bed.tool('reload', bed.NAME)
    poll(lambda: bed.status()['routes'] == ['10.88.0.0/16'], 20, 'the other route is set')
    stop(bed, process)
    if beds.read(bed.file('marks')) != 'up %s\ndown %s\n' % (SITE, SITE):
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_required_hook_that_fails_ends_the_tunnel(bed):
    _, process = start(bed, 'up = "%s"; required = true;' % hook(bed, 'up', 'exit 7'), retry='persist = false;')
    expect_exit(process, 18)
    wait_log(bed, r'E703 The up hook ended with status 7, and hooks\.required is set')
    forget(bed)


@ppp()
def a_hook_that_fails_is_told_and_no_more(bed):
    _, process = start(bed, 'up = "%s"; down = "/nonexistent/hook";' % hook(bed, 'up', 'exit 7'))
    at_work(bed)
    wait_log(bed, r'warning .*the hook up ended with status 7')
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    wait_log(bed, r'warning .*the hook down cannot be started: No such file')
    forget(bed)


@ppp()
def a_hook_that_hangs_is_killed_with_all_that_it_started(bed):
    up = hook(bed, 'up', 'sleep 600 & sleep 600')
    _, process = start(bed, 'up = "%s"; timeout = 1;' % up)
    at_work(bed)
    wait_log(bed, r'warning .*the hook up did not end within 1 s, and was killed')
    stop(bed, process)


@ppp()
def a_hook_that_leaves_a_process_behind_is_not_waited_for(bed):
    """A daemon that it starts keeps the pipe open; it is no more ours."""
    up = hook(bed, 'up', 'setsid sleep 600 & echo $! >MARKS')
    _, process = start(bed, 'up = "%s";' % up)
    at_work(bed)
    stop(bed, process)
    os.kill(int(beds.read(bed.file('marks'))), signal.SIGKILL)
    poll(lambda: not bed.namespace_processes(), 5, 'it is gone')


@ppp()
def the_end_does_not_wait_for_the_up_hook(bed):
    _, process = start(bed, 'up = "%s"; down = "%s";' % (hook(bed, 'up', 'echo up >>MARKS; sleep 600'),
                                                         hook(bed, 'down', 'echo down >>MARKS')))
    poll(lambda: beds.read(bed.file('marks')) == 'up\n', 30, 'the hook runs')
    if bed.status()['state'] != 'network':
        raise Failure('%s' % bed.status())
    stop(bed, process)
    if beds.read(bed.file('marks')) != 'up\ndown\n':
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_tunnel_that_was_refused_is_not_told_to_be_down(bed):
    """Its up was not told either: E701, before any hook."""
    name = '0x%08x' % int.from_bytes(socket.inet_aton(bed.server), 'big')  # `check` does not know it for an address
    down = hook(bed, 'down', 'echo "$1 $IFNAME" >>MARKS')
    _, process = start(bed, 'down = "%s";' % down, dial='server = "%s";' % name,
                       routes='through = [ "10.0.0.0/8" ]; server-route = "off";')
    expect_exit(process, 3)
    wait_log(bed, r'E701 ')
    if beds.read(bed.file('marks')):
        raise Failure(beds.read(bed.file('marks')))
    forget(bed)


def octets_of_down(bed, path):
    down = hook(bed, 'down', 'echo "$PPTPEER_RX_BYTES $PPTPEER_TX_BYTES $BYTES_RCVD $BYTES_SENT $CONNECT_TIME" >>MARKS')
    _, process = start(bed, 'down = "%s";' % down, data='path = "%s";' % path)
    at_work(bed)
    seen = bed.status()['ppp']
    stop(bed, process)
    rx, tx, received, sent, seconds = map(int, beds.read(bed.file('marks')).split())
    if rx < max(seen['rx_bytes'], 3 * 84) or tx < max(seen['tx_bytes'], 3 * 84) or (rx, tx) != (received, sent) or seconds > 600:
        raise Failure('%s; status said %s' % (beds.read(bed.file('marks')), seen))


@ppp()
def down_is_told_how_much_went_through(bed):
    octets_of_down(bed, 'auto')


@ppp()
def also_where_the_kernel_counts(bed):
    octets_of_down(bed, 'kernel')


@ppp()
def pre_dial_forbids_a_dial(bed):
    """Once with a status that is not 0; and it is asked again."""
    veto = hook(bed, 'pre', 'echo "$1 $2 $PPTPEER_SERVER [$IFNAME]" >>MARKS; [ -e %s ] || exit 3' % bed.file('allowed'))
    server, process = start(bed, 'pre-dial = "%s";' % veto)
    wait_log(bed, r'E704 The pre-dial hook ended with status 3: there was no dial\.', 2)
    if 'initial packet' in server.log() or server.pids('pppd'):
        raise Failure('it was dialled')
    open(bed.file('allowed'), 'w').close()
    at_work(bed)
    stop(bed, process)
    if set(beds.read(bed.file('marks')).splitlines()) != {'pre-dial %s %s []' % (bed.NAME, bed.server)}:
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_dial_that_is_forbidden_has_exit_code_18(bed):
    _, process = start(bed, 'pre-dial = "/nonexistent/hook";', retry='persist = false;')
    expect_exit(process, 18)
    wait_log(bed, r'E704 The pre-dial hook cannot be started: No such file or directory: there was no dial\.')
    forget(bed)


@ppp()
def the_end_does_not_wait_for_pre_dial(bed):
    _, process = start(bed, 'pre-dial = "%s";' % hook(bed, 'pre', 'echo here >>MARKS; sleep 600'))
    poll(lambda: beds.read(bed.file('marks')) == 'here\n', 30, 'the hook runs')
    stop(bed, process)


EVENTS = ('pre-dial', 'up', 'renew', 'down', 'auth-failed', 'waiting')


def all_events(bed, lines):
    return ''.join('%s = "%s"; ' % (event, hook(bed, event, lines)) for event in EVENTS)


def told(bed):
    return [line.split()[0] for line in beds.read(bed.file('marks')).splitlines()]


@ppp()
def events_come_one_after_the_other(bed):
    """Each begins when the one before has ended, on the way up, over a redial, and at the end."""
    server, process = start(bed, all_events(bed, 'mkdir %s || echo "overlap $1" >>MARKS\nsleep 0.3\n'
                                            'echo "$1 ${PPTPEER_WAIT+waits} [$PPTPEER_REASON_CODE]" >>MARKS\nrmdir %s'
                                            % ((bed.file('running'),) * 2)))
    at_work(bed)
    server.hang_up()
    first = ['pre-dial', 'up', 'down', 'waiting', 'pre-dial', 'up', 'renew']
    poll(lambda: len(told(bed)) >= len(first), 30, 'up again')
    at_work(bed)
    stop(bed, process)
    if told(bed) != first + ['down'] or 'waiting waits [' not in beds.read(bed.file('marks')):
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def the_dial_waits_for_a_waiting_hook_that_hangs_and_no_longer_than_it_may(bed):
    server, process = start(bed, all_events(bed, 'echo "$1" >>MARKS; [ "$1" != waiting ] || exec sleep 600') + 'timeout = 3;')
    at_work(bed)
    server.hang_up()
    wait_log(bed, r'warning .*the hook waiting did not end within 3 s, and was killed')
    poll(lambda: told(bed)[-1] == 'renew', 30, 'up again')
    if told(bed) != ['pre-dial', 'up', 'down', 'waiting', 'pre-dial', 'up', 'renew']:
        raise Failure('%s' % told(bed))
    at_work(bed)
    stop(bed, process)


@ppp()
def the_end_does_not_wait_for_the_waiting_hook(bed):
    server, process = start(bed, 'waiting = "%s";' % hook(bed, 'waiting', 'echo waiting >>MARKS; sleep 600'))
    at_work(bed)
    server.hang_up()
    poll(lambda: told(bed) == ['waiting'], 30, 'the hook runs')
    stop(bed, process)


@ppp()
def auth_failed_is_told(bed):
    server = servers.Server(bed)
    env = write_config(bed, server, hooks=all_events(bed, 'echo "$1 $PPTPEER_USER $PPTPEER_REASON_CODE" >>MARKS'))
    with open(bed.file('secret'), 'w') as file:
        file.write('wrong\n')
    process = daemon(bed, env, '--foreground')
    expect_exit(process, 12)
    if beds.read(bed.file('marks')) != 'pre-dial %s \nauth-failed %s 401\n' % (server.user, server.user):
        raise Failure(beds.read(bed.file('marks')))
    forget(bed)


# ------------------------------------------------------------------------- openconnect's protocol

VPNC_SCRIPT = '/usr/share/vpnc-scripts/vpnc-script'  # Debian's
RESOLV_CONF = '# ours\nnameserver 192.0.2.53\n'
NAME_SERVER = '10.77.0.53'


def own_resolv_conf(bed):
    """A resolv.conf that is this test's; and nothing else that would be asked to write it."""
    if not os.path.exists(VPNC_SCRIPT):
        raise Skip('no %s; run: scripts/setup check' % VPNC_SCRIPT)
    with open(bed.file('resolv.conf'), 'w') as file:
        file.write(RESOLV_CONF)
    return ('unshare', '--mount', 'sh', '-ec',
            'mount --bind "$0" /etc/resolv.conf; for f in /sbin/resolvconf /usr/bin/resolvectl; do '
            '[ ! -e $f ] || mount --bind /dev/null $f; done; exec "$@"', bed.file('resolv.conf'))


def asks(bed):
    return re.findall(r'(?m)^nameserver (.*)$', beds.read(bed.file('resolv.conf')))


def expect_dns_put_back(bed):
    if beds.read(bed.file('resolv.conf')) != RESOLV_CONF:
        raise Failure(beds.read(bed.file('resolv.conf')))


@ppp()
def vpnc_script_sets_routes_and_dns(bed):
    """Debian's, as it is: both networks, one past the tunnel, the server's own way, resolv.conf; and all goes."""
    sites(bed)
    bed.sh(bed.cli, ['ip', 'route', 'add', '10.88.0.0/16', 'via', bed.second])
    bed.before = bed.state()
    _, process = ppp_tests.up(bed, '--script', VPNC_SCRIPT, '--route', SITE, '--route', '10.88.0.0/15', '--except', '10.88.0.0/17',
                         server=servers.Server(bed, options=['ms-dns ' + NAME_SERVER]), wrapper=own_resolv_conf(bed))
    name = interface_of(bed)
    expect(way(bed, SITE_HOST), r' dev %s ' % name)
    expect(way(bed, REST_HOST), r' via %s dev vc ' % re.escape(bed.second))
    expect(way(bed, bed.server), r' dev vc ')
    reaches(bed, SITE_HOST)
    if asks(bed) != [NAME_SERVER] or pinned(bed) or bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '159']):
        raise Failure('%s; routes of ours: %s' % (asks(bed), bed.sh(bed.cli, ['ip', 'route'])))
    tunnel = bed.status()
    if (tunnel['routes'], tunnel['server_route']) != ([SITE, '10.88.0.0/15'], {'via': None, 'dev': 'vc', 'added': True}):
        raise Failure('%s %s' % (tunnel['routes'], tunnel['server_route']))
    expect(bed.tool('status', bed.NAME), r'routes +%s' % re.escape(SITE))
    expect(bed.sh(bed.cli, ['ip', 'link', 'show', 'dev', name]), r'mtu 1456 ')
    hang_up(bed, process)
    expect_dns_put_back(bed)


@ppp()
def vpnc_script_takes_everything_and_gives_it_back_over_a_redial(bed):
    """It puts its own default route in the place of ours, and ours is there again each time."""
    sites(bed)
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.second])
    bed.before = bed.state()
    server = servers.Server(bed, options=['ms-dns ' + NAME_SERVER])
    down = hook(bed, 'down', 'echo "$1 [$reason]" >>MARKS; ip route show default >>MARKS')
    waiting = hook(bed, 'waiting', 'ip route show default >>MARKS; cat %s >>MARKS' % bed.file('resolv.conf'))
    env = write_config(bed, server, routes='default = true;',
                       hooks='script = "%s"; down = "%s"; waiting = "%s";' % (VPNC_SCRIPT, down, waiting))
    process = daemon(bed, env, '--foreground', wrapper=own_resolv_conf(bed))
    for redials in range(2):
        poll(lambda: (bed.status() or {}).get('redials') == redials, 30, 'it is dialled')
        at_work(bed)
        expect(bed.sh(bed.cli, ['ip', 'route', 'show', 'default']), r'^default dev %s ' % interface_of(bed))
        reaches(bed, SITE_HOST)
        if asks(bed) != [NAME_SERVER] or bed.status()['routes'] != ['default']:
            raise Failure('%s %s' % (asks(bed), bed.status()['routes']))
        if redials == 0:
            server.hang_up()
    stop(bed, process)
    expect_dns_put_back(bed)
    ours = 'default via %s dev vc' % bed.second
    # The down hook comes before the script, and hears none of its words; all is back when it waits.
    if [line.strip() for line in beds.read(bed.file('marks')).splitlines()] != [
            'down []', ours, *RESOLV_CONF.splitlines(), 'down []']:
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_script_hears_in_order_and_the_hooks_between(bed):
    """The script first on the way up and last on the way down; without a route 0 of them."""
    script = hook(bed, 'script', 'echo "$reason $1 $2 $VPNGATEWAY [$TUNDEV] $INTERNAL_IP4_ADDRESS $CISCO_SPLIT_INC" >>MARKS; echo words')
    mark = 'echo "$1" >>MARKS'
    _, process = start(bed, 'script = "%s"; up = "%s"; down = "%s";' % (script, hook(bed, 'up', mark), hook(bed, 'down', mark)))
    at_work(bed)
    name, ours = interface_of(bed), bed.status()['ppp']['local']
    wait_log(bed, r'script up: words')
    stop(bed, process)
    words = (bed.NAME, bed.server, name, ours)
    if beds.read(bed.file('marks')).splitlines() != [
            'pre-init pre-dial %s %s []  0' % words[:2], 'connect up %s %s [%s] %s 0' % words, 'up', 'down',
            'disconnect down %s %s [%s] %s 0' % words]:
        raise Failure(beds.read(bed.file('marks')))


@ppp()
def a_required_script_that_fails_ends_the_tunnel_and_is_told_of_it(bed):
    script = hook(bed, 'script', 'echo $reason >>MARKS; [ $reason != connect ] || exit 5')
    _, process = start(bed, 'script = "%s"; up = "%s"; required = true;' % (script, hook(bed, 'up', 'echo up >>MARKS')),
                       retry='persist = false;')
    expect_exit(process, 18)
    wait_log(bed, r'E703 The up script ended with status 5, and hooks\.required is set')
    if told(bed) != ['pre-init', 'connect', 'disconnect']:
        raise Failure('%s' % told(bed))
    forget(bed)


@ppp()
def a_hook_sets_dns_where_it_is_to(bed):
    """It has the servers and the domains; `status` says who is told. With "off" nobody is."""
    server = servers.Server(bed, options=['ms-dns 192.168.77.53', 'ms-dns 192.168.77.54'])
    up = hook(bed, 'up', 'echo "$PPTPEER_DNS1 $PPTPEER_DNS2 $PPTPEER_DNS_DOMAINS" >>MARKS')
    before = beds.read('/etc/resolv.conf')
    for dns, use in (('use = "hook"; domains = [ "corp.example.com", "~lab.example.com" ];', 'hook'), ('use = "off";', 'off')):
        env = write_config(bed, server, hooks='up = "%s";' % up, dns=dns)
        process = daemon(bed, env, '--foreground', name='daemon-' + use)
        at_work(bed)
        told = bed.status()['ppp']
        if (told['dns_use'], told['dns_why'], told['dns_error']) != (use, 'dns.use = "%s"' % use, None):
            raise Failure('%s' % told)
        if told['dns'] != ['192.168.77.53', '192.168.77.54'] or bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '159']):
            raise Failure('%s' % told)
        stop(bed, process)
    if beds.read(bed.file('marks')).splitlines()[0] != '192.168.77.53 192.168.77.54 corp.example.com ~lab.example.com':
        raise Failure(beds.read(bed.file('marks')))
    if beds.read('/etc/resolv.conf') != before:
        raise Failure('/etc/resolv.conf was touched')
