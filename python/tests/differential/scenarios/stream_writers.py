"""StreamWriter and start_server: writing, draining, closing, and handlers that fail."""

import asyncio

from stage import in_thread, read_all, read_exactly, scenario, streams, turns


@scenario
async def writing(loop, note):
    """write, writelines, drain, write_eof, and wrong data."""
    async with streams() as (reader, writer, far):
        note.call(writer.write, b"bytes")
        note.call(writer.writelines, [b"1", bytearray(b"2"), memoryview(b"3")])
        await note.wait("drain", writer.drain())
        note(await in_thread(read_exactly, far, 8))
        note.call(writer.write, "text")
        note.call(writer.write, None)
        writer.write_eof()
        note(await in_thread(read_all, far))
        note.call(writer.write, b"behind")
        await note.wait("drain", writer.drain())


@scenario
async def draining(loop, note):
    """drain waits for a full buffer, several tasks at once."""
    async with streams() as (reader, writer, far):
        writer.transport.set_write_buffer_limits(0)
        size = 20_000_000
        writer.write(bytes(size))
        tasks = [asyncio.ensure_future(writer.drain()) for _ in range(3)]
        await turns(3)
        note([task.done() for task in tasks])
        got = await in_thread(read_exactly, far, size)
        note(len(got), await asyncio.gather(*tasks))


@scenario
async def draining_what_is_lost(loop, note):
    """drain of a connection that is cut while it waits, and afterwards."""
    async with streams() as (reader, writer, far):
        writer.transport.set_write_buffer_limits(0)
        writer.write(bytes(20_000_000))
        task = asyncio.ensure_future(writer.drain())
        await turns(3)
        writer.transport.abort()
        await note.wait("waiting", task)
        await note.wait("later", writer.drain())
        await note.wait("wait_closed", writer.wait_closed())


@scenario
async def drain_is_cancelled(loop, note):
    """One of two drains is cancelled."""
    async with streams() as (reader, writer, far):
        writer.transport.set_write_buffer_limits(0)
        writer.write(bytes(20_000_000))
        first = asyncio.ensure_future(writer.drain())
        second = asyncio.ensure_future(writer.drain())
        await turns(3)
        first.cancel()
        await note.wait("first", first)
        got = await in_thread(read_exactly, far, 20_000_000)
        note(len(got), await second)


@scenario
async def drain_in_order(loop, note):
    """drain without need, in a closing connection, gives the loop a turn or not."""
    async with streams() as (reader, writer, far):
        loop.call_soon(note, "soon")
        await writer.drain()
        note("drained")
        await turns(1)
        writer.close()
        loop.call_soon(note, "soon")
        await note.wait("closing", writer.drain())


@scenario
async def closing(loop, note):
    """close, wait_closed twice, writing afterwards."""
    async with streams() as (reader, writer, far):
        writer.write(b"last")
        writer.close()
        note(writer.is_closing())
        await note.wait("wait_closed", writer.wait_closed())
        await note.wait("wait_closed", writer.wait_closed())
        note(await in_thread(read_all, far))
        note.call(writer.write, b"x")
        await note.wait("drain", writer.drain())
        note(await reader.read(), reader.at_eof())


@scenario
async def serving(loop, note):
    """start_server: connections, a handler that fails, one that is cancelled."""
    async def handle(reader, writer):
        line = await reader.readline()
        if line == b"fail\n":
            writer.close()
            raise ValueError("no")
        writer.write(line.upper())
        await writer.drain()
        writer.close()
    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        for line in (b"one\n", b"fail\n", b"two\n"):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(line)
            note(await reader.read())
            writer.close()
            await writer.wait_closed()
        await turns(3)


@scenario
async def serving_by_callback(loop, note):
    """A handler that is no coroutine function, one that fails, and a connection it drops."""
    kept = []

    def handle(reader, writer):
        kept.append((reader, writer))
        if len(kept) == 2:
            raise ValueError("no")
        writer.write(b"hello")
        writer.close()
    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(*address)
        note(await reader.read())
        writer.close()
        await writer.wait_closed()
        reader, writer = await asyncio.open_connection(*address)
        while len(kept) < 2:
            await asyncio.sleep(0)
        kept[1][1].close()
        note(await reader.read())
        writer.close()
        await writer.wait_closed()
