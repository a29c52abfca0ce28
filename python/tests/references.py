"""What the tests of references have in common: a loop, and a count of what is there before and after every round of cycles.

What is counted is references, where the interpreter was built to know how many there are (a debug build), blocks of its memory,
and descriptors.
"""
import asyncio
import contextlib
import gc
import logging
import socket
import sys
import unittest
import warnings

import eddyloop
from connections import Recorder
from loops import descriptors

COUNTS = {"blocks": sys.getallocatedblocks, "descriptors": lambda: len(descriptors())}
CYCLES = 20  # of a round
if hasattr(sys, "gettotalrefcount"):
    COUNTS["references"] = sys.gettotalrefcount
    CYCLES = 100
ALLOWED = {"references": 0, "descriptors": 0, "blocks": CYCLES // 2}  # some are the interpreter's, who keeps them for later
ROUNDS = 4  # that are compared, after one that fills what is kept for the next time
MUCH = 1 << 18  # bytes, more than sockets and pipes hold here


class References(unittest.TestCase):
    """Has a loop, which all cycles of a test run on."""

    def setUp(self):
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        catching = warnings.catch_warnings()
        catching.__enter__()
        self.addCleanup(catching.__exit__)
        warnings.simplefilter("ignore")
        self.loop = eddyloop.new_event_loop()
        self.loop.set_debug(False)  # whatever mode Python is in
        self.loop.set_exception_handler(lambda loop, context: None)
        self.addCleanup(self.loop.close)

    def assert_nothing_left(self, cycle, *args):
        """Run a cycle, a function or a coroutine function, over and over: what each round of it leaves would be a cycle's."""
        def once():
            result = cycle(*args)
            if result is not None:
                self.loop.run_until_complete(result)

        least = dict.fromkeys(COUNTS, sys.maxsize)
        counts = self.count_after(once)
        for _ in range(ROUNDS):
            before, counts = counts, self.count_after(once)
            for name in COUNTS:
                least[name] = min(least[name], counts[name] - before[name])
        self.assertEqual({name: left for name, left in least.items() if left > ALLOWED[name]}, {}, f"left by {CYCLES} cycles")

    def count_after(self, once):
        for _ in range(CYCLES):
            once()
        gc.collect()
        sys._clear_type_cache()  # has strings that were asked for
        return {name: count() for name, count in COUNTS.items()}


class Failure(Exception):
    pass


def fail(*args):
    raise Failure


def failing(kind, *names):
    """A class of protocols whose functions of these names fail."""
    return type("Failing", (kind,), dict.fromkeys(names, fail))


class Buffered(Recorder, asyncio.BufferedProtocol):
    data_received = None

    def __init__(self, loop):
        super().__init__(loop)
        self.buffer = bytearray(1000)

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, n):
        self.data += self.buffer[:n]


@contextlib.contextmanager
def pair(kind=socket.SOCK_STREAM):
    """Two connected sockets, not blocking, that hold little."""
    ends = socket.socketpair(socket.AF_UNIX, kind)
    with ends[0], ends[1]:
        for end in ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            end.setblocking(False)
        yield ends
