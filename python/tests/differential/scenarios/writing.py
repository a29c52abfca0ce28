"""Writing to stream transports: buffers, limits, pause_writing, and what can not be written."""

import array
import mmap

from stage import (Witness, connected, drained, in_thread, read_all, read_exactly, scenario,
                   tcp_pair, turns)

MUCH = 20_000_000  # more than any socket buffer takes at once


@scenario
async def kinds_of_buffers(loop, note):
    """Everything that is a buffer of bytes."""
    transport, far = await connected(loop, protocol := Witness(note))
    for data in (b"bytes", bytearray(b"array"), memoryview(b"a view")[2:], b""):
        note.call(transport.write, data)
    transport.close()
    note(await in_thread(read_all, far))
    await protocol.lost
    far.close()


@scenario
async def what_is_no_buffer(loop, note):
    """Text, numbers, None, lists, and buffers of other kinds."""
    transport, far = await connected(loop, protocol := Witness(note))
    for data in ("text", 5, None, [b"list"], (), object, array.array("i", [1]), mmap.mmap(-1, 10)):
        note.call(transport.write, data)
    note.refused(transport.write)
    transport.write(b"end")
    transport.close()
    note(await in_thread(read_all, far))
    await protocol.lost
    far.close()


@scenario
async def lines(loop, note):
    """writelines of lists, generators, nothing, and of what is no bytes."""
    transport, far = await connected(loop, protocol := Witness(note))
    note.call(transport.writelines, [b"one", bytearray(b"two"), memoryview(b"three")])
    note.call(transport.writelines, (piece for piece in (b"four", b"five")))
    note.call(transport.writelines, [])
    transport.close()
    note(await in_thread(read_all, far))
    await protocol.lost
    far.close()


@scenario
async def lines_that_are_none(loop, note):
    """writelines of what holds no bytes, or is no list."""
    transport, far = await connected(loop, protocol := Witness(note))
    for wrong in ([b"some", "text"], b"bytes", 5):
        note.refused(transport.writelines, wrong)
    transport.abort()  # asyncio's own, of Python 3.15, does not come to the end of a close() after that
    await protocol.lost
    far.close()


@scenario
async def buffers_that_change_afterwards(loop, note):
    """What was written is what the buffer held when it was written."""
    transport, far = await connected(loop, protocol := Witness(note, quiet=True))
    data = bytearray(b"a" * MUCH)
    transport.write(data)
    data[:] = b"b" * len(data)
    transport.close()
    got = await in_thread(read_all, far)
    note(len(got), got.count(b"a") == MUCH)
    await protocol.lost
    far.close()


