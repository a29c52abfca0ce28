#!/usr/bin/env python3
"""Hold eddy's hot paths to a budget of instructions: python3 bench/instructions.py [--update] [OPERATION...]

Instructions are counted by valgrind (callgrind), so unlike nanoseconds they are the same on a busy machine and on
an idle one, to a few in a thousand. What an operation takes is the difference between performing it some times
and often; what starting and ending a program takes is not in it. The kernel's instructions are not counted.

But a loop that asks the kernel asks it more often where other programs make it wait, and so operations that do have
counted 3 % more on a busy machine. What is over budget is therefore counted again, twice at most, one process at a
time, until it is not; its least count stands.

The budget is instructions.json beside this script. The exit status is 1 where an operation takes over 3 % more.
Where one takes so much less, lower the budget by --update, so that what was won stays won. Compilers differ: where
the build's compiler, its major version or the architecture is not the budget's, nothing is compared, and the exit
status is 77 (skipped).

To see where an operation's instructions go:

        valgrind --tool=callgrind build/bench/eddy_operations spawn_await 100000
"""
import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # these modules lie in the source tree

import machine

BUDGET = Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.03
LEAST = 1.0  # instructions within which no two counts differ
COUNTS = 3  # at most, of what is over budget
SKIPPED = 77

# operation -> (program, how often at most, what it is); a fifth of it is what the difference is taken to
OPERATIONS = {
    "yield": ("eddy_operations", 100_000, "yield through the ready queue, 2 tasks taking turns"),
    "spawn_await": ("eddy_operations", 50_000, "create a task and await it"),
    "spawn_batch": ("eddy_operations", 50_000, "create a task and await it, in batches of 1,000"),
    "queue_item": ("eddy_operations", 100_000, "an item through a queue of 128 slots"),
    "channel_round_trip": ("eddy_operations", 50_000, "there and back through unbuffered channels"),
    "lock_pair": ("eddy_operations", 100_000, "acquire and release a lock"),
    "generator_step": ("eddy_operations", 100_000, "a generator's next value"),
    "context_get": ("eddy_operations", 100_000, "look up a context variable"),
    "timer_set_cancel": ("eddy_operations", 100_000, "set a timer within a minute, and cancel it"),
    "timer_set_fire": ("eddy_operations", 50_000, "set a timer within a second, and have it fire"),
    "stream_echo": ("eddy_operations", 10_000, "64 B to a server and back, both ends streams of one loop"),
    "file_read": ("eddy_operations", 10_000, "read 4 KiB of a file in memory"),
    "http_request": ("eddy_operations_http", 5_000, "a file of 1 KB by HTTP: the server, and a stream that asks"),
}


def compiler(build_dir):
    """The build's compiler and architecture, as far as counts depend on them: "gcc 12 x86_64"."""
    name, _, version = machine.peers(build_dir).get("compiler", "unknown").partition(" ")
    return f"{name} {version.split('.')[0]} {platform.machine()}"


def count(build_dir, operation, often):
    """The instructions of a process that performs an operation so often."""
    program = (build_dir / "bench" / OPERATIONS[operation][0]).resolve()
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program), operation, str(often)],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"], "EDDY_BACKEND": "epoll"})
    collected = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode != 0 or not collected:
        sys.exit(f"{operation} failed:\n{done.stdout}{done.stderr}")
    return int(collected[1])


def each(build_dir, operation):
    """The instructions of an operation."""
    often = OPERATIONS[operation][1]
    return (count(build_dir, operation, often) - count(build_dir, operation, often // 5)) / (often - often // 5)


def count_all(build_dir, operations):
    """{operation: instructions}, some processes at a time: counts do not mind."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return dict(zip(operations, pool.map(lambda operation: each(build_dir, operation), operations)))


def count_again(build_dir, counts, budget):
    """What is over budget has the least of up to COUNTS counts."""
    for operation, allowed in budget.items():
        for _ in range(1, COUNTS):
            if operation not in counts or verdict(operation, counts[operation], allowed) != "over":
                break
            counts[operation] = min(counts[operation], each(build_dir, operation))


def read_budget():
    try:
        return json.loads(BUDGET.read_text())
    except FileNotFoundError:
        return {"compiler": "", "instructions": {}}


def write_budget(made_by, budget, counts):
    """Counts replace what was measured with the same compiler, and everything that was with another."""
    kept = budget["instructions"] if budget["compiler"] == made_by else {}
    instructions = {operation: round((kept | counts)[operation], 1) for operation in OPERATIONS
                    if operation in kept | counts}
    BUDGET.write_text(json.dumps({"compiler": made_by, "instructions": instructions}, indent=2) + "\n")


def verdict(operation, counted, allowed):
    """"over", "below" or "" of a count and its budget."""
    if allowed is None:
        return "new"
    if abs(counted - allowed) <= max(TOLERANCE * allowed, LEAST):
        return ""
    return "over" if counted > allowed else "below"


def report(counts, budget):
    """The counts as lines, and the verdicts by operation."""
    verdicts = {operation: verdict(operation, counted, budget.get(operation))
                for operation, counted in counts.items()}
    said = {"over": "OVER BUDGET", "below": "below: lower the budget by --update", "new": "no budget yet", "": ""}
    lines = [f"{'operation':<20}{'counted':>10}{'budget':>10}{'':>9}"]
    for operation, counted in counts.items():
        allowed = budget.get(operation)
        off = f"{counted / allowed - 1:+.1%}" if allowed else ""
        shown = f"{allowed:,.1f}" if allowed else ""
        lines.append(f"{operation:<20}{counted:>10,.1f}{shown:>10}{off:>9}  {OPERATIONS[operation][2]}"
                     + (f"  {said[verdicts[operation]]}" if verdicts[operation] else ""))
    return lines, verdicts


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"),
                        help="meson's build directory, a release build")
    parser.add_argument("--update", action="store_true", help="write the counts as the new budget")
    parser.add_argument("operations", nargs="*", metavar="OPERATION", help=", ".join(OPERATIONS))
    arguments = parser.parse_args()
    build_dir, budget = arguments.build_dir, read_budget()
    if unknown := set(arguments.operations) - set(OPERATIONS):
        parser.error(f"no such operation: {', '.join(unknown)}")
    if not shutil.which("valgrind"):
        print("skipped: needs valgrind")
        return SKIPPED
    operations = [operation for operation in arguments.operations or OPERATIONS
                  if (build_dir / "bench" / OPERATIONS[operation][0]).exists()]
    made_by = compiler(build_dir)
    comparable = budget["compiler"] == made_by
    if not comparable and not arguments.update:
        print(f"skipped: the budget is for {budget['compiler']}, this is {made_by}")
        return SKIPPED
    counts = count_all(build_dir, operations)
    if not arguments.update:
        count_again(build_dir, counts, budget["instructions"])
    lines, verdicts = report(counts, budget["instructions"] if comparable else {})
    print("\n".join(lines))
    if arguments.update:
        write_budget(made_by, budget, counts)
        return 0
    return int("over" in verdicts.values())


if __name__ == "__main__":
    sys.exit(main())
