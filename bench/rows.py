"""What is measured: rows, their workloads and aims, and who takes part."""
from dataclasses import dataclass, field

import files


@dataclass(frozen=True)
class Program:
    """A contestant's program: a ninja target, the Go program, or a Python script, by `kind`."""
    kind: str             # "native", "go", "python", the "command" eddy, or a "system" program
    file: str = ""        # target below bench/ in the build directory, or script below bench/
    peer: str = ""        # the key in peers.json that must not be empty; "": nothing but libc
    package: str = ""     # what to install where it is


@dataclass(frozen=True)
class Experiment:
    """One run of a program, which prints one figure for each of these rows."""
    rows: tuple
    argument: str         # what the program is asked to do
    contestants: dict     # name -> Program
    # It prints them itself; "threads": on all cores; or a server under load: "echo", "udp_echo", "files".
    kind: str = "figures"


@dataclass(frozen=True)
class Row:
    unit: str
    workload: str
    aim: object = None    # at most this; a function of {contestant: median} by row; None: no aim
    quoted: dict = field(default_factory=dict)  # contestant -> figure or (least, most)
    note: str = ""


def echo_total_aim(medians):
    """0.30 us of our own and the system time of the raw epoll loop in this very run."""
    total, user = medians.get("echo_total_us", {}), medians.get("echo_user_us", {})
    if "raw-epoll" in total and "raw-epoll" in user:
        return 0.30 + total["raw-epoll"] - user["raw-epoll"]
    return None


def better_than(who, row, factor):
    """So many times as fast as a peer in this very run."""
    return lambda medians: medians[row][who] / factor if who in medians.get(row, {}) else None


def native(file, peer="", package=""):
    return Program("native", file, peer, package)


GO = Program("go", package="golang")
STATE_THREADS = native("st_tasks", "state-threads", "libst-dev")
ASYNCIO = Program("python", "peers/asyncio_tasks.py")

SWITCH = {
    "eddy-epoll": native("eddy_switch"),
    "boost-context": native("boost_switch", "boost-context", "libboost-context-dev and a C++ compiler"),
    "ucontext": native("ucontext_switch"),
}
TASKS = {"eddy-epoll": native("eddy_tasks"), "go": GO, "state-threads": STATE_THREADS, "asyncio": ASYNCIO}
BURST = {"eddy-epoll": native("eddy_tasks"), "go": GO}
QUEUE = {"eddy-epoll": native("eddy_queue"), "go": GO, "asyncio": Program("python", "peers/asyncio_queue.py")}
SELECT = {"eddy-epoll": native("eddy_queue"), "go": GO}
LOCKS = {"eddy-epoll": native("eddy_sync"), "go": GO, "asyncio": Program("python", "peers/asyncio_sync.py")}
SLEEPERS = {"eddy-epoll": native("eddy_sleepers"), "go": GO}
TIMERS = {
    "eddy-epoll": native("eddy_timers"),
    "libev": native("libev_timers", "libev", "libev-dev"),
    "libuv": native("libuv_timers", "libuv", "libuv1-dev"),
    "go": GO,
}
GENERATORS = {
    "eddy-epoll": native("eddy_generator"),
    "boost-context": native("boost_generator", "boost-context", "libboost-context-dev and a C++ compiler"),
    "go": GO,
    "python": Program("python", "peers/python_generator.py"),
}
CONTEXTS = {
    "eddy-epoll": native("eddy_generator"),
    "pthread_getspecific": native("pthread_specific"),
    "go": GO,
    "python": Program("python", "peers/python_generator.py"),
}
THREADS = {
    "eddy-epoll": native("eddy_threads"),
    "libuv": native("libuv_threads", "libuv", "libuv1-dev"),
    "go": GO,
    "asyncio": Program("python", "peers/asyncio_threads.py"),
}
ECHO = {
    "eddy-epoll": native("eddy_echo"),
    "raw-epoll": native("raw_epoll_echo"),
    "libuv": native("libuv_echo", "libuv", "libuv1-dev"),
    "go": GO,
    "asyncio": Program("python", "peers/asyncio_echo.py"),
}
UDP = {
    "eddy-epoll": native("eddy_udp"),
    "raw-recvmmsg": native("raw_recvmmsg_echo"),
    "libuv": native("libuv_udp", "libuv", "libuv1-dev"),
    "go": GO,
    "asyncio": Program("python", "peers/asyncio_udp.py"),
}

