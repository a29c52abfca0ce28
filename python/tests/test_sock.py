"""loop.sock_recv() and the others, on both loops."""
import asyncio
import contextlib
import os
import socket
import ssl
import sys
import unittest
import unittest.mock
import warnings

from connections import refused_address
from loops import on_both, settle

HAS_DATAGRAMS = sys.version_info >= (3, 11)  # asyncio's own loop receives none before


@contextlib.contextmanager
def pair(kind=socket.SOCK_STREAM):
    """Two sockets that are connected."""
    ends = socket.socketpair(socket.AF_UNIX, kind)
    for end in ends:
        end.setblocking(False)
    try:
        yield ends
    finally:
        for end in ends:
            end.close()


@contextlib.contextmanager
def listening(family=socket.AF_INET):
    with socket.create_server(("127.0.0.1" if family == socket.AF_INET else "::1", 0), family=family) as listener:
        listener.setblocking(False)
        yield listener


def client(family=socket.AF_INET, kind=socket.SOCK_STREAM):
    sock = socket.socket(family, kind)
    sock.setblocking(False)
    return sock


def fill(sock):
    """Send until the kernel takes no more: how much."""
    total = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            total += sock.send(bytes(65536))
    return total


@on_both
class Streams:
    async def test_what_is_there_is_had_at_once(self):
        with pair() as (a, b):
            b.send(b"hello")
            self.assertEqual(await self.loop.sock_recv(a, 2), b"he")
            self.assertEqual(await self.loop.sock_recv(a, 200_000), b"llo")

    async def test_what_comes_is_waited_for(self):
        with pair() as (a, b):
            task = self.loop.create_task(self.loop.sock_recv(a, 100))
            await settle()
            self.assertFalse(task.done())
            await self.loop.sock_sendall(b, b"late")
            self.assertEqual(await task, b"late")

    async def test_the_end_is_empty(self):
        with pair() as (a, b):
            task = self.loop.create_task(self.loop.sock_recv(a, 100))
            await settle()
            b.close()
            self.assertEqual(await task, b"")
            self.assertEqual(await self.loop.sock_recv(a, 100), b"")

    async def test_nothing_is_asked_for(self):
        with pair() as (a, b):
            self.assertEqual(await self.loop.sock_recv(a, 0), b"")
            self.assertEqual(await self.loop.sock_recv_into(a, bytearray()), 0)
            await self.loop.sock_sendall(b, b"")

    async def test_into_a_buffer(self):
        with pair() as (a, b):
            buffer = bytearray(4)
            task = self.loop.create_task(self.loop.sock_recv_into(a, memoryview(buffer)[1:]))
            await settle()
            b.send(b"abcdef")
            self.assertEqual(await task, 3)
            self.assertEqual(buffer, b"\0abc")

    async def test_what_is_large_arrives_whole(self):
        data = os.urandom(3_000_000)
        for kind in (bytes, bytearray, memoryview):
            with pair() as (a, b):
                task = self.loop.create_task(self.loop.sock_sendall(b, kind(data)))
                received = bytearray()
                while len(received) < len(data):
                    received += await self.loop.sock_recv(a, 65536)
                self.assertIsNone(await task)
                self.assertEqual(received, data)

    async def test_arguments_that_are_wrong(self):
        with pair() as (a, b):
            for call, error in (
                    (lambda: self.loop.sock_recv(a, -1), ValueError),
                    (lambda: self.loop.sock_recv(a, "1"), TypeError),
                    (lambda: self.loop.sock_recv_into(a, b"constant"), TypeError),
                    (lambda: self.loop.sock_sendall(a, "text"), TypeError),
                    (lambda: self.loop.sock_connect(a, 5), TypeError)):
                with self.assertRaises(error):
                    await call()

    async def test_by_keywords(self):
        with pair() as (a, b):
            await self.loop.sock_sendall(sock=b, data=b"x")
            self.assertEqual(await self.loop.sock_recv(a, n=10), b"x")

    async def test_errors_of_the_system(self):
        with pair() as (a, b):
            b.close()
            with self.assertRaises(BrokenPipeError):
                await self.loop.sock_sendall(a, b"x")
            with self.assertRaises(OSError) as caught:
                await self.loop.sock_recv(b, 1)
            self.assertEqual(caught.exception.args, (9, "Bad file descriptor"))

    async def test_a_socket_that_waits_is_refused_in_debug_mode(self):
        self.loop.set_debug(True)
        with pair() as (a, b):
            a.setblocking(True)
            for call in (lambda: self.loop.sock_recv(a, 1), lambda: self.loop.sock_sendall(a, b"x"),
                         lambda: self.loop.sock_accept(a)):
                with self.assertRaisesRegex(ValueError, "^the socket must be non-blocking$"):
                    await call()

    async def test_tls_is_refused(self):
        with self.assertRaisesRegex(TypeError, "^Socket cannot be of type SSLSocket$"):
            await self.loop.sock_recv(unittest.mock.Mock(spec=ssl.SSLSocket), 1)

    async def test_a_socket_of_a_transport(self):
        with pair() as (a, b):
            transport, _ = await self.loop.create_connection(asyncio.Protocol, sock=a)
            with self.assertRaisesRegex(RuntimeError, "^File descriptor [0-9]+ is used by transport <"):
                await self.loop.sock_recv(a, 1)
            fill(a)
            with self.assertRaisesRegex(RuntimeError, "is used by transport"):
                await self.loop.sock_sendall(a, b"x")
            with self.assertRaisesRegex(RuntimeError, f"^File descriptor {a.fileno()} is used by transport <"):
                self.loop.add_reader(a.fileno(), print)
            with self.assertRaisesRegex(RuntimeError, "is used by transport"):
                self.loop.remove_writer(a)
            transport.abort()
            await settle()

    async def test_many_wait_for_what_is_written_on_the_same_socket_after_another(self):
        with pair() as (a, b):
            for i in range(100):
                task = self.loop.create_task(self.loop.sock_recv(a, 100))
                await asyncio.sleep(0)
                b.send(b"%d" % i)
                self.assertEqual(await task, b"%d" % i)

    async def test_they_are_coroutines(self):
        with pair() as (a, b):
            b.send(b"abcd")
            made = self.loop.sock_recv(a, 1)
            self.assertTrue(asyncio.iscoroutine(made))
            self.assertEqual(await asyncio.wait_for(made, 5), b"a")
            self.assertEqual(await asyncio.gather(self.loop.sock_recv(a, 1), self.loop.sock_recv(a, 1)), [b"b", b"c"])
            self.assertEqual(await asyncio.ensure_future(self.loop.sock_recv(a, 1)), b"d")
            self.assertIn("sock_recv", repr(self.loop.create_task(self.loop.sock_recv(a, 1))))
            made = self.loop.sock_recv(a, 1)
            made.close()
            with self.assertRaisesRegex(RuntimeError, "cannot reuse already awaited coroutine"):
                await made

    async def test_one_that_is_not_awaited_warns(self):
        with pair() as (a, b), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.loop.sock_recv(a, 1)
        self.assertRegex(str(caught[0].message), "sock_recv' was never awaited")


