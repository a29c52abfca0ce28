"""TLS by the extension, and by asyncio.sslproto on a transport of ours: what the tests of both have in common."""
import asyncio
import contextlib
import functools
import gc
import os
import pathlib
import ssl
import sys
import tempfile
import unittest
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import servers


def skip(reason):
    """What is missing costs one test here, not the whole program."""
    raise unittest.SkipTest(reason)


servers.skip = skip  # before others take it from there

from certificates import issue

import eddyloop
from eddyloop import _tls

BIG = bytes(range(256)) * 4096  # 1 MiB, more than a socket's buffers hold
TIMEOUT = 30
FOLDER = tempfile.TemporaryDirectory()  # goes with the process


@functools.cache
def issued(name):
    """A certificate: that of the authority which tests trust, or one of its issuing for such a name."""
    if name == "authority":
        return issue(FOLDER.name, name)
    also = ",IP:127.0.0.1" if name == "localhost" else ""
    return issue(FOLDER.name, name, f"DNS:{name}{also}", issued("authority"))


def server_context(name="localhost"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued(name).file, issued(name).key)
    return context


def client_context():
    return ssl.create_default_context(cafile=issued("authority").file)


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


class TlsTest(unittest.TestCase):
    """Its subclasses say which way TLS goes."""

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

    async def close_by(self, client, wire):
        """Close, with the other side's answer."""
        client.transport.close()
        self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        with contextlib.suppress(ssl.SSLError):
            wire.tls.unwrap()
        wire.say()
        await client.lost.wait()
        self.assertIsNone(client.exception)

    async def until_lost(self, made):
        """Whoever was accepted is lost."""
        for protocol in made:
            if protocol.transport is not None:
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


class Fast(TlsTest):
    """By the extension."""
    reason = ""

    @classmethod
    def setUpClass(cls):
        if os.environ.get("EDDYLOOP_TLS") == "asyncio" or _tls._find_reason():
            raise unittest.SkipTest(f"TLS goes by asyncio.sslproto here: {_tls._find_reason()}")


class ByAsyncio(TlsTest):
    reason = "the test wants it"


# asyncio.sslproto was another one, which tells less and does not know TLS over TLS.
NOT_IN_3_10 = {
    "test_a_protocol_fails", "test_echo", "test_files", "test_left_open", "test_the_other_side_is_done", "test_tls_over_tls",
    "test_something_comes_behind_the_other_sides_end", "test_what_is_not_read_stays_with_the_other_side",
    "test_what_is_written_meanwhile_leaves_afterwards",
}


def both_ways(cases):
    """Make two test cases of a class."""
    for way in Fast, ByAsyncio:
        made = type(f"{cases.__name__}{way.__name__}", (cases, way), {"__module__": cases.__module__})
        if way is ByAsyncio and sys.version_info < (3, 11):
            for name in NOT_IN_3_10.intersection(vars(cases)):
                setattr(made, name, None)
        setattr(sys.modules[cases.__module__], made.__name__, made)
    return cases
