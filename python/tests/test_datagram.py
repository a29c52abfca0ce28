"""Datagram endpoints, on both loops."""
import asyncio
import contextvars
import errno
import gc
import os
import socket
import sys
import unittest
import unittest.mock
import warnings

from loops import on_both, settle, until


class Notes(asyncio.DatagramProtocol):
    """Notes down what it is told."""

    def __init__(self):
        self.told = []

    def connection_made(self, transport):
        self.transport = transport
        self.told.append("made")

    def datagram_received(self, data, addr):
        self.told.append((data, addr))

    def error_received(self, exc):
        self.told.append(exc)

    def pause_writing(self):
        self.told.append("pause")

    def resume_writing(self):
        self.told.append("resume")

    def connection_lost(self, exc):
        self.told.append(("lost", exc))

    def received(self):
        return [one for one in self.told if isinstance(one, tuple) and one[0] != "lost"]


class Base:
    async def endpoint(self, protocol=Notes, **options):
        options = options or {"local_addr": ("127.0.0.1", 0)}
        transport, protocol = await self.loop.create_datagram_endpoint(protocol, **options)
        self.addCleanup(self.end, transport)
        return transport, protocol

    def end(self, transport):
        if transport._loop and not self.loop.is_closed():
            transport.abort()
            self.loop.run_until_complete(settle())

    def plain(self, family=socket.AF_INET):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        self.addCleanup(sock.close)
        if family != socket.AF_UNIX:
            sock.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
        return sock


def name_of(transport):
    return transport.get_extra_info("sockname")


@on_both
class Exchange(Base):
    async def test_to_and_from(self):
        for host in ("127.0.0.1", "::1"):
            a, notes_a = await self.endpoint(local_addr=(host, 0))
            b, notes_b = await self.endpoint(local_addr=(host, 0))
            self.assertIsNone(a.sendto(b"one", name_of(b)))
            await until(notes_b.received)
            self.assertEqual(notes_b.received(), [(b"one", name_of(a))])
            b.sendto(bytearray(b"two"), notes_b.received()[0][1])
            await until(notes_a.received)
            self.assertEqual(notes_a.received(), [(b"two", name_of(b))])
            self.assertIs(type(notes_a.received()[0][0]), bytes)

    async def test_connected(self):
        plain = self.plain()
        a, notes = await self.endpoint(remote_addr=plain.getsockname())
        self.assertEqual(a.get_extra_info("peername"), plain.getsockname())
        a.sendto(b"one")
        a.sendto(memoryview(b"two"), plain.getsockname())
        self.assertEqual([plain.recv(10), plain.recv(10)], [b"one", b"two"])
        with self.assertRaisesRegex(ValueError, r"^Invalid address: must be None or \('127.0.0.1', [0-9]+\)$"):
            a.sendto(b"three", ("127.0.0.1", 1))
        plain.sendto(b"back", name_of(a))
        await until(notes.received)
        self.assertEqual(notes.received(), [(b"back", plain.getsockname())])

    async def test_unix(self):
        path = f"/tmp/eddyloop-datagram-{os.getpid()}"
        a, notes = await self.endpoint(local_addr=path, family=socket.AF_UNIX)
        self.addCleanup(os.unlink, path)
        plain = self.plain(socket.AF_UNIX)
        data = os.urandom(150_000)
        plain.sendto(data, path)
        plain.sendto(b"", path)
        await until(lambda: len(notes.received()) == 2)
        self.assertEqual(notes.received(), [(data, None), (b"", None)])

    async def test_order_and_number(self):
        a, notes = await self.endpoint()
        plain = self.plain()
        for i in range(50):
            plain.sendto(b"%d" % i, name_of(a))
        await until(lambda: len(notes.received()) == 50)
        self.assertEqual([data for data, _ in notes.received()], [b"%d" % i for i in range(50)])

    async def test_what_one_schedules_runs_before_the_next_is_shown(self):
        order = []

        class Schedules(Notes):
            def datagram_received(self, data, addr):
                order.append(data)
                asyncio.get_running_loop().call_soon(order.append, b"after " + data)

        a, _ = await self.endpoint(Schedules)
        plain = self.plain()
        for i in range(5):
            plain.sendto(b"%d" % i, name_of(a))
        await until(lambda: len(order) == 10)
        self.assertEqual(order, [text for i in range(5) for text in (b"%d" % i, b"after %d" % i)])

    async def test_empty(self):
        a, _ = await self.endpoint()
        plain = self.plain()
        a.sendto(b"", plain.getsockname())
        a.sendto(b"x", plain.getsockname())
        self.assertEqual(plain.recv(10), b"" if sys.version_info >= (3, 13) else b"x")

    async def test_what_is_no_bytes(self):
        a, _ = await self.endpoint()
        for data in ("text", 1, None):
            with self.assertRaisesRegex(TypeError, "^data argument must be a bytes-like object, not "
                                        f"'{type(data).__name__}'$"):
                a.sendto(data, ("127.0.0.1", 1))

    async def test_what_is_no_address_is_the_end(self):
        for address in (5, ("127.0.0.1",), ("127.0.0.1", 70000), None):
            a, notes = await self.endpoint()
            a.sendto(b"x", address)
            self.assertTrue(a.is_closing())
            await settle()
            self.assertEqual(self.told.pop()["message"], "Fatal write error on datagram transport")
            self.assertEqual(notes.told[-1][0], "lost")
            self.assertIsInstance(notes.told[-1][1], (TypeError, OverflowError))

    async def test_a_name(self):
        a, _ = await self.endpoint()
        plain = self.plain()
        a.sendto(b"x", ("localhost", plain.getsockname()[1]))
        self.assertEqual(plain.recv(10), b"x")

    async def test_the_context_is_that_of_who_made_it(self):
        variable = contextvars.ContextVar("variable", default="none")
        seen = []

        class Sees(Notes):
            def datagram_received(self, data, addr):
                seen.append(variable.get())

        variable.set("maker")
        a, _ = await self.endpoint(Sees)
        variable.set("other")
        a.sendto(b"x", name_of(a))
        await until(lambda: seen)
        self.assertEqual(seen, ["maker"])

    async def test_what_it_is(self):
        a, notes = await self.endpoint()
        self.assertIsInstance(a, asyncio.Transport)
        if self.is_ours or sys.version_info >= (3, 12):
            self.assertIsInstance(a, asyncio.DatagramTransport)
        self.assertEqual(notes.told, ["made"])
        self.assertIs(a.get_protocol(), notes)
        self.assertEqual(a.get_write_buffer_size(), 0)
        self.assertEqual(a.get_extra_info("socket").fileno(), a._sock_fd)
        if self.is_ours:
            self.assertRegex(repr(a), r"^<DatagramTransport fd=[0-9]+ read=polling write=<idle, bufsize=0>>$")


