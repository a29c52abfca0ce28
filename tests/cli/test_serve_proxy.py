#!/usr/bin/env python3
"""`eddy serve --proxy`: test_serve_proxy.py EDDY [TEST...]."""
import base64
import http.server
import os
import subprocess
import sys
import threading
import unittest

from serving import Serving

PAGE = "Accept: text/html"


class Behind(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = f"{self.command} {self.path} {body.decode()}".encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


class ProxyTest(Serving):
    def setUp(self):
        super().setUp()
        self.write("index.html", b"<title>app</title>")
        self.behind = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Behind)
        thread = threading.Thread(target=self.behind.serve_forever)
        thread.start()
        self.addCleanup(self.behind.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(self.behind.shutdown)

    def url(self, path=""):
        return f"http://127.0.0.1:{self.behind.server_port}{path}"

    def test_below_a_prefix(self):
        self.start("--proxy", "/api=" + self.url("/v1"), "--proxy", "/other=" + self.url())
        self.assertEqual(self.get("/api/users?x=1").body, b"GET /v1/users?x=1 ")
        self.assertEqual(self.ask("DELETE", "/other/7").body, b"DELETE /7 ")
        self.assertEqual(self.get("/index.html").body, b"<title>app</title>")
        self.assertEqual(self.get("/apis").status, 404)
        self.stop()

    def test_beside_an_application(self):
        self.start("--spa", "--proxy", "/api=" + self.url())
        answer = self.get("/api/missing", PAGE)
        self.assertEqual((answer.status, answer.body), (404, b"GET /missing "))
        self.assertEqual(self.get("/page", PAGE).body, b"<title>app</title>")

    def test_for_all(self):
        self.start("--proxy", self.url())
        self.assertEqual(self.get("/index.html").body, b"GET /index.html ")

    def test_behind_a_password(self):
        hashed = subprocess.run(["openssl", "passwd", "-5", "secret"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.start("--auth", "ann:" + hashed.strip(), "--proxy", "/api=" + self.url())
        self.assertEqual(self.get("/api/x").status, 401)
        token = base64.b64encode(b"ann:secret").decode()
        self.assertEqual(self.get("/api/x", "Authorization: Basic " + token).body, b"GET /x ")

    def test_workers(self):
        self.start("--workers", "2", "--proxy", "/api=" + self.url())
        for i in range(8):
            self.assertEqual(self.get(f"/api/{i}").body, b"GET /%d " % i)
        self.stop()

    def test_nobody_behind(self):
        self.start("--proxy", "/api=http://127.0.0.1:9")
        self.assertEqual(self.get("/api/x").status, 502)

    def test_what_is_none(self):
        for wrong in ("/api=ftp://127.0.0.1", "/api=", "nonsense"):
            done = subprocess.run(self.command("--proxy", wrong), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=30, check=False)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn("--proxy", done.stderr)


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
