#!/usr/bin/env python3
"""`eddy jobs` with workers as processes: test_jobs.py EDDY [TEST...]."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from waiting import wait_until  # pylint: disable=wrong-import-position

EDDY = None


class Jobs(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.environment = {**os.environ, "EDDY_JOBS": "sqlite:" + self.path("jobs.db"), "HERE": self.place}

    def path(self, name):
        return os.path.join(self.place, name)

    def fifo(self, name):
        os.mkfifo(self.path(name))
        return self.path(name)

    def run_jobs(self, *arguments, **options):
        return subprocess.run([EDDY, "jobs", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment,
                              timeout=60, **options)

    def jobs(self, *arguments, **options):
        done = self.run_jobs(*arguments, **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout

    def enqueue(self, *arguments, **options):
        return self.jobs("enqueue", *arguments, **options).decode().strip()

    def job(self, job_id):
        return json.loads(self.jobs("show", "--json", job_id))

    def work(self, *arguments):
        worker = subprocess.Popen([EDDY, "jobs", "work", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=self.environment, text=True)
        self.addCleanup(worker.communicate)
        self.addCleanup(worker.kill)
        return worker

    def stop(self, worker, signum=signal.SIGTERM):
        worker.send_signal(signum)
        out, err = worker.communicate(timeout=60)
        self.assertEqual((worker.returncode, err), (0, ""))
        return out

    @staticmethod
    def wait_for_line(worker, text):
        for line in worker.stdout:
            if text in line:
                return
        raise AssertionError("the worker has ended")

    def failure(self, *arguments, code=2, **options):
        done = self.run_jobs(*arguments, **options)
        self.assertEqual((done.returncode, done.stdout), (code, b""), done.stderr)
        return done.stderr.decode()


class Programs(Jobs):
    """What --exec runs."""

    def test_the_result_is_what_it_writes(self):
        self.work("--exec", "tr a-z A-Z")
        self.assertEqual(self.jobs("enqueue", "--wait", "shout", "hello"), b"HELLO")

    def test_bytes_of_any_kind_pass(self):
        payload = bytes(range(256)) * 1000
        self.work("--exec", "cat")
        self.assertEqual(self.jobs("enqueue", "--wait", "copy", "-", input=payload), payload)

    def test_each_kind_has_its_command(self):
        self.work("--exec", "one=echo 1", "--exec", "two=echo 2", "--exec", "echo others")
        self.assertEqual([self.jobs("enqueue", "--wait", kind) for kind in ("one", "two", "three")], [b"1\n", b"2\n", b"others\n"])

    def test_the_environment_says_what_job_it_is(self):
        self.work("--exec", "env | grep ^EDDY_JOB_ | sort")
        begin = time.time()
        said = self.jobs("enqueue", "--wait", "--id", "x 1", "--key", "k", "--timeout", "100.25", "--attempts", "3", "--queue", "default", "env")
        values = dict(line.split("=", 1) for line in said.decode().splitlines())
        deadline = int(values.pop("EDDY_JOB_DEADLINE"))
        self.assertTrue(begin + 100.25 <= deadline < time.time() + 101.25, (begin, deadline))
        self.assertEqual(values, {"EDDY_JOB_ID": "x 1", "EDDY_JOB_KIND": "env", "EDDY_JOB_QUEUE": "default", "EDDY_JOB_KEY": "k",
                                  "EDDY_JOB_ATTEMPT": "1", "EDDY_JOB_ATTEMPTS": "3", "EDDY_JOB_TIMEOUT": "100.25"})
        said = self.jobs("enqueue", "--wait", "env").decode().splitlines()
        self.assertIn("EDDY_JOB_TIMEOUT=", said)
        self.assertIn("EDDY_JOB_DEADLINE=", said)

    def test_it_says_when_it_wants_to_be_asked_again(self):
        worker = self.work("--exec", "later=echo 3600.5; exit 75", "--exec", 'failed=echo "the door is shut" >&2; echo " 7200"; exit 69',
                           "--exec", "vague=echo soon; exit 75", "--exec", "other=echo 7200; exit 1", "--exec", "once=exit 69")
        for kind, result in ("later", "later"), ("failed", "failed, to be tried again: exit status 69: the door is shut"), ("vague", "later"), \
                ("other", "failed, to be tried again: exit status 1: it said nothing on standard error"):
            self.enqueue("--id", kind, kind)
            self.wait_for_line(worker, "  %s  %s  %s\n" % (kind, kind, result))
        self.assertIn("exit status 69: it said nothing", self.failure("enqueue", "--wait", "--attempts", "1", "once", code=1))
        self.stop(worker)
        jobs = {kind: self.job(kind) for kind in ("later", "failed", "vague", "other")}
        delays = {kind: job["due"] - job["created"] for kind, job in jobs.items()}
        self.assertEqual({kind: (job["state"], job["attempt"]) for kind, job in jobs.items()},
                         {"later": ("scheduled", 0), "failed": ("scheduled", 1), "vague": ("scheduled", 0), "other": ("scheduled", 1)})
        for kind, least in ("later", 3600.5), ("failed", 7200), ("vague", 60), ("other", 8):
            self.assertTrue(least <= delays[kind] < least + 60, delays)
        self.assertIn(" log standard output is no number of seconds: asked again after 60\n", jobs["vague"]["history"])
        self.assertNotIn("no number", jobs["later"]["history"] + jobs["failed"]["history"] + jobs["other"]["history"])

    def test_what_is_a_number_of_seconds(self):
        """0 is one, and what has a zero byte in it is none. Who fails and prints something else has just failed."""
        worker = self.work("--exec", "now=test -e $HERE/asked && exit 0; touch $HERE/asked; echo 0; exit 75",
                           "--exec", "again=test $EDDY_JOB_ATTEMPT = 2 || { echo 0; exit 69; }", "--exec", r"cut=printf '3600\0junk'; exit 75",
                           "--exec", "words=echo nothing there; exit 69", "--exec", "below=echo -1; exit 69", "--exec", "never=echo inf; exit 69")
        for kind in "now", "again":
            self.jobs("enqueue", "--wait", "--id", kind, "--backoff", "1000", kind)
            self.assertNotIn(" log ", self.job(kind)["history"])
        for kind, result in ("cut", "later"), ("words", "failed, to"), ("below", "failed, to"), ("never", "failed, to"):
            self.enqueue("--id", kind, kind)
            self.wait_for_line(worker, "  %s  %s  %s" % (kind, kind, result))
        self.stop(worker)
        jobs = [self.job(kind) for kind in ("cut", "words", "below", "never")]
        self.assertEqual([job["history"].count(" log ") for job in jobs], [1, 0, 0, 0])
        self.assertTrue(all(job["due"] - job["created"] < 600 for job in jobs))

    def test_a_command_that_is_empty_does_no_jobs(self):
        for command in "", " \t\n", "kind=", "kind= ":
            with self.subTest(command=command):
                self.assertIn("is not a command", self.failure("work", "--exec", command))
        self.assertEqual(os.listdir(self.place), [])

    def test_what_fails_is_tried_again(self):
        self.work("--exec", 'echo "attempt $EDDY_JOB_ATTEMPT" >&2; test $EDDY_JOB_ATTEMPT = 3')
        job_id = self.enqueue("--backoff", "0.01", "sometimes")
        self.jobs("enqueue", "--wait", "--id", "other", "--key", "k", "always-third", "--backoff", "0.01")
        job = self.job("other")
        self.assertEqual((job["state"], job["attempt"]), ("done", 3))
        self.assertRegex(job["history"], r"(?s) 1 log attempt 1\n.* 1 failed exit status 1: attempt 1\n.* 2 failed .* 3 log attempt 3\n")
        self.assertNotEqual(self.job(job_id)["state"], "dead")

    def test_the_exit_status_decides(self):
        self.work("--exec", "give-up=echo why >&2; exit 65", "--exec", "later=exit 75", "--exec", "killed=kill -9 $$")
        self.assertIn("is dead: failed why", self.failure("enqueue", "--wait", "give-up", code=1))
        self.assertIn("ended by signal 9", self.failure("enqueue", "--wait", "--attempts", "1", "killed", code=1))
        worker = self.work("--exec", "later=exit 75", "--queue", "other")
        self.enqueue("--id", "later", "--queue", "other", "later")
        self.wait_for_line(worker, "  later  later")
        self.stop(worker)
        job = self.job("later")
        self.assertEqual((job["state"], job["attempt"]), ("scheduled", 0))

    def test_progress_is_told(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", 'echo "progress 0.25 a quarter" >&2; echo there > $HERE/gate; cat $HERE/gate >/dev/null', "--lease", "0.3")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            self.assertEqual(file.read(), "there\n")
        wait_until(lambda: self.job("a").get("progress") == 0.25)  # it is told with the next renewal
        self.assertEqual(self.job("a")["note"], "a quarter")
        with open(gate, "w", encoding="ascii"):
            pass
        self.wait_for_line(worker, "done")

    def test_one_that_is_cancelled_ends_with_all_that_it_has_begun(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "sleep 1000 & echo $! > $HERE/gate; wait")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            pid = int(file.read())
        self.jobs("cancel", "a")
        self.wait_for_line(worker, "cancelled")
        self.assertEqual(self.job("a")["state"], "cancelled")
        self.assertFalse(os.path.exists("/proc/%d/fd/1" % pid))

    def test_what_it_has_begun_is_killed_where_it_does_not_listen(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "(trap '' TERM; exec >&- 2>&-; sleep 1000) & echo $! > $HERE/gate; wait")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            pid = int(file.read())
        self.jobs("cancel", "a")
        self.wait_for_line(worker, "cancelled")
        self.assertFalse(os.path.exists("/proc/%d/fd/1" % pid))
        self.assertNotIn(b"sleep\0001000", self.command_line(pid))

    def test_what_it_leaves_behind_holds_up_nothing(self):
        self.work("--exec", "sleep 1000 & echo $!")
        pid = int(self.jobs("enqueue", "--wait", "leave"))
        self.assertEqual(self.command_line(pid), b"")

    @staticmethod
    def command_line(pid):
        """Of a process, or nothing where that has ended."""
        try:
            with open("/proc/%d/cmdline" % pid, "rb") as file:
                return file.read()
        except (FileNotFoundError, ProcessLookupError):
            return b""

    def test_what_it_has_written_counts_though_somebody_else_holds_its_output(self):
        self.work("--exec", "setsid sh -c 'echo $$ > $HERE/pid; exec sleep 1000' & while [ ! -s $HERE/pid ]; do sleep 0.01; done; echo hello")
        self.assertEqual(self.jobs("enqueue", "--wait", "leave"), b"hello\n")
        os.kill(int(pathlib.Path(self.path("pid")).read_text()), signal.SIGKILL)

    def test_a_line_beyond_all_bounds_is_left_out(self):
        line = "head -c 70000 /dev/zero | tr '\\0' x >&2"
        self.work("--exec", "last=" + line, "--exec", f"first={line}; echo >&2; echo behind >&2")
        for kind, lines in ("last", ["(a line of more than 64 KiB)"]), ("first", ["(a line of more than 64 KiB)", "behind"]):
            with self.subTest(kind=kind):
                self.jobs("enqueue", "--wait", "--id", kind, kind)
                said = [line.split(" ", 3)[2:] for line in self.job(kind)["history"].splitlines()]
                self.assertEqual([text for what, text in said if what == "log"], lines)

    def test_one_that_takes_too_long_is_tried_again(self):
        self.work("--exec", "sleep 1000")
        said = self.failure("enqueue", "--wait", "--timeout", "0.05", "--attempts", "2", "--backoff", "0.01", "slow", code=1)
        self.assertIn("is dead: failed", said)


class Workers(Jobs):
    def test_a_killed_workers_jobs_are_done_by_another(self):
        gate = self.fifo("gate")
        first = self.work("--exec", "echo begun > $HERE/gate; sleep 1000", "--lease", "0.5")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            self.assertEqual(file.read(), "begun\n")
        first.kill()
        second = self.work("--exec", "echo done")
        self.wait_for_line(second, "  a  done")
        job = self.job("a")
        self.assertEqual((job["state"], job["attempt"], job["result"]), ("done", 2, "done\n"))
        self.assertIn(" 1 lost ", job["history"])

    def test_one_that_is_to_end_lets_its_jobs_finish(self):
        gate, other = self.fifo("gate"), self.fifo("other")
        worker = self.work("--exec", "echo begun > $HERE/gate; cat $HERE/other")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            file.read()
        worker.terminate()
        self.enqueue("--id", "b", "slow")
        with open(other, "w", encoding="ascii") as file:
            file.write("finished\n")
        out, err = worker.communicate(timeout=60)
        self.assertEqual((worker.returncode, err), (0, ""))
        self.assertIn("  a  done", out)
        self.assertEqual(self.job("a")["result"], "finished\n")
        self.assertEqual(self.job("b")["state"], "ready")

    def test_what_could_not_finish_goes_back_at_no_cost(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "echo begun > $HERE/gate; sleep 1000", "--grace", "0.1")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            file.read()
        self.assertIn("  a  returned", self.stop(worker))
        job = self.job("a")
        self.assertEqual((job["state"], job["attempt"]), ("ready", 0))

    def test_a_second_signal_ends_the_grace(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "trap 'echo asked >&2; exit 1' TERM; echo begun > $HERE/gate; sleep 1000 & wait", "--grace", "1000")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            file.read()
        worker.send_signal(signal.SIGTERM)
        worker.send_signal(signal.SIGINT)  # another one of the same kind might come as one with the first
        self.assertEqual(worker.wait(timeout=60), 0)
        self.assertIn(self.job("a")["state"], ("ready", "scheduled"))

    def test_several_do_each_job_once(self):
        workers = [self.work("--exec", "cat >> $HERE/done", "-c", "4") for _ in range(3)]
        names = ["%03d" % n for n in range(150)]
        ids = self.enqueue("--lines", "append", input="".join(name + "\n" for name in names).encode()).split()
        self.assertEqual(len(set(ids)), len(names))
        self.jobs("enqueue", "--wait", "--priority", "-100", "append", "last")
        wait_until(lambda: json.loads(self.jobs("stats", "--json"))["done"] == len(names) + 1)
        for worker in workers:
            self.stop(worker)
        with open(self.path("done"), encoding="ascii") as file:
            said = file.read()
        self.assertEqual(sorted(said.replace("last", "")[k:k + 3] for k in range(0, 3 * len(names), 3)), names)

    def test_one_key_is_done_in_order(self):
        worker = self.work("--exec", "cat >> $HERE/done", "-c", "8")
        for n in range(20):
            self.enqueue("--key", "ada", "append", chr(ord("a") + n))
        self.jobs("enqueue", "--wait", "--key", "ada", "append", ".")
        self.stop(worker)
        with open(self.path("done"), encoding="ascii") as file:
            self.assertEqual(file.read(), "abcdefghijklmnopqrst.")


class Commands(Jobs):
    def test_jobs_are_retried_cancelled_and_discarded(self):
        for name in "abc":
            self.enqueue("--id", name, "work")
        self.jobs("cancel", "a", "b")
        self.jobs("retry", "b")
        self.jobs("discard", "c")
        states = {name: self.job(name)["state"] for name in "ab"}
        self.assertEqual(states, {"a": "cancelled", "b": "ready"})
        self.assertIn("there is no job c", self.failure("show", "c", code=1))
        self.assertIn("there is no job c", self.failure("cancel", "c", "b", code=1))
        self.assertEqual(self.job("b")["state"], "cancelled")

    def test_lists(self):
        for name in "abc":
            self.enqueue("--id", name, "--queue", "mail" if name == "b" else "default", "--delay", "100", "work", name)
        listed = [json.loads(line) for line in self.jobs("list", "--json").splitlines()]
        self.assertEqual([(job["id"], job["payload"], job["state"]) for job in listed],
                         [("c", "c", "scheduled"), ("b", "b", "scheduled"), ("a", "a", "scheduled")])
        self.assertEqual([line.split()[0] for line in self.jobs("list", "-n", "1").decode().splitlines()], ["c"])
        self.assertEqual([line.split()[0] for line in self.jobs("list", "-q", "mail").decode().splitlines()], ["b"])
        self.assertEqual(self.jobs("list", "--state", "done", "--state", "dead"), b"")

    def test_what_is_enqueued_again_adds_nothing(self):
        self.assertEqual(self.enqueue("--id", "a", "work"), "a")
        self.assertEqual(self.again("--id", "a", "work"), ("a\n", "eddy jobs: there is a job a already\n"))
        self.assertEqual(self.enqueue("--unique", "u", "--id", "b", "work"), "b")
        other = "eddy jobs: the unique name u is of job b\n"
        self.assertEqual(self.again("--unique", "u", "--id", "c", "work"), ("b\n", other))
        self.assertEqual(self.again("--unique", "u", "work"), ("b\n", other))
        self.assertEqual(len(self.jobs("list").splitlines()), 2)

    def again(self, *arguments, **options):
        """What is said on both outputs by one that succeeds."""
        done = self.run_jobs("enqueue", *arguments, **options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def test_lines_that_add_nothing_are_counted(self):
        out, err = self.again("--lines", "--unique", "u", "work", input=b"1\n2\n3\n")
        self.assertEqual(len(set(out.splitlines())), 1)
        self.assertEqual(err, "eddy jobs: of 3 lines 2 found the unique name u taken\n")

    def test_of_several_it_is_said_which(self):
        self.enqueue("--id", "b", "work")
        for command in "cancel", "retry", "discard":
            with self.subTest(command=command):
                said = self.failure(command, "a", "b", "c\x1b", code=1).splitlines()
                self.assertRegex("\n".join(said), r"\Aeddy jobs: a: there is no .*\neddy jobs: c\?: .*\Z")

    def test_no_grace_is_0(self):
        gate = self.fifo("gate")
        worker = self.work("--exec", "echo begun > $HERE/gate; sleep 1000", "--grace", "0")
        self.enqueue("--id", "a", "slow")
        with open(gate, encoding="ascii") as file:
            file.read()
        self.assertIn("  a  returned", self.stop(worker))

    def test_what_steers_a_terminal_does_not_reach_it(self):
        evil = "a\x9bb\x1b[31m\x7f\u00e9".encode() + b"\x9b\xff"
        self.enqueue("--id", "a", "work", "-", input=evil)
        self.assertIn("    a?b?[31m?\u00e9??\n".encode(), self.jobs("show", "a"))
        self.assertIn(b'"a\\u009bb\\u001b[31m\\u007f\xc3\xa9\\ufffd\\ufffd"', self.jobs("show", "--json", "a"))
        self.enqueue("--id", "b", "--attempts", "1", "fail")
        worker = self.work("--exec", r"printf 'a\302\233b\033[31m\n' >&2; exit 1")
        self.wait_for_line(worker, "fail  b  failed for good: exit status 1: a??b [31m\n")
        self.assertIn(b" failed exit status 1: a??b [31m\n", self.jobs("show", "b"))
        said = self.failure("enqueue", "--wait", "--id", "b", "fail", code=1)
        self.assertIn("is dead: failed exit status 1: a??b [31m\n", said)

    def test_what_is_wrong_is_said(self):
        self.assertIn("there is no command 'fly'", self.failure("fly"))
        self.assertIn("enqueue takes KIND [PAYLOAD]", self.failure("enqueue"))
        self.assertIn("'1000' is not a priority", self.failure("enqueue", "--priority", "1000", "x"))
        self.assertIn("list takes no --key", self.failure("list", "--key", "k"))
        for moment in "tomorrow", "2026-02-31T00:00", "2026-12-24T18:00:00+1", "2026-12-24T18:00:00+25:00", "2026-12-24T18:00Zulu", "2036-12-24T18:00.5", "2036-12-24T18:00.", \
                "2036-12-24T18:00:00.", "2036-12-24T18:00:00.Z", "2036-12-24T18:00:", "1969-12-31T00:00Z", "0", "99999999999999":
            self.assertIn("'%s' is not a moment" % moment, self.failure("enqueue", "--at", moment, "x"))
        for delay in "inf", "1e12", "nan", "-1":
            self.assertIn("'%s' is not " % delay, self.failure("enqueue", "--delay", delay, "x"))
        for command in ("enqueue", "x"), ("list",), ("cron",), ("tail",):
            self.assertIn("--queue is given twice", self.failure(*command, "-q", "a", "-q", "b"))
        self.assertIn("options stand behind the command, and '-s' before it", self.failure("-s", "sqlite:x.db", "enqueue", "x"))
        self.assertIn("'odd' is not a state", self.failure("list", "--state", "odd"))
        self.assertIn("work needs --exec", self.failure("work"))
        for arguments in ("--id", "a"), ("--wait",), ("a payload",):
            self.assertIn("--lines goes with no", self.failure("enqueue", "--lines", "x", *arguments))
        self.assertEqual(os.listdir(self.place), [])  # nobody has made a store by a slip
        self.assertIn("a job's kind has 1 to 100 bytes", self.failure("enqueue", "x" * 101, code=1))
        self.assertIn("it begins with sqlite:", self.failure("stats", "--store", "mysql://x", code=1))

    def test_when_a_job_is_due(self):
        self.environment["TZ"] = "Europe/Berlin"
        for moment, seconds in (("2036-12-24T18:00:00", 2113750800), ("2036-12-24T18:00", 2113750800), ("2036-12-24 18:00:00", 2113750800),
                                ("2036-12-24T17:00:00Z", 2113750800), ("2036-12-24T12:00:00.25-05:00", 2113750800.25),
                                ("2036-12-24 22:30+0530", 2113750800), ("2036-07-01T12:00", 2098519200), ("2113750800", 2113750800)):
            with self.subTest(moment=moment):
                self.assertEqual(self.job(self.enqueue("--at", moment, "work"))["due"], seconds)
        self.assertEqual(self.job(self.enqueue("--delay", "0", "work"))["state"], "ready")

    def test_nothing_is_made_by_who_only_looks(self):
        self.assertIn("No such file", self.failure("stats", code=1))
        self.assertEqual(os.listdir(self.place), [])

    def test_a_file_of_something_else_is_left_alone(self):
        with open(self.path("jobs.db"), "wb") as file:
            file.write(b"my diary\n" * 1000)
        self.assertIn("file is not a database", self.failure("enqueue", "x", code=1))
        with open(self.path("jobs.db"), "rb") as file:
            self.assertEqual(file.read(), b"my diary\n" * 1000)

    def test_without_a_name_the_store_is_the_users_and_named(self):
        del self.environment["EDDY_JOBS"]
        self.environment["XDG_STATE_HOME"] = self.path("state")
        for _ in range(2):
            done = self.run_jobs("enqueue", "--unique", "u", "work")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.decode().splitlines()[0], "eddy jobs: the store is sqlite:%s" % self.path("state/eddy/jobs.db"))
            self.environment["EDDY_JOBS"] = ""
        self.assertEqual(os.stat(self.path("state/eddy/jobs.db")).st_mode & 0o777, 0o600)
        self.assertEqual(len(self.jobs("list").splitlines()), 1)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
