"""Which context a protocol's functions are called in: what was current when reading began, or when a callback was asked for."""

import asyncio
import contextvars
import os
import signal
import socket
import sys

from secure import client_context, server_context
from stage import in_thread, read_exactly, scenario, tcp_pair, turns

variable = contextvars.ContextVar("variable", default="default")


class Listener(asyncio.SubprocessProtocol):
    """A protocol of every kind that notes in which context it is called, and puts a mark on that."""

    def __init__(self, note):
        self.note = note
        self.transport = None
        self.lost = asyncio.get_running_loop().create_future()

    def hear(self, what):
        self.note(what, "in", variable.get())
        variable.set(f"{variable.get()}, {what}")

    def connection_made(self, transport):
        self.transport = transport
        self.hear("connection_made")

    def connection_lost(self, exc):
        self.hear("connection_lost")
        self.lost.set_result(None)

    def data_received(self, data):
        self.hear("data_received")

    def eof_received(self):
        self.hear("eof_received")

    def datagram_received(self, data, addr):
        self.hear("datagram_received")

    def error_received(self, exc):
        self.hear("error_received")

    def pause_writing(self):
        self.hear("pause_writing")

    def resume_writing(self):
        self.hear("resume_writing")

    def pipe_data_received(self, fd, data):
        self.hear("pipe_data_received")

    def pipe_connection_lost(self, fd, exc):
        self.hear("pipe_connection_lost")

    def process_exited(self):
        self.hear("process_exited")


async def once(function, *arguments):
    """Await what a function returns, in a context that is marked as the one that asked."""
    variable.set("asked")
    result = await function(*arguments)
    variable.set("later")
    return result


@scenario
async def of_connections(loop, note):
    """Data, the end, and the loss of a connection."""
    near, far = tcp_pair()
    with far:
        transport, protocol = await once(lambda: loop.create_connection(lambda: Listener(note), sock=near))
        far.send(b"data")
        await in_thread(far.shutdown, socket.SHUT_WR)
        await protocol.lost
    note(transport.is_closing(), variable.get())


@scenario
async def of_closing(loop, note):
    """A connection that is closed by its own side, and one that is aborted."""
    for how in "close", "abort":
        near, far = tcp_pair()
        with far:
            transport, protocol = await once(lambda: loop.create_connection(lambda: Listener(note), sock=near))
            getattr(transport, how)()
            await protocol.lost


@scenario
async def of_pausing(loop, note):
    """Reading that goes on takes the context of who had it go on."""
    near, far = tcp_pair()
    with far:
        transport, protocol = await once(lambda: loop.create_connection(lambda: Listener(note), sock=near))
        transport.pause_reading()
        variable.set("went on")
        transport.resume_reading()
        variable.set("later")
        far.send(b"data")
        far.shutdown(socket.SHUT_WR)
        await protocol.lost


@scenario
async def of_writing(loop, note):
    """pause_writing() and resume_writing()."""
    near, far = tcp_pair()
    with far:
        transport, protocol = await once(lambda: loop.create_connection(lambda: Listener(note), sock=near))
        transport.set_write_buffer_limits(0)
        data = bytes(16 << 20)
        variable.set("writing")
        transport.write(data)
        variable.set("later")
        await in_thread(read_exactly, far, len(data))
        await turns(3)
        transport.close()
        await protocol.lost


@scenario
async def of_servers(loop, note):
    """What a server's connections hear."""
    accepted = loop.create_future()

    class Accepted(Listener):
        def connection_made(self, transport):
            super().connection_made(transport)
            accepted.set_result(self)

    variable.set("served")
    listening = await loop.create_server(lambda: Accepted(note), "127.0.0.1", 0)
    variable.set("later")
    with socket.create_connection(listening.sockets[0].getsockname()) as far:
        far.send(b"data")
        far.shutdown(socket.SHUT_WR)
        await (await accepted).lost
    listening.close()
    await listening.wait_closed()


@scenario
async def of_pipes(loop, note):
    """Both kinds of pipes."""
    reading, writing = os.pipe()
    transport, protocol = await once(lambda: loop.connect_read_pipe(lambda: Listener(note), os.fdopen(reading, "rb", 0)))
    os.write(writing, b"data")
    os.close(writing)
    await protocol.lost
    reading, writing = os.pipe()
    transport, protocol = await once(lambda: loop.connect_write_pipe(lambda: Listener(note), os.fdopen(writing, "wb", 0)))
    os.close(reading)
    await protocol.lost
    note(transport.is_closing())


@scenario
async def of_subprocesses(loop, note):
    """A child that writes and ends, which may be heard of in any order."""
    heard = []

    class Parent(Listener):
        def hear(self, what):
            heard.append(f"{what} in {variable.get()}")

    transport, protocol = await once(lambda: loop.subprocess_exec(
        lambda: Parent(note), sys.executable, "-c", "print('data')", stderr=None))
    await protocol.lost
    note(*sorted(set(heard)))
    transport.close()


@scenario
async def of_datagrams(loop, note):
    """A datagram that comes."""
    came = loop.create_future()

    class Receiver(Listener):
        def datagram_received(self, data, addr):
            super().datagram_received(data, addr)
            came.set_result(None)

    transport, protocol = await once(lambda: loop.create_datagram_endpoint(lambda: Receiver(note), ("127.0.0.1", 0)))
    with socket.socket(type=socket.SOCK_DGRAM) as far:
        far.sendto(b"data", transport.get_extra_info("sockname"))
        await came
    transport.close()
    await protocol.lost


@scenario
async def of_tls(loop, note):
    """TLS: data, the end, and the loss."""
    near, far = tcp_pair()
    far.setblocking(False)
    variable.set("of the server")
    serving = loop.create_task(loop.connect_accepted_socket(lambda: Listener(lambda *_: None), far, ssl=server_context()))
    transport, protocol = await once(lambda: loop.create_connection(
        lambda: Listener(note), sock=near, ssl=client_context(), server_hostname="localhost"))
    other, _ = await serving
    other.write(b"data")
    other.close()
    await protocol.lost


@scenario
async def of_watching(loop, note):
    """add_reader(), add_writer(), add_signal_handler()."""
    near, far = tcp_pair()
    done = loop.create_future()

    def heard(what):
        note(what, "in", variable.get())
        variable.set(f"{variable.get()}, {what}")
        loop.remove_reader(near)
        loop.remove_writer(near)
        if not done.done():
            done.set_result(None)

    with near, far:
        for add, name in ((loop.add_reader, "reader"), (loop.add_writer, "writer")):
            done = loop.create_future()
            variable.set("asked")
            add(near, heard, name)
            variable.set("later")
            far.send(b"data")
            await done
        done = loop.create_future()
        variable.set("asked")
        loop.add_signal_handler(signal.SIGUSR1, heard, "signal")
        variable.set("later")
        os.kill(os.getpid(), signal.SIGUSR1)
        await done
        loop.remove_signal_handler(signal.SIGUSR1)
    note(variable.get())
