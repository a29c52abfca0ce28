"""create_datagram_endpoint and its transports."""

import asyncio
import contextlib
import os
import socket

from stage import folder, kind, scenario, turns


class Witness(asyncio.DatagramProtocol):
    """A datagram protocol that notes all that happens to it."""

    def __init__(self, note, name="protocol"):
        self.note = note
        self.name = name
        self.received = asyncio.Queue()
        loop = asyncio.get_running_loop()
        self.lost = loop.create_future()
        self.failed = loop.create_future()

    def connection_made(self, transport):
        self.note(self.name, "connection_made")

    def datagram_received(self, data, addr):
        self.note(self.name, "datagram_received", type(data).__name__, data, addr)
        self.received.put_nowait((data, addr))

    def error_received(self, exc):
        self.note(self.name, "error_received", exc)
        if not self.failed.done():
            self.failed.set_result(None)

    def connection_lost(self, exc):
        self.note(self.name, "connection_lost", exc)
        self.lost.set_result(None)

    def pause_writing(self):
        self.note(self.name, "pause_writing")

    def resume_writing(self):
        self.note(self.name, "resume_writing")


async def endpoint(loop, note, name="protocol", **keywords):
    """An endpoint of its own address."""
    keywords.setdefault("local_addr", ("127.0.0.1", 0))
    return await loop.create_datagram_endpoint(lambda: Witness(note, name), **keywords)


@scenario
async def there_and_back(loop, note):
    """Two endpoints, one of them connected."""
    server, server_protocol = await endpoint(loop, note, "server")
    address = server.get_extra_info("sockname")
    client, client_protocol = await endpoint(loop, note, "client", local_addr=None,
                                             remote_addr=address)
    client.sendto(b"hello")
    _, sender = await server_protocol.received.get()
    note(sender == client.get_extra_info("sockname"), client.get_extra_info("peername") == address)
    server.sendto(b"answer", sender)
    await client_protocol.received.get()
    client.close()
    server.close()
    await client_protocol.lost
    await server_protocol.lost


@scenario
async def what_it_is(loop, note):
    """A datagram transport, what it can be asked, and its repr."""
    transport, protocol = await endpoint(loop, note)
    note(kind(transport), isinstance(transport, asyncio.DatagramTransport),
         isinstance(transport, asyncio.BaseTransport))
    note(transport.get_protocol() is protocol, transport.is_closing(),
         transport.get_write_buffer_size(),
         transport.get_write_buffer_limits())
    note(repr(transport))
    for name in ("sockname", "peername", "socket", "none"):
        value = transport.get_extra_info(name)
        note(name, value if isinstance(value, tuple) else kind(value))
    note.has("transport", transport, "write", "writelines", "pause_reading", "write_eof",
             "set_protocol", "sendto")
    transport.close()
    note(transport.is_closing(), repr(transport))
    await protocol.lost
    note(repr(transport))
    transport.close()
    transport.abort()


@scenario
async def kinds_of_data(loop, note):
    """Everything that is a buffer, nothing at all, and what is none."""
    transport, protocol = await endpoint(loop, note)
    own = transport.get_extra_info("sockname")
    for data in (b"bytes", bytearray(b"array"), memoryview(b"a view")[2:]):
        note.call(transport.sendto, data, own)
        await protocol.received.get()
    for wrong in ("text", 5, None, [b"x"]):
        note.call(transport.sendto, wrong, own)
    note.call(transport.sendto, b"")
    note.refused(transport.sendto)
    transport.close()
    await protocol.lost


@scenario
async def empty_datagrams(loop, note):
    """A datagram without data: whether it is sent depends on the version."""
    transport, protocol = await endpoint(loop, note)
    own = transport.get_extra_info("sockname")
    note.call(transport.sendto, b"", own)
    note.call(transport.sendto, b"behind it", own)
    while (await protocol.received.get())[0] != b"behind it":
        pass
    transport.close()
    await protocol.lost


