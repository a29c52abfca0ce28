"""Writers, and what streams are of: sockets in a file system, TLS."""
import asyncio
import os
import pathlib
import ssl
import sys
import tempfile
import unittest

from stream_pairs import on_all

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))

from certificates import issue


class Connections:
    def test_drain_waits_for_room(self):
        async def test(reader, writer, client, _):
            for _ in range(2):
                writer.transport.set_write_buffer_limits(1000)
                self.assertIsNone(await writer.drain())
                while not writer._protocol._paused:
                    writer.write(b'x' * 100_000)
                waiting = [asyncio.create_task(writer.drain()) for _ in range(3)]
                await asyncio.sleep(0)
                self.assertFalse(any(task.done() for task in waiting))
                self.assertTrue(waiting[0].cancel())
                reading = asyncio.create_task(self.read_until_told(reader))
                await asyncio.gather(*waiting[1:])
                reading.cancel()
                await asyncio.wait([reading])
                self.assertTrue(waiting[0].cancelled())
                self.assertFalse(writer._protocol._drain_waiters)
        self.with_pair(test)

    async def read_until_told(self, reader):
        while True:
            await reader.read(100_000)

    def test_drain_of_a_lost_connection(self):
        async def test(reader, writer, client, _):
            await writer.drain()
            client[1].transport.abort()
            with self.assertRaises(ConnectionError):
                while True:
                    writer.write(b'x' * 1000)
                    await writer.drain()
            with self.assertRaises(ConnectionError):
                await writer.drain()
        self.with_pair(test)

    def test_drain_of_a_closed_connection_lets_the_loop_go_round(self):
        async def test(reader, writer, *_):
            await writer.drain()
            writer.close()
            happened = []
            asyncio.get_running_loop().call_soon(happened.append, 1)
            try:
                await writer.drain()
            except ConnectionError:
                pass
            self.assertTrue(happened)
        self.with_pair(test)

    def test_writer_passes_on_what_the_transport_says(self):
        async def test(reader, writer, *_):
            await writer.drain()
            with self.assertRaises(TypeError):
                writer.write('text')
            self.assertIsNone(writer.write(bytearray(b'a')))
            self.assertIsNone(writer.write(memoryview(b'b')))
            writer.write_eof()
            with self.assertRaises(RuntimeError):
                writer.write(b'c')
            self.assertEqual(await reader.read(), b'ab')
            self.assertIn('transport=', repr(writer))
            self.assertTrue(repr(writer).startswith('<StreamWriter'))
        self.with_pair(test)

    def test_writer_with_another_transport(self):
        class Transport(asyncio.Transport):
            def __init__(self):
                super().__init__()
                self.written = []

            def write(self, data):
                self.written.append(data)

            def is_closing(self):
                return False

        async def test(reader, writer, *_):
            await writer.drain()
            before, writer._transport = writer._transport, Transport()
            self.assertIsNone(writer.write(b'abc'))
            await writer.drain()
            self.assertEqual(writer._transport.written, [b'abc'])
            writer._transport = before
        self.with_pair(test)

    def test_by_unix_socket(self):
        async def main(path):
            async def serve(reader, writer):
                writer.write((await reader.readline()).upper())
                await writer.drain()
                writer.close()

            server = await self.functions.start_unix_server(serve, path)
            reader, writer = await self.functions.open_unix_connection(path)
            writer.write(b'hello\n')
            self.assertEqual(await reader.read(), b'HELLO\n')
            await self.end((reader, writer), (reader, writer), server)

        with tempfile.TemporaryDirectory() as folder:
            self.run_test(lambda: main(os.path.join(folder, 'socket')))

    def test_by_tls(self):
        async def main(folder):
            certificate = issue(folder, 'localhost', 'DNS:localhost')
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            trusting.load_verify_locations(certificate.file)

            async def serve(reader, writer):
                while line := await reader.readline():
                    writer.write(line.upper())
                    await writer.drain()
                writer.close()

            server = await self.functions.start_server(serve, '127.0.0.1', 0, ssl=context)
            reader, writer = await self.functions.open_connection(*server.sockets[0].getsockname(), ssl=trusting,
                                                                  server_hostname='localhost')
            for _ in range(3):
                writer.write(b'hello\n')
                await writer.drain()
                self.assertEqual(await reader.readline(), b'HELLO\n')
            self.check_classes(reader, writer)
            writer.close()
            await writer.wait_closed()
            server.close()
        with tempfile.TemporaryDirectory() as folder:
            self.run_test(lambda: main(folder))

    def test_whose_classes_they_are(self):
        async def test(reader, writer, client, accepted):
            for reader, writer in (client, accepted):
                self.assertIsInstance(reader, asyncio.StreamReader)
                self.assertIsInstance(writer, asyncio.StreamWriter)
                await writer.drain()
                self.check_classes(reader, writer)
        self.with_pair(test)


on_all(Connections, globals())

if __name__ == '__main__':
    unittest.main()
