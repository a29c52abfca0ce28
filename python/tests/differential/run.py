#!/usr/bin/env python3
"""Play scenarios on the stock loop and on another one, and compare all that is seen of them.

    run.py [--python PYTHON] [--loop eddyloop|uvloop|asyncio] [-v] [SCENARIO...]

A scenario is a function in scenarios/, named FILE.FUNCTION; SCENARIO may have a `*`. Where the two
outputs differ, the difference is printed. known.txt lists the scenarios that differ with eddyloop
and why. It is strict: one in it that does not differ is a failure. With `--loop asyncio` the stock
loop is compared with itself, which tells whether the scenarios are the same at every run.
"""

import argparse
import difflib
import fnmatch
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from interpreters import Interpreter  # pylint: disable=wrong-import-position
from lists import find, read_list  # pylint: disable=wrong-import-position

WORKER = HERE / "worker.py"
TIMEOUT = 20  # seconds a scenario may take


def parse_arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter to play in")
    parser.add_argument("--loop", default="eddyloop",
                        help="the module whose new_event_loop() is compared")
    parser.add_argument("-v", dest="verbose", action="store_true",
                        help="print what each scenario's output is on the loop")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO")
    return parser.parse_args()


def lines_of(event):
    """The output of a scenario, as a worker tells it."""
    return event["lines"] if "lines" in event else ["died: " + event["died"]]


def verdict(name, stock, other, known, loop):
    """The text to print of a scenario: empty where it is as it should be."""
    entry = find(known, name)
    if "died" in stock:
        return f"FAILED {name}: dies with the stock loop\n{stock['died']}"
    difference = list(difflib.unified_diff(lines_of(stock), lines_of(other), "asyncio", loop,
                                           lineterm="", n=100))
    if difference and not entry:
        return f"DIFFERS {name}\n    " + "\n    ".join(difference)
    if entry and not difference:
        return f"FAILED {name}: does not differ, but {entry.place} has it: {entry.reason}"
    return ""


def main():
    """Play, compare, and say by the exit status whether all is as expected."""
    arguments = parse_arguments()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs in the background ignore
    stock = Interpreter(arguments.python, "asyncio")
    other = Interpreter(arguments.python, arguments.loop)
    known = read_list(HERE / "known.txt", other) if arguments.loop == "eddyloop" else []
    names = stock.output(str(WORKER), "list").split()
    wanted = [name for name in names if not arguments.scenarios
              or any(fnmatch.fnmatchcase(name, pattern) for pattern in arguments.scenarios)]
    on_stock = stock.run(WORKER, wanted, TIMEOUT)
    on_other = other.run(WORKER, wanted, TIMEOUT)
    failed = 0
    for name in wanted:
        text = verdict(name, on_stock[name], on_other[name], known, arguments.loop)
        failed += bool(text)
        if arguments.verbose:
            print(f"{name}\n    " + "\n    ".join(lines_of(on_other[name])))
        if text:
            print(text)
    for entry in known:
        if not entry.matched and wanted == names:
            print(f"FAILED {entry.place}: there is no scenario {entry.pattern}")
            failed += 1
    print(f"{len(wanted) - failed} passed, {failed} failed")
    return 1 if failed or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
