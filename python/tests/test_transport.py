"""Transports of sockets: on asyncio's own loop and on eddyloop's alike."""

import asyncio
import contextlib
import gc
import os
import socket
import sys
import threading
import unittest

import eddyloop
from connections import Recorder, socket_pair
from loops import on_both

BIG = os.urandom(4 << 20)


def connect(case, loop, protocol=None):
    """A transport of one end of a connection, its protocol, and the other end as a socket."""
    here, there = socket_pair(case)
    protocol = protocol or Recorder(loop)
    transport, _ = loop.run_until_complete(loop.create_connection(lambda: protocol, sock=here))
    return transport, protocol, there


def turns(loop, count=3):
    for _ in range(count):
        loop.call_soon(loop.stop)
        loop.run_forever()


def until(loop, condition):
    """Run until a condition holds."""
    async def wait():
        while not condition():
            await asyncio.sleep(0.001)
    loop.run_until_complete(asyncio.wait_for(wait(), 10))


class Answerer(threading.Thread):
    """Reads from a socket until its end, in another thread."""

    def __init__(self, sock):
        super().__init__()
        self.sock = sock
        self.data = b''
        self.start()

    def run(self):
        self.sock.setblocking(True)
        while piece := self.sock.recv(1 << 16):
            self.data += piece


@on_both
class Writing:

    def test_all_kinds_of_bytes_arrive_in_order(self, loop):
        transport, _, there = connect(self, loop)
        changed = bytearray(b'two ')
        transport.write(b'one ')
        transport.write(changed)
        changed[:] = b'XXXX'  # what was written stays as it was
        transport.write(memoryview(b'three '))
        transport.writelines([b'four ', bytearray(b'five '), memoryview(b'six')])
        transport.write(b'')
        transport.writelines([])
        transport.close()
        turns(loop)
        there.setblocking(True)
        with there.makefile('rb') as file:
            self.assertEqual(file.read(), b'one two three four five six')

    def test_much_is_sent_whole_with_back_pressure(self, loop):
        transport, protocol, there = connect(self, loop)
        transport.write(BIG)
        self.assertEqual(protocol.calls, ['made', 'pause'])
        self.assertGreater(transport.get_write_buffer_size(), 64 << 10)
        answerer = Answerer(there)
        until(loop, lambda: 'resume' in protocol.calls)
        transport.close()
        loop.run_until_complete(protocol.lost)
        answerer.join()
        self.assertEqual(answerer.data, BIG)
        self.assertEqual(protocol.calls, ['made', 'pause', 'resume', ('lost', 'NoneType')])

    def test_a_change_of_what_waits_does_not_show(self, loop):
        transport, protocol, there = connect(self, loop)
        data = bytearray(BIG)
        view = memoryview(data)
        transport.write(view)
        view.release()
        if isinstance(loop, eddyloop.Loop):
            data[:] = bytes(len(data))  # asyncio's own keeps a view, and would send this
        answerer = Answerer(there)
        transport.write_eof()
        answerer.join(0.001)
        transport.close()
        loop.run_until_complete(protocol.lost)
        answerer.join()
        self.assertEqual(answerer.data, BIG)

    def test_write_eof(self, loop):
        transport, protocol, there = connect(self, loop)
        self.assertTrue(transport.can_write_eof())
        transport.write(b'end')
        transport.write_eof()
        transport.write_eof()
        with self.assertRaisesRegex(RuntimeError, r'Cannot call write\(\) after write_eof\(\)'):
            transport.write(b'more')
        turns(loop)
        there.setblocking(True)
        self.assertEqual(there.recv(100) + there.recv(100), b'end')
        there.sendall(b'answer')
        until(loop, lambda: protocol.data == b'answer')
        transport.close()
        loop.run_until_complete(protocol.lost)

    def test_what_was_written_before_close_leaves_and_abort_drops(self, loop):
        transport, protocol, there = connect(self, loop)
        transport.write(BIG)
        transport.close()
        self.assertTrue(transport.is_closing())
        answerer = Answerer(there)
        loop.run_until_complete(protocol.lost)
        answerer.join()
        self.assertEqual(answerer.data, BIG)

        transport, protocol, there = connect(self, loop)
        transport.write(BIG)
        transport.abort()
        self.assertEqual(transport.get_write_buffer_size(), 0)
        loop.run_until_complete(protocol.lost)
        self.assertEqual(protocol.calls[-1], ('lost', 'NoneType'))

    def test_limits(self, loop):
        transport, protocol, _ = connect(self, loop)
        self.assertEqual(transport.get_write_buffer_limits(), (16 << 10, 64 << 10))
        transport.set_write_buffer_limits(low=10)
        self.assertEqual(transport.get_write_buffer_limits(), (10, 40))
        transport.set_write_buffer_limits(high=0)
        self.assertEqual(transport.get_write_buffer_limits(), (0, 0))
        with self.assertRaisesRegex(ValueError, 'must be >= low'):
            transport.set_write_buffer_limits(high=1, low=2)
        transport.abort()
        loop.run_until_complete(protocol.lost)

    def test_wrong_types(self, loop):
        transport, protocol, _ = connect(self, loop)
        for wrong in ('text', 1, None):
            with self.assertRaisesRegex(TypeError, '^data argument must be a bytes'):
                transport.write(wrong)
        transport.abort()
        loop.run_until_complete(protocol.lost)

    def test_a_peer_that_is_gone(self, loop):
        transport, protocol, there = connect(self, loop)
        there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\1\0\0\0\0\0\0\0')
        there.close()
        transport.write(b'x')
        exception = loop.run_until_complete(protocol.lost)
        self.assertIsInstance(exception, (ConnectionResetError, BrokenPipeError))
        with self.assertLogs('asyncio', 'WARNING') as log:
            for _ in range(10):
                transport.write(b'in vain')
        self.assertIn('socket.send() raised exception.', log.output[0])


