"""TLS as users of asyncio know it, by the extension and by asyncio.sslproto on a transport of ours.

    python3 python/tests/test_tls.py [Fast.test_echo ...]
"""
import asyncio
import contextlib
import gc
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import unittest
import warnings
import weakref

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import servers


def skip(reason):
    """What is missing costs one test here, not the whole program."""
    raise unittest.SkipTest(reason)


servers.skip = skip  # before others take it from there

from certificates import issue

import eddyloop
from eddyloop import _core, _tls

BIG = bytes(range(256)) * 4096  # 1 MiB, more than a socket's buffers hold
TIMEOUT = 30


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    globals()["FOLDER"] = folder.name
    globals()["AUTHORITY"] = issue(folder.name, "authority")
    globals()["LOCALHOST"] = issue(folder.name, "localhost", "DNS:localhost,IP:127.0.0.1", AUTHORITY)
    globals()["OTHER"] = issue(folder.name, "other.example", "DNS:other.example", AUTHORITY)


def server_context(issued=None):
    issued = issued or LOCALHOST
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.file, issued.key)
    return context


def client_context():
    return ssl.create_default_context(cafile=AUTHORITY.file)


class Recorder(asyncio.Protocol):
    """Notes down what it is told."""

    def __init__(self):
        self.told, self.data = [], b""
        self.made, self.lost = asyncio.Event(), asyncio.Event()
        self.awaited = []  # conditions and futures
        self.transport = self.exception = None

    def connection_made(self, transport):
        self.transport = transport
        self.told.append("made")
        self.made.set()

    def data_received(self, data):
        assert isinstance(data, bytes) and data
        self.data += data
        self.told.append("data")
        self.note()

    def eof_received(self):
        self.told.append("eof")

    def pause_writing(self):
        self.told.append("pause")

    def resume_writing(self):
        self.told.append("resume")
        self.note()

    def connection_lost(self, exception):
        self.told.append("lost")
        self.exception = exception
        self.lost.set()
        self.note()

    def note(self):
        for condition, future in self.awaited:
            if condition() and not future.done():
                future.set_result(None)

    async def until(self, condition):
        self.awaited.append((condition, asyncio.get_running_loop().create_future()))
        self.note()
        await self.awaited[-1][1]

    async def until_data(self, n):
        await self.until(lambda: len(self.data) >= n or self.lost.is_set())


class Echo(Recorder):
    def data_received(self, data):
        super().data_received(data)
        self.transport.write(data)


class Buffered(Recorder, asyncio.BufferedProtocol):
    """Has a buffer of its own, of so many bytes."""

    data_received = None

    def __init__(self, size):
        super().__init__()
        self.buffer = bytearray(size)

    def get_buffer(self, sizehint):
        return memoryview(self.buffer)

    def buffer_updated(self, n):
        self.data += self.buffer[:n]
        self.note()


class Wire:
    """A peer that says TLS by hand: each record is seen, and none is said but when it is asked to."""

    def __init__(self, reader, writer, context, **options):
        self.reader, self.writer = reader, writer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, **options)
        self.raw = b""

    def say(self):
        self.writer.write(self.outgoing.read())

    async def hear(self):
        data = await self.reader.read(1 << 16)
        self.raw += data
        self.incoming.write(data)
        return bool(data)

    async def call(self, function, *args):
        """What a function of the SSLObject's comes to, once enough has come."""
        while True:
            try:
                return function(*args)
            except ssl.SSLWantReadError:
                self.say()
                if not await self.hear():
                    raise EOFError from None
            finally:
                self.say()

    async def read(self, n):
        data = b""
        while len(data) < n:
            more = await self.call(self.tls.read, n - len(data))
            if not more:
                break
            data += more
        return data

    def write(self, data):
        self.tls.write(data)
        self.say()

    def records(self):
        """The kind and length of each record that has come."""
        found, at = [], 0
        while at + 5 <= len(self.raw):
            length = int.from_bytes(self.raw[at + 3:at + 5], "big")
            found.append((self.raw[at], length))
            at += 5 + length
        return found


