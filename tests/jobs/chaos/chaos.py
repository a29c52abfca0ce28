#!/usr/bin/env python3
"""Jobs while everything goes wrong: chaos.py EDDY WORKER ENGINE [JOBS [SEED]]. Workers are killed, and stopped for longer than their
leases; connections are cut and delayed; the engine is killed and started again. In the end each job is done, exactly once as the
engine has it and in the order of its key, and each effect is there at least once."""
import collections
import contextlib
import json
import os
import pathlib
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from servers import Postgres, free_port, postgres_programs, skip  # pylint: disable=wrong-import-position

WORKERS, KEYS, PATIENCE = 3, 20, 120


class Sqlite:
    """A file, which nobody can restart."""

    def __init__(self, folder):
        self.url = 'sqlite:' + os.path.join(folder, 'jobs.db')

    def hurt(self, _):
        """Nothing to do."""

    def stop(self):
        """Nothing to do."""


class Proxy:
    """Between workers and an engine: it cuts connections, and holds them up."""

    def __init__(self, connect):
        self.connect = connect
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.pairs, self.held_until = [], 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            with contextlib.suppress(OSError):
                client, _ = self.listener.accept()
                try:
                    server = self.connect()
                except OSError:
                    client.close()
                    continue
                self.pairs.append((client, server))
                threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client, server):
        other = {client: server, server: client}
        with selectors.DefaultSelector() as selector, contextlib.suppress(OSError, ValueError):
            for one in other:
                selector.register(one, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(65536)
                    time.sleep(max(0, self.held_until - time.monotonic()))
                    if not data:
                        return self._end(client, server)
                    other[key.fileobj].sendall(data)
        return self._end(client, server)

    def _end(self, *pair):
        with contextlib.suppress(ValueError):
            self.pairs.remove(pair)
        for one in pair:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def hurt(self, chance):
        if chance.random() < 0.5:
            self.held_until = time.monotonic() + chance.uniform(0, 1)
        elif self.pairs:
            for one in chance.choice(self.pairs):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class Server:
    """An engine that is a process, and loses nothing that it has confirmed."""

    process = None

    def hurt(self, chance):
        if chance.random() < 0.1:
            self.crash()
            self.start()
        else:
            self.proxy.hurt(chance)

    def crash(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.crash()


class Redis(Server):
    def __init__(self, folder):
        self.program = shutil.which('redis-server') or skip('no redis-server')
        self.folder, self.port = folder, free_port()
        self.start()
        self.proxy = Proxy(lambda: socket.create_connection(('127.0.0.1', self.port)))
        self.url = 'redis://127.0.0.1:%d/0' % self.proxy.port

    def start(self):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen(
            [self.program, '--port', str(self.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'yes', '--appendfsync', 'always',
             '--dir', self.folder], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        if not any('Ready to accept connections' in line for line in self.process.stdout):
            skip('redis-server does not start')
        threading.Thread(target=self.process.stdout.read, daemon=True).start()


class Cluster(Server):
    """PostgreSQL."""

    def __init__(self, _):
        self.postgres = Postgres(postgres_programs())
        self.process = self.postgres.process
        self.proxy = Proxy(self._connect)
        self.url = 'postgres://tester@127.0.0.1:%d/postgres?sslmode=disable' % self.proxy.port

    def _connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.postgres.folder + '/.s.PGSQL.5432')
        return connection

    def crash(self):
        """Without a word to anybody, but with all its processes, or it would not start again."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()

    def start(self):
        self.process = self.postgres.process = subprocess.Popen(
            self.process.args, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd='/', **self.postgres.user)
        if not any('ready to accept connections' in line for line in self.process.stderr):
            raise AssertionError('postgres does not start again')
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def stop(self):
        self.postgres.stop()


class Chaos:
    """Workers, and what befalls them."""

    def __init__(self, engine, folder, seed):
        self.engine, self.effects, self.chance = engine, os.path.join(folder, 'effects'), random.Random(seed)
        self.workers = [self.begin() for _ in range(WORKERS)]
        self.stopped = {}  # until when

    def begin(self):
        # pylint: disable=consider-using-with
        return subprocess.Popen([WORKER, self.engine.url, self.effects], stdout=subprocess.DEVNULL)

    def hurt(self):
        """One thing goes wrong, or is over."""
        now, n = time.monotonic(), self.chance.randrange(WORKERS)
        for worker, until in list(self.stopped.items()):
            if until < now:
                worker.send_signal(signal.SIGCONT)
                del self.stopped[worker]
        blow = self.chance.random()
        assert self.workers[n].poll() is None, 'a worker has ended by itself, with %d' % self.workers[n].returncode
        if blow < 0.2:
            self.stopped.pop(self.workers[n], None)
            self.workers[n].kill()
            self.workers[n].wait()
            self.workers[n] = self.begin()
        elif blow < 0.35:
            self.workers[n].send_signal(signal.SIGSTOP)
            self.stopped[self.workers[n]] = now + self.chance.uniform(0.5, 3)
        else:
            self.engine.hurt(self.chance)

    def calm(self):
        """Let them end what they do."""
        for worker in self.stopped:
            worker.send_signal(signal.SIGCONT)
        for worker in self.workers:
            worker.terminate()
        return [worker.wait(timeout=60) for worker in self.workers]

    def kill(self):
        for worker in self.workers:
            worker.kill()
            worker.wait()


def ask(engine, *arguments):
    said = subprocess.run([EDDY, 'jobs', *arguments, '--json', '--store', engine.url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False, timeout=60).stdout
    return [json.loads(line) for line in said.splitlines()]


def count(engine):
    """How many are done, or 0 where nobody answers."""
    return next(iter(ask(engine, 'stats')), {}).get('done', 0)


def check(engine, effects, jobs):
    """What must hold in the end: [done] [takeover], as docs/jobs.md calls it."""
    found = ask(engine, 'list', '-n', str(2 * jobs))
    states = collections.Counter(job['state'] for job in found)
    assert states == {'done': jobs}, states
    queue, = ask(engine, 'stats')
    assert queue['finished'] == jobs, queue
    times = collections.defaultdict(list)
    for job in sorted(found, key=lambda job: int(job['id'][1:])):
        times[job['key']].append(job['finished'])
    for key, finished in times.items():
        assert finished == sorted(finished), 'the jobs of %s are out of their order' % key
    with open(effects, encoding='ascii') as file:
        seen = collections.Counter(file.read().split())
    assert set(seen) == {job['id'] for job in found}, 'effects are missing'
    attempts = sum(job['attempt'] for job in found)
    print('%d jobs: %d attempts, %d effects, %d lost leases' %
          (jobs, attempts, seen.total(), sum(job['history'].count(' lost ') for job in found)))


def run(engine, folder, jobs, seed):
    chaos = Chaos(engine, folder, seed)
    try:
        with subprocess.Popen([WORKER, engine.url, 'enqueue', str(jobs), str(KEYS)], stdout=subprocess.DEVNULL) as enqueuer:
            while enqueuer.poll() is None:
                chaos.hurt()
                time.sleep(0.1)  # a blow now and then
        before, since = 0, time.monotonic()
        while before < jobs:
            chaos.hurt()
            time.sleep(0.1)
            if time.monotonic() - since < PATIENCE and chaos.chance.random() < 0.8:
                continue
            now = count(engine)
            assert now > before or time.monotonic() - since < PATIENCE, 'nothing is done any more: %d of %d' % (now, jobs)
            before, since = (now, time.monotonic()) if now > before else (before, since)
        assert set(chaos.calm()) <= {0, -signal.SIGTERM}  # the latter of one that had hardly begun
        check(engine, chaos.effects, jobs)
    finally:
        chaos.kill()


def main():
    jobs, seed = (*map(int, sys.argv[4:]), *(300, int(time.time()))[len(sys.argv) - 4:])
    print('%s: %d jobs, seed %d' % (sys.argv[3], jobs, seed), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        engine = {'sqlite': Sqlite, 'redis': Redis, 'postgres': Cluster}[sys.argv[3]](folder)
        try:
            run(engine, folder, jobs, seed)
        finally:
            engine.stop()


if __name__ == '__main__':
    EDDY, WORKER = map(os.path.abspath, sys.argv[1:3])
    main()
