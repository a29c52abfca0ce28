#!/usr/bin/env python3
"""`eddy serve` as clients of HTTP/2 see it: test_serve_http2.py EDDY [TEST...]."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from certificates import issue  # pylint: disable=wrong-import-position

EDDY = None
BIG = 3 * 1024 * 1024


class ServeHttp2Test(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.folder = os.path.join(self.place, "folder")
        os.mkdir(self.folder)
        self.small, self.big = b"hello, world!\n", os.urandom(BIG)
        for name, data in ("small.txt", self.small), ("big.bin", self.big):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)

    def start(self, *args):
        self.process = subprocess.Popen([EDDY, "serve", "--port", "0", *args, self.folder],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        said = self.process.stdout.readline()
        if "self-signed" in said:
            said = self.process.stdout.readline()
        self.url = re.search(r" at (https?://127.0.0.1:\d+)/$", said, re.M).group(1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def run_client(self, *args):
        program = shutil.which(args[0]) or self.skipTest(f"no {args[0]}")
        return subprocess.run([program, *args[1:]], stdout=subprocess.PIPE, timeout=60)

    def curl(self, target, *args):
        """What curl gets: its exit status, the version and status of the answer, and the body."""
        result = self.run_client("curl", "--silent", "--noproxy", "*", "--write-out", "\n%{http_version} %{http_code}",
                                 *args, self.url + target)
        body, _, about = result.stdout.rpartition(b"\n")
        return result.returncode, about.decode(), body

    def test_curl_that_knows(self):
        self.start()
        know = "--http2-prior-knowledge"
        self.assertEqual(self.curl("/small.txt", know), (0, "2 200", self.small))
        self.assertEqual(self.curl("/big.bin", know), (0, "2 200", self.big))
        self.assertEqual(self.curl("/big.bin", know, "--range", "1000-99999"), (0, "2 206", self.big[1000:100000]))
        self.assertEqual(self.curl("/none", know)[:2], (0, "2 404"))
        self.assertEqual(self.curl("/small.txt", "--http1.1"), (0, "1.1 200", self.small))
        self.stop()

    def test_answers_before_the_body(self):
        """A client that is told no while it sends gets to see that."""
        self.start()
        for _ in range(20):
            answer = self.curl("/small.txt", "--http2-prior-knowledge", "--data", "a body that nobody reads")
            self.assertEqual(answer[:2], (0, "2 405"))
        self.stop()

    def test_curl_that_asks_by_tls(self):
        root = issue(self.place, "root")
        certificate = issue(self.place, "server", "IP:127.0.0.1", root)
        self.start("--tls", "--cert", certificate.file, "--key", certificate.key)
        self.assertEqual(self.curl("/big.bin", "--cacert", root.file, "--http2"), (0, "2 200", self.big))
        self.assertEqual(self.curl("/big.bin", "--cacert", root.file, "--http1.1"), (0, "1.1 200", self.big))
        self.assertEqual(self.curl("/small.txt", "--cacert", root.file, "--no-alpn"), (0, "1.1 200", self.small))
        self.stop()

    def test_a_certificate_of_its_own(self):
        self.start("--tls")
        self.assertEqual(self.curl("/small.txt", "--insecure"), (0, "2 200", self.small))
        self.stop()

    def test_many_at_once(self):
        self.start()
        urls = [f"{self.url}/small.txt?{number}" for number in range(150)] + [f"{self.url}/big.bin"]
        result = self.run_client("nghttp", *urls)
        self.assertEqual(result.returncode, 0)
        self.assertEqual(len(result.stdout), 150 * len(self.small) + BIG)
        self.assertIn(self.big[:4096], result.stdout)
        self.stop()


if __name__ == "__main__":
    EDDY = sys.argv.pop(1)
    unittest.main()
