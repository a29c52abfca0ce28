"""The side of run.py that lives in the interpreter under test: pytest, with what a loop has to do with it.

    worker.py list           the ids of all tests of a suite, one a line
    worker.py run TIMEOUT    runs the tests whose ids come on the standard input, a line each

It goes to SUITE_FOLDER first; what the suite is called with is in PYTEST_ADDOPTS. Each event is a line of
JSON, see ../interpreters.py. It tells of every test on which loops it ran. Where uvloop is installed and
another loop is under test, who asks uvloop for a loop gets that one.
"""

import asyncio
import collections
import faulthandler
import gc
import importlib
import importlib.util
import json
import os
import sys

import pytest

OPTIONS = "-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=0"
FACTORIES = "Loop", "new_event_loop", "EventLoopPolicy", "run", "install"  # eddyloop's and uvloop's

ran = collections.Counter()  # how often a kind of loop did


def watch(name, loop):
    """Count how often loops of a class run."""
    original = loop.run_forever

    def run_forever(self):
        ran[name] += 1
        return original(self)
    loop.run_forever = run_forever


def prepare(name):
    """Count what runs, and put the loop under test into uvloop's place."""
    watch("asyncio", asyncio.BaseEventLoop)
    modules = {other: importlib.import_module(other) for other in ("eddyloop", "uvloop")
               if importlib.util.find_spec(other)}
    for other, module in modules.items():
        watch(other, module.Loop)
    if name != "asyncio" and "uvloop" in modules:
        for factory in FACTORIES:
            setattr(modules["uvloop"], factory, getattr(modules[name], factory))


class Lister:
    """Notes what there is."""

    def __init__(self):
        self.tests = []

    def pytest_collection_finish(self, session):
        self.tests = [item.nodeid for item in session.items]


class Teller:
    """Runs chosen tests, and writes what becomes of each as a line of JSON."""

    def __init__(self, output, errors, wanted, timeout):
        self.output = output
        self.errors = errors
        self.wanted = wanted
        self.timeout = timeout
        self.outcome = "passed", ""

    def write(self, **event):
        """One line, out at once: the next test may crash."""
        self.output.write(json.dumps(event) + "\n")
        self.output.flush()

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        items[:] = [item for item in items if item.nodeid in self.wanted]

    def pytest_collection_finish(self):
        gc.collect()
        gc.freeze()  # what is there before is no test's: it costs those time that collect garbage themselves

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item):
        self.write(event="start", item=item.nodeid)
        self.outcome = "passed", ""
        ran.clear()
        faulthandler.dump_traceback_later(self.timeout, exit=True, file=self.errors)
        result = yield
        faulthandler.cancel_dump_traceback_later()
        outcome, text = self.outcome
        self.write(event="stop", item=item.nodeid, outcome=outcome, text=text, ran=dict(ran))
        return result

    def pytest_runtest_logreport(self, report):
        """Note an outcome; the first failure stays."""
        if report.failed and self.outcome[0] != "failed":
            self.outcome = "failed", report.longreprtext
        elif report.skipped and not hasattr(report, "wasxfail") and self.outcome[0] == "passed":
            self.outcome = "skipped", str(report.longrepr)


def list_tests(output):
    """Print every test's id; what cannot be collected is told, and an error."""
    lister = Lister()
    status = pytest.main([*OPTIONS, "--collect-only"], [lister])
    output.write("\n".join(lister.tests))
    return status


def run_tests(output, timeout):
    """Run the tests named on the standard input."""
    errors = os.fdopen(os.dup(2), "w")
    faulthandler.enable(errors)
    teller = Teller(output, errors, set(sys.stdin.read().splitlines()), timeout)
    pytest.main([*OPTIONS, "--continue-on-collection-errors"], [teller])
    teller.write(event="end")
    os._exit(0)  # threads that tests have left may wait for ever


def main():
    """Do as told; what others print goes to the standard error."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.chdir(os.environ["SUITE_FOLDER"])
    sys.path[0] = os.getcwd()
    prepare(os.environ["SUBSTITUTE_LOOP"])
    with output:
        return list_tests(output) if sys.argv[1] == "list" else run_tests(output, float(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
