#!/usr/bin/env python3
"""Measure event loops for Python beside each other: python3 python/bench/run.py [ROW...]

One interpreter, which --python names, and one run: the contestants take turns, so that a slow minute of the machine hits
them all. A row may be given by its name or by the beginning of several (`protocol`, `streams_64`), and `all` is all;
without any, the usual ones are measured, which --list shows with a star.

The contestants are installed from PyPI into a virtual environment, which is kept in the build directory or where
--environment says; one that cannot be had or imported is named and left out. eddyloop is built from this project, unless
--eddyloop names a folder that holds it ready to be imported.

A server under test is one process on a core of its own; its load is a program in C on another. CPU times are the
server's alone, over a run under full load: neither starting nor accepting counts. --json keeps everything.
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
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default=sys.executable, help="the interpreter under test; else the one that runs this")
    parser.add_argument("--loops", default="asyncio,uvloop,rloop,rsloop,zuvloop,eddyloop",
                        help="contestants, with commas; eddyloop is eddyloop-epoll and eddyloop-uring (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=int(os.environ.get("REPEATS") or 5),
                        help="runs of each contestant in each row (default: the environment's REPEATS, or 5)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of a run (default: %(default)s)")
    parser.add_argument("--build-dir", type=Path, default=ROOT / "build", help="meson's build directory (default: build)")
    parser.add_argument("--environment", type=Path, metavar="FOLDER", help="keep the virtual environment here")
    parser.add_argument("--eddyloop", type=Path, metavar="FOLDER", help="import eddyloop from here, do not install it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here")
    parser.add_argument("--list", action="store_true", help="say which rows there are, and end")
    parser.add_argument("rows", nargs="*", metavar="ROW")
    return parser.parse_args()


def available(chosen, place):
    """The loops that can take part, and {name: why not} of the others."""
    missing = {}
    if any(loop.is_ours for loop in chosen) and (why := place.install_ours()):
        missing = {loop.name: f"cannot be installed: {why}" for loop in chosen if loop.is_ours}
    for loop in chosen:
        if loop.name not in missing and (why := place.refused(loop)):
            missing[loop.name] = why
    return [loop for loop in chosen if loop.name not in missing], missing


def run(rows, chosen, repeats, contest):
    """samples {row: {contestant: [{figure: value}]}} and failures {(row, contestant): text}."""
    taking_part = {row.name: [loop for loop in chosen if row.by_tls or not loop.extension] for row in rows}
    samples = {name: {loop.name: [] for loop in among} for name, among in taking_part.items()}
    failures = {}
    progress = Progress(repeats * sum(map(len, taking_part.values())))
    for row in rows:
        why = contest.environment.missing(row.packages)
        for repeat in range(repeats):
            for loop in taking_part[row.name]:
                progress.show(f"{row.name}: {loop.name}, {repeat + 1} of {repeats}")
                if (row.name, loop.name) in failures:
                    continue
                try:
                    if why:
                        raise processes.Skipped(why)
                    samples[row.name][loop.name].append(contest.measure(row, loop))
                except processes.Failure as failure:
                    failures[row.name, loop.name] = f"{failure.word}: {failure}"
                    samples[row.name][loop.name].clear()
    progress.finish()
    return samples, failures


def describe(contest, options, packages):
    """What the figures were measured on and with: {what: text}."""
    place, cores, build_dir = contest.environment, contest.cores, contest.build_dir
    versions = place.versions(packages)
    return {
        "machine": f"{machine.cpu_model()}, {os.cpu_count()} cores, Linux {os.uname().release} {os.uname().machine}",
        "python": place.interpreter,
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "load": f"{machine.peers(build_dir).get('compiler', 'unknown')}, {machine.flags(build_dir)}",
        "cores": f"contestants run on core {cores.contestant} alone, the load on core {cores.load}",
        "runs": f"{options.repeats} of each contestant, taking turns, {options.seconds:g} s each; medians, and half of the "
                "distance between the least and the most",
        "user time": f"by the kernel's tick, thus to a tenth: no perf events ({contest.unsampled})" if contest.unsampled
                     else f"by perf events, in another {options.seconds / 2:g} s",
    }


def main():
    options = arguments()
    try:
        chosen, rows = loops.choose(options.loops.split(",")), contests.select(options.rows)
    except KeyError as error:
        sys.exit(f"there is no {error.args[0]}: see --help and --list")
    if options.list:
        print("\n".join(f"{'*' if row.is_usual else ' '} {row.name:<24}{row.workload}" for row in contests.ROWS.values()))
        return 0
    build_dir = options.build_dir
    if not (build_dir / "build.ninja").exists():
        sys.exit(f"{build_dir} is no build directory: run `meson setup {build_dir}` first")
    if why := builder.ninja(build_dir, *builder.loads(build_dir)):
        sys.exit(f"cannot build the load: {why}")
    try:
        place = environment.Environment(options.python, options.environment or build_dir / "bench" / "python",
                                        options.eddyloop)
    except environment.Unusable as error:
        sys.exit(str(error))
    chosen, missing = available(chosen, place)
    for name, why in missing.items():
        print(f"{name} is left out: {why}", file=sys.stderr)

    contest = measuring.Contest(place, build_dir, processes.Cores.choose(), options.seconds)
    samples, failures = run(rows, chosen, max(1, options.repeats), contest)
    figures = tables.collect(samples)
    packages = [loop.module for loop in chosen] + [loop.extension for loop in chosen]
    about = describe(contest, options, packages + [package for row in rows for package in row.packages])
    if options.json:
        tables.write_json(options.json, about | {"left_out": missing}, rows, figures, failures)
    print("\n".join(f"{name:<11}{text}" for name, text in about.items()))
    print("\n".join(tables.table(rows, figures, failures) + aims.report(figures)))
    return int(any(loops.LOOPS[who].is_ours for _, who in failures))


if __name__ == "__main__":
    # However it ends, what it started ends first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
