"""create_server, create_unix_server and what they give."""

import asyncio
import os
import socket
import stat

from stage import Witness, folder, in_thread, read_all, scenario, turns


class Greeter(asyncio.Protocol):
    """Says hello and goes."""

    def connection_made(self, transport):
        transport.write(b"hello")
        transport.close()


def keeping(note, protocols, name="protocol"):
    """A factory of witnesses that keeps them in a list."""
    def factory():
        protocols.append(Witness(note, name))
        return protocols[-1]
    return factory


def visit(address, family=socket.AF_INET):
    """What a server says."""
    with socket.socket(family) as sock:
        sock.settimeout(10)
        sock.connect(address)
        return read_all(sock)


@scenario
async def from_beginning_to_end(loop, note):
    """A server that serves, and is closed."""
    server = await loop.create_server(Greeter, "127.0.0.1", 0)
    note(isinstance(server, asyncio.AbstractServer), server.is_serving(), server.get_loop() is loop)
    note(repr(server))
    note(len(server.sockets), type(server.sockets).__name__, type(server.sockets[0]).__name__)
    address = server.sockets[0].getsockname()
    note(await in_thread(visit, address), await in_thread(visit, address))
    server.close()
    note(server.is_serving(), server.sockets)
    note(repr(server))
    await note.wait("wait_closed", server.wait_closed())
    note.call(server.close)
    await note.wait("wait_closed", server.wait_closed())
    with socket.socket() as sock:
        note.call(sock.connect, address)


@scenario
async def not_served_yet(loop, note):
    """A server with start_serving=False accepts nothing until it is told to."""
    server = await loop.create_server(Greeter, "127.0.0.1", 0, start_serving=False)
    note(server.is_serving())
    with socket.socket() as sock:
        note.call(sock.connect, server.sockets[0].getsockname())
    await note.wait("start_serving", server.start_serving())
    note(server.is_serving())
    await note.wait("start_serving", server.start_serving())
    note(await in_thread(visit, server.sockets[0].getsockname()))
    server.close()
    await server.wait_closed()
    await note.wait("start_serving", server.start_serving())


@scenario
async def serving_for_ever(loop, note):
    """serve_forever runs until it is cancelled, and closes the server; once at a time."""
    server = await loop.create_server(Greeter, "127.0.0.1", 0, start_serving=False)
    task = asyncio.ensure_future(server.serve_forever())
    await turns(3)
    note(server.is_serving(), await in_thread(visit, server.sockets[0].getsockname()))
    await note.wait("second", server.serve_forever())
    task.cancel()
    await note.wait("first", task)
    note(server.is_serving(), server.sockets)
    await note.wait("closed", server.serve_forever())


@scenario
async def closed_while_serving_for_ever(loop, note):
    """close ends serve_forever."""
    server = await loop.create_server(Greeter, "127.0.0.1", 0)
    task = asyncio.ensure_future(server.serve_forever())
    await turns(3)
    server.close()
    await note.wait("serve_forever", task)


@scenario
async def as_context_manager(loop, note):
    """async with closes the server."""
    async with await loop.create_server(Greeter, "127.0.0.1", 0) as server:
        note(server.is_serving())
    note(server.is_serving(), server.sockets)
    try:
        async with await loop.create_server(Greeter, "127.0.0.1", 0) as server:
            raise ValueError("no")
    except ValueError as error:
        note(error, server.is_serving())


@scenario
async def close_leaves_connections(loop, note):
    """close ends the listening only; wait_closed waits for connections in newer versions."""
    protocols = []
    server = await loop.create_server(keeping(note, protocols), "127.0.0.1", 0)
    with socket.create_connection(server.sockets[0].getsockname()) as client:
        while not protocols:
            await asyncio.sleep(0)
        server.close()
        waiting = asyncio.ensure_future(server.wait_closed())
        await turns(3)
        note("waits:", not waiting.done())
        client.send(b"still works")
        await protocols[0].has(11)
    await protocols[0].lost
    await note.wait("wait_closed", waiting)


@scenario
async def closing_clients(loop, note):
    """close_clients and abort_clients, where they exist."""
    for way in ("close_clients", "abort_clients"):
        protocols = []
        server = await loop.create_server(keeping(note, protocols, way), "127.0.0.1", 0)
        if not hasattr(server, way):
            note("no", way)
            server.close()
            continue
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            while not protocols:
                await asyncio.sleep(0)
            server.close()
            note.call(getattr(server, way))
            await protocols[0].lost
            await note.wait("wait_closed", server.wait_closed())
            client.settimeout(10)


@scenario
async def wrong_arguments(loop, note):
    """Arguments that do not go together."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        for keywords in ({"sock": stream, "host": "127.0.0.1"}, {"sock": stream, "port": 80}, {},
                         {"sock": datagram}, {"sock": 5},
                         {"host": "127.0.0.1", "port": 0, "ssl": True},
                         {"host": "127.0.0.1", "port": 0, "ssl": 5},
                         {"host": "127.0.0.1", "port": 0, "ssl_handshake_timeout": 5},
                         {"host": "127.0.0.1", "port": 0, "ssl_shutdown_timeout": 5},
                         {"host": "127.0.0.1", "port": "none"}, {"host": "127.0.0.1", "port": -1},
                         {"host": "127.0.0.1", "port": 70000}, {"host": 5, "port": 0}):
            try:
                server = await loop.create_server(Greeter, **keywords)
                note(sorted(keywords), "is taken")
                server.close()
            except Exception as error:
                note(sorted(keywords), error)
    await note.wait("no factory", loop.create_server(None, "127.0.0.1", 0, start_serving=False))


@scenario
async def address_in_use(loop, note):
    """An address that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        try:
            await loop.create_server(Greeter, "127.0.0.1", port)
        except OSError as error:
            note(type(error).__name__, error.errno, str(error).replace(str(port), "PORT"))
    await note.wait("not ours", loop.create_server(Greeter, "192.0.2.1", 0))


