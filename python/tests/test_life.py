"""What is made is given back: loops and transports that nobody has closed."""

import gc
import unittest
import warnings
import weakref

import eddyloop
from connections import Recorder, socket_pair


class Collector(unittest.TestCase):

    def test_a_loop_in_a_cycle_with_what_waits_in_it(self):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')
            loop = eddyloop.new_event_loop()

            def callback():
                return loop

            loop.call_soon(callback)
            loop.call_later(100, callback)
            loop.add_reader(loop._ssock, callback)
            gone = weakref.ref(loop)
            del loop, callback
            gc.collect()
            said = ' '.join(str(warning.message) for warning in told)
            told.clear()  # a warning has what it warns of
            gc.collect()
            self.assertIsNone(gone())
        self.assertIn('unclosed event loop', said)

    def test_an_unclosed_transport_is_told_of_and_its_socket_closed(self):
        loop = eddyloop.new_event_loop()
        here, there = socket_pair(self)
        transport, _ = loop.run_until_complete(loop.create_connection(lambda: Recorder(loop), sock=here))
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter('always')
            loop.close()
            del transport, _
            gc.collect()
        self.assertIn('unclosed transport', ' '.join(str(warning.message) for warning in told))
        self.assertEqual(here.fileno(), -1)

    def test_a_transport_that_is_lost_lets_go_of_all(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        here, there = socket_pair(self)
        transport, protocol = loop.run_until_complete(loop.create_connection(lambda: Recorder(loop), sock=here))
        gone = weakref.ref(transport)
        transport.close()
        loop.run_until_complete(protocol.lost)
        protocol.transport = None
        del transport
        self.assertIsNone(gone())


if __name__ == '__main__':
    unittest.main()
