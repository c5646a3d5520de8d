"""Routes through the tunnel and past it (pptpeer.conf(5), routes), against pptpd."""
import os
import re
import shutil
import signal
import types
import socket

import server as servers
from listener import LOCAL, Listener
from bed import Failure, Process, poll
from ppp_tests import hang_up, interface_of, ppp, up
from ways_tests import at_work, daemon, expect_exit, wait_log, write_config

# Behind the server, each with an address of the server's own.
SITE, SITE_HOST, REST_HOST = '10.77.0.0/16', '10.77.0.1', '10.88.0.1'


def sites(bed):
    """Machines behind the server."""
    for host in (SITE_HOST, REST_HOST):
        bed.sh(bed.srv, ['ip', 'address', 'add', host + '/32', 'dev', 'lo'])


def way(bed, host):
    """Where packets to that address go."""
    return bed.sh(bed.cli, ['ip', 'route', 'get', host], check=False).split('\n')[0]


def reaches(bed, host):
    servers.both_ends_up(bed)
    try:
        bed.ping(bed.cli, host)
    except Failure as failure:
        raise Failure('%s; %s' % (way(bed, host), failure)) from None


def forget(bed):
    """How tunnels of a file ended is kept."""
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def pinned(bed):
    return bed.sh(bed.cli, ['ip', 'route', 'show', 'proto', '158'])


def expect(found, pattern):
    if not re.search(pattern, found):
        raise Failure('no /%s/ in %r' % (pattern, found))


@ppp()
def a_network_through_the_tunnel(bed):
    """And nothing else; the server is not in it, so no route past the tunnel is made."""
    sites(bed)
    _, process = up(bed, '--route', SITE)
    name = interface_of(bed)
    expect(way(bed, SITE_HOST), r' dev %s ' % name)
    reaches(bed, SITE_HOST)
    if name in way(bed, REST_HOST) or pinned(bed):
        raise Failure('%s; %s' % (way(bed, REST_HOST), pinned(bed)))
    tunnel = bed.status()
    if (tunnel['routes'], tunnel['server_route']) != ([SITE], None):
        raise Failure('%s %s' % (tunnel['routes'], tunnel['server_route']))
    hang_up(bed, process)


@ppp()
def everything_through_the_tunnel_but_the_server_and_what_is_excepted(bed):
    sites(bed)
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.server, 'metric', '5'])
    bed.before = bed.state()
    _, process = up(bed, '--default-route', '--except', '10.88.0.0/16')
    name = interface_of(bed)
    for host in (SITE_HOST, '203.0.113.9', '8.8.8.8'):
        expect(way(bed, host), r' dev %s ' % name)
    reaches(bed, SITE_HOST)
    for host in (REST_HOST, '10.88.255.254'):
        expect(way(bed, host), r' via %s dev vc ' % re.escape(bed.server))
    expect(way(bed, bed.server), r' dev vc ')
    expect(bed.sh(bed.cli, ['ip', 'route', 'show', 'default']), r'^default via %s dev vc metric 5' % re.escape(bed.server))
    tunnel = bed.status()
    if (tunnel['routes'], tunnel['server_route']) != (['default'], {'via': None, 'dev': 'vc', 'added': True}):
        raise Failure('%s %s' % (tunnel['routes'], tunnel['server_route']))
    expect(bed.tool('status', bed.NAME), r'routes +default     server %s dev vc\n' % re.escape(bed.server))
    hang_up(bed, process)  # expect() looks for routes that are left


@ppp()
def what_is_excepted_has_the_way_of_what_covers_it(bed):
    """Not that of its first address, which is on a network of ours; and what has none is told."""
    bed.sh(bed.cli, ['ip', 'address', 'add', '172.20.0.1/24', 'dev', 'vc'])
    bed.sh(bed.cli, ['ip', 'route', 'add', '172.16.0.0/12', 'via', bed.second])
    bed.before = bed.state()
    _, process = up(bed, '--default-route', '--except', '172.20.0.0/16', '--except', '192.0.2.0/24')
    process.wait_out(r'warning: no route to 192\.0\.2\.0/24 past the tunnel: Network is unreachable', 5)
    expect(way(bed, '172.20.5.5'), r' via %s dev vc ' % re.escape(bed.second))
    expect(way(bed, '172.20.0.5'), r'^172\.20\.0\.5 dev vc ')
    expect(way(bed, '192.0.2.9'), r' dev %s ' % interface_of(bed))
    hang_up(bed, process)


