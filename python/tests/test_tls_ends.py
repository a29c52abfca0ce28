"""How connections by TLS end: by either side, by what is wrong, by exceptions; and that nothing is left of them."""
import asyncio
import gc
import ssl
import sys
import unittest
import warnings
import weakref

import eddyloop
from tls_peers import BIG, Buffered, Echo, Recorder, both_ways


@both_ways
class Ends:

    @unittest.skipIf(sys.version_info < (3, 11), "asyncio has no such timeout")
    def test_the_other_side_does_not_say_that_it_is_done(self):
        async def test():
            async with self.wired(ssl_shutdown_timeout=0.05) as (client, wire):
                client.transport.close()
                await client.lost.wait()
                self.assertIsInstance(client.exception, TimeoutError)
                self.assertEqual(str(client.exception), "SSL shutdown timed out")
        self.go(test)

    def test_the_end_without_a_word(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"the last")
                wire.writer.close()
                await client.lost.wait()
                self.assertEqual(client.data, b"the last")
                self.assertEqual(client.told[-2:], ["eof", "lost"])
                self.assertIsNone(client.exception)
        self.go(test)

    def test_the_other_side_is_done(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"the last")
                with self.assertRaises(ssl.SSLWantReadError):
                    wire.tls.unwrap()
                wire.say()
                await client.lost.wait()
                self.assertEqual(client.data, b"the last")
                self.assertEqual(client.told[-2:], ["eof", "lost"])
                self.assertIsNone(client.exception)
                await wire.call(wire.tls.unwrap)  # the answer is there
        self.go(test)

    def test_something_comes_behind_the_end(self):
        """Stock asyncio drops such a connection by the error that OpenSSL says."""
        async def test():
            async with self.wired() as (client, wire):
                client.transport.close()
                self.assertTrue(client.transport.is_closing())
                wire.write(b"too late")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ssl.SSLError)
                self.assertEqual(client.exception.reason, "APPLICATION_DATA_AFTER_CLOSE_NOTIFY")
                self.assertEqual(client.data, b"")
        self.go(test)

    def test_what_is_no_record(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ssl.SSLError)
                self.assertRegex(str(client.exception), r"^\[SSL: [A-Z_]+\] .* \(_ssl.c:\d+\)$")
        self.go(test)

    def test_what_was_written_leaves_before_the_end(self):
        async def test():
            async with self.wired() as (client, wire):
                for _ in range(5):
                    client.transport.write(BIG)
                client.transport.close()
                client.transport.write(b"in vain")
                self.assertEqual(await wire.read(5 * len(BIG)), 5 * BIG)
                self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        self.go(test)

    def test_what_was_gathered_leaves_before_the_end(self):
        async def test():
            async with self.wired() as (client, wire):
                for turn in range(3):
                    for _ in range(10):
                        client.transport.write(b"x" * 10)
                    if turn == 2:
                        client.transport.close()
                    await asyncio.sleep(0)
                self.assertEqual(await wire.read(300), b"x" * 300)
                self.assertEqual(await wire.call(wire.tls.read, 1), b"")
        self.go(test)

    def test_what_was_written_leaves_though_the_other_side_is_done(self):
        async def test():
            async with self.wired() as (client, wire):
                client.transport.write(BIG * 8)
                with self.assertRaises(ssl.SSLWantReadError):
                    wire.tls.unwrap()
                wire.say()
                self.assertEqual(await wire.read(8 * len(BIG)), BIG * 8)
                await wire.call(wire.tls.unwrap)
                await client.lost.wait()
                self.assertIsNone(client.exception)
        self.go(test)

    def test_something_comes_behind_the_other_sides_end(self):
        async def test():
            for factory in (Recorder, lambda: Buffered(10)):
                async with self.wired(factory) as (client, wire):
                    wire.tls.write(b"the last")
                    with self.assertRaises(ssl.SSLWantReadError):
                        wire.tls.unwrap()
                    wire.writer.write(wire.outgoing.read() + b"and more")
                    await client.lost.wait()
                    self.assertEqual(client.data, b"the last")
                    self.assertEqual(client.told[-2:], ["eof", "lost"])
        self.go(test)

    def test_abort(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                client.transport.abort()
                self.assertTrue(client.transport.is_closing())
                self.assertNotIn("lost", client.told)
                await client.lost.wait()
                self.assertIsNone(client.exception)
                self.assertIsNone(client.transport.get_protocol())
                await self.until_lost(made)
        self.go(test)

    def test_a_protocol_fails(self):
        class Failing(Recorder):
            def data_received(self, data):
                raise ZeroDivisionError

        async def test():
            async with self.wired(Failing) as (client, wire):
                wire.write(b"a")
                await client.lost.wait()
                self.assertIsInstance(client.exception, ZeroDivisionError)
        self.may_report = True
        self.go(test)
        self.assertEqual([context["message"] for context in self.reported], ["Fatal error on SSL protocol"])
        self.assertIsInstance(self.reported[0]["exception"], ZeroDivisionError)

    def test_a_protocol_fails_as_it_is_made(self):
        class Failing(Recorder):
            def connection_made(self, transport):
                raise ZeroDivisionError

        async def test():
            async with self.served(Echo) as (port, made):
                with self.assertRaises(ZeroDivisionError):
                    await self.connect(port, Failing)
                await self.until_lost(made)
        self.may_report = True
        self.go(test)

    def test_interrupted(self):
        class Interrupted(Recorder):
            def data_received(self, data):
                raise KeyboardInterrupt

        async def test():
            async with self.wired(Interrupted) as (client, wire):
                wire.write(b"a")
                await client.lost.wait()
        with self.assertRaises(KeyboardInterrupt):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                eddyloop.run(test())
                gc.collect()

    def test_the_end_cannot_be_kept_open(self):
        class Keeping(Recorder):
            def eof_received(self):
                super().eof_received()
                return True

        async def test():
            async with self.wired(Keeping) as (client, wire):
                wire.writer.close()
                with self.assertLogs("asyncio", "WARNING") as logs:
                    await client.lost.wait()
                self.assertIn("returning true from eof_received() has no effect when using ssl", logs.output[0])
        self.go(test)

    def test_nothing_is_left(self):
        seen = []

        async def test():
            async with self.served(Echo) as (port, made):
                for _ in range(10):
                    client = await self.connect(port)
                    client.transport.write(BIG[:70000])
                    await client.until_data(70000)
                    await self.close(client)
                await self.until_lost(made)
                for protocol in (client, *made):
                    seen.extend([weakref.ref(protocol), weakref.ref(protocol.transport)])
        self.go(test)
        gc.collect()
        self.assertEqual([ref() for ref in seen if ref() is not None], [])

    def test_left_open(self):
        async def test():
            async with self.served(Echo) as (port, made):
                await self.connect(port)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            eddyloop.run(test())
            gc.collect()
        self.assertIn("unclosed transport <asyncio._SSLProtocolTransport object>",
                      [str(warning.message) for warning in caught])


if __name__ == "__main__":
    unittest.main()
