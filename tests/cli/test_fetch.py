#!/usr/bin/env python3
"""`eddy fetch` against servers good and bad: test_fetch.py EDDY [TEST...]."""
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

from hostile import SIZE, HostileServer, content

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


class FetchTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.server = HostileServer()
        self.addCleanup(self.server.close)

    def fetch(self, *args, **options):
        return subprocess.run([EDDY, "fetch", "-o", self.place, *args], capture_output=True, text=True,
                              errors="replace", env=ENVIRONMENT, timeout=60, **options)

    def urls(self, *paths):
        return [f"{self.server.url}/{path}" for path in paths]

    def read(self, name):
        with open(os.path.join(self.place, name), "rb") as file:
            return file.read()

    def files(self):
        return sorted(os.listdir(self.place))

    def assert_arrives(self, path, *args, version="1"):
        result = self.fetch("--timeout", "0.5", *args, *self.urls(path))
        name = path.split("/")[-1]
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read(name), content(name + version))
        self.assertEqual(self.files(), [name])
        return result

    def test_many(self):
        names = [f"{i}.bin" for i in range(200)]
        result = self.fetch("-j", "50", *self.urls(*("ok/" + name for name in names)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("200 of 200 arrived", result.stdout)
        for name in names:
            self.assertEqual(self.read(name), content(name + "1"))

    def test_dropped(self):
        self.assert_arrives("drop/a")

    def test_stalled(self):
        self.assert_arrives("stall/a")
        self.assertIn("range", self.server.requests[-1][1])

    def test_truncated_is_continued(self):
        self.assert_arrives("truncate/a", "--retry", "1")
        ranges = [headers.get("range") for _, headers in self.server.requests]
        self.assertEqual(ranges[:3], [None, f"bytes={SIZE // 10}-", f"bytes={2 * SIZE // 10}-"])

    def test_truncated_without_ranges(self):
        self.assert_arrives("norange/a")

    def test_never_whole(self):
        result = self.fetch("--retry", "1", *self.urls("neverwhole/a"))
        self.assertEqual(result.returncode, 1)
        self.assertNotIn("a", self.files())

    def test_changed_meanwhile(self):
        self.assert_arrives("changed/a", version="2")

    def test_wrong_part(self):
        self.assert_arrives("wrongpart/a")

    def test_busy(self):
        self.assert_arrives("busy/a")

    def test_garbage(self):
        self.assert_arrives("garbage/a")

    def test_chunked(self):
        self.assert_arrives("chunked/a")

    def test_redirected(self):
        self.assert_arrives("redirect/a")

    def test_empty(self):
        result = self.fetch(*self.urls("empty/a"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("a"), b"")

    def test_failures(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        result = self.fetch("--retry", "0", *self.urls("missing/a", "circle/b", "ok/c"),
                            f"http://127.0.0.1:{port}/d")
        self.assertEqual(result.returncode, 1)
        self.assertIn("404 Not Found", result.stderr)
        self.assertIn("1 of 4 arrived", result.stdout)
        self.assertIn("3 failed", result.stdout)
        self.assertEqual(self.files(), ["c"])
        self.assertEqual(self.server.attempts["/missing/a"], 1)

    def test_names_are_safe(self):
        bad = ["..%2f..%2fevil", "%2e%2e", ".bashrc", "-rf", "a%00b", "x/../..", "%ff%0a%1b[31m", "y" * 3000, "q?a/b",
               "f#/g", "~root", ""]
        result = self.fetch(*self.urls(*("ok/" + name for name in bad)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(self.files()), len(bad))
        for name in os.listdir(os.fsencode(self.place)):
            self.assertNotIn(name[:1], (b".", b"-", b"~"))
            self.assertFalse(any(byte < 0x20 for byte in name))
        self.assertFalse(os.path.exists(os.path.join(self.place, "..", "evil")))

    def test_nothing_is_overwritten(self):
        with open(os.path.join(self.place, "a.txt"), "w") as file:
            file.write("mine")
        result = self.fetch("-j", "1", *self.urls("ok/a.txt", "ok/x/a.txt"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read("a.txt"), b"mine")
        self.assertEqual(self.read("a-1.txt"), content("a.txt1"))
        self.assertEqual(self.read("a-2.txt"), content("x/a.txt1"))

    def test_skip_and_overwrite(self):
        with open(os.path.join(self.place, "a"), "w") as file:
            file.write("mine")
        result = self.fetch("--skip-existing", *self.urls("ok/a"))
        self.assertEqual((result.returncode, self.read("a")), (0, b"mine"))
        self.assertEqual(self.server.requests, [])
        result = self.fetch("--overwrite", *self.urls("ok/a"))
        self.assertEqual((result.returncode, self.read("a")), (0, content("a1")))
        self.assertEqual(self.files(), ["a"])

    def test_link_in_the_way(self):
        victim = os.path.join(self.place, "victim")
        with open(victim, "w") as file:
            file.write("mine")
        os.symlink(victim, os.path.join(self.place, "a"))
        os.symlink(victim, os.path.join(self.place, ".b.part"))
        result = self.fetch("--retry", "0", *self.urls("ok/a", "ok/b"))
        self.assertEqual(result.returncode, 1)
        self.assertEqual(self.read("victim"), b"mine")
        self.assertEqual(self.read("a-1"), content("a1"))

    def test_json(self):
        result = self.fetch("--json", *self.urls("ok/a", "missing/b", "busy/c"))
        events = [json.loads(line) for line in result.stdout.splitlines()]
        kinds = [event["event"] for event in events]
        self.assertEqual(result.returncode, 1)
        self.assertEqual(kinds.count("arrived"), 2)
        self.assertEqual(kinds.count("retry"), 2)
        failed = next(event for event in events if event["event"] == "failed")
        self.assertEqual((failed["status"], failed["error"]), (404, "EDDY_EHTTP"))
        self.assertEqual(events[-1]["event"], "summary")
        self.assertEqual((events[-1]["arrived"], events[-1]["failed"]), (2, 1))

    def test_url_file(self):
        text = f"# a comment\n\n{self.server.url}/ok/a\r\n  {self.server.url}/ok/b  \n"
        result = self.fetch("-i", "-", input=text)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.files(), ["a", "b"])

    def test_bad_usage(self):
        for args in ([], ["--frob"], ["ftp://x/"], ["x"], ["-j", "0", "http://x/"], ["-j", "x", "http://x/"],
                     ["--timeout", "0", "http://x/"], ["--retry", "-1", "http://x/"], ["-i", "/none"]):
            result = self.fetch(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn("--help", result.stderr)
            self.assertEqual(result.stdout, "")

    def test_folder_is_a_file(self):
        with open(os.path.join(self.place, "a"), "w"):
            pass
        result = subprocess.run([EDDY, "fetch", "-o", os.path.join(self.place, "a"), "http://x/"],
                                capture_output=True, text=True)
        self.assertEqual(result.returncode, 1)
        self.assertIn("not a folder", result.stderr)

    def interrupt_half_way(self, signum):
        """Interrupt when half has arrived, as the terminal shows; the terminal's text."""
        primary, secondary = pty.openpty()
        process = subprocess.Popen([EDDY, "fetch", "-o", self.place, *self.urls("hold/a")], stdout=secondary,
                                   stderr=secondary, env=ENVIRONMENT)
        os.close(secondary)
        text = b""
        while b" 50%" not in text:
            text += os.read(primary, 4096)
        process.send_signal(signum)
        try:
            while data := os.read(primary, 4096):
                text += data
        except OSError:  # the other side is closed
            pass
        os.close(primary)
        self.assertEqual(process.wait(timeout=30), 130)
        return text.decode()

    def check_interrupted(self, signum):
        text = self.interrupt_half_way(signum)
        self.assertIn("interrupted: 0 of 1 arrived", text)
        self.assertIn("--skip-existing", text)
        self.assertEqual(self.files(), [".a.part"])
        self.assert_arrives("hold/a")
        path, headers = self.server.requests[-1]
        try:
            os.setxattr(os.path.join(self.place, "a"), "user.test", b"")
        except OSError:
            self.skipTest("needs a file system with extended attributes")
        self.assertEqual(headers["range"], f"bytes={SIZE // 2}-")
        self.assertEqual(headers["if-range"], '"a-1"')
        self.assertNotIn("user.eddy.origin", os.listxattr(os.path.join(self.place, "a")))

    def test_interrupted_by_ctrl_c(self):
        self.check_interrupted(signal.SIGINT)

    def test_interrupted_by_sigterm(self):
        self.check_interrupted(signal.SIGTERM)

    def test_part_of_another_url(self):
        self.interrupt_half_way(signal.SIGINT)
        self.assert_arrives("ok/a")
        self.assertNotIn("range", self.server.requests[-1][1])


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
