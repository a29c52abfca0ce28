#!/usr/bin/env python3
"""Run the tests of packages that are built on asyncio with another event loop in the stock one's place.

    run.py [--python PYTHON] [--loop eddyloop|uvloop] [--folder FOLDER] [-k PATTERN]... [-v] [SUITE...]

The packages come from PyPI in the versions that suites.py names, each into an environment of its own in
FOLDER, and stay there; one that cannot be had counts as skipped. A suite is run on the stock loop and on
the other at the same time. No test may fail on the other, or be skipped there, that passes on the stock
one; one that does is run once more on both.

What counts is a test in which a loop ran. It must be of the kind under test: a test in which another kind
ran has failed. excluded.txt has the tests that are not run. expected.txt lists what fails with eddyloop
and why. Both are strict: a test that is expected to fail and passes is a failure, and so is a line that no
test answers to.
"""

import argparse
import contextlib
import shlex
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from interpreters import Interpreter  # pylint: disable=wrong-import-position
from lists import find, read_list  # pylint: disable=wrong-import-position
from outcomes import SUM, Outcome, Report, chosen  # pylint: disable=wrong-import-position
from place import Place  # pylint: disable=wrong-import-position
from suites import SUITES, Missing  # pylint: disable=wrong-import-position

WORKER = HERE / "worker.py"
FOLDER = HERE.parents[2] / "build-python-suites"
TIMEOUT = 60  # seconds a test may take


@contextlib.contextmanager
def interpreter_for(suite, place, loop):
    """An interpreter in which the suite can be run, with the server that it needs."""
    with suite.server() as (options, environment):
        yield Interpreter(str(place.python), loop, SUITE_FOLDER=str(place.source),
                          PYTEST_ADDOPTS=shlex.join([*options, *suite.arguments]), **environment)


def run_on_each(interpreters, suite, tests):
    """What becomes of tests with each loop, by test."""
    with ThreadPoolExecutor(len(interpreters)) as pool:
        return list(pool.map(lambda interpreter: run(interpreter, suite, tests), interpreters))


def run(interpreter, suite, tests):
    """What becomes of tests, by test."""
    return {test: outcome_of(event, f"{suite.name}/{test}", interpreter.loop)
            for test, event in interpreter.run(WORKER, tests, TIMEOUT).items()}


def outcome_of(event, name, loop):
    """The outcome that a worker tells."""
    if "died" in event:
        return Outcome(name, "failed", event["died"], 1)
    outcome = Outcome(name, event["outcome"], event["text"], event["ran"].get(loop, 0))
    strangers = set(event["ran"]) - {loop}
    if loop != "asyncio" and strangers:
        outcome.outcome, outcome.text = "failed", f"a loop ran that is not under test: {', '.join(strangers)}'s"
    return outcome


def is_worse(here, there):
    """Whether a test fails, or is skipped, that passes elsewhere."""
    return here.outcome != "passed" and there.outcome == "passed"


def compare(stock, other, suite, tests, expected):
    """What becomes of tests with the other loop, and which fail with the stock one."""
    on_stock, on_other = run_on_each((stock, other), suite, tests)
    differing = [test for test, outcome in on_other.items()
                 if is_worse(outcome, on_stock[test]) and not find(expected, outcome.test)]
    for known, again in zip((on_stock, on_other), run_on_each((stock, other), suite, differing)):
        known.update(again)
    for test, outcome in on_other.items():
        if outcome.outcome == "skipped" and is_worse(outcome, on_stock[test]):
            outcome.outcome, outcome.text = "failed", f"is skipped, and passes with the stock loop: {outcome.text}"
    return on_other.values(), {outcome.test for outcome in on_stock.values() if outcome.outcome == "failed"}


def play(suite, place, arguments):
    """Run a suite and report: how many passed, failed and were skipped."""
    with interpreter_for(suite, place, "asyncio") as stock, interpreter_for(suite, place, arguments.loop) as other:
        excluded = entries(suite, "excluded", other)
        expected = entries(suite, "expected", other) if arguments.loop == "eddyloop" else []
        tests = [test for test in other.output(str(WORKER), "list").splitlines()
                 if not find(excluded, f"{suite.name}/{test}")]
        wanted = chosen(tests, arguments.patterns)
        outcomes, fails_on_stock = compare(stock, other, suite, wanted, expected)
    report = Report(expected, excluded)
    for outcome in outcomes:
        report.add(outcome, fails_on_stock)
    return report.print(arguments.verbose, whole=wanted == tests)


def entries(suite, name, interpreter):
    """The lines of a list that are about a suite."""
    return [entry for entry in read_list(HERE / f"{name}.txt", interpreter)
            if entry.pattern.startswith(suite.name + "/")]


def parse_arguments():
    """The command line."""
    names = [suite.name for suite in SUITES]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs the tests")
    parser.add_argument("--loop", default="eddyloop", help="the module whose new_event_loop() is put in")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where packages are kept")
    parser.add_argument("-k", dest="patterns", action="append", default=[], metavar="PATTERN")
    parser.add_argument("-v", dest="verbose", action="store_true", help="whole tracebacks")
    parser.add_argument("suites", nargs="*", choices=[*names, []], metavar="SUITE", help=f"of {', '.join(names)}")
    return parser.parse_args()


def main():
    """Run, report, and say by the exit status whether all is as expected."""
    arguments = parse_arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs in the background ignore
    total = 0, 0, 0
    for suite in SUITES:
        if arguments.suites and suite.name not in arguments.suites:
            continue
        begun = time.monotonic()
        try:
            place = Place(suite, arguments.folder.resolve())
            place.prepare(arguments.python)
            counts = play(suite, place, arguments)
        except Missing as reason:
            print(f"skipped: {reason}")
            counts = 0, 0, 1
        print(f"{suite.package}: {SUM.format(*counts)}, {time.monotonic() - begun:.0f} s", flush=True)
        total = [sum(both) for both in zip(total, counts)]
    print(SUM.format(*total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
