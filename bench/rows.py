"""What is measured: rows, their workloads and aims, and what is known of those who are ahead."""
import clients
import durable_rows
import fetching
import files
import secure
import web
from contestants import (BUFFERED, BUFFERED_64K, BURST, CHANNEL, CONTEXTS, ECHO, ECHO_FAST, FETCH, FETCH_PARTS, FILE, FILES, GENERATORS, HTTP, HTTP_CLIENT, HTTP_SITE,
                         IDLE, LOCK_HANDOVER, LOCK_PAIR, PROCESS, PROTOCOL, PROTOCOL_64K, PROXY, QUEUE, SELECT, SLEEPERS, SWITCH, THREADS, TIMERS, TLS, TLS_BULK,
                         TLS_IDLE, TLS_PROTOCOL, TO_THREAD, UDP, WEBSOCKET, YIELD)
from row import Experiment, Row, at_least, at_most, echo_total_aim, near_best, plus, protocol_aim, times
from servers import COUNTED_SECONDS, IDLE_CONNECTIONS, Load


def echo(name, connections, bytes_, contestants, seconds=1, figures=("user_us", "total_us")):
    return Experiment(tuple(f"{name}_{figure}" for figure in figures), "echo", contestants, "load",
                      Load(connections, bytes_, seconds))


def secure_echo(name, bytes_, contestants):
    return Experiment((f"{name}_total_us",), "tls_echo", contestants, "tls", Load(CONNECTIONS, bytes_, 1))


def agree(how):
    """Connections that come for a byte."""
    return Experiment((f"tls_{how}_total_us", f"tls_{how}_per_second"), "tls_greet", TLS, "tls", Load(CONNECTIONS, how, 1))


def web_pages(name, argument, contestants, request):
    return Experiment((f"{name}_per_second", f"{name}_total_us"), argument, contestants, "web", request)


def websocket(name, bytes_):
    return Experiment((f"{name}_per_second", f"{name}_total_us"), "http_site", WEBSOCKET, "load",
                      Load(CONNECTIONS, f"websocket:{bytes_}", 1.5))


def fetched(name, contestants):
    return Experiment((f"fetch_{name}_per_second", f"fetch_{name}_seconds"), "fetch", contestants, "fetch", most_repeats=3)


def moving(up, version):
    name = f"http{version}_{'up' if up else 'down'}"
    return Experiment((f"{name}_per_second", f"{name}_peak_bytes"), "http2_site" if version == 2 else "http_site", HTTP_SITE, "transfer",
                      web.Transfer(up, version), most_repeats=2)


def secure_idle(name, contestants):
    return Experiment((f"{name}_bytes",), "tls_echo", contestants, "tls_idle", Load(secure.IDLE_CONNECTIONS, BYTES, 1), most_repeats=2)


CONNECTIONS, BYTES = 100, 64
UDP_OUTSTANDING = 100
ECHO_RATE, HTTP_RATE = 50000, 20000  # the latter about half of what the slowest can do
PIPELINED = 16
PERCENTILES = "p50_us", "p99_us", "p999_us"

