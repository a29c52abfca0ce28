"""TLS that is negotiated anew while a connection lasts, which TLS 1.2 knows."""
import asyncio
import contextlib
import shutil
import ssl
import unittest

from tls_peers import both_ways, client_context, issued


@contextlib.asynccontextmanager
async def openssl_server():
    """OpenSSL's own server, which negotiates anew when it reads an `r`, and its port."""
    certificate = issued("localhost")
    server = await asyncio.create_subprocess_exec(
        "openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_2", "-cert", certificate.file, "-key", certificate.key,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    try:
        await server.stdout.readuntil(b"ACCEPT 127.0.0.1:")
        yield server, int(await server.stdout.readline())
    finally:
        server.kill()
        await server.communicate()


@contextlib.asynccontextmanager
async def relay(port, may_pass):
    """A port in front of another one, whose answers pass while an event is set."""
    async def pump(reader, writer, event):
        while data := await reader.read(1 << 16):
            await event.wait()
            writer.write(data)
        writer.close()

    async def serve(reader, writer):
        always = asyncio.Event()
        always.set()
        behind = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, behind[1], always), pump(behind[0], writer, may_pass), return_exceptions=True)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@unittest.skipUnless(shutil.which("openssl"), "no openssl")
@both_ways
class Renegotiation:

    def test_what_is_written_meanwhile_leaves_afterwards(self):
        async def test():
            meanwhile = b"meanwhile" * 2000 + b"\n"
            may_pass, has_said_hello = asyncio.Event(), asyncio.Event()
            context = client_context()

            def note(connection, direction, version, content_type, message, data):
                if client and (direction, message) == ("write", ssl._TLSMessageType.CLIENT_HELLO):
                    may_pass.clear()
                    has_said_hello.set()

            client = None
            context._msg_callback = note
            async with openssl_server() as (server, behind), relay(behind, may_pass) as port:
                may_pass.set()
                client = await self.connect(port, context=context)
                client.transport.write(b"before\n")
                await server.stdout.readuntil(b"before\n")
                server.stdin.write(b"r\n")
                await has_said_hello.wait()
                client.transport.write(meanwhile)
                await asyncio.sleep(0)
                self.assertEqual(client.transport.get_write_buffer_size(), len(meanwhile))
                may_pass.set()
                await server.stdout.readuntil(meanwhile)
                server.stdin.write(b"answer\n")
                await client.until_data(7)
                self.assertEqual(client.data, b"answer\n")
                await self.close(client)
        self.go(test)


if __name__ == "__main__":
    unittest.main()
