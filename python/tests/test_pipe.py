"""Transports of pipes, FIFOs, terminals and sockets, and subprocesses on them, on both loops."""
import asyncio
import errno
import fcntl
import os
import pty
import signal
import socket
import sys
import tempfile
import unittest
import unittest.mock

from loops import on_both, settle, until


class Notes(asyncio.Protocol):
    """Notes down what it is told."""

    def __init__(self):
        self.told = []

    def connection_made(self, transport):
        self.transport = transport
        self.told.append("made")

    def data_received(self, data):
        self.told.append(data)

    def eof_received(self):
        self.told.append("eof")
        return True  # which means nothing to a pipe

    def pause_writing(self):
        self.told.append("pause")

    def resume_writing(self):
        self.told.append("resume")

    def connection_lost(self, exc):
        self.told.append(("lost", exc))

    def is_lost(self):
        return isinstance(self.told[-1], tuple)

    def received(self):
        return b"".join(one for one in self.told if isinstance(one, bytes))


class Base:
    def pipe(self):
        """The descriptor to read from, and that to write to."""
        return os.pipe()

    def tells_whether_it_reads(self):
        return self.is_ours or sys.version_info >= (3, 11, 3)

    def open(self, fd, mode):
        file = open(fd, mode, buffering=0)
        self.addCleanup(file.close)
        return file

    async def reader(self, fd, protocol=Notes):
        return await self.loop.connect_read_pipe(protocol, self.open(fd, "rb"))

    async def writer(self, fd, protocol=Notes):
        return await self.loop.connect_write_pipe(protocol, self.open(fd, "wb"))

    def end(self, fd):
        def close():
            try:
                os.close(fd)
            except OSError:
                pass
        self.addCleanup(close)
        return fd