@ppp()
def a_server_over_a_gateway_keeps_its_way(bed):
    """No network of ours has the server: without a route of its own the tunnel would carry itself."""
    sites(bed)
    bed.sh(bed.srv, ['ip', 'address', 'add', '198.18.0.9/32', 'dev', 'lo'])
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.second])
    bed.before = bed.state()
    server = servers.Server(bed, listen='198.18.0.9')
    _, process = up(bed, '--default-route', server=server, host='198.18.0.9')
    expect(pinned(bed), r'^198\.18\.0\.9 via %s dev vc .*metric \d+' % re.escape(bed.second))
    reaches(bed, SITE_HOST)
    route = bed.status()['server_route']
    if route != {'via': bed.second, 'dev': 'vc', 'added': True}:
        raise Failure('%s' % route)
    hang_up(bed, process)


@ppp()
def a_server_with_its_outer_address_inside_as_well(bed):
    """Else pppd's own route to the peer would lead GRE into the tunnel that it carries."""
    sites(bed)
    server = servers.Server(bed, inner=bed.server)
    process = bed.connect('-u', server.user, '--route', SITE, password=server.password)
    process.wait_out(r'^ *[\d.]+ s +up ', 20)
    process.wait_out(r"the peer has the server's address, %s, inside the tunnel as well" % re.escape(bed.server), 5)
    expect(way(bed, bed.server), r' dev vc ')
    poll(lambda: 'peer 192.168.99.' in bed.sh(bed.srv, ['ip', '-4', 'address']), 10, "the server's end is up")
    bed.ping(bed.cli, SITE_HOST)
    hang_up(bed, process)


@ppp()
def a_tunnel_that_would_run_into_itself_ends(bed):
    """server-route = "off", and a name (this one needs no DNS) whose address `check` cannot know."""
    server = servers.Server(bed)
    name = '0x%08x' % int.from_bytes(socket.inet_aton(bed.server), 'big')
    env = write_config(bed, server, dial='server = "%s";' % name, routes='through = [ "10.0.0.0/8" ]; server-route = "off";')
    process = daemon(bed, env, '--foreground')
    expect_exit(process, 3)
    wait_log(bed, r'E701 A route through the tunnel covers the server, %s, and routes\.server-route' % re.escape(bed.server))
    forget(bed)


