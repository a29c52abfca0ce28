"""A TCP client that sends a message and shows the answer, with a protocol.

    python3 protocol_echo_client.py 8888 "hello, world!"
"""
import asyncio
import sys

import eddyloop


class EchoClient(asyncio.Protocol):
    def __init__(self, message, lost):
        self.message = message
        self.lost = lost
        self.answer = b""

    def connection_made(self, transport):
        print(f"send: {self.message!r}")
        transport.write(self.message.encode())
        transport.write_eof()

    def data_received(self, data):
        self.answer += data

    def eof_received(self):
        print(f"received: {self.answer.decode()!r}")

    def connection_lost(self, exc):
        print("the server closed the connection")
        self.lost.set_result(None)


async def main(port, message):
    loop = asyncio.get_running_loop()
    lost = loop.create_future()
    await loop.create_connection(lambda: EchoClient(message, lost), "127.0.0.1", port)
    await lost


eddyloop.run(main(int(sys.argv[1]), sys.argv[2]))
