"""arq's contestant in eddy's benchmark of durable jobs: arq_jobs.py URL MODE NUMBER..., on asyncio. It has no call for many jobs."""
import asyncio
import sys
import time

import peer_jobs

try:
    import arq
except ImportError:
    peer_jobs.need("arq")

BEGUN = peer_jobs.Begun()


async def bench(_context, payload):
    BEGUN.add(payload)


async def enqueue_all(redis, count, batch, together, seconds=float("inf")):
    added, end = 0, time.monotonic() + seconds

    async def one():
        nonlocal added
        while added < count and time.monotonic() < end:
            added += batch
            for _ in range(batch):
                await redis.enqueue_job("bench", peer_jobs.payload())
    await asyncio.gather(*(one() for _ in range(together)))
    return added


async def produce(redis, rate, seconds):
    start, due = time.monotonic(), 0

    async def one():
        nonlocal due
        while True:
            at = time.monotonic() - start
            if rate:
                at, due = due / rate, due + 1
            if at >= seconds:
                return
            await asyncio.sleep(max(0, at - (time.monotonic() - start)))
            await redis.enqueue_job("bench", peer_jobs.payload())
    await asyncio.gather(*(one() for _ in range(peer_jobs.TOGETHER * (4 if rate else 1))))


async def work(settings, count, concurrency):
    worker = arq.Worker(functions=[arq.worker.func(bench, keep_result=0)], redis_settings=settings, handle_signals=False,
                        max_jobs=concurrency, poll_delay=0.001, log_results=False)  # half a second would be its latency
    running = asyncio.ensure_future(worker.async_run())
    print("ready", flush=True)
    while not BEGUN.is_all(count) and not running.done():
        await asyncio.sleep(0.1)
    await asyncio.gather(*worker.tasks.values())
    running.cancel()
    print("peak", peer_jobs.peak())
    print(BEGUN.lines(), end="")


async def main():
    settings = arq.connections.RedisSettings.from_dsn(sys.argv[1])
    mode, numbers = sys.argv[2], [float(word) for word in sys.argv[3:]]
    if mode == "work":
        await work(settings, *map(int, numbers))
        return
    redis = await arq.create_pool(settings)
    start = time.monotonic()
    if mode == "produce":
        await produce(redis, *numbers)
    elif mode == "fill":
        await enqueue_all(redis, int(numbers[0]), 1, peer_jobs.TOGETHER)
    else:
        print("count", await enqueue_all(redis, float("inf"), int(numbers[1]), int(numbers[2]), numbers[0]))
    print("seconds", time.monotonic() - start)


asyncio.run(main())
