#!/usr/bin/env python3
"""What python/eddy_jobs.py takes for a job, and for a store."""
import asyncio
import contextlib
import datetime
import os
import re
import sqlite3
import unittest
from unittest import mock

from stores import ROOT, temporary_folder

import eddy_jobs  # pylint: disable=wrong-import-order

UTC = datetime.timezone.utc


def prepare(kind="resize", payload=b"", **options):
    return eddy_jobs._prepare(eddy_jobs.Spec(kind, payload, **options))  # pylint: disable=protected-access


class Seen(unittest.TestCase):
    ROW = {"id": "a", "kind": "k", "queue": "q", "state": 5, "payload": b"", "result": None, "key": None, "unique": None, "worker": None, "note": None,
           "progress": -1, "history": "", "created": 1, "due": 1, "started": 0, "finished": 0, "lease": 0, "timeout": 0, "backoff": 0, "max_backoff": 0,
           "priority": 0, "attempt": 1, "attempts": 1, "is_cancelling": 0, "yields_key": 0}

    def job(self, **columns):
        return eddy_jobs._job(self.ROW | columns, 1)  # pylint: disable=protected-access

    def test_an_error_is_all_of_its_line(self):
        for text in ("it broke", "one\u2028two\u2029three", "one\x85two", "one\x0ctwo\x1cthree", ""):
            self.assertEqual(self.job(history="1 1 log a\n2 1 failed %s\n3 2 log b\x85c\n" % text).error, text)
        self.assertIsNone(self.job().error)

    def test_a_cancelled_job_has_no_error_of_an_attempt_before(self):
        for before in ("1 1 failed no\n", "1 1 lost one\n"):
            job = self.job(state=6, history=before + "2 1 cancelled\n")
            self.assertIsNone(job.error)
            with self.assertRaisesRegex(eddy_jobs.JobFailed, "^job a is cancelled$"):
                job.check()
            self.assertEqual(self.job(history=before + "2 1 cancelled\n3 1 retried\n4 2 failed again\n").error, "again")

    def test_a_moment_beyond_pythons_is_the_last_one(self):
        self.assertEqual(self.job(due=2**63 - 1).due, datetime.datetime.max.replace(tzinfo=UTC))
        self.assertEqual(self.job(due=253_402_300_799_999_999).due, datetime.datetime.max.replace(tzinfo=UTC))


class Refused(unittest.TestCase):
    def test_what_passes_is_the_same_in_c_and_told(self):
        c = (ROOT / "src" / "jobs" / "postgres" / "error.c").read_text()
        page = (ROOT / "docs" / "jobs-format.md").read_text()
        states = {name: re.findall(r'"(\w+)"', words) for name, words in re.findall(r"(\w+)\[\] = \{(.*?)\}", c, re.DOTALL)}
        self.assertEqual(states, {
            "conflicts": list(eddy_jobs._POSTGRES_PASSING[:3]), "passing": list(eddy_jobs._POSTGRES_PASSING[3:]),  # pylint: disable=protected-access
            "other_formats": list(eddy_jobs._POSTGRES_OTHER_FORMAT)})  # pylint: disable=protected-access
        for state in states["conflicts"] + states["passing"]:
            self.assertRegex(page, rf"\b{state}\b")