class Cases:
    """What holds whichever way TLS goes."""

    def run(self, result=None):
        with contextlib.ExitStack() as stack:
            before = _tls._reason
            stack.callback(setattr, _tls, "_reason", before)
            _tls._reason = self.reason
            return super().run(result)

    def setUp(self):
        self.reported = []

    def go(self, test):
        """Run a coroutine function on a loop, which nothing may be reported to but what it says."""
        async def main():
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(self.note_report)
            await asyncio.wait_for(test(), TIMEOUT)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of what a test leaves to the end of its loop
            eddyloop.run(main())
            gc.collect()
        if not getattr(self, "may_report", False):
            self.assertEqual(self.reported, [])

    def note_report(self, loop, context):
        if context["message"] != "Error on transport creation for incoming connection":  # debug mode tells of it
            self.reported.append(context)

    @contextlib.asynccontextmanager
    async def served(self, factory, context=None, **options):
        """A server's port, and the protocols that it has made."""
        made = []

        def make():
            made.append(factory())
            return made[-1]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(make, "127.0.0.1", 0, ssl=context or server_context(), **options)
        try:
            yield server.sockets[0].getsockname()[1], made
        finally:
            server.close()

    async def connect(self, port, factory=Recorder, context=None, **options):
        options.setdefault("server_hostname", "localhost")
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_connection(factory, "127.0.0.1", port, ssl=context or client_context(), **options)
        return protocol

    async def close(self, *protocols):
        for protocol in protocols:
            protocol.transport.close()
        for protocol in protocols:
            await protocol.lost.wait()

    @contextlib.asynccontextmanager
    async def wired(self, factory=Recorder, context=None, **options):
        """A client's protocol, once it has connected, and the Wire that is its server."""
        wire = asyncio.get_running_loop().create_future()

        async def serve(reader, writer):
            wire.set_result(Wire(reader, writer, context or server_context(), server_side=True))
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        connecting = asyncio.ensure_future(self.connect(port, factory, **options))
        wire = await wire
        try:
            await wire.call(wire.tls.do_handshake)
            protocol = await connecting
            yield protocol, wire
        finally:
            if connecting.done() and not connecting.cancelled():
                connecting.exception()
            wire.writer.close()
            server.close()

    def test_echo(self):
        async def test():
            for size in (1, 100, 16384, 16385, 65536, len(BIG)):
                async with self.served(Echo) as (port, made):
                    client = await self.connect(port)
                    client.transport.write(BIG[:size])
                    await client.until_data(size)
                    self.assertEqual(client.data, BIG[:size])
                    await self.close(client)
                    await made[0].lost.wait()
                    for protocol in (client, made[0]):
                        self.assertIsNone(protocol.exception)
                        self.assertEqual(protocol.told.count("eof"), 1)
                        self.assertEqual(protocol.told[-1], "lost")
        self.go(test)

    def test_many_connections_at_once(self):
        async def test():
            async with self.served(Echo) as (port, made):
                clients = await asyncio.gather(*(self.connect(port) for _ in range(30)))
                for turn in range(3):
                    for number, client in enumerate(clients):
                        client.transport.write(bytes([number]) * 3000)
                for number, client in enumerate(clients):
                    await client.until_data(9000)
                    self.assertEqual(client.data, bytes([number]) * 9000)
                await self.close(*clients)
                for protocol in made:
                    await protocol.lost.wait()
        self.go(test)

    def test_streams(self):
        async def serve(reader, writer):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
            writer.close()

        async def test():
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context())
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context(),
                                                           server_hostname="localhost")
            writer.writelines([b"one\n", bytearray(b"two"), memoryview(b"\n")])
            self.assertEqual(await reader.readline(), b"one\n")
            self.assertEqual(await reader.readline(), b"two\n")
            writer.write(b"3" * 50000 + b"\n")
            self.assertEqual(await reader.readline(), b"3" * 50000 + b"\n")
            writer.close()
            await writer.wait_closed()
            server.close()
        self.go(test)

    def test_a_buffered_protocol_gets_all_whatever_the_size_of_its_buffer(self):
        async def test():
            for size in (1000, 16384, 100000):
                async with self.served(lambda: Buffered(size)) as (port, made):
                    client = await self.connect(port)
                    client.transport.write(BIG[:200000])
                    await client.made.wait()
                    await made[0].until_data(200000)
                    self.assertEqual(made[0].data, BIG[:200000])
                    await self.close(client)
                    await made[0].lost.wait()
        self.go(test)

    def test_what_is_known_of_a_connection(self):
        async def test():
            context, theirs = client_context(), server_context()
            context.set_alpn_protocols(["h2", "http/1.1"])
            theirs.set_alpn_protocols(["http/1.1"])
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, context=context)
                info = client.transport.get_extra_info
                tls = info("ssl_object")
                self.assertIsInstance(tls, ssl.SSLObject)
                self.assertEqual(tls.selected_alpn_protocol(), "http/1.1")
                self.assertIn(tls.version(), ("TLSv1.2", "TLSv1.3"))
                self.assertEqual(info("cipher"), tls.cipher())
                self.assertEqual(info("peercert"), tls.getpeercert())
                self.assertEqual(info("peercert")["subject"], ((("commonName", "localhost"),),))
                self.assertIs(info("sslcontext"), context)
                self.assertIsNone(info("compression", "nothing"))
                self.assertEqual(info("peername"), ("127.0.0.1", port))
                self.assertEqual(info("no such thing", 5), 5)
                self.assertFalse(tls.session_reused)
                self.assertEqual(tls.server_hostname, "localhost")
                self.assertFalse(tls.server_side)
                client.transport.write(b"a")
                await client.until_data(1)
                self.assertIsInstance(tls.session, ssl.SSLSession)
                self.assertTrue(made[0].transport.get_extra_info("ssl_object").server_side)
                self.assertIsInstance(client.transport, asyncio.Transport)
                await self.close(client)
                self.assertEqual(tls.version()[:3], "TLS")  # it outlives the connection
        self.go(test)

    def test_versions(self):
        async def test():
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = client_context()
                context.minimum_version = context.maximum_version = version
                async with self.served(Echo) as (port, made):
                    client = await self.connect(port, context=context)
                    client.transport.write(BIG[:100000])
                    await client.until_data(100000)
                    self.assertEqual(client.data, BIG[:100000])
                    await self.close(client)
                    await made[0].lost.wait()
        self.go(test)

    def test_a_certificate_that_is_not_to_be_trusted(self):
        async def test():
            async with self.served(Echo) as (port, made):
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    await self.connect(port, context=ssl.create_default_context())
                self.assertEqual(caught.exception.reason, "CERTIFICATE_VERIFY_FAILED")
                self.assertRegex(str(caught.exception), r"^\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify "
                                                        r"failed: .*\(_ssl.c:\d+\)$")
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    await self.connect(port, server_hostname="elsewhere")
                self.assertIn("Hostname mismatch", str(caught.exception))
                self.assertEqual([protocol.told for protocol in made], [[], []])
        self.go(test)

    def test_certificates_of_clients(self):
        async def test():
            theirs, context = server_context(), client_context()
            theirs.verify_mode = ssl.CERT_REQUIRED
            theirs.load_verify_locations(AUTHORITY.file)
            context.load_cert_chain(OTHER.file, OTHER.key)
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, context=context)
                client.transport.write(b"a")
                await client.until_data(1)
                peer = made[0].transport.get_extra_info("peercert")
                self.assertEqual(peer["subject"], ((("commonName", "other.example"),),))
                await self.close(client)
                nobody = await self.connect(port)  # by TLS 1.3, what the server says comes later
                await nobody.lost.wait()
                self.assertEqual(nobody.data, b"")
        self.go(test)

    def test_a_server_of_many_names(self):
        async def test():
            seen, theirs, other = [], server_context(), server_context(OTHER)

            def choose(tls, name, context):
                seen.append((name, context is theirs))
                if name == "other.example":
                    tls.context = other
                elif name == "refused.example":
                    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            theirs.sni_callback = choose
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, server_hostname="other.example")
                client.transport.write(b"a")
                await client.until_data(1)
                await self.close(client)
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    await self.connect(port, server_hostname="refused.example")
            self.assertEqual(seen, [("other.example", True), ("refused.example", True)])
        self.go(test)

    def test_secrets_for_an_observer(self):
        async def test():
            context = client_context()
            context.keylog_filename = os.path.join(FOLDER, "keys")
            async with self.served(Echo) as (port, made):
                client = await self.connect(port, context=context)
                await self.close(client)
            with open(context.keylog_filename, encoding="ascii") as file:
                self.assertIn("TRAFFIC_SECRET", file.read())
        self.go(test)

    def test_a_handshake_takes_too_long(self):
        async def test():
            silent = await asyncio.start_server(lambda reader, writer: self.addCleanup(writer.close), "127.0.0.1", 0)
            port = silent.sockets[0].getsockname()[1]
            with self.assertRaises(ConnectionAbortedError) as caught:
                await self.connect(port, ssl_handshake_timeout=0.05)
            self.assertEqual(str(caught.exception),
                             "SSL handshake is taking longer than 0.05 seconds: aborting the connection")
            silent.close()
        self.go(test)

    def test_timeouts_are_positive(self):
        async def test():
            async with self.served(Echo) as (port, made):
                names = ["ssl_handshake_timeout"]
                if sys.version_info >= (3, 11):
                    names.append("ssl_shutdown_timeout")
                for name in names:
                    with self.assertRaisesRegex(ValueError, f"{name} should be a positive number, got 0"):
                        await self.connect(port, **{name: 0})
        self.go(test)

    @unittest.skipIf(sys.version_info < (3, 11), "asyncio has no such timeout")
    def test_the_other_side_does_not_say_that_it_is_done(self):
        async def test():
            async with self.wired(ssl_shutdown_timeout=0.05) as (client, wire):
                client.transport.close()
                await client.lost.wait()
                self.assertIsInstance(client.exception, TimeoutError)
                self.assertEqual(str(client.exception), "SSL shutdown timed out")
        self.go(test)

    def test_the_end_without_a_word(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"the last")
                wire.writer.close()
                await client.lost.wait()
                self.assertEqual(client.data, b"the last")
                self.assertEqual(client.told[-2:], ["eof", "lost"])
                self.assertIsNone(client.exception)
        self.go(test)

    def test_the_other_side_is_done(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"the last")
                with self.assertRaises(ssl.SSLWantReadError):
                    wire.tls.unwrap()
                wire.say()
                await client.lost.wait()
                self.assertEqual(client.data, b"the last")
                self.assertEqual(client.told[-2:], ["eof", "lost"])
                self.assertIsNone(client.exception)
                await wire.call(wire.tls.unwrap)  # the answer is there
        self.go(test)

    def test_something_comes_behind_the_end(self):
        """Stock asyncio drops such a connection by the error that OpenSSL says."""
        async def test():
            async with self.wired() as (client, wire):
                client.transport.close()
                self.assertTrue(client.transport.is_closing())
                wire.write(b"too late")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ssl.SSLError)
                self.assertEqual(client.exception.reason, "APPLICATION_DATA_AFTER_CLOSE_NOTIFY")
                self.assertEqual(client.data, b"")
        self.go(test)

    def test_what_is_no_record(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ssl.SSLError)
                self.assertRegex(str(client.exception), r"^\[SSL: [A-Z_]+\] .* \(_ssl.c:\d+\)$")
        self.go(test)

    def test_a_server_that_speaks_no_tls(self):
        async def test():
            done = asyncio.Event()

            async def serve(reader, writer):
                writer.write(b"220 mail.example ESMTP\r\n")
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
                done.set()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            with self.assertRaises(ssl.SSLError) as caught:
                await self.connect(server.sockets[0].getsockname()[1])
            self.assertIn("WRONG_VERSION_NUMBER", str(caught.exception))
            await done.wait()
            server.close()
        self.go(test)

    def test_the_end_within_the_handshake(self):
        async def test():
            server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
            with self.assertRaises(ConnectionResetError):
                await self.connect(server.sockets[0].getsockname()[1])
            server.close()
        self.go(test)

    def test_reading_pauses(self):
        async def test():
            async with self.wired() as (client, wire):
                self.assertTrue(client.transport.is_reading())
                client.transport.pause_reading()
                self.assertFalse(client.transport.is_reading())
                for at in range(0, len(BIG), 16384):
                    wire.write(BIG[at:at + 16384])
                client.transport.write(b"still written")
                self.assertEqual(await wire.read(13), b"still written")
                self.assertEqual(client.data, b"")
                client.transport.resume_reading()
                await client.until_data(len(BIG))
                self.assertEqual(client.data, BIG)
                await self.close_by(client, wire)
        self.go(test)

    def test_what_is_not_read_stays_with_the_other_side(self):
        async def test():
            async with self.served(Echo) as (port, made):
                slow, other = await self.connect(port), await self.connect(port)
                await made[0].made.wait()
                slow.transport.pause_reading()
                made[0].transport.write(BIG * 20)
                for turn in range(50):
                    other.transport.write(b"a")
                    await other.until_data(turn + 1)
                self.assertLess(slow.transport.get_read_buffer_size(), 600 * 1024)
                slow.transport.resume_reading()
                await slow.until_data(20 * len(BIG))
                self.assertEqual(slow.data, 20 * BIG)
                await self.close(slow, other)
                await self.until_lost(made)
        self.go(test)

    async def close_by(self, client, wire):
        """Close, with the other side's answer."""
        client.transport.close()
        self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        with contextlib.suppress(ssl.SSLError):
            wire.tls.unwrap()
        wire.say()
        await client.lost.wait()
        self.assertIsNone(client.exception)

    def test_reading_pauses_within_a_call(self):
        class Slow(Recorder):
            def data_received(self, data):
                super().data_received(data)
                self.transport.pause_reading()

        async def test():
            async with self.wired(Slow) as (client, wire):
                wire.write(BIG[:300000])
                while len(client.data) < 300000:
                    before = len(client.data)
                    await client.until(lambda: len(client.data) > before)
                    client.transport.resume_reading()
                self.assertEqual(client.data, BIG[:300000])
                await self.close_by(client, wire)
        self.go(test)

    def test_writing_pauses(self):
        async def test():
            async with self.wired() as (client, wire):
                high = (512 if sys.version_info >= (3, 11) else 64) * 1024
                self.assertEqual(client.transport.get_write_buffer_limits(), (high // 4, high))
                client.transport.set_write_buffer_limits(high=4000)
                self.assertEqual(client.transport.get_write_buffer_limits(), (1000, 4000))
                with self.assertRaisesRegex(ValueError, r"high \(1\) must be >= low \(2\) must be >= 0"):
                    client.transport.set_write_buffer_limits(high=1, low=2)
                n = 0
                while "pause" not in client.told:
                    client.transport.write(BIG)
                    n += len(BIG)
                self.assertGreater(client.transport.get_write_buffer_size(), 4000)
                self.assertEqual(await wire.read(n), BIG * (n // len(BIG)))
                await client.until(lambda: "resume" in client.told)
                self.assertLessEqual(client.transport.get_write_buffer_size(), 1000)
                await self.close_by(client, wire)
        self.go(test)

    def test_what_was_written_leaves_before_the_end(self):
        async def test():
            async with self.wired() as (client, wire):
                for _ in range(5):
                    client.transport.write(BIG)
                client.transport.close()
                client.transport.write(b"in vain")
                self.assertEqual(await wire.read(5 * len(BIG)), 5 * BIG)
                self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        self.go(test)

    def test_what_was_gathered_leaves_before_the_end(self):
        async def test():
            async with self.wired() as (client, wire):
                for turn in range(3):
                    for _ in range(10):
                        client.transport.write(b"x" * 10)
                    if turn == 2:
                        client.transport.close()
                    await asyncio.sleep(0)
                self.assertEqual(await wire.read(300), b"x" * 300)
                self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        self.go(test)

    def test_something_comes_behind_the_other_sides_end(self):
        async def test():
            for factory in (Recorder, lambda: Buffered(10)):
                async with self.wired(factory) as (client, wire):
                    wire.tls.write(b"the last")
                    with self.assertRaises(ssl.SSLWantReadError):
                        wire.tls.unwrap()
                    wire.writer.write(wire.outgoing.read() + b"and more")
                    await client.lost.wait()
                    self.assertEqual(client.data, b"the last")
                    self.assertEqual(client.told[-2:], ["eof", "lost"])
        self.go(test)

    def test_what_cannot_be_written(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                transport = client.transport
                self.assertFalse(transport.can_write_eof())
                self.assertRaises(NotImplementedError, transport.write_eof)
                for wrong in ("text", 5, None, [1]):
                    with self.assertRaises(TypeError):
                        transport.write(wrong)
                transport.write(b"")
                transport.writelines([])
                buffer = bytearray(b"before")
                transport.write(buffer)
                buffer[:] = b"after!"
                await client.until_data(6)
                self.assertEqual(client.data, b"before")
                await self.close(client)
                transport.write(b"nobody is there")
        self.go(test)

    def test_abort(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                client.transport.abort()
                self.assertTrue(client.transport.is_closing())
                self.assertNotIn("lost", client.told)
                await client.lost.wait()
                self.assertIsNone(client.exception)
                self.assertIsNone(client.transport.get_protocol())
                await self.until_lost(made)
        self.go(test)

    async def until_lost(self, made):
        """Whoever was accepted is lost."""
        for protocol in made:
            if protocol.transport is not None:
                await protocol.lost.wait()

    def test_a_protocol_fails(self):
        class Failing(Recorder):
            def data_received(self, data):
                raise ZeroDivisionError

        async def test():
            async with self.wired(Failing) as (client, wire):
                wire.write(b"a")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ZeroDivisionError)
        self.may_report = True
        self.go(test)
        self.assertEqual([context["message"] for context in self.reported], ["Fatal error on SSL protocol"])
        self.assertIsInstance(self.reported[0]["exception"], ZeroDivisionError)

    def test_a_protocol_fails_as_it_is_made(self):
        class Failing(Recorder):
            def connection_made(self, transport):
                raise ZeroDivisionError

        async def test():
            async with self.served(Echo) as (port, made):
                with self.assertRaises(ZeroDivisionError):
                    await self.connect(port, Failing)
                await self.until_lost(made)
        self.may_report = True
        self.go(test)

    def test_interrupted(self):
        class Interrupted(Recorder):
            def data_received(self, data):
                raise KeyboardInterrupt

        async def test():
            async with self.wired(Interrupted) as (client, wire):
                wire.write(b"a")
                await client.lost.wait()
        with self.assertRaises(KeyboardInterrupt):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                eddyloop.run(test())
                gc.collect()

    def test_the_end_cannot_be_kept_open(self):
        class Keeping(Recorder):
            def eof_received(self):
                super().eof_received()
                return True

        async def test():
            async with self.wired(Keeping) as (client, wire):
                wire.writer.close()
                with self.assertLogs("asyncio", "WARNING") as logs:
                    await client.lost.wait()
                self.assertIn("returning true from eof_received() has no effect when using ssl", logs.output[0])
        self.go(test)

    def test_another_protocol(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"a")
                await client.until_data(1)
                second = Buffered(10)
                second.transport = client.transport
                client.transport.set_protocol(second)
                self.assertIs(client.transport.get_protocol(), second)
                wire.write(BIG[:100])
                await second.until_data(100)
                self.assertEqual(second.data, BIG[:100])
                await self.close_by(second, wire)
                self.assertEqual(client.told, ["made", "data"])
        self.go(test)

    def test_start_tls(self):
        async def test():
            loop = asyncio.get_running_loop()

            class Server(Recorder):
                def data_received(self, data):
                    super().data_received(data)
                    if data == b"STARTTLS\n":
                        self.transport.pause_reading()
                        self.transport.write(b"go on\n")
                        self.upgrade = loop.create_task(self.start_tls())
                    else:
                        self.transport.write(data)

                async def start_tls(self):
                    self.transport = await loop.start_tls(self.transport, self, server_context(), server_side=True)
                    self.transport.write(b"ready\n")
            servers = []
            server = await loop.create_server(lambda: servers.append(Server()) or servers[-1], "127.0.0.1", 0)
            _, client = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
            client.transport.write(b"STARTTLS\n")
            await client.until_data(6)
            plain = client.transport
            client.transport = await loop.start_tls(plain, client, client_context(), server_hostname="localhost")
            await client.until_data(12)
            client.transport.write(BIG)
            await client.until_data(12 + len(BIG))
            self.assertEqual(client.data, b"go on\nready\n" + BIG)
            self.assertEqual(client.told.count("made"), 1)
            self.assertIsInstance(client.transport.get_extra_info("ssl_object"), ssl.SSLObject)
            await self.close(client)
            await servers[0].lost.wait()
            with self.assertRaisesRegex(TypeError, "sslcontext is expected to be an instance of ssl.SSLContext"):
                await loop.start_tls(plain, client, None)
            server.close()
        self.go(test)

    def test_start_tls_fails(self):
        async def test():
            loop, done = asyncio.get_running_loop(), asyncio.Event()

            async def serve(reader, writer):
                await reader.read(1)
                writer.write(b"no such thing\n")
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
                done.set()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            _, client = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
            with self.assertRaises(ssl.SSLError):
                await loop.start_tls(client.transport, client, client_context(), server_hostname="localhost")
            await done.wait()
            server.close()
        self.go(test)

    def test_tls_over_tls(self):
        async def test():
            loop = asyncio.get_running_loop()

            class Server(Echo):
                def connection_made(self, transport):
                    super().connection_made(transport)
                    if self.told == ["made"]:
                        transport.pause_reading()
                        self.upgrade = loop.create_task(self.start_tls())

                async def start_tls(self):
                    self.transport = await loop.start_tls(self.transport, self, server_context(OTHER),
                                                          server_side=True)
                    self.transport.write(b"ready\n")
            async with self.served(Server) as (port, made):
                client = await self.connect(port)
                client.transport = await loop.start_tls(client.transport, client, client_context(),
                                                        server_hostname="other.example")
                await client.until_data(6)
                client.transport.write(BIG[:100000])
                await client.until_data(100006)
                self.assertEqual(client.data, b"ready\n" + BIG[:100000])
                await self.close(client)
                await made[0].lost.wait()
        self.go(test)

    def test_a_socket_of_the_file_system(self):
        async def test():
            path = os.path.join(FOLDER, "socket")
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(Echo, path, ssl=server_context())
            _, client = await loop.create_unix_connection(Recorder, path, ssl=client_context(),
                                                          server_hostname="localhost")
            client.transport.write(BIG[:100000])
            await client.until_data(100000)
            self.assertEqual(client.data, BIG[:100000])
            await self.close(client)
            server.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.go(test)

    def test_files(self):
        async def test():
            async with self.served(Recorder) as (port, made):
                client = await self.connect(port)
                with open(os.path.join(FOLDER, "file"), "w+b") as file:
                    file.write(BIG)
                    file.seek(0)
                    client.transport.write(b"before")
                    self.assertEqual(await asyncio.get_running_loop().sendfile(client.transport, file), len(BIG))
                client.transport.write(b"after")
                await made[0].until_data(len(BIG) + 11)
                self.assertEqual(made[0].data, b"before" + BIG + b"after")
                await self.close(client)
        self.go(test)

    def test_cancelled_while_connecting(self):
        async def test():
            accepted = asyncio.get_running_loop().create_future()
            server = await asyncio.start_server(lambda *pair: accepted.set_result(pair), "127.0.0.1", 0)
            connecting = asyncio.ensure_future(self.connect(server.sockets[0].getsockname()[1]))
            reader, writer = await accepted
            self.assertNotEqual(await reader.read(1), b"")
            connecting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await connecting
            with contextlib.suppress(ConnectionError):
                while await reader.read(1000):
                    pass  # the descriptor is closed
            writer.close()
            server.close()
        self.go(test)

    def test_nothing_is_left(self):
        seen = []

        async def test():
            async with self.served(Echo) as (port, made):
                for _ in range(10):
                    client = await self.connect(port)
                    client.transport.write(BIG[:70000])
                    await client.until_data(70000)
                    await self.close(client)
                await self.until_lost(made)
                for protocol in (client, *made):
                    seen.extend([weakref.ref(protocol), weakref.ref(protocol.transport)])
        self.go(test)
        gc.collect()
        self.assertEqual([ref() for ref in seen if ref() is not None], [])

    def test_left_open(self):
        async def test():
            async with self.served(Echo) as (port, made):
                await self.connect(port)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            eddyloop.run(test())
            gc.collect()
        self.assertIn("unclosed transport <asyncio._SSLProtocolTransport object>",
                      [str(warning.message) for warning in caught])

    def test_debug(self):
        async def test():
            asyncio.get_running_loop().set_debug(True)
            async with self.served(Echo) as (port, made):
                with self.assertLogs("asyncio", "DEBUG") as logs:
                    client = await self.connect(port)
                    await self.close(client)
                    await self.until_lost(made)
                self.assertIn("starts SSL handshake", "\n".join(logs.output))
        self.go(test)


class Fast(Cases, unittest.TestCase):
    reason = ""

    @classmethod
    def setUpClass(cls):
        if os.environ.get("EDDYLOOP_TLS") == "asyncio" or _tls._find_reason():
            raise unittest.SkipTest(f"TLS goes by asyncio.sslproto here: {_tls._find_reason()}")

    def test_it_is_the_extension(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                self.assertIs(type(client.transport), _core.SSLTransport)
                await self.close(client)
        self.go(test)

    def test_what_one_turn_writes_is_one_record(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"a")
                await client.until_data(1)
                client.transport.writelines([b"x" * 10] * 100)
                await wire.read(1000)
                before = len(wire.records())
                for size in (100, 40):  # the first turn leaves one at once; who writes much then gathers
                    for _ in range(size):
                        client.transport.write(b"y" * 10)
                    await asyncio.sleep(0)
                await wire.read(1400)
                self.assertLessEqual(len(wire.records()) - before, 3)
                await self.close_by(client, wire)
        self.go(test)

    def test_an_ssl_object_outlives_its_connection(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                tls = client.transport.get_extra_info("ssl_object")
                client.transport.abort()
                await client.lost.wait()
                await self.until_lost(made)
                gone = weakref.ref(client.transport)
                del client
                gc.collect()
                self.assertIsNone(gone())
                self.assertEqual(tls.version()[:3], "TLS")
                self.assertRaises(ssl.SSLWantReadError, tls.read, 1)
                self.assertRaises((ssl.SSLError, OSError), tls.write, b"a")
        self.go(test)

    def test_the_other_side_hears_why(self):
        """asyncio closes the connection without a word."""
        async def test():
            with self.assertRaises(ssl.SSLError) as caught:
                async with self.wired(context=server_context(OTHER)):
                    pass
            self.assertIn("ALERT", caught.exception.reason)
        self.may_report = True
        self.go(test)

    def test_a_context_with_objects_of_its_own(self):
        """Whoever reads and writes in Python is not passed over."""
        calls = []

        class Object(ssl.SSLObject):
            def read(self, *args):
                calls.append("read")
                return super().read(*args)

        async def test():
            context = client_context()
            context.sslobject_class = Object
            async with self.served(Echo) as (port, made):
                client = await self.connect(port, context=context)
                client.transport.write(b"a")
                await client.until_data(1)
                await self.close(client)
        self.go(test)
        self.assertIn("read", calls)

    def test_a_bytearray_is_a_buffer(self):
        """Not to asyncio, which loses what comes behind the first record then."""
        class Own(Buffered):
            def get_buffer(self, sizehint):
                return self.buffer

        async def test():
            async with self.wired(lambda: Own(100000)) as (client, wire):
                wire.write(BIG[:200000])
                await client.until_data(200000)
                self.assertEqual(client.data, BIG[:200000])
                await self.close_by(client, wire)
        self.go(test)

    @unittest.skipIf(sys.version_info < (3, 11), "streams have no start_tls()")
    def test_what_a_stream_has_read_before_is_tls(self):
        """A client that does not wait says its first words in TLS together with its last before."""
        async def test():
            done = asyncio.get_running_loop().create_future()

            async def serve(reader, writer):
                self.assertEqual(await reader.readline(), b"STARTTLS\n")
                await writer.start_tls(server_context())
                done.set_result(await reader.readline())
                writer.close()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            wire = Wire(reader, writer, client_context(), server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                wire.tls.do_handshake()
            writer.write(b"STARTTLS\n" + wire.outgoing.read())
            await wire.call(wire.tls.do_handshake)
            wire.write(b"secret\n")
            self.assertEqual(await done, b"secret\n")
            writer.close()
            server.close()
        self.go(test)


class ByAsyncio(Cases, unittest.TestCase):
    reason = "the test wants it"

    if sys.version_info < (3, 11):
        # asyncio.sslproto was another one, which tells less and does not know TLS over TLS.
        test_a_protocol_fails = test_echo = test_files = test_left_open = test_the_other_side_is_done = None
        test_tls_over_tls = None


class Choice(unittest.TestCase):
    def ask(self, **environment):
        code = "from eddyloop import _tls; print(_tls.reason())"
        done = subprocess.run([sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE,
                              env={**os.environ, **environment})
        return done.stdout.strip()

    def test_the_environment_has_its_way(self):
        self.assertEqual(self.ask(EDDYLOOP_TLS="asyncio"), "EDDYLOOP_TLS=asyncio")

    def test_another_openssl_is_not_used(self):
        import _ssl
        args = (_ssl._SSLSocket, ssl.MemoryBIO)
        code = ("import _ssl, ssl; from eddyloop import _core; "
                "print(_core._find_openssl({path!r}, {version}, _ssl._SSLSocket, ssl.MemoryBIO))")
        for path, version, said in ((getattr(_ssl, "__file__", "_ssl"), 1, "the OpenSSL that was found is not _ssl's"),
                                    ("/no/such/library", 1, "_ssl is no library that is loaded"),
                                    (_core.__file__, 1, "SSL_read_ex cannot be found as _ssl does")):
            done = subprocess.run([sys.executable, "-c", code.format(path=path, version=version)], check=True, text=True,
                                  stdout=subprocess.PIPE)
            self.assertEqual(done.stdout.strip(), said)


if __name__ == "__main__":
    unittest.main()
