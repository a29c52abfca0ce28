"""What our client is tried on: aiohttp's server. Started by test_client_aiohttp.py as server_aiohttp.py PLACE, it writes its ports on a
line."""

import asyncio
import collections
import os
import ssl
import sys
import zlib

from aiohttp import web

PLACE = sys.argv[1]
asked = collections.Counter()


def path(name):
    return os.path.join(PLACE, name)


async def hello(_):
    return web.Response(text='hello, world!\n')


async def count(request):
    response = web.StreamResponse()
    await response.prepare(request)
    for start in range(0, 20000, 1000):
        await response.write(b''.join(b'%d\n' % number for number in range(start, start + 1000)))
    return response


async def send_big(_):
    return web.FileResponse(path('files/big.bin'))


async def echo(request):
    """While it comes."""
    response = web.StreamResponse(headers={'X-Method': request.method})
    await response.prepare(request)
    async for piece in request.content.iter_chunked(65536):
        await response.write(piece)
    return response


async def compress(_):
    with open(path('files/text.txt'), 'rb') as file:
        response = web.Response(body=file.read())
    response.enable_compression(web.ContentCoding.gzip)
    return response


async def redirect(request):
    if not request.query_string:
        await request.read()
    return web.Response(status=int(request.match_info['status']), headers={'Location': '/echo'})


async def form(request):
    lines = []
    if request.content_type == 'application/x-www-form-urlencoded':
        lines += ['%s=%s\n' % field for field in (await request.post()).items()]
    else:
        async for part in await request.multipart():
            data = await part.read(decode=True)
            lines.append('%s: %s, %d, %d\n' % (part.name, part.filename, len(data), zlib.crc32(data)))
    return web.Response(text=''.join(lines))


def peer(request):
    return '%s:%d' % request.transport.get_extra_info('peername')[:2]


async def who(request):
    return web.Response(text=peer(request))


async def close(request):
    response = web.Response(text=peer(request))
    response.force_close()
    return response


async def cookies(request):
    response = web.Response(text=request.headers.get('Cookie', ''))
    response.set_cookie('color', 'red')
    return response


async def user(request):
    return web.Response(text=request.headers.get('Authorization', ''))


async def cut(request):
    response = web.StreamResponse(headers={'Content-Length': '100'})
    await response.prepare(request)
    await response.write(b'0123456789')
    request.transport.close()
    return response


async def answer_at_last(request):
    asked[request.path] += 1
    if asked[request.path] < 3:
        return web.Response(status=503, headers={'Retry-After': '0'})
    return web.Response(text='at last\n')


async def refuse(_):
    response = web.Response(status=403, text='not here\n')
    response.force_close()
    return response


async def hint(request):
    """By hand: it knows neither interim answers nor trailers."""
    request.transport.write(b'HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n')
    return web.Response(text='after the hints\n')


async def run():
    app = web.Application(client_max_size=1 << 26)
    for target, handler in {
            '/hello': hello, '/count': count, '/big': send_big, '/echo': echo, '/gzip': compress, '/redirect/{status}': redirect,
            '/form': form, '/who': who, '/close': close, '/cookies': cookies, '/user': user, '/cut': cut,
            '/busy/{name}': answer_at_last, '/refuse': refuse, '/hints': hint}.items():
        app.router.add_route('*', target, handler)
    runner = web.AppRunner(app)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(path('server.pem'), path('server.key'))
    for ssl_context in None, context:
        await web.TCPSite(runner, '127.0.0.1', 0, ssl_context=ssl_context).start()
    print(*(address[1] for address in runner.addresses), flush=True)
    await asyncio.Event().wait()


asyncio.run(run())
