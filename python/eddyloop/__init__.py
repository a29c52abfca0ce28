"""Python's asyncio on eddy's core.

    import eddyloop

    eddyloop.run(main())
"""
import asyncio as _asyncio
import sys as _sys
import warnings as _warnings
from asyncio import events as _events, runners as _runners, unix_events as _unix_events

from ._core import __version__
from .loop import Loop
from .streams import (StreamReader, StreamWriter, open_connection, open_unix_connection, start_server,
                      start_unix_server)

__all__ = ['Loop', 'StreamReader', 'StreamWriter', 'install', 'new_event_loop', 'open_connection',
           'open_unix_connection', 'run', 'start_server', 'start_unix_server']


def new_event_loop():
    """A new event loop, as asyncio.new_event_loop() makes one: asyncio.Runner's loop_factory."""
    return Loop()


def run(main, *, debug=None, loop_factory=new_event_loop):
    """Run a coroutine on a loop of eddy's, as asyncio.run() does on one of asyncio's."""
    if _sys.version_info >= (3, 12):
        return _asyncio.run(main, debug=debug, loop_factory=loop_factory)
    if _events._get_running_loop() is not None:
        raise RuntimeError('asyncio.run() cannot be called from a running event loop')
    if _sys.version_info >= (3, 11):
        with _asyncio.Runner(debug=debug, loop_factory=loop_factory) as runner:
            return runner.run(main)
    return _run_in_3_10(main, debug, loop_factory)


def _run_in_3_10(main, debug, loop_factory):
    if not _asyncio.iscoroutine(main):
        raise ValueError(f'a coroutine was expected, got {main!r}')
    loop = loop_factory()
    try:
        _asyncio.set_event_loop(loop)
        if debug is not None:
            loop.set_debug(debug)
        return loop.run_until_complete(main)
    finally:
        try:
            _runners._cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            _asyncio.set_event_loop(None)
            loop.close()


# asyncio's own name for it warns from Python 3.14 on, and goes with 3.16.
if hasattr(_unix_events, '_UnixDefaultEventLoopPolicy'):

    class EventLoopPolicy(_unix_events._UnixDefaultEventLoopPolicy):
        """Has asyncio make loops of eddy's wherever it makes one."""

        def _loop_factory(self):
            return new_event_loop()

    __all__.append('EventLoopPolicy')


def install():
    """Have asyncio make loops of eddy's from now on, for programs that call asyncio.run(). Where run() can be called instead,
    that is better: it changes nothing for others, and stays when Python drops policies in 3.16."""
    if 'EventLoopPolicy' not in __all__:
        raise RuntimeError('Python has no event loop policies any more: call eddyloop.run(), or '
                           'asyncio.run() with loop_factory=eddyloop.new_event_loop')
    if _sys.version_info < (3, 14):
        _asyncio.set_event_loop_policy(EventLoopPolicy())
        return
    _warnings.warn('eddyloop.install() sets an event loop policy, and Python drops these in 3.16: call '
                   'eddyloop.run(), or asyncio.run() with loop_factory=eddyloop.new_event_loop',
                   DeprecationWarning, stacklevel=2)
    _events._set_event_loop_policy(EventLoopPolicy())
