"""The rows of durable jobs: what is made of what workers print, and how what is asked of a server is counted."""
import contextlib
import socket
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

import counting
import durable
import durable_rows
import processes


def report(*begun):
    return durable.Report("peak 4096\n" + "".join(f"{when} {enqueued}\n" for when, enqueued in begun))


class Reports(unittest.TestCase):
    def test_a_rate_is_of_the_time_in_which_all_worked(self):
        one = report(*((at * 10**8, 0) for at in range(11)))        # ten a second from 0 to 1 s
        other = report(*((at * 10**8, 0) for at in range(5, 21)))   # and from 0.5 to 2 s
        self.assertAlmostEqual(durable.rate([one]), 10)
        self.assertAlmostEqual(durable.rate([one, other]), 20)

    def test_workers_that_never_worked_together_have_no_rate(self):
        self.assertRaises(processes.Failure, durable.rate, [report((1, 0), (2, 0)), report((3, 0), (4, 0))])

    def test_waits_are_those_after_the_warm_up(self):
        warm_up = int(durable.WARM_UP * 1e9)
        self.assertEqual(report((9000, 0), (warm_up + 5000, warm_up), (warm_up + 4000, warm_up + 1000)).waits(), [3, 5])

    def test_a_worker_that_did_nothing_has_failed(self):
        self.assertRaises(processes.Failure, report)
        idle = durable.Report("peak 4096\n", may_be_idle=True)  # beside another one, that may be
        self.assertAlmostEqual(durable.rate([idle, report((0, 0), (10**8, 0))]), 10)


class Counting(unittest.TestCase):
    def test_what_is_asked_until_an_answer_comes_is_one_time(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server, \
                contextlib.closing(counting.Counter(server.getsockname()[1])) as counter:
            def answer():
                connection, _ = server.accept()
                with connection:
                    for size in 2, 1:
                        connection.recv(size, socket.MSG_WAITALL)
                        connection.sendall(b"!")
            threading.Thread(target=answer, daemon=True).start()
            with socket.create_connection(("127.0.0.1", counter.port), 10) as client:
                client.sendall(b"a")
                client.sendall(b"b")
                self.assertEqual(client.recv(1), b"!")
                client.sendall(b"c")
                self.assertEqual(client.recv(1), b"!")
            self.assertEqual(counter.asked, 2)


class Rows(unittest.TestCase):
    def test_each_store_has_a_row_for_each_figure(self):
        measured = {row for experiment in durable_rows.EXPERIMENTS for row in experiment.rows}
        self.assertEqual(measured, set(durable_rows.ROWS))
        self.assertIn("jobs_redis_trips", measured)
        self.assertNotIn("jobs_sqlite_trips", measured)

    def test_aims_are_of_peers_with_the_same_store(self):
        row = durable_rows.ROWS["jobs_redis_work_16x1_per_second"]
        name = "jobs_redis_work_16x1_per_second"
        self.assertEqual(row.aim({name: {"asynq": 100, "arq": 10, "eddy-redis": 500}}, "eddy-redis"), 150)


if __name__ == "__main__":
    unittest.main()
