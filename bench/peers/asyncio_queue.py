"""asyncio in the rows queue_item and channel_round_trip; its smallest queue has one slot."""
import asyncio
import sys
import time

ITEMS, ROUND_TRIPS = 300_000, 50_000


async def produce(queue):
    for i in range(ITEMS):
        await queue.put(i)


async def queue_item():
    queue = asyncio.Queue(128)
    producer = asyncio.create_task(produce(queue))
    for _ in range(ITEMS):
        await queue.get()
    await producer
    return ITEMS


async def play(inwards, outwards):
    for _ in range(ROUND_TRIPS):
        await outwards.put(1 + await inwards.get())


async def channel_round_trip():
    there, back = asyncio.Queue(1), asyncio.Queue(1)
    await there.put(0)
    await asyncio.gather(play(there, back), play(back, there))
    return ROUND_TRIPS


WORK = {"queue_item": queue_item, "channel_round_trip": channel_round_trip}


async def main():
    for row in sys.argv[1:]:
        start = time.monotonic()
        count = await WORK[row]()
        print(row, (time.monotonic() - start) * 1e9 / count, "ns", flush=True)


asyncio.run(main())
