#!/usr/bin/env python3
"""eddy(1) and --help agree, and the page is well-formed: test_manual.py EDDY PAGE [TEST...]."""
import re
import shlex
import shutil
import subprocess
import sys
import unittest

EDDY, PAGE = None, None

# An option at the beginning of a line of --help: its letter, its name, and the name of its argument.
OPTION = re.compile(r"^ {2,6}((?:-\w, )?--[\w-]+(?: [A-Z]+\b)?)", re.M)


def help_of(*command):
    return subprocess.run([EDDY, *command, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout


def page_text():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


def options_of_page(section):
    """Its tagged paragraphs that begin with a dash, as --help writes them."""
    tags = re.findall(r"^\.TP\n\.(?:B|BI|BR) (.*)$", section, re.M)
    plain = ["".join(shlex.split(tag.replace("\\fR", "").replace("\\fP", "").replace("\\-", "-"))) for tag in tags]
    return [tag for tag in plain if tag.startswith("-")]


class ManualTest(unittest.TestCase):
    def test_options(self):
        commands = re.findall(r"^  (\w+) ", help_of().split("commands:")[1].split("\n\n")[0], re.M)
        self.assertIn("fetch", commands)
        sections = dict(re.findall(r"^\.SH ([A-Z ]+)\n(.*?)(?=^\.SH|\Z)", page_text(), re.M | re.S))
        self.assertEqual({f"EDDY {command.upper()}" for command in commands},
                         {name for name in sections if name.startswith("EDDY ")})
        for command in commands:
            with self.subTest(command=command):
                self.assertEqual(options_of_page(sections[f"EDDY {command.upper()}"]),
                                 OPTION.findall(help_of(command)))

    def test_exit_codes(self):
        codes = re.search(r"^Exits with (.*)$", help_of("fetch"), re.M).group(1)
        section = re.search(r"^\.SH EXIT STATUS\n(.*?)^\.SH", page_text(), re.M | re.S).group(1)
        self.assertEqual(re.findall(r"\b\d+\b", codes), re.findall(r"^\.TP\n\.B (\d+)$", section, re.M))

    @unittest.skipUnless(shutil.which("mandoc"), "needs mandoc")
    def test_form(self):
        result = subprocess.run(["mandoc", "-Tlint", "-W", "warning", PAGE], stdout=subprocess.PIPE, text=True)
        self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    EDDY, PAGE = sys.argv.pop(1), sys.argv.pop(1)
    unittest.main()
