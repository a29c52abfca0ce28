"""The suites: whose tests they are, in which version, and what they need. websockets has none: its source distribution
comes without its tests."""

import contextlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "tests"))
import servers  # pylint: disable=wrong-import-position


class Missing(Exception):
    """What keeps a suite from being run here, in a sentence."""


def skip(reason):
    """What servers calls where one is not installed."""
    raise Missing(reason)


servers.skip = skip


@contextlib.contextmanager
def nothing():
    """Most tests serve themselves."""
    yield [], {}


@contextlib.contextmanager
def redis():
    """A server, as redis-py's tests are told of it."""
    with servers.redis_server() as server:
        yield [f"--redis-url=redis://127.0.0.1:{server.port}/0"], {}


@contextlib.contextmanager
def postgres():
    """A server, as asyncpg's tests are told of it: of their own they would start one that refuses to be root's."""
    server = servers.Postgres(servers.postgres_programs())
    try:
        yield [], {"PGHOST": server.folder, "PGUSER": "tester", "PGDATABASE": "postgres"}
    finally:
        server.stop()


@dataclass(frozen=True)
class Suite:
    """The tests in a package's source distribution."""
    name: str
    version: str
    requires: tuple                # what pip installs beside it
    arguments: tuple               # what pytest is called with
    code: str                      # the folder of the package itself there, in whose place the installed one is tested
    server: Callable = nothing     # gives pytest's further arguments, and an environment
    extras: str = ""

    @property
    def package(self):
        """As pip calls it."""
        return f"{self.name}{self.extras}=={self.version}"


# What redis-py's tests for asyncio have that takes neither a cluster nor modules.
WITH_ONE_REDIS = ("commands", "connect", "connection", "connection_pool", "cwe_404", "encoding", "lock", "monitor",
                  "pipeline", "pubsub", "retry", "scripting", "usage_counter")

SUITES = (
    Suite("uvloop", "0.23.0", ("pytest==9.2.0", "aiohttp==3.14.5", "psutil==7.2.2", "pyOpenSSL==26.4.0"),
          ("tests",), "uvloop"),
    Suite("anyio", "4.16.0", ("pytest==9.2.0", "pytest-mock==3.17.0", "pytest-timeout==2.4.0", "blockbuster==1.5.29",
                              "hypothesis==6.170.15", "psutil==7.2.2", "trustme==1.2.1", "truststore==0.10.5",
                              "uvloop==0.23.0"),
          ("tests", "-m", "not network", "-k", "not trio"), "src"),
    Suite("uvicorn", "0.54.0", ("pytest==9.2.0", "pytest-mock==3.17.0", "a2wsgi==1.10.10", "cryptography==50.0.2",
                                "httpx2==2.16.2", "trustme==1.2.1", "wsproto==1.3.2", "zttp==0.0.35"),
          ("tests", "-o", "addopts=--strict-markers", "--ignore=tests/benchmarks"), "uvicorn", extras="[standard]"),
    Suite("aiohttp", "3.14.5", ("pytest==9.2.0", "pytest-mock==3.17.0", "pytest-timeout==2.4.0", "blockbuster==1.5.29",
                                "coverage==7.17.3", "freezegun==1.5.5", "proxy.py==2.4.10", "trustme==1.2.1",
                                "gunicorn==27.0.1", "isal==1.9.1; python_version < '3.14'", "zlib-ng==1.1.0",
                                "uvloop==0.23.0"),
          ("tests", "-o", "addopts=--strict-markers", "-m", "not dev_mode and not autobahn and not internal",
           "--ignore-glob=*/test_benchmarks_*", "--ignore=tests/autobahn", "--ignore=tests/isolated"),
          "aiohttp", extras="[speedups]"),
    Suite("redis", "8.1.0", ("pytest==9.2.0", "pytest-asyncio==1.5.0", "pytest-timeout==2.4.0", "aiohttp==3.14.5",
                             "cryptography==50.0.2", "numpy", "packaging", "pybreaker==1.4.1", "redis-entraid==1.2.2",
                             "opentelemetry-sdk==1.45.2", "PyJWT", "ujson", "xxhash"),
          tuple(f"tests/test_asyncio/test_{part}.py" for part in WITH_ONE_REDIS), "redis", server=redis),
    Suite("asyncpg", "0.32.0", ("pytest==9.2.0", "distro==1.9.0"), ("tests",), "asyncpg", server=postgres),
)
