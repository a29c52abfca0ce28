"""Processes that the benchmark starts: why one gave no figures, and that none outlives it."""
import os
import select
import subprocess
import sys
import unittest
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))

import processes

CORES = os.sched_getaffinity(0)
# Starts something that would run for ever, with a child that would too, and says their ids.
PARENT = f"""
import os, subprocess, sys
sys.path.insert(0, {str(BENCH)!r})
import processes
started = processes.start(["sh", "-c", "sleep 1000 & echo $! $$; wait"], os.sched_getaffinity(0), stdout=subprocess.PIPE)
print(started.stdout.readline().strip(), flush=True)
"""


def wait_for_the_end(pid):
    """Whether a process has ended, within ten seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


class Ending(unittest.TestCase):
    def run_shell(self, script, **options):
        return processes.run(["sh", "-c", script], CORES, **options)

    def test_output_is_returned(self):
        self.assertEqual(self.run_shell("echo $NAME", environment={"NAME": "figure"}), "figure\n")

    def test_status_77_is_no_failure_and_says_why(self):
        with self.assertRaises(processes.Skipped) as caught:
            self.run_shell("echo starting >&2; echo no ring here >&2; exit 77")
        self.assertEqual(str(caught.exception), "no ring here")

    def test_another_status_is_a_failure_and_says_why(self):
        with self.assertRaises(processes.Failure) as caught:
            self.run_shell("echo it broke >&2; exit 3")
        self.assertNotIsInstance(caught.exception, processes.Skipped)
        self.assertEqual(str(caught.exception), "exit status 3: it broke")

    def test_a_signal_is_named(self):
        with self.assertRaises(processes.Failure) as caught:
            self.run_shell("kill -SEGV $$")
        self.assertEqual(str(caught.exception), "killed by SIGSEGV")

    def test_one_that_takes_too_long_is_killed(self):
        with self.assertRaises(processes.Failure):
            self.run_shell("exec sleep 1000", limit=0.01)

    def test_a_program_that_is_not_there_is_a_failure(self):
        with self.assertRaises(processes.Failure):
            processes.run(["/no/such/program"], CORES)

    def test_what_it_started_ends_with_it(self):
        process = processes.start(["sh", "-c", "sleep 1000 & echo $!; wait"], CORES, stdout=subprocess.PIPE)
        child = int(process.stdout.readline())
        processes.end(process)
        self.assertTrue(wait_for_the_end(child))

    def test_it_ends_with_a_benchmark_that_is_killed(self):
        parent = subprocess.Popen([sys.executable, "-c", PARENT + "input()"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        child, process = map(int, parent.stdout.readline().split())
        parent.kill()
        parent.communicate()
        ended = wait_for_the_end(process)
        os.kill(child, 9)  # of the shell, which had no time for it
        self.assertTrue(ended)


if __name__ == "__main__":
    unittest.main()