@on_both
class Connecting:
    async def test_connect_and_accept(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            with listening(family) as listener, client(family) as sock:
                task = self.loop.create_task(self.loop.sock_accept(listener))
                await settle()
                self.assertIsNone(await self.loop.sock_connect(sock, listener.getsockname()))
                connection, address = await task
                with connection:
                    self.assertEqual(address, sock.getsockname())
                    self.assertEqual(connection.gettimeout(), 0)
                    self.assertEqual((connection.family, connection.type, connection.proto),
                                     (listener.family, listener.type, listener.proto))
                    await self.loop.sock_sendall(sock, b"hello")
                    self.assertEqual(await self.loop.sock_recv(connection, 10), b"hello")

    async def test_at_the_number_of_a_lost_transport(self):
        with refused_address() as refused, listening() as listener:
            transport, _ = await self.loop.create_connection(asyncio.Protocol, *listener.getsockname())
            number = transport.get_extra_info("socket").fileno()
            transport.close()
            await settle()
            with client() as sock:
                self.assertEqual(sock.fileno(), number)
                with self.assertRaises(ConnectionRefusedError):
                    await self.loop.sock_connect(sock, refused)
            with client() as sock:
                self.assertEqual(sock.fileno(), number)
                await self.loop.sock_connect(sock, listener.getsockname())

    async def test_a_name_is_looked_up(self):
        with listening() as listener, client() as sock:
            await self.loop.sock_connect(sock, ("localhost", listener.getsockname()[1]))
            (await self.loop.sock_accept(listener))[0].close()

    async def test_unix(self):
        for path in (b"\0eddyloop-%d" % os.getpid(), f"/tmp/eddyloop-{os.getpid()}"):
            with socket.socket(socket.AF_UNIX) as listener, client(socket.AF_UNIX) as sock:
                listener.bind(path)
                listener.listen()
                listener.setblocking(False)
                try:
                    await self.loop.sock_connect(sock, path)
                    connection, address = await self.loop.sock_accept(listener)
                    connection.close()
                    self.assertEqual(address, sock.getsockname())
                finally:
                    if isinstance(path, str):
                        os.unlink(path)

    async def test_refused(self):
        with socket.socket() as nobody, client() as sock:
            nobody.bind(("127.0.0.1", 0))
            address = nobody.getsockname()
            with self.assertRaises(ConnectionRefusedError) as caught:
                await self.loop.sock_connect(sock, address)
            self.assertEqual(str(caught.exception), f"[Errno 111] Connect call failed {address}")
        with client(socket.AF_UNIX) as sock:
            with self.assertRaises(FileNotFoundError):
                await self.loop.sock_connect(sock, "/nowhere/at/all")

    async def test_a_transport_of_a_connected_socket(self):
        with listening() as listener:
            for _ in range(20):  # whose numbers come back
                sock = client()
                await self.loop.sock_connect(sock, listener.getsockname())
                connection, _ = await self.loop.sock_accept(listener)
                reader, writer = await asyncio.open_connection(sock=sock)
                await self.loop.sock_sendall(connection, b"hello\n")
                self.assertEqual(await reader.readline(), b"hello\n")
                connection.close()
                writer.close()
                await writer.wait_closed()


@on_both
class Datagrams:
    def setUp(self):
        super().setUp()
        if not HAS_DATAGRAMS and not self.is_ours:
            self.skipTest("Python 3.11 has it")

    @contextlib.contextmanager
    def ends(self, family=socket.AF_INET):
        with client(family, socket.SOCK_DGRAM) as a, client(family, socket.SOCK_DGRAM) as b:
            for end in (a, b):
                end.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
            yield a, b

    async def test_to_and_from(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            with self.ends(family) as (a, b):
                task = self.loop.create_task(self.loop.sock_recvfrom(a, 100))
                await settle()
                self.assertEqual(await self.loop.sock_sendto(b, b"hello", a.getsockname()), 5)
                self.assertEqual(await task, (b"hello", b.getsockname()))

    async def test_into_a_buffer(self):
        with self.ends() as (a, b):
            buffer = bytearray(10)
            await self.loop.sock_sendto(b, b"hello", a.getsockname())
            await self.loop.sock_sendto(b, b"again", a.getsockname())
            self.assertEqual(await self.loop.sock_recvfrom_into(a, buffer), (5, b.getsockname()))
            self.assertEqual(await self.loop.sock_recvfrom_into(a, buffer, 3), (3, b.getsockname()))
            self.assertEqual(buffer, b"agalo" + bytes(5))
            for size in (-1, 11):
                with self.assertRaises(ValueError):
                    await self.loop.sock_recvfrom_into(a, buffer, size)

    async def test_a_name_and_what_is_no_address(self):
        with self.ends() as (a, b):
            await self.loop.sock_sendto(b, b"hello", ("localhost", a.getsockname()[1]))
            self.assertEqual(await self.loop.sock_recv(a, 10), b"hello")
            with self.assertRaises(OverflowError):
                await self.loop.sock_sendto(b, b"hello", ("127.0.0.1", 70000))
            with self.assertRaises(TypeError):
                await self.loop.sock_sendto(b, b"hello", "127.0.0.1")

    async def test_a_whole_datagram_of_any_size(self):
        with pair(socket.SOCK_DGRAM) as (a, b):
            data = os.urandom(150_000)
            b.send(data)
            self.assertEqual(await self.loop.sock_recv(a, 300_000), data)
            b.send(data)
            self.assertEqual(await self.loop.sock_recvfrom(a, 300_000), (data, None))

    async def test_room_is_waited_for(self):
        with client(socket.AF_UNIX, socket.SOCK_DGRAM) as a, client(socket.AF_UNIX, socket.SOCK_DGRAM) as b:
            path = b"\0eddyloop-datagrams-%d" % os.getpid()
            a.bind(path)
            with contextlib.suppress(BlockingIOError):
                while True:
                    b.sendto(bytes(1000), path)
            task = self.loop.create_task(self.loop.sock_sendto(b, b"last", path))
            await settle()
            self.assertFalse(task.done())
            while await self.loop.sock_recv(a, 1000) != b"last":
                pass
            self.assertEqual(await task, 4)


@on_both
class Cancelling:
    async def cancel(self, coroutine):
        task = self.loop.create_task(coroutine)
        await settle()
        self.assertFalse(task.done())
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    async def test_at_every_await(self):
        with pair() as (a, b), listening() as listener:
            fill(a)
            await self.cancel(self.loop.sock_recv(a, 10))
            await self.cancel(self.loop.sock_recv_into(a, bytearray(10)))
            await self.cancel(self.loop.sock_sendall(a, b"more"))
            await self.cancel(self.loop.sock_accept(listener))
            if HAS_DATAGRAMS:
                await self.cancel(self.loop.sock_recvfrom(a, 10))
                await self.cancel(self.loop.sock_recvfrom_into(a, bytearray(10)))
            for end in (a, listener):
                self.assertFalse(self.loop.remove_reader(end))
                self.assertFalse(self.loop.remove_writer(end))

    async def test_while_connecting(self):
        with listening() as listener:
            with contextlib.ExitStack() as stack:
                tasks = []
                for _ in range(400):  # more than it has room for
                    sock = stack.enter_context(client())
                    tasks.append(self.loop.create_task(self.loop.sock_connect(sock, listener.getsockname())))
                await settle()
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def test_the_number_is_anothers_next(self):
        with pair() as (a, b):
            for _ in range(20):
                first, peer = socket.socketpair()
                first.setblocking(False)
                await self.cancel(self.loop.sock_recv(first, 10))
                number = first.fileno()
                first.close()
                peer.close()
                second, peer = socket.socketpair()
                second.setblocking(False)
                self.assertEqual(second.fileno(), number)
                task = self.loop.create_task(self.loop.sock_recv(second, 10))
                await settle()
                peer.send(b"hello")
                self.assertEqual(await task, b"hello")
                second.close()
                peer.close()

    async def test_the_number_is_a_readers_next(self):
        for _ in range(5):
            first, peer = socket.socketpair()
            first.setblocking(False)
            task = self.loop.create_task(self.loop.sock_recv(first, 10))
            await settle()
            peer.send(b"x")
            await task
            first.close()
            peer.close()
            second, peer = socket.socketpair()
            came = self.loop.create_future()
            self.loop.add_reader(second, came.set_result, None)
            peer.send(b"hello")
            await came
            self.loop.remove_reader(second)
            second.close()
            peer.close()

    async def test_what_came_is_not_lost(self):
        """asyncio's own loop loses it, where it comes and its receiver is cancelled in one turn."""
        if not self.is_ours:
            self.skipTest("bytes are lost")
        with pair() as (a, b):
            task = self.loop.create_task(self.loop.sock_recv(a, 10))
            await settle()
            b.send(b"hello")
            future = task.get_coro().cr_await
            while not future.done():
                await asyncio.sleep(0)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertEqual(await self.loop.sock_recv(a, 10), b"hello")

    async def test_the_peer_sees_the_end_at_once(self):
        with pair() as (a, b):
            await self.cancel(self.loop.sock_recv(a, 10))
            a.close()
            b.setblocking(True)
            b.settimeout(10)
            self.assertEqual(b.recv(10), b"")


@on_both
class ClosedMeanwhile:
    """Whoever closes a socket that is waited for is on his own, but nothing breaks."""

    async def test_then_cancelled(self):
        for _ in range(3):
            a, b = socket.socketpair()
            a.setblocking(False)
            task = self.loop.create_task(self.loop.sock_recv(a, 10))
            await settle()
            a.close()
            await settle()
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            b.close()
            with self.assertRaises((OSError, ValueError)):
                await self.loop.sock_recv(a, 10)

    def test_then_the_loop_is_closed(self):
        a, b = socket.socketpair()
        a.setblocking(False)
        task = self.loop.create_task(self.loop.sock_recv(a, 10))
        self.loop.run_until_complete(settle())
        a.close()
        b.close()
        task._log_destroy_pending = False
        self.loop.close()

    def test_the_loop_is_closed_before(self):
        with pair() as (a, b):
            task = self.loop.create_task(self.loop.sock_recv(a, 10))
            self.loop.run_until_complete(settle())
            task._log_destroy_pending = False
            self.loop.close()


@on_both
class Forked:
    def test_who_waits_goes_on_in_the_child(self):
        if not self.is_ours:
            self.skipTest("parent and child share what the kernel knows of the loop")
        with pair() as (a, b), pair() as (c, d):
            size = fill(c)
            tasks = [self.loop.create_task(self.loop.sock_recv(a, 10)),
                     self.loop.create_task(self.loop.sock_sendall(c, b"end"))]
            self.loop.run_until_complete(settle())
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                child = os.fork()
            if not child:
                try:
                    d.setblocking(True)
                    b.send(b"hello")
                    while size > 0:
                        size -= len(d.recv(size))
                    outcome = self.loop.run_until_complete(asyncio.gather(*tasks))
                    os._exit(0 if outcome == [b"hello", None] and d.recv(10) == b"end" else 1)
                finally:
                    os._exit(2)
            self.assertEqual(os.waitpid(child, 0)[1], 0)
            b.send(b"hello")
            self.assertEqual(self.loop.run_until_complete(asyncio.gather(*tasks)), [b"hello", None])


@on_both
class Nothing:
    """Is left."""

    def test_of_pairs(self):
        async def cycle():
            a, b = socket.socketpair()
            a.setblocking(False)
            b.setblocking(False)
            with a, b:
                task = self.loop.create_task(self.loop.sock_recv(a, 10))
                await asyncio.sleep(0)
                await self.loop.sock_sendall(b, b"hello")
                await task
                task = self.loop.create_task(self.loop.sock_recv_into(a, bytearray(3)))
                await asyncio.sleep(0)
                task.cancel()
            return a, b, task

        self.assert_nothing_left(cycle)

    def test_of_connections(self):
        with listening() as listener:
            async def cycle():
                with client() as sock:
                    task = self.loop.create_task(self.loop.sock_accept(listener))
                    await self.loop.sock_connect(sock, listener.getsockname())
                    connection, _ = await task
                    connection.close()
                    return sock, connection, task

            self.assert_nothing_left(cycle)


@on_both
class Watching:
    async def test_what_is_no_descriptor(self):
        with pair() as (a, b):
            number = a.fileno()
            for call in (lambda: self.loop.add_reader("x", print), lambda: self.loop.remove_writer(object())):
                with self.assertRaisesRegex(ValueError, "^Invalid file object: "):
                    call()
            for call in (lambda: self.loop.add_reader(-1, print), lambda: self.loop.remove_reader(-1)):
                with self.assertRaisesRegex(ValueError, "^Invalid file descriptor: -1$"):
                    call()
            with self.assertRaises(TypeError):
                self.loop.add_reader(number)
            self.assertIsNone(self.loop.add_reader(a, print))
            self.assertTrue(self.loop.remove_reader(number))
            self.assertFalse(self.loop.remove_reader(a))

    async def test_one_that_was_closed_is_found_by_what_was_given(self):
        with pair() as (a, b):
            self.loop.add_reader(a, print)
            a.close()
            self.assertTrue(self.loop.remove_reader(a))
            with self.assertRaisesRegex(ValueError, "Invalid file descriptor: -1"):
                self.loop.remove_reader(a)

    async def test_a_regular_file(self):
        with open(__file__, "rb") as file:
            with self.assertRaises(PermissionError):
                self.loop.add_reader(file, print)

    def test_a_closed_loop(self):
        self.loop.close()
        with pair() as (a, b):
            with self.assertRaisesRegex(RuntimeError, "^Event loop is closed$"):
                self.loop.add_reader(a, print)
            self.assertFalse(self.loop.remove_reader(a))


if __name__ == "__main__":
    unittest.main()
