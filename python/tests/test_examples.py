"""The programs in examples/python, run as by their users, show the same on asyncio and on eddyloop.

    python3 python/tests/test_examples.py [OnAsyncio.test_gather ...]

What is to be seen lies in expected/NAME.txt: a program's output, or for those that talk with others
the whole conversation as the test of that name notes it down. Both loops are held to the same file.
On asyncio a program finds a module `eddyloop` whose run() is asyncio's. Nothing here sleeps: every
step waits for what it depends on.
"""
import contextlib
import http.server
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

TESTS = pathlib.Path(__file__).resolve().parent
ROOT = TESTS.parents[1]
PROGRAMS = ROOT / "examples" / "python"
EXPECTED = TESTS / "expected"
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "examples")]

import servers


def skip(reason):
    """What is missing costs one test here, not the whole program."""
    raise unittest.SkipTest(reason)


servers.skip = skip  # before others take it from there

from certificates import issue
from run_example import Example, connect, listener, receive_all, receive_exactly

BIG = bytes(range(256)) * 4096  # 1 MiB, more than a socket's buffers hold
IMAGES = {f"image{i}.png": bytes([i]) * (i * i * 317) for i in range(20)}


def setUpModule():
    # The programs inherit it where it is ignored, as by a shell's background jobs.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def ask(code, environment):
    """What Python says to a line of code, among the programs."""
    done = subprocess.run([sys.executable, "-c", code], cwd=PROGRAMS, check=True, text=True,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE)
    return done.stdout.strip()


def is_installed(module):
    code = f"import importlib.util; print(importlib.util.find_spec('{module}') is not None)"
    return ask(code, {}) == "True"


def redis_version():
    return int(ask("import redis; print(redis.__version__)", {}).partition(".")[0]) if is_installed("redis") else 0


def loop_of(environment):
    """Whose loop a program gets."""
    code = "import eddyloop; loop = eddyloop.new_event_loop(); loop.close(); print(type(loop))"
    return ask(code, environment)


