"""create_connection, create_unix_connection and connect_accepted_socket; names and addresses."""

import asyncio
import os
import socket

from stage import Witness, folder, scenario, tcp_pair, turns


@scenario
async def by_address(loop, note):
    """A connection by address and by name, with a local address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            transport, protocol = await loop.create_connection(
                lambda: Witness(note), host, port, family=socket.AF_INET)
            note(transport.get_extra_info("peername"))
            transport.close()
            await protocol.lost
        transport, protocol = await loop.create_connection(
            lambda: Witness(note), "127.0.0.1", str(port), local_addr=("127.0.0.2", 0))
        note(transport.get_extra_info("sockname")[0])
        transport.close()
        await protocol.lost


@scenario
async def made_before_it_returns(loop, note):
    """connection_made comes before create_connection gives the transport; then data."""
    near, far = tcp_pair()
    far.send(b"early")
    transport, protocol = await loop.create_connection(lambda: Witness(note), sock=near)
    note("returned", protocol.made.done(), bytes(protocol.received))
    await protocol.has(5)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def refused(loop, note):
    """Nobody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    try:
        await loop.create_connection(asyncio.Protocol, "127.0.0.1", port)
    except OSError as error:
        note(type(error).__name__, error.errno, str(error).replace(str(port), "PORT"))


@scenario
async def unreachable(loop, note):
    """Addresses that are not to be had, and a local one that is not ours."""
    try:
        await loop.create_connection(asyncio.Protocol, "no-such-host..invalid", 80)
    except OSError as error:
        note(type(error).__name__)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        try:
            await loop.create_connection(asyncio.Protocol, "127.0.0.1", port,
                                         local_addr=("192.0.2.1", 0))
        except OSError as error:
            note(type(error).__name__, error.errno, str(error).replace(str(port), "PORT"))
        try:
            await loop.create_connection(asyncio.Protocol, "127.0.0.1", port, local_addr=("::1", 0))
        except OSError as error:
            note(type(error).__name__, str(error).replace(str(port), "PORT"))


@scenario
async def all_errors(loop, note):
    """all_errors gives a group of what went wrong."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    try:
        await loop.create_connection(asyncio.Protocol, "127.0.0.1", port, all_errors=True)
    except Exception as error:
        note(type(error).__name__, str(error).replace(str(port), "PORT"),
             [type(one).__name__ for one in getattr(error, "exceptions", ())])


@scenario
async def wrong_arguments(loop, note):
    """Arguments that do not go together."""
    near, far = tcp_pair()
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        for keywords in ({}, {"host": "127.0.0.1", "port": 80, "sock": near}, {"sock": datagram},
                         {"sock": 5},
                         {"sock": near, "server_hostname": "x"}, {"sock": near, "ssl": True},
                         {"sock": near, "ssl_handshake_timeout": 1},
                         {"sock": near, "ssl_shutdown_timeout": 1},
                         {"host": "127.0.0.1"}, {"port": 80},
                         {"host": "127.0.0.1", "port": "no port"},
                         {"host": "127.0.0.1", "port": 70000}, {"host": 5, "port": 80},
                         {"host": "127.0.0.1", "port": 80, "local_addr": 5},
                         {"host": "127.0.0.1", "port": 80, "local_addr": ("127.0.0.1",)},
                         {"host": "127.0.0.1", "port": 80, "family": 99}):
            try:
                await loop.create_connection(asyncio.Protocol, **keywords)
                note(sorted(keywords), "is taken")
            except Exception as error:
                note(sorted(keywords), error)
    near.close()
    far.close()


@scenario
async def failing_factory(loop, note):
    """A factory that fails: its error comes out."""
    def factory():
        raise ValueError("no")
    near, far = tcp_pair()
    await note.wait("factory", loop.create_connection(factory, sock=near))
    near.close()
    far.close()
    near, far = tcp_pair()
    await note.wait("None", loop.create_connection(None, sock=near))
    near.close()
    far.close()


@scenario
async def cancelled(loop, note):
    """A connection that is cancelled while it is being made."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.ensure_future(loop.create_connection(lambda: Witness(note),
                                                            *listener.getsockname()))
        task.cancel()
        await note.wait("at once", task)
        task = asyncio.ensure_future(loop.create_connection(lambda: Witness(note),
                                                            *listener.getsockname()))
        await turns(1)
        task.cancel()
        await note.wait("later", task)
        await turns(3)


