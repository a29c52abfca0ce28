"""The table: medians, aims, and who is ahead of eddy."""
import json
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import report
import rows


def with_rows(**table):
    return mock.patch.object(rows, "ROWS", table)


class Collecting(unittest.TestCase):
    def test_a_figure_has_median_and_extremes(self):
        with with_rows(one=rows.Row("ns", "")):
            figures = report.collect({"one": {"go": [3.0, 1.0, 8.0]}})
        self.assertEqual(figures, [{"row": "one", "contestant": "go", "median": 3.0, "min": 1.0, "max": 8.0,
                                    "unit": "ns"}])

    def test_what_is_measured_is_not_quoted(self):
        with with_rows(one=rows.Row("ns", "", quoted={"tokio": 75, "sco": (6, 7)})):
            figures = report.collect({"one": {"tokio": [80.0]}})
        self.assertEqual([figure["contestant"] for figure in figures], ["tokio", "sco (quoted)"])

    def test_who_has_no_figure_is_not_there(self):
        with with_rows(one=rows.Row("ns", "")):
            self.assertEqual(report.collect({"one": {"go": []}}), [])

    def test_json_is_a_list_of_figures(self):
        figures = [report.entry("one", "go", [1.0], "ns"), report.entry("one", "libuv", [2.0], "ns")]
        with tempfile.TemporaryDirectory() as place:
            path = Path(place, "bench.json")
            report.write_json(figures, path)
            self.assertEqual(json.loads(path.read_text()), figures)


class Aims(unittest.TestCase):
    def verdict(self, row, median, contestant="eddy-epoll", **medians):
        return report.verdict(row, {"contestant": contestant, "median": median}, medians)

    def test_less_is_better(self):
        row = rows.Row("ns", "", aim=10)
        self.assertEqual(self.verdict(row, 10), ("aim <= 10.00 met", True))
        self.assertEqual(self.verdict(row, 12), ("aim <= 10.00 MISSED by 20 %", False))

    def test_more_a_second_is_better(self):
        row = rows.Row("1/s", "", aim=100)
        self.assertEqual(self.verdict(row, 120), ("aim >= 100 met", True))
        self.assertEqual(self.verdict(row, 80), ("aim >= 100 MISSED by 20 %", False))

    def test_an_aim_may_be_a_peer_of_the_same_run(self):
        row = rows.Row("1/s", "", aim=rows.times(1.3, "nginx", "http"))
        self.assertEqual(self.verdict(row, 130, http={"nginx": 100})[1], True)
        self.assertEqual(self.verdict(row, 129, http={"nginx": 100})[1], False)
        self.assertEqual(self.verdict(row, 130), ("aim unknown", None))

    def test_the_aim_of_the_echo_depends_on_the_backend(self):
        row = rows.Row("us", "", aim=rows.echo_total_aim("echo"))
        raw = {"echo_total_us": {"raw-epoll": 6.0}, "echo_user_us": {"raw-epoll": 0.2}}
        self.assertEqual(self.verdict(row, 6.1, "eddy-epoll", **raw)[1], True)
        self.assertEqual(self.verdict(row, 6.2, "eddy-epoll", **raw)[1], False)
        self.assertEqual(self.verdict(row, 6.1, "eddy-uring", **raw)[1], False)


class Ahead(unittest.TestCase):
    def ahead(self, row, **medians):
        with with_rows(one=row):
            return report.ahead(report.collect({"one": {who.replace("_", "-"): [value]
                                                        for who, value in medians.items()}}), ["one"])

    def test_each_who_is_ahead_has_a_reason_or_none_is_known(self):
        said = self.ahead(rows.Row("ns", "", behind={"go": "it is inlined"}), eddy_epoll=5.0, go=4.0, libuv=3.0, st=9.0)
        self.assertEqual(said[2:], ["  one, libuv 3.00: no reason is known yet", "  one, go 4.00: it is inlined"])

    def test_it_is_the_best_of_eddy_that_counts(self):
        self.assertEqual(self.ahead(rows.Row("ns", ""), eddy_epoll=5.0, go=4.0, eddy_uring=3.0), [])

    def test_more_a_second_is_ahead(self):
        self.assertEqual(self.ahead(rows.Row("1/s", ""), eddy_epoll=5.0, go=4.0), [])
        self.assertEqual(len(self.ahead(rows.Row("1/s", ""), eddy_epoll=5.0, go=6.0)), 3)

    def test_where_eddy_has_no_figure_nobody_is(self):
        self.assertEqual(self.ahead(rows.Row("ns", ""), go=4.0), [])

    def test_quoted_figures_count(self):
        said = self.ahead(rows.Row("ns", "", quoted={"sco": 1}, behind={"sco": "it does less"}), eddy_epoll=5.0)
        self.assertEqual(said[2:], ["  one, sco (quoted) 1.00: it does less"])


class Rows(unittest.TestCase):
    def test_each_row_is_measured_once(self):
        measured = [row for experiment in rows.EXPERIMENTS for row in experiment.rows]
        self.assertEqual(sorted(measured), sorted(rows.ROWS))

    def test_reasons_are_of_those_who_take_part(self):
        for experiment in rows.EXPERIMENTS:
            for name in experiment.rows:
                row = rows.ROWS[name]
                shared = row.behind in (rows.FLOOR, rows.LEANER, rows.PATH, rows.TAIL, rows.STACKLESS)
                strangers = set(row.behind) - set(experiment.contestants) - set(row.quoted) - set(rows.BY_LOAD)
                self.assertFalse(strangers and not shared, f"{name}: {strangers}")


if __name__ == "__main__":
    unittest.main()
