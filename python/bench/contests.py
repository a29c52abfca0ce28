"""What is measured: rows, and which of them are measured where none is asked for."""
from dataclasses import dataclass

SIZES = {"64": 64, "1k": 1024, "10k": 10 * 1024, "100k": 100 * 1024}
CONNECTIONS = (1, 100, 1000)
IDLE_CONNECTIONS = 1000
ECHOES = {
    "protocol": "Protocol, whose data_received() writes",
    "buffered": "BufferedProtocol, into one buffer a connection",
    "streams": "StreamReader.read(), write(), drain()",
    "sock": "loop.sock_recv(), sock_sendall()",
}

# Of the echo rows: what tells loops apart (the smallest message), what copying costs, and for the
# two ways that most programs go, what lies between and what many connections cost.
FEW = {("64", 1), ("64", 100), ("100k", 100)}
MORE = FEW | {("64", 1000), ("10k", 100), ("100k", 1)}
USUAL = {"protocol": MORE, "buffered": FEW, "streams": MORE, "sock": FEW}


@dataclass(frozen=True)
class Row:
    """A contest in which every contestant runs the same program."""
    name: str
    workload: str
    # "load", "tls", "udp": a server is under that; "memory", "tls memory": it has idle connections;
    # "operation", "threads": a program is told when to run, on a core of its own or on all.
    kind: str
    program: str            # below programs/
    argument: str = ""      # what it is asked to do
    connections: int = 0    # or datagrams on their way
    message: object = 0     # what comes on each: bytes to echo, or "http"
    is_usual: bool = True   # measured where no row is asked for
    packages: tuple = ()    # that the program imports

    @property
    def by_tls(self):
        return "tls" in self.kind


def size(name):
    return f"{name} B" if name.isdigit() else f"{name.rstrip('k')} KiB"


def count(connections):
    return f"{connections:,} connection{'s' * (connections > 1)}"


def echoes(kind, prefix, word, usual):
    """A row for each size and number of connections, of each way in `usual`, which names those."""
    return [Row(f"{prefix}{echo}_{name}_{connections}",
                f"{word} by {ECHOES[echo]}: {size(name)}, {count(connections)}",
                kind, "echo", echo, connections, bytes_, (name, connections) in usual[echo])
            for echo in usual for name, bytes_ in SIZES.items() for connections in CONNECTIONS]


def datagrams():
    return [Row(f"udp_64_{number}", f"UDP echo: 64 B, {number} on their way", "udp", "udp", "",
                number, 64) for number in (1, 100)]


def web(framework, what, *packages):
    return [Row(f"{framework}_{connections}", f'"hello, world!" by {what}: {count(connections)}',
                "load", "web", framework, connections, "http", connections == 100, packages)
            for connections in CONNECTIONS]


def operations(kind, rows):
    return [Row(name, workload, kind, "operations", name) for name, workload in rows.items()]


ALONE = {
    "call_soon": "callbacks, each of which has the next called",
    "sleep_0": "asyncio.sleep(0)",
    "create_task": "tasks, created and awaited one by one",
    "gather_100": "asyncio.gather() of 100 coroutines",
    "timers_cancelled": "timers, 100,000 at once, each set and cancelled",
    "timers_fired": "timers, 100,000 at once, each set and fired",
}
WITH_OTHERS = {
    "call_soon_threadsafe": "round trips: to a thread by a queue, back by call_soon_threadsafe()",
    "run_in_executor": "run_in_executor() of next to nothing, awaited",
    "subprocess": "create_subprocess_exec() of true, and wait(); the child's time does not count",
}


def memory(name, kind, argument):
    return Row(f"memory_{name}", f"{IDLE_CONNECTIONS:,} connections that had one message echoed "
               "and are idle: resident memory and page tables of each", kind, "echo", argument,
               IDLE_CONNECTIONS, 64)


ROWS = {row.name: row for row in (
    *echoes("load", "", "echo", USUAL), *datagrams(),
    *echoes("tls", "tls_", "TLS echo", {"protocol": FEW, "streams": FEW}),
    *web("aiohttp", "aiohttp", "aiohttp"),
    *web("uvicorn", "uvicorn with httptools", "uvicorn", "httptools"),
    *operations("operation", ALONE), *operations("threads", WITH_OTHERS),
    memory("protocol", "memory", "protocol"), memory("streams", "memory", "streams"),
    memory("tls_protocol", "tls memory", "protocol"))}


def select(names):
    """The rows of these names, or whose names begin so, in the table's order; the usual ones where
    there are no names. Raises KeyError."""
    selected = set()
    for name in names:
        every = [row for row in ROWS if row.startswith(name) or name == "all"]
        if not every:
            raise KeyError(name)
        selected.update([name] if name in ROWS else every)
    return [row for row in ROWS.values() if row.name in selected or (not names and row.is_usual)]