@scenario
async def several_hosts(loop, note):
    """A list of hosts, none, and an empty one."""
    server = await loop.create_server(Greeter, ["127.0.0.1", "127.0.0.1"], 0)
    note(sorted({sock.getsockname()[0] for sock in server.sockets}))
    server.close()
    for host in (None, ""):
        server = await loop.create_server(Greeter, host, 0, family=socket.AF_INET)
        note(len(server.sockets), server.sockets[0].getsockname()[0])
        server.close()
    try:
        await loop.create_server(Greeter, [], 0)
    except Exception as error:
        note(type(error).__name__)


@scenario
async def ones_own_socket(loop, note):
    """A socket that is bound already, and one that listens already."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    server = await loop.create_server(Greeter, sock=sock)
    note(server.sockets[0].fileno() == sock.fileno(), sock.getblocking(),
         await in_thread(visit, sock.getsockname()))
    server.close()
    note(sock.fileno())
    listening = socket.create_server(("127.0.0.1", 0))
    async with await loop.create_server(Greeter, sock=listening):
        note(await in_thread(visit, listening.getsockname()))


@scenario
async def options_of_sockets(loop, note):
    """reuse_address, reuse_port and backlog as they are set."""
    for keywords in ({}, {"reuse_address": True}, {"reuse_address": False}, {"reuse_port": True}):
        async with await loop.create_server(Greeter, "127.0.0.1", 0, **keywords) as server:
            sock = server.sockets[0]
            note(keywords, sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR),
                 sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
    for backlog in (0, 1, None, "x"):
        try:
            async with await loop.create_server(Greeter, "127.0.0.1", 0, backlog=backlog):
                note(backlog, "is taken")
        except Exception as error:
            note(repr(backlog), type(error).__name__)


@scenario
async def failing_factory(loop, note):
    """A factory that fails: the client is let go of, and the server goes on."""
    first = True

    def factory():
        nonlocal first
        if first:
            first = False
            raise ValueError("no")
        return Greeter()
    async with await loop.create_server(factory, "127.0.0.1", 0) as server:
        address = server.sockets[0].getsockname()
        note(await in_thread(visit, address))
        note(await in_thread(visit, address))


@scenario
async def failing_connection_made(loop, note):
    """A protocol that fails in connection_made stays connected."""
    class Protocol(Witness):
        def connection_made(self, transport):
            super().connection_made(transport)
            protocols.append(self)
            raise ValueError("no")
    protocols = []
    async with await loop.create_server(lambda: Protocol(note), "127.0.0.1", 0) as server:
        with socket.create_connection(server.sockets[0].getsockname()) as client:
            client.send(b"x")
            while not protocols:
                await asyncio.sleep(0)
            await protocols[0].has(1)
        await protocols[0].lost


@scenario
async def client_that_is_gone(loop, note):
    """A client that has reset its connection before it is accepted."""
    protocols = []
    server = await loop.create_server(keeping(note, protocols), "127.0.0.1", 0)
    with socket.socket() as client:
        client.connect(server.sockets[0].getsockname())
        client.send(b"gone")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    while not protocols:
        await asyncio.sleep(0)
    await protocols[0].lost
    server.close()


@scenario
async def by_path(loop, note):
    """A unix server: its socket, its repr, and a file that is there before."""
    with folder() as path:
        name = str(path / "socket")
        server = await loop.create_unix_server(Greeter, name)
        note(repr(server), server.sockets[0].getsockname() == name,
             stat.S_ISSOCK(os.stat(name).st_mode))
        note(await in_thread(visit, name, socket.AF_UNIX))
        await note.wait("in use", loop.create_unix_server(Greeter, name))
        server.close()
        await server.wait_closed()
        note("left behind:", os.path.exists(name))
        server = await loop.create_unix_server(Greeter, path / "socket")
        note(await in_thread(visit, name, socket.AF_UNIX))
        server.close()
        (path / "file").write_text("not a socket")
        await note.wait("a file", loop.create_unix_server(Greeter, str(path / "file")))
        await note.wait("no folder", loop.create_unix_server(Greeter,
                                                             str(path / "none" / "socket")))
        for name in (os.fsencode(path / "bytes"), f"\0eddy {os.getpid()}"):
            async with await loop.create_unix_server(Greeter, name):
                note(await in_thread(visit, name, socket.AF_UNIX))


@scenario
async def wrong_unix_arguments(loop, note):
    """Arguments of create_unix_server that do not go together."""
    with socket.socket() as inet, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram, \
            socket.socket(socket.AF_UNIX) as unix:
        for keywords in ({}, {"path": "x", "sock": unix}, {"sock": inet}, {"sock": datagram},
                         {"path": 5},
                         {"path": "x" * 200}, {"path": "x", "ssl": True},
                         {"path": "x", "ssl_handshake_timeout": 1},
                         {"path": "x", "ssl_shutdown_timeout": 1}):
            try:
                await loop.create_unix_server(Greeter, **keywords)
                note(sorted(keywords), "is taken")
            except Exception as error:
                note(sorted(keywords), error)


@scenario
async def hundred_clients(loop, note):
    """A hundred clients that connect at once are all served."""
    async with await loop.create_server(Greeter, "127.0.0.1", 0, backlog=128) as server:
        address = server.sockets[0].getsockname()

        async def client():
            reader, writer = await asyncio.open_connection(*address)
            data = await reader.read()
            writer.close()
            return data
        note(set(await asyncio.gather(*(client() for _ in range(100)))))
