#!/usr/bin/env python3
"""`eddy serve --auth`: test_serve_auth.py EDDY OPENSSL [TEST...]."""
import base64
import os
import subprocess
import sys
import time
import unittest

from serving import Answer, Serving

OPENSSL = "openssl"


def hash_of(password, *options):
    return subprocess.run([OPENSSL, "passwd", *(options or ["-6"]), password], capture_output=True, text=True,
                          check=True).stdout.strip()


def basic(user, password):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


class AuthTest(Serving):
    def setUp(self):
        super().setUp()
        self.write("a.txt", b"secret")

    def users(self, **passwords):
        return [part for user, password in passwords.items() for part in ("--auth", f"{user}:{hash_of(password)}")]

    def test_users(self):
        self.start(*self.users(ann="one", bob="two"))
        answer = self.get("/a.txt")
        self.assertEqual((answer.status, b"secret" in answer.body), (401, False))
        self.assertEqual(answer.headers["www-authenticate"], 'Basic realm="eddy serve", charset="UTF-8"')
        for user, password, status in (("ann", "one", 200), ("bob", "two", 200), ("ann", "two", 401), ("bob", "one", 401),
                                       ("eve", "one", 401), ("ann", "", 401), ("", "one", 401), ("ANN", "one", 401),
                                       ("ann", "one ", 401), ("ann", "one", 200)):
            self.assertEqual(self.get("/a.txt", basic(user, password)).status, status, (user, password))
        for header in ("Authorization: Basic", "Authorization: Basic !!!", "Authorization: Bearer x",
                       "Authorization: Basic " + base64.b64encode(b"ann").decode()):
            self.assertEqual(self.get("/a.txt", header).status, 401, header)

    def test_all_of_it_is_guarded(self):
        self.start(*self.users(ann="one"), "--upload", "--spa")
        for method, target in (("GET", "/"), ("GET", "/none"), ("HEAD", "/a.txt"), ("PUT", "/b"), ("POST", "/"),
                               ("DELETE", "/a.txt"), ("OPTIONS", "/"), ("GET", "//a.txt"), ("GET", "/./a.txt")):
            self.assertEqual(self.ask(method, target).status, 401, (method, target))
        self.assertEqual(self.ask("PUT", "/b", basic("ann", "one"), body=b"x").status, 201)

    def test_a_colon_and_letters_beyond_ascii(self):
        self.start(*self.users(ann="a:b:ü"))
        self.assertEqual(self.get("/a.txt", basic("ann", "a:b:ü")).status, 200)

    def test_kinds_of_hashes(self):
        self.start("--auth", "a:" + hash_of("x", "-5"), "--auth", "b:" + hash_of("x", "-1"))
        for user in "ab":
            self.assertEqual(self.get("/a.txt", basic(user, "x")).status, 200, user)

    def test_what_is_no_hash(self):
        good = hash_of("x")
        for text in ("ann", "ann:", ":x", "ann:secret", "ann:secretsecret1", "ann:$6$salt", "ann:" + good[:-1], "ann:" + good + "x",
                     "ann:$apr1$r31.....$HqJZimcKQFAMYayBlzkrA/", "ann:$x$y", "ann:*"):
            self.assertIn("openssl passwd -6", self.refused("--auth", text), text)

    def test_files(self):
        self.write("../users", f"# who may\n\nann:{hash_of('one')}\r\nbob:{hash_of('two')}\n".encode())
        self.start("--auth-file", os.path.join(self.outside, "users"))
        self.assertEqual(self.get("/a.txt", basic("bob", "two")).status, 200)
        self.assertEqual(self.get("/a.txt", basic("ann", "one")).status, 200)
        self.write("../bad", b"# a comment\nann\n")
        self.assertIn("line 2 of", self.refused("--auth-file", os.path.join(self.outside, "bad")))
        self.write("../empty", b"# nobody\n")
        self.refused("--auth-file", os.path.join(self.outside, "empty"))
        self.refused("--auth-file", os.path.join(self.outside, "none"), code=1)
        self.assertIn("cannot read", self.refused("--auth-file", self.outside, code=1))

    def test_browsers_ask_without_a_password(self):
        # CORS: the question before a request never has one, and who answers it by 401 lets no page in.
        self.start(*self.users(ann="one"), "--cors=https://app.example")
        origin = "Origin: https://app.example"
        answer = self.ask("OPTIONS", "/a.txt", origin, "Access-Control-Request-Method: GET",
                          "Access-Control-Request-Headers: authorization")
        self.assertEqual((answer.status, answer.headers["access-control-allow-credentials"]), (204, "true"))
        self.assertEqual(answer.headers["access-control-allow-headers"], "authorization")
        for headers, status in (([], 401), ([basic("ann", "one")], 200)):
            answer = self.get("/a.txt", origin, *headers)
            self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]),
                             (status, "https://app.example"))

    def ask_slowly(self, header):
        began = time.monotonic()
        self.get("/a.txt", header)
        return time.monotonic() - began

    def test_who_is_known_is_not_told_by_time(self):
        self.start("--auth", "ann:" + hash_of("one", "-6", "-salt", "rounds=60000$abcdefgh"))
        times = {user: min(self.ask_slowly(basic(user, f"wrong{i}")) for i in range(5)) for user in ("ann", "eve")}
        # That of an unknown user without a hash would be a hundredth.
        self.assertGreater(times["eve"], times["ann"] / 3)
        self.get("/a.txt", basic("ann", "one"))
        self.assertLess(min(self.ask_slowly(basic("ann", "one")) for _ in range(5)), times["ann"] / 3)  # it was found right before

    def test_the_loop_goes_on(self):
        self.start("--auth", "ann:" + hash_of("one", "-6", "-salt", "rounds=60000$abcdefgh"))
        self.get("/a.txt", basic("ann", "one"))
        guesses = [self.send("GET", "/a.txt", basic("ann", f"wrong{i}")) for i in range(20)]
        self.assertEqual(self.get("/a.txt", basic("ann", "one")).status, 200)
        self.assertEqual({Answer(self.read_all(guess)).status for guess in guesses}, {401})

    def test_too_many_guesses(self):
        self.start("--auth", "ann:" + hash_of("one", "-6", "-salt", "rounds=20000$abcdefgh"))
        self.get("/a.txt", basic("ann", "one"))
        guesses = [self.send("GET", "/a.txt", basic("ann", f"wrong{i}")) for i in range(200)]
        self.assertEqual(self.get("/a.txt", basic("ann", "one")).status, 200)
        answers = [Answer(self.read_all(guess)) for guess in guesses]
        self.assertEqual({answer.status for answer in answers}, {401, 503})
        self.assertIn("1", {answer.headers.get("retry-after") for answer in answers})

    def test_who_leaves_while_it_is_computed(self):
        self.start("--auth", "ann:" + hash_of("one", "-6", "-salt", "rounds=60000$abcdefgh"))
        for i in range(20):
            self.send("GET", "/a.txt", basic("ann", f"wrong{i}")).close()
        self.assertEqual(self.get("/a.txt", basic("ann", "one")).status, 200)
        self.stop()

    def test_a_warning_where_it_can_be_read(self):
        self.start(*self.users(ann="one"), "--bind", "0.0.0.0")
        self.assertIn("--tls", self.stop()[1])
        self.start(*self.users(ann="one"))
        self.assertEqual(self.stop()[1], "")

    def test_logs_name_nobody(self):
        self.start(*self.users(ann="one"), "-v")
        self.get("/a.txt", basic("ann", "one"))
        self.assertNotIn("ann", self.stop()[1])


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    OPENSSL = sys.argv.pop(1)
    unittest.main()
