"""Callbacks, timers, running: on asyncio's own loop and on eddyloop's alike."""

import asyncio
import contextvars
import functools
import socket
import sys
import threading
import unittest
import unittest.mock

import eddyloop
from eddyloop import _helpers
from loops import on_both


@on_both
class Callbacks:

    def run_once(self, loop):
        loop.call_soon(loop.stop)
        loop.run_forever()

    def test_older_callbacks_then_io_then_timers(self, loop):
        """The order that programs were written to."""
        here, there = socket.socketpair()
        self.addCleanup(here.close)
        self.addCleanup(there.close)
        trail = []

        def begin():
            there.send(b'x')
            loop.call_later(0, trail.append, 'timer')
            loop.call_soon(trail.append, 'soon')
            loop.call_soon(loop.stop)

        loop.add_reader(here, lambda: (trail.append('io'), here.recv(1)))
        loop.call_soon(begin)
        loop.run_forever()
        self.run_once(loop)
        loop.remove_reader(here)
        self.assertEqual(trail, ['soon', 'io', 'timer'])

    def test_what_a_callback_schedules_runs_in_the_next_turn(self, loop):
        trail = []
        loop.call_soon(lambda: (trail.append(1), loop.call_soon(trail.append, 3)))
        loop.call_soon(trail.append, 2)
        self.run_once(loop)
        self.assertEqual(trail, [1, 2])
        self.run_once(loop)
        self.assertEqual(trail, [1, 2, 3])

    def test_an_exception_that_ends_the_run_keeps_the_rest_in_order(self, loop):
        trail = []

        def interrupt():
            loop.call_soon(trail.append, 'later')
            raise KeyboardInterrupt

        loop.call_soon(trail.append, 'before')
        loop.call_soon(interrupt)
        loop.call_soon(trail.append, 'after')
        with self.assertRaises(KeyboardInterrupt):
            loop.run_forever()
        self.assertEqual(trail, ['before'])
        self.assertFalse(loop.is_running())
        self.run_once(loop)
        self.assertEqual(trail, ['before', 'after', 'later'])

    def test_other_exceptions_go_to_the_handler(self, loop):
        told = []
        loop.set_exception_handler(lambda _, context: told.append(context))
        handle = loop.call_soon(int, 'no number')
        self.run_once(loop)
        self.assertEqual(len(told), 1)
        self.assertIs(told[0]['handle'], handle)
        self.assertIsInstance(told[0]['exception'], ValueError)
        self.assertIn('Exception in callback', told[0]['message'])

    def test_cancelled_handles_do_not_run(self, loop):
        trail = []
        soon = loop.call_soon(trail.append, 1)
        later = loop.call_later(0, trail.append, 2)
        soon.cancel()
        later.cancel()
        later.cancel()
        loop.call_later(0.01, loop.stop)
        loop.run_forever()
        self.assertEqual(trail, [])
        self.assertTrue(soon.cancelled() and later.cancelled())
        self.assertIn('cancelled', repr(later))

    def test_a_handle_is_asyncios(self, loop):
        soon = loop.call_soon(print, 1, context=contextvars.copy_context())
        later = loop.call_at(loop.time() + 1000, print)
        self.assertIsInstance(soon, asyncio.Handle)
        self.assertIsInstance(later, asyncio.TimerHandle)
        self.assertEqual((soon._callback, soon._args), (print, (1,)))
        self.assertGreater(later.when(), loop.time())
        self.assertLess(later, loop.call_at(later.when() + 1, print))
        soon.cancel()

    def test_timers_fire_in_order_and_never_early(self, loop):
        fired = []
        begun = loop.time()
        for delay in (0.02, 0, 0.01, 0.001):
            loop.call_at(begun + delay, lambda d=delay: fired.append((d, loop.time() >= begun + d)))
        loop.call_at(begun + 0.03, loop.stop)
        loop.run_forever()
        self.assertEqual(fired, [(0, True), (0.001, True), (0.01, True), (0.02, True)])

    def test_a_timer_of_never_waits_for_ever(self, loop):
        handle = loop.call_later(float('inf'), self.fail)
        loop.call_later(0.001, loop.stop)
        loop.run_forever()
        self.assertFalse(handle.cancelled())
        handle.cancel()

    def test_context_variables(self, loop):
        variable = contextvars.ContextVar('variable', default='unset')
        seen = []
        context = contextvars.copy_context()
        context.run(variable.set, 'given')
        variable.set('current')
        loop.call_soon(lambda: seen.append(variable.get()))
        loop.call_soon(lambda: seen.append(variable.get()), context=context)
        variable.set('later')
        self.run_once(loop)
        self.assertEqual(seen, ['current', 'given'])

    def test_wrong_calls_say_so(self, loop):
        with self.assertRaises(TypeError):
            loop.call_soon()
        with self.assertRaises(TypeError):
            loop.call_later(None, print)
        with self.assertRaises(TypeError):
            loop.call_soon(print, wrong=1)

    def test_a_closed_loop_refuses(self, loop):
        loop.close()
        for call in (lambda: loop.call_soon(print), lambda: loop.call_later(1, print),
                     lambda: loop.call_soon_threadsafe(print), loop.run_forever,
                     lambda: loop.add_reader(0, print)):
            with self.assertRaisesRegex(RuntimeError, 'Event loop is closed'):
                call()
        loop.close()

    def test_debug_mode_finds_calls_from_other_threads(self, loop):
        loop.set_debug(True)
        raised = []

        def call():
            try:
                loop.call_soon(print)
            except RuntimeError as error:
                raised.append(str(error))
            loop.call_soon_threadsafe(loop.stop)

        loop.call_soon(threading.Thread(target=call).start)
        loop.run_forever()
        self.assertEqual(len(raised), 1)
        self.assertIn('Non-thread-safe', raised[0])

    def test_call_soon_threadsafe_wakes_and_keeps_order(self, loop):
        trail = []
        count = 1000

        def feed():
            for i in range(count):
                loop.call_soon_threadsafe(trail.append, i)
            loop.call_soon_threadsafe(loop.stop)

        thread = threading.Thread(target=feed)
        thread.start()
        loop.run_forever()
        thread.join()
        self.assertEqual(trail, list(range(count)))

    def test_stop_before_running_runs_one_turn(self, loop):
        trail = []
        loop.call_soon(trail.append, 1)
        loop.stop()
        loop.run_forever()
        self.assertEqual(trail, [1])


