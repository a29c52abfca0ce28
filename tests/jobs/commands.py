"""`eddy jobs` on a store, for tests of what is promised of jobs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
import servers  # pylint: disable=wrong-import-position
from waiting import PATIENCE, wait_until  # pylint: disable=wrong-import-position

PORTS_TRIED = 5


def skip(reason):
    """A test, and not the whole program, whose cleanups would never run."""
    raise unittest.SkipTest(reason)


servers.skip = skip  # so servers.Postgres does it likewise


class Commands(unittest.TestCase):
    """A folder, and a store in it."""

    eddy = preload = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder, self.store = folder.name, 'sqlite:' + os.path.join(folder.name, 'jobs.db')

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *arguments, **environment):
        """`eddy jobs`, which ends with the test."""
        # pylint: disable=consider-using-with
        process = subprocess.Popen([self.eddy, 'jobs', *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, cwd=self.folder, env={**os.environ, 'EDDY_JOBS': self.store, **environment})
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        self.addCleanup(process.send_signal, signal.SIGCONT)
        return process

    def work(self, *arguments, **environment):
        return self.start('work', *arguments, **environment)

    def end(self, process):
        """Its status and all that it says."""
        out, errors = process.communicate(timeout=PATIENCE)
        return process.returncode, out + errors

    def run_jobs(self, *arguments, **environment):
        status, said = self.end(self.start(*arguments, **environment))
        self.assertEqual(status, 0, said)
        return said

    def enqueue(self, *arguments, **environment):
        return self.run_jobs('enqueue', *arguments, **environment).strip()

    def jobs(self):
        """All that the store has, by their ids."""
        listed = [json.loads(line) for line in self.run_jobs('list', '--json', '-n', '10000').splitlines()]
        return {job['id']: job for job in listed}

    def job(self, name):
        return json.loads(self.run_jobs('show', '--json', name))

    def finished(self):
        return json.loads(self.run_jobs('stats', '--json'))['finished']

    @staticmethod
    def wait_for_line(process, *texts):
        for line in process.stdout:
            if any(text in line for text in texts):
                return line
        raise AssertionError('it has ended: ' + process.stderr.read())

    wait_until = staticmethod(wait_until)

    def postgres(self):
        """A server, which ends with the test."""
        server = servers.Postgres(servers.postgres_programs())
        self.addCleanup(server.stop)
        self.store = 'postgres:///postgres?host=%s&user=tester' % server.folder
        return server


class Server(servers.Redis):
    """A Redis with these options, which may end in any way and begin again."""

    def __init__(self, test, name='redis', **options):
        super().__init__(0)
        self.program = shutil.which('redis-server') or skip('no redis-server')
        self.folder = test.path(name)
        os.mkdir(self.folder)
        self.synced, self.busy = test.path(name + '.synced'), test.path(name + '.busy')
        self.options = {'bind': '127.0.0.1', 'dir': self.folder}
        self.first_words = [test.path('sentinel.conf'), '--sentinel'] if 'sentinel' in options else []
        if not self.first_words:
            self.options |= {'save': '', 'appendonly': 'no', **options}
        self.environment = {**os.environ, 'EDDY_TEST_SYNCED': self.synced, 'EDDY_TEST_BUSY': self.busy}
        if test.preload:
            self.environment['LD_PRELOAD'] = test.preload
        self.process = self.reader = None
        if not any(self.begins_at_a_port() for _ in range(PORTS_TRIED)):
            raise AssertionError('redis-server does not start')
        self.url = 'redis://127.0.0.1:%d/0' % self.port
        test.addCleanup(self.kill)

    def begins_at_a_port(self):
        """It does not where somebody else takes the port before it does."""
        self.port = self.options['port'] = servers.free_port()
        if 'cluster_enabled' in self.options:
            self.options['cluster_port'] = servers.free_port()
        return self.begins()

    def begins(self):
        words = [word for key, value in self.options.items() for word in ('--' + key.replace('_', '-'), str(value))]
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([self.program, *self.first_words, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                        env=self.environment)
        if not any('Ready to accept connections' in line or 'Sentinel ID' in line for line in self.process.stdout):
            self.process.communicate()
            return False
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()
        return True

    def begin(self):
        """Again, where it was before."""
        if not self.begins():
            raise AssertionError('redis-server does not start again')

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdout.close()

    def info(self, name):
        return next(line.split(':')[1].strip() for line in self.command('INFO').splitlines() if line.startswith(name + ':'))


def fail_power(folder, synced):
    """Leave of each file in a folder what was brought to the disk."""
    sizes = {}
    with open(synced, encoding='utf-8') as file:
        for line in file:
            size, path = line.rstrip('\n').split(' ', 1)
            sizes[path] = max(int(size), sizes.get(path, 0))  # they grow, and two processes may tell out of order
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            # One that was renamed when it was whole, as Redis does it.
            size = sizes.get(path, sizes.get(os.path.join(place, 'temp-' + name), sizes.get(os.path.join(place, 'temp_' + name))))
            if not name.endswith('-shm') and size != os.path.getsize(path):
                os.truncate(path, min(size or 0, os.path.getsize(path)))


def main(module):
    """MODULE EDDY [PRELOAD] [TEST...]."""
    Commands.eddy = os.path.abspath(sys.argv.pop(1))
    if len(sys.argv) > 1 and sys.argv[1].endswith('.so'):
        Commands.preload = os.path.abspath(sys.argv.pop(1))
    result = unittest.main(module, exit=False).result
    for reason in sorted({reason for _, reason in result.skipped}):
        print('skipped: ' + reason)
    skipped = {getattr(test, 'test_case', test) for test, _ in result.skipped}  # a part of a test, or a test
    if result.wasSuccessful() and skipped and len(skipped) >= result.testsRun:
        sys.exit(servers.SKIPPED)
    sys.exit(not result.wasSuccessful())
