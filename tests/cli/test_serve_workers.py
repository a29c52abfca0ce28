#!/usr/bin/env python3
"""`eddy serve` by several processes, and what it logs: test_serve_workers.py EDDY [TEST...]."""
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest

from serving import Answer, Serving

COMBINED = re.compile(r'^127\.0\.0\.1 - - \[[^]]+\] "GET /\S* HTTP/1\.1" (200|404) \d+ "[^"]*" "[^"]*"$')


class Working(Serving):
    def setUp(self):
        super().setUp()
        self.write("a.txt", b"hello")

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [int(pid) for pid in file.read().split()]

    @staticmethod
    def open_files(pid):
        """What a process has open, but for what it closes meanwhile."""
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(FileNotFoundError):
                yield os.readlink(f"/proc/{pid}/fd/{fd}")

    def wait_until(self, is_so):
        end = time.monotonic() + 30
        while not is_so():
            self.assertLess(time.monotonic(), end)
            os.sched_yield()

    def start_workers(self, count, *args, **options):
        self.start("--workers", str(count), *args, **options)
        self.wait_until(lambda: len(self.workers()) == count)

    def ask_much(self, count=200):
        with concurrent.futures.ThreadPoolExecutor(8) as executor:
            answers = list(executor.map(lambda i: self.get(f"/a.txt?{i}").body, range(count)))
        self.assertEqual(set(answers), {b"hello"})


