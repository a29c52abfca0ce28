#!/usr/bin/env python3
"""Measure eddy beside its peers: python3 bench/run.py --build-dir build [ROW...]

A row may be given by its name or by the beginning of several (`echo`, `timer`); without any, all are
measured. The environment's ROWS does the same, and REPEATS is how often each contestant runs, 5 if unset. The
contestants of a row take turns, so that a slow minute of the machine hits them all. NECO and LIBDILL are folders of
these libraries, built: a header, and a library that its program is linked with; without them they are left out.
MOVED_GB is how long the longest bodies of HTTP are, 1 GiB if unset. JOBS_DISK is the folder in which durable jobs are kept, /var/tmp if
unset; JOBS_BACKLOG how many wait, 1,000,000; JOBS_SECONDS how long each of their measurements takes, 0.5; EDDY_PEERS where their
contestants are that come from registries, and the build directory if unset.
Figures go to bench.json in the build directory. The exit status is 1 where an eddy program has failed; a missed
aim, and a contestant that cannot take part, are no failures.
"""
import argparse
import os
import signal
import sys
from pathlib import Path

sys.dont_write_bytecode = True  # these modules lie in the source tree

import builder
import machine
import measure
import processes
import report
import rows
from progress import Progress


def select(names):
    """The rows that are asked for, in the order of the table."""
    selected = set()
    for name in names:
        matches = [name] if name in rows.ROWS else [row for row in rows.ROWS if row.startswith(name)]
        if not matches:
            sys.exit(f"no such row: {name}; there are {', '.join(rows.ROWS)}")
        selected.update(matches)
    return [row for row in rows.ROWS if row in selected or not names]


def run(experiments, repeats, cores, programs):
    """Run everything: samples {row: {contestant: [figure]}} and status {(row, contestant): text}."""
    samples = {row: {who: [] for who in experiment.contestants} for experiment in experiments
               for row in experiment.rows}
    status = {}
    progress = Progress(sum(len(experiment.contestants) * min(repeats, experiment.most_repeats)
                            for experiment in experiments))
    for experiment in experiments:
        for repeat in range(min(repeats, experiment.most_repeats)):
            for who, program in experiment.contestants.items():
                progress.show(f"{experiment.rows[0]}: {who}, {repeat + 1} of {repeats}")
                if (experiment.rows[0], who) in status:
                    continue
                why = programs.prepare(program)
                try:
                    values = {} if why else measure.measure(experiment, program, cores, programs.build_dir)
                except processes.Failure as failure:
                    why = f"{failure.word}: {failure}"
                for row in experiment.rows:
                    if why:
                        status[row, who] = why
                        samples[row][who].clear()
                    else:
                        samples[row][who].append(values[row])
    progress.finish()
    return samples, status


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"), help="meson's build directory")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=", ".join(rows.ROWS))
    arguments = parser.parse_args()
    build_dir = arguments.build_dir
    if not (build_dir / "build.ninja").exists():
        sys.exit(f"{build_dir} is no build directory: run `meson setup {build_dir}` first")
    selected = select(arguments.rows or os.environ.get("ROWS", "").split())
    repeats = max(1, int(os.environ.get("REPEATS") or 5))
    experiments = [each for each in rows.EXPERIMENTS if set(each.rows) & set(selected)]

    if why := builder.configure(build_dir) or builder.ninja(build_dir, *builder.loads(build_dir)):
        sys.exit(f"cannot build: {why}")
    cores = processes.Cores.choose()
    samples, status = run(experiments, repeats, cores, builder.Builder(build_dir))
    figures = report.collect(samples)
    # The aim of one echo row depends on another, so aims are told before what was not asked for is dropped.
    lines = report.table(figures, status, selected) + report.ahead(figures, selected)
    report.write_json([figure for figure in figures if figure["row"] in selected], build_dir / "bench.json")

    print("\n".join(machine.describe(build_dir, cores)))
    print(f"runs      {repeats} of each contestant, taking turns; quoted figures are from an "
          "earlier run on a 2-core machine: compare ratios")
    print("\n" + "\n".join(lines))
    return any(who.startswith("eddy-") and text.startswith("failed") for (_, who), text in status.items())


if __name__ == "__main__":
    # However it ends, what it started ends first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit("\ninterrupted")
