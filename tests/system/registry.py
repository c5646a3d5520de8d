"""The list of system tests; control_tests.py and ppp_tests.py fill it.

Groups: control and ppp (see run), and last, which looks at what the others left in the runner's folder.
"""
import collections

Test = collections.namedtuple('Test', 'name group function slow')
TESTS = []


def add(name, group, function, slow=False):
    TESTS.append(Test(name, group, function, slow))


def test(group, slow=False):
    """Decorator: the function's name, with dashes, is the test's."""
    def register(function):
        add(function.__name__.replace('_', '-'), group, function, slow)
        return function
    return register
