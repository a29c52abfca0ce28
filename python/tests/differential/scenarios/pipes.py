"""connect_read_pipe, connect_write_pipe and their transports."""

import asyncio
import gc
import os
import socket
import tempfile

from stage import Witness, folder, in_thread, kind, scenario, turns


def read_exactly_of_pipe(file, size):
    """So many bytes of a pipe."""
    data = b""
    while len(data) < size:
        data += file.read(size - len(data))
    return data


def pipe():
    """Both ends of a pipe, as files."""
    reading, writing = os.pipe()
    return os.fdopen(reading, "rb", 0), os.fdopen(writing, "wb", 0)


@scenario
async def reading(loop, note):
    """Data, then the end."""
    near, far = pipe()
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note), near)
    note(isinstance(transport, asyncio.ReadTransport),
         isinstance(transport, asyncio.WriteTransport))
    note(repr(transport), transport.is_reading(), transport.is_closing(),
         kind(transport.get_extra_info("pipe")))
    far.write(b"hello")
    await protocol.has(5)
    far.close()
    await protocol.lost
    note(repr(transport), transport.is_closing(), near.closed)


@scenario
async def writing(loop, note):
    """Data, then the end."""
    far, near = pipe()
    transport, protocol = await loop.connect_write_pipe(lambda: Witness(note), near)
    note(isinstance(transport, asyncio.ReadTransport),
         isinstance(transport, asyncio.WriteTransport))
    note(repr(transport), transport.is_closing(), transport.can_write_eof(),
         kind(transport.get_extra_info("pipe")))
    for data in (b"bytes", bytearray(b"array"), memoryview(b"view"), b""):
        note.call(transport.write, data)
    note(await in_thread(read_exactly_of_pipe, far, 14))
    for wrong in ("text", None, 5):
        note.call(transport.write, wrong)
    transport.writelines([b"one", b"two"])
    note(await in_thread(read_exactly_of_pipe, far, 6))
    transport.write_eof()
    await protocol.lost
    note(far.read(), transport.is_closing(), near.closed)
    note(repr(transport))
    far.close()


@scenario
async def pausing(loop, note):
    """pause_reading and resume_reading of a pipe."""
    near, far = pipe()
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note), near)
    transport.pause_reading()
    note(transport.is_reading(), repr(transport))
    far.write(b"held back")
    await turns(5)
    note(bytes(protocol.received))
    note.call(transport.pause_reading)
    note.call(transport.resume_reading)
    note.call(transport.resume_reading)
    await protocol.has(9)
    transport.close()
    note(transport.is_reading())
    note.call(transport.pause_reading)
    note.call(transport.resume_reading)
    await protocol.lost
    far.close()


@scenario
async def closing_a_reader(loop, note):
    """close while data waits: it is not delivered."""
    near, far = pipe()
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note), near)
    far.write(b"too late")
    transport.close()
    transport.close()
    await protocol.lost
    note(near.closed)
    note.call(far.write, b"x")
    far.close()


@scenario
async def reader_of_the_reader_gone(loop, note):
    """A write pipe whose reader goes: connection_lost, and what a write then does."""
    far, near = pipe()
    transport, protocol = await loop.connect_write_pipe(lambda: Witness(note), near)
    far.close()
    await protocol.lost
    for _ in range(7):
        note.call(transport.write, b"x")


@scenario
async def reader_gone_with_a_full_buffer(loop, note):
    """The reader goes while data waits to be written."""
    far, near = pipe()
    class Protocol(Witness):
        def connection_lost(self, exc):
            note("connection_lost", type(exc).__name__)
            self.lost.set_result(None)
    transport, protocol = await loop.connect_write_pipe(lambda: Protocol(note), near)
    transport.write(bytes(1_000_000))
    note(transport.get_write_buffer_size() > 0)
    far.close()
    await protocol.lost
    note(transport.get_write_buffer_size())


@scenario
async def flow_of_writing(loop, note):
    """Limits, pause_writing and resume_writing of a pipe."""
    far, near = pipe()
    transport, protocol = await loop.connect_write_pipe(lambda: Witness(note), near)
    note(transport.get_write_buffer_limits())
    transport.set_write_buffer_limits(high=1000, low=100)
    transport.write(bytes(1_000_000))
    note("full")
    got = 0
    while got < 1_000_000:
        got += len(await in_thread(far.read, 100000))
    while transport.get_write_buffer_size():
        await asyncio.sleep(0)
    await turns(1)
    note("empty", got)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def closing_a_writer(loop, note):
    """close sends what waits, abort drops it; write_eof then is quiet."""
    for way in ("close", "abort", "write_eof"):
        far, near = pipe()
        transport, protocol = await loop.connect_write_pipe(lambda: Witness(note, way), near)
        transport.write(bytes(200_000))
        getattr(transport, way)()
        note(transport.is_closing())
        note.call(transport.write, b"behind it")
        note.call(transport.write_eof)
        data = await in_thread(read_pipe, far)
        await protocol.lost
        note(len(data) == 200_000)
        far.close()


