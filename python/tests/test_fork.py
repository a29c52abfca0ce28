"""Processes that fork, and those that end in the middle."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import subprocess
import sys
import unittest
import warnings

import eddyloop
from loops import on_both


def in_child(function):
    """Whether a function is true in a forked child."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)  # of threads: this process has others at times
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if function() else 1)
        finally:
            os._exit(2)
    return os.waitpid(child, 0)[1] == 0


async def answer():
    await asyncio.sleep(0.001)
    return 42


@on_both
class Fork:

    def test_a_child_sees_no_running_loop_and_has_its_own(self, loop):
        def child():
            return asyncio._get_running_loop() is None and eddyloop.run(answer()) == 42

        async def main():
            forked = in_child(child)
            return forked, await answer()

        self.assertEqual(loop.run_until_complete(main()), (True, 42))


class Inherited(unittest.TestCase):

    def test_a_loop_that_did_not_run_goes_on_in_the_child(self):
        """And takes nothing from its parent's, whose it was: with asyncio's own, both would share what the kernel knows of it."""
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        trail = []
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        self.addCleanup(os.close, writer)

        def come():
            trail.append('io')
            os.read(reader, 1)
            loop.remove_reader(reader)
            loop.stop()

        loop.call_soon(trail.append, 'soon')
        loop.call_later(0.001, trail.append, 'timer')
        loop.call_later(0.002, os.write, writer, b'x')
        loop.add_reader(reader, come)

        def run():
            loop.run_forever()
            return trail == ['soon', 'timer', 'io'] and loop.run_until_complete(answer()) == 42

        self.assertTrue(in_child(run))
        self.assertTrue(run())


class Processes(unittest.TestCase):

    def test_a_pool_of_forked_processes(self):
        async def main():
            loop = asyncio.get_running_loop()
            context = multiprocessing.get_context('fork')
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
                return await asyncio.gather(*(loop.run_in_executor(pool, abs, -n) for n in range(8)))

        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)
            self.assertEqual(eddyloop.run(main()), list(range(8)))

    def test_the_interpreter_ends_quietly_with_all_open(self):
        program = '''
import asyncio, eddyloop
loop = eddyloop.new_event_loop()
async def main():
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0)
    transport, _ = await loop.create_connection(asyncio.Protocol, *server.sockets[0].getsockname())
    loop.call_later(100, print)
    return server, transport
kept = loop.run_until_complete(main())
print("end")
'''
        result = subprocess.run([sys.executable, '-W', 'ignore::ResourceWarning', '-c', program],
                                capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, 'end\n', ''))


if __name__ == '__main__':
    unittest.main()
