"""Ctrl-C cancels the main coroutine, and with it everything that it started; clean-up runs.

    python3 ctrl_c.py
"""
import asyncio
import sys

import eddyloop


async def worker(number, saved):
    try:
        await asyncio.sleep(3600)  # its work
    finally:
        await asyncio.sleep(0.01)  # as if a file were written
        saved.append(number)


async def main():
    saved = []
    workers = [asyncio.create_task(worker(number, saved)) for number in (1, 2, 3)]
    print("press Ctrl-C")
    try:
        await asyncio.gather(*workers)
    finally:
        await asyncio.wait(workers)  # Python 3.10 cancels all at once, so they may still be at it
        print("cancelled:", [task.cancelled() for task in workers])
        print("saved:", sorted(saved))


try:
    eddyloop.run(main())
except KeyboardInterrupt:
    print("goodbye")
    sys.exit(130)  # what a shell expects of a program that Ctrl-C ended
