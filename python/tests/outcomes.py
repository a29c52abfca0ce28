"""What becomes of others' tests on a loop, and how that is counted."""

import collections
import fnmatch
import json
from dataclasses import dataclass

from lists import find

SUM = "{} passed, {} failed, {} skipped"


@dataclass
class Outcome:
    """What became of a test."""
    test: str
    outcome: str  # passed, failed or skipped
    text: str     # traceback or reason
    loops: int    # how many loops it made, or ran

    @staticmethod
    def of(event):
        """The outcome that a worker tells."""
        if "died" in event:
            return Outcome(event["item"], "failed", event["died"], 1)
        return Outcome(event["item"], event["outcome"], event["text"], event["loops"])


def chosen(tests, patterns):
    """The tests that one of the patterns means, or all."""
    wanted = [pattern if "*" in pattern else f"*{pattern}*" for pattern in patterns]
    return [test for test in tests
            if not wanted or any(fnmatch.fnmatchcase(test, one) for one in wanted)]


class Report:
    """Puts each outcome where it belongs."""

    def __init__(self, expected, excluded):
        self.expected = expected
        self.excluded = excluded
        self.groups = collections.defaultdict(list)

    def add(self, outcome, fails_on_stock):
        """Count one outcome."""
        self.groups[self.group(outcome, fails_on_stock)].append(outcome)

    def group(self, outcome, fails_on_stock):
        """The name under which an outcome is counted."""
        if outcome.test in fails_on_stock:
            return "not counted: fails with the stock loop too"
        if outcome.outcome == "skipped":
            return "skipped"
        if outcome.outcome == "passed" and outcome.loops == 0:
            return "not counted: needs no loop"
        entry = find(self.expected, outcome.test)
        if entry and outcome.outcome == "passed":
            outcome.text = f"passes, but {entry.place} has it: {entry.reason}"
            return "failed"
        if entry:
            return "expected failures"
        return outcome.outcome

    def stale(self):
        """The lines of the lists that no test answers to."""
        return [entry for entry in self.expected + self.excluded if not entry.matched]

    def print(self, verbose, whole):
        """Failures first, then how many are not counted; returns how many passed, failed and were skipped.

        Only a whole run tells whether a line of a list is stale.
        """
        failed = sorted(self.groups["failed"], key=lambda outcome: outcome.test)
        for outcome in failed:
            text = outcome.text.strip()
            print(f"FAILED {outcome.test}: {text if verbose else last_line(text)}")
        stale = self.stale() if whole else []
        for entry in stale:
            print(f"FAILED {entry.place}: no test answers to {entry.pattern}")
        for name in sorted(set(self.groups) - {"passed", "failed", "skipped"}):
            print(f"{len(self.groups[name])} {name}")
        return len(self.groups["passed"]), len(failed) + len(stale), len(self.groups["skipped"])

    def write(self, path, fails_on_stock):
        """Every outcome as a line of JSON."""
        with open(path, "w", encoding="utf-8") as file:
            for group, outcomes in self.groups.items():
                for outcome in outcomes:
                    file.write(json.dumps({
                        "test": outcome.test, "group": group, "text": outcome.text,
                        "loops": outcome.loops,
                        "fails_on_stock": outcome.test in fails_on_stock}) + "\n")


def last_line(text):
    """What a traceback ends in."""
    return text.rpartition("\n")[2]
