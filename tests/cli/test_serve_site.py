#!/usr/bin/env python3
"""What `eddy serve` does for websites: test_serve_site.py EDDY [TEST...]. --spa, --compress, --max-age, --immutable, --cors, lists."""
import gzip
import os
import re
import sys
import unittest

from serving import Serving

PAGE = "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


class ApplicationTest(Serving):
    """--spa: a page that is not there is index.html."""

    def setUp(self):
        super().setUp()
        self.write("index.html", b"<title>app</title>")
        self.write("assets/app.js", b"run()")
        self.write("folder/x.txt")

    def test_pages(self):
        self.start("--spa")
        for target in ("/", "/users", "/users/7", "/users/7/", "/users/john.doe", "/v1.2/notes", "/a/b/c?x=1", "/index.html/x"):
            answer = self.get(target, PAGE)
            self.assertEqual((answer.status, answer.body), (200, b"<title>app</title>"), target)
            self.assertEqual(answer.headers["content-type"], "text/html; charset=utf-8")
        self.assertEqual(self.ask("HEAD", "/users", PAGE).status, 200)

    def test_what_is_there_is_itself(self):
        self.start("--spa")
        self.assertEqual(self.get("/assets/app.js", PAGE).body, b"run()")
        self.assertEqual(self.get("/folder/x.txt", PAGE).body, b"x")
        # a folder without a page of its own is no list, for its path may be one of the application's
        self.assertEqual(self.get("/folder/", PAGE).body, b"<title>app</title>")

    def test_a_missing_file_is_no_page(self):
        # A script of the version before would be a page that is run as one: "Unexpected token <".
        self.start("--spa")
        for target in ("/assets/app-old.js", "/style.css", "/logo.svg", "/data.json", "/font.woff2", "/other.html"):
            self.assertEqual(self.get(target, PAGE).status, 404, target)

    def test_who_wants_no_page_gets_none(self):
        self.start("--spa")
        for headers in ((), ("Accept: */*",), ("Accept: application/json",), ("Accept: image/avif,image/webp,*/*",),
                        (PAGE, "Sec-Fetch-Dest: script"), ("Accept: text/htmlx",)):
            self.assertEqual(self.get("/api/users", *headers).status, 404, headers)
        self.assertEqual(self.get("/api", "Accept: application/json", PAGE).status, 200)
        self.assertEqual(self.get("/api", PAGE, "Sec-Fetch-Dest: document").status, 200)

    def test_only_what_reads(self):
        self.start("--spa")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            self.assertEqual(self.ask(method, "/users", PAGE).status, 405, method)

    def test_caches_are_told(self):
        self.start("--spa", "--max-age", "3600")
        answer = self.get("/users", PAGE)
        self.assertEqual(answer.headers["cache-control"], "no-cache")
        self.assertEqual(answer.all("Vary"), ["Accept"])
        self.assertEqual(self.get("/users", PAGE, "If-None-Match: " + answer.headers["etag"]).status, 304)

    def test_hidden_names_stay_hidden(self):
        self.write(".env", b"secret")
        self.start("--spa")
        self.assertEqual(self.get("/.env", PAGE).status, 404)

    def test_without_index(self):
        os.unlink(self.path("index.html"))
        self.start("--spa")
        self.assertEqual(self.get("/users", PAGE).status, 404)
        self.assertIn("--spa answers by", self.stop()[1])

    def test_without_the_option(self):
        self.start()
        self.assertEqual(self.get("/users", PAGE).status, 404)


class CachingTest(Serving):
    def setUp(self):
        super().setUp()
        for name in ("page.html", "index.html", "app.css", "assets/app-1f.js", "assets/old.html"):
            self.write(name)

    def test_nothing_is_said_by_default(self):
        self.start()
        for target in ("/", "/app.css"):
            self.assertNotIn("cache-control", self.get(target).headers)

    def test_pages_are_always_asked_for(self):
        self.start("--max-age", "600")
        self.assertEqual(self.get("/app.css").headers["cache-control"], "max-age=600")
        for target in ("/", "/page.html"):
            self.assertEqual(self.get(target).headers["cache-control"], "no-cache", target)

    def test_what_never_changes(self):
        self.start("--immutable", "/assets/", "--immutable", "/fonts/")
        self.assertEqual(self.get("/assets/app-1f.js").headers["cache-control"], "max-age=31536000, immutable")
        self.assertEqual(self.get("/assets/old.html").headers["cache-control"], "no-cache")
        self.assertEqual(self.get("/").headers["cache-control"], "no-cache")
        self.assertNotIn("cache-control", self.get("/app.css").headers)
        self.assertNotIn("cache-control", self.get("/assets/gone.js").headers)

    def test_what_only_begins_like_it_may_change(self):
        """That it never changes cannot be taken back from who has it."""
        for name in ("assets.js", "assetsmap.css", "a/b.css"):
            self.write(name)
        for option in ("/assets", "/assets/", "assets", "//assets//"):
            self.start("--immutable", option, "--immutable", "/a/b.css")
            for target in ("/assets/app-1f.js", "/a/b.css"):
                self.assertEqual(self.get(target).headers["cache-control"], "max-age=31536000, immutable", (option, target))
            for target in ("/assets.js", "/assetsmap.css"):
                self.assertNotIn("cache-control", self.get(target).headers, (option, target))
            self.stop()
        self.assertIn("--immutable", self.refused("--immutable", ""))

    def test_304_says_so_again(self):
        self.start("--max-age", "600")
        etag = self.get("/app.css").headers["etag"]
        answer = self.get("/app.css", "If-None-Match: " + etag)
        self.assertEqual((answer.status, answer.headers["cache-control"]), (304, "max-age=600"))


