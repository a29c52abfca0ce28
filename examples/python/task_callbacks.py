"""Functions that are called when a task is done, however it ends.

    python3 task_callbacks.py
"""
import asyncio
import functools

import eddyloop


async def divide(x, y):
    await asyncio.sleep(0.01)
    return x / y


def show(name, task):
    if task.cancelled():
        print(f"{name}: cancelled")
    elif task.exception():
        print(f"{name}: {task.exception()!r}")
    else:
        print(f"{name}: {task.result()}")


def never(task):
    print(f"called though it was removed: {task}")


async def main():
    task = asyncio.create_task(divide(1, 2))
    task.add_done_callback(functools.partial(show, "first"))  # in this order
    task.add_done_callback(never)
    task.add_done_callback(functools.partial(show, "second"))
    print("removed:", task.remove_done_callback(never))
    await task

    failing = asyncio.create_task(divide(1, 0))
    failing.add_done_callback(functools.partial(show, "failing"))
    stopped = asyncio.create_task(divide(1, 2))
    stopped.add_done_callback(functools.partial(show, "stopped"))
    stopped.cancel()
    await asyncio.wait([failing, stopped])

    task.add_done_callback(functools.partial(show, "late"))  # done already: called in the next turn
    print("late is not called at once")
    await asyncio.sleep(0)


eddyloop.run(main())
