#!/usr/bin/env python3
"""The example site, as programs see it: test_site.py SITE sqlite|postgres [TEST...]."""

import hashlib
import hmac
import os
import re
import signal
import sqlite3
import subprocess
import time

from running import KEY, Site, SiteTest, Visitor, main, png, wait
from servers import PATIENCE, postgres_server

PAGES = ['/', '/login', '/notes', '/pictures', '/chat', '/live']


def sign(text):
    return hmac.new(KEY, b'cookie:' + text.encode(), hashlib.sha256).hexdigest()


def cookie(name, expires):
    text = '%x.%s.%s' % (expires, '00' * 16, name.encode().hex())
    return 'session=%s.%s' % (text, sign(text))


class Pages(SiteTest):
    def test_there_are_pages_of_our_own_making_alone(self):
        for path in [*PAGES, '/static/style.css', '/static/chat.js', '/static/live.js', '/static/pictures.js']:
            with self.subTest(path=path):
                answer = Visitor(self.site, 'Ada').get(path)
                self.assertEqual(answer.status, 200)
                self.assertEqual(re.findall(r'(?:src|href|url)[=(]"?(?:https?:)?//', answer.text), [])
                self.assertNotIn('{{', answer.text)
                self.assertEqual(answer.headers['X-Content-Type-Options'], 'nosniff')
                self.assertIn("default-src 'self'", answer.headers['Content-Security-Policy'])
                if not path.startswith('/static/'):
                    self.assertEqual(answer.headers['Cache-Control'], 'no-store')

    def test_what_is_not_there(self):
        visitor = Visitor(self.site)
        page = visitor.get('/nothing')
        self.assertEqual(page.status, 404)
        self.assertIn('There is no such page.', page.text)
        self.assertIn('text/html', page.headers['Content-Type'])
        self.assertEqual(visitor.get('/api/nothing').json(), {'error': 'There is no such page.'})
        self.assertEqual(visitor.ask('DELETE', '/notes').status, 405)
        for path in '/static/../site.c', '/static/%2e%2e/site.c', '/uploads/../key', '/uploads/..%2fkey', '/static/', '/uploads/':
            self.assertIn(visitor.get(path).status, (400, 404), path)
        self.assertEqual(visitor.ask('HEAD', '/notes').body, b'')

    def test_a_failure_tells_its_visitor_nothing(self):
        self.drop_table()
        page = Visitor(self.site).get('/notes')
        self.assertEqual(page.status, 500)
        self.assertIn('Something went wrong here.', page.text)
        self.assertNotRegex(page.text, r'(?i)sql|table|relation')
        self.assertIn('GET /notes', self.site.errors())
        self.assertEqual(Visitor(self.site).get('/').status, 200)

    def drop_table(self):
        if self.store == 'postgres':
            server = postgres_server()
            subprocess.run([server.programs / 'psql', '-q', '-c', 'DROP TABLE note', self.database], check=True)
        else:
            with sqlite3.connect(os.path.join(self.site.data, 'site.db')) as file:
                file.execute('DROP TABLE note')


