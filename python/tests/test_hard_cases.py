"""What programs seldom do, and some never should: nothing is lost, and nothing crashes or hangs."""
import asyncio
import contextlib
import gc
import os
import signal
import socket
import subprocess
import sys
import unittest
import unittest.mock
import warnings
import weakref

import eddyloop
from connections import Recorder, socket_pair
from loops import descriptors, on_both, settle, until
from tls_peers import client_context, server_context

MANY = 5000  # parts, of which the kernel takes 1,024 in one call


@on_both
class Writing:

    async def test_many_parts_to_a_connection(self):
        here, there = socket_pair(self)
        transport, protocol = await self.loop.create_connection(lambda: Recorder(self.loop), sock=here)
        transport.writelines([b"line\n"] * MANY)
        transport.close()
        received = b""
        while data := await self.loop.sock_recv(there, 1 << 20):
            received += data
        self.assertEqual(received, b"line\n" * MANY)
        self.assertIsNone(await protocol.lost)

    async def test_many_parts_to_a_child(self):
        child = await asyncio.create_subprocess_exec("wc", "-l", stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        child.stdin.writelines([b"line\n"] * MANY)
        child.stdin.close()
        self.assertEqual((await child.stdout.read()).split(), [str(MANY).encode()])
        await child.wait()

    async def test_limits_are_any_numbers(self):
        here, _ = socket_pair(self)
        transport, _ = await self.loop.create_connection(lambda: Recorder(self.loop), sock=here)
        transport.set_write_buffer_limits(high=1e6)
        self.assertEqual(transport.get_write_buffer_limits(), (250000, 1000000))
        transport.abort()
        await settle()


    async def check_aborting(self, **options):
        """What was written in the turn in which a connection is aborted has left, as far as the kernel takes it."""
        received = self.loop.create_future()

        async def serve(reader, writer):
            with contextlib.suppress(ConnectionError):
                received.set_result(await reader.readexactly(3000))
            writer.close()
        server = await asyncio.start_server(serve, "127.0.0.1", 0, **({"ssl": server_context()} if options else {}))
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname(), **options)
        for turn in range(3):
            for _ in range(10):
                writer.write(bytes(100))
            if turn < 2:
                await until(lambda: writer.transport.get_write_buffer_size() == 0)
        writer.transport.abort()
        self.assertEqual(await received, bytes(3000))
        server.close()

    async def test_written_and_aborted(self):
        await self.check_aborting()

    async def test_written_by_tls_and_aborted(self):
        await self.check_aborting(ssl=client_context(), server_hostname="localhost")


