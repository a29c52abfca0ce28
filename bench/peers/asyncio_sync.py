"""asyncio in the rows lock_pair and lock_handover."""
import asyncio
import sys
import time

PAIRS, HANDOVERS = 1_000_000, 100_000


async def acquire_and_release(lock, times):
    for _ in range(times):
        await lock.acquire()
        lock.release()


async def lock_pair():
    await acquire_and_release(asyncio.Lock(), PAIRS)
    return PAIRS


async def lock_handover():
    lock = asyncio.Lock()
    async with lock:
        tasks = [asyncio.create_task(acquire_and_release(lock, HANDOVERS // 2)) for _ in range(2)]
        await asyncio.sleep(0)  # both stand in line when it is released for the first time
    for task in tasks:
        await task
    return HANDOVERS


WORK = {"lock_pair": lock_pair, "lock_handover": lock_handover}


async def main():
    for row in sys.argv[1:]:
        start = time.monotonic()
        count = await WORK[row]()
        print(row, (time.monotonic() - start) * 1e9 / count, "ns", flush=True)


asyncio.run(main())
