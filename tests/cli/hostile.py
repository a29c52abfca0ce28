"""An HTTP server that misbehaves in a way chosen by the first part of the path, and well after a while.

Every answer is made of the path's name alone, so that a test knows what should have arrived."""
import hashlib
import socket
import struct
import threading
import urllib.parse

SIZE = 100_000


def content(name, size=SIZE):
    """The bytes of a file of that name."""
    blocks, seed = [], hashlib.sha256(name.encode()).digest()
    while sum(map(len, blocks)) < size:
        seed = hashlib.sha256(seed).digest()
        blocks.append(seed * 64)
    return b"".join(blocks)[:size]


class HostileServer:
    """Listens on a free port from its making until close(); also a context manager."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.lock = threading.Lock()
        self.attempts = {}   # path: how often it was asked for
        self.requests = []   # (path, headers) in order
        self.release = threading.Event()  # ends the stalls
        self.threads = []
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.release.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.acceptor.join()
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self.serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, connection):
        with connection:
            try:
                while self.serve_one(connection):
                    pass
            except OSError:
                pass

    def serve_one(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            data = connection.recv(65536)
            if not data:
                return False
            head += data
        lines = head.decode("latin-1").split("\r\n")
        path = lines[0].split()[1]
        headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in lines[1:] if ":" in line)}
        with self.lock:
            attempt = self.attempts[path] = self.attempts.get(path, 0) + 1
            self.requests.append((path, headers))
        return self.serve_request(connection, path, headers, attempt)

    def serve_request(self, connection, path, headers, attempt):
        """Answer; whether the connection stays."""
        mode, _, name = path.lstrip("/").partition("/")
        return getattr(self, "do_" + mode, self.do_ok)(connection, name, headers, attempt)

    def send(self, connection, name, headers, *, cut=None, version="1", size=SIZE, ranges=True, more=""):
        """The file or the range asked for, of which only `cut` bytes are sent."""
        body, status, extra = content(name + version, size), "200 OK", ""
        etag = f'"{name}-{version}"'
        if ranges and "range" in headers and headers.get("if-range", etag) == etag:
            start = int(headers["range"][6:].rstrip("-"))
            status, extra = "206 Partial Content", f"Content-Range: bytes {start}-{size - 1}/{size}\r\n"
            body = body[start:]
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nETag: {etag}\r\n{extra}{more}\r\n"
        connection.sendall(head.encode() + (body if cut is None else body[:cut]))
        return cut is None

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    def do_ok(self, connection, name, headers, attempt):
        return self.send(connection, name, headers)

    def do_drop(self, connection, name, headers, attempt):
        if attempt == 1:
            return self.reset(connection)
        if attempt == 2:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")
            return False
        return self.send(connection, name, headers)

    def do_stall(self, connection, name, headers, attempt):
        if attempt > 1:
            return self.send(connection, name, headers)
        self.send(connection, name, headers, cut=SIZE // 2)
        connection.recv(1)  # until the client has had enough
        return False

    def do_hold(self, connection, name, headers, attempt):
        """As stall, but on the first attempt of a process that continues, too, unless it continues."""
        if "range" in headers:
            return self.send(connection, name, headers)
        self.send(connection, name, headers, cut=SIZE // 2)
        connection.recv(1)
        return False

    def do_truncate(self, connection, name, headers, attempt):
        return self.send(connection, name, headers, cut=SIZE // 10)

    def do_norange(self, connection, name, headers, attempt):
        return self.send(connection, name, headers, cut=SIZE // 3 if attempt == 1 else None, ranges=False)

    def do_neverwhole(self, connection, name, headers, attempt):
        return self.send(connection, name, headers, cut=SIZE // 3, ranges=False)

    def do_changed(self, connection, name, headers, attempt):
        return self.send(connection, name, headers, cut=SIZE // 3 if attempt == 1 else None,
                         version="1" if attempt == 1 else "2")

    def do_busy(self, connection, name, headers, attempt):
        if attempt > 2:
            return self.send(connection, name, headers)
        connection.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 4\r\n\r\nbusy")
        return True

    def do_later(self, connection, name, headers, attempt):
        """Busy once, until when its name says."""
        if attempt > 1:
            return self.send(connection, name, headers)
        until = urllib.parse.unquote(name.split("/")[0])
        connection.sendall(f"HTTP/1.1 429 Busy\r\nRetry-After: {until}\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    def do_elsewhere(self, connection, name, headers, attempt):
        """A redirect to where its name says."""
        place = urllib.parse.unquote(name.split("/")[0])
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    def do_named(self, connection, name, headers, attempt):
        """A file with a Content-Disposition that its name says."""
        disposition = urllib.parse.unquote(name.split("/")[0])
        return self.send(connection, name, headers, more=f"Content-Disposition: {disposition}\r\n",
                         cut=SIZE // 2 if "break" in name and attempt == 1 else None)

    def do_missing(self, connection, name, headers, attempt):
        connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone")
        return True

    def do_garbage(self, connection, name, headers, attempt):
        if attempt > 1:
            return self.send(connection, name, headers)
        connection.sendall(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
        return False

    def do_chunked(self, connection, name, headers, attempt):
        body = content(name + "1")
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body)
        if attempt == 1:
            return False
        connection.sendall(b"\r\n0\r\n\r\n")
        return True

    def do_wrongpart(self, connection, name, headers, attempt):
        if attempt == 1:
            return self.send(connection, name, headers, cut=SIZE // 2)
        if "range" in headers:
            connection.sendall(f'HTTP/1.1 206 OK\r\nContent-Range: bytes 0-9/{SIZE}\r\nContent-Length: 10\r\n'
                               f'ETag: "{name}-1"\r\n\r\n0123456789'.encode())
            return True
        return self.send(connection, name, headers)

    def do_redirect(self, connection, name, headers, attempt):
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: /ok/{name}\r\nContent-Length: 4\r\n\r\ngone".encode())
        return True

    def do_circle(self, connection, name, headers, attempt):
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: /circle/{name}\r\nContent-Length: 0\r\n\r\n".encode())
        return True

    def do_unasked(self, connection, name, headers, attempt):
        """A part, whatever was asked for."""
        connection.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Range: bytes 1-1/3\r\n\r\nx")
        return True

    def do_empty(self, connection, name, headers, attempt):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True
