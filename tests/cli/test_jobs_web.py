#!/usr/bin/env python3
"""`eddy jobs web` by HTTP: test_jobs_web.py EDDY [TEST...]."""
import html.parser
import pathlib
import re
import shutil
import socket
import sqlite3
import sys
import time
import unittest
import urllib.parse

from jobs_page import PageTest, read_arguments

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import redis_server  # pylint: disable=wrong-import-position
from waiting import wait_until  # pylint: disable=wrong-import-position

# What would be markup, were it not escaped.
EVIL = '</pre>"\'><script>alert(1)</script><img src=x onerror=alert(1)>&{{title}}$'
TOKEN = "a-token.of_16~characters"


class Reader(html.parser.HTMLParser):
    """The elements and attributes that a page has, and its text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links, self.text = [], set(), [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data):
        self.text += data


class Access(PageTest):
    def test_only_who_has_the_token_sees_anything(self):
        self.enqueue("--id", "secret-id", "work", "secret-payload")
        self.start()
        for target in ("/", "/jobs", "/job?id=secret-id", "/job/payload?id=secret-id", "/job/events?id=secret-id", "/events", "/metrics",
                       "/nothing", "/?token=", "/?token=" + "0" * 32, "/metrics?token=x"):
            with self.subTest(target=target):
                status, headers, text = self.ask("GET", target)
                self.assertEqual((status, headers["WWW-Authenticate"], headers["Set-Cookie"]), (401, "Bearer", None))
                self.assertNotIn("secret", text)
        self.assertEqual(self.ask("GET", "/", Cookie="eddy-jobs-%d=%s" % (self.port, "0" * 32))[0], 401)
        self.assertEqual(self.ask("POST", "/job/discard", {"id": "secret-id"})[0], 401)
        self.assertEqual(self.job("secret-id")["state"], "ready")

    def test_the_address_that_is_printed_opens_it_and_loses_its_token(self):
        self.start()
        status, headers, _ = self.ask("GET", "/jobs?token=" + self.token)
        self.assertEqual((status, headers["Location"], headers["Cache-Control"]), (303, "/jobs", "no-store"))
        for target in ("//evil.example", "/\\evil.example", "/x\\..\\\\evil.example", "/%2fevil.example", "/.//evil.example"):
            _, moved, _ = self.ask("GET", target + "?token=" + self.token)
            self.assertIn(moved["Location"], ("/", None), target)
        self.assertRegex(headers["Set-Cookie"], r"(?i)^eddy-jobs-%d=\w{32}; path=/; (?=.*httponly)(?=.*samesite=strict)" % self.port)
        self.assertNotIn(self.token, headers["Set-Cookie"])
        self.sign_in()
        self.assertIn("Overview", self.get("/"))

    def test_and_leads_to_the_page_that_was_asked_for(self):
        self.start()
        for query, kept in (("token=T&id=cron%3Aa%2520b", "?id=cron%3Aa%2520b"),
                            ("state=dead&token=T&queue=a+b&%74oken=T&kind=", "?state=dead&queue=a%20b&kind="),
                            ("id=%0d%0aSet-Cookie:x&token=T&tokens=1", "?id=%0D%0ASet-Cookie%3Ax&tokens=1"),
                            ("//evil.example&token=T", "?%2F%2Fevil.example="),
                            ("id=" + "%c3%a4" * 500 + "&token=T", "?id=" + "%C3%A4" * 500)):
            status, headers, _ = self.ask("GET", "/job?" + query.replace("T", self.token))
            self.assertEqual((status, headers["Location"]), (303, "/job" + kept))
        self.enqueue("--id", "a", "work")
        self.cookie = headers["Set-Cookie"].split(";")[0]
        self.get(self.ask("GET", "/job?id=a&token=" + self.token)[1]["Location"])

    def test_a_token_of_ones_own(self):
        with open(self.path("token"), "w", encoding="ascii") as file:
            file.write(TOKEN + "\n")
        for arguments in (("--token", TOKEN), ("--token-file", self.path("token"))):
            self.assertNotIn(TOKEN, self.start(*arguments))
            self.assertEqual(self.ask("POST", "/sign-in", {"token": TOKEN[:-1]})[0], 401)
            status, headers, _ = self.ask("POST", "/sign-in", {"token": TOKEN})
            self.assertEqual((status, headers["Location"]), (303, "/"))
            self.assertEqual(self.ask("GET", "/", Cookie=headers["Set-Cookie"].split(";")[0])[0], 200)
            self.assertEqual(self.ask("GET", "/metrics", Authorization="Bearer " + TOKEN)[0], 200)
        for wrong in ("short", "x" * 129, "with a blank in it"):
            self.assertIn("a token has 16 to 128 letters", self.failure("web", "--token", wrong))
        self.assertIn("No such file", self.failure("web", "--token-file", self.path("nothing"), code=1))

    def test_a_name_that_is_not_its_own_is_refused(self):
        self.start("--host", "jobs.example.org")
        self.sign_in()
        for host in ("127.0.0.1", "localhost", "localhost:%d" % self.port, "[::1]:80", "jobs.example.org", socket.gethostname()):
            with self.subTest(host=host):
                self.get("/", Host=host)
        for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example:%d" % self.port, "1.2.3.4x"):
            with self.subTest(host=host):
                self.assertNotIn("Overview", self.get("/", 421, Host=host))

    def test_it_listens_to_this_machine_alone(self):
        self.start()
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.2", self.port), timeout=10)
        self.assertIn("port %d is in use" % self.port, self.failure("web", "--port", str(self.port), code=1))


class Changes(PageTest):
    def setUp(self):
        super().setUp()
        self.enqueue("--id", "a", "work")
        self.start()
        self.sign_in()

    def test_buttons(self):
        self.assertEqual(self.post("/job/cancel", id="a"), "/job?id=a")
        self.assertEqual(self.job("a")["state"], "cancelled")
        self.post("/job/cancel", 409, id="a")
        self.post("/job/retry", id="a")
        self.assertEqual(self.job("a")["state"], "ready")
        self.assertEqual(self.post("/job/discard", id="a"), "/jobs")
        for target in ("/job?id=a", "/job/payload?id=a", "/job/result?id=a", "/nothing"):
            self.get(target, 404)
        for action in ("retry", "cancel", "discard"):
            self.post("/job/" + action, 404, id="a")
        self.get("/job", 400)
        self.get("/job?id=" + "x" * 300, 400)

    def test_queues_pause_and_go_on(self):
        self.assertEqual(self.post("/queue/pause", queue="default"), "/")
        self.assertIn(">paused<", self.get("/"))  # at once, however old the counts are
        self.assertIn(b"paused", self.jobs("stats"))
        self.post("/queue/resume", queue="default")
        self.assertNotIn(">paused<", self.get("/"))
        self.assertNotIn(b"paused", self.jobs("stats"))
        for action in "pause", "resume":
            text = self.ask("POST", "/queue/" + action, {"form": self.secret(), "queue": "nothing"}, Cookie=self.cookie)[2]
            self.post("/queue/" + action, 404, queue="nothing")
            self.assertIn("There is no such queue", text)
            self.assertNotIn("job<", text)
        self.assertNotIn(b"nothing", self.jobs("stats"))

    def test_nothing_is_changed_for_another_site(self):
        secret = self.secret()
        for fields in ({}, {"form": ""}, {"form": "0" * 32}):
            self.assertEqual(self.ask("POST", "/job/cancel", {"id": "a", **fields}, Cookie=self.cookie)[0], 403)
        right = {"id": "a", "form": secret}
        for headers in ({"Sec_Fetch_Site": "cross-site"}, {"Sec_Fetch_Site": "same-site"}, {"Origin": "http://evil.example"},
                        {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"}):
            with self.subTest(headers=headers):
                self.assertEqual(self.ask("POST", "/job/cancel", right, Cookie=self.cookie, **headers)[0], 403)
        self.assertEqual(self.ask("GET", "/job/cancel?" + urllib.parse.urlencode(right), Cookie=self.cookie)[0], 404)
        self.assertEqual(self.job("a")["state"], "ready")
        self.assertEqual(self.ask("POST", "/job/cancel", right, Cookie=self.cookie, Origin=self.base)[0], 303)


class Pages(PageTest):
    def test_what_a_job_says_is_never_markup(self):
        names = {"--id": EVIL, "--queue": EVIL, "--key": EVIL, "--unique": EVIL}
        self.enqueue(*(word for pair in names.items() for word in pair), "--attempts", "1", EVIL, EVIL)
        worker = self.work("--queue", EVIL + "=1", "--exec", "cat >&2; exit 1")
        self.wait_for_line(worker, "failed for good")
        self.start()
        self.sign_in()
        url = urllib.parse.quote(EVIL, safe="")
        for target in ("/", "/jobs", "/job?id=" + url, "/jobs?state=dead&queue=" + url, "/jobs?kind=" + url, "/jobs?after=" + url):
            with self.subTest(target=target):
                _, _, text = self.ask("GET", target, Cookie=self.cookie)
                page = Reader(text)
                self.assertLessEqual(page.tags.count("script"), 1)
                self.assertNotIn("onerror", page.attributes)
                self.assertEqual(page.tags.count("img"), 1)
                self.assertNotIn("<script>", text)
        page = Reader(self.get("/job?id=" + url))
        self.assertGreaterEqual(page.text.count(EVIL), 3)  # its id, its payload, its log
        _, headers, text = self.ask("GET", "/job/payload?id=" + url, Cookie=self.cookie)
        self.assertEqual((text, headers["Content-Type"], headers["X-Content-Type-Options"]), (EVIL, "application/octet-stream", "nosniff"))
        self.assertTrue(headers["Content-Disposition"].startswith("attachment"))
        with self.subTest("its own links lead to it"):
            link = next(link for link in Reader(self.get("/jobs")).links if link.startswith("/job?"))
            self.assertEqual(Reader(self.get(link)).text, page.text)

    def test_nothing_comes_from_elsewhere_and_no_script_is_in_a_page(self):
        self.start()
        self.sign_in()
        for target in ("/", "/jobs", "/nothing"):
            _, headers, text = self.ask("GET", target, Cookie=self.cookie)
            policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
            self.assertEqual(policy["default-src"], "'none'")
            self.assertNotIn("unsafe", headers["Content-Security-Policy"])
            self.assertEqual(headers["Cache-Control"], "no-store")
            page = Reader(text)
            self.assertFalse({name for name in page.attributes if name == "style" or name.startswith("on")})
            self.assertFalse([link for link in page.links if not link.startswith(("/", "#"))])
        for target, kind in (("/style.css", "text/css"), ("/live.js", "text/javascript"), ("/icon.svg", "image/svg+xml")):
            status, headers, text = self.ask("GET", target)
            self.assertEqual((status, headers["Content-Type"]), (200, kind))
            self.assertNotIn("://", text.replace("http://www.w3.org/2000/svg", ""))

    def test_bytes_that_are_no_text_are_digits_and_a_file(self):
        self.enqueue("--id", "b", "work", "-", input=bytes(range(256)) * 20)
        self.enqueue("--id", "long", "work", "-", input="ä".encode() * 5000)
        self.start()
        self.sign_in()
        self.assertIn("00 01 02 03", self.get("/job?id=b"))
        text = self.get("/job?id=long")
        self.assertEqual(text.count("ä"), 2048)
        self.assertNotIn("&#xfffd;", text)
        self.assertEqual(self.get("/job/payload?id=long"), "ä" * 5000)

    def test_pages_of_a_list_and_filters(self):
        self.enqueue("--lines", "work", input=b"".join(b"%d\n" % n for n in range(120)))
        self.enqueue("--id", "x/../y", "--queue", "mail", "other")
        self.start()
        self.sign_in()
        target, seen = "/jobs", []
        while target:
            links = Reader(self.get(target)).links
            seen.append(len([link for link in links if link.startswith("/job?")]))
            target = next((link for link in links if link.startswith("/jobs?")), None)
        self.assertEqual(seen, [50, 50, 21])
        for target in ("/jobs?queue=mail", "/jobs?kind=other", "/jobs?find=other"):
            if target.startswith("/jobs?find"):
                _, headers, _ = self.ask("GET", target, Cookie=self.cookie)
                target = headers["Location"]
            self.assertEqual([link for link in Reader(self.get(target)).links if link.startswith("/job?")], ["/job?id=x%2F..%2Fy"])
        self.assertIn("There are none.", self.get("/jobs?state=dead"))
        self.assertEqual(self.ask("GET", "/jobs?find=x/../y", Cookie=self.cookie)[1]["Location"], "/job?id=x%2F..%2Fy")
        self.assertIn("other", self.get("/job?id=x%2F..%2Fy"))

    def listen(self, target):
        """The lines of a stream of events."""
        stream = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        self.addCleanup(stream.close)
        stream.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n" % (target, self.cookie)).encode())
        return stream.makefile("rb")

    @unittest.skipUnless(shutil.which("redis-server"), "needs redis-server")
    def test_who_looks_first_looks_for_all(self):
        with redis_server() as server:
            self.environment["EDDY_JOBS"] = "redis://127.0.0.1:%d/0" % server.port
            if b"cannot be loaded" in self.run_jobs("enqueue", "work").stderr:
                self.skipTest("needs libeddy-jobs-redis")
            self.start()
            self.sign_in()
            server.command("CONFIG", "RESETSTAT")
            streams = [self.listen("/events") for _ in range(20)]
            for _ in range(3):
                for lines in streams:
                    self.assertTrue(any(b'id="live"' in line for line in lines))
            looks = re.search(r"cmdstat_evalsha:calls=(\d+)", server.command("INFO", "commandstats"))
            self.assertLess(int(looks.group(1)), 20)  # of 60 events
            self.page.terminate()
            self.page.wait(timeout=60)

    def test_events_come_until_the_page_ends(self):
        self.enqueue("--id", "a", "work")
        self.start()
        self.sign_in()
        streams = [self.listen(target) for target in ("/events", "/job/events?id=a")]
        for lines in streams:
            self.assertIn(b" 200 ", next(lines))
            self.assertTrue(any(b'id="live"' in line for line in lines))
        self.assertTrue(any(b'id="live"' in line for line in streams[0]))
        self.jobs("cancel", "a")
        self.assertTrue(any(line == b"event: end\n" for line in streams[1]))
        self.page.terminate()
        self.assertTrue(streams[0].read().endswith(b"0\r\n\r\n"))
        self.assertEqual(self.page.wait(timeout=60), 0)

    def test_limits_that_are_set_are_shown(self):
        self.enqueue("work")
        self.enqueue("--queue", "mail", "work")
        self.start()
        self.sign_in()
        self.assertEqual(self.get("/").count('<p class="limits"></p>'), 2)
        self.jobs("queue", "mail", "--most-running", "3", "--rate", "10/60", "--keep-done", "7200", "--keep-dead", "0")
        wait_until(lambda: self.get("/").count('<p class="limits"></p>') == 1)  # it is as old as a second
        limits = re.findall(r'<p class="limits">(.*?)</p>', self.get("/").split('id="queue-mail"')[1])[0]
        self.assertEqual(re.findall("<span>(.*?)</span>", limits),
                         ["At most 3 at a time", "At most 10 begin within 60 s", "Done jobs stay for 2 h", "Dead jobs do not stay"])

    def test_a_hundred_queues_are_shown_and_all_are_counted(self):
        for n in range(2):
            self.enqueue("--queue", "queue %d" % n, "work")
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.executemany("INSERT INTO queues (name) VALUES (?)", [("many %d" % n,) for n in range(100)])
        self.start()
        self.sign_in()
        text = self.get("/")
        self.assertEqual(text.count("<article "), 100)
        self.assertIn("<b>2</b> ready", text)
        self.assertIn("And 2 more.", text)

    def test_a_long_error_is_cut_between_characters(self):
        self.enqueue("work")
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("UPDATE jobs SET state = 5, history = ?", ("1 1 failed x" + "€" * 200 + "\n",))
        self.start()
        self.sign_in()
        for target in ("/", "/jobs"):
            text = self.get(target)
            self.assertIn("€</span>", text)
            self.assertNotIn("&#xfffd;", text)

    def test_a_store_that_breaks_is_told(self):
        self.enqueue("work")
        self.start()
        self.sign_in()
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("ALTER TABLE queues RENAME TO others")
        wait_until(lambda: "The store cannot be seen: " in self.get("/"))  # it is as old as a second
        self.assertIn("That did not work", self.ask("GET", "/metrics?token=" + self.token)[2])


class Ended(PageTest):
    """A store whose jobs have ended at moments of ours."""

    def end(self, *ends, state=4):
        """Each job of (id, seconds it had waited, seconds it ran) has just ended."""
        with sqlite3.connect(self.path("jobs.db")) as store:
            now = time.time_ns() // 1000
            for job_id, wait, run in ends:
                started = now - int(run * 1e6)
                store.execute("UPDATE jobs SET state = ?, created = ?, due = ?, started = ?, finished = ? WHERE id = ?",
                              (state, started - 3600 * 10 ** 6, started - int(wait * 1e6), started, now, job_id))
            store.execute("UPDATE queues SET finished = finished + ?", (len(ends),))
        store.close()

    def metrics(self):
        """The lines, by what is before the last blank."""
        status, _, text = self.ask("GET", "/metrics?token=" + self.token)
        self.assertEqual(status, 200)
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in text.splitlines() if line[0] != "#")}

    def wait_for_count(self, count):
        """Have the metrics once so many jobs have been looked at, or more."""
        metrics = {}

        def are_there():
            metrics.update(self.metrics())  # they are as old as a second
            return metrics['eddy_jobs_run_seconds_count{queue="default"}'] >= count

        wait_until(are_there)
        return metrics

    def test_how_long_jobs_waited_and_ran_is_counted(self):
        for job_id in "abcde":
            self.enqueue("--id", job_id, "work")
        self.end(("a", 1, 1))
        self.start()
        self.assertEqual(self.metrics()['eddy_jobs_wait_seconds_count{queue="default"}'], 0)  # it was before
        self.end(("b", 0, 10), ("c", 0.3, 10))
        self.end(("d", 2, 2), state=6)  # cancelled
        self.end(("e", 400, 0.02), state=5)
        metrics = self.wait_for_count(3)
        for name, total, buckets in (("wait", 400.3, {"0.005": 1, "0.25": 1, "0.5": 2, "300": 2, "900": 3, "+Inf": 3}),
                                     ("run", 20.02, {"0.01": 0, "0.025": 1, "5": 1, "10": 3, "+Inf": 3})):
            name = "eddy_jobs_%s_seconds_" % name
            self.assertEqual(metrics[name + 'count{queue="default"}'], 3)
            self.assertAlmostEqual(metrics[name + 'sum{queue="default"}'], total, 3)
            self.assertEqual({le: metrics['%sbucket{queue="default",le="%s"}' % (name, le)] for le in buckets}, buckets)
        self.end(("a", 1, 1))
        self.assertEqual(self.wait_for_count(4)['eddy_jobs_wait_seconds_count{queue="default"}'], 4)  # each is counted once

    def test_of_many_the_last_are_looked_at(self):
        ids = self.enqueue("--lines", "work", input=b"x\n" * 300).split()
        self.start()
        self.metrics()
        self.end(*((job_id, 1, 1) for job_id in ids))
        self.assertEqual(self.wait_for_count(1)['eddy_jobs_run_seconds_count{queue="default"}'], 200)

    def test_each_of_many_queues_has_its_turn(self):
        names = ["queue %d" % n for n in range(20)]
        for name in names:
            self.enqueue("--id", name, "--queue", name, "work")
        self.start()
        self.metrics()
        self.end(*((name, 1, 1) for name in names))
        wait_until(lambda: sum(value for name, value in self.metrics().items() if "run_seconds_count" in name) >= 20)

    def test_they_are_seen_on_the_page(self):
        for n in range(20):
            self.enqueue("--id", str(n), "work")
        self.start()
        self.sign_in()
        self.assertIn("&#8211;</b> median", self.get("/"))
        text = ""

        def are_seen():
            nonlocal text
            self.end(*((str(n), 20, 10) for n in range(18)), ("18", 3000, 500), ("19", 3000, 500))  # lately, whenever the page looks
            text = self.get("/")
            return "&#8211;</b> median" not in text

        wait_until(are_seen)
        figures = re.findall(r"<figure>.*?</figure>", text.split('id="queue-default"')[1])
        told = [re.findall(r'<i class="(half|most)"></i><b>([^<]*)</b>', figure) for figure in figures]
        self.assertEqual(told, [[], [("half", "20 s"), ("most", "50 min")], [("half", "10 s"), ("most", "8 min")]])
        self.assertIn('<polyline class="half"', figures[2])


class Metrics(PageTest):
    LINE = re.compile(r'(\w+)\{((?:\w+="(?:[^"\\]|\\.)*",?)*)\} (\S+)\n')

    def test_a_line_end_in_a_name_is_escaped(self):
        self.enqueue("work")
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("UPDATE queues SET name = ?", ("two\nlines",))
        self.start()
        _, _, text = self.ask("GET", "/metrics?token=" + self.token)
        self.assertIn('eddy_jobs_paused{queue="two\\nlines"} 0\n', text)
        with sqlite3.connect(self.path("jobs.db")) as store:
            store.execute("UPDATE queues SET finished = 1")
        wait_until(lambda: '"two\\nlines"} 1\n' in self.ask("GET", "/metrics?token=" + self.token)[2])

    def test_they_are_well_formed_and_right(self):
        queue = 'odd "queue" \\ with {}'
        self.enqueue("--queue", queue, "work")
        self.enqueue("--attempts", "1", "work")
        self.enqueue("--delay", "1000", "work")
        worker = self.work("--exec", "exit 1")
        self.wait_for_line(worker, "failed for good")
        self.jobs("pause", "default")
        self.start()
        status, headers, text = self.ask("GET", "/metrics?token=" + self.token)
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        values, kinds = {}, {}
        for line in text.splitlines(keepends=True):
            if line.startswith("#"):
                words = line.split()
                kinds.update({words[2]: words[3]} if words[1] == "TYPE" else {})
                continue
            match = self.LINE.fullmatch(line)
            self.assertTrue(match, line)
            name = re.sub("_(bucket|sum|count)$", "", match.group(1))
            self.assertIn(name if kinds.get(name) == "histogram" else match.group(1), kinds)
            labels = {name: re.sub(r"\\(.)", r"\1", value) for name, value in re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match.group(2))}
            values[match.group(1), labels["queue"], labels.get("state")] = float(match.group(3))
        self.assertEqual(kinds, {"eddy_jobs": "gauge", "eddy_jobs_finished_total": "counter", "eddy_jobs_failed_attempts_total": "counter",
                                 "eddy_jobs_oldest_ready_seconds": "gauge", "eddy_jobs_paused": "gauge",
                                 "eddy_jobs_wait_seconds": "histogram", "eddy_jobs_run_seconds": "histogram"})
        self.assertEqual(values["eddy_jobs", queue, "ready"], 1)
        self.assertGreater(values["eddy_jobs_oldest_ready_seconds", queue, None], 0)
        self.assertEqual([values["eddy_jobs", "default", state] for state in ("scheduled", "dead", "done")], [1, 1, 0])
        self.assertEqual([values[name, "default", None] for name in ("eddy_jobs_failed_attempts_total", "eddy_jobs_paused")], [1, 1])
        self.assertEqual(values["eddy_jobs_paused", queue, None], 0)


if __name__ == "__main__":
    read_arguments()
    unittest.main()