FILE = {"eddy-epoll": native("eddy_file"), "libuv": native("libuv_file", "libuv", "libuv1-dev"), "go": GO}
PROCESS = {
    "eddy-epoll": native("eddy_process"),
    "libuv": native("libuv_process", "libuv", "libuv1-dev"),
    "go": GO,
    "asyncio": Program("python", "peers/asyncio_process.py"),
}

FILES = {"eddy-epoll": Program("command"), "nginx": Program("system", "nginx", package="nginx-light and wrk")}

EXPERIMENTS = (
    Experiment(("switch",), "switch", SWITCH),
    Experiment(("yield",), "yield", TASKS),
    Experiment(("yield_64",), "yield_64", TASKS),
    Experiment(("spawn_await",), "spawn_await", TASKS),
    Experiment(("spawn_burst",), "spawn_burst", BURST),
    Experiment(("spawn_burst_1000",), "spawn_burst_1000", TASKS),
    Experiment(("queue_item",), "queue_item", QUEUE),
    Experiment(("channel_round_trip",), "channel_round_trip", QUEUE),
    Experiment(("select_round_trip",), "select_round_trip", SELECT),
    Experiment(("generator_step",), "generator_step", GENERATORS),
    Experiment(("context_get",), "context_get", CONTEXTS),
    Experiment(("lock_pair",), "lock_pair", LOCKS | {"pthread": native("pthread_lock")}),
    Experiment(("lock_handover",), "lock_handover", LOCKS),
    Experiment(("sleepers_wall", "sleepers_bytes"), "sleepers", SLEEPERS),
    Experiment(("timer_set", "timer_cancel"), "timer_set", TIMERS),
    Experiment(("timer_fire",), "timer_fire", TIMERS),
    Experiment(("thread_round_trip",), "thread_round_trip", THREADS, kind="threads"),
    Experiment(("to_thread",), "to_thread", THREADS, kind="threads"),
    Experiment(("echo_user_us", "echo_total_us", "echo_per_second"), "echo", ECHO, kind="echo"),
    Experiment(("udp_echo_total_us",), "udp_echo", UDP, kind="udp_echo"),
    Experiment(("file_read",), "file_read", FILE),
    Experiment(("file_write",), "file_write", FILE),
    Experiment(("spawn_process_10mb",), "spawn_process_10mb", PROCESS),
    Experiment(("spawn_process_2gb",), "spawn_process_2gb", PROCESS),
    Experiment(tuple(files.SIZES), "files", FILES, kind="files"),
)

ECHO_CONNECTIONS, ECHO_BYTES, ECHO_SECONDS = 100, 64, 3
UDP_OUTSTANDING = 100

