#!/usr/bin/env python3
"""Our client on nginx: test_client_nginx.py CLIENT [TEST...]."""
import os
import socket
import subprocess
import time

import client
from client import BIG, PATIENCE, STYLE, TEXT, TheirServer, free_port, in_each_version, issue, main, program, skip

NGINX = program('nginx')
CONFIG = """
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off; default_type application/octet-stream; types {{ text/plain txt; text/css css; text/html html; }}
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    ssl_certificate {place}/server.pem; ssl_certificate_key {place}/server.key;
    keepalive_requests 3; gzip on; gzip_types text/plain; gzip_min_length 100;
    server {{
        listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2; listen unix:{place}/socket; root {place}/files;
        add_header X-Connection $connection;
        location /private/ {{ auth_basic "here"; auth_basic_user_file {place}/users; alias {place}/files/; }}
        location = /301 {{ return 301 /text.txt; }}
        location = /302 {{ return 302 style.css?x; }}
        location = /307 {{ return 307 $scheme://localhost:$server_port/private/style.css; }}
        location = /loop {{ return 302 /loop; }}
        location /busy {{ add_header Retry-After 0 always; return 503; }}
        location /small {{ client_max_body_size 1k; }}
        location = /drop {{ return 444; }}
    }}
    server {{
        listen 127.0.0.1:{mutual} ssl http2; root {place}/files; ssl_client_certificate {place}/root.pem; ssl_verify_client on;
    }}
}}
"""


