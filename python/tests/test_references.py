"""No reference is left by callbacks, watchers, calls of sockets, datagrams, pipes, and loops that come and go."""
import asyncio
import contextlib
import contextvars
import os
import signal
import socket
import sys
import tempfile
import threading
import unittest
import unittest.mock

import eddyloop
from connections import Recorder, refused_address
from loops import settle, until
from references import MUCH, Buffered, Failure, References, fail, failing, pair


class Callbacks(References):
    def test_handles(self):
        async def cycle():
            context = contextvars.copy_context()
            self.loop.call_soon(int)
            self.loop.call_soon(int, "1", context=context)
            self.loop.call_soon(callback=int)
            self.loop.call_soon(int).cancel()
            self.loop.call_soon_threadsafe(int, "1")
            repr(self.loop.call_later(0, int))
            self.loop.call_at(when=self.loop.time(), callback=int, context=context)
            self.loop.call_later(100, int, "1").cancel()
            self.loop.call_later(1e300, int)
            await settle()

        self.assert_nothing_left(cycle)

    def test_handles_in_debug_mode(self):
        async def cycle():
            self.loop.call_soon(int)
            self.loop.call_soon(fail)
            self.loop.call_soon(int).cancel()
            self.loop.call_later(100, int).cancel()
            await settle()

        self.loop.set_debug(True)
        self.loop.slow_callback_duration = 0
        self.assert_nothing_left(cycle)

    def test_handles_of_other_threads(self):
        async def cycle():
            future = self.loop.create_future()

            def schedule():
                self.loop.call_later(100, int).cancel()
                self.loop.call_later(0, int)
                self.loop.call_soon_threadsafe(int).cancel()
                self.loop.call_soon_threadsafe(future.set_result, None)

            thread = threading.Thread(target=schedule)
            thread.start()
            await future
            thread.join()

        self.assert_nothing_left(cycle)

    def test_failures(self):
        def cycle():
            for wrong in (lambda: self.loop.call_soon(), lambda: self.loop.call_later(None, int),
                          lambda: self.loop.call_later("soon", int), lambda: self.loop.call_at(int),
                          lambda: self.loop.call_soon(int, other=1)):
                with self.assertRaises(TypeError):
                    wrong()
            self.loop.call_soon(fail, "argument")
            self.loop.call_soon(int, context="none")
            self.loop.call_later(0, fail)
            return settle()

        self.assert_nothing_left(cycle)

    def test_what_ends_a_run(self):
        def interrupt():
            raise KeyboardInterrupt

        def cycle():
            for end in sys.exit, interrupt:
                self.loop.call_soon(end)
                self.loop.call_soon(int)
                with self.assertRaises((SystemExit, KeyboardInterrupt)):
                    self.loop.run_forever()

        self.assert_nothing_left(cycle)

    def test_exception_handlers_that_end_a_run(self):
        def cycle():
            self.loop.call_soon(fail)
            with self.assertRaises(SystemExit):
                self.loop.run_forever()

        self.loop.set_exception_handler(lambda loop, context: sys.exit())
        self.assert_nothing_left(cycle)

    def test_futures_and_tasks(self):
        async def cycle():
            futures = [self.loop.create_future() for _ in range(3)]
            futures[0].set_result(None)
            futures[1].set_exception(Failure())
            futures[2].cancel()
            task = self.loop.create_task(asyncio.sleep(100))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, *futures, return_exceptions=True)

        self.assert_nothing_left(cycle)

    def test_signals(self):
        async def cycle():
            came = self.loop.create_future()
            self.loop.add_signal_handler(signal.SIGUSR1, came.set_result, None)
            os.kill(os.getpid(), signal.SIGUSR1)
            await came
            self.loop.remove_signal_handler(signal.SIGUSR1)

        self.assert_nothing_left(cycle)


class Watchers(References):
    def test_descriptors(self):
        async def cycle():
            reader, writer = os.pipe()
            self.loop.add_reader(reader, int)
            self.loop.add_reader(reader, int, "2")
            self.loop.add_writer(writer, int)
            await settle()
            self.loop.remove_reader(reader)
            self.loop.remove_reader(reader)
            self.loop.remove_writer(writer)
            os.close(reader)
            os.close(writer)

        self.assert_nothing_left(cycle)

    def test_sockets(self):
        async def cycle():
            with pair() as (here, there):
                self.loop.add_reader(here, int)
                self.loop.add_writer(there, fail)
                self.loop.add_writer(here, int)
                await settle()
                self.loop.remove_reader(here)
                self.loop.remove_writer(here.fileno())
                there.close()
                self.loop.remove_writer(there)

        self.assert_nothing_left(cycle)

    def test_failures(self):
        def cycle():
            with open(__file__, "rb") as file:
                for error, wrong in ((TypeError, [0]), (ValueError, ["x", int]), (ValueError, [-1, int]),
                                     (PermissionError, [file, int])):
                    with self.assertRaises(error):
                        self.loop.add_reader(*wrong)

        self.assert_nothing_left(cycle)


