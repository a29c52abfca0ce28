"""Servers that answer "hello": LOOP aiohttp|uvicorn. Each prints its port and serves until it is
killed."""
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
    await web.SockSite(runner, contest.listen(), backlog=1024).start()
    await loop.create_future()


async def application(scope, _receive, send):
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(HELLO))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": HELLO})


async def uvicorn(_loop):
    import uvicorn as package

    config = package.Config(application, http="httptools", ws="none", lifespan="off",
                            log_level="warning", access_log=False, backlog=1024)
    await package.Server(config).serve(sockets=[contest.listen()])


async def main(loop, framework):
    await {"aiohttp": aiohttp, "uvicorn": uvicorn}[framework](loop)


contest.run(main)