@on_both
class Failing(Base):
    async def test_refused(self):
        plain = self.plain()
        a, notes = await self.endpoint(remote_addr=plain.getsockname())
        plain.connect(plain.getsockname())  # who hears only itself refuses others, and keeps the port from them
        a.sendto(b"x")
        await until(lambda: len(notes.told) > 1)
        self.assertIsInstance(notes.told[1], ConnectionRefusedError)
        self.assertFalse(a.is_closing())

    async def test_too_large(self):
        a, notes = await self.endpoint()
        a.sendto(bytes(70_000), name_of(a))
        self.assertEqual(notes.told[1].errno, errno.EMSGSIZE)
        a.sendto(b"x", name_of(a))
        await until(notes.received)

    async def test_a_protocol_that_raises(self):
        class Raises(Notes):
            def datagram_received(self, data, addr):
                super().datagram_received(data, addr)
                if data == b"bad":
                    raise ValueError("bad")

        a, notes = await self.endpoint(Raises)
        a.sendto(b"bad", name_of(a))
        a.sendto(b"good", name_of(a))
        await until(lambda: len(notes.received()) == 2)
        self.assertRegex(self.told[0]["message"], r"^Exception in callback .*Transport\._read_ready\(\)")
        self.assertIsInstance(self.told[0]["exception"], ValueError)

    async def test_error_received_that_raises_is_the_senders(self):
        class Raises(Notes):
            def error_received(self, exc):
                raise ZeroDivisionError

        a, notes = await self.endpoint(Raises)
        with self.assertRaises(ZeroDivisionError):
            a.sendto(bytes(70_000), name_of(a))

    def test_an_interrupt_in_a_protocol_ends_the_run(self):
        class Raises(Notes):
            def datagram_received(self, data, addr):
                raise KeyboardInterrupt

        async def main():
            a, _ = await self.endpoint(Raises)
            a.sendto(b"x", name_of(a))
            await self.loop.create_future()

        with self.assertRaises(KeyboardInterrupt):
            self.loop.run_until_complete(main())
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(settle())

    async def test_the_descriptor_is_taken(self):
        a, _ = await self.endpoint()
        with self.assertRaisesRegex(RuntimeError, "is used by transport"):
            self.loop.add_reader(a._sock_fd, print)


