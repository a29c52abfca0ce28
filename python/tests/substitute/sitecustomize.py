"""Gives an interpreter another event loop: with this folder on PYTHONPATH, asyncio makes the loop
that SUBSTITUTE_LOOP names ("eddyloop", "uvloop", or "asyncio" for the stock one).

What is replaced is what makes loops, and nothing else of asyncio:

- the default policy's loop, by which asyncio.new_event_loop(), asyncio.run(), Runner and
  IsolatedAsyncioTestCase get theirs; a test's own policy goes on making its own loops
- new_event_loop itself where Python has no policies any more
- asyncio.SelectorEventLoop and asyncio.EventLoop as seen from the package, which tests call and ask
  isinstance() of; asyncio.unix_events keeps its own

`made` counts the loops, which tells the tests that concern a loop from those that never make one.
"""

import asyncio
import asyncio.events
import importlib
import os

made = 0


def make_from(factory):
    """The factory, with its loops counted."""
    def new_event_loop():
        global made
        made += 1
        return factory()
    return new_event_loop


class AnySelectorEventLoop(type):
    """What a class needs so that calling it makes the loop and isinstance() knows that loop."""
    def __call__(cls, selector=None):
        return cls.factory()

    def __instancecheck__(cls, loop):
        return isinstance(loop, cls.known)


def stand_in(new_event_loop):
    """A class to be asyncio.SelectorEventLoop."""
    loop = new_event_loop()
    loop.close()

    class SelectorEventLoop(metaclass=AnySelectorEventLoop):
        """Makes loops of the kind under test, whatever selector it is asked for."""
        factory = staticmethod(new_event_loop)
        known = type(loop)
    return SelectorEventLoop


def loop_factory(name):
    """What makes the loops of the module called `name`."""
    if name == "asyncio":
        return asyncio.SelectorEventLoop
    module = importlib.import_module(name)
    if issubclass(module.Loop, asyncio.BaseEventLoop):
        return module.new_event_loop

    class Loop(module.Loop):
        """For uvloop: CPython's tests look at this in their tearDown."""
        _default_executor = None
    return Loop


def substitute(name):
    """Have asyncio make the loops of the module called `name`."""
    counted = make_from(loop_factory(name))
    policy = getattr(asyncio.unix_events, "_UnixDefaultEventLoopPolicy", None) \
        or getattr(asyncio.unix_events, "_DefaultEventLoopPolicy", None)
    if policy:
        policy._loop_factory = staticmethod(counted)
    else:
        asyncio.new_event_loop = asyncio.events.new_event_loop = counted
    asyncio.SelectorEventLoop = stand_in(counted)
    if hasattr(asyncio, "EventLoop"):
        asyncio.EventLoop = asyncio.SelectorEventLoop


if "SUBSTITUTE_LOOP" in os.environ:
    substitute(os.environ["SUBSTITUTE_LOOP"])
    made = 0
