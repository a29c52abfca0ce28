"""What scenarios are written with: notes of what they see, and the people and things in them.

A scenario is a function with @scenario, `def name(loop, note)` or `async def name(loop, note)`. It
gets a loop of its own, which is closed behind it. What it notes, and what the loop's exception
handler, the logger, warnings and sys.unraisablehook get in the meantime, is its output.
"""

import asyncio
import contextlib
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 10  # seconds until a blocking call of a scenario itself gives up
SCENARIOS = {}

# What is another at each run or in each loop, and what it is in the output instead.
BLANKS = [(re.compile(pattern), blank) for pattern, blank in (
    (r"(/[^\s:\"']*/)?scenarios/(\w+\.py)", r"\2"),
    (r"/[^\s:\"']*/[\w-]+\.py([\":, line]+)\d+", r"LIBRARY\g<1>N"),
    (re.escape(tempfile.gettempdir()) + r"/[\w./-]+", "PATH"),
    (r"<[\w.]*Transport\b", "<TRANSPORT"),
    (r"\b_?\w+Transport\._\w+\(", "TRANSPORT.METHOD("),
    (r"<[\w.]*Loop running", "<LOOP running"),
    (r"<\w+\.\.\.", "<..."),
    (r"'(?:eddyloop|uvloop)[\w.]*\.(\w+)' object", r"'\1' object"),
    (r"\b0x[0-9a-f]+", "0xADDRESS"),
    (r"\bfd([=: ]+)\d+", r"fd\1N"),
    (r"\bdescriptor \d+", "descriptor N"),
    (r"\bpid([=: ]+)\d+", r"pid\1N"),
    (r"\b([Pp])rocess \d+", r"\1rocess N"),
    (r"\('(127\.0\.0\.1|0\.0\.0\.0)', (?!0\))\d+\)", r"('\1', PORT)"),
    (r"\('::1', \d+, 0, 0\)", "('::1', PORT, 0, 0)"),
    (r"\bTask-\d+", "Task-N"),
    (r"\bwhen=\d+\.\d+", "when=TIME"),
    (r"\d+\.\d+ seconds", "TIME seconds"),
)]


def scenario(function):
    """Make a function a scenario, called after its file and its own name."""
    module = function.__module__.rpartition(".")[2]
    SCENARIOS[f"{module}.{function.__name__}"] = function
    return function


def blanked(text):
    """A text without what is another at each run."""
    for pattern, blank in BLANKS:
        text = pattern.sub(blank, text)
    return text


def shown(value):
    """A value as it is noted: text as it is, an exception as its type and text."""
    if isinstance(value, str):
        return value
    if isinstance(value, BaseException):
        return f"{type(value).__name__}({value})"
    return repr(value)


class Note:
    """The output of a scenario; calling it adds a line."""

    def __init__(self):
        self.lines = []

    def __call__(self, *parts):
        self.lines += blanked(" ".join(map(shown, parts))).splitlines() or [""]

    def call(self, function, *arguments, **keywords):
        """Call something, and note what it returns or raises."""
        name = getattr(function, "__name__", None) or type(function).__name__
        try:
            result = function(*arguments, **keywords)
        except BaseException as error:  # whatever it is, it is output
            self(name, "raises", error)
            return None
        self(name, "returns", result if is_plain(result) else kind(result))
        return result

    def refused(self, function, *arguments, **keywords):
        """Call something that should not be called so, and note only which kind of error it is."""
        try:
            function(*arguments, **keywords)
        except Exception as error:
            self(function.__name__, "refuses by", type(error).__name__)
        else:
            self(function.__name__, "takes it")

    async def wait(self, name, awaitable):
        """Await something, and note what comes out of it."""
        try:
            result = await awaitable
        except BaseException as error:
            self(name, "raises", error)
            return None
        self(name, "gives", result if is_plain(result) else kind(result))
        return result

    def has(self, name, thing, *attributes):
        """Note what an object's attributes are."""
        for attribute in attributes:
            try:
                value = getattr(thing, attribute)
            except Exception as error:
                value = error
            self(f"{name}.{attribute}", value if is_plain(value) else kind(value))

    def exception_handler(self, loop, context):
        """The loop's exception handler, unless the scenario sets its own."""
        self("handler:", context.get("message"), *(
            f"| {key}" if key == "transport" else
            f"| {key} {shown(value) if is_plain(value) else kind(value)}"
            for key, value in sorted(context.items()) if key != "message"))