class Sockets(References):
    CALLS = {
        "sock_recv": lambda loop, sock: loop.sock_recv(sock, 10),
        "sock_recv much": lambda loop, sock: loop.sock_recv(sock, MUCH),
        "sock_recv_into": lambda loop, sock: loop.sock_recv_into(sock, bytearray(10)),
        "sock_recvfrom": lambda loop, sock: loop.sock_recvfrom(sock, 10),
        "sock_recvfrom_into": lambda loop, sock: loop.sock_recvfrom_into(sock, bytearray(10)),
    }

    def test_receiving(self):
        async def cycle(call):
            with pair(socket.SOCK_DGRAM) as (here, there):
                there.send(b"datagram")
                await call(self.loop, here)
                task = asyncio.ensure_future(call(self.loop, here))
                await settle()
                there.send(b"datagram")
                await task
                task = asyncio.ensure_future(call(self.loop, here))
                await settle()
                task.cancel()
                await asyncio.wait([task])

        for name, call in self.CALLS.items():
            with self.subTest(name):
                self.assert_nothing_left(cycle, call)

    def test_sending(self):
        async def cycle():
            with pair() as (here, there):
                task = asyncio.ensure_future(self.loop.sock_sendall(here, bytes(20_000)))
                left = 20_000
                while left:
                    left -= len(await self.loop.sock_recv(there, MUCH))
                await task
                task = asyncio.ensure_future(self.loop.sock_sendall(here, bytearray(MUCH)))
                await settle()
                task.cancel()
                await asyncio.wait([task])
                here.close()
                with self.assertRaises(OSError):
                    await self.loop.sock_sendall(here, b"x")

        self.assert_nothing_left(cycle)

    def test_datagrams(self):
        async def cycle():
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.bind(("127.0.0.1", 0))
                await self.loop.sock_sendto(sock, b"datagram", sock.getsockname())
                await self.loop.sock_recvfrom(sock, 10)
                await self.loop.sock_sendto(sock, b"datagram", sock.getsockname())
                await self.loop.sock_recvfrom_into(sock, bytearray(10), 10)
                with self.assertRaises(TypeError):
                    await self.loop.sock_sendto(sock, b"datagram", None)

        self.assert_nothing_left(cycle)

    def test_connecting(self):
        async def cycle(address, refused):
            with socket.socket() as listener, socket.socket() as sock, socket.socket() as other:
                for one in (listener, sock, other):
                    one.setblocking(False)
                listener.bind(("127.0.0.1", 0))
                listener.listen()
                task = asyncio.ensure_future(self.loop.sock_accept(listener))
                await settle()
                await self.loop.sock_connect(sock, listener.getsockname())
                (await task)[0].close()
                task = asyncio.ensure_future(self.loop.sock_accept(listener))
                await settle()
                task.cancel()
                with self.assertRaises(ConnectionRefusedError):
                    await self.loop.sock_connect(other, refused)
                await asyncio.wait([task])

        with refused_address() as refused:
            self.assert_nothing_left(cycle, None, refused)

    def test_failures(self):
        async def cycle():
            with pair() as (here, there):
                self.loop.sock_recv(here, 10), self.loop.sock_recv(here, 10).close()  # are never awaited
                for wrong in (lambda: self.loop.sock_recv(here, "many"), lambda: self.loop.sock_recv(here, -1),
                              lambda: self.loop.sock_recv_into(here, b"read-only"),
                              lambda: self.loop.sock_sendall(here, "text")):
                    with self.assertRaises((TypeError, ValueError)):
                        await wrong()
                waiting = self.loop.sock_recv(here, 10)
                waiting.send(None)
                repr(waiting)
                with self.assertRaises(Failure):
                    waiting.throw(Failure)
                with self.assertRaises(RuntimeError):
                    waiting.send(None)
                there.send(b"x")
                with self.assertRaises(StopIteration):
                    self.loop.sock_recv(here, 10).send(None)
                task = asyncio.ensure_future(self.loop.sock_recv(here, 10))
                await settle()
                here.close()
                there.close()
                task.cancel()
                await asyncio.wait([task])

        self.assert_nothing_left(cycle)


