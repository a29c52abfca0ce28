#!/usr/bin/env python3
"""A file that `eddy fetch` makes is of one version, whatever a server answers: test_fetch_versions.py EDDY [TEST...].

Each row of ROWS is a server's way: its answer to the first request, which brings half of version 1 at most, and its
answers to requests for the rest. Who asks for the whole again gets version 2. The table is that of docs/http.md."""
import os
import subprocess
import sys
import tempfile
import unittest

from hostile import HostileServer, content

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
SIZE, HALF = 1000, 500
DATES = {1: "Mon, 06 Jan 2025 10:00:00 GMT", 2: "Tue, 07 Jan 2025 10:00:00 GMT"}


def version(row, number):
    return content(f"{row}{number}", SIZE)


def etag(number):
    return f'ETag: "v{number}"\r\n'


def date(number):
    return f"Last-Modified: {DATES[number]}\r\n"


def content_range(first, last=SIZE - 1, total=SIZE):
    return f"Content-Range: bytes {first}-{last}/{total}\r\n"


def length(n):
    return f"Content-Length: {n}\r\n"


def chunked(data, ends=True):
    return b"%x\r\n%s\r\n" % (len(data), data) + (b"0\r\n\r\n" if ends else b"")


CHUNKED = "Transfer-Encoding: chunked\r\n"

# Answers to the first request: a head, and of the body what comes of it. The connection ends then.
FIRST = {
    "etag": lambda one: ("200", etag(1) + length(SIZE), one[:HALF]),
    "date": lambda one: ("200", date(1) + length(SIZE), one[:HALF]),
    "weak etag": lambda one: ("200", 'ETag: W/"v1"\r\n' + length(SIZE), one[:HALF]),
    "weak date": lambda one: ("200", date(1) + f"Date: {DATES[1]}\r\n" + length(SIZE), one[:HALF]),
    "nothing": lambda one: ("200", length(SIZE), one[:HALF]),
    "chunks": lambda one: ("200", etag(1) + CHUNKED, chunked(one[:HALF], ends=False)),
    "chunks and date": lambda one: ("200", date(1) + CHUNKED, chunked(one[:HALF], ends=False)),
    "all but the last chunk": lambda one: ("200", etag(1) + CHUNKED, chunked(one, ends=False)),
    "encoded": lambda one: ("200", etag(1) + "Content-Encoding: gzip\r\n" + length(SIZE), one[:HALF]),
    "no ranges": lambda one: ("200", etag(1) + "Accept-Ranges: none\r\n" + length(SIZE), one[:HALF]),
    "part": lambda one: ("206", etag(1) + length(HALF) + content_range(0, HALF - 1), one[:HALF]),
    "part of unknown": lambda one: ("206", etag(1) + length(HALF) + content_range(0, HALF - 1, "*"), one[:HALF]),
    "part without range": lambda one: ("206", etag(1) + length(HALF), one[:HALF]),
    "part as whole": lambda one: ("200", etag(1) + length(HALF) + content_range(HALF), one[HALF:]),
    "multipart": lambda one: ("206", "Content-Type: multipart/byteranges; boundary=x\r\n" + length(HALF), one[:HALF]),
    "early end": lambda one: ("200", etag(1) + CHUNKED + length(SIZE), chunked(one[:HALF], ends=False)),
    "no length": lambda one: ("200", etag(1) + f"Content-Length: {HALF}x\r\n", one[:HALF]),
    "two lengths": lambda one: ("200", etag(1) + length(HALF) + length(SIZE), one[:HALF]),
}

# Answers to a request for what follows the first s bytes, of versions 1 and 2.
THEN = {
    "rest": lambda s, one, two: ("206", etag(1) + date(1) + length(SIZE - s) + content_range(s), one[s:]),
    "rest in pieces": lambda s, one, two: (
        "206", etag(1) + CHUNKED + content_range(s), chunked(one[s:s + 100])),
    "rest that breaks off": lambda s, one, two: (
        "206", etag(1) + length(SIZE - s) + content_range(s), one[s:s + 100]),
    "other version": lambda s, one, two: ("206", etag(2) + date(2) + length(SIZE - s) + content_range(s), two[s:]),
    "no version": lambda s, one, two: ("206", length(SIZE - s) + content_range(s), two[s:]),
    "weak version": lambda s, one, two: ("206", 'ETag: W/"v1"\r\n' + length(SIZE - s) + content_range(s), two[s:]),
    "larger": lambda s, one, two: (
        "206", etag(1) + date(1) + length(SIZE + 9 - s) + content_range(s, SIZE + 8, SIZE + 9), two[s:] + 9 * b"x"),
    "smaller": lambda s, one, two: (
        "206", etag(1) + date(1) + length(SIZE - 9 - s) + content_range(s, SIZE - 10, SIZE - 9), two[s:-9]),
    "unknown size": lambda s, one, two: (
        "206", etag(1) + date(1) + length(SIZE - s) + content_range(s, SIZE - 1, "*"), two[s:]),
    "more": lambda s, one, two: ("206", etag(1) + length(SIZE) + content_range(0), two),
    "less": lambda s, one, two: ("206", etag(1) + length(9) + content_range(s, s + 8), two[s:s + 9]),
    "one byte early": lambda s, one, two: (
        "206", etag(1) + length(SIZE - s + 1) + content_range(s - 1), two[s - 1:]),
    "longer than it says": lambda s, one, two: (
        "206", etag(1) + length(SIZE) + content_range(s), two[s:] + two[:s]),
    "chunks that are too many": lambda s, one, two: (
        "206", etag(1) + CHUNKED + content_range(s), chunked(two[s:] + b"more")),
    "encoded": lambda s, one, two: (
        "206", etag(1) + "Content-Encoding: gzip\r\n" + length(SIZE - s) + content_range(s), two[s:]),
    "multipart": lambda s, one, two: (
        "206", etag(1) + "Content-Type: multipart/byteranges; boundary=x\r\n" + length(SIZE - s), two[s:]),
    "no range": lambda s, one, two: ("206", etag(1) + length(SIZE - s), two[s:]),
    "part as whole": lambda s, one, two: ("200", etag(1) + length(SIZE - s) + content_range(s), two[s:]),
    "no such part": lambda s, one, two: ("416", length(0) + f"Content-Range: bytes */{s}\r\n", b""),
    "no length": lambda s, one, two: ("206", etag(1) + f"Content-Length: {SIZE - s}x\r\n" + content_range(s), one[s:]),
    "whole": lambda s, one, two: ("200", etag(2) + length(SIZE), two),
    "whole in chunks": lambda s, one, two: ("200", CHUNKED, chunked(two)),
    "busy": lambda s, one, two: ("503", length(0) + "Retry-After: 0\r\n", b""),
    "gone": lambda s, one, two: ("404", length(0), b""),
    "unchanged": lambda s, one, two: ("304", etag(1), b""),
    "met no condition": lambda s, one, two: ("412", length(0), b""),
}

