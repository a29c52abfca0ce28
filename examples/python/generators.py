"""Generators as coroutines: sent values by hand, awaited, and asynchronous ones.

    python3 generators.py
"""
import asyncio
import contextlib
import types

import eddyloop


def average():
    """Is sent numbers and yields their mean."""
    total = count = 0
    mean = None
    try:
        while True:
            total += yield mean
            count += 1
            mean = total // count
    finally:
        print(f"average: {count} numbers")


@types.coroutine
def give_way():
    """What the loop is yielded is a future to wait for, or nothing: then others have a turn."""
    yield


@types.coroutine
def result_of(future):
    """yield from is the older spelling of await."""
    result = yield from future
    return f"result: {result}"


async def play(name):
    for _ in range(3):
        print(name)
        await give_way()


async def fibonacci():
    a, b = 0, 1
    try:
        while True:
            await give_way()
            yield a
            a, b = b, a + b
    finally:
        await give_way()
        print("and so on")


async def main():
    averager = average()
    next(averager)  # up to its first yield
    for number in 10, 20, 30, 40:
        print(f"{number}: mean {averager.send(number)}")
    averager.close()

    await asyncio.gather(play("ping"), play("pong"))

    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.call_later(0.01, future.set_result, 42)
    print(await result_of(future))

    async with contextlib.aclosing(fibonacci()) as numbers:
        async for number in numbers:
            if number > 10:
                break
            print(number, end=" ")


eddyloop.run(main())
