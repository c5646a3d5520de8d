"""The list of system tests; control_tests.py and ppp_tests.py fill it."""
import collections

Test = collections.namedtuple('Test', 'name group function slow last')
TESTS = []


def add(name, group, function, slow=False, last=False):
    TESTS.append(Test(name, group, function, slow, last))


def test(group, slow=False, last=False):
    """Decorator: the function's name, with dashes, is the test's."""
    def register(function):
        add(function.__name__.replace('_', '-'), group, function, slow, last)
        return function
    return register