class CompressionTest(Serving):
    def setUp(self):
        super().setUp()
        self.text = b"It goes on and on. " * 500
        self.large = os.urandom(100000).hex().encode() * 5
        self.write("text.txt", self.text)
        self.write("large.json", self.large)
        self.write("small.txt", b"small")
        self.write("photo.jpg", self.text)

    def test_texts(self):
        self.start("--compress")
        for name, data in (("text.txt", self.text), ("large.json", self.large)):
            answer = self.get("/" + name, "Accept-Encoding: gzip")
            self.assertEqual((answer.status, answer.headers["content-encoding"]), (200, "gzip"), name)
            self.assertEqual(gzip.decompress(answer.body), data)
            self.assertIn("Accept-Encoding", answer.headers["vary"])
            self.assertIn("last-modified", answer.headers)
            plain = self.get("/" + name)
            self.assertEqual(plain.body, data)
            self.assertIn("Accept-Encoding", plain.headers["vary"])
            self.assertNotEqual(plain.headers["etag"], answer.headers["etag"])

    def test_conditions(self):
        self.start("--compress")
        for name in ("text.txt", "large.json"):
            for coding in ("gzip", "identity"):
                etag = self.get("/" + name, "Accept-Encoding: " + coding).headers["etag"]
                answer = self.get("/" + name, "Accept-Encoding: " + coding, "If-None-Match: " + etag)
                self.assertEqual((answer.status, answer.body), (304, b""), (name, coding))

    def test_ranges_are_of_the_file(self):
        self.start("--compress")
        answer = self.get("/text.txt", "Accept-Encoding: gzip", "Range: bytes=3-6")
        self.assertEqual((answer.status, answer.body), (206, self.text[3:7]))
        self.assertNotIn("content-encoding", answer.headers)

    def test_head(self):
        self.start("--compress")
        for name in ("text.txt", "large.json"):
            answer = self.ask("HEAD", "/" + name, "Accept-Encoding: gzip")
            self.assertEqual((answer.status, answer.headers.get("content-encoding"), answer.body), (200, "gzip", b""))

    def test_what_is_not_worth_it(self):
        self.start("--compress")
        for name in ("small.txt", "photo.jpg"):
            self.assertNotIn("content-encoding", self.get("/" + name, "Accept-Encoding: gzip").headers, name)

    def test_lists_too(self):
        for i in range(100):
            self.write(f"file-{i}.txt")
        self.start("--compress")
        answer = self.get("/", "Accept-Encoding: gzip")
        self.assertIn(b"file-99.txt", gzip.decompress(answer.body))

    def test_without_the_option(self):
        self.start()
        self.assertNotIn("content-encoding", self.get("/text.txt", "Accept-Encoding: gzip").headers)


class CorsTest(Serving):
    def setUp(self):
        super().setUp()
        self.write("data.json", b"[]")

    def test_any_origin(self):
        self.start("--cors")
        answer = self.get("/data.json", "Origin: https://app.example")
        self.assertEqual((answer.status, answer.headers["access-control-allow-origin"]), (200, "*"))
        self.assertNotIn("access-control-allow-credentials", answer.headers)
        # also of what is not there: else a page learns nothing but that something failed
        self.assertEqual(self.get("/none", "Origin: https://app.example").headers["access-control-allow-origin"], "*")

    def test_one_origin(self):
        self.start("--cors=https://app.example")
        answer = self.get("/data.json", "Origin: https://app.example")
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://app.example")
        self.assertNotIn("access-control-allow-origin", self.get("/data.json", "Origin: https://other.example").headers)

    def test_questions(self):
        self.start("--cors")
        answer = self.ask("OPTIONS", "/data.json", "Origin: https://app.example", "Access-Control-Request-Method: GET",
                          "Access-Control-Request-Headers: range")
        self.assertEqual(answer.status, 204)
        self.assertIn("range", answer.headers["access-control-allow-headers"])

    def test_without_the_option(self):
        self.start()
        self.assertNotIn("access-control-allow-origin", self.get("/data.json", "Origin: https://app.example").headers)

    def test_bad_origins(self):
        self.assertIn("--cors", self.refused("--cors=app.example"))
        self.assertIn("--cors=https://app.example", self.refused("--cors", "https://app.example"))


