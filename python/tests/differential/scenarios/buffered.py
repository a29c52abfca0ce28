"""BufferedProtocol: buffers that are given, wrong ones, and changes of protocol in the middle."""

import asyncio
import socket

from stage import Witness, connected, scenario, turns


class BufferedWitness(asyncio.BufferedProtocol):
    """A buffered protocol that notes all that happens to it; subclasses give their buffers."""

    def __init__(self, note, size=10):
        self.note = note
        self.buffer = bytearray(size)
        self.transport = None
        self.count = 0
        self.wanted = 0
        loop = asyncio.get_running_loop()
        self.lost = loop.create_future()
        self.enough = loop.create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.note("connection_made")

    def get_buffer(self, sizehint):
        self.note("get_buffer", sizehint)
        return self.buffer

    def buffer_updated(self, nbytes):
        self.note("buffer_updated", nbytes, bytes(self.buffer[:nbytes]))
        self.count += nbytes
        if self.count >= self.wanted and not self.enough.done():
            self.enough.set_result(None)

    def eof_received(self):
        self.note("eof_received")

    def connection_lost(self, exc):
        self.note("connection_lost", exc)
        self.lost.set_result(None)


@scenario
async def conversation(loop, note):
    """Data that is larger than the buffer comes in pieces."""
    transport, far = await connected(loop, protocol := BufferedWitness(note))
    protocol.wanted = 25
    far.send(b"0123456789abcdefghijklmno")
    await protocol.enough
    note(transport.get_protocol() is protocol)
    far.close()
    await protocol.lost


@scenario
async def views_as_buffers(loop, note):
    """A memoryview of a part of a buffer is written at its place."""
    class Protocol(BufferedWitness):
        def get_buffer(self, sizehint):
            return memoryview(self.buffer)[self.count:]

        def buffer_updated(self, nbytes):
            note("buffer_updated", nbytes)
            self.count += nbytes
    transport, far = await connected(loop, protocol := Protocol(note))
    for data in (b"abc", b"def"):
        far.send(data)
        before = protocol.count
        while protocol.count == before:
            await asyncio.sleep(0)
    note(bytes(protocol.buffer))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def wrong_buffers(loop, note):
    """Buffers that are none, fixed, or empty."""
    for wrong in (None, b"fixed", "text", 5, bytearray(), memoryview(b"fixed"), [1]):
        class Protocol(BufferedWitness):
            def get_buffer(self, sizehint):
                note("get_buffer")
                return wrong
        note("--", repr(wrong) if not isinstance(wrong, memoryview) else "a view")
        _, far = await connected(loop, protocol := Protocol(note))
        far.send(b"x")
        await protocol.lost
        far.close()


@scenario
async def failing_calls(loop, note):
    """get_buffer and buffer_updated that fail."""
    for which in ("get_buffer", "buffer_updated", "eof_received"):
        class Protocol(BufferedWitness):
            pass

        def fail(self, *arguments):
            raise ValueError(which)
        setattr(Protocol, which, fail)
        note("--", which)
        _, far = await connected(loop, protocol := Protocol(note))
        far.send(b"x")
        far.shutdown(socket.SHUT_WR)
        await protocol.lost
        far.close()


@scenario
def calls_that_leave(loop, note):
    """KeyboardInterrupt out of buffer_updated leaves the loop, which can run on."""
    class Protocol(BufferedWitness):
        def buffer_updated(self, nbytes):
            raise KeyboardInterrupt("buffer_updated")

    async def connect():
        return await connected(loop, Protocol(note))
    transport, far = loop.run_until_complete(connect())
    far.send(b"x")
    note.call(loop.run_forever)
    transport.abort()
    loop.run_until_complete(turns(2))
    far.close()


