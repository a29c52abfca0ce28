"""Every call that awaits, cancelled at each of its awaits: no descriptor stays open, and none is closed that is another's by then."""
import asyncio
import contextlib
import gc
import os
import socket
import sys
import tempfile
import unittest
import warnings

from connections import refused_address
from loops import descriptors, on_both, until
from tls_peers import FOLDER, client_context, server_context

HERE = "127.0.0.1"
BIG = bytes(8 << 20)  # more than a system's sockets hold
TOLD_IN_DEBUG_MODE = "Error on transport creation for incoming connection"
NAME = os.path.join(FOLDER.name, "socket")


class Awaiting:
    """Awaits something, and at its await of a number has that which awaits it cancelled: at once, or when the result is there already."""

    def __init__(self, awaitable, number, is_late):
        self.awaitable, self.number, self.is_late = awaitable, number, is_late
        self.is_reached = False

    def __await__(self):
        awaits = self.awaitable.__await__()
        go_on, value, count = awaits.send, None, 0
        while True:
            try:
                future = go_on(value)
            except StopIteration as end:
                return end.value
            count += 1
            if count == self.number:
                self.is_reached = True
                task = asyncio.current_task()
                if self.is_late and future is not None:
                    future.add_done_callback(lambda _, task=task: task.cancel())
                else:
                    task.get_loop().call_soon(task.cancel)
            try:
                go_on, value = awaits.send, (yield future)
            except BaseException as error:
                go_on, value = awaits.throw, error


class Open(contextlib.AsyncExitStack):
    """What a call needs, which is made before it and closed behind it; and what it makes, closed too."""

    def __init__(self, loop):
        super().__init__()
        self.loop = loop

    def closing(self, thing):
        self.callback(thing.close)
        return thing

    def sockets(self, kind=socket.SOCK_STREAM):
        """Two that are connected."""
        ends = socket.socketpair(socket.AF_UNIX, kind)
        for end in ends:
            end.setblocking(False)
            self.closing(end)
        return ends

    def listener(self):
        listener = self.closing(socket.create_server((HERE, 0)))
        listener.setblocking(False)
        return listener

    async def server(self, protocol=asyncio.Protocol, host=HERE, **options):
        """The port of a server."""
        server = self.closing(await self.loop.create_server(protocol, host, 0, **options))
        return server.sockets[0].getsockname()[1]

    async def unix_server(self, **options):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(NAME)
        self.closing(await self.loop.create_unix_server(asyncio.Protocol, NAME, **options))

    async def streams(self):
        """A reader, a writer, and the socket of their peer."""
        near, far = self.sockets()
        reader, writer = await asyncio.open_connection(sock=near)
        self.closing(writer)
        return reader, writer, far


# What is called: a function of what is open that makes ready, and gives what is to be awaited.

async def create_connection(opened):
    port = await opened.server()
    return opened.loop.create_connection(asyncio.Protocol, HERE, port)


async def create_connection_by_name(opened):
    port = await opened.server(host="localhost", family=socket.AF_INET)
    return opened.loop.create_connection(asyncio.Protocol, "localhost", port, local_addr=("localhost", 0))


async def create_connection_to_the_first_of_two(opened):
    port = await opened.server()
    return opened.loop.create_connection(asyncio.Protocol, "localhost", port, happy_eyeballs_delay=0.001)


async def create_connection_refused(opened):
    return opened.loop.create_connection(asyncio.Protocol, *opened.enter_context(refused_address()))


async def create_connection_of_a_socket(opened):
    near, far = opened.sockets()
    return opened.loop.create_connection(asyncio.Protocol, sock=near)


async def create_connection_by_tls(opened):
    port = await opened.server(ssl=server_context())
    return opened.loop.create_connection(asyncio.Protocol, HERE, port, ssl=client_context(), server_hostname="localhost")


async def create_unix_connection(opened):
    await opened.unix_server()
    return opened.loop.create_unix_connection(asyncio.Protocol, NAME)


async def create_unix_connection_by_tls(opened):
    await opened.unix_server(ssl=server_context())
    return opened.loop.create_unix_connection(asyncio.Protocol, NAME, ssl=client_context(), server_hostname="localhost")


async def connect_accepted_socket(opened):
    near, far = opened.sockets()
    return opened.loop.connect_accepted_socket(asyncio.Protocol, near)


async def connect_accepted_socket_by_tls(opened):
    near, far = opened.sockets()
    _, writer = await asyncio.open_connection(sock=far)
    opened.closing(writer)
    return opened.loop.connect_accepted_socket(asyncio.Protocol, near, ssl=server_context())


async def start_tls(opened):
    port = await opened.server(ssl=server_context())
    transport, protocol = await opened.loop.create_connection(asyncio.Protocol, HERE, port)
    opened.closing(transport)
    return opened.loop.start_tls(transport, protocol, client_context(), server_hostname="localhost")


async def create_server(opened):
    return opened.loop.create_server(asyncio.Protocol, "localhost", 0, family=socket.AF_INET)


async def create_unix_server(opened):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(NAME)
    return opened.loop.create_unix_server(asyncio.Protocol, NAME)


async def serve_forever(opened):
    server = opened.closing(await opened.loop.create_server(asyncio.Protocol, HERE, 0))
    opened.loop.call_later(0.001, server.close)
    return server.serve_forever()


async def create_datagram_endpoint(opened):
    return opened.loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("localhost", 0), ("localhost", 1),
                                                family=socket.AF_INET)


async def connect_read_pipe(opened):
    reading, writing = os.pipe()
    opened.callback(os.close, writing)
    return opened.loop.connect_read_pipe(asyncio.Protocol, os.fdopen(reading, "rb", 0))