@on_both
class Reading(Base):
    async def test_what_comes_and_the_end(self):
        r, w = self.pipe()
        transport, notes = await self.reader(r)
        self.assertIsInstance(transport, asyncio.ReadTransport)
        self.assertNotIsInstance(transport, asyncio.WriteTransport)
        self.assertTrue(not self.tells_whether_it_reads() or transport.is_reading())
        os.write(w, b"one")
        await until(lambda: notes.received() == b"one")
        os.write(w, b"two")
        os.close(w)
        await until(notes.is_lost)
        self.assertEqual(notes.told, ["made", b"one", b"two", "eof", ("lost", None)])
        self.assertTrue(transport.is_closing())
        with self.assertRaises(OSError):
            os.fstat(r)

    async def test_much(self):
        r, w = self.pipe()
        transport, notes = await self.reader(r)
        data = os.urandom(1_000_000)

        def write():
            with open(w, "wb") as file:
                file.write(data)

        await self.loop.run_in_executor(None, write)
        await until(notes.is_lost)
        self.assertEqual(notes.received(), data)

    async def test_a_fifo_nobody_has_written_to_yet(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkfifo(folder + "/fifo")
            r = os.open(folder + "/fifo", os.O_RDONLY | os.O_NONBLOCK)
            transport, notes = await self.reader(r)
            await settle()
            self.assertEqual(notes.told, ["made"])
            with open(folder + "/fifo", "wb", buffering=0) as file:
                file.write(b"hello")
            await until(notes.is_lost)
            self.assertEqual(notes.told, ["made", b"hello", "eof", ("lost", None)])

    async def test_a_socket(self):
        a, b = socket.socketpair()
        transport, notes = await self.loop.connect_read_pipe(Notes, a)
        b.send(b"hello")
        b.close()
        await until(notes.is_lost)
        self.assertEqual(notes.told, ["made", b"hello", "eof", ("lost", None)])
        self.assertEqual(a.fileno(), -1)

    async def test_a_terminal(self):
        leader, follower = pty.openpty()
        self.end(follower)
        transport, notes = await self.reader(leader)
        os.write(follower, b"hello")
        await until(lambda: notes.received() == b"hello")
        os.close(follower)
        await until(notes.is_lost)  # by EIO, which is not told of
        self.assertEqual(notes.told[-1][1].errno, errno.EIO)
        self.assertEqual(self.told, [])

    async def test_pause_and_resume(self):
        r, w = self.pipe()
        self.end(w)
        transport, notes = await self.reader(r)
        transport.pause_reading()
        transport.pause_reading()
        self.assertFalse(self.tells_whether_it_reads() and transport.is_reading())
        os.write(w, b"hello")
        await settle()
        self.assertEqual(notes.told, ["made"])
        transport.resume_reading()
        await until(lambda: notes.received() == b"hello")
        transport.close()
        await until(notes.is_lost)

    async def test_paused_before_it_begins(self):
        class Pauses(Notes):
            def connection_made(self, transport):
                super().connection_made(transport)
                transport.pause_reading()

        r, w = self.pipe()
        self.end(w)
        os.write(w, b"hello")
        transport, notes = await self.reader(r, Pauses)
        await settle()
        self.assertEqual(notes.told, ["made"] if self.is_ours or sys.version_info >= (3, 11, 3) else notes.told)
        transport.resume_reading()
        await until(lambda: notes.received() == b"hello")
        transport.close()
        await until(notes.is_lost)

    async def test_close_is_the_end_of_it(self):
        r, w = self.pipe()
        self.end(w)
        transport, notes = await self.reader(r)
        os.write(w, b"hello")
        transport.close()
        transport.close()
        self.assertEqual(notes.told, ["made"])
        await settle()
        self.assertEqual(notes.told, ["made", ("lost", None)])

    async def test_a_protocol_that_raises(self):
        class Raises(Notes):
            def data_received(self, data):
                super().data_received(data)
                raise ValueError("bad")

        r, w = self.pipe()
        transport, notes = await self.reader(r, Raises)
        os.write(w, b"hello")
        await until(lambda: self.told)
        self.assertRegex(self.told[0]["message"], r"^Exception in callback .*PipeTransport\._read_ready\(\)")
        self.assertFalse(transport.is_closing())
        os.close(w)
        await until(notes.is_lost)

    async def test_a_regular_file_is_refused(self):
        with open(__file__, "rb") as file:
            with self.assertRaisesRegex(ValueError, "^Pipe transport is for pipes/sockets only.$"):
                await self.loop.connect_read_pipe(Notes, file)
            with self.assertRaisesRegex(ValueError, "^Pipe transport is only for pipes, sockets and character devices$"):
                await self.loop.connect_write_pipe(Notes, file)

    async def test_what_it_tells_of_itself(self):
        r, w = self.pipe()
        self.end(w)
        transport, notes = await self.reader(r)
        self.assertEqual(transport.get_extra_info("pipe").fileno(), r)
        self.assertIs(transport.get_protocol(), notes)
        self.assertTrue(fcntl.fcntl(r, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.assertRegex(repr(transport), f"ReadPipeTransport fd={r} polling>$")
        transport.close()
        await until(notes.is_lost)
        self.assertRegex(repr(transport), "ReadPipeTransport closed")


@on_both
class Writing(Base):
    async def test_at_once_and_to_the_end(self):
        r, w = self.pipe()
        self.end(r)
        transport, notes = await self.writer(w)
        self.assertIsInstance(transport, asyncio.WriteTransport)
        self.assertTrue(transport.can_write_eof())
        transport.write(b"one ")
        self.assertEqual(os.read(r, 100), b"one ")
        transport.write(bytearray(b"two "))
        transport.writelines([b"th", memoryview(b"ree")])
        transport.write(b"")
        transport.write_eof()
        transport.write(b"in vain")
        await until(notes.is_lost)
        self.assertEqual(os.read(r, 100), b"two three")
        self.assertEqual(os.read(r, 100), b"")
        self.assertEqual(notes.told, ["made", ("lost", None)])

    async def test_more_than_there_is_room_for(self):
        r, w = self.pipe()
        self.end(r)
        os.set_blocking(r, False)
        transport, notes = await self.writer(w)
        data = os.urandom(1_000_000)
        transport.write(data)
        self.assertGreater(transport.get_write_buffer_size(), 500_000)
        self.assertEqual(notes.told, ["made", "pause"])
        transport.close()
        transport.close()
        received = b""
        while not notes.is_lost():
            try:
                received += os.read(r, 100_000)
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
        while more := os.read(r, 100_000):
            received += more
        self.assertEqual(received, data)
        self.assertEqual(notes.told, ["made", "pause", "resume", ("lost", None)])

    async def test_the_reader_goes(self):
        for is_socket in (False, True):
            if is_socket:
                a, b = socket.socketpair()
                r, w = b.detach(), a.detach()
            else:
                r, w = self.pipe()
            transport, notes = await self.writer(w)
            await settle()
            os.close(r)
            await until(notes.is_lost)
            self.assertEqual(notes.told, ["made", ("lost", None)])

    async def test_the_reader_goes_before_all_has_left(self):
        r, w = self.pipe()
        transport, notes = await self.writer(w)
        transport.write(bytes(1_000_000))
        await settle()
        os.close(r)
        await until(notes.is_lost)
        self.assertIsInstance(notes.told[-1][1], BrokenPipeError)
        self.assertEqual(self.told, [])

    async def test_writing_fails(self):
        r, w = self.pipe()
        transport, notes = await self.writer(w)
        os.close(r)
        transport.write(b"x")
        self.assertTrue(transport.is_closing())
        await until(notes.is_lost)
        self.assertIsInstance(notes.told[-1][1], BrokenPipeError)
        with unittest.mock.patch("asyncio.log.logger.warning") as warning:
            for _ in range(10):
                transport.write(b"x")
            warning.assert_called_with("pipe closed by peer or os.write(pipe, data) raised exception.")

    async def test_abort_drops_what_is_left(self):
        r, w = self.pipe()
        self.end(r)
        transport, notes = await self.writer(w)
        transport.write(bytes(1_000_000))
        transport.abort()
        await until(notes.is_lost)
        self.assertEqual(notes.told, ["made", "pause", ("lost", None)])

    async def test_a_terminal(self):
        leader, follower = pty.openpty()
        self.end(leader)
        transport, notes = await self.writer(follower)
        transport.write(b"hello")
        self.assertEqual(os.read(leader, 100), b"hello")
        os.write(leader, b"typed\n")  # which is for whoever reads
        await settle()
        self.assertEqual(notes.told, ["made"])
        transport.close()
        await until(notes.is_lost)

    async def test_marks(self):
        r, w = self.pipe()
        self.end(r)
        transport, notes = await self.writer(w)
        transport.set_write_buffer_limits(high=100_000, low=10)
        transport.write(bytes(65536))
        self.assertEqual((transport.get_write_buffer_size(), notes.told), (0, ["made"]))
        transport.write(bytes(200_000))
        self.assertEqual(notes.told, ["made", "pause"])
        os.set_blocking(r, False)
        while notes.told[-1] != "resume":
            try:
                os.read(r, 65536)
            except BlockingIOError:
                pass
            await asyncio.sleep(0)
        self.assertLessEqual(transport.get_write_buffer_size(), 10)
        transport.abort()
        await until(notes.is_lost)

    async def test_what_is_no_bytes(self):
        r, w = self.pipe()
        self.end(r)
        transport, notes = await self.writer(w)
        with self.assertRaises(AssertionError):
            transport.write("text")
        transport.close()
        await until(notes.is_lost)


@on_both
class Children:
    def setUp(self):
        super().setUp()
        if sys.version_info < (3, 12):
            watcher = asyncio.PidfdChildWatcher() if hasattr(os, "pidfd_open") else asyncio.ThreadedChildWatcher()
            watcher.attach_loop(self.loop)
            asyncio.set_child_watcher(watcher)
            self.addCleanup(asyncio.set_child_watcher, None)

    async def start(self, *command, **options):
        return await asyncio.create_subprocess_exec(*command, stdin=-1, stdout=-1, stderr=-1, **options)

    async def test_communicate(self):
        data = os.urandom(500_000)
        child = await self.start("cat")
        self.assertEqual(await child.communicate(data), (data, b""))
        self.assertEqual(child.returncode, 0)

    async def test_lines(self):
        child = await self.start("sed", "-u", "s/a/b/")
        for line in (b"aa\n", b"ca\n"):
            child.stdin.write(line)
            await child.stdin.drain()
            self.assertEqual(await child.stdout.readline(), line.replace(b"a", b"b", 1))
        child.stdin.close()
        self.assertEqual(await child.wait(), 0)

    async def test_one_that_does_not_read(self):
        child = await self.start("true")
        await child.communicate(bytes(1_000_000))
        self.assertEqual(child.returncode, 0)

    async def test_killed(self):
        child = await self.start("sleep", "1000")
        child.kill()
        self.assertEqual(await child.wait(), -signal.SIGKILL)
        await child.communicate()

    async def test_cancelled(self):
        child = await self.start("cat")
        task = self.loop.create_task(child.stdout.read())
        await settle()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        child.stdin.close()
        self.assertEqual(await child.wait(), 0)
        await child.communicate()


@on_both
class Nothing(Base):
    def test_is_left(self):
        async def cycle():
            r, w = os.pipe()
            reader, read = await self.loop.connect_read_pipe(Notes, open(r, "rb", buffering=0))
            writer, written = await self.loop.connect_write_pipe(Notes, open(w, "wb", buffering=0))
            writer.write(b"hello")
            await until(lambda: read.received() == b"hello")
            writer.close()
            await until(read.is_lost)
            await settle()
            return reader, read, writer, written

        self.assert_nothing_left(cycle)

    async def test_is_left_where_it_is_cancelled(self):
        for connect, mode in ((self.loop.connect_read_pipe, "rb"), (self.loop.connect_write_pipe, "wb")):
            ends = os.pipe()
            with open(ends[mode == "wb"], mode, buffering=0) as file:
                task = self.loop.create_task(connect(Notes, file))
                await asyncio.sleep(0)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                await settle()
                self.assertTrue(file.closed)
            os.close(ends[mode == "rb"])


if __name__ == "__main__":
    unittest.main()