def is_plain(value):
    """Whether a value's repr says what is to be compared."""
    if isinstance(value, (tuple, list)):
        return all(map(is_plain, value))
    return value is None or isinstance(value, (
        str, bytes, bytearray, int, float, bool, dict, set, BaseException))


def kind(value):
    """What kind of thing a value is, in the words of asyncio."""
    for name in ("TimerHandle", "Handle", "Task", "Future", "DatagramTransport",
                 "SubprocessTransport", "Transport", "ReadTransport", "WriteTransport",
                 "BaseTransport", "AbstractServer", "AbstractEventLoop", "StreamReader",
                 "StreamWriter"):
        if isinstance(value, getattr(asyncio, name)):
            return f"<a {name}>"
    return "<a callable>" if callable(value) else f"<a {type(value).__name__}>"


class Witness(asyncio.Protocol):
    """A protocol that notes all that happens to it."""

    def __init__(self, note, name="protocol", quiet=False):
        self.note = note
        self.name = name
        self.quiet = quiet  # data is counted only
        self.transport = None
        self.received = bytearray()
        loop = asyncio.get_running_loop()
        self.made = loop.create_future()
        self.ended = loop.create_future()
        self.lost = loop.create_future()
        self.awaited = []

    def connection_made(self, transport):
        self.transport = transport
        self.note(self.name, "connection_made")
        self.made.set_result(None)

    def data_received(self, data):
        if not self.quiet:
            self.note(self.name, "data_received", type(data).__name__, bytes(data))
        self.received += data
        for size, future in self.awaited:
            if len(self.received) >= size and not future.done():
                future.set_result(None)

    def eof_received(self):
        self.note(self.name, "eof_received")
        if not self.ended.done():
            self.ended.set_result(None)

    def connection_lost(self, exc):
        self.note(self.name, "connection_lost", exc)
        self.lost.set_result(None)

    def pause_writing(self):
        self.note(self.name, "pause_writing")

    def resume_writing(self):
        self.note(self.name, "resume_writing")

    def has(self, size):
        """A future that is done when so many bytes have come."""
        future = asyncio.get_running_loop().create_future()
        self.awaited.append((size, future))
        if len(self.received) >= size:
            future.set_result(None)
        return future


def tcp_pair():
    """Two sockets that are connected by TCP; the first does not block, the second has patience."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname())
        far, _ = listener.accept()
    near.setblocking(False)
    far.settimeout(PATIENCE)
    return near, far


async def connected(loop, protocol):
    """A transport with this protocol, and the socket of its peer."""
    near, far = tcp_pair()
    transport, _ = await loop.create_connection(lambda: protocol, sock=near)
    return transport, far


@contextlib.asynccontextmanager
async def streams(**keywords):
    """A reader, a writer and the socket of their peer."""
    near, far = tcp_pair()
    reader, writer = await asyncio.open_connection(sock=near, **keywords)
    yield reader, writer, far
    writer.close()
    far.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def turns(count):
    """Let the loop go round."""
    for _ in range(count):
        await asyncio.sleep(0)


async def drained(transport):
    """Wait until a transport has written all, and has told its protocol so."""
    while transport.get_write_buffer_size():
        await asyncio.sleep(0)
    await turns(1)


def read_all(sock):
    """What a socket gets until its end."""
    data = bytearray()
    while piece := sock.recv(65536):
        data += piece
    return bytes(data)


def read_exactly(sock, size):
    """So many bytes of a socket."""
    data = bytearray()
    while len(data) < size:
        data += sock.recv(size - len(data))
    return bytes(data)


def in_thread(function, *arguments):
    """A future of what a function that blocks returns, in a thread of its own."""
    return asyncio.get_running_loop().run_in_executor(None, function, *arguments)


@contextlib.contextmanager
def folder():
    """A folder for a while."""
    with tempfile.TemporaryDirectory() as path:
        yield Path(path)


def program(note, text, *arguments):
    """Run a Python program with the loop under test, and note what it prints and how it ends."""
    done = subprocess.run([sys.executable, "-c", text, *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=3 * PATIENCE, check=False)
    for name, output in ("stdout", done.stdout), ("stderr", done.stderr):
        for line in output.splitlines():
            note(f"{name}:", line)
    note("status", done.returncode)
