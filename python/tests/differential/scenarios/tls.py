"""TLS with Python's own contexts: connections, their end, and start_tls."""

import asyncio
import contextlib

from secure import client_context, pair, server_context
from stage import Witness, in_thread, kind, scenario, tcp_pair, turns


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
    note(isinstance(transport, asyncio.Transport), transport.can_write_eof(),
         transport.is_closing(),
         transport.is_reading(), transport.get_write_buffer_size(),
         transport.get_write_buffer_limits())
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
    served.transport.write(b"behind all that belongs to the handshake")
    await client.has(40)
    client.transport.abort()
    note("aborted", client.transport.is_closing())
    await client.lost
    await served.lost


@scenario
async def peer_says_goodbye(loop, note):
    """A peer that ends TLS as it should, with data before it."""
    near, far = tcp_pair()
    heard = in_thread(peer_conversation, far, server_context(), b"first", b"second")
    _, protocol = await loop.create_connection(
        lambda: Witness(note, quiet=True), sock=near, ssl=client_context(),
        server_hostname="localhost")
    protocol.transport.write(b"from the client")
    await protocol.has(11)
    protocol.transport.close()
    await protocol.lost
    note(await heard, bytes(protocol.received))


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
    near, far = tcp_pair()
    far.setblocking(False)
    _, client = await loop.create_connection(lambda: Witness(note, "client"), sock=near)
    _, served = await loop.connect_accepted_socket(lambda: Witness(note, "server"), far)
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


@scenario
async def starting_tls_too_late(loop, note):
    """On a connection that is closed already."""
    near, far = tcp_pair()
    _, client = await loop.create_connection(lambda: Witness(note, "client"), sock=near)
    client.transport.close()
    started = await note.wait("start_tls", loop.start_tls(client.transport, client, client_context(),
                                                          server_hostname="localhost"))
    note(started)
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