class Sessions(SiteTest):
    def test_flags(self):
        flags = Visitor(self.site).get('/').headers['Set-Cookie']
        for flag in 'Path=/', 'HttpOnly', 'SameSite=Lax', 'Max-Age=604800':
            self.assertIn(flag, flags.split('; '))
        self.assertNotIn('Secure', flags)

    def test_flags_by_tls(self):
        site = Site(arguments=['--tls'])
        self.addCleanup(site.remove)
        ada = Visitor(site, 'Ada')
        self.assertTrue(ada.cookie.startswith('__Host-session='))
        self.assertIn('Secure', Visitor(site).get('/').headers['Set-Cookie'].split('; '))
        self.assertEqual(ada.name(), 'Ada')

    def test_signing_in_begins_a_new_session(self):
        visitor = Visitor(self.site)
        visitor.get('/')
        cookie_before, token_before = visitor.cookie, visitor.token()
        visitor.post('/login', name='Ada')
        self.assertEqual(visitor.name(), 'Ada')
        self.assertNotEqual(visitor.cookie, cookie_before)
        self.assertEqual(visitor.post('/notes', token=token_before, text='no').status, 403)
        foisted = Visitor(self.site)
        foisted.cookie = cookie_before
        self.assertEqual(foisted.name(), '')

    def test_signing_out(self):
        visitor = Visitor(self.site, 'Ada')
        self.assertEqual(visitor.post('/logout').status, 303)
        self.assertEqual(visitor.name(), '')

    def test_a_cookie_that_is_forged_is_none(self):
        true = Visitor(self.site, 'Ada').cookie
        text, signature = true[len('session='):].rsplit('.', 1)
        name = 'Eve'.encode().hex()
        for forged in [true[:-1] + ('0' if true[-1] != '0' else '1'), 'session=%s.' % text, 'session=' + text, 'session=',
                       'session=....', 'session=%s.%s' % (text.replace('416461', name), signature),
                       'session=%s.%s' % (text.rsplit('.', 1)[0] + '.', signature), 'session=' + 'a' * 5000,
                       'session=' + 'é', 'session=%s.%s' % (text, hmac.new(KEY, ('token:' + text).encode(), 'sha256').hexdigest()),
                       cookie('Ada', int(time.time()) - 1), cookie('x' * 33, int(time.time()) + 60)]:
            with self.subTest(forged=forged[:80]):
                visitor = Visitor(self.site)
                answer = visitor.get('/api/session', {'Cookie': forged})
                self.assertEqual(answer.json()['name'], '')
                self.assertEqual(visitor.ask('POST', '/notes', 'text=x&token=' + answer.json()['token'], {
                    'Cookie': forged, 'Content-Type': 'application/x-www-form-urlencoded'}).status, 403)
        self.assertEqual(Visitor(self.site).notes(), [])

    def test_who_has_the_key_makes_sessions(self):
        answer = Visitor(self.site).get('/api/session', {'Cookie': cookie('Ada', int(time.time()) + 60)})
        self.assertEqual(answer.json()['name'], 'Ada')

    def test_names(self):
        visitor = Visitor(self.site)
        for name in '', '   ', 'x' * 33, 'a\nb', 'a\x00b', '\udcff\udcfe', '\udced\udca0\udc80':
            with self.subTest(name=name):
                answer = visitor.post('/login', name=name)
                if name == 'a\x00b':  # a string ends there
                    self.assertEqual(answer.status, 303)
                    visitor.post('/logout')
                elif name != 'a\nb':
                    self.assertEqual(answer.status, 422)
                    self.assertIn('A name of up to 32 bytes, please.', answer.text)
        answer = visitor.post('/login', name=' <b>Ädä</b> ')
        self.assertEqual(visitor.name(), '<b>Ädä</b>')
        self.assertIn('&lt;b&gt;Ädä&lt;/b&gt;', visitor.get('/').text)


class CrossSite(SiteTest):
    def test_what_other_sites_cause_is_refused(self):
        ada = Visitor(self.site, 'Ada')
        for headers in ({'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'}, {'Origin': 'http://evil.example'},
                        {'Origin': 'null'}, {'Origin': 'http://localhost:1'},
                        {'Origin': 'http://127.0.0.1:%d.evil.example' % self.site.port}):
            with self.subTest(headers=headers):
                self.assertEqual(ada.post('/notes', headers, text='evil').status, 403)
                self.assertEqual(ada.post('/login', headers, name='Eve').status, 403)
                self.assertEqual(ada.post_json('/api/notes', {'text': 'evil'}, headers).status, 403)
                self.assertEqual(ada.upload(png(), headers=headers).status, 403)
        self.assertEqual(ada.notes(), [])
        self.assertEqual(self.site.pictures(), [])
        self.assertEqual(ada.name(), 'Ada')
        for headers in {'Sec-Fetch-Site': 'same-origin'}, {'Origin': 'http://127.0.0.1:%d' % self.site.port}, {}:
            self.assertEqual(ada.post('/notes', headers, text='good').status, 303)

    def test_without_its_token_a_form_is_refused(self):
        ada, eve = Visitor(self.site, 'Ada'), Visitor(self.site, 'Eve')
        for token in '', 'x', eve.token(), ada.token()[:-1]:
            self.assertEqual(ada.post('/notes', token=token, text='evil').status, 403)
            self.assertEqual(ada.post('/logout', token=token).status, 403)
            self.assertEqual(ada.post_json('/api/notes', {'text': 'evil'}, {'X-Token': token}).status, 403)
            self.assertEqual(ada.upload(png(), token=token or 'x').status, 403)
        self.assertEqual(Visitor(self.site).post('/login', token='x', name='Eve').status, 403)
        self.assertEqual((ada.notes(), self.site.pictures()), ([], []))