@on_both
class Queueing(Base):
    """What the kernel has no room for: a UNIX socket whose peer does not receive."""

    def fill(self, transport):
        sent = []
        while transport.get_write_buffer_size() == 0:
            sent.append(b"%06d" % len(sent))
            transport.sendto(sent[-1])
        return sent

    async def pair(self):
        path = f"/tmp/eddyloop-queue-{os.getpid()}-{self.is_ours}"
        plain = self.plain(socket.AF_UNIX)
        plain.bind(path)
        self.addCleanup(os.unlink, path)
        transport, notes = await self.endpoint(remote_addr=path, family=socket.AF_UNIX)
        return transport, notes, plain

    async def test_all_arrive_in_order(self):
        transport, notes, plain = await self.pair()
        sent = self.fill(transport)
        for _ in range(100):
            sent.append(b"%06d" % len(sent))
            transport.sendto(sent[-1])
        received = []
        while len(received) < len(sent):
            await settle()
            received.append(plain.recv(100))
        self.assertEqual(received, sent)
        await settle()
        self.assertEqual(notes.told, ["made"])

    async def test_marks(self):
        transport, notes, plain = await self.pair()
        transport.set_write_buffer_limits(high=1000, low=100)
        self.assertEqual(transport._protocol_paused, False)
        self.fill(transport)
        for _ in range(3):
            transport.sendto(bytes(500))
        self.assertEqual(notes.told, ["made", "pause"])
        plain.setblocking(False)
        while notes.told[-1] != "resume":
            try:
                plain.recv(1000)
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
        self.assertEqual(notes.told, ["made", "pause", "resume"])
        with self.assertRaisesRegex(ValueError, "high"):
            transport.set_write_buffer_limits(high=1, low=2)

    async def test_close_sends_what_is_left(self):
        transport, notes, plain = await self.pair()
        sent = self.fill(transport)
        transport.close()
        self.assertTrue(transport.is_closing())
        await settle()
        self.assertEqual(notes.told, ["made"])
        received = []
        while len(received) < len(sent):
            received.append(plain.recv(100))
            await settle()
        self.assertEqual(received, sent)
        await until(lambda: notes.told[-1] == ("lost", None))

    async def test_abort_drops_it(self):
        transport, notes, plain = await self.pair()
        sent = self.fill(transport)
        transport.abort()
        transport.abort()
        self.assertEqual(transport.get_write_buffer_size() if self.is_ours else 0, 0)
        await settle()
        self.assertEqual(notes.told, ["made", ("lost", None)])

    async def test_what_waits_is_a_copy(self):
        transport, notes, plain = await self.pair()
        sent = self.fill(transport)
        data = bytearray(b"before")
        transport.sendto(data)
        data[:] = b"after!"
        for _ in sent:
            plain.recv(100)
            await settle()
        await settle()
        self.assertEqual(plain.recv(100), b"before")


@on_both
class Closing(Base):
    async def test_once_and_in_the_next_turn(self):
        a, notes = await self.endpoint()
        number = a._sock_fd
        a.close()
        a.close()
        a.abort()
        self.assertEqual(notes.told, ["made"])
        await settle()
        self.assertEqual(notes.told, ["made", ("lost", None)])
        with self.assertRaises(OSError):
            os.fstat(number)

    async def test_within_what_it_is_told(self):
        class Closes(Notes):
            def datagram_received(self, data, addr):
                super().datagram_received(data, addr)
                self.transport.close()

        a, notes = await self.endpoint(Closes)
        for _ in range(5):
            a.sendto(b"x", name_of(a))
        await until(lambda: notes.told[-1] == ("lost", None))
        self.assertEqual(len(notes.received()), 1)

    async def test_a_connected_one_that_is_lost_warns_in_the_end(self):
        plain = self.plain()
        a, _ = await self.endpoint(remote_addr=plain.getsockname())
        a.abort()
        with unittest.mock.patch("asyncio.log.logger.warning") as warning:
            for _ in range(4):
                a.sendto(b"x")
            warning.assert_not_called()
            for _ in range(4):
                a.sendto(b"x")
            warning.assert_called_with("socket.send() raised exception.")
        await settle()

    async def test_pause_and_resume(self):
        if sys.version_info < (3, 11, 3) and not self.is_ours:
            self.skipTest("Python 3.11 has it")
        a, notes = await self.endpoint()
        a.pause_reading()
        a.pause_reading()
        self.assertFalse(a.is_reading())
        for i in range(10):
            a.sendto(b"%d" % i, name_of(a))
        await settle()
        self.assertEqual(notes.received(), [])
        a.resume_reading()
        self.assertTrue(a.is_reading())
        await until(lambda: len(notes.received()) == 10)

    async def test_paused_within_what_it_is_told(self):
        if sys.version_info < (3, 11, 3) and not self.is_ours:
            self.skipTest("Python 3.11 has it")

        class Pauses(Notes):
            def datagram_received(self, data, addr):
                super().datagram_received(data, addr)
                self.transport.pause_reading()

        a, notes = await self.endpoint(Pauses)
        for i in range(3):
            a.sendto(b"%d" % i, name_of(a))
        for i in range(3):
            await until(lambda: len(notes.received()) == i + 1)
            await settle()
            self.assertEqual(len(notes.received()), i + 1)
            a.resume_reading()

    def test_one_that_is_left_open_warns(self):
        self.loop.run_until_complete(self.loop.create_datagram_endpoint(Notes, local_addr=("127.0.0.1", 0)))
        self.loop.close()
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            self.loop = None
            gc.collect()
        self.assertIn("unclosed transport <", "".join(str(one.message) for one in caught))

    async def test_cancelled_while_it_is_made(self):
        task = self.loop.create_task(self.loop.create_datagram_endpoint(Notes, local_addr=("127.0.0.1", 0)))
        await asyncio.sleep(0)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        await settle()


@on_both
class Nothing(Base):
    def test_is_left(self):
        async def cycle():
            a, notes = await self.loop.create_datagram_endpoint(Notes, local_addr=("127.0.0.1", 0))
            a.sendto(b"x", name_of(a))
            await until(notes.received)
            a.close()
            await settle()
            return a, notes

        self.assert_nothing_left(cycle)


if __name__ == "__main__":
    unittest.main()
