"""StreamReader: what its methods give, and what they say when they are used wrongly."""

import asyncio
import socket

from stage import in_thread, kind, scenario, streams, tcp_pair, turns


@scenario
async def what_they_are(loop, note):
    """Classes, attributes and reprs."""
    async with streams() as (reader, writer, far):
        note(isinstance(reader, asyncio.StreamReader), isinstance(writer, asyncio.StreamWriter))
        note(kind(writer.transport), writer.can_write_eof(), writer.is_closing(), reader.at_eof())
        note(repr(reader.exception()), writer.get_extra_info("peername") == far.getsockname())
        note(writer.get_extra_info("none", "default"))
        note(asyncio.iscoroutine(waiting := reader.read(1)),
             asyncio.iscoroutine(draining := writer.drain()))
        waiting.close()
        draining.close()
        reader.something = 5
        note(reader.something, "something" in vars(reader))
        note(repr(reader), repr(writer))


@scenario
async def reading(loop, note):
    """read with all kinds of sizes, of what is there and what comes."""
    async with streams() as (reader, writer, far):
        far.send(b"0123456789")
        note(await reader.read(4), await reader.read(100), await reader.read(0))
        task = asyncio.ensure_future(reader.read(100))
        await turns(3)
        note(task.done())
        far.send(b"later")
        note(await task)
        far.send(b"to the end")
        far.shutdown(socket.SHUT_WR)
        note(await reader.read(), reader.at_eof(), await reader.read(), await reader.read(5))


@scenario
async def lines(loop, note):
    """readline, with and without an end, and in a loop."""
    async with streams() as (reader, writer, far):
        far.send(b"one\ntwo\nthr")
        note(await reader.readline(), await reader.readline())
        task = asyncio.ensure_future(reader.readline())
        await turns(3)
        far.send(b"ee\nfour\nfive\nlast")
        far.shutdown(socket.SHUT_WR)
        note(await task)
        note([line async for line in reader])
        note(await reader.readline(), reader.at_eof())


@scenario
async def exact_sizes(loop, note):
    """readexactly: enough, later, too little, and sizes that are none."""
    async with streams() as (reader, writer, far):
        far.send(b"0123456789")
        note(await reader.readexactly(4), await reader.readexactly(0))
        await note.wait("negative", reader.readexactly(-1))
        task = asyncio.ensure_future(reader.readexactly(10))
        await turns(3)
        far.send(b"abcd")
        note(await task)
        far.send(b"short")
        far.shutdown(socket.SHUT_WR)
        try:
            await reader.readexactly(10)
        except asyncio.IncompleteReadError as error:
            note(error, error.partial, error.expected)
        await note.wait("nothing left", reader.readexactly(1))


@scenario
async def separators(loop, note):
    """readuntil: one, several, none, and what is no separator."""
    async with streams() as (reader, writer, far):
        far.send(b"a;b--c---d")
        note(await reader.readuntil(b";"), await reader.readuntil(b"--"),
             await reader.readuntil(b"---"))
        await note.wait("empty", reader.readuntil(b""))
        for wrong in (5, None, "x", ()):
            try:
                await asyncio.wait_for(reader.readuntil(wrong), 0.01)
            except Exception as error:
                note(repr(wrong), type(error).__name__)
        far.send(b"\r\n")
        note(await reader.readuntil(b"\r\n"))
        try:
            far.send(b"1,2;3")
            note(await reader.readuntil((b";", b",")), await reader.readuntil((b";", b",")))
        except TypeError as error:
            note(type(error).__name__)
        far.shutdown(socket.SHUT_WR)
        try:
            await reader.readuntil(b"#")
        except asyncio.IncompleteReadError as error:
            note(error, error.expected)


@scenario
async def limits(loop, note):
    """More than the limit: with the separator behind it, and without any."""
    async with streams(limit=10) as (reader, writer, far):
        far.send(b"0123456789abcdef\nrest\n")
        try:
            await reader.readuntil(b"\n")
        except asyncio.LimitOverrunError as error:
            note(error, error.consumed)
        await note.wait("readline", reader.readline())
        note(await reader.readline())
        far.send(b"x" * 30)
        await note.wait("no separator", reader.readline())
    for limit in (0, -1):
        try:
            asyncio.StreamReader(limit=limit, loop=loop)
        except ValueError as error:
            note(error)


@scenario
async def two_at_once(loop, note):
    """A second read while one waits."""
    async with streams() as (reader, writer, far):
        task = asyncio.ensure_future(reader.read(10))
        await turns(2)
        await note.wait("read", reader.read(10))
        await note.wait("readline", reader.readline())
        await note.wait("readexactly", reader.readexactly(5))
        await note.wait("readuntil", reader.readuntil(b"x"))
        far.send(b"for the first")
        note(await task)


