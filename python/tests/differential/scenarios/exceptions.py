"""The exception handler: who calls it with what, and what the default one logs."""

import asyncio
import gc
import socket
import traceback

from stage import connected, in_thread, kind, read_all, scenario, turns


def show_all(note):
    """A handler that notes the whole context."""
    def handler(loop, context):
        for key in sorted(context):
            value = context[key]
            note(key, value if isinstance(value, (str, Exception)) else kind(value))
    return handler


def fail(*_):
    """What fails."""
    raise ValueError("no")


@scenario
def setting_it(loop, note):
    """What is a handler, and what is none."""
    note(loop.get_exception_handler() == note.exception_handler)
    note.call(loop.set_exception_handler, None)
    note.call(loop.get_exception_handler)
    for wrong in (1, "handler", object()):
        try:
            loop.set_exception_handler(wrong)
        except TypeError as error:
            note(error)
    note.call(loop.set_exception_handler, print)
    note(loop.get_exception_handler())


@scenario
def calling_it(loop, note):
    """call_exception_handler hands on the loop and the context as they are."""
    given = {"message": "a message", "key": 5}

    def handler(which, context):
        note(which is loop, context is given, sorted(context))
    loop.set_exception_handler(handler)
    note.call(loop.call_exception_handler, given)
    note.refused(loop.call_exception_handler)


@scenario
def default_one(loop, note):
    """What the default handler logs of several contexts."""
    stack = traceback.StackSummary.from_list([("file.py", 1, "function", "code")])
    loop.set_exception_handler(None)
    for context in ({}, {"message": "a message"}, {"message": ""}, {"message": None},
                    {"message": "a message", "exception": ValueError("no")},
                    {"message": "a message", "b": 2, "a": [1], "asyncgen": None},
                    {"exception": KeyError("key")},
                    {"message": "m", "future": loop.create_future()},
                    {"message": "m", "handle": loop.call_soon(fail)},
                    {"message": "m", "source_traceback": stack},
                    {"message": "m", "handle_traceback": stack}):
        loop.call_exception_handler(context)


@scenario
def default_one_by_hand(loop, note):
    """default_exception_handler may be called by one's own handler."""
    def handler(which, context):
        note("own", context["message"])
        which.default_exception_handler(context)
    loop.set_exception_handler(handler)
    loop.call_exception_handler({"message": "a message"})


@scenario
def default_one_of_a_failing_callback(loop, note):
    """A callback that fails is logged with its handle."""
    loop.set_exception_handler(None)
    loop.call_soon(fail, 1)
    loop.call_later(0, fail, 2)
    loop.call_later(0, loop.stop)
    loop.run_forever()


@scenario
def default_one_in_debug_mode(loop, note):
    """In debug mode the log says where the handle was made."""
    loop.set_exception_handler(None)
    loop.set_debug(True)
    loop.call_soon(fail)
    loop.call_soon(loop.stop)
    loop.run_forever()


@scenario
def handler_that_fails(loop, note):
    """A handler's own error is logged, and the loop goes on."""
    loop.set_exception_handler(fail)
    note.call(loop.call_exception_handler, {"message": "a message"})
    loop.call_soon(fail)
    loop.call_soon(note, "goes on")
    loop.call_soon(loop.stop)
    loop.run_forever()


@scenario
def handler_that_leaves(loop, note):
    """SystemExit and KeyboardInterrupt out of a handler leave the loop."""
    def leave(kind):
        def handler(which, context):
            raise kind("out of the handler")
        return handler
    for which in (SystemExit, KeyboardInterrupt):
        loop.set_exception_handler(leave(which))
        loop.call_soon(fail)
        note.call(loop.run_forever)
    note.call(loop.call_exception_handler, {"message": "a message"})
    loop.set_exception_handler(None)
    loop.call_soon(loop.stop)
    note.call(loop.run_forever)


