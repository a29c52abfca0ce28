"""Python in the rows generator_step and context_get."""
import asyncio
import contextvars
import itertools
import sys
import time

STEPS = GETS = 3_000_000

VARIABLES = [contextvars.ContextVar(name) for name in ("user", "request", "deadline")]


def count():
    for i in itertools.count(1):
        yield i


def generator_step():
    numbers = count()
    for _ in range(STEPS):
        next(numbers)
    return STEPS


def context_get():
    for value, variable in enumerate(VARIABLES):
        variable.set(value)
    get = VARIABLES[1].get
    for _ in range(GETS):
        get()
    return GETS


WORK = {"generator_step": generator_step, "context_get": context_get}


async def main():
    for row in sys.argv[1:]:
        start = time.monotonic()
        times = WORK[row]()
        print(row, (time.monotonic() - start) * 1e9 / times, "ns", flush=True)


asyncio.run(main())
