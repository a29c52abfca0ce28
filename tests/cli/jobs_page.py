"""What the tests of `eddy jobs web` share: the page as a process, and requests to it."""
import http.client
import os
import re
import subprocess
import sys
import urllib.parse

import test_jobs


class PageTest(test_jobs.Jobs):
    def start(self, *arguments):
        """Begin the page, and have the line that says where it is."""
        page = subprocess.Popen([test_jobs.EDDY, "jobs", "web", "--port", "0", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=self.environment, text=True)
        self.addCleanup(page.communicate)
        self.addCleanup(page.kill)
        self.page, line = page, page.stdout.readline()
        match = re.search(r" is at (http://[^ ]*:(\d+)/(?:\?token=(\w+))?)\n", line)
        if not match:
            self.fail(page.communicate()[1])
        self.url, self.port, self.token = match.group(1), int(match.group(2)), match.group(3)
        self.base = self.url.split("?")[0].rstrip("/")
        return line

    def ask(self, method, target, body=None, **headers):
        """A status, headers and a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            body = urllib.parse.urlencode(body)
            named.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, target, body, named)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode()
        finally:
            connection.close()

    def sign_in(self):
        """Have a session: from now on get() and post() are somebody's who may."""
        status, headers, _ = self.ask("GET", "/?token=" + self.token)
        self.assertEqual(status, 303)
        self.cookie = headers["Set-Cookie"].split(";")[0]

    def get(self, target, status=200, **headers):
        got, _, text = self.ask("GET", target, Cookie=self.cookie, **headers)
        self.assertEqual(got, status, text)
        return text

    def secret(self):
        """What forms send along."""
        return re.search(r'name="form" value="(\w+)"', self.get("/")).group(1)

    def post(self, target, status=303, **fields):
        got, headers, text = self.ask("POST", target, {"form": self.secret(), **fields}, Cookie=self.cookie)
        self.assertEqual(got, status, text)
        return headers["Location"]


def read_arguments():
    test_jobs.EDDY = os.path.abspath(sys.argv.pop(1))
