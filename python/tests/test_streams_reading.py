"""What a reader reads, and what it says where it cannot."""
import asyncio
import os
import sys
import unittest

from stream_pairs import on_all, until


class Reading:
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


on_all(Reading, globals())

if __name__ == '__main__':
    unittest.main()
