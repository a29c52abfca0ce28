"""What the programs of all contestants share; they run in any Python from 3.10 on."""
import importlib
import sys


def run(main):
    """Run a coroutine function on the loop that the first argument names, until it returns."""
    loop = importlib.import_module(sys.argv[1]).new_event_loop()
    try:
        loop.run_until_complete(main(loop, *sys.argv[2:]))
    finally:
        loop.close()


def print_port(sock):
    """Say where a server listens."""
    print("port", sock.getsockname()[1], flush=True)
