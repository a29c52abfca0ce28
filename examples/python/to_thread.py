"""Calls that block, on other threads, while the loop goes on; each sees its caller's context.

    python3 to_thread.py
"""
import asyncio
import contextvars
import threading

import eddyloop

client = contextvars.ContextVar("client", default="nobody")


def blocking_io(released):
    released.wait()  # or a library that knows no loops
    name = client.get()
    client.set("somebody else")  # in this call's copy of the context
    return f"blocking_io for {name}"


async def handle(name, released):
    client.set(name)  # each task has a context of its own
    answer = await asyncio.to_thread(blocking_io, released)
    return f"{answer}, and afterwards it is {client.get()}"


async def main():
    released = threading.Event()
    tasks = [asyncio.create_task(handle(name, released)) for name in ("ada", "bob")]
    await asyncio.sleep(0.01)
    print("the loop goes on; done:", [task.done() for task in tasks])
    released.set()
    for answer in await asyncio.gather(*tasks):
        print(answer)
    print(f"outside of handlers it is {client.get()}")


eddyloop.run(main())
