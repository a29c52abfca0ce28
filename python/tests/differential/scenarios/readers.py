"""add_reader, add_writer and their counterparts."""

import os
import socket
import tempfile

from stage import connected, scenario, Witness


@scenario
def what_they_return(loop, note):
    """Adding returns nothing, removing whether there was one."""
    near, far = socket.socketpair()
    for add, remove in ((loop.add_reader, loop.remove_reader),
                        (loop.add_writer, loop.remove_writer)):
        note.call(remove, near)
        note(type(add(near, print)).__name__)
        note(type(add(near, print)).__name__)
        note.call(remove, near)
        note.call(remove, near)
    near.close()
    far.close()


@scenario
def ways_to_name_a_descriptor(loop, note):
    """Numbers, objects with fileno(), and what is neither."""
    near, far = socket.socketpair()

    class HasNumber:
        def fileno(self):
            return near.fileno()

    class HasText:
        def fileno(self):
            return "text"
    note.call(loop.add_reader, near.fileno(), print)
    note.call(loop.remove_reader, HasNumber())
    note.call(loop.add_writer, HasNumber(), print)
    note.call(loop.remove_writer, near)
    for wrong in (None, "text", 1.5, HasText(), -1, -100, True and object()):
        name = type(wrong).__name__
        for function in (loop.add_reader, loop.add_writer, loop.remove_reader, loop.remove_writer):
            arguments = (wrong, print) if function.__name__.startswith("add") else (wrong,)
            try:
                note(function.__name__, name, function(*arguments))
            except (TypeError, ValueError, OSError) as error:
                note(function.__name__, name, type(error).__name__,
                     "object" if "object at" in str(error) else error)
    near.close()
    far.close()


@scenario
def closed_descriptors(loop, note):
    """A closed socket, a number that is no descriptor, a regular file."""
    near, far = socket.socketpair()
    number = near.fileno()
    near.close()
    for function in (loop.add_reader, loop.add_writer):
        note.call(function, near, print)
        note.call(function, number, print)
    for function in (loop.remove_reader, loop.remove_writer):
        note.call(function, near)
        note.call(function, number)
    far.close()
    with tempfile.TemporaryFile() as file:
        note.call(loop.add_reader, file, print)
        note.call(loop.remove_reader, file)


@scenario
def a_second_one_replaces_the_first(loop, note):
    """There is one reader a descriptor; the first is cancelled."""
    near, far = socket.socketpair()
    far.send(b"x")

    def readable(name):
        note("readable", name)
        loop.remove_reader(near)
        loop.stop()
    loop.add_reader(near, readable, "first")
    loop.add_reader(near, readable, "second")
    loop.run_forever()
    near.close()
    far.close()


@scenario
def replaced_while_it_is_ready(loop, note):
    """A reader that is replaced in the turn in which it would have run."""
    near, far = socket.socketpair()
    far.send(b"x")

    def readable(name):
        note("readable", name)
        loop.remove_reader(near)
        loop.stop()

    def begin():
        loop.add_reader(near, readable, "first")
        loop.call_soon(loop.add_reader, near, readable, "second")
    loop.call_soon(begin)
    loop.run_forever()
    near.close()
    far.close()


@scenario
def reader_and_writer_of_one_descriptor(loop, note):
    """Each goes without the other."""
    near, far = socket.socketpair()

    def writable():
        note("writable", loop.remove_writer(near))
        far.send(b"x")

    def readable():
        note("readable", near.recv(5), loop.remove_reader(near))
        loop.stop()
    loop.add_reader(near, readable)
    loop.add_writer(near, writable)
    loop.run_forever()
    near.close()
    far.close()


@scenario
def hang_up(loop, note):
    """Reader and writer are both called when the peer is gone."""
    near, far = socket.socketpair()
    left = {"readable", "writable"}

    def called(name, remove):
        note(name, remove(near))
        left.discard(name)
        if not left:
            loop.stop()
    loop.add_reader(near, called, "readable", loop.remove_reader)
    loop.add_writer(near, called, "writable", loop.remove_writer)
    far.close()
    loop.run_forever()
    near.close()


