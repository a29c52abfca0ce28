"""What a client asks of a server, counted on the way."""
import contextlib
import socket
import threading


class Counter:
    """Stands before a server on `port` of 127.0.0.1, and counts how often it is asked: what comes until it answers is one time."""

    def __init__(self, port):
        self.behind, self.asked, self.lock = port, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(("127.0.0.1", self.behind))
                for each in client, server:
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                waits = threading.Event()  # it was asked, and has not answered yet
                threading.Thread(target=self.pump, args=(client, server, waits, True), daemon=True).start()
                threading.Thread(target=self.pump, args=(server, client, waits, False), daemon=True).start()

    def pump(self, source, sink, waits, asks):
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                if not asks:
                    waits.clear()
                elif not waits.is_set():
                    waits.set()
                    with self.lock:
                        self.asked += 1
                sink.sendall(piece)
        for each in source, sink:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
