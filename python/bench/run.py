#!/usr/bin/env python3
"""Measure event loops for Python beside each other: python3 python/bench/run.py [ROW...]

There is one interpreter, which --python names, and the contestants take turns, so that a slow
minute of the machine hits them all. A row may be given by its name or by the beginning of several
(`protocol`, `streams_64`), and `all` is all; without any, the usual ones are measured, which --list
shows with a star. A run takes three seconds: `--repeats 1 --seconds 0.5` is for a glance.

Contestants are installed from PyPI into a virtual environment, which is kept in the build directory
or where --environment says; one that cannot be had or imported is named and left out. eddyloop is
built from this project each time, unless --eddyloop names a folder from which it can be imported.

README.md beside this file says how the figures are come by. The exit status is 1 where eddyloop has
failed in a row; a missed aim is no failure.
"""
import argparse
import os
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # these modules lie in the source tree

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "bench"))  # what measures eddy beside its peers in C

import aims
import builder
import contests
import environment
import loops
import machine
import measuring
import processes
import tables
from progress import Progress


def arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--python", default=sys.executable,
        help="the interpreter under test (default: the one that runs this)")
    add("--loops", default="asyncio,uvloop,rloop,rsloop,zuvloop,eddyloop",
        help="contestants, with commas; eddyloop is eddyloop-epoll and eddyloop-uring "
             "(default: %(default)s)")
    add("--repeats", type=int, default=int(os.environ.get("REPEATS") or 5),
        help="runs of each contestant in each row (default: the environment's REPEATS, or 5)")
    add("--seconds", type=float, default=1.5, help="of a run (default: %(default)s)")
    add("--build-dir", type=Path, default=ROOT / "build",
        help="meson's build directory (default: build)")
    add("--environment", type=Path, metavar="FOLDER", help="keep the virtual environment here")
    add("--eddyloop", type=Path, metavar="FOLDER", help="import eddyloop from here")
    add("--json", type=Path, metavar="FILE", help="write all figures here")
    add("--list", action="store_true", help="say which rows there are, and end")
    add("rows", nargs="*", metavar="ROW")
    return parser.parse_args()


def available(chosen, place):
    """The loops that can take part, and {name: why not} of the others."""
    ours = place.install_ours() if any(loop.is_ours for loop in chosen) else ""
    refusals = {loop.name: loop.is_ours and ours or place.refused(loop) for loop in chosen}
    return ([loop for loop in chosen if not refusals[loop.name]],
            {name: why for name, why in refusals.items() if why})


def run(rows, chosen, repeats, contest):
    """samples {row: {contestant: [{figure: value}]}} and failures {(row, contestant): text}."""
    steps = [(row, loop, repeat) for row in rows for repeat in range(repeats) for loop in chosen
             if row.by_tls or not loop.extension]
    samples = {row.name: {} for row in rows}
    failures = {}
    progress = Progress(len(steps))
    for row, loop, repeat in steps:
        progress.show(f"{row.name}: {loop.name}, {repeat + 1} of {repeats}")
        if (row.name, loop.name) in failures:
            continue
        runs = samples[row.name].setdefault(loop.name, [])
        try:
            if why := contest.environment.missing(row.packages):
                raise processes.Skipped(why)
            runs.append(contest.measure(row, loop))
        except processes.Failure as failure:
            failures[row.name, loop.name] = f"{failure.word}: {failure}"
            runs.clear()
    progress.finish()
    return samples, failures


def describe(contest, options, packages):
    """What the figures were measured on and with: {what: text or {name: version}}."""
    system, cores, build_dir = os.uname(), contest.cores, contest.build_dir
    compiler = machine.peers(build_dir).get("compiler", "unknown")
    how = f"by perf events, in another {options.seconds / 2:g} s"
    if contest.unsampled:
        how = f"by the kernel's tick, thus to a tenth: no perf events ({contest.unsampled})"
    return {
        "machine": f"{machine.cpu_model()}, {os.cpu_count()} cores, "
                   f"Linux {system.release} {system.machine}",
        "python": contest.environment.interpreter,
        "versions": contest.environment.versions(packages),
        "load": f"{compiler}, {machine.flags(build_dir)}",
        "cores": f"contestants run on core {cores.contestant} alone, but for rows with threads and "
                 f"processes; the load on core {cores.load}",
        "runs": f"{options.repeats} of each contestant, taking turns, {options.seconds:g} s each: "
                "medians, and half of the distance between the least and the most",
        "user time": how,
    }


def set_up(options):
    """What all runs share. Leaves with a sentence where that cannot be had."""
    build_dir = options.build_dir
    if not (build_dir / "build.ninja").exists():
        sys.exit(f"{build_dir} is no build directory: run `meson setup {build_dir}` first")
    if why := builder.ninja(build_dir, *builder.loads(build_dir)):
        sys.exit(f"cannot build the load: {why}")
    try:
        place = environment.Environment(
            options.python, options.environment or build_dir / "bench" / "python", options.eddyloop)
    except environment.Unusable as error:
        sys.exit(str(error))
    return measuring.Contest(place, build_dir, processes.Cores.choose(), options.seconds)


def main():
    options = arguments()
    if options.list:
        for row in contests.ROWS.values():
            print(f"{'*' if row.is_usual else ' '} {row.name:<24}{row.workload}")
        return 0
    try:
        chosen = loops.choose(options.loops.split(","))
        rows = contests.select(options.rows)
    except KeyError as error:
        sys.exit(f"there is no {error.args[0]}: see --help and --list")
    contest = set_up(options)
    chosen, left_out = available(chosen, contest.environment)
    samples, failures = run(rows, chosen, max(1, options.repeats), contest)
    figures = tables.collect(samples)
    packages = dict.fromkeys([name for loop in chosen for name in (loop.module, loop.extension)] +
                             [name for row in rows for name in row.packages])
    about = describe(contest, options, [name for name in packages if name])
    if options.json:
        tables.write_json(options.json, about | {"left out": left_out}, rows, figures, failures)
    lines = tables.head(about) + [f"left out   {name}: {why}" for name, why in left_out.items()]
    lines += tables.table(rows, figures, failures) + aims.report(figures)
    print("\n".join(lines))
    return int(any(loops.LOOPS[who].is_ours for _, who in failures))


if __name__ == "__main__":
    # However it ends, what it started ends first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
