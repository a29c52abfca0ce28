"""run_in_executor, the default executor, and asynchronous generators at the loop's end."""

import asyncio
import concurrent.futures
import gc
import threading

from stage import scenario


@scenario
async def results(loop, note):
    """What a function in a thread returns and raises."""
    def fail():
        raise ValueError("no")
    await note.wait("result", loop.run_in_executor(None, max, 1, 2))
    await note.wait("exception", loop.run_in_executor(None, fail))
    await note.wait("to_thread", asyncio.to_thread(int, "7", base=8))
    note(type(loop.run_in_executor(None, int)).__name__)
    name = await loop.run_in_executor(None, lambda: threading.current_thread().name)
    note(name.startswith("asyncio_"))


@scenario
async def ones_own_executor(loop, note):
    """An executor that is given, and one that has been shut down."""
    with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="own") as pool:
        await note.wait("own", loop.run_in_executor(
            pool, lambda: threading.current_thread().name.startswith("own")))
    note.call(loop.run_in_executor, pool, print)
    note.call(loop.run_in_executor, 5, print)


@scenario
async def default_executor(loop, note):
    """Setting it: only thread pools are taken."""
    for wrong in (None, 5, concurrent.futures.Executor()):
        try:
            loop.set_default_executor(wrong)
            note("taken")
        except TypeError as error:
            note(error)
    pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="default")
    note.call(loop.set_default_executor, pool)
    await note.wait("default", loop.run_in_executor(
        None, lambda: threading.current_thread().name.startswith("default")))


@scenario
async def shut_down(loop, note):
    """After shutdown_default_executor nothing is taken any more, and it waits for what runs."""
    released = threading.Event()
    future = loop.run_in_executor(None, released.wait, 10)
    loop.call_soon(released.set)
    await note.wait("shutdown", loop.shutdown_default_executor())
    note(future.done(), await future)
    note.call(loop.run_in_executor, None, print)
    await note.wait("again", loop.shutdown_default_executor())


@scenario
async def shut_down_without_use(loop, note):
    """shutdown_default_executor where there never was one."""
    await note.wait("shutdown", loop.shutdown_default_executor())
    note.call(loop.run_in_executor, None, print)


@scenario
async def shut_down_with_timeout(loop, note):
    """A thread that does not end is left behind with a warning."""
    released = threading.Event()
    future = loop.run_in_executor(None, released.wait, 10)
    try:
        await note.wait("shutdown", loop.shutdown_default_executor(timeout=0.01))
    except TypeError as error:
        note(type(error).__name__)
    released.set()
    await note.wait("thread", future)


@scenario
async def cancelled(loop, note):
    """A call that waits for a thread can be cancelled, one that runs is only not waited for."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        begun, released = threading.Event(), threading.Event()

        def busy():
            begun.set()
            return released.wait(10)
        running = loop.run_in_executor(pool, busy)
        waiting = loop.run_in_executor(pool, note, "never")
        begun.wait(10)
        note(waiting.cancel(), running.cancel())
        await note.wait("waiting", waiting)
        await note.wait("running", running)
        released.set()


@scenario
def left_at_close(loop, note):
    """close() does not wait for threads; a result that comes later is dropped quietly."""
    released, ended = threading.Event(), threading.Event()

    def work():
        released.wait(10)
        return 5
    pool = concurrent.futures.ThreadPoolExecutor(1)
    loop.set_default_executor(pool)
    future = loop.run_in_executor(None, work)
    loop.close()
    released.set()
    pool.shutdown(wait=True)
    ended.set()
    note(future.done())


@scenario
async def run_coroutine_threadsafe(loop, note):
    """A thread waits for a coroutine's result, its exception, and cancels one."""
    async def give():
        return 1

    async def fail():
        raise ValueError("no")

    async def forever():
        begun.set()
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            ended.set_result("cancelled in the loop")
            raise
    begun = threading.Event()
    ended = loop.create_future()

    def from_thread():
        for function in (give, fail):
            note.call(asyncio.run_coroutine_threadsafe(function(), loop).result)
        future = asyncio.run_coroutine_threadsafe(forever(), loop)
        begun.wait(10)
        note(future.cancel())
        note.call(future.result)
    await loop.run_in_executor(None, from_thread)
    note(await ended)
    note.call(asyncio.run_coroutine_threadsafe, None, loop)


@scenario
def generators_are_closed(loop, note):
    """shutdown_asyncgens closes what is open, each in its finally."""
    async def numbers(name):
        try:
            yield 1
            yield 2
        finally:
            note("closing", name)
            await asyncio.sleep(0)
            note("closed", name)

    async def main():
        first = numbers("first")
        note(await first.__anext__())
        kept.append(first)
        async for number in numbers("left in the middle"):
            note(number)
            break
        exhausted = [number async for number in numbers("exhausted")]
        note(exhausted)
    kept = []
    loop.run_until_complete(main())
    gc.collect()
    loop.run_until_complete(asyncio.sleep(0))
    note("shutdown")
    loop.run_until_complete(loop.shutdown_asyncgens())


@scenario
def generator_that_fails_to_close(loop, note):
    """An error in a generator's finally goes to the exception handler."""
    async def numbers():
        try:
            yield 1
        finally:
            raise ValueError("no")

    async def main():
        kept.append(numbers())
        await kept[0].__anext__()
    kept = []
    loop.run_until_complete(main())
    note.call(loop.run_until_complete, loop.shutdown_asyncgens())


@scenario
def generator_after_shutdown(loop, note):
    """A generator that begins after shutdown_asyncgens is a ResourceWarning."""
    async def numbers():
        yield 1

    async def main():
        await loop.shutdown_asyncgens()
        generator = numbers()
        await generator.__anext__()
        await generator.aclose()
    loop.run_until_complete(main())


@scenario
def hooks_are_put_back(loop, note):
    """sys.get_asyncgen_hooks() is as it was before, after a run and an error."""
    import sys
    own = lambda generator: note("own hook")
    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(firstiter=own)
    try:
        loop.run_until_complete(asyncio.sleep(0))
        note(sys.get_asyncgen_hooks().firstiter is own, sys.get_asyncgen_hooks().finalizer)

        def leave():
            raise SystemExit
        loop.call_soon(leave)
        note.call(loop.run_forever)
        note(sys.get_asyncgen_hooks().firstiter is own)
    finally:
        sys.set_asyncgen_hooks(*before)


@scenario
def generator_dropped_in_another_thread(loop, note):
    """A generator that is finalized in a thread is closed by the loop."""
    async def numbers():
        try:
            yield 1
        finally:
            note("closed in the loop's thread:",
                 threading.current_thread() is threading.main_thread())
            closed.set_result(None)

    async def main():
        kept.append(numbers())
        await kept[0].__anext__()
        thread = threading.Thread(target=kept.clear)
        thread.start()
        await closed
        thread.join()
    kept = []
    closed = loop.create_future()
    loop.run_until_complete(main())
