"""The order and the fate of callbacks: call_soon, I/O, timers, cancelled and failing ones."""

import asyncio
import os
import socket
import threading

from stage import scenario, tcp_pair


def run(loop):
    """Run until something stops the loop."""
    loop.run_forever()


@scenario
def call_soon_is_first_in_first_out(loop, note):
    """Callbacks run in the order in which they were scheduled."""
    for number in range(5):
        loop.call_soon(note, "callback", number)
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def nested_call_soon_waits_for_the_next_turn(loop, note):
    """What a callback schedules comes behind what was scheduled before."""
    def outer(name):
        note(name)
        loop.call_soon(note, name, "nested")
    loop.call_soon(outer, "first")
    loop.call_soon(outer, "second")
    loop.call_soon(loop.call_soon, loop.call_soon, loop.stop)
    run(loop)


@scenario
def soon_and_threadsafe_share_one_queue(loop, note):
    """call_soon_threadsafe from the loop's own thread keeps its place among call_soon."""
    loop.call_soon(note, "soon 1")
    loop.call_soon_threadsafe(note, "threadsafe 2")
    loop.call_soon(note, "soon 3")
    loop.call_soon_threadsafe(note, "threadsafe 4")
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def older_soon_then_io_then_timers(loop, note):
    """A turn runs what was scheduled in the last one, then what is readable, then what is due."""
    near, far = socket.socketpair()
    near.setblocking(False)

    def readable():
        note("readable", near.recv(10))
        loop.call_soon(note, "soon of readable")
        loop.call_soon(loop.stop)

    def begin():
        loop.add_reader(near, readable)
        far.send(b"x")
        loop.call_at(loop.time() - 1, note, "timer")
        loop.call_soon(note, "soon")
    loop.call_soon(begin)
    run(loop)
    loop.remove_reader(near)
    near.close()
    far.close()


@scenario
def io_that_comes_up_in_a_turn_is_seen_in_the_next(loop, note):
    """Callbacks that write to a pipe see it readable one turn later, among the turn's call_soon."""
    near, far = socket.socketpair()
    near.setblocking(False)
    turn = 0

    def readable():
        note("turn", turn, "readable", near.recv(10))

    def count():
        nonlocal turn
        turn += 1
        note("turn", turn)
        if turn == 2:
            far.send(b"x")
        loop.call_soon(loop.stop if turn == 5 else count)
    loop.add_reader(near, readable)
    loop.call_soon(count)
    run(loop)
    loop.remove_reader(near)
    near.close()
    far.close()


@scenario
def reader_before_writer_of_one_socket(loop, note):
    """Where a socket is readable and writable, the reader runs first."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.send(b"x")

    def readable():
        note("readable")
        loop.remove_reader(near)

    def writable():
        note("writable")
        loop.remove_writer(near)
        loop.stop()
    loop.add_writer(near, writable)
    loop.add_reader(near, readable)
    run(loop)
    near.close()
    far.close()


@scenario
def reader_removes_writer_of_the_same_turn(loop, note):
    """A writer that the reader of the same turn takes away does not run any more."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.send(b"x")

    def readable():
        note("readable, writer removed:", loop.remove_writer(near))
        loop.remove_reader(near)
        loop.call_soon(loop.stop)
    loop.add_reader(near, readable)
    loop.add_writer(near, note, "writable")
    run(loop)
    near.close()
    far.close()


@scenario
def soon_removes_reader_of_the_same_turn(loop, note):
    """A reader that is ready but taken away by an older callback does not run."""
    near, far = socket.socketpair()
    near.setblocking(False)

    def begin():
        loop.add_reader(near, note, "readable")
        far.send(b"x")
        loop.call_soon(lambda: note("removed:", loop.remove_reader(near)))
        loop.call_soon(loop.call_soon, loop.stop)
    loop.call_soon(begin)
    run(loop)
    near.close()
    far.close()


@scenario
def level_triggered_readiness(loop, note):
    """A reader that leaves data is called again in the next turn."""
    near, far = tcp_pair()
    far.send(b"abc")
    seen = []

    def readable():
        seen.append(near.recv(1))
        if len(seen) == 3:
            loop.stop()
    loop.add_reader(near, readable)
    run(loop)
    note(seen)
    note("removed:", loop.remove_reader(near))
    near.close()
    far.close()


@scenario
def cancelled_before_it_ran(loop, note):
    """A cancelled callback does not run, and the others do."""
    loop.call_soon(note, "first")
    handle = loop.call_soon(note, "second")
    loop.call_soon(note, "third")
    handle.cancel()
    loop.call_soon(loop.stop)
    run(loop)
    note("cancelled:", handle.cancelled())


@scenario
def cancelled_by_a_callback_of_the_same_turn(loop, note):
    """A callback may cancel one that is to run in the same turn."""
    loop.call_soon(lambda: handle.cancel())
    handle = loop.call_soon(note, "never")
    loop.call_soon(note, "after")
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def cancelled_after_it_ran(loop, note):
    """Cancelling what has run already says nothing, and cancelled() is true then."""
    handle = loop.call_soon(note, "runs")
    loop.call_soon(loop.stop)
    run(loop)
    note("cancelled:", handle.cancelled(), "cancel:", handle.cancel(), "cancelled:",
         handle.cancelled())