class Specs(unittest.TestCase):
    def test_defaults_are_those_of_c(self):
        job = prepare()
        self.assertEqual((job.queue, job.payload, job.key, job.unique, job.unique_for, job.delay, job.at, job.timeout, job.priority,
                          job.yields_key), ("default", b"", None, None, 0, 0, 0, 0, 0, False))
        self.assertEqual((job.backoff, job.max_backoff, job.attempts), (10_000_000_000, 3_600_000_000_000, 20))
        self.assertEqual(prepare(backoff=0, max_backoff=0, attempts=0)[1:], job[1:])

    def test_what_no_job_may_have_is_refused_and_named(self):
        for word, options in (
                ("kind", {"kind": ""}), ("kind", {"kind": None}), ("kind", {"kind": "x" * 101}), ("101", {"kind": "x" * 101}),
                ("queue", {"queue": "a\nb"}), ("queue", {"queue": "\x7f"}), ("queue", {"queue": "a\0"}), ("queue", {"queue": "\x85"}),
                ("queue", {"queue": None}), ("id", {"id": "ä" * 64}), ("id", {"id": ""}), ("id", {"id": 7}), ("key", {"key": ""}),
                ("key", {"key": "\ud800"}), ("unique", {"unique": "ä" * 51}), ("less than 0", {"delay": -1}),
                ("less than 0", {"timeout": datetime.timedelta(-1)}), ("backoff", {"backoff": float("nan")}), ("timeout", {"timeout": "5"}),
                ("delay", {"delay": float("inf")}), ("too long", {"delay": 1e10}), ("max_backoff", {"max_backoff": True}),
                ("not both", {"delay": 1, "at": 2_000_000_000}), ("unique_for", {"unique_for": 1}), ("priority", {"priority": 101}),
                ("priority", {"priority": -101}), ("priority", {"priority": 1.0}), ("priority", {"priority": True}), ("priority", {"priority": False}), ("attempts", {"attempts": -1}),
                ("attempts", {"attempts": True}),
                ("attempts", {"attempts": 1_000_001}), ("16 MiB", {"payload": bytes(16 << 20) + b"x"}), ("JSON", {"payload": {1, 2}}),
                ("9999", {"at": 253_402_300_800}), ("JSON", {"payload": float("nan")}), ("payload", {"payload": "\ud800"})):
            with self.subTest(options={name: repr(value)[:40] for name, value in options.items()}):
                with self.assertRaises(eddy_jobs.InvalidJob) as caught:
                    prepare(**{"kind": "resize", **options})
                self.assertIn(word, str(caught.exception))
                self.assertIsInstance(caught.exception, ValueError)

    def test_the_longest_names_are_taken(self):
        prepare("ä" * 50, id="x" * 127, key="x" * 100, unique="x" * 100, queue="x" * 100, unique_for=1)
        prepare(payload=bytes(16 << 20))

    def test_a_payload_is_bytes_text_or_json(self):
        for payload, stored in ((b"\0\xff", b"\0\xff"), (bytearray(b"a"), b"a"), (memoryview(b"ab")[1:], b"b"), ("ä", b"\xc3\xa4"), ("", b""),
                                (None, b""), ({"a": [1, "ä"]}, b'{"a":[1,"\xc3\xa4"]}'), (7, b"7"), (False, b"false"), ([], b"[]")):
            self.assertEqual(prepare(payload=payload).payload, stored)

    def test_times_are_seconds_or_timedeltas(self):
        self.assertEqual(prepare(timeout=1.5).timeout, 1_500_000_000)
        self.assertEqual(prepare(timeout=datetime.timedelta(milliseconds=1)).timeout, 1_000_000)
        self.assertEqual(prepare(delay=292 * 365 * 86400).delay, 292 * 365 * 86400 * 10**9)

    def test_a_moment_has_a_time_zone(self):
        noon = datetime.datetime(2030, 1, 1, 12, tzinfo=UTC)
        berlin = noon.astimezone(datetime.timezone(datetime.timedelta(hours=1)))
        self.assertEqual({prepare(at=at).at for at in (noon, berlin, noon.timestamp(), int(noon.timestamp()))}, {1_893_499_200_000_000})
        with self.assertRaisesRegex(eddy_jobs.InvalidJob, "time zone"):
            prepare(at=datetime.datetime(2030, 1, 1, 12))
        self.assertEqual(prepare(at=datetime.datetime(1960, 1, 1, tzinfo=UTC)).at, 1)  # long ago: now
        self.assertEqual(prepare(at=datetime.datetime.max.replace(tzinfo=UTC)).at, 253_402_300_799_999_999)

    def test_ids_are_in_the_order_of_their_making(self):
        with mock.patch("time.time_ns", side_effect=range(10**18, 10**18 + 10**10, 10**7)):
            ids = [prepare().id for _ in range(1000)]
        self.assertEqual(ids, sorted(set(ids)))
        self.assertRegex(ids[0], "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


class Urls(unittest.TestCase):
    def test_the_environment_names_the_store(self):
        for environment, url in (({"EDDY_JOBS": "redis://host", "HOME": "/home/ada"}, "redis://host"),
                                 ({"EDDY_JOBS": "", "XDG_STATE_HOME": "/state", "HOME": "/home/ada"}, "sqlite:/state/eddy/jobs.db"),
                                 ({"XDG_STATE_HOME": "state", "HOME": "/home/ada"}, "sqlite:/home/ada/.local/state/eddy/jobs.db")):
            with mock.patch.dict(os.environ, environment, clear=True):
                self.assertEqual(eddy_jobs.open().url, url)
        with mock.patch.dict(os.environ, {}, clear=True), self.assertRaisesRegex(eddy_jobs.JobsError, "EDDY_JOBS"):
            eddy_jobs.open()

    def test_a_password_is_not_told(self):
        self.assertEqual(eddy_jobs.open("postgres://ada:se@cr:et@host/db?password=secret").url, "postgres://ada@host/db")
        self.assertEqual(eddy_jobs.open("redis://:secret@host:1/0").url, "redis://@host:1/0")
        for url in "redis://ada:s3#cr@host/0", "redis://ada:s3?cr@host/0", "redis://ada:s3?c#r:e@t@host/0", "redis://ada@host/0":
            self.assertEqual(eddy_jobs.open(url).url, "redis://ada@host/0")
        for url in "postgres://ada:s?c@host", "postgres://ada:s?c#r@host?password=x:y@z", "postgres://ada@host?options=a@b:c":
            self.assertEqual(eddy_jobs.open(url).url, "postgres://ada@host")
        self.assertEqual(eddy_jobs.open("postgres:///db?user=ada&password=s:e@cret").url, "postgres:///db")

    def test_what_is_no_store_is_refused(self):
        for arguments in ({"url": "mysql://host"}, {"url": "memory:"}, {"url": "jobs.db"}, {"prefix": ""}, {"prefix": "a-b"},
                          {"prefix": "x" * 41}, {"patience": 0}, {"patience": float("inf")}, {"poll": 0}):
            with self.subTest(**arguments), self.assertRaises(eddy_jobs.JobsError):
                eddy_jobs.open(**{"url": "sqlite:x", **arguments})

    def test_a_store_that_was_not_opened_says_so(self):
        with self.assertRaisesRegex(eddy_jobs.JobsError, "not open"):
            asyncio.run(eddy_jobs.open("sqlite:x").get("a"))

    def test_a_driver_that_is_missing_is_named(self):
        async def use(url):
            async with eddy_jobs.open(url):
                pass
        for url, module in (("redis://127.0.0.1:1", "redis"), ("postgres://127.0.0.1:1/x", "asyncpg")):
            with mock.patch.dict("sys.modules", {module: None}), self.assertRaisesRegex(eddy_jobs.JobsError, "package " + module):
                asyncio.run(use(url))

    def test_a_file_may_be_named_with_two_slashes(self):
        async def use(url):
            async with eddy_jobs.open(url):
                pass
        path = os.path.join(temporary_folder(self), "a?b%20#.db")
        with contextlib.closing(sqlite3.connect(path)) as db:
            db.executescript("PRAGMA application_id = 1701077113; PRAGMA user_version = %d" % eddy_jobs.SQLITE_FORMAT)
        asyncio.run(use("sqlite:/" + path))
        asyncio.run(use("sqlite:" + path))

    def test_a_file_that_is_not_there_is_not_made(self):
        async def use(url):
            async with eddy_jobs.open(url):
                pass
        path = os.path.join(temporary_folder(self), "jobs.db")
        with self.assertRaisesRegex(eddy_jobs.StoreMissing, "eddy jobs enqueue"):
            asyncio.run(use("sqlite:" + path))
        self.assertFalse(os.path.exists(path))
        with self.assertRaisesRegex(eddy_jobs.JobsError, "a file is missing"):
            asyncio.run(use("sqlite:"))


if __name__ == "__main__":
    unittest.main()
