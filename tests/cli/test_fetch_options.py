#!/usr/bin/env python3
"""`eddy fetch`: whence URLs come, and how they are asked for: test_fetch_options.py EDDY [TEST...]."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from hostile import HostileServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import free_port  # pylint: disable=wrong-import-position

EDDY = None
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


class Server(HostileServer):
    """Serves `documents` by their path, and what HostileServer does."""

    def __init__(self):
        super().__init__()
        self.documents = {}
        self.more = ""  # headers of these

    def serve_request(self, connection, path, headers, attempt):
        if path not in self.documents:
            return super().serve_request(connection, path.split("//", 1)[-1].partition("/")[2] if "://" in path else path,
                                         headers, attempt)
        body = self.documents[path].encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%b\r\n" % (len(body), self.more.encode()) + body)
        return True


def urlset(*urls):
    return "<?xml version='1.0'?>\n<urlset>" + "".join(f"<url><loc>{url}</loc></url>" for url in urls) + "</urlset>"


def index(*urls):
    return "<sitemapindex>" + "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls) + "</sitemapindex>"


class OptionsTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = os.path.join(place.name, "files")
        self.notes = place.name
        self.server = Server()
        self.addCleanup(self.server.close)

    def fetch(self, *args, **options):
        return subprocess.run([EDDY, "fetch", "-o", self.place, *args], capture_output=True, text=True, errors="replace",
                              env=options.pop("env", ENVIRONMENT), timeout=60, **options)

    def files(self):
        return sorted(os.listdir(self.place))

    def note(self, text):
        path = os.path.join(self.notes, "note")
        with open(path, "w") as file:
            file.write(text)
        return path

    def assert_fetched(self, result, *names):
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(self.files(), sorted(names))

    def paths(self):
        return [path for path, _ in self.server.requests]

    # --from

    def test_sitemap(self):
        text = urlset(self.server.url + "/ok/a?b&amp;c", self.server.url + "/ok/d")
        self.assert_fetched(self.fetch("--from", self.note(text)), "a", "d")
        self.assertIn("/ok/a?b&c", self.paths())
        self.assert_fetched(self.fetch("--overwrite", "--from", "-", input="\n" + text), "a", "d")

    def test_list(self):
        self.assert_fetched(self.fetch("--from", "-", input=f"# a list\n{self.server.url}/ok/a\n"), "a")

    def test_list_of_a_site(self):
        """A list is a list, also where it is to be had by HTTP."""
        with Server() as other:
            url = self.server.url
            self.server.documents = {"/list.txt": f"# a list\r\n{url}/ok/a\r\n\r\n{other.url}/ok/b\t{other.url}/ok/b2\n",
                                     "/bad.txt": f"{url}/ok/a\nnonsense\n", "/sum.txt": f"{url}/ok/a md5:12\n",
                                     "/lists.xml": index(url + "/list.txt", url + "/bad.txt")}
            result = self.fetch("--user", "me:secret", "--from", url + "/list.txt")
            self.assert_fetched(result, "a", "b")
            self.assertTrue(all("authorization" in headers for _, headers in self.server.requests))
            self.assertFalse(any("authorization" in headers for _, headers in other.requests))
            for name, said in ("bad.txt", "line 2 of "), ("sum.txt", "line 1 of "):
                self.server.requests.clear()
                result = self.fetch("--from", f"{url}/{name}", url + "/ok/c")
                self.assertEqual(result.returncode, 2)
                self.assertIn(f"{said}{url}/{name}: ", result.stderr)
                self.assertEqual(self.paths(), ["/" + name])  # nothing is fetched, as of a file
            result = self.fetch("--overwrite", "--from", url + "/lists.xml")  # what a site has wrong is left out
            self.assertEqual(result.returncode, 1)
            self.assertIn("2 of 2 arrived", result.stdout)

    def test_list_without_a_url(self):
        """It is a slip, and no success, wherever it is."""
        url = self.server.url
        texts = {"empty": "", "blank": "\n \n", "comments": "# nothing\n\n# yet\n", "none.xml": urlset(), "nones.xml": index(url + "/none.xml")}
        self.server.documents = {"/" + name: text for name, text in texts.items()}
        self.server.documents["/lists.xml"] = index(url + "/comments", url + "/one")
        self.server.documents["/one"] = url + "/ok/a\n"
        for name in texts:
            result = self.fetch("--from", f"{url}/{name}")
            self.assertEqual(result.returncode, 2, name)
            self.assertIn(f"eddy fetch: {url}/{name} has no URL in it\n", result.stderr)
        for name in "empty", "blank", "comments":
            result = self.fetch("--from", self.note(texts[name]), url + "/ok/a")
            self.assertEqual(result.returncode, 2, name)
            self.assertIn("note has no URL in it\n", result.stderr)
        self.assertFalse([path for path in self.paths() if path.startswith("/ok/")])
        result = self.fetch("--from", url + "/lists.xml")  # the rest is fetched
        self.assertEqual((result.returncode, self.files()), (1, ["a"]))
        self.assertIn("/comments has no URL in it\n", result.stderr)

    def test_sitemap_of_a_site(self):
        url = self.server.url
        self.server.documents = {"/sitemap.xml": index(url + "/one.xml", url + "/none.xml", url + "/two.xml", "file:///etc/passwd"),
                                 "/one.xml": urlset(url + "/ok/a", "file:///etc/passwd", "/relative"),
                                 "/two.xml": urlset(url + "/ok/b"), "/none.xml": "<html></html>"}
        result = self.fetch("--from", url + "/sitemap.xml")
        self.assertEqual(result.returncode, 1)  # something was left out
        self.assertEqual(self.files(), ["a", "b"])
        self.assertIn("none.xml is no sitemap", result.stderr)
        self.assertIn("file:///etc/passwd is no URL", result.stderr)

    def test_sitemap_that_lists_itself(self):
        url = self.server.url
        self.server.documents = {"/sitemap.xml": index(url + "/sitemap.xml")}
        self.assertEqual(self.fetch("--from", url + "/sitemap.xml").returncode, 1)
        self.assertEqual(self.paths(), ["/sitemap.xml"] * 3)

    def test_sitemap_without_end(self):
        """What a server lists takes no more memory, requests and words than are allowed for."""
        url = self.server.url
        half = urlset(*[f"http://127.0.0.1:1/{i}" for i in range(500_001)])
        self.server.documents = {"/sitemap.xml": index(url + "/one.xml", url + "/one.xml", url + "/two.xml"), "/one.xml": half,
                                 "/two.xml": urlset(url + "/ok/a"), "/huge.xml": "<urlset>" + " " * (65 << 20),
                                 "/many.xml": index(*["file:///etc/passwd"] * 10_000)}
        result = self.fetch("--from", url + "/sitemap.xml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("lists more than 1000000 URLs with those before", result.stderr)
        self.assertIn("0 of 1000000 arrived", result.stdout)
        self.assertEqual(self.paths(), ["/sitemap.xml", "/one.xml", "/one.xml"])
        result = self.fetch("--from", url + "/huge.xml")
        self.assertEqual(result.returncode, 1)
        self.assertIn("more than 67108864 bytes", result.stderr)
        result = self.fetch("--from", url + "/many.xml")
        self.assertEqual(result.returncode, 1)
        self.assertLess(result.stderr.count("\n"), 100)
        self.assertIn("and 9980 more", result.stderr)

    def test_lines_without_end(self):
        for args in ["-i"], ["--from"]:
            result = self.fetch(*args, "-", input=self.server.url + "/ok/a\n" + self.server.url + "/ok/" + "b" * (1 << 20))
            self.assertEqual(result.returncode, 2)
            self.assertIn("line 2 of ", result.stderr)
            self.assertIn("longer than", result.stderr)
        self.assertEqual(self.server.requests, [])

    def test_sitemap_that_is_none(self):
        for text in "<html></html>", "<x", "", "not a url\n":
            result = self.fetch("--from", "-", input=text)
            self.assertEqual(result.returncode, 2, text)
        self.assertEqual(self.fetch("--from", "/none").returncode, 2)
        self.assertEqual(self.fetch("--from", self.server.url + "/missing/a").returncode, 1)

    def test_sitemap_that_leads_elsewhere(self):
        """What is meant for the site is told nobody else."""
        with Server() as other:
            self.server.documents = {"/sitemap.xml": urlset(self.server.url + "/ok/a", other.url + "/ok/b")}
            result = self.fetch("--user", "me:secret", "-H", "X-Key: 1", "--from", self.server.url + "/sitemap.xml")
            self.assert_fetched(result, "a", "b")
            self.assertTrue(all("authorization" in headers and headers["x-key"] == "1" for _, headers in self.server.requests))
            self.assertFalse(any("authorization" in headers or "x-key" in headers for _, headers in other.requests))
        # The proxy, which is the server, is asked for all: a port may be left out where it is the usual one.
        self.server.requests.clear()
        self.server.documents = {"http://site.example/sitemap.xml": urlset("http://SITE.example:80/ok/a", "http://site.example.net/ok/b",
                                                                           "http://site.example@x/ok/c")}
        self.fetch("--overwrite", "--proxy", self.server.url, "--user", "me:secret", "--from", "http://site.example/sitemap.xml")
        self.assertEqual([path for path, headers in self.server.requests if headers.get("authorization") == "Basic bWU6c2VjcmV0"],
                         ["http://site.example/sitemap.xml", "http://SITE.example/ok/a"])
        self.assertEqual(len(self.server.requests), 4)

    def test_mirrors_that_a_site_lists(self):
        """They are the site's choice: those elsewhere are told nothing that is meant for it. What the user lists is the user's."""
        with Server() as other:
            url = self.server.url
            text = f"{url}/missing/a\t{other.url}/ok/a\n{url}/missing/b\t{url}/ok/b\n"
            self.server.documents = {"/list.txt": text}
            args = ["--retry", "0", "--overwrite", "--user", "me:secret", "-H", "X-Key: 1"]
            self.assert_fetched(self.fetch(*args, "--from", url + "/list.txt"), "a", "b")
            self.assertTrue(all(headers.get("x-key") == "1" and "authorization" in headers for _, headers in self.server.requests))
            self.assertIn("/ok/b", self.paths())
            (path, headers), = other.requests
            self.assertEqual((path, headers.get("accept-encoding")), ("/ok/a", "identity"))
            self.assertFalse({"x-key", "authorization"} & set(headers))
            for mine in ["--from", self.note(text)], ["-i", self.note(text)]:
                other.requests.clear()
                self.assert_fetched(self.fetch(*args, *mine), "a", "b")
                self.assertEqual([(headers.get("x-key"), headers.get("authorization")) for _, headers in other.requests], [("1", None)])

    def test_site_that_draws(self):
        """What a server says does nothing to the terminal."""
        self.server.documents = {"/list.txt": self.server.url + "/ok/a\n"}
        self.server.more = "Content-Encoding: \x1b[31mred\r\n"
        result = self.fetch("--from", self.server.url + "/list.txt")
        self.assertEqual(result.returncode, 1)
        self.assertIn("?[31mred", result.stderr)
        self.assertNotIn("\x1b", result.stderr + result.stdout)

    # How they are asked for

    def test_headers(self):
        result = self.fetch("-H", "Accept: text/x", "--header", "X-One: 1", self.server.url + "/ok/a")
        self.assert_fetched(result, "a")
        headers = self.server.requests[0][1]
        self.assertEqual((headers["accept"], headers["x-one"], headers["accept-encoding"]), ("text/x", "1", "identity"))
        for bad in "X", ": x", "X Y: z", "X: a\r\nY: b", "", "range: bytes=0-1":
            self.assertEqual(self.fetch("-H", bad, self.server.url + "/ok/a").returncode, 2, bad)

    def test_user(self):
        for user in "me:secret", "@" + self.note("me:secret\nmore\n"):
            self.server.requests.clear()
            self.assert_fetched(self.fetch("--overwrite", "-u", user, self.server.url + "/ok/a"), "a")
            self.assertEqual(self.server.requests[0][1]["authorization"], "Basic bWU6c2VjcmV0")
        for bad in "", "@/none", "@" + self.note(""), "@" + self.note("me\n"):
            self.assertEqual(self.fetch("-u", bad, self.server.url + "/ok/a").returncode, 2, bad)
        result = self.fetch("-u", "me", self.server.url + "/ok/a", start_new_session=True, stdin=subprocess.DEVNULL)
        self.assertEqual(result.returncode, 2)
        self.assertIn("no terminal", result.stderr)

    def test_password_is_not_in_the_list_of_processes(self):
        process = subprocess.Popen([EDDY, "fetch", "-o", self.place, "-u", "me:secret", self.server.url + "/stall/a"],
                                   env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        while not self.server.requests:
            time.sleep(0.01)
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            self.assertNotIn(b"secret", file.read())
        process.terminate()
        process.wait()

    def test_proxy(self):
        """A proxy is asked for whole URLs."""
        result = self.fetch("--proxy", self.server.url, "http://example.invalid/ok/a")
        self.assert_fetched(result, "a")
        self.assertEqual(self.paths(), ["http://example.invalid/ok/a"])
        environment = dict(ENVIRONMENT, http_proxy=self.server.url)
        self.server.requests.clear()
        self.assert_fetched(self.fetch("--overwrite", "http://example.invalid/ok/a", env=environment), "a")
        result = self.fetch("--overwrite", "--proxy", "", "--retry", "0", "http://example.invalid/ok/a", env=environment)
        self.assertEqual(result.returncode, 1)
        self.assertEqual(len(self.server.requests), 1)
        dead = f"http://127.0.0.1:{free_port()}"
        self.assertEqual(self.fetch("--proxy", dead, "--retry", "0", self.server.url + "/ok/b").returncode, 1)
        result = self.fetch("--proxy", dead.removeprefix("http://"), "--retry", "0", self.server.url + "/ok/b")
        self.assertEqual(result.returncode, 1, result.stderr)

    def test_rate(self):
        """Of all together: three files that would be allowed alone come no sooner than their sum may."""
        self.server.documents = {f"/{name}": name * 5_000_000 for name in "abc"}
        began = time.monotonic()
        self.assert_fetched(self.fetch("--limit-rate", "10M", *(self.server.url + path for path in self.server.documents)), *"abc")
        self.assertGreater(time.monotonic() - began, 1.3)  # and what a tenth of a second may bring at once
        for bad in "0", "x", "-1", "1x", "1kk", "nan", "":
            self.assertEqual(self.fetch("--limit-rate", bad, self.server.url + "/ok/a").returncode, 2, bad)

    def test_bad_usage(self):
        url = self.server.url + "/ok/a"
        for args in (["--segments", "0", url], ["--segments", "17", url], ["--checksum", "x", url], ["--mirror", "ftp://x/", url],
                     ["--mirror", url, url, url], ["--proxy", "ftp://x", url], ["--output", "", url], ["http://"], ["http:///a"], ["https://?a"],
                     ["--checksum", "md5:" + 32 * "0", url, url], ["--mirror", url]):
            result = self.fetch(*args)
            self.assertEqual(result.returncode, 2, args)
            self.assertIn("--help", result.stderr)
            self.assertEqual(result.stderr.count("eddy fetch: "), 1, result.stderr)
        self.assertEqual(self.server.requests, [])

    def test_what_is_refused_is_said_in_a_sentence(self):
        url = self.server.url + "/ok/a"
        for name, value, takes in (("segments", "99", "a number from 1 to 16"), ("jobs", "0", "a number from 1 to 10000"),
                                   ("retry", "x", "a number from 0 to 1000000"), ("timeout", "0", "seconds, more than 0"),
                                   ("max-wait", "-1", "seconds, more than 0"), ("proxy", "ftp://x", "a URL of http, https, "
                                   "socks4, socks4a, socks5 or socks5h"),
                                   ("limit-rate", "1x", "bytes a second, such as 500k or 2.5M")):
            result = self.fetch("--" + name, value, url)
            self.assertEqual(result.returncode, 2, name)
            self.assertEqual(result.stderr.splitlines()[0], f"eddy fetch: --{name} takes {takes}, not '{value}'")

    def test_what_names_no_host(self):
        """Such an address is refused, and not asked for."""
        for rest in "", "/", ":80", ":80/", "user@/", "user:1@", "user@:80", "[]", "[]:80/":
            for url in "http://" + rest, "https://" + rest + "?q=a@b":
                result = self.fetch(url)
                self.assertEqual((result.returncode, result.stderr.splitlines()[0]), (2, f"eddy fetch: '{url}' names no host"))
            for proxy in ("http://" + rest, "socks5://" + rest, *([rest] if rest else [])):
                result = self.fetch("--proxy", proxy, self.server.url + "/ok/a")
                self.assertEqual((result.returncode, result.stderr.splitlines()[0]), (2, f"eddy fetch: --proxy: '{proxy}' names no host"))
        result = self.fetch("--from", "-", input="http://127.0.0.1/\nhttp://:80/\n")
        self.assertIn("line 2 of standard input: 'http://:80/' names no host", result.stderr)
        self.assertEqual(self.server.requests, [])
        port = self.server.url.rpartition(":")[2]
        self.assert_fetched(self.fetch("--proxy", f"me:a:b@127.0.0.1:{port}/", f"http://me:pw@127.0.0.1:{port}/ok/a"), "a")

    def test_checksums_that_are_cut_off(self):
        """They are found before anything is fetched, on the command line and in lists."""
        url = self.server.url + "/ok/a"
        for algorithm, digits in ("sha256", 64), ("sha512", 128), ("sha384", 96), ("sha224", 56), ("sha1", 40), ("md5", 32):
            for hexadecimal in "", "zz", "0" * (digits - 1), "0" * (digits + 1), "0" * (digits - 1) + "g":
                checksum = f"{algorithm}:{hexadecimal}"
                for args, text in ((["--checksum", checksum, url], None), (["-i", "-"], f"{url}x\n{url} {checksum}\n"),
                                   (["--from", "-"], f"{url}x\n{url}\t{checksum}\n")):
                    result = self.fetch(*args, input=text)
                    self.assertEqual(result.returncode, 2, (args, text, result.stderr))
                    self.assertIn(f"'{checksum}' has not the {digits} hexadecimal digits of a", result.stderr)
                    self.assertIn("line 2" if text else "--checksum", result.stderr)
        self.assertEqual(self.server.requests, [])

    def test_folders_are_made(self):
        for folder in ("x/y", "x/y/z/", "./v//w", os.path.join(self.notes, "p/q")):
            result = subprocess.run([EDDY, "fetch", "-o", folder, self.server.url + "/ok/a"], capture_output=True, text=True,
                                    env=ENVIRONMENT, timeout=60, cwd=self.notes, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(os.listdir(os.path.join(self.notes, folder))[-1], "a", folder)
        self.note("")
        self.place = os.path.join(self.notes, "note/below")
        result = self.fetch(self.server.url + "/ok/a")
        self.assertEqual(result.returncode, 1)
        self.assertIn("cannot create", result.stderr)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
