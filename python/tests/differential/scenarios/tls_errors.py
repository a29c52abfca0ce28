"""TLS that fails: certificates, peers that speak something else, and wrong arguments."""

import asyncio
import functools
import socket
import ssl

from secure import client_context, pair, server, server_context
from stage import Witness, connected, in_thread, read_all, scenario, tcp_pair, turns


@scenario
async def peer_without_goodbye(loop, note):
    """A peer that closes its socket without TLS's end, and one that resets it."""
    for way in ("close", "reset"):
        near, far = tcp_pair()
        connecting = asyncio.ensure_future(loop.create_connection(
            lambda: Witness(note, way), sock=near, ssl=client_context(),
            server_hostname="localhost"))
        tls = await in_thread(functools.partial(server_context().wrap_socket, far,
                                                server_side=True))
        _, protocol = await connecting
        if way == "reset":
            tls.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        tls.close()
        await protocol.lost


@scenario
async def wrong_certificates(loop, note):
    """A certificate nobody knows, and one of another name."""
    async with server(loop, lambda: Witness(note, "server")) as address:
        for name, context in (("localhost", ssl.create_default_context()),
                              ("other.example", client_context())):
            try:
                await loop.create_connection(asyncio.Protocol, *address, ssl=context,
                                             server_hostname=name)
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
            await loop.create_connection(asyncio.Protocol, sock=near, ssl=client_context(),
                                         server_hostname="localhost")
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
        asyncio.Protocol, sock=near, ssl=client_context(), server_hostname="localhost",
        ssl_handshake_timeout=0.01))
    far.close()


@scenario
async def wrong_arguments(loop, note):
    """Arguments of TLS connections that are refused."""
    for keywords in ({"ssl": "text"}, {"ssl": client_context()},
                     {"ssl": client_context(), "server_hostname": ""},
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
            note(sorted(keywords), type(error).__name__,
                 "" if isinstance(error, OSError) else error)
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
