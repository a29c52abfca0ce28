"""A TCP server that sends back what it receives, with a protocol: no coroutine for a connection.

    python3 protocol_echo_server.py 8888
"""
import asyncio
import sys

import eddyloop


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.size = 0

    def data_received(self, data):
        self.transport.write(data)
        self.size += len(data)

    def pause_writing(self):  # no faster than the client takes it
        self.transport.pause_reading()

    def resume_writing(self):
        self.transport.resume_reading()

    def connection_lost(self, exc):
        host, port = self.transport.get_extra_info("peername")
        print(f"{self.size} bytes for {host}:{port}")


async def main(port):
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Echo, "127.0.0.1", port)
    print("serving on port", server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


try:
    eddyloop.run(main(int(sys.argv[1])))
except KeyboardInterrupt:
    print("goodbye")
