"""Where durable jobs are kept: one Redis, one PostgreSQL, on 127.0.0.1, begun when they are first needed, and files of SQLite; all on a
disk. Each measurement has an empty one."""
import atexit
import contextlib
import functools
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import processes
from machine import there
from processes import Failure, Skipped
from servers import free_port

DISK = os.environ.get("JOBS_DISK") or "/var/tmp"  # what lies there outlives a restart, so that it is on no file system in memory
PATIENCE = 30


@functools.lru_cache(None)
def folder():
    """Of this run, gone with it."""
    place = tempfile.mkdtemp(prefix="eddy-bench-", dir=DISK)
    os.chmod(place, 0o755)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return Path(place)


def sync_seconds(times=200):
    """How long the disk takes to keep 4 KiB for good, each of so many times."""
    with tempfile.TemporaryFile(dir=folder()) as file:
        taken = []
        for _ in range(times):
            start = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return sorted(taken)


def processor_time(process):
    """Seconds that a server has used, with its own processes, those that have ended among them."""
    total, tick = 0, os.sysconf("SC_CLK_TCK")
    for stat in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = Path(stat).read_text().rsplit(")", 1)[1].split()
            if Path(stat).parent.name == str(process.pid):
                total += sum(map(int, fields[11:15]))
            elif fields[1] == str(process.pid):
                total += sum(map(int, fields[11:13]))
    return total / tick


def wait_for(port, process):
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    raise Failure(f"{process.args[0]} does not answer")


class Redis:
    """With a log of all changes that is synced each second, as its documentation advises where data is to last."""

    def __init__(self):
        if not there("redis-server"):
            raise Skipped("needs redis-server")
        self.port = free_port()
        self.process = processes.start(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
             "--auto-aof-rewrite-percentage", "0", "--dir", str(folder())],
            os.sched_getaffinity(0), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        atexit.register(processes.end, self.process)
        wait_for(self.port, self.process)

    def ask(self, *words):
        """A reply that is no list."""
        with socket.create_connection(("127.0.0.1", self.port), 60) as connection:
            connection.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word.encode()) for word in words))
            with connection.makefile("rb") as replies:
                line = replies.readline()
                return replies.read(int(line[1:])).decode() if line[:1] == b"$" else line.decode().strip()

    def empty(self):
        self.ask("FLUSHALL")
        self.ask("SCRIPT", "FLUSH")
        self.ask("CONFIG", "SET", "appendonly", "no")  # the log begins anew
        self.ask("CONFIG", "SET", "appendonly", "yes")
        while "aof_rewrite_in_progress:1" in self.ask("INFO", "persistence"):
            time.sleep(0.01)

    def url(self, port=None):
        return f"redis://127.0.0.1:{port or self.port}/0"

    def bytes(self):
        return int(self.ask("INFO", "memory").split("used_memory:")[1].split()[0])


class Postgres:
    """As it is by default but for its memory: fsync and synchronous_commit are on."""

    def __init__(self):
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin")) or [os.path.dirname(there("postgres") or "")]
        if not programs[-1]:
            raise Skipped("needs postgresql")
        self.programs, self.port, self.data = Path(programs[-1]), free_port(), folder() / "postgres"
        self.data.mkdir()
        self.user = {}
        if os.geteuid() == 0:  # it does not run as root
            account = pwd.getpwnam("postgres")
            os.chown(self.data, account.pw_uid, account.pw_gid)
            self.user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        self.run("initdb", "-D", str(self.data), "-U", "bench", "-A", "trust", "--no-sync", "--locale=C", "-E", "UTF-8")
        self.process = processes.start(
            [str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), "-k", "", "-c", "listen_addresses=127.0.0.1",
             "-c", "shared_buffers=512MB", "-c", "max_wal_size=8GB", "-c", "checkpoint_timeout=1h"],
            os.sched_getaffinity(0), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)
        atexit.register(processes.end, self.process)
        wait_for(self.port, self.process)

    def run(self, program, *arguments):
        done = subprocess.run([self.programs / program, *arguments], capture_output=True, text=True, cwd="/", check=False, **self.user)
        if done.returncode:
            raise Failure(f"{program}: {(done.stderr.strip().splitlines() or ['fails'])[-1]}")
        return done.stdout

    def ask(self, statement, database="postgres"):
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.run("psql", "-qAt", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bench", "-c", statement, database).strip()
            except Failure:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def empty(self):
        self.ask("DROP DATABASE IF EXISTS jobs (FORCE)")
        self.ask("CREATE DATABASE jobs")
        self.ask("CHECKPOINT")  # so that none comes in between

    def url(self, port=None):
        return f"postgres://bench@127.0.0.1:{port or self.port}/jobs?sslmode=disable"

    def bytes(self):
        return int(self.ask("SELECT pg_database_size('jobs')"))


class Sqlite:
    """A file."""
    port = process = None

    def __init__(self):
        self.place = folder() / "sqlite"

    def empty(self):
        shutil.rmtree(self.place, ignore_errors=True)
        self.place.mkdir()

    def url(self, _port=None):
        return f"sqlite:{self.place}/jobs.db"

    def bytes(self):
        return sum(file.stat().st_size for file in self.place.iterdir() if file.suffix != ".db-shm")


KINDS = {"redis": Redis, "postgres": Postgres, "sqlite": Sqlite}


@functools.lru_cache(None)
def store(kind):
    return KINDS[kind]()
