#!/usr/bin/env python3
"""`eddy jobs queue` and `stats`: test_jobs_queues.py EDDY [TEST...]."""
import json
import os
import sqlite3
import sys
import unittest

sys.dont_write_bytecode = True
import test_jobs

USUAL = {"keep_done": 86400, "keep_dead": 30 * 86400}


class Queues(test_jobs.Jobs):
    def limits(self, *command):
        """Of the queue mail, as JSON has them."""
        queues = [json.loads(line) for line in self.jobs(*command, "--json").splitlines()]
        queue, = (queue for queue in queues if queue["queue"] == "mail")
        return {name: queue[name] for name in ("most_running", "rate", "period", "keep_done", "keep_dead") if name in queue}

    def assert_limits(self, **limits):
        self.assertEqual(self.limits("queue", "mail"), {**USUAL, **limits})
        self.assertEqual(self.limits("stats"), {**USUAL, **limits})

    def test_queues(self):
        self.enqueue("work")
        self.jobs("pause", "default")
        self.jobs("queue", "mail", "--most-running", "3", "--rate", "100/60")
        lines = [json.loads(line) for line in self.jobs("stats", "--json").splitlines()]
        self.assertEqual([(line["queue"], line["ready"], line["paused"]) for line in lines], [("default", 1, True), ("mail", 0, False)])
        self.assertIn("paused", self.jobs("stats").decode().splitlines()[1])
        self.jobs("resume", "default")
        self.assertNotIn(b"paused", self.jobs("stats"))

    def test_what_was_set_is_shown(self):
        self.jobs("queue", "mail", "--most-running", "3", "--rate", "100/60", "--keep-done", "1.5", "--keep-dead", "0")
        shown = "queue         mail\nmost running  3\nrate          100 in 60 s\nkeep done     1.5 s\nkeep dead     0 s: not at all\n"
        self.assertEqual(self.jobs("queue", "mail").decode(), shown)
        self.assert_limits(most_running=3, rate=100, period=60, keep_done=1.5, keep_dead=0)
        self.assertTrue(self.jobs("stats").endswith(b"  most-running 3  rate 100/60  keep-done 1.5  keep-dead 0\n"))
        self.jobs("queue", "mail")
        self.assertEqual(self.jobs("queue", "mail").decode(), shown)

    def test_what_is_not_named_stays(self):
        self.jobs("queue", "mail", "--most-running", "3", "--rate", "100/60", "--keep-done", "5", "--keep-dead", "0")
        self.jobs("queue", "mail", "--rate", "7")
        self.assert_limits(most_running=3, rate=7, period=1, keep_done=5, keep_dead=0)
        self.jobs("queue", "mail", "--most-running", "0")
        self.assert_limits(rate=7, period=1, keep_done=5, keep_dead=0)
        self.jobs("queue", "mail", "--rate", "0")
        self.assert_limits(keep_done=5, keep_dead=0)

    def test_all_are_put_back_by_a_word(self):
        self.jobs("queue", "mail", "--most-running", "3", "--rate", "100/60", "--keep-done", "5", "--keep-dead", "0")
        self.jobs("queue", "mail", "--default", "--most-running", "2")
        self.assert_limits(most_running=2)
        self.jobs("queue", "mail", "--default")
        self.assert_limits()
        self.assertEqual(self.jobs("queue", "mail").decode(), "queue         mail\nmost running  any number\nrate          any number\n"
                         "keep done     86400 s, the default\nkeep dead     2592000 s, the default\n")
        self.assertTrue(self.jobs("stats").endswith(b"        0\n"))

    def test_0_is_none(self):
        self.jobs("queue", "default", "--keep-done", "0", "--keep-dead", "0.0")
        with sqlite3.connect(self.path("jobs.db")) as store:
            self.assertEqual(store.execute("SELECT keep_done, keep_dead FROM queues").fetchall(), [(-1, -1)])
        self.assertIn("'-1' is not seconds", self.failure("queue", "default", "--keep-done", "-1"))

    def test_who_looks_makes_neither_store_nor_queue(self):
        self.assertIn("No such file", self.failure("queue", "mail", code=1))
        self.assertEqual(os.listdir(self.place), [])
        self.enqueue("work")
        self.assertIn("there is no queue mail", self.failure("queue", "mail", code=1))
        self.assertEqual(len(self.jobs("stats", "--json").splitlines()), 1)

    def test_what_is_wrong_is_said(self):
        for number in ("x", "1000000001"):
            self.assertIn(f"'{number}' is not a number, 0 to 1000000000", self.failure("queue", "mail", "--most-running", number))
        self.assertIn("of 1000000000 at most", self.failure("queue", "mail", "--rate", "1000000001/60"))
        self.assertIn("'1/0' is not a rate", self.failure("queue", "mail", "--rate", "1/0"))
        self.assertIn("queue --json shows limits", self.failure("queue", "mail", "--rate", "1", "--json"))
        self.assertIn("stats takes no --default", self.failure("stats", "--default"))
        self.assertEqual(os.listdir(self.place), [])


if __name__ == "__main__":
    test_jobs.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
