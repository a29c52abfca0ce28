"""No reference is left by TLS."""
import asyncio
import contextlib
import socket
import ssl
import unittest

from connections import Recorder
from loops import settle, until
from references import Buffered, References, failing, pair
from tls_peers import client_context, server_context


class TLS(References):
    def setUp(self):
        super().setUp()
        self.serving, self.trusting = server_context(), client_context()
        # A session of a client's would be one more object of the server's context.
        self.serving.num_tickets = 0

    @contextlib.asynccontextmanager
    async def connection(self, kind=Recorder, other=Recorder, **options):
        """The protocols of a client and of its server."""
        made = []

        def factory():
            made.append(other(self.loop))
            return made[-1]

        options = {"ssl": self.trusting, "server_hostname": "localhost", **options}
        server = await self.loop.create_server(factory, "127.0.0.1", 0, ssl=self.serving)
        try:
            _, client = await self.loop.create_connection(lambda: kind(self.loop), *server.sockets[0].getsockname(),
                                                          **options)
            await until(lambda: made and made[0].transport)
            yield client, made[0]
            client.transport.abort()
            made[0].transport.abort()
        finally:
            server.close()
            await settle()

    def test_bytes(self):
        async def cycle(kind):
            async with self.connection(kind) as (client, server):
                for data in (b"x", bytearray(b"x"), memoryview(b"x")):
                    server.transport.write(data)
                server.transport.writelines([b"x", bytearray(b"x")])
                await until(lambda: len(client.data) == 5)
                with self.assertRaises(TypeError):
                    server.transport.write("text")
                repr(client.transport), client.transport.get_extra_info("cipher")
                client.transport.close()
                await client.lost
                await server.lost

        for kind in (Recorder, Buffered):
            self.assert_nothing_left(cycle, kind)

    def test_much(self):
        async def cycle(kind):
            async with self.connection(kind) as (client, server):
                server.transport.set_write_buffer_limits(1000)
                client.transport.pause_reading()
                server.transport.write(bytes(50_000))
                await settle()
                client.transport.resume_reading()
                await until(lambda: len(client.data) == 50_000)
                server.transport.write(bytes(50_000))
                server.transport.close()
                await client.lost

        for kind in (Recorder, Buffered):
            self.assert_nothing_left(cycle, kind)

    def test_streams(self):
        async def cycle():
            async def answer(reader, writer):
                writer.write(await reader.readline())
                await writer.drain()
                writer.close()

            server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=self.serving)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), ssl=self.trusting,
                                                           server_hostname="localhost")
            writer.write(b"line\n")
            await writer.drain()
            self.assertEqual(await reader.read(), b"line\n")
            writer.close()
            await writer.wait_closed()
            server.close()
            await settle()

        self.assert_nothing_left(cycle)

    def test_starting_it(self):
        async def cycle(end):
            with pair() as ends:
                _, client = await self.loop.create_connection(lambda: Recorder(self.loop), sock=ends[0])
                _, server = await self.loop.create_connection(lambda: Recorder(self.loop), sock=ends[1])
                tasks = [asyncio.ensure_future(self.loop.start_tls(client.transport, client, self.trusting,
                                                                   server_hostname="localhost")),
                         asyncio.ensure_future(self.loop.start_tls(server.transport, server, self.serving,
                                                                   server_side=True))]
                await asyncio.sleep(0)
                end(tasks)
                results = await asyncio.gather(*tasks, return_exceptions=True)
                for transport in [one for one in results if isinstance(one, asyncio.Transport)]:
                    transport.write(b"x")
                    await settle()
                    transport.abort()
                await settle()

        self.assert_nothing_left(cycle, lambda tasks: None)
        self.assert_nothing_left(cycle, lambda tasks: tasks[0].cancel())
        self.assert_nothing_left(cycle, lambda tasks: tasks[1].cancel())

    def test_handshakes_that_fail(self):
        async def cycle():
            with self.assertRaises(ssl.SSLError):
                async with self.connection(server_hostname="other.example"):
                    pass

        self.assert_nothing_left(cycle)

    def test_handshakes_that_are_cancelled(self):
        async def cycle():
            with pair() as (here, there):
                task = asyncio.ensure_future(self.loop.create_connection(
                    lambda: Recorder(self.loop), sock=here, ssl=self.trusting, server_hostname="localhost"))
                await until(lambda: has_come(there))
                task.cancel()
                await asyncio.wait([task])
                await settle()

        def has_come(there):
            with contextlib.suppress(BlockingIOError):
                return there.recv(1000)

        self.assert_nothing_left(cycle)

    def test_what_is_no_tls(self):
        async def cycle(data):
            with pair() as (here, there):
                there.send(data)
                there.shutdown(socket.SHUT_WR)
                with self.assertRaises(OSError):
                    await self.loop.create_connection(lambda: Recorder(self.loop), sock=here, ssl=self.trusting,
                                                      server_hostname="localhost")
                await settle()

        self.assert_nothing_left(cycle, b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assert_nothing_left(cycle, b"\x16")

    def test_protocols_that_fail(self):
        async def cycle(kind):
            async with self.connection(kind) as (client, server):
                server.transport.write(b"x")
                await settle()
                server.transport.close()
                await server.lost
                await settle()

        for name in ("data_received", "eof_received", "connection_lost"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(Recorder, name))
        for name in ("get_buffer", "buffer_updated"):
            with self.subTest(name):
                self.assert_nothing_left(cycle, failing(Buffered, name))


if __name__ == "__main__":
    unittest.main()
