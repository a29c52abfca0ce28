#!/usr/bin/env python3
"""`eddy serve --tls` as a process: test_serve_tls.py EDDY [TEST...]."""
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from certificates import issue  # pylint: disable=wrong-import-position

EDDY = None
BIG = 8 * 1024 * 1024


class ServeTlsTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.folder = os.path.join(self.place, "folder")
        os.mkdir(self.folder)
        self.small, self.big = b"hello, world!\n", os.urandom(1024) * (BIG // 1024)
        for name, data in ("small.txt", self.small), ("big.bin", self.big):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)

    def start(self, *args):
        self.process = subprocess.Popen([EDDY, "serve", "--tls", "--port", "0", *args, self.folder],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.said = self.process.stdout.readline()
        if "self-signed" in self.said:
            self.said += self.process.stdout.readline()
        self.port = int(re.search(r" at https://127.0.0.1:(\d+)/$", self.said, re.M).group(1))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(timeout=30), 0)

    def curl(self, target, *args):
        """What curl gets: its exit status, and the body."""
        program = shutil.which("curl") or self.skipTest("no curl")
        result = subprocess.run([program, "--silent", "--noproxy", "*", *args, f"https://127.0.0.1:{self.port}{target}"],
                                stdout=subprocess.PIPE, timeout=60)
        return result.returncode, result.stdout

    def serial_of_server(self, certificate):
        context = ssl.create_default_context(cadata=certificate)
        with socket.create_connection(("127.0.0.1", self.port), 30) as connection:
            with context.wrap_socket(connection, server_hostname="127.0.0.1") as secure:
                return secure.getpeercert()["serialNumber"]

    def test_self_signed(self):
        self.start()
        self.assertEqual(self.curl("/small.txt", "--insecure"), (0, self.small))
        status, body = self.curl("/big.bin", "--insecure")
        self.assertEqual((status, body == self.big), (0, True))
        self.assertEqual(self.curl("/small.txt"), (60, b""))  # nobody has issued it
        self.stop()

    def test_fingerprint_is_that_of_the_certificate(self):
        self.start()
        certificate = ssl.get_server_certificate(("127.0.0.1", self.port))
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest().upper()
        self.assertIn("SHA-256 " + ":".join(digest[i:i + 2] for i in range(0, 64, 2)) + "\n", self.said)
        self.serial_of_server(certificate)  # it is for the address, and fit for a server

    def test_own_certificate(self):
        root = issue(self.place, "root")
        certificate = issue(self.place, "server", "IP:127.0.0.1", root)
        self.start("--cert", certificate.file, "--key", certificate.key)
        self.assertNotIn("SHA-256", self.said)
        self.assertEqual(self.curl("/small.txt", "--cacert", root.file), (0, self.small))
        status, body = self.curl("/big.bin", "--cacert", root.file)
        self.assertEqual((status, body == self.big), (0, True))

    def test_both_in_one_file(self):
        certificate = issue(self.place, "server", "IP:127.0.0.1")
        with open(certificate.file, "a") as both, open(certificate.key) as key:
            both.write(key.read())
        self.start("--cert", certificate.file)
        self.assertEqual(self.curl("/small.txt", "--insecure"), (0, self.small))

    def test_renewal(self):
        certificate = issue(self.place, "server", "IP:127.0.0.1")
        self.start("--cert", certificate.file, "--key", certificate.key)
        old = pathlib.Path(certificate.file).read_text()
        before = self.serial_of_server(old)
        issue(self.place, "server", "IP:127.0.0.1")
        new = pathlib.Path(certificate.file).read_text()
        self.process.send_signal(signal.SIGHUP)
        for _ in range(10000):
            try:
                after = self.serial_of_server(new)
                break
            except ssl.SSLCertVerificationError:  # not yet
                pass
        self.assertNotEqual(before, after)
        os.remove(certificate.key)
        self.process.send_signal(signal.SIGHUP)
        self.assertIn(certificate.key, self.process.stderr.readline())
        self.assertEqual(self.serial_of_server(new), after)

    def workers(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:
            return [int(pid) for pid in file.read().split()]

    def wait_for_all(self, certificate):
        """Until connections, which the kernel spreads, find this one each time."""
        found = 0
        for _ in range(10000):
            try:
                self.serial_of_server(certificate)
                found += 1
            except (ssl.SSLCertVerificationError, ConnectionError):
                found = 0
            if found == 40:
                return
        self.fail("others have another one")

    def test_renewal_by_workers(self):
        certificate = issue(self.place, "server", "IP:127.0.0.1")
        self.start("--cert", certificate.file, "--key", certificate.key, "--workers", "3")
        self.wait_for_all(pathlib.Path(certificate.file).read_text())
        issue(self.place, "server", "IP:127.0.0.1")
        new = pathlib.Path(certificate.file).read_text()
        self.process.send_signal(signal.SIGHUP)
        self.wait_for_all(new)
        before = self.workers()
        os.kill(before[0], signal.SIGABRT)  # who takes its place has the new one, too
        while before[0] in self.workers() or len(self.workers()) < 3:
            os.sched_yield()
        self.wait_for_all(new)
        self.stop()

    def test_who_speaks_no_tls(self):
        self.start()
        with socket.create_connection(("127.0.0.1", self.port), 30) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            try:
                while piece := plain.recv(4096):
                    answer += piece
            except ConnectionResetError:
                pass
            self.assertNotIn(b"HTTP", answer)
        self.assertEqual(self.curl("/small.txt", "--insecure"), (0, self.small))

    def test_who_does_not_agree_is_not_waited_for(self):
        """TLS comes before HTTP, and --timeout is for both: who says nothing, or begins and goes on no more, does not stay."""
        self.start("--timeout", "0.5")
        silent, stalled = [socket.create_connection(("127.0.0.1", self.port), 30) for _ in range(2)]
        with silent, stalled:
            stalled.sendall(b"\x16\x03\x01\x02\x00")
            for connection in silent, stalled:
                try:
                    while connection.recv(4096):  # an alert may say why
                        pass
                except ConnectionResetError:
                    pass
        self.assertEqual(self.curl("/small.txt", "--insecure"), (0, self.small))
        self.stop()

    def test_bad_usage(self):
        certificate = issue(self.place, "server")
        for args, code in ((["--cert", certificate.file], 2), (["--tls", "--key", certificate.key], 2),
                           (["--tls", "--cert", "/none"], 1), (["--tls", "--cert", certificate.file], 1),
                           (["--tls", "--bind", "a,b"], 1)):
            result = subprocess.run([EDDY, "serve", *args, self.folder], stderr=subprocess.PIPE, text=True)
            self.assertEqual(result.returncode, code, args)
            self.assertTrue(result.stderr.startswith("eddy serve: "), result.stderr)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