@ppp()
def another_table_and_a_metric(bed):
    server = servers.Server(bed)
    env = write_config(bed, server, routes='through = [ "%s" ]; default = true; table = "77"; metric = 9;' % SITE)
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    name = interface_of(bed)
    table = bed.sh(bed.cli, ['ip', 'route', 'show', 'table', '77'])
    for pattern in (r'(?m)^default dev %s .*metric 9' % name, r'(?m)^%s dev %s .*metric 9' % (SITE, name)):
        expect(table, pattern)
    if name in way(bed, SITE_HOST) or pinned(bed):
        raise Failure('%s; %s' % (way(bed, SITE_HOST), pinned(bed)))
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def a_redial_sets_them_anew(bed):
    """And while it waits none is there that leads anywhere but where it did before."""
    sites(bed)
    server = servers.Server(bed)
    env = write_config(bed, server, routes='default = true;', retry='first-delay = 60; max-delay = 60;')
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    first = pinned(bed)
    expect(first, re.escape(bed.server))
    server.hang_up()
    poll(lambda: bed.status()['state'] == 'waiting', 20, 'it waits')
    if bed.state()['routes'] != bed.before['routes']:
        raise Failure('while it waits: ' + bed.state()['routes'])
    process.signal(signal.SIGUSR2)
    at_work(bed)
    if pinned(bed) != first:
        raise Failure('%r, not %r' % (pinned(bed), first))
    reaches(bed, SITE_HOST)
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def a_reload_sets_them_while_the_tunnel_is_up(bed):
    """What was there and is asked for still stays as it is; the tunnel is the same."""
    sites(bed)
    bed.sh(bed.cli, ['ip', 'route', 'add', 'default', 'via', bed.second, 'metric', '5'])
    bed.before = bed.state()
    server = servers.Server(bed)
    env = write_config(bed, server, routes='through = [ "%s" ]; except = [ "10.66.0.0/16" ];' % SITE)
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    name = interface_of(bed)
    monitor = Process(bed, bed.cli, ['ip', 'monitor', 'route'], 'monitor')
    come_and_go = 'route add 192.0.2.0/24 dev vc\nroute del 192.0.2.0/24 dev vc\n'
    poll(lambda: bed.sh(bed.cli, ['ip', '-batch', '-'], come_and_go) == '' and '192.0.2.0/24' in monitor.out, 10,
         'the monitor listens')

    def reload(routes, *expected, status):
        write_config(bed, server, routes=routes)
        said = bed.tool('reload', bed.NAME)
        expect(said, 'the log, DNS and the routes follow it now')
        found = bed.sh(bed.cli, ['ip', 'route', 'show', 'table', 'all', 'proto', '159']) + pinned(bed)
        if len(found.splitlines()) != len(expected):
            raise Failure('%d routes: %s' % (len(expected), found))
        for one in expected:
            expect(found, r'(?m)^%s\b' % re.escape(one.replace('NAME', name)))
        poll(lambda: bed.status()['routes'] == status, 10, 'status tells of them')
        at_work(bed)
        if bed.status()['redials'] != 0:
            raise Failure('it was dialled again')

    past = 'via %s dev vc' % bed.second
    reload('through = [ "%s", "10.88.0.0/16" ];' % SITE, SITE + ' dev NAME', '10.88.0.0/16 dev NAME',
           status=[SITE, '10.88.0.0/16'])
    reaches(bed, REST_HOST)
    reload('default = true; through = [ "%s" ]; except = [ "10.88.0.0/16", "10.66.0.7" ];' % SITE, SITE + ' dev NAME',
           '0.0.0.0/1 dev NAME', '128.0.0.0/1 dev NAME', '10.88.0.0/16 ' + past, '10.66.0.7 ' + past, bed.server + ' dev vc',
           status=['default', SITE])
    for pattern in ('%s dev %s ' % (SITE, name), 'Deleted %s' % SITE):
        if re.search('(?m)^' + pattern, monitor.out):
            raise Failure('it was touched: ' + monitor.out)
    expect(monitor.out, r'(?m)^Deleted 10\.88\.0\.0/16 dev %s ' % name)
    reload('through = [ "%s" ]; table = "77"; metric = 9;' % SITE, '%s dev NAME table 77' % SITE, status=[SITE])
    expect(bed.sh(bed.cli, ['ip', 'route', 'show', 'table', '77']), 'metric 9')
    reload('', status=[])
    monitor.process.kill()
    monitor.process.wait()
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def an_except_of_the_server_itself_takes_nothing_along_when_it_goes(bed):
    sites(bed)
    server = servers.Server(bed)
    env = write_config(bed, server, routes='default = true; except = [ "%s" ];' % bed.server)
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    first = pinned(bed)
    if len(first.splitlines()) != 1:
        raise Failure(first)
    write_config(bed, server, routes='default = true;')
    expect(bed.tool('reload', bed.NAME), 'the log, DNS and the routes follow it now')
    at_work(bed)
    if pinned(bed) != first:
        raise Failure('%r, not %r' % (pinned(bed), first))
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def a_reload_that_would_lead_the_tunnel_into_itself_changes_no_route(bed):
    """By a name whose address `check` cannot know; also by HUP."""
    sites(bed)
    server = servers.Server(bed)
    dial = 'server = "0x%08x";' % int.from_bytes(socket.inet_aton(bed.server), 'big')
    env = write_config(bed, server, dial=dial, routes='through = [ "%s" ];' % SITE)
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    write_config(bed, server, dial=dial, routes='through = [ "10.0.0.0/8" ]; server-route = "off";')
    process.signal(signal.SIGHUP)
    wait_log(bed, r'warning t: .*the routes stay as they are: A route through the tunnel covers the server')
    reaches(bed, SITE_HOST)
    if bed.status()['routes'] != [SITE] or pinned(bed):
        raise Failure('%s %s' % (bed.status()['routes'], pinned(bed)))
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def two_tunnels_to_one_server_have_each_their_own(bed):
    """In either order of going down, the one that stays reaches what it did."""
    sites(bed)
    server = servers.Server(bed)
    for first_down in (0, 1):
        tunnels = []
        for number, net in enumerate((SITE, '10.88.0.0/16')):
            process = bed.connect('-u', server.user, '--default-route', '--route', net, '--ifname', 'ppp-%d' % number,
                                  '--name', 'n%d' % number, password=server.password, name='%d-%d' % (first_down, number))
            process.wait_out(r'^ *[\d.]+ s +up ', 20)
            tunnels.append(process)
        if len(pinned(bed).splitlines()) != 2:
            raise Failure(pinned(bed))
        # The second one finds everything taken, and says so in its status.
        routes = [bed.tunnels('n%d' % number)[1][0]['routes'] for number in (0, 1)]
        if routes != [['default', SITE], ['10.88.0.0/16']]:
            raise Failure('%s' % routes)
        tunnels[first_down].signal(signal.SIGINT)
        if tunnels[first_down].wait(15) != 0 or len(pinned(bed).splitlines()) != 1:
            raise Failure(pinned(bed))
        stays = 1 - first_down
        host = (SITE_HOST, REST_HOST)[stays]
        expect(way(bed, host), r' dev ppp-%d ' % stays)
        reaches(bed, host)
        tunnels[stays].signal(signal.SIGINT)
        bed.expect(tunnels[stays], 0)


