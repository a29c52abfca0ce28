"""Tests that hold on asyncio's own loop and on eddyloop alike."""
import asyncio
import functools
import gc
import inspect
import os
import sys
import unittest
import warnings
import weakref

import eddyloop

LIMIT = 30  # seconds a test may take
CYCLES = 500  # of which nothing is to be left


def on_both(case):
    """Make two test cases of a class, one for each loop. Its tests may be coroutine functions, or take the loop."""
    for name, test in list(vars(case).items()):
        if name.startswith("test_") and inspect.iscoroutinefunction(test):
            setattr(case, name, _as_function(test))
        elif name.startswith("test_") and "loop" in inspect.signature(test).parameters:
            setattr(case, name, _with_loop(test))
    for name, factory in (("Asyncio", asyncio.SelectorEventLoop), ("Eddyloop", eddyloop.new_event_loop)):
        made = type(f"{case.__name__}On{name}", (case, LoopTest),
                    {"new_loop": staticmethod(factory), "__module__": case.__module__,
                     "is_ours": name == "Eddyloop"})
        setattr(sys.modules[case.__module__], made.__name__, made)
    return case


def _as_function(test):
    @functools.wraps(test)
    def run(self):
        self.loop.run_until_complete(asyncio.wait_for(test(self), LIMIT))
    return run


def _with_loop(test):
    @functools.wraps(test)
    def run(self):
        test(self, self.loop)
    return run


class LoopTest(unittest.TestCase):
    def setUp(self):
        self.told = []  # what the exception handler was told
        self.loop = self.new_loop()
        self.loop.set_exception_handler(lambda loop, context: self.told.append(context))
        self.addCleanup(lambda: self.loop and self.loop.close())

    def assert_nothing_left(self, cycle, kinds=()):
        """Run a coroutine function over and over: no descriptor is left, and no object that it returns."""
        references = []

        async def run():
            await cycle()
            gc.collect()
            before = descriptors()
            for _ in range(CYCLES):
                references.extend(weakref.ref(left) for left in await cycle() or ())
            gc.collect()
            await settle()
            gc.collect()
            self.assertEqual(descriptors(), before)

        with warnings.catch_warnings():
            warnings.simplefilter("error", ResourceWarning)
            self.loop.run_until_complete(asyncio.wait_for(run(), 4 * LIMIT))
        self.assertEqual([one() for one in references if one() is not None], [])
        self.assertEqual(self.told, [])


def descriptors():
    """What is open in this process, but for the listing of it: which number that gets says nothing."""
    return sorted(name for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}"))


async def settle(times=5):
    """Let what is scheduled run."""
    for _ in range(times):
        await asyncio.sleep(0)


async def until(condition):
    """Wait until something holds."""
    while not condition():
        await asyncio.sleep(0)