@on_both
class Reading:

    def test_bytes_then_the_end(self, loop):
        transport, protocol, there = connect(self, loop)
        there.sendall(b'hello')
        there.close()
        self.assertIsNone(loop.run_until_complete(protocol.lost))
        self.assertEqual(protocol.data, b'hello')
        self.assertEqual(protocol.calls, ['made', 'eof', ('lost', 'NoneType')])
        self.assertEqual(transport.get_extra_info('socket').fileno(), -1)

    def test_a_protocol_may_stay_at_the_end(self, loop):
        class Stays(Recorder):
            def eof_received(self):
                self.calls.append('eof')
                return True

        transport, protocol, there = connect(self, loop, Stays(loop))
        there.shutdown(socket.SHUT_WR)
        until(loop, lambda: 'eof' in protocol.calls)
        transport.write(b'still here')
        turns(loop)
        there.setblocking(True)
        self.assertEqual(there.recv(100), b'still here')
        transport.close()
        loop.run_until_complete(protocol.lost)

    def test_pause_and_resume(self, loop):
        transport, protocol, there = connect(self, loop)
        transport.pause_reading()
        transport.pause_reading()
        self.assertFalse(transport.is_reading())
        there.sendall(b'held')
        turns(loop, 5)
        self.assertEqual(protocol.data, b'')
        transport.resume_reading()
        transport.resume_reading()
        self.assertTrue(transport.is_reading())
        until(loop, lambda: protocol.data == b'held')
        transport.close()
        transport.resume_reading()
        loop.run_until_complete(protocol.lost)

    def test_a_paused_from_the_start_gets_all_later(self, loop):
        class Paused(Recorder):
            def connection_made(self, transport):
                super().connection_made(transport)
                transport.pause_reading()

        transport, protocol, there = connect(self, loop, Paused(loop))
        there.sendall(b'early')
        turns(loop, 5)
        if sys.version_info >= (3, 12) or isinstance(loop, eddyloop.Loop):  # older asyncio may forget that it is paused
            self.assertEqual(protocol.data, b'')
        transport.resume_reading()
        until(loop, lambda: protocol.data == b'early')
        transport.abort()
        loop.run_until_complete(protocol.lost)

    def test_exceptions_of_a_protocol_end_the_connection_and_are_told(self, loop):
        class Fails(Recorder):
            def data_received(self, data):
                raise ZeroDivisionError

        told = []
        loop.set_exception_handler(lambda _, context: told.append(context))
        transport, protocol, there = connect(self, loop, Fails(loop))
        there.sendall(b'x')
        self.assertIsInstance(loop.run_until_complete(protocol.lost), ZeroDivisionError)
        self.assertEqual(told[0]['message'], 'Fatal error: protocol.data_received() call failed.')
        self.assertIs(told[0]['transport'], transport)
        self.assertIs(told[0]['protocol'], protocol)

    def test_keyboard_interrupt_in_a_protocol_ends_the_run_alone(self, loop):
        class Interrupts(Recorder):
            def data_received(self, data):
                super().data_received(data)
                if len(self.data) == 1:
                    raise KeyboardInterrupt

        transport, protocol, there = connect(self, loop, Interrupts(loop))
        there.sendall(b'x')
        with self.assertRaises(KeyboardInterrupt):
            loop.run_forever()
        there.sendall(b'y')
        until(loop, lambda: protocol.data == b'xy')
        transport.close()
        loop.run_until_complete(protocol.lost)

    def test_another_protocol_takes_over(self, loop):
        transport, protocol, there = connect(self, loop)
        other = Recorder(loop)
        transport.set_protocol(other)
        self.assertIs(transport.get_protocol(), other)
        there.sendall(b'to the other')
        there.close()
        loop.run_until_complete(other.lost)
        self.assertEqual((protocol.data, other.data), (b'', b'to the other'))