def of_file(bed, name, server, **groups):
    """A tunnel of a file of that name, up on the interface ppp-NAME."""
    bed.NAME = name
    env = write_config(bed, server, ip='interface = "ppp-%s";' % name, **groups)
    process = daemon(bed, env, '--foreground', name='%s-%d' % (name, len(bed.started)))
    poll(lambda: (bed.status() or {}).get('state') == 'up', 30, name + ' is up')
    return process


def two_with_overlapping_routes(bed, first, second, down):
    """Both lead to SITE and everywhere, a by its metric before b; in it one network is b's alone.  `down` goes first."""
    processes = {
        'a': of_file(bed, 'a', first[0], dial='server = "%s";' % first[1], routes='default = true; through = [ "%s" ];' % SITE),
        'b': of_file(bed, 'b', second[0], dial='server = "%s";' % second[1],
                     routes='default = true; metric = 9; through = [ "%s", "10.77.1.0/24" ];' % SITE)}
    every = ['default', SITE]
    if [bed.tunnels(name)[1][0]['routes'] for name in 'ab'] != [every, every + ['10.77.1.0/24']]:
        raise Failure('%s' % bed.tunnels()[1])
    pins = [line.split()[0] for line in pinned(bed).splitlines()]
    if sorted(pins) != sorted([first[1], second[1]]):
        raise Failure(pinned(bed))

    def lead(site, part, rest):
        for host, name in ((SITE_HOST, site), ('10.77.1.1', part), (REST_HOST, rest)):
            expect(way(bed, host), r' dev ppp-%s ' % name)
            poll(lambda host=host: ' 1 received' in bed.sh(bed.cli, ['ping', '-c', '1', '-W', '2', host], check=False), 10,
                 host + ' answers')
    lead('a', 'b', 'a')
    stays = 'b' if down == 'a' else 'a'
    for name, left in ((down, [second[1] if down == 'a' else first[1]]), (stays, [])):
        processes[name].signal(signal.SIGTERM)
        expect_exit(processes[name], 0)
        if [line.split()[0] for line in pinned(bed).splitlines()] != left:
            raise Failure('%s: %s' % (left, pinned(bed)))
        if left:
            lead(stays, stays, stays)
        bed.NAME = name
        forget(bed)
    bed.nothing_left(5)


@ppp()
def two_tunnels_to_one_server_with_overlapping_routes(bed):
    """In either order of going down, the one that stays leads where it did, and where the other one did."""
    sites(bed)
    bed.sh(bed.srv, ['ip', 'address', 'add', '10.77.1.1/32', 'dev', 'lo'])
    server = servers.Server(bed)
    for down in 'ab':
        two_with_overlapping_routes(bed, (server, bed.server), (server, bed.server), down)


@ppp()
def two_tunnels_to_two_servers_with_overlapping_routes(bed):
    sites(bed)
    bed.sh(bed.srv, ['ip', 'address', 'add', '10.77.1.1/32', 'dev', 'lo'])
    first = servers.Server(bed)
    second = servers.Server(bed, listen=bed.second, inner='192.168.98.1', pool='192.168.98.10-200')
    for down in 'ab':
        two_with_overlapping_routes(bed, (first, bed.server), (second, bed.second), down)


