#!/usr/bin/env python3
"""Say what got slower between two runs of bench/run.py: python3 bench/compare.py OLD.json [NEW.json]

The two runs may be of different days, and the machine a shared one that was twice as fast on one of them. So eddy
is compared by way of its peers, which have not changed in between:

- How the peers of a row came out in the new run against the old one tells how fast the machine was at this
  kind of work. eddy's figure is divided by it. Where a row has fewer than two peers, those of all rows tell it.
  A machine does not change bytes and counts.
- Two figures differ for certain only by what lies between their spreads, from the least to the greatest of
  each run.
- How far the method errs in these two runs is measured: each peer is put in eddy's place, and the others tell
  how fast the machine was. As they have not changed, what 19 of 20 of them seem to have changed by is noise.

eddy got slower where the gap between its spreads is more than that noise, and its median is off by more than
--threshold. The exit status is then 1. NEW.json is bench.json of the build directory where it is not named.
"""
import argparse
import json
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

OURS = "eddy-"
QUOTED = "(quoted)"
ENOUGH_PEERS = 8  # figures by which noise can be told
BY_THE_MACHINE = ("s", "ms", "us", "ns", "1/s")  # the units that a faster machine changes


class Unusable(Exception):
    """A file that holds no run; the text says why."""


@dataclass(frozen=True)
class Figure:
    """What one contestant did in one row, as costs: a rate is turned over, so that more is always worse."""
    least: float
    median: float
    greatest: float
    unit: str

    @staticmethod
    def of(entry):
        values = [float(entry[key]) for key in ("min", "median", "max")]
        if entry["unit"].endswith("/s"):
            values = [1 / value for value in reversed(values)]
        return Figure(*values, entry["unit"])


@dataclass(frozen=True)
class Change:
    """By how much a figure changed, beyond what the machine did; logarithms, above 0 where it is worse."""
    row: str
    contestant: str
    unit: str
    old: float   # medians as they were written
    new: float
    machine: float
    median: float
    gap: float   # between the spreads; 0 where they overlap


def load(path):
    """A run as {row: {contestant: Figure}}, without what was quoted and not measured."""
    run = {}
    try:
        for entry in json.loads(Path(path).read_text()):
            if not entry["contestant"].endswith(QUOTED) and entry["min"] > 0:
                run.setdefault(entry["row"], {})[entry["contestant"]] = Figure.of(entry)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unusable(f"{path}: {error}")
    return run


def in_both(old, new):
    """The pairs (row, contestant) that both runs have, in the order of the new one."""
    return [(row, who) for row in new for who in new[row] if who in old.get(row, {})]


def strays(old, new):
    """How each peer came out in the new run against the old one: {row: {peer: logarithm}}."""
    out = {}
    for row, who in in_both(old, new):
        if not who.startswith(OURS) and new[row][who].unit in BY_THE_MACHINE:
            out.setdefault(row, {})[who] = math.log(new[row][who].median / old[row][who].median)
    return out


def machine(peers, row, but=None):
    """How the machine did in a row, as its peers tell, leaving one of them out; 0 where nobody can tell."""
    own = [stray for who, stray in peers.get(row, {}).items() if who != but]
    if len(own) >= 2:
        return median(own)
    everyone = [stray for which in peers for who, stray in peers[which].items() if (which, who) != (row, but)]
    return median(everyone) if everyone else 0.0


def change(old, new, row, who, factor):
    before, after = old[row][who], new[row][who]
    worse = math.log(after.least / before.greatest) - factor
    better = math.log(after.greatest / before.least) - factor
    written = [1 / figure.median if figure.unit.endswith("/s") else figure.median for figure in (before, after)]
    return Change(row, who, after.unit, *written, factor, math.log(after.median / before.median) - factor,
                  worse if worse > 0 else min(better, 0.0))


def changes(old, new):
    """What became of every figure of eddy's that both runs have."""
    peers = strays(old, new)
    return [change(old, new, row, who, machine(peers, row) if new[row][who].unit in BY_THE_MACHINE else 0.0)
            for row, who in in_both(old, new) if who.startswith(OURS)]


def noise(old, new):
    """The gap that 19 of 20 peers keep within when each is taken for eddy; None where too few can be asked."""
    peers = strays(old, new)
    gaps = sorted(abs(change(old, new, row, who, machine(peers, row, but=who)).gap)
                  for row in peers for who in peers[row])
    return gaps[math.ceil(0.95 * len(gaps)) - 1] if len(gaps) >= ENOUGH_PEERS else None


def verdict(each, floor, threshold):
    """"slower", "faster" or "" of a change."""
    noisy = each.unit in BY_THE_MACHINE and abs(each.gap) <= floor
    if each.gap == 0 or noisy or abs(each.median) <= math.log1p(threshold):
        return ""
    return "slower" if each.gap > 0 else "faster"


def percent(logarithm):
    return f"{100 * math.expm1(logarithm):+.0f} %"


def number(value):
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def report(old, new, threshold):
    """The comparison as lines, and whether something got slower."""
    found, known = changes(old, new), noise(old, new)
    floor = known if known is not None else math.log1p(threshold)
    verdicts = [verdict(each, floor, threshold) for each in found]
    told = "there are too few peers to tell the noise"
    if known is not None:
        told = f"19 of 20 peers, which have not changed, keep within {percent(floor)}"
    out = [f"noise: {told}; reported is what exceeds that and {threshold:.0%}", "",
           f"  {'row':<24}{'contestant':<14}{'old':>10}{'new':>10}  {'machine':>8}{'eddy':>8}"]
    for each, said in zip(found, verdicts):
        out.append(f"  {each.row:<24}{each.contestant:<14}{number(each.old):>10}{number(each.new):>10}  "
                   f"{percent(each.machine):>8}{percent(each.median):>8}  {said.upper()}".rstrip())
    only = [[f"{row} of {who}" for row in one for who in one[row]
             if who.startswith(OURS) and who not in other.get(row, {})] for one, other in ((old, new), (new, old))]
    out += [f"\n  only in the {which} run: {', '.join(names)}"
            for which, names in zip(("old", "new"), only) if names]
    slower, faster = verdicts.count("slower"), verdicts.count("faster")
    out += ["", f"{slower} slower, {faster} faster, {len(found) - slower - faster} as before"]
    return out, slower > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"), help="whose bench.json is the new run")
    parser.add_argument("--threshold", type=float, default=5, metavar="PERCENT",
                        help="how far a median must be off to be reported (%(default)s)")
    parser.add_argument("old", metavar="OLD.json")
    parser.add_argument("new", metavar="NEW.json", nargs="?")
    arguments = parser.parse_args()
    try:
        lines, slower = report(load(arguments.old), load(arguments.new or arguments.build_dir / "bench.json"),
                               arguments.threshold / 100)
    except Unusable as why:
        print(why, file=sys.stderr)
        return 2
    print("\n".join(lines))
    return int(slower)


if __name__ == "__main__":
    sys.exit(main())
