"""TLS with Python's own contexts: connections, their end, start_tls, and what goes wrong."""

import asyncio
import contextlib
import functools
import shutil
import socket
import ssl
import subprocess
import tempfile
from pathlib import Path

from stage import Witness, connected, in_thread, kind, read_all, scenario, tcp_pair, turns


@functools.lru_cache(None)
def certificate():
    """A certificate of localhost and its key, in one file."""
    program = shutil.which("openssl")
    if not program:
        raise RuntimeError("these scenarios need the program openssl")
    folder = tempfile.mkdtemp(dir=".")
    file = Path(folder).resolve() / "localhost.pem"
    subprocess.run([program, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", file, "-out", f"{file}.crt"], check=True, stderr=subprocess.DEVNULL)
    file.write_bytes(file.read_bytes() + Path(f"{file}.crt").read_bytes())
    return str(file)


def server_context(**_):
    """A context that shows the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate())
    return context


def client_context():
    """A context that trusts the certificate."""
    return ssl.create_default_context(cafile=certificate())


@contextlib.asynccontextmanager
async def server(loop, factory, context=None, **keywords):
    """A TLS server; gives its address."""
    serving = await loop.create_server(factory, "127.0.0.1", 0, ssl=context or server_context(), **keywords)
    yield serving.sockets[0].getsockname()
    serving.close()


async def pair(loop, note, client=Witness, serving=Witness, context=None, of_server=None):
    """Two protocols that are connected by TLS."""
    accepted = loop.create_future()

    class Accepted(serving):
        def connection_made(self, transport):
            super().connection_made(transport)
            accepted.set_result(self)
    async with server(loop, lambda: Accepted(note, "server"), of_server) as address:
        _, protocol = await loop.create_connection(
            lambda: client(note, "client"), *address, ssl=context or client_context(), server_hostname="localhost")
        return protocol, await accepted


def peer_conversation(sock, context, *words):
    """A blocking peer that speaks TLS: says the words, and returns what it then hears."""
    with context.wrap_socket(sock, server_side=True) as tls:
        for word in words:
            tls.sendall(word)
        heard = b""
        while piece := tls.recv(65536):
            heard += piece
        return heard


@scenario
async def conversation(loop, note):
    """Words in both directions, and an end by the client."""
    client, served = await pair(loop, note)
    client.transport.write(b"hello")
    await served.has(5)
    served.transport.write(b"answer")
    await client.has(6)
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def what_it_is(loop, note):
    """Classes, capabilities and extra information of a TLS transport."""
    client, served = await pair(loop, note)
    transport = client.transport
    note(isinstance(transport, asyncio.Transport), transport.can_write_eof(), transport.is_closing(),
         transport.is_reading(), transport.get_write_buffer_size(), transport.get_write_buffer_limits())
    for name in ("socket", "ssl_object", "sslcontext"):
        note(name, kind(transport.get_extra_info(name)))
    note(transport.get_extra_info("cipher") == transport.get_extra_info("ssl_object").cipher())
    note(transport.get_extra_info("compression"), sorted(transport.get_extra_info("peercert")))
    note(transport.get_extra_info("sockname"), transport.get_extra_info("none", "default"))
    note(transport.get_extra_info("ssl_object").version(), transport.get_protocol() is client)
    note.call(transport.write_eof)
    note(served.transport.get_extra_info("peercert"))
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def much(loop, note):
    """Megabytes in both directions at once."""
    class Quiet(Witness):
        def __init__(self, note, name):
            super().__init__(note, name, quiet=True)

        def pause_writing(self):
            pass

        def resume_writing(self):
            pass
    client, served = await pair(loop, note, Quiet, Quiet)
    data = bytes(range(256)) * 20000
    client.transport.write(data)
    served.transport.writelines([data[:100], data[100:]])
    await client.has(len(data))
    await served.has(len(data))
    note(client.received == data, served.received == data)
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def flow_of_writing(loop, note):
    """pause_writing and resume_writing of a TLS transport."""
    client, served = await pair(loop, note)
    served.quiet = True
    served.transport.pause_reading()
    client.transport.set_write_buffer_limits(high=1000, low=100)
    note(client.transport.get_write_buffer_limits())
    client.transport.write(bytes(20_000_000))
    note("full", client.transport.get_write_buffer_size() > 0)
    served.transport.resume_reading()
    await served.has(20_000_000)
    await turns(3)
    note("empty", client.transport.get_write_buffer_size())
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def pausing(loop, note):
    """pause_reading and resume_reading of a TLS transport."""
    client, served = await pair(loop, note)
    note.call(served.transport.pause_reading)
    note(served.transport.is_reading())
    client.transport.write(b"held back")
    await turns(10)
    note(bytes(served.received))
    note.call(served.transport.resume_reading)
    await served.has(9)
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def writing(loop, note):
    """What can be written, what can not, and nothing after close."""
    client, served = await pair(loop, note)
    transport = client.transport
    for data in (b"bytes", bytearray(b"array"), memoryview(b"view"), b""):
        note.call(transport.write, data)
    for wrong in ("text", 5, None):
        note.call(transport.write, wrong)
    note.call(transport.writelines, [b"one", b"two"])
    transport.close()
    note(transport.is_closing())
    note.call(transport.write, b"behind")
    await client.lost
    await served.lost
    note(b"".join(bytes(served.received).split(b"x")))
    for _ in range(6):
        note.call(transport.write, b"x")


@scenario
async def aborting(loop, note):
    """abort of one side."""
    client, served = await pair(loop, note)
    client.transport.abort()
    note("aborted", client.transport.is_closing())
    await client.lost
    await served.lost


@scenario
async def peer_without_goodbye(loop, note):
    """A peer that closes its socket without TLS's end, and one that resets it."""
    for way in ("close", "reset"):
        near, far = tcp_pair()
        connecting = asyncio.ensure_future(loop.create_connection(
            lambda: Witness(note, way), sock=near, ssl=client_context(), server_hostname="localhost"))
        tls = await in_thread(functools.partial(server_context().wrap_socket, far, server_side=True))
        _, protocol = await connecting
        if way == "reset":
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        tls.close()
        await protocol.lost


@scenario
async def peer_says_goodbye(loop, note):
    """A peer that ends TLS as it should, with data before it."""
    near, far = tcp_pair()
    heard = in_thread(peer_conversation, far, server_context(), b"first", b"second")
    _, protocol = await loop.create_connection(
        lambda: Witness(note, quiet=True), sock=near, ssl=client_context(), server_hostname="localhost")
    protocol.transport.write(b"from the client")
    await protocol.has(11)
    protocol.transport.close()
    await protocol.lost
    note(await heard, bytes(protocol.received))


@scenario
async def wrong_certificates(loop, note):
    """A certificate nobody knows, and one of another name."""
    async with server(loop, lambda: Witness(note, "server")) as address:
        for name, context in (("localhost", ssl.create_default_context()), ("other.example", client_context())):
            try:
                await loop.create_connection(asyncio.Protocol, *address, ssl=context, server_hostname=name)
            except ssl.SSLCertVerificationError as error:
                note(error.verify_code, error.reason, error.verify_message)
        await turns(20)


@scenario
async def unverified(loop, note):
    """A client that does not look at certificates."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    client, served = await pair(loop, note, context=context)
    note(client.transport.get_extra_info("peercert"))
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def no_tls_there(loop, note):
    """A server that speaks something else, and one that hangs up."""
    for answer in (b"220 hello\r\n", None):
        near, far = tcp_pair()
        if answer:
            far.send(answer)
        else:
            far.close()
        try:
            await loop.create_connection(asyncio.Protocol, sock=near, ssl=client_context(), server_hostname="localhost")
        except OSError as error:
            note(type(error).__name__, getattr(error, "reason", None), error.errno)
        far.close()


@scenario
async def no_tls_from_the_client(loop, note):
    """A client that speaks something else to a TLS server, or goes at once."""
    async with server(loop, lambda: Witness(note, "server")) as address:
        for words in (b"GET / HTTP/1.0\r\n\r\n", b""):
            with socket.create_connection(address) as sock:
                sock.sendall(words)
                sock.shutdown(socket.SHUT_WR)
                await in_thread(lambda: note(len(read_all(sock)) < 100))
        await turns(20)


@scenario
async def silent_peer(loop, note):
    """A peer that says nothing: ssl_handshake_timeout."""
    near, far = tcp_pair()
    await note.wait("silent", loop.create_connection(
        asyncio.Protocol, sock=near, ssl=client_context(), server_hostname="localhost", ssl_handshake_timeout=0.01))
    far.close()


@scenario
async def wrong_arguments(loop, note):
    """Arguments of TLS connections that are refused."""
    for keywords in ({"ssl": "text"}, {"ssl": client_context()}, {"ssl": client_context(), "server_hostname": ""},
                     {"ssl": client_context(), "server_hostname": "x", "ssl_handshake_timeout": 0},
                     {"ssl": client_context(), "server_hostname": "x", "ssl_handshake_timeout": -1},
                     {"ssl": client_context(), "server_hostname": "x", "ssl_shutdown_timeout": 0},
                     {"ssl": client_context(), "server_hostname": 5},
                     {"server_hostname": "x"}):
        near, far = tcp_pair()
        far.close()
        try:
            await loop.create_connection(asyncio.Protocol, sock=near, **keywords)
            note(sorted(keywords), "is taken")
        except Exception as error:
            note(sorted(keywords), type(error).__name__, "" if isinstance(error, OSError) else error)
        near.close()


@scenario
async def cancelled_handshake(loop, note):
    """A connection that is cancelled in its handshake."""
    near, far = tcp_pair()
    task = asyncio.ensure_future(loop.create_connection(
        lambda: Witness(note), sock=near, ssl=client_context(), server_hostname="localhost"))
    await turns(5)
    task.cancel()
    await note.wait("cancelled", task)
    await turns(5)
    note(len(await in_thread(read_all, far)) > 0)
    far.close()


@scenario
async def application_protocols(loop, note):
    """ALPN, SNI callback and session reuse as a program sees them."""
    serving, context = server_context(), client_context()
    serving.set_alpn_protocols(["second", "third"])
    context.set_alpn_protocols(["first", "second"])
    serving.sni_callback = lambda sock, name, _: note("sni", type(sock).__name__, name)
    client, served = await pair(loop, note, context=context, of_server=serving)
    for protocol in (client, served):
        tls = protocol.transport.get_extra_info("ssl_object")
        note(tls.selected_alpn_protocol(), tls.session_reused, tls.server_side, tls.server_hostname)
    client.transport.close()
    await client.lost
    await served.lost


@scenario
async def starting_tls(loop, note):
    """A plain connection that becomes a TLS one, on both sides."""
    accepted = loop.create_future()

    class Accepted(Witness):
        def connection_made(self, transport):
            super().connection_made(transport)
            if not accepted.done():
                accepted.set_result(self)
    plain = await loop.create_server(lambda: Accepted(note, "server"), "127.0.0.1", 0)
    _, client = await loop.create_connection(lambda: Witness(note, "client"), *plain.sockets[0].getsockname())
    served = await accepted
    client.transport.write(b"plain")
    await served.has(5)
    ours, theirs = await asyncio.gather(
        loop.start_tls(client.transport, client, client_context(), server_hostname="localhost"),
        loop.start_tls(served.transport, served, server_context(), server_side=True))
    note(kind(ours), ours is client.transport, ours.get_extra_info("ssl_object") is not None)
    ours.write(b"secret")
    await served.has(11)
    theirs.write(b"too")
    await client.has(3)
    ours.close()
    await client.lost
    await served.lost
    plain.close()


@scenario
async def starting_tls_wrongly(loop, note):
    """What start_tls refuses, and a handshake that fails."""
    transport, far = await connected(loop, protocol := Witness(note))
    await note.wait("no context", loop.start_tls(transport, protocol, None))
    await note.wait("wrong context", loop.start_tls(transport, protocol, "text"))
    await note.wait("no transport", loop.start_tls(None, protocol, client_context()))
    far.send(b"220 no TLS here\r\n")
    try:
        await loop.start_tls(transport, protocol, client_context(), server_hostname="localhost")
    except OSError as error:
        note(type(error).__name__, getattr(error, "reason", None))
    note(transport.is_closing())
    await turns(3)
    far.close()


@scenario
async def streams(loop, note):
    """open_connection and start_server with TLS, and StreamWriter.start_tls where it exists."""
    async def handle(reader, writer):
        line = await reader.readline()
        writer.write(line.upper())
        await writer.drain()
        writer.close()
    async with await asyncio.start_server(handle, "127.0.0.1", 0, ssl=server_context()) as serving:
        address = serving.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection(
            *address, ssl=client_context(), server_hostname="localhost")
        writer.write(b"line\n")
        note(await reader.read(), reader.at_eof())
        writer.close()
        await note.wait("wait_closed", writer.wait_closed())
        reader, writer = await asyncio.open_connection(*address)
        if not hasattr(writer, "start_tls"):
            note("no start_tls")
        else:
            await writer.start_tls(client_context(), server_hostname="localhost")
            writer.write(b"started\n")
            note(await reader.read())
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    await turns(3)
