"""Durable jobs from Python: to enqueue them and to await what becomes of them, in a store of eddy's (docs/jobs.md).

    async with eddy_jobs.open() as jobs:
        added = await jobs.enqueue("resize", {"file": "a.jpg"}, key="customer 7")
        job = await jobs.wait(added.id)
        print(job.state, job.result)

The work itself is a worker's: `eddy jobs work --exec PROGRAM`, in any language. A store is an SQLite file, for which nothing else is needed,
Redis or Valkey, by redis-py, or PostgreSQL, by asyncpg. It has to be there already: `eddy jobs enqueue` and `eddy jobs work` make it.

A store belongs to the event loop that it was opened in. This file needs Python 3.10 and nothing of eddy's, and may be copied.
"""
import asyncio
import contextlib
import dataclasses
import datetime
import hashlib
import importlib
import json
import math
import os
import re
import secrets
import socket
import sqlite3
import struct
import time
import typing
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

__all__ = ["open", "Jobs", "Spec", "Added", "Job", "JobsError", "InvalidJob", "StoreMissing", "StoreAway", "StoreFull", "FormatError",
           "JobNotFound", "JobFailed"]

# The formats of docs/jobs-format.md that this file knows.
SQLITE_FORMAT = 2
REDIS_FORMAT = 2
POSTGRES_FORMAT = 2

STATES = ("scheduled", "held", "ready", "running", "done", "dead", "cancelled")
FINISHED = ("done", "dead", "cancelled")


class JobsError(Exception):
    """A store refused, or is broken; and whatever else goes wrong here."""


class InvalidJob(JobsError, ValueError):
    """A name, a number or a payload is not what a job may have."""


class StoreMissing(JobsError):
    """There is no store of jobs there."""


class StoreAway(JobsError):
    """The store could not be reached in time. What was sent may have been done or not."""


class StoreFull(JobsError):
    """The store has no room."""


class FormatError(JobsError):
    """The store is of a version that this file does not know, or is none of jobs."""


class JobNotFound(JobsError, LookupError):
    """There is no such job, or no longer."""


class JobFailed(JobsError):
    """A job is dead or cancelled: `job`."""

    def __init__(self, job):
        super().__init__(f"job {job.id} is {job.state}" + (f": {job.error}" if job.error else ""))
        self.job = job


class _Passing(Exception):
    """It did not work now, and may do so later; `is_beginning`: the server says that it will."""

    def __init__(self, why, is_beginning=False):
        super().__init__(str(why) or type(why).__name__)
        self.is_beginning = is_beginning


# What is enqueued.

@dataclasses.dataclass
class Spec:
    """What is to be done, and how. Names are 1 to 100 bytes of UTF-8 without control characters; durations are seconds or a timedelta."""
    kind: str                # which handler does it
    payload: object = b""    # bytes; a str, as UTF-8; None: none; anything else as JSON. At most 16 MiB
    _: dataclasses.KW_ONLY
    queue: str = "default"
    id: str | None = None    # 1 to 127 bytes; None: a new one. Where such a job is there already nothing is added
    key: str | None = None   # of all jobs with this key one runs at a time, in the order they were enqueued
    unique: str | None = None  # where a job with this one is not finished yet, nothing is added
    unique_for: object = 0   # and for so long since that was enqueued, finished or not
    delay: object = 0        # not before this has passed
    at: object = None        # not before this moment: a datetime with a time zone, or seconds since 1970
    timeout: object = 0      # for each attempt; 0: none
    backoff: object = 0      # before the second attempt, doubled for each; 0: 10 s
    max_backoff: object = 0  # 0: 1 hour
    priority: int = 0        # -100 to 100; of a queue's jobs the higher come first
    attempts: int = 0        # how often it is tried at most; 0: 20
    yields_key: bool = False  # while it waits for its next attempt others with its key may run


class Added(typing.NamedTuple):
    """What became of a job that was to be enqueued."""
    id: str          # its own, or that of the one that was there
    was_there: bool  # nothing was added, since of its `id` or `unique` there is one


class _Ready(typing.NamedTuple):
    """A Spec that was checked, with what it left out; durations are nanoseconds, `at` microseconds since 1970."""
    id: str
    kind: str
    payload: bytes
    queue: str
    key: str | None
    unique: str | None
    unique_for: int
    delay: int
    at: int
    timeout: int
    backoff: int
    max_backoff: int
    priority: int
    attempts: int
    yields_key: bool
    has_own_id: bool


_LONGEST = 2**63 - 1
_PAYLOAD_MOST = 16 << 20
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
_MICROSECOND = datetime.timedelta(microseconds=1)
_LAST = datetime.datetime.max.replace(tzinfo=datetime.timezone.utc)


def _check_name(name, what, most=100):
    if not isinstance(name, str):
        raise InvalidJob(f"{what} is a str, and not {name!r}")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = -1
    if size < 0 or any(c < " " or "\x7f" <= c < "\xa0" for c in name):
        raise InvalidJob(f"{what} is UTF-8 without control characters")
    if not 1 <= size <= most:
        raise InvalidJob(f"{what} has 1 to {most} bytes, and not {size}")


