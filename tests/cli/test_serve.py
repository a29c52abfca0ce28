#!/usr/bin/env python3
"""`eddy serve` as a process: test_serve.py EDDY [TEST...]."""
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

EDDY = None
BIG = 8 * 1024 * 1024


class ServeTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.write("small.txt", b"hello, world!\n")
        self.write("big.bin", os.urandom(1024) * (BIG // 1024))
        os.mkdir(os.path.join(self.place, "folder"))
        self.write("folder/<a> & b.html", b"x")

    def write(self, name, data):
        with open(os.path.join(self.place, name), "wb") as file:
            file.write(data)

    def start(self, *args):
        self.process = subprocess.Popen([EDDY, "serve", "--port", "0", *args, self.place], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)/$", line).group(1))

    def stop(self, signum=signal.SIGTERM):
        self.process.send_signal(signum)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    def exchange(self, text):
        """Send bytes on a connection of their own; what came until the server closed."""
        connection = self.connect()
        connection.sendall(text if isinstance(text, bytes) else text.encode())
        return self.read_all(connection)

    @staticmethod
    def read_all(connection):
        data = b""
        while piece := connection.recv(1 << 20):
            data += piece
        return data

    def get(self, target, *headers, method="GET"):
        answer = self.exchange("\r\n".join([f"{method} {target} HTTP/1.1", "Host: x", "Connection: close", *headers, "",
                                            ""]))
        head, _, body = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), fields, body

    def test_file(self):
        self.start()
        status, headers, body = self.get("/small.txt")
        self.assertEqual((status, body), (200, b"hello, world!\n"))
        self.assertEqual(headers["content-type"], "text/plain; charset=utf-8")
        self.assertEqual(headers["content-length"], "14")
        self.assertEqual(headers["accept-ranges"], "bytes")
        self.assertEqual(headers["connection"], "close")
        with open(os.path.join(self.place, "big.bin"), "rb") as file:
            self.assertTrue(self.get("/big.bin")[2] == file.read())

    def test_head(self):
        self.start()
        status, headers, body = self.get("/big.bin", method="HEAD")
        self.assertEqual((status, headers["content-length"], body), (200, str(BIG), b""))

    def test_ranges_and_conditions(self):
        self.start()
        status, headers, body = self.get("/small.txt", "Range: bytes=7-11")
        self.assertEqual((status, headers["content-range"], body), (206, "bytes 7-11/14", b"world"))
        status, headers, body = self.get("/small.txt", "Range: bytes=14-")
        self.assertEqual((status, headers["content-range"], body), (416, "bytes */14", b""))
        _, headers, _ = self.get("/small.txt")
        self.assertEqual(self.get("/small.txt", "If-Modified-Since: " + headers["last-modified"])[0], 304)
        self.assertEqual(self.get("/small.txt", "If-None-Match: " + headers["etag"])[::2], (304, b""))
        self.assertEqual(self.get("/small.txt", "If-None-Match: \"other\"")[0], 200)
        status, headers, body = self.get("/small.txt", "If-Match: \"other\"", "Range: bytes=7-")
        self.assertEqual((status, body), (412, b"412 Precondition Failed\n"))
        self.assertEqual(self.get("/small.txt", "If-Unmodified-Since: Thu, 01 Jan 2015 00:00:00 GMT")[0], 412)
        self.write("empty", b"")
        for wanted in ("0-", "0-0", "-5"):
            status, headers, body = self.get("/empty", "Range: bytes=" + wanted)
            self.assertEqual((status, headers["content-length"], headers["content-range"], body),
                             (416, "0", "bytes */0", b""))

    def test_folders(self):
        self.start()
        status, headers, _ = self.get("/folder")
        self.assertEqual((status, headers["location"]), (301, "/folder/"))
        for query in ("?", "?x=1", "?x=1&y=%20/../?", "?" + "y" * 9000):
            self.assertEqual(self.get("/folder" + query)[1]["location"], "/folder/" + query)
        self.assertEqual(self.get("http://x/folder?x=1")[1]["location"], "/folder/?x=1")
        self.assertEqual(self.get("/folder?" + "y" * 16000)[0], 414)
        status, headers, body = self.get("//folder")
        self.assertEqual(headers["location"], "/folder/")
        status, _, body = self.get("/folder/")
        self.assertEqual(status, 200)
        self.assertIn(b'<a href="./%3Ca%3E%20%26%20b.html">&lt;a&gt; &amp; b.html</a>', body)
        self.write("folder/index.html", b"index")
        status, headers, body = self.get("/folder/")
        self.assertEqual((status, headers["content-type"], body), (200, "text/html; charset=utf-8", b"index"))
        self.assertEqual(self.get("/small.txt/")[0], 404)

    def test_precompressed(self):
        self.write("small.txt.gz", b"not looked at")
        self.start()
        self.assertNotIn("content-encoding", self.get("/small.txt", "Accept-Encoding: gzip")[1])
        self.stop()
        self.start("--precompressed")
        status, headers, body = self.get("/small.txt", "Accept-Encoding: gzip")
        self.assertEqual((status, headers["content-encoding"], body), (200, "gzip", b"not looked at"))
        self.assertEqual(self.get("/small.txt")[2], b"hello, world!\n")

    def test_names_with_a_dot_are_hidden(self):
        for folder in ".git", ".well-known", ".well-known/.private", "folder/.d":
            os.mkdir(os.path.join(self.place, folder))
        hidden = ".env", ".git/config", "folder/.d/x", "folder/.e", ".well-known/.private/x"
        for name in (*hidden, ".well-known/security.txt", "folder/a.b"):
            self.write(name, b"x")
        self.start()
        for name in (*hidden, "%2eenv", "folder/%2Ee", "./.env", "folder/..%2f.env", ".git/", ".git"):
            self.assertEqual(self.get("/" + name)[0], 404, name)
        for name in ".well-known/security.txt", "folder/a.b":
            self.assertEqual(self.get("/" + name)[0], 200, name)
        self.stop()
        self.start("--all")
        for name in hidden:
            self.assertEqual(self.get("/" + name)[0], 200, name)
        self.assertNotIn(b".env", self.get("/")[2])

    def test_folders_are_listed_beside_the_loop(self):
        self.start()

        def threads():
            names = []
            for task in os.listdir(f"/proc/{self.process.pid}/task"):
                with open(f"/proc/{self.process.pid}/task/{task}/comm") as file:
                    names.append(file.read().strip())
            return names

        self.assertNotIn("eddy-lister", threads())
        self.assertEqual(self.get("/folder/")[0], 200)
        self.assertIn("eddy-lister", threads())

    def test_no_listing(self):
        self.start("--no-listing")
        self.assertEqual(self.get("/folder/")[0], 404)

    def test_nothing_outside(self):
        os.symlink("/etc/passwd", os.path.join(self.place, "passwd"))
        os.symlink("..", os.path.join(self.place, "up"))
        os.symlink("small.txt", os.path.join(self.place, "inside"))
        os.symlink(os.path.join(self.place, "small.txt"), os.path.join(self.place, "absolute"))
        self.start()
        for target in ("/../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2f..%2fetc/passwd",
                       "/folder/../../../../etc/passwd", "/passwd", "/up/", "/up", "//etc/passwd", "/./../etc/passwd",
                       "http://x/../../etc/passwd", "/%5c..%5c..%5cetc/passwd", "/folder/%2e%2e%2f%2e%2e%2f",
                       "/%252e%252e/etc/passwd", "/..;/etc/passwd", "/up/etc/passwd"):
            self.assertEqual(self.get(target)[0], 404, target)
        self.assertEqual(self.get("/a%00b")[0], 400)
        self.assertEqual(self.get("/inside")[2], b"hello, world!\n")
        self.assertEqual(self.get("/absolute")[2], b"hello, world!\n")

    def test_special_files(self):
        os.mkfifo(os.path.join(self.place, "pipe"))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(os.path.join(self.place, "socket"))
            self.start()
            self.assertEqual(self.get("/pipe")[0], 404)
            self.assertEqual(self.get("/socket")[0], 404)

    def test_keep_alive_and_pipelining(self):
        self.start()
        one = "GET /small.txt HTTP/1.1\r\nHost: x\r\n\r\n"
        last = "GET /small.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answer = self.exchange(one * 2000 + last)
        self.assertEqual(answer.count(b"HTTP/1.1 200 OK"), 2001)
        self.assertEqual(answer.count(b"hello, world!\n"), 2001)
        big = self.exchange("GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 2 + last)
        self.assertGreater(len(big), 2 * BIG)
        self.assertTrue(big.endswith(b"hello, world!\n"))

    def test_http_1_0(self):
        self.start()
        answer = self.exchange("GET /small.txt HTTP/1.0\r\n\r\n")
        self.assertTrue(answer.endswith(b"hello, world!\n"))
        self.assertIn(b"Connection: close", answer)

    def test_bad_requests(self):
        self.start()
        for text, status in (("nonsense\r\n\r\n", 501), ("GET / HTTP/1.1\r\n\r\n", 400),
                             ("GET / HTTP/3.0\r\nHost: x\r\n\r\n", 505), ("PUT / HTTP/1.1\r\nHost: x\r\n\r\n", 405),
                             ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", 405),
                             ("GET /" + "a" * 20000, 414), ("GET / HTTP/1.1\r\nX: " + "a" * 20000, 431),
                             ("GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 414),
                             ("GET / HTTP/1.1\r\n" + "X: y\r\n" * 100 + "\r\n", 431)):
            connection = self.connect()
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            answer = self.read_all(connection)
            self.assertTrue(answer.startswith(b"HTTP/1.1 "), text[:30])
            if status != 501:
                self.assertEqual(int(answer.split()[1]), status, text[:30])

    def test_slow_clients_time_out(self):
        self.start("--timeout", "0.2")
        silent = self.connect()
        self.assertEqual(silent.recv(1), b"")
        slow = self.connect()
        slow.sendall(b"GET / HTT")
        self.assertTrue(self.read_all(slow).startswith(b"HTTP/1.1 408"))
        before = self.descriptors()
        deaf = self.connect()
        deaf.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        deaf.recv(1)
        self.assertGreater(self.descriptors(), before)
        self.assert_falls_to(before)

    def test_answers_may_have_a_bound(self):
        self.start("--answer-timeout", "2")
        self.assertEqual(len(self.get("/big.bin")[2]), BIG)
        before = self.descriptors()
        connection = socket.socket()
        self.addCleanup(connection.close)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
        connection.recv(1)
        self.assert_falls_to(before, lambda: connection.recv(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def assert_falls_to(self, count, meanwhile=lambda: None):
        for _ in range(100000):
            try:
                meanwhile()
            except ConnectionError:
                pass
            self.get("/small.txt")  # which takes the server once around its loop, and a little time
            if self.descriptors() <= count:
                return
        self.fail(f"{self.descriptors()} descriptors, not {count}")

    def test_dropped_connections_leave_nothing(self):
        self.start()
        self.get("/small.txt")
        before = self.descriptors()
        starts = (b"", b"G", b"GET /big.bin HTTP/1.1\r\nHo", b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(10):
            connections = [self.connect() for _ in range(100)]
            for i, connection in enumerate(connections):
                connection.sendall(starts[i % len(starts)])
            for connection in connections:
                connection.close()
        self.assert_falls_to(before)
        self.stop()

    def test_graceful_stop(self):
        for signum in (signal.SIGTERM, signal.SIGINT):
            self.start()
            idle, busy = self.connect(), self.connect()
            idle.sendall(b"GET /small.txt HTTP/1.1\r\nHost: x\r\n\r\n")
            while b"hello" not in idle.recv(4096):
                pass
            busy.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            first = busy.recv(1024)
            self.process.send_signal(signum)
            self.assertEqual(self.read_all(idle), b"")
            rest = self.read_all(busy)
            self.assertEqual(len((first + rest).partition(b"\r\n\r\n")[2]), BIG)
            self.assertEqual(self.process.wait(timeout=30), 0)

    def test_second_signal_does_not_wait(self):
        self.start()
        busy = self.connect()
        busy.sendall(b"GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        busy.recv(1024)
        self.process.send_signal(signal.SIGTERM)
        while True:  # until the first has arrived, a connection is accepted
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionError:
                break
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=8), 0)

    def test_port_in_use(self):
        self.start()
        result = subprocess.run([EDDY, "serve", "--port", str(self.port), self.place], capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("--port", result.stderr)

    def test_bad_usage(self):
        for args, code in ((["--port", "x"], 2), (["--port", "65536"], 2), (["--frob"], 2), (["a", "b"], 2),
                           (["/none"], 1)):
            result = subprocess.run([EDDY, "serve", *args], capture_output=True, text=True)
            self.assertEqual(result.returncode, code, args)
            self.assertTrue(result.stderr)

    def test_help_and_version(self):
        for args in (["--help"], ["serve", "--help"], ["fetch", "--help"]):
            result = subprocess.run([EDDY, *args], capture_output=True, text=True)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith("usage: "))
        result = subprocess.run([EDDY, "--version"], capture_output=True, text=True)
        self.assertRegex(result.stdout, r"^eddy \d+\.\d+\.\d+\n$")
        for args in ([], ["frob"], ["--frob"]):
            self.assertEqual(subprocess.run([EDDY, *args], capture_output=True).returncode, 2)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
