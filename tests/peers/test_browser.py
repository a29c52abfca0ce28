#!/usr/bin/env python3
"""What Chromium makes of our server: test_browser.py SERVER [TEST...]."""
import os
import pathlib
import signal
import subprocess

from server import ClientTest, main, program

CHROMIUM = program('chromium')
PAGE = pathlib.Path(__file__).with_name('page.html')
CHECKS = ['version', 'fetches', 'streams_and_decompresses', 'conditions', 'sends', 'form', 'cookies', 'events', 'websocket', 'goes']


class BrowserTest(ClientTest):
    def look(self, url):
        """What a page says of the server, from there."""
        home = self.server.path('home')
        command = [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server',
                   '--ignore-certificate-errors', '--user-data-dir=' + home, url + '/files/page.html']
        with open(self.server.path('log'), 'wb') as log, subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, 'HOME': self.server.place},
                start_new_session=True) as browser:
            try:
                return self.server.ask('/report').decode()
            except OSError as error:
                with open(log.name, encoding='utf-8', errors='replace') as said:
                    return 'no report: %s\n%s' % (error, said.read())
            finally:
                os.killpg(browser.pid, signal.SIGKILL)

    def test_page(self):
        self.server.write('files/page.html', PAGE.read_bytes())
        for url in self.server.plain, self.server.tls:
            with self.subTest(url=url):
                self.assertEqual(self.look(url), ''.join(check + ': ok\n' for check in CHECKS))


if __name__ == '__main__':
    main()
