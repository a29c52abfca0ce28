"""What the budget of instructions says of counts that a busy machine made larger: instructions.py counts again."""
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import instructions

BUDGET = {"http_request": 8188.0, "yield": 100.0}


class CountingAgain(unittest.TestCase):
    def count(self, first, *later):
        """The count of http_request that stands, what its verdict is, and how many of the later counts were taken."""
        left = list(later)
        counted = instructions.each
        self.addCleanup(setattr, instructions, "each", counted)
        instructions.each = lambda _build_dir, operation: {"http_request": left.pop}[operation](0)
        counts = {"http_request": first, "yield": 100.0}
        instructions.count_again(None, counts, BUDGET)
        return counts["http_request"], instructions.report(counts, BUDGET)[1]["http_request"], len(later) - len(left)

    def test_what_is_within_its_budget_is_counted_once(self):
        self.assertEqual(self.count(8339), (8339, "", 0))
        self.assertEqual(self.count(7000), (7000, "below", 0))

    def test_what_is_over_is_counted_until_it_is_not(self):
        self.assertEqual(self.count(8443, 8339, 8000), (8339, "", 1))
        self.assertEqual(self.count(8443, 8500, 8339), (8339, "", 2))

    def test_what_stays_over_has_its_least_count(self):
        self.assertEqual(self.count(8600, 8443, 8500, 8000), (8443, "over", 2))

    def test_only_what_was_counted_is_counted_again(self):
        counts = {}
        instructions.count_again(None, counts, BUDGET)
        self.assertEqual(counts, {})


if __name__ == "__main__":
    unittest.main()
