"""What is made is given back: 500 cycles of every kind of object."""

import asyncio
import gc
import os
import unittest
import warnings
import weakref

import eddyloop
from support import Recorder, socket_pair

CYCLES = 500


def descriptors():
    return len(os.listdir('/proc/self/fd'))


async def use_handles(loop):
    loop.call_soon(int)
    loop.call_later(100, int)
    loop.call_later(100, int).cancel()
    loop.call_soon_threadsafe(int)
    await asyncio.sleep(0)


async def use_watchers(loop):
    reader, writer = os.pipe()
    loop.add_reader(reader, int)
    loop.add_writer(writer, int)
    await asyncio.sleep(0)
    loop.remove_reader(reader)
    loop.remove_writer(writer)
    os.close(reader)
    os.close(writer)


async def use_connection(loop):
    server = await loop.create_server(lambda: Recorder(loop), '127.0.0.1', 0)
    transport, protocol = await loop.create_connection(lambda: Recorder(loop), *server.sockets[0].getsockname())
    transport.write(b'x')
    transport.abort()
    await protocol.lost
    server.close()
    await server.wait_closed()


async def use_streams(loop):
    async def answer(reader, writer):
        writer.write(await reader.readline())
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'line\n')
    assert await reader.read() == b'line\n'
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


class Cycles(unittest.TestCase):

    def cycles(self, use):
        def once():
            loop = eddyloop.new_event_loop()
            try:
                loop.run_until_complete(use(loop))
            finally:
                loop.close()

        for _ in range(10):
            once()
        gc.collect()
        before = len(gc.get_objects()), descriptors()
        for _ in range(CYCLES):
            once()
        gc.collect()
        after = len(gc.get_objects()), descriptors()
        self.assertLess(after[0] - before[0], CYCLES // 10)
        self.assertEqual(after[1], before[1])

    def test_handles(self):
        self.cycles(use_handles)

    def test_watchers(self):
        self.cycles(use_watchers)

    def test_connections(self):
        self.cycles(use_connection)

    def test_streams(self):
        self.cycles(use_streams)


class Collector(unittest.TestCase):

    def test_a_loop_in_a_cycle_with_what_waits_in_it(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')
            loop = eddyloop.new_event_loop()

            def callback():
                return loop

            loop.call_soon(callback)
            loop.call_later(100, callback)
            loop.add_reader(loop._ssock, callback)
            gone = weakref.ref(loop)
            del loop, callback
            gc.collect()
            said = ' '.join(str(warning.message) for warning in told)
            told.clear()  # a warning has what it warns of
            gc.collect()
            self.assertIsNone(gone())
        self.assertIn('unclosed event loop', said)

    def test_an_unclosed_transport_is_told_of_and_its_socket_closed(self):
        loop = eddyloop.new_event_loop()
        here, there = socket_pair(self)
        transport, _ = loop.run_until_complete(loop.create_connection(lambda: Recorder(loop), sock=here))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')
            loop.close()
            del transport, _
            gc.collect()
        self.assertIn('unclosed transport', ' '.join(str(warning.message) for warning in told))
        self.assertEqual(here.fileno(), -1)

    def test_a_transport_that_is_lost_lets_go_of_all(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        here, there = socket_pair(self)
        transport, protocol = loop.run_until_complete(loop.create_connection(lambda: Recorder(loop), sock=here))
        gone = weakref.ref(transport)
        transport.close()
        loop.run_until_complete(protocol.lost)
        protocol.transport = None
        del transport
        self.assertIsNone(gone())


if __name__ == '__main__':
    unittest.main()
