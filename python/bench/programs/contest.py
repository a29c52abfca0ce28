"""What the programs of all contestants share; they run in any Python from 3.10 on."""
import importlib
import socket
import sys


def new_loop(name):
    """The loop of a module; of one name and another with + between, the loop of the first with the transports of the
    second."""
    module, _, extension = name.partition("+")
    loop = importlib.import_module(module).new_event_loop()
    return importlib.import_module(extension).patch_loop(loop) if extension else loop


def run(main):
    """Run a coroutine function on the loop that the first argument names, with the other arguments, until it returns."""
    loop = new_loop(sys.argv[1])
    try:
        loop.run_until_complete(main(loop, *sys.argv[2:]))
    finally:
        loop.close()


def listen():
    """A listening socket, whose port the load is told."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print_port(listener)
    return listener


def print_port(sock):
    print("port", sock.getsockname()[1], flush=True)
