#!/usr/bin/env python3
"""What aiohttp's client makes of our server: test_aiohttp.py SERVER [TEST...]."""
import asyncio
import ssl

from server import BIG, COUNT, TEXT, ClientTest, main
from servers import skip

try:
    import aiohttp
except ImportError:
    skip('no aiohttp')


class AiohttpTest(ClientTest):
    def run_session(self, use, url=None, **options):
        """Run a coroutine with a session, for plain HTTP unless there is another URL."""
        async def run():
            async with aiohttp.ClientSession(url or self.server.plain, **options) as session:
                return await asyncio.wait_for(use(session), 60)
        return asyncio.run(run())

    def trust(self, certificate=None):
        context = ssl.create_default_context(cafile=self.server.root.file)
        if certificate:
            context.load_cert_chain(certificate.file, certificate.key)
        return aiohttp.TCPConnector(ssl=context)

    def test_gets(self):
        async def get(session):
            for target, body in ('/hello', b'hello, world!\n'), ('/count', COUNT), ('/files/big.bin', BIG):
                async with session.get(target) as answer:
                    self.assertEqual((answer.status, await answer.read()), (200, body))
            async with session.get('/files/big.bin', headers={'Range': 'bytes=5-9'}) as answer:
                self.assertEqual((answer.status, await answer.read()), (206, BIG[5:10]))
            async with session.get('/nothing') as answer:
                self.assertEqual(answer.status, 404)
            async with session.head('/files/text.txt') as answer:
                self.assertEqual((answer.status, answer.content_length), (200, len(TEXT)))

        self.run_session(get)

    def test_other_ways(self):
        """By TLS, with a certificate of the client's, and by a UNIX socket."""
        async def get(session):
            async with session.get('/count') as answer:
                return await answer.read()

        async def get_each():
            connectors = (self.server.tls, self.trust()), (self.server.mutual, self.trust(self.server.client)), \
                ('http://localhost', aiohttp.UnixConnector(self.server.socket))
            for url, connector in connectors:
                async with aiohttp.ClientSession(url, connector=connector) as session:
                    self.assertEqual(await get(session), COUNT)
            async with aiohttp.ClientSession(self.server.mutual, connector=self.trust()) as session:
                with self.assertRaises(aiohttp.ClientError):
                    await get(session)

        asyncio.run(get_each())

    def test_sends(self):
        async def pieces():
            for at in range(0, len(BIG), 100000):
                yield BIG[at:at + 100000]

        async def send(session):
            for options in {'data': BIG}, {'data': pieces()}, {'data': BIG, 'expect100': True}, \
                    {'data': TEXT, 'compress': False}, {'data': pieces(), 'expect100': True}:
                async with session.post('/echo', **options) as answer:
                    self.assertEqual(await answer.read(), TEXT if options['data'] is TEXT else BIG)
            async with session.post('/duplex', data=pieces()) as answer:
                self.assertEqual(await answer.read(), BIG)

        self.run_session(send)

    def test_is_refused_while_it_sends(self):
        async def send(session):
            for expects in True, False:
                async with session.post('/refuse', data=BIG, expect100=expects) as answer:
                    self.assertEqual((answer.status, await answer.text()), (403, 'not here\n'))
                async with session.get('/hello') as answer:
                    self.assertEqual(answer.status, 200)

        self.run_session(send)

    def test_connection_that_ends(self):
        async def get(session):
            for _ in range(20):
                async with session.get('/close') as answer:
                    self.assertEqual(await answer.text(), 'the last one\n')

        self.run_session(get)

    def test_many_at_once(self):
        async def get(session):
            async def get_one():
                async with session.get('/hello') as answer:
                    return await answer.text()
            self.assertEqual(await asyncio.gather(*(get_one() for _ in range(500))), 500 * ['hello, world!\n'])

        self.run_session(get)

    def test_form_and_cookies(self):
        async def post(session):
            form = aiohttp.FormData({'color': 'röd'})
            form.add_field('file', BIG, filename='a "b" ö.bin', content_type='image/png')
            async with session.post('/form', data=form) as answer:
                lines = (await answer.text()).splitlines()
            self.assertEqual(lines[0], 'color=röd')
            self.assertRegex(lines[1], r'^file: .*, image/png, %d bytes, sum %d$' % (len(BIG), sum(BIG)))
            async with session.get('/cookies') as answer:
                self.assertEqual(await answer.text(), 'color=none secret=none\n')
            async with session.get('/cookies') as answer:
                self.assertEqual(await answer.text(), 'color=red secret=42\n')

        self.run_session(post)

    def test_hints_and_trailers(self):
        """It shows neither, and must not stumble over them."""
        async def ask(session):
            async with session.get('/hints') as answer:
                self.assertEqual((answer.status, await answer.text()), (200, 'after the hints\n'))
            async with session.post('/trailers', data=b'abc') as answer:
                self.assertEqual((answer.status, await answer.text()), (200, 'see below\n'))

        self.run_session(ask)

    def test_events(self):
        """The first one comes by itself, not with the second."""
        async def listen(session):
            async with session.get('/events') as answer:
                self.assertEqual(answer.content_type, 'text/event-stream')
                first = await answer.content.readuntil(b'\n\n')
                self.assertIn(b'data: first\n', first)
                async with session.post('/go-on'):
                    pass
                self.assertIn(b'data: two\ndata: lines\n', await answer.content.readuntil(b'\n\n'))
                self.assertEqual(await answer.content.read(), b'')

        self.run_session(listen)

    def test_goes(self):
        async def leave(session):
            async with session.get('/wait') as answer:
                self.assertEqual(await answer.content.readline(), b'waiting\n')

        self.run_session(leave)
        self.assertEqual(self.server.ask('/gone'), b'gone\n')

    def test_websocket(self):
        async def talk(session):
            for compress in 0, 15:
                async with session.ws_connect('/websocket', compress=compress, max_msg_size=0, protocols=['chat']) as ws:
                    self.assertEqual(ws.protocol, 'chat')
                    for text in '', 'ä' * 100, TEXT.decode():
                        await ws.send_str(text)
                        self.assertEqual(await ws.receive_str(), text)
                    await ws.send_bytes(BIG)
                    self.assertEqual(await ws.receive_bytes(), BIG)
                    await ws.close(code=4000)
                    self.assertEqual(ws.close_code, 4000)

        self.run_session(talk)


if __name__ == '__main__':
    main()
