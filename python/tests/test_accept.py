"""Servers: what they accept, and what goes wrong, on both loops."""
import asyncio
import contextvars
import errno
import gc
import os
import resource
import socket
import sys
import threading
import unittest
import unittest.mock
import warnings

from loops import LIMIT, on_both, settle, until


class Notes(asyncio.Protocol):
    made = None  # all of a test, set by it

    def __init__(self):
        self.told = []
        if self.made is not None:
            self.made.append(self)

    def connection_made(self, transport):
        self.transport = transport
        self.told.append("made")

    def data_received(self, data):
        self.told.append(data)
        self.transport.write(data)

    def connection_lost(self, exc):
        self.told.append(("lost", exc))


class Base:
    def setUp(self):
        super().setUp()
        self.made = []

    def protocol(self):
        notes = Notes()
        self.made.append(notes)
        return notes

    async def server(self, factory=None, host="127.0.0.1", **options):
        return await self.loop.create_server(factory or self.protocol, host, 0, **options)

    def connect(self, server):
        sock = socket.create_connection(server.sockets[0].getsockname()[:2])
        self.addCleanup(sock.close)
        return sock

    async def refused(self, sock):
        """Wait until a connection is over."""
        sock.setblocking(False)
        while True:
            await settle()
            gc.collect()
            try:
                self.assertEqual(sock.recv(10), b"")
                return
            except BlockingIOError:
                pass
            except ConnectionResetError:
                return

    async def end(self, server):
        server.close()
        for notes in self.made:
            if hasattr(notes, "transport"):
                notes.transport.abort()
        await settle()
        await server.wait_closed()


@on_both
class Accepting(Base):
    async def test_what_a_transport_tells(self):
        for host in ("127.0.0.1", "::1"):
            server = await self.server(host=host)
            sock = self.connect(server)
            await until(lambda: self.made and self.made[-1].told)
            transport = self.made[-1].transport
            self.assertEqual(transport.get_extra_info("peername"), sock.getsockname())
            self.assertEqual(transport.get_extra_info("sockname"), sock.getpeername())
            inner = transport.get_extra_info("socket")
            self.assertIsInstance(inner, asyncio.trsock.TransportSocket)
            self.assertEqual(inner.gettimeout(), 0)
            self.assertEqual(inner.family, sock.family)
            self.assertTrue(inner.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            self.assertFalse(os.get_inheritable(inner.fileno()))
            await self.end(server)
            self.made.clear()

    async def test_bytes(self):
        server = await self.server()
        sock = self.connect(server)
        sock.send(b"hello")
        await until(lambda: self.made and b"hello" in self.made[0].told)
        self.assertEqual(sock.recv(10), b"hello")
        await self.end(server)
        self.assertEqual(self.made[0].told, ["made", b"hello", ("lost", None)])

    async def test_many_at_once_and_more_than_the_backlog(self):
        server = await self.server(backlog=5)
        held = []
        for _ in range(5):
            held += [self.connect(server) for _ in range(5)]
            await until(lambda: len(self.made) == len(held))
        await until(lambda: all(notes.told for notes in self.made))
        await self.end(server)

    async def test_unix(self):
        path = f"/tmp/eddyloop-accept-{os.getpid()}"
        server = await self.loop.create_unix_server(self.protocol, path)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(path)
            await until(lambda: self.made and self.made[0].told)
            self.assertEqual(self.made[0].transport.get_extra_info("sockname"), path)
            self.assertEqual(self.made[0].transport.get_extra_info("peername"), "")
            await self.end(server)
        if os.path.exists(path):
            os.unlink(path)

    async def test_each_has_a_context_of_its_own(self):
        variable = contextvars.ContextVar("variable", default=0)
        variable.set(1)
        seen = []

        class Sees(Notes):
            def __init__(self):
                super().__init__()
                seen.append(variable.get())
                variable.set(variable.get() + 1)

            def connection_made(self, transport):
                super().connection_made(transport)
                seen.append(variable.get())

            def data_received(self, data):
                seen.append(variable.get())

        def factory():
            self.made.append(Sees())
            return self.made[-1]

        server = await self.server(factory)
        variable.set(10)
        for count in (1, 2):
            sock = self.connect(server)
            sock.send(b"x")
            await until(lambda: len(seen) == 3 * count)
        self.assertEqual(seen, [1, 2, 2, 1, 2, 2])
        await self.end(server)

    async def test_two_loops_share_a_socket(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            served = []
            stop = threading.Event()
            ready = threading.Barrier(3)

            def serve(name):
                async def main():
                    def factory():
                        served.append(name)
                        return Notes()

                    server = await asyncio.get_running_loop().create_server(factory, sock=listener.dup())
                    await asyncio.get_running_loop().run_in_executor(None, ready.wait, LIMIT)
                    await asyncio.get_running_loop().run_in_executor(None, stop.wait, LIMIT)
                    server.close()

                loop = self.new_loop()
                loop.run_until_complete(main())
                loop.run_until_complete(loop.shutdown_default_executor())
                loop.close()

            threads = [threading.Thread(target=serve, args=(name,)) for name in "ab"]
            for thread in threads:
                thread.start()
            await self.loop.run_in_executor(None, ready.wait, LIMIT)
            held = [socket.create_connection(listener.getsockname()) for _ in range(50)]
            await until(lambda: len(served) == 50)
            stop.set()
            for thread in threads:
                await self.loop.run_in_executor(None, thread.join)
            for sock in held:
                sock.close()
            gc.collect()


@on_both
class Failing(Base):
    async def test_a_factory_that_raises(self):
        def factory():
            raise ZeroDivisionError

        told = []
        self.loop.set_exception_handler(
            lambda loop, context: told.append((context["message"], type(context["exception"]))))
        server = await self.server(factory)
        for debug in (False, True):
            self.loop.set_debug(debug)
            await self.refused(self.connect(server))
        self.assertEqual(told, [("Error on transport creation for incoming connection", ZeroDivisionError)])
        await self.end(server)

    def test_a_factory_that_ends_the_run(self):
        def factory():
            raise KeyboardInterrupt

        server = self.loop.run_until_complete(self.server(factory))
        sock = self.connect(server)
        with self.assertRaises(KeyboardInterrupt):
            self.loop.run_forever()
        self.loop.run_until_complete(self.end(server))
        gc.collect()

    async def test_connection_made_that_raises(self):
        class Raises(Notes):
            def connection_made(self, transport):
                super().connection_made(transport)
                raise ZeroDivisionError

        def factory():
            self.made.append(Raises())
            return self.made[-1]

        server = await self.server(factory)
        self.connect(server)
        await until(lambda: self.told)
        self.assertIsInstance(self.told[0]["exception"], ZeroDivisionError)
        await self.end(server)

    async def test_no_descriptors_are_left(self):
        server = await self.server()
        other = await self.server()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        clients = [socket.socket() for _ in range(2)]
        with unittest.mock.patch("asyncio.constants.ACCEPT_RETRY_DELAY", 0.01):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(map(int, os.listdir("/proc/self/fd"))), hard))
            held = []
            try:
                while True:
                    held.append(os.dup(0))
            except OSError:
                pass
            try:
                for client, one in zip(clients, (server, other)):
                    client.connect(one.sockets[0].getsockname())
                await until(lambda: len({one["socket"].getsockname() for one in self.told}) == 2)
                self.assertEqual(self.told[0]["message"], "socket.accept() out of system resource")
                self.assertEqual(self.told[0]["exception"].errno, errno.EMFILE)
                self.assertIsInstance(self.told[0]["socket"], asyncio.trsock.TransportSocket)
                other.close()  # which then does not try again
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                for fd in held:
                    os.close(fd)
            await until(lambda: self.made and self.made[0].told)
        for client in clients:
            client.close()
        await self.end(server)


