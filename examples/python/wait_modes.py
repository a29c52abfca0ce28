"""Wait for several tasks in each of the three modes, and for a time. None of them cancels a task.

    python3 wait_modes.py
"""
import asyncio

import eddyloop


async def work(told, outcome):
    """Ends when it is told to."""
    await told.wait()
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def show(task):
    if not task.done():
        return "..."
    return repr(task.exception() or task.result())


async def main():
    loop = asyncio.get_running_loop()
    told = [asyncio.Event() for _ in range(4)]
    outcomes = 1, 2, OSError("no disk"), 4
    tasks = [asyncio.create_task(work(*pair)) for pair in zip(told, outcomes)]

    async def wait(mode, **options):
        done, pending = await asyncio.wait(tasks, **options)
        print(f"{mode}: {len(done)} done, {len(pending)} pending:", *map(show, tasks))

    await wait("after 10 ms", timeout=0.01)

    loop.call_later(0.01, told[3].set)
    await wait("first completed", return_when=asyncio.FIRST_COMPLETED)

    loop.call_later(0.01, told[1].set)  # passed over, since it does not fail
    loop.call_later(0.02, told[2].set)
    await wait("first exception", return_when=asyncio.FIRST_EXCEPTION)

    loop.call_later(0.01, told[0].set)
    await wait("all completed", return_when=asyncio.ALL_COMPLETED)


eddyloop.run(main())
