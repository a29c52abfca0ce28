"""A master that pops a Redis list for its workers, and never loses a job. It needs redis-py.

    redis-cli rpush jobs one two three
    python3 redis_workers.py redis://localhost

A job that is taken moves to a second list, in the same step, and leaves it when its result is
stored. So whatever kills this program, the next one finds there what was taken and not finished. A
job that was finished but for its last step is done again: its work must bear that.
"""
import asyncio
import sys

import eddyloop
import redis.asyncio

WORKERS = 4


async def take_back(client):
    """Put what an earlier life did not finish back to the front of the list, in its order."""
    count = 0
    while await client.lmove("jobs:taken", "jobs", "RIGHT", "LEFT") is not None:
        count += 1
    print(f"taken back: {count}")


async def master(client, jobs):
    while True:
        await jobs.put(await client.blmove("jobs", "jobs:taken", 0, "LEFT", "RIGHT"))


async def worker(client, jobs):
    while True:
        job = await jobs.get()
        await asyncio.sleep(0.01)  # the work itself
        async with client.pipeline(transaction=True) as both:
            await both.sadd("jobs:done", job).lrem("jobs:taken", 1, job).execute()
        print(f"done: {job}")


async def main(url):
    jobs = asyncio.Queue(1)  # the list in Redis is where jobs wait
    # No time limit for an answer: the master's comes when there is a job.
    options = {"decode_responses": True, "socket_timeout": None}
    async with redis.asyncio.from_url(url, **options) as client:
        await take_back(client)
        await asyncio.gather(master(client, jobs), *[worker(client, jobs) for _ in range(WORKERS)])


try:
    eddyloop.run(main(sys.argv[1]))
except (KeyboardInterrupt, asyncio.CancelledError):  # the second with redis-py before 5, whose timeouts hide the first
    print("goodbye")