ROWS = {
    "switch": Row(
        "ns", "switch between two coroutines, without loop or queue", 2.7,
        {"inline assembly": 1.3, "sco": 6.2, "libaco": 9, "minicoro": 13}),
    "yield": Row(
        "ns", "yield through the ready queue, 2 tasks taking turns", 6,
        {"bare prototype": 4.1, "libmill": 11, "libdill": 16, "neco": 59, "tokio": 75}),
    "yield_64": Row("ns", "yield through the ready queue, 64 tasks taking turns", 7),
    "spawn_await": Row(
        "ns", "create a task and await its result, one by one", 25,
        {"bare prototype": 13, "libdill": 65, "neco": (85, 120), "tokio": 158}),
    "spawn_burst": Row(
        "ns", "create 1,000,000 tasks, then await all: once, in a process that starts with it", 150),
    "spawn_burst_1000": Row(
        "ns", "create 1,000 tasks, then await all, 1,000 times (asyncio: 50 times)", 40,
        {"bare prototype": 29, "Photon": 80, "tokio": 120}),
    "queue_item": Row(
        "ns", "an item through a queue of 128 slots, from one task to another", 15),
    "channel_round_trip": Row(
        "ns", "there and back through unbuffered channels, 2 tasks (asyncio: queues of 1 slot)", 28,
        {"bare prototype": 11, "libdill": 95, "neco": 220}),
    "select_round_trip": Row(
        "ns", "the same, each side selecting between its channel and a silent one"),
    "generator_step": Row("ns", "ask a generator for its next value", 8),
    "context_get": Row("ns", "look up one of three context variables in a task", 5),
    "lock_pair": Row(
        "ns", "acquire and release a lock that nobody else wants", 5,
        note="pthread: a mutex, in a process with a second thread"),
    "lock_handover": Row(
        "ns", "2 tasks contend for a lock: hand it from one to the other", 25,
        note="go: a channel of one slot, for its mutex is not handed over"),
    "sleepers_wall": Row(
        "s", "1,000,000 coroutines asleep at once, each asking for 3 s: until all have ended", 6.5,
        note="quoted: libdill fails at 32,753 coroutines, neco aborts at 30,000"),
    "sleepers_bytes": Row(
        "B", "the same: resident memory and page tables that each takes while all are asleep", 4.7 * 1024),
    "timer_set": Row(
        "ns", "set 1,000,000 timers, deadlines random within a minute; CPU time, second round", 6,
        {"bare prototype": 3.6, "tokio": 692}),
    "timer_cancel": Row(
        "ns", "cancel these timers, in the order of setting; CPU time", 5,
        {"bare prototype": 3.1, "tokio": 191}),
    "timer_fire": Row(
        "ns", "1,000,000 timers fire, deadlines random within 0.5 s; CPU time of the loop", 180,
        {"bare prototype": 146}),
    "thread_round_trip": Row(
        "ns", "a callback to another thread's loop and one back, on two cores; go: a channel between OS threads",
        better_than("libuv", "thread_round_trip", 1.3), note="aim: 1.3 times as fast as libuv in this run"),
    "to_thread": Row("ns", "have an empty function called on a helper thread and await it, one by one, on two cores"),
    "echo_user_us": Row(
        "us", f"TCP echo, {ECHO_CONNECTIONS} connections, {ECHO_BYTES} B: server's user time a request", 0.30,
        {"raw io_uring": 0.09, "uvloop protocol": 1.2, "uvloop streams": 3.7}),
    "echo_total_us": Row(
        "us", "the same: server's user and system time a request", echo_total_aim,
        {"raw io_uring": 6.19, "uvloop protocol": 8.1, "uvloop streams": 10.7},
        note="aim: 0.30 us + raw-epoll's system time in this run"),
    "echo_per_second": Row(
        "1/s", "the same: requests a second, server and load on one core each"),
    "udp_echo_total_us": Row(
        "us", f"UDP echo, {UDP_OUTSTANDING} datagrams on their way, {ECHO_BYTES} B: server's user and system time "
        "each"),
    "file_read": Row("ns", "read 4 KiB at a random offset of a file that lies in memory, one by one"),
    "file_write": Row("ns", "write 4 KiB there, one by one"),
    "spawn_process_10mb": Row(
        "us", "start /bin/true and wait for its end, 300 times one by one, by a parent with 10 MB resident"),
    "spawn_process_2gb": Row("us", "the same by a parent with 2 GB resident"),
    "serve_1k_per_second": Row(
        "1/s", f"a file of 1 KB by HTTP keep-alive, {files.CONNECTIONS} connections, server and wrk on a core each"),
    "serve_100k_per_second": Row("1/s", "the same with a file of 100 KB"),
}
