"""SIGHUP has the configuration read again, SIGINT and SIGTERM end the program in its own way.

    python3 signals.py
"""
import asyncio
import signal

import eddyloop


def read_configuration():
    print("got signal SIGHUP: read the configuration again")


def ask_exit(name, stop):
    print(f"got signal {name}: exit")
    stop.set()


async def main():
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, read_configuration)
    for name in "SIGINT", "SIGTERM":
        loop.add_signal_handler(getattr(signal, name), ask_exit, name, stop)

    print("send SIGHUP or SIGTERM, or press Ctrl-C")
    await stop.wait()
    print("removed:", loop.remove_signal_handler(signal.SIGINT))


eddyloop.run(main())
