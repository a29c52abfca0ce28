#!/usr/bin/env python3
"""Run CPython's own test_asyncio with another event loop in the place of the stock one.

    run.py [--python PYTHON] [--loop eddyloop|uvloop|asyncio] [-k PATTERN]... [-v] [--json FILE]

The interpreter's own tests are taken; a sitecustomize in ../substitute gives it the loop. What
counts is a test in which a loop was made, so the total is that of the tests that concern a loop.
Not counted are

- tests in excluded.txt: those of the inside of the stock loop, each with the reason
- tests that fail with the stock loop on this machine too; each failing test is run with it to know

expected.txt lists what fails with eddyloop and why. It is strict: a test in it that passes is a
failure, and so is a line that no test answers to. For other loops it is not read, and every
failure counts.

-k takes tests whose id holds PATTERN, or matches it where it has a `*`.
"""

import argparse
import collections
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from interpreters import Interpreter  # pylint: disable=wrong-import-position
from lists import find, read_list  # pylint: disable=wrong-import-position
from outcomes import SUM, Outcome, Report, chosen  # pylint: disable=wrong-import-position

WORKER = HERE / "worker.py"
PROBE = """
from importlib.util import find_spec
print(bool(find_spec("test") and find_spec("test.test_asyncio")))
"""
PART = 60  # tests that a worker gets, about


def all_tests(interpreter):
    """The ids of all an interpreter's tests of asyncio."""
    if interpreter.output("-c", PROBE).strip() != "True":
        major, minor = interpreter.version
        raise SystemExit(f"{interpreter.python} has no test.test_asyncio; with Debian and Ubuntu"
                         f" it is in the package libpython{major}.{minor}-testsuite")
    return interpreter.output(str(WORKER), "list").split()


def in_parts(tests):
    """The tests in whole classes, some PART at a time, the longest part first."""
    parts = []
    for module in dict.fromkeys(test.partition(".")[0] for test in tests):
        classes = collections.defaultdict(list)
        for test in tests:
            if test.startswith(module + "."):
                classes[test.rpartition(".")[0]].append(test)
        part = []
        for members in classes.values():
            if part and len(part) + len(members) > PART:
                parts.append(part)
                part = []
            part += members
        parts.append(part)
    return sorted(parts, key=len, reverse=True)


def run_all(interpreter, tests, timeout, jobs):
    """The outcomes of tests, those of set-ups of classes and modules among them."""
    with ThreadPoolExecutor(jobs) as pool:
        events = pool.map(lambda part: interpreter.run(WORKER, part, timeout), in_parts(tests))
        return [Outcome.of(event) for part in events for event in part.values()]


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable,
                        help="the interpreter whose tests are run")
    parser.add_argument("--loop", default="eddyloop",
                        help="the module whose new_event_loop() is put in")
    parser.add_argument("-k", dest="patterns", action="append", default=[], metavar="PATTERN")
    parser.add_argument("-v", dest="verbose", action="store_true", help="whole tracebacks")
    parser.add_argument("--json", metavar="FILE", help="write every outcome there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="workers at a time")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a test may take")
    return parser.parse_args()


def main():
    """Run, report, and say by the exit status whether all is as expected."""
    arguments = parse_arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs in the background ignore
    interpreter = Interpreter(arguments.python, arguments.loop)
    excluded = read_list(HERE / "excluded.txt", interpreter)
    expected = []
    if arguments.loop == "eddyloop":
        expected = read_list(HERE / "expected.txt", interpreter)
    tests = [test for test in all_tests(interpreter) if not find(excluded, test)]
    wanted = chosen(tests, arguments.patterns)
    outcomes = run_all(interpreter, wanted, arguments.timeout, arguments.jobs)
    failing = {outcome.test for outcome in outcomes if outcome.outcome == "failed"}
    on_stock = run_all(Interpreter(arguments.python, "asyncio"),
                       [test for test in wanted if test in failing],
                       arguments.timeout, arguments.jobs)
    fails_on_stock = {outcome.test for outcome in on_stock if outcome.outcome == "failed"}
    report = Report(expected, excluded)
    for outcome in outcomes:
        report.add(outcome, fails_on_stock)
    if arguments.json:
        report.write(arguments.json, fails_on_stock)
    counts = report.print(arguments.verbose, whole=wanted == tests)
    print(SUM.format(*counts))
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
