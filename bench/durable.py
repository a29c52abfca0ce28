"""The rows of durable jobs: who takes part in them is told by words that all contestants share (docs/performance.md)."""
import contextlib
import os
import resource
import select
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import processes
import stores
from counting import Counter
from processes import Failure

HERE = Path(__file__).resolve().parent
BACKLOG = int(os.environ.get("JOBS_BACKLOG") or 1_000_000)
SECONDS = float(os.environ.get("JOBS_SECONDS") or 0.5)  # for which each measurement is to go on
IDLE_SECONDS = 10
LOADS = 10, 50, 90  # per cent of what can be enqueued and done at once
RATE = 500          # jobs a second that nearly all can do
TOGETHER = 16
WARM_UP = 0.2       # seconds whose jobs tell nothing of latency
FOREVER = 4_000_000  # more jobs than can be done
BATCH = 100

# How many jobs a contestant does in about a second; each measurement has so many.
SPEEDS = {"eddy": 40_000, "eddy-postgres": 15_000, "asynq": 12_000, "river": 10_000, "bullmq": 8_000, "arq": 3_000, "rq": 1_000}


def peers_folder(build_dir):
    """Where what comes from registries is."""
    return Path(os.environ.get("EDDY_PEERS") or build_dir / "bench" / "peers").resolve()


class Contestant:
    """A contestant's program, with a store that is empty."""

    def __init__(self, program, build_dir):
        self.store = stores.store(program.argument)
        self.store.empty()
        self.name, peers = program.file, peers_folder(build_dir)
        self.environment = {"PYTHONPATH": f"{peers / 'jobs-python'}:{HERE / 'jobs'}", "PYTHONDONTWRITEBYTECODE": "1",
                            "NODE_PATH": str(peers / "jobs-node" / "node_modules")}
        self.argv = {"eddy": [str(build_dir / "bench" / "eddy_jobs")],
                     "asynq": [str(peers / "bin" / "jobs"), "asynq"], "river": [str(peers / "bin" / "jobs"), "river"],
                     "bullmq": ["node", str(HERE / "jobs" / "node" / "jobs.js")],
                     "arq": [sys.executable, str(HERE / "jobs" / "arq_jobs.py")],
                     "rq": [sys.executable, str(HERE / "jobs" / "rq_jobs.py")]}[self.name]
        speed = SPEEDS.get(f"{self.name}-{program.argument}", SPEEDS[self.name])
        self.count = max(100, int(speed * SECONDS))

    def start(self, mode, *numbers, port=None):
        argv = [*self.argv, self.store.url(port), mode, *map(str, numbers)]
        return processes.start(argv, os.sched_getaffinity(0), self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, mode, *numbers, limit=processes.TIME_LIMIT):
        return processes.finish(self.start(mode, *numbers), limit)

    def fill(self, count):
        self.run("fill", count, limit=5 * processes.TIME_LIMIT)

    def fill_anew(self, count):
        self.store.empty()
        self.fill(count)

    @contextlib.contextmanager
    def worker(self, count, concurrency, port=None):
        """One that is ready; it is killed at the end, where it has not ended by then."""
        process = self.start("work", count, concurrency, port=port)
        try:
            ready, _, _ = select.select([process.stdout], [], [], processes.TIME_LIMIT)
            if not ready or process.stdout.readline() != "ready\n":
                processes.finish(process)  # which says why
                raise Failure("the worker was not ready")
            yield process
        finally:
            processes.end(process)


class Report:
    """What a worker has printed."""

    def __init__(self, printed, may_be_idle=False):
        words = printed.split()
        self.peak = int(words[words.index("peak") + 1])
        begun = [int(word) for word in words[words.index("peak") + 2:]]
        self.begun = sorted(zip(begun[::2], begun[1::2]))
        if not self.begun and not may_be_idle:
            raise Failure("the worker has done nothing")

    def first(self):
        return self.begun[0][0]

    def last(self):
        return self.begun[-1][0]

    def count(self, start, end):
        return sum(start <= when < end for when, _ in self.begun)

    def waits(self):
        """Microseconds from enqueueing to beginning, the least first, of those after the warm-up, if there are any."""
        since = min(enqueued for _, enqueued in self.begun) + WARM_UP * 1e9
        counted = [each for each in self.begun if each[1] >= since] or self.begun
        return sorted((when - enqueued) / 1e3 for when, enqueued in counted)


@contextlib.contextmanager
def processor_time(contestant, found, name):
    """Put into `found` what is used of processors meanwhile, by the store and by programs that end."""
    def used():
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        server = contestant.store.process
        return children.ru_utime + children.ru_stime + (stores.processor_time(server) if server else 0)
    before = used()
    yield
    found[name] = used() - before


