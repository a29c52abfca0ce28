#!/usr/bin/env python3
"""check_rows.py HEADERS SOURCE... [--of ADAPTER]: hold the rows of tests to the calls that headers mark EDDY_ASYNC: those of
test_interruption, or of an adapter whose headers begin like that.

A call without a row has not been asked what it does for a task that is interrupted, and a row without a call is of
a function that is no more. The adapters have tests of their own.
"""
import re
import sys
from pathlib import Path

ADAPTERS = ("http", "jobs", "websocket", "redis.h", "postgres")  # how the names of their headers begin
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CALL = re.compile(r"\bEDDY_ASYNC\b[^;(]*?\b(eddy_\w+)\(")
ROW = re.compile(r"\btry_(eddy_\w+)\(")


def found(pattern, paths):
    """What a pattern finds in files, without their comments."""
    return {name for path in paths for name in pattern.findall(COMMENT.sub("", path.read_text()))}


def main(headers, *sources, of=None):
    is_meant = (lambda name: name.startswith(of)) if of else (lambda name: not name.startswith(ADAPTERS))
    calls = found(CALL, [path for path in Path(headers).glob("*.h") if is_meant(path.name)])
    rows = found(ROW, map(Path, sources))
    for name in sorted(calls - rows):
        print(f"{name}(): marked EDDY_ASYNC, and no row in {' or '.join(sources)} says what it does for the interrupted")
    for name in sorted(rows - calls):
        print(f"{name}(): has a row, but no header marks it EDDY_ASYNC")
    return 0 if calls and calls == rows else 1


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(*words[:-2], of=words[-1]) if words[-2] == "--of" else main(*words))
