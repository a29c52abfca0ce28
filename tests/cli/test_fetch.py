#!/usr/bin/env python3
"""`eddy fetch` against servers good and bad: test_fetch.py EDDY [TEST...]."""
import contextlib
import email.utils
import json
import os
import pathlib
import pty
import resource
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

from hostile import SIZE, HostileServer, content
from terminals import take_terminal

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import free_port  # pylint: disable=wrong-import-position

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

    def assert_arrives(self, path, *args, version="1", left=()):
        result = self.fetch("--timeout", "0.5", *args, *self.urls(path))
        name = path.split("/")[-1]
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.read(name), content(name + version))
        self.assertEqual(self.files(), [name, *left])
        return result

    def test_many(self):
        names = [f"{i}.bin" for i in range(200)]
        result = self.fetch("-j", "50", *self.urls(*("ok/" + name for name in names)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("200 of 200 arrived", result.stdout)
        for name in names:
            self.assertEqual(self.read(name), content(name + "1"))

    def test_many_beside_what_is_there(self):
        """The folder is listed for many: what is in it is neither lost nor fetched over, nor is what appears meanwhile."""
        def appear(connection, name, headers, attempt):
            if attempt == 1:
                with open(os.path.join(self.place, name), "w") as file:
                    file.write("theirs")
            return self.server.send(connection, name, headers, size=1000)
        self.server.do_appear = appear
        names = [f"{i}.bin" for i in range(120)]
        self.assertEqual(self.fetch("--retry", "0", *self.urls("truncate/part")).returncode, 1)
        with open(os.path.join(self.place, "3.bin"), "w") as file:
            file.write("mine")
        self.server.requests.clear()
        result = self.fetch(*self.urls(*("ok/" + name for name in names), "truncate/part", "appear/late"))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.files(), sorted([*names, "3-1.bin", "part", "late", "late-1"]))
        self.assertEqual((self.read("3.bin"), self.read("late")), (b"mine", b"theirs"))
        for name, text in ("3-1.bin", "3.bin1"), ("part", "part1"), ("119.bin", "119.bin1"):
            self.assertEqual(self.read(name), content(text), name)
        self.assertEqual(self.read("late-1"), content("late1", 1000))
        self.assertEqual([path for path, _ in self.server.requests].count("/ok/3.bin"), 1)
        if self.has_attributes():
            self.assertIn("range", next(headers for path, headers in self.server.requests if path == "/truncate/part"))

    def has_attributes(self):
        try:
            os.setxattr(self.place, "user.test", b"")
            return True
        except OSError:
            return False

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
        port = free_port()
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

    def list_file(self, data):
        path = os.path.join(self.place, "list")
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_url_file_as_people_write_it(self):
        url = self.server.url.encode()
        path = self.list_file(b"\xef\xbb\xbf" + url + b"/ok/a\r\n\r\n\t# a comment\r\n \t" + url
                              + b"/ok/my report.txt \t\r\n#" + url + b"/ok/c\n"
                              + url + b"/ok/d#e\n" + url + b"/ok/\xc3\xa4")
        result = self.fetch("-i", path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.files(), sorted(["a", "d", "list", "my report.txt", "\u00e4"]))
        self.assertEqual(sorted(path for path, _ in self.server.requests),
                         ["/ok/%C3%A4", "/ok/a", "/ok/d", "/ok/my%20report.txt"])

    def test_url_file_with_faults(self):
        """A line that is no URL is refused by its number, and nothing is fetched."""
        url = self.server.url.encode()
        for line in (b"ok/a", b"ftp://x/a", b"/ok/a", b"http:/x", url + b"/ok/a\tb", b"sha256:00\t" + url + b"/ok/a",
                     url + b"/ok/a\tsha256:00\tmd5:00", url + b"/ok/a sha256:00\tmd5:00",
                     url + b"/ok/a " + url + b"/ok/b", url + b"/ok/a # first", url + b"/ok/a\x00b", url + b"/ok/a\rb",
                     url + b"/ok/a\x1b[2J", url + b"/ok/a\x7f"):
            with self.subTest(line=line):
                result = self.fetch("-i", self.list_file(url + b"/ok/first\n# no. 2\n" + line + b"\n"))
                self.assertEqual(result.returncode, 2)
                self.assertIn("line 3 of ", result.stderr)
                self.assertNotIn("\x1b", result.stderr)
                self.assertEqual(self.server.requests, [])
        for data in (b"", b"# nothing\n", (url + b"/ok/a\n").decode().encode("utf-16")):
            self.assertEqual(self.fetch("-i", self.list_file(data)).returncode, 2)
        self.assertEqual(self.fetch("-i", self.place).returncode, 2)

    def test_blanks_are_encoded(self):
        self.assertEqual(self.fetch(*self.urls("ok/my report.pdf", "ok/b?c d", "ok/e%20f")).returncode, 0)
        self.assertEqual(self.files(), ["b", "e f", "my report.pdf"])
        self.assertEqual(sorted(path for path, _ in self.server.requests),
                         ["/ok/b?c%20d", "/ok/e%20f", "/ok/my%20report.pdf"])

    def test_retry_after(self):
        """What is sane is waited for, what is more than we would wait fails at once, and the rest is no wish."""
        def later(wish, *args):
            path = f"later/{urllib.parse.quote(wish, safe='')}/a"
            result = self.fetch("--json", "--overwrite", *args, *self.urls(path))
            events = [json.loads(line) for line in result.stdout.splitlines()]
            delays = [event["delay"] for event in events if event["event"] == "retry"]
            self.assertEqual(self.server.attempts.pop("/" + path), 1 + len(delays))
            return result.returncode, delays
        soon = email.utils.formatdate(time.time() + 2, usegmt=True)
        for wish in "0", "-1", "1.5", "soon", "", "Sun, 06 Nov 1994 08:49:37 GMT", "1e9":
            self.assertEqual(later(wish), (0, [0.25]), wish)
        self.assertEqual(later("1"), (0, [1.0]))
        code, delays = later(soon)
        self.assertEqual((code, len(delays)), (0, 1))
        self.assertIn(delays[0], (0.25, 1.0, 2.0))  # as slow as this machine is
        for wish in "86400", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT":
            self.assertEqual(later(wish), (1, []), wish)
        self.assertEqual(later("2", "--max-wait", "1.5"), (1, []))

    def test_retries_are_not_spent_in_vain(self):
        paths = [f"elsewhere/{urllib.parse.quote(place, safe='')}/a" for place in (
            "ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/", "http://", "what://x")]
        paths += ["missing/a", "circle/a"]
        result = self.fetch("--retry", "5", *self.urls(*paths))
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"{len(paths)} failed", result.stdout)
        self.assertNotIn("retr", result.stdout + result.stderr)
        self.assertEqual({path: self.server.attempts["/" + path] for path in paths if "circle" not in path},
                         {path: 1 for path in paths if "circle" not in path})
        self.assertEqual(self.files(), [])

    @unittest.skipUnless(shutil.which("openssl"), "needs openssl to make a certificate")
    def test_certificate(self):
        key, certificate = (os.path.join(self.place, name) for name in ("key", "certificate"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
                        "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        attempts = []

        def accept(listener):
            while True:
                try:
                    connection, _ = listener.accept()
                    attempts.append(connection)
                    with context.wrap_socket(connection, server_side=True):
                        pass
                except ssl.SSLError:
                    pass
                except OSError:
                    return
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=accept, args=(listener,), daemon=True)
            thread.start()
            result = self.fetch("--retry", "5", f"https://127.0.0.1:{listener.getsockname()[1]}/a")
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
        self.assertEqual(result.returncode, 1)
        self.assertIn("certificate", result.stderr)
        self.assertEqual(len(attempts), 1)

    def test_limited_files(self):
        """What is too large fails at once, and neither a signal nor another file goes with it."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 2, SIZE // 2))
        result = self.fetch("-j", "1", *self.urls("ok/large", "empty/small"), preexec_fn=limit)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertEqual(self.files(), [".large.part", "small"])
        self.assertEqual(self.server.attempts["/ok/large"], 1)
        self.assertEqual(os.stat(os.path.join(self.place, ".large.part")).st_size, SIZE // 2)
        self.assert_arrives("ok/large", left=["small"])

    def test_report_that_cannot_be_written(self):
        """The files arrive, and the exit code tells."""
        reader, closed = os.pipe()
        os.close(reader)
        with open("/dev/full", "w") as full, os.fdopen(closed, "w") as closed:
            for out, reason in (full, "No space left"), (closed, "Broken pipe"):
                for args in ([], ["--json"]):
                    result = subprocess.run([EDDY, "fetch", "-o", self.place, "--overwrite", *args,
                                             *self.urls("ok/a", "ok/b")], stdout=out, stderr=subprocess.PIPE, text=True,
                                            env=ENVIRONMENT, timeout=60)
                    self.assertEqual(result.returncode, 1)
                    self.assertIn("cannot write to standard output: " + reason, result.stderr)
                    self.assertEqual(self.read("b"), content("b1"))
                    os.unlink(os.path.join(self.place, "b"))
            for command in (["--version"], ["--help"], ["fetch", "--help"], ["serve", "--help"]):
                self.assertEqual(subprocess.run([EDDY, *command], stdout=full, stderr=subprocess.DEVNULL).returncode, 1)

    def test_started_without_standard_files(self):
        """No file of ours takes the place of one that is missing."""
        for closed, code in (("<&-", 0), (">&-", 1), ("2>&-", 0), ("<&- >&- 2>&-", 1)):
            with self.subTest(closed=closed):
                result = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", EDDY, "fetch", "--overwrite",
                                         "-o", self.place, *self.urls("ok/a", "ok/b")],
                                        capture_output=True, env=ENVIRONMENT, timeout=60)
                self.assertEqual(result.returncode, code, result.stderr)
                self.assertEqual((self.read("a"), self.read("b")), (content("a1"), content("b1")))
                self.server.attempts.clear()
        result = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", EDDY, "fetch", "-i", "-"], capture_output=True)
        self.assertEqual(result.returncode, 2)

    def named(self, disposition, rest="url"):
        return f"named/{urllib.parse.quote(disposition, safe='')}/{rest}"

    @staticmethod
    def named_content(path):
        return content(path.split("/", 1)[1] + "1")

    def test_content_disposition(self):
        paths = [self.named("attachment; filename=\"report 1.txt\"", "a"),
                 self.named("attachment; filename*=UTF-8''%c3%a4", "b"),
                 self.named("attachment; filename=../../etc/c", "c-url"), self.named("attachment", "d"),
                 self.named("attachment; filename=\"report 1.txt\"", "e"), self.named("attachment; filename=f", "f")]
        result = self.fetch("-j", "1", "--content-disposition", *self.urls(*paths))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.files(), sorted(["report 1.txt", "report 1-1.txt", "\u00e4", "c", "d", "f"]))
        self.assertEqual(self.read("report 1-1.txt"), self.named_content(paths[4]))
        self.assertIn("arrived report 1.txt", result.stdout)
        result = self.fetch(*self.urls(paths[2]))  # not without being asked for
        self.assertIn("c-url", self.files())

    def test_content_disposition_and_files_that_are_there(self):
        path = self.named("attachment; filename=given")
        with open(os.path.join(self.place, "given"), "w") as file:
            file.write("mine")
        result = self.fetch("--content-disposition", "--skip-existing", *self.urls(path))
        self.assertEqual((result.returncode, self.read("given"), self.files()), (0, b"mine", ["given"]))
        self.assertIn("skipped given", result.stdout)
        self.assertEqual(self.fetch("--content-disposition", *self.urls(path)).returncode, 0)
        self.assertEqual((self.read("given"), self.files()), (b"mine", ["given", "given-1"]))
        self.assertEqual(self.fetch("--content-disposition", "--overwrite", *self.urls(path)).returncode, 0)
        self.assertEqual((self.read("given"), self.files()), (self.named_content(path), ["given", "given-1"]))

    def test_content_disposition_of_what_is_continued(self):
        path = self.named("attachment; filename=given", "break")
        self.assertEqual(self.fetch("--content-disposition", "--retry", "0", *self.urls(path)).returncode, 1)
        self.assertEqual(self.files(), [".break.part"])
        self.assertEqual(self.fetch("--content-disposition", *self.urls(path)).returncode, 0)
        self.assertEqual((self.read("given"), self.files()), (self.named_content(path), ["given"]))
        self.assertIn("range", self.server.requests[-1][1])

    def test_names_as_long_as_they_may_be(self):
        name = "y" * 251 + ".txt"
        self.assertEqual(self.fetch("-j", "1", *self.urls(f"truncate/{name}", f"ok/x/{name}")).returncode, 0)
        self.assertEqual(self.read(name), content(name + "1"))
        self.assertEqual(self.read("y" * 249 + "-1.txt"), content(f"x/{name}1"))
        self.assertEqual(len(self.files()), 2)

    def test_what_is_no_file_is_not_replaced(self):
        os.mkfifo(os.path.join(self.place, "a"))
        os.mkdir(os.path.join(self.place, "b"))
        result = self.fetch("--overwrite", *self.urls("ok/a", "ok/b"))
        self.assertEqual(result.returncode, 1)
        self.assertTrue(stat.S_ISFIFO(os.lstat(os.path.join(self.place, "a")).st_mode))
        self.assertEqual((self.files(), self.server.requests), (["a", "b"], []))

    def test_times_without_end(self):
        for seconds in "inf", "1e300", "1e9", "60":
            result = self.fetch("--overwrite", "--timeout", seconds, "--max-wait", seconds, *self.urls("ok/a"))
            self.assertEqual(result.returncode, 0, seconds)

    def test_bad_usage(self):
        for args in ([], ["--frob"], ["--timeout", "nan", "http://x/"], ["--max-wait", "-1", "http://x/"],
                     ["-o", "-", "http://x/"], ["http://x/a\tb"], ["http://x/a http://x/b"],
                     ["ftp://x/"], ["x"], ["-j", "0", "http://x/"], ["-j", "x", "http://x/"],
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
                                   stderr=secondary, env=ENVIRONMENT, start_new_session=True, preexec_fn=take_terminal)
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

    def test_a_dumb_terminal_gets_lines(self):
        primary, secondary = pty.openpty()
        self.addCleanup(os.close, primary)
        done = subprocess.run([EDDY, "fetch", "-o", self.place, *self.urls("ok/a")], stdout=secondary, stderr=secondary,
                              env={**ENVIRONMENT, "TERM": "dumb"}, check=False, timeout=60)
        os.close(secondary)
        self.assertEqual(done.returncode, 0)
        text = b""
        with contextlib.suppress(OSError):  # the other side is closed
            while data := os.read(primary, 4096):
                text += data
        self.assertIn(b"arrived a", text)
        self.assertNotIn(b"\x1b", text)

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

    def test_part_of_another_url_stays(self):
        """An attempt that brings nothing takes nothing away."""
        if not self.has_attributes():
            self.skipTest("needs a file system with extended attributes")
        self.interrupt_half_way(signal.SIGINT)
        port = free_port()
        for url in self.urls("missing/a", "unasked/a", "garbage/a") + [f"http://127.0.0.1:{port}/a"]:
            self.assertEqual(self.fetch("--retry", "0", url).returncode, 1, url)
            self.assertEqual(self.files(), [".a.part"], url)
        self.assert_arrives("hold/a")
        self.assertEqual(self.server.requests[-1][1].get("range"), f"bytes={SIZE // 2}-")


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
