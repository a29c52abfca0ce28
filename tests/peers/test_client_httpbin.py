#!/usr/bin/env python3
"""Our client on httpbin: test_client_httpbin.py CLIENT [TEST...]."""
import os
import re
import subprocess
import sys
import zlib

import client
from client import PEERS, STYLE, TheirServer, main, skip

PLACE = os.path.join(PEERS, 'httpbin')
if not os.path.isdir(os.path.join(PLACE, 'httpbin')):
    skip('no httpbin')


class Httpbin(TheirServer):
    def __init__(self):
        super().__init__(None)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'gunicorn', '--threads', '4', '--bind', '127.0.0.1:0', '--worker-tmp-dir', self.place, 'httpbin:app'],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, 'PYTHONPATH': PLACE})
        for line in self.process.stderr:
            found = re.search(r'Listening at: http://127\.0\.0\.1:(\d+)', line)
            if found:
                self.plain = 'http://localhost:' + found[1]
                return
        skip('httpbin does not start')

    def stop(self):
        self.process.terminate()  # which ends its workers, too
        super().stop()


class HttpbinTest(client.ServerTest):
    @classmethod
    def start(cls):
        return Httpbin()

    def get(self, path, *options):
        """What it tells in JSON."""
        answer = self.ask(*options, self.server.plain + path)
        self.assertEqual((answer.status, answer.error), (200, None), answer)
        return answer.json()

    def test_methods(self):
        self.assertEqual(self.get('/get?a=b%20c&d=%C3%A4')['args'], {'a': 'b c', 'd': 'ä'})
        self.assertEqual(self.get('/get?a=b c&d=ä')['args'], {'a': 'b c', 'd': 'ä'})
        self.assertEqual(self.get('/post', '--data', 'abc')['data'], 'abc')
        for method in 'PUT', 'PATCH', 'DELETE':
            told = self.get('/anything/x', '--method', method, '--data', '{"a": [1]}', '--header', 'Content-Type: application/json')
            self.assertEqual((told['method'], told['json']), (method, {'a': [1]}))
        self.assertEqual(self.get('/delete', '--method', 'DELETE')['data'], '')
        head = self.ask('--method', 'HEAD', self.server.plain + '/get')
        self.assertEqual((head.status, head.received, head.error), (200, 0, None))

    def test_headers(self):
        told = self.get('/headers', '--header', 'X-One: two', '--header', 'Accept:')['headers']
        self.assertEqual(told['X-One'], 'two')
        self.assertNotIn('Accept', told)
        self.assertRegex(self.get('/user-agent')['user-agent'], r'^eddy/\d')
        self.assertEqual(self.get('/user-agent', '--header', 'User-Agent: other')['user-agent'], 'other')
        answer = self.ask(self.server.plain + '/response-headers?X-A=1&X-A=2')
        self.assertEqual([value for name, value in answer.headers if name == 'x-a'], ['1', '2'])

    def test_forms(self):
        told = self.get('/post', '--form', 'a=1 & 2', '--form', 'ö=+%', '--form', 'a=3')
        self.assertEqual(told['form'], {'a': ['1 & 2', '3'], 'ö': '+%'})
        told = self.get('/post', '--upload', 'file=' + self.server.path('files/style.css'))
        self.assertEqual(told['files'], {'file': STYLE.decode()})
        self.assertRegex(told['headers']['Content-Type'], '^multipart/form-data; boundary=')
        told = self.get('/post', '--chunked', self.server.path('files/style.css'))
        self.assertEqual(told['headers']['Transfer-Encoding'], 'chunked')

    def test_encodings(self):
        for name, mark in ('gzip', 'gzipped'), ('brotli', 'brotli'), ('deflate', 'deflated'):
            self.assertTrue(self.get('/' + name)[mark])
        kept = self.ask('--keep-encoding', self.server.plain + '/gzip')
        self.assertIn(b'"gzipped": true', zlib.decompress(kept.body, 31))
        text = self.ask(self.server.plain + '/encoding/utf8')
        self.assertIn('∮ E⋅da'.encode(), text.body)

    def test_redirects(self):
        for path in '/redirect/3', '/relative-redirect/3', '/absolute-redirect/3':
            answer = self.ask(self.server.plain + path)
            self.assertEqual((answer.status, answer.redirects, answer.url), (200, 3, self.server.plain + '/get'), answer)
        self.fail_with('EDDY_EHTTP', self.server.plain + '/redirect/21')
        for status, method in (301, 'GET'), (302, 'GET'), (303, 'GET'), (307, 'POST'), (308, 'POST'):
            for body in ('--data', 'abc'), ('--chunked', self.server.path('files/style.css')):
                told = self.get('/redirect-to?url=/anything&status_code=%d' % status, *body)
                self.assertEqual((told['method'], bool(told['data'])), (method, method == 'POST'))
        self.fail_with('EOPNOTSUPP', self.server.plain + '/redirect-to?url=file:///etc/passwd')

    def test_credentials_and_redirects(self):
        own = '/redirect-to?url=/headers'
        self.assertIn('Authorization', self.get(own, '--user', 'a:b')['headers'])
        other = '/redirect-to?url=' + self.server.plain.replace('localhost', '127.0.0.1') + '/headers'
        told = self.get(other, '--user', 'a:b', '--header', 'Cookie: c=1', '--header', 'X-Other: 1')['headers']
        self.assertEqual([name in told for name in ('Authorization', 'Cookie', 'X-Other')], [False, False, True])

    def test_cookies(self):
        url = self.server.plain
        answers = self.ask_each('--cookies', url + '/cookies/set?a=1&b=2', url + '/cookies/delete?a', url + '/cookies')
        self.assertEqual([answer.json()['cookies'] for answer in answers], [{'a': '1', 'b': '2'}, {'b': '2'}, {'b': '2'}])
        self.assertEqual(self.get('/cookies/set?a=1'), {'cookies': {}})

    def test_users(self):
        self.assertTrue(self.get('/basic-auth/jo/s%20e', '--user', 'jo:s e')['authenticated'])
        self.assertEqual(self.ask('--user', 'jo:x', self.server.plain + '/basic-auth/jo/y').status, 401)
        self.assertEqual(self.get('/bearer', '--header', 'Authorization: Bearer abc')['token'], 'abc')

    def test_streams(self):
        answer = self.ask(self.server.plain + '/stream/20')
        self.assertEqual((answer.length, len(answer.body.splitlines())), (-1, 20))
        for path in '/bytes/50000?seed=1', '/stream-bytes/50000?seed=1&chunk_size=777':
            self.assertEqual(self.ask(self.server.plain + path).received, 50000)
        answer = self.ask(self.server.plain + '/drip?duration=0.2&numbytes=10&delay=0')
        self.check(answer, 10 * b'*')
        answer = self.ask('--range', '3-7', self.server.plain + '/range/26')
        self.check(answer, b'defgh', 206)

    def test_time_passes(self):
        for path in '/delay/5', '/drip?duration=5&numbytes=5&delay=0':
            self.assertEqual(self.ask('--timeout', '0.5', self.server.plain + path).error, 'EDDY_TIMEOUT')

    def test_statuses(self):
        for status in 200, 201, 204, 304, 400, 404, 405, 418, 429, 500, 503:
            answer = self.ask(self.server.plain + '/status/%d' % status)
            self.assertEqual((answer.status, answer.error), (status, None))
        self.assertEqual(self.ask('--retries', '2', self.server.plain + '/status/503').status, 503)
        self.assertEqual(self.ask('--header', 'If-None-Match: x', self.server.plain + '/etag/x').status, 304)
        self.assertEqual(self.ask('--method', 'POST', self.server.plain + '/get').status, 405)


if __name__ == '__main__':
    main()
