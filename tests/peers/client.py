"""Our client, for a server of others to be tried with: peers_client, and what every server has to do with it.

Each server of tests/peers/servers offers the same targets, which are listed in docstrings of the tests here."""

import functools
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from certificates import issue  # pylint: disable=wrong-import-position
from server import BIG, COUNT, PEERS, STYLE, TEXT, program  # pylint: disable=wrong-import-position,unused-import
from servers import PATIENCE, free_port, skip  # pylint: disable=wrong-import-position,unused-import

SERVERS = pathlib.Path(__file__).with_name('servers')


class Answer:
    """What a server has answered, or what failed: `error` and `detail`, which are None where nothing did."""

    def __init__(self, line):
        said = json.loads(line)
        self.status, self.version, self.length = said['status'], said['version'], said['length']
        self.url, self.redirects = said.get('url'), said['redirects']
        self.headers = [(name.lower(), value) for name, value in said['headers']]
        self.received, self.crc = said.get('received'), said.get('crc')
        self.body = said['body'].encode('latin-1') if 'body' in said else None
        self.error, self.detail = said.get('error'), said.get('detail')

    def header(self, name):
        return dict(reversed(self.headers)).get(name)

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return repr(vars(self))


class TheirServer:
    """A program that serves until it is stopped, in a folder with certificates and files. It writes its ports on a line, that of TLS
    behind the plain one."""

    def __init__(self, command, **environment):
        self.place = tempfile.mkdtemp(prefix='eddy-peers-')
        self.root = issue(self.place, 'root')
        issue(self.place, 'server', 'DNS:localhost', self.root)
        for name, data in ('text.txt', TEXT), ('big.bin', BIG), ('style.css', STYLE):
            self.write('files/' + name, data)
        self.process = None
        self.plain = self.tls = self.plain_http2 = None
        if command:
            self.start([*command, self.place], **environment)

    def start(self, command, **environment):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
        ports = self.process.stdout.readline().split()
        self.plain = 'http://localhost:' + ports[0]
        self.tls = 'https://localhost:' + ports[1] if len(ports) > 1 else None
        self.plain_http2 = 'http://localhost:' + ports[2] if len(ports) > 2 else None

    def path(self, name):
        return os.path.join(self.place, name)

    def write(self, name, data):
        """A file, in a folder that is made for it."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'wb') as file:
            file.write(data)
        return self.path(name)

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate()
        shutil.rmtree(self.place, ignore_errors=True)


class ServerTest(unittest.TestCase):
    """Tests of our client on one server, which start() gives."""

    executable = None
    server = None

    @classmethod
    def start(cls):
        return TheirServer(None)

    @classmethod
    def setUpClass(cls):
        cls.server = cls.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def ask_each(self, *arguments):
        """The answers to all URLs that are among the arguments, in turn."""
        done = subprocess.run([ServerTest.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              check=False)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        return [Answer(line) for line in done.stdout.splitlines()]

    def ask(self, *arguments):
        """The answer to the one URL."""
        answer, = self.ask_each(*arguments)
        return answer

    def check(self, answer, body, status=200):
        """That it is whole, and this."""
        self.assertIsNone(answer.error, answer)
        self.assertEqual((answer.status, answer.received, answer.crc), (status, len(body), zlib.crc32(body)), answer)

    def fail_with(self, error, *arguments):
        """What was said of the failure."""
        answer = self.ask(*arguments)
        self.assertEqual(answer.error, error, answer)
        self.assertTrue(answer.detail)
        return answer.detail


def in_each_version(test):
    """A test that is told a version of HTTP, what chooses it, and where to ask."""
    @functools.wraps(test)
    def run(self):
        for version, options, url in self.ways():
            with self.subTest(version=version, url=url):
                test(self, version, options, url)
    return run


class Contract(ServerTest):
    """What is asked of each server in the same way."""

    tls_http2 = False

    def ways(self):
        """Version, options and base of each way to ask."""
        yield 11, [], self.server.plain
        if self.server.plain_http2:
            yield 20, ['--http2'], self.server.plain_http2
        if self.server.tls:
            trust = ['--ca', self.server.root.file]
            yield 11, [*trust, '--http1'], self.server.tls
            if self.tls_http2:
                yield 20, trust, self.server.tls

    @in_each_version
    def test_gets(self, version, options, url):
        """/hello, /count in pieces whose number nobody knew before, /big of an announced length, and nothing elsewhere."""
        hello, count, big, head, nothing = (
            self.ask(*options, url + '/hello'), self.ask(*options, url + '/count'), self.ask(*options, url + '/big'),
            self.ask(*options, '--method', 'HEAD', url + '/big'), self.ask(*options, url + '/nothing'))
        self.check(hello, b'hello, world!\n')
        self.assertEqual((hello.version, hello.redirects, hello.url), (version, 0, url + '/hello'))
        self.check(count, COUNT)
        self.check(big, BIG)
        self.assertEqual(big.length, len(BIG))
        self.check(head, b'')
        self.assertEqual(nothing.status, 404)

    @in_each_version
    def test_sends(self, _, options, url):
        """/echo tells the method, and sends the body back while it comes."""
        big, text = self.server.path('files/big.bin'), self.server.path('files/text.txt')
        for how, body, method in (['--data', 'abc'], b'abc', 'POST'), (['--data', ''], b'', 'POST'), \
                (['--body', big], BIG, 'POST'), (['--chunked', big], BIG, 'POST'), \
                (['--method', 'PUT', '--chunked', text], TEXT, 'PUT'), (['--method', 'PATCH', '--data', 'x'], b'x', 'PATCH'), \
                (['--method', 'DELETE'], b'', 'DELETE'):
            with self.subTest(how=how):
                answer = self.ask(*options, *how, url + '/echo')
                self.check(answer, body)
                self.assertEqual(answer.header('x-method'), method)

    @in_each_version
    def test_expects(self, _, options, url):
        answer = self.ask(*options, '--header', 'Expect: 100-continue', '--body', self.server.path('files/big.bin'), url + '/echo')
        self.check(answer, BIG)

    @in_each_version
    def test_form(self, _, options, url):
        """/form tells a line for each field: name=value, or name: filename, bytes, CRC."""
        answer = self.ask(*options, '--form', 'a=1 & 2', '--form', 'ö=ä+%', url + '/form')
        self.check(answer, 'a=1 & 2\nö=ä+%\n'.encode())
        answer = self.ask(*options, '--upload', 'big=' + self.server.path('files/big.bin'), '--upload',
                          'style=' + self.server.path('files/style.css'), url + '/form')
        lines = 'big: big.bin, %d, %d\nstyle: style.css, %d, %d\n' % (len(BIG), zlib.crc32(BIG), len(STYLE), zlib.crc32(STYLE))
        self.check(answer, lines.encode())

    @in_each_version
    def test_is_decoded(self, _, options, url):
        """/gzip."""
        answer, kept = self.ask(*options, url + '/gzip'), self.ask(*options, '--keep-encoding', '--header', 'Accept-Encoding: gzip',
                                                                   url + '/gzip')
        self.check(answer, TEXT)
        self.assertEqual(answer.length, -1)
        self.assertIsNone(kept.error)
        self.assertLess(kept.received, len(TEXT))

    @in_each_version
    def test_redirects(self, version, options, url):
        """/redirect/STATUS leads to /echo when it has read the body, and with ?now before. By HTTP/2 libcurl 7.88 loses answers that
        come before the body was sent."""
        text = self.server.path('files/text.txt')
        for status, method in (301, 'GET'), (302, 'GET'), (303, 'GET'), (307, 'POST'), (308, 'POST'):
            for how, when in itertools.product(('--body', '--chunked'), ('', '?now')):
                with self.subTest(status=status, how=how, when=when):
                    answer = self.ask(*options, how, text, url + '/redirect/%d%s' % (status, when))
                    if version == 20 and when and answer.error == 'EDDY_EPROTOCOL':
                        continue
                    self.check(answer, TEXT if method == 'POST' else b'')
                    self.assertEqual((answer.header('x-method'), answer.redirects, answer.url), (method, 1, url + '/echo'))

    @in_each_version
    def test_connection_is_kept(self, _, options, url):
        """/who tells the client's address, whose port is another one for each connection."""
        if url == self.server.plain_http2:
            return  # by libcurl before 8.0 it is not
        answers = self.ask_each(*options, *3 * [url + '/who'])
        self.assertEqual(len({answer.body for answer in answers}), 1)

    def test_connection_that_ends(self):
        """/close ends it."""
        answers = self.ask_each(*4 * [self.server.plain + '/close'])
        self.assertEqual([answer.status for answer in answers], 4 * [200])
        self.assertEqual(len({answer.body for answer in answers}), 4)

    @in_each_version
    def test_cookies(self, _, options, url):
        """/cookies tells what came, and sets another."""
        first, second = self.ask_each(*options, '--cookies', *2 * [url + '/cookies'])
        self.assertEqual((first.body, second.body), (b'', b'color=red'))
        first, second = self.ask_each(*options, *2 * [url + '/cookies'])
        self.assertEqual(second.body, b'')

    @in_each_version
    def test_user(self, _, options, url):
        """/user tells what came as Authorization."""
        self.check(self.ask(*options, '--user', 'jo:s e:cret', url + '/user'), b'Basic am86cyBlOmNyZXQ=')
        self.check(self.ask(*options, url.replace('://', '://jo:x@') + '/user'), b'Basic am86eA==')

    @in_each_version
    def test_answer_that_is_cut(self, _, options, url):
        """/cut announces 100 bytes, sends 10, and ends the connection."""
        answer = self.ask(*options, url + '/cut')
        self.assertIn(answer.status, (200, 0))  # where the end came at once, its reset overtakes the head
        self.assertIn(answer.error, ('EDDY_EINCOMPLETE', 'EDDY_EPROTOCOL', 'ECONNRESET'))

    @in_each_version
    def test_asks_again(self, _, options, url):
        """/busy/NAME is, twice, and is not then."""
        name = '/busy/%d%s' % (id(options), os.urandom(4).hex())
        self.assertEqual(self.ask(*options, '--retries', '1', url + name).status, 503)
        self.check(self.ask(*options, '--retries', '1', url + name), b'at last\n')

    @in_each_version
    def test_is_refused_while_it_sends(self, version, options, url):
        """/refuse says so without reading the body, and ends the connection."""
        answer = self.ask(*options, '--body', self.server.path('files/big.bin'), url + '/refuse')
        if answer.error:  # where the end of the connection came before the answer was read, and for HTTP/2 see test_redirects()
            self.assertIn(answer.error, ('EDDY_EINCOMPLETE', 'EDDY_EPROTOCOL') if version == 20 else ('ECONNRESET', 'EPIPE'))
        else:
            self.check(answer, b'not here\n', 403)

    @in_each_version
    def test_hints_and_trailers(self, _, options, url):
        """/hints has an interim answer before the one that counts, and trailers behind it."""
        answer = self.ask(*options, url + '/hints')
        self.check(answer, b'after the hints\n')
        self.assertIsNone(answer.header('link'))
        self.assertIsNone(answer.header('x-sum'))

    def test_certificate_is_not_trusted(self):
        if self.server.tls:
            self.assertIn('certificate', self.fail_with('EDDY_EHTTP', self.server.tls + '/hello'))
            other = self.server.tls.replace('localhost', '127.0.0.1')
            self.fail_with('EDDY_EHTTP', '--ca', self.server.root.file, other + '/hello')


def main():
    """Run the tests of the program: PROGRAM CLIENT [TEST...]."""
    ServerTest.executable = sys.argv.pop(1)
    unittest.main()
