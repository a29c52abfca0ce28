#!/usr/bin/env python3
"""python/eddy_jobs.py with `eddy jobs` at the other end of a store: test_client.py ENGINE EDDY [TEST...]. Where the driver or the server is
not there it is skipped."""
import asyncio
import contextlib
import datetime
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import stores

import eddy_jobs  # pylint: disable=wrong-import-order

EDDY = STORE = None
PATIENCE = 60  # with what has to come
NEVER = 1e6    # seconds between looks that a wait is not to depend on


class Case(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.folder = stores.temporary_folder(self)
        STORE.reset(self.folder)
        self.environment = {**os.environ, "EDDY_JOBS": STORE.url, "HERE": self.folder}
        self.eddy("enqueue", "first", "--id", "first", "--queue", "unused")  # makes the store

    def eddy(self, *arguments, **options):
        return subprocess.run([EDDY, "jobs", *arguments], stdout=subprocess.PIPE, check=True, env=self.environment, timeout=PATIENCE,
                              **options).stdout.decode().strip()

    def shown(self, job_id):
        return json.loads(self.eddy("show", "--json", job_id))

    def count(self):
        return len(self.eddy("list", "--number", "10000").splitlines()) - 1

    def work(self, *commands):
        """A worker, whose programs are in the shell."""
        words = [word for command in commands for word in ("--exec", command)]
        worker = subprocess.Popen([EDDY, "jobs", "work", "--concurrency", "4", *words], stdout=subprocess.DEVNULL, env=self.environment)
        self.addCleanup(worker.wait)
        self.addCleanup(worker.send_signal, signal.SIGTERM)

    def let_end(self):
        """What `read x < $HERE/end` waits for. Returns when it has begun."""
        with open(os.path.join(self.folder, "end"), "w", encoding="ascii") as end:
            end.write("\n")

    async def opened(self, url=None, **options):
        jobs = await eddy_jobs.open(url or STORE.url, **{"poll": NEVER, **options})
        self.addAsyncCleanup(jobs.close)
        return jobs

    async def assert_job_is_done(self, jobs):
        self.work("cat")
        added = await self.soon(jobs.enqueue("copy", "x"))
        self.assertEqual((await self.soon(jobs.wait(added.id))).check(), b"x")

    @staticmethod
    async def soon(awaitable):
        return await asyncio.wait_for(awaitable, PATIENCE)


class BothWays(Case):
    async def test_what_python_enqueues_a_program_does(self):
        self.work("tr a-z A-Z")
        jobs = await self.opened()
        added = await jobs.enqueue("shout", {"file": "ä.jpg"})
        job = await self.soon(jobs.wait(added.id))
        self.assertEqual((job.id, job.state, job.kind, job.attempt), (added.id, "done", "shout", 1))
        self.assertEqual(job.payload, b'{"file":"\xc3\xa4.jpg"}')
        self.assertEqual(job.check(), b'{"FILE":"\xc3\xa4.JPG"}')
        self.assertEqual(job.json(), {"FILE": "ä.JPG"})
        self.assertLessEqual(job.started, job.finished)
        self.assertIsNone(job.error)

    async def test_bytes_of_any_kind_pass(self):
        self.work("cat")
        jobs = await self.opened()
        for payload in (bytes(range(256)) * 1000, b"", bytes(1024), bytes(1025)):
            job = await self.soon(jobs.wait((await jobs.enqueue("copy", payload)).id))
            self.assertEqual((job.payload, job.check() or b""), (payload, payload))

    async def test_what_eddy_enqueues_python_sees_and_awaits(self):
        jobs = await self.opened()
        now = datetime.datetime.now(datetime.timezone.utc)
        self.eddy("enqueue", "resize", "a.jpg", "--id", "x 1", "--queue", "pictures", "--key", "ada", "--unique", "u", "--priority", "-7",
                  "--timeout", "1.5", "--backoff", "2", "--attempts", "3", "--yield-key", "--delay", "100")
        job = await jobs.get("x 1")
        self.assertEqual((job.kind, job.payload, job.queue, job.key, job.unique, job.priority, job.timeout, job.backoff, job.max_backoff,
                          job.attempts, job.yields_key, job.state, job.result, job.worker, job.note, job.progress, job.started, job.history),
                         ("resize", b"a.jpg", "pictures", "ada", "u", -7, 1.5, 2, 3600, 3, True, "scheduled", None, None, None, None, None, ""))
        self.assertEqual(job.due - job.created, datetime.timedelta(seconds=100))
        self.assertLess(abs(job.created - now), datetime.timedelta(seconds=PATIENCE))
        self.eddy("enqueue", "resize", "b.jpg", "--id", "b")
        waiting = asyncio.create_task(jobs.wait("b"))
        self.work("echo progress 0.5 half >&2; cat")
        job = await self.soon(waiting)
        self.assertEqual((job.state, job.result, job.progress, job.note), ("done", b"b.jpg", 0.5, "half"))
        self.assertTrue(job.worker)

    def test_the_documentations_program_runs(self):
        with open(stores.ROOT / "docs" / "jobs.md", encoding="utf-8") as page:
            program = page.read().split("```python\n")[1].split("```")[0]
        self.work("jq -r .file 2>/dev/null || cat")
        said = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False, timeout=PATIENCE,
                              env={**self.environment, "PYTHONPATH": str(stores.ROOT / "python")})
        self.assertIn("a.jpg", said.stdout)
        self.assertEqual(said.stderr, "")

    async def test_each_field_is_stored_as_c_stores_it(self):
        jobs = await self.opened()
        for options, words in (
                ({}, ()),
                ({"queue": "pictures", "priority": 100, "attempts": 3, "timeout": 0.25, "backoff": 4},
                 ("--queue", "pictures", "--priority", "100", "--attempts", "3", "--timeout", "0.25", "--backoff", "4")),
                ({"priority": -100, "delay": 12.5}, ("--priority", "-100", "--delay", "12.5")),
                ({"at": 2_000_000_000}, ("--at", "2000000000")),
                ({"at": 1}, ("--at", "1")),
                ({"attempts": 20, "backoff": 10}, ("--attempts", "20", "--backoff", "10")),
                ({"yields_key": True, "key": "bob"}, ("--yield-key", "--key", "bob")),
                ({"key": "held"}, ("--key", "held")),
                ({"key": "bob", "delay": 1000}, ("--key", "bob", "--delay", "1000")),
                ({"unique": "u", "unique_for": 1.5}, ("--unique", "u", "--unique-for", "1.5")),
                ({"unique": "u", "key": "bob"}, ("--unique", "u", "--key", "bob"))):
            await jobs.enqueue("before", id="before", key="held")
            for payload in (b"", b"x", b"x" * 2000):
                with self.subTest(options=options, size=len(payload)):
                    mine = self.looked_at((await jobs.enqueue("resize", payload, **options)).id)
                    self.assertEqual(mine, self.looked_at(self.eddy("enqueue", "resize", "-", *words, input=payload)))

    def looked_at(self, job_id):
        """A job as it is shown and as it is stored, without what is its own; then it is gone."""
        shown, stored = self.shown(job_id), STORE.stored(job_id)
        self.eddy("discard", job_id)
        for name in "id", "created", "due":
            del shown[name]
        return shown, stored

    async def test_python_reads_what_the_longest_texts_are(self):
        jobs = await self.opened()
        names = {name: name[0] + "ä" * 49 for name in ("queue", "key", "unique")}
        await jobs.enqueue("k" + "ä" * 49, id="i" * 127, max_backoff=7.5, yields_key=True, priority=100, **names)
        job = await jobs.get("i" * 127)
        self.assertEqual((job.queue, job.key, job.unique, job.kind), (*names.values(), "k" + "ä" * 49))
        self.assertEqual((job.max_backoff, job.yields_key, job.priority, job.payload), (7.5, True, 100, b""))
        self.assertEqual(self.shown(job.id)["unique"], names["unique"])


