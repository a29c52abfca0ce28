#!/usr/bin/env python3
"""`eddy jobs` with a store in Redis that speaks TLS alone: test_jobs_tls.py EDDY [TEST...]."""
import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import certificates  # pylint: disable=wrong-import-position
import servers  # pylint: disable=wrong-import-position
import test_jobs  # pylint: disable=wrong-import-position

ROOT = SERVER = CLIENT = None


@contextlib.contextmanager
def redis_over_tls(demands_certificate):
    """The port of one without persistence, that has no other."""
    program = shutil.which("redis-server") or servers.skip("no redis-server")
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(5):  # another one may take the port before it does
            port = servers.free_port()
            with subprocess.Popen(
                    [program, "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder,
                     "--tls-cert-file", SERVER.file, "--tls-key-file", SERVER.key, "--tls-ca-cert-file", ROOT.file,
                     "--tls-auth-clients", "yes" if demands_certificate else "no"],
                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
                try:
                    if any("Ready to accept connections" in line for line in process.stdout):
                        yield port
                        return
                finally:
                    process.kill()
    servers.skip("redis-server does not start with TLS")


class Tls(test_jobs.Jobs):
    def serve(self, demands_certificate=False):
        context = redis_over_tls(demands_certificate)
        self.environment["EDDY_JOBS"] = "rediss://127.0.0.1:%d/0" % context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)

    def test_a_store_whose_issuer_is_named(self):
        self.serve()
        self.assertEqual(self.enqueue("--ca", ROOT.file, "--id", "a", "work"), "a")
        url = self.environment.pop("EDDY_JOBS")
        worker = self.work("--store", url, "--ca", ROOT.file, "--exec", "echo done")
        self.wait_for_line(worker, "  a  done")
        self.assertEqual(self.jobs("enqueue", "-s", url, "--ca", ROOT.file, "--wait", "work"), b"done\n")
        self.assertIn(b"is of this version's format", self.jobs("migrate", "-s", url, "--ca", ROOT.file))

    def test_a_store_that_the_system_trusts(self):
        self.serve()
        self.environment["SSL_CERT_FILE"] = ROOT.file
        self.assertEqual(self.enqueue("--id", "a", "work"), "a")
        self.assertEqual(self.job("a")["state"], "ready")

    def test_a_store_that_nobody_trusts_is_not_used(self):
        self.serve()
        self.environment["SSL_CERT_FILE"] = CLIENT.file
        self.assertIn("leads to a root that is not trusted", self.failure("enqueue", "work", code=1))
        self.assertIn("/none.pem", self.failure("enqueue", "--ca", self.path("none.pem"), "work", code=1))

    def test_a_store_that_demands_a_certificate(self):
        self.serve(demands_certificate=True)
        self.assertEqual(self.enqueue("--ca", ROOT.file, "--cert", CLIENT.file, "--cert-key", CLIENT.key, "--id", "a", "work"), "a")
        both = self.path("both.pem")
        with open(both, "wb") as file:
            file.write(pathlib.Path(CLIENT.file).read_bytes() + pathlib.Path(CLIENT.key).read_bytes())
        self.assertIn(b" a ", b" " + self.jobs("list", "--ca", ROOT.file, "--cert", both))
        self.failure("list", "--ca", ROOT.file, code=1)

    def test_certificates_are_for_no_other_store(self):
        self.assertIn("--ca and --cert are for a store at rediss://", self.failure("list", "--ca", ROOT.file))
        self.assertIn("sslrootcert=FILE", self.failure("list", "-s", "postgres://x", "--cert", CLIENT.file))
        self.assertIn("--cert-key needs the --cert", self.failure("list", "-s", "rediss://x", "--cert-key", CLIENT.key))


if __name__ == "__main__":
    test_jobs.EDDY = os.path.abspath(sys.argv.pop(1))
    with tempfile.TemporaryDirectory() as certificates_folder:
        ROOT = certificates.issue(certificates_folder, "root")
        SERVER = certificates.issue(certificates_folder, "server", "IP:127.0.0.1", ROOT)
        CLIENT = certificates.issue(certificates_folder, "client", None, ROOT)
        unittest.main()