async def connect_write_pipe(opened):
    reading, writing = os.pipe()
    opened.callback(os.close, reading)
    return opened.loop.connect_write_pipe(asyncio.BaseProtocol, os.fdopen(writing, "wb", 0))


async def subprocess_exec(opened):
    return opened.loop.subprocess_exec(asyncio.SubprocessProtocol, sys.executable, "-S", "-c", "input()")


async def open_connection(opened):
    port = await opened.server()
    return asyncio.open_connection(HERE, port)


async def open_connection_by_tls(opened):
    port = await opened.server(ssl=server_context())
    return asyncio.open_connection(HERE, port, ssl=client_context(), server_hostname="localhost")


async def start_server(opened):
    return asyncio.start_server(lambda reader, writer: writer.close(), HERE, 0)


async def sock_connect(opened):
    listener = opened.listener()
    sock = opened.closing(socket.socket())
    sock.setblocking(False)
    return opened.loop.sock_connect(sock, listener.getsockname())


async def sock_accept(opened):
    listener = opened.listener()
    opened.loop.call_soon(lambda: opened.closing(socket.create_connection(listener.getsockname())))
    return opened.loop.sock_accept(listener)


async def sock_recv(opened):
    near, far = opened.sockets()
    opened.loop.call_soon(far.send, b"data")
    return opened.loop.sock_recv(near, 10)


async def sock_recv_into(opened):
    near, far = opened.sockets()
    opened.loop.call_soon(far.send, b"data")
    return opened.loop.sock_recv_into(near, bytearray(10))


async def sock_sendall(opened):
    near, far = opened.sockets()
    return opened.loop.sock_sendall(near, BIG[:1 << 20])


async def sock_sendfile(opened):
    file = opened.enter_context(tempfile.TemporaryFile())
    file.write(BIG)
    near, far = opened.sockets()
    return opened.loop.sock_sendfile(near, file)


async def sendfile(opened):
    file = opened.enter_context(tempfile.TemporaryFile())
    file.write(BIG)
    _, writer, far = await opened.streams()
    return opened.loop.sendfile(writer.transport, file)


def reading(how, *arguments):
    """The function for a method of a StreamReader."""
    async def read(opened):
        reader, _, far = await opened.streams()
        opened.loop.call_soon(far.send, b"data\n")
        return getattr(reader, how)(*arguments)
    read.__name__ = f"reader_{how}"
    return read


async def writer_drain(opened):
    _, writer, far = await opened.streams()
    writer.write(BIG)
    return writer.drain()


async def writer_wait_closed(opened):
    _, writer, far = await opened.streams()
    writer.close()
    return writer.wait_closed()


CALLS = [create_connection, create_connection_by_name, create_connection_to_the_first_of_two, create_connection_refused,
         create_connection_of_a_socket, create_connection_by_tls, create_unix_connection, create_unix_connection_by_tls,
         connect_accepted_socket, connect_accepted_socket_by_tls, start_tls, create_server, create_unix_server, serve_forever,
         create_datagram_endpoint, connect_read_pipe, connect_write_pipe, subprocess_exec, open_connection, open_connection_by_tls,
         start_server, sock_connect, sock_accept, sock_recv, sock_recv_into, sock_sendall, sock_sendfile, sendfile,
         reading("read", 10), reading("readline"), reading("readexactly", 5), reading("readuntil", b"\n"), writer_drain,
         writer_wait_closed]

# Of these asyncio leaves the server behind, which nobody has then.
LEFT_BY_ASYNCIO = {create_server, create_unix_server, start_server}

# Nothing comes that would end these by themselves.
NEVER_DONE = {sock_sendall, sock_sendfile, sendfile, writer_drain, connect_accepted_socket_by_tls}


def close_made(made):
    """Close what a call has made: the first of a pair, the writer of streams, a server."""
    for thing in made[::-1] if isinstance(made, tuple) else [made]:
        if hasattr(thing, "close"):
            thing.close()


class Cancelling:

    async def attempt(self, prepare, number, is_late):
        """Call something, and cancel it at its await of this number; whether it has so many, and files opened since then."""
        async with Open(self.loop) as opened:
            awaiting = Awaiting(await prepare(opened), number, is_late)

            async def call():
                return await awaiting
            task = self.loop.create_task(call())
            await asyncio.wait([task])
            if not task.cancelled() and not task.exception():
                close_made(task.result())
            files = [open(os.devnull, encoding="ascii") for _ in range(8)]  # they get the numbers of what was closed
        return awaiting.is_reached, files

    async def check(self, prepare, is_late):
        gc.collect()
        before = descriptors()
        devnull = os.stat(os.devnull)
        number, is_reached = 0, True
        while is_reached:
            number += 1
            is_reached, files = await self.attempt(prepare, number, is_late)
            gc.collect()
            await until(lambda: len(descriptors()) <= len(before) + len(files))
            for file in files:
                self.assertTrue(os.path.samestat(os.fstat(file.fileno()), devnull))
                file.close()
            if prepare in NEVER_DONE:
                break
        self.assertLessEqual(set(descriptors()), set(before))  # what an earlier test left may be closed meanwhile
        self.assertEqual([told for told in self.told if told["message"] != TOLD_IN_DEBUG_MODE], [])


def test_of(prepare, is_late):
    """The test of a call."""
    async def test(self):
        if prepare in LEFT_BY_ASYNCIO and not self.is_ours:
            self.skipTest("asyncio leaves a server behind")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            await self.check(prepare, is_late)
    return test


for each in CALLS:
    setattr(Cancelling, f"test_{each.__name__}", test_of(each, False))
    if each not in NEVER_DONE:
        setattr(Cancelling, f"test_{each.__name__}_as_it_is_done", test_of(each, True))
on_both(Cancelling)


if __name__ == "__main__":
    unittest.main()
