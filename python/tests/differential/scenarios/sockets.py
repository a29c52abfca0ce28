"""The sock_* methods: what they give, refuse, and leave behind when they are cancelled."""

import asyncio
import os
import socket
import tempfile

from stage import folder, in_thread, read_exactly, scenario, tcp_pair, turns


@scenario
async def receiving(loop, note):
    """What is there, what comes later, the end, nothing wanted."""
    near, far = tcp_pair()
    far.send(b"at once")
    note(await loop.sock_recv(near, 100))
    far.send(b"in two parts")
    note(await loop.sock_recv(near, 6), await loop.sock_recv(near, 100))
    task = asyncio.ensure_future(loop.sock_recv(near, 100))
    await turns(2)
    note("done:", task.done())
    far.send(b"later")
    note(await task)
    far.shutdown(socket.SHUT_WR)
    note(await loop.sock_recv(near, 100), await loop.sock_recv(near, 100))
    note(await loop.sock_recv(near, 0))
    near.close()
    far.close()


@scenario
async def wrong_sizes(loop, note):
    """Sizes that are negative or no numbers."""
    near, far = tcp_pair()
    far.send(b"x")
    for size in (-1, None, "1", 1.5):
        await note.wait(repr(size), loop.sock_recv(near, size))
    near.close()
    far.close()


@scenario
async def receiving_into(loop, note):
    """Buffers of all kinds, and what is no buffer."""
    near, far = tcp_pair()
    far.send(b"0123456789" * 3)
    for buffer in (bytearray(4), memoryview(bytearray(4)), memoryview(bytearray(8))[2:5]):
        note(await loop.sock_recv_into(near, buffer), bytes(buffer))
    note(await loop.sock_recv_into(near, bytearray()))
    for wrong in (b"fixed", None, 5, "text"):
        await note.wait(repr(wrong), loop.sock_recv_into(near, wrong))
    buffer = bytearray(10)
    read_rest = await loop.sock_recv_into(near, bytearray(100))
    task = asyncio.ensure_future(loop.sock_recv_into(near, buffer))
    await turns(2)
    far.send(b"later")
    note(read_rest, await task, bytes(buffer))
    near.close()
    far.close()


@scenario
async def sending(loop, note):
    """Small, nothing, large, from every kind of buffer."""
    near, far = tcp_pair()
    note(await loop.sock_sendall(near, b"bytes"),
         await loop.sock_sendall(near, bytearray(b"array")))
    note(await loop.sock_sendall(near, memoryview(b"a view")[2:]),
         await loop.sock_sendall(near, b""))
    note(far.recv(100))
    for wrong in ("text", None, 5):
        await note.wait(repr(wrong), loop.sock_sendall(near, wrong))
    data = bytes(range(256)) * 20000
    got = in_thread(read_exactly, far, len(data))
    note(await loop.sock_sendall(near, data), await got == data)
    near.close()
    far.close()


@scenario
async def sending_to_nobody(loop, note):
    """The peer is gone."""
    near, far = tcp_pair()
    far.close()
    while True:
        try:
            await loop.sock_sendall(near, bytes(100000))
        except OSError as error:
            note(type(error).__name__ in ("ConnectionResetError", "BrokenPipeError"))
            break
    await note.wait("recv", loop.sock_recv(near, 10))
    near.close()


