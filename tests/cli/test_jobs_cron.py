#!/usr/bin/env python3
"""`eddy jobs cron`: test_jobs_cron.py EDDY [TEST...]."""
import datetime
import json
import os
import sqlite3
import sys
import time
import unittest

sys.dont_write_bytecode = True
import test_jobs


class Schedules(test_jobs.Jobs):
    def crons(self):
        return {cron["name"]: cron for cron in map(json.loads, self.jobs("cron", "--json").splitlines())}

    def set_due(self, name, next_due):
        """As if nobody had worked since then."""
        with sqlite3.connect(self.path("jobs.db")) as database:
            database.execute("UPDATE crons SET next = ? WHERE name = ?", (int(next_due * 1e6), name))
        database.close()

    def test_one_is_set_listed_and_removed(self):
        self.environment["TZ"] = "America/New_York"
        times = self.jobs("cron", "report", "30 6 * * mon-fri", "report", "{}", "--zone", "Europe/Berlin", "--missed", "skip", "-q", "mail",
                          "--attempts", "3", "--timeout", "1.5", "--priority", "-7", "--key", "k", "--unique", "u").decode().splitlines()
        self.assertEqual(len(times), 5)
        self.assertEqual(times, sorted(set(times)))
        for text in times:
            moment = time.strptime(text, "%Y-%m-%d %H:%M:%S %z")
            self.assertIn(text[-5:], ("+0100", "+0200"))
            self.assertEqual((moment.tm_hour, moment.tm_min, moment.tm_wday < 5), (6, 30, True))
        line, = self.jobs("cron").decode().splitlines()
        self.assertEqual(line.split("  ")[0], "report")
        self.assertIn("  next " + times[0] + "  last never  missed skip  report", line)
        cron = self.crons()["report"]
        next_due = cron.pop("next")
        self.assertEqual(cron, {"name": "report", "expression": "30 6 * * mon-fri", "zone": "Europe/Berlin", "missed": "skip", "kind": "report",
                                "queue": "mail", "payload": "{}", "key": "k", "unique": "u", "attempts": 3, "timeout": 1.5, "backoff": 10, "priority": -7})
        self.assertEqual(datetime.datetime.strptime(times[0], "%Y-%m-%d %H:%M:%S %z").timestamp(), next_due)
        self.jobs("cron", "--remove", "report")
        self.assertEqual(self.jobs("cron"), b"")
        self.assertIn("there is no schedule report", self.failure("cron", "--remove", "report", code=1))

    def test_each_is_shown_by_its_own_clocks(self):
        self.environment["TZ"] = "Europe/Berlin"
        for zone, offset in ("Asia/Kolkata", "+0530"), ("UTC", "+0000"), (None, "+0000"), ("Pacific/Honolulu", "-1000"):
            times = self.jobs("cron", zone or "none", "0 6 * * *", "work", *(["--zone", zone] if zone else [])).decode().splitlines()
            self.assertEqual([text[10:] for text in times], [" 06:00:00 " + offset] * 5)
        listed = [line.split()[0] + line[line.index(" 06:00:00"):][:15] for line in self.jobs("cron").decode().splitlines()]
        self.assertEqual(listed, ["Asia/Kolkata 06:00:00 +0530", "Pacific/Honolulu 06:00:00 -1000", "UTC 06:00:00 +0000", "none 06:00:00 +0000"])
        self.environment["TZDIR"] = self.path("nothing")  # as where another machine has set it
        self.assertRegex(self.jobs("cron").decode().splitlines()[0], r"^Asia/Kolkata .* 00:30:00 \+0000  last never")

    def test_the_payload_may_be_standard_input(self):
        self.jobs("cron", "tick", "@daily", "work", "-", input=b"a\nb")
        self.assertEqual(self.crons()["tick"]["payload"], "a\nb")

    def test_who_sets_it_again_leaves_what_is_due(self):
        self.jobs("cron", "tick", "@daily", "work")
        self.set_due("tick", 1e9)
        self.jobs("cron", "tick", "@daily", "work")
        self.assertEqual(self.crons()["tick"]["next"], 1e9)
        self.jobs("cron", "tick", "@daily", "work", "other payload")
        self.assertEqual(self.crons()["tick"]["next"], 1e9)
        before = time.time()
        self.jobs("cron", "tick", "@hourly", "work")
        self.assertGreater(self.crons()["tick"]["next"], before)

    def test_of_several_workers_each_time_comes_once(self):
        for _ in range(3):
            self.work("--exec", "echo $EDDY_JOB_ID >> $HERE/done")
        self.jobs("cron", "tick", "@every 1s", "work")
        lines = []
        while len(lines) < 4:
            if os.path.exists(self.path("done")):
                with open(self.path("done"), encoding="ascii") as file:
                    lines = file.read().splitlines()
        self.assertEqual(len(lines), len(set(lines)))
        self.assertTrue(all(line.startswith("cron:tick:20") and line.endswith("Z") for line in lines))

    def test_missed_times_come_once_or_each(self):
        for name, missed in (("one", "once"), ("each", "all"), ("none", "skip")):
            self.jobs("cron", name, "@every 366d", "work", "--missed", missed)
            self.set_due(name, self.crons()[name]["next"] - 3 * 366 * 86400)
        worker = self.work("--exec", "true")
        test_jobs.wait_until(lambda: all(cron["next"] >= time.time() for cron in self.crons().values()))
        for _ in range(4):
            self.wait_for_line(worker, "  done")
        self.stop(worker)
        ids = [json.loads(line)["id"] for line in self.jobs("list", "--json").splitlines()]
        self.assertEqual([sum(job.startswith("cron:%s:" % name) for job in ids) for name in ("one", "each", "none")], [1, 3, 0])

    def test_what_is_wrong_is_said(self):
        self.assertIn("cron takes NAME EXPRESSION KIND", self.failure("cron", "a", "@daily"))
        self.assertIn("cron takes no words, or NAME", self.failure("cron", "a", "*", "*", "*", "*", "*", "work"))
        self.assertIn("cron --remove takes one NAME", self.failure("cron", "--remove"))
        self.assertIn("cron --remove takes one NAME", self.failure("cron", "--remove", "a", "b"))
        self.assertEqual(os.listdir(self.place), [])
        self.assertIn("a schedule's hour is 0 to 23, and not 25", self.failure("cron", "a", "0 25 * * *", "work", code=1))
        self.assertIn("none of its months has it", self.failure("cron", "a", "0 0 30 2 *", "work", code=1))
        self.assertIn("there is no time zone Mars/Base", self.failure("cron", "a", "@daily", "work", "--zone", "Mars/Base", code=1))
        self.assertIn("'never' is not once, skip or all", self.failure("cron", "a", "@daily", "work", "--missed", "never"))
        self.assertIn("cron takes no --delay", self.failure("cron", "--delay", "5", "a", "@daily", "work"))
        self.assertIn("cancel takes no --zone", self.failure("cancel", "--zone", "UTC", "a"))

    def test_who_lists_makes_no_store(self):
        self.assertIn("No such file", self.failure("cron", code=1))
        self.assertEqual(os.listdir(self.place), [])


if __name__ == "__main__":
    test_jobs.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
