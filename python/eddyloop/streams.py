"""asyncio's functions for streams, whose readers and writers are those of the extension from the first.

asyncio's own functions give the same on a loop of eddy's, which finds out about each connection whether its streams are asyncio's
own, unchanged. These need not be guessed at, and do it on any loop.
"""

import asyncio

from ._core import StreamReader, StreamWriter

_DEFAULT_LIMIT = 2 ** 16


def _classes(loop):
    """Those of the reader and of the writer: asyncio's where the loop is told to have these."""
    if getattr(loop, 'fast_streams', True):
        return StreamReader, StreamWriter
    return asyncio.StreamReader, asyncio.StreamWriter


async def _connect(create, limit, address, options):
    loop = asyncio.get_running_loop()
    make_reader, make_writer = _classes(loop)
    reader = make_reader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await getattr(loop, create)(lambda: protocol, *address, **options)
    return reader, make_writer(transport, protocol, reader, loop)


async def _serve(create, limit, client_connected_cb, address, options):
    loop = asyncio.get_running_loop()
    make_reader, make_writer = _classes(loop)

    def connected(reader, writer):
        writer.__class__ = make_writer
        return client_connected_cb(reader, writer)

    def factory():
        reader = make_reader(limit=limit, loop=loop)
        return asyncio.StreamReaderProtocol(reader, connected, loop=loop)

    return await getattr(loop, create)(factory, *address, **options)


async def open_connection(host=None, port=None, *, limit=_DEFAULT_LIMIT, **kwds):
    """As asyncio.open_connection()."""
    return await _connect('create_connection', limit, (host, port), kwds)


async def start_server(client_connected_cb, host=None, port=None, *, limit=_DEFAULT_LIMIT, **kwds):
    """As asyncio.start_server()."""
    return await _serve('create_server', limit, client_connected_cb, (host, port), kwds)


async def open_unix_connection(path=None, *, limit=_DEFAULT_LIMIT, **kwds):
    """As asyncio.open_unix_connection()."""
    return await _connect('create_unix_connection', limit, (path,), kwds)


async def start_unix_server(client_connected_cb, path=None, *, limit=_DEFAULT_LIMIT, **kwds):
    """As asyncio.start_unix_server()."""
    return await _serve('create_unix_server', limit, client_connected_cb, (path,), kwds)
