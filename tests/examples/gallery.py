"""What happens to examples/jobs_gallery.c: workers of it are killed in the midst of their work, and every image arrives once."""

import collections
import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from servers import jobs_store  # pylint: disable=wrong-import-position

WRAPPER = os.environ.get('EDDY_EXE_WRAPPER', '').split()
PATIENCE = 25
IMAGES, WORKERS, KILLS = 200, 3, 3
BODIES = {'pics/%d.png' % i: b'%d ' % i * (i * 61 % 3000) for i in range(IMAGES)}


class Site(http.server.ThreadingHTTPServer):
    """A page of images. It comes to a stop in the midst of them, with answers half sent, until it is to go on."""

    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Answer)
        self.changed = threading.Condition()
        self.asked, self.answered, self.stop_at, self.held = collections.Counter(), 0, 0, []
        self.url = 'http://127.0.0.1:%d' % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def page(self):
        sources = ['/' + name if number % 3 else '%s/%s' % (self.url, name) if number % 2 else name for number, name in enumerate(BODIES)]
        sources += [sources[0], 'data:image/png;base64,AA==', 'http:///none.png', '///none.png', '//%s/twice.png?a=1&amp;b=2' % self.url.split('//')[1]]
        return '<html>' + ''.join('<p><IMG alt="x"\n src="%s"></p>' % source for source in sources)

    def go_on_until(self, number):
        """Until so many images have been sent."""
        with self.changed:
            self.stop_at, self.held = number, []
            self.changed.notify_all()

    def hold(self, name):
        """Called when half an image is sent."""
        with self.changed:
            while self.answered >= self.stop_at:
                self.held.append(name)
                self.changed.notify_all()
                self.changed.wait()
            self.answered += 1

    def one_that_is_held(self):
        with self.changed:
            assert self.changed.wait_for(lambda: self.held, PATIENCE), 'no more images are asked for'
            return self.held[0]

    def handle_error(self, request, client_address):
        """Whoever was killed has hung up."""


class Answer(http.server.BaseHTTPRequestHandler):
    """Of a site."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):  # pylint: disable=invalid-name
        name = self.path[1:]
        with self.server.changed:
            self.server.asked[name] += 1
        if name == '':
            self.send(200, self.server.page().encode())
        elif name == 'broken/page.html':
            self.send(200, b'<img src="gone.png"><img src="/pics/1.png">')
        elif name == 'pics/7.png' and self.server.asked[name] == 1:
            self.send(503, b'', ('Retry-After', '1'))
        elif name == 'twice.png?a=1&b=2':
            self.send(200, b'twice')
        elif name in BODIES:
            self.send(200, BODIES[name])
        else:
            self.send(404, b'')

    def send(self, status, body, *headers):
        self.send_response(status)
        for header in (('Content-Length', str(len(body))), *headers):
            self.send_header(*header)
        self.end_headers()
        half = len(body) // 2
        self.wfile.write(body[:half])
        if self.path.startswith('/pics/') and status == 200:
            self.server.hold(self.path[1:])
        self.wfile.write(body[half:])

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Said by nobody."""


class Crew:
    """Workers, and who has which image."""

    def __init__(self, program, store):
        self.command = [*WRAPPER, program, 'work', store]
        self.changed, self.holders, self.workers = threading.Condition(), {}, []

    def begin(self):
        # pylint: disable=consider-using-with
        worker = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.workers.append(worker)
        threading.Thread(target=self._listen, args=[worker], daemon=True).start()

    def _listen(self, worker):
        for line in worker.stdout:
            with self.changed:
                self.holders[re.sub(r'https?://[^/]*/|, attempt.*\n', '', line)] = worker
                self.changed.notify_all()

    def kill_who_has(self, name):
        with self.changed:
            assert self.changed.wait_for(lambda: self.holders.get(name) in self.workers, PATIENCE), 'nobody has ' + name
            worker = self.holders[name]
        self.workers.remove(worker)
        worker.kill()
        worker.wait()

    def end(self):
        for worker in self.workers:
            worker.terminate()
        return [worker.wait(timeout=PATIENCE) for worker in self.workers]

    def kill(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()


def ask(eddy, store, *arguments):
    said = subprocess.run([*WRAPPER, eddy, 'jobs', *arguments, '--json', '--store', store], stdout=subprocess.PIPE, check=True, timeout=PATIENCE)
    return [json.loads(line) for line in said.stdout.splitlines()]


def gallery(store, folder, program, eddy):
    """All that there is to see, without what differs from run to run. docs/jobs.md has it as [done] and [takeover]."""
    def fetch(page, name):
        # pylint: disable=consider-using-with
        return subprocess.Popen([*WRAPPER, program, 'fetch', site.url + page, os.path.join(folder, name), store],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(master):
        out, errors = master.communicate(timeout=PATIENCE)
        errors = re.sub(r'\d+ of \d+[\r\n]', '', errors)
        out = re.sub(r' began \S+', ' began WORKER', re.sub(r'\d{16} ', 'TIME ', out)).replace(site.url, 'SITE')
        return out + errors + '(exit status %d)\n' % master.returncode

    def copies(name):
        return {path.name.split('-', 1)[1]: path.read_bytes() for path in pathlib.Path(folder, name).iterdir()}

    site, crew = Site(), Crew(program, store)
    tail = '127.0.0.1-%d-' % site.server_port
    try:
        for _ in range(WORKERS):
            crew.begin()
        master = fetch('', 'album')
        for kill in range(1, KILLS + 1):
            site.go_on_until(kill * IMAGES // (KILLS + 1))
            crew.kill_who_has(site.one_that_is_held())
            crew.begin()
        seen = [master.stdout.readline()]
        master.kill()
        master.communicate()
        master = fetch('', 'album')
        site.go_on_until(10 * IMAGES)
        seen += ['%d workers killed, and the master:\n' % KILLS, end(master)]
        wanted = {name.replace('/', '-'): body for name, body in BODIES.items()} | {'twice.png-a-1-b-2': b'twice'}
        came = {name.split(tail)[1]: body for name, body in copies('album').items()}
        seen.append('the same images\n' if came == wanted else 'other images: %s\n' % sorted(came))
        jobs = ask(eddy, store, 'list', '-n', '1000')
        queue, = ask(eddy, store, 'stats')
        lost = sum(job['history'].count(' lost ') for job in jobs)
        seen.append('jobs: %s, finished %d times; lost with a worker: %s\n' % (
            dict(collections.Counter(job['state'] for job in jobs)), queue['finished'], 'some' if lost >= KILLS else lost))
        before = site.asked.total()
        seen += ['the same again:\n', end(fetch('', 'album'))]
        seen.append('images asked for: %d\n' % (site.asked.total() - before - 1))
        seen += ['one that is gone:\n', end(fetch('/broken/page.html', 'other')), '%d file\n' % len(copies('other'))]
        seen.append('workers end with %s\n' % set(crew.end()))
    finally:
        crew.kill()
        site.shutdown()
        site.server_close()
    return ''.join(seen)


def scenario(engine):
    def run(program, eddy):
        with tempfile.TemporaryDirectory() as folder, jobs_store(engine, os.path.join(folder, 'jobs.db')) as store:
            return gallery(store, folder, program, eddy)
    return run
