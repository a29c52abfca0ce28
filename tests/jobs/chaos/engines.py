"""The stores that the chaos befalls: they are killed and started again, and what leads to them is cut and held up."""
import contextlib
import os
import selectors
import shutil
import signal
import socket
import subprocess
import threading
import time

from servers import Postgres, free_port, postgres_programs, skip


class Proxy:
    """Between workers and a store: it cuts connections, and holds them up."""

    def __init__(self, listener, connect):
        self.listener, self.connect = listener, connect
        self.address = '%s:%d' % listener.getsockname()
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

    def hold(self, seconds):
        """What passes arrives later, all of it."""
        self.held_until = time.monotonic() + seconds

    def cut(self, chance):
        """Whatever was on its way in one connection is lost."""
        if self.pairs:
            for one in chance.choice(self.pairs):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


class Sqlite:
    """A file, which nobody can restart. Its clock is this machine's, so that nobody's can differ."""

    has_clock = has_network = False

    def __init__(self, folder, _):
        self.url = self.direct = 'sqlite:' + os.path.join(folder, 'jobs.db')

    def hurt(self, _):
        """Nothing to do."""

    def stop(self):
        """Nothing to do."""


class Server:
    """A store that is a process, and loses nothing that it has confirmed. `url` is for workers, `direct` for who looks on."""

    has_clock = has_network = True
    process = proxy = None

    def hurt(self, chance):
        """What has been done to it, or None."""
        blow = chance.random()
        if blow < 0.05:
            self.crash()
            self.start()
            return 'restart'
        if blow < 0.3:
            self.proxy.hold(chance.uniform(0, 0.5) if blow < 0.25 else chance.uniform(1, 2.5))  # of these some outlast leases
            return 'delay'
        if blow < 0.55:
            self.proxy.cut(chance)
            return 'cut'
        return None

    def crash(self):
        self.process.kill()
        self.process.wait()

    def start(self):
        raise NotImplementedError

    def stop(self):
        self.crash()


class Redis(Server):
    def __init__(self, folder, listener):
        self.program = shutil.which('redis-server') or skip('no redis-server')
        self.folder, self.port = folder, free_port()
        self.start()
        self.proxy = Proxy(listener, lambda: socket.create_connection(('127.0.0.1', self.port)))
        self.url, self.direct = 'redis://%s/0' % self.proxy.address, 'redis://127.0.0.1:%d/0' % self.port

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

    def __init__(self, _, listener):
        self.postgres = Postgres(postgres_programs())
        self.process = self.postgres.process
        self.proxy = Proxy(listener, self._connect)
        self.url = 'postgres://tester@%s/postgres?sslmode=disable' % self.proxy.address
        self.direct = 'postgres:///postgres?host=%s&user=tester' % self.postgres.folder

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


ENGINES = {'sqlite': Sqlite, 'redis': Redis, 'postgres': Cluster}