@scenario
async def buffer_that_is_held(loop, note):
    """The buffer is not held on to while nothing comes: it may be resized in between."""
    transport, far = await connected(loop, protocol := BufferedWitness(note))
    protocol.wanted = 1
    await turns(3)
    note.call(protocol.buffer.extend, bytes(5))
    far.send(b"x")
    await protocol.enough
    note.call(protocol.buffer.clear)
    protocol.buffer.extend(bytes(5))
    transport.close()
    await protocol.lost
    note.call(protocol.buffer.clear)
    far.close()


@scenario
async def buffer_given_anew_each_time(loop, note):
    """A protocol that gives another buffer each time."""
    class Protocol(BufferedWitness):
        def get_buffer(self, sizehint):
            self.buffer = bytearray(3)
            return self.buffer
    transport, far = await connected(loop, protocol := Protocol(note))
    protocol.wanted = 8
    far.send(b"01234567")
    await protocol.enough
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def from_plain_to_buffered(loop, note):
    """set_protocol from a plain protocol to a buffered one, and back."""
    transport, far = await connected(loop, plain := Witness(note, "plain"))
    far.send(b"one")
    await plain.has(3)
    buffered = BufferedWitness(note)
    buffered.wanted = 3
    transport.set_protocol(buffered)
    far.send(b"two")
    await buffered.enough
    again = Witness(note, "again")
    transport.set_protocol(again)
    far.send(b"three")
    await again.has(5)
    transport.close()
    await again.lost
    far.close()


@scenario
async def changed_in_the_middle(loop, note):
    """A protocol that sets another one in buffer_updated: what follows goes there."""
    other = Witness(note, "other")

    class Protocol(BufferedWitness):
        def buffer_updated(self, nbytes):
            super().buffer_updated(nbytes)
            self.transport.set_protocol(other)
    transport, far = await connected(loop, Protocol(note, 4))
    far.send(b"01234567")
    await other.has(4)
    transport.close()
    await other.lost
    far.close()


@scenario
async def closing_in_get_buffer(loop, note):
    """A protocol that closes in get_buffer, or pauses there."""
    for way in ("close", "abort", "pause_reading"):
        class Protocol(BufferedWitness):
            def get_buffer(self, sizehint):
                getattr(self.transport, way)()
                return self.buffer
        note("--", way)
        transport, far = await connected(loop, protocol := Protocol(note))
        far.send(b"x")
        if way == "pause_reading":
            protocol.wanted = 1
            await protocol.enough
            transport.close()
        await protocol.lost
        far.close()


@scenario
async def pausing_in_buffer_updated(loop, note):
    """A protocol that pauses gets nothing more until it resumes."""
    class Protocol(BufferedWitness):
        def buffer_updated(self, nbytes):
            super().buffer_updated(nbytes)
            self.transport.pause_reading()
            loop.call_soon(note, "soon")
            loop.call_soon(self.transport.resume_reading)
    transport, far = await connected(loop, protocol := Protocol(note, 4))
    protocol.wanted = 8
    far.send(b"01234567")
    await protocol.enough
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def both_kinds_at_once(loop, note):
    """A class that is both kinds of protocol is taken as a buffered one."""
    class Protocol(BufferedWitness, asyncio.Protocol):
        def data_received(self, data):
            note("data_received", data)
    transport, far = await connected(loop, protocol := Protocol(note))
    protocol.wanted = 1
    far.send(b"x")
    await protocol.enough
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def duck_typed(loop, note):
    """A class that only has the methods of a protocol."""
    class Duck:
        def connection_made(self, transport):
            note("connection_made")

        def data_received(self, data):
            note("data_received", data)

        def get_buffer(self, sizehint):
            note("get_buffer")
            return bytearray(10)

        def buffer_updated(self, nbytes):
            note("buffer_updated", nbytes)

        def eof_received(self):
            note("eof_received")

        def connection_lost(self, exc):
            note("connection_lost", exc)
            lost.set_result(None)
    lost = loop.create_future()
    _, far = await connected(loop, Duck())
    far.send(b"x")
    far.shutdown(socket.SHUT_WR)
    await lost
    far.close()