def _bytes_of(payload):
    if payload is None:
        return b""
    if isinstance(payload, (bytes, bytearray, memoryview)):
        data = bytes(payload)
    else:
        try:
            text = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            data = text.encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidJob(f"a payload is bytes, a str or what JSON can say: {error}") from error
    if len(data) > _PAYLOAD_MOST:
        raise InvalidJob(f"a payload of {len(data)} bytes is larger than 16 MiB")
    return data


def _count_of(value, what, least, most):
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidJob(f"{what} {least} to {most}, and not {value!r}")
    return value


def _scaled(value, scale, what):
    """Seconds as a whole number of what a second has `scale` of."""
    if isinstance(value, datetime.timedelta):
        number = value // _MICROSECOND * scale // 1_000_000
    elif isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        number = round(value * scale)
    else:
        raise InvalidJob(f"{what} is seconds or a timedelta, and not {value!r}")
    if number < 0:
        raise InvalidJob("a job's time is less than 0")
    if number > _LONGEST:
        raise InvalidJob(f"{what} is too long: {value!r}")
    return number


def _moment_of(at):
    if at is None:
        return 0
    if not isinstance(at, datetime.datetime):
        moment = _scaled(at, 1_000_000, "a moment")
        if moment > (_LAST - _EPOCH) // _MICROSECOND:
            raise InvalidJob(f"a moment is not after the year 9999, as {at!r} is")
        return moment
    if at.utcoffset() is None:  # which clock it is of nobody knows
        raise InvalidJob("a moment needs a time zone, as datetime.now(timezone.utc) has one")
    return max((at - _EPOCH) // _MICROSECOND, 1)


def _make_id():
    """RFC 9562's version 7: in the order of their making, and never twice."""
    number = time.time_ns() // 1_000_000 << 80 | secrets.randbits(80)
    number = number & ~(0xf << 76) | 0x7 << 76
    digits = f"{number & ~(0x3 << 62) | 0x2 << 62:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _prepare(spec):
    if not isinstance(spec, Spec):
        raise InvalidJob(f"what is enqueued is a Spec, and not {spec!r}")
    _check_name(spec.kind, "a job's kind")
    _check_name(spec.queue, "a queue's name")
    for name, what, most in ((spec.id, "a job's id", 127), (spec.key, "a job's key", 100), (spec.unique, "a job's unique name", 100)):
        if name is not None:
            _check_name(name, what, most)
    durations = {name: _scaled(getattr(spec, name), 1_000_000_000, name)
                 for name in ("unique_for", "delay", "timeout", "backoff", "max_backoff")}
    at = _moment_of(spec.at)
    if durations["delay"] and at:
        raise InvalidJob("a job has a delay or a moment, not both")
    if durations["unique_for"] and spec.unique is None:
        raise InvalidJob("unique_for needs a unique name")
    durations["backoff"] = durations["backoff"] or 10_000_000_000
    durations["max_backoff"] = durations["max_backoff"] or 3_600_000_000_000
    return _Ready(id=_make_id() if spec.id is None else spec.id, kind=spec.kind, payload=_bytes_of(spec.payload), queue=spec.queue,
                  key=spec.key, unique=spec.unique, at=at, priority=_count_of(spec.priority, "a priority is", -100, 100),
                  attempts=_count_of(spec.attempts, "attempts are", 0, 1_000_000) or 20, yields_key=bool(spec.yields_key),
                  has_own_id=spec.id is not None, **durations)


# What is seen.

@dataclasses.dataclass(frozen=True)
class Job:
    """All that the store knows of a job. Durations are seconds; moments are datetimes in UTC, or None."""
    id: str
    kind: str
    queue: str
    state: str  # one of STATES
    payload: bytes
    result: bytes | None
    key: str | None
    unique: str | None
    worker: str | None  # who has it, or had it last
    note: str | None    # what its handler said last of its progress
    progress: float | None
    history: str        # what happened to it, a line each: MICROSECONDS ATTEMPT WHAT TEXT
    created: datetime.datetime
    due: datetime.datetime
    started: datetime.datetime | None
    finished: datetime.datetime | None
    lease: datetime.datetime | None
    timeout: float
    backoff: float
    max_backoff: float
    priority: int
    attempt: int
    attempts: int
    is_cancelling: bool
    yields_key: bool

    @property
    def is_finished(self):
        """It is done, dead or cancelled."""
        return self.state in FINISHED

    @property
    def error(self):
        """Why the newest attempt that failed did so; None: none has, or it was cancelled since."""
        for line in reversed(self.history.split("\n")[:-1]):  # a text may have other ends of lines in it
            _, _, what, *text = line.split(" ", 3)
            if what == "cancelled":
                return None
            if what == "failed":
                return "".join(text)
            if what == "lost":
                return "its worker was lost: " + "".join(text)
        return None

    def check(self):
        """The result of a job that is done; raises JobFailed where it is dead or cancelled."""
        if self.state not in FINISHED:
            raise JobsError(f"job {self.id} is not finished, but {self.state}")
        if self.state != "done":
            raise JobFailed(self)
        return self.result

    def json(self):
        """The result of a job that is done, read as JSON."""
        return json.loads(self.check() or b"null")


def _when(microseconds):
    if not microseconds:
        return None
    return _EPOCH + min(datetime.timedelta(microseconds=microseconds), _LAST - _EPOCH)


def _job(row, per_second):
    """A Job of a row's columns by name, whose durations are of so many a second."""
    moments = {name: _when(row[name]) for name in ("created", "due", "started", "finished", "lease")}
    durations = {name: row[name] / per_second for name in ("timeout", "backoff", "max_backoff")}
    progress = row["progress"] if row["progress"] >= 0 else None
    flags = {name: bool(row[name]) for name in ("is_cancelling", "yields_key")}
    return Job(**{**row, **moments, **durations, **flags, "progress": progress, "state": STATES[row["state"]]})


_COLUMNS = ("id, kind, queue, state, payload, result, key, %s AS \"unique\", worker, note, progress, history, created, due, started, finished, lease, "
            "timeout, backoff, max_backoff, priority, attempt, attempts, is_cancelling, yields_key")


# What the stores have in common.

_NOT_OPEN = "the store of jobs is not open"
_MAKE = "`eddy jobs enqueue`, or a worker (`eddy jobs work`), makes it when it is used first"


def _refuse_format(what, found, known):
    needed = "a newer one is needed" if found > known else "`eddy jobs migrate` brings it up to that, or else an older one is needed"
    return FormatError(f"{what} is of version {found} of its format, and this eddy_jobs.py knows version {known}: {needed}")


async def _within(seconds, coroutine):
    """As asyncio.wait_for(), which before Python 3.12 may lose that its caller was cancelled. Raises _Passing."""
    task = asyncio.ensure_future(coroutine)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})
        if not task.cancelled():
            task.exception()  # where the caller was cancelled nobody else looks at it
    if task.cancelled():
        raise _Passing(f"no answer within {seconds:.3g} s")
    return task.result()


