#!/usr/bin/env python3
"""`eddy fetch` and `eddy serve --upload` where the disk is really full, which here is one of memory that a namespace of this
test's own has mounted: test_full_disk.py EDDY [TEST...]."""
import errno
import json
import os
import shutil
import subprocess
import sys
import threading
import unittest

from hostile import SIZE, HostileServer, content
from serving import Answer, Serving
from test_serve_upload import form

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
WITHIN = "EDDY_TEST_MAY_MOUNT"
FULL = "No space left on device"
LARGE = 600_000


class Disk:
    """A file system of so many bytes and files."""

    def __init__(self, test, place, size=1 << 20, files=100):
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},nr_inodes={files}", "none", place], check=True)
        test.addCleanup(subprocess.run, ["umount", "-l", place], check=True)
        self.place = place
        self.filler = os.path.join(place, "filler")

    def fill(self, room=0):
        """Leave room for so many bytes."""
        with open(self.filler, "wb", buffering=0) as file:
            free = os.statvfs(self.place)
            file.write(bytes(free.f_bavail * free.f_frsize))
            file.truncate(max(0, file.tell() - room))

    def fill_with_files(self):
        """Leave room for bytes, and for no file."""
        os.mkdir(self.filler)
        try:
            for i in range(10_000):
                os.mkdir(os.path.join(self.filler, str(i)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def free(self):
        if os.path.isdir(self.filler):
            shutil.rmtree(self.filler)
        else:
            os.unlink(self.filler)

    def files(self):
        return sorted(set(os.listdir(self.place)) - {"filler"})

    def used(self):
        """Bytes that files have, named or not."""
        state = os.statvfs(self.place)
        return (state.f_blocks - state.f_bfree) * state.f_frsize


class Large(HostileServer):
    """As HostileServer, but /large/NAME has LARGE bytes."""

    def do_large(self, connection, name, headers, attempt):
        if "range" in headers and "-" in headers["range"] and not headers["range"].endswith("-"):
            return self.send_part(connection, name, headers)
        return self.send(connection, name, headers, size=LARGE)

    @staticmethod
    def send_part(connection, name, headers):
        first, last = map(int, headers["range"][6:].split("-"))
        connection.sendall(f'HTTP/1.1 206 Part\r\nETag: "{name}-1"\r\nContent-Length: {last + 1 - first}\r\n'
                           f"Content-Range: bytes {first}-{last}/{LARGE}\r\n\r\n".encode() +
                           content(name + "1", LARGE)[first:last + 1])
        return True


class FetchTest(Serving):
    def setUp(self):
        super().setUp()
        self.disk = Disk(self, self.place)
        self.server = Large()
        self.addCleanup(self.server.close)

    def fetch(self, *args):
        return subprocess.run([EDDY, "fetch", "-o", self.place, *args], capture_output=True, text=True, env=ENVIRONMENT,
                              timeout=60)

    def url(self, path):
        return f"{self.server.url}/{path}"

    def can_be_continued(self):
        try:
            os.setxattr(self.place, "user.test", b"")
            os.removexattr(self.place, "user.test")
        except OSError:
            return False
        return True

    def assert_full(self, result, name):
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn(f"cannot write .{name}.part: {FULL}", result.stderr)

    def test_large(self):
        """What came stays, and is gone on with once there is room."""
        for args in ([], ["--segments", "4"]):
            with self.subTest(args=args):
                self.server.attempts.clear()
                self.disk.fill(room=LARGE // 2)
                self.assert_full(self.fetch(*args, self.url("large/a")), "a")
                self.assertEqual(self.disk.files(), [".a.part"])
                # In vain for as long as the disk is full, and asked for no more often than connections are open.
                self.assertLessEqual(self.server.attempts["/large/a"], 4 if args else 1)
                self.assert_full(self.fetch(*args, self.url("large/a")), "a")
                self.disk.free()
                self.server.requests.clear()
                result = self.fetch(*args, self.url("large/a"))
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual((self.disk.files(), self.read("a")), (["a"], content("a1", LARGE)))
                if self.can_be_continued():
                    self.assertIn("range", self.server.requests[0][1])
                os.unlink(self.path("a"))

    def test_small(self):
        """Nothing is left of what grows in memory, and nothing of it is seen."""
        before = self.disk.used()
        self.disk.fill()
        for args in ([], ["--overwrite"], ["--content-disposition"]):
            self.assert_full(self.fetch(*args, self.url("ok/a"), self.url("empty/b")), "a")
            self.assertEqual(self.disk.files(), ["b"])
            os.unlink(self.path("b"))
        self.disk.free()
        self.assertEqual(self.disk.used(), before)
        self.assertEqual(self.fetch(self.url("ok/a")).returncode, 0)
        self.assertEqual(self.read("a"), content("a1"))

    def test_no_room_for_a_file(self):
        self.disk.fill_with_files()
        for path in "ok/a", "empty/a", "large/a":
            result = self.fetch("--json", self.url(path))
            events = [json.loads(line) for line in result.stdout.splitlines()]
            event = next((event for event in events if event["event"] == "failed"), {})
            self.assertEqual((result.returncode, event.get("error")), (1, "ENOSPC"))
            self.assertIn(FULL, event["detail"])
            self.assertEqual(self.disk.files(), [])
        self.disk.free()
        self.assertEqual(self.fetch(self.url("ok/a")).returncode, 0)

    def test_what_is_there_is_kept(self):
        self.write("a", b"old")
        self.disk.fill(room=LARGE // 2)
        self.assert_full(self.fetch("--overwrite", self.url("large/a")), "a")
        self.assertEqual(self.read("a"), b"old")

    def test_many(self):
        """Those that have room arrive; the others may be asked for again."""
        names = [str(i) for i in range(20)]
        urls = [self.url(f"ok/{name}") for name in names]
        result = self.fetch("-j", "5", *urls)
        self.assertEqual(result.returncode, 1)
        self.assertIn(FULL, result.stderr)
        arrived = [name for name in self.disk.files() if not name.startswith(".")]
        self.assertTrue(0 < len(arrived) < 20, arrived)
        for name in arrived:
            self.assertEqual(self.read(name), content(name + "1"))
        for name in arrived:
            os.unlink(self.path(name))
        subprocess.run(["mount", "-o", "remount,size=4m", self.place], check=True)
        result = self.fetch("-j", "5", "--skip-existing", *urls)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.disk.files(), sorted(names))


class UploadTest(Serving):
    EDDY = None

    def setUp(self):
        super().setUp()
        self.disk = Disk(self, self.place)

    def serve(self, *args):
        self.start("--upload", *args)
        self.get("/")
        self.idle = self.descriptors()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def put(self, target, body):
        return self.ask("PUT", target, body=body)

    def post(self, *files):
        body, kind = form(*files)
        return self.ask("POST", "/", kind, body=body)

    def put_in_chunks(self, target, body):
        connection = self.connect()
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
                           .encode())
        try:
            connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        except ConnectionError:
            pass
        with connection:
            return Answer(self.read_all(connection))

    def assert_nothing_is_left(self, before, names=()):
        self.assertEqual(self.disk.files(), list(names))
        while self.descriptors() > self.idle:  # of connections that are being closed
            self.get("/")
        self.assertEqual(self.disk.used(), before)

    def test_full(self):
        self.serve()
        self.disk.fill(room=LARGE // 2)
        before, body = self.disk.used(), content("a", LARGE)
        for ask in (lambda: self.put("/a", body), lambda: self.put_in_chunks("/a", body), lambda: self.post(("a", body))):
            answer = ask()
            self.assertEqual((answer.status, answer.text), (507, "a: the disk is full\n"))
            self.assertEqual(self.get("/").status, 200)
            self.assert_nothing_is_left(before)
        self.disk.free()
        self.assertEqual(self.put("/a", body).status, 201)
        self.assertEqual(self.read("a"), body)

    def test_what_came_before_is_kept(self):
        """In a form the files before the one that has no room."""
        self.serve()
        self.disk.fill(room=LARGE // 2)
        answer = self.post(("a", b"1"), ("b", content("b", LARGE)), ("c", b"3"))
        self.assertEqual((answer.status, answer.text), (507, "b: the disk is full\n"))
        self.assertEqual((self.disk.files(), self.read("a")), (["a"], b"1"))

    def test_no_room_for_a_file(self):
        self.serve()
        self.disk.fill_with_files()
        before = self.disk.used()
        self.assertEqual((self.put("/a", b"x").status, self.post(("a", b"x")).status), (507, 507))
        self.assert_nothing_is_left(before)
        self.disk.free()
        self.assertEqual(self.put("/a", b"x").status, 201)

    def test_what_is_there_is_kept(self):
        self.write("a", b"old")
        self.serve("--overwrite")
        self.disk.fill(room=LARGE // 2)
        before = self.disk.used()
        self.assertEqual(self.put("/a", content("a", LARGE)).status, 507)
        self.assertEqual(self.read("a"), b"old")
        self.assert_nothing_is_left(before, ["a"])

    def test_many(self):
        """At a time: each is there whole, or refused."""
        self.serve()
        self.disk.fill(room=LARGE)
        body, answers = content("a", LARGE // 4), {}

        def put(name):
            answers[name] = self.put("/" + name, body).status
        threads = [threading.Thread(target=put, args=(str(i),)) for i in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        kept = sorted(name for name, status in answers.items() if status == 201)
        self.assertEqual(set(answers.values()), {201, 507} if kept else {507})
        self.assertEqual(self.disk.files(), kept)
        self.assertEqual([self.read(name) for name in kept], [body] * len(kept))
        self.disk.free()
        self.assertEqual(self.put("/last", body).status, 201)

    def test_log(self):
        """A log that has no room loses lines, of which it says so, and no request."""
        logs = os.path.join(self.outside, "logs")
        os.mkdir(logs)
        disk = Disk(self, logs)
        log = os.path.join(logs, "log")
        open(log, "w").close()
        disk.fill()
        self.serve("--log", log)
        for i in range(5):
            self.assertEqual(self.put(f"/{i}", b"x").status, 201)
        disk.free()
        while not os.path.getsize(log):
            self.get("/")
        self.stop()
        with open(log) as file:
            lines = file.read().splitlines()
        self.assertEqual({line.split()[0] for line in lines}, {"127.0.0.1", "#"})
        self.assertRegex("\n".join(lines), r"(?m)^# .* lines? (is|are) missing here")


def enter_namespace():
    """Again as one who may mount, where that is permitted."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", "/tmp"]
    try:
        why = subprocess.run(["unshare", "-rm", *mount], stderr=subprocess.PIPE, text=True).stderr
    except OSError as error:
        why = str(error)
    if why:
        print(f"skipped: no file system can be mounted here: {why}")
        sys.exit(77)
    os.environ[WITHIN] = "yes"
    os.execvp("unshare", ["unshare", "-rm", sys.executable, *sys.argv])


if __name__ == "__main__":
    if WITHIN not in os.environ:
        enter_namespace()
    EDDY = UploadTest.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
