#!/usr/bin/env python3
"""`eddy jobs` at a terminal, and with who does not read what it says: test_jobs_terminal.py EDDY [TEST...]."""
import contextlib
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

from jobs_page import read_arguments
from terminals import take_terminal
import test_jobs
from test_jobs import wait_until


class Terminal(test_jobs.Jobs):
    """Standard output, or error, is a terminal of 100 columns."""

    def setUp(self):
        super().setUp()
        self.environment["TERM"] = "xterm"
        self.primary, self.secondary = pty.openpty()
        self.addCleanup(os.close, self.primary)
        fcntl.ioctl(self.secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.text = b""

    def begin(self, *arguments, stdout=None, before=(), **options):
        """In a session of its own, whose terminal this is."""
        # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
        process = subprocess.Popen([*before, test_jobs.EDDY, "jobs", *arguments], stdout=stdout or self.secondary, stderr=self.secondary,
                                   env=self.environment, start_new_session=True, preexec_fn=take_terminal, **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def read_until(self, pattern):
        """What the terminal has shown up to this, which is taken."""
        while not (match := re.search(pattern, self.text, re.DOTALL)):
            self.text += os.read(self.primary, 4096)
        shown, self.text = self.text[:match.end()], self.text[match.end():]
        return shown.decode()

    def read_rest(self):
        """What is shown after the last process has ended."""
        os.close(self.secondary)
        with contextlib.suppress(OSError):  # the other side is closed
            while data := os.read(self.primary, 4096):
                self.text += data
        return self.text.decode()

    GATED = 'echo "progress 0.5 half \x1b of it" >&2; while [ ! -e $HERE/go ]; do sleep 0.02; done'

    def let_go(self):
        with open(self.path("go"), "w", encoding="ascii"):
            pass

    def test_work_shows_what_runs(self):
        worker = self.begin("work", "--exec", self.GATED, "-c", "2")
        self.enqueue("--id", "a", "slow")
        self.enqueue("--id", "b", "quick")
        shown = self.read_until(rb"slow  a +#{10}\.{10}  50% 0:0\d  half . of it *\r\n")
        self.assertRegex(shown, r"\d\d:\d\d:\d\d  slow  a  begun\r\n")
        self.assertNotIn("\x1b o", shown)
        self.read_until(rb"quick  b +#{10}\.{10}")
        self.let_go()
        self.read_until(rb"  done\r\n")
        shown = self.read_until(rb"  done\r\n")
        worker.terminate()
        self.assertEqual(worker.wait(timeout=60), 0)
        self.assertNotIn("#", (shown + self.read_rest()).rpartition("\x1b[J")[2])  # nothing is left of the bars

    def in_a_shell(self, script, *arguments):
        """A shell with jobs of its own, and eddy as its "$@"."""
        return self.begin(*arguments, before=["sh", "-mc", script, "sh"], stdin=self.secondary)

    def finish(self, shell):
        """What was shown up to the end of the last job."""
        self.let_go()
        shown = self.read_until(rb"  done\r\n")
        self.assertEqual(shell.wait(timeout=60), 0)
        return shown + self.read_rest()

    def wait_for_progress(self, name):
        wait_until(lambda: self.job(name).get("progress") == 0.5)

    def test_in_the_background_nothing_is_drawn(self):
        shell = self.in_a_shell('"$@" & wait %1', "work", "--exec", self.GATED + "; kill $PPID", "--lease", "0.3")
        self.enqueue("--id", "a", "slow")
        self.wait_for_progress("a")
        shown = self.finish(shell)
        self.assertRegex(shown, "slow  a  begun\r\n")
        self.assertNotRegex(shown, "#|\x1b")

    def test_who_gets_into_the_foreground_draws(self):
        shell = self.in_a_shell('"$@" & read answer; fg %1', "work", "--exec", self.GATED + "; kill $PPID", "--lease", "0.3")
        self.enqueue("--id", "a", "slow")
        self.wait_for_progress("a")
        os.write(self.primary, b"\n")
        self.assertNotIn("\x1b", self.read_until(rb"slow  a +#{10}"))
        self.finish(shell)

    def test_who_leaves_the_foreground_takes_nothing_away(self):
        shell = self.in_a_shell('"$@"; echo the shell; bg %1; wait %1', "work", "--exec", self.GATED + "; kill $PPID", "--lease", "0.3")
        self.enqueue("--id", "a", "slow")
        self.read_until(rb"slow  a +#{10}")
        os.write(self.primary, b"\x1a")
        self.read_until(rb"the shell\r\n")
        self.assertNotRegex(self.finish(shell), "#|\x1b")

    def test_who_waits_in_the_background_draws_nothing(self):
        self.work("--exec", self.GATED + "; echo the result", "--lease", "0.3")
        shell = self.in_a_shell('"$@" & wait %1', "enqueue", "--wait", "--id", "a", "slow")
        wait_until(lambda: self.run_jobs("show", "a").returncode == 0)
        self.wait_for_progress("a")
        self.let_go()
        self.assertEqual(shell.wait(timeout=60), 0)
        shown = self.read_rest()
        self.assertIn("the result", shown)
        self.assertNotRegex(shown, "#|\x1b")

    def test_in_a_narrow_terminal_no_line_is_too_long(self):
        """The bar is what there is no room for."""
        self.begin("work", "--exec", self.GATED)
        self.enqueue("--id", "a", "slow")
        self.read_until(rb"slow  a +#{10}")
        for columns, line in (39, rb"slow  a {6}0:\d\d  half . of it"), (20, rb"slow  a {6}0:\d\d  "), (40, rb"slow  a {6}#{10}\.{10}  50% "):
            fcntl.ioctl(self.secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            self.read_until(rb"\x1b\[J" + line + rb"\r\n")

    def test_a_dumb_terminal_gets_lines(self):
        self.environment["TERM"] = "dumb"
        worker = self.begin("work", "--exec", 'echo "progress 0.5" >&2; sleep 0.3')
        self.enqueue("--id", "a", "slow")
        self.assertNotRegex(self.read_until(rb"slow  a  done\r\n"), "\x1b|#")
        worker.terminate()
        self.assertEqual(worker.wait(timeout=60), 0)

    def test_wait_shows_how_far_it_is(self):
        self.work("--exec", self.GATED + "; echo the result", "--lease", "0.3")
        waiting = self.begin("enqueue", "--wait", "slow", stdout=subprocess.PIPE)
        self.read_until(rb"slow +#{10}\.{10}  50% running  half . of it")
        self.let_go()
        self.assertEqual(waiting.communicate(timeout=60), (b"the result\n", None))
        self.assertTrue(self.read_rest().endswith("\x1b[J"))

    def test_a_result_steers_no_terminal(self):
        self.work("--exec", r"printf 'a\033[31m\302\233\nb\n'")
        self.begin("enqueue", "--wait", "evil")
        self.assertTrue(self.read_until(rb"b\r\n").endswith("a?[31m?\r\nb\r\n"))

    def test_lines_show_how_far_they_are(self):
        with open(self.path("lines"), "wb") as file:
            file.write(b"a line\n" * 20000)
        with open(self.path("lines"), "rb") as file, open(self.path("ids"), "wb") as ids:
            process = self.begin("enqueue", "--lines", "many", stdin=file, stdout=ids)
        self.read_until(rb"many +#*\.* +\d+% \d+ jobs, \d+/s")
        self.assertEqual(process.wait(timeout=100), 0)
        self.assertTrue(self.read_rest().endswith("\x1b[J"))
        with open(self.path("ids"), "rb") as ids:
            self.assertEqual(len(set(ids)), 20000)

    def test_ctrl_c_ends_who_waits_for_lines(self):
        process = self.begin("enqueue", "--lines", "many", stdin=subprocess.PIPE)
        process.stdin.write(b"first\n")
        process.stdin.flush()
        self.read_until(rb"\w{8}-.*\r\n")  # it does not wait for a hundred
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=60), 130)
        process.stdin.close()


class Silence(test_jobs.Jobs):
    def test_who_does_not_read_holds_up_no_job(self):
        worker = self.work("--exec", "true", "-c", "8", "--queue", "default")
        name = "k" * 100
        self.enqueue("--lines", name, input=b"x\n" * 1000)  # two lines each, of more than a pipe takes
        wait_until(lambda: self.jobs("list", "--state", "done", "-n", "1000").count(b"\n") == 1000)
        worker.terminate()
        self.assertEqual(worker.communicate(timeout=60)[0].count(" done\n"), 1000)

    def test_output_that_cannot_be_written_is_told(self):
        with open("/dev/full", "wb") as full:
            worker = subprocess.Popen([test_jobs.EDDY, "jobs", "work", "--exec", "true"], stdout=full, stderr=subprocess.PIPE,
                                      env=self.environment)
        self.addCleanup(worker.kill)
        self.jobs("enqueue", "--wait", "x")
        worker.terminate()
        self.assertIn(b"standard output", worker.communicate(timeout=60)[1])
        self.assertEqual(worker.returncode, 1)


class Killed(test_jobs.Jobs):
    def children(self, pid):
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(word) for word in file.read().split()]

    @staticmethod
    def wait_for_end(pid):
        wait_until(lambda: not test_jobs.Programs.command_line(pid))

    def test_what_a_killed_worker_has_begun_ends_with_it(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "echo progress 0.5 >&2; "
                           "sh -c 'trap \"echo asked > $HERE/asked; exit\" TERM; echo $$ > $HERE/gate; sleep 1000 & wait' & wait",
                           "--lease", "0.3")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            pid = int(file.read())
        wait_until(lambda: self.job("a").get("progress") == 0.5)  # the worker knows of its program, and so does the undertaker
        undertaker = self.children(worker.pid)
        worker.kill()
        worker.wait(timeout=60)
        self.wait_for_end(pid)
        self.assertTrue(os.path.exists(self.path("asked")))
        for child in undertaker:
            self.wait_for_end(child)

    def test_one_that_was_stopped_holds_up_no_end(self):
        worker = self.work("--exec", "true")
        self.enqueue("--wait", "x")
        child, = self.children(worker.pid)
        os.kill(child, signal.SIGSTOP)
        self.addCleanup(self.wait_for_end, child)
        self.stop(worker)

    def test_nothing_is_left_of_one_that_ended(self):
        worker = self.work("--exec", "true")
        self.enqueue("--wait", "x")
        children = self.children(worker.pid)
        self.assertEqual(len(children), 1)
        self.stop(worker)
        self.wait_for_end(children[0])


if __name__ == "__main__":
    read_arguments()
    unittest.main()
