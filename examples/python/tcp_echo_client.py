"""A TCP client that sends a message and shows the answer, with streams.

    python3 tcp_echo_client.py 8888 "hello, world!"
"""
import asyncio
import sys

import eddyloop


async def tcp_echo_client(port, message):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    print(f"send: {message!r}")
    writer.write(message.encode())
    await writer.drain()
    writer.write_eof()

    data = await reader.read()
    print(f"received: {data.decode()!r}")

    print("close the connection")
    writer.close()
    await writer.wait_closed()


eddyloop.run(tcp_echo_client(int(sys.argv[1]), sys.argv[2]))
