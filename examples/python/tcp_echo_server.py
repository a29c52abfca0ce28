"""A TCP server that sends back what it receives, with streams.

    python3 tcp_echo_server.py 8888
"""
import asyncio
import sys

import eddyloop


async def handle_echo(reader, writer):
    host, port = writer.get_extra_info("peername")
    size = 0
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()  # no faster than the client takes it
        size += len(data)
    writer.close()
    await writer.wait_closed()
    print(f"{size} bytes for {host}:{port}")


async def main(port):
    server = await asyncio.start_server(handle_echo, "127.0.0.1", port)
    print("serving on port", server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


try:
    eddyloop.run(main(int(sys.argv[1])))
except KeyboardInterrupt:
    print("goodbye")
