"""loop.sendfile and loop.sock_sendfile."""

import asyncio
import contextlib
import io
import os
import socket
import tempfile

from stage import Witness, connected, in_thread, read_all, read_exactly, scenario, tcp_pair, turns

CONTENT = bytes(range(256)) * 8192  # two megabytes


@contextlib.contextmanager
def a_file(content=CONTENT):
    """A file with something in it, at its beginning."""
    with tempfile.TemporaryFile() as file:
        file.write(content)
        file.seek(0)
        yield file


@scenario
async def whole_file(loop, note):
    """All of a file, behind what was written and before what is written."""
    with a_file() as file:
        transport, far = await connected(loop, protocol := Witness(note))
        transport.write(b"before")
        got = in_thread(read_all, far)
        await note.wait("sendfile", loop.sendfile(transport, file))
        note(file.tell(), transport.is_reading(), transport.is_closing())
        transport.write(b"behind")
        transport.close()
        note(await got == b"before" + CONTENT + b"behind")
        await protocol.lost
        far.close()


@scenario
async def parts(loop, note):
    """Offsets and counts, within the file and beyond it."""
    with a_file(b"0123456789") as file:
        for keywords in ({"offset": 2}, {"count": 3}, {"offset": 5, "count": 2},
                         {"offset": 8, "count": 100},
                         {"offset": 100}, {"count": 0}, {"offset": -1}, {"count": -1},
                         {"offset": None},
                         {"count": 1.5}, {"offset": "x"}):
            file.seek(0)
            transport, far = await connected(loop, protocol := Witness(note))
            try:
                note(keywords, "sent", await loop.sendfile(transport, file, **keywords),
                     file.tell())
            except Exception as error:
                note(keywords, error)
            transport.close()
            await protocol.lost
            note(await in_thread(read_all, far))
            far.close()


@scenario
async def after_the_file(loop, note):
    """Reading goes on after the file, and is not there while it is sent."""
    with a_file() as file:
        transport, far = await connected(loop, protocol := Witness(note))
        task = asyncio.ensure_future(loop.sendfile(transport, file))
        await turns(2)
        note(transport.is_reading(), repr(transport.get_protocol() is protocol))
        far.send(b"in between")
        data = await in_thread(read_exactly, far, len(CONTENT))
        sent = await task
        await protocol.has(10)
        note(len(data), sent, transport.get_protocol() is protocol)
        transport.close()
        await protocol.lost
        far.close()


@scenario
async def while_paused(loop, note):
    """A transport that was paused stays so."""
    with a_file(b"content") as file:
        transport, far = await connected(loop, protocol := Witness(note))
        transport.pause_reading()
        note(await loop.sendfile(transport, file), transport.is_reading())
        transport.abort()
        await protocol.lost
        far.close()


@scenario
async def wrong_files(loop, note):
    """Files in text mode, in memory, closed, write only, and none."""
    with tempfile.TemporaryFile("w+") as text, tempfile.TemporaryFile() as closed:
        closed.close()
        for name, file in (("text", text), ("memory", io.BytesIO(b"memory")), ("closed", closed),
                           ("None", None)):
            transport, far = await connected(loop, protocol := Witness(note))
            try:
                note(name, "sent", await loop.sendfile(transport, file))
            except Exception as error:
                note(name, error)
            transport.close()
            await protocol.lost
            note(await in_thread(read_all, far))
            far.close()


@scenario
async def without_fallback(loop, note):
    """fallback=False of what the kernel can not send."""
    transport, far = await connected(loop, protocol := Witness(note))
    await note.wait("memory", loop.sendfile(transport, io.BytesIO(b"memory"), fallback=False))
    with a_file(b"content") as file:
        await note.wait("file", loop.sendfile(transport, file, fallback=False))
    transport.close()
    await protocol.lost
    note(await in_thread(read_all, far))
    far.close()


@scenario
async def closing_transports(loop, note):
    """A transport that is closing, closed, or no transport."""
    with a_file(b"content") as file:
        transport, far = await connected(loop, protocol := Witness(note))
        transport.close()
        await note.wait("closing", loop.sendfile(transport, file))
        await protocol.lost
        await note.wait("closed", loop.sendfile(transport, file))
        far.close()
        for wrong in (None, 5):
            try:
                await loop.sendfile(wrong, file)
            except Exception as error:
                note(repr(wrong), type(error).__name__)
        reading, writing = os.pipe()
        pipe, pipe_protocol = await loop.connect_write_pipe(lambda: Witness(note, "pipe"),
                                                            os.fdopen(writing, "wb", 0))
        await note.wait("pipe", loop.sendfile(pipe, file))
        pipe.close()
        await pipe_protocol.lost
        os.close(reading)


@scenario
async def peer_gone(loop, note):
    """The peer resets the connection in the middle."""
    with a_file(bytes(50_000_000)) as file:
        transport, far = await connected(loop, protocol := Witness(note))
        task = asyncio.ensure_future(loop.sendfile(transport, file))
        await in_thread(read_exactly, far, 100000)
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        far.close()
        try:
            await task
        except Exception as error:
            note(isinstance(error, ConnectionError))
        transport.close()
        await protocol.lost if not protocol.lost.done() else None


@scenario
async def cancelled(loop, note):
    """A cancelled sendfile; the transport may be closed afterwards."""
    with a_file(bytes(50_000_000)) as file:
        transport, far = await connected(loop, protocol := Witness(note))
        task = asyncio.ensure_future(loop.sendfile(transport, file))
        await turns(3)
        task.cancel()
        await note.wait("sendfile", task)
        note(transport.is_closing(), transport.get_protocol() is protocol)
        transport.abort()
        await protocol.lost
        far.close()


@scenario
async def by_socket(loop, note):
    """sock_sendfile of a whole file and of parts."""
    near, far = tcp_pair()
    with a_file() as file:
        got = in_thread(read_exactly, far, len(CONTENT))
        note(await loop.sock_sendfile(near, file), await got == CONTENT, file.tell())
    with a_file(b"0123456789") as file:
        for arguments in ((2,), (0, 3), (5, 2), (8, 100), (100,), (0, 0), (-1,), (0, -1), (None,),
                          (0, 1.5)):
            file.seek(0)
            try:
                note(arguments, "sent", await loop.sock_sendfile(near, file, *arguments),
                     file.tell())
            except Exception as error:
                note(arguments, error)
    near.close()
    note(await in_thread(read_all, far))
    far.close()


@scenario
async def wrong_files_by_socket(loop, note):
    """sock_sendfile of text, memory, and on what is no stream."""
    near, far = tcp_pair()
    with tempfile.TemporaryFile("w+") as text:
        await note.wait("text", loop.sock_sendfile(near, text))
    await note.wait("memory", loop.sock_sendfile(near, io.BytesIO(b"memory")))
    await note.wait("no fallback", loop.sock_sendfile(near, io.BytesIO(b"memory"), fallback=False))
    await note.wait("None", loop.sock_sendfile(near, None))
    near.close()
    note(await in_thread(read_all, far))
    far.close()
    with a_file(b"x") as file, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        datagram.setblocking(False)
        await note.wait("datagram", loop.sock_sendfile(datagram, file))


@scenario
async def cancelled_by_socket(loop, note):
    """A cancelled sock_sendfile leaves no writer behind."""
    near, far = tcp_pair()
    with a_file(bytes(50_000_000)) as file:
        task = asyncio.ensure_future(loop.sock_sendfile(near, file))
        await turns(3)
        task.cancel()
        await note.wait("sock_sendfile", task)
        note(loop.remove_writer(near))
    near.close()
    far.close()