@scenario
async def wrong_addresses(loop, note):
    """Addresses of a connected endpoint, none, and what is no address."""
    peer, peer_protocol = await endpoint(loop, note, "peer")
    address = peer.get_extra_info("sockname")
    connected, connected_protocol = await endpoint(loop, note, "connected", remote_addr=address)
    note.call(connected.sendto, b"with its address", address)
    await peer_protocol.received.get()
    try:
        connected.sendto(b"x", ("127.0.0.1", 1))
    except ValueError as error:
        note(str(error).replace(str(address[1]), "PORT"))
    for wrong in (None, 5, "text", (), ("127.0.0.1",), ("127.0.0.1", "80"), ("127.0.0.1", 70000)):
        note("--", wrong)
        note.call(peer.sendto, b"x", wrong)
        if peer.is_closing():
            await peer_protocol.lost
            peer, peer_protocol = await endpoint(loop, note, "peer")
    for transport, protocol in ((peer, peer_protocol), (connected, connected_protocol)):
        transport.close()
        await protocol.lost


@scenario
async def too_large(loop, note):
    """A datagram that is larger than can be."""
    transport, protocol = await endpoint(loop, note)
    note.call(transport.sendto, bytes(70000), transport.get_extra_info("sockname"))
    await turns(2)
    note(protocol.failed.done(), transport.is_closing())
    transport.close()
    await protocol.lost


