"""Stores of each kind that the tests of python/eddy_jobs.py start for themselves, and a proxy before them that loses connections."""
import asyncio
import contextlib
import importlib.util
import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "python")]

from servers import free_port, postgres_server, redis_server, skip  # pylint: disable=wrong-import-position

if sys.version_info < (3, 10):
    skip("Python before 3.10")


def need(module, package):
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:  # a folder of the tests that is called so
        skip("no " + package)


def since(created, **moments):
    """How long after that they are; 0: none. Those of 1970 and of 2033 are as they were given."""
    return {name: moment and (moment if moment in (1_000_000, 2_000_000_000_000_000) else moment - created) for name, moment in moments.items()}


class Proxy:
    """Passes connections on, until it is told otherwise."""

    def __init__(self, connect):
        self._connect = connect
        self._tasks, self._writers = set(), set()
        self._server = None
        self.is_silent = False  # nothing passes any more, and nobody is told
        self.losing = None      # what is answered to a request with these bytes in it is lost, and its connection

    async def start(self, listen):
        self._server = await listen(self._pass)

    async def _pass(self, reader, writer):
        try:
            server_reader, server_writer = await self._connect()
        except OSError:
            writer.close()
            return
        self._writers |= {writer, server_writer}
        losing = []
        await asyncio.gather(self._copy(reader, server_writer, losing, True), self._copy(server_reader, writer, losing, False))
        self._writers -= {writer, server_writer}

    async def _copy(self, reader, writer, losing, is_request):
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                if self.is_silent:
                    continue
                if is_request and self.losing and self.losing in data:
                    losing.append(self.losing)
                    self.losing = None
                elif not is_request and losing:
                    break
                writer.write(data)
                await writer.drain()
        if losing:
            self.cut()
        writer.close()

    def cut(self):
        """Every connection that there is."""
        for writer in self._writers:
            writer.transport.abort()

    def refuse(self):
        """And take no new ones."""
        self._server.close()
        self.cut()

    async def close(self):
        self.refuse()
        while self._writers:
            await asyncio.sleep(0.001)


class Sqlite:
    """An SQLite file."""
    name = "sqlite"
    server = None

    def reset(self, folder):
        self.path = os.path.join(folder, "jobs.db")
        self.url = "sqlite:" + self.path

    def opened(self):
        db = sqlite3.connect(self.path, timeout=30, isolation_level=None)
        db.row_factory = sqlite3.Row
        return db

    def ask(self, sql, *args):
        with contextlib.closing(self.opened()) as db:
            return [dict(row) for row in db.execute(sql, args)]

    def stored(self, job_id):
        """A job as it is stored, without what is its own."""
        job = self.ask("SELECT * FROM jobs WHERE id = ?", job_id)[0]
        created = job.pop("created")
        return {**job, "seq": 0, "id": "", **since(created, due=job["due"], unique_until=job["unique_until"])}

    def set_format(self, version):
        self.ask(f"PRAGMA user_version = {version}")


class Redis:
    """A Redis server, or Valkey."""
    name = "redis"

    def __init__(self, stack):
        need("redis", "redis-py (python3-redis)")
        self.server = stack.enter_context(redis_server())
        self.url = f"redis://127.0.0.1:{self.server.port}/0"
        self.port_before = free_port()

    def reset(self, _folder):
        self.server.command("FLUSHALL")

    def stored(self, job_id):
        """As above, by a tool that is nobody's of eddy."""
        record = subprocess.run(["redis-cli", "-p", str(self.server.port), "GET", "{eddy_jobs}:job:" + job_id], capture_output=True,
                                check=True).stdout[:-1]
        place, due, created, until = (int.from_bytes(record[at:at + 8], "little", signed=True) for at in (18, 26, 34, 42))
        return record[:18], place >> 44, since(created, due=due, until=until), record[50:]

    def set_format(self, version):
        self.server.command("SET", "{eddy_jobs}:format", str(version))

    def connect(self):
        return asyncio.open_connection("127.0.0.1", self.server.port)

    async def put_before(self, proxy, _folder):
        """The URL that leads through it."""
        await proxy.start(lambda pass_on: asyncio.start_server(pass_on, "127.0.0.1", self.port_before))
        return f"redis://127.0.0.1:{self.port_before}/0"


class Postgres:
    """A PostgreSQL server, reached by its UNIX socket."""
    name = "postgres"

    def __init__(self, _stack):
        need("asyncpg", "asyncpg (python3-asyncpg)")
        self.server = postgres_server()
        self.url = f"postgres:///postgres?host={self.server.folder}&user=tester"

    def ask(self, sql):
        return subprocess.run([self.server.programs / "psql", "-qtA", "-h", self.server.folder, "-U", "tester", "-c", sql, "postgres"],
                              capture_output=True, check=True, text=True, cwd="/").stdout

    def reset(self, _folder):
        self.ask("SET client_min_messages = error; DROP SCHEMA IF EXISTS eddy_jobs CASCADE")

    def stored(self, job_id):
        job = json.loads(self.ask(f"SELECT row_to_json(j) FROM eddy_jobs.job j WHERE id = '{job_id}'"))
        until = self.ask(f"SELECT until FROM eddy_jobs.unique_name WHERE id = '{job_id}'").strip()
        created = job.pop("created")
        return {**job, "seq": 0, "id": "", **since(created, due=job["due"], until=int(until or 0))}

    def set_format(self, version):
        self.ask(f"UPDATE eddy_jobs.format SET version = {version}")

    def connect(self):
        return asyncio.open_unix_connection(os.path.join(self.server.folder, ".s.PGSQL.5432"))

    async def put_before(self, proxy, folder):
        path = os.path.join(folder, ".s.PGSQL.5432")
        await proxy.start(lambda pass_on: asyncio.start_unix_server(pass_on, path))
        return f"postgres:///postgres?host={folder}&user=tester"


def start(name, stack):
    return Sqlite() if name == "sqlite" else {"redis": Redis, "postgres": Postgres}[name](stack)


def temporary_folder(test):
    folder = tempfile.TemporaryDirectory()
    test.addCleanup(folder.cleanup)
    return folder.name
