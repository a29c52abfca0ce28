#!/usr/bin/env python3
"""The lists of `eddy serve` in Chromium, by its driver: test_serve_browser.py EDDY [TEST...]."""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import unittest
import urllib.request

from serving import Serving

DRIVER = shutil.which("chromedriver")
CHROMIUM = shutil.which("chromium")


class Browser:
    """As much of WebDriver as it takes."""

    def __init__(self, home, width, height, **preferences):
        self.driver = subprocess.Popen([DRIVER, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       env={**os.environ, "HOME": home})
        port = None
        while not port:
            port = re.search(r"started successfully on port (\d+)", self.driver.stdout.readline())
        self.url = f"http://127.0.0.1:{port.group(1)}/session"
        args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
                f"--window-size={width},{height}", "--user-data-dir=" + home]
        options = {"binary": CHROMIUM, "args": args, "prefs": preferences}
        session = self.ask("POST", "", capabilities={"alwaysMatch": {"goog:chromeOptions": options}})
        self.url += "/" + session["sessionId"]

    def ask(self, method, path, **data):
        request = urllib.request.Request(self.url + path, method=method, headers={"Content-Type": "application/json"},
                                         data=json.dumps(data).encode() if method == "POST" else None)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.ask("POST", "/url", url=url)

    def run(self, script, *args):
        return self.ask("POST", "/execute/sync", script=script, args=list(args))

    def find(self, selector):
        return list(self.ask("POST", "/element", using="css selector", value=selector).values())[0]

    def choose(self, *paths):
        self.ask("POST", f"/element/{self.find('#up input')}/value", text="\n".join(paths))

    def click(self, selector):
        self.ask("POST", f"/element/{self.find(selector)}/click")

    def close(self):
        try:
            self.ask("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.communicate()


@unittest.skipUnless(DRIVER and CHROMIUM, "no chromium, or no driver of it")
class BrowserTest(Serving):
    def browse(self, width=1000, height=800, **preferences):
        self.browser = Browser(os.path.join(self.outside, "home"), width, height, **preferences)
        self.addCleanup(self.browser.close)
        self.browser.open(f"http://127.0.0.1:{self.port}/")

    def wait_until(self, is_so):
        end = time.monotonic() + 30
        while not is_so():
            self.assertLess(time.monotonic(), end)
            os.sched_yield()

    def names(self):
        return self.browser.run("return [...document.querySelectorAll('tbody td:first-child a')].map(a => a.textContent)")

    def source(self, name, data):
        os.makedirs(os.path.join(self.outside, "sources"), exist_ok=True)
        path = os.path.join(self.outside, "sources", name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def test_files_that_are_chosen(self):
        data = os.urandom(3_000_000)
        self.start("--upload")
        self.browse()
        self.browser.choose(self.source("large.bin", data), self.source("50% of #1 & <b>?.txt", b"x"))
        self.wait_until(lambda: len(self.names()) == 2)  # the list is there anew
        self.assertEqual(self.names(), ["50% of #1 & <b>?.txt", "large.bin"])
        self.assertEqual(self.read("large.bin"), data)
        self.assertEqual(self.read("50% of #1 & <b>?.txt"), b"x")

    def test_files_that_are_dropped(self):
        self.start("--upload")
        self.browse()
        self.browser.run("""const files = new DataTransfer();
            files.items.add(new File(['hello'], 'dropped.txt'));
            for (const type of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(type, {dataTransfer: files, bubbles: true, cancelable: true}));""")
        self.wait_until(lambda: self.names() == ["dropped.txt"])
        self.assertEqual(self.read("dropped.txt"), b"hello")

    def test_why_not_is_said(self):
        self.write("there.txt", b"old")
        self.start("--upload", "--upload-max", "1k")
        self.browse()
        self.browser.choose(self.source("there.txt", b"new"), self.source("large.bin", b"x" * 100_000), self.source("good.txt", b"x"))
        self.wait_until(lambda: self.browser.run("return document.querySelectorAll('#up li div').length") == 3)
        self.assertEqual(self.browser.run("return [...document.querySelectorAll('#up li div')].map(d => d.textContent)"),
                         ["there.txt: something of that name is there already", "large.bin: the file is too large", "Uploaded"])
        self.assertEqual(self.read("there.txt"), b"old")

    def test_without_scripts(self):
        self.start("--upload")
        self.browse(**{"profile.managed_default_content_settings.javascript": 2})
        self.browser.choose(self.source("a.txt", b"1"))
        self.browser.click("#up button")
        self.wait_until(lambda: os.path.exists(self.path("a.txt")))
        self.assertEqual(self.read("a.txt"), b"1")

    def test_the_page_fits_a_phone(self):
        for name in ("x" * 200, "a.txt", "folder/b"):
            self.write(name)
        self.start("--upload")
        self.browse(390, 800)
        self.assertTrue(self.browser.run("return document.documentElement.scrollWidth <= innerWidth"))
        heights = self.browser.run("return [...document.querySelectorAll('tbody tr, th')].map(row => row.offsetHeight)")
        self.assertGreaterEqual(min(heights), 44)

    def test_a_row_leads_where_it_says(self):
        self.write("folder/b")
        self.start()
        self.browse()
        self.browser.run("""const box = document.querySelector('tbody tr.d td:last-child').getBoundingClientRect();
            document.elementFromPoint(box.right - 5, box.top + 5).click()""")
        self.wait_until(lambda: self.names() == ["../", "b"])


if __name__ == "__main__":
    if not (DRIVER and CHROMIUM):
        print("skipped: no chromium, or no driver of it")
        sys.exit(77)
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