EXPERIMENTS = (
    Experiment(("switch",), "switch", SWITCH),
    Experiment(("yield",), "yield", YIELD),
    Experiment(("yield_64",), "yield_64", YIELD),
    Experiment(("spawn_await",), "spawn_await", YIELD),
    Experiment(("spawn_burst",), "spawn_burst", BURST),
    Experiment(("spawn_burst_1000",), "spawn_burst_1000", YIELD),
    Experiment(("queue_item",), "queue_item", QUEUE),
    Experiment(("channel_round_trip",), "channel_round_trip", CHANNEL),
    Experiment(("select_round_trip",), "select_round_trip", SELECT),
    Experiment(("generator_step",), "generator_step", GENERATORS),
    Experiment(("context_get",), "context_get", CONTEXTS),
    Experiment(("lock_pair",), "lock_pair", LOCK_PAIR),
    Experiment(("lock_handover",), "lock_handover", LOCK_HANDOVER),
    Experiment(("sleepers_wall", "sleepers_bytes"), "sleepers", SLEEPERS, most_repeats=2),
    Experiment(("timer_set", "timer_cancel"), "timer_set", TIMERS),
    Experiment(("timer_fire",), "timer_fire", TIMERS),
    Experiment(("thread_round_trip",), "thread_round_trip", THREADS, kind="threads"),
    Experiment(("to_thread",), "to_thread", TO_THREAD, kind="threads"),
    echo("echo", CONNECTIONS, BYTES, ECHO, seconds=1.5, figures=("user_us", "total_us", "per_second")),
    echo("echo_1000", 1000, BYTES, ECHO_FAST),
    echo("echo_1k", CONNECTIONS, 1024, ECHO_FAST),
    echo("echo_1000_1k", 1000, 1024, ECHO_FAST),
    Experiment(tuple(f"echo_{figure}" for figure in PERCENTILES), "echo", ECHO, "load",
               Load(CONNECTIONS, BYTES, 1, ECHO_RATE)),
    Experiment(("echo_syscalls",), "echo", ECHO, "syscalls", Load(CONNECTIONS, BYTES, COUNTED_SECONDS),
               most_repeats=1),
    Experiment(("idle_connection_bytes",), "echo", IDLE, "idle", Load(IDLE_CONNECTIONS, BYTES, 0), most_repeats=1),
    echo("protocol_echo", CONNECTIONS, BYTES, PROTOCOL),
    echo("protocol_echo_1000", 1000, BYTES, PROTOCOL),
    echo("protocol_echo_1k", CONNECTIONS, 1024, PROTOCOL),
    echo("buffered_echo", CONNECTIONS, BYTES, BUFFERED),
    echo("protocol_echo_64k", CONNECTIONS, 64 * 1024, PROTOCOL_64K),
    echo("buffered_echo_64k", CONNECTIONS, 64 * 1024, BUFFERED_64K),
    Experiment(("protocol_storm_total_us", "protocol_storm_per_second"), "echo", PROTOCOL, "storm",
               Load(CONNECTIONS, 1, 1)),
    Experiment(("idle_protocol_bytes",), "echo", PROTOCOL, "idle", Load(IDLE_CONNECTIONS, BYTES, 0), most_repeats=1),
    Experiment(("udp_echo_total_us",), "udp_echo", UDP, "udp", Load(UDP_OUTSTANDING, BYTES, 1)),
    Experiment(("http_per_second", "http_total_us"), "http", HTTP, "load", Load(CONNECTIONS, "http", 1.5)),
    Experiment(("http_p50_us", "http_p99_us"), "http", HTTP, "load", Load(CONNECTIONS, "http", 1, HTTP_RATE)),
    Experiment(("http_syscalls",), "http", HTTP, "syscalls", Load(CONNECTIONS, "http", COUNTED_SECONDS),
               most_repeats=1),
    Experiment(("http_pipelined_per_second", "http_pipelined_total_us"), "http", HTTP, "load",
               Load(CONNECTIONS, f"http:{PIPELINED}", 1.5)),
    web_pages("https", "http", HTTP, web.Request(secure=True, seconds=5)),
    web_pages("http2", "http2", HTTP, web.Request(version=2)),
    web_pages("https2", "http2", HTTP, web.Request(version=2, secure=True)),
    Experiment(("http_proxy_per_second", "http_proxy_total_us"), "http_proxy", PROXY, "proxy", web.Request()),
    web_pages("http_json", "http_site", HTTP_SITE, web.Request("/json", web.USERS)),
    web_pages("http_post_1k", "http_site", HTTP_SITE, web.Request("/size", b"1024", body=1024)),
    web_pages("http_post_1m", "http_site", HTTP_SITE, web.Request("/size", b"1048576", body=1024 ** 2)),
    web_pages("http_routes", "http_site", HTTP_SITE, web.Request("/resource7/12345/parts/wheel", b"wheel", script="routes.lua")),
    web_pages("http_stream", "http_site", HTTP_SITE, web.Request(f"/stream/{web.STREAMED}", web.STREAMED, connections=10)),
    Experiment(("http_idle_bytes",), "http", HTTP, "idle", Load(IDLE_CONNECTIONS, "http", 0), most_repeats=1),
    moving(up=True, version=1),
    moving(up=False, version=1),
    moving(up=True, version=2),
    moving(up=False, version=2),
    websocket("websocket_64", 64),
    websocket("websocket_64k", 64 * 1024),
    *(Experiment((f"http_client_{count}_per_second", f"http_client_{count}_total_us"), f"http_client_{count}", HTTP_CLIENT, "client")
      for count in clients.TOGETHER),
    Experiment(files.ROWS, "http_site", FILES, kind="files"),
    fetched("small", FETCH),
    fetched("large", FETCH),
    fetched("segments", FETCH_PARTS),
    secure_echo("tls_echo", BYTES, TLS),
    secure_echo("tls_echo_16k", 16 * 1024, TLS),
    secure_echo("tls_protocol_echo", BYTES, TLS_PROTOCOL),
    secure_echo("tls_protocol_echo_16k", 16 * 1024, TLS_PROTOCOL),
    agree("full"),
    agree("resumed"),
    Experiment(("tls_bulk_per_second", "tls_bulk_seconds"), "bulk", TLS_BULK, "bulk"),
    Experiment(files.TLS_ROWS, "http_site", FILES, kind="files"),
    secure_idle("tls_idle", TLS_IDLE),
    secure_idle("tls_idle_protocol", TLS_PROTOCOL),
    Experiment(("file_read",), "file_read", FILE),
    Experiment(("file_write",), "file_write", FILE),
    Experiment(("file_write_memory",), "file_write_memory", FILE),
    Experiment(("spawn_process_10mb",), "spawn_process_10mb", PROCESS),
    Experiment(("spawn_process_2gb",), "spawn_process_2gb", PROCESS),
    *durable_rows.EXPERIMENTS,
)

