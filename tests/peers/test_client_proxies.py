#!/usr/bin/env python3
"""Our client through proxies, and what it says where they fail: test_client_proxies.py CLIENT [TEST...]."""
import base64
import contextlib
import http.server
import socket
import ssl
import threading

import client
from client import BIG, TheirServer, main

FAR = 'far.invalid'  # a name that the proxies alone know


class Origin(http.server.SimpleHTTPRequestHandler):
    """What proxies lead to."""

    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass


class Origins(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that goes is none here."""


class Listener:
    """Calls `talk` with each connection in a thread."""

    def __init__(self, talk):
        self.talk = talk
        self.socket = socket.create_server(('127.0.0.1', 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(self.socket.accept()[0],), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, EOFError), connection:
            connection.settimeout(60)
            self.talk(connection)


def receive(connection, n):
    data = b''
    while len(data) < n:
        piece = connection.recv(n - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


def receive_head(connection):
    head = b''
    while not head.endswith(b'\r\n\r\n'):
        head += receive(connection, 1)
    return head


def pump(source, to, most):
    """Until the end, or until so many bytes have passed."""
    passed = 0
    with contextlib.suppress(OSError):
        while passed < most:
            data = source.recv(65536)
            if not data:
                break
            to.sendall(data)
            passed += len(data)
    for end in source, to:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def tunnel(connection, port, most=1 << 60):
    with socket.create_connection(('127.0.0.1', port)) as beyond:
        threading.Thread(target=pump, args=(connection, beyond, 1 << 60), daemon=True).start()
        pump(beyond, connection, most)


class HttpProxy:
    """It answers CONNECT with what it is made for, and asks for whole URLs itself."""

    def __init__(self, answer=b'HTTP/1.1 200 Fine\r\nX-Proxy: yes\r\n\r\n', user=None, most=1 << 60, leads=True):
        self.answer, self.most, self.leads = answer, most, leads
        self.wanted = b'Proxy-Authorization: Basic ' + base64.b64encode(user) if user else b''
        self.heads = []
        self.url = 'http://127.0.0.1:%d' % Listener(self.talk).port

    def talk(self, connection):
        head = receive_head(connection)
        self.heads.append(head)
        method, target, _ = head.split(b' ', 2)
        if self.wanted not in head:
            connection.sendall(b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 3\r\n\r\nno\n')
        elif method == b'CONNECT':
            connection.sendall(self.answer)
            if self.leads:
                tunnel(connection, int(target.rsplit(b':', 1)[1]), self.most)
        else:
            host, path = target.split(b'/', 3)[2:]
            with socket.create_connection(('127.0.0.1', int(host.rsplit(b':', 1)[1]))) as beyond:
                beyond.sendall(b'GET /%s HTTP/1.0\r\n\r\n' % path)
                pump(beyond, connection, self.most)


class SocksProxy:
    """SOCKS5, with a user's name where it has one, and `reply` to what is asked for."""

    def __init__(self, user=None, reply=0, most=1 << 60):
        self.user, self.reply, self.most = user, reply, most
        self.asked = []
        self.port = Listener(self.talk).port

    def talk(self, connection):
        receive(connection, receive(connection, 2)[1])
        connection.sendall(b'\5\2' if self.user else b'\5\0')
        if self.user and not self.knows(connection):
            connection.sendall(b'\1\1')
            return
        if self.user:
            connection.sendall(b'\1\0')
        kind = receive(connection, 4)[3]
        self.asked.append(receive(connection, {1: 4, 4: 16}.get(kind) or receive(connection, 1)[0]))
        port = int.from_bytes(receive(connection, 2), 'big')
        connection.sendall(bytes([5, self.reply, 0, 1]) + 6 * b'\0')
        if self.reply == 0:
            tunnel(connection, port, self.most)

    def knows(self, connection):
        receive(connection, 1)
        name = receive(connection, receive(connection, 1)[0])
        return name + b':' + receive(connection, receive(connection, 1)[0]) == self.user


class ProxyTest(client.ServerTest):
    """The origin's files are those of every server here."""

    @classmethod
    def start(cls):
        server = TheirServer(None)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(server.path('server.pem'), server.path('server.key'))

        def serve(scheme, wrap):
            origin = Origins(
                ('127.0.0.1', 0), lambda *arguments: Origin(*arguments, directory=server.path('files')))
            origin.socket = wrap(origin.socket)
            threading.Thread(target=origin.serve_forever, daemon=True).start()
            return '%s://localhost:%d/big.bin' % (scheme, origin.server_port)

        server.plain = serve('http', lambda plain: plain)
        server.tls = serve('https', lambda plain: context.wrap_socket(plain, server_side=True))
        return server

    def by(self, proxy, *arguments):
        return ['--ca', self.server.root.file, '--proxy', proxy, *arguments]

    def test_http_proxy(self):
        proxy = HttpProxy()
        for url in self.server.tls, self.server.plain:
            answers = self.ask_each(*self.by(proxy.url), url, url)
            for answer in answers:
                self.check(answer, BIG)
                self.assertIsNone(answer.header('x-proxy'))
        self.assertEqual([head.split(b' ')[0] for head in proxy.heads].count(b'CONNECT'), 1)

    def test_nothing_of_the_request_is_told_to_a_tunnel(self):
        proxy = HttpProxy()
        self.check(self.ask(*self.by(proxy.url, '--user', 'a:b', '--header', 'X-Secret: 1'), self.server.tls), BIG)
        self.assertNotIn(b'authorization', proxy.heads[0].lower())
        self.assertNotIn(b'x-secret', proxy.heads[0].lower())

    def test_http_proxy_with_a_user(self):
        proxy = HttpProxy(user=b'jo:s e')
        for url in self.server.tls, self.server.plain:
            self.check(self.ask(*self.by(proxy.url.replace('//', '//jo:s%20e@')), url), BIG)
        self.assertIn('407', self.fail_with('EDDY_EHTTP', *self.by(proxy.url), self.server.tls))
        self.assertEqual(self.ask(*self.by(proxy.url), self.server.plain).status, 407)

    def test_name_that_the_proxy_knows(self):
        for url in HttpProxy().url, 'socks5h://127.0.0.1:%d' % SocksProxy().port, 'socks4a://127.0.0.1:1':
            answer = self.ask(*self.by(url), self.server.plain.replace('localhost', FAR))
            if url.startswith('socks4a'):
                self.assertEqual(answer.error, 'ECONNREFUSED', answer)
            else:
                self.check(answer, BIG)
        self.fail_with('EDDY_ERESOLVE', *self.by('socks5://127.0.0.1:%d' % SocksProxy().port), 'http://%s/' % FAR)

    def test_http_proxy_that_fails(self):
        for answer, error, said in (
                (b'HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\nbad\n', 'EDDY_EHTTP', '502'),
                (b'HTTP/1.1 403 No\r\n\r\n', 'EDDY_EHTTP', '403'),
                (b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n', 'EDDY_EHTTP', '407'),
                (b'', 'ECONNRESET', 'Proxy'),
                (b'HTTP/1.1 200 Fi', 'ECONNRESET', 'Proxy'),
                (b'SSH-2.0-OpenSSH\r\n', 'ECONNRESET', 'Proxy'),
                (b'HTTP/1.1 200 Fine\r\n\r\n', 'EDDY_EPROTOCOL', ''),  # by an end or a reset, whichever comes first
                (b'HTTP/1.1 200 Fine\r\n\r\nrubbish that is no TLS', 'EDDY_EPROTOCOL', 'SSL'),
                (b'HTTP/1.1 200 Fine\r\n' + 40000 * b'X: 0123456789\r\n', 'ECONNRESET', 'headers')):
            with self.subTest(answer=answer[:40]):
                proxy = HttpProxy(answer=answer, leads=False)
                self.assertIn(said, self.fail_with(error, *self.by(proxy.url), self.server.tls))

    def test_proxy_that_is_silent(self):
        silent = socket.create_server(('127.0.0.1', 0))
        for scheme in 'http', 'socks5':
            url = '%s://127.0.0.1:%d' % (scheme, silent.getsockname()[1])
            self.fail_with('EDDY_TIMEOUT', *self.by(url, '--timeout', '0.5'), self.server.tls)
        silent.close()

    def test_proxy_that_is_not_there(self):
        for scheme in 'http', 'socks5':
            self.fail_with('ECONNREFUSED', *self.by('%s://127.0.0.1:%d' % (scheme, client.free_port())), self.server.tls)

    def test_proxy_that_cuts(self):
        for proxy in HttpProxy(most=1 << 20).url, 'socks5://127.0.0.1:%d' % SocksProxy(most=1 << 20).port:
            for url in self.server.tls, self.server.plain:
                answer = self.ask(*self.by(proxy), url)
                self.assertEqual(answer.status, 200)
                self.assertIn(answer.error, ('EDDY_EINCOMPLETE', 'ECONNRESET'), answer)
                self.assertTrue(answer.detail)

    def test_socks(self):
        proxy = SocksProxy()
        for url in self.server.tls, self.server.plain:
            self.check(self.ask(*self.by('socks5://127.0.0.1:%d' % proxy.port), url), BIG)
            self.check(self.ask(*self.by('socks5h://127.0.0.1:%d' % proxy.port), url), BIG)
        self.assertEqual(proxy.asked, 2 * [socket.inet_aton('127.0.0.1'), b'localhost'])

    def test_socks_with_a_user(self):
        proxy = SocksProxy(user=b'jo:s e')
        self.check(self.ask(*self.by('socks5://jo:s%%20e@127.0.0.1:%d' % proxy.port), self.server.tls), BIG)
        for user in '', 'jo:other@':
            said = self.fail_with('EDDY_EHTTP', *self.by('socks5://%s127.0.0.1:%d' % (user, proxy.port)), self.server.tls)
            self.assertIn('rejected', said)

    def test_socks_that_fails(self):
        for reply, error in (1, 'EDDY_EHTTP'), (2, 'EDDY_EHTTP'), (3, 'ENETUNREACH'), (4, 'EHOSTUNREACH'), (5, 'ECONNREFUSED'), \
                (99, 'EDDY_EHTTP'):
            proxy = SocksProxy(reply=reply)
            self.assertIn('SOCKS5', self.fail_with(error, *self.by('socks5://127.0.0.1:%d' % proxy.port), self.server.tls))
        for rubbish in b'HTTP/1.1 400 No\r\n\r\n', b'', b'\5':
            proxy = Listener(lambda connection, what=rubbish: connection.sendall(what))
            self.fail_with('EDDY_EHTTP' if rubbish.startswith(b'HTTP') else 'ECONNRESET',
                           *self.by('socks5://127.0.0.1:%d' % proxy.port), self.server.tls)


if __name__ == '__main__':
    main()