class WorkersTest(Working):
    def test_all_serve(self):
        self.start_workers(3)
        self.assertEqual(len(re.findall("serving", self.line)), 1)
        connections = [self.connect() for _ in range(60)]
        for connection in connections:
            connection.sendall(b"GET /a.txt HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertIn(b"200 OK", connection.recv(1000))
        sockets = [sum("socket:" in name for name in self.open_files(pid)) for pid in self.workers()]
        self.assertTrue(all(count > 3 for count in sockets), sockets)
        for connection in connections:
            connection.close()
        self.stop()

    def test_the_end_reaches_all(self):
        for signum in (signal.SIGTERM, signal.SIGINT):
            self.start_workers(3)
            pids = self.workers()
            self.ask_much(20)
            self.stop(signum)
            self.assertEqual([pid for pid in pids if os.path.exists(f"/proc/{pid}")], [])
            with self.assertRaises(ConnectionRefusedError):
                self.connect()

    def test_ctrl_c_of_a_terminal_is_one(self):
        # It reaches all processes of a group; told by who looks after them as well, it would be a second one, which does not wait.
        self.write("big.bin", os.urandom(1024) * 8192)
        self.start_workers(2, start_new_session=True)
        self.wait_until(lambda: all(os.getpgid(pid) != self.process.pid for pid in self.workers()))
        busy = [self.connect() for _ in range(6)]
        for connection in busy:
            connection.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.recv(1)
        os.killpg(self.process.pid, signal.SIGINT)
        for connection in busy:
            self.assertGreater(len(self.read_all(connection)), 8 << 20)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def test_one_that_crashes_is_replaced(self):
        self.start_workers(2)
        before = self.workers()
        os.kill(before[0], signal.SIGABRT)
        self.wait_until(lambda: before[0] not in self.workers() and len(self.workers()) == 2)
        self.ask_much()
        self.assertIn("another takes its place", self.stop()[1])

    def test_who_waits_for_one_that_crashes_is_served(self):
        self.start_workers(2)
        pids = self.workers()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        waiting = [self.send("GET", "/a.txt") for _ in range(10)]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for connection in waiting:
            self.assertEqual(Answer(self.read_all(connection)).body, b"hello")

    def test_one_that_crashes_again_and_again_ends_all(self):
        self.start_workers(2)
        killed = set()
        while len(killed) < 6:
            for pid in set(self.workers()) - killed:
                if len(killed) < 6:
                    killed.add(pid)
                    os.kill(pid, signal.SIGABRT)
        self.process.wait(timeout=30)
        self.assertEqual(self.process.returncode, 1)
        self.assertIn("giving up", self.process.communicate()[1])

    def test_who_looks_after_them_is_killed(self):
        self.start_workers(2)
        pids = self.workers()
        self.process.kill()
        self.process.wait()
        self.wait_until(lambda: not any(self.is_running(pid) for pid in pids))

    @staticmethod
    def is_running(pid):
        try:
            with open(f"/proc/{pid}/stat") as file:
                return file.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def test_a_port_in_use_is_said(self):
        # By SO_REUSEPORT two programs could have it, and clients would find one or the other.
        self.start_workers(2)
        for args in ([], ["--workers", "2"]):
            result = subprocess.run([self.EDDY, "serve", "--port", str(self.port), *args, self.place], capture_output=True,
                                    text=True, timeout=30)
            self.assertEqual(result.returncode, 1)
            self.assertIn("in use", result.stderr)

    def test_on_all_addresses(self):
        self.start_workers(2, "--bind", "*")
        self.assertEqual(self.get("/a.txt").status, 200)
        if socket.has_dualstack_ipv6():
            with socket.create_connection(("::1", self.port)) as connection:
                connection.sendall(b"GET /a.txt HTTP/1.0\r\n\r\n")
                self.assertIn(b"hello", self.read_all(connection))
        self.assertIn("no address", self.refused("--workers", "2", "--bind", "192.0.2.1", code=1))

    def test_uploads_at_the_same_time(self):
        self.start_workers(3, "--upload")
        uploads = [self.send("PUT", "/new", body=b"%10d" % i) for i in range(30)]
        for i, upload in enumerate(uploads):
            upload.sendall(b"%10d" % i)
        statuses = [Answer(self.read_all(upload)).status for upload in uploads]
        self.assertEqual(sorted(statuses), [201] + [409] * 29)
        self.stop()
        self.start_workers(3, "--upload", "--overwrite")
        etag = self.get("/new").headers["etag"]
        uploads = [self.send("PUT", "/new", "If-Match: " + etag, body=b"%10d" % i) for i in range(30)]
        for i, upload in enumerate(uploads):
            upload.sendall(b"%10d" % i)
        statuses = [Answer(self.read_all(upload)).status for upload in uploads]
        self.assertEqual(sorted(statuses), [204] + [412] * 29)

    def test_as_many_as_processors(self):
        self.start("--workers", "auto")
        count = len(os.sched_getaffinity(0))
        self.wait_until(lambda: len(self.workers()) == (count if count > 1 else 0))

    def test_bad_counts(self):
        for count in ("0", "-1", "x", "257", "auto2"):
            self.assertIn("--workers", self.refused("--workers", count))


class LogTest(Working):
    def log(self):
        return os.path.join(self.outside, "log")

    def lines(self, path=None):
        with open(path or self.log(), encoding="ascii") as file:
            return file.read().splitlines()

    def test_formats(self):
        for name, pattern in (("common", r'^127\.0\.0\.1 - - \[[^]]+\] "GET /a.txt HTTP/1.1" 200 5$'),
                              ("combined", r'^127\.0\.0\.1 .* 200 5 "-" "test \\x22"$'), ("json", None)):
            self.start("--log", self.log(), "--log-format", name)
            self.get("/a.txt", 'User-Agent: test "')
            self.stop()
            line = self.lines()[-1]
            if pattern:
                self.assertRegex(line, pattern)
            else:
                line = json.loads(line)
                self.assertEqual((line["status"], line["target"], line["user_agent"]), (200, "/a.txt", 'test "'))
        self.assertEqual(len(self.lines()), 3)  # it is appended to

    def test_standard_output(self):
        self.start("--log", "-")
        self.get("/a.txt")
        self.assertRegex(self.stop()[0], COMBINED.pattern.replace("$", "\n$"))

    def test_beside_the_one_for_people(self):
        self.start("--log", self.log(), "-v")
        self.get("/a.txt")
        self.assertIn("GET /a.txt 200 5", self.stop()[1])
        self.assertEqual(len(self.lines()), 1)

    def test_with_what_answers_by_routes(self):
        self.start("--log", self.log(), "--upload")
        self.ask("PUT", "/b", body=b"x")
        self.get("/none")
        self.stop()
        self.assertEqual([re.search(r'"(\w+) \S+ HTTP/1.1" (\d+)', line).groups() for line in self.lines()],
                         [("PUT", "201"), ("GET", "404")])

    def test_turned_over(self):
        for signum in (signal.SIGHUP, signal.SIGUSR1):
            for workers in (1, 2):
                if os.path.exists(self.log()):
                    os.unlink(self.log())
                self.start("--log", self.log(), "--workers", str(workers))
                if workers > 1:
                    self.wait_until(lambda: len(self.workers()) == 2)
                self.ask_much(20)
                os.rename(self.log(), self.log() + ".1")
                self.process.send_signal(signum)
                self.wait_until(lambda: os.path.exists(self.log()))
                if workers > 1:  # each has opened the new one
                    self.wait_until(lambda: not any(self.log() + ".1" in name for pid in self.workers() for name in self.open_files(pid)))
                self.ask_much(20)
                self.stop()
                self.assertEqual((len(self.lines(self.log() + ".1")), len(self.lines())), (20, 20))

    def test_a_new_one_that_cannot_be_opened(self):
        self.start("--log", self.log())
        os.rename(self.log(), self.log() + ".1")
        os.mkdir(self.log())
        self.process.send_signal(signal.SIGHUP)
        self.assertIn("the one from before", self.process.stderr.readline())
        self.get("/a.txt")
        self.stop()
        self.assertEqual(len(self.lines(self.log() + ".1")), 1)

    def test_lines_do_not_mix(self):
        # Longer than what a pipe takes as a whole, and more than it holds.
        target, headers = "/a.txt?" + "q" * 1900, ("User-Agent: " + "a" * 1900, "Referer: " + "r" * 1900)
        for to_file in (True, False):
            self.start_workers(3, "--log", self.log() if to_file else "-")
            with concurrent.futures.ThreadPoolExecutor(9) as executor:
                asked = [executor.submit(self.get, target, *headers) for _ in range(400)]
                lines = [] if to_file else [self.process.stdout.readline() for _ in range(400)]
                concurrent.futures.wait(asked)
            self.stop()
            lines = lines or self.lines()
            self.assertEqual(len(lines), 400)
            self.assertEqual([line for line in lines if not COMBINED.match(line.rstrip("\n"))], [])

    def read_until_told(self, pattern):
        """Read the log up to the line that tells how many are missing: the lines before it, and how many."""
        lines = []
        while True:
            lines.append(self.process.stdout.readline())
            match = re.match(pattern, lines[-1])
            if match:
                return lines[:-1], int(match.group(1))

    def test_a_reader_that_stalls(self):
        """Nobody waits for it, and what it missed is told."""
        count, target, headers = 500, "/a.txt?" + "q" * 1900, ("User-Agent: " + "a" * 1900, "Referer: " + "r" * 1900)
        for name, pattern in (("combined", r"# \S+: (\d+) lines are missing here"), ("json", r'{"time":"\S+","dropped":(\d+)}$')):
            self.start("--log", "-", "--log-format", name)
            for _ in range(count):
                self.assertEqual(self.get(target, *headers).status, 200)
            before, missing = self.read_until_told(pattern)
            self.assertEqual(len(before) + missing, count)
            self.assertGreater(missing, 0)
            self.get("/a.txt?after")
            self.assertIn("/a.txt?after", self.process.stdout.readline())
            self.stop()

    def test_the_end_with_a_reader_that_stalls(self):
        """What a reader takes late is whole; who takes nothing is not waited for."""
        target, headers = "/a.txt?" + "q" * 1900, ("User-Agent: " + "a" * 1900, "Referer: " + "r" * 1900)
        self.start("--log", "-")
        for _ in range(100):
            self.get(target, *headers)
        self.assertEqual(len(self.stop()[0].splitlines()), 100)
        for workers in (1, 2):
            self.start("--log", "-", "--workers", str(workers))
            for _ in range(100):
                self.get(target, *headers)
            self.process.send_signal(signal.SIGTERM)
            self.assertEqual(self.process.wait(timeout=20), 0)
            self.assertIn("not all of the log could be written", self.process.stderr.read())

    def test_bad_logs(self):
        self.assertIn("--log-format", self.refused("--log", "-", "--log-format", "xml"))
        self.assertIn("--log", self.refused("--log-format", "json"))
        self.assertIn("cannot log", self.refused("--log", "/none/log", code=1))


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
