"""Reads and drain() are coroutines; one that is cancelled takes nothing away."""
import asyncio
import collections.abc
import gc
import inspect
import os
import random
import sys
import unittest

from stream_pairs import on_all


class Coroutines:
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

    def test_nothing_else_keeps_what_was_read(self):
        async def test(reader, *_):
            reader.feed_data(b'abcdef')
            at_once = await reader.read(3)
            other = bytes(bytearray(b'abc'))
            self.assertEqual(sys.getrefcount(at_once), sys.getrefcount(other))
            task = asyncio.create_task(reader.read(3))
            later = await task
            del task
            await asyncio.sleep(0)
            self.assertEqual(sys.getrefcount(later), sys.getrefcount(other))
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


on_all(Coroutines, globals())

if __name__ == '__main__':
    unittest.main()