@scenario
def overridden_default_handler_that_fails(loop, note):
    """An error in a subclass's default_exception_handler is logged."""
    class Loop(type(loop)):
        def default_exception_handler(self, context):
            raise RuntimeError("default handler")
    other = Loop()
    note.call(other.call_exception_handler, {"message": "a message"})
    other.set_exception_handler(fail)
    note.call(other.call_exception_handler, {"message": "a message"})
    other.close()


@scenario
def subclass_is_asked(loop, note):
    """A subclass's call_exception_handler gets what callbacks fail with."""
    class Loop(type(loop)):
        def call_exception_handler(self, context):
            note("subclass", context["message"].partition(" at ")[0], sorted(context))
    other = Loop()
    other.call_soon(fail)
    other.call_soon(other.stop)
    other.run_forever()
    other.close()


@scenario
def task_exception_never_retrieved(loop, note):
    """A failed task that is dropped."""
    async def main():
        raise ValueError("no")
    loop.set_exception_handler(show_all(note))
    task = loop.create_task(main(), name="dropped")
    loop.run_until_complete(asyncio.wait([task]))
    del task
    gc.collect()


@scenario
def future_exception_never_retrieved(loop, note):
    """A failed future that is dropped."""
    loop.set_exception_handler(show_all(note))
    future = loop.create_future()
    future.set_exception(ValueError("no"))
    del future
    gc.collect()


@scenario
def future_callback_that_fails(loop, note):
    """A callback of a future that fails."""
    loop.set_exception_handler(show_all(note))
    future = loop.create_future()
    future.add_done_callback(fail)
    future.add_done_callback(lambda _: note("next callback"))
    future.set_result(None)
    loop.run_until_complete(asyncio.sleep(0))


@scenario
async def protocol_calls_that_fail(loop, note):
    """Each call of a stream protocol fails once."""
    loop.set_exception_handler(show_all(note))
    for which in ("connection_made", "data_received", "eof_received", "connection_lost",
                  "pause_writing", "resume_writing"):
        note("--", which)
        done = loop.create_future()
        protocol = failing_protocol(note, which, done)
        transport, far = await connected(loop, protocol)
        if which == "pause_writing":
            transport.set_write_buffer_limits(0)
            transport.write(bytes(10_000_000))
            transport.abort()
        elif which == "resume_writing":
            transport.set_write_buffer_limits(0)
            transport.write(bytes(10_000_000))
            transport.close()
            note(len(await in_thread(read_all, far)))
        else:
            if which == "data_received":
                far.send(b"x")
            far.shutdown(2)
        await done
        far.close()


def failing_protocol(note, which, done):
    """A protocol one of whose calls fails; done is set when the connection is lost."""
    class Protocol(asyncio.Protocol):
        def connection_lost(self, exc):
            note("connection_lost", exc)
            done.set_result(None)
    original = getattr(Protocol, which)

    def failing(self, *arguments):
        original(self, *arguments)
        raise RuntimeError(which)
    setattr(Protocol, which, failing)
    return Protocol()


@scenario
def protocol_calls_that_leave(loop, note):
    """KeyboardInterrupt out of data_received leaves the loop, which can run on."""
    class Protocol(asyncio.Protocol):
        def data_received(self, data):
            note("data_received", data)
            raise KeyboardInterrupt("data_received")

        def connection_lost(self, exc):
            note("connection_lost", exc)
    transport, far = loop.run_until_complete(connected(loop, Protocol()))
    far.send(b"x")
    note.call(loop.run_forever)
    transport.abort()
    loop.run_until_complete(turns(2))
    far.close()


@scenario
async def failing_datagram_protocol(loop, note):
    """datagram_received that fails."""
    loop.set_exception_handler(show_all(note))
    done = loop.create_future()

    class Protocol(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            note("datagram_received", data)
            if data == b"last":
                done.set_result(None)
            raise RuntimeError("datagram_received")
    transport, _ = await loop.create_datagram_endpoint(Protocol, local_addr=("127.0.0.1", 0))
    with socket.socket(type=socket.SOCK_DGRAM) as sender:
        for data in (b"first", b"last"):
            sender.sendto(data, transport.get_extra_info("sockname"))
    await done
    transport.close()
