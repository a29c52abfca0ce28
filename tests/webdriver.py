"""Chromium without a screen, for tests that look at pages as people do: WebDriver, spoken by urllib. Where chromedriver or Chromium
is not installed the test is skipped."""

import base64
import collections
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from servers import PATIENCE, skip

ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'  # how WebDriver calls a reference to one
ARGUMENTS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server',
             '--ignore-certificate-errors', '--no-first-run', '--disable-component-update', '--disable-background-networking']
SCRIPT_PATIENCE = 3000  # milliseconds; no script of ours waits, but on a busy machine Chromium loses one now and then


def until(ask):
    """What it gives at last, or None: WebDriver cannot be told to call back."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := ask():
            return value
        time.sleep(0.02)
    return None


class Driver:
    """chromedriver, as long as the tests run."""

    def __init__(self):
        program = shutil.which('chromedriver') or skip('no chromedriver')
        self.chromium = shutil.which('chromium') or skip('no chromium')
        self.folder = tempfile.mkdtemp(prefix='eddy-browser-')
        # It wants one port of both versions of IP, takes the one that is free of one, and ends where somebody has the other.
        self.port = next(filter(None, (self._start(program) for _ in range(5))), None)
        if not self.port:
            skip('chromedriver does not start')
        self.url = 'http://127.0.0.1:' + self.port
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def _start(self, program):
        """Its port, or None if it ends at once."""
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([program, '--port=0'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True, start_new_session=True,
                                        env={**os.environ, 'HOME': self.folder})
        for line in self.process.stdout:
            if found := re.search(r'successfully on port (\d+)', line):
                return found.group(1)
        self.process.communicate()
        return None

    def ask(self, method, path, body=None):
        """What it answers. Its errors are told in its own words."""
        request = urllib.request.Request(self.url + path, method=method, headers={'Content-Type': 'application/json'},
                                         data=None if method != 'POST' else json.dumps(body or {}).encode())
        try:
            with self.opener.open(request, timeout=2 * PATIENCE) as answer:
                return json.load(answer)['value']
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)['value']['message']) from None

    def browser(self, *arguments, **preferences):
        """A new one, of nobody it has seen before."""
        return Browser(self, arguments, preferences)

    def stop(self):
        self.process.terminate()
        self.process.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


class Browser:
    """A window, with cookies of its own."""

    def __init__(self, driver, arguments, preferences):
        self.driver = driver
        options = {'binary': driver.chromium, 'args': [*ARGUMENTS, *arguments], 'prefs': preferences}
        made = driver.ask('POST', '/session', {'capabilities': {'alwaysMatch': {
            'goog:chromeOptions': options, 'goog:loggingPrefs': {'browser': 'ALL'}, 'timeouts': {'script': SCRIPT_PATIENCE}}}})
        self.path = '/session/' + made['sessionId']

    def _post(self, path, **body):
        return self.driver.ask('POST', self.path + path, body)

    def close(self):
        self.driver.ask('DELETE', self.path)

    def open(self, url):
        self._post('/url', url=url)

    def run(self, script, *arguments):
        """What JavaScript returns."""
        return self._post('/execute/sync', script=script, args=arguments)

    def devtools(self, command, **parameters):
        return self._post('/goog/cdp/execute', cmd=command, params=parameters)

    def find(self, selector):
        return self._post('/element', using='css selector', value=selector)[ELEMENT]

    def type(self, selector, text):
        """Keys; to a field for files, their path."""
        self._post('/element/%s/value' % self.find(selector), text=text)

    def click(self, selector):
        self._post('/element/%s/click' % self.find(selector))

    def texts(self, selector):
        """What stands in all elements that there are of a kind."""
        return self.run('return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)', selector)

    def wait(self, script, *arguments):
        """Until JavaScript returns what is true, and what that is."""
        refusals = collections.Counter()

        def ask():
            try:
                return self.run('return ' + script, *arguments)
            except AssertionError as error:  # between two pages, or lost
                refusals[str(error).partition('\n')[0]] += 1
                return None
        return until(ask) or self._give_up(script, refusals)

    def _give_up(self, script, refusals):
        refused = ''.join('; %d times: %s' % (times, error) for error, times in refusals.items())
        raise AssertionError('in vain: %s%s; the page says %s' % (script, refused, self.run('return document.body.innerText')))

    def complaints(self):
        """What the console has had to say since the last time, but for answers of which that is no news, and that a test has typed before
        the page had chosen where to."""
        return [entry['message'] for entry in self._post('/se/log', type='browser')
                if not any(words in entry['message'] for words in ('Failed to load resource', 'Autofocus processing was blocked'))]

    def screenshot(self, file):
        with open(file, 'wb') as out:
            out.write(base64.b64decode(self.driver.ask('GET', self.path + '/screenshot')))
