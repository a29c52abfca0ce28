#!/usr/bin/env python3
"""`eddy jobs web` as people see it, in Chromium by its driver: test_jobs_browser.py EDDY [TEST...]."""
import pathlib
import sys
import unittest

from jobs_page import PageTest, read_arguments

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from webdriver import Driver  # pylint: disable=wrong-import-position

PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
COUNT = 'document.querySelector("#queue-default .counts a.%s b")?.textContent === arguments[0]'
STATE = 'document.querySelector("#live .state")?.textContent === arguments[0]'


class BrowserTest(PageTest):
    driver = None

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()
        cls.addClassCleanup(cls.driver.stop)

    def browse(self):
        """Come in by the address that was printed."""
        self.start()
        self.browser = self.driver.browser()
        self.addCleanup(self.browser.close)
        self.browser.open(self.url)
        self.browser.wait('document.body.dataset.moves')

    def press(self, label):
        self.browser.run('[...document.querySelectorAll("button")].find((b) => b.textContent === arguments[0]).click()', label)

    def test_it_moves_while_jobs_are_done(self):
        gate = self.fifo("gate")
        self.enqueue("--id", "a", "one")
        self.browse()
        browser = self.browser
        self.assertNotIn("token", browser.run("return location.href"))
        self.assertEqual(browser.run("return document.cookie"), "")  # no script reads it
        browser.wait(COUNT % "ready", "1")
        browser.run('document.querySelector("#queue-default button").focus()')
        self.work("--lease", "0.3", "--exec", 'echo "progress 0.5 half <b>" >&2; cat $HERE/gate')
        browser.wait(COUNT % "running", "1")
        browser.wait('document.querySelector("progress")?.value === 50')
        self.assertEqual(browser.texts(".note"), ["half <b>"])
        with open(gate, "w", encoding="ascii") as file:
            file.write("x")
        browser.wait(COUNT % "done", "1")
        browser.wait('document.querySelector("#queue-default polyline.finished").points.length > 2')
        for name in "half", "most":  # a point alone is a line, too
            browser.wait('document.querySelectorAll("#queue-default polyline.%s").length === 2' % name)
        self.assertEqual(browser.run("return document.activeElement.textContent"), "Pause")  # what moves takes no focus
        self.assertEqual(browser.complaints(), [])

    def test_a_dead_job_is_retried_by_its_button(self):
        self.enqueue("--id", "a", "--attempts", "1", "work", '<b id="evil">{"file":1}</b>')
        worker = self.work("--exec", 'test -e $HERE/there && echo fine || { echo "no <i>such</i> file" >&2; exit 1; }')
        self.wait_for_line(worker, "failed for good")
        self.browse()
        browser = self.browser
        browser.wait('document.querySelector(".rows .fault")')
        browser.click(".rows .job")
        browser.wait(STATE, "dead")
        self.assertEqual(browser.texts(".timeline b"), ["enqueued", "began", "log", "failed", "dead"])
        self.assertIn("exit status 1: no <i>such</i> file", browser.texts(".timeline .words"))
        self.assertEqual(browser.texts("pre"), ['<b id="evil">{"file":1}</b>'])
        self.assertIsNone(browser.run('return document.getElementById("evil")'))
        with open(self.path("there"), "wb"):
            pass
        self.press("Retry")
        browser.wait(STATE, "done")  # by itself, or at once
        self.assertIn("fine\n", browser.texts("pre"))
        self.assertIn("retried", browser.texts(".timeline b"))
        self.assertEqual(browser.complaints(), [])
        self.press("Discard")
        browser.wait('document.querySelector("h1")?.textContent === "Jobs"')
        self.assertIn("there is no job a", self.failure("show", "a", code=1))

    def test_a_queue_is_paused_and_goes_on(self):
        self.enqueue("work")
        self.browse()
        self.press("Pause")
        self.browser.wait('document.querySelector("#queue-default .state")?.textContent === "paused"')
        self.press("Resume")
        self.browser.wait('document.querySelector("#queue-default") && !document.querySelector("#queue-default .state")')
        self.browser.wait('document.body.dataset.moves')
        self.assertNotIn(b"paused", self.jobs("stats"))

    def test_a_tab_that_is_not_seen_asks_for_nothing(self):
        self.browse()
        for is_hidden, state in (True, "CLOSED"), (False, "OPEN"):
            self.browser.run("""Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
                document.dispatchEvent(new Event('visibilitychange'));""", is_hidden)
            self.browser.wait("source.readyState === EventSource." + state)

    def test_the_door(self):
        self.start("--token", "a-token-of-mine-0")
        browser = self.driver.browser()
        self.addCleanup(browser.close)
        browser.open(self.base)
        browser.type("#token", "another-token-000")
        browser.click("main button")
        browser.wait('document.querySelector(".fault")?.textContent')
        browser.type("#token", "a-token-of-mine-0")
        browser.click("main button")
        browser.wait('document.body.dataset.moves')
        self.assertEqual(browser.complaints(), [])

    def test_a_page_that_ends_is_told_and_found_again(self):
        self.browse()
        self.page.kill()
        self.browser.wait('document.getElementById("state").textContent.includes("has gone")')

    def test_a_phone_scrolls_in_one_direction(self):
        long = "W" * 100
        self.enqueue("--id", "W" * 127, "--queue", long, "--attempts", "1", "--key", "K" * 100, long, "X" * 5000)
        worker = self.work("--queue", long, "--exec", "cat >&2; exit 1")
        self.wait_for_line(worker, "failed for good")
        self.enqueue("other")
        self.browse()
        self.browser.devtools("Emulation.setDeviceMetricsOverride", **PHONE)
        for path in ("/", "/jobs", "/job?id=" + "W" * 127, "/nothing"):
            with self.subTest(path=path):
                self.browser.open(self.base + path)
                self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth"), 390)
                self.assertEqual(self.browser.complaints(), [])


if __name__ == "__main__":
    read_arguments()
    unittest.main()
