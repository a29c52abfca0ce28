"""Handles, contexts, and what debug mode adds to them."""

import asyncio
import contextvars
import functools
import socket
import threading
import weakref

from stage import folder, scenario

variable = contextvars.ContextVar("variable", default="default")


def callback(*arguments):
    """Something to be scheduled."""


class Callable:
    """Something that is called and is no function."""
    def __call__(self):
        pass

    def method(self):
        """A method to be scheduled."""

    def __repr__(self):
        return "<a Callable>"


@scenario
def what_a_handle_is(loop, note):
    """Handles are asyncio's own class, or of a class of it."""
    for handle in (loop.call_soon(print), loop.call_soon_threadsafe(print)):
        note(isinstance(handle, asyncio.Handle), isinstance(handle, asyncio.TimerHandle))
        note.has("handle", handle, "cancel", "cancelled", "get_context", "when")
        weakref.ref(handle)
        note("cancelled", handle.cancelled(), "context", kind_of(handle), "cancel", handle.cancel())
        note("cancelled", handle.cancelled(), "context", kind_of(handle), "cancel", handle.cancel())


def kind_of(handle):
    """The type of a handle's context."""
    try:
        return type(handle.get_context()).__name__
    except AttributeError:
        return "no get_context"


@scenario
def reprs(loop, note):
    """How handles of functions, methods and objects are shown, before and after cancel()."""
    thing = Callable()
    for what, arguments in ((callback, ()), (callback, (1, "two", [3])), (thing, ()),
                            (thing.method, ()),
                            (functools.partial(callback, 1, key=2), (3,)), (print, ("x",)),
                            (functools.partial(functools.partial(callback, 1), 2), ()),
                            (callback, ("long" * 200,)), (lambda: None, ())):
        handle = loop.call_soon(what, *arguments)
        note(repr(handle))
        handle.cancel()
        note(repr(handle))


@scenario
def reprs_after_running(loop, note):
    """How a handle is shown once it has run."""
    handle = loop.call_soon(callback, 1)
    timer = loop.call_later(0, callback, 2)
    loop.call_later(0, loop.stop)
    loop.run_forever()
    note(repr(handle), handle.cancelled())
    note(repr(timer), timer.cancelled())


@scenario
def debug_reprs(loop, note):
    """In debug mode a handle says where it was made."""
    loop.set_debug(True)
    handle = loop.call_soon(callback, 1)
    note(repr(handle))
    handle.cancel()
    note(repr(handle))
    timer = loop.call_later(1000, callback)
    note(repr(timer))
    timer.cancel()
    note(repr(timer))
    note(repr(loop.call_soon_threadsafe(callback)))


@scenario
def debug_source_traceback(loop, note):
    """A failing callback's context has the source_traceback; its last frame is the caller's."""
    loop.set_debug(True)

    def handler(_, context):
        note(sorted(context))
        frame = context["source_traceback"][-1]
        note(frame.name, frame.line)
        loop.stop()

    def fail():
        raise ValueError("no")
    loop.set_exception_handler(handler)
    for schedule in (loop.call_soon, loop.call_soon_threadsafe,
                     functools.partial(loop.call_later, 0)):
        schedule(fail)
        loop.run_forever()


@scenario
def debug_wrong_callbacks(loop, note):
    """Debug mode looks at what is to be called."""
    async def coroutine_function():
        pass
    coroutine = coroutine_function()
    loop.set_debug(True)
    for wrong in (coroutine_function, coroutine, None, 1, "print"):
        for schedule in (loop.call_soon, loop.call_soon_threadsafe,
                         functools.partial(loop.call_later, 1),
                         functools.partial(loop.call_at, 1),
                         functools.partial(loop.run_in_executor, None)):
            note.call(schedule, wrong)
    coroutine.close()


@scenario
def wrong_callbacks_without_debug(loop, note):
    """Without debug mode a wrong callback fails when it is called."""
    for wrong in (None, 1, "print"):
        note.call(loop.call_soon, wrong)
    loop.call_soon(loop.stop)
    loop.run_forever()


@scenario
def debug_other_thread(loop, note):
    """Debug mode refuses what is called from a thread that is not the loop's, while it runs."""
    loop.set_debug(True)

    def from_thread():
        note.call(loop.call_soon, print)
        note.call(loop.call_later, 1, print)
        note.call(loop.call_at, 1, print)
        note.call(loop.call_soon_threadsafe, loop.stop)

    def begin():
        thread.start()
    thread = threading.Thread(target=from_thread)
    loop.call_soon(begin)
    loop.run_forever()
    thread.join()
    note("not running:")
    thread = threading.Thread(target=note.call, args=(loop.call_soon, print))
    thread.start()
    thread.join()