# The first answer, those to requests for the rest, and the version that arrives (None: the download fails).
ROWS = [
    ("etag", "rest", 1), ("date", "rest", 1), ("chunks", "rest", 1), ("all but the last chunk", "rest", 1),
    ("etag", "rest in pieces", 1), ("etag", "rest that breaks off", 1),
    ("weak etag", "rest", 2), ("weak date", "rest", 2), ("nothing", "rest", 2), ("chunks and date", "rest", 2),
    ("encoded", "rest", 2), ("no ranges", "rest", 2),
    ("part", "rest", 2), ("part of unknown", "rest", 2), ("part without range", "rest", 2),
    ("part as whole", "rest", 2), ("multipart", "rest", 2),
    ("early end", "other version", 2), ("two lengths", "other version", 2),
    ("no length", "rest", 2), ("etag", "no length", None),
    ("etag", "busy", None), ("etag", "gone", None), ("etag", "unchanged", None), ("etag", "met no condition", None),
] + [
    (first, then, 2) for first in ("etag", "date", "chunks") for then in (
        "other version", "no version", "weak version", "more", "less", "one byte early", "longer than it says",
        "encoded", "multipart", "no range", "part as whole", "no such part", "whole", "whole in chunks", "unknown size")
] + [
    ("etag", "larger", 2), ("etag", "smaller", 2), ("date", "larger", 2), ("date", "smaller", 2),
    ("etag", "chunks that are too many", 2),
]


class Server(HostileServer):
    """Answers /ROW by that row of ROWS."""

    def serve_request(self, connection, path, headers, attempt):
        row = int(path.lstrip("/"))
        one, two = version(row, 1), version(row, 2)
        if "range" in headers:
            start = int(headers["range"][len("bytes="):-1])
            status, head, body = THEN[ROWS[row][1]](start, one, two)
        elif attempt == 1:
            status, head, body = FIRST[ROWS[row][0]](one)
        else:
            status, head, body = "200", etag(2) + length(SIZE), two
        connection.sendall(f"HTTP/1.1 {status} Answer\r\nConnection: close\r\n{head}\r\n".encode() + body)
        return False


class VersionsTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.server = Server()
        self.addCleanup(self.server.close)

    def fetch(self, rows, *args):
        return subprocess.run([EDDY, "fetch", "-j", "100", "-o", self.place, *args,
                               *(f"{self.server.url}/{row}" for row in rows)], capture_output=True, text=True,
                              env=ENVIRONMENT, timeout=60)

    def read(self, row):
        try:
            with open(os.path.join(self.place, str(row)), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def check(self, result):
        self.assertEqual(result.returncode, 1, result.stderr)
        for row, (first, then, expected) in enumerate(ROWS):
            with self.subTest(row=row, first=first, then=then):
                wanted = expected and version(row, expected)
                self.assertTrue(self.read(row) == wanted, result.stderr)
        left = [name for name in os.listdir(self.place) if name.endswith(".part")]
        self.assertTrue(all(ROWS[int(name.split(".")[1])][2] is None for name in left), left)

    def test_in_one_process(self):
        self.check(self.fetch(range(len(ROWS)), "--retry", "2"))

    def test_in_several_processes(self):
        """What one process leaves, the next continues or begins anew."""
        for _ in range(3):
            missing = [row for row in range(len(ROWS)) if self.read(row) is None]
            result = self.fetch(missing, "--retry", "0")
        while any(self.read(row) is None and ROWS[row][1] == "rest that breaks off" for row in range(len(ROWS))):
            result = self.fetch(missing, "--retry", "0", "--skip-existing")
        self.check(result)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
