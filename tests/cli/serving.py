"""What the tests of `eddy serve` share: a folder, a server as a process, and requests over sockets."""
import os
import re
import signal
import socket
import subprocess
import tempfile
import unittest


class Answer:
    def __init__(self, data):
        head, _, self.raw = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1])
        self.lines = [line.split(": ", 1) for line in lines[1:]]
        self.headers = {name.lower(): value for name, value in self.lines}
        self.body = self.join_chunks(self.raw) if self.headers.get("transfer-encoding") == "chunked" else self.raw

    @staticmethod
    def join_chunks(data):
        body = b""
        while True:
            size, _, data = data.partition(b"\r\n")
            if int(size, 16) == 0:
                return body
            body, data = body + data[:int(size, 16)], data[int(size, 16) + 2:]

    @property
    def text(self):
        return self.body.decode()

    def all(self, name):
        return [value for key, value in self.lines if key.lower() == name.lower()]


class Serving(unittest.TestCase):
    EDDY = None

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.outside = place.name
        self.place = os.path.join(place.name, "served")
        os.mkdir(self.place)

    def path(self, name):
        return os.path.join(self.place, name)

    def write(self, name, data=b"x"):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "wb") as file:
            file.write(data)

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def command(self, *args):
        return [self.EDDY, "serve", "--port", "0", *args, self.place]

    def start(self, *args, **options):
        self.process = subprocess.Popen(self.command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        **options)
        self.addCleanup(self.process.communicate)
        self.addCleanup(self.process.kill)
        self.line = self.process.stdout.readline()
        match = re.search(r":(\d+)/$", self.line)
        if not match:
            self.fail(self.process.communicate()[1])
        self.port = int(match.group(1))

    def stop(self, signum=signal.SIGTERM):
        """End it, and have what it has said: standard output and standard error."""
        self.process.send_signal(signum)
        said = self.process.communicate(timeout=30)
        self.assertEqual(self.process.returncode, 0, said)
        return said

    def refused(self, *args, code=2):
        result = subprocess.run(self.command(*args), capture_output=True, text=True, timeout=30)
        self.assertEqual(result.returncode, code, result.stderr)
        return result.stderr

    def connect(self):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        self.addCleanup(connection.close)
        return connection

    @staticmethod
    def read_all(connection):
        data = b""
        while piece := connection.recv(1 << 20):
            data += piece
        return data

    def send(self, method, target, *headers, body=b"", host="x"):
        """What is to be sent for a request, but its body."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
        if body or method in ("PUT", "POST"):
            lines.append(f"Content-Length: {len(body)}")
        connection = self.connect()
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        return connection

    def ask(self, method, target, *headers, body=b"", host="x"):
        connection = self.send(method, target, *headers, body=body, host=host)
        try:
            connection.sendall(body)
        except ConnectionError:  # it was answered before it was taken
            pass
        with connection:
            return Answer(self.read_all(connection))

    def get(self, target, *headers):
        return self.ask("GET", target, *headers)