class Nginx(TheirServer):
    def __init__(self):
        super().__init__(None)
        self.client = issue(self.place, 'client', issuer=self.root)
        self.write('files/folder/index.html', b'the index\n')
        self.write('users', b'jo:{PLAIN}s cret\n')
        os.chmod(self.place, 0o755)
        ports = {name: free_port() for name in ('plain', 'tls', 'mutual')}
        config = self.write('nginx.conf', CONFIG.format(place=self.place, **ports).encode())
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([NGINX, '-p', self.place, '-c', config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.plain = 'http://localhost:%d' % ports['plain']
        self.tls, self.mutual = ('https://localhost:%d' % ports[name] for name in ('tls', 'mutual'))
        self.await_ports(ports.values())

    def await_ports(self, ports):
        deadline = time.monotonic() + PATIENCE
        for port in ports:
            while socket.socket().connect_ex(('127.0.0.1', port)) != 0:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    skip('nginx does not start')
                time.sleep(0.05)


class NginxTest(client.ServerTest):
    @classmethod
    def start(cls):
        return Nginx()

    def ways(self):
        trust = ['--ca', self.server.root.file]
        return (11, [], self.server.plain), (11, [*trust, '--http1'], self.server.tls), (20, trust, self.server.tls), \
            (11, [], 'http://unix:%s:' % self.server.path('socket'))

    @in_each_version
    def test_gets(self, version, options, url):
        text, big, nothing = self.ask_each(*options, url + '/text.txt', url + '/big.bin', url + '/nothing')
        self.check(text, TEXT)
        self.assertEqual((text.version, text.length), (version, -1))  # compressed
        self.assertEqual(text.header('content-encoding'), 'gzip')
        self.check(big, BIG)
        self.assertEqual(big.length, len(BIG))
        self.assertEqual(nothing.status, 404)
        self.assertIn(b'nginx', nothing.body)
        self.check(self.ask(*options, '--method', 'HEAD', url + '/big.bin'), b'')

    @in_each_version
    def test_kept_encoding(self, _, options, url):
        kept = self.ask(*options, '--keep-encoding', '--header', 'Accept-Encoding: gzip', url + '/text.txt')
        self.assertLess(kept.received, len(TEXT))
        self.assertEqual(kept.header('content-encoding'), 'gzip')
        plain = self.ask(*options, '--keep-encoding', url + '/text.txt')
        self.check(plain, TEXT)
        self.assertEqual(plain.length, len(TEXT))

    @in_each_version
    def test_ranges(self, _, options, url):
        for path, data in ('/big.bin', BIG), ('/text.txt', TEXT):
            self.check(self.ask(*options, '--range', '5-9', url + path), data[5:10], 206)
            self.check(self.ask(*options, '--range', '%d-' % (len(data) - 7), url + path), data[-7:], 206)
            self.assertEqual(self.ask(*options, '--range', '%d-' % len(data), url + path).status, 416)

    @in_each_version
    def test_conditions(self, _, options, url):
        etag = self.ask(*options, url + '/style.css').header('etag')
        answer = self.ask(*options, '--header', 'If-None-Match: ' + etag, url + '/style.css')
        self.check(answer, b'', 304)
        self.assertEqual(self.ask(*options, '--header', 'If-Match: "x"', url + '/style.css').status, 412)

    @in_each_version
    def test_redirects(self, _, options, url):
        self.check(self.ask(*options, url + '/301'), TEXT)
        self.check(self.ask(*options, url + '/302'), STYLE)
        self.check(self.ask(*options, '--no-redirects', url + '/302'), self.ask(*options, '--no-redirects', url + '/302').body, 302)
        self.assertEqual(self.fail_with('EDDY_EHTTP', *options, url + '/loop'), 'redirected more than 20 times')

    def test_redirects_to_itself(self):
        """With an absolute URL, and credentials that may go along."""
        for _, options, url in list(self.ways())[:3]:
            self.check(self.ask(*options, '--user', 'jo:s cret', url + '/307'), STYLE)
            self.assertEqual(self.ask(*options, url + '/307').status, 401)
            folder = self.ask(*options, url + '/folder')
            self.check(folder, b'the index\n')
            self.assertEqual((folder.url, folder.redirects), (url + '/folder/', 1))

    @in_each_version
    def test_user(self, _, options, url):
        self.check(self.ask(*options, '--user', 'jo:s cret', url + '/private/style.css'), STYLE)
        refused = self.ask(*options, '--user', 'jo:other', url + '/private/style.css')
        self.assertEqual((refused.status, refused.header('www-authenticate')), (401, 'Basic realm="here"'))
        self.assertEqual(self.ask(*options, url + '/private/style.css').status, 401)

    @in_each_version
    def test_connections(self, _, options, url):
        """It ends each with the third request, by HTTP/2 with a GOAWAY."""
        answers = self.ask_each(*options, *8 * [url + '/style.css'])
        self.assertEqual([answer.status for answer in answers], 8 * [200], answers)
        self.assertEqual(len({answer.header('x-connection') for answer in answers}), 3)

    @in_each_version
    def test_refuses_a_large_body(self, _, options, url):
        answer = self.ask(*options, '--body', self.server.path('files/big.bin'), url + '/small')
        self.assertEqual((answer.status, answer.error), (413, None), answer)

    @in_each_version
    def test_refuses_a_large_head(self, _, options, url):
        answer = self.ask(*options, '--header', 'X-Long: ' + 60000 * 'a', url + '/style.css')
        self.assertIn(answer.status or answer.error, (400, 'EDDY_EPROTOCOL', 'EDDY_EINCOMPLETE'), answer)

    @in_each_version
    def test_busy(self, _, options, url):
        self.assertEqual(self.ask(*options, '--retries', '3', url + '/busy').status, 503)

    @in_each_version
    def test_no_answer(self, _, options, url):
        self.assertIn(self.ask(*options, url + '/drop').error, ('EDDY_EINCOMPLETE', 'EDDY_EPROTOCOL', 'ECONNRESET'))

    def test_certificates(self):
        trust = '--ca', self.server.root.file
        own = '--cert', self.server.client.file, '--key', self.server.client.key
        self.check(self.ask(*trust, *own, self.server.mutual + '/style.css'), STYLE)
        self.assertEqual(self.ask(*trust, self.server.mutual + '/style.css').status, 400)
        self.fail_with('EDDY_EHTTP', self.server.tls + '/style.css')
        self.fail_with('EDDY_EHTTP', *trust, self.server.tls.replace('localhost', '127.0.0.1') + '/style.css')
        self.fail_with('EDDY_EPROTOCOL', self.server.plain.replace('http:', 'https:') + '/style.css')
        self.assertEqual(self.ask(self.server.tls.replace('https:', 'http:') + '/style.css').status, 400)


if __name__ == '__main__':
    main()