@scenario
async def connecting(loop, note):
    """To a listener, to nobody, with a name, with wrong addresses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        for host in ("127.0.0.1", "localhost"):
            with socket.socket() as sock:
                sock.setblocking(False)
                await note.wait("connect", loop.sock_connect(sock, (host, address[1])))
                await note.wait("again", loop.sock_connect(sock, address))
    with socket.socket() as sock:
        sock.setblocking(False)
        await note.wait("refused", loop.sock_connect(sock, address))
    for wrong in (None, "text", (), ("127.0.0.1",), ("127.0.0.1", "http"), ("127.0.0.1", 100000),
                  ("::1", 80), ("127.0.0.1", None), (5, 80)):
        with socket.socket() as sock:
            sock.setblocking(False)
            try:
                await loop.sock_connect(sock, wrong)
                note(repr(wrong), "is taken")
            except Exception as error:
                note(repr(wrong), type(error).__name__)


@scenario
async def connecting_by_path(loop, note):
    """Unix sockets: there, not there, and one that is bytes."""
    with folder() as path, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path / "socket"))
        listener.listen()
        for name in (str(path / "socket"), os.fsencode(path / "socket"), str(path / "none"),
                     path / "socket"):
            with socket.socket(socket.AF_UNIX) as sock:
                sock.setblocking(False)
                await note.wait("connect", loop.sock_connect(sock, name))


@scenario
async def accepting(loop, note):
    """Connections that wait, that come later, and none because the socket does not listen."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        first = socket.create_connection(listener.getsockname())
        accepted, address = await loop.sock_accept(listener)
        note(accepted.getblocking(), address == first.getsockname(), accepted.gettimeout())
        task = asyncio.ensure_future(loop.sock_accept(listener))
        await turns(2)
        note("done:", task.done())
        second = socket.create_connection(listener.getsockname())
        later, _ = await task
        for sock in (first, second, accepted, later):
            sock.close()
    with socket.socket() as sock:
        sock.setblocking(False)
        await note.wait("not listening", loop.sock_accept(sock))


@scenario
async def cancelling(loop, note):
    """A cancelled operation leaves no reader behind, and the next one works."""
    near, far = tcp_pair()
    for name, make in (("recv", lambda: loop.sock_recv(near, 10)),
                       ("recv_into", lambda: loop.sock_recv_into(near, bytearray(10)))):
        task = asyncio.ensure_future(make())
        await turns(2)
        task.cancel()
        await note.wait(name, task)
        note("reader left:", loop.remove_reader(near))
    far.send(b"still works")
    note(await loop.sock_recv(near, 100))
    task = asyncio.ensure_future(loop.sock_sendall(near, bytes(20_000_000)))
    await turns(2)
    task.cancel()
    await note.wait("sendall", task)
    note("writer left:", loop.remove_writer(near))
    near.close()
    far.close()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        task = asyncio.ensure_future(loop.sock_accept(listener))
        await turns(2)
        task.cancel()
        await note.wait("accept", task)
        note("reader left:", loop.remove_reader(listener))


@scenario
async def cancelled_when_data_is_there(loop, note):
    """Data that comes in the turn of the cancellation is not lost."""
    near, far = tcp_pair()
    task = asyncio.ensure_future(loop.sock_recv(near, 10))
    await turns(2)
    far.send(b"data")
    task.cancel()
    await note.wait("recv", task)
    note(await loop.sock_recv(near, 10))
    near.close()
    far.close()


@scenario
async def closed_while_waiting(loop, note):
    """A socket that is closed under its operation: cancelling it works still."""
    near, far = tcp_pair()
    task = asyncio.ensure_future(loop.sock_recv(near, 10))
    await turns(2)
    near.close()
    await turns(2)
    note("done:", task.done())
    task.cancel()
    await note.wait("recv", task)
    far.close()


@scenario
async def closed_sockets(loop, note):
    """Operations on a closed socket."""
    near, far = tcp_pair()
    near.close()
    far.close()
    await note.wait("recv", loop.sock_recv(near, 10))
    await note.wait("recv_into", loop.sock_recv_into(near, bytearray(10)))
    await note.wait("sendall", loop.sock_sendall(near, b"x"))
    await note.wait("connect", loop.sock_connect(near, ("127.0.0.1", 1)))
    await note.wait("accept", loop.sock_accept(near))


@scenario
async def blocking_sockets(loop, note):
    """Debug mode refuses sockets that block."""
    near, far = tcp_pair()
    near.setblocking(True)
    loop.set_debug(True)
    await note.wait("recv", loop.sock_recv(near, 10))
    await note.wait("recv_into", loop.sock_recv_into(near, bytearray(10)))
    await note.wait("sendall", loop.sock_sendall(near, b"x"))
    await note.wait("connect", loop.sock_connect(near, ("127.0.0.1", 1)))
    await note.wait("accept", loop.sock_accept(near))
    if hasattr(loop, "sock_recvfrom"):
        await note.wait("recvfrom", loop.sock_recvfrom(near, 10))
        await note.wait("recvfrom_into", loop.sock_recvfrom_into(near, bytearray(10)))
        await note.wait("sendto", loop.sock_sendto(near, b"x", ("127.0.0.1", 1)))
    with tempfile.TemporaryFile() as file:
        await note.wait("sendfile", loop.sock_sendfile(near, file))
    loop.set_debug(False)
    near.close()
    far.close()