@on_both
class Signals:

    def test_between_two_runs(self):
        """A handler's signal is not lost."""
        called = []

        async def add():
            self.loop.add_signal_handler(signal.SIGUSR1, called.append, 1)
        self.loop.run_until_complete(add())
        os.kill(os.getpid(), signal.SIGUSR1)
        self.loop.run_until_complete(asyncio.wait_for(until(lambda: called), 10))
        self.loop.remove_signal_handler(signal.SIGUSR1)
        self.assertEqual(signal.set_wakeup_fd(-1), -1)

    def test_a_descriptor_that_is_set_meanwhile_stays(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        self.addCleanup(os.close, writing)
        os.set_blocking(writing, False)

        async def main():
            signal.set_wakeup_fd(writing)
        self.loop.run_until_complete(main())
        self.assertEqual(signal.set_wakeup_fd(-1), writing)


@on_both
class Watching:

    async def check_replacing(self, how):
        """Of two that are ready in one turn, the first reads what the second would, and has another called for it."""
        called = []
        pairs = [socket.socketpair(), socket.socketpair()]
        for pair in pairs:
            for end in pair:
                self.addCleanup(end.close)

        def read(n):
            called.append(n)
            for here, _ in pairs:
                here.recv(1)
                if how == "removed":
                    self.loop.remove_reader(here)
                self.loop.add_reader(here, called.append, "though nothing is there")
        for n, (here, there) in enumerate(pairs):
            self.loop.add_reader(here, read, n)
            there.send(b"x")
        await until(lambda: called)
        await settle(5)
        self.assertEqual(len(called), 1)
        for here, _ in pairs:
            self.loop.remove_reader(here)

    async def test_who_replaces_another_is_not_called_for_its_event(self):
        await self.check_replacing("replaced")
        await self.check_replacing("removed")

    def test_numbers_that_are_no_descriptors(self):
        for number in (10**8, 2**31 - 1):
            with self.assertRaises(OSError):
                self.loop.add_reader(number, print)

    async def test_a_connect_with_a_port_that_is_like_a_number(self):
        class Port(int):
            pass
        with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as sock:
            sock.setblocking(False)
            await self.loop.sock_connect(sock, ("127.0.0.1", Port(listener.getsockname()[1])))
            self.assertEqual(sock.getpeername(), listener.getsockname())

    async def test_two_objects_of_one_socket(self):
        here, there = socket_pair(self)
        other = socket.socket(fileno=here.fileno())
        first = self.loop.create_task(self.loop.sock_recv(here, 1))
        second = self.loop.create_task(self.loop.sock_recv(other, 1))
        await settle(3)
        there.send(b"xy")
        await asyncio.wait([first, second], return_when=asyncio.FIRST_COMPLETED)
        second.cancel()
        first.cancel()
        await asyncio.wait([first, second])
        other.detach()


class Closed(unittest.TestCase):
    """What is left of a loop that is closed."""

    def test_datagrams(self):
        loop = eddyloop.new_event_loop()
        transport, _ = loop.run_until_complete(loop.create_datagram_endpoint(lambda: Recorder(loop), ("127.0.0.1", 0)))
        transport.pause_reading()
        gone = weakref.ref(loop)
        loop.close()
        transport.resume_reading()
        transport.close()
        transport.abort()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del transport, _, loop
            gc.collect()
        self.assertIsNone(gone())

    def test_a_call_that_waits(self):
        loop = eddyloop.new_event_loop()
        here, _ = socket_pair(self)
        waiting = loop.sock_recv(here, 1)

        async def begin():
            waiting.send(None)
        loop.run_until_complete(begin())
        loop.close()
        with self.assertRaisesRegex(RuntimeError, "Event loop is closed"):
            waiting.send(None)

    def test_what_is_scheduled_as_it_closes(self):
        loop = eddyloop.new_event_loop()
        refused = []

        class Late:
            def __call__(self):
                pass

            def __del__(self):
                try:
                    loop.call_soon(print)
                except RuntimeError as error:
                    refused.append(str(error))
        loop.call_soon(Late())
        loop.close()
        self.assertEqual(refused, ["Event loop is closed"])

    def test_the_collector_finds_one_that_refuses_to_be_left_open(self):
        """Where warnings are errors, __del__() does not close it."""
        program = '''
import asyncio, gc, socket, sys, warnings, eddyloop
sys.unraisablehook = lambda _: None
warnings.simplefilter("error")
gc.disable()
a, b = socket.socketpair()
loop = eddyloop.new_event_loop()
gc.collect(0)
loop.add_reader(a, print)
del loop
gc.collect()
loop = eddyloop.new_event_loop()
gc.collect(0)
loop.run_until_complete(loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0)))
del loop
gc.collect()
print("end")
'''
        done = subprocess.run([sys.executable, "-c", program], text=True, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, "end\n")

    def test_a_read_that_nobody_awaits_any_more(self):
        """Of a loop that is closed, its task is found by the collector, and all that the task has."""
        loop = eddyloop.new_event_loop()
        loop.set_exception_handler(lambda *_: None)
        here, _ = socket_pair(self)
        left = []

        async def main():
            reader, writer = await asyncio.open_connection(sock=here)
            task = loop.create_task(reader.read(1))
            left.extend(map(weakref.ref, (loop, reader, task)))
            await settle(3)
        loop.run_until_complete(main())
        loop.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del loop
            gc.collect()
        self.assertEqual([one() for one in left], [None] * 3)


class Objects(unittest.TestCase):

    def test_methods_of_what_was_never_made(self):
        for name in ("SocketTransport", "ReadPipeTransport", "WritePipeTransport", "DatagramTransport", "SSLTransport"):
            kind = getattr(eddyloop._core, name)
            transport = kind.__new__(kind)
            for method in ("close", "abort", "pause_reading", "resume_reading", "write_eof", "_start_reading", "_make_empty_waiter",
                           "get_write_buffer_size", "is_closing", "get_protocol"):
                try:
                    getattr(transport, method, int)()
                except (RuntimeError, NotImplementedError):
                    pass

    def test_a_second_import(self):
        """Whoever forgets the modules and imports anew: the first one goes on."""
        program = '''
import asyncio, sys, eddyloop
loop = eddyloop.new_event_loop()
for name in [name for name in sys.modules if name.startswith("eddyloop")]:
    del sys.modules[name]
try:
    import eddyloop as again
except ImportError as error:
    print(error)
for _ in range(1000):
    loop.call_soon(int)
loop.run_until_complete(asyncio.sleep(0.001))
loop.close()
'''
        done = subprocess.run([sys.executable, "-c", program], text=True, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout, "eddyloop._core was imported before: keep the module that there was\n")

    def test_a_reader_whose_buffer_is_gone(self):
        reader = eddyloop.StreamReader(loop=asyncio.new_event_loop())
        self.addCleanup(reader._loop.close)
        waiting = reader.read(1)
        waiting.send(None)
        del reader._buffer
        with unittest.mock.patch.object(sys, "unraisablehook", lambda _: None):
            del waiting
        for _ in range(3):
            reader.read(1).close()

    def test_who_calls_its_base_by_names(self):
        class Own(eddyloop.Loop):
            def call_later(self, delay, callback, *args, context=None):
                return super().call_later(delay=delay, callback=callback, context=context)
        loop = Own()
        self.addCleanup(loop.close)
        loop.call_later(0, loop.stop)
        loop.run_forever()

    def test_a_buffer_is_given_back_where_its_protocol_closes(self):
        class Closing(asyncio.BufferedProtocol):
            def __init__(self):
                self.buffer = bytearray(100)
                self.lost = asyncio.get_running_loop().create_future()

            def connection_made(self, transport):
                self.transport = transport

            def get_buffer(self, sizehint):
                self.transport.close()
                return self.buffer

            def buffer_updated(self, nbytes):
                raise AssertionError("it is closed")

            def connection_lost(self, exc):
                self.buffer.clear()
                self.lost.set_result(exc)

        async def main():
            here, there = socket_pair(self)
            _, protocol = await asyncio.get_running_loop().create_connection(Closing, sock=here)
            there.send(b"x")
            self.assertIsNone(await protocol.lost)
        eddyloop.run(main())

    def test_two_connections_with_one_reader(self):
        """Of which the reader goes before the connections."""
        async def main():
            loop = asyncio.get_running_loop()
            reader = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(reader)
            pairs = [socket_pair(self), socket_pair(self)]
            transports = [(await loop.create_connection(asyncio.Protocol, sock=here))[0] for here, _ in pairs]
            for transport in transports:
                transport.set_protocol(protocol)
            await settle(3)
            del reader
            gc.collect()
            for _, there in pairs:
                there.send(b"x")
            await settle(5)
            for transport in transports:
                transport.abort()
            await settle(3)
        eddyloop.run(main())

    def test_descriptors_are_as_before(self):
        before = descriptors()
        eddyloop.new_event_loop().close()
        self.assertEqual(descriptors(), before)


if __name__ == "__main__":
    unittest.main()