class Images(http.server.BaseHTTPRequestHandler):
    """Serves IMAGES, on connections that stay open."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        image = IMAGES.get(self.path[1:])
        self.send_response(404 if image is None else 200)
        self.send_header("Content-Length", str(len(image or b"")))
        self.end_headers()
        self.wfile.write(image or b"")

    def log_message(self, format, *args):
        pass


def send_big(connection):
    connection.sendall(BIG)
    connection.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def https_server(folder):
    """The address of a server of IMAGES, with a certificate that it made itself."""
    certificate = issue(folder, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Images) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Program(Example):
    """One of PROGRAMS that runs."""

    def __init__(self, environment, name, *arguments):
        variables = [f"{key}={value}" for key, value in environment.items()]
        python = [sys.executable, "-u", "-W", "default::ResourceWarning"]
        super().__init__("env", *variables, *python, PROGRAMS / f"{name}.py", *map(str, arguments))

    def send(self, signum):
        """Once the program waits for something: KeyboardInterrupt may hit any line of its own."""
        status = pathlib.Path(f"/proc/{self.process.pid}/stat")
        while status.read_text(encoding="utf-8").rpartition(") ")[2][0] not in "SZ":
            os.sched_yield()
        self.process.send_signal(signum)

    def interrupt(self):
        self.send(signal.SIGINT)

    def abandon(self):
        self.process.kill()
        self.process.communicate()
        self.alarm.cancel()


class Scenarios:
    """What each program goes through, in the test of its name; on which loop, others below say."""

    environment = {}

    @property
    def name(self):
        return self.id().rpartition(".test_")[2]

    def start(self, *arguments, name=None):
        program = Program(self.environment, name or self.name, *arguments)
        self.addCleanup(program.abandon)
        return program

    def check(self, seen):
        self.assertEqual(seen, (EXPECTED / f"{self.name}.txt").read_text(encoding="utf-8"))

    def check_output(self):
        self.check(self.start().end())

    test_print_sum = check_output
    test_gather = check_output
    test_wait_modes = check_output
    test_as_completed = check_output
    test_task_callbacks = check_output
    test_second_loop = check_output
    test_to_thread = check_output
    test_generators = check_output
    test_subprocesses = check_output

    def test_ctrl_c(self):
        program = self.start()
        program.line()
        program.interrupt()
        self.check(program.end())

    def test_signals(self):
        seen = ""
        for signums in [signal.SIGHUP, signal.SIGHUP, signal.SIGTERM], [signal.SIGINT]:
            program = self.start()
            program.line()
            for signum in signums:
                program.send(signum)
                program.line()
            seen += program.end()
        self.check(seen)

    def check_echo_server(self, client):
        """Its clients: one reads while it sends, one leaves in the middle, and one is ours."""
        server = self.start(0)
        port = server.port()
        with connect(port) as one:
            sender = threading.Thread(target=send_big, args=[one])
            sender.start()
            seen = f"one: {'the same mebibyte' if receive_all(one) == BIG else 'something else'}\n"
            sender.join()
        server.line()
        with connect(port) as two:
            two.sendall(b"two")
            seen += f"two: {receive_exactly(two, 3).decode()}\n"
        server.line()
        seen += self.start(port, "hello, world!", name=client).end()
        server.line()
        server.interrupt()
        self.check(re.sub(r"127\.0\.0\.1:\d+", "ADDRESS", server.end()) + seen)

    def test_tcp_echo_server(self):
        self.check_echo_server("tcp_echo_client")

    def test_protocol_echo_server(self):
        self.check_echo_server("protocol_echo_client")

    def check_echo_client(self):
        with listener() as (server, port):
            client = self.start(port, "hello, world!")
            connection, _ = server.accept()
            with connection:
                seen = f"server: {receive_all(connection).decode()}\n"
                connection.sendall(b"hello")
                connection.sendall(b", client!")
        self.check(seen + client.end())

    test_tcp_echo_client = check_echo_client
    test_protocol_echo_client = check_echo_client

    @unittest.skipUnless(redis_version() >= 5, "no redis-py of version 5 or later, which closes what is cancelled")
    def test_redis_workers(self):
        """With a job that an earlier life took and did not finish."""
        jobs = [f"job {number}" for number in range(10)]
        with servers.redis_server() as redis:
            redis.command("RPUSH", "jobs:taken", jobs[0])
            redis.command("RPUSH", "jobs", *jobs[1:])
            program = self.start(f"redis://127.0.0.1:{redis.port}")
            back = program.line()
            done = sorted(program.line() for _ in jobs)  # whichever worker is first
            program.seen = "\n".join([back, *done, ""])
            program.interrupt()
            seen = program.end()
            stored = sorted(redis.command("SMEMBERS", "jobs:done")) == jobs
            seen += f"stored: {'every job' if stored else 'others'}\n"
            seen += f"left: {[redis.command('LLEN', name) for name in ('jobs', 'jobs:taken')]}\n"
        self.check(seen)

    @unittest.skipUnless(is_installed("aiohttp"), "aiohttp is not installed for this Python")
    def test_images(self):
        with tempfile.TemporaryDirectory() as folder, https_server(folder) as address:
            album = pathlib.Path(folder, "album")
            album.mkdir()
            seen = self.start(album, *[address + name for name in [*IMAGES, "missing.png"]]).end()
            copies = {path.name: path.read_bytes() for path in album.iterdir()}
        seen += f"{'the same images' if copies == IMAGES else 'other images'}\n"
        self.check(seen.replace(address, "ADDRESS/"))


class OnAsyncio(Scenarios, unittest.TestCase):
    environment = {"PYTHONPATH": str(TESTS / "on_asyncio")}

    def test_whose_loop_it_is(self):
        self.assertRegex(loop_of(self.environment), r"^<class .asyncio\b")


@unittest.skipUnless(is_installed("eddyloop"), "eddyloop is not installed for this Python")
class OnEddyloop(Scenarios, unittest.TestCase):
    def test_whose_loop_it_is(self):
        self.assertRegex(loop_of(self.environment), r"^<class .eddyloop\b")


class EveryProgram(unittest.TestCase):
    def test_it_has_a_scenario_and_expectations(self):
        programs = {path.stem for path in PROGRAMS.glob("*.py")}
        self.assertEqual(programs, {path.stem for path in EXPECTED.glob("*.txt")})
        tests = {name for name in dir(Scenarios) if name.startswith("test_")}
        self.assertEqual({f"test_{program}" for program in programs}, tests)


if __name__ == "__main__":
    unittest.main()