@scenario
async def not_sockets(loop, note):
    """Things that are no sockets."""
    for wrong in (None, 5, "text"):
        for name, arguments in (("sock_recv", (wrong, 10)), ("sock_sendall", (wrong, b"x")),
                                ("sock_accept", (wrong,)),
                                ("sock_connect", (wrong, ("127.0.0.1", 1)))):
            try:
                await getattr(loop, name)(*arguments)
                note(name, repr(wrong), "is taken")
            except Exception as error:
                note(name, repr(wrong), type(error).__name__)


@scenario
async def two_receivers(loop, note):
    """Two tasks that receive from two sockets of one descriptor's peer do not mix."""
    pairs = [tcp_pair() for _ in range(5)]
    tasks = [asyncio.ensure_future(loop.sock_recv(near, 10)) for near, _ in pairs]
    await turns(2)
    for number, (_, far) in reversed(list(enumerate(pairs))):
        far.send(str(number).encode())
    note(await asyncio.gather(*tasks))
    for near, far in pairs:
        near.close()
        far.close()


@scenario
async def receiver_and_sender(loop, note):
    """One socket sends and receives at the same time."""
    near, far = tcp_pair()
    receiving = asyncio.ensure_future(loop.sock_recv(near, 10))
    data = bytes(5_000_000)
    sending = asyncio.ensure_future(loop.sock_sendall(near, data))
    await turns(3)
    note(receiving.done())
    far.send(b"answer")
    note(await receiving)
    note(len(await in_thread(read_exactly, far, len(data))), await sending)
    near.close()
    far.close()


@scenario
async def second_receiver_takes_over(loop, note):
    """A second sock_recv on one socket: the first one is pushed aside."""
    near, far = tcp_pair()
    first = asyncio.ensure_future(loop.sock_recv(near, 10))
    await turns(2)
    second = asyncio.ensure_future(loop.sock_recv(near, 10))
    await turns(2)
    far.send(b"data")
    note(await second, first.done())
    first.cancel()
    await note.wait("first", first)
    near.close()
    far.close()


@scenario
async def datagrams(loop, note):
    """recvfrom, recvfrom_into, sendto."""
    if not hasattr(loop, "sock_recvfrom"):
        note("not in this version")
        return
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        for sock in (one, two):
            sock.bind(("127.0.0.1", 0))
            sock.setblocking(False)
        note(await loop.sock_sendto(one, b"hello", two.getsockname()))
        data, address = await loop.sock_recvfrom(two, 100)
        note(data, address == one.getsockname())
        task = asyncio.ensure_future(loop.sock_recvfrom_into(two, buffer := bytearray(10)))
        await turns(2)
        note(await loop.sock_sendto(one, b"later", two.getsockname()))
        count, address = await task
        note(count, bytes(buffer), address == one.getsockname())
        note(await loop.sock_sendto(one, b"0123456789", two.getsockname()))
        await note.wait("part", loop.sock_recvfrom_into(two, buffer, 4))
        note(bytes(buffer))
        await note.wait("too much", loop.sock_recvfrom_into(two, buffer, 40))
        await note.wait("no address", loop.sock_sendto(one, b"x", None))
        await note.wait("too large", loop.sock_sendto(one, bytes(70000), two.getsockname()))
        await note.wait("text", loop.sock_sendto(one, "text", two.getsockname()))
        task = asyncio.ensure_future(loop.sock_recvfrom(two, 10))
        await turns(2)
        task.cancel()
        await note.wait("cancelled", task)
        note("reader left:", loop.remove_reader(two))


@scenario
async def futures_of_operations(loop, note):
    """They are coroutines, and their arguments are looked at when they are awaited."""
    near, far = tcp_pair()
    operations = [loop.sock_recv(near, 10), loop.sock_sendall(near, b"x"), loop.sock_accept(near),
                  loop.sock_connect(near, ("127.0.0.1", 1)), loop.sock_recv(None, "x")]
    note([asyncio.iscoroutine(operation) for operation in operations])
    for operation in operations:
        operation.close()
    far.send(b"nothing was taken")
    note(await loop.sock_recv(near, 100))
    near.close()
    far.close()