class Datagrams(References):
    class Notes(asyncio.DatagramProtocol):
        def __init__(self):
            self.told = []

        def connection_made(self, transport):
            self.transport = transport

        def datagram_received(self, data, address):
            self.told.append((data, address))

        def error_received(self, error):
            self.told.append(error)

        def connection_lost(self, exception):
            self.told.append(exception)

    async def endpoint(self, kind=Notes, **options):
        return await self.loop.create_datagram_endpoint(kind, **options or {"local_addr": ("127.0.0.1", 0)})

    def test_endpoints(self):
        async def cycle():
            transport, notes = await self.endpoint()
            here = transport.get_extra_info("sockname")
            for data in (b"x", bytearray(b"x"), memoryview(b"x")):
                transport.sendto(data, here)
            await until(lambda: len(notes.told) == 3)
            for wrong in ("text", None):
                with self.assertRaises(TypeError):
                    transport.sendto(wrong, here)
            transport.pause_reading()
            for _ in range(5):
                transport.sendto(b"x", here)
            transport.close()
            repr(transport)
            await settle()

        self.assert_nothing_left(cycle)

    def test_queues(self):
        async def cycle(end):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as here, \
                    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
                there.setblocking(False)
                there.bind("")
                here.connect(there.getsockname())
                transport, notes = await self.endpoint(sock=here)
                transport.set_write_buffer_limits(1000)
                while transport.get_write_buffer_size() < 2000:
                    transport.sendto(bytes(100))
                end(transport)
                while not notes.told:
                    with contextlib.suppress(BlockingIOError):
                        there.recv(100)
                    await asyncio.sleep(0)

        for end in (lambda transport: transport.close(), lambda transport: transport.abort()):
            self.assert_nothing_left(cycle, end)

    def test_failures(self):
        async def cycle(kind):
            with socket.socket(type=socket.SOCK_DGRAM) as deaf:
                deaf.bind(("127.0.0.1", 0))
                deaf.connect(deaf.getsockname())  # who hears only itself refuses others, and keeps the port from them
                transport, _ = await self.endpoint(kind, remote_addr=deaf.getsockname())
                for _ in range(3):
                    transport.sendto(b"x")
                    await settle()
                transport.abort()
            other, _ = await self.endpoint(kind)
            other.sendto(b"x", other.get_extra_info("sockname"))
            await settle()
            other.close()
            await settle()

        for name in ("datagram_received", "error_received", "connection_lost"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(self.Notes, name))


