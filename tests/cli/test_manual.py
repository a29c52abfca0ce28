#!/usr/bin/env python3
"""eddy(1) and the pages of its commands agree with --help, and are well-formed: test_manual.py EDDY PAGE... [TEST...]."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest

EDDY, PAGES = None, {}

# An option at the beginning of a line of --help: its letter, its name, and the name of its argument.
OPTION = re.compile(r"^ {2,6}((?:-\w, )?--[\w-]+(?:\[=[A-Z]+\]| [A-Z]+(?::[A-Z]+)?\b)?)", re.M)


def help_of(*command):
    return subprocess.run([EDDY, *command, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def sections_of(page):
    with open(PAGES[page], encoding="utf-8") as file:
        return dict(re.findall(r"^\.SH ([A-Z ]+)\n(.*?)(?=^\.SH|\Z)", file.read(), re.M | re.S))


def options_of_page(section):
    """Its tagged paragraphs that begin with a dash, as --help writes them."""
    tags = re.findall(r"^\.TP\n\.(?:B|BI|BR) (.*)$", section, re.M)
    plain = ["".join(shlex.split(re.sub(r"\\f[RPIB]", "", tag).replace("\\-", "-"))) for tag in tags]
    return [tag for tag in plain if tag.startswith("-")]


class ManualTest(unittest.TestCase):
    def commands(self):
        return re.findall(r"^  (\w+) ", help_of().split("commands:")[1].split("\n\n")[0], re.M)

    def test_options(self):
        self.assertIn("fetch", self.commands())
        self.assertEqual({"eddy", *(f"eddy-{command}" for command in self.commands())}, set(PAGES))
        for command in self.commands():
            with self.subTest(command=command):
                self.assertEqual(options_of_page(sections_of(f"eddy-{command}")["OPTIONS"]), OPTION.findall(help_of(command)))
                self.assertIn("EXAMPLES", sections_of(f"eddy-{command}"))
                self.assertIn(f"eddy\\-{command}", sections_of("eddy")["COMMANDS"])

    def test_exit_codes(self):
        codes = re.search(r"^Exits with (.*)$", help_of("fetch"), re.M).group(1)
        section = sections_of("eddy-fetch")["EXIT STATUS"]
        self.assertEqual(re.findall(r"\b\d+\b", codes), re.findall(r"^\.TP\n\.B (\d+)$", section, re.M))

    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_form(self):
        for page in PAGES.values():
            result = subprocess.run(["mandoc", "-Tlint", "-W", "warning", page], stdout=subprocess.PIPE, text=True)
            self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    EDDY = sys.argv.pop(1)
    while len(sys.argv) > 1 and sys.argv[1].endswith(".1"):
        page = sys.argv.pop(1)
        PAGES[os.path.basename(page)[:-2]] = page
    unittest.main()
