"""As eddy_http_client.c, by aiohttp."""
import asyncio
import os
import resource
import sys
import time

try:
    import aiohttp
except ImportError:
    print("needs aiohttp (pip)", file=sys.stderr)
    sys.exit(77)

WARM_UP, REQUESTS, ANSWER = 500, 10000, b"hello, world!"


def processor_time():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def ask(session, left):
    while left:
        left.pop()
        async with session.get(os.environ["URL"]) as response:
            if await response.read() != ANSWER:
                raise SystemExit("not every answer was the one that was asked for")


async def ask_together(session, coroutines, requests):
    left = [None] * requests
    await asyncio.gather(*(ask(session, left) for _ in range(coroutines)))


async def measure(row, coroutines):
    async with aiohttp.ClientSession() as session:
        await ask_together(session, coroutines, WARM_UP)
        began, used = time.monotonic(), processor_time()
        await ask_together(session, coroutines, REQUESTS)
        print(f"{row}_per_second {REQUESTS / (time.monotonic() - began):.1f} 1/s")
        print(f"{row}_total_us {(processor_time() - used) * 1e6 / REQUESTS:.3f} us")


for name in sys.argv[1:]:
    asyncio.run(measure(name, int(name.rsplit("_", 1)[1])))