# What holds for several rows.
FLOOR = dict.fromkeys(
    ("raw-epoll", "raw-uring", "raw io_uring"),
    "it knows nothing but echo: no coroutine, no stream, no deadline, no cancellation")
COUNTED = ("counted at the kernel's tracepoint by perf where that is allowed, else by strace, which slows the server "
           "down, so that it answers larger batches")
PROTOCOL_AIM = "aim: on epoll 1.03 times raw-epoll in this run, on io_uring less than raw-epoll"
ECHO_AIM = "aim: on epoll 0.30 us and raw-epoll's system time in this run, on io_uring less than raw-epoll"
LEANER = FLOOR | dict.fromkeys(
    ("libuv", "libdill", "state-threads", "tokio"),
    "a call of ours asks more questions: cancelled, who else writes, in which order; and user time is what the kernel's "
    "clock tick samples, good to 20 %")
PATH = FLOOR | dict.fromkeys(
    ("libuv", "libdill", "tokio"), "it is the same instructions as in user time: a microsecond of twenty at most")
TAIL = FLOOR | dict.fromkeys(
    ("libuv", "libdill", "state-threads", "tokio", "go", "raw-uring"),
    "the tail is the machine's: runs of one and the same contestant differ by more")
STACKLESS = dict.fromkeys(
    ("raw-epoll", "raw-uring", "libuv", "tokio"),
    "its connection has no stack; ours is a coroutine with a stack and its guard")


def protocol_rows(name, workload):
    """The rows of an echo by protocols."""
    return {
        f"{name}_user_us": Row("us", f"{workload}: user time", behind=LEANER),
        f"{name}_total_us": Row("us", "the same: user and system time", protocol_aim(name), note=PROTOCOL_AIM,
                                behind=FLOOR),
    }