def rate(reports):
    """Jobs a second of workers, while all of them worked to which any came."""
    reports = [report for report in reports if report.begun]
    if not reports:
        raise Failure("the workers have done nothing")
    start, end = max(report.first() for report in reports), min(report.last() for report in reports)
    if end <= start:
        raise Failure("one of the workers had nothing to do")
    return sum(report.count(start, end) for report in reports) / (end - start) * 1e9


def drain(contestant, count, concurrency, workers=1, are_all=True):
    """What workers say that do so many jobs which wait already."""
    with contextlib.ExitStack() as stack:
        started = [stack.enter_context(contestant.worker(count, concurrency)) for _ in range(workers)]
        reports = [Report(processes.finish(process), may_be_idle=workers > 1) for process in started]
    done = sum(len(report.begun) for report in reports)
    if done < count or (are_all and done > count):
        raise Failure(f"{done} jobs were done, of {count}")
    return reports


def enqueueing(contestant):
    """{figure: value}"""
    found = {}
    contestant.fill(1)  # what there is to make in a store is made
    for name, batch, together in (("enqueue", 1, 1), ("enqueue_16", 1, TOGETHER), ("enqueue_100", BATCH, 1)):
        with processor_time(contestant, found, f"{name}_total_us"):
            words = contestant.run("enqueue", SECONDS, batch, together).split()
        count = float(words[words.index("count") + 1])
        found[f"{name}_per_second"] = count / float(words[words.index("seconds") + 1])
        found[f"{name}_total_us"] *= 1e6 / count
    contestant.fill_anew(1)
    before = contestant.store.bytes()
    contestant.fill(max(2000, contestant.count // 4))
    found["bytes"] = (contestant.store.bytes() - before) / max(2000, contestant.count // 4)
    return found


def working(contestant):
    found = {}
    for concurrency in 1, TOGETHER:
        for workers in 1, 2:
            count = (contestant.count if concurrency > 1 else contestant.count // 3) * workers
            contestant.fill_anew(count)
            name = f"work_{concurrency}x{workers}"
            with processor_time(contestant, found, f"{name}_total_us"):
                reports = drain(contestant, count, concurrency, workers)
            found[f"{name}_per_second"] = rate(reports)
            found[f"{name}_total_us"] *= 1e6 / count
    return found


def produced(contestant, per_second, seconds):
    """What a worker says while so many jobs are enqueued a second."""
    contestant.store.empty()
    contestant.fill(1)
    with contestant.worker(FOREVER, TOGETHER) as worker:
        contestant.run("produce", per_second, seconds)
        return Report(processes.finish(worker, 3 * processes.TIME_LIMIT))


def latencies(contestant):
    seconds = max(1, SECONDS)
    report = produced(contestant, 0, seconds)
    start = report.begun[min(1, len(report.begun) - 1)][0]
    through = report.count(start, start + int(seconds * 1e9)) / seconds
    found = {"through_per_second": through}
    for load, per_second in [*((load, through * load / 100) for load in LOADS), (f"at_{RATE}", RATE)]:
        waits = produced(contestant, round(per_second, 3), seconds).waits()
        found |= {f"wait_{load}_p50_us": median(waits), f"wait_{load}_p99_us": waits[int(len(waits) * 0.99)]}
    return found


def asking(contestant):
    """How often a worker asks its store: for each job, and in vain."""
    if not contestant.store.port:
        raise processes.Skipped("there is no server to ask")
    contestant.fill_anew(contestant.count)
    with contextlib.closing(Counter(contestant.store.port)) as counter:
        with contestant.worker(contestant.count, TOGETHER, counter.port) as worker:
            processes.finish(worker)
        trips = counter.asked / contestant.count
    with contextlib.closing(Counter(contestant.store.port)) as counter, contestant.worker(0, TOGETHER, counter.port):
        time.sleep(2)
        before = counter.asked
        time.sleep(IDLE_SECONDS)
        return {"trips": trips, "idle_trips": (counter.asked - before) * 60 / IDLE_SECONDS}


def with_backlog(contestant):
    contestant.fill_anew(contestant.count)
    few = drain(contestant, contestant.count, TOGETHER)[0]
    contestant.fill_anew(BACKLOG)
    many = drain(contestant, contestant.count, TOGETHER, are_all=False)[0]
    return {"backlog_per_second": rate([many]), "backlog_ratio": rate([few]) / rate([many]), "backlog_bytes": max(0, many.peak - few.peak)}


def syncing():
    return {"sync_us": median(stores.sync_seconds()) * 1e6}


METHODS = {"enqueue": enqueueing, "work": working, "wait": latencies, "ask": asking, "backlog": with_backlog, "sync": syncing}


def measure(experiment, program, build_dir):
    """{row: figure} of one contestant; a row's name ends in its figure's."""
    method = METHODS[experiment.argument]
    found = method() if experiment.argument == "sync" else method(Contestant(program, build_dir))
    prefix = f"jobs_{program.argument}_"
    return {row: found[row.removeprefix(prefix)] for row in experiment.rows}
