"""A listener whose callers Debian's FreeRADIUS knows: one is taken, one is not, and MPPE's keys come from it."""
import os
import re
import signal
import subprocess

import bed as beds
from bed import Failure, Process, in_netns, poll
from listener import LOCAL, Listener
from ppp_tests import ppp

# pppd's client of RADIUS wants an address for this host's name, and a guest has none.
NAMED = ('unshare', '--uts', 'sh', '-c', 'hostname localhost && exec "$@"', 'sh')


class Radius:
    """FreeRADIUS in the listener's namespace, on its loopback; it ends with the bed."""

    def __init__(self, bed, netns):
        folder = bed.file('radius')
        here = os.path.dirname(os.path.abspath(__file__))
        subprocess.run([os.path.join(here, 'radius-files'), folder], check=True)
        self.client = os.path.join(folder, 'radiusclient.conf')
        self.process = Process(bed, netns, ['freeradius', '-f', '-d', folder, '-n', 'radiusd', '-l',
                                            os.path.join(folder, 'log')], 'freeradius',
                               env={'PATH': os.environ['PATH'] + ':/usr/sbin:/sbin'})
        # 1813 is the last of its two ports.
        poll(lambda: in_netns(netns, lambda: re.search(r':0715 ', beds.read('/proc/thread-self/net/udp'))), 30,
             'FreeRADIUS listens: ' + beds.read(os.path.join(folder, 'log')))


class RadiusListener(Listener):
    def write(self, *args, **groups):
        super().write(*args, **groups)
        text = beds.read(self.conf)
        with open(self.conf, 'w') as file:
            file.write(re.sub(r'^users-file.*\n', '', text, flags=re.M))


def taken(bed, gw, user, password, address):
    process = bed.connect('-u', user, password=password, name=user)
    process.wait_out(r'^ *[\d.]+ s +up .*MPPE 128-bit', 30)
    gw.wait_calls(1)  # its end may come up after the caller's
    bed.ping(bed.cli, LOCAL, count=5)
    if bed.status()['ppp']['dns'] != ['192.168.99.53', '192.168.99.54']:
        raise Failure('DNS servers: %s' % bed.status()['ppp'])
    call, = gw.calls()
    found = (call['user'], call['ppp']['peer'], call['ppp']['mppe'], call['ppp']['auth'])
    if found != (user, address, {'bits': 128, 'stateful': False}, 'MS-CHAP-V2'):
        raise Failure('status: %s' % (found,))
    process.signal(signal.SIGINT)
    bed.expect(process, 0, r'Hung up in order', within=12)
    poll(lambda: not gw.calls(), 20, 'the call is over')


@ppp()
def radius_accepts_one_and_refuses_one(bed):
    radius = Radius(bed, bed.srv)
    gw = RadiusListener(bed, wrapper=NAMED, ip='local = "%s"; pool = [ "192.168.99.10-192.168.99.250" ]; '
                        'dns = [ "192.168.99.53", "192.168.99.54" ];' % LOCAL, auth='require-peer = [ "mschap-v2" ]; secrets = "radius"; '
                        'radius-config = "%s";' % radius.client)
    taken(bed, gw, 'alice', 'of radius', '192.168.99.10')
    taken(bed, gw, 'branch', 'sesame', '172.31.255.2')  # Framed-IP-Address
    bed.expect(bed.connect('-u', 'alice', password='wrong', name='wrong'), 12, r'E401 ', within=30)
    gw.wait_log(r'call 3 from .*E403 The caller did not prove that it knows the password of alice\.')
    gw.stop()
    radius.process.signal(signal.SIGTERM)
    radius.process.wait(20)
