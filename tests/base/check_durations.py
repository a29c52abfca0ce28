#!/usr/bin/env python3
"""check_durations.py HEADERS TEST: hold the rows of test_durations.c to what headers take durations and moments by.

That is parameters of functions, and fields of structs that are options. The adapters have tests of their own, and
what eddy/time.h computes has test_time.c.
"""
import re
import sys
from pathlib import Path

ELSEWHERE = ("http", "jobs", "websocket", "redis.h", "postgres", "tls.h", "time.h")  # how their names begin
PRIVATE = {"when"}  # of a timer
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
FUNCTION = re.compile(r"\b(eddy_\w+)\([^;{()]*\beddy_(?:duration|time)\s+\w")
FIELD = re.compile(r"\beddy_(?:duration|time)\s+(\w+);")
ROW = re.compile(r"\b(?:ROW|ROW_OF_OPTION)\((\w+)\),")


def main(headers, test):
    taken = set()
    for path in Path(headers).glob("*.h"):
        if not path.name.startswith(ELSEWHERE):
            text = COMMENT.sub("", path.read_text())
            taken |= set(FUNCTION.findall(text)) | set(FIELD.findall(text)) - PRIVATE
    rows = set(ROW.findall(Path(test).read_text()))
    for name in sorted(taken - rows):
        print(f"{name}: takes a duration or a moment, and has no row in {test}")
    for name in sorted(rows - taken):
        print(f"{name}: has a row in {test}, but takes no duration or moment")
    return 0 if taken and taken == rows else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
