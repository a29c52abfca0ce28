#!/usr/bin/env python3
"""What python3-websockets makes of our server as its client: test_websockets.py SERVER [TEST...]."""
import asyncio
import ssl

from server import BIG, TEXT, ClientTest, main
from servers import skip

try:
    import websockets
except ImportError:
    skip('no python3-websockets')


class WebsocketsTest(ClientTest):
    async def talk(self, connecting):
        """Send texts and bytes, also in pieces and many at once, and expect them back."""
        async with connecting as ws:
            self.assertEqual(ws.subprotocol, 'chat')
            for message in '', 'ä€😀', TEXT.decode(), b'', BIG:
                await ws.send(message)
                self.assertEqual(await ws.recv(), message)
            await ws.send(['in ', '', 'pieces'])
            self.assertEqual(await ws.recv(), 'in pieces')
            for number in range(1000):
                await ws.send(str(number))
            self.assertEqual([await ws.recv() for _ in range(1000)], [str(number) for number in range(1000)])
            await asyncio.wait_for(await ws.ping(), 60)
            await ws.close(4000, 'done')
        self.assertEqual(ws.close_code, 4000)

    def connect(self, url, **options):
        return websockets.connect(url.replace('http', 'ws', 1) + '/websocket', max_size=None, subprotocols=['chat'], **options)

    def test_each_way(self):
        """In the clear, by TLS, and by a UNIX socket; compressed or not."""
        context = ssl.create_default_context(cafile=self.server.root.file)

        async def run():
            for compression in None, 'deflate':
                await self.talk(self.connect(self.server.plain, compression=compression))
                await self.talk(self.connect(self.server.tls, compression=compression, ssl=context))
            await self.talk(websockets.unix_connect(self.server.socket, 'ws://localhost/websocket', subprotocols=['chat'],
                                                    max_size=None))

        asyncio.run(run())

    def test_of_another_page(self):
        async def run():
            with self.assertRaisesRegex(websockets.WebSocketException, '403'):
                async with self.connect(self.server.plain, origin='https://evil.example'):
                    pass

        asyncio.run(run())


if __name__ == '__main__':
    main()
