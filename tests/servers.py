"""Servers that the tests of the adapters start for themselves: in a temporary folder, for one test, and gone
with it. Where one is not installed the test is skipped."""

import atexit
import base64
import contextlib
import functools
import glob
import hashlib
import itertools
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


held_ports = []


def free_port():
    """One that nobody else is given as long as this process lives; a server that sets SO_REUSEADDR can have it, and have it again."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(('127.0.0.1', 0))
    held_ports.append(held)
    return held.getsockname()[1]


class Redis:
    """A running server."""

    def __init__(self, port):
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
                    yield Redis(port)
                    return
            finally:
                process.kill()
                process.communicate()
    skip('redis-server does not start')


class Postgres:
    """A running server with a cluster of its own, reached by a UNIX socket."""

    def __init__(self, programs):
        self.programs = programs
        self.folder = tempfile.mkdtemp(prefix='eddy-postgres-')
        self.names = itertools.count()
        self.user = {}
        if os.geteuid() == 0:  # it does not run as root
            account = self._account()
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.user = {'user': account.pw_uid, 'group': account.pw_gid, 'extra_groups': []}
        self.data = os.path.join(self.folder, 'data')
        self._run('initdb', '-D', self.data, '-U', 'tester', '-A', 'trust', '--no-sync', '--locale=C', '-E', 'UTF-8')
        self.process = None
        atexit.register(self.stop)
        self.begin()

    def begin(self):
        """Also again, where it has ended."""
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [self.programs / 'postgres', '-D', self.data, '-k', self.folder, '-c', 'listen_addresses=', '-c', 'fsync=off',
             '-c', 'log_min_messages=log'],  # nobody reads what errors there were
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd='/', **self.user)
        if not any('ready to accept connections' in line for line in self.process.stderr):
            skip('postgres does not start')

    @staticmethod
    def _account():
        for name in 'postgres', 'nobody':
            with contextlib.suppress(KeyError):
                return pwd.getpwnam(name)
        return skip('no user that postgres could run as')

    def _run(self, program, *arguments):
        subprocess.run([self.programs / program, *arguments], check=True, cwd='/', stdout=subprocess.DEVNULL,
                       **self.user)

    def new_schema(self):
        """How to connect to a schema that nobody else uses; a whole database would take a hundred times as long."""
        name = 'test%d' % next(self.names)
        self._run('psql', '-q', '-h', self.folder, '-U', 'tester', '-c', 'CREATE SCHEMA ' + name, 'postgres')
        return 'host=%s user=tester dbname=postgres options=-csearch_path=%s' % (self.folder, name)

    def stop(self):
        atexit.unregister(self.stop)
        self.process.send_signal(signal.SIGQUIT)
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


def postgres_programs():
    """The folder of its programs."""
    program = shutil.which('initdb')
    folders = [os.path.dirname(os.path.realpath(program))] if program else sorted(glob.glob('/usr/lib/postgresql/*/bin'))
    if not folders:
        skip('no PostgreSQL server')
    return pathlib.Path(folders[-1])


@functools.lru_cache(None)
def postgres_server():
    """The one server of this program, which ends with it."""
    return Postgres(postgres_programs())


@contextlib.contextmanager
def jobs_store(engine, file):
    """The URL of a store of durable jobs, on a server that it needs; `file` is what any other engine's has behind it."""
    if engine == 'redis':
        with redis_server() as redis:
            yield 'redis://127.0.0.1:%d/0' % redis.port
    elif engine == 'postgres':
        yield 'postgres:///postgres?host=%s&user=tester' % postgres_server().folder
    else:
        yield '%s:%s' % (engine, file)


WEBSOCKET_GUID = b'258EAFA5-E914-47DA-95CA-C5AB0DC85B11'


def receive_websocket_frame(connection):
    """The first byte and the payload of a client's frame of less than 126 bytes."""
    first, size = connection.recv(1)[0], connection.recv(1)[0] & 0x7f
    mask, payload = b'', b''
    while len(mask) < 4:
        mask += connection.recv(4 - len(mask))
    while len(payload) < size:
        payload += connection.recv(size - len(payload))
    return first, bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))


def echo_websocket(connection):
    """Shake hands with a client, and send back what it sends, its close at last."""
    request = b''
    while not request.endswith(b'\r\n\r\n'):
        piece = connection.recv(4096)
        if not piece:
            return
        request += piece
    key = request.split(b'Sec-WebSocket-Key: ')[1].split(b'\r\n')[0]
    accept = base64.b64encode(hashlib.sha1(key + WEBSOCKET_GUID).digest())
    connection.sendall(b'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                       b'Sec-WebSocket-Accept: ' + accept + b'\r\n\r\n')
    first = 0
    while first != 0x88:
        first, payload = receive_websocket_frame(connection)
        connection.sendall(bytes([first, len(payload)]) + payload)