class Notes(SiteTest):
    def test_they_are_kept(self):
        ada = Visitor(self.site, 'Ada')
        self.assertEqual(ada.post('/notes', text=' first\r\nnote ').status, 303)
        self.assertEqual(ada.post_json('/api/notes', {'text': 'second'}).status, 201)
        self.site.stop()
        self.site.start()
        self.assertEqual(ada.name(), 'Ada')
        self.assertEqual(ada.notes(), ['second', 'first\r\nnote'])
        self.assertEqual(ada.get('/api/notes').json()[0]['author'], 'Ada')
        self.assertAlmostEqual(ada.get('/api/notes').json()[0]['when'], time.time(), delta=3 * PATIENCE)
        self.assertIn({'postgres': 'PostgreSQL', 'sqlite': 'SQLite'}[self.store], ada.get('/').text)

    def test_they_are_text_and_nothing_else(self):
        ada = Visitor(self.site, 'Ada')
        for text in '<script>alert(1)</script>', "'); DROP TABLE note; --", '{{token}} {{{token}}}', '"><img src=x onerror=y>', '$1 %s ?':
            self.assertEqual(ada.post('/notes', text=text).status, 303)
            self.assertEqual(ada.notes()[0], text)
        page = ada.get('/notes').text
        self.assertNotIn('<script>', page)
        self.assertNotIn('<img src=x', page)
        self.assertIn('&lt;script&gt;alert(1)&lt;/script&gt;', page)
        self.assertIn('{{token}} {{{token}}}', page)

    def test_what_is_wrong_is_said(self):
        ada = Visitor(self.site, 'Ada')
        for text, fault in {'': 'There is nothing in it.', ' \r\n': 'There is nothing in it.', 'x' * 1001: 'It is too long.',
                            'ä' * 501: 'It is too long.', 'x' * 1000 + ' y': 'It is too long.', 'a\x07b': 'It has control characters in it.',
                            'a\udcffb': 'It is not UTF-8.', '\udce0\udc80\udc80': 'It is not UTF-8.'}.items():
            with self.subTest(text=text[:20]):
                answer = ada.post('/notes', text=text)
                self.assertEqual(answer.status, 422)
                self.assertIn(fault, answer.text)
        self.assertIn('>a &lt; b', ada.post('/notes', text='a < b ' + 'c' * 1000).text)  # what was typed is there still
        self.assertEqual(ada.post('/notes', text='x' * 1000 + '  ').status, 303)
        self.assertEqual(Visitor(self.site).post('/notes', text='x').status, 403)
        self.assertEqual(ada.ask('POST', '/notes', 'x', {'Content-Type': 'text/plain'}).status, 415)
        self.assertEqual(ada.post('/notes', text='x' * 2000000).status, 413)

    def test_json(self):
        ada = Visitor(self.site, 'Ada')
        for body, status in {b'{': 400, b'[]': 422, b'{"text": 1}': 422, b'{"text": ""}': 422, b'{"text": "a\\u0000b"}': 400,
                             b'{"text": "' + b'x' * 70000 + b'"}': 413}.items():
            with self.subTest(body=body[:20]):
                answer = ada.post_json('/api/notes', body)
                self.assertEqual(answer.status, status)
                self.assertEqual(list(answer.json()), ['error'])
        self.assertEqual(Visitor(self.site).post_json('/api/notes', {'text': 'x'}).status, 403)


