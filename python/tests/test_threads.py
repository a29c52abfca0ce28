"""What another thread than the loop's does with what is the loop's, while that runs."""
import asyncio
import os
import socket
import threading
import unittest

import eddyloop
from connections import Recorder, socket_pair
from loops import on_both, settle, until
from tls_peers import client_context, server_context


def in_thread(function, *arguments):
    """Call something in a thread, and wait for that without letting the loop run: what it returns or raises."""
    results = []

    def call():
        try:
            results.append(function(*arguments))
        except Exception as error:
            results.append(error)
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    return results[0]


@on_both
class Order:

    async def test_what_was_sent_before_comes_before(self):
        trail = []
        in_thread(self.loop.call_soon_threadsafe, trail.append, "sent")
        self.loop.call_soon(trail.append, "soon")
        in_thread(self.loop.call_soon_threadsafe, trail.append, "sent again")
        await settle(2)
        self.assertEqual(trail, ["sent", "soon", "sent again"])


class Ending(unittest.TestCase):
    """close(), abort() and remove_reader() are done by the loop's thread, soon; what else is not for another thread says so."""

    def setUp(self):
        self.loop = eddyloop.new_event_loop()
        self.addCleanup(self.loop.close)

    def run_test(self, main):
        self.loop.run_until_complete(asyncio.wait_for(main(), 30))

    async def check_end(self, transport, protocol, how):
        await settle(5)  # reading has begun
        self.assertIsNone(in_thread(getattr(transport, how)))
        await protocol.lost
        self.assertTrue(transport.is_closing())

    def test_connections(self):
        async def main():
            for how in "close", "abort":
                here, there = socket_pair(self)
                transport, protocol = await self.loop.create_connection(lambda: Recorder(self.loop), sock=here)
                await self.check_end(transport, protocol, how)
                self.assertEqual(await self.loop.sock_recv(there, 1), b"")
                there.close()
        self.run_test(main)

    def test_while_the_loop_waits(self):
        async def main():
            here, there = socket_pair(self)
            transport, protocol = await self.loop.create_connection(lambda: Recorder(self.loop), sock=here)
            await self.loop.run_in_executor(None, transport.close)
            await protocol.lost
            # Its number may be another's, who is heard.
            again, far = socket.socketpair()
            with again, far:
                again.setblocking(False)
                far.send(b"x")
                self.assertEqual(await self.loop.sock_recv(again, 1), b"x")
        self.run_test(main)

    def test_datagrams(self):
        async def main():
            for how in "close", "abort":
                transport, protocol = await self.loop.create_datagram_endpoint(lambda: Recorder(self.loop), ("127.0.0.1", 0))
                await self.check_end(transport, protocol, how)
        self.run_test(main)

    def test_pipes(self):
        async def main():
            reading, writing = os.pipe()
            transport, protocol = await self.loop.connect_read_pipe(lambda: Recorder(self.loop), os.fdopen(reading, "rb", 0))
            await self.check_end(transport, protocol, "close")
            os.close(writing)
            reading, writing = os.pipe()
            transport, protocol = await self.loop.connect_write_pipe(lambda: Recorder(self.loop), os.fdopen(writing, "wb", 0))
            await self.check_end(transport, protocol, "close")
            os.close(reading)
        self.run_test(main)

    def test_tls(self):
        async def main():
            server = await self.loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=server_context())
            for how in "close", "abort":
                transport, protocol = await self.loop.create_connection(
                    lambda: Recorder(self.loop), *server.sockets[0].getsockname(), ssl=client_context(),
                    server_hostname="localhost")
                await self.check_end(transport, protocol, how)
            server.close()
        self.run_test(main)

    def test_what_is_watched(self):
        async def main():
            here, there = socket_pair(self)
            called = []
            self.loop.add_reader(here, called.append, "reader")
            await settle(1)
            self.assertIs(in_thread(self.loop.remove_reader, here), True)
            self.assertIs(in_thread(self.loop.remove_reader, here), False)
            there.send(b"x")
            await settle(5)
            self.assertEqual(called, [])
            self.loop.add_reader(here, lambda: (called.append(here.recv(10)), self.loop.remove_reader(here)))
            await until(lambda: called)
            self.assertEqual(called, [b"x"])
        self.run_test(main)

    def test_what_is_refused(self):
        async def main():
            here, _ = socket_pair(self)
            transport, _ = await self.loop.create_connection(lambda: Recorder(self.loop), sock=here)
            await settle(3)
            for method, *arguments in ((transport.write, b"x"), (transport.pause_reading,), (transport.write_eof,),
                                       (self.loop.add_reader, here.fileno() + 1, print)):
                error = in_thread(method, *arguments)
                self.assertIsInstance(error, RuntimeError)
                self.assertIn("Non-thread-safe operation", str(error))
            transport.abort()
            await settle(3)
        self.run_test(main)


if __name__ == "__main__":
    unittest.main()