@ppp()
def a_route_that_is_there_already_is_told(bed):
    """It is somebody else's: it stays, and the others are set."""
    sites(bed)
    bed.sh(bed.cli, ['ip', 'route', 'add', SITE, 'via', bed.second])
    bed.before = bed.state()
    _, process = up(bed, '--route', SITE, '--route', REST_HOST, '--route', bed.server)
    process.wait_out(r'warning: no route to %s through the tunnel: File exists' % SITE, 5)
    process.wait_out(r'warning: no route to %s/32 through the tunnel: it is the server itself' % re.escape(bed.server), 5)
    expect(way(bed, SITE_HOST), r' dev vc ')
    reaches(bed, REST_HOST)
    hang_up(bed, process)


@ppp()
def kill_9_of_the_keeper_leaves_no_route_behind_the_next_start(bed):
    _, process = up(bed, '--default-route', '--except', '10.88.0.0/16')
    process.signal(signal.SIGKILL)
    process.wait(15)
    poll(lambda: not bed.namespace_processes(), 15, 'all processes end')
    expect(pinned(bed), re.escape(bed.server))
    # Whatever is dialled next, to that server or to another one, where nobody answers.
    bed.expect(bed.connect('--until', 'gre', host=bed.second, name='next'), 7)


def in_ipv6(bed, netns):
    """Its link's own address on a PPP interface."""
    found = re.search(r'(?m)^\d+: ppp\S+ +inet6 (fe80:[0-9a-f:]+)', bed.sh(netns, ['ip', '-6', '-o', 'address']))
    return found.group(1) if found else None


@ppp()
def ipv6_in_the_tunnel_when_it_is_asked_for(bed):
    """ip.ipv6, to a server that has it: a ping passes, encrypted, and status has the address."""
    server = servers.Server(bed, options=['+ipv6'])
    env = write_config(bed, server, ip='ipv6 = true;')
    process = daemon(bed, env, '--foreground')
    at_work(bed)
    here, there = (poll(lambda netns=netns: in_ipv6(bed, netns), 20, 'IPv6CP has agreed') for netns in (bed.cli, bed.srv))
    name = interface_of(bed)
    bed.ping(bed.cli, '%s%%%s' % (there, name), '-6')
    tunnel = bed.status()
    if tunnel['ppp']['ipv6'] != [here] or tunnel['ppp']['mppe']['bits'] != 128:
        raise Failure('%s, not %s' % (tunnel['ppp'], here))
    expect(bed.tool('status', bed.NAME), r'(?m)^ +ipv6 +%s$' % here)
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)


@ppp()
def no_ipv6_in_the_tunnel_when_it_is_not_asked_for(bed):
    """The server asks for it, and is told that this protocol is not spoken here."""
    server, process = up(bed, server=servers.Server(bed, options=['+ipv6']))
    poll(lambda: re.search(r'rcvd \[LCP ProtRej .*80 57', server.log()), 20, 'IPv6CP is rejected')
    if in_ipv6(bed, bed.cli) or bed.status()['ppp']['ipv6'] or 'ipv6' in bed.tool('status', bed.NAME):
        raise Failure(bed.tool('status', bed.NAME))
    hang_up(bed, process)


@ppp()
def a_callers_tunnel_has_ipv6_and_the_mtu_of_its_path(bed):
    """ip.ipv6 and ip.mtu of a listener: what reaches that caller in one piece, as this host's routes have it."""
    bed.sh(bed.srv, ['ip', 'route', 'add', bed.client, 'dev', 'vs', 'mtu', '1400'])
    gw = Listener(bed, ip='local = "%s"; pool = [ "192.168.99.10-192.168.99.250" ]; ipv6 = true;' % LOCAL)
    env = write_config(bed, types.SimpleNamespace(user='alice', password='Sesam-1'), ip='ipv6 = true;')
    process = daemon(bed, env, '--foreground')
    poll(lambda: (bed.status() or {}).get('state') == 'up', 30, 'it is up')
    gw.wait_calls(1)
    here, there = (poll(lambda netns=netns: in_ipv6(bed, netns), 20, 'IPv6CP has agreed') for netns in (bed.cli, bed.srv))
    bed.ping(bed.cli, '%s%%%s' % (there, interface_of(bed)), '-6')
    call, = gw.calls()
    if (call['ppp']['ipv6'], call['ppp']['mtu']) != ([there], 1356):
        raise Failure('%s, %s' % (call['ppp'], there))
    bed.ping(bed.srv, call['ppp']['peer'], '-M', 'do', '-s', str(1356 - 28))
    bed.ping(bed.srv, '%s%%%s' % (here, call['ppp']['interface']), '-6')
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    forget(bed)
    gw.stop()
