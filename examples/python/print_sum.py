"""A chain of two coroutines: while compute() sleeps, print_sum() waits and the loop is free.

    python3 print_sum.py
"""
import asyncio

import eddyloop


async def compute(x, y):
    print(f"compute {x} + {y} ...")
    await asyncio.sleep(0.02)
    return x + y


async def print_sum(x, y):
    result = await compute(x, y)
    print(f"{x} + {y} = {result}")


eddyloop.run(print_sum(1, 2))