class _Links:
    """Connections to a server, made when they are wanted. One on which anything failed is not used again: what it says next might be the
    answer to something else."""

    def __init__(self, connect, close, most=4):
        self._connect, self._close = connect, close
        self._free = []
        self._room = asyncio.Semaphore(most)
        self._is_closed = False

    @contextlib.asynccontextmanager
    async def one(self):
        async with self._room:
            link = self._free.pop() if self._free else await self._connect()
            try:
                yield link
            except BaseException as error:
                self._close(link)
                if isinstance(error, Exception):  # when one is lost the others usually are
                    self._close_free()
                raise
            self._free.append(link)
            if self._is_closed:
                self._close_free()

    def _close_free(self):
        while self._free:
            self._close(self._free.pop())

    def close(self):
        self._is_closed = True
        self._close_free()


class _Engine:
    """A store of one kind. Each of its functions tries once: _Passing says that it may be tried again, which is safe for all of them."""

    def __init__(self):
        self.waiting = {}  # events of those who wait, by the id of the job
        self.is_closed = False
        self._listener = None
        self._has_tried = asyncio.Event()
        self._is_wanted = asyncio.Event()

    def share(self, patience):
        """How long one attempt may take."""
        return patience

    async def listen(self):
        """Hear of jobs that are finished, from when this returns on; unless that cannot be had now."""
        self._is_wanted.set()
        if self._listener is None:
            self._listener = asyncio.create_task(self._keep_listening())
        await self._has_tried.wait()

    async def _keep_listening(self):
        pause = 0.1
        while True:
            began = time.monotonic()
            with contextlib.suppress(Exception):  # who waits looks now and then, too
                await self._hear()
            self._has_tried.set()
            pause = min(2 * pause, 5) if time.monotonic() - began < 5 else 0.1
            await asyncio.sleep(pause)

    async def _hear(self):
        """Until it is lost: set _has_tried and call hint() when it is there, then with each id; or without one where some were missed."""
        raise NotImplementedError

    def hint(self, job_id=None):
        for events in self.waiting.values() if job_id is None else (self.waiting.get(job_id, ()),):
            for event in events:
                event.set()

    async def close(self):
        self.is_closed = True
        if self._listener:
            self._listener.cancel()
            await asyncio.wait({self._listener})
        self._has_tried.set()
        self.hint()  # who still waits is told that it is closed


# SQLite.

_SQLITE_APPLICATION = 1701077113
_SQLITE_PAUSE = (0.005, 0.05)  # seconds between two looks for others' commits, while somebody waits: at first, and at last


class _Lane:
    """A connection with a thread of its own."""

    def __init__(self, path, patience):
        self._thread = ThreadPoolExecutor(1, "eddy_jobs")
        self._path, self._patience, self._db = path, patience, None
        self._is_closed = False

    async def run(self, function, *args):
        if self._is_closed:
            raise JobsError(_NOT_OPEN)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, function, args)
        except sqlite3.Error as error:
            kind = StoreAway if "locked" in str(error) else StoreFull if "is full" in str(error) else JobsError
            raise kind(f"{self._path}: {error}") from error

    def _run(self, function, args):
        if self._db is None:
            if not os.path.exists(self._path):
                raise StoreMissing(f"{self._path}: there is no store of jobs yet; {_MAKE}")
            url = f"file://{urllib.parse.quote(os.path.abspath(self._path))}?mode=rw"
            self._db = sqlite3.connect(url, uri=True, timeout=min(self._patience, 2_000_000), isolation_level=None)
            self._db.text_factory = lambda data: data.decode(errors="replace")
            self._db.execute("PRAGMA synchronous = FULL")
        return function(self._db, *args)

    def _close(self):
        if self._db is not None:
            self._db.close()

    async def close(self):
        self._is_closed = True
        closing = asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)
        await closing