def read_pipe(file):
    """All of a pipe."""
    data = b""
    while piece := file.read(65536):
        data += piece
    return data


@scenario
async def other_files(loop, note):
    """Sockets and terminals are taken as pipes; files are not."""
    near, far = socket.socketpair()
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note, "read"), near)
    far.send(b"x")
    await protocol.has(1)
    far.close()
    await protocol.lost
    near, far = socket.socketpair()
    transport, protocol = await loop.connect_write_pipe(lambda: Witness(note, "write"), near)
    transport.write(b"y")
    note(await in_thread(far.recv, 10))
    transport.close()
    await protocol.lost
    far.close()
    with tempfile.TemporaryFile() as file:
        await note.wait("read file", loop.connect_read_pipe(asyncio.Protocol, file))
        await note.wait("write file", loop.connect_write_pipe(asyncio.Protocol, file))
    for wrong in (None, 5, "text"):
        try:
            await loop.connect_read_pipe(asyncio.Protocol, wrong)
        except Exception as error:
            note(repr(wrong), type(error).__name__)


@scenario
async def closed_files(loop, note):
    """A pipe that is closed already."""
    near, far = pipe()
    near.close()
    far.close()
    for function in (loop.connect_read_pipe, loop.connect_write_pipe):
        try:
            await function(asyncio.Protocol, near)
        except Exception as error:
            note(function.__name__, type(error).__name__, error)


@scenario
async def terminals(loop, note):
    """Both sides of a pseudo-terminal; reading ends when the other side is closed."""
    master, slave = os.openpty()
    reading = os.fdopen(master, "rb", 0)
    writing = os.fdopen(slave, "wb", 0)
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note, "read"), reading)
    other, other_protocol = await loop.connect_write_pipe(lambda: Witness(note, "write"), writing)
    other.write(b"line\n")
    await protocol.has(6)
    other.close()
    await other_protocol.lost
    await protocol.lost
    note(transport.is_closing())


@scenario
async def named_pipes(loop, note):
    """A fifo, opened for both."""
    with folder() as path:
        os.mkfifo(path / "fifo")
        file = open(path / "fifo", "r+b", 0)
        transport, protocol = await loop.connect_read_pipe(lambda: Witness(note), file)
        with open(path / "fifo", "wb", 0) as far:
            far.write(b"x")
        await protocol.has(1)
        transport.close()
        await protocol.lost


@scenario
async def blocking_mode(loop, note):
    """A pipe does not block any more once it has a transport."""
    near, far = pipe()
    note(os.get_blocking(near.fileno()))
    transport, protocol = await loop.connect_read_pipe(lambda: Witness(note), near)
    note(os.get_blocking(near.fileno()), os.get_blocking(far.fileno()))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def not_closed(loop, note):
    """Pipes' transports that are dropped are ResourceWarnings."""
    near, far = pipe()
    transport, _ = await loop.connect_read_pipe(asyncio.Protocol, near)
    transport.pause_reading()
    del transport
    gc.collect()
    note("collected")
    far.close()
    near.close()


@scenario
async def another_protocol(loop, note):
    """set_protocol on pipes."""
    near, far = pipe()
    transport, first = await loop.connect_read_pipe(lambda: Witness(note, "first"), near)
    second = Witness(note, "second")
    transport.set_protocol(second)
    note(transport.get_protocol() is second)
    far.write(b"x")
    await second.has(1)
    far.close()
    await second.lost


@scenario
async def failing_protocols(loop, note):
    """Calls of a protocol on a pipe that fail."""
    for which in ("connection_made", "data_received", "eof_received", "connection_lost"):
        note("--", which)
        lost = loop.create_future()

        class Protocol(asyncio.Protocol):
            def connection_lost(self, exc):
                note("connection_lost", exc)
                lost.set_result(None)
        original = getattr(Protocol, which)

        def fail(self, *arguments):
            original(self, *arguments)
            raise ValueError(which)
        setattr(Protocol, which, fail)
        near, far = pipe()
        transport, _ = await loop.connect_read_pipe(Protocol, near)
        far.write(b"x")
        far.close()
        if which == "data_received":
            await turns(5)
            transport.close()
        await lost
