"""Servers that the tests of the adapters start for themselves: in a temporary folder, for one test, and gone
with it. Where one is not installed the test is skipped."""

import contextlib
import ctypes
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

SKIPPED = 77  # what meson takes for it
PATIENCE = 30


def skip(reason):
    print('skipped: ' + reason)
    sys.stdout.flush()
    os._exit(SKIPPED)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def free_port():
    with socket.create_server(('127.0.0.1', 0)) as server:
        return server.getsockname()[1]


class Redis:
    """A running server."""

    def __init__(self, process, port):
        self.process = process
        self.port = port

    def command(self, *words):
        """A command's reply: a text, a number, None or a list of them."""
        with socket.create_connection(('127.0.0.1', self.port), PATIENCE) as connection:
            words = [word.encode() for word in words]
            connection.sendall(b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words))
            with connection.makefile('rb') as replies:
                return self._read(replies)

    def _read(self, replies):
        line = replies.readline().rstrip(b'\r\n').decode()
        kind, rest = line[0], line[1:]
        if kind == '-':
            raise ValueError(rest)
        if kind == '*':
            return [self._read(replies) for _ in range(int(rest))]
        if kind == '$':
            return None if rest == '-1' else replies.read(int(rest) + 2)[:-2].decode()
        return int(rest) if kind == ':' else rest


@contextlib.contextmanager
def redis_server():
    """A Redis without persistence."""
    program = shutil.which('redis-server') or skip('no redis-server')
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(5):  # another one may take the port before it does
            port = free_port()
            process = subprocess.Popen(
                [program, '--port', str(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
            try:
                if any('Ready to accept connections' in line for line in process.stdout):
                    yield Redis(process, port)
                    return
            finally:
                process.kill()
                process.communicate()
    skip('redis-server does not start')
