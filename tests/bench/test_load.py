"""The load generator: what it counts, what it refuses, and that latencies count from when a request was due."""
import os
import socket
import subprocess
import threading
import time
import unittest

LOAD = os.environ["LOAD"]
STALL = 0.3  # seconds


class Server:
    """Answers each piece it receives, in a thread a connection, and counts them."""

    def __init__(self, answer):
        self.answer, self.answered, self.accepted, self.lock = answer, 0, 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            while data := connection.recv(65536):
                with self.lock:
                    self.answered += 1
                    answer = self.answer(data, self.answered)
                connection.sendall(answer)

    def load(self, connections, request, seconds, *rate):
        """Exit status, {name: value}, and what it complains of."""
        done = subprocess.run([LOAD, *map(str, (self.port, connections, request, seconds, *rate))],
                              capture_output=True, text=True, timeout=60, check=False)
        self.close()
        return done.returncode, dict((name, float(value)) for name, value in
                                     (line.split() for line in done.stdout.splitlines())), done.stderr

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()  # or it might accept for the next one, whose descriptor has the same number
        self.listener.close()


def stall_at(number):
    def answer(data, answered):
        if answered == number:
            time.sleep(STALL)
        return data
    return answer


def slow(data, _):
    time.sleep(0.02)
    return data


class Told(unittest.TestCase):
    def test_it_runs_as_often_as_it_is_told_to_on_the_same_connections(self):
        server = Server(lambda data, _: data)
        told = subprocess.Popen([LOAD, str(server.port), "3", "64", "-"], text=True, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE)
        said, _ = told.communicate("0.1\n0.2\n", timeout=60)
        server.close()
        first, second = [dict(line.split() for line in run.splitlines()) for run in said.split("ready\n")[1:3]]
        self.assertEqual(told.returncode, 0)
        self.assertEqual(int(first["requests"]) + int(second["requests"]), server.answered)
        self.assertGreater(float(second["seconds"]), 0.2)
        self.assertEqual(server.accepted, 3)


class Counting(unittest.TestCase):
    def test_both_sides_count_alike(self):
        server = Server(lambda data, _: data)
        status, said, _ = server.load(3, 64, 0.2)
        self.assertEqual((status, said["requests"]), (0, server.answered))

    def test_a_closed_loop_keeps_all_connections_busy(self):
        status, said, _ = Server(lambda data, _: data).load(4, 64, 1)
        self.assertEqual(status, 0)
        # Little's law: what is under way is how often something begins times how long it takes.
        self.assertAlmostEqual(said["requests"] / said["seconds"] * said["mean_us"] / 1e6, 4, delta=1)

    def test_an_open_loop_sends_all_that_is_due(self):
        status, said, _ = Server(lambda data, _: data).load(2, 64, 0.5, 200)
        self.assertEqual((status, said["requests"]), (0, 100))


class Latencies(unittest.TestCase):
    def test_a_stall_is_charged_with_all_that_it_delays(self):
        # Of 500 requests, due at 2 ms each, the stall delays 150, though one alone is under way while it lasts.
        status, said, _ = Server(stall_at(100)).load(1, 64, 1, 500)
        self.assertEqual(status, 0)
        self.assertGreater(said["p99_us"], (STALL - 0.02) * 1e6)
        self.assertGreaterEqual(said["p999_us"], STALL * 1e6)
        self.assertGreaterEqual(said["p999_us"], said["p99_us"])
        self.assertGreaterEqual(said["p99_us"], said["p50_us"])
        # The delays go down evenly from that of the first: their share of the mean.
        self.assertGreater(said["mean_us"], 0.9 * 150 * STALL / 2 * 1e6 / 500)

    def test_in_a_closed_loop_it_is_one_slow_answer(self):
        _, said, _ = Server(stall_at(10)).load(1, 64, 1)
        self.assertLess(said["mean_us"], STALL * 1e6)

    def test_a_server_that_does_not_keep_up_has_no_figures(self):
        status, said, why = Server(slow).load(1, 64, 0.1, 10000)
        self.assertEqual((status, said), (77, {}))
        self.assertIn("does not keep up", why)

    def test_in_a_closed_loop_none_can_fall_behind(self):
        status, said, _ = Server(slow).load(4, 64, 0.001)
        self.assertEqual((status, said["requests"]), (0, 4))


class Answers(unittest.TestCase):
    def test_an_echo_that_differs_is_refused(self):
        status, _, why = Server(lambda data, n: data if n < 5 else data[::-1]).load(1, 64, 10)
        self.assertEqual(status, 1)
        self.assertIn("not what was expected", why)

    def test_http_is_asked_for_and_its_dates_may_differ(self):
        asked = set()

        def answer(data, n):
            asked.add(data)
            return b"HTTP/1.1 200 OK\r\nDate: %08d\r\ncontent-length: 13\r\n\r\nhello, world!" % n
        server = Server(answer)
        status, said, _ = server.load(1, "http", 0.2)
        self.assertEqual(status, 0)
        self.assertEqual(said["requests"] + 1, server.answered)  # the first one told the length
        self.assertEqual(asked, {b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"})

    def test_requests_that_are_sent_together_are_counted_each_and_each_answer_is_looked_at(self):
        page = b"HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\n%s"
        asked = set()

        def answer_with(wrong):
            def answer(data, n):
                count = data.count(b"GET / ")
                asked.add(count)
                return b"".join(page % (wrong if n == 3 and i == 1 else (b"200 OK", b"text")) for i in range(count))
            return answer
        server = Server(answer_with((b"200 OK", b"text")))
        status, said, _ = server.load(1, "http:3", 0.2)
        self.assertEqual((status, asked, said["together"]), (0, {1, 3}, 3))
        self.assertEqual(said["requests"], 3 * (server.answered - 1))
        for wrong in (b"500 No", b"text"), (b"200 OK", b"TEXT"):
            self.assertEqual(Server(answer_with(wrong)).load(1, "http:3", 10)[0], 1)

    def test_a_websocket_has_its_messages_masked_and_takes_them_back_unmasked(self):
        for size, head in (64, b"\x82\x40"), (300, b"\x82\x7e\x01\x2c"):
            def answer(data, n, size=size, head=head):
                if n == 1:
                    return b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
                self.assertEqual(data[:len(head)], head[:1] + bytes([head[1] | 0x80]) + head[2:])
                mask, masked = data[len(head):len(head) + 4], data[len(head) + 4:]
                self.assertEqual(len(masked), size)
                return head + bytes(byte ^ mask[i % 4] for i, byte in enumerate(masked))
            server = Server(answer)
            status, said, why = server.load(1, f"websocket:{size}", 0.1)
            self.assertEqual(status, 0, why)
            self.assertEqual(said["requests"] + 1, server.answered)
        status, _, why = Server(lambda data, n: b"HTTP/1.1 404 Not Found\r\n\r\n").load(1, "websocket:64", 0.1)
        self.assertEqual(status, 77)
        self.assertIn("no WebSocket", why)

    def test_another_status_or_body_is_refused(self):
        page = b"HTTP/1.1 %s\r\nContent-Length: 4\r\n\r\n%s"
        status, _, _ = Server(lambda data, n: page % (b"404 No", b"text")).load(1, "http", 0.2)
        self.assertEqual(status, 77)
        for later in (b"500 No", b"text"), (b"200 OK", b"TEXT"):
            status, _, _ = Server(lambda data, n, later=later: page % ((b"200 OK", b"text") if n < 3 else later)
                                  ).load(1, "http", 10)
            self.assertEqual(status, 1)


if __name__ == "__main__":
    unittest.main()
