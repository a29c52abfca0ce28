"""The echo servers: LOOP protocol|buffered|streams|sock. Each prints its port and serves until it
is killed, by TLS where the environment names a CERTIFICATE."""
import asyncio
import os
import socket
import ssl

import contest

MOST = 100 * 1024  # bytes that are read at once


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
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as transports do
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


def security():
    """{"ssl": context} or nothing."""
    if "CERTIFICATE" not in os.environ:
        return {}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.environ["CERTIFICATE"])
    return {"ssl": context}


async def main(loop, kind):
    listener = contest.listen()
    contest.print_port(listener.getsockname())
    if kind == "sock":
        await accept_for_sock(loop, listener)
    if kind == "streams":
        server = await asyncio.start_server(stream, sock=listener, backlog=1024, **security())
    else:
        protocol = Protocol if kind == "protocol" else Buffered
        server = await loop.create_server(protocol, sock=listener, backlog=1024, **security())
    await loop.create_future()  # serve_forever() of some stops what serves already
    server.close()


contest.run(main)