def secure_echo_rows(name, who, contestants):
    """The rows of an echo by TLS."""
    behind = {peer: why for peer, why in OPENSSL.items() if peer in contestants}

    def row(bytes_, figure):
        return Row("us", f"TLS echo{who}, {CONNECTIONS} connections, {bytes_}: server's user and system time a request",
                   times(1.05, "raw-openssl", figure), note=f"aim: 1.05 times raw-openssl in this run. {NGINX_ECHO}",
                   behind=behind)
    return {figure: row(bytes_, figure) for figure, bytes_ in
            ((f"{name}_total_us", f"{BYTES} B"), (f"{name}_16k_total_us", "16 KiB"))}


def client_rows(count, how):
    rate, total = f"http_client_{count}_per_second", f"http_client_{count}_total_us"
    return {
        rate: Row("1/s", f"\"hello, world!\" asked of nginx {how}, connections kept, client and nginx on one core each"),
        total: Row("us", "the same: client's user and system time of each", at_most(total, go=2), note="aim: half of Go's in this run",
                   behind=dict.fromkeys(("go", "curl-multi"), "libcurl's own work, see docs/performance.md")),
    }


def web_rows(name, workload, contestants, behind=None, note="", **factors):
    """The rows of what is asked by HTTP, and so many times which peers eddy is to be."""
    rate, total = f"{name}_per_second", f"{name}_total_us"
    note = note or " and ".join(f"{factor} times {who}" for who, factor in factors.items())
    note, behind = note and f"aim: {note} in this run", behind or {}
    return {
        rate: Row("1/s", f"{workload}, server and load on one core each", at_least(rate, **factors) if factors else None,
                  note=note, behind={who: BY_LOAD for who in contestants if not who.startswith("eddy-")} | behind),
        total: Row("us", "the same: server's user and system time of each", at_most(total, **factors) if factors else None,
                   note=note, behind=behind),
    }


def file_rows(name, scheme):
    """The rows of files.py."""
    found, place = {}, f" by {scheme} keep-alive, {files.CONNECTIONS} connections, asked by wrk"
    for size, text in (("1k", "1 KB"), ("100k", "100 KB"), ("1m", "1 MB")):
        found |= web_rows(f"{name}_{size}", f"a file of {text}{place}", FILES,
                          note="nginx, with tcp_nopush and pieces of 256 KiB, its fastest,", nginx=1)
        place = f" by {scheme}, likewise"
    return found


def fetch_rows(name, unit, workload, **factors):
    row, total = f"fetch_{name}_per_second", f"fetch_{name}_seconds"
    return {
        row: Row(unit, f"{workload}; nginx and the contestant on one core each", at_least(row, **factors),
                 note="aim: the best of the others in this run"),
        total: Row("s", "the same: the contestant's user and system time in all"),
    }


def moving_rows(name, workload):
    return {
        f"{name}_per_second": Row("GB/s", f"{workload}, a core each"),
        f"{name}_peak_bytes": Row("B", "the same: by how much the server's memory grows at most", 1024 ** 2),
    }


def websocket_rows(name, size):
    return web_rows(name, f"WebSocket, {CONNECTIONS} connections, messages of {size} that are sent back, one at a time on each", WEBSOCKET,
                    note="twice Node's ws, and Go with gorilla/websocket,", node=2, go=1)


def agreeing_rows(how, workload):
    total = f"tls_{how}_total_us"
    return {
        total: Row("us", f"{workload}; {CONNECTIONS} at a time: server's user and system time of each",
                   times(1, "nginx", total), note="aim: nginx in this run", behind=OPENSSL),
        f"tls_{how}_per_second": Row("1/s", "the same: connections a second, server and load on one core each", behind=OPENSSL),
    }


