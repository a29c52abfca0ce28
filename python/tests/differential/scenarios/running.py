"""Running, stopping and closing a loop, rightly and wrongly."""

import asyncio
import os
import signal
import threading

from stage import program, scenario


@scenario
def states(loop, note):
    """is_running, is_closed and the repr, before, in and after."""
    note(loop.is_running(), loop.is_closed(), repr(loop))
    loop.call_soon(lambda: note(loop.is_running(), loop.is_closed(), repr(loop)))
    loop.call_soon(loop.stop)
    loop.run_forever()
    note(loop.is_running(), loop.is_closed(), repr(loop))
    loop.set_debug(True)
    note(repr(loop))
    loop.close()
    note(loop.is_running(), loop.is_closed(), repr(loop))


@scenario
def what_a_loop_is(loop, note):
    """The loop is an AbstractEventLoop, can be hashed, referred to weakly and given attributes."""
    import weakref
    note(isinstance(loop, asyncio.AbstractEventLoop), loop == loop, loop != asyncio,
         hash(loop) == hash(loop))
    note(weakref.ref(loop)() is loop)
    loop.something = 5
    note(loop.something)


@scenario
def results(loop, note):
    """What run_until_complete gives: results, exceptions, of futures, coroutines and awaitables."""
    async def give():
        return 1

    async def fail():
        raise ValueError("no")

    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return 2
    future = loop.create_future()
    loop.call_soon(future.set_result, 3)
    done = loop.create_future()
    done.set_result(4)
    failed = loop.create_future()
    failed.set_exception(KeyError("key"))
    cancelled = loop.create_future()
    cancelled.cancel("message")
    for what in (give(), fail(), Awaitable(), future, done, failed, cancelled,
                 loop.create_task(give())):
        note.call(loop.run_until_complete, what)


@scenario
def wrong_things_to_complete(loop, note):
    """run_until_complete of what can not be awaited, and of another loop's future."""
    other = asyncio.new_event_loop()
    for wrong in (None, 1, "text", print, object, other.create_future()):
        note.call(loop.run_until_complete, wrong)
    note.refused(loop.run_forever, 1)
    note.refused(loop.run_until_complete)
    other.close()


@scenario
def stopped_before_complete(loop, note):
    """A loop that is stopped too early says so, and the task goes on with the next run."""
    async def main():
        loop.stop()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return "done"
    task = loop.create_task(main())
    note.call(loop.run_until_complete, task)
    note(task.done())
    note.call(loop.run_until_complete, task)


@scenario
def stop_before_running(loop, note):
    """A loop that was stopped before it ran goes round once."""
    loop.stop()
    loop.call_soon(note, "once")
    loop.call_soon(loop.call_soon, note, "not in the first run")
    note.call(loop.run_forever)
    loop.stop()
    note.call(loop.run_forever)


@scenario
def stop_in_the_middle(loop, note):
    """stop lets the turn end; what the turn scheduled runs with the next run."""
    loop.call_soon(note, "first")
    loop.call_soon(loop.stop)
    loop.call_soon(note, "third")
    loop.call_soon(loop.call_soon, note, "next run")
    loop.call_soon(loop.stop)
    note.call(loop.run_forever)
    note("again")
    loop.call_soon(loop.stop)
    note.call(loop.run_forever)


@scenario
def stop_lets_io_wait(loop, note):
    """The turn of the stop runs what was ready, and nothing of the next."""
    reading, writing = os.pipe()

    def begin():
        loop.add_reader(reading, lambda: note("readable", os.read(reading, 10)))
        os.write(writing, b"x")
        loop.stop()
    loop.call_soon(begin)
    loop.run_forever()
    note("stopped")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.remove_reader(reading)
    os.close(reading)
    os.close(writing)


def in_a_callback(loop, function, *arguments):
    """Call something while the loop runs.

    Only once: the stock loop of some versions takes itself for not running any more after it
    refused to run.
    """
    loop.call_soon(function, *arguments)
    loop.call_soon(loop.stop)
    loop.run_forever()


@scenario
def running_while_it_runs(loop, note):
    """A loop can not run while it runs."""
    in_a_callback(loop, note.call, loop.run_forever)


@scenario
def completing_while_it_runs(loop, note):
    """Nor can it run until something is complete."""
    coroutine = asyncio.sleep(0)
    in_a_callback(loop, note.call, loop.run_until_complete, coroutine)
    coroutine.close()


@scenario
def running_another_loop(loop, note):
    """Nor can another one run in the same thread."""
    other = asyncio.new_event_loop()
    in_a_callback(loop, note.call, other.run_forever)
    other.close()


@scenario
def run_while_a_loop_runs(loop, note):
    """asyncio.run refuses before it makes a loop."""
    coroutine = asyncio.sleep(0)
    in_a_callback(loop, note.call, asyncio.run, coroutine)
    coroutine.close()


