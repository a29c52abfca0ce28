"""Results in the order in which they come, not in the order in which they were asked for.

    python3 as_completed.py
"""
import asyncio

import eddyloop


async def fetch(milliseconds):
    await asyncio.sleep(milliseconds / 1000)
    return milliseconds


async def main():
    for earliest in asyncio.as_completed([fetch(300), fetch(100), fetch(200)]):
        print(f"done: {await earliest}")


eddyloop.run(main())