JANSSON = dict.fromkeys(("tokio", "go"), "jansson makes a tree of values first, and takes 98 of 100 instructions")
BY_LOAD = "the load is as busy as the server: the row of processor time tells them apart"
MOVED = f"a body of {web.MOVED // 1024 ** 3} GiB"
RUSTLS = {"tokio": "rustls and ring, whose elliptic curves and keys take less than OpenSSL 3.0's, which looks up each algorithm anew"}
OPENSSL = RUSTLS | {
    "go": "its own crypto library, likewise",
    "raw-openssl": "it knows nothing but this: no deadline, no lingering, no limits"}
NGINX_ECHO = "nginx decrypts and asks a server without TLS, whose time is not counted"

ROWS = {
    "switch": Row(
        "ns", "switch between two coroutines, without loop or queue", 2.7,
        {"inline assembly": 1.3, "sco": 6.2, "libaco": 9, "minicoro": 13}),
    "yield": Row(
        "ns", "yield through the ready queue, 2 tasks taking turns", 6,
        {"bare prototype": 4.1, "libmill": 11, "libdill": 16, "neco": 59, "tokio": 75},
        behind={
            "bare prototype": "ours takes 86 instructions, of which a quarter obey the calling convention and a quarter "
            "ask whether anything is special: cancelled, in debug mode, of its own rounding mode"}),
    "yield_64": Row("ns", "yield through the ready queue, 64 tasks taking turns", 7),
    "spawn_await": Row(
        "ns", "create a task and await its result, one by one", 25,
        {"bare prototype": 13, "libdill": 65, "neco": (85, 120), "tokio": 158},
        behind={
            "bare prototype": "a task of ours is linked into the list of all, the ready queue and the waiters, and out "
            "again, since it can be listed, cancelled and awaited by many"}),
    "spawn_burst": Row(
        "ns", "create 1,000,000 tasks, then await all: once, in a process that starts with it", 150),
    "spawn_burst_1000": Row(
        "ns", "create 1,000 tasks, then await all, 1,000 times (asyncio: 50 times)", 40,
        {"bare prototype": 29, "Photon": 80, "tokio": 120}),
    "queue_item": Row(
        "ns", "an item through a queue of 128 slots, from one task to another", 15),
    "channel_round_trip": Row(
        "ns", "there and back through unbuffered channels, 2 tasks (asyncio: queues of 1 slot)", 28,
        {"bare prototype": 11, "libdill": 95, "neco": 220},
        behind={
            "bare prototype": "a round trip of ours is two waits, each of which can be cancelled"}),
    "select_round_trip": Row(
        "ns", "the same, each side selecting between its channel and a silent one"),
    "generator_step": Row("ns", "ask a generator for its next value", 8),
    "context_get": Row(
        "ns", "look up one of three context variables in a task", 5,
        behind={
            "pthread_getspecific": "a thread's key is an index into its own table; ours finds the task, then the "
            "variable in a hash table that tasks share until one writes"}),
    "lock_pair": Row(
        "ns", "acquire and release a lock that nobody else wants", 5,
        note="pthread: a mutex, in a process with a second thread",
        behind={
            "go": "Go's fast path is inlined; ours is two calls into a shared library, and finds out who runs"}),
    "lock_handover": Row(
        "ns", "2 tasks contend for a lock: hand it from one to the other", 25,
        note="go: a channel of one slot, for its mutex is not handed over"),
    "sleepers_wall": Row(
        "s", "1,000,000 coroutines asleep at once, each asking for 3 s: until all have ended", 6.5,
        note="quoted: libdill fails at 32,753 coroutines, neco aborts at 30,000",
        behind={
            "go": "a goroutine has 2 KiB and no guard; touching our pages is most of the time",
            "tokio": "its tasks are state machines without a stack"}),
    "sleepers_bytes": Row(
        "B", "the same: resident memory and page tables that each takes while all are asleep", 4.7 * 1024,
        behind={
            "go": "a goroutine starts with a stack of 2 KiB; ours is a page at least, and its page tables",
            "tokio": "its tasks are state machines without a stack"}),
    "timer_set": Row(
        "ns", "set 1,000,000 timers, deadlines random within a minute; CPU time, second round", 6,
        {"bare prototype": 3.6, "tokio": 692},
        behind={
            "bare prototype": "a million timers of ours exceed the cache: a miss for each that is touched"}),
    "timer_cancel": Row(
        "ns", "cancel these timers, in the order of setting; CPU time", 5,
        {"bare prototype": 3.1, "tokio": 191},
        behind={
            "bare prototype": "a million timers of ours exceed the cache: a miss for some of their neighbours"}),
    "timer_fire": Row(
        "ns", "1,000,000 timers fire, deadlines random within 0.5 s; CPU time of the loop", 180,
        {"bare prototype": 146},
        behind={
            "bare prototype": "our timers move down a level of the wheel before they fire, which is a cache miss each"}),
    "thread_round_trip": Row(
        "ns", "a callback to another thread's loop and one back, on two cores; go: a channel between OS threads",
        times(1 / 1.3, "libuv", "thread_round_trip"), note="aim: 1.3 times as fast as libuv in this run"),
    "to_thread": Row("ns", "have an empty function called on a helper thread and await it, one by one, on two cores"),
    "echo_user_us": Row(
        "us", f"TCP echo, {CONNECTIONS} connections, {BYTES} B, a closed loop: server's user time a request", 0.30,
        {"raw io_uring": 0.09, "uvloop protocol": 1.2, "uvloop streams": 3.7}, behind=LEANER),
    "echo_total_us": Row(
        "us", "the same: server's user and system time a request", echo_total_aim("echo"),
        {"raw io_uring": 6.19, "uvloop protocol": 8.1, "uvloop streams": 10.7}, note=ECHO_AIM, behind=FLOOR),
    "echo_per_second": Row(
        "1/s", "the same: requests a second, server and load on one core each", behind=FLOOR),
    "echo_1000_user_us": Row("us", f"TCP echo, 1,000 connections, {BYTES} B: user time", 0.30, behind=LEANER),
    "echo_1000_total_us": Row(
        "us", "the same: user and system time", echo_total_aim("echo_1000"), note=ECHO_AIM, behind=FLOOR),
    "echo_1k_user_us": Row("us", f"TCP echo, {CONNECTIONS} connections, 1 KiB: user time", 0.30, behind=LEANER),
    "echo_1k_total_us": Row(
        "us", "the same: user and system time", echo_total_aim("echo_1k"), note=ECHO_AIM, behind=FLOOR),
    "echo_1000_1k_user_us": Row("us", "TCP echo, 1,000 connections, 1 KiB: user time", 0.30, behind=LEANER),
    "echo_1000_1k_total_us": Row(
        "us", "the same: user and system time", echo_total_aim("echo_1000_1k"), note=ECHO_AIM, behind=FLOOR),
    "echo_p50_us": Row(
        "us", f"TCP echo, {CONNECTIONS} connections, {BYTES} B, {ECHO_RATE:,} requests a second due whatever the "
        "server does: half are answered within this, counted from when each was due", behind=PATH),
    "echo_p99_us": Row("us", "the same: 99 % are", behind=TAIL),
    "echo_p999_us": Row("us", "the same: 99.9 % are", behind=TAIL),
    "echo_syscalls": Row(
        "calls", f"TCP echo, {CONNECTIONS} connections, {BYTES} B, a closed loop for {COUNTED_SECONDS} s: system calls "
        "a request of the server", note=COUNTED),
    "idle_connection_bytes": Row(
        "B", f"TCP echo, {IDLE_CONNECTIONS:,} connections that have each had one message echoed: resident memory and "
        "page tables that each takes of the server", 5 * 1024, behind=STACKLESS),
    **protocol_rows("protocol_echo", f"TCP echo by a protocol, {CONNECTIONS} connections, {BYTES} B"),
    **protocol_rows("protocol_echo_1000", f"TCP echo by a protocol, 1,000 connections, {BYTES} B"),
    **protocol_rows("protocol_echo_1k", f"TCP echo by a protocol, {CONNECTIONS} connections, 1 KiB"),
    **protocol_rows("buffered_echo",
                    f"TCP echo by a protocol with a buffer of its own, {CONNECTIONS} connections, {BYTES} B"),
    **protocol_rows("protocol_echo_64k", f"TCP echo by a protocol, {CONNECTIONS} connections, 64 KiB"),
    **protocol_rows("buffered_echo_64k",
                    f"TCP echo by a protocol with a buffer of its own, {CONNECTIONS} connections, 64 KiB"),
    "protocol_storm_total_us": Row(
        "us", f"TCP echo by a protocol of one byte, and the connection is closed; {CONNECTIONS} at a time: user and system "
        "time of each", behind=FLOOR),
    "protocol_storm_per_second": Row("1/s", "the same: connections accepted and closed, server and load on one core each"),
    "idle_protocol_bytes": Row(
        "B", f"TCP echo by a protocol, {IDLE_CONNECTIONS:,} connections that have each had one message echoed: memory that "
        "each takes of the server", 614,
        behind=dict.fromkeys(("raw-epoll", "raw-uring", "libuv"),
                             "it keeps less: ours can pause, end half, be aborted and change its protocol")),
    "udp_echo_total_us": Row(
        "us", f"UDP echo, {UDP_OUTSTANDING} datagrams on their way, {BYTES} B: server's user and system time each"),
    "http_per_second": Row(
        "1/s", f"\"hello, world!\" by HTTP/1.1, {CONNECTIONS} connections kept alive, server and load on one core each",
        times(1.3, "nginx", "http_per_second"), note="aim: 1.3 times nginx in this run"),
    "http_total_us": Row("us", "the same: server's user and system time a request", at_most("http_total_us", nginx=1.3),
                         note="aim: 1.3 times nginx in this run"),
    "http_p50_us": Row(
        "us", f"the same, {HTTP_RATE:,} requests a second due whatever the server does: half are answered within this, "
        "counted from when each was due"),
    "http_p99_us": Row("us", "the same: 99 % are", near_best(1.25, "http_p99_us"), note="aim: 1.25 times the best peer in this run, for noise",
                       behind=TAIL),
    "http_syscalls": Row(
        "calls", f"the same, a closed loop for {COUNTED_SECONDS} s: system calls a request of the server",
        note=COUNTED),
    **web_rows("http_pipelined", f"the same, {PIPELINED} requests at once on each connection", HTTP, nginx=1.3),
    **web_rows("https", f"\"hello, world!\" by HTTPS, {CONNECTIONS} connections kept alive, asked by wrk", HTTP, RUSTLS, nginx=1.2),
    **web_rows("http2", f"\"hello, world!\" by HTTP/2, {web.CONNECTIONS} connections of {web.STREAMS} streams, asked by h2load", HTTP,
               nginx=1.2),
    **web_rows("https2", "the same by TLS", HTTP, nginx=1.2),
    **web_rows("http_proxy", f"\"hello, world!\" by a proxy to a nginx beside the load, {CONNECTIONS} connections, asked by wrk", PROXY, nginx=0.9),
    **web_rows("http_json", f"a JSON object of 1 KB made for each request, {CONNECTIONS} connections, asked by wrk", HTTP_SITE, JANSSON),
    **web_rows("http_post_1k", f"a body of 1 KB is read whole and its size answered, {CONNECTIONS} connections, asked by wrk", HTTP_SITE),
    **web_rows("http_post_1m", "the same with a body of 1 MiB", HTTP_SITE,
               {"tokio": "hyper lends what it has received, and receives more by each call; ours is copied to the handler's buffer"}),
    **web_rows("http_routes", f"500 routes asked in turn, half of them with two names in their path, {CONNECTIONS} connections, by wrk", HTTP_SITE),
    **web_rows("http_stream", "an answer of 10 MiB in pieces of 64 KiB, 10 connections, asked by wrk", HTTP_SITE,
               {"tokio": "it gathers six pieces for each call, and we send each when it is written"}),
    "http_idle_bytes": Row(
        "B", f"{IDLE_CONNECTIONS:,} connections kept alive that have each had one \"hello, world!\": resident memory and page tables "
        "that each takes of the server", behind={"nginx": "it keeps less: ours has a transport with marks, an end of its own and deadlines"}),
    **moving_rows("http1_up", f"{MOVED} sent to a server by HTTP/1 in one exchange, by curl"),
    **moving_rows("http1_down", f"{MOVED} answered by HTTP/1, in pieces of 64 KiB"),
    **moving_rows("http2_up", f"{MOVED} sent to a server by HTTP/2 in one exchange, by curl"),
    **moving_rows("http2_down", f"{MOVED} answered by HTTP/2, in pieces of 64 KiB"),
    **client_rows(1, "one after the other"),
    **client_rows(100, "by 100 coroutines"),
    **websocket_rows("websocket_64", "64 B"),
    **websocket_rows("websocket_64k", "64 KiB"),
    **file_rows("serve", "HTTP"),
    **fetch_rows("small", "1/s", f"{fetching.COUNT:,} files of 4 KB downloaded, {fetching.TOGETHER} at a time", curl=1, wget2=1, aria2c=1),
    **fetch_rows("large", "GB/s", "a file of 1 GB downloaded over one connection", curl=1, wget2=1, aria2c=1),
    **fetch_rows("segments", "GB/s", f"the same over {fetching.SEGMENTS} connections, each of which nginx limits to {fetching.RATE} MiB/s", aria2c=1),
    **secure_echo_rows("tls_echo", "", TLS),
    **secure_echo_rows("tls_protocol_echo", " by a protocol", TLS_PROTOCOL),
    **agreeing_rows("full", "connect, agree on TLS 1.3 with a key of P-256, receive a byte, close"),
    **agreeing_rows("resumed", "the same with the session of a connection before"),
    "tls_bulk_per_second": Row(
        "GB/s", "a file of 1 GiB by HTTPS on one connection, fetched by curl, a core each",
        times(0.95, "s_server", "tls_bulk_per_second"), note="aim: 0.95 of openssl s_server in this run"),
    "tls_bulk_seconds": Row("s", "the same: server's user and system time of each GB"),
    **file_rows("tls_serve", "HTTPS"),
    "tls_idle_bytes": Row(
        "B", f"TLS echo, {secure.IDLE_CONNECTIONS:,} connections that have each had one message echoed: resident memory and page "
        "tables that each takes of the server", behind={
            "raw-openssl": "ours is a coroutine with a stack, of which OpenSSL touches a second page"}),
    "tls_idle_protocol_bytes": Row(
        "B", "the same by a protocol", plus(1024, "raw-openssl", "tls_idle_protocol_bytes"),
        note="aim: 1 KiB more than raw-openssl in this run, which gives OpenSSL's buffers back (SSL_MODE_RELEASE_BUFFERS)"),
    "file_read": Row("ns", "read 4 KiB at a random offset of a file that lies in memory, one by one"),
    "file_write": Row(
        "ns", "write 4 KiB there, one by one",
        behind={
            "go": "Go's thread waits for its write; ours goes to a helper thread, so that the loop does not"}),
    "file_write_memory": Row(
        "ns", "the same to a file of a file system in memory (tmpfs)", times(1.5, "go", "file_write_memory"),
        note="aim: 1.5 times Go in this run",
        behind={"go": "each write asks for the limit of a file's size first, so that SIGXFSZ is never met, and checks who asks"}),
    "spawn_process_10mb": Row(
        "us", "start /bin/true and wait for its end, 300 times one by one, by a parent with 10 MB resident"),
    "spawn_process_2gb": Row("us", "the same by a parent with 2 GB resident"),
    **durable_rows.ROWS,
}
