#!/usr/bin/env python3
"""check_rows.py HEADERS SOURCES: hold the rows of test_interruption to the calls that headers mark EDDY_ASYNC.

A call without a row has not been asked what it does for a task that is interrupted, and a row without a call is of
a function that is no more. The adapters have tests of their own.
"""
import re
import sys
from pathlib import Path

ADAPTERS = ("http", "jobs", "websocket", "redis.h", "postgres.h")  # how the names of their headers begin
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CALL = re.compile(r"\bEDDY_ASYNC\b[^;(]*?\b(eddy_\w+)\(")
ROW = re.compile(r"\b(?:ROW|EXEMPT)\((eddy_\w+)")


def found(pattern, paths):
    """What a pattern finds in files, without their comments."""
    return {name for path in paths for name in pattern.findall(COMMENT.sub("", path.read_text()))}


def main(headers, sources):
    calls = found(CALL, [path for path in Path(headers).glob("*.h") if not path.name.startswith(ADAPTERS)])
    rows = found(ROW, Path(sources).glob("rows_*.c"))
    for name in sorted(calls - rows):
        print(f"{name}(): marked EDDY_ASYNC, and no row in {sources} says what it does for the interrupted")
    for name in sorted(rows - calls):
        print(f"{name}(): has a row, but no header marks it EDDY_ASYNC")
    return 0 if calls and calls == rows else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