class Pictures(SiteTest):
    def test_they_are_shown(self):
        ada = Visitor(self.site, 'Ada')
        self.assertEqual(ada.upload(png(), 'My cat (1).PNG').status, 303)
        name, = self.site.pictures()
        self.assertRegex(name, r'^[0-9a-f]{10}-[0-9a-f]{8}-My-cat-1\.png$')
        page = ada.get('/pictures').text
        self.assertIn('<img src="/uploads/%s"' % name, page)
        self.assertIn('<figcaption>My cat 1</figcaption>', page)
        picture = ada.get('/uploads/' + name)
        self.assertEqual(picture.body, png())
        self.assertEqual(picture.headers['Content-Type'], 'image/png')
        self.assertEqual(picture.headers['X-Content-Type-Options'], 'nosniff')

    def test_their_names_are_harmless(self):
        ada = Visitor(self.site, 'Ada')
        for filename in ['../../key', '..', '.htaccess', '/etc/passwd', 'C:\\\\autoexec.bat', 'x' * 400 + '.png', '', 'a.html',
                         '%2e%2e%2fkey', 'ключ.png', 'a\tb.png', '-rf', "'><script>.png"]:
            with self.subTest(filename=filename[:30]):
                self.assertEqual(ada.upload(png(), filename).status, 303)
        for name in self.site.pictures():
            self.assertRegex(name, r'^[0-9a-f]{10}-[0-9a-f]{8}-[A-Za-z0-9-]{1,32}\.png$')
        self.assertEqual(len(self.site.pictures()), 13)
        self.assertEqual(sorted(os.listdir(self.site.data)), ['pictures'] + ['site.db'] * (self.store == 'sqlite'))
        self.assertNotIn('<script>.', ada.get('/pictures').text)

    def test_what_is_no_picture_is_refused(self):
        ada = Visitor(self.site, 'Ada')
        svg = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
        for data, status in {svg: 415, b'<!doctype html><script>alert(1)</script>': 415, b'': 422, b'\x89PNG': 422}.items():
            answer = ada.upload(data, 'a.png')
            self.assertEqual(answer.status, status)
            self.assertEqual(list(answer.json()), ['error'])
        self.assertEqual(ada.ask('POST', '/pictures', 'x', {'Content-Type': 'text/plain'}).status, 415)
        self.assertEqual(ada.ask('POST', '/pictures', 'x', {'Content-Type': 'multipart/form-data; boundary=b'}).status, 400)
        self.assertEqual(Visitor(self.site).upload(png()).status, 403)
        self.assertEqual(self.site.pictures(), [])

    def test_one_that_is_too_large_leaves_nothing(self):
        ada = Visitor(self.site, 'Ada')
        answer = ada.upload(png(waste=9 << 20))
        self.assertEqual(answer.status, 413)
        self.assertEqual(answer.json(), {'error': 'A picture may have 8 MiB at most.'})
        self.assertEqual(self.site.pictures(), [])
        self.assertEqual(ada.upload(png(waste=7 << 20)).status, 303)

    def begin(self, visitor, size):
        """A connection that has sent no more of a picture than that, of which some is on the disk."""
        kind, body = visitor.form(png(waste=1 << 20))
        connection = self.site.connect()
        self.addCleanup(connection.close)
        connection.sendall(('POST /pictures HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\nCookie: %s\r\n\r\n'
                            % (kind, len(body), visitor.cookie)).encode() + body[:size])
        wait(lambda: any(name.startswith('.') for name in self.site.pictures()), 'a picture on its way')
        return connection, body[size:]

    def test_one_that_breaks_off_leaves_nothing(self):
        ada = Visitor(self.site, 'Ada')
        connection, _ = self.begin(ada, 500000)
        name, = self.site.pictures()
        self.assertTrue(name.startswith('.'))
        self.assertEqual(ada.get('/uploads/' + name).status, 404)
        self.assertNotIn(name, ada.get('/pictures').text)
        connection.close()
        wait(lambda: not self.site.pictures(), 'nothing is left')

    def test_one_under_way_has_its_time_when_the_site_ends(self):
        connection, rest = self.begin(Visitor(self.site, 'Ada'), 500000)
        self.site.signal(signal.SIGTERM)
        connection.sendall(rest)
        self.assertIn(b' 303 ', connection.recv(100))
        self.assertEqual(self.site.wait(), 0)
        self.assertRegex(self.site.pictures()[0], r'\.png$')

    def test_a_second_signal_waits_for_none(self):
        self.begin(Visitor(self.site, 'Ada'), 500000)
        self.site.signal()
        wait(self.is_deaf, 'it accepts no more')
        self.site.signal()
        self.assertEqual(self.site.wait(), 0)
        self.assertEqual(self.site.pictures(), [])

    def is_deaf(self):
        try:
            self.site.connect().close()
            return False
        except OSError:
            return True

    def test_what_a_crash_has_left_is_tidied(self):
        self.begin(Visitor(self.site, 'Ada'), 500000)
        self.site.signal(signal.SIGKILL)
        self.site.wait()
        self.assertEqual(len(self.site.pictures()), 1)
        self.site.start()
        self.assertEqual(self.site.pictures(), [])

    def test_the_gallery_has_an_end(self):
        for number in range(200):
            with open(os.path.join(self.site.data, 'pictures', '%010x-00000000-a.png' % number), 'wb') as file:
                file.write(png())
        ada = Visitor(self.site, 'Ada')
        self.assertEqual(ada.upload(png()).status, 507)
        self.assertEqual(ada.get('/pictures').text.count('<figure>'), 200)

    def test_the_last_place_is_for_one(self):
        for number in range(199):
            with open(os.path.join(self.site.data, 'pictures', '%010x-00000000-a.png' % number), 'wb') as file:
                file.write(png())
        ada, eve = Visitor(self.site, 'Ada'), Visitor(self.site, 'Eve')
        connection, _ = self.begin(ada, 500000)
        self.assertEqual(eve.upload(png()).status, 507)
        connection.close()
        wait(lambda: len(self.site.pictures()) == 199, 'what broke off leaves its place')
        connection, rest = self.begin(ada, 500000)
        connection.sendall(rest)
        self.assertIn(b' 303 ', connection.recv(100))
        self.assertEqual(len(self.site.pictures()), 200)


