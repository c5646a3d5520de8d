"""A terminal with a person at it, for a command that asks."""
import os
import re
import termios

from bed import Failure, poll


class Terminal:
    """A pty; wrapper() makes it a command's controlling terminal, input and output."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self.shown = ''

    def wrapper(self):
        # The bed makes each command lead a session; the first terminal that it opens is its own.
        return ['sh', '-c', 'exec "$@" <%s >/dev/tty 2>&1' % os.ttyname(self.slave), 'sh']

    def text(self):
        """All that it has shown so far."""
        try:
            self.shown += os.read(self.master, 65536).decode('utf-8', 'backslashreplace')
        except BlockingIOError:
            pass
        return self.shown

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def wait_prompt(self, pattern, times=1):
        """That it was asked so often, and waits now without showing what is typed."""
        poll(lambda: len(re.findall(pattern, self.text())) == times and not self.echoes(), 20,
             'it asks /%s/ (%d)' % (pattern, times))

    def type(self, text):
        os.write(self.master, text.encode())

    def close(self, *hidden):
        """The terminal is as it was, and has shown none of these."""
        if not self.echoes():
            raise Failure('the terminal does not echo any more')
        for text in hidden:
            if text in self.text():
                raise Failure('the terminal shows %s: %s' % (text, self.shown))
        os.close(self.master)
        os.close(self.slave)
