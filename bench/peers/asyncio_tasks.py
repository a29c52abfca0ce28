"""asyncio in the rows yield, yield_64, spawn_await and spawn_burst_1000."""
import asyncio
import sys
import time

YIELDS, SPAWNS, BATCH_SIZE, BATCHES = 300_000, 50_000, 1000, 50


async def yield_often(times):
    for _ in range(times):
        await asyncio.sleep(0)


async def return_at_once():
    return 1


async def yield_among(count):
    each = YIELDS // count
    for task in [asyncio.create_task(yield_often(each)) for _ in range(count)]:
        await task
    return each * count


async def spawn_await():
    for _ in range(SPAWNS):
        await asyncio.create_task(return_at_once())
    return SPAWNS


async def spawn_burst_1000():
    for _ in range(BATCHES):
        for task in [asyncio.create_task(return_at_once()) for _ in range(BATCH_SIZE)]:
            await task
    return BATCH_SIZE * BATCHES


WORK = {"yield": lambda: yield_among(2), "yield_64": lambda: yield_among(64),
        "spawn_await": spawn_await, "spawn_burst_1000": spawn_burst_1000}


async def main():
    for row in sys.argv[1:]:
        start = time.monotonic()
        count = await WORK[row]()
        print(row, (time.monotonic() - start) * 1e9 / count, "ns", flush=True)


asyncio.run(main())
