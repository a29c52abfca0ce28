#!/usr/bin/env python3
"""Run CPython's own test_asyncio with another event loop in the place of the stock one.

    run.py [--python PYTHON] [--loop eddyloop|uvloop|asyncio] [-k PATTERN]... [-v] [--json FILE]

The interpreter's own tests are taken; a sitecustomize in substitute/ gives it the loop. What counts is a test in which
a loop was made, so the total is that of the tests which concern a loop. Not counted are

- tests in excluded.txt: those of the inside of the stock loop, each with the reason
- tests that fail with the stock loop on this machine too; each failing test is run with it to know

expected.txt lists what fails with eddyloop and why. It is strict: a test in it that passes is a failure, and so is a
line that no test answers to. For other loops it is not read, and every failure counts.

-k takes tests whose id holds PATTERN, or matches it where it has a `*`.
"""

import argparse
import collections
import fnmatch
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from lists import find, read_list

HERE = Path(__file__).resolve().parent
PART = 60  # tests that a worker gets, about


@dataclass
class Outcome:
    """What became of a test."""
    test: str
    outcome: str  # passed, failed or skipped
    text: str     # traceback or reason
    loops: int    # how many loops it made


class Interpreter:
    """A Python with one kind of loop."""

    def __init__(self, python, loop, timeout):
        self.python = python
        self.loop = loop
        self.timeout = timeout
        self.environment = {**os.environ, "SUBSTITUTE_LOOP": loop, "PYTHONPATH": os.pathsep.join(
            [str(HERE / "substitute"), *filter(None, [os.environ.get("PYTHONPATH")])])}

    def version(self):
        """Its version, as (3, 13)."""
        text = self.output("-c", "import sys; print(*sys.version_info[:2])")
        return tuple(int(part) for part in text.split())

    def output(self, *arguments):
        """What it prints."""
        done = subprocess.run([self.python, *arguments], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.python} {' '.join(arguments)}:\n{done.stderr.strip()}")
        return done.stdout

    def tests(self):
        """The ids of all its tests of asyncio."""
        probe = "import importlib.util as u; print(bool(u.find_spec('test') and u.find_spec('test.test_asyncio')))"
        if self.output("-c", probe).strip() != "True":
            major, minor = self.version()
            raise SystemExit(f"{self.python} has no test.test_asyncio; with Debian and Ubuntu it is in the package"
                             f" libpython{major}.{minor}-testsuite")
        return self.output(str(HERE / "worker.py"), "list").split()

    def run(self, tests):
        """The outcomes of some tests; a worker that crashes or hangs costs that one test."""
        outcomes = []
        left = list(tests)
        while left:
            done, current, told = self.run_worker(left)
            outcomes += done
            seen = {outcome.test for outcome in done} | {current}
            if current:
                outcomes.append(Outcome(current, "failed", told, 1))
            elif not done:
                outcomes += [Outcome(test, "failed", told, 1) for test in left]
                break
            left = [test for test in left if test not in seen] if told else []
        return outcomes

    def run_worker(self, tests):
        """The outcomes of a worker until its end, the test in which it ended early, and what it then said."""
        done = []
        current = None
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+", errors="replace") as errors, \
                subprocess.Popen([self.python, str(HERE / "worker.py"), "run", str(self.timeout)], cwd=folder,
                                 env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=errors, text=True) as worker:
            worker.stdin.write("\n".join(tests))
            worker.stdin.close()
            for line in worker.stdout:
                event = json.loads(line)
                if event["event"] == "start":
                    current = event["test"]
                elif event["event"] == "stop":
                    current = None
                    done.append(Outcome(event["test"], event["outcome"], event["text"], event["loops"]))
                else:
                    return done, None, None
            errors.seek(0)
            said = errors.read()[-4000:]
        return done, current, f"{said}\nthe interpreter ended in this test (status {worker.returncode})"


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


def run_all(interpreter, tests, jobs):
    """The outcomes of all tests, by id."""
    with ThreadPoolExecutor(jobs) as pool:
        return {outcome.test: outcome for part in pool.map(interpreter.run, in_parts(tests)) for outcome in part}


def chosen(tests, patterns):
    """The tests that one of the patterns means, or all."""
    wanted = [pattern if "*" in pattern else f"*{pattern}*" for pattern in patterns]
    return [test for test in tests if not wanted or any(fnmatch.fnmatchcase(test, one) for one in wanted)]


