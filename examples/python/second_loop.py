"""A loop in a second thread, fed with functions and coroutines from the first, which has none.

    python3 second_loop.py
"""
import asyncio
import concurrent.futures
import queue
import threading

import eddyloop


async def add(x, y):
    await asyncio.sleep(0.01)
    return x + y


async def wait_for_ever(news):
    news.put("it waits for ever")
    try:
        await asyncio.Event().wait()
    finally:
        news.put("it waits no more")


loop = eddyloop.new_event_loop()
thread = threading.Thread(target=loop.run_forever, daemon=True)
thread.start()

for number in range(3):
    loop.call_soon_threadsafe(print, f"call {number}, in this order")

sums = [asyncio.run_coroutine_threadsafe(add(number, 10), loop) for number in range(3)]
for number, future in enumerate(sums):
    print(f"{number} + 10 = {future.result(timeout=10)}")

news = queue.SimpleQueue()
slow = asyncio.run_coroutine_threadsafe(wait_for_ever(news), loop)
print(news.get())
try:
    slow.result(timeout=0.01)
except concurrent.futures.TimeoutError:
    print("it takes too long")
    slow.cancel()  # and with it the coroutine
print(news.get())

loop.call_soon_threadsafe(loop.stop)
thread.join()
loop.close()
