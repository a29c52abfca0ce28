"""Our server, for a client of others to be tried on: peers_server, in a temporary folder with certificates and files."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from certificates import issue  # pylint: disable=wrong-import-position
from servers import PATIENCE, skip  # pylint: disable=wrong-import-position

# Where scripts/peers.py has put what it has fetched.
PEERS = os.environ.get('EDDY_PEERS') or os.devnull
sys.path.append(os.path.join(PEERS, 'python'))

TEXT = b''.join(b'line %d of a text that is worth compressing\n' % number for number in range(20000))
BIG = random.Random(1).randbytes(3 * 1024 * 1024)  # and is not
STYLE = b'body { margin: 0 }\n'
COUNT = b''.join(b'%d\n' % number for number in range(20000))


def program(name):
    """Where it is; without it all tests are skipped."""
    return shutil.which(name, path=os.path.join(PEERS, 'bin') + os.pathsep + os.environ['PATH']) or skip('no ' + name)


class Server:
    """It runs until it is stopped."""

    def __init__(self, executable):
        self.place = tempfile.mkdtemp(prefix='eddy-peers-')
        self.root = issue(self.place, 'root')
        issue(self.place, 'server', 'DNS:localhost', self.root)
        self.client = issue(self.place, 'client', issuer=self.root)
        self.write('files/text.txt', TEXT)
        self.write('files/big.bin', BIG)
        self.write('files/style.css', STYLE)
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([executable, self.place], stdout=subprocess.PIPE, text=True)
        self.ports = self.process.stdout.readline().split()
        self.plain = 'http://localhost:' + self.ports[0]
        self.tls = 'https://localhost:' + self.ports[1]
        self.mutual = 'https://localhost:' + self.ports[2]
        self.socket = self.path('socket')

    def path(self, name):
        return os.path.join(self.place, name)

    def write(self, name, data):
        """A file, in a folder that is made for it."""
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), 'wb') as file:
            file.write(data)
        return self.path(name)

    def ask(self, target):
        """What it answers to a client that is not on trial."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.plain + target, timeout=PATIENCE) as answer:
            return answer.read()

    def stop(self):
        """How it has ended."""
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
            self.process.communicate()
            shutil.rmtree(self.place, ignore_errors=True)
        return self.process.returncode

    def environment(self):
        """Where it is found by tests that are written in other languages."""
        return {**os.environ, 'PLAIN': self.plain, 'TLS': self.tls, 'MUTUAL': self.mutual, 'PLACE': self.place}


class ClientTest(unittest.TestCase):
    """Tests of one client, which share a server."""

    executable = None
    server = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(ClientTest.executable)

    @classmethod
    def tearDownClass(cls):
        ended = cls.server.stop()
        if ended != 0:
            raise AssertionError('the server has ended with %d' % ended)


def main():
    """Run the tests of the program: PROGRAM SERVER [TEST...]."""
    ClientTest.executable = sys.argv.pop(1)
    unittest.main()
