#!/usr/bin/env python3
"""Run the tests of eddyloop in this folder: python3 python/tests/run.py [test_package ...]

They run on the Python that runs this, and on the eddyloop that it imports. Each file is a process of its
own; several run at once. What fails is shown whole, and the last line sums up all of them.
"""
import argparse
import concurrent.futures
import faulthandler
import importlib
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
LONGEST = 300  # seconds that a file may take


class Result(unittest.TextTestResult):
    """Counts what passed, too."""

    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def counts(self):
        failed = len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)
        return self.passed, failed, len(self.skipped) + len(self.expectedFailures)


def run_file(name):
    """Run a file's tests in this process; its standard output is "PASSED FAILED SKIPPED"."""
    faulthandler.enable()
    faulthandler.dump_traceback_later(LONGEST, exit=True)
    tests = unittest.defaultTestLoader.loadTestsFromModule(importlib.import_module(name))
    output = os.dup(1)
    os.dup2(2, 1)  # what tests print is no count
    result = unittest.TextTestRunner(verbosity=2, resultclass=Result).run(tests)
    os.write(output, " ".join(map(str, result.counts())).encode())


def run_apart(name):
    """Run a file's tests in a process: (passed, failed, skipped), and all that it said."""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, __file__, "--here", name], stdin=subprocess.DEVNULL, text=True,
                          errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    counts = tuple(int(word) for word in done.stdout.split())
    said = done.stderr
    if done.returncode != 0 or len(counts) != 3:
        passed, failed, skipped = counts if len(counts) == 3 else (0, 0, 0)
        counts = passed, failed + 1, skipped
        said += f"\nthe tests' process ended with status {done.returncode}"
    return counts, said, time.monotonic() - begun


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", help="files of this folder, without .py (default: every test_*.py)")
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs in the background ignore
    if options.here:
        run_file(*options.names)
        return 0
    names = options.names or sorted(path.stem for path in TESTS.glob("test_*.py"))
    total = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(2 * os.cpu_count()) as threads:
        for name, (counts, said, took) in zip(names, threads.map(run_apart, names)):
            passed, failed, skipped = counts
            total = [sum(both) for both in zip(total, counts)]
            print(f"{name:24} {passed:4} passed {failed:4} failed {skipped:4} skipped {took:7.1f} s", flush=True)
            if failed:
                print(said, flush=True)
    print("{} passed, {} failed, {} skipped".format(*total))
    return 1 if total[1] else 0


if __name__ == "__main__":
    sys.exit(main())
