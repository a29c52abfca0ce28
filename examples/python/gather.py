"""Three tasks beside each other, their results in order; then one that fails.

    python3 gather.py
"""
import asyncio

import eddyloop


async def factorial(name, number):
    if number < 0:
        raise ValueError(f"{number} has no factorial")
    f = 1
    for i in range(2, number + 1):
        print(f"task {name}: {f} * {i} ...")
        await asyncio.sleep(0.01)
        f *= i
    print(f"task {name}: {number}! = {f}")
    return f


async def main():
    print(await asyncio.gather(factorial("A", 2), factorial("B", 3), factorial("C", 4)))

    # A failure is a result like any other, where that is asked for.
    print(await asyncio.gather(factorial("D", 3), factorial("E", -1), return_exceptions=True))


eddyloop.run(main())
