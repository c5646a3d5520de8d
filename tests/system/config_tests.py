"""What a configuration promises: each key against a server or a reader that can tell."""
import os
import re
import shutil
import signal
import time

import server as servers
from bed import Failure
from ppp_tests import interface_of, ping, ppp
from ways_tests import daemon, expect_exit, gone, log_of, wait_log, write_config


def end(bed, process, *parts):
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    gone(bed, *parts)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def ppp_of(bed, env):
    _, (tunnel,) = bed.tunnels(bed.NAME)
    ping(bed, 3)
    found = tunnel['ppp']
    return found['local'], found['mppe']['bits'], found['mppe']['stateful']


@ppp()
def an_address_asked_for_and_both_key_lengths(bed):
    """The server decides: it gives another address, or this one; it takes 128 bits, or 40 only."""
    server = servers.Server(bed)
    env = write_config(bed, server, encryption='mppe = "require"; bits = [ 40, 128 ]; stateful = true;',
                       ip='address = "192.168.99.77"; interface = "ppp-t";')
    process = daemon(bed, env, '--foreground')
    wait_log(bed, r' up: ')
    if ppp_of(bed, env) != ('192.168.99.10', 128, False) or interface_of(bed) != 'ppp-t':
        raise Failure('where it is given another one: %s' % (ppp_of(bed, env),))
    server.stop()
    # It has no addresses to give, and takes what is asked for.
    server = servers.Server(bed, mppe=('require-mppe', 'nomppe-128', 'mppe-stateful'), conf=['delegate'],
                            options=[servers.INNER + ':', 'ipcp-accept-remote'])
    process.signal(signal.SIGUSR2)
    wait_log(bed, r' up: ', 2)
    # Stateless is what a pppd tries first, also where both may be stateful.
    if ppp_of(bed, env) != ('192.168.99.77', 40, False):
        raise Failure('where it is granted: %s' % (ppp_of(bed, env),))
    end(bed, process, server)


@ppp()
def servers_are_tried_in_their_order(bed):
    """The next one at once, the first one again after an end; a reload's with the next dial; max-tries rounds of all."""
    server = servers.Server(bed)
    both = 'servers = [ "%s", "%s" ];' % (bed.second, bed.server)  # nothing listens at the first
    retry = 'first-delay = 1; max-delay = 1; max-tries = 2;'
    env = write_config(bed, server, dial=both, retry=retry)
    process = daemon(bed, env, '--foreground')
    refused = r'E202 %s .*refuses .* Dialling again at once\.' % re.escape(bed.second)
    wait_log(bed, r' up: ')
    wait_log(bed, refused)
    _, (tunnel,) = bed.tunnels(bed.NAME)
    if tunnel['server']['address'] != bed.server or tunnel['redials'] != 1:
        raise Failure('it is up with %s after %d redials' % (tunnel['server'], tunnel['redials']))
    write_config(bed, server, retry=retry)
    process.signal(signal.SIGHUP)
    wait_log(bed, 'is read again')
    if len(re.findall(r' up: ', log_of(bed))) != 1:
        raise Failure('a reload ends the call')
    process.signal(signal.SIGUSR2)
    wait_log(bed, r' up: ', 2)
    if len(re.findall(refused, log_of(bed))) != 1:
        raise Failure('the redial was not to the server of the new file alone')
    write_config(bed, server, dial=both, retry=retry)
    process.signal(signal.SIGHUP)
    wait_log(bed, 'is read again', 2)
    server.stop()
    expect_exit(process, 7, 30)
    if len(re.findall(refused, log_of(bed))) != 3:
        raise Failure('not two rounds:\n' + log_of(bed))
    wait_log(bed, r' error t: E202 %s .* Given up after 2 tries \(retry\.max-tries\)\.$' % re.escape(bed.server))
    gone(bed, server)
    code, (tunnel,) = bed.tunnels(bed.NAME)
    if code != 1 or tunnel['state'] != 'failed' or tunnel['last_end']['exit'] != 7:
        raise Failure('status: %d %s' % (code, tunnel))
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))
