"""Every method of a loop that is closed."""

import asyncio
import inspect
import os
import signal
import socket
import warnings

from stage import scenario


@scenario
def scheduling(loop, note):
    """What schedules says that the loop is closed."""
    loop.close()
    note.call(loop.call_soon, print)
    note.call(loop.call_soon_threadsafe, print)
    note.call(loop.call_later, 1, print)
    note.call(loop.call_at, 1, print)
    note.call(loop.run_forever)
    note.call(loop.run_in_executor, None, print)


@scenario
def tasks(loop, note):
    """Coroutines that are given to a closed loop."""
    loop.close()
    for function in (loop.create_task, loop.run_until_complete):
        coroutine = asyncio.sleep(0)
        note.call(function, coroutine)
        coroutine.close()
    note.call(loop.create_future)


@scenario
def attributes(loop, note):
    """What only looks or sets works on."""
    loop.close()
    note.call(loop.is_running)
    note.call(loop.is_closed)
    note.call(loop.get_debug)
    note.call(loop.set_debug, True)
    note.call(loop.stop)
    note.call(loop.get_exception_handler)
    note.call(loop.set_exception_handler, None)
    note.call(loop.get_task_factory)
    note.call(loop.set_task_factory, None)
    note(type(loop.time()))
    note.call(loop.call_exception_handler, {"message": "of a closed loop"})
    note.call(loop.default_exception_handler, {"message": "of a closed loop"})


@scenario
def readers_and_writers(loop, note):
    """add_reader and its kin."""
    near, far = socket.socketpair()
    loop.close()
    note.call(loop.add_reader, near, print)
    note.call(loop.add_writer, near, print)
    note.call(loop.remove_reader, near)
    note.call(loop.remove_writer, near)
    near.close()
    far.close()


@scenario
def signals(loop, note):
    """Signal handlers."""
    loop.close()
    note.call(loop.add_signal_handler, signal.SIGUSR1, print)
    note.call(loop.remove_signal_handler, signal.SIGUSR1)


@scenario
def awaitable_methods(loop, note):
    """Every coroutine method, driven by hand: what does the first step raise?"""
    near, far = socket.socketpair()
    near.setblocking(False)
    reading, writing = os.pipe()
    pipe = os.fdopen(reading, "rb", 0)
    calls = [
        ("getaddrinfo", ("localhost", 80)),
        ("getnameinfo", (("127.0.0.1", 80),)),
        ("sock_recv", (near, 10)),
        ("sock_recv_into", (near, bytearray(10))),
        ("create_connection", (asyncio.Protocol, "127.0.0.1", 80)),
        ("create_server", (asyncio.Protocol, "127.0.0.1", 0)),
        ("create_datagram_endpoint", (asyncio.DatagramProtocol, ("127.0.0.1", 0))),
        ("connect_read_pipe", (asyncio.Protocol, pipe)),
        ("shutdown_asyncgens", ()),
        ("shutdown_default_executor", ()),
    ]
    loop.close()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, arguments in calls:
            first_step(note, name, getattr(loop, name), arguments)
    pipe.close()
    os.close(writing)
    near.close()
    far.close()


@scenario
def what_need_not_wait(loop, note):
    """Operations on sockets that need not wait, on a closed loop."""
    near, far = socket.socketpair()
    near.setblocking(False)
    loop.close()
    for name, arguments in (("sock_sendall", (near, b"x")), ("sock_accept", (near,)),
                            ("sock_connect", (near, ("127.0.0.1", 80)))):
        first_step(note, name, getattr(loop, name), arguments)
    near.close()
    far.close()


def first_step(note, name, function, arguments):
    """Note how the first step of a coroutine ends."""
    try:
        awaitable = function(*arguments)
        step = awaitable.__await__()
        try:
            step.send(None)
            note(name, "waits")
        except StopIteration as end:
            note(name, "ends", type(end.value).__name__)
        finally:
            if inspect.iscoroutine(awaitable):
                awaitable.close()
    except Exception as error:
        note(name, "raises", type(error).__name__)


@scenario
def transports_of_a_closed_loop(loop, note):
    """A transport that outlives its loop: writing, closing and aborting."""
    near, far = socket.socketpair()

    class Protocol(asyncio.Protocol):
        def connection_lost(self, exc):
            note("connection_lost", exc)

    async def main():
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            accepted, _ = listener.accept()
        client.setblocking(False)
        transport, _ = await loop.create_connection(Protocol, sock=client)
        return transport, accepted
    transport, accepted = loop.run_until_complete(main())
    loop.close()
    note.call(transport.is_closing)
    note.call(transport.write, b"x")
    note(accepted.recv(10))
    note.call(transport.close)
    note.call(transport.abort)
    note.call(transport.close)
    accepted.close()
    near.close()
    far.close()


@scenario
def servers_of_a_closed_loop(loop, note):
    """A server that outlives its loop."""
    server = loop.run_until_complete(loop.create_server(asyncio.Protocol, "127.0.0.1", 0))
    loop.close()
    note.call(server.is_serving)
    note.call(server.close)
    note.call(server.is_serving)
