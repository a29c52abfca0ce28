"""What the programs of all contestants share; they run in any Python from 3.10 on."""
import importlib
import socket
import sys


def new_loop(name):
    """A new loop of a module; for `one+other` that of the first with the second's transports."""
    module, _, extension = name.partition("+")
    loop = importlib.import_module(module).new_event_loop()
    return importlib.import_module(extension).patch_loop(loop) if extension else loop


def run(main):
    """Run a coroutine function on the loop that the first argument names; it has the others."""
    loop = new_loop(sys.argv[1])
    try:
        loop.run_until_complete(main(loop, *sys.argv[2:]))
    finally:
        loop.close()


def listen():
    """A listening socket.

    It names its protocol, as those do that loops make themselves: only then asyncio sets
    TCP_NODELAY, without which an answer in two pieces takes 40 ms."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    return listener


def print_port(address):
    """Tell the load, which connects at once."""
    print("port", address[1], flush=True)
