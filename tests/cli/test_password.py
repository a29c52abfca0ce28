#!/usr/bin/env python3
"""The password that `eddy fetch -u USER` asks for on its terminal: test_password.py EDDY [TEST...]."""
import contextlib
import json
import os
import pty
import signal
import sys
import termios
import unittest

from hostile import HostileServer

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


def become_foreground(pid):
    os.tcsetpgrp(0, pid)


def is_echoing(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


def run_job(command, report):
    """As a shell does, on the terminal that is standard input: say each time how the command has ended or stopped, and go on with one that has
    stopped."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        become_foreground(os.getpid())
        for signum in (signal.SIGTTOU, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
            signal.signal(signum, signal.SIG_DFL)  # whoever began the test may ignore some
        os.execvpe(command[0], command, ENVIRONMENT)
    report.write(f"{pid}\n")
    report.flush()
    while True:
        status = os.waitpid(pid, os.WUNTRACED)[1]
        become_foreground(os.getpgrp())
        report.write(json.dumps([status, is_echoing(0)]) + "\n")
        report.flush()
        if not os.WIFSTOPPED(status):
            os._exit(0)
        become_foreground(pid)
        os.kill(pid, signal.SIGCONT)


class PasswordTest(unittest.TestCase):
    def start(self, *args):
        """On a terminal of its own; what the test has of that is self.terminal."""
        ours, theirs = os.pipe()
        pid, self.terminal = pty.fork()
        if pid == 0:
            try:
                os.close(ours)
                with os.fdopen(theirs, "w") as report:
                    run_job([EDDY, "fetch", "-o", "/dev/null/none", "--retry", "0", *args], report)
            finally:
                os._exit(1)  # it is no second run of the tests, whatever happens to it
        os.close(theirs)
        self.reports = os.fdopen(ours)
        self.seen = b""
        self.job = int(self.reports.readline())
        self.addCleanup(self.end, self.terminal, pid, self.job)
        self.addCleanup(self.reports.close)

    @staticmethod
    def end(terminal, shell, job):
        with contextlib.suppress(ProcessLookupError):
            os.kill(job, signal.SIGKILL)
        os.waitpid(shell, 0)
        os.close(terminal)

    def wait_for(self, text):
        while text not in self.seen:
            self.seen += os.read(self.terminal, 4096)
        self.seen = self.seen.partition(text)[2]

    def wait_for_question(self):
        self.wait_for(b"password: ")
        self.assertFalse(is_echoing(self.terminal))

    def ended(self):
        """How it has ended or stopped, with the terminal as it was."""
        status, is_as_before = json.loads(self.reports.readline())
        self.assertTrue(is_as_before)
        return status

    def test_ctrl_c(self):
        self.start("-u", "me", "http://127.0.0.1:1/a")
        self.wait_for_question()
        os.write(self.terminal, b"sec\x03")
        self.assertEqual(os.WTERMSIG(self.ended()), signal.SIGINT)

    def test_signals(self):
        for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            self.start("-u", "me", "http://127.0.0.1:1/a")
            self.wait_for_question()
            os.kill(self.job, signum)
            self.assertEqual(os.WTERMSIG(self.ended()), signum)

    def test_ctrl_z(self):
        """Whoever comes back is asked again."""
        with contextlib.closing(HostileServer()) as server:
            self.start("-u", "me", server.url + "/ok/a")
            for _ in range(2):
                self.wait_for_question()
                os.write(self.terminal, b"half\x1a")
                status = self.ended()
                self.assertTrue(os.WIFSTOPPED(status))
                self.assertEqual(os.WSTOPSIG(status), signal.SIGTSTP)
            self.wait_for_question()
            os.write(self.terminal, b"\xc3\xa4 secret\n")
            self.assertEqual(os.WEXITSTATUS(self.ended()), 1)  # for its folder is none

    def test_no_password(self):
        for typed in (b"\x04", b"x" * 300 + b"\n"):
            self.start("-u", "me", "http://127.0.0.1:1/a")
            self.wait_for_question()
            os.write(self.terminal, typed)
            self.assertEqual(os.WEXITSTATUS(self.ended()), 2)

    def test_what_else_is_wrong_is_told_first(self):
        self.start("-u", "me", "--jobs", "none", "http://127.0.0.1:1/a")
        self.assertEqual(os.WEXITSTATUS(self.ended()), 2)
        self.start("-u", "me", "nonsense")
        self.assertEqual(os.WEXITSTATUS(self.ended()), 2)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
