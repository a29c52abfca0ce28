"""The side of run.py that lives in the interpreter under test.

    worker.py list           the names of all scenarios, one a line
    worker.py run TIMEOUT    plays the scenarios whose names come on the standard input

What each notes is written as a line of JSON. A scenario that takes longer than TIMEOUT seconds
ends the worker with a traceback of every thread.
"""

import asyncio
import faulthandler
import gc
import importlib
import inspect
import json
import logging
import os
import sys
import warnings
from pathlib import Path

from stage import SCENARIOS, Note

HERE = Path(__file__).resolve().parent


def load():
    """Import all files of scenarios."""
    for path in sorted((HERE / "scenarios").glob("*.py")):
        importlib.import_module(f"scenarios.{path.stem}")


class NotingHandler(logging.Handler):
    """Gives what asyncio logs to the scenario."""

    def __init__(self, note):
        super().__init__()
        self.note = note

    def emit(self, record):
        """Note the level and the message, and the type of an exception."""
        self.note(f"log {record.levelname}:", record.getMessage())
        if record.exc_info:
            self.note("log exception:", record.exc_info[1])


def play(function):
    """The lines of a scenario that is played on a new loop."""
    note = Note()
    handler = NotingHandler(note)
    logger = logging.getLogger("asyncio")
    logger.addHandler(handler)
    logger.propagate = False
    sys.unraisablehook = lambda args: note("unraisable:", args.exc_value)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_: note("warning:", message)
        try:
            play_on_loop(function, note)
        except BaseException as error:  # also KeyboardInterrupt: the next scenario is to be played
            note("escapes:", error)
        gc.collect()
    sys.unraisablehook = sys.__unraisablehook__
    logger.removeHandler(handler)
    return note.lines


def play_on_loop(function, note):
    """Play a scenario, and close its loop."""
    loop = asyncio.new_event_loop()
    loop.set_exception_handler(note.exception_handler)
    asyncio.set_event_loop(loop)
    try:
        if inspect.iscoroutinefunction(function):
            loop.run_until_complete(function(loop, note))
            loop.run_until_complete(loop.shutdown_default_executor())
        else:
            function(loop, note)
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def play_all(timeout):
    """Play the scenarios named on the standard input, and write what they note."""
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def write(**event):
        output.write(json.dumps(event) + "\n")
        output.flush()

    for name in sys.stdin.read().split():
        write(event="start", item=name)
        faulthandler.dump_traceback_later(timeout, exit=True)
        lines = play(SCENARIOS[name])
        faulthandler.cancel_dump_traceback_later()
        write(event="stop", item=name, lines=lines)
    write(event="end")


if __name__ == "__main__":
    load()
    if sys.argv[1] == "list":
        print("\n".join(SCENARIOS))
    else:
        play_all(float(sys.argv[2]))
