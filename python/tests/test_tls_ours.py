"""What TLS by the extension alone does, and when it is chosen."""
import asyncio
import gc
import os
import ssl
import subprocess
import sys
import unittest
import weakref

from eddyloop import _core, _tls
from tls_peers import BIG, Buffered, Echo, Fast, Wire, client_context, server_context


class Ours(Fast):

    def test_it_is_the_extension(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                self.assertIs(type(client.transport), _core.SSLTransport)
                await self.close(client)
        self.go(test)

    def test_what_one_turn_writes_is_one_record(self):
        async def test():
            async with self.wired() as (client, wire):
                wire.write(b"a")
                await client.until_data(1)
                client.transport.writelines([b"x" * 10] * 100)
                await wire.read(1000)
                before = len(wire.records())
                for size in (100, 40):  # the first turn leaves one at once; who writes much then gathers
                    for _ in range(size):
                        client.transport.write(b"y" * 10)
                    await asyncio.sleep(0)
                await wire.read(1400)
                self.assertLessEqual(len(wire.records()) - before, 3)
                await self.close_by(client, wire)
        self.go(test)

    def test_an_ssl_object_outlives_its_connection(self):
        async def test():
            async with self.served(Echo) as (port, made):
                client = await self.connect(port)
                tls = client.transport.get_extra_info("ssl_object")
                client.transport.abort()
                await client.lost.wait()
                await self.until_lost(made)
                gone = weakref.ref(client.transport)
                del client
                gc.collect()
                self.assertIsNone(gone())
                self.assertEqual(tls.version()[:3], "TLS")
                self.assertRaises(ssl.SSLWantReadError, tls.read, 1)
                self.assertRaises((ssl.SSLError, OSError), tls.write, b"a")
        self.go(test)

    def test_the_other_side_hears_why(self):
        """asyncio closes the connection without a word."""
        async def test():
            with self.assertRaises(ssl.SSLError) as caught:
                async with self.wired(context=server_context("other.example")):
                    pass
            self.assertIn("ALERT", caught.exception.reason)
        self.may_report = True
        self.go(test)

    def test_a_context_with_objects_of_its_own(self):
        """Whoever reads and writes in Python is not passed over."""
        calls = []

        class Object(ssl.SSLObject):
            def read(self, *args):
                calls.append("read")
                return super().read(*args)

        async def test():
            context = client_context()
            context.sslobject_class = Object
            async with self.served(Echo) as (port, made):
                client = await self.connect(port, context=context)
                client.transport.write(b"a")
                await client.until_data(1)
                await self.close(client)
        self.go(test)
        self.assertIn("read", calls)

    def test_a_bytearray_is_a_buffer(self):
        """Not to asyncio, which loses what comes behind the first record then."""
        class Own(Buffered):
            def get_buffer(self, sizehint):
                return self.buffer

        async def test():
            async with self.wired(lambda: Own(100000)) as (client, wire):
                wire.write(BIG[:200000])
                await client.until_data(200000)
                self.assertEqual(client.data, BIG[:200000])
                await self.close_by(client, wire)
        self.go(test)

    @unittest.skipIf(sys.version_info < (3, 11), "streams have no start_tls()")
    def test_what_a_stream_has_read_before_is_tls(self):
        """A client that does not wait says its first words in TLS together with its last before."""
        async def test():
            done = asyncio.get_running_loop().create_future()

            async def serve(reader, writer):
                self.assertEqual(await reader.readline(), b"STARTTLS\n")
                await writer.start_tls(server_context())
                done.set_result(await reader.readline())
                writer.close()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            wire = Wire(reader, writer, client_context(), server_hostname="localhost")
            with self.assertRaises(ssl.SSLWantReadError):
                wire.tls.do_handshake()
            writer.write(b"STARTTLS\n" + wire.outgoing.read())
            await wire.call(wire.tls.do_handshake)
            wire.write(b"secret\n")
            self.assertEqual(await done, b"secret\n")
            writer.close()
            server.close()
        self.go(test)


class Choice(unittest.TestCase):
    def ask(self, **environment):
        code = "from eddyloop import _tls; print(_tls.reason())"
        done = subprocess.run([sys.executable, "-c", code], check=True, text=True, stdout=subprocess.PIPE,
                              env={**os.environ, **environment})
        return done.stdout.strip()

    def test_the_environment_has_its_way(self):
        self.assertEqual(self.ask(EDDYLOOP_TLS="asyncio"), "EDDYLOOP_TLS=asyncio")

    def test_another_openssl_is_not_used(self):
        import _ssl
        args = (_ssl._SSLSocket, ssl.MemoryBIO)
        code = ("import _ssl, ssl; from eddyloop import _core; "
                "print(_core._find_openssl({path!r}, {version}, _ssl._SSLSocket, ssl.MemoryBIO))")
        for path, version, said in ((getattr(_ssl, "__file__", "_ssl"), 1, "the OpenSSL that was found is not _ssl's"),
                                    ("/no/such/library", 1, "_ssl is no library that is loaded"),
                                    (_core.__file__, 1, "SSL_read_ex cannot be found as _ssl does")):
            done = subprocess.run([sys.executable, "-c", code.format(path=path, version=version)], check=True, text=True,
                                  stdout=subprocess.PIPE)
            self.assertEqual(done.stdout.strip(), said)


if __name__ == "__main__":
    unittest.main()
