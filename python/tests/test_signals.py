"""Ctrl-C at any moment, and what a program does with other signals."""

import asyncio
import functools
import os
import signal
import subprocess
import sys
import threading
import unittest

import eddyloop
from loops import on_both


def interrupt_when(event):
    """Send this process SIGINT as soon as an event is set, from another thread."""
    thread = threading.Thread(target=lambda: (event.wait(), os.kill(os.getpid(), signal.SIGINT)))
    thread.start()
    return thread


@on_both
class CtrlC:

    def interrupted(self, loop, callback):
        event = threading.Event()
        thread = interrupt_when(event)
        loop.call_soon(event.set)
        loop.call_soon(callback)
        self.is_interrupted = False
        with self.assertRaises(KeyboardInterrupt):
            loop.run_forever()
        self.is_interrupted = True  # before the callback or in it: where not yet, that runs now
        thread.join()
        loop.call_soon(loop.stop)  # and it goes on
        loop.run_forever()

    def test_while_waiting(self, loop):
        if not self.is_ours:
            self.skipTest("asyncio does not hear of a signal that comes just before it waits")
        self.interrupted(loop, int)

    def test_in_a_callback(self, loop):
        def spin():
            while not self.is_interrupted:
                int()  # without a call, Python 3.10 lets nobody in
        self.interrupted(loop, spin)

    def test_where_only_c_runs(self, loop):
        forever = functools.partial(int)
        forever.__setstate__((loop.call_soon, (forever,), {}, {}))
        try:
            self.interrupted(loop, forever)
        finally:
            forever.__setstate__((int, (), {}, {}))

    def test_handlers(self, loop):
        loop.add_signal_handler(signal.SIGUSR1, loop.stop)
        os.kill(os.getpid(), signal.SIGUSR1)
        loop.run_forever()
        self.assertTrue(loop.remove_signal_handler(signal.SIGUSR1))
        self.assertFalse(loop.remove_signal_handler(signal.SIGUSR1))


class WakeUp(unittest.TestCase):

    def test_the_descriptor_is_restored(self):
        async def main():
            return None
        eddyloop.run(main())
        self.assertEqual(signal.set_wakeup_fd(-1), -1)

    def test_a_programs_own_descriptor_stays(self):
        here, there = os.pipe()
        os.set_blocking(there, False)
        self.addCleanup(os.close, here)
        self.addCleanup(os.close, there)
        signal.set_wakeup_fd(there)
        self.addCleanup(signal.set_wakeup_fd, -1)

        async def main():
            return signal.set_wakeup_fd(there)
        self.assertEqual(eddyloop.run(main()), there)
        self.assertEqual(signal.set_wakeup_fd(-1), there)

    def test_a_signal_just_before_waiting_is_not_lost(self):
        """A hundred times at the moment when the loop is about to wait for ever."""
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        seen = []
        before = signal.signal(signal.SIGUSR2, lambda *_: (seen.append(1), loop.stop()))
        self.addCleanup(signal.signal, signal.SIGUSR2, before)
        for _ in range(100):
            loop.call_soon(os.kill, os.getpid(), signal.SIGUSR2)
            loop.run_forever()
        self.assertEqual(len(seen), 100)

    @unittest.skipIf(sys.version_info < (3, 11), 'asyncio.Runner came with 3.11')
    def test_the_runner_cancels_first_and_interrupts_then(self):
        program = '''
import asyncio, eddyloop, os, signal
async def main():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(100)
    except asyncio.CancelledError:
        print("cancelled")
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(100)
eddyloop.run(main())
'''
        result = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, check=False)
        self.assertEqual(result.stdout, 'cancelled\n')
        self.assertIn('KeyboardInterrupt', result.stderr)


if __name__ == '__main__':
    unittest.main()
