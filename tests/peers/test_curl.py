#!/usr/bin/env python3
"""What curl makes of our server: test_curl.py SERVER [TEST...]."""
import functools
import os
import re
import subprocess

from server import BIG, COUNT, TEXT, ClientTest, main, program

CURL = program('curl')
HTTP1 = '--http1.1'
HTTP2 = '--http2-prior-knowledge'


def in_each_version(test):
    """A test that is told a version as curl names it, what chooses it, and where to ask."""
    @functools.wraps(test)
    def run(self):
        trusted = '--cacert', self.server.root.file
        for version, options, url in (
                ('1.1', [HTTP1], self.server.plain), ('2', [HTTP2], self.server.plain),
                ('1.1', [HTTP1, *trusted], self.server.tls), ('2', ['--http2', *trusted], self.server.tls)):
            with self.subTest(version=version, url=url):
                test(self, version, options, url)
    return run


class CurlTest(ClientTest):
    def run_curl(self, *options, **files):
        """Its exit status, what it writes, and what it says of the answer."""
        done = subprocess.run(
            [CURL, '--silent', '--noproxy', '*', '--write-out', '%{stderr}%{http_version} %{http_code}', *options],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False, **files)
        return done.returncode, done.stdout, done.stderr.decode()

    def assert_answer(self, body, about, *options, **files):
        status, out, said = self.run_curl(*options, **files)
        self.assertEqual((status, said), (0, about))
        self.assertEqual(out, body)

    @in_each_version
    def test_gets(self, version, options, url):
        self.assert_answer(b'hello, world!\n', version + ' 200', *options, url + '/hello')
        self.assert_answer(COUNT, version + ' 200', *options, url + '/count')
        self.assert_answer(BIG, version + ' 200', *options, url + '/files/big.bin')
        self.assertEqual(self.run_curl(*options, url + '/nothing')[2], version + ' 404')

    def test_speaks_http_1_0(self):
        """It counts what a server answers in, which is 1.1."""
        self.assert_answer(b'hello, world!\n', '1.1 200', '--http1.0', self.server.plain + '/hello')
        self.assert_answer(COUNT, '1.1 200', '--http1.0', self.server.plain + '/count')

    @in_each_version
    def test_head(self, _, options, url):
        status, head, _ = self.run_curl(*options, '--head', url + '/files/big.bin')
        self.assertEqual(status, 0)
        self.assertIn(b'content-length: %d\r\n' % len(BIG), head.lower())

    @in_each_version
    def test_asks_many_at_once(self, _, options, url):
        if HTTP2 in options:
            return  # 7.88 cannot share a connection that it has begun so, whosever the server is
        urls = [url + '/hello?' + str(number) for number in range(50)]
        self.assertEqual(self.run_curl(*options, '--parallel', *urls)[:2], (0, 50 * b'hello, world!\n'))

    def test_certificate_of_a_client(self):
        trusted = '--cacert', self.server.root.file
        shown = '--cert', self.server.client.file, '--key', self.server.client.key
        for version in '1.1', '2':
            self.assert_answer(b'hello, world!\n', version + ' 200', '--http' + version, *trusted, *shown, self.server.mutual)
            self.assertNotEqual(self.run_curl('--http' + version, *trusted, self.server.mutual)[0], 0)

    def test_unix_socket(self):
        for version, how in ('1.1', HTTP1), ('2', HTTP2):
            self.assert_answer(COUNT, version + ' 200', how, '--unix-socket', self.server.socket, 'http://localhost/count')

    @in_each_version
    def test_sends_a_body(self, version, options, url):
        big = self.server.path('files/big.bin')
        self.assert_answer(b'a=b', version + ' 200', *options, '--data', 'a=b', url + '/echo')
        self.assert_answer(BIG, version + ' 200', *options, '--data-binary', '@' + big, url + '/echo')
        self.assert_answer(BIG, version + ' 200', *options, '--upload-file', big, url + '/echo')

    @in_each_version
    def test_sends_in_chunks(self, version, options, url):
        with open(self.server.path('files/text.txt'), 'rb') as text:
            self.assert_answer(TEXT, version + ' 200', *options, '--upload-file', '-', url + '/duplex', stdin=text)

    def test_waits_for_leave(self):
        """By HTTP/1.1, where curl shows that it got it: once, before the answer; and not where nobody reads the body."""
        big = self.server.path('files/big.bin')
        for target, heads in ('/echo', [b'100', b'200']), ('/refuse', [b'403']):
            status, out, _ = self.run_curl(HTTP1, '--include', '--header', 'Expect: 100-continue', '--expect100-timeout', '60',
                                           '--data-binary', '@' + big, self.server.plain + target)
            self.assertEqual(status, 0)
            self.assertEqual(re.findall(rb'^HTTP/1.1 (\d+)', out[:500], re.M), heads)

    @in_each_version
    def test_is_refused_while_it_sends(self, version, options, url):
        self.assert_answer(b'not here\n', version + ' 403', *options, '--data', 'a=b', url + '/refuse')
        if version == '1.1':  # before version 8 it fails by HTTP/2 where a server wants no more of a body
            self.assert_answer(b'not here\n', '1.1 403', *options, '--header', 'Expect:',
                               '--data-binary', '@' + self.server.path('files/big.bin'), url + '/refuse')

    @in_each_version
    def test_resumes(self, version, options, url):
        part = self.server.write('part', BIG[:1000000])
        self.assert_answer(b'', version + ' 206', *options, '--continue-at', '-', '--output', part, url + '/files/big.bin')
        with open(part, 'rb') as file:
            self.assertEqual(file.read(), BIG)
        self.assert_answer(BIG[-10:], version + ' 206', *options, '--range', '-10', url + '/files/big.bin')

    @in_each_version
    def test_decompresses(self, version, options, url):
        head = self.server.path('head')
        self.assert_answer(COUNT, version + ' 200', *options, '--compressed', '--dump-header', head, url + '/count')
        with open(head, encoding='ascii') as file:
            self.assertRegex(file.read().lower(), '\ncontent-encoding: (br|gzip|zstd)\n')

    @in_each_version
    def test_form(self, version, options, url):
        big = self.server.path('files/big.bin')
        self.assert_answer(b'color=red\nfile: big.bin, application/octet-stream, %d bytes, sum %d\n' % (len(BIG), sum(BIG)),
                           version + ' 200', *options, '--form', 'color=red', '--form', 'file=@' + big, url + '/form')

    @in_each_version
    def test_cookies(self, version, options, url):
        jar = self.server.path('cookies')
        kept = '--cookie-jar', jar, '--cookie', jar
        self.assert_answer(b'color=none secret=none\n', version + ' 200', *options, *kept, url + '/cookies')
        self.assert_answer(b'color=red secret=42\n', version + ' 200', *options, *kept, url + '/cookies')
        os.unlink(jar)

    @in_each_version
    def test_hints(self, _, options, url):
        _, out, _ = self.run_curl(*options, '--include', url + '/hints')
        self.assertEqual(re.findall(rb'^HTTP/[12.]+ (\d+)', out, re.M), [b'103', b'200'])
        self.assertIn(b'\r\nlink: </files/style.css>', out.lower())

    @in_each_version
    def test_trailers(self, _, options, url):
        status, out, _ = self.run_curl(*options, '--include', '--data', 'a=b', url + '/trailers')
        self.assertEqual(status, 0)
        self.assertIn(b'\nx-length: 3\r\n', out.lower())

    @in_each_version
    def test_goes(self, _, options, url):
        """A client that leaves in the midst of an answer is noticed."""
        with subprocess.Popen([CURL, '--silent', '--no-buffer', '--noproxy', '*', *options, url + '/wait'],
                              stdout=subprocess.PIPE) as client:
            self.assertEqual(client.stdout.readline(), b'waiting\n')
            client.kill()
        self.assertEqual(self.server.ask('/gone'), b'gone\n')


if __name__ == '__main__':
    main()
