"""Signal handlers, and signals beside them."""

import asyncio
import os
import signal
import socket
import threading

from stage import program, scenario, turns


@scenario
async def handled(loop, note):
    """A handler runs as a callback of the loop, with its arguments."""
    done = loop.create_future()

    def handle(*arguments):
        note("handler", arguments, asyncio.get_running_loop() is loop)
        done.set_result(None)
    note(loop.add_signal_handler(signal.SIGUSR1, handle, 1, "two"))
    os.kill(os.getpid(), signal.SIGUSR1)
    note("sent")
    await done
    note.call(loop.remove_signal_handler, signal.SIGUSR1)
    note.call(loop.remove_signal_handler, signal.SIGUSR1)


@scenario
async def wakes_a_waiting_loop(loop, note):
    """A signal that another thread sends wakes the loop."""
    done = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, done.set_result, "woken")
    thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
    thread.start()
    note(await done)
    thread.join()
    loop.remove_signal_handler(signal.SIGUSR1)


@scenario
async def replaced(loop, note):
    """A second handler takes the place of the first."""
    done = loop.create_future()
    loop.add_signal_handler(signal.SIGUSR1, note, "first")
    loop.add_signal_handler(signal.SIGUSR1, done.set_result, "second")
    signal.raise_signal(signal.SIGUSR1)
    note(await done)
    loop.remove_signal_handler(signal.SIGUSR1)


@scenario
async def wrong_signals(loop, note):
    """Numbers that are no signals, signals that can not be caught, and what is no number."""
    for wrong in (signal.SIGKILL, signal.SIGSTOP, 0, -1, 1000, "SIGUSR1", None, 1.5):
        note("--", repr(wrong))
        note.call(loop.add_signal_handler, wrong, print)
        note.call(loop.remove_signal_handler, wrong)


@scenario
async def wrong_handlers(loop, note):
    """Coroutine functions are refused; what can not be called fails later."""
    async def coroutine_function():
        pass
    coroutine = coroutine_function()
    for wrong in (coroutine_function, coroutine):
        note.call(loop.add_signal_handler, signal.SIGUSR1, wrong)
    coroutine.close()
    note.refused(loop.add_signal_handler, signal.SIGUSR1)
    note.refused(loop.remove_signal_handler)
    note.call(loop.add_signal_handler, signal.SIGUSR1, None)
    signal.raise_signal(signal.SIGUSR1)
    await turns(3)
    note.call(loop.remove_signal_handler, signal.SIGUSR1)


@scenario
async def failing_handler(loop, note):
    """A handler's error goes to the exception handler, and it is called again."""
    count = 0
    done = loop.create_future()

    def handle():
        nonlocal count
        count += 1
        if count == 2:
            done.set_result(None)
        raise ValueError(count)
    loop.add_signal_handler(signal.SIGUSR1, handle)
    signal.raise_signal(signal.SIGUSR1)
    await turns(3)
    signal.raise_signal(signal.SIGUSR1)
    await done
    loop.remove_signal_handler(signal.SIGUSR1)


@scenario
async def in_another_thread(loop, note):
    """Only the main thread may add handlers."""
    thread = threading.Thread(target=note.call,
                              args=(loop.add_signal_handler, signal.SIGUSR1, print))
    thread.start()
    thread.join()


@scenario
async def interrupt_handled(loop, note):
    """A handler for SIGINT takes the place of KeyboardInterrupt, until it is removed."""
    done = loop.create_future()
    loop.add_signal_handler(signal.SIGINT, done.set_result, "handled")
    os.kill(os.getpid(), signal.SIGINT)
    note(await done)
    loop.remove_signal_handler(signal.SIGINT)
    note(signal.getsignal(signal.SIGINT) is signal.default_int_handler)


@scenario
async def what_the_interpreter_has(loop, note):
    """The signal module's handler while one is added and afterwards."""
    before = signal.getsignal(signal.SIGUSR1)
    loop.add_signal_handler(signal.SIGUSR1, print)
    note(callable(signal.getsignal(signal.SIGUSR1)))
    loop.remove_signal_handler(signal.SIGUSR1)
    note(before == signal.SIG_DFL, signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL)


@scenario
def python_handlers_run_too(loop, note):
    """A handler of the signal module runs while the loop waits."""
    def handle(number, frame):
        note("python handler", signal.Signals(number).name)
        loop.call_soon_threadsafe(loop.stop)
    before = signal.signal(signal.SIGUSR1, handle)
    thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
    loop.call_soon(thread.start)
    loop.run_forever()
    thread.join()
    signal.signal(signal.SIGUSR1, before)


@scenario
def python_handler_that_leaves(loop, note):
    """SystemExit out of a signal module's handler comes out of run_forever."""
    def handle(number, frame):
        raise SystemExit("python handler")
    before = signal.signal(signal.SIGUSR1, handle)
    thread = threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1))
    loop.call_soon(thread.start)
    note.call(loop.run_forever)
    thread.join()
    signal.signal(signal.SIGUSR1, before)


@scenario
def wakeup_descriptor(loop, note):
    """set_wakeup_fd is put back to what it was."""
    def wakeup():
        current = signal.set_wakeup_fd(-1)
        signal.set_wakeup_fd(current)
        return current
    note(wakeup() == -1)
    loop.call_soon(loop.stop)
    loop.run_forever()
    note(wakeup() == -1)
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.remove_signal_handler(signal.SIGUSR1)
    note(wakeup() == -1)


@scenario
def removed_at_close(loop, note):
    """close removes the handlers that are left."""
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.add_signal_handler(signal.SIGUSR2, print)
    loop.close()
    note(signal.getsignal(signal.SIGUSR1), signal.getsignal(signal.SIGUSR2))


@scenario
async def many_signals(loop, note):
    """Different signals that come together are all handled."""
    seen = set()
    done = loop.create_future()

    def handle(name):
        seen.add(name)
        if len(seen) == 3 and not done.done():
            done.set_result(None)
    wanted = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
    for number in wanted:
        loop.add_signal_handler(number, handle, number.name)
    for number in wanted:
        os.kill(os.getpid(), number)
    await done
    note(sorted(seen))
    for number in wanted:
        loop.remove_signal_handler(number)


@scenario
async def system_calls_are_not_disturbed(loop, note):
    """A signal in the middle of a conversation loses nothing."""
    near, far = socket.socketpair()
    near.setblocking(False)
    seen = []
    loop.add_signal_handler(signal.SIGUSR1, seen.append, 1)
    for number in range(50):
        os.kill(os.getpid(), signal.SIGUSR1)
        far.send(b"%02d" % number)
        if await loop.sock_recv(near, 10) != b"%02d" % number:
            note("lost", number)
    while not seen:
        await asyncio.sleep(0)
    loop.remove_signal_handler(signal.SIGUSR1)
    near.close()
    far.close()


@scenario
def interrupted_twice(loop, note):
    """Runner: the first Ctrl-C cancels, the second one does not wait."""
    program(note, """
import asyncio, os, signal
async def main():
    loop = asyncio.get_running_loop()
    loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        print("cancelled", flush=True)
    loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        print("cancelled again", flush=True)
        raise
try:
    asyncio.run(main())
    print("ended")
except KeyboardInterrupt:
    print("interrupted")
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
""")


@scenario
def terminated(loop, note):
    """A signal without a handler ends the process as always."""
    program(note, """
import asyncio, os, signal
async def main():
    print("begins", flush=True)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(1000)
asyncio.run(main())
""")