@scenario
def cancels_itself(loop, note):
    """A callback may cancel its own handle."""
    def callback():
        note("runs", handle.cancelled())
        handle.cancel()
        note("still runs", handle.cancelled())
    handle = loop.call_soon(callback)
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def failing_callback_does_not_stop_the_others(loop, note):
    """An exception goes to the handler, and the turn goes on."""
    def fail():
        raise ValueError("no")
    loop.call_soon(note, "before")
    loop.call_soon(fail)
    loop.call_soon(note, "after")
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def every_kind_of_callback_fails(loop, note):
    """Exceptions out of a reader, a writer, a timer, a thread's callback: one handler for all."""
    near, far = socket.socketpair()
    near.setblocking(False)
    left = {"reader", "writer", "timer", "threadsafe"}

    def fail(name):
        left.discard(name)
        if name == "reader":
            loop.remove_reader(near)
        if name == "writer":
            loop.remove_writer(far)
        if not left:
            loop.call_soon(loop.stop)
        raise RuntimeError(name)
    loop.call_soon_threadsafe(fail, "threadsafe")
    run_later = lambda: (far.send(b"x"), loop.add_reader(near, fail, "reader"),
                         loop.call_later(0, fail, "timer"))
    loop.call_soon(run_later)
    far.setblocking(False)
    loop.call_soon(loop.call_soon, loop.call_soon, loop.call_soon, loop.add_writer, far, fail,
                   "writer")
    run(loop)
    near.close()
    far.close()


@scenario
def a_base_exception_of_ones_own_goes_to_the_handler(loop, note):
    """Only KeyboardInterrupt and SystemExit leave the loop; other BaseExceptions do not."""
    class Odd(BaseException):
        pass

    def fail(kind):
        raise kind("odd")
    for kind in (Odd, GeneratorExit, asyncio.CancelledError):
        loop.call_soon(fail, kind)
    loop.call_soon(loop.stop)
    run(loop)


@scenario
def system_exit_leaves_the_loop_and_the_rest_is_kept(loop, note):
    """SystemExit comes out of run_forever; the next run goes on with what was left."""
    def leave():
        raise SystemExit(3)
    loop.call_soon(note, "before")
    loop.call_soon(leave)
    loop.call_soon(note, "left over")
    note.call(loop.run_forever)
    note("running:", loop.is_running(), "closed:", loop.is_closed())
    loop.call_soon(note, "new")
    loop.call_soon(loop.stop)
    note.call(loop.run_forever)


@scenario
def system_exit_out_of_a_reader(loop, note):
    """SystemExit out of a reader leaves the loop too, and the reader stays."""
    near, far = socket.socketpair()
    near.setblocking(False)
    far.send(b"xy")

    def readable():
        note("readable", near.recv(1))
        raise SystemExit("out")
    loop.add_reader(near, readable)
    note.call(loop.run_forever)
    note.call(loop.run_forever)
    note.call(loop.remove_reader, near)
    near.close()
    far.close()


@scenario
def thread_wakes_the_loop(loop, note):
    """A loop that waits for nothing is woken by call_soon_threadsafe."""
    def from_thread():
        for number in range(3):
            loop.call_soon_threadsafe(note, "from the thread", number)
        loop.call_soon_threadsafe(loop.stop)
    thread = threading.Thread(target=from_thread)
    loop.call_soon(thread.start)
    run(loop)
    thread.join()


@scenario
def thread_that_is_told_the_loop_is_closed(loop, note):
    """call_soon_threadsafe says that the loop is closed."""
    loop.close()
    thread = threading.Thread(target=note.call, args=(loop.call_soon_threadsafe, print))
    thread.start()
    thread.join()


@scenario
def callbacks_that_are_left_at_close_do_not_run(loop, note):
    """Closing drops what is scheduled."""
    class Told:
        def __del__(self):
            note("released")
    loop.call_soon(lambda told: note("never"), Told())
    loop.call_later(100, lambda told: note("never"), Told())
    loop.close()


@scenario
def arguments_live_until_the_callback_ran(loop, note):
    """Arguments are let go of once the callback has run or is cancelled."""
    class Told:
        def __init__(self, name):
            self.name = name

        def __del__(self):
            note("released", self.name)
    loop.call_soon(lambda told: note("runs", told.name), Told("run"))
    loop.call_soon(note, "between")
    kept = loop.call_soon(lambda told: None, Told("cancelled"))
    timer = loop.call_later(1000, lambda told: None, Told("cancelled timer"))
    note("cancel")
    kept.cancel()
    note("cancel timer")
    timer.cancel()
    loop.call_soon(loop.stop)
    run(loop)
    note("end")


@scenario
def many_callbacks_in_one_turn(loop, note):
    """Ten thousand callbacks keep their order, with each third one cancelled."""
    seen = []
    handles = [loop.call_soon(seen.append, number) for number in range(10000)]
    for handle in handles[::3]:
        handle.cancel()
    loop.call_soon(loop.stop)
    run(loop)
    note(len(seen), seen == [number for number in range(10000) if number % 3])


@scenario
def fork_sees_no_running_loop(loop, note):
    """In a forked child no loop runs, and a new one can be run there."""
    reading, writing = os.pipe()

    async def child_main():
        return 7

    async def main():
        child = os.fork()
        if child == 0:
            try:
                try:
                    asyncio.get_running_loop()
                    os.write(writing, b"a running loop|")
                except RuntimeError as error:
                    os.write(writing, f"{error}|".encode())
                os.write(writing, str(asyncio.run(child_main())).encode())
            finally:
                os._exit(0)
        os.close(writing)
        note(os.waitpid(child, 0)[1], os.read(reading, 1000))
    loop.run_until_complete(main())
    os.close(reading)
