"""Download many images at once, eight connections at a time. It needs aiohttp.

    python3 images.py FOLDER URL...

Certificates are not verified (ssl=False), as for servers that made theirs themselves: nothing tells
such a server from an impostor.
"""
import asyncio
import pathlib
import sys

import aiohttp
import eddyloop


async def download(session, url, folder):
    async with session.get(url) as response:
        if response.status != 200:
            raise LookupError(f"the server answered {response.status} {response.reason}")
        data = await response.read()
    await asyncio.to_thread((folder / pathlib.PurePath(url).name).write_bytes, data)
    return len(data)


async def main(folder, *urls):
    connector = aiohttp.TCPConnector(limit=8, ssl=False)
    async with aiohttp.ClientSession(connector=connector) as session:
        downloads = [download(session, url, pathlib.Path(folder)) for url in urls]
        outcomes = await asyncio.gather(*downloads, return_exceptions=True)

    for url, outcome in zip(urls, outcomes):
        if isinstance(outcome, Exception):
            print(f"{url}: {outcome}")
    sizes = [outcome for outcome in outcomes if isinstance(outcome, int)]
    print(f"{len(sizes)} images, {sum(sizes)} bytes")
    return len(sizes) < len(urls)


sys.exit(eddyloop.run(main(*sys.argv[1:])))
