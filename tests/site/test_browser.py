#!/usr/bin/env python3
"""The example site, as people see it: test_browser.py SITE sqlite|postgres [TEST...]. Skipped without chromium and chromedriver."""

import functools
import http.server
import os
import threading

from running import Site, SiteTest, main, png  # it lets the next one be found
from webdriver import Driver

PHONE = {'width': 390, 'height': 844, 'deviceScaleFactor': 1, 'mobile': True}

# A page of another origin that does all that it should not be able to, with the visitor's cookies; that its port is another one
# is all that tells it from the site.
EVIL = '''<!doctype html><title>waiting</title>
<form id="note" method="post" action="%(site)s/notes" target="frame"><input name="text" value="evil"><input name="token" value=""></form>
<form id="login" method="post" action="%(site)s/login" target="frame"><input name="name" value="Eve"></form>
<iframe name="frame"></iframe>
<script>
const frame = document.querySelector('iframe');
const done = (form) => new Promise((go) => { frame.onload = go; document.getElementById(form).submit(); });
const post = (path, type) => fetch('%(site)s' + path, {method: 'POST', credentials: 'include', mode: 'no-cors',
                                                       headers: {'Content-Type': type}, body: 'text=evil'});
const socket = () => new Promise((go) => {
  const made = new WebSocket('%(site)s'.replace('http', 'ws') + '/chat/socket');
  made.onopen = () => go('open');
  made.onclose = () => go('refused');
});
(async () => {
  await done('note');
  await done('login');
  await post('/notes', 'application/x-www-form-urlencoded');
  await post('/api/notes', 'text/plain');
  document.title = await socket();
})();
</script>'''


