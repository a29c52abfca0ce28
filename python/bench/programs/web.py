"""Servers that answer "hello": LOOP aiohttp|uvicorn. Each prints its port and serves until it is
killed."""
import asyncio

import contest

HELLO = b"hello, world!"


async def aiohttp(loop):
    from aiohttp import web

    async def hello(_request):
        return web.Response(body=HELLO, content_type="text/plain")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = contest.listen()
    contest.print_port(listener.getsockname())
    await web.SockSite(runner, listener, backlog=1024).start()
    await loop.create_future()


async def application(scope, _receive, send):
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(HELLO))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})


async def uvicorn(loop):
    import uvicorn as package

    config = package.Config(application, http="httptools", ws="none", lifespan="off",
                            log_level="warning", access_log=False, backlog=1024)
    server = package.Server(config)
    listener = contest.listen()
    address = listener.getsockname()  # which it has no more where the loop takes its descriptor
    serving = loop.create_task(server.serve(sockets=[listener]))
    while not (server.started or serving.done()):
        await asyncio.sleep(0)
    contest.print_port(address)  # who is answered before it has started gets no Date, and so a shorter answer
    await serving


async def main(loop, framework):
    await {"aiohttp": aiohttp, "uvicorn": uvicorn}[framework](loop)


contest.run(main)