@on_both
class Closing(Base):
    async def test_within_the_factory(self):
        def factory():
            server.close()
            return self.protocol()

        self.loop.set_debug(False)  # which would tell of it
        server = await self.server(factory)
        with self.connect(server) as sock:
            await until(lambda: self.made)
            await self.refused(sock)
        self.assertEqual(server.sockets, ())
        self.assertEqual(self.made[0].told, [])
        self.assertEqual(self.told, [])

    async def test_nothing_is_accepted_behind_it(self):
        server = await self.server()
        address = server.sockets[0].getsockname()
        server.close()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address)
        await server.wait_closed()

    async def test_wait_closed_waits_for_connections(self):
        if sys.version_info < (3, 12):
            self.skipTest("Python 3.12 does that")
        server = await self.server()
        sock = self.connect(server)
        await until(lambda: self.made and self.made[0].told)
        server.close()
        task = self.loop.create_task(server.wait_closed())
        await settle()
        self.assertFalse(task.done())
        sock.close()
        await task

    async def test_serving_begins_when_it_is_asked_to(self):
        server = await self.server(start_serving=False)
        self.assertFalse(server.is_serving())
        await server.start_serving()
        self.assertTrue(server.is_serving())
        self.connect(server)
        await until(lambda: self.made and self.made[0].told)
        await self.end(server)

    async def test_serve_forever_is_cancelled(self):
        server = await self.server()
        task = self.loop.create_task(server.serve_forever())
        await settle()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertFalse(server.is_serving())


@on_both
class Nothing(Base):
    def test_is_left(self):
        async def cycle():
            made = []

            def factory():
                made.append(Notes())
                return made[-1]

            server = await self.loop.create_server(factory, "127.0.0.1", 0)
            with socket.create_connection(server.sockets[0].getsockname()):
                await until(lambda: made and made[0].told)
            await until(lambda: made[0].told[-1] != "made")
            server.close()
            await server.wait_closed()
            await settle()
            return server, made[0], made[0].transport

        self.assert_nothing_left(cycle)


if __name__ == "__main__":
    unittest.main()