class Report:
    """Puts each outcome where it belongs."""

    def __init__(self, expected, excluded):
        self.expected = expected
        self.excluded = excluded
        self.groups = collections.defaultdict(list)

    def add(self, outcome, fails_on_stock):
        """Count one outcome."""
        self.groups[self.group(outcome, fails_on_stock)].append(outcome)

    def group(self, outcome, fails_on_stock):
        """The name under which an outcome is counted."""
        if outcome.test in fails_on_stock:
            return "not counted: fails with the stock loop too"
        if outcome.outcome == "skipped":
            return "skipped"
        if outcome.outcome == "passed" and outcome.loops == 0:
            return "not counted: makes no loop"
        entry = find(self.expected, outcome.test)
        if entry and outcome.outcome == "passed":
            outcome.text = f"passes, but {entry.place} has it: {entry.reason}"
            return "failed"
        if entry:
            return "expected failures"
        return outcome.outcome

    def stale(self):
        """The lines of the lists that no test answers to."""
        return [entry for entry in self.expected + self.excluded if not entry.matched]

    def print(self, verbose):
        """Failures first, then how many there are of each kind; returns the number of failures."""
        failed = sorted(self.groups["failed"], key=lambda outcome: outcome.test)
        for outcome in failed:
            text = outcome.text.strip()
            print(f"FAILED {outcome.test}: " + (text if verbose else last_line(text)))
        for entry in self.stale():
            print(f"FAILED {entry.place}: no test answers to {entry.pattern}")
        for name in sorted(set(self.groups) - {"passed", "failed", "skipped"}):
            print(f"{len(self.groups[name])} {name}")
        failures = len(failed) + len(self.stale())
        print(f"{len(self.groups['passed'])} passed, {failures} failed, {len(self.groups['skipped'])} skipped")
        return failures

    def write(self, path, fails_on_stock):
        """Every outcome as a line of JSON."""
        with open(path, "w", encoding="utf-8") as file:
            for group, outcomes in self.groups.items():
                for outcome in outcomes:
                    file.write(json.dumps({"test": outcome.test, "group": group, "text": outcome.text,
                                           "loops": outcome.loops,
                                           "fails_on_stock": outcome.test in fails_on_stock}) + "\n")


def last_line(text):
    """What a traceback ends in."""
    return text.rpartition("\n")[2]


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter whose tests are run")
    parser.add_argument("--loop", default="eddyloop", help="the module whose new_event_loop() is put in")
    parser.add_argument("-k", dest="patterns", action="append", default=[], metavar="PATTERN")
    parser.add_argument("-v", dest="verbose", action="store_true", help="whole tracebacks")
    parser.add_argument("--json", metavar="FILE", help="write every outcome there")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="workers at a time")
    parser.add_argument("--timeout", type=float, default=60, help="seconds a test may take")
    return parser.parse_args()


def main():
    """Run, report, and say by the exit status whether all is as expected."""
    arguments = parse_arguments()
    interpreter = Interpreter(arguments.python, arguments.loop, arguments.timeout)
    version = interpreter.version()
    excluded = read_list(HERE / "excluded.txt", version)
    expected = read_list(HERE / "expected.txt", version) if arguments.loop == "eddyloop" else []
    tests = interpreter.tests()
    kept = [test for test in tests if not find(excluded, test)]
    outcomes = run_all(interpreter, chosen(kept, arguments.patterns), arguments.jobs)
    failing = [outcome.test for outcome in outcomes.values() if outcome.outcome == "failed"]
    stock = Interpreter(arguments.python, "asyncio", arguments.timeout)
    on_stock = run_all(stock, failing, arguments.jobs)
    fails_on_stock = {test for test, outcome in on_stock.items() if outcome.outcome == "failed"}
    if arguments.patterns:  # what the lists say of other tests is not looked at
        excluded = []
        expected = [entry for entry in expected if chosen(kept, [entry.pattern])
                    and set(fnmatch.filter(outcomes, entry.pattern))]
    report = Report(expected, excluded)
    for outcome in outcomes.values():
        report.add(outcome, fails_on_stock)
    if arguments.json:
        report.write(arguments.json, fails_on_stock)
    return 1 if report.print(arguments.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())