class Buffered(asyncio.BufferedProtocol):
    """Puts what comes into a buffer of a few bytes."""

    def __init__(self, loop, size):
        self.buffer = bytearray(size)
        self.data = b''
        self.lost = loop.create_future()
        self.failing = None

    def get_buffer(self, sizehint):
        if self.failing:
            raise self.failing
        return self.buffer

    def buffer_updated(self, n):
        self.data += self.buffer[:n]

    def connection_lost(self, exception):
        self.lost.set_result(exception)


@on_both
class BufferedReading:

    def test_bytes_go_into_the_protocols_buffer(self, loop):
        for size in (1, 7, 1 << 16):
            transport, protocol, there = connect(self, loop, Buffered(loop, size))
            there.sendall(b'some bytes that are more than seven')
            there.close()
            self.assertIsNone(loop.run_until_complete(protocol.lost))
            self.assertEqual(protocol.data, b'some bytes that are more than seven')
            protocol.buffer += b'x'  # nobody holds it any more

    def test_a_buffer_of_nothing_ends_the_connection(self, loop):
        loop.set_exception_handler(lambda *_: None)
        transport, protocol, there = connect(self, loop, Buffered(loop, 0))
        there.sendall(b'x')
        self.assertIn('empty buffer', str(loop.run_until_complete(protocol.lost)))

    def test_a_failing_get_buffer(self, loop):
        told = []
        loop.set_exception_handler(lambda _, context: told.append(context['message']))
        transport, protocol, there = connect(self, loop, Buffered(loop, 1))
        protocol.failing = ZeroDivisionError()
        there.sendall(b'x')
        self.assertIs(loop.run_until_complete(protocol.lost), protocol.failing)
        self.assertEqual(told, ['Fatal error: protocol.get_buffer() call failed.'])

    def test_an_interrupted_get_buffer_loses_nothing(self, loop):
        transport, protocol, there = connect(self, loop, Buffered(loop, 100))
        protocol.failing = KeyboardInterrupt()
        there.sendall(b'kept')
        with self.assertRaises(KeyboardInterrupt):
            loop.run_forever()
        protocol.failing = None
        until(loop, lambda: protocol.data == b'kept')
        transport.abort()
        loop.run_until_complete(protocol.lost)


class OnlyEddyloop(unittest.TestCase):

    def test_a_transport_is_asyncios(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        transport, protocol, _ = connect(self, loop)
        self.assertIsInstance(transport, asyncio.Transport)
        transport.attribute = 1  # as of any object
        self.assertRegex(repr(transport), r'<SocketTransport fd=\d+ read=polling write=<idle, bufsize=0>>')
        with self.assertRaisesRegex(RuntimeError, 'is used by transport'):
            loop.add_reader(transport.get_extra_info('socket').fileno(), int)
        transport.close()
        loop.run_until_complete(protocol.lost)

    def test_what_one_turn_writes_leaves_in_one_piece(self):
        """From the second time on that a transport writes twice in a turn."""
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        transport, protocol, there = connect(self, loop)
        pieces = []
        for _ in range(3):
            loop.call_soon(transport.write, b'head ')
            loop.call_soon(transport.write, b'body ')
            turns(loop)
            with contextlib.suppress(BlockingIOError):
                pieces.append(there.recv(100))
        self.assertEqual(pieces[-1], b'head body ')
        transport.close()
        loop.run_until_complete(protocol.lost)

    def test_a_socket_that_was_closed_behind_its_back_closes_no_other(self):
        loop = eddyloop.new_event_loop()
        self.addCleanup(loop.close)
        transport, protocol, there = connect(self, loop)
        sock = transport._sock
        number = sock.fileno()
        sock.close()
        others = [os.open('/dev/null', os.O_RDONLY)]
        while others[-1] < number:
            others.append(os.open('/dev/null', os.O_RDONLY))
        transport.abort()
        loop.run_until_complete(protocol.lost)
        for other in others:
            os.fstat(other)
            os.close(other)

    def test_loops_collect_nothing_of_each_other(self):
        loops = [eddyloop.new_event_loop() for _ in range(3)]
        for loop in loops:
            transport, protocol, there = connect(self, loop)
            there.sendall(b'x')
            gc.collect()
            until(loop, lambda p=protocol: p.data == b'x')
            transport.close()
            loop.run_until_complete(protocol.lost)
            loop.close()


if __name__ == '__main__':
    unittest.main()
