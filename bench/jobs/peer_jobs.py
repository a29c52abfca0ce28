"""What arq's and rq's contestants share, whose words are those of all contestants of durable jobs (docs/performance.md)."""
import re
import sys
import time
from pathlib import Path

PAYLOAD, TOGETHER, FILL_BATCH = 63, 16, 1000


class Begun:
    """The jobs that have begun."""

    def __init__(self):
        self.jobs, self.last = [], time.monotonic_ns() + 2 * 10**9

    def add(self, payload):
        self.last = time.monotonic_ns()
        self.jobs.append((self.last, int(payload)))

    def is_all(self, count):
        """Whether there are so many, or nothing has come for two seconds."""
        return count > 0 and (len(self.jobs) >= count or time.monotonic_ns() - self.last > 2 * 10**9)

    def lines(self):
        return "".join(f"{when} {enqueued}\n" for when, enqueued in self.jobs)


def payload():
    return str(time.monotonic_ns()).ljust(PAYLOAD)


def peak():
    """The most memory that this process had."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) * 1024


def need(name):
    """Leave where a package is not there."""
    print(f"needs {name}", file=sys.stderr)
    sys.exit(77)
