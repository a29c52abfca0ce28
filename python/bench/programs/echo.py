"""The echo servers: LOOP protocol|buffered|streams|sock. Each prints its port and serves until it is killed."""
import asyncio
import socket

import contest

MOST = 256 * 1024  # bytes that are read at once


class Protocol(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Buffered(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.buffer = bytearray(MOST)

    def get_buffer(self, sizehint):
        return self.buffer

    def buffer_updated(self, nbytes):
        self.transport.write(self.buffer[:nbytes])  # a copy: the next bytes come to the same place


async def stream(reader, writer):
    while data := await reader.read(MOST):
        writer.write(data)
        await writer.drain()
    writer.close()


async def sock(loop, connection):
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # which transports set as well
        while data := await loop.sock_recv(connection, MOST):
            await loop.sock_sendall(connection, data)


async def accept_for_sock(loop, listener):
    listener.setblocking(False)
    tasks = set()
    while True:
        connection, _ = await loop.sock_accept(listener)
        task = loop.create_task(sock(loop, connection))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def main(loop, kind):
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    contest.print_port(listener)
    if kind == "sock":
        await accept_for_sock(loop, listener)
    elif kind == "streams":
        server = await asyncio.start_server(stream, sock=listener, backlog=1024)
    else:
        protocol = Protocol if kind == "protocol" else Buffered
        server = await loop.create_server(protocol, sock=listener, backlog=1024)
    await server.serve_forever()


contest.run(main)
