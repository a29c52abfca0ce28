"""Which streams become those of eddyloop, that these do the same as asyncio's whatever is done to them, and that nothing is left."""
import asyncio
import gc
import inspect
import os
import random
import subprocess
import sys
import tracemalloc
import unittest
import weakref

import eddyloop
from stream_pairs import ASYNCIOS, OURS, ByFunctionsOfEddyloop, OnEddyloop, Streams


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


class Left:
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
                for _ in range(170):
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


class LeftOnEddyloop(Left, OnEddyloop):
    pass


class LeftByFunctionsOfEddyloop(Left, ByFunctionsOfEddyloop):
    pass


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
        elif chance.randrange(20) == 0:
            vars(reader)
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
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks))
            calls.append(bytes(reader._buffer))
        finally:
            loop.close()
        return calls

    def test_chance(self):
        for seed in range(1500):
            self.assertEqual(self.play(seed, eddyloop.StreamReader), self.play(seed, asyncio.StreamReader), f'seed {seed}')


if __name__ == '__main__':
    unittest.main()
