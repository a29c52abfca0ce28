"""The benchmark of event loops for Python: what it selects, how it reckons and what it says of aims."""
import os
import subprocess
import sys
import time
import unittest

sys.path[:0] = sys.argv[1:]
del sys.argv[1:]

import aims
import contests
import environment
import loops
import processes
import sampling
import tables


def figure(*values):
    return tables.summary(values)


def answered(per_second, user_us):
    return {"per_second": figure(*per_second), "user_us": figure(user_us)}


class Rows(unittest.TestCase):
    def test_a_name_is_a_row_or_begins_several(self):
        self.assertEqual([row.name for row in contests.select(["protocol_64_1"])], ["protocol_64_1"])
        self.assertEqual([row.name for row in contests.select(["udp", "protocol_1k"])],
                         ["protocol_1k_1", "protocol_1k_100", "protocol_1k_1000", "udp_64_1", "udp_64_100"])

    def test_without_a_name_the_usual_ones_are_meant(self):
        usual = contests.select([])
        self.assertTrue(all(row.is_usual for row in usual))
        self.assertLess(len(usual), len(contests.select(["all"])))

    def test_a_name_of_no_row_is_refused(self):
        self.assertRaises(KeyError, contests.select, ["protocol", "nothing"])


class Loops(unittest.TestCase):
    def test_a_module_stands_for_all_of_its_loops(self):
        self.assertEqual([loop.name for loop in loops.choose(["eddyloop"])],
                         ["eddyloop-epoll", "eddyloop-uring"])
        self.assertEqual([loop.name for loop in loops.choose(["eddyloop-uring", "rloop"])],
                         ["rloop", "eddyloop-uring"])

    def test_a_name_of_no_loop_is_refused(self):
        self.assertRaises(KeyError, loops.choose, ["asyncio", "curio"])


class Tables(unittest.TestCase):
    def test_runs_are_summed_up(self):
        runs = [{"per_second": value} for value in (90, 100, 120)]
        found = tables.collect({"row": {"uvloop": runs, "rloop": []}})
        self.assertEqual(found["row"].keys(), {"uvloop"})
        self.assertEqual(found["row"]["uvloop"]["per_second"],
                         {"median": 100, "min": 90, "max": 120, "values": [90, 100, 120]})

    def test_the_best_comes_first_and_failures_last(self):
        row = contests.ROWS["call_soon"]
        found = {"asyncio": answered([100, 104], 8), "uvloop": answered([200, 200], 4)}
        lines = tables.table([row], {row.name: found}, {(row.name, "rloop"): "failed: why"})
        self.assertEqual([line.split()[0] for line in lines[3:]], ["uvloop", "asyncio", "rloop"])
        self.assertEqual(lines[4].split(), ["asyncio", "102", "±2", "%", "8.00", "2.00"])

    def test_of_memory_less_is_better(self):
        found = {"asyncio": {"bytes": figure(900)}, "uvloop": {"bytes": figure(300)}}
        self.assertEqual([line.split()[0] for line in tables.contest(found)[1:]], ["uvloop", "asyncio"])


class Aims(unittest.TestCase):
    def test_user_time_is_compared_with_that_of_uvloop(self):
        found = {"uvloop": answered([100], 1.0), "eddyloop-epoll": answered([90], 0.7),
                 "eddyloop-uring": answered([90], 0.77)}
        met, missed = aims.verdicts("protocol_64_1", found)
        self.assertRegex(met, "eddyloop-epoll .*aim 0.70 .*: met$")
        self.assertRegex(missed, "eddyloop-uring .*MISSED by 10 %$")

    def test_throughput_by_tls_is_compared_with_the_best_that_has_aiofastnet(self):
        found = {"uvloop": answered([500], 1), "asyncio+aiofastnet": answered([300], 1),
                 "uvloop+aiofastnet": answered([200], 1), "eddyloop-epoll": answered([301], 1)}
        self.assertRegex(aims.verdicts("tls_protocol_64_1", found)[0], r"1 x asyncio\+aiofastnet\): met$")

    def test_who_is_ahead_within_noise_is_not_named(self):
        found = {"uvloop": answered([100, 110, 120], 1), "rloop": answered([130, 131, 132], 1),
                 "eddyloop-epoll": answered([95, 100, 105], 1), "eddyloop-uring": answered([50], 1)}
        lines = aims.ahead("call_soon", found)
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], "rloop .*131 beside 100 of eddyloop-epoll: 31 %")

    def test_without_eddyloop_nothing_is_said(self):
        self.assertEqual(aims.report({"call_soon": {"uvloop": answered([1], 1)}}), [])


class Installing(unittest.TestCase):
    def test_the_line_is_told_that_says_why(self):
        said = ("  error: subprocess-exited-with-error\n  error: no such toolchain\n  help: do this\n"
                "error: metadata-generation-failed\n\nhint: see above\n")
        self.assertEqual(environment.reason(said), "error: no such toolchain")
        self.assertEqual(environment.reason("Traceback\nImportError: no\n"), "ImportError: no")

    def test_an_interpreter_that_is_none_is_unusable(self):
        self.assertRaises(environment.Unusable, environment.Environment, "no-such-python", "nowhere")


INTO_THE_KERNEL = """
import os
zero, buffer = os.open("/dev/zero", os.O_RDONLY), bytearray(1 << 20)
while True:
    os.readv(zero, [buffer])
"""
FORK = """
import os
if not os.fork():
    while True:
        pass
"""


class Sampling(unittest.TestCase):
    """A process that works on one core while it is looked at."""

    def start(self, code):
        """One that does this when it is told to."""
        self.core = min(os.sched_getaffinity(0))
        process = processes.start([sys.executable, "-c", "print(flush=True)\ninput()\n" + code], {self.core},
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(processes.end, process)
        process.stdout.readline()
        return process

    def go_on(self, process):
        """Have it use half a second."""
        process.stdin.write("\n")
        process.stdin.flush()
        until = sampling.seconds(process.pid) + 0.5
        while sampling.seconds(process.pid) < until:
            time.sleep(0.01)

    def share(self, code):
        """That of user mode."""
        if sampling.refused():
            self.skipTest(f"no perf events: {sampling.refused()}")
        process = self.start(code)
        return sampling.user_share(process.pid, [self.core], lambda: self.go_on(process))

    def test_its_own_code_is_told_from_the_kernel_s(self):
        self.assertGreater(self.share("while True: pass"), 0.8)
        self.assertLess(self.share(INTO_THE_KERNEL), 0.2)

    def test_a_child_is_not_counted(self):
        self.assertLess(self.share(FORK + INTO_THE_KERNEL), 0.3)

    def test_without_perf_events_the_tick_tells(self):
        process = self.start("while True: pass")
        share, done = sampling.user_share_by_tick(process.pid, lambda: self.go_on(process) or "done")
        self.assertEqual(done, "done")
        self.assertGreater(share, 0.8)


if __name__ == "__main__":
    unittest.main()