class Chat(SiteTest):
    def test_a_message_crosses(self):
        ada, eve = (self.chatter(Visitor(self.site, name)) for name in ('Ada', 'Eve'))
        self.assertEqual(eve.message('people'), {'people': ['Ada', 'Eve']})
        ada.say(' hello\n')
        for chatter in ada, eve:
            self.assertEqual(chatter.message(), {'name': 'Ada', 'text': 'hello'})
        ada.close()
        self.assertEqual(eve.message('people'), {'people': ['Eve']})
        late = self.chatter(Visitor(self.site, 'Zoe'))
        self.assertEqual(late.message(), {'name': 'Ada', 'text': 'hello'})

    def test_what_is_no_message_is_none(self):
        ada = self.chatter(Visitor(self.site, 'Ada'))
        for text in '', '  ', 'x' * 501, 'a\x00b\x07', '\x07':
            ada.say(text)
        ada.say('<b>"\\</b>')
        texts = [ada.message()['text']]
        if texts == ['a']:  # a string ends at its NUL
            texts.append(ada.message()['text'])
        self.assertEqual(texts[-1], '<b>"\\</b>')

    def test_long_messages_in_any_letters(self):
        ada = self.chatter(Visitor(self.site, 'Ada'))
        ada.say('\u0416' * 500)
        self.assertEqual(ada.message()['text'], '\u0416' * 500)

    def test_who_may_not_come_in(self):
        ada = Visitor(self.site, 'Ada')
        self.assertEqual(self.chatter(ada, origin='http://evil.example').status, 403)
        self.assertEqual(self.chatter(ada, origin='null').status, 403)
        self.assertEqual(self.chatter(Visitor(self.site)).status, 403)
        self.assertEqual(self.chatter(ada).status, 101)
        self.assertEqual(ada.get('/chat/socket').status, 426)

    def test_who_does_not_listen_is_dropped_and_holds_up_nobody(self):
        slow = self.chatter(Visitor(self.site, 'Slow'), buffer=4096)
        talkers = [self.chatter(Visitor(self.site, 'Talker %d' % n)) for n in range(10)]
        others = set('Talker %d' % n for n in range(10))
        present = None
        rounds = 0
        while present != others:  # some megabytes, until the system takes no more for him
            rounds += 1
            self.assertLess(rounds, 1500, 'he is kept, and a ping would find him out long after')
            for talker in talkers:
                talker.say('"' * 490)
            for talker in talkers:
                for _ in talkers:
                    message = talker.message('')
                    while 'people' in message:
                        present = set(message['people'])
                        message = talker.message('')
                    self.assertEqual(message['text'], '"' * 490)
        try:
            while slow.frame()[0] not in (None, 8):  # what had been sent, and then no goodbye
                pass
        except OSError:
            pass

    def test_everybody_hears_goodbye(self):
        chatters = [self.chatter(Visitor(self.site, name)) for name in ('Ada', 'Eve')]
        chatters[1].message('people')
        began = time.monotonic()
        self.site.signal(signal.SIGTERM)
        for chatter in chatters:
            kind = 0
            while kind != 8:
                kind, data = chatter.frame()
            self.assertEqual(data, b'\x03\xe9The site goes down.')
            chatter.connection.sendall(b'\x88\x82' + bytes(4) + data[:2])
            self.assertEqual(chatter.frame()[0], None)
        self.assertEqual(self.site.wait(), 0)
        self.assertLess(time.monotonic() - began, 4)  # nobody waited for the bound, which is 5 s

    def test_who_says_no_goodbye_does_not_keep_it(self):
        self.chatter(Visitor(self.site, 'Ada')).message('people')
        self.site.signal()
        self.assertEqual(self.site.wait(), 0)


