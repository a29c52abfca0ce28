"""The example site, started for a test, and a visitor who knows no more than HTTP."""

import base64
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.parse
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import PATIENCE, free_port, postgres_server  # pylint: disable=wrong-import-position

KEY = bytes(range(32))


def png(width=2, height=2, waste=0):
    """A picture, and how many bytes behind it that nobody needs."""
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    rows = b''.join(b'\0' + bytes(range(3)) * width for _ in range(height))
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'') + bytes(waste))


def wait(condition, what):
    """Until it is true, for there is nothing that would call back."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError('in vain: ' + what)
        time.sleep(0.01)


class Site:
    """It runs until it is stopped, and may be started again."""

    executable = None

    def __init__(self, database=None, arguments=()):
        self.place = tempfile.mkdtemp(prefix='eddy-site-')
        self.data = os.path.join(self.place, 'data')
        self.arguments = ['--data', self.data, *arguments]
        self.port = free_port()
        if database:
            self.arguments += ['--database', database]
        self.start()

    def start(self):
        """Also again: where it was, and with what it has kept."""
        end = time.monotonic() + PATIENCE
        line = self._begin()
        while 'already in use' in self.errors() and time.monotonic() < end:
            line = self._begin()  # the kernel gives a port of one that was killed free when its rings are gone, which is later
        found = re.match(r'(https?)://localhost:(\d+)/, with notes in (\w+)$', line)
        if not found:
            raise AssertionError('it says %r and %r' % (line, self.errors()))
        self.url = line.split('/,')[0]
        self.is_secure = found.group(1) == 'https'
        self.port = int(found.group(2))
        self.kind = found.group(3)

    def _begin(self):
        """The line that it says at first, or nothing where it has ended."""
        environment = {**os.environ, 'SITE_KEY': KEY.hex()}
        # pylint: disable=consider-using-with
        with open(os.path.join(self.place, 'errors'), 'wb') as errors:
            self.process = subprocess.Popen([self.executable, '--port', str(self.port), *self.arguments], stdout=subprocess.PIPE,
                                            stderr=errors, text=True, env=environment)
        line = self.process.stdout.readline()
        if not line:
            self.process.communicate()
        return line

    def errors(self):
        with open(os.path.join(self.place, 'errors'), encoding='utf-8', errors='replace') as file:
            return file.read()

    def pictures(self):
        return sorted(os.listdir(os.path.join(self.data, 'pictures')))

    def connect(self):
        connection = socket.create_connection(('127.0.0.1', self.port), PATIENCE)
        if not self.is_secure:
            return connection
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context.wrap_socket(connection)

    def signal(self, number=signal.SIGINT):
        self.process.send_signal(number)

    def wait(self):
        """How it has ended."""
        try:
            self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode

    def stop(self):
        self.signal()
        code = self.wait()
        if code != 0:
            raise AssertionError('it has ended with %d: %s' % (code, self.errors()))

    def remove(self):
        if self.process.returncode is None:
            self.stop()
        shutil.rmtree(self.place, ignore_errors=True)


class Answer:
    """What came back."""

    def __init__(self, answer, body):
        self.status = answer.status
        self.headers = answer.headers
        self.body = body
        self.text = body.decode('utf-8', 'replace')

    def json(self):
        return json.loads(self.body)


class Visitor:
    """Somebody with a cookie."""

    def __init__(self, site, name=None):
        self.site = site
        self.cookie = None
        if name:
            answer = self.post('/login', name=name)
            assert answer.status == 303, answer.text

    def ask(self, method, target, body=None, headers=()):
        connection = http.client.HTTPConnection('127.0.0.1', self.site.port, timeout=PATIENCE)
        connection.sock = self.site.connect()
        headers = dict(headers)
        if self.cookie:
            headers.setdefault('Cookie', self.cookie)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            answer = Answer(answer, answer.read())
        finally:
            connection.close()
        if answer.headers['Set-Cookie'] and 'Cookie' not in dict(headers) or method == 'POST':
            set_cookie = answer.headers['Set-Cookie']
            self.cookie = set_cookie.split(';')[0] if set_cookie else self.cookie
        return answer

    def get(self, target, headers=()):
        return self.ask('GET', target, headers=headers)

    def token(self):
        return self.get('/api/session').json()['token']

    def name(self):
        return self.get('/api/session').json()['name']

    def post(self, target, headers=(), **fields):
        """A form, with its token unless one is given."""
        fields.setdefault('token', self.token())
        return self.ask('POST', target, urllib.parse.urlencode(fields, errors='surrogateescape'),
                        {'Content-Type': 'application/x-www-form-urlencoded', **dict(headers)})

    def post_json(self, target, value, headers=()):
        return self.ask('POST', target, value if isinstance(value, bytes) else json.dumps(value),
                        {'Content-Type': 'application/json', 'X-Token': self.token(), **dict(headers)})

    def form(self, data, filename='a.png', token=None):
        """A form with a picture: its type, and its bytes."""
        parts = [('name="token"', (token or self.token()).encode()),
                 ('name="picture"; filename="%s"\r\nContent-Type: image/png' % filename, data)]
        body = b''.join(b'--frontier\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n' % (head.encode(), content)
                        for head, content in parts)
        return 'multipart/form-data; boundary=frontier', body + b'--frontier--\r\n'

    def upload(self, data, filename='a.png', headers=(), token=None):
        kind, body = self.form(data, filename, token)
        return self.ask('POST', '/pictures', body, {'Content-Type': kind, 'Accept': 'application/json', **dict(headers)})

    def notes(self):
        return [note['text'] for note in self.get('/api/notes').json()]


class Chatter:
    """Somebody in the chat, by WebSocket."""

    def __init__(self, visitor, origin=None, buffer=None):
        self.connection = visitor.site.connect()
        if buffer:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        host = 'localhost:%d' % visitor.site.port
        lines = ['GET /chat/socket HTTP/1.1', 'Host: ' + host, 'Upgrade: websocket', 'Connection: Upgrade',
                 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: ' + base64.b64encode(bytes(16)).decode(),
                 'Origin: ' + (origin or 'http://' + host), 'Cookie: ' + (visitor.cookie or 'none=1')]
        self.connection.sendall('\r\n'.join([*lines, '', '']).encode())
        self.file = self.connection.makefile('rb')
        self.status = int(self.file.readline().split()[1])
        while self.file.readline() not in (b'\r\n', b''):
            pass

    def say(self, text):
        data = text.encode()
        head = bytes([0x81]) + (bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xfe]) + struct.pack('>H', len(data)))
        self.connection.sendall(head + bytes(4) + data)

    def frame(self):
        """The next one's kind and payload; None at the end."""
        head = self.file.read(2)
        if len(head) < 2:
            return None, b''
        size = head[1]
        if size >= 126:
            size, = struct.unpack('>H' if size == 126 else '>Q', self.file.read(2 if size == 126 else 8))
        return head[0] & 15, self.file.read(size)

    def message(self, key='text'):
        """The next that has something; with "", the next."""
        while True:
            kind, data = self.frame()
            if kind is None:
                raise AssertionError('the chat has ended')
            if kind == 1 and (not key or key in json.loads(data)):
                return json.loads(data)

    def close(self):
        self.file.close()
        self.connection.close()


class SiteTest(unittest.TestCase):
    """Each test has a site of its own, whose store is what the program was told."""

    store = None

    def setUp(self):
        self.database = postgres_server().new_schema() if self.store == 'postgres' else None
        self.site = Site(self.database)
        self.addCleanup(self.site.remove)

    def chatter(self, *arguments, **options):
        chatter = Chatter(*arguments, **options)
        self.addCleanup(chatter.close)
        return chatter


def main():
    """Run the tests of the program: PROGRAM SITE STORE [TEST...]."""
    Site.executable = sys.argv.pop(1)
    SiteTest.store = sys.argv.pop(1)
    unittest.main()