class _Sqlite(_Engine):
    def __init__(self, url, _prefix, patience):
        super().__init__()
        self._path = url.removeprefix("sqlite:")
        if not self._path:
            raise JobsError("a file is missing: sqlite:FILE")
        self._writer, self._reader = _Lane(self._path, patience), _Lane(self._path, patience)
        self._version = None

    async def open(self):
        await self._reader.run(self._check)

    def _check(self, db):
        def ask(sql):
            return db.execute(sql).fetchone()[0]
        if (version := ask("PRAGMA user_version")) == SQLITE_FORMAT and ask("PRAGMA application_id") == _SQLITE_APPLICATION:
            return
        if ask("PRAGMA application_id") == _SQLITE_APPLICATION and version > 0:
            raise _refuse_format(self._path, version, SQLITE_FORMAT)
        if ask("SELECT count(*) FROM sqlite_master") == 0:
            raise StoreMissing(f"{self._path}: there is no store of jobs yet; {_MAKE}")
        raise FormatError(f"{self._path} is an SQLite file of something else")

    async def enqueue(self, jobs):
        return await self._writer.run(self._enqueue, jobs)

    def _enqueue(self, db, jobs):
        db.execute("BEGIN IMMEDIATE")
        try:
            self._check(db)
            now = time.time_ns() // 1000
            db.executemany("INSERT INTO queues (name) VALUES (?) ON CONFLICT DO NOTHING", {(job.queue,) for job in jobs})
            there = [self._add(db, job, now) for job in jobs]
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        return there

    @staticmethod
    def _add(db, job, now):
        """None, or the id of the job that was there."""
        if db.execute("SELECT 1 FROM jobs WHERE id = ?", (job.id,)).fetchone():
            return job.id
        owner = db.execute("SELECT id, seq, state >= 4 AND unique_until <= ? FROM jobs WHERE uniq = ? AND has_unique = 1",
                           (now, job.unique)).fetchone() if job.unique is not None else None
        if owner and not owner[2]:
            return owner[0]
        if owner:
            db.execute("UPDATE jobs SET has_unique = 0 WHERE seq = ?", (owner[1],))
        due = max(job.at or now + job.delay // 1000, now)
        is_held = job.key is not None and db.execute("SELECT 1 FROM jobs WHERE key = ? AND has_turn = 1", (job.key,)).fetchone()
        state = "scheduled" if due > now else "held" if is_held else "ready"
        db.execute(
            "INSERT INTO jobs (id, kind, queue, state, priority, payload, key, has_turn, yields_key, uniq, has_unique, unique_until, attempts,"
            " timeout, backoff, max_backoff, created, due) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (job.id, job.kind, job.queue, STATES.index(state), job.priority, job.payload, job.key, state == "ready" and job.key is not None,
             job.yields_key, job.unique, job.unique is not None, now + job.unique_for // 1000 if job.unique is not None else 0, job.attempts,
             job.timeout // 1000, job.backoff // 1000, job.max_backoff // 1000, now, due))
        return None

    async def get(self, job_id):
        return await self._reader.run(self._get, job_id)

    def _get(self, db, job_id):
        self._check(db)
        cursor = db.execute(f"SELECT {_COLUMNS % 'uniq'} FROM jobs WHERE id = ?", (job_id,))
        row = cursor.fetchone()
        return _job({name[0]: value for name, value in zip(cursor.description, row)}, 1_000_000) if row else None

    async def follow(self, job_id):
        await self.listen()

    async def _hear(self):
        pause, most = _SQLITE_PAUSE
        while True:
            if not self.waiting:  # nobody wants to know
                self._is_wanted.clear()
                await self._is_wanted.wait()
            ended = await self._reader.run(self._look, list(self.waiting))
            for job_id in ended or ():
                self.hint(job_id)
            self._has_tried.set()
            pause = _SQLITE_PAUSE[0] if ended is not None else min(2 * pause, most)
            await asyncio.sleep(pause)

    def _look(self, db, ids):
        """Which of them are finished or gone; None where others have changed nothing since."""
        version = db.execute("PRAGMA data_version").fetchone()[0]
        if version == self._version:
            return None
        self._version = version
        return [job_id for job_id in ids if not db.execute("SELECT 1 FROM jobs WHERE id = ? AND state < 4", (job_id,)).fetchone()]

    async def close(self):
        await super().close()
        await self._writer.close()
        await self._reader.close()


# Servers.

def _driver(module, package):
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise JobsError(f"a store of this kind needs the package {package}: {error}") from error


def _split(url):
    """A URL's scheme, who is named and what is behind the "@". A "/" ends who is named, and neither "?" nor "#" does, as in C."""
    scheme, mark, rest = url.partition("://")
    end = rest.partition("/")[0].find("@") + 1
    return scheme + mark, rest[:end], rest[end:]


def _quoted(url):
    """As the drivers take it, for whom a password ends at more characters."""
    scheme, who, rest = _split(url)
    return scheme + re.sub(r"[?#\[\]]", lambda match: "%%%02X" % ord(match[0]), who) + rest


class _Server(_Engine):
    def __init__(self):
        super().__init__()
        self._links = _Links(self._connect, self._disconnect)
        self._leaving = set()

    def share(self, patience):
        return max(patience / 3, 2)  # so that a connection that is silent is given up for a new one

    async def _connect(self):
        raise NotImplementedError

    async def _leave(self, link):
        raise NotImplementedError

    def _disconnect(self, link):
        async def leave():
            with contextlib.suppress(Exception):
                await _within(1, self._leave(link))
        task = asyncio.ensure_future(leave())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self):
        await super().close()
        self._links.close()
        if self._leaving:
            await asyncio.wait(self._leaving)


# What Redis answers for now, and what it answers for want of room: by redis-py's classes, or within a script's error.
_REDIS_PASSING = re.compile(r"\b(LOADING|BUSY|READONLY|MASTERDOWN|NOREPLICAS|MISCONF|CLUSTERDOWN|TRYAGAIN)\b|"
                            r"^(BusyLoading|ReadOnly|MasterDown|ClusterDown|TryAgain)Error")
_REDIS_FULL = re.compile(r"\bOOM\b|^OutOfMemoryError")
_REDIS_RECORD = struct.Struct("<BHxxBIIIqqqqqqBBBBBBI")
_REDIS_OPTIONS = "20 0 10000000 3600000000 0"
_REDIS_SCRIPTS = ("enqueue", "follow", "get")


def _rounded_up(nanoseconds):
    return -(-nanoseconds // 1000)


class _Redis(_Server):
    def __init__(self, url, prefix, _patience):
        super().__init__()
        asynchronous, driver = (_driver(name, "redis (redis-py)") for name in ("redis.asyncio", "redis"))
        self._errors = driver.exceptions
        options = {"protocol": 2} if int(driver.__version__.split(".", maxsplit=1)[0]) >= 5 else {}
        try:
            self._pool = asynchronous.ConnectionPool.from_url(
                _quoted(url), socket_keepalive=True, decode_responses=False, **options,
                # A server that is gone without a word is noticed within half a minute.
                socket_keepalive_options={socket.TCP_KEEPIDLE: 15, socket.TCP_KEEPINTVL: 5, socket.TCP_KEEPCNT: 3})
        except ValueError as error:
            raise JobsError(f"a URL is wrong: {error}") from error
        self._tag = "{%s}" % prefix
        self._scripts = {}

    async def _connect(self, hears=False):
        link = self._pool.make_connection()
        if hears:
            link.socket_timeout = None  # silence is no fault then, for which redis-py takes 5 s of it from version 8 on
        try:
            await link.connect()
        except BaseException:
            self._disconnect(link)
            raise
        return link

    async def _leave(self, link):
        await link.disconnect()

    async def _command(self, *words):
        with self._judged():
            async with self._links.one() as link:
                await link.send_command(*words)
                return await link.read_response()

    async def _run(self, script, *args):
        text, digest = self._scripts[script]
        with self._judged():
            async with self._links.one() as link:
                try:
                    await link.send_command("EVALSHA", digest, 1, self._tag, *args)
                    return await link.read_response()
                except self._errors.NoScriptError:
                    await link.send_command("EVAL", text, 1, self._tag, *args)
                    return await link.read_response()

    @contextlib.contextmanager
    def _judged(self):
        try:
            yield
        except (self._errors.RedisError, OSError, EOFError) as error:
            raise self._judge(error) from error

    def _judge(self, error):
        text = f"{type(error).__name__}: {error}"
        if found := re.search(r"JOBSFORMAT (\d+)", text):
            return _refuse_format("the store", int(found[1]), REDIS_FORMAT)
        if _REDIS_PASSING.search(text):
            return _Passing(text, is_beginning=True)
        if _REDIS_FULL.search(text):
            return StoreFull(f"Redis refused: {error}")
        if isinstance(error, self._errors.AuthenticationError):
            return JobsError(f"Redis refused: {error}")
        if isinstance(error, (self._errors.ConnectionError, self._errors.TimeoutError, OSError, EOFError)):
            return _Passing(error)
        return JobsError(f"Redis refused: {error}")

    async def open(self):
        found = await self._command("GET", self._tag + ":format")
        if found is None:
            raise StoreMissing(f"Redis has no store of jobs with the prefix {self._tag[1:-1]} yet; {_MAKE}")
        if found != b"%d" % REDIS_FORMAT:
            raise _refuse_format("the store", int(found) if found.isdigit() else 0, REDIS_FORMAT)
        texts = await self._command("HMGET", self._tag + ":scripts", *_REDIS_SCRIPTS)
        if None in texts:
            raise JobsError("the store in Redis was made by an eddy that kept no scripts there: run `eddy jobs stats` of a newer one once")
        for name, text in zip(_REDIS_SCRIPTS, texts):
            self._scripts[name] = text, hashlib.sha1(text, usedforsecurity=False).hexdigest()

    async def enqueue(self, jobs):
        if len(jobs) > 99_999:
            raise InvalidJob("more than Redis takes in one command")
        args = []
        for job in jobs:
            when = f"+{_rounded_up(job.delay)}" if job.delay else job.at or ""
            options = " ".join(str(n) for n in (job.attempts, *map(_rounded_up, (job.timeout, job.backoff, job.max_backoff)), +job.yields_key))
            args += (job.id, job.kind, job.queue, job.payload, job.key or "", job.unique or "", job.priority, when,
                     _rounded_up(job.unique_for) or "", "" if options == _REDIS_OPTIONS else options)
        return [there and there.decode() for there in await self._run("enqueue", *args)]

    async def get(self, job_id):
        cells = await self._run("get", job_id)
        if cells is None:
            return None
        _, record, payload, result, history, progress, note, lease = cells
        state, flags, _, _, _, attempt, place, due, created, _, begun, ended, *sizes, payload_size = _REDIS_RECORD.unpack_from(record)
        texts, at = [], _REDIS_RECORD.size
        for size in (*sizes[:5], payload_size, sizes[5], len(record)):
            texts.append(record[at:at + size])
            at += size
        queue, key, unique, kind, options, inside, holder, behind = texts
        attempts, timeout, backoff, max_backoff, yields_key = map(int, (options.decode() or _REDIS_OPTIONS).split())

        def text(data):
            return data.decode(errors="replace") if data else None
        return _job({"id": job_id, "kind": text(kind), "queue": text(queue), "state": state, "payload": inside if payload is None else payload,
                     "result": result if result is not None else behind if flags & 64 else None, "key": text(key), "unique": text(unique),
                     "worker": text(holder.split(b"\n")[0]), "note": text(note), "progress": -1 if progress is None else float(progress),
                     "history": text(history) or "", "created": created, "due": due, "started": begun, "finished": ended,
                     "lease": int(float(lease or 0)), "timeout": timeout, "backoff": backoff, "max_backoff": max_backoff,
                     "priority": -(place >> 44), "attempt": attempt, "attempts": attempts, "is_cancelling": state == 3 and flags & 32,
                     "yields_key": yields_key}, 1_000_000)

    async def follow(self, job_id):
        await self.listen()
        await self._run("follow", job_id)

    async def _hear(self):
        link = await _within(10, self._connect(hears=True))
        try:
            await link.send_command("SUBSCRIBE", self._tag + ":finished")
            await _within(10, link.read_response())
            self._has_tried.set()
            self.hint()
            while True:
                message = await link.read_response()
                if message[0] == b"message":
                    self.hint(message[2].decode())
        finally:
            self._disconnect(link)


# What of a URL is libpq's, and neither asyncpg's nor the server's.
_LIBPQ_ONLY = ("connect_timeout", "client_encoding", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
               "tcp_user_timeout", "fallback_application_name", "gssencmode", "channel_binding", "sslcompression", "requirepeer", "sslsni")
# SQLSTATEs, or what they begin with, as of src/jobs/postgres/error.c: another one was first, or a session has lost what it had prepared; it passes;
# and somebody may have migrated the schema.
_POSTGRES_PASSING = ("40001", "40P01", "26000",
                     "08", "53000", "53200", "53300", "53400", "55P03", "57014", "57P", "58030", "25006", "25P03", "25P04")
_POSTGRES_OTHER_FORMAT = ("0A000", "3F000", "42703", "42883", "42P01", "P0002", "XX000")
_POSTGRES_POLL = 0.5  # seconds between two looks where nothing can be heard, because a pooler is between


@dataclasses.dataclass
class _Session:
    """A connection to PostgreSQL, or through a pooler, which lends sessions of the server for a transaction each."""
    connection: object
    is_direct: bool
    statements: dict = dataclasses.field(default_factory=dict)

    async def fetch(self, isolates, sql, *args):
        if isolates or not self.is_direct:
            async with self.connection.transaction(isolation="read_committed"):
                return await self.connection.fetch(sql, *args)
        if sql not in self.statements:
            self.statements[sql] = await self.connection.prepare(sql)
        return await self.statements[sql].fetch(*args)


class _Postgres(_Server):
    def __init__(self, url, prefix, _patience):
        super().__init__()
        self._driver = _driver("asyncpg", "asyncpg")
        scheme, who, rest = _split(_quoted(url))
        base, _, query = rest.partition("?")
        words = [word for word in query.split("&") if word and word.partition("=")[0] not in _LIBPQ_ONLY]
        if not any(word.startswith("application_name=") for word in words):
            words.append("application_name=eddy-jobs")
        self._url = scheme + who + base + "?" + "&".join(words)
        self._schema = prefix
        self._isolates = False  # transactions are not READ COMMITTED by themselves, as the functions need them
        # All go as texts: of other arrays asyncpg asks the server first what they are, which takes it up to a second for each connection.
        casts = ("", "", "::bytea[]", "", "", "", *["::bigint[]"] * 9)
        arguments = ", ".join(f"${n}::text[]{cast}" for n, cast in enumerate(casts, 1))
        self._enqueue = f"""WITH f AS MATERIALIZED (SELECT version FROM "{prefix}".format WHERE version = {POSTGRES_FORMAT})
            SELECT e.added_id, e.was_there FROM f, LATERAL "{prefix}".enqueue({arguments}, f.version < 0, {POSTGRES_FORMAT})
            WITH ORDINALITY AS e(added_id, was_there, n) ORDER BY e.n"""
        self._get = f"""SELECT version, {_COLUMNS % 'unique_name'} FROM "{prefix}".format LEFT JOIN "{prefix}".job
            ON id = $1"""

    async def _connect(self):
        connection = await self._driver.connect(self._url, statement_cache_size=0, timeout=10)
        try:
            async with connection.transaction():
                pid, isolation = await connection.fetchrow("SELECT pg_backend_pid(), current_setting('default_transaction_isolation')")
            self._isolates |= isolation != "read committed"
            return _Session(connection, pid == connection.get_server_pid())
        except BaseException:
            connection.terminate()
            raise

    async def _leave(self, link):
        await link.connection.close(timeout=0.5)

    async def _query(self, sql, *args):
        try:
            return await self._ask(sql, *args)
        except FormatError as error:
            await self.open()  # which says what is wrong
            # Or nothing is but the default isolation, which somebody has changed since that was looked at.
            self._isolates |= getattr(error.__cause__, "sqlstate", None) == "P0002"
            raise _Passing(error) from error

    async def _ask(self, sql, *args):
        try:
            async with self._links.one() as session:
                return await session.fetch(self._isolates, sql, *args)
        except (self._driver.PostgresError, self._driver.InterfaceError, OSError, EOFError, asyncio.TimeoutError, ValueError) as error:
            raise self._judge(error) from error

    def _judge(self, error):
        state = getattr(error, "sqlstate", None) or ""
        if state.startswith(_POSTGRES_OTHER_FORMAT):
            return FormatError(f"the schema {self._schema} is not as jobs have it: {error}")
        if state.startswith(_POSTGRES_PASSING):
            return _Passing(error, is_beginning=state == "57P03")
        if state == "53100":
            return StoreFull(f"PostgreSQL refused: {error}")
        if state or isinstance(error, ValueError):
            return JobsError(f"PostgreSQL refused: {error}" if state else f"a URL or a value is wrong: {error}")
        return _Passing(error)

    async def open(self):
        rows = await self._ask("SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND "
                               "c.relname = 'format'", self._schema)
        if not rows:
            raise StoreMissing(f"the database has no schema {self._schema} with jobs yet; {_MAKE}")
        self._check(await self._ask(f'SELECT version FROM "{self._schema}".format'))

    def _check(self, rows):
        if not rows or rows[0]["version"] != POSTGRES_FORMAT:
            raise _refuse_format(f"the schema {self._schema}", rows[0]["version"] if rows else 0, POSTGRES_FORMAT)

    async def enqueue(self, jobs):
        columns = [[job.id for job in jobs], [job.kind for job in jobs], ["\\x" + job.payload.hex() for job in jobs],
                   *([getattr(job, name) for job in jobs] for name in ("queue", "key", "unique")),
                   *([str(+getattr(job, name)) for job in jobs] for name in (
                       "unique_for", "delay", "at", "timeout", "backoff", "max_backoff", "priority", "attempts", "yields_key"))]
        rows = await self._query(self._enqueue, *columns)
        if not rows:
            await self.open()
            raise _Passing("the store changed its format")
        return [row["added_id"] if row["was_there"] else None for row in rows]

    async def get(self, job_id):
        rows = await self._query(self._get, job_id)
        self._check(rows)
        row = dict(rows[0])
        del row["version"]
        return _job(row, 1_000_000_000) if row["id"] is not None else None

    async def follow(self, job_id):
        await self.listen()
        await self._query(f'SELECT "{self._schema}".follow($1, {POSTGRES_FORMAT})', job_id)

    async def _hear(self):
        session = await _within(10, self._connect())
        lost = asyncio.Event()
        try:
            if not session.is_direct:
                await self._poll_instead()
            session.connection.add_termination_listener(lambda _: lost.set())
            await _within(10, session.connection.add_listener(self._schema, self._take))
            self._has_tried.set()
            self.hint()
            while not lost.is_set():
                with contextlib.suppress(_Passing):
                    await _within(30, lost.wait())
                await _within(10, session.connection.execute(""))
        finally:
            self._disconnect(session)

    async def _poll_instead(self):
        self._has_tried.set()
        while True:
            self._is_wanted.clear()
            self.hint()
            await asyncio.sleep(_POSTGRES_POLL)
            if not self.waiting:
                await self._is_wanted.wait()

    def _take(self, _connection, _pid, _channel, payload):
        if payload.startswith("f"):
            self.hint(payload[1:])


# The store as it is used.

_ENGINES = {"sqlite:": _Sqlite, "redis://": _Redis, "rediss://": _Redis, "postgres://": _Postgres, "postgresql://": _Postgres}


def _choose_url():
    state, home = os.environ.get("XDG_STATE_HOME", ""), os.environ.get("HOME", "")
    if os.environ.get("EDDY_JOBS"):
        return os.environ["EDDY_JOBS"]
    if state.startswith("/"):
        return f"sqlite:{state}/eddy/jobs.db"
    if home.startswith("/"):
        return f"sqlite:{home}/.local/state/eddy/jobs.db"
    raise JobsError("no store of jobs is named, and there is no home folder for one: set EDDY_JOBS")


def _without_password(url):
    scheme, who, rest = _split(url)
    if not scheme.endswith("://"):
        return url
    place, slash, path = rest.partition("?")[0].partition("/")
    more, at, host = place.rpartition("@")  # of a password whose "@" is no "%40"
    who += more + at
    return scheme + who[:-1].partition(":")[0] + who[-1:] + host + slash + path


class Jobs:
    """An open store, as open() gives it."""

    def __init__(self, url, prefix, patience, poll):
        if not re.fullmatch("[A-Za-z0-9_]{1,40}", prefix):
            raise JobsError("a prefix has 1 to 40 letters, digits and _ alone")
        if not 0 < patience < math.inf or not 0 < poll < math.inf:
            raise JobsError("patience and poll are seconds, more than 0")
        url = _choose_url() if url is None else url
        engine = next((engine for begin, engine in _ENGINES.items() if url.startswith(begin)), None)
        if engine is None:
            raise JobsError("no store of jobs: it begins with sqlite:, redis://, rediss://, postgres:// or postgresql://")
        self.url = _without_password(url)  # which store it is, without a password
        self._make, self._engine = (lambda: engine(url, prefix, patience)), None
        self._patience, self._poll, self._loop = patience, poll, None

    async def _open(self):
        if self._engine is not None:
            raise JobsError("the store is open already")
        self._engine, self._loop = self._make(), asyncio.get_running_loop()
        try:
            await self._patiently("open", is_first=True)
        except BaseException:
            await self.close()
            raise
        return self

    def __await__(self):
        return self._open().__await__()

    async def __aenter__(self):
        return await self._open()

    async def __aexit__(self, *_):
        await self.close()

    async def close(self):
        """Give back what the store has open, when nobody uses it any more."""
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.close()

    def _opened(self):
        if self._engine is None:
            raise JobsError(_NOT_OPEN)
        if asyncio.get_running_loop() is not self._loop:
            raise JobsError("the store of jobs belongs to another event loop: open one in each")
        return self._engine

    async def _patiently(self, name, *args, is_first=False):
        """What the engine's function of that name gives, tried again for as long as it is only passing that it fails."""
        loop, engine = asyncio.get_running_loop(), self._opened()
        end, pause, most = loop.time() + self._patience, 0.05, engine.share(self._patience)
        while True:
            try:
                return await _within(max(min(end - loop.time(), most), 0.01), getattr(engine, name)(*args))
            except _Passing as why:
                if loop.time() + pause > end or (is_first and not why.is_beginning):
                    raise StoreAway(f"{self.url} cannot be reached: {why}") from why
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2)
            if engine.is_closed:
                raise JobsError(_NOT_OPEN)

    async def enqueue(self, kind, payload=b"", **options):
        """Enqueue a job, as Spec says: once this has returned the store has it. What it gives is an Added. Where it raises StoreAway, or is
        cancelled, nobody knows; a job with an `id` of one's own is simply enqueued again."""
        return (await self.enqueue_many([Spec(kind, payload, **options)]))[0]

    async def enqueue_many(self, specs):
        """Enqueue many in one round trip: all, or where this raises none. Gives an Added for each, in order."""
        jobs = [_prepare(spec) for spec in specs]
        if not jobs:
            return []
        there = await self._patiently("enqueue", jobs)
        # One whose id was made here can only be there because this very call was repeated.
        return [Added(found or job.id, found is not None and (found != job.id or job.has_own_id)) for job, found in zip(jobs, there)]

    async def get(self, job_id):
        """A Job; raises JobNotFound where there is none, or it has been swept."""
        _check_name(job_id, "a job's id", 127)
        job = await self._patiently("get", job_id)
        if job is None:
            raise JobNotFound(f"there is no job {job_id}")
        return job

    async def wait(self, job_id):
        """Wait until a job is done, dead or cancelled: the Job, whose check() gives its result or raises JobFailed. Raises JobNotFound
        where there is none, or no longer. To be bounded with asyncio.timeout() or wait_for()."""
        _check_name(job_id, "a job's id", 127)
        engine, event = self._opened(), asyncio.Event()
        engine.waiting.setdefault(job_id, set()).add(event)
        try:
            await self._patiently("follow", job_id)
            while not (job := await self.get(job_id)).is_finished:
                with contextlib.suppress(_Passing):
                    await _within(self._poll, event.wait())
                event.clear()
            return job
        finally:
            engine.waiting[job_id].discard(event)
            if not engine.waiting[job_id]:
                del engine.waiting[job_id]


def open(url=None, *, prefix="eddy_jobs", patience=30.0, poll=5.0):  # pylint: disable=redefined-builtin
    """A store, to be entered with `async with`, or awaited and closed with close().

    url       "sqlite:FILE", "redis://…", "rediss://…", "postgres://…"; None: what EDDY_JOBS says, else the user's own file, as `eddy jobs` has it
    prefix    of its keys in Redis, and its schema in PostgreSQL
    patience  seconds for which a call waits for a store that is away, before it raises StoreAway. What is not there at first is not waited for
    poll      seconds after which who waits looks by itself, in case nothing was heard
    """
    return Jobs(url, prefix, patience, poll)
