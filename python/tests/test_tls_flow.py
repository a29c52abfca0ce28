"""What flows through TLS, and what makes it wait."""
import asyncio
import os
import sys
import unittest

from tls_peers import BIG, FOLDER, Buffered, Echo, Recorder, both_ways


@both_ways
class Flow:

    def test_a_buffered_protocol_gets_all_whatever_the_size_of_its_buffer(self):
        async def test():
            for size in (1000, 16384, 100000):
                async with self.served(lambda: Buffered(size)) as (port, made):
                    client = await self.connect(port)
                    client.transport.write(BIG[:200000])
                    await client.made.wait()
                    await made[0].until_data(200000)
                    self.assertEqual(made[0].data, BIG[:200000])
                    await self.close(client)
                    await made[0].lost.wait()
        self.go(test)

    def test_reading_pauses(self):
        async def test():
            async with self.wired() as (client, wire):
                self.assertTrue(client.transport.is_reading())
                client.transport.pause_reading()
                self.assertFalse(client.transport.is_reading())
                for at in range(0, len(BIG), 16384):
                    wire.write(BIG[at:at + 16384])
                client.transport.write(b"still written")
                self.assertEqual(await wire.read(13), b"still written")
                self.assertEqual(client.data, b"")
                client.transport.resume_reading()
                await client.until_data(len(BIG))
                self.assertEqual(client.data, BIG)
                await self.close_by(client, wire)
        self.go(test)

    def test_what_is_not_read_stays_with_the_other_side(self):
        async def test():
            async with self.served(Echo) as (port, made):
                slow, other = await self.connect(port), await self.connect(port)
                await made[0].made.wait()
                slow.transport.pause_reading()
                made[0].transport.write(BIG * 20)
                for turn in range(50):
                    other.transport.write(b"a")
                    await other.until_data(turn + 1)
                self.assertLess(slow.transport.get_read_buffer_size(), 600 * 1024)
                slow.transport.resume_reading()
                await slow.until_data(20 * len(BIG))
                self.assertEqual(slow.data, 20 * BIG)
                await self.close(slow, other)
                await self.until_lost(made)
        self.go(test)

    def test_reading_pauses_within_a_call(self):
        class Slow(Recorder):
            def data_received(self, data):
                super().data_received(data)
                self.transport.pause_reading()

        async def test():
            async with self.wired(Slow) as (client, wire):
                wire.write(BIG[:300000])
                while len(client.data) < 300000:
                    before = len(client.data)
                    await client.until(lambda: len(client.data) > before)
                    client.transport.resume_reading()
                self.assertEqual(client.data, BIG[:300000])
                await self.close_by(client, wire)
        self.go(test)

    def test_writing_pauses(self):
        async def test():
            async with self.wired() as (client, wire):
                high = (512 if sys.version_info >= (3, 11) else 64) * 1024
                self.assertEqual(client.transport.get_write_buffer_limits(), (high // 4, high))
                client.transport.set_write_buffer_limits(high=4000)
                self.assertEqual(client.transport.get_write_buffer_limits(), (1000, 4000))
                with self.assertRaisesRegex(ValueError, r"high \(1\) must be >= low \(2\) must be >= 0"):
                    client.transport.set_write_buffer_limits(high=1, low=2)
                n = 0
                while "pause" not in client.told:
                    client.transport.write(BIG)
                    n += len(BIG)
                self.assertGreater(client.transport.get_write_buffer_size(), 4000)
                self.assertEqual(await wire.read(n), BIG * (n // len(BIG)))
                await client.until(lambda: "resume" in client.told)
                self.assertLessEqual(client.transport.get_write_buffer_size(), 1000)
                await self.close_by(client, wire)
        self.go(test)

    def test_what_cannot_be_written(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                transport = client.transport
                self.assertFalse(transport.can_write_eof())
                self.assertRaises(NotImplementedError, transport.write_eof)
                for wrong in ("text", 5, None, [1]):
                    with self.assertRaises(TypeError):
                        transport.write(wrong)
                transport.write(b"")
                transport.writelines([])
                buffer = bytearray(b"before")
                transport.write(buffer)
                buffer[:] = b"after!"
                await client.until_data(6)
                self.assertEqual(client.data, b"before")
                await self.close(client)
                transport.write(b"nobody is there")
        self.go(test)

    def test_another_protocol(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"a")
                await client.until_data(1)
                second = Buffered(10)
                second.transport = client.transport
                client.transport.set_protocol(second)
                self.assertIs(client.transport.get_protocol(), second)
                wire.write(BIG[:100])
                await second.until_data(100)
                self.assertEqual(second.data, BIG[:100])
                await self.close_by(second, wire)
                self.assertEqual(client.told, ["made", "data"])
        self.go(test)

    def test_files(self):
        async def test():
            async with self.served(Recorder) as (port, made):
                client = await self.connect(port)
                with open(os.path.join(FOLDER.name, "file"), "w+b") as file:
                    file.write(BIG)
                    file.seek(0)
                    client.transport.write(b"before")
                    self.assertEqual(await asyncio.get_running_loop().sendfile(client.transport, file), len(BIG))
                client.transport.write(b"after")
                await made[0].until_data(len(BIG) + 11)
                self.assertEqual(made[0].data, b"before" + BIG + b"after")
                await self.close(client)
        self.go(test)


if __name__ == "__main__":
    unittest.main()
