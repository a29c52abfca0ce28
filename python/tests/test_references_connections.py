"""No reference is left by connections, by protocols and by streams."""
import asyncio
import contextlib
import io
import os
import sys
import tempfile
import unittest

import eddyloop
from connections import Recorder, refused_address
from loops import settle, until
from references import MUCH, Buffered, Failure, References, fail, failing, pair


class Connections(References):
    """By TCP where they are made, else by pairs of sockets, which costs less."""

    @contextlib.asynccontextmanager
    async def connection(self, kind, other=Recorder):
        """Two transports' protocols that are connected."""
        with pair() as ends:
            _, here = await self.loop.create_connection(lambda: kind(self.loop), sock=ends[0])
            _, there = await self.loop.create_connection(lambda: other(self.loop), sock=ends[1])
            yield here, there
            for protocol in (here, there):
                protocol.transport.abort()
            await settle()

    def test_servers(self):
        async def cycle(create_server, create_connection, place):
            made = []

            def factory():
                made.append(Recorder(self.loop))
                return made[-1]

            server = await create_server(factory, *place)
            address = server.sockets[0].getsockname()
            address = [address] if isinstance(address, str) else address
            transport, client = await create_connection(lambda: Recorder(self.loop), *address)
            transport.write(b"line\n")
            await until(lambda: made and made[0].data)
            made[0].transport.write(b"line\n")
            await until(lambda: client.data)
            repr(transport), transport.get_extra_info("peername")
            made[0].transport.close()
            await client.lost
            await made[0].lost
            server.close()
            await server.wait_closed()

        with tempfile.TemporaryDirectory() as folder:
            self.assert_nothing_left(cycle, self.loop.create_server, self.loop.create_connection, ("127.0.0.1", 0))
            self.assert_nothing_left(cycle, self.loop.create_unix_server, self.loop.create_unix_connection,
                                     (os.path.join(folder, "socket"),))

    def test_servers_whose_protocols_fail(self):
        async def cycle(factory):
            server = await self.loop.create_server(factory, "127.0.0.1", 0)
            transport, client = await self.loop.create_connection(lambda: Recorder(self.loop),
                                                                  *server.sockets[0].getsockname())
            transport.write(b"x")
            await client.lost
            server.close()
            await server.wait_closed()

        class Closing(Recorder):
            def connection_made(self, transport):
                transport.close()
                fail()

        self.assert_nothing_left(cycle, fail)
        self.assert_nothing_left(cycle, lambda: Closing(self.loop))
        self.loop.set_debug(True)
        self.assert_nothing_left(cycle, fail)

    def test_connections_that_are_not_made(self):
        async def cycle(address):
            with self.assertRaises(ConnectionRefusedError):
                await self.loop.create_connection(asyncio.Protocol, *address)
            task = self.loop.create_task(self.loop.create_connection(asyncio.Protocol, *address))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])

        with refused_address() as address:
            self.assert_nothing_left(cycle, address)

    def test_bytes(self):
        async def cycle(kind):
            async with self.connection(kind) as (here, there):
                for data in (b"x", bytearray(b"x"), memoryview(b"x")):
                    there.transport.write(data)
                there.transport.writelines([b"x", bytearray(b"x"), b""])
                await until(lambda: len(here.data) == 5)
                with self.assertRaises(TypeError):
                    there.transport.write("text")
                with self.assertRaises(TypeError):
                    there.transport.writelines([b"x", "text"])
                there.transport.write_eof()
                await here.lost

        for kind in (Recorder, Buffered):
            self.assert_nothing_left(cycle, kind)

    def test_much(self):
        async def cycle(kind):
            async with self.connection(kind) as (here, there):
                there.transport.set_write_buffer_limits(1000)
                here.transport.pause_reading()
                for _ in range(3):
                    there.transport.write(bytes(10_000))
                await until(lambda: "pause" in there.calls)
                here.transport.resume_reading()
                await until(lambda: len(here.data) == 30_000)
                there.transport.write(bytes(10_000))
                there.transport.close()
                await here.lost

        for kind in (Recorder, Buffered):
            self.assert_nothing_left(cycle, kind)

    def test_what_is_never_sent(self):
        async def cycle():
            async with self.connection(Recorder) as (here, there):
                here.transport.pause_reading()
                there.transport.write(bytes(MUCH))
                there.transport.close()
                await settle()
                here.transport.abort()
                await there.lost
                for _ in range(7):
                    there.transport.write(b"x")

        self.assert_nothing_left(cycle)

    def test_protocols_that_are_replaced(self):
        async def cycle():
            async with self.connection(Recorder) as (here, there):
                second, third = Buffered(self.loop), Recorder(self.loop)
                for protocol in (second, third):
                    here.transport.set_protocol(protocol)
                    there.transport.write(b"x")
                    await until(lambda: protocol.data)

        self.assert_nothing_left(cycle)

    def test_files(self):
        async def cycle(file, fallback):
            async with self.connection(Recorder) as (here, there):
                with contextlib.suppress(asyncio.SendfileNotAvailableError):
                    await self.loop.sendfile(there.transport, file, 0, 10_000, fallback=fallback)
                task = self.loop.create_task(self.loop.sendfile(there.transport, file, fallback=fallback))
                await settle()
                task.cancel()
                await asyncio.wait([task])

        with tempfile.TemporaryFile() as file:
            file.write(bytes(MUCH))
            file.flush()
            self.assert_nothing_left(cycle, file, False)
        self.assert_nothing_left(cycle, io.BytesIO(bytes(20_000)), True)

    def test_protocols_that_fail(self):
        async def cycle(kind):
            async with self.connection(kind) as (here, there):
                await settle()
                there.transport.write(b"x")
                await settle()
                here.transport.set_write_buffer_limits(0)
                here.transport.write(bytes(20_000))
                await until(lambda: len(there.data) == 20_000 or here.transport.is_closing())
                there.transport.close()
                await settle()

        for name in ("data_received", "eof_received", "pause_writing", "resume_writing", "connection_lost"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(Recorder, name))
        for name in ("get_buffer", "buffer_updated", "eof_received"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(Buffered, name))
        for buffer in (b"read-only", bytearray(), None):
            with self.subTest(buffer):
                self.assert_nothing_left(cycle, type("Wrong", (Buffered,), {"get_buffer": lambda self, n: buffer}))

    def test_protocols_that_end_a_run(self):
        class Exiting(Recorder):
            def data_received(self, data):
                sys.exit()

        def cycle():
            with pair() as (here, there):
                _, protocol = self.loop.run_until_complete(
                    self.loop.create_connection(lambda: Exiting(self.loop), sock=here))
                there.send(b"x")
                with self.assertRaises(SystemExit):
                    self.loop.run_forever()
                protocol.transport.abort()
                self.loop.run_until_complete(protocol.lost)

        self.assert_nothing_left(cycle)


