"""Our own listener in a bed: role = "listen", its users, its log; and who else may dial it."""
import os
import re

import bed as beds
from bed import Failure, Process, in_netns, poll

LOCAL = '192.168.99.1'  # the listener's end of each call
USERS = {'alice': ('Sesam-1', None), 'bob': ('Sesam-2', '192.168.99.77')}
# What a kernel without PPP has not got: enough of /dev for a listener whose pppds never come to use it.
DEV = '''d=$(mktemp -d) && mount -t tmpfs dev "$d" &&
for f in null zero full random urandom tty; do touch "$d/$f" && mount --bind "/dev/$f" "$d/$f"; done &&
mkdir "$d/pts" "$d/shm" && mount --rbind /dev/pts "$d/pts" && ln -s pts/ptmx "$d/ptmx" && touch "$d/ppp" &&
mount --rbind "$d" /dev && exec "$@"'''
NO_PPP = ('unshare', '--mount', 'sh', '-c', DEV, 'sh')


class Listener:
    NAME = 'gw'

    def __init__(self, bed, netns=None, address=None, users=USERS, top='', wrapper=(), wait=True, **groups):
        self.bed = bed
        self.netns = bed.srv if netns is None else netns
        self.address = address or (bed.server if self.netns == bed.srv else bed.client)
        self.run_dir = bed.run_dir + 'g'
        self.write(users, top, **groups)
        self.hide_sessions()
        self.process = Process(bed, self.netns, [bed.runner.command + 'd', '--foreground', '--config', self.conf],
                               'listener-%d' % len(bed.started), env=self.environment(), wrapper=wrapper)
        if wait:
            poll(lambda: 'listening on' in self.log(), 20, 'it listens')

    def hide_sessions(self):
        """As bed.hide_sessions() for the other machine."""
        path = '/proc/thread-self/net/pppoe'
        in_netns(self.netns, lambda: os.path.exists(path) and os.chmod(path, 0o400))

    def environment(self):
        return self.bed.environment(PPTPEER_RUN_DIR=self.run_dir)

    def write(self, users=USERS, top='', **groups):
        self.conf, secrets = self.bed.file(self.NAME + '.conf'), self.bed.file('users.conf')
        ours = {'listen': '', 'auth': 'require-peer = [ "mschap-v2" ]; secrets = "users";',
                'ip': 'local = "%s"; pool = [ "192.168.99.10-192.168.99.250" ];' % LOCAL,
                'log': 'target = "stderr"; level = "debug";'}
        ours.update(groups)
        ours['listen'] = 'address = "%s"; %s' % (self.address, ours['listen'])
        text = 'role = "listen";\nusers-file = "%s";\n' % secrets
        text += ''.join('%s: { %s };\n' % group for group in ours.items()) + top
        entries = ['{ name = "%s"; password = "%s"; %s }' % (
            name, password, 'address = "%s";' % address if address else '') for name, (password, address) in users.items()]
        for path, words in ((self.conf, text), (secrets, 'users: ( %s );\n' % ', '.join(entries))):
            with open(path, 'w') as file:
                os.fchmod(file.fileno(), 0o600)
                file.write(words)

    def log(self):
        return self.process.out

    def wait_log(self, pattern, times=1, seconds=30):
        poll(lambda: len(re.findall(pattern, self.log(), re.M)) >= times, seconds, 'its log says /%s/' % pattern)

    def interfaces(self):
        return in_netns(self.netns, lambda: sorted(
            line.split(':')[0].strip() for line in beds.read('/proc/thread-self/net/dev').splitlines()[2:]))

    def routes(self):
        return self.bed.sh(self.netns, ['ip', 'route'])

    def tool(self, *words, check=0):
        process = Process(self.bed, self.netns, [self.bed.runner.command] + list(words),
                          'gw-tool-%d' % len(self.bed.started), env=self.environment())
        if process.wait(20) != check:
            raise Failure('pptpeer %s: exit %d, not %d' % (' '.join(words), process.process.returncode, check))
        return process.out

    def status(self):
        words = ('status', self.NAME, '--json')
        return self.bed.documents(words, self.tool(*words))[0]['tunnels'][0]

    def calls(self):
        return self.status()['calls']

    def wait_calls(self, count, state='up'):
        poll(lambda: [call['state'] for call in self.calls()] == [state] * count, 30, '%d calls are %s' % (count, state))

    def ended(self):
        """Nothing of it is left: no process, no interface."""
        def left():
            ours = [one for one in self.bed.namespace_processes(self.netns)
                    if re.search(r'pptpeerd|pppd', one[1]) and 'unshare' not in one[1]]
            return ours or [name for name in self.interfaces() if name.startswith(('ppp', 'pptap'))]
        poll(lambda: not left(), 20, 'nothing is left of the listener: %s' % left())

    def stop(self, code=0):
        self.process.signal(15)
        if self.process.wait(25) != code:
            raise Failure('the listener: exit %d, not %d' % (self.process.process.returncode, code))
        self.ended()