class OnlyEddyloop(unittest.TestCase):

    def test_it_says_how_it_waits_and_why(self):
        loop = eddyloop.new_event_loop()
        self.assertIn(loop.backend, ('uring', 'epoll'))
        self.assertTrue(loop.backend_reason)
        loop.close()
        self.assertEqual(loop.backend, 'closed')

    def test_a_moment_that_is_none_is_refused_at_once(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        with self.assertRaises(TypeError):
            loop.call_at('now', print)

    def test_what_is_hot_is_c(self):
        """None of eddyloop's Python runs where tasks wait and are woken, whichever version of asyncio asks."""
        seen = []

        async def answer(reader, writer):
            while data := await reader.read(100):
                writer.write(data)
                await writer.drain()

        async def work(reader, writer):
            await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0.001))
            writer.write(b'line\n')
            await writer.drain()
            await reader.readline()

        async def main():
            server = await asyncio.start_server(answer, '127.0.0.1', 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await work(reader, writer)
            sys.setprofile(lambda frame, event, _: event == 'call' and seen.append(frame.f_globals['__name__']))
            await work(reader, writer)
            sys.setprofile(None)
            writer.close()
            server.close()

        eddyloop.run(main(), debug=False)
        self.assertIn(__name__, seen)
        self.assertEqual([module for module in seen if module.startswith('eddyloop')], [])

    def test_a_loop_in_each_of_several_threads(self):
        results = []

        async def main(n):
            await asyncio.sleep(0.001)
            results.append(n)

        threads = [threading.Thread(target=lambda n=n: eddyloop.run(main(n))) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(results), list(range(8)))

    def test_a_future_has_its_callbacks_scheduled_without_python(self):
        async def main():
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            loop.call_soon(future.set_result, None)
            await future

        with unittest.mock.patch.object(_helpers, 'call_by_names', None):
            eddyloop.run(main())

    def test_a_loop_that_is_never_idle_leaves_others_a_turn(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        forever = functools.partial(int)
        forever.__setstate__((loop.call_soon, (forever,), {}, {}))  # no Python code runs in its turns
        threading.Thread(target=loop.call_soon_threadsafe, args=(loop.stop,)).start()
        loop.call_soon(forever)
        loop.run_forever()
        forever.__setstate__((int, (), {}, {}))


if __name__ == '__main__':
    unittest.main()
