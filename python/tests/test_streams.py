"""Streams: what asyncio's own do, eddyloop's do.

Each test of Behaviour runs on asyncio, on eddyloop with asyncio's functions and with eddyloop's own, and on eddyloop with its streams
turned off. Readers that are given the same by hand are compared with asyncio's in StreamsAlike.
"""
import asyncio
import collections.abc
import gc
import inspect
import os
import pathlib
import random
import ssl
import subprocess
import sys
import tempfile
import tracemalloc
import unittest
import warnings
import weakref

import eddyloop

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests'))

from certificates import issue

OURS = (eddyloop.StreamReader, eddyloop.StreamWriter)
ASYNCIOS = (asyncio.StreamReader, asyncio.StreamWriter)


async def until(condition):
    """Let the loop go round until something holds."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError('it never came')


class Streams(unittest.TestCase):
    """What the tests have in common: a loop, and both ends of a connection."""

    functions = asyncio

    @staticmethod
    def new_loop():
        return eddyloop.new_event_loop()

    def run_test(self, main):
        loop = self.new_loop()
        asyncio.set_event_loop(loop)
        self.complaints = []
        loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        try:
            return loop.run_until_complete(asyncio.wait_for(main(), 30))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            asyncio.set_event_loop(None)

    async def pair(self, **options):
        """Reader and writer of a client, and those of its server; and the server."""
        accepted = asyncio.get_running_loop().create_future()
        server = await self.functions.start_server(lambda *streams: accepted.set_result(streams), '127.0.0.1', 0,
                                                   **options)
        client = await self.functions.open_connection(*server.sockets[0].getsockname(), **options)
        return client, await accepted, server

    async def end(self, client, accepted, server):
        for _, writer in (client, accepted):
            writer.close()
        for _, writer in (client, accepted):
            try:
                await writer.wait_closed()
            except OSError:
                pass
        server.close()
        await server.wait_closed()

    def with_pair(self, test, **options):
        """Run a test of the client's reader, the server's writer, and the rest."""
        async def main():
            client, accepted, server = await self.pair(**options)
            try:
                return await test(client[0], accepted[1], client, accepted)
            finally:
                await self.end(client, accepted, server)
        return self.run_test(main)


class Behaviour:
    def test_reads_what_is_written(self):
        async def test(reader, writer, *_):
            writer.write(b'line\nab')
            self.assertEqual(await reader.readline(), b'line\n')
            writer.writelines([b'c', b'd;', b'rest'])
            self.assertEqual(await reader.readuntil(b'd;'), b'abcd;')
            self.assertEqual(await reader.readexactly(3), b'res')
            self.assertEqual(await reader.read(100), b't')
            self.assertEqual(await reader.read(0), b'')
            self.assertEqual(await reader.readexactly(0), b'')
            writer.write(b'1\n2\n3')
            writer.close()
            self.assertEqual([line async for line in reader], [b'1\n', b'2\n', b'3'])
            self.assertTrue(reader.at_eof())
            self.assertEqual(await reader.read(10), b'')
            self.assertEqual(await reader.read(), b'')
            self.assertEqual(await reader.readline(), b'')
        self.with_pair(test)

    def test_reads_all_until_the_end(self):
        data = os.urandom(3_000_000)

        async def send(writer):
            writer.write(data)
            await writer.drain()
            writer.write_eof()

        async def test(reader, writer, *_):
            task = asyncio.create_task(send(writer))
            self.assertEqual(await reader.read(), data)
            await task
        self.with_pair(test)

    def test_large_pieces_arrive_whole(self):
        data = os.urandom(5_000_000)

        async def test(reader, writer, *_):
            writer.write(data)
            pieces = [await reader.readexactly(n) for n in (1, 999_999, 3_000_000, 1_000_000)]
            self.assertEqual(b''.join(pieces), data)
            self.assertEqual({type(piece) for piece in pieces}, {bytes})
        self.with_pair(test)

    def test_end_in_the_middle(self):
        async def test(reader, writer, *_):
            writer.write(b'abc')
            writer.close()
            with self.assertRaises(asyncio.IncompleteReadError) as raised:
                await reader.readexactly(5)
            self.assertEqual((raised.exception.partial, raised.exception.expected), (b'abc', 5))
            self.assertEqual(str(raised.exception), '3 bytes read on a total of 5 expected bytes')
            with self.assertRaises(asyncio.IncompleteReadError) as raised:
                await reader.readuntil(b'x')
            self.assertEqual((raised.exception.partial, raised.exception.expected), (b'', None))
        self.with_pair(test)

    def test_separator_beyond_the_limit(self):
        async def test(reader, writer, *_):
            writer.write(b'0123456789abcdef;')
            await until(lambda: len(reader._buffer) == 17)
            with self.assertRaises(asyncio.LimitOverrunError) as raised:
                await reader.readuntil(b';')
            self.assertEqual((raised.exception.consumed, str(raised.exception)),
                             (16, 'Separator is found, but chunk is longer than limit'))
            with self.assertRaises(asyncio.LimitOverrunError) as raised:
                await reader.readuntil(b'!')
            self.assertEqual((raised.exception.consumed, str(raised.exception)),
                             (17, 'Separator is not found, and chunk exceed the limit'))
            self.assertEqual(await reader.readexactly(17), b'0123456789abcdef;')
        self.with_pair(test, limit=10)

    def test_line_beyond_the_limit(self):
        async def test(reader, writer, *_):
            writer.write(b'0123456789abcdef\nnext\n')
            with self.assertRaises(ValueError) as raised:
                await reader.readline()
            self.assertEqual(str(raised.exception), 'Separator is found, but chunk is longer than limit')
            self.assertEqual(await reader.readline(), b'next\n')
        self.with_pair(test, limit=10)

    def test_arguments_that_make_no_sense(self):
        async def test(reader, *_):
            for call, kind, text in ((lambda: reader.readexactly(-1), ValueError, 'readexactly size can not be less than zero'),
                                     (lambda: reader.readuntil(b''), ValueError,
                                      'Separator should be at least one-byte string')):
                with self.assertRaises(kind) as raised:
                    await call()
                self.assertEqual(str(raised.exception), text)
            with self.assertRaises(TypeError):
                reader.readexactly()
            with self.assertRaises(TypeError):
                reader.read(1, 2)
            with self.assertRaises(TypeError):
                reader.readline(1)
            with self.assertRaises(TypeError):
                reader.read(size=1)
        self.with_pair(test)

    def test_arguments_by_name(self):
        async def test(reader, writer, *_):
            writer.write(b'abc;defghi')
            self.assertEqual(await reader.readuntil(separator=b';'), b'abc;')
            self.assertEqual(await reader.read(n=2), b'de')
            self.assertEqual(await reader.readexactly(n=4), b'fghi')
            self.assertEqual(await reader.read(n=True - True), b'')
        self.with_pair(test)

    @unittest.skipIf(sys.version_info < (3, 13), 'one separator alone before Python 3.13')
    def test_one_of_several_separators(self):
        async def test(reader, writer, *_):
            writer.write(b'one\r\ntwo\nthree')
            writer.close()
            self.assertEqual(await reader.readuntil((b'\r\n', b'\n')), b'one\r\n')
            self.assertEqual(await reader.readuntil((b'\r\n', b'\n')), b'two\n')
            with self.assertRaises(asyncio.IncompleteReadError):
                await reader.readuntil((b'\r\n', b'\n'))
        self.with_pair(test)

    def test_two_cannot_wait_at_once(self):
        async def test(reader, writer, *_):
            first = asyncio.create_task(reader.readline())
            await asyncio.sleep(0)
            for call, name in ((lambda: reader.read(1), 'read'), (lambda: reader.readexactly(1), 'readexactly'),
                               (reader.readline, 'readuntil'), (lambda: reader.readuntil(b'x'), 'readuntil')):
                with self.assertRaises(RuntimeError) as raised:
                    await call()
                self.assertEqual(str(raised.exception),
                                 f'{name}() called while another coroutine is already waiting for incoming data')
            writer.write(b'line\n')
            self.assertEqual(await first, b'line\n')
        self.with_pair(test)

    def test_they_are_coroutines(self):
        async def test(reader, writer, *_):
            for coroutine in (reader.read(1), reader.readline(), reader.readexactly(1), reader.readuntil(b'x'),
                              reader.__anext__(), writer.drain(), reader.read()):
                self.assertTrue(asyncio.iscoroutine(coroutine))
                self.assertIsInstance(coroutine, collections.abc.Coroutine)
                self.assertTrue(inspect.isawaitable(coroutine))
                coroutine.close()
                coroutine.close()
                with self.assertRaises(RuntimeError) as raised:
                    coroutine.send(None)
                self.assertEqual(str(raised.exception), 'cannot reuse already awaited coroutine')
            coroutine = reader.read(1)
            with self.assertRaises(TypeError) as raised:
                coroutine.send(1)
            self.assertEqual(str(raised.exception), "can't send non-None value to a just-started coroutine")
            with self.assertRaises(KeyError):
                coroutine.throw(KeyError('x'))
            task = asyncio.create_task(reader.readexactly(4))
            self.assertIn('StreamReader.readexactly()', repr(task))
            writer.write(b'abcdefghij')
            self.assertEqual(await task, b'abcd')
            self.assertEqual(await asyncio.wait_for(reader.readexactly(2), 10), b'ef')
            self.assertEqual(await asyncio.gather(reader.readexactly(2), writer.drain()), [b'gh', None])
            self.assertEqual(await asyncio.shield(reader.readexactly(2)), b'ij')
        self.with_pair(test)

    def test_send_and_throw_by_hand(self):
        async def test(reader, writer, *_):
            coroutine = reader.readline()
            future = coroutine.send(None)
            self.assertTrue(asyncio.isfuture(future))
            self.assertIs(reader._waiter, future)
            reader.feed_data(b'x\n')
            self.assertIsNone(reader._waiter)
            with self.assertRaises(StopIteration) as stopped:
                coroutine.send(None)
            self.assertEqual((stopped.exception.value, stopped.exception.args), (b'x\n', (b'x\n',)))
            coroutine = reader.readline()
            coroutine.send(None)
            with self.assertRaises(ZeroDivisionError):
                coroutine.throw(ZeroDivisionError)
            self.assertIsNone(reader._waiter)
            coroutine = reader.read(4)
            coroutine.send(None)
            coroutine.close()
            with self.assertRaises(StopIteration) as stopped:
                writer.drain().send(None)
            self.assertIsNone(stopped.exception.value)
        self.with_pair(test)

    def test_never_awaited(self):
        async def test(reader, writer, *_):
            for call, name in ((lambda: reader.read(1), 'StreamReader.read'), (writer.drain, 'StreamWriter.drain')):
                with self.assertWarnsRegex(RuntimeWarning, f"coroutine '{name}' was never awaited"):
                    call()
                    gc.collect()
        self.with_pair(test)

    def test_cancelled_between_delivery_and_resumption(self):
        async def test(reader, *_):
            for call, data in ((lambda: reader.read(100), b'abc'), (lambda: reader.readexactly(2), b'abc'),
                               (reader.readline, b'ab\nc'), (lambda: reader.readuntil(b'b'), b'abc')):
                task = asyncio.create_task(call())
                await asyncio.sleep(0)
                reader.feed_data(data)
                self.assertTrue(task.cancel())
                with self.assertRaises(asyncio.CancelledError):
                    await task
                self.assertEqual(reader._buffer, data)
                self.assertIsNone(reader._waiter)
                self.assertEqual(await reader.readexactly(len(data)), data)
        self.with_pair(test)

    def test_closed_between_delivery_and_resumption(self):
        async def test(reader, *_):
            for end in (lambda coroutine: coroutine.close(), lambda coroutine: None):
                coroutine = reader.read(2)
                coroutine.send(None)
                reader.feed_data(b'abc')
                end(coroutine)
                del coroutine
                self.assertEqual(await reader.readexactly(3), b'abc')
        self.with_pair(test)

    def test_no_byte_is_lost_by_time_limits(self):
        data = os.urandom(20_000)

        async def send(writer):
            for i in range(0, len(data), 7):
                writer.write(data[i:i + 7])
                await writer.drain()
                if i % 3:
                    await asyncio.sleep(0)
            writer.close()

        async def test(reader, writer, *_):
            chance = random.Random(1)
            task = asyncio.create_task(send(writer))
            read = []
            while not reader.at_eof():
                reading = asyncio.create_task(reader.read(chance.randrange(1, 20)))
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(0)
                reading.cancel()
                try:
                    read.append(await reading)
                except asyncio.CancelledError:
                    pass
            await task
            self.assertEqual(b''.join(read), data)
        self.with_pair(test)

    def test_buffer_is_as_asyncios_at_each_moment(self):
        async def test(reader, *_):
            task = asyncio.create_task(reader.read(2))
            await asyncio.sleep(0)
            reader.feed_data(b'abc')
            self.assertFalse(reader.at_eof())
            self.assertEqual(reader._buffer, b'abc')
            self.assertIn('3 bytes', repr(reader))
            self.assertEqual(await task, b'ab')
            self.assertEqual(reader._buffer, b'c')
            alias = reader._buffer
            self.assertEqual(await reader.read(2), b'c')
            task = asyncio.create_task(reader.read(2))
            await asyncio.sleep(0)
            reader.feed_data(b'xyz')
            self.assertEqual(alias, b'xyz')
            reader.feed_data(b'!')
            self.assertEqual(await task, b'xy')
            self.assertEqual(alias, b'z!')
            reader._buffer = bytearray(b'other')
            self.assertEqual(await reader.read(100), b'other')
        self.with_pair(test)

    def test_more_comes_between_delivery_and_resumption(self):
        async def test(reader, *_):
            task = asyncio.create_task(reader.read(100))
            await asyncio.sleep(0)
            reader.feed_data(b'ab')
            reader.feed_data(b'cd')
            self.assertEqual(await task, b'abcd')
            task = asyncio.create_task(reader.read(100))
            await asyncio.sleep(0)
            reader.feed_data(b'ef')
            reader.feed_eof()
            self.assertEqual(await task, b'ef')
        self.with_pair(test)

    def test_dict_is_as_asyncios(self):
        async def test(reader, writer, *_):
            task = asyncio.create_task(reader.read(2))
            await asyncio.sleep(0)
            reader.feed_data(b'abc')
            attributes = vars(reader)
            self.assertEqual(attributes['_buffer'], b'abc')
            self.assertEqual(await task, b'ab')
            self.assertEqual(attributes['_buffer'], b'c')
            self.assertIs(attributes['_loop'], asyncio.get_running_loop())
            self.assertIs(attributes['_eof'], False)
            writer.close()
            self.assertEqual(await reader.read(), b'c')
            self.assertIs(attributes['_eof'], True)
            attributes['_eof'] = False
            self.assertFalse(reader.at_eof())
            reader._eof = True
            self.assertTrue(reader.at_eof())
            reader.note = 'mine'
            self.assertEqual(attributes['note'], 'mine')
            names = {'_limit', '_loop', '_buffer', '_eof', '_waiter', '_exception', '_transport', '_paused'}
            self.assertLessEqual(names, set(attributes))
        self.with_pair(test)

    def test_attributes_can_be_missing(self):
        async def test(reader, *_):
            del reader._exception
            with self.assertRaises(AttributeError):
                reader.exception()
            with self.assertRaises(AttributeError):
                del reader._exception
            with self.assertRaises(AttributeError):
                await reader.read(1)
            reader._exception = None
            reader.feed_data(b'a')
            self.assertEqual(await reader.read(1), b'a')
        self.with_pair(test)

    def test_reading_pauses_and_resumes(self):
        async def test(reader, writer, client, _):
            transport = client[1].transport
            writer.write(b'x' * 100)
            await until(lambda: len(reader._buffer) == 100)
            self.assertFalse(transport.is_reading())
            self.assertTrue(reader._paused)
            self.assertEqual(len(await reader.readexactly(80)), 80)
            self.assertTrue(reader._paused)
            self.assertEqual(len(await reader.read(10)), 10)
            self.assertFalse(reader._paused)
            self.assertTrue(transport.is_reading())
            writer.write(b'y' * 500)
            self.assertEqual(await reader.readexactly(510), b'x' * 10 + b'y' * 500)
        self.with_pair(test, limit=10)

    def test_waiting_resumes_what_is_paused(self):
        async def test(reader, *_):
            reader.feed_data(b'x' * 21)
            self.assertTrue(reader._paused)
            task = asyncio.create_task(reader.readexactly(30))
            await asyncio.sleep(0)
            self.assertFalse(reader._paused)
            reader.feed_data(b'y' * 9)
            self.assertEqual(len(await task), 30)
        self.with_pair(test, limit=10)

    def test_transport_that_cannot_pause(self):
        class Transport:
            def pause_reading(self):
                raise NotImplementedError

        async def test(reader, *_):
            reader._transport = Transport()
            reader.feed_data(b'x' * 50)
            self.assertIsNone(reader._transport)
            self.assertEqual(len(await reader.read(100)), 50)
        self.with_pair(test, limit=10)

    def test_exception_of_the_connection(self):
        async def test(reader, writer, client, _):
            task = asyncio.create_task(reader.read(1))
            await asyncio.sleep(0)
            failure = ConnectionResetError('gone')
            reader.set_exception(failure)
            with self.assertRaises(ConnectionResetError) as raised:
                await task
            self.assertIs(raised.exception, failure)
            for call in (lambda: reader.read(1), lambda: reader.readexactly(1), reader.readline, client[1].drain,
                         lambda: reader.readexactly(0)):
                with self.assertRaises(ConnectionResetError) as raised:
                    await call()
                self.assertIs(raised.exception, failure)
            self.assertIs(reader.exception(), failure)
        self.with_pair(test)

    def test_exception_between_delivery_and_resumption(self):
        async def test(reader, *_):
            task = asyncio.create_task(reader.read(10))
            await asyncio.sleep(0)
            reader.feed_data(b'abc')
            reader.set_exception(OSError('late'))
            self.assertEqual(await task, b'abc')
            with self.assertRaises(OSError):
                await reader.read(1)
        self.with_pair(test)

    def test_feeding_behind_the_end(self):
        async def test(reader, *_):
            reader.feed_eof()
            with self.assertRaises(AssertionError) as raised:
                reader.feed_data(b'x')
            self.assertEqual(str(raised.exception), 'feed_data after feed_eof')
            self.assertEqual(await reader.read(1), b'')
        self.with_pair(test)

    def test_feeding_what_is_like_bytes(self):
        async def test(reader, *_):
            reader.feed_data(b'')
            for data in (bytearray(b'ab'), memoryview(b'cd')):
                reader.feed_data(data)
            task = asyncio.create_task(reader.readexactly(6))
            await asyncio.sleep(0)
            reader.feed_data(memoryview(b'efgh'))
            self.assertEqual(await task, b'abcdef')
            self.assertEqual(await reader.read(10), b'gh')
        self.with_pair(test)

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

    def test_order_of_callbacks(self):
        async def test(reader, *_):
            loop = asyncio.get_running_loop()
            order = []

            async def read():
                order.append(await reader.read(10))

            task = asyncio.create_task(read())
            await asyncio.sleep(0)
            loop.call_soon(order.append, 1)
            reader.feed_data(b'x')
            loop.call_soon(order.append, 2)
            await task
            self.assertEqual(order, [1, b'x', 2])
            reader.feed_data(b'y')
            loop.call_soon(order.append, 3)
            await read()
            self.assertEqual(order, [1, b'x', 2, b'y'])
        self.with_pair(test)

    def test_instance_with_methods_of_its_own(self):
        async def test(reader, writer, client, _):
            seen = []
            feed = reader.feed_data
            reader.feed_data = lambda data: (seen.append(bytes(data)), feed(data))
            writer.write(b'abc')
            self.assertEqual(await reader.readexactly(3), b'abc')
            del reader.feed_data
            protocol = client[1].transport.get_protocol()
            protocol.data_received = lambda data: (seen.append(bytes(data)), feed(data))
            writer.write(b'def')
            self.assertEqual(await reader.readexactly(3), b'def')
            del protocol.data_received
            client[1].write = lambda data: seen.append(data)
            client[1].write(b'ghi')
            self.assertEqual(seen, [b'abc', b'def', b'ghi'])
        self.with_pair(test)

    def test_reader_that_nobody_has_any_more(self):
        async def main():
            client, accepted, server = await self.pair()
            reader = weakref.ref(client[0])
            client = (None, client[1])
            client[1]._reader = None
            gc.collect()
            self.assertIsNone(reader())
            accepted[1].write(b'to nobody')
            await accepted[1].drain()
            await asyncio.sleep(0.01)
            await self.end(client, accepted, server)
        self.run_test(main)
        self.assertEqual(self.complaints, [])

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

    def check_classes(self, reader, writer):
        self.assertEqual((type(reader), type(writer)), self.classes)

    def test_nothing_is_left_of_500_connections(self):
        async def serve(reader, writer):
            try:
                writer.write(await reader.readline())
                await writer.drain()
                await reader.read(100)
            finally:
                writer.close()

        async def cycle(address, seen):
            reader, writer = await self.functions.open_connection(*address)
            seen.add(reader)
            seen.add(writer)
            writer.write(b'x\n')
            await writer.drain()
            await reader.readline()
            try:
                await asyncio.wait_for(reader.readline(), 0)
            except asyncio.TimeoutError:
                pass
            task = asyncio.create_task(reader.read(10))
            await asyncio.sleep(0)
            task.cancel()
            writer.close()
            await writer.wait_closed()

        async def main():
            seen = weakref.WeakSet()
            server = await self.functions.start_server(serve, '127.0.0.1', 0)
            address = server.sockets[0].getsockname()
            counts = []
            for _ in range(3):
                for _ in range(250):
                    await cycle(address, seen)
                for _ in range(5):
                    await asyncio.sleep(0.01)
                gc.collect()
                counts.append((len(gc.get_objects()), tracemalloc.get_traced_memory()[0]))
            self.assertEqual(len(seen), 0)
            self.assertLess(counts[2][0] - counts[0][0], 100)
            self.assertLess(counts[2][1] - counts[0][1], 30_000)
            server.close()
        tracemalloc.start()
        try:
            self.run_test(main)
        finally:
            tracemalloc.stop()


class OnAsyncio(Behaviour, Streams):
    classes = ASYNCIOS

    @staticmethod
    def new_loop():
        return asyncio.SelectorEventLoop()


class OnEddyloop(Behaviour, Streams):
    classes = OURS


class ByFunctionsOfEddyloop(Behaviour, Streams):
    functions = eddyloop
    classes = OURS


class ByFunctionsOfEddyloopOnAsyncio(Behaviour, Streams):
    functions = eddyloop
    classes = OURS
    new_loop = staticmethod(OnAsyncio.new_loop)


class TurnedOff(Behaviour, Streams):
    classes = ASYNCIOS

    @staticmethod
    def new_loop():
        loop = eddyloop.new_event_loop()
        loop.fast_streams = False
        return loop


class WhoseTheyAre(Streams):
    def classes_of_a_pair(self):
        async def test(reader, writer, client, accepted):
            for reader, writer in (client, accepted):
                await writer.drain()
                writer.write(b'abc')
            for reader, writer in (client, accepted):
                self.assertEqual(await reader.readexactly(3), b'abc')
            return {type(stream) for streams in (client, accepted) for stream in streams}
        return self.with_pair(test)

    def test_asyncios_own_become_ours(self):
        self.assertEqual(self.classes_of_a_pair(), set(OURS))

    def test_classes_that_somebody_has_changed_stay(self):
        def method(*args):
            return original(*args)

        for cls, name in ((asyncio.StreamReader, 'read'), (asyncio.StreamReader, 'feed_data'),
                          (asyncio.StreamReader, '_wait_for_data'), (asyncio.StreamReaderProtocol, 'data_received'),
                          (asyncio.streams.FlowControlMixin, '_drain_helper')):
            original = cls.__dict__[name]
            setattr(cls, name, method)
            try:
                self.assertEqual(self.classes_of_a_pair(), set(ASYNCIOS), name)
            finally:
                setattr(cls, name, original)
        self.assertEqual(self.classes_of_a_pair(), set(OURS))

    def test_writer_whose_class_somebody_has_changed_stays(self):
        calls = []
        original = asyncio.StreamWriter.write

        async def test(reader, writer, *_):
            def write(self, data):
                calls.append(data)
                original(self, data)

            asyncio.StreamWriter.write = write
            await writer.drain()
            writer.write(b'abc')
            self.assertEqual(await reader.read(3), b'abc')
        try:
            self.with_pair(test)
        finally:
            asyncio.StreamWriter.write = original
        self.assertEqual(calls, [b'abc'])

    def test_subclasses_stay(self):
        class Reader(asyncio.StreamReader):
            async def read(self, n=-1):
                return (await super().read(n)).upper()

        class Protocol(asyncio.StreamReaderProtocol):
            pass

        async def main():
            loop = asyncio.get_running_loop()
            server = await asyncio.start_server(lambda _, writer: writer.write(b'hello'), '127.0.0.1', 0)
            address = server.sockets[0].getsockname()
            for reader_class, protocol_class, wanted in ((Reader, asyncio.StreamReaderProtocol, b'HELLO'),
                                                         (asyncio.StreamReader, Protocol, b'hello')):
                reader = reader_class()
                transport, _ = await loop.create_connection(lambda: protocol_class(reader), *address)
                self.assertEqual(await reader.read(5), wanted)
                self.assertIs(type(reader), reader_class)
                transport.close()
            server.close()
        self.run_test(main)

    def test_the_environment_turns_them_off(self):
        program = ('import asyncio, eddyloop\n'
                   'async def main():\n'
                   '    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)\n'
                   '    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n'
                   '    await writer.drain()\n'
                   '    print(type(reader).__module__, type(writer).__module__)\n'
                   '    writer.close()\n'
                   'eddyloop.run(main())\n')
        for value, wanted in (('asyncio', 'asyncio.streams asyncio.streams\n'), ('', 'eddyloop eddyloop\n')):
            environment = {**os.environ, 'EDDYLOOP_STREAMS': value}
            said = subprocess.run([sys.executable, '-c', program], env=environment, capture_output=True, text=True)
            self.assertEqual(said.stdout, wanted, said.stderr)

    def test_an_asyncio_that_was_changed_before(self):
        program = ('import asyncio\n'
                   'original = asyncio.StreamReader.feed_data\n'
                   'asyncio.StreamReader.feed_data = lambda self, data: original(self, data.upper())\n'
                   'import eddyloop\n'
                   'async def main():\n'
                   '    server = await asyncio.start_server(lambda _, writer: writer.write(b"hi"), "127.0.0.1", 0)\n'
                   '    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n'
                   '    print(await reader.read(2), type(reader).__module__)\n'
                   '    writer.close()\n'
                   'eddyloop.run(main())\n')
        said = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True)
        self.assertEqual(said.stdout, "b'HI' asyncio.streams\n", said.stderr)

    def test_asyncio_itself_is_left_alone(self):
        self.classes_of_a_pair()
        self.assertEqual({value.__module__ for cls in ASYNCIOS for value in vars(cls).values() if inspect.isfunction(value)},
                         {'asyncio.streams'})
        self.assertEqual((asyncio.open_connection.__module__, asyncio.start_server.__module__), ('asyncio.streams',) * 2)


class StreamsAlike(unittest.TestCase):
    """A reader of ours and one of asyncio's, to both of which the same is done."""

    SEPARATORS = (b'\n', b'ab', b'aba', b'c')

    def do(self, chance, loop, reader, tasks, cancelled, log):
        """One step, as chance has it. One reads at a time, or one and those who were told to stop."""
        step = chance.randrange(10)
        data = bytes(chance.choice(b'ab\nc') for _ in range(chance.choice((0, 1, 2, 3, 7, 40))))
        separator, n = chance.choice(self.SEPARATORS), chance.choice((0, 1, 2, 3, 10, 60))
        if step < 3:
            try:
                reader.feed_data(data)
            except AssertionError as error:
                log.append(repr(error))
        elif step < 7 and cancelled >= {task for task in tasks if not task.done()}:
            call = (lambda: reader.read(n), lambda: reader.readexactly(n), lambda: reader.readuntil(separator),
                    reader.readline, reader.__anext__)[chance.randrange(5)]
            tasks.append(loop.create_task(self.note(call, log)))
        elif step == 7 and tasks:
            tasks[-1].cancel()
            cancelled.add(tasks[-1])
        elif step == 8:
            loop.run_until_complete(asyncio.sleep(0))
        elif chance.randrange(20) == 0:
            reader.feed_eof()
        if chance.randrange(3) == 0:
            log.append((bytes(reader._buffer), reader._eof, reader._paused, reader._waiter is not None))

    async def note(self, call, log):
        try:
            log.append(await call())
        except BaseException as error:
            log.append((type(error), str(error), getattr(error, 'consumed', None), getattr(error, 'partial', None)))

    def play(self, seed, make_reader):
        chance = random.Random(seed)
        loop = eddyloop.new_event_loop()
        calls, tasks, cancelled = [], [], set()

        class Transport:
            def pause_reading(self):
                calls.append('pause')

            def resume_reading(self):
                calls.append('resume')

        try:
            reader = make_reader(limit=chance.choice((1, 5, 20, 1000)), loop=loop)
            reader.set_transport(Transport())
            for _ in range(60):
                self.do(chance, loop, reader, tasks, cancelled, calls)
            if not reader._eof:
                reader.feed_eof()
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.wait(tasks)) if tasks else None
            calls.append(bytes(reader._buffer))
        finally:
            loop.close()
        return calls

    def test_chance(self):
        for seed in range(1500):
            self.assertEqual(self.play(seed, eddyloop.StreamReader), self.play(seed, asyncio.StreamReader), f'seed {seed}')


if __name__ == '__main__':
    unittest.main()