class ListTest(Serving):
    def setUp(self):
        super().setUp()
        for name, size, when in (("b10.txt", 10, 300), ("b2.txt", 3000, 100), ("A.txt", 200, 200)):
            self.write(name, b"x" * size)
            os.utime(self.path(name), (when, when))
        self.write("zoo/deep/x")

    def names(self, target="/"):
        """In their order, with the sum of what stands beside them."""
        return re.findall(r'<td><a href="\./[^"]*">([^<]*)</a>', self.get(target).text)

    def test_orders(self):
        self.start()
        by_name = ["zoo/", "A.txt", "b2.txt", "b10.txt"]
        self.assertEqual(self.names(), by_name)
        self.assertEqual(self.names("/?sort=name&order=desc"), ["zoo/", *by_name[:0:-1]])
        self.assertEqual(self.names("/?sort=size"), ["zoo/", "b10.txt", "A.txt", "b2.txt"])
        self.assertEqual(self.names("/?sort=size&order=desc"), ["zoo/", "b2.txt", "A.txt", "b10.txt"])
        self.assertEqual(self.names("/?order=desc&sort=time"), ["zoo/", "b10.txt", "A.txt", "b2.txt"])
        for query in ("?", "?sort=", "?sort=sizes", "?xsort=size", "?sort=%00", "?" + "sort=size" * 500):
            self.assertEqual(self.names("/" + query), by_name, query)

    def test_heads_lead_to_orders(self):
        self.start()
        page = self.get("/?sort=size&order=desc").text
        self.assertIn('<th aria-sort="descending"><a href="./?sort=size">Size', page)
        self.assertIn('<a href="./?sort=time&amp;order=desc">Changed', page)
        self.assertIn('<a href="./">Name', page)
        self.assertIn('<a href="./zoo/?sort=size&amp;order=desc">zoo/</a>', page)

    def test_trail(self):
        self.start()
        page = self.get("/zoo/deep/").text
        self.assertIn('<a href="./../../" aria-label="top folder">', page)
        self.assertIn('<a href="./../">zoo</a><i>/</i>deep</h1>', page)
        self.assertIn('<a href="./../">../</a>', page)

    def test_sizes_and_dates(self):
        self.start()
        page = self.get("/").text
        for text in ("10 B", "3.0 kB", "1970-01-01", "1 folder, 3 files, 3.2 kB"):
            self.assertIn(text, page)

    def test_of_a_link_only_its_name(self):
        os.symlink("/etc/passwd", self.path("link"))
        self.start()
        self.assertIn('link</a><td><td>\n', self.get("/").text)

    def test_names_are_escaped(self):
        names = ('<img src=x onerror=alert(1)>', '"><script>', "a&b", "100%", "what?.txt", "a#b", "javascript:x", "\x80\xff")
        for name in names[:-1]:
            self.write(name, name.encode())
        with open(os.fsencode(self.place) + b"/\x80\xff", "wb"):
            pass
        self.start()
        answer = self.get("/")
        self.assertNotIn(b"<img", answer.body)
        self.assertNotIn(b'"><script>"', answer.body)
        self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
        for name in names[:-1]:
            found = re.findall(r'href="\./([^"]*)">' + re.escape(name.replace("&", "&amp;").replace("<", "&lt;")
                               .replace(">", "&gt;").replace('"', "&quot;")), answer.body.decode("latin-1"))
            self.assertEqual(len(found), 1, name)
            self.assertEqual(self.get("/" + found[0]).body, name.encode())
        self.assertEqual(self.get("/%80%FF").status, 200)

    def test_empty(self):
        os.mkdir(self.path("empty"))
        self.start()
        self.assertIn("Nothing is here", self.get("/empty/").text)
        self.assertNotIn("<form", self.get("/empty/").text)

    def test_nothing_from_elsewhere(self):
        self.start("--upload")
        page = self.get("/").text
        self.assertEqual(re.findall(r"https?://(?!www\.w3\.org/2000/svg)", page), [])
        self.assertIn('name="viewport"', page)
        self.assertIn("prefers-color-scheme:dark", page)


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