class Streams(References):
    @contextlib.asynccontextmanager
    async def streams(self, **options):
        """A reader and a writer, and the socket that is the other end."""
        with pair() as (here, there):
            reader, writer = await asyncio.open_connection(sock=here, **options)
            yield reader, writer, there
            writer.transport.abort()
            await settle()

    def test_servers(self):
        async def cycle(functions):
            async def answer(reader, writer):
                async for line in reader:
                    writer.write(line)
                    await writer.drain()
                writer.close()

            server = await functions.start_server(answer, "127.0.0.1", 0)
            reader, writer = await functions.open_connection(*server.sockets[0].getsockname())
            writer.writelines([b"a line\n", b"another\n"])
            await writer.drain()
            self.assertEqual(await reader.readline(), b"a line\n")
            writer.write_eof()
            self.assertEqual(await reader.read(), b"another\n")
            writer.close()
            await writer.wait_closed()
            server.close()
            await server.wait_closed()

        for functions in (asyncio, eddyloop):
            self.assert_nothing_left(cycle, functions)

    READINGS = {
        "read": (lambda reader: reader.read(5), b"five\n"),
        "read to the end": (lambda reader: reader.read(), None),
        "readexactly": (lambda reader: reader.readexactly(5), b"five\n"),
        "readline": (lambda reader: reader.readline(), b"five\n"),
        "readuntil": (lambda reader: reader.readuntil(), b"five\n"),
        "readuntil more": (lambda reader: reader.readuntil(separator=b"e\n"), b"five\n"),
        "iterating": (lambda reader: reader.__anext__(), b"five\n"),
    }

    def test_what_is_there(self):
        async def cycle(read, expected):
            async with self.streams() as (reader, writer, there):
                there.send(b"five\n")
                await until(lambda: reader._buffer)
                if expected is None:
                    there.close()
                    await read(reader)
                else:
                    self.assertEqual(await read(reader), expected)

        for name, reading in self.READINGS.items():
            with self.subTest(name):
                self.assert_nothing_left(cycle, *reading)

    def test_what_is_waited_for(self):
        async def cycle(read, expected):
            async with self.streams() as (reader, writer, there):
                task = asyncio.ensure_future(read(reader))
                for part in (b"fi", b"ve\nand more") if expected else (b"fi", b"ve\n"):
                    await settle()
                    if not task.done():
                        there.send(part)
                await settle()
                there.close()
                await task

        for name, reading in self.READINGS.items():
            with self.subTest(name):
                self.assert_nothing_left(cycle, *reading)

    def test_what_is_cancelled(self):
        async def cycle(read, expected):
            async with self.streams() as (reader, writer, there):
                for data in (b"", b"f"):
                    task = asyncio.ensure_future(read(reader))
                    await settle()
                    if data:
                        there.send(data)
                        await until(lambda: reader._buffer or task.done())
                    task.cancel()
                    await asyncio.wait([task])
                task = asyncio.ensure_future(read(reader))
                await settle()
                there.send(b"five\n")  # and both at once
                await until(lambda: reader._buffer or task.done())
                task.cancel()
                await asyncio.wait([task])

        for name, reading in self.READINGS.items():
            with self.subTest(name):
                self.assert_nothing_left(cycle, *reading)

    def test_what_fails(self):
        async def cycle(read, expected):
            async with self.streams(limit=10) as (reader, writer, there):
                task = asyncio.ensure_future(read(reader))
                second = asyncio.ensure_future(read(reader))  # one is waiting already
                await settle()
                there.send(b"four" + bytes(100))
                await settle()
                there.close()
                await asyncio.wait([task, second])
                reader.set_exception(Failure())
                with self.assertRaises(Failure):
                    await read(reader)

        for name, reading in self.READINGS.items():
            with self.subTest(name):
                self.assert_nothing_left(cycle, *reading)

    def test_coroutines_by_hand(self):
        async def cycle():
            async with self.streams() as (reader, writer, there):
                reader.read(1), writer.drain()  # are never awaited
                for end in (lambda one: one.close(), lambda one: one.throw(Failure),
                            lambda one: one.throw(Failure("instance"))):
                    waiting = reader.readexactly(5)
                    waiting.send(None)
                    with contextlib.suppress(Failure):
                        end(waiting)
                    for again in (waiting.send, waiting.throw):
                        with self.assertRaises((RuntimeError, TypeError)):
                            again(None)
                there.send(b"five\n")
                await until(lambda: reader._buffer)
                with self.assertRaises(StopIteration):
                    reader.readline().send(None)
                with self.assertRaises(StopIteration):
                    next(writer.drain().__await__())
                repr(reader.read(1)), repr(reader), repr(writer), vars(reader)

        self.assert_nothing_left(cycle)

    def test_draining(self):
        async def cycle(end):
            async with self.streams() as (reader, writer, there):
                writer.transport.set_write_buffer_limits(1000)
                writer.write(bytes(MUCH))
                task = asyncio.ensure_future(writer.drain())
                await settle()
                await end(task, there)
                await asyncio.wait([task])

        async def read(task, there):
            while not task.done():
                with contextlib.suppress(BlockingIOError):
                    there.recv(MUCH)
                await asyncio.sleep(0)

        async def close(task, there):
            there.close()

        async def cancel(task, there):
            task.cancel()

        for end in (read, close, cancel):
            self.assert_nothing_left(cycle, end)


if __name__ == "__main__":
    unittest.main()
