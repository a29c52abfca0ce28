#!/usr/bin/env python3
"""`eddy fetch` of one large file over several connections, from mirrors, and with a checksum: what arrives is one version,
whatever servers answer and whoever is killed: test_fetch_segments.py EDDY [TEST...]."""
import hashlib
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from hostile import HostileServer, content

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import free_port  # pylint: disable=wrong-import-position

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
SIZE = 6_000_000
PIECE = 50_000
DATE = "Mon, 06 Jan 2025 10:00:00 GMT"


class Server(HostileServer):
    """A file of SIZE bytes, whose version and proof the path says: /WAY/NAME. Requests for parts are `parts`."""

    def __init__(self, salt=""):
        super().__init__()
        self.salt = salt
        self.busy = 0        # transfers of bodies now, and at most
        self.busiest = 0
        self.admitted = 0
        self.slow = set()    # first bytes of parts that are sent slowly
        self.pause = 0       # before each piece
        self.bodies = {}

    def body(self, name):
        with self.lock:
            if name not in self.bodies:
                self.bodies[name] = content(name + self.salt, SIZE)
            return self.bodies[name]

    @property
    def parts(self):
        return [headers["range"] for _, headers in self.requests if "range" in headers]

    def send_slowly(self, connection, body):
        with self.lock:
            self.busy += 1
            self.busiest = max(self.busy, self.busiest)
        try:
            for at in range(0, len(body), PIECE):
                if self.pause and self.release.wait(self.pause):
                    return
                connection.sendall(body[at:at + PIECE])
        finally:
            with self.lock:
                self.busy -= 1

    @staticmethod
    def wanted(headers):
        """The part asked for: first, and behind the last; None for the whole."""
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", headers.get("range", ""))
        return match and (int(match[1]), int(match[2]) + 1 if match[2] else SIZE)

    def answer(self, connection, body, part=None, *, etag='"1"', date=None, total=SIZE, shift=0, cut=None, more="",
               status="206 Part"):
        first, end = part or (0, SIZE)
        head = f"HTTP/1.1 {status if part else '200 OK'}\r\nContent-Length: {end - first}\r\n{more}"
        head += f"ETag: {etag}\r\n" if etag else ""
        head += f"Last-Modified: {date}\r\n" if date else ""
        if part:
            head += f"Content-Range: bytes {first + shift}-{end - 1 + shift}/{total}\r\n"
        connection.sendall(head.encode() + b"\r\n")
        self.send_slowly(connection, body[first:end][:cut])
        return cut is None

    def do_ok(self, connection, name, headers, attempt):
        return self.answer(connection, self.body(name), self.wanted(headers))

    def do_date(self, connection, name, headers, attempt):
        return self.answer(connection, self.body(name), self.wanted(headers), etag=None, date=DATE)

    def do_weak(self, connection, name, headers, attempt):
        return self.answer(connection, self.body(name), self.wanted(headers), etag='W/"1"')

    def do_chunked(self, connection, name, headers, attempt):
        connection.sendall(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n' % SIZE)
        connection.sendall(self.body(name) + b"\r\n0\r\n\r\n")
        return True

    def do_none(self, connection, name, headers, attempt):
        return self.answer(connection, self.body(name), self.wanted(headers), more="Accept-Ranges: none\r\n")

    def do_whole(self, connection, name, headers, attempt):
        """No parts: the whole, whatever was asked for."""
        return self.answer(connection, self.body(name))

    def lie(self, **how):
        def serve(connection, name, headers, attempt):
            """Wrong parts until the whole has come."""
            return self.answer(connection, self.body(name), self.wanted(headers), **how)
        return serve

    def serve_request(self, connection, path, headers, attempt):
        mode, _, name = path.lstrip("/").partition("/")
        part = self.wanted(headers)
        lies = {
            "othertag": {"etag": '"2"'}, "notag": {"etag": None}, "shifted": {"shift": 1}, "larger": {"total": SIZE + 1},
            "unknown": {"total": "*"}, "encoded": {"more": "Content-Encoding: gzip\r\n"},
            "multipart": {"more": "Content-Type: multipart/byteranges; boundary=x\r\n"},
            "wholestatus": {"status": "200 OK"}, "wrong": {}, "wrongrest": {},
        }
        if part and mode in lies:
            return self.answer(connection, b"\xff" * SIZE, part, **lies[mode])
        if mode in lies:
            return self.answer(connection, self.body(name), cut=SIZE // 2 if mode == "wrongrest" and attempt == 1 else None)
        return super().serve_request(connection, path, headers, attempt)

    def do_longer(self, connection, name, headers, attempt):
        """Part is followed by more than was asked for."""
        part = self.wanted(headers)
        if not part:
            return self.answer(connection, self.body(name))
        self.answer(connection, self.body(name), part)
        connection.sendall(b"\xff" * 1000)
        return False

    def do_shorter(self, connection, name, headers, attempt):
        """Parts end early, again and again."""
        part = self.wanted(headers)
        return self.answer(connection, self.body(name), part, cut=(part[1] - part[0]) // 2 + 1 if part else None)

    def do_page(self, connection, name, headers, attempt):
        """A page of a firewall, for whoever opens a second connection."""
        if not self.wanted(headers):
            return self.answer(connection, self.body(name))
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nstop")
        return True

    def do_refuse(self, connection, name, headers, attempt):
        """No more than two transfers at a time."""
        with self.lock:
            is_admitted = self.admitted < 2
            self.admitted += is_admitted
        if is_admitted:
            try:
                return self.answer(connection, self.body(name), self.wanted(headers))
            finally:
                with self.lock:
                    self.admitted -= 1
        status = {"busy": "503 Busy", "many": "429 Many", "forbidden": "403 No"}[name]
        connection.sendall(f"HTTP/1.1 {status}\r\nRetry-After: 0\r\nContent-Length: 6\r\n\r\nno way".encode())
        return True

    def do_stuck(self, connection, name, headers, attempt):
        """The transfers of the last part stop half-way, three times."""
        part = self.wanted(headers)
        if part and part[1] == SIZE and len(self.parts) < 4:
            self.answer(connection, self.body(name), part, cut=(part[1] - part[0]) // 2)
            connection.recv(1)
            return False
        return self.answer(connection, self.body(name), part)

    def do_change(self, connection, name, headers, attempt):
        """The file is another for all who come after the first 3."""
        new = len(self.requests) > 3
        part = self.wanted(headers)
        if new and headers.get("if-range") != '"2"':
            part = None
        if new:
            return self.answer(connection, self.body(name + "2"), part, etag='"2"')
        return self.answer(connection, self.body(name), part, cut=SIZE // 10)

    def do_replaced(self, connection, name, headers, attempt):
        """The first transfer breaks off while three parts are under way, slowly; from then on there is another version."""
        part = self.wanted(headers)
        if not part and attempt == 1:
            self.answer(connection, self.body(name), cut=SIZE // 10)
            while len(self.parts) < 3 and not self.release.wait(0.01):
                pass
            return self.reset(connection)
        self.pause = 0.02
        if headers.get("if-range") == '"1"' and len(self.parts) <= 3:
            return self.answer(connection, self.body(name), part)
        return self.answer(connection, self.body(name + "2"), part if headers.get("if-range") == '"2"' else None, etag='"2"')

    def do_gone(self, connection, name, headers, attempt):
        connection.sendall(b"HTTP/1.1 404 No\r\nContent-Length: 4\r\n\r\nnone")
        return True

    def do_breaks(self, connection, name, headers, attempt):
        """A third, and never again."""
        if attempt == 1:
            return self.answer(connection, self.body(name), cut=SIZE // 3)
        return self.reset(connection)

    def do_tag(self, connection, name, headers, attempt):
        """Its version is what its name begins with."""
        return self.answer(connection, self.body("mirrored"), self.wanted(headers), etag=f'"{name.split("-")[0]}"')

    def do_tagbreaks(self, connection, name, headers, attempt):
        if attempt > 1:
            return self.reset(connection)
        return self.answer(connection, self.body("mirrored"), etag=f'"{name.split("-")[0]}"', cut=SIZE // 3)

    def do_datebreaks(self, connection, name, headers, attempt):
        if attempt > 1:
            return self.reset(connection)
        return self.answer(connection, self.body("mirrored"), etag=None, date=DATE, cut=SIZE // 3)

    def do_dated(self, connection, name, headers, attempt):
        return self.answer(connection, self.body("other"), self.wanted(headers), etag=None, date=DATE)

    def do_fake(self, connection, name, headers, attempt):
        """Other bytes of the same size and with the same proof."""
        return self.answer(connection, self.body("fake"), self.wanted(headers), etag=f'"{name.split("-")[0]}"')


class SegmentsTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.server = Server()
        self.addCleanup(self.server.close)

    def command(self, *args):
        return [EDDY, "fetch", "-o", self.place, *args]

    def fetch(self, *args, **options):
        return subprocess.run(self.command(*args), capture_output=True, text=True, errors="replace", env=ENVIRONMENT,
                              timeout=60, **options)

    def url(self, path):
        return f"{self.server.url}/{path}"

    def read(self, name):
        with open(os.path.join(self.place, name), "rb") as file:
            return file.read()

    def files(self):
        return sorted(os.listdir(self.place))

    def assert_arrived(self, result, name, body=None):
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue(self.read(name) == (body or self.server.body(name)), "other bytes have arrived")
        self.assertEqual(self.files(), [name])

    def assert_missed(self, result, *left):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        self.assertEqual(self.files(), sorted(left))

    def sum_of(self, name, algorithm="sha256"):
        return f"{algorithm}:{hashlib.new(algorithm, self.server.body(name)).hexdigest()}"

    # Segments

    def test_parts(self):
        """They do not overlap, none goes beyond the end, and each is asked for with what proves it."""
        for way in "ok", "date":
            self.server.requests.clear()
            self.server.pause = 0.001
            self.assert_arrived(self.fetch("--segments", "4", "--overwrite", self.url(way + "/a")), "a")
            self.assertGreater(self.server.busiest, 1)
            parts = sorted(self.server.wanted(headers) for _, headers in self.server.requests if "range" in headers)
            self.assertGreaterEqual(len(parts), 3)
            self.assertTrue(all(first < end <= SIZE for first, end in parts), parts)
            for _, headers in self.server.requests:
                if "range" in headers:
                    self.assertEqual(headers.get("if-range"), '"1"' if way == "ok" else DATE)

    def test_one_connection(self):
        """Where nothing proves parts, or nobody knows how much there is, the whole comes at once."""
        for way in "weak", "chunked", "none":
            self.assert_arrived(self.fetch("--segments", "4", "--overwrite", self.url(way + "/a")), "a")
        self.assertEqual(self.server.parts, [])

    def test_lies(self):
        """A part that is not proven to be what was asked for is not taken, and the one connection goes on."""
        for way in ("othertag", "notag", "shifted", "larger", "unknown", "encoded", "multipart", "wholestatus", "whole", "page"):
            with self.subTest(way=way):
                self.server.requests.clear()
                self.server.pause = 0.002
                self.assert_arrived(self.fetch("--segments", "4", "--overwrite", self.url(way + "/a")), "a")
                self.assertTrue(self.server.parts)
                # Where the first connection is sooner at the end of its part than the others are refused, it begins anew.
                self.assertLessEqual(sum("range" not in headers for _, headers in self.server.requests), 2)

    def test_parts_of_wrong_length(self):
        for way in "longer", "shorter":
            with self.subTest(way=way):
                self.assert_arrived(self.fetch("--segments", "4", "--overwrite", "--retry", "20", self.url(way + "/a")), "a")

    def test_refused_connections(self):
        """It goes on with fewer."""
        self.server.pause = 0.002
        for name in "busy", "many", "forbidden":
            with self.subTest(name=name):
                self.server.body(name)
                result = self.fetch("--segments", "8", "--overwrite", self.url("refuse/" + name))
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertTrue(self.read(name) == self.server.body(name))
                self.assertLessEqual(self.server.busiest, 2)

    def test_slow_part_is_divided(self):
        self.server.pause = 0.001
        began = time.monotonic()
        result = self.fetch("--segments", "4", "--timeout", "20", self.url("stuck/a"))
        self.assert_arrived(result, "a")
        self.assertLess(time.monotonic() - began, 15)  # and not when silence is noticed

    def test_change_meanwhile(self):
        result = self.fetch("--segments", "4", "--retry", "9", self.url("change/a"))
        self.assert_arrived(result, "a", self.server.body("a2"))

    def test_change_while_helpers_are_at_work(self):
        result = self.fetch("--segments", "4", self.url("replaced/a"))
        self.assert_arrived(result, "a", self.server.body("a2"))

    def test_full_disk(self):
        """It fails at once, and what came is continued."""
        import resource

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, SIZE // 2))
        result = self.fetch("--segments", "4", self.url("ok/a"), preexec_fn=limit)
        self.assertEqual(result.returncode, 1)
        self.assertIn("File too large", result.stderr)
        self.assertEqual(self.files(), [".a.part"])
        self.server.requests.clear()
        self.assert_arrived(self.fetch("--segments", "4", self.url("ok/a")), "a")
        self.assertTrue(all("range" in headers for _, headers in self.server.requests))

    def test_processes_at_once(self):
        """One brings it; the others say so, or take another name."""
        self.server.pause = 0.005
        running = [subprocess.Popen(self.command("--segments", "4", "--skip-existing", self.url("ok/a")), env=ENVIRONMENT,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) for _ in range(4)]
        codes = []
        for each in running:
            errors = each.communicate(timeout=60)[1]
            codes.append(each.returncode)
            self.assertTrue(each.returncode == 0 or "another process" in errors or "there already" in errors, errors)
        self.assertIn(0, codes)
        self.assertTrue(self.read("a") == self.server.body("a"))
        self.assertEqual(self.files(), ["a"])

    def kill_and_go_on(self, signum, segments, rounds):
        self.server.pause = 0.02
        seed = int(os.environ.get("SEED") or time.time())
        chance = random.Random(seed)
        killed = 0
        for _ in range(rounds):
            process = subprocess.Popen(self.command("--segments", chance.choice(segments), "--retry", "5", self.url("ok/a")),
                                       env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.05, 0.7))
            except subprocess.TimeoutExpired:
                process.send_signal(signum)
                killed += 1
            process.wait()
            if "a" in self.files():
                self.assertTrue(self.read("a") == self.server.body("a"), f"seed {seed}")
                os.unlink(os.path.join(self.place, "a"))
        self.server.pause = 0
        self.assert_arrived(self.fetch("--segments", "4", self.url("ok/a")), "a")
        return killed

    def test_killed_at_random(self):
        self.assertGreater(self.kill_and_go_on(signal.SIGKILL, ["1", "2", "4", "8"], 20), 0)

    def test_interrupted_at_random(self):
        self.assertGreater(self.kill_and_go_on(signal.SIGINT, ["4"], 10), 0)

    def test_continues_after_a_kill(self):
        """What was there a while before is not fetched again."""
        self.server.pause = 0.02
        process = subprocess.Popen(self.command("--segments", "4", self.url("ok/a")), env=ENVIRONMENT,
                                   stdout=subprocess.DEVNULL)
        part = os.path.join(self.place, ".a.part")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and not (os.path.exists(part) and os.stat(part).st_blocks * 512 > SIZE // 2):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        process.wait()
        if "user.eddy.origin" not in os.listxattr(part):
            self.skipTest("needs a file system with extended attributes")
        self.server.pause = 0
        self.server.requests.clear()
        self.assert_arrived(self.fetch("--segments", "4", self.url("ok/a")), "a")
        asked = sum(end - first for first, end in (self.server.wanted(headers) for _, headers in self.server.requests))
        self.assertLess(asked, SIZE * 0.7)

    # Checksums

    def test_checksum(self):
        for algorithm in "sha256", "sha512", "sha384", "sha224", "sha1", "md5":
            result = self.fetch("--overwrite", "--segments", "2", "--checksum", self.sum_of("a", algorithm).upper()
                                .replace(algorithm.upper(), algorithm), self.url("ok/a"))
            self.assert_arrived(result, "a")
        wrong = "sha256:" + "0" * 64
        os.unlink(os.path.join(self.place, "a"))
        result = self.fetch("--checksum", wrong, self.url("ok/a"))
        self.assert_missed(result)
        self.assertIn(self.sum_of("a"), result.stderr)
        self.assertIn("0" * 64, result.stderr)

    def test_checksum_of_wrong_parts(self):
        """Where the whole is right, it is asked for in one, once."""
        for way, segments in ("wrong", "4"), ("wrongrest", "1"):
            with self.subTest(way=way):
                self.server.requests.clear()
                self.server.pause = 0.002
                result = self.fetch("--overwrite", "--segments", segments, "--checksum", self.sum_of("a"), self.url(way + "/a"))
                self.assert_arrived(result, "a")
                self.assertTrue(self.server.parts)
                self.assertIn("checksum", result.stderr)
                self.assertEqual([headers.get("range") for _, headers in self.server.requests][-1], None)
        os.unlink(os.path.join(self.place, "a"))
        self.server.requests.clear()
        self.assert_missed(self.fetch("--segments", "4", "--checksum", self.sum_of("b"), self.url("wrong/a")))
        self.assertEqual(sum("range" not in headers for _, headers in self.server.requests), 2)

    def test_checksum_of_a_damaged_part(self):
        """What an earlier process has left is wrong, and what it left out is right."""
        self.assert_missed(self.fetch("--retry", "0", self.url("breaks/a")), ".a.part")
        with open(os.path.join(self.place, ".a.part"), "r+b") as file:
            file.write(b"damaged")
        self.server.do_breaks = self.server.do_ok
        result = self.fetch("--checksum", self.sum_of("a"), self.url("breaks/a"))
        self.assert_arrived(result, "a")
        self.assertEqual(["range" in headers for _, headers in self.server.requests][-2:], [True, False])

    def test_checksum_of_what_is_small(self):
        body = content("small1")
        with HostileServer() as server:
            good, bad = hashlib.sha256(body).hexdigest(), "1" * 64
            listed = f"{server.url}/ok/small sha256:{good}\n{server.url}/ok/x/small\tsha256:{bad}\n{server.url}/empty/e md5:" \
                f"{hashlib.md5(b'').hexdigest()}\n"
            result = self.fetch("-i", "-", input=listed)
            self.assert_missed(result, "small", "e")
            self.assertEqual(self.read("small"), body)
            self.assertIn("1 failed", result.stdout)

    def test_bad_checksums(self):
        for checksum in "sha256:12", "sha256:" + "g" * 64, "crc32:12345678", "sha256", "md5:" + "0" * 64:
            result = self.fetch("--checksum", checksum, self.url("ok/a"))
            self.assertEqual(result.returncode, 2, checksum)
            self.assertEqual((self.files(), self.server.requests), ([], []), checksum)

    # Mirrors

    def test_next_mirror(self):
        port = free_port()
        mirrors = [self.url("gone/a"), f"http://127.0.0.1:{port}/a", self.url("ok/a")]
        result = self.fetch("--retry", "0", *(arg for mirror in mirrors[1:] for arg in ("--mirror", mirror)), mirrors[0])
        self.assert_arrived(result, "a")
        result = self.fetch("--retry", "0", "--overwrite", "-i", "-", input="\t".join(mirrors) + "\n")
        self.assert_arrived(result, "a")
        os.unlink(os.path.join(self.place, "a"))
        result = self.fetch("--retry", "0", "--mirror", mirrors[1], mirrors[0])
        self.assert_missed(result)

    def test_continued_by_a_mirror(self):
        """By the same strong ETag; else begun anew, and never by a date."""
        mirrored = self.server.body("mirrored")
        for first, mirror, is_continued, body in (
                ("tagbreaks/v1-a", "tag/v1-b", True, mirrored), ("tagbreaks/v1-c", "tag/v2-d", False, mirrored),
                ("tagbreaks/v1-e", "ok/f", False, self.server.body("f")),
                ("datebreaks/g", "dated/h", False, self.server.body("other"))):
            with self.subTest(first=first, mirror=mirror):
                self.server.requests.clear()
                result = self.fetch("--retry", "0", "--mirror", self.url(mirror), self.url(first))
                name = first.split("/")[1]
                self.assert_arrived(result, name, body)
                os.unlink(os.path.join(self.place, name))
                answers = [headers for path, headers in self.server.requests if path == "/" + mirror]
                whole = [headers for headers in answers if "range" not in headers]
                self.assertEqual(len(whole) == 0, is_continued)

    def test_continued_by_a_mirror_with_a_checksum(self):
        """Any mirror with as many bytes will do then, for what it brings is proven in the end."""
        checksum = self.sum_of("mirrored")
        result = self.fetch("--retry", "0", "--checksum", checksum, "--mirror", self.url("tag/v2-b"), self.url("tagbreaks/v1-a"))
        self.assert_arrived(result, "v1-a", self.server.body("mirrored"))
        self.assertIn("range", self.server.requests[-1][1])
        os.unlink(os.path.join(self.place, "v1-a"))
        result = self.fetch("--retry", "0", "--checksum", checksum, "--mirror", self.url("fake/v2-b"), self.url("tagbreaks/v1-c"))
        self.assert_missed(result)
        self.assertIn("checksum", result.stderr)

    def test_mirrors_that_are_wrong(self):
        """Whoever has other bytes than the checksum says, alone or in part, the one who has them brings them."""
        checksum, body = self.sum_of("mirrored"), self.server.body("mirrored")
        for name, first, mirrors, segments in (
                ("v1-a", "fake/v1-a", ["tag/v1-b"], 1), ("v1-c", "tag/v1-c", ["fake/v1-d"], 4),
                ("v1-e", "fake/v1-e", ["fake/v1-f", "gone/x", "tag/v1-g"], 4), ("v1-h", "tagbreaks/v1-h", ["fake/v1-i", "tag/v1-j"], 1)):
            with self.subTest(name=name):
                self.server.pause = 0.002
                args = [arg for mirror in mirrors for arg in ("--mirror", self.url(mirror))]
                result = self.fetch("--retry", "0", "--segments", str(segments), "--checksum", checksum, *args, self.url(first))
                self.assert_arrived(result, name, body)
                os.unlink(os.path.join(self.place, name))

    def test_segments_from_mirrors(self):
        self.server.pause = 0.003
        with Server() as other:
            other.pause = 0.003
            result = self.fetch("--segments", "4", "--mirror", f"{other.url}/tag/v1-b", self.url("tag/v1-a"))
            self.assert_arrived(result, "v1-a", self.server.body("mirrored"))
            self.assertTrue(other.parts)
        with Server("salt") as other:  # of the same size, and another version
            other.pause = 0.003
            result = self.fetch("--segments", "4", "--mirror", f"{other.url}/tag/v2-b", "--overwrite", self.url("tag/v1-a"))
            self.assert_arrived(result, "v1-a", self.server.body("mirrored"))

    def test_secrets_are_for_the_first_host(self):
        with Server() as other:
            result = self.fetch("--retry", "0", "--user", "me:secret", "-H", "Cookie: a=b", "-H", "X-Other: c",
                                "-H", "Host: inner.example", "-H", "Proxy-Authorization: d",
                                "--mirror", f"{other.url}/ok/a", self.url("gone/a"))
            self.assert_arrived(result, "a")
            headers = self.server.requests[0][1]
            self.assertEqual((headers["authorization"], headers["cookie"]), ("Basic bWU6c2VjcmV0", "a=b"))
            self.assertEqual((headers["host"], headers["proxy-authorization"]), ("inner.example", "d"))
            headers = other.requests[0][1]
            self.assertNotIn("authorization", headers)
            self.assertNotIn("cookie", headers)
            self.assertNotIn("proxy-authorization", headers)
            self.assertEqual((headers["host"], headers["x-other"]), (other.url[7:], "c"))
            os.unlink(os.path.join(self.place, "a"))
            result = self.fetch("--segments", "4", "-H", "authorization: Bearer abc", "--mirror",
                                f"{other.url}/tagbreaks/v1-b", "--mirror", f"{other.url}/tag/v1-c", self.url("tagbreaks/v1-a"))
            self.assert_arrived(result, "v1-a", self.server.body("mirrored"))
            self.assertEqual({headers.get("authorization") for path, headers in self.server.requests if "tag" in path},
                             {"Bearer abc"})
            self.assertGreater(len(other.requests), 1)
            self.assertEqual({headers.get("authorization") for _, headers in other.requests}, {None})


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
