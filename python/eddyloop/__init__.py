"""Python's asyncio on eddy's core.

    import eddyloop

    eddyloop.run(main())
"""

import asyncio as _asyncio
import sys as _sys

from .loop import Loop
from .streams import (StreamReader, StreamWriter, open_connection, open_unix_connection, start_server,
                      start_unix_server)

__all__ = ['Loop', 'StreamReader', 'StreamWriter', 'install', 'new_event_loop', 'open_connection',
           'open_unix_connection', 'run', 'start_server', 'start_unix_server']


def new_event_loop():
    """A new event loop, as asyncio.new_event_loop() makes one."""
    return Loop()


def run(main, *, debug=None):
    """Run a coroutine on a loop of eddy's, as asyncio.run() does."""
    if _sys.version_info >= (3, 11):
        with _asyncio.Runner(debug=debug, loop_factory=new_event_loop) as runner:
            return runner.run(main)
    return _run_in_3_10(main, debug)


def _run_in_3_10(main, debug):
    if _asyncio._get_running_loop() is not None:
        raise RuntimeError('eddyloop.run() cannot be called from a running event loop')
    if not _asyncio.iscoroutine(main):
        raise ValueError(f'a coroutine was expected, got {main!r}')
    loop = new_event_loop()
    try:
        _asyncio.set_event_loop(loop)
        if debug is not None:
            loop.set_debug(debug)
        return loop.run_until_complete(main)
    finally:
        try:
            _asyncio.runners._cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            _asyncio.set_event_loop(None)
            loop.close()


if hasattr(_asyncio, 'DefaultEventLoopPolicy') and _sys.version_info < (3, 16):

    class EventLoopPolicy(_asyncio.DefaultEventLoopPolicy):
        """Has asyncio make loops of eddy's wherever it makes one."""

        def _loop_factory(self):
            return new_event_loop()

    __all__.append('EventLoopPolicy')


def install():
    """Have asyncio make loops of eddy's from now on. run() needs no such thing."""
    _asyncio.set_event_loop_policy(EventLoopPolicy())
