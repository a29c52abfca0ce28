#!/usr/bin/env python3
"""`eddy jobs tail` and `eddy jobs migrate`: test_jobs_tail.py EDDY [TEST...]."""
import json
import os
import select
import signal
import sqlite3
import subprocess
import unittest

from jobs_page import read_arguments
import test_jobs


class Tail(test_jobs.Jobs):
    def tail(self, *arguments):
        """Begin to follow; once it has told of the job "before" it has begun."""
        tail = subprocess.Popen([test_jobs.EDDY, "jobs", "tail", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment, text=True)
        self.addCleanup(tail.communicate)
        self.addCleanup(tail.kill)
        return tail

    def begin(self, *arguments):
        self.enqueue("--id", "before", "--delay", "1000", *arguments[2:3], "kind")
        tail = self.tail("--json", *arguments)
        self.assertEqual(json.loads(tail.stdout.readline())["id"], "before")
        return tail

    @staticmethod
    def read_until(tail, job_id, event):
        """The events up to this one."""
        events = []
        for line in tail.stdout:
            events.append(json.loads(line))
            if (events[-1]["id"], events[-1]["event"]) == (job_id, event):
                return events
        raise AssertionError("it has ended: " + str(events))

    @staticmethod
    def names(events, job_id):
        return [event["event"] for event in events if event["id"] == job_id]

    def end(self, tail):
        tail.send_signal(signal.SIGINT)
        out, err = tail.communicate(timeout=60)
        self.assertEqual((tail.returncode, err), (130, ""))
        return out

    def test_what_happens_is_told_in_its_order(self):
        tail = self.begin()
        self.work("--exec", "good=echo first >&2; echo second >&2", "--exec", "bad=echo why >&2; exit 1")
        self.enqueue("--id", "a", "good")
        self.assertEqual(self.names(self.read_until(tail, "a", "done"), "a"), ["enqueued", "begun", "log", "log", "done"])
        self.enqueue("--id", "b", "--attempts", "2", "--backoff", "0.1", "bad")
        events = self.read_until(tail, "b", "dead")
        names = self.names(events, "b")
        self.assertEqual(names, ["enqueued", "begun", "log", "failed", "begun", "log", "failed", "dead"])
        self.assertEqual([event["time"] for event in events], sorted(event["time"] for event in events))
        failed = [event for event in events if event["event"] == "failed"][-1]
        self.assertEqual((failed["kind"], failed["queue"], failed["attempt"], failed["text"]), ("bad", "default", 2, "exit status 1: why"))
        self.enqueue("--id", "c", "--delay", "1000", "good")
        self.jobs("cancel", "c")
        self.assertEqual(self.names(self.read_until(tail, "c", "cancelled"), "c"), ["enqueued", "cancelled"])
        self.jobs("retry", "c")
        self.assertEqual(self.names(self.read_until(tail, "c", "done"), "c"), ["retried", "begun", "log", "log", "done"])
        self.assertEqual(self.end(tail), "")

    def test_progress_and_cancelling_are_told(self):
        tail = self.begin()
        self.work("--exec", "echo progress 0.5 half >&2; sleep 1000", "--lease", "3")
        self.enqueue("--id", "a", "slow")
        events = self.read_until(tail, "a", "progress")
        self.assertEqual((events[-1]["progress"], events[-1]["text"]), (0.5, "half"))
        self.jobs("cancel", "a")
        self.assertLessEqual(set(self.names(self.read_until(tail, "a", "cancelled"), "a")), {"cancelling", "cancelled"})

    def test_an_attempt_that_cost_none_is_told_by_its_number(self):
        """The job has been given it back, its history knows."""
        tail = self.begin()
        worker = self.work("--exec", 'test $EDDY_JOB_ATTEMPT = 2 || exit 1; echo 1000; exit 75')
        self.enqueue("--id", "a", "--backoff", "0.01", "later")
        for told in tail, self.tail("--json", "a"):
            events = [event for event in self.read_until(told, "a", "snoozed") if event["id"] == "a"]
            self.assertEqual([(event["event"], event.get("attempt")) for event in events],
                             [("enqueued", None), ("begun", 1), ("failed", 1), ("begun", 2), ("snoozed", 2)])
            self.assertEqual(len({event.get("worker") for event in events if event["event"] == "begun"} - {None}), 1)
        self.stop(worker)

    def test_old_jobs_that_are_done_at_once_are_told_of(self):
        """They are neither among the newest nor seen while they run."""
        self.enqueue("--lines", "old", input=b"x\n" * 400)
        tail = self.begin("--lines", "1")
        self.work("--exec", "true", "-c", "4")
        self.enqueue("--id", "last", "--priority", "-100", "old")
        events = []
        while sum(event["event"] == "done" for event in events) < 401:
            events.append(json.loads(tail.stdout.readline()))
        for name in "begun", "done":
            told = [event["id"] for event in events if event["event"] == name]
            self.assertEqual((len(told), len(set(told))), (401, 401))
        self.assertEqual([event["id"] for event in events if event["event"] == "enqueued"], ["last"])

    def test_one_that_nothing_is_kept_of_is_gone(self):
        self.jobs("queue", "default", "--keep-done", "0")
        gate = self.fifo("gate")
        tail = self.begin()
        self.work("--exec", "cat $HERE/gate")
        self.enqueue("--id", "a", "slow")
        self.read_until(tail, "a", "begun")
        with open(gate, "w", encoding="ascii"):
            pass
        self.assertEqual(self.names(self.read_until(tail, "a", "gone"), "a"), ["gone"])

    def test_of_one_queue_or_kind(self):
        tails = [self.tail("--json", *arguments) for arguments in (["--queue", "mail"], ["--kind", "letter"])]
        self.assertEqual([tail.wait(timeout=60) for tail in tails], [1, 1])  # there is no store yet
        for tail in tails:
            self.assertIn("No such file", tail.stderr.read())
        self.enqueue("--queue", "mail", "--id", "first", "letter")
        tails = [self.tail("--json", *arguments) for arguments in (["--queue", "mail"], ["--kind", "letter"])]
        self.assertEqual([json.loads(tail.stdout.readline())["id"] for tail in tails], ["first", "first"])
        self.enqueue("--id", "a", "parcel")
        self.enqueue("--id", "b", "letter")
        self.enqueue("--id", "c", "--queue", "mail", "parcel")
        self.enqueue("--id", "d", "--queue", "mail", "letter")
        told = [[event["id"] for event in self.read_until(tail, "d", "enqueued")] for tail in tails]
        self.assertEqual(told, [["c", "d"], ["b", "d"]])

    def test_it_begins_with_the_last_lines(self):
        for job_id in "abc":
            self.enqueue("--id", job_id, "work")
        tail = self.tail("--lines", "2")
        self.assertRegex(tail.stdout.readline(), r"^\d\d:\d\d:\d\d  work  b  enqueued\n")
        self.assertRegex(tail.stdout.readline(), r"  work  c  enqueued\n")
        silent = self.tail("-n", "0", "--json")
        later = []
        while not select.select([silent.stdout], [], [], 0.1)[0]:
            later.append(self.enqueue("work"))
        self.assertIn(json.loads(silent.stdout.readline())["id"], later)
        self.assertIn("'-1' is not a number from 0", self.failure("tail", "--lines", "-1"))

    def test_one_job_is_followed_to_its_end(self):
        self.work("--exec", "good=echo a line >&2", "--exec", "bad=exit 65")
        self.enqueue("--id", "a", "--delay", "0.5", "good")
        self.enqueue("--id", "b", "bad")
        done = self.run_jobs("tail", "a")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(done.stdout.decode(), r"^\S+  good  a  enqueued\n\S+  good  a  begun: .*\n\S+  good  a  log: a line\n\S+  good  a  done\n$")
        done = self.run_jobs("tail", "--json", "--id", "b")
        self.assertEqual((done.returncode, done.stderr), (1, b""))
        self.assertEqual(json.loads(done.stdout.splitlines()[-1])["event"], "dead")
        self.assertIn("there is no job none", self.failure("tail", "none", code=1))

    def test_it_ends_when_its_reader_has_left(self):
        for name, arguments in ("a", ["-n", "1"]), ("b", ["b"]):
            self.enqueue("--id", name, "work")
            tail = self.tail(*arguments)
            self.assertIn(name + "  enqueued", tail.stdout.readline())
            tail.stdout.close()
            self.jobs("cancel", name)
            self.assertEqual((tail.wait(timeout=60), tail.stderr.read()), (141, ""))
            tail.stdout = None

    def test_nothing_steers_a_terminal(self):
        self.enqueue("work")
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("UPDATE jobs SET kind = ?, history = ?", ("k\x1b[m\x9b", "5 1 log a\x9bb\x1b[31m\n"))
        tail = self.tail()
        self.assertRegex(tail.stdout.readline(), r"k\?\[m\?  \S+  log: a\?b\?\[31m\n")


class Migrate(test_jobs.Jobs):
    def test_a_store_of_this_format_is_left_as_it_is(self):
        self.enqueue("work")
        self.assertEqual(self.jobs("migrate").decode(),
                         "%s is of this version's format: there is nothing to do\n" % self.environment["EDDY_JOBS"])

    def test_none_is_made(self):
        self.assertIn("No such file", self.failure("migrate", code=1))
        self.assertEqual(os.listdir(self.place), [])

    def test_one_of_a_newer_version_stays_as_it_is(self):
        self.enqueue("work")
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("PRAGMA user_version = 1000")
        self.assertIn("version 1000", self.failure("migrate", code=1))
        self.assertIn("version 1000", self.failure("list", code=1))
        with sqlite3.connect(self.path("jobs.db")) as store:
            self.assertEqual(store.execute("PRAGMA user_version").fetchone(), (1000,))


if __name__ == "__main__":
    read_arguments()
    unittest.main()
