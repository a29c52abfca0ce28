#!/usr/bin/env python3
"""Servers of others behind our proxy, and curl in front of it: test_proxy_peers.py PROXY_SERVER [TEST...]."""
import contextlib
import hashlib
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from certificates import issue  # pylint: disable=wrong-import-position
from servers import PATIENCE, free_port, skip  # pylint: disable=wrong-import-position

HERE = pathlib.Path(__file__).resolve().parent
PROXY = ''
BIG = random.Random(1).randbytes(20 * 1024 * 1024)
NGINX = """
daemon off; master_process off; pid {place}/pid; error_log {place}/error.log;
events {{ }}
http {{
    access_log off; client_max_body_size 1k;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d;
    scgi_temp_path {place}/e;
    server {{
        listen unix:{place}/socket; listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
        root {place}/files; location /moved {{ return 301 /else; }}
    }}
}}
"""

# What comes of an answer that a server resets with its connection: it, or nothing of it.
LOST = b'413', b'502'


@contextlib.contextmanager
def running(*argv, **options):
    """A process, and what it writes first."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, **options) as process:
        try:
            yield process, process.stdout.readline().split()
        finally:
            process.kill()


@contextlib.contextmanager
def proxied(url, *roots):
    """The proxy for a server: its URLs, without and with TLS."""
    with running(PROXY, url, *roots) as (_, (plain, secure)):
        yield 'http://127.0.0.1:' + plain, 'https://127.0.0.1:' + secure


def curl(*arguments, data=None, fails=False):
    done = subprocess.run(['curl', '-sSk', '-m', str(PATIENCE), *arguments], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if bool(done.returncode) != fails:
        raise AssertionError(f'curl {arguments} ended by {done.returncode}: {done.stderr}')
    return done.stdout


def see_refusal(test, version, url):
    """The answer comes while the body does, and the server reads no more: of HTTP/2, curl 7.88 loses it then."""
    if 'http2' not in version:
        test.assertIn(curl(version, '-o', os.devnull, '-w', '%{http_code}', '-H', 'Expect:', '--data-binary', '@-', url, data=BIG), LOST)


def ways(plain, secure):
    """Each version of HTTP that a client may speak."""
    return ('--http1.1', plain), ('--http1.1', secure), ('--http2', secure), ('--http2-prior-knowledge', plain)


class NginxTest(unittest.TestCase):
    def setUp(self):
        if not shutil.which('nginx'):
            self.skipTest('no nginx')
        self.place = tempfile.mkdtemp(prefix='eddy-proxy-')
        self.addCleanup(shutil.rmtree, self.place)
        os.chmod(self.place, 0o755)
        os.mkdir(os.path.join(self.place, 'files'))
        with open(os.path.join(self.place, 'files', 'big'), 'wb') as file:
            file.write(BIG)
        self.root = issue(self.place, 'root')
        certificate = issue(self.place, 'server', 'DNS:localhost', self.root)
        self.port = free_port()
        config = os.path.join(self.place, 'nginx.conf')
        with open(config, 'w', encoding='utf-8') as file:
            file.write(NGINX.format(place=self.place, port=self.port, certificate=certificate.file,
                                    key=certificate.key))
        # pylint: disable=consider-using-with
        nginx = subprocess.Popen(['nginx', '-p', self.place, '-c', config])
        self.addCleanup(nginx.wait)
        self.addCleanup(nginx.kill)
        end = time.monotonic() + PATIENCE
        while nginx.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port)):
                break
            time.sleep(0.01)

    def see_files(self, urls):
        for version, url in ways(*urls):
            self.assertEqual(curl(version, url + '/big'), BIG)
            self.assertEqual(curl(version, '-r', '5-14', url + '/big'), BIG[5:15])
            head = curl(version, '-I', url + '/big').decode().lower()
            self.assertIn(f'content-length: {len(BIG)}', head)
            tag = head.split('etag: ')[1].split()[0]
            self.assertEqual(curl(version, '-H', 'If-None-Match: ' + tag, '-w', '%{http_code}', url + '/big'), b'304')
            self.assertEqual(curl(version, '-o', os.devnull, '-w', '%{http_code}', url + '/none'), b'404')
            see_refusal(self, version, url + '/big')

    def test_by_a_unix_socket(self):
        with proxied(f'http://unix:{self.place}/socket') as urls:
            self.see_files(urls)

    def test_by_tls(self):
        with proxied(f'https://127.0.0.1:{self.port}', self.root.file) as urls:
            self.see_files(urls)

    def test_of_a_certificate_that_nobody_trusts(self):
        other = issue(self.place, 'other')
        with proxied(f'https://127.0.0.1:{self.port}', other.file) as (plain, _):
            self.assertEqual(curl('-o', os.devnull, '-w', '%{http_code}', plain + '/big'), b'502')


class NodeTest(unittest.TestCase):
    def setUp(self):
        if not shutil.which('node'):
            self.skipTest('no node')

    @contextlib.contextmanager
    def served(self, *arguments):
        with running('node', HERE / 'proxy_peer.mjs', *arguments) as (process, (port,)):
            with proxied('http://127.0.0.1:' + port) as urls:
                yield process, urls

    def test_bodies(self):
        with self.served() as (_, urls):
            for version, url in ways(*urls):
                self.assertEqual(curl(version, '--data-binary', '@-', url + '/echo', data=BIG), BIG)
                self.assertEqual(curl(version, '-T', '-', url + '/echo', data=BIG), BIG)
                self.assertEqual(curl(version, '-H', 'Expect: 100-continue', '--data-binary', 'x', url + '/echo'), b'x')
                self.assertIn(b'no', curl(version, '-H', 'Expect: 100-continue', '--data-binary', '@-', url + '/refuse', data=BIG))
                self.assertIn(b'rel=preload', curl(version, '-i', url + '/hints'))
                self.assertIn(b'x-sum: 7', curl(version, '-i', url + '/trailers').lower())
                seen = json.loads(curl(version, '-H', 'X-Forwarded-For: 6.6.6.6', url + '/headers'))
                self.assertEqual(seen['x-forwarded-for'], '127.0.0.1')
                self.assertEqual(seen['x-forwarded-proto'], url.split(':', maxsplit=1)[0])
                curl(version, url + '/break', fails=True)
                see_refusal(self, version, url + '/refuse')

    def test_events(self):
        with self.served() as (process, (plain, _)):
            with socket.create_connection(('127.0.0.1', int(plain.rsplit(':', 1)[1])), PATIENCE) as client:
                client.sendall(b'GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
                seen = b''
                while b'data: first\n\n' not in seen:
                    seen += client.recv(1000)
            self.assertEqual(process.stdout.readline(), 'gone\n')

    def test_connections_that_are_closed_soon(self):
        """Node closes what waits after a moment, often just when the next request comes."""
        with self.served('1') as (_, (plain, _)):
            seen = curl(*[plain + '/'] * 2000)
            self.assertEqual(seen, b'hello' * 2000)

    def test_another_protocol(self):
        with self.served() as (_, (plain, _)):
            with socket.create_connection(('127.0.0.1', int(plain.rsplit(':', 1)[1])), PATIENCE) as client:
                client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
                with client.makefile('rb') as answers:
                    self.assertIn(b' 101 ', answers.readline())
                    while answers.readline() != b'\r\n':
                        pass
                    for _ in range(10):
                        client.sendall(BIG[:100000])
                        self.assertEqual(answers.read(100000), BIG[:100000])
                    client.shutdown(socket.SHUT_WR)
                    self.assertEqual(answers.read(), b'bye')


class GoTest(unittest.TestCase):
    def test(self):
        go = shutil.which('go')
        if not go:
            self.skipTest('no go')
        with tempfile.TemporaryDirectory() as place:
            program = os.path.join(place, 'peer')
            environment = {**os.environ, 'GOTOOLCHAIN': 'local', 'GOFLAGS': '', 'GO111MODULE': 'off'}
            subprocess.run([go, 'build', '-o', program, HERE / 'proxy_peer.go'], check=True, env=environment)
            with running(program) as (_, (port,)), proxied('http://127.0.0.1:' + port) as urls:
                for version, url in ways(*urls):
                    expected = f'{len(BIG)} {hashlib.sha256(BIG).hexdigest()} '.encode()
                    self.assertEqual(curl(version, '--data-binary', '@-', url + '/sum', data=BIG), expected)
                    self.assertEqual(curl(version, '-T', '-', url + '/sum', data=BIG), expected)
                    curl(version, url + '/break', fails=True)
                    see_refusal(self, version, url + '/refuse')


if __name__ == '__main__':
    if not shutil.which('curl'):
        skip('no curl')
    PROXY = sys.argv.pop(1)
    unittest.main()
