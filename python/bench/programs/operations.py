"""What a loop does without a network: LOOP OPERATION. It says "ready", and each line of its
standard input is the seconds for which it then does that over and over; it prints how often that
was and how long it took."""
import asyncio
import functools
import queue
import sys
import threading
import time

import contest

BATCH = 0.02      # seconds that are not worth looking at the clock
TIMERS = 100_000  # that are there at once


async def call_soon(loop, count):
    """One callback that has the next called."""
    done = loop.create_future()

    def step():
        nonlocal count
        count -= 1
        if count:
            loop.call_soon(step)
        else:
            done.set_result(None)

    loop.call_soon(step)
    await done


async def sleep_0(_loop, count):
    for _ in range(count):
        await asyncio.sleep(0)


async def nothing():
    pass


async def create_task(loop, count):
    for _ in range(count):
        await loop.create_task(nothing())


async def gather_100(_loop, count):
    for _ in range(count):
        await asyncio.gather(*[nothing() for _ in range(100)])


def delays(shortest):
    """Seconds for as many timers, in no order and nearly all different."""
    return [shortest + (number * 48271 % 99991) / 1e7 for number in range(TIMERS)]


async def timers_cancelled(loop, _count):
    for handle in [loop.call_later(delay, int) for delay in delays(60)]:
        handle.cancel()
    await asyncio.sleep(0)
    return TIMERS


async def timers_fired(loop, _count):
    """They are due within 0.01 s, so that all are when the last has been set."""
    done, left = loop.create_future(), TIMERS

    def fire():
        nonlocal left
        left -= 1
        if not left:
            done.set_result(None)

    for delay in delays(0):
        loop.call_later(delay, fire)
    await done
    return TIMERS


class Answering(threading.Thread):
    """A thread that answers each future that it is given."""

    def __init__(self, loop):
        super().__init__(daemon=True)
        self.loop, self.asked = loop, queue.SimpleQueue()
        self.start()

    def run(self):
        while future := self.asked.get():
            self.loop.call_soon_threadsafe(future.set_result, None)


answering = functools.cache(Answering)


async def call_soon_threadsafe(loop, count):
    asked = answering(loop).asked
    for _ in range(count):
        future = loop.create_future()
        asked.put(future)
        await future


async def run_in_executor(loop, count):
    for _ in range(count):
        await loop.run_in_executor(None, int)


async def subprocess(_loop, count):
    for _ in range(count):
        process = await asyncio.create_subprocess_exec("true")
        if await process.wait():
            raise RuntimeError("true is false")


async def go_on(loop, operation, seconds):
    """Do it for so long: how often it was done, and the seconds that it took."""
    start = begun = time.perf_counter()
    done, count = 0, 1
    while begun - start < seconds:
        done += await operation(loop, count) or count
        now = time.perf_counter()
        count, begun = (2 * count if now - begun < BATCH else count), now
    return done, begun - start


async def main(loop, name):
    operation = globals()[name]
    print("ready", flush=True)
    for line in sys.stdin:
        done, seconds = await go_on(loop, operation, float(line))
        print(f"requests {done}\nseconds {seconds}\nready", flush=True)


contest.run(main)
