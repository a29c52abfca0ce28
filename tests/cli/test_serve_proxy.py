#!/usr/bin/env python3
"""`eddy serve --proxy`: test_serve_proxy.py EDDY [TEST...]."""
import base64
import http.server
import os
import resource
import shutil
import socketserver
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

from serving import Serving

PAGE = "Accept: text/html"


class Behind(http.server.BaseHTTPRequestHandler):
    """Says what it was asked."""
    protocol_version = "HTTP/1.1"

    count = most = 0  # connections, now and at most
    lock = threading.Lock()

    def setup(self):
        super().setup()
        with self.lock:
            Behind.count += 1
            Behind.most = max(Behind.most, Behind.count)

    def finish(self):
        with self.lock:
            Behind.count -= 1
        super().finish()

    def answer(self):
        if "slow" in self.path:
            time.sleep(0.01)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = f"{self.command} {self.path} {body.decode()}{self.headers.get('Upgrade') or ''}".encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(said)))
        if "cors" in self.path:
            for line in ("Allow-Origin: *", "Allow-Credentials: true", "Allow-Headers: X-Own", "Expose-Headers: X-Total", "Max-Age: 5"):
                self.send_header(*("Access-Control-" + line).split(": "))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128


class UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True  # connections are kept


class ProxyTest(Serving):
    def setUp(self):
        super().setUp()
        self.write("index.html", b"<title>app</title>")
        self.behind = Server(("127.0.0.1", 0), Behind)
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

    def test_the_prefix_itself(self):
        """Of a WebSocket or of GraphQL that is all there is; with a slash behind it in the option or without."""
        self.start("--spa", "--proxy", "/ws=" + self.url("/socket"), "--proxy", "/api/=" + self.url("/"))
        for answer, body in (
                (self.get("/ws", PAGE), b"GET /socket "),
                (self.get("/ws?x=1"), b"GET /socket?x=1 "),
                (self.get("/ws", "Connection: Upgrade", "Upgrade: websocket"), b"GET /socket websocket"),
                (self.ask("POST", "/ws", body=b"{}"), b"POST /socket {}"),
                (self.get("/ws/x"), b"GET /socket/x "),
                (self.get("/api"), b"GET / "),
                (self.get("/api?x"), b"GET /?x "),
                (self.get("/api/users"), b"GET /users ")):
            self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual(self.get("/wss", PAGE).body, b"<title>app</title>")

    def test_the_prefix_that_is_all(self):
        for prefix in ("/", "//"):
            self.start("--proxy", f"{prefix}={self.url()}")
            self.assertIn(f"serving {self.url()} at ", self.line)
            self.assertEqual(self.get("/index.html").body, b"GET /index.html ")
            self.stop()

    def test_what_needs_a_folder(self):
        for option in ("--upload", "--spa"):
            self.assertIn(f"{option} needs a folder", self.refused(option, "--proxy", self.url()))

    def test_beside_an_application(self):
        self.start("--spa", "--proxy", "/api=" + self.url())
        answer = self.get("/api/missing", PAGE)
        self.assertEqual((answer.status, answer.body), (404, b"GET /missing "))
        self.assertEqual(self.get("/page", PAGE).body, b"<title>app</title>")

    def test_for_all(self):
        self.start("--proxy", self.url())
        self.assertEqual(self.get("/index.html").body, b"GET /index.html ")

    def test_many_streams(self):
        """Clients with many streams do not use up the descriptors: their requests wait for a connection."""
        self.start("--proxy", "/api=" + self.url(),
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128)))
        h2load = shutil.which("h2load") or self.skipTest("no h2load")
        said = subprocess.run([h2load, "-n", "600", "-c", "3", "-m", "100", f"http://127.0.0.1:{self.port}/api/slow"],
                              stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout
        self.assertIn("status codes: 600 2xx", said)
        self.assertEqual(self.get("/index.html").status, 200)
        self.assertLessEqual(Behind.most, 32)

    def test_behind_a_password(self):
        hashed = subprocess.run(["openssl", "passwd", "-5", "secret"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.start("--auth", "ann:" + hashed.strip(), "--proxy", "/api=" + self.url())
        self.assertEqual(self.get("/api/x").status, 401)
        token = base64.b64encode(b"ann:secret").decode()
        self.assertEqual(self.get("/api/x", "Authorization: Basic " + token).body, b"GET /x ")

    def allowed(self, answer, name):
        return answer.all("Access-Control-" + name)

    def test_cors_is_ours_to_say(self):
        """A browser refuses an answer that names two origins."""
        self.start("--cors=https://app.example", "--proxy", "/api=" + self.url())
        for target in ("/api/cors", "/api/plain"):
            answer = self.get(target, "Origin: https://app.example")
            self.assertEqual(self.allowed(answer, "Allow-Origin"), ["https://app.example"])
            self.assertEqual(self.allowed(answer, "Allow-Credentials"), ["true"])
            self.assertEqual(self.allowed(answer, "Allow-Headers"), [])
            self.assertEqual(self.allowed(answer, "Max-Age"), [])
            self.assertEqual("X-Total" in self.allowed(answer, "Expose-Headers"), target == "/api/cors")
            self.assertIn("ETag", ", ".join(self.allowed(answer, "Expose-Headers")))
        answer = self.get("/api/cors", "Origin: https://other.example")
        self.assertEqual((answer.status, self.allowed(answer, "Allow-Origin")), (200, []))

    def test_cors_of_the_server_behind(self):
        self.start("--proxy", "/api=" + self.url())
        answer = self.get("/api/cors", "Origin: https://app.example")
        self.assertEqual(self.allowed(answer, "Allow-Origin"), ["*"])
        self.assertEqual(self.allowed(answer, "Max-Age"), ["5"])
        answer = self.ask("OPTIONS", "/api/cors", "Origin: https://app.example", "Access-Control-Request-Method: PUT")
        self.assertEqual(answer.body, b"OPTIONS /cors ")

    def test_preflights(self):
        """They are answered here, and the page may send what it asks for."""
        question = ("Access-Control-Request-Method: PUT", "Access-Control-Request-Headers: content-type,x-token")
        self.start("--cors=https://app.example", "--proxy", "/api=" + self.url())
        answer = self.ask("OPTIONS", "/api/cors", "Origin: https://app.example", *question)
        self.assertEqual((answer.status, answer.body), (204, b""))
        self.assertEqual(self.allowed(answer, "Allow-Origin"), ["https://app.example"])
        self.assertEqual(self.allowed(answer, "Allow-Headers"), ["content-type,x-token"])
        self.assertIn("PUT", self.allowed(answer, "Allow-Methods")[0])
        answer = self.ask("OPTIONS", "/api/cors", "Origin: https://other.example", *question)
        self.assertEqual((answer.status, self.allowed(answer, "Allow-Headers")), (204, []))
        answer = self.ask("OPTIONS", "/api/cors", "Origin: https://app.example", question[0],
                          "Access-Control-Request-Headers: " + "x" * 4000)
        self.assertEqual((answer.status, self.allowed(answer, "Allow-Headers")), (204, []))
        # what is no such question is asked of the server behind
        self.assertEqual(self.ask("OPTIONS", "/api/x", "Origin: https://app.example").body, b"OPTIONS /x ")
        self.stop()
        self.start("--cors", "--proxy", self.url())
        answer = self.ask("OPTIONS", "/cors", "Origin: https://app.example", *question)
        self.assertEqual(self.allowed(answer, "Allow-Origin"), ["*"])
        self.assertEqual(self.allowed(answer, "Allow-Headers"), ["content-type,x-token"])
        self.assertEqual(self.allowed(answer, "Allow-Credentials"), [])

    def test_workers(self):
        self.start("--workers", "2", "--proxy", "/api=" + self.url())
        for i in range(8):
            self.assertEqual(self.get(f"/api/{i}").body, b"GET /%d " % i)
        self.stop()

    def test_at_a_socket(self):
        """Its path may have what a URL may not, where that is written as %20."""
        path = os.path.join(os.path.dirname(self.place), "my s\u00f6ck.sock")
        behind = UnixServer(path, Behind)
        thread = threading.Thread(target=behind.serve_forever)
        thread.start()
        self.addCleanup(behind.server_close)
        self.addCleanup(thread.join)
        self.addCleanup(behind.shutdown)
        self.start("--proxy", "/api=http://unix:" + urllib.parse.quote(path) + ":/v1")
        self.assertEqual(self.get("/api/users").body, b"GET /v1/users ")

    def test_nobody_behind(self):
        self.start("--proxy", "/api=http://127.0.0.1:9")
        self.assertEqual(self.get("/api/x").status, 502)

    def test_prefixes_that_are_none(self):
        for wrong, why in (("/a//b", "two slashes stand together"), ("/a?x", "of a path alone"), ("/../a", "no path has")):
            said = self.refused("--proxy", f"{wrong}={self.url()}")
            self.assertIn(f"--proxy {wrong}: ", said)
            self.assertIn(why, said)
            self.assertNotIn("{", said)
        said = self.refused("--proxy", "/a=" + self.url(), "--proxy", "/a/=" + self.url())
        self.assertIn("is there already", said)

    def test_what_is_none(self):
        for wrong in ("/api=ftp://127.0.0.1", "/api=", "nonsense"):
            done = subprocess.run(self.command("--proxy", wrong), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                  timeout=30, check=False)
            self.assertEqual(done.returncode, 2, wrong)
            self.assertIn("--proxy", done.stderr)


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
