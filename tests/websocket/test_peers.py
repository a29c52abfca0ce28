#!/usr/bin/env python3
"""test_peers.py ECHO_SERVER ECHO_CLIENT: our server and our client, each against the other side of python3-websockets."""
import asyncio
import functools
import http
import random
import subprocess
import sys
import unittest

try:
    import websockets
    from websockets.extensions import permessage_deflate as deflate
except ImportError:
    print("skipped: no python3-websockets")
    sys.exit(77)

SERVER, CLIENT = sys.argv[1:3]
SIZES = [0, 1, 125, 126, 500, 4096, 65535, 65536, 300000, 7]


@functools.lru_cache(maxsize=None)
def some_text(size):
    rng = random.Random(size)
    return "".join(rng.choices("abc ä€😀", k=size))


class OurServer:
    """It runs while the block does; its port is the block's."""

    def __init__(self, *options):
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen([SERVER, *self.options], stdout=subprocess.PIPE, text=True)
        return int(self.process.stdout.readline())

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


async def exchange(port, sizes=SIZES, **options):
    """Send texts and bytes of many sizes, also in fragments, and expect them back: the connection, when it is closed."""
    async with websockets.connect("ws://127.0.0.1:%d/path?query" % port, max_size=None, **options) as ws:
        for size in sizes:
            text = some_text(size)
            await ws.send(text)
            assert await ws.recv() == text
            await ws.send(text.encode())
            assert await ws.recv() == text.encode()
            await ws.send([text, text])
            assert await ws.recv() == text + text
        await asyncio.wait_for(await ws.ping(), 10)
    return ws


class Server(unittest.TestCase):
    def exchange(self, *server_options, **options):
        with OurServer(*server_options) as port:
            return asyncio.run(exchange(port, **options))

    def test_plain(self):
        ws = self.exchange(compression=None)
        self.assertEqual(ws.close_code, 1000)
        self.assertEqual(ws.extensions, [])

    def test_compressed(self):
        for server_options in ([], ["takeover=no"], ["window=9"], ["window=15", "from=1"], ["pieces", "from=1"], ["pieces", "takeover=no"]):
            ws = self.exchange(*server_options)
            self.assertEqual(ws.close_code, 1000)
            self.assertEqual([e.name for e in ws.extensions], ["permessage-deflate"])

    def test_all_that_can_be_agreed_on(self):
        for server_alone in (False, True):
            for client_alone in (False, True):
                for server_bits in (None, 9, 15):
                    for client_bits in (None, True, 9, 15):
                        factory = deflate.ClientPerMessageDeflateFactory(
                            server_no_context_takeover=server_alone, client_no_context_takeover=client_alone,
                            server_max_window_bits=server_bits, client_max_window_bits=client_bits)
                        ws = self.exchange("from=1", compression=None, extensions=[factory], sizes=(0, 5, 40000))
                        self.assertEqual(len(ws.extensions), 1)

    def test_too_long(self):
        async def send_too_much(port):
            async with websockets.connect("ws://127.0.0.1:%d/" % port) as ws:
                await ws.send("x" * 1001)
                try:
                    await ws.recv()
                except websockets.ConnectionClosed as closed:
                    return closed.rcvd.code

        with OurServer("max=1000") as port:
            self.assertEqual(asyncio.run(send_too_much(port)), 1009)

    def test_origin_of_another(self):
        with OurServer() as port:
            with self.assertRaises(websockets.InvalidStatusCode) as refused:
                asyncio.run(exchange(port, origin="http://evil.example"))
            self.assertEqual(refused.exception.status_code, 403)
            asyncio.run(exchange(port, origin="http://127.0.0.1:%d" % port))


async def echo(ws, *_):
    try:
        async for message in ws:
            half = len(message) // 2
            await ws.send([message[:half], message[half:]] if half > 500 else message)
    except websockets.ConnectionClosed: # by a code that is not 1000
        pass


class Client(unittest.TestCase):
    def run_client(self, *options, **server_options):
        """What our client says against a server of theirs."""
        async def run():
            async with websockets.serve(echo, "127.0.0.1", 0, max_size=None, **server_options) as server:
                port = server.sockets[0].getsockname()[1]
                client = await asyncio.create_subprocess_exec(
                    CLIENT, "ws://localhost:%d/path" % port, *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
                out, err = await client.communicate()
                return client.returncode, out.decode(), err.decode()
        return asyncio.run(run())

    def test_plain(self):
        self.assertEqual(self.run_client("compression=no"), (0, "compressed: no\nsubprotocol: none\nclosed: 3456\n", ""))
        self.assertEqual(self.run_client(compression=None), (0, "compressed: no\nsubprotocol: none\nclosed: 3456\n", ""))

    def test_compressed(self):
        for options in ([], ["from=1"], ["takeover=no", "from=1"], ["window=9", "from=1"], ["window=15"]):
            self.assertEqual(self.run_client(*options), (0, "compressed: yes\nsubprotocol: none\nclosed: 3456\n", ""))

    def test_subprotocol(self):
        self.assertEqual(self.run_client("protocol=chat", subprotocols=["chat"]),
                         (0, "compressed: yes\nsubprotocol: chat\nclosed: 3456\n", ""))

    def test_refused(self):
        async def refuse(*_):
            return http.HTTPStatus.FORBIDDEN, [], b"no\n"
        self.assertEqual(self.run_client(process_request=refuse), (1, "", "the server answered 403 Forbidden\n"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
