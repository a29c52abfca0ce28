"""Plots are drawn of what was measured, well-formed and for light and dark; the plan follows its formulas."""
import json
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

BENCH = Path(sys.argv.pop(1))
SVG = "{http://www.w3.org/2000/svg}"


def point(plot, series, x, value, unit):
    return {"plot": plot, "series": series, "x": x, "median": value, "min": value * 0.9, "max": value * 1.1,
            "unit": unit}


def row(name, contestant, value, unit):
    return {"row": name, "contestant": contestant, "median": value, "min": value, "max": value, "unit": unit}


SCALE = [point("connections_cpu", who, x, cost * (1 + x / 1e5), "us")
         for who, cost in (("eddy-epoll", 6.0), ("raw-epoll", 5.0)) for x in (1, 100, 10000)] + [
    point("connections_memory", "eddy-epoll", 100, 9000, "B"),
    point("connections_memory", "eddy-epoll", 10000, 5000, "B"),
    point("connections_memory", "raw-epoll", 10000, 0, "B"),
    point("connections_kernel", "slabs", 10000, 4000, "B"),
    point("storm_cpu", "eddy-epoll", 1, 30, "us"),
    point("storm_cpu", "eddy-epoll", 2, 90, "us"),
    point("timer_set_cancel", "eddy", 10000, 10, "ns"),
    point("cores_spawn", "eddy-epoll", 1, 1e6, "1/s"),
    point("cores_spawn", "eddy-epoll", 2, 2e6, "1/s")]
BENCH_ROWS = [row("yield", "eddy-epoll", 9, "ns"), row("yield", "go", 56, "ns"),
              row("yield", "neco (quoted)", 59, "ns"), row("echo_per_second", "eddy-epoll", 200000, "1/s"),
              row("echo_per_second", "go", 100000, "1/s"), row("brand_new", "eddy-epoll", 1, "ns"),
              row("brand_new", "go", 0.5, "ns"), row("of_others", "go", 1, "ns")]


class Pages(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)
        head = {"machine": "a <machine> & more", "cores": 2, "system": "Linux"}
        (self.place / "scale.json").write_text(json.dumps(head | {"figures": SCALE}))

    def run_script(self, name, *options):
        done = subprocess.run([sys.executable, BENCH / name, "--build-dir", self.place, *options],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def words(self, plot):
        document = xml.parse(self.place / f"{plot}.svg").getroot()
        self.assertIn("prefers-color-scheme: dark", document.find(f"{SVG}style").text)
        return [text.text for text in document.iter(f"{SVG}text")]

    def test_lines_are_named_where_they_end(self):
        self.run_script("plot.py", "--into", str(self.place))
        words = self.words("connections-cpu")
        self.assertIn("eddy-epoll  6.6", words)
        self.assertIn("raw-epoll  5.5", words)
        self.assertIn("a <machine> & more, 2 cores, Linux", words)

    def test_what_takes_nothing_is_left_out(self):
        self.run_script("plot.py", "--into", str(self.place))
        self.assertFalse([word for word in self.words("connections-memory") if "raw-epoll" in word])

    def test_cores_are_shown_beside_the_ideal(self):
        self.run_script("plot.py", "--into", str(self.place))
        self.assertLessEqual({"spawn and await  2", "ideal  2"}, set(self.words("cores")))

    def test_bars_tell_figures_and_ratios(self):
        (self.place / "bench.json").write_text(json.dumps(BENCH_ROWS))
        self.run_script("plot.py", "--into", str(self.place))
        self.assertLessEqual({"9 ns", "go", "56 ns", "6.22×", "neco"}, set(self.words("bars-tasks")))
        self.assertLessEqual({"200,000 1/s", "2×"}, set(self.words("bars-echo")))
        words = self.words("bars-system")
        self.assertIn("0.5×", words)
        self.assertNotIn("Of_others", words)

    def test_the_plan_adds_up(self):
        page = self.place / "page.md"
        page.write_text("before\n<!-- plan -->\nold\n<!-- end of plan -->\nafter\n")
        self.run_script("plan.py", "--into", str(page), "--connections", "1e6", "--own-bytes", "500", "--buffered",
                        "500", "--requests", "0.1", "--own-us", "3.39", "--lifetime", "1e9", "--load", "0.5")
        text = page.read_text()
        self.assertIn("5,000 B of the server's, 4,000 B of the kernel's", text)
        self.assertIn("10 GB, 10,000 B a connection", text)
        self.assertRegex(text, r"cores +2\n")  # 100,000 requests of 6.6 + 3.39 + 0.01 us, half busy
        self.assertTrue(text.startswith("before\n<!-- plan -->\n```\n"))
        self.assertTrue(text.endswith("```\n<!-- end of plan -->\nafter\n"))
        self.assertNotIn("old", text)


if __name__ == "__main__":
    unittest.main()
