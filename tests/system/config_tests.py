"""What a configuration promises: each key against a server or a reader that can tell."""
import re
import shutil
import signal

import os
import server as servers
from bed import Failure
from ppp_tests import interface_of, ping, ppp
from ways_tests import daemon, expect_exit, gone, told, wait_log, write_config


def end(bed, process, *parts):
    process.signal(signal.SIGTERM)
    expect_exit(process, 0)
    gone(bed, *parts)
    shutil.rmtree(os.path.join(bed.run_dir, bed.NAME))


def ppp_of(bed, env):
    _, (tunnel,) = told(bed, env, bed.NAME)
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