class Rules(Case):
    async def test_an_id_is_enqueued_once(self):
        jobs = await self.opened()
        self.assertEqual(await jobs.enqueue("resize", "1", id="a"), ("a", False))
        self.assertEqual(await jobs.enqueue("shrink", "2", id="a", unique="u", key="k"), ("a", True))
        self.assertEqual(self.eddy("enqueue", "shrink", "--id", "a"), "a")
        self.assertEqual(((await jobs.get("a")).kind, self.count()), ("resize", 1))
        self.assertFalse((await jobs.enqueue("resize", unique="u")).was_there)  # which "a" has not

    async def test_a_unique_name_is_one_jobs_until_it_is_finished(self):
        jobs = await self.opened()
        first = await jobs.enqueue("resize", unique="u", key="k")
        self.assertEqual(await jobs.enqueue("resize", unique="u"), (first.id, True))
        self.assertEqual(self.eddy("enqueue", "resize", "--unique", "u"), first.id)
        self.work("true")
        await self.soon(jobs.wait(first.id))
        second = await jobs.enqueue("resize", unique="u", unique_for=1000)
        self.assertFalse(second.was_there)
        await self.soon(jobs.wait(second.id))
        self.assertEqual(await jobs.enqueue("resize", unique="u"), (second.id, True))

    async def test_of_a_key_one_runs_at_a_time_in_order(self):
        jobs = await self.opened()
        ids = [(await jobs.enqueue("resize", str(n), key="ada")).id for n in range(3)]
        self.assertEqual([(await jobs.get(job_id)).state for job_id in ids], ["ready", "held", "held"])
        self.work("echo >> $HERE/running; cat $HERE/running | wc -l; rm $HERE/running")
        ended = [await self.soon(jobs.wait(job_id)) for job_id in ids]
        self.assertEqual([job.check().strip() for job in ended], [b"1"] * 3)
        self.assertEqual(sorted(job.started for job in ended), [job.started for job in ended])

    async def test_many_come_in_order_and_at_once(self):
        jobs = await self.opened()
        specs = [eddy_jobs.Spec("resize", str(n), id=f"n{n}", queue=f"q{n % 3}") for n in range(1000)]
        self.assertEqual(await jobs.enqueue_many(specs), [(f"n{n}", False) for n in range(1000)])
        self.assertEqual(self.count(), 1000)
        self.assertEqual(await jobs.enqueue_many([eddy_jobs.Spec("resize", id="new", unique="u"), specs[7], eddy_jobs.Spec("resize", id="new"),
                                                  eddy_jobs.Spec("resize", unique="u")]),
                         [("new", False), ("n7", True), ("new", True), ("new", True)])
        self.assertEqual(await jobs.enqueue_many([]), [])

    async def test_of_many_one_that_is_wrong_keeps_all_out(self):
        jobs = await self.opened()
        with self.assertRaises(eddy_jobs.InvalidJob):
            await jobs.enqueue_many([eddy_jobs.Spec("resize"), eddy_jobs.Spec("re\nsize")])
        with self.assertRaises(eddy_jobs.InvalidJob):
            await jobs.enqueue_many(["resize"])
        self.assertEqual(self.count(), 0)


