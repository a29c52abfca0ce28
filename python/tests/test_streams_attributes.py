"""What asyncio has in a reader is there for who looks."""
import asyncio
import gc
import unittest
import weakref

from stream_pairs import on_all, until


class Attributes:
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

    def test_class_can_be_asyncios_again(self):
        async def test(reader, writer, *_):
            writer.write(b'abc')
            self.assertEqual(await reader.read(2), b'ab')
            await until(lambda: reader._buffer)
            reader.__class__ = asyncio.StreamReader
            self.assertIs(type(reader), asyncio.StreamReader)
            self.assertIs(reader.__class__, asyncio.StreamReader)
            writer.write(b'def')
            self.assertEqual(await reader.readexactly(4), b'cdef')
        self.with_pair(test)


on_all(Attributes, globals())

if __name__ == '__main__':
    unittest.main()