@scenario
async def cancelled(loop, note):
    """A read that is cancelled takes nothing away."""
    async with streams() as (reader, writer, far):
        for name, make in (("read", lambda: reader.read(5)), ("readline", reader.readline),
                           ("readexactly", lambda: reader.readexactly(5)),
                           ("readuntil", lambda: reader.readuntil(b";"))):
            task = asyncio.ensure_future(make())
            await turns(3)
            task.cancel()
            await note.wait(name, task)
        task = asyncio.ensure_future(reader.readexactly(10))
        await turns(3)
        far.send(b"half")
        await turns(5)
        task.cancel()
        await note.wait("in the middle", task)
        far.send(b"whole!")
        note(await reader.readexactly(10))


@scenario
async def cancelled_between_delivery_and_waking(loop, note):
    """Data has come, the task has not been woken, and is cancelled then."""
    async with streams() as (reader, writer, far):
        for name, make in (("read", lambda: reader.read(100)), ("readline", reader.readline),
                           ("readexactly", lambda: reader.readexactly(4))):
            task = asyncio.ensure_future(make())
            await turns(3)
            reader.feed_data(b"abc\n")
            task.cancel()
            await note.wait(name, task)
            note(await reader.readexactly(4))


@scenario
async def fed_by_hand(loop, note):
    """feed_data, feed_eof and set_exception on a reader of one's own."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"data")
    reader.feed_data(b"")
    note(await reader.read(2), bytes(reader._buffer))
    task = asyncio.ensure_future(reader.readline())
    await turns(1)
    reader.feed_data(b"line\n")
    note(await task)
    task = asyncio.ensure_future(reader.read(10))
    await turns(1)
    reader.set_exception(ValueError("no"))
    await note.wait("waiting", task)
    await note.wait("later", reader.read(1))
    await note.wait("line", reader.readline())
    note(reader.exception())
    reader = asyncio.StreamReader()
    reader.feed_eof()
    note(reader.at_eof(), await reader.read(1))
    try:
        reader.feed_data(b"too late")
    except AssertionError as error:
        note("AssertionError", error)


@scenario
async def fed_beside_the_transport(loop, note):
    """feed_data on a reader that has a transport too."""
    async with streams() as (reader, writer, far):
        reader.feed_data(b"by hand,")
        far.send(b"by the peer")
        note(await reader.readexactly(19))
        task = asyncio.ensure_future(reader.read(100))
        await turns(3)
        reader.feed_data(b"woken by hand")
        note(await task)
        note(bytes(reader._buffer), reader._eof)


@scenario
async def peeking(loop, note):
    """Code that looks into _buffer, and takes from it."""
    async with streams() as (reader, writer, far):
        far.send(b"0123456789")
        note(await reader.readexactly(2))
        note(bytes(reader._buffer), type(reader._buffer).__name__, len(reader._buffer))
        del reader._buffer[:3]
        note(await reader.readexactly(2))
        reader._buffer.extend(b"more")
        note(await reader.readexactly(7))


@scenario
async def reset(loop, note):
    """The peer resets the connection while a read waits, and afterwards."""
    async with streams() as (reader, writer, far):
        task = asyncio.ensure_future(reader.read(10))
        await turns(3)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        far.close()
        await note.wait("read", task)
        await note.wait("again", reader.readline())
        note(reader.exception(), writer.is_closing())
        await note.wait("drain", writer.drain())
        writer.close()
        await note.wait("wait_closed", writer.wait_closed())


@scenario
async def flow_of_reading(loop, note):
    """A reader that nobody reads holds the peer back, and lets it go on."""
    async with streams(limit=1000) as (reader, writer, far):
        size = 20_000_000
        sending = in_thread(far.sendall, bytes(size))
        while writer.transport.is_reading():
            await asyncio.sleep(0)
        note("held back", sending.done(), len(reader._buffer) > 2000)
        got = 0
        while got < size:
            got += len(await reader.read(65536))
        note(got, await sending)


@scenario
async def subclasses(loop, note):
    """Readers of a subclass, and protocols of one's own."""
    class Reader(asyncio.StreamReader):
        def feed_data(self, data):
            super().feed_data(data.upper())
    near, far = tcp_pair()
    reader = Reader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.create_connection(lambda: protocol, sock=near)
    writer = asyncio.StreamWriter(transport, protocol, reader, loop)
    far.send(b"text")
    note(await reader.readexactly(4), type(reader).__name__)
    writer.close()
    await writer.wait_closed()
    far.close()


@scenario
async def end_behind_data_that_nobody_read(loop, note):
    """Data and the end of the stream that came together are read in order, after the fact."""
    async with streams() as (reader, writer, far):
        far.send(b"one\ntwo")
        far.close()
        while not reader._eof:
            await asyncio.sleep(0)
        note(reader.at_eof(), await reader.readline(), await reader.read(), reader.at_eof())
