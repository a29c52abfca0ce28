"""What got slower between two runs is told apart from a machine that got slower, and from noise."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

COMPARE = sys.argv.pop(1)
PEERS = ("go", "libuv", "asyncio")
ROWS = ("yield", "spawn", "lock", "timer", "echo")


def entry(row, contestant, value, spread=0.02, unit="ns"):
    return {"row": row, "contestant": contestant, "median": value, "min": value * (1 - spread),
            "max": value * (1 + spread), "unit": unit}


def run(machine=1.0, **eddy):
    """A run on a machine so many times as slow; eddy's figures are 10, or as told by row."""
    return [entry(row, who, value * machine) for row in ROWS
            for who, value in [("eddy-epoll", eddy.get(row, 10.0))] + [(peer, 50.0) for peer in PEERS]]


class Compare(unittest.TestCase):
    def compare(self, old, new, *options):
        with tempfile.TemporaryDirectory() as place:
            paths = Path(place, "old.json"), Path(place, "new.json")
            for path, figures in zip(paths, (old, new)):
                path.write_text(json.dumps(figures))
            return subprocess.run([sys.executable, COMPARE, *options, *map(str, paths)],
                                  capture_output=True, text=True, timeout=60)

    def assert_says(self, done, slower, faster):
        self.assertIn(f"{slower} slower, {faster} faster", done.stdout, done.stderr)
        self.assertEqual(done.returncode, 1 if slower else 0)

    def test_one_run_is_as_itself(self):
        self.assert_says(self.compare(run(), run()), 0, 0)

    def test_what_got_slower_is_named(self):
        done = self.compare(run(), run(spawn=13.0))
        self.assert_says(done, 1, 0)
        line = next(line for line in done.stdout.splitlines() if "SLOWER" in line)
        self.assertIn("spawn", line)
        self.assertIn("+30 %", line)

    def test_what_got_faster_is_no_failure(self):
        self.assert_says(self.compare(run(), run(spawn=7.0)), 0, 1)

    def test_a_slower_machine_is_not_eddys_fault(self):
        self.assert_says(self.compare(run(), run(machine=2.0)), 0, 0)

    def test_a_faster_machine_hides_nothing(self):
        self.assert_says(self.compare(run(), run(machine=0.5, lock=14.0)), 1, 0)

    def test_overlapping_spreads_say_nothing(self):
        old = run() + [entry("wide", "eddy-epoll", 10.0, spread=0.2)] + [entry("wide", peer, 50) for peer in PEERS]
        new = run() + [entry("wide", "eddy-epoll", 12.0, spread=0.2)] + [entry("wide", peer, 50) for peer in PEERS]
        self.assert_says(self.compare(old, new), 0, 0)

    def test_small_changes_are_not_reported_unless_asked_for(self):
        old, new = run(), run()
        for figures, value in ((old, 10.0), (new, 10.3)):
            figures.append(entry("quiet", "eddy-epoll", value, spread=0.001))
            figures.extend(entry("quiet", peer, 50.0, spread=0.001) for peer in PEERS)
        self.assert_says(self.compare(old, new), 0, 0)
        self.assert_says(self.compare(old, new, "--threshold", "1"), 1, 0)

    def test_peers_that_stray_widen_the_noise(self):
        def strayed(sign):
            return [entry(row, peer, 50.0 * (1.3 if i == sign else 1.0)) for row in ("a", "b", "c", "d")
                    for i, peer in enumerate(PEERS)]
        self.assert_says(self.compare(run() + strayed(0), run(spawn=12.0) + strayed(1)), 0, 0)

    def test_a_rate_is_slower_when_it_is_less(self):
        def rates(eddy):
            return run() + [entry("rate", who, value, unit="1/s")
                            for who, value in [("eddy-epoll", eddy)] + [(peer, 1000.0) for peer in PEERS]]
        self.assert_says(self.compare(rates(2000.0), rates(1500.0)), 1, 0)
        self.assert_says(self.compare(rates(1500.0), rates(2000.0)), 0, 1)

    def test_bytes_are_not_scaled_by_the_machine(self):
        def memory(machine, eddy):
            return run(machine) + [entry("bytes", "eddy-epoll", eddy, 0, "B"), entry("bytes", "go", 2500, 0, "B")]
        self.assert_says(self.compare(memory(1.0, 4800), memory(2.0, 4800)), 0, 0)
        self.assert_says(self.compare(memory(1.0, 4800), memory(2.0, 9600)), 1, 0)

    def test_noise_of_time_hides_no_bytes(self):
        strayed = run()
        for figure in strayed:
            if figure["contestant"] == "go" and figure["row"] in ("yield", "spawn"):
                figure.update(median=80.0, min=79.0, max=81.0)
        self.assert_says(self.compare(run() + [entry("bytes", "eddy-epoll", 4800, 0, "B")],
                                      strayed + [entry("bytes", "eddy-epoll", 5200, 0, "B")]), 1, 0)

    def test_a_row_without_peers_is_measured_by_those_of_all_rows(self):
        def alone(machine, value):
            return run(machine) + [entry("alone", "eddy-epoll", value * machine)]
        self.assert_says(self.compare(alone(1.0, 10), alone(1.7, 10)), 0, 0)
        self.assert_says(self.compare(alone(1.0, 10), alone(1.7, 15)), 1, 0)

    def test_quoted_figures_tell_nothing_of_the_machine(self):
        def quoted(machine):
            return run(machine) + [entry(row, f"paper {i} (quoted)", 5.0, 0) for row in ROWS for i in range(9)]
        self.assert_says(self.compare(quoted(1.0), quoted(2.0)), 0, 0)

    def test_what_only_one_run_has_is_said_and_is_no_failure(self):
        done = self.compare(run() + [entry("gone", "eddy-epoll", 1.0)],
                            run() + [entry("yield", "eddy-uring", 1.0)])
        self.assert_says(done, 0, 0)
        self.assertIn("only in the old run: gone of eddy-epoll", done.stdout)
        self.assertIn("only in the new run: yield of eddy-uring", done.stdout)

    def test_what_is_no_run_is_refused(self):
        done = self.compare(run(), {"row": 1})
        self.assertEqual(done.returncode, 2)
        self.assertIn("new.json", done.stderr)


if __name__ == "__main__":
    unittest.main()