@scenario
async def nobody_there(loop, note):
    """An ICMP error of a connected endpoint is error_received, and the endpoint lives."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        address = sock.getsockname()
    transport, protocol = await endpoint(loop, note, local_addr=None, remote_addr=address)
    transport.sendto(b"x")
    await protocol.failed
    note(transport.is_closing())
    transport.close()
    await protocol.lost


@scenario
async def after_close(loop, note):
    """Sending on a closed endpoint."""
    transport, protocol = await endpoint(loop, note)
    own = transport.get_extra_info("sockname")
    transport.close()
    note.call(transport.sendto, b"x", own)
    await protocol.lost
    for number in range(7):
        note(number)
        note.call(transport.sendto, b"x", own)


@scenario
async def aborted(loop, note):
    """abort: connection_lost in the next turn, nothing delivered any more."""
    transport, protocol = await endpoint(loop, note)
    transport.sendto(b"x", transport.get_extra_info("sockname"))
    transport.abort()
    note("aborted", transport.is_closing())
    await protocol.lost


@scenario
async def several_in_one_turn(loop, note):
    """Datagrams that wait are delivered in order."""
    transport, protocol = await endpoint(loop, note)
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for number in range(10):
            sender.sendto(b"%d" % number, transport.get_extra_info("sockname"))
    while (await protocol.received.get())[0] != b"9":
        pass
    transport.close()
    await protocol.lost


@scenario
async def closing_in_datagram_received(loop, note):
    """What waits behind the datagram that made the protocol close is not delivered."""
    class Closer(Witness):
        def datagram_received(self, data, addr):
            super().datagram_received(data, addr)
            transport.close()
    transport, protocol = await loop.create_datagram_endpoint(lambda: Closer(note),
                                                              local_addr=("127.0.0.1", 0))
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for number in range(3):
            sender.sendto(b"%d" % number, transport.get_extra_info("sockname"))
    await protocol.lost


@scenario
async def wrong_arguments(loop, note):
    """Arguments that do not go together."""
    with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as datagram:
        datagram.setblocking(False)
        for keywords in ({}, {"sock": stream}, {"sock": datagram, "local_addr": ("127.0.0.1", 0)},
                         {"sock": datagram, "remote_addr": ("127.0.0.1", 1)},
                         {"sock": datagram, "family": 1},
                         {"sock": datagram, "reuse_port": True},
                         {"sock": datagram, "allow_broadcast": True},
                         {"sock": datagram, "flags": 1, "proto": 1}, {"sock": 5},
                         {"local_addr": "127.0.0.1"}, {"local_addr": ("127.0.0.1",)},
                         {"local_addr": 5},
                         {"remote_addr": ("127.0.0.1", "no port")},
                         {"local_addr": ("no-such-host..invalid", 0)},
                         {"local_addr": ("192.0.2.1", 0)},
                         {"local_addr": ("127.0.0.1", 0), "remote_addr": ("::1", 1)},
                         {"local_addr": ("127.0.0.1", 0), "reuse_address": True},
                         {"family": socket.AF_UNIX, "local_addr": ("127.0.0.1", 0)}):
            try:
                transport, protocol = await loop.create_datagram_endpoint(lambda: Witness(note),
                                                                          **keywords)
                note(sorted(keywords), "is taken")
                transport.close()
                await protocol.lost
            except Exception as error:
                note(sorted(keywords), type(error).__name__,
                     "" if isinstance(error, UnicodeError) else error)


@scenario
async def without_an_address(loop, note):
    """An endpoint of a family only."""
    transport, protocol = await endpoint(loop, note, local_addr=None, family=socket.AF_INET)
    note(transport.get_extra_info("sockname"))
    transport.close()
    await protocol.lost


@scenario
async def ones_own_socket(loop, note):
    """A socket that was made before."""
    sock = socket.socket(type=socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    transport, protocol = await loop.create_datagram_endpoint(lambda: Witness(note), sock=sock)
    note(sock.getblocking(), transport.get_extra_info("socket").fileno() == sock.fileno())
    transport.sendto(b"x", sock.getsockname())
    await protocol.received.get()
    transport.close()
    await protocol.lost
    await turns(1)
    note(sock.fileno())


@scenario
async def options_of_sockets(loop, note):
    """allow_broadcast and reuse_port."""
    for keywords in ({}, {"allow_broadcast": True}, {"reuse_port": True}):
        transport, protocol = await endpoint(loop, note, **keywords)
        sock = transport.get_extra_info("socket")
        note(keywords, sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST),
             sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
        transport.close()
        await protocol.lost


@scenario
async def by_path(loop, note):
    """Unix datagrams: named, unnamed, connected."""
    with folder() as path:
        name = str(path / "socket")
        server, server_protocol = await endpoint(loop, note, "server", family=socket.AF_UNIX,
                                                 local_addr=name)
        client, client_protocol = await endpoint(loop, note, "client", family=socket.AF_UNIX,
                                                 local_addr=None,
                                                 remote_addr=name)
        client.sendto(b"hello")
        await server_protocol.received.get()
        for transport, protocol in ((client, client_protocol), (server, server_protocol)):
            transport.close()
            await protocol.lost
        note(os.path.exists(name))


@contextlib.asynccontextmanager
async def slow_peer(loop, note):
    """An endpoint whose peer, a unix socket, takes a few datagrams only until it reads."""
    with folder() as path, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as far:
        far.bind(str(path / "socket"))
        far.setblocking(False)
        transport, protocol = await loop.create_datagram_endpoint(
            lambda: Witness(note), family=socket.AF_UNIX, remote_addr=str(path / "socket"))
        yield transport, protocol, far


def fill(transport, size):
    """Send until more than so many bytes wait; returns the number of datagrams."""
    count = 0
    while transport.get_write_buffer_size() <= size:
        transport.sendto(b"%100d" % count)
        count += 1
    return count


def take(far):
    """How many datagrams there are for a socket that does not block."""
    count = 0
    while True:
        try:
            far.recv(200)
            count += 1
        except BlockingIOError:
            return count


@scenario
async def full_socket(loop, note):
    """A peer that does not read: pause_writing, then resume_writing."""
    async with slow_peer(loop, note) as (transport, protocol, far):
        transport.set_write_buffer_limits(high=1000, low=100)
        count = fill(transport, 1000)
        note("full")
        got = 0
        while got < count:
            got += take(far)
            await asyncio.sleep(0)
        await turns(1)
        note("empty")
        transport.close()
        await protocol.lost


@scenario
async def full_socket_closed(loop, note):
    """close sends what waits, abort drops it."""
    for way in ("close", "abort"):
        async with slow_peer(loop, note) as (transport, protocol, far):
            count = fill(transport, 500)
            note.call(getattr(transport, way))
            await turns(2)
            note("lost:", protocol.lost.done())
            got = 0
            while not protocol.lost.done():
                got += take(far)
                await asyncio.sleep(0)
            note("all came:", got + take(far) == count)
