"""What tests of transports share: pairs of connected sockets, and a protocol that takes notes."""

import asyncio
import contextlib
import socket
import unittest


@contextlib.contextmanager
def refused_address():
    """Where nobody listens: the port is taken, so that nobody does meanwhile."""
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        yield taken.getsockname()


def socket_pair(case: unittest.TestCase):
    """Two connected TCP sockets, not blocking, closed with the test; little is under way between them, whatever the system has
    room for."""
    with socket.create_server(('127.0.0.1', 0)) as listener:
        client = socket.socket(proto=socket.IPPROTO_TCP)
        for end in (listener, client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        client.connect(listener.getsockname())
        server, _ = listener.accept()
    for end in (client, server):
        end.setblocking(False)
        case.addCleanup(end.close)
    return client, server


class Recorder(asyncio.Protocol):
    """Notes down what it is told."""

    def __init__(self, loop):
        self.loop = loop
        self.calls = []
        self.data = b''
        self.lost = loop.create_future()
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport
        self.calls.append('made')

    def data_received(self, data):
        self.data += data

    def eof_received(self):
        self.calls.append('eof')

    def pause_writing(self):
        self.calls.append('pause')

    def resume_writing(self):
        self.calls.append('resume')

    def connection_lost(self, exception):
        self.calls.append(('lost', type(exception).__name__))
        self.lost.set_result(exception)