class Ends(Case):
    async def test_a_dead_job_says_why(self):
        jobs = await self.opened()
        self.work("given-up=echo 'no such file' >&2; exit 65", "failed=echo 'it is down' >&2; exit 3")
        for kind, words in (("given-up", "no such file"), ("failed", "it is down")):
            job = await self.soon(jobs.wait((await jobs.enqueue(kind, attempts=1)).id))
            self.assertEqual(job.state, "dead")
            self.assertIn(words, job.history)
            self.assertTrue(job.error)
            with self.assertRaises(eddy_jobs.JobFailed) as caught:
                job.check()
            self.assertIs(caught.exception.job, job)
            self.assertIn(job.error, str(caught.exception))
            self.assertEqual(self.shown(job.id)["history"], job.history)

    async def test_a_cancelled_job_is_told(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        waiting = asyncio.create_task(jobs.wait("a"))
        await asyncio.sleep(0.01)
        self.eddy("cancel", "a")
        job = await self.soon(waiting)
        self.assertEqual((job.state, job.error), ("cancelled", None))
        with self.assertRaisesRegex(eddy_jobs.JobFailed, "job a is cancelled"):
            job.check()

    async def test_one_that_is_not_finished_has_no_result(self):
        jobs = await self.opened()
        with self.assertRaisesRegex(eddy_jobs.JobsError, "ready"):
            (await jobs.get((await jobs.enqueue("resize")).id)).check()

    async def test_a_job_that_is_not_there_is_not_waited_for(self):
        jobs = await self.opened()
        for ask in jobs.get, jobs.wait:
            with self.assertRaises(eddy_jobs.JobNotFound):
                await self.soon(ask("nobody"))
            with self.assertRaises(eddy_jobs.InvalidJob):
                await ask("")

    async def test_nor_is_one_that_is_discarded_meanwhile(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        waiting = asyncio.create_task(jobs.wait("a"))
        await asyncio.sleep(0.1)
        self.eddy("discard", "a")
        with self.assertRaises(eddy_jobs.JobNotFound):
            await self.soon(waiting)

    async def test_many_wait_at_once(self):
        jobs, other = await self.opened(), await self.opened()
        added = await jobs.enqueue_many([eddy_jobs.Spec("copy", str(n)) for n in range(60)])
        waiting = [asyncio.create_task(store.wait(one.id)) for one in added for store in (jobs, jobs, other)]
        self.work("cat")
        ended = await self.soon(asyncio.gather(*waiting))
        self.assertEqual([job.check() for job in ended], [b"%d" % (n // 3) for n in range(180)])

    async def test_where_nothing_is_heard_it_looks(self):
        jobs = await self.opened(poll=0.1)

        async def hear_nothing():
            pass
        jobs._engine.listen = hear_nothing  # pylint: disable=protected-access
        added = await jobs.enqueue("resize")
        waiting = asyncio.create_task(jobs.wait(added.id))
        self.work("true")
        self.assertEqual((await self.soon(waiting)).state, "done")


class Interrupted(Case):
    async def test_who_is_cancelled_leaves_nothing_for_the_next(self):
        """An answer that nobody waited for must not be taken for the answer to what is asked next."""
        jobs = await self.opened()
        ids = [f"n{n}" for n in range(20)]
        await jobs.enqueue_many([eddy_jobs.Spec("resize", job_id, id=job_id) for job_id in ids])
        chance = random.Random(1)
        for _ in range(100):
            asking = [asyncio.create_task(jobs.get(chance.choice(ids))) for _ in range(3)]
            await asyncio.sleep(chance.random() * 0.002)
            for task in asking:
                task.cancel()
            job_id = chance.choice(ids)
            job = await jobs.get(job_id)
            self.assertEqual((job.id, job.payload), (job_id, job_id.encode()))
            await asyncio.gather(*asking, return_exceptions=True)

    async def test_a_wait_that_is_given_up_is_forgotten(self):
        jobs = await self.opened()
        added = await jobs.enqueue("resize")
        with self.assertRaises(asyncio.TimeoutError):
            await asyncio.wait_for(jobs.wait(added.id), 0.2)
        self.assertEqual(jobs._engine.waiting, {})  # pylint: disable=protected-access
        self.work("true")
        self.assertEqual((await self.soon(jobs.wait(added.id))).state, "done")

    async def test_a_closed_store_says_so(self):
        async with eddy_jobs.open(STORE.url) as jobs:
            pass
        for ask in (jobs.get("a"), jobs.wait("a"), jobs.enqueue("resize")):
            with self.assertRaisesRegex(eddy_jobs.JobsError, "not open"):
                await ask

    async def test_another_loop_needs_a_store_of_its_own(self):
        jobs = await self.opened()

        def use():
            return asyncio.run(jobs.get("a"))
        with self.assertRaisesRegex(eddy_jobs.JobsError, "another event loop"):
            await asyncio.to_thread(use)

    async def test_who_waits_is_told_when_it_is_closed(self):
        jobs = await self.opened()
        waiting = asyncio.create_task(jobs.wait((await jobs.enqueue("resize")).id))
        await asyncio.sleep(0.1)
        await jobs.close()
        with self.assertRaisesRegex(eddy_jobs.JobsError, "not open"):
            await self.soon(waiting)

    async def test_nothing_is_left_open(self):
        descriptors = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            async with eddy_jobs.open(STORE.url) as jobs:
                added = await jobs.enqueue("resize")
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(jobs.wait(added.id), 0.1)
        self.assertEqual(len(asyncio.all_tasks()), 1)
        self.assertLessEqual(len(os.listdir("/proc/self/fd")), descriptors)


class Formats(Case):
    async def test_another_version_is_refused(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        for version, word in ((99, "newer"), (0, "older")):
            if version == 0 and STORE.name == "sqlite":
                continue  # which is no store at all
            STORE.set_format(version)
            for ask in (lambda: jobs.enqueue("resize", id="b"), lambda: jobs.get("a"), self.opened):
                with self.assertRaisesRegex(eddy_jobs.FormatError, "newer|" + word):
                    await ask()
        STORE.set_format(getattr(eddy_jobs, STORE.name.upper() + "_FORMAT"))
        self.assertEqual(((await jobs.get("a")).id, self.count()), ("a", 1))

    async def test_a_store_that_is_not_there_is_not_made(self):
        STORE.reset(stores.temporary_folder(self))
        with self.assertRaisesRegex(eddy_jobs.StoreMissing, "eddy jobs enqueue"):
            await self.opened()
        self.assertNotEqual(subprocess.run([EDDY, "jobs", "stats", "--store", STORE.url], capture_output=True, check=False).returncode, 0)


class OnlySqlite(Case):
    def setUp(self):
        if STORE.name != "sqlite":
            self.skipTest("of SQLite")
        super().setUp()

    async def test_a_file_of_something_else_is_left_alone(self):
        STORE.path = os.path.join(self.folder, "other.db")
        STORE.ask("CREATE TABLE jobs (id)")
        with self.assertRaisesRegex(eddy_jobs.FormatError, "something else"):
            await self.opened("sqlite:" + STORE.path)
        with open(os.path.join(self.folder, "text"), "w", encoding="ascii") as file:
            file.write("no database, but a text that is as long as the head of one would be, which is a hundred bytes or so.")
        with self.assertRaisesRegex(eddy_jobs.JobsError, "not a database"):
            await self.opened("sqlite:" + file.name)

    async def test_who_waits_for_another_writer_holds_up_no_loop(self):
        jobs = await self.opened(patience=0.3)
        with contextlib.closing(STORE.opened()) as db:
            db.execute("BEGIN IMMEDIATE")
            began, ticks = time.monotonic(), 0
            enqueueing = asyncio.create_task(jobs.enqueue("resize", id="a"))
            while not enqueueing.done():
                await asyncio.sleep(0.01)
                ticks += 1
            with self.assertRaisesRegex(eddy_jobs.StoreAway, "locked|no answer"):
                await enqueueing
            self.assertGreater(ticks, 3)
            self.assertGreater(time.monotonic() - began, 0.2)
            with self.assertRaises(eddy_jobs.JobNotFound):  # looking waits for nobody
                await jobs.get("a")
            db.execute("ROLLBACK")
        self.assertFalse((await jobs.enqueue("resize", id="b")).was_there)

    async def test_names_of_files_are_taken_as_they_are(self):
        path = os.path.join(self.folder, "a b%20c?d#e.db")
        self.environment["EDDY_JOBS"] = "sqlite:" + path
        self.eddy("enqueue", "resize", "--id", "a")
        self.assertEqual((await (await self.opened("sqlite:" + path)).get("a")).id, "a")


class OnlyRedis(Case):
    def setUp(self):
        if STORE.name != "redis":
            self.skipTest("of Redis")
        super().setUp()

    async def test_a_store_without_scripts_is_told_what_to_do(self):
        STORE.server.command("DEL", "{eddy_jobs}:scripts")
        with self.assertRaisesRegex(eddy_jobs.JobsError, "eddy jobs stats"):
            await self.opened()
        self.eddy("stats")
        await self.opened()

    async def test_scripts_that_redis_forgets_are_sent_again(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        STORE.server.command("SCRIPT", "FLUSH")
        self.assertEqual((await jobs.get("a")).id, "a")
        STORE.server.command("SCRIPT", "FLUSH")
        self.assertEqual(await jobs.enqueue("resize", id="a"), ("a", True))

    async def test_a_server_that_forgot_everything_is_an_empty_store(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        STORE.server.command("FLUSHALL")
        with self.assertRaises(eddy_jobs.JobNotFound):
            await jobs.get("a")
        self.assertEqual(await jobs.enqueue("resize", id="a"), ("a", False))
        self.work("true")  # which sees to the rest
        self.assertEqual((await self.soon(jobs.wait("a"))).state, "done")

    async def test_a_full_memory_is_told_and_what_runs_goes_on(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        waiting = asyncio.create_task(jobs.wait("a"))
        self.work("true")
        await self.soon(waiting)
        STORE.server.command("CONFIG", "SET", "maxmemory", "1")
        try:
            with self.assertRaises(eddy_jobs.StoreFull):
                await jobs.enqueue("resize", id="b")
            self.assertEqual((await jobs.get("a")).state, "done")
            self.eddy("list")  # opens it, too
        finally:
            STORE.server.command("CONFIG", "SET", "maxmemory", "0")
        self.assertFalse((await jobs.enqueue("resize", id="b")).was_there)

    async def test_silence_ends_no_subscription(self):
        jobs = await self.opened(STORE.url + "?socket_timeout=1")
        waiting = asyncio.create_task(jobs.wait((await jobs.enqueue("resize")).id))
        while not (before := STORE.server.command("CLIENT", "LIST", "TYPE", "pubsub")):
            await asyncio.sleep(0.01)
        await asyncio.sleep(3)
        self.assertEqual(STORE.server.command("CLIENT", "LIST", "TYPE", "pubsub").split()[0], before.split()[0])
        self.work("true")
        await self.soon(waiting)

    async def test_a_wrong_password_is_told_at_once(self):
        with self.assertRaisesRegex(eddy_jobs.JobsError, "refused"):
            await self.opened(STORE.url.replace("//", "//nobody:wrong@"))

    async def test_a_password_may_have_what_ends_a_part_of_other_urls(self):
        STORE.server.command("ACL", "SETUSER", "ada", "on", ">s3?c#r[e", "~*", "&*", "+@all")
        self.addCleanup(STORE.server.command, "ACL", "DELUSER", "ada")
        jobs = await self.opened(STORE.url.replace("//", "//ada:s3?c#r[e@"))
        self.assertFalse((await jobs.enqueue("resize")).was_there)

    async def test_it_waits_while_the_server_says_that_this_passes(self):
        jobs = await self.opened()
        STORE.server.command("REPLICAOF", "127.0.0.1", "1")
        enqueueing = asyncio.create_task(jobs.enqueue("resize", id="a"))
        await asyncio.sleep(0.2)
        self.assertFalse(enqueueing.done())
        STORE.server.command("REPLICAOF", "NO", "ONE")
        self.assertEqual(await self.soon(enqueueing), ("a", False))


class Lost(Case):
    """Connections that break, through a proxy."""

    def setUp(self):
        if STORE.server is None:
            self.skipTest("of servers")
        super().setUp()

    async def asyncSetUp(self):
        self.proxy = stores.Proxy(STORE.connect)
        self.url = await STORE.put_before(self.proxy, self.folder)
        self.addAsyncCleanup(self.proxy.close)

    async def test_a_wait_outlives_its_connections(self):
        os.mkfifo(os.path.join(self.folder, "end"))
        jobs = await self.opened(self.url)
        await jobs.enqueue("resize", id="a")
        waiting = asyncio.create_task(jobs.wait("a"))
        self.work("read x < $HERE/end; echo done")
        while (await jobs.get("a")).state != "running":
            await asyncio.sleep(0.01)
        self.proxy.cut()
        await asyncio.to_thread(self.let_end)
        self.assertEqual((await self.soon(waiting)).check(), b"done\n")

    async def test_and_hears_again_after_that(self):
        jobs = await self.opened(self.url)
        await jobs.enqueue_many([eddy_jobs.Spec("resize", id=job_id) for job_id in "ab"])
        waiting = [asyncio.create_task(jobs.wait(job_id)) for job_id in "ab"]
        await asyncio.sleep(0.1)
        self.proxy.cut()
        self.eddy("cancel", "a")
        await self.soon(waiting[0])
        self.eddy("cancel", "b")
        await self.soon(waiting[1])

    async def test_what_was_not_answered_is_enqueued_once(self):
        jobs = await self.opened(self.url)
        for options in ({}, {"id": "own"}, {"unique": "u"}):
            before = self.count()
            self.proxy.losing = b"lost-kind"
            added = await self.soon(jobs.enqueue("lost-kind", **options))
            self.assertIsNone(self.proxy.losing)
            self.assertEqual((self.count(), added.was_there), (before + 1, "id" in options))
            self.assertEqual((await jobs.get(added.id)).kind, "lost-kind")

    async def test_a_store_that_is_away_is_waited_for_as_long_as_it_was_said(self):
        jobs = await self.opened(self.url)
        await jobs.enqueue("resize", id="a")
        jobs._patience = 0.3  # pylint: disable=protected-access
        self.proxy.refuse()
        for ask in (jobs.enqueue, jobs.get, jobs.wait, jobs.get):
            began = time.monotonic()
            with self.assertRaisesRegex(eddy_jobs.StoreAway, "cannot be reached"):
                await self.soon(ask("a"))
            self.assertLess(time.monotonic() - began, PATIENCE / 2)

    async def test_one_that_was_never_there_is_not_waited_for(self):
        self.proxy.refuse()
        with self.assertRaises(eddy_jobs.StoreAway) as caught:
            await self.soon(self.opened(self.url, patience=1000))
        self.assertNotIn("tester:", str(caught.exception))

    async def test_one_that_comes_back_goes_on(self):
        jobs = await self.opened(self.url)
        self.proxy.refuse()
        if STORE.name == "postgres":
            os.unlink(os.path.join(self.folder, ".s.PGSQL.5432"))
        enqueueing = asyncio.create_task(jobs.enqueue("resize", id="a"))
        await asyncio.sleep(0.2)
        self.assertFalse(enqueueing.done())
        back = stores.Proxy(STORE.connect)
        self.addAsyncCleanup(back.close)
        self.assertEqual(await STORE.put_before(back, self.folder), self.url)
        self.assertEqual(await self.soon(enqueueing), ("a", False))

    async def test_a_server_that_is_silent_is_given_up(self):
        jobs = await self.opened(self.url, patience=6)
        await jobs.enqueue("resize", id="a")
        self.proxy.is_silent = True
        asking = asyncio.create_task(jobs.get("a"))
        await asyncio.sleep(0.3)
        self.proxy.is_silent = False  # for new connections; what this one was asked is lost
        self.assertEqual((await self.soon(asking)).id, "a")


def isolate_by_default(test):
    """In sessions that begin from now on."""
    STORE.ask("ALTER ROLE tester SET default_transaction_isolation = 'repeatable read'")
    test.addCleanup(STORE.ask, "ALTER ROLE tester RESET default_transaction_isolation")


class OnlyPostgres(Case):
    def setUp(self):
        if STORE.name != "postgres":
            self.skipTest("of PostgreSQL")
        super().setUp()

    async def test_a_schema_of_something_else_is_refused(self):
        STORE.reset(self.folder)
        STORE.ask("CREATE SCHEMA eddy_jobs CREATE TABLE format (name text)")
        with self.assertRaisesRegex(eddy_jobs.FormatError, "not as jobs have it"):
            await self.soon(self.opened())

    async def test_a_schema_that_goes_meanwhile_is_told(self):
        jobs = await self.opened()
        await jobs.enqueue("resize", id="a")
        STORE.reset(self.folder)
        for ask in jobs.enqueue, jobs.get:
            with self.assertRaises(eddy_jobs.StoreMissing):
                await self.soon(ask("a"))
        self.eddy("enqueue", "resize", "--id", "b")
        self.assertEqual(((await jobs.get("b")).id, (await jobs.enqueue("resize")).was_there), ("b", False))

    async def test_what_the_server_ends_for_now_is_tried_again(self):
        jobs = await self.opened(STORE.url + "&statement_timeout=200")
        engine, refusals = jobs._engine, []  # pylint: disable=protected-access
        judge, again = engine._judge, asyncio.Event()  # pylint: disable=protected-access

        def note(error):
            refusals.append(error)
            if len(refusals) > 1:
                again.set()
            return judge(error)
        engine._judge = note  # pylint: disable=protected-access
        holder = await engine._driver.connect(STORE.url)  # pylint: disable=protected-access
        self.addAsyncCleanup(holder.close)
        async with holder.transaction():
            await holder.execute("LOCK TABLE eddy_jobs.queue, eddy_jobs.job IN ACCESS EXCLUSIVE MODE")
            enqueueing, waiting = asyncio.create_task(jobs.enqueue("resize", id="a")), asyncio.create_task(again.wait())
            done, _ = await asyncio.wait({enqueueing, waiting}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
            self.assertEqual(done, {waiting})
        self.assertEqual(await self.soon(enqueueing), ("a", False))
        self.assertEqual(refusals[0].sqlstate, "57014")

    async def test_a_default_isolation_that_is_another_one_changes_nothing(self):
        jobs = await self.opened()
        self.assertEqual(await self.soon(jobs.enqueue("resize", id="a")), ("a", False))
        async with jobs._engine._links.one() as session:  # pylint: disable=protected-access
            await session.connection.execute("SET default_transaction_isolation = 'serializable'")
        self.assertEqual(await self.soon(jobs.enqueue("resize", id="b")), ("b", False))
        isolate_by_default(self)
        await self.assert_job_is_done(await self.opened())

    async def test_a_password_may_have_what_ends_a_part_of_other_urls(self):
        jobs = await self.opened(f"postgres://tester:s3?c#r[e@/postgres?host={STORE.server.folder}")
        self.assertFalse((await jobs.enqueue("resize")).was_there)

    async def test_what_a_url_says_to_libpq_alone_is_passed_over(self):
        jobs = await self.opened(STORE.url + "&connect_timeout=5&keepalives=1&client_encoding=UTF8&application_name=mine")
        self.assertFalse((await jobs.enqueue("resize")).was_there)
        self.assertIn("mine", STORE.ask("SELECT application_name FROM pg_stat_activity"))


class Pooled(Case):
    """pgbouncer in transaction mode between: no session is one's own."""

    def setUp(self):
        program = shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin")
        if STORE.name != "postgres" or not program:
            self.skipTest("of PostgreSQL with pgbouncer")
        super().setUp()
        folder = os.path.join(STORE.server.folder, "pooler")
        os.makedirs(folder, exist_ok=True)
        os.chmod(folder, 0o777)
        settings = os.path.join(folder, "pooler.ini")
        with open(settings, "w", encoding="ascii") as file:
            file.write(f"[databases]\npostgres = host={STORE.server.folder} user=tester\n[pgbouncer]\nlisten_port = 6432\nlisten_addr =\n"
                       f"unix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\n")
        pooler = subprocess.Popen([program, "-q", settings], stderr=subprocess.DEVNULL, cwd="/", **STORE.server.user)
        self.addCleanup(pooler.wait)
        self.addCleanup(pooler.kill)
        self.url = f"postgres:///postgres?host={folder}&port=6432&user=tester"
        with socket.socket(socket.AF_UNIX) as probe:  # it is there before it is listened at
            while probe.connect_ex(os.path.join(folder, ".s.PGSQL.6432")):
                time.sleep(0.01)

    async def test_a_default_isolation_that_is_another_one_changes_nothing(self):
        isolate_by_default(self)
        await self.assert_job_is_done(await self.opened(self.url))

    async def test_jobs_pass_through_a_pooler(self):
        jobs = await self.opened(self.url)
        added = await jobs.enqueue_many([eddy_jobs.Spec("copy", str(n), key="ada") for n in range(20)])
        waiting = [asyncio.create_task(jobs.wait(one.id)) for one in added]
        self.work("cat")
        self.assertEqual([job.check() for job in await self.soon(asyncio.gather(*waiting))], [b"%d" % n for n in range(20)])


if __name__ == "__main__":
    engine, EDDY = sys.argv[1:3]
    with contextlib.ExitStack() as stack:
        STORE = stores.start(engine, stack)
        program = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], exit=False)
    sys.exit(not program.result.wasSuccessful())