@scenario
def debug_switch(loop, note):
    """get_debug and set_debug, while the loop runs too."""
    note(loop.get_debug(), loop.slow_callback_duration)
    loop.set_debug(1)
    note(bool(loop.get_debug()))

    async def main():
        loop.set_debug(False)
        note(loop.get_debug())
        loop.set_debug(True)
        note(loop.get_debug())
    loop.run_until_complete(main())
    loop.set_debug(0)
    note(bool(loop.get_debug()))


@scenario
def debug_slow_callback(loop, note):
    """Debug mode logs what takes longer than slow_callback_duration."""
    loop.set_debug(True)
    def last():
        loop.slow_callback_duration = 1000
        loop.stop()
    loop.slow_callback_duration = 0
    loop.call_soon(callback, 1)
    loop.call_soon(last)
    loop.run_forever()


@scenario
def debug_slow_task(loop, note):
    """A slow step of a task is logged with the task."""
    async def main():
        loop.slow_callback_duration = 0
        await asyncio.sleep(0)
        loop.slow_callback_duration = 100
    loop.set_debug(True)
    loop.run_until_complete(main())


@scenario
def contexts_of_callbacks(loop, note):
    """A callback runs in the context of its scheduling, or in the one that is given."""
    other = contextvars.copy_context()
    other.run(variable.set, "given")

    def show(name):
        note(name, variable.get())
        variable.set("changed by " + name)
    variable.set("of the scheduler")
    loop.call_soon(show, "soon")
    loop.call_soon(show, "soon, given", context=other)
    loop.call_soon_threadsafe(show, "threadsafe")
    loop.call_soon_threadsafe(show, "threadsafe, given", context=other)
    loop.call_later(0, show, "timer")
    loop.call_at(0, show, "timer, given", context=other)
    variable.set("after scheduling")
    loop.call_later(0, loop.stop)
    loop.run_forever()
    note("here", variable.get(), "| given", other[variable])
    variable.set("default")


@scenario
def wrong_contexts(loop, note):
    """A context that is none."""
    for wrong in (1, {}, "context"):
        note.call(loop.call_soon, callback, context=wrong)
    loop.call_soon(loop.stop)
    note.call(loop.run_forever)


@scenario
def contexts_of_readers_and_writers(loop, note):
    """Readers and writers run in the context in which they were added."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.send(b"x")

    def readable():
        note("reader", variable.get())
        variable.set("changed")
        loop.remove_reader(near)
        loop.add_writer(near, writable)

    def writable():
        note("writer", variable.get())
        loop.remove_writer(near)
        loop.stop()
    variable.set("at add_reader")
    loop.add_reader(near, readable)
    variable.set("later")
    loop.run_forever()
    variable.set("default")
    near.close()
    far.close()


@scenario
async def contexts_of_protocols(loop, note):
    """In which context each call of a protocol runs."""
    class Protocol(asyncio.Protocol):
        def __init__(self):
            note("factory", variable.get())

        def connection_made(self, transport):
            note("connection_made", variable.get())
            self.transport = transport

        def data_received(self, data):
            note("data_received", variable.get())

        def eof_received(self):
            note("eof_received", variable.get())

        def connection_lost(self, exc):
            note("connection_lost", variable.get())
            lost.set_result(None)
    lost = loop.create_future()
    near, far = socket.socketpair()
    variable.set("connecting")
    with folder() as path:
        server = await loop.create_unix_server(Protocol, str(path / "socket"))
        variable.set("serving")
        await server.start_serving()
        variable.set("later")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path / "socket"))
            client.send(b"x")
            client.shutdown(socket.SHUT_WR)
            await lost
        server.close()
    near.close()
    far.close()


@scenario
async def contexts_of_tasks(loop, note):
    """A task runs in a copy of the context, or in the one that is given."""
    async def show(name):
        note(name, variable.get())
        variable.set("changed by " + name)
        await asyncio.sleep(0)
        note(name, variable.get())
    variable.set("of the creator")
    await loop.create_task(show("task"))
    note("here", variable.get())
    given = contextvars.copy_context()
    try:
        task = loop.create_task(show("given"), context=given)
    except TypeError as error:
        note(type(error).__name__)
        return
    await task
    note("given", given[variable])


@scenario
async def contexts_of_executors_and_signals(loop, note):
    """run_in_executor runs without a context of ours; to_thread and a signal's handler with one."""
    import signal
    done = loop.create_future()

    def show(name):
        note(name, variable.get())

    def handle():
        show("signal")
        loop.remove_signal_handler(signal.SIGUSR1)
        done.set_result(None)
    variable.set("of the caller")
    await loop.run_in_executor(None, show, "executor")
    await asyncio.to_thread(show, "to_thread")
    loop.add_signal_handler(signal.SIGUSR1, handle)
    variable.set("later")
    signal.raise_signal(signal.SIGUSR1)
    await done
