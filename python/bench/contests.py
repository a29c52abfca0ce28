"""What is measured: rows, and which of them are measured where none is asked for."""
from dataclasses import dataclass

SIZES = {"64": 64, "1k": 1024, "10k": 10 * 1024, "100k": 100 * 1024}
CONNECTIONS = (1, 100, 1000)
IDLE_CONNECTIONS = 1000
ECHOES = {"protocol": "Protocol, whose data_received() writes", "buffered": "BufferedProtocol, into one buffer a connection",
          "streams": "StreamReader.read(), write(), drain()", "sock": "loop.sock_recv(), sock_sendall()"}

# Of the echo rows: what tells loops apart (the smallest message), what copying costs, what many connections cost.
USUAL = {("64", 1), ("64", 100), ("64", 1000), ("10k", 100), ("100k", 1), ("100k", 100)}
USUAL_BY_TLS = {("64", 1), ("64", 100), ("100k", 100)}


@dataclass(frozen=True)
class Row:
    """A contest in which every contestant runs the same program."""
    name: str
    workload: str
    kind: str                # "load", "tls", "udp": a server under that; "memory", "tls memory": it has idle connections;
                             # "operation", "threads": a program that is told when to run, on a core of its own or on all
    program: str             # below programs/
    argument: str = ""       # what it is asked to do
    connections: int = 0     # or datagrams on their way
    message: object = 0      # what comes on each: bytes to echo, or "http"
    is_usual: bool = True    # measured where no row is asked for
    packages: tuple = ()     # that the program imports

    @property
    def by_tls(self):
        return "tls" in self.kind


def size(name):
    return f"{name} B" if name.isdigit() else f"{name.rstrip('k')} KiB"


def count(connections):
    return f"{connections:,} connection{'s' * (connections > 1)}"


def echoes(kind, prefix, word, kinds, usual):
    return [Row(f"{prefix}{echo}_{name}_{connections}", f"{word} by {ECHOES[echo]}: {size(name)}, {count(connections)}",
                kind, "echo", echo, connections, bytes_, (name, connections) in usual)
            for echo in kinds for name, bytes_ in SIZES.items() for connections in CONNECTIONS]


def datagrams():
    return [Row(f"udp_64_{number}", f"UDP echo: 64 B, {number} on their way", "udp", "udp", "", number, 64)
            for number in (1, 100)]


def web():
    return [Row(f"{framework}_{connections}", f'"hello, world!" by {what}: {count(connections)}', "load", "web", framework,
                connections, "http", connections == 100, packages)
            for framework, what, packages in (("aiohttp", "aiohttp", ("aiohttp",)),
                                              ("uvicorn", "uvicorn with httptools", ("uvicorn", "httptools")))
            for connections in CONNECTIONS]


def operations():
    return [Row(name, workload, kind, "operations", name) for name, kind, workload in (
        ("call_soon", "operation", "callbacks, each of which has the next called"),
        ("sleep_0", "operation", "asyncio.sleep(0)"),
        ("create_task", "operation", "tasks, created and awaited one by one"),
        ("gather_100", "operation", "asyncio.gather() of 100 coroutines"),
        ("timers_cancelled", "operation", "timers, 100,000 at once, each set and cancelled"),
        ("timers_fired", "operation", "timers, 100,000 at once, each set and fired"),
        ("call_soon_threadsafe", "threads", "round trips: to a thread by a queue, back by call_soon_threadsafe()"),
        ("run_in_executor", "threads", "run_in_executor() of next to nothing, awaited"),
        ("subprocess", "threads", "create_subprocess_exec() of true, and wait(); time of the child does not count"))]


def memory():
    for name, kind, argument in (("protocol", "memory", "protocol"), ("streams", "memory", "streams"),
                                 ("tls_protocol", "tls memory", "protocol")):
        yield Row(f"memory_{name}", f"what each of {IDLE_CONNECTIONS:,} connections takes that had one message echoed and is "
                  "idle: resident memory and page tables", kind, "echo", argument, IDLE_CONNECTIONS, 64)


ROWS = {row.name: row for row in (
    *echoes("load", "", "echo", ECHOES, USUAL), *datagrams(),
    *echoes("tls", "tls_", "TLS echo", ("protocol", "streams"), USUAL_BY_TLS), *web(), *operations(), *memory())}


def select(names):
    """The rows of these names, or whose names begin so, in the table's order; the usual ones where there are no names.
    Raises KeyError."""
    selected = set()
    for name in names:
        matches = [name] if name in ROWS else [row for row in ROWS if row.startswith(name) or name == "all"]
        if not matches:
            raise KeyError(name)
        selected.update(matches)
    return [row for row in ROWS.values() if row.name in selected or (not names and row.is_usual)]