@scenario
def broken_pipe(loop, note):
    """A pipe's write end is writable, with an error, when nobody reads any more."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    while True:
        try:
            os.write(writing, bytes(65536))
        except BlockingIOError:
            break

    def writable():
        note("writable")
        note.call(os.write, writing, b"x")
        loop.remove_writer(writing)
        loop.stop()
    loop.add_writer(writing, writable)
    os.close(reading)
    loop.run_forever()
    os.close(writing)


@scenario
def descriptor_that_is_used_again(loop, note):
    """A descriptor that was closed under its reader and is another file now."""
    near, far = socket.socketpair()
    number = near.fileno()
    loop.add_reader(near, note, "reader of the closed one")
    near.close()
    far.close()
    loop.call_soon(loop.stop)
    loop.run_forever()
    other, peer = socket.socketpair()
    if other.fileno() != number:
        os.dup2(other.fileno(), number)
    peer.send(b"x")

    def readable():
        note("readable")
        loop.stop()
    try:
        loop.remove_reader(number)
        loop.add_reader(number, readable)
        loop.run_forever()
    finally:
        note(loop.remove_reader(number))
        if other.fileno() != number:
            os.close(number)
        other.close()
        peer.close()


@scenario
def left_at_close(loop, note):
    """Readers that are there when the loop closes are let go of."""
    class Told:
        def __del__(self):
            note("released")
    near, far = socket.socketpair()
    loop.add_reader(near, print, Told())
    loop.add_writer(near, print, Told())
    loop.close()
    near.close()
    far.close()


@scenario
async def of_a_transport(loop, note):
    """A transport's descriptor is not for readers of one's own."""
    transport, far = await connected(loop, protocol := Witness(note))
    sock = transport.get_extra_info("socket")
    for function in (loop.add_reader, loop.add_writer):
        note.call(function, sock, print)
        note.call(function, sock.fileno(), print)
    for function in (loop.remove_reader, loop.remove_writer):
        note.call(function, sock)
    far.send(b"still works")
    await protocol.has(11)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def of_a_closing_transport(loop, note):
    """Once a transport is closing its descriptor is not looked after any more."""
    transport, far = await connected(loop, protocol := Witness(note))
    sock = transport.get_extra_info("socket")
    number = sock.fileno()
    transport.close()
    note.call(loop.add_reader, number, print)
    note.call(loop.remove_reader, number)
    await protocol.lost
    far.close()


@scenario
async def sock_methods_of_a_transport(loop, note):
    """Nor is it for sock_recv and its kin."""
    transport, far = await connected(loop, protocol := Witness(note))
    near = transport.get_extra_info("socket")._sock if hasattr(
        transport.get_extra_info("socket"), "_sock") else transport.get_extra_info("socket")
    await note.wait("sock_recv", loop.sock_recv(near, 10))
    await note.wait("sock_recv_into", loop.sock_recv_into(near, bytearray(10)))
    await note.wait("sock_connect", loop.sock_connect(near, ("127.0.0.1", 1)))
    transport.abort()
    await protocol.lost
    far.close()


@scenario
def wrong_callbacks(loop, note):
    """A callback that can not be called."""
    near, far = socket.socketpair()
    far.send(b"x")
    loop.set_debug(False)
    note(type(loop.add_reader(near, None)).__name__)
    loop.call_soon(loop.call_soon, loop.stop)
    loop.run_forever()
    loop.remove_reader(near)
    note.refused(loop.add_reader, near)
    note.refused(loop.remove_reader)
    near.close()
    far.close()


@scenario
def failing_reader_is_called_again(loop, note):
    """A reader that fails stays."""
    near, far = socket.socketpair()
    far.send(b"x")
    count = 0

    def readable():
        nonlocal count
        count += 1
        if count == 3:
            loop.stop()
            return
        raise ValueError(count)
    loop.add_reader(near, readable)
    loop.run_forever()
    note(loop.remove_reader(near))
    near.close()
    far.close()


@scenario
def several_at_once(loop, note):
    """Twenty sockets that are readable together are all served in one turn."""
    pairs = [socket.socketpair() for _ in range(20)]
    seen = set()
    turn = 0

    def readable(number):
        seen.add((turn, number))
        loop.remove_reader(pairs[number][0])

    def count():
        nonlocal turn
        turn += 1
        if turn < 3:
            loop.call_soon(count)
        else:
            loop.stop()
    for number, (near, far) in enumerate(pairs):
        far.send(b"x")
        loop.add_reader(near, readable, number)
    loop.call_soon(count)
    loop.run_forever()
    note(len(seen), {turn for turn, _ in seen})
    for near, far in pairs:
        near.close()
        far.close()
