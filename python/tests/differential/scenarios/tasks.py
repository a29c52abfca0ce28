"""create_task, create_future and task factories: what a loop has to do with them."""

import asyncio
import gc

from stage import kind, scenario, turns


async def give(value=1):
    """A coroutine that waits once."""
    await asyncio.sleep(0)
    return value


@scenario
async def made(loop, note):
    """Tasks and futures are asyncio's own, of this loop."""
    task = loop.create_task(give())
    future = loop.create_future()
    note(type(task) is asyncio.Task, type(future) is asyncio.Future)
    note(task.get_loop() is loop, future.get_loop() is loop)
    note(repr(future), await task)
    note(asyncio.current_task() in asyncio.all_tasks(), len(asyncio.all_tasks()))


@scenario
async def names_and_contexts(loop, note):
    """The keywords of create_task."""
    task = loop.create_task(give(), name="named")
    note(task.get_name(), repr(task))
    await task
    task = loop.create_task(give(), name=5)
    note(repr(task.get_name()))
    await task
    for keywords in ({"context": None}, {"nonsense": 5}):
        coroutine = give()
        try:
            task = loop.create_task(coroutine, **keywords)
            note(keywords, await task)
        except Exception as error:
            note(keywords, type(error).__name__)
        coroutine.close()


@scenario
async def wrong_coroutines(loop, note):
    """What is no coroutine."""
    for wrong in (None, 5, give, loop.create_future(), print):
        try:
            loop.create_task(wrong)
        except TypeError as error:
            note(str(error).partition(" at 0x")[0])
    note.refused(loop.create_task)


@scenario
def factories(loop, note):
    """A task factory is asked for each task."""
    class Task(asyncio.Task):
        pass

    def factory(which, coroutine, **keywords):
        note("factory", which is loop, sorted(keywords))
        return Task(coroutine, loop=which, **keywords)
    note.call(loop.get_task_factory)
    for wrong in (5, "text", object()):
        try:
            loop.set_task_factory(wrong)
        except TypeError as error:
            note(error)
    note.call(loop.set_task_factory, factory)
    note(loop.get_task_factory() is factory)

    async def main():
        task = loop.create_task(give(2))
        note(type(task).__name__)
        note(await task)
        note(await asyncio.create_task(give(3), name="named"))
        note(await asyncio.gather(give(4), give(5)))
    loop.run_until_complete(main())
    loop.set_task_factory(None)
    note(loop.get_task_factory())
    loop.run_until_complete(main())


@scenario
def factories_that_are_wrong(loop, note):
    """A factory that fails, and one that gives what is no task."""
    def fail(loop, coroutine, **keywords):
        coroutine.close()
        raise ValueError("no")
    loop.set_task_factory(fail)
    note.call(loop.create_task, give())
    note.call(loop.run_until_complete, give())
    loop.set_task_factory(lambda loop, coroutine, **keywords: coroutine.close())
    note.call(loop.create_task, give())
    loop.set_task_factory(None)


@scenario
def eager_tasks(loop, note):
    """asyncio.eager_task_factory runs a task's beginning at once."""
    if not hasattr(asyncio, "eager_task_factory"):
        note("not in this version")
        return
    loop.set_task_factory(asyncio.eager_task_factory)

    async def noting(name):
        note(name, "begins", asyncio.current_task().get_name() == name)
        if name == "waits":
            await asyncio.sleep(0)
        note(name, "ends")
        return name

    async def main():
        for name in ("does not wait", "waits"):
            task = asyncio.create_task(noting(name), name=name)
            note("created", task.done())
            note(await task)
        note(await asyncio.gather(noting("gathered"), noting("waits")))
    loop.run_until_complete(main())


@scenario
async def order_of_tasks(loop, note):
    """Tasks run in the order in which they are made, and wake in the order in which they waited."""
    async def run(number, future):
        note(number, "begins")
        await future
        note(number, "woken")
    future = loop.create_future()
    tasks = [loop.create_task(run(number, future)) for number in range(3)]
    loop.call_soon(note, "soon")
    await turns(2)
    future.set_result(None)
    note("set")
    await asyncio.gather(*tasks)


@scenario
async def cancelling(loop, note):
    """Before it began, while it waits, and one that does not want to."""
    async def stubborn():
        while True:
            try:
                return await asyncio.sleep(1000 if not tried else 0, "stubborn")
            except asyncio.CancelledError as error:
                note("cancelled", error)
                tried.append(1)
    tried = []
    task = loop.create_task(give())
    task.cancel("early")
    await note.wait("early", task)
    task = loop.create_task(asyncio.sleep(1000))
    await turns(1)
    task.cancel("waiting")
    await note.wait("waiting", task)
    task = loop.create_task(stubborn())
    await turns(1)
    task.cancel("never")
    await note.wait("stubborn", task)


@scenario
def another_loops_future(loop, note):
    """Awaiting a future of another loop."""
    other = asyncio.new_event_loop()
    future = other.create_future()

    async def main():
        try:
            await future
        except RuntimeError as error:
            note("attached to a different loop" in str(error))
    loop.run_until_complete(main())
    other.close()


@scenario
async def debug_mode(loop, note):
    """In debug mode tasks and futures know where they were made."""
    loop.set_debug(True)
    task = loop.create_task(give(), name="named")
    note(repr(task))
    note(repr(loop.create_future()))
    await task
    note(repr(task))
    loop.set_debug(False)


@scenario
def never_awaited(loop, note):
    """Coroutines that nobody awaits are RuntimeWarnings."""
    give()
    gc.collect()

    async def main():
        give(2)
    loop.run_until_complete(main())


@scenario
def pending_at_the_end(loop, note):
    """Tasks that are pending when the loop closes are reported when they are collected."""
    async def forever():
        try:
            await loop.create_future()
        finally:
            note("finally")
    task = loop.create_task(forever(), name="forever")
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    note(kind(task), task.done())
    del task
    gc.collect()


@scenario
async def waiting_in_all_modes(loop, note):
    """gather, wait, as_completed, shield on this loop."""
    note(await asyncio.gather(give(1), give(2)))

    async def fail():
        raise ValueError("no")
    note(await asyncio.gather(give(1), fail(), return_exceptions=True))
    await note.wait("gather", asyncio.gather(give(1), fail()))
    tasks = [loop.create_task(give(1)), loop.create_task(asyncio.sleep(1000))]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    note(len(done), len(pending))
    done, pending = await asyncio.wait(tasks, timeout=0.001)
    note(len(done), len(pending))
    inner = tasks[1]
    outer = asyncio.shield(inner)
    outer.cancel()
    await note.wait("shield", outer)
    note(inner.cancelled())
    inner.cancel()
    note([await task for task in asyncio.as_completed([give(1), give(1)])])
    await note.wait("as_completed", next(iter(asyncio.as_completed([asyncio.sleep(1000)],
                                                                   timeout=0.001))))
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await turns(3)