class Pipes(References):
    @contextlib.asynccontextmanager
    async def pipe(self, kind=Recorder, other=Recorder):
        """The protocol that reads from a pipe, and that which writes to it."""
        ends = os.pipe()
        with open(ends[0], "rb", buffering=0) as reader, open(ends[1], "wb", buffering=0) as writer:
            _, reads = await self.loop.connect_read_pipe(lambda: kind(self.loop), reader)
            _, writes = await self.loop.connect_write_pipe(lambda: other(self.loop), writer)
            yield reads, writes
            reads.transport.close()
            writes.transport.abort()
            await settle()

    def test_bytes(self):
        async def cycle():
            async with self.pipe() as (reads, writes):
                writes.transport.write(b"x")
                writes.transport.writelines([b"x", bytearray(b"x")])
                await until(lambda: len(reads.data) == 3)
                reads.transport.pause_reading()
                writes.transport.write(bytes(MUCH // 8))
                await settle()
                reads.transport.resume_reading()
                await until(lambda: len(reads.data) == MUCH // 8 + 3)
                repr(reads.transport), repr(writes.transport)
                writes.transport.close()
                await reads.lost

        self.assert_nothing_left(cycle)

    def test_what_is_never_read(self):
        async def cycle():
            async with self.pipe() as (reads, writes):
                reads.transport.pause_reading()
                writes.transport.write(bytes(MUCH))
                await settle()
                reads.transport.close()
                await writes.lost
                for _ in range(7):
                    writes.transport.write(b"x")

        self.assert_nothing_left(cycle)

    def test_protocols_that_fail(self):
        async def cycle(reading, writing):
            async with self.pipe(reading, writing) as (reads, writes):
                writes.transport.write(b"x")
                await settle()
                writes.transport.close()
                await settle()

        for name in ("data_received", "eof_received", "connection_lost"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(Recorder, name), failing(Recorder, "connection_lost"))

    def test_what_is_no_pipe(self):
        async def cycle():
            with tempfile.TemporaryFile() as file:
                with self.assertRaises(ValueError):
                    await self.loop.connect_read_pipe(asyncio.Protocol, file)

        self.assert_nothing_left(cycle)


class Loops(References):
    """Each cycle has one of its own."""

    class Unclosed(eddyloop.Loop):
        """What the collector finds of it is cleared in any order."""

        def __del__(self):
            pass

    def assert_nothing_left_of(self, use):
        """Have a coroutine function leave what it likes on a loop, which is closed then, or forgotten."""
        def cycle(kind, is_closed):
            loop = kind()
            left = loop.run_until_complete(use(loop))
            if is_closed:
                loop.close()
            for close in left or ():
                close()

        for kind, is_closed in ((eddyloop.Loop, True), (eddyloop.Loop, False), (self.Unclosed, False)):
            with self.subTest(kind=kind, is_closed=is_closed):
                self.assert_nothing_left(cycle, kind, is_closed)

    def test_nothing_pending(self):
        self.assert_nothing_left_of(lambda loop: asyncio.sleep(0))

    def test_that_cannot_be_made(self):
        def cycle():
            with self.assertRaises(OSError):
                eddyloop.new_event_loop()
            with self.assertRaises(RuntimeError):
                self.loop.__init__()

        with unittest.mock.patch.dict(os.environ, EDDY_BACKEND="select"):
            self.assert_nothing_left(cycle)

    def test_closed(self):
        def cycle():
            for use in (lambda: self.loop.call_soon(int), lambda: self.loop.call_later(1, int), self.loop.run_forever,
                        lambda: self.loop.add_reader(0, int), lambda: self.loop.call_soon_threadsafe(int)):
                with self.assertRaises(RuntimeError):
                    use()

        self.loop.close()
        self.assert_nothing_left(cycle)

    def test_handles_pending(self):
        async def use(loop):
            loop.call_soon(print, loop)
            loop.call_soon_threadsafe(print, loop)
            loop.call_later(100, print, loop)
            loop.create_task(asyncio.sleep(100))
            here, there = os.pipe()
            loop.add_reader(here, print, loop)
            return [lambda: os.close(here), lambda: os.close(there)]

        self.assert_nothing_left_of(use)

    def test_connections_pending(self):
        async def use(loop):
            here, there = socket.socketpair()
            server = await loop.create_server(lambda: Recorder(loop), "127.0.0.1", 0)
            await loop.create_connection(lambda: Recorder(loop), sock=here)
            transport, _ = await loop.create_connection(lambda: Buffered(loop), *server.sockets[0].getsockname())
            transport.write(b"x")
            return [here.close, there.close, transport.get_extra_info("socket")._sock.close, server.close]

        self.assert_nothing_left_of(use)

    def test_streams_pending(self):
        async def use(loop):
            here, there = socket.socketpair()
            reader, writer = await asyncio.open_connection(sock=here)
            writer.write(bytes(MUCH))
            tasks = [loop.create_task(reader.readline()), loop.create_task(writer.drain())]
            await settle()
            return [here.close, there.close, tasks.clear]

        self.assert_nothing_left_of(use)

    def test_calls_pending(self):
        async def use(loop):
            here, there = socket.socketpair()
            here.setblocking(False)
            tasks = [loop.create_task(loop.sock_recv(here, 10)), loop.create_task(loop.sock_sendall(here, bytes(MUCH)))]
            await settle()
            return [here.close, there.close, tasks.clear]

        self.assert_nothing_left_of(use)

    def test_datagrams_pending(self):
        async def use(loop):
            transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
            transport.sendto(b"x", transport.get_extra_info("sockname"))

        self.assert_nothing_left_of(use)

    def test_pipes_pending(self):
        async def use(loop):
            reader, writer = os.pipe()
            await loop.connect_read_pipe(lambda: Recorder(loop), open(reader, "rb", buffering=0))
            transport, _ = await loop.connect_write_pipe(lambda: Recorder(loop), open(writer, "wb", buffering=0))
            transport.write(bytes(MUCH))

        self.assert_nothing_left_of(use)


if __name__ == "__main__":
    unittest.main()