@scenario
def running_loop(loop, note):
    """get_running_loop in and out of a loop."""
    note.call(asyncio.get_running_loop)
    in_a_callback(loop, lambda: note(asyncio.get_running_loop() is loop))
    note.call(asyncio.get_running_loop)


@scenario
def two_loops_in_two_threads(loop, note):
    """Loops of different threads run at the same time and wake each other."""
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever)
    thread.start()

    async def remote():
        return threading.current_thread() is thread

    async def main():
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(remote(), other))
    note(loop.run_until_complete(main()))
    other.call_soon_threadsafe(other.stop)
    thread.join()
    other.close()


@scenario
def closing(loop, note):
    """Closing a running loop fails, closing twice does not."""
    async def main():
        note.call(loop.close)
    loop.run_until_complete(main())
    note.call(loop.close)
    note.call(loop.close)
    note(loop.is_closed())


@scenario
def close_with_pending_tasks(loop, note):
    """A task that was never done is reported when it is collected."""
    async def forever():
        await loop.create_future()
    loop.create_task(forever(), name="forever")
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()


@scenario
def loop_that_is_not_closed(loop, note):
    """A loop that is collected without close() is a ResourceWarning."""
    other = asyncio.new_event_loop()
    other.run_until_complete(asyncio.sleep(0))
    del other
    import gc
    gc.collect()


@scenario
def loop_that_refers_to_itself(loop, note):
    """A closed loop in a cycle with its callbacks is collected."""
    import gc
    import weakref
    other = asyncio.new_event_loop()
    other.me = other
    other.call_soon(print, other)
    other.call_later(1000, print, other)
    other.set_exception_handler(lambda *_: other)
    seen = weakref.ref(other)
    other.close()
    del other
    gc.collect()
    note(seen() is None)


@scenario
def keyboard_interrupt_out_of_a_callback(loop, note):
    """It leaves run_forever; then the loop runs on."""
    def interrupt():
        raise KeyboardInterrupt
    loop.call_soon(interrupt)
    loop.call_soon(note, "left over")
    note.call(loop.run_forever)
    note.call(loop.run_until_complete, asyncio.sleep(0, "runs on"))


@scenario
def keyboard_interrupt_out_of_a_task(loop, note):
    """It leaves run_until_complete, and the task has it as its exception."""
    async def main():
        raise KeyboardInterrupt("task")
    task = loop.create_task(main())
    note.call(loop.run_until_complete, task)
    note(task.done(), task.exception())
    note.call(loop.run_until_complete, asyncio.sleep(0, "runs on"))


@scenario
def interrupt_while_it_waits(loop, note):
    """SIGINT wakes a loop that waits; its future stays pending and can be completed later."""
    future = loop.create_future()
    thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGINT))
    loop.call_soon(thread.start)
    note.call(loop.run_until_complete, future)
    thread.join()
    note(future.done(), loop.is_running())
    future.set_result("later")
    note.call(loop.run_until_complete, future)


@scenario
def interrupt_of_a_busy_loop(loop, note):
    """SIGINT comes through although the loop never waits."""
    def spin():
        loop.call_soon(spin)
    spin()
    loop.call_soon(signal.raise_signal, signal.SIGINT)
    note.call(loop.run_forever)


@scenario
def run_and_its_errors(loop, note):
    """asyncio.run gives results and exceptions, cancels what is left and wants a coroutine."""
    async def left_over():
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            note("left over is cancelled")
            raise

    async def give():
        asyncio.ensure_future(left_over())
        await asyncio.sleep(0)
        return 5

    async def fail():
        raise ValueError("no")
    note.call(asyncio.run, give())
    note.call(asyncio.run, fail())
    note.call(asyncio.run, None)
    note.call(asyncio.run, give)


@scenario
def run_is_interrupted(loop, note):
    """Ctrl-C cancels the main task, and run raises KeyboardInterrupt."""
    program(note, """
import asyncio, os, signal
async def main():
    try:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGINT)
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        print("cancelled")
        raise
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted")
""")


@scenario
def exits_quietly_with_all_open(loop, note):
    """An interpreter that ends with an open loop, transport and server says no more than stock."""
    program(note, """
import asyncio
async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    kept.append(await loop.create_connection(asyncio.Protocol, *address))
    loop.call_later(1000, print)
kept = []
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
print("end")
""")


@scenario
def stop_and_close_from_a_finalizer(loop, note):
    """A loop may be closed while the interpreter ends."""
    program(note, """
import asyncio, atexit
loop = asyncio.new_event_loop()
atexit.register(lambda: (loop.run_until_complete(asyncio.sleep(0)), loop.close(), print("closed")))
""")