class Live(SiteTest):
    def open(self):
        connection = self.site.connect()
        self.addCleanup(connection.close)
        connection.sendall(b'GET /live/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
        file = connection.makefile('rb')
        self.addCleanup(file.close)
        head = b''.join(iter(file.readline, b'\r\n'))
        return connection, file, head

    def test_it_moves(self):
        _, file, head = self.open()
        self.assertIn(b'Content-Type: text/event-stream', head)
        self.assertIn(b'X-Accel-Buffering: no', head)
        events = [self.event(file) for _ in range(3)]
        for event in events:
            self.assertIn(b'"name":"GET /live/events","state":"running"', event)
            self.assertIn(b'"name":"main","state":"waiting"', event)

    @staticmethod
    def event(file):
        for line in iter(file.readline, b''):
            if line.startswith(b'data: '):
                return line
        raise AssertionError('the events have ended')

    def test_it_ends_with_its_visitor(self):
        _, file, _ = self.open()
        connection, other, _ = self.open()
        self.event(other)
        wait(lambda: self.event(file).count(b'GET /live/events') == 2, 'two of them')
        other.close()
        connection.close()
        wait(lambda: self.event(file).count(b'GET /live/events') == 1, 'one of them')

    def test_it_ends_with_the_site(self):
        _, file, _ = self.open()
        self.event(file)
        began = time.monotonic()
        self.site.signal()
        self.assertTrue(file.read().endswith(b'\r\n0\r\n\r\n'))
        self.assertEqual(self.site.wait(), 0)
        self.assertLess(time.monotonic() - began, 4)


class Start(SiteTest):
    def run_site(self, *arguments, **environment):
        done = subprocess.run([Site.executable, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False,
                              env={**os.environ, **environment})
        return done.returncode, done.stderr

    def test_options(self):
        for arguments in ['--port', 'x'], ['--port', '65536'], ['--port', ''], ['--nothing'], ['more']:
            code, said = self.run_site(*arguments)
            self.assertEqual(code, 2)
            self.assertIn('usage: site', said)

    def test_what_is_wrong_is_said(self):
        place = self.site.place
        data = os.path.join(place, 'other')
        for arguments, environment, said in [
                (['--database', place], {}, 'site: %s cannot be opened: SQLite: ' % place),
                (['--database', 'host=/nowhere'], {}, '/nowhere'),
                (['--files', place], {}, 'site: %s/templates: ' % place),
                (['--data', place + '/no/such'], {}, 'site: %s/no/such: ' % place),
                ([], {'SITE_KEY': 'abc'}, 'site: SITE_KEY has to have 64 hexadecimal digits'),
                (['--port', str(self.site.port)], {}, 'cannot listen on')]:
            with self.subTest(said=said):
                code, heard = self.run_site('--port', '0', '--data', data, *arguments, **environment)
                self.assertEqual(code, 1)
                self.assertIn(said, heard)

    def test_the_key_is_made_once_and_for_its_owner(self):
        data = os.path.join(self.site.place, 'other')
        keys = set()
        for _ in range(2):
            with subprocess.Popen([Site.executable, '--port', '0', '--data', data], stdout=subprocess.PIPE) as process:
                process.stdout.readline()
                process.send_signal(signal.SIGINT)
            self.assertEqual(process.returncode, 0)
            with open(os.path.join(data, 'key'), 'rb') as file:
                keys.add(file.read())
        self.assertEqual(os.stat(os.path.join(data, 'key')).st_mode & 0o777, 0o600)
        self.assertEqual([len(key) for key in keys], [32])
        with open(os.path.join(data, 'key'), 'wb') as file:
            file.write(b'short')
        code, said = self.run_site('--port', '0', '--data', data)
        self.assertEqual((code, said), (1, 'site: %s/key is no key of 32 bytes\n' % data))


if __name__ == '__main__':
    main()
