"""An interpreter under test with the loop that it is given, and workers in it that may die."""

import functools
import json
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
BACKEND = """
import asyncio
loop = asyncio.new_event_loop()
print(getattr(loop, "backend", ""))
loop.close()
"""
SAID = 4000  # characters of what a worker printed before it died


class Interpreter:
    """A Python whose asyncio makes one kind of loop."""

    def __init__(self, python, loop, **environment):
        self.python = python
        self.loop = loop
        self.environment = {**os.environ, **environment, "SUBSTITUTE_LOOP": loop, "PYTHONPATH": os.pathsep.join(
            [str(HERE / "substitute"), *filter(None, [os.environ.get("PYTHONPATH")])])}

    @functools.cached_property
    def version(self):
        """Its version, as (3, 13)."""
        text = self.output("-c", "import sys; print(*sys.version_info[:2])")
        return tuple(int(part) for part in text.split())

    @functools.cached_property
    def backend(self):
        """What eddyloop waits with here; empty for other loops."""
        return self.output("-c", BACKEND).strip()

    def output(self, *arguments):
        """What it prints; an error ends this program with what it says."""
        done = subprocess.run([self.python, *arguments], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{self.python} {' '.join(arguments)}:\n{done.stderr.strip()}")
        return done.stdout

    def run(self, worker, items, timeout):
        """What a worker tells of each item, by item, as its "stop" events.

        The worker is a program that is called as `run TIMEOUT`, reads the items from its standard
        input and writes lines of JSON: {"event": "start", "item": ...}, {"event": "stop",
        "item": ..., ...}, at last {"event": "end"}. Where it dies in an item, that one's event is
        {"died": what it said}, and another worker goes on behind it.
        """
        told = {}
        while left := [item for item in items if item not in told]:
            events, current, death = self.run_worker(worker, left, timeout)
            told.update(events)
            if current:
                told[current] = {"item": current, "died": death}
            elif not any(item in events for item in left):
                raise SystemExit(f"{self.python} {worker} runs nothing: {death}")
        return told

    def run_worker(self, worker, items, timeout):
        """The events of a worker, the item in which it died, and what it then said."""
        events = {}
        current = None
        with tempfile.TemporaryDirectory() as folder, \
                tempfile.TemporaryFile("w+", errors="replace") as errors, \
                subprocess.Popen([self.python, str(worker), "run", str(timeout)], cwd=folder,
                                 env=self.environment, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=errors, text=True) as process:
            process.stdin.write("\n".join(items))
            process.stdin.close()
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "end":
                    return events, None, "it came to its end"
                if event["event"] == "start":
                    current = event["item"]
                else:
                    current = None
                    events[event["item"]] = event
            status = process.wait()
            errors.seek(0)
            said = errors.read()[-SAID:]
        return events, current, f"{said}\nthe interpreter ended here (status {status})"