@scenario
async def happy_eyeballs(loop, note):
    """happy_eyeballs_delay and interleave connect as well."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        for keywords in ({"happy_eyeballs_delay": 0.25}, {"interleave": 1},
                         {"happy_eyeballs_delay": 0.1, "interleave": 2}):
            transport, protocol = await loop.create_connection(
                lambda: Witness(note), "localhost", port, **keywords)
            note(keywords, transport.get_extra_info("peername"))
            transport.close()
            await protocol.lost


@scenario
async def unix(loop, note):
    """Connections by path."""
    with folder() as path, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "socket"))
        listener.listen()
        for name in (str(path / "socket"), path / "socket"):
            transport, protocol = await loop.create_unix_connection(lambda: Witness(note), name)
            note(transport.get_extra_info("peername"), repr(transport.get_extra_info("sockname")))
            transport.close()
            await protocol.lost
        await note.wait("nothing there", loop.create_unix_connection(asyncio.Protocol,
                                                                     str(path / "none")))
        await note.wait("too long", loop.create_unix_connection(asyncio.Protocol, "x" * 200))


@scenario
async def wrong_unix_arguments(loop, note):
    """Arguments of create_unix_connection that do not go together."""
    near, far = tcp_pair()
    with socket.socket(socket.AF_UNIX) as unix_socket, \
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram:
        for keywords in ({}, {"path": "x", "sock": unix_socket}, {"sock": near}, {"sock": datagram},
                         {"path": 5},
                         {"path": "x", "ssl": True}, {"path": "x", "server_hostname": "x"},
                         {"path": "x", "ssl_handshake_timeout": 1},
                         {"path": "x", "ssl_shutdown_timeout": 1}):
            try:
                await loop.create_unix_connection(asyncio.Protocol, **keywords)
                note(sorted(keywords), "is taken")
            except Exception as error:
                note(sorted(keywords), error)
    near.close()
    far.close()


@scenario
async def accepted_socket(loop, note):
    """connect_accepted_socket, and what it refuses."""
    near, far = tcp_pair()
    transport, protocol = await loop.connect_accepted_socket(lambda: Witness(note), near)
    far.send(b"x")
    await protocol.has(1)
    transport.close()
    await protocol.lost
    far.close()
    near, far = tcp_pair()
    with socket.socket(type=socket.SOCK_DGRAM) as datagram:
        for arguments, keywords in (((datagram,), {}), ((5,), {}), ((near,), {"ssl": 5}),
                                    ((near,), {"ssl_handshake_timeout": 1}),
                                    ((near,), {"ssl_shutdown_timeout": 1})):
            try:
                await loop.connect_accepted_socket(asyncio.Protocol, *arguments, **keywords)
                note(type(arguments[0]).__name__, sorted(keywords), "is taken")
            except Exception as error:
                note(type(arguments[0]).__name__, sorted(keywords), error)
    near.close()
    far.close()


@scenario
async def names(loop, note):
    """getaddrinfo and getnameinfo, of numbers, names, and what is neither."""
    for arguments, keywords in ((("127.0.0.1", 80), {"type": socket.SOCK_STREAM}),
                                (("127.0.0.1", "80"), {"type": socket.SOCK_DGRAM}),
                                ((b"127.0.0.1", b"80"), {"type": socket.SOCK_STREAM}),
                                (("::1", 80), {"type": socket.SOCK_STREAM}),
                                ((None, 80), {"type": socket.SOCK_STREAM,
                                              "family": socket.AF_INET}),
                                (("127.0.0.1", None), {"type": socket.SOCK_STREAM}),
                                (("localhost", 80),
                                 {"type": socket.SOCK_STREAM, "family": socket.AF_INET}),
                                (("127.0.0.1", 80), {"family": socket.AF_INET6})):
        try:
            note(arguments, (await loop.getaddrinfo(*arguments, **keywords)))
        except Exception as error:
            note(arguments, error)
    for arguments in ((5, 80), ((), 80), ("127.0.0.1", 1.5), ("no-such-host..invalid", 80)):
        try:
            note(arguments, await loop.getaddrinfo(*arguments))
        except Exception as error:
            note(arguments, type(error).__name__)
    flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    await note.wait("getnameinfo", loop.getnameinfo(("127.0.0.1", 80), flags))
    for wrong in (None, 5, ("name.invalid", 80), ()):
        try:
            note(wrong, await loop.getnameinfo(wrong, flags))
        except Exception as error:
            note(wrong, type(error).__name__)


@scenario
async def names_in_debug_mode(loop, note):
    """Debug mode logs slow look-ups only, and gives the same."""
    loop.set_debug(True)
    note(await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
    loop.set_debug(False)


@scenario
async def sockets_stay_the_users_on_error(loop, note):
    """A socket that was given is closed with the transport, and not before."""
    near, far = tcp_pair()
    transport, protocol = await loop.create_connection(lambda: Witness(note), sock=near)
    note(near.fileno() > 0, near.getblocking())
    transport.close()
    await protocol.lost
    await turns(2)
    note(near.fileno())
    far.close()
    number = os.open("/dev/null", os.O_RDONLY)
    os.close(number)
