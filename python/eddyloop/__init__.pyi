import asyncio
import sys
from asyncio import (open_connection as open_connection, open_unix_connection as open_unix_connection,
                     start_server as start_server, start_unix_server as start_unix_server)
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from ._core import __version__ as __version__
from .loop import Loop as Loop

__all__ = ['Loop', 'StreamReader', 'StreamWriter', 'install', 'new_event_loop', 'open_connection',
           'open_unix_connection', 'run', 'start_server', 'start_unix_server']

_T = TypeVar('_T')

class StreamReader(asyncio.StreamReader): ...
class StreamWriter(asyncio.StreamWriter): ...

def new_event_loop() -> Loop: ...
def run(
    main: Coroutine[Any, Any, _T],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = ...,
) -> _T: ...
def install() -> None: ...

if sys.version_info < (3, 16):
    from asyncio import unix_events

    if sys.version_info >= (3, 14):
        _DefaultEventLoopPolicy = unix_events._DefaultEventLoopPolicy
    else:
        _DefaultEventLoopPolicy = unix_events.DefaultEventLoopPolicy

    class EventLoopPolicy(_DefaultEventLoopPolicy):
        def _loop_factory(self) -> Loop: ...

    __all__ += ['EventLoopPolicy']