@scenario
async def buffers_can_be_resized_afterwards(loop, note):
    """A written bytearray is not held on to."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(bytes(MUCH))
    data = bytearray(b"xyz")
    transport.write(data)
    note.call(data.clear)
    lines = [bytearray(b"1"), bytearray(b"2")]
    transport.writelines(lines)
    for line in lines:
        note.call(line.clear)
    transport.close()
    note((await in_thread(read_all, far))[-5:])
    await protocol.lost
    far.close()


@scenario
async def sent_at_once(loop, note):
    """A write that fits is with the peer before the next turn."""
    transport, far = await connected(loop, protocol := Witness(note))
    far.setblocking(False)
    transport.write(b"at once")
    note(transport.get_write_buffer_size(), far.recv(100))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def limits(loop, note):
    """Limits that are set, and those that are refused."""
    transport, far = await connected(loop, protocol := Witness(note))
    note(transport.get_write_buffer_limits())
    for arguments in ({}, {"high": 100}, {"low": 100}, {"high": 0}, {"high": 10, "low": 5},
                      {"high": 5, "low": 10}, {"high": 5, "low": -1}, {"high": -5}, {"high": "x"},
                      {"low": 0}):
        try:
            transport.set_write_buffer_limits(**arguments)
            note(arguments, transport.get_write_buffer_limits())
        except Exception as error:
            note(arguments, error)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def pausing(loop, note):
    """pause_writing comes within write, once; resume_writing when the buffer is low enough."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(high=1000, low=100)
    transport.write(b"x" * 10)
    note("small")
    transport.write(bytes(MUCH))
    note("much")
    transport.write(b"x" * 5000)
    note("more")
    got = await in_thread(read_exactly, far, MUCH + 5010)
    await drained(transport)
    note("empty", len(got))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def pausing_with_no_limit(loop, note):
    """With a limit of 0 every byte in the buffer pauses."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(0)
    transport.write(b"goes out")
    note("small")
    transport.write(bytes(MUCH))
    got = await in_thread(read_exactly, far, MUCH + 8)
    await drained(transport)
    note("empty", len(got))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def limits_that_are_set_while_full(loop, note):
    """Setting limits with data in the buffer: does it pause or resume?"""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(10**9)
    transport.write(bytes(MUCH))
    note("written")
    transport.set_write_buffer_limits(10)
    note("low limit")
    transport.set_write_buffer_limits(10**9)
    note("high limit")
    transport.abort()
    await protocol.lost
    far.close()


@scenario
async def closing_while_paused(loop, note):
    """close while the protocol is paused: does resume_writing come?"""
    for way in ("close", "abort"):
        transport, far = await connected(loop, protocol := Witness(note, way))
        transport.set_write_buffer_limits(0)
        transport.write(bytes(MUCH))
        getattr(transport, way)()
        if way == "close":
            note(len(await in_thread(read_all, far)))
        await protocol.lost
        far.close()


@scenario
async def writing_in_resume_writing(loop, note):
    """A protocol may write in resume_writing."""
    class Protocol(Witness):
        def resume_writing(self):
            super().resume_writing()
            if not self.again:
                self.again = True
                self.transport.write(b"again")
                self.transport.close()
        again = False
    transport, far = await connected(loop, protocol := Protocol(note))
    transport.set_write_buffer_limits(0)
    transport.write(bytes(MUCH))
    note((await in_thread(read_all, far))[-8:])
    await protocol.lost
    far.close()


@scenario
async def write_after_close(loop, note):
    """Writing to a closing transport is quiet, and nothing is sent."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.close()
    note.call(transport.write, b"x")
    note.call(transport.writelines, [b"x"])
    note.call(transport.write_eof)
    note.call(transport.write, "text")
    note(transport.get_write_buffer_size(), await in_thread(read_all, far))
    await protocol.lost
    note.call(transport.write, b"x")
    note.call(transport.write_eof)
    note.call(transport.get_write_buffer_size)
    note.call(transport.set_write_buffer_limits, 5)
    far.close()


@scenario
async def write_after_connection_lost(loop, note):
    """Writing on to a lost connection is warned of from the fifth time on."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.abort()
    await protocol.lost
    for number in range(8):
        note(number)
        transport.write(b"x")
    far.close()


@scenario
async def write_to_a_reset_connection(loop, note):
    """The peer is gone: the first write is taken, then the connection is lost."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.pause_reading()
    far.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER: close resets
    far.close()
    for _ in range(3):
        transport.write(b"x")
        await turns(1)
    await protocol.lost
    transport.write(b"x")


@scenario
async def reset_with_a_full_buffer(loop, note):
    """A connection that is reset with data in the buffer."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(0)
    transport.write(bytes(MUCH))
    far.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")
    far.close()
    await protocol.lost
    note(transport.get_write_buffer_size(), transport.is_closing())


@scenario
async def reprs_while_writing(loop, note):
    """How a transport with a full buffer is shown."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(10**9)
    transport.write(b"x")
    note(repr(transport))
    transport.write(bytes(MUCH))
    note(repr(transport).replace(str(transport.get_write_buffer_size()), "SIZE"))
    transport.pause_reading()
    note(repr(transport).replace(str(transport.get_write_buffer_size()), "SIZE"))
    transport.close()
    note(repr(transport).replace(str(transport.get_write_buffer_size()), "SIZE"))
    transport.abort()
    note(repr(transport))
    await protocol.lost
    note(repr(transport))
    far.close()


@scenario
async def half_closed_by_the_peer(loop, note):
    """Both sides end their streams, one behind the other."""
    class Protocol(Witness):
        def eof_received(self):
            super().eof_received()
            return True
    near, far = tcp_pair()
    transport, protocol = await loop.create_connection(lambda: Protocol(note), sock=near)
    transport.write_eof()
    note(await in_thread(read_all, far))
    far.send(b"rest")
    far.shutdown(1)
    await protocol.ended
    await turns(3)
    note("lost:", protocol.lost.done(), transport.is_closing())
    transport.close()
    await protocol.lost
    far.close()
