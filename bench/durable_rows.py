"""The rows of durable jobs. Each store has its own, so that who is compared asks the same server."""
from dataclasses import replace

import durable
from contestants import JOBS, Program
from row import Experiment, Row, at_least

PEERS = {kind: [name for name in contestants if not name.startswith("eddy-")] for kind, contestants in JOBS.items()}
FIGURES = {
    "enqueue": ("enqueue_per_second", "enqueue_16_per_second", "enqueue_16_total_us", "enqueue_100_per_second", "bytes"),
    "work": (*(f"work_{concurrency}x{workers}_per_second" for concurrency in (1, durable.TOGETHER) for workers in (1, 2)),
             f"work_{durable.TOGETHER}x1_total_us"),
    "wait": ("through_per_second",
             *(f"wait_{load}_{which}_us" for load in (*durable.LOADS, f"at_{durable.RATE}") for which in ("p50", "p99"))),
    "ask": ("trips", "idle_trips"),
    "backlog": ("backlog_per_second", "backlog_ratio", "backlog_bytes"),
}
REPEATS = {"wait": 2, "ask": 1, "backlog": 1}  # at most: all of them are to take a quarter of an hour
SERVERS = {"redis": "Redis", "postgres": "PostgreSQL", "sqlite": "SQLite"}


# Why peers may be ahead, by what a figure's name begins with.
EARLY = "it begins the next job before the store knows of the last one's end, and tells of many at once"
BEHIND = {
    "enqueue": {
        "asynq": "its script makes a hash and an item of a list; ours packs a record, in Lua, and adds to a set that is ordered by priority",
        "river": "its statement is an INSERT; ours counts, and tells who waits"},
    "bytes": {"arq": "it keeps a job's payload and the moment of its end alone",
              "river": "ours has room in each page for the row of a job that begins, and an index more"},
    "work": {"river": EARLY},
    "through": {"river": EARLY},
    "wait_at": {"asynq": "it asks a thousand times a second whether there is something, and is not busy"},
    "wait": {who: "its rate, of which this is a part, is lower: see those at one rate for all" for names in PEERS.values() for who in names},
    "idle": {"rq": "it waits in one call for minutes, in which it looks at nothing else"},
    "backlog": {"river": EARLY},
}


def behind(kind, figure):
    reasons = next((BEHIND[beginning] for beginning in BEHIND if figure.startswith(beginning)), {})
    return {who: why for who, why in reasons.items() if who in PEERS[kind]}


def experiment(kind, argument):
    # Of a backlog only what fills one in time.
    contestants = {who: program for who, program in JOBS[kind].items() if argument != "backlog" or who.startswith("eddy-") or who == "river"}
    if argument == "ask" and kind == "sqlite":
        return ()
    return (Experiment(tuple(f"jobs_{kind}_{figure}" for figure in FIGURES[argument]), argument, contestants, "jobs",
                       most_repeats=REPEATS.get(argument, 3)),)


EXPERIMENTS = (
    *(each for kind in JOBS for argument in FIGURES for each in experiment(kind, argument)),
    Experiment(("jobs_sqlite_sync_us",), "sync", {"this disk": Program("jobs", "disk", argument="sqlite")}, "jobs"),
)


def store_rows(kind):
    """The rows of one store."""
    factors = dict.fromkeys(PEERS[kind], 1.5)
    server, together = SERVERS[kind], durable.TOGETHER

    def fast(figure, workload, aim=None):
        row = f"jobs_{kind}_{figure}_per_second"
        if not factors or (figure == "backlog" and kind == "redis"):
            return row, Row("1/s", workload, aim, note="aim: of SQLite, with each commit on the disk" if aim else "")
        return row, Row("1/s", workload, at_least(row, **factors), note="aim: 1.5 times the best of the others in this run")

    def waits(load, text, aim=None):
        first = f"durable jobs in {server}, {text} enqueued a second: from enqueueing to the handler, half of them"
        return ((f"jobs_{kind}_wait_{load}_p50_us", Row("us", first)),
                (f"jobs_{kind}_wait_{load}_p99_us", Row("us", "the same: 99 % of them", aim)))

    total = Row("us", "the same: processor time of each, the store's and the program's, its start among it")
    found = [
        fast("enqueue", f"durable jobs in {server}: enqueued one by one, each awaited"),
        fast("enqueue_16", f"the same by {together} tasks"),
        (f"jobs_{kind}_enqueue_16_total_us", total),
        fast("enqueue_100", "by one task in batches of 100, where there is a call for many"),
        (f"jobs_{kind}_bytes", Row("B", f"a job that waits in {server}, 63 B of payload: what the store grows by")),
        fast("work_1x1", f"durable jobs in {server} that wait are done, an empty handler: one worker, one job at a time"),
        fast("work_1x2", "the same by two workers"),
        fast(f"work_{together}x1", f"the same by one worker, {together} jobs at a time", 10_000),
        (f"jobs_{kind}_work_{together}x1_total_us", total),
        fast(f"work_{together}x2", f"by two workers, {together} jobs at a time each"),
        fast("through", f"durable jobs in {server}: enqueued by {together} tasks and done {together} at a time, by two processes"),
        *waits(10, "10 % of these"), *waits(50, "50 % of these", 5000), *waits(90, "90 % of these"), *waits(f"at_{durable.RATE}", durable.RATE),
        (f"jobs_{kind}_trips", Row("trips", f"durable jobs in {server} done {together} at a time: how often the server is asked for each", 1.1,
                                   note="counted by a proxy between, which is asked and answers")),
        (f"jobs_{kind}_idle_trips", Row("1/min", "the same: how often a worker asks that has nothing to do", 18,
                                        note=f"counted for {durable.IDLE_SECONDS} s; aim: once every 5 s, and a sweep; who polls does so as often as "
                                        "for the latencies above")),
        fast("backlog", f"durable jobs in {server}, {durable.BACKLOG:,} waiting: done {together} at a time"),
        (f"jobs_{kind}_backlog_ratio", Row("x", f"the same: how long a job takes, by that of {durable.SPEEDS['eddy'] // 1000},000 or fewer that wait",
                                           1.15)),
        (f"jobs_{kind}_backlog_bytes", Row("B", "the same: by how much the worker's memory is more", 1024 ** 2)),
    ]
    measured = {row for each in EXPERIMENTS for row in each.rows}
    return {name: replace(row, behind=behind(kind, name.removeprefix(f"jobs_{kind}_"))) for name, row in found if name in measured}


ROWS = {name: row for kind in JOBS for name, row in store_rows(kind).items()} | {
    "jobs_sqlite_sync_us": Row("us", "the disk of these stores: 4 KiB written and synced (fdatasync)")}
