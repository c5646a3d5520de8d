"""The list of system tests; control_tests.py and ppp_tests.py fill it."""
import collections

Test = collections.namedtuple('Test', 'name group function slow alone')
TESTS = []


def add(name, group, function, slow=False, alone=False):
    TESTS.append(Test(name, group, function, slow, alone))


def test(group, slow=False, alone=False):
    """Decorator: the function's name, with dashes, is the test's."""
    def register(function):
        add(function.__name__.replace('_', '-'), group, function, slow, alone)
        return function
    return register
