#!/usr/bin/env python3
"""The lists of `eddy serve` in Chromium, by its driver: test_serve_browser.py EDDY [TEST...]."""
import os
import pathlib
import sys
import unittest

from serving import Serving

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from webdriver import Driver, until  # pylint: disable=wrong-import-position

class BrowserTest(Serving):
    driver = None

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()
        cls.addClassCleanup(cls.driver.stop)

    def browse(self, width=1000, height=800, **preferences):
        self.browser = self.driver.browser(f"--window-size={width},{height}", **preferences)
        self.addCleanup(self.browser.close)
        self.browser.open(f"http://127.0.0.1:{self.port}/")

    def wait_for_names(self, *names):
        """Until these are the list's."""
        self.browser.wait("JSON.stringify([...document.querySelectorAll('tbody td:first-child a')].map(a => a.textContent)) === "
                          "JSON.stringify(arguments[0])", names)

    def choose(self, *paths):
        self.browser.type("#up input", "\n".join(paths))

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
        self.choose(self.source("large.bin", data), self.source("50% of #1 & <b>?.txt", b"x"))
        self.wait_for_names("50% of #1 & <b>?.txt", "large.bin")  # the list is there anew
        self.assertEqual(self.read("large.bin"), data)
        self.assertEqual(self.read("50% of #1 & <b>?.txt"), b"x")

    def test_files_that_are_dropped(self):
        self.start("--upload")
        self.browse()
        self.browser.run("""const files = new DataTransfer();
            files.items.add(new File(['hello'], 'dropped.txt'));
            for (const type of ['dragenter', 'dragover', 'drop'])
                document.body.dispatchEvent(new DragEvent(type, {dataTransfer: files, bubbles: true, cancelable: true}));""")
        self.wait_for_names("dropped.txt")
        self.assertEqual(self.read("dropped.txt"), b"hello")

    def test_why_not_is_said(self):
        self.write("there.txt", b"old")
        self.start("--upload", "--upload-max", "1k")
        self.browse()
        self.choose(self.source("there.txt", b"new"), self.source("large.bin", b"x" * 100_000), self.source("good.txt", b"x"))
        self.browser.wait("document.querySelectorAll('#up li div').length === 3")
        self.assertEqual(self.browser.texts("#up li div"),
                         ["there.txt: something of that name is there already", "large.bin: the file is too large", "Uploaded"])
        self.assertEqual(self.read("there.txt"), b"old")

    def test_without_scripts(self):
        self.start("--upload")
        self.browse(**{"profile.managed_default_content_settings.javascript": 2})
        self.choose(self.source("a.txt", b"1"))
        self.browser.click("#up button")
        until(lambda: os.path.exists(self.path("a.txt")))
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
        self.wait_for_names("../", "b")


if __name__ == "__main__":
    Serving.EDDY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
