"""The side of run.py that lives in the interpreter under test.

    worker.py list           the ids of all tests of test_asyncio, one a line
    worker.py run TIMEOUT    runs the tests whose ids come on the standard input

Each event is a line of JSON on the standard output that the worker was started with; what tests
print goes to the standard error. A test that takes longer than TIMEOUT seconds ends the worker
with a traceback of every thread.
"""

import faulthandler
import importlib
import json
import os
import pkgutil
import sys
import traceback
import unittest
import warnings

PACKAGE = "test.test_asyncio"


def short(test_id):
    """An id without what they all begin with."""
    return test_id.replace(PACKAGE + ".", "")


def flat(suite):
    """The tests of a suite, in order."""
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from flat(part)
        else:
            yield part


def list_tests():
    """Print every test's id; a module that does not want to be imported here has none."""
    package = importlib.import_module(PACKAGE)
    for module in sorted(info.name for info in pkgutil.iter_modules(package.__path__)):
        if not module.startswith("test_"):
            continue
        try:
            loaded = importlib.import_module(f"{PACKAGE}.{module}")
        except unittest.SkipTest as reason:
            print(f"{module} is skipped: {reason}", file=sys.stderr)
            continue
        for test in flat(unittest.defaultTestLoader.loadTestsFromModule(loaded)):
            print(short(test.id()))


class LineResult(unittest.TestResult):
    """Writes what becomes of each test as a line of JSON."""

    def __init__(self, output, timeout):
        super().__init__()
        self.output = output
        self.timeout = timeout
        self.outcome = None
        self.before = 0

    def write(self, **event):
        """One line, out at once: the next test may crash."""
        self.output.write(json.dumps(event) + "\n")
        self.output.flush()

    def loops(self):
        """How many loops were made until now."""
        return sys.modules["sitecustomize"].made

    def startTest(self, test):
        super().startTest(test)
        self.write(event="start", item=short(test.id()))
        faulthandler.dump_traceback_later(self.timeout, exit=True)

    def stopTest(self, test):
        faulthandler.cancel_dump_traceback_later()
        outcome, text = self.outcome or ("passed", "")
        self.outcome = None
        self.write(event="stop", item=short(test.id()), outcome=outcome, text=text,
                   loops=self.loops() - self.before)
        self.before = self.loops()
        super().stopTest(test)

    def take(self, test, outcome, text):
        """Note an outcome; the first that is not good stays."""
        if not isinstance(test, unittest.TestCase):  # a class's or a module's set-up
            self.write(event="stop", item=short(test.id()), outcome=outcome, text=text, loops=1)
        elif self.outcome is None or self.outcome[0] == "skipped":
            self.outcome = outcome, text

    def addError(self, test, err):
        self.take(test, "failed", "".join(traceback.format_exception(*err)))

    def addFailure(self, test, err):
        self.addError(test, err)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(test, err)

    def addSkip(self, test, reason):
        self.take(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self.take(test, "passed", "")

    def addUnexpectedSuccess(self, test):
        self.take(test, "failed", "passed, and is marked as an expected failure")


def run_tests(timeout):
    """Run the tests named on the standard input."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    ids = sys.stdin.read().split()
    from test import support
    support.use_resources = ["cpu", "walltime", "subprocess"]  # not "network": others' servers
    suite = unittest.defaultTestLoader.loadTestsFromNames([f"{PACKAGE}.{name}" for name in ids])
    result = LineResult(output, timeout)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        suite.run(result)
    result.write(event="end")


if __name__ == "__main__":
    if sys.argv[1] == "list":
        list_tests()
    else:
        run_tests(float(sys.argv[2]))
