"""Connecting by TLS: handshakes, certificates, what is known of a connection; and the ways to get there."""
import asyncio
import contextlib
import os
import ssl
import sys
import unittest

from tls_peers import BIG, FOLDER, Echo, Recorder, both_ways, client_context, issued, server_context


@both_ways
class Connections:

    def test_echo(self):
        async def test():
            for size in (1, 100, 16384, 16385, 65536, len(BIG)):
                async with self.served(Echo) as (port, made):
                    client = await self.connect(port)
                    client.transport.write(BIG[:size])
                    await client.until_data(size)
                    self.assertEqual(client.data, BIG[:size])
                    await self.close(client)
                    await made[0].lost.wait()
                    for protocol in (client, made[0]):
                        self.assertIsNone(protocol.exception)
                        self.assertEqual(protocol.told.count("eof"), 1)
                        self.assertEqual(protocol.told[-1], "lost")
        self.go(test)

    def test_many_connections_at_once(self):
        async def test():
            async with self.served(Echo) as (port, made):
                clients = await asyncio.gather(*(self.connect(port) for _ in range(30)))
                for turn in range(3):
                    for number, client in enumerate(clients):
                        client.transport.write(bytes([number]) * 3000)
                for number, client in enumerate(clients):
                    await client.until_data(9000)
                    self.assertEqual(client.data, bytes([number]) * 9000)
                await self.close(*clients)
                for protocol in made:
                    await protocol.lost.wait()
        self.go(test)

    def test_streams(self):
        async def serve(reader, writer):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
            writer.close()

        async def test():
            server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context())
            port = server.sockets[0].getsockname()[1]
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client_context(),
                                                           server_hostname="localhost")
            writer.writelines([b"one\n", bytearray(b"two"), memoryview(b"\n")])
            self.assertEqual(await reader.readline(), b"one\n")
            self.assertEqual(await reader.readline(), b"two\n")
            writer.write(b"3" * 50000 + b"\n")
            self.assertEqual(await reader.readline(), b"3" * 50000 + b"\n")
            writer.close()
            await writer.wait_closed()
            server.close()
        self.go(test)

    def test_what_is_known_of_a_connection(self):
        async def test():
            context, theirs = client_context(), server_context()
            context.set_alpn_protocols(["h2", "http/1.1"])
            theirs.set_alpn_protocols(["http/1.1"])
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, context=context)
                info = client.transport.get_extra_info
                tls = info("ssl_object")
                self.assertIsInstance(tls, ssl.SSLObject)
                self.assertEqual(tls.selected_alpn_protocol(), "http/1.1")
                self.assertIn(tls.version(), ("TLSv1.2", "TLSv1.3"))
                self.assertEqual(info("cipher"), tls.cipher())
                self.assertEqual(info("peercert"), tls.getpeercert())
                self.assertEqual(info("peercert")["subject"], ((("commonName", "localhost"),),))
                self.assertIs(info("sslcontext"), context)
                self.assertIsNone(info("compression", "nothing"))
                self.assertEqual(info("peername"), ("127.0.0.1", port))
                self.assertEqual(info("no such thing", 5), 5)
                self.assertFalse(tls.session_reused)
                self.assertEqual(tls.server_hostname, "localhost")
                self.assertFalse(tls.server_side)
                client.transport.write(b"a")
                await client.until_data(1)
                self.assertIsInstance(tls.session, ssl.SSLSession)
                self.assertTrue(made[0].transport.get_extra_info("ssl_object").server_side)
                self.assertIsInstance(client.transport, asyncio.Transport)
                await self.close(client)
                self.assertEqual(tls.version()[:3], "TLS")  # it outlives the connection
        self.go(test)

    def test_versions(self):
        async def test():
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                context = client_context()
                context.minimum_version = context.maximum_version = version
                async with self.served(Echo) as (port, made):
                    client = await self.connect(port, context=context)
                    client.transport.write(BIG[:100000])
                    await client.until_data(100000)
                    self.assertEqual(client.data, BIG[:100000])
                    await self.close(client)
                    await made[0].lost.wait()
        self.go(test)

    def test_a_certificate_that_is_not_to_be_trusted(self):
        async def test():
            async with self.served(Echo) as (port, made):
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    await self.connect(port, context=ssl.create_default_context())
                self.assertEqual(caught.exception.reason, "CERTIFICATE_VERIFY_FAILED")
                self.assertRegex(str(caught.exception), r"^\[SSL: CERTIFICATE_VERIFY_FAILED\] certificate verify "
                                                        r"failed: .*\(_ssl.c:\d+\)$")
                with self.assertRaises(ssl.SSLCertVerificationError) as caught:
                    await self.connect(port, server_hostname="elsewhere")
                self.assertIn("Hostname mismatch", str(caught.exception))
                self.assertEqual([protocol.told for protocol in made], [[], []])
        self.go(test)

    def test_certificates_of_clients(self):
        async def test():
            theirs, context = server_context(), client_context()
            theirs.verify_mode = ssl.CERT_REQUIRED
            theirs.load_verify_locations(issued("authority").file)
            other = issued("other.example")
            context.load_cert_chain(other.file, other.key)
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, context=context)
                client.transport.write(b"a")
                await client.until_data(1)
                peer = made[0].transport.get_extra_info("peercert")
                self.assertEqual(peer["subject"], ((("commonName", "other.example"),),))
                await self.close(client)
                nobody = await self.connect(port)  # by TLS 1.3, what the server says comes later
                await nobody.lost.wait()
                self.assertEqual(nobody.data, b"")
        self.go(test)

    def test_a_server_of_many_names(self):
        async def test():
            seen, theirs, other = [], server_context(), server_context("other.example")

            def choose(tls, name, context):
                seen.append((name, context is theirs))
                if name == "other.example":
                    tls.context = other
                elif name == "refused.example":
                    return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            theirs.sni_callback = choose
            async with self.served(Echo, theirs) as (port, made):
                client = await self.connect(port, server_hostname="other.example")
                client.transport.write(b"a")
                await client.until_data(1)
                await self.close(client)
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    await self.connect(port, server_hostname="refused.example")
            self.assertEqual(seen, [("other.example", True), ("refused.example", True)])
        self.go(test)

    def test_secrets_for_an_observer(self):
        async def test():
            context = client_context()
            context.keylog_filename = os.path.join(FOLDER.name, "keys")
            async with self.served(Echo) as (port, made):
                client = await self.connect(port, context=context)
                await self.close(client)
            with open(context.keylog_filename, encoding="ascii") as file:
                self.assertIn("TRAFFIC_SECRET", file.read())
        self.go(test)

    def test_a_handshake_takes_too_long(self):
        async def test():
            silent = await asyncio.start_server(lambda reader, writer: self.addCleanup(writer.close), "127.0.0.1", 0)
            port = silent.sockets[0].getsockname()[1]
            with self.assertRaises(ConnectionAbortedError) as caught:
                await self.connect(port, ssl_handshake_timeout=0.05)
            self.assertEqual(str(caught.exception),
                             "SSL handshake is taking longer than 0.05 seconds: aborting the connection")
            silent.close()
        self.go(test)

    def test_timeouts_are_positive(self):
        async def test():
            async with self.served(Echo) as (port, made):
                names = ["ssl_handshake_timeout"]
                if sys.version_info >= (3, 11):
                    names.append("ssl_shutdown_timeout")
                for name in names:
                    with self.assertRaisesRegex(ValueError, f"{name} should be a positive number, got 0"):
                        await self.connect(port, **{name: 0})
        self.go(test)

    def test_a_server_that_speaks_no_tls(self):
        async def test():
            done = asyncio.Event()

            async def serve(reader, writer):
                writer.write(b"220 mail.example ESMTP\r\n")
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
                done.set()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            with self.assertRaises(ssl.SSLError) as caught:
                await self.connect(server.sockets[0].getsockname()[1])
            self.assertIn("WRONG_VERSION_NUMBER", str(caught.exception))
            await done.wait()
            server.close()
        self.go(test)

    def test_the_end_within_the_handshake(self):
        async def test():
            server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
            with self.assertRaises(ConnectionResetError):
                await self.connect(server.sockets[0].getsockname()[1])
            server.close()
        self.go(test)

    def test_start_tls(self):
        async def test():
            loop = asyncio.get_running_loop()

            class Server(Recorder):
                def data_received(self, data):
                    super().data_received(data)
                    if data == b"STARTTLS\n":
                        self.transport.pause_reading()
                        self.transport.write(b"go on\n")
                        self.upgrade = loop.create_task(self.start_tls())
                    else:
                        self.transport.write(data)

                async def start_tls(self):
                    self.transport = await loop.start_tls(self.transport, self, server_context(), server_side=True)
                    self.transport.write(b"ready\n")
            servers = []
            server = await loop.create_server(lambda: servers.append(Server()) or servers[-1], "127.0.0.1", 0)
            _, client = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
            client.transport.write(b"STARTTLS\n")
            await client.until_data(6)
            plain = client.transport
            client.transport = await loop.start_tls(plain, client, client_context(), server_hostname="localhost")
            await client.until_data(12)
            client.transport.write(BIG)
            await client.until_data(12 + len(BIG))
            self.assertEqual(client.data, b"go on\nready\n" + BIG)
            self.assertEqual(client.told.count("made"), 1)
            self.assertIsInstance(client.transport.get_extra_info("ssl_object"), ssl.SSLObject)
            await self.close(client)
            await servers[0].lost.wait()
            with self.assertRaisesRegex(TypeError, "sslcontext is expected to be an instance of ssl.SSLContext"):
                await loop.start_tls(plain, client, None)
            server.close()
        self.go(test)

    def test_start_tls_fails(self):
        async def test():
            loop, done = asyncio.get_running_loop(), asyncio.Event()

            async def serve(reader, writer):
                await reader.read(1)
                writer.write(b"no such thing\n")
                with contextlib.suppress(ConnectionError):
                    await reader.read()
                writer.close()
                done.set()
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            _, client = await loop.create_connection(Recorder, *server.sockets[0].getsockname())
            with self.assertRaises(ssl.SSLError):
                await loop.start_tls(client.transport, client, client_context(), server_hostname="localhost")
            await done.wait()
            server.close()
        self.go(test)

    def test_tls_over_tls(self):
        async def test():
            loop = asyncio.get_running_loop()

            class Server(Echo):
                def connection_made(self, transport):
                    super().connection_made(transport)
                    if self.told == ["made"]:
                        transport.pause_reading()
                        self.upgrade = loop.create_task(self.start_tls())

                async def start_tls(self):
                    self.transport = await loop.start_tls(self.transport, self, server_context("other.example"),
                                                          server_side=True)
                    self.transport.write(b"ready\n")
            async with self.served(Server) as (port, made):
                client = await self.connect(port)
                client.transport = await loop.start_tls(client.transport, client, client_context(),
                                                        server_hostname="other.example")
                await client.until_data(6)
                client.transport.write(BIG[:100000])
                await client.until_data(100006)
                self.assertEqual(client.data, b"ready\n" + BIG[:100000])
                await self.close(client)
                await made[0].lost.wait()
        self.go(test)

    def test_a_socket_of_the_file_system(self):
        async def test():
            path = os.path.join(FOLDER.name, "socket")
            loop = asyncio.get_running_loop()
            server = await loop.create_unix_server(Echo, path, ssl=server_context())
            _, client = await loop.create_unix_connection(Recorder, path, ssl=client_context(),
                                                          server_hostname="localhost")
            client.transport.write(BIG[:100000])
            await client.until_data(100000)
            self.assertEqual(client.data, BIG[:100000])
            await self.close(client)
            server.close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
        self.go(test)

    def test_cancelled_while_connecting(self):
        async def test():
            accepted = asyncio.get_running_loop().create_future()
            server = await asyncio.start_server(lambda *pair: accepted.set_result(pair), "127.0.0.1", 0)
            connecting = asyncio.ensure_future(self.connect(server.sockets[0].getsockname()[1]))
            reader, writer = await accepted
            self.assertNotEqual(await reader.read(1), b"")
            connecting.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await connecting
            with contextlib.suppress(ConnectionError):
                while await reader.read(1000):
                    pass  # the descriptor is closed
            writer.close()
            server.close()
        self.go(test)

    def test_debug(self):
        async def test():
            asyncio.get_running_loop().set_debug(True)
            async with self.served(Echo) as (port, made):
                with self.assertLogs("asyncio", "DEBUG") as logs:
                    client = await self.connect(port)
                    await self.close(client)
                    await self.until_lost(made)
                self.assertIn("starts SSL handshake", "\n".join(logs.output))
        self.go(test)


if __name__ == "__main__":
    unittest.main()