class Evil(http.server.BaseHTTPRequestHandler):
    """Another site."""

    def __init__(self, page, *arguments):
        self.page = page
        super().__init__(*arguments)

    def do_GET(self):  # pylint: disable=invalid-name
        """The page, for whatever is asked for."""
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.end_headers()
        self.wfile.write(self.page.encode())

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Nothing."""


class BrowserTest(SiteTest):
    """Each browser is somebody with cookies of his own."""

    driver = None

    @classmethod
    def setUpClass(cls):
        cls.driver = Driver()
        cls.addClassCleanup(cls.driver.stop)

    def person(self, name=None, site=None):
        browser = self.driver.browser()
        self.addCleanup(browser.close)
        if name:
            browser.open((site or self.site).url + '/login')
            browser.type('#name', name)
            browser.click('main button')
            browser.wait('document.querySelector(".name")?.textContent === arguments[0]', name)
        return browser

    def restart(self):
        self.site.stop()
        self.site.start()


class Chat(BrowserTest):
    def enter(self, browser, site=None):
        browser.open((site or self.site).url + '/chat')
        browser.wait('!document.getElementById("words").disabled')

    def say(self, browser, text):
        browser.type('#words', text)
        browser.click('#say button')

    def converse(self, site):
        ada, eve = self.person('Ada', site), self.person('Eve', site)
        self.enter(ada, site)
        self.enter(eve, site)
        ada.wait('document.querySelectorAll("#people li").length === 2')
        self.assertEqual(ada.texts('#people li'), ['Ada', 'Eve'])
        text = 'hello, <b>Eve</b> <img src=x onerror="document.title=1">'
        self.say(ada, text)
        for browser in ada, eve:
            browser.wait('document.querySelector("#lines li")')
            self.assertEqual(browser.texts('#lines li'), ['Ada' + text])
            self.assertEqual(browser.texts('#lines b'), [])
            self.assertEqual(browser.complaints(), [])
        return ada, eve

    def test_a_message_crosses(self):
        ada, eve = self.converse(self.site)
        ada.open(self.site.url + '/')
        eve.wait('document.querySelectorAll("#people li").length === 1')
        self.restart()
        eve.wait('document.getElementById("state").textContent === "Connected."')
        self.say(eve, 'back again')
        eve.wait('document.querySelector("#lines li")?.textContent.includes("back again")')

    def test_a_message_crosses_by_http2(self):
        site = Site(arguments=['--tls'])
        self.addCleanup(site.remove)
        ada, _ = self.converse(site)
        self.assertEqual(ada.run('return performance.getEntriesByType("navigation")[0].nextHopProtocol'), 'h2')


class Pictures(BrowserTest):
    def picture(self, name, data):
        path = os.path.join(self.site.place, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def bring(self, browser, path):
        browser.open(self.site.url + '/pictures')
        browser.type('#picture', path)
        browser.run('''new MutationObserver(() => {
            const bar = document.querySelector('progress');
            sessionStorage.seen = (sessionStorage.seen || '') + (bar.hidden ? 0 : bar.value) + ' ';
        }).observe(document.querySelector('progress'), {attributes: true});''')
        browser.click('#upload button')

    def test_one_arrives_and_is_seen_to_come(self):
        ada = self.person('Ada')
        ada.devtools('Network.enable')
        ada.devtools('Network.emulateNetworkConditions', offline=False, latency=0, downloadThroughput=-1, uploadThroughput=2 << 20)
        self.bring(ada, self.picture('Still water.png', png(40, 30, waste=1 << 20)))
        ada.wait('document.querySelector("figure img")?.naturalWidth === 40')
        self.assertEqual(ada.texts('figcaption'), ['Still water'])
        seen = [float(value) for value in ada.run('return sessionStorage.seen').split()]
        self.assertEqual(seen, sorted(seen))
        self.assertTrue([value for value in seen if 0 < value < 1], seen)
        self.assertEqual(ada.complaints(), [])

    def test_what_is_refused_is_said(self):
        ada = self.person('Ada')
        self.bring(ada, self.picture('a.png', b'<svg xmlns="http://www.w3.org/2000/svg"/>'))
        ada.wait('document.querySelector("#upload .fault").textContent.includes("this is none of them")')
        self.bring(ada, self.picture('b.png', png(waste=9 << 20)))
        ada.wait('document.querySelector("#upload .fault").textContent === "A picture may have 8 MiB at most."')
        ada.run('document.getElementById("upload").dataset.most = 1e9')
        ada.click('#upload button')  # now the server says it
        ada.wait('!document.querySelector("#upload button").disabled')
        self.assertEqual(ada.texts('#upload .fault'), ['A picture may have 8 MiB at most.'])
        self.assertEqual(self.site.pictures(), [])


class Pages(BrowserTest):
    def test_a_note_outlives_the_site(self):
        ada = self.person('Ada')
        ada.open(self.site.url + '/notes')
        ada.type('#text', '<script>document.title="evil"</script><img src=x onerror="document.title=1">')
        ada.click('main button')
        ada.wait('document.querySelector("article")')
        self.restart()
        ada.open(self.site.url + '/notes')
        self.assertEqual(ada.texts('article .text'), ['<script>document.title="evil"</script><img src=x onerror="document.title=1">'])
        self.assertEqual(ada.texts('.name'), ['Ada'])
        self.assertEqual(ada.run('return document.title'), 'Notes – Millpond')
        self.assertEqual(ada.run('return document.cookie'), '')  # no script reads it
        self.assertEqual(ada.complaints(), [])
        ada.click('header button')
        ada.wait('document.querySelector("header .button")')

    def test_the_live_page_moves(self):
        browser = self.person()
        browser.open(self.site.url + '/live')
        browser.wait('document.getElementById("state").textContent.startsWith("Moving")')
        first = browser.texts('#seconds')[0]
        browser.wait('document.getElementById("seconds").textContent > arguments[0]', first)
        self.assertIn('GET /live/events', browser.texts('#tasks td:first-child'))
        self.assertIn('running', browser.texts('#tasks td:nth-child(2)'))
        self.site.stop()
        browser.wait('document.getElementById("state").textContent.startsWith("The server has gone.")')
        self.site.start()
        browser.wait('document.getElementById("state").textContent.startsWith("Moving")')
        self.assertEqual(browser.complaints(), [])

    def test_another_site_can_do_nothing(self):
        ada = self.person('Ada')
        with http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Evil, EVIL % {'site': self.site.url})) as evil:
            threading.Thread(target=evil.serve_forever).start()
            ada.open('http://localhost:%d/' % evil.server_address[1])
            ada.wait('document.title !== "waiting"')
            self.assertEqual(ada.run('return document.title'), 'refused')
            evil.shutdown()
        ada.open(self.site.url + '/notes')
        self.assertEqual(ada.texts('.name'), ['Ada'])
        self.assertEqual(ada.texts('article'), [])

    def test_a_phone_scrolls_in_one_direction(self):
        ada = self.person('Ada' * 10)
        ada.open(self.site.url + '/notes')
        ada.type('#text', 'W' * 300)
        ada.click('main button')
        ada.wait('document.querySelector("article")')
        ada.devtools('Emulation.setDeviceMetricsOverride', **PHONE)
        for path in '/', '/notes', '/pictures', '/chat', '/live', '/login', '/nothing':
            with self.subTest(path=path):
                ada.open(self.site.url + path)
                self.assertLessEqual(ada.run('return document.documentElement.scrollWidth'), 390)
                self.assertEqual(ada.complaints(), [])


if __name__ == '__main__':
    main()
