"""asyncio in the rows thread_round_trip and to_thread."""
import asyncio
import sys
import threading
import time

ROUND_TRIPS = 10_000


class Side:
    """One of two loops that send each other a callback."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.left = ROUND_TRIPS
        self.other = None

    def answer(self):
        if self.left == 0:
            self.loop.stop()
            return
        self.left -= 1
        self.other.loop.call_soon_threadsafe(self.other.answer)


def thread_round_trip():
    here, there = Side(), Side()
    here.other, there.other = there, here
    thread = threading.Thread(target=there.loop.run_forever)
    thread.start()
    start = time.monotonic()
    here.loop.call_soon(here.answer)
    here.loop.run_forever()
    seconds = time.monotonic() - start
    there.loop.call_soon_threadsafe(there.loop.stop)
    thread.join()
    return seconds


def to_thread():
    async def main():
        start = time.monotonic()
        for _ in range(ROUND_TRIPS):
            await asyncio.to_thread(int)
        return time.monotonic() - start

    return asyncio.run(main())


for row in sys.argv[1:]:
    print(row, {"thread_round_trip": thread_round_trip, "to_thread": to_thread}[row]() * 1e9 / ROUND_TRIPS, "ns")
