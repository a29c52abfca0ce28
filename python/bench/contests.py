"""What is measured: rows, and which of them are measured where none is asked for."""
from dataclasses import dataclass

SIZES = {"64": 64, "1k": 1024, "10k": 10 * 1024, "100k": 100 * 1024}
CONNECTIONS = (1, 100, 1000)
ECHOES = {"protocol": "Protocol, whose data_received() writes", "buffered": "BufferedProtocol, into one buffer a connection",
          "streams": "StreamReader.read(), write(), drain()", "sock": "loop.sock_recv(), sock_sendall()"}

# Of the echo rows: what tells loops apart (the smallest message), what copying costs, what many connections cost.
USUAL = {("64", 1), ("64", 100), ("64", 1000), ("10k", 100), ("100k", 1), ("100k", 100)}


@dataclass(frozen=True)
class Row:
    """A contest in which every contestant runs the same program."""
    name: str
    workload: str
    program: str              # below programs/
    argument: str             # what it is asked to do
    connections: int = 0
    message: object = ""      # what comes on each: bytes to echo, or "http"
    is_usual: bool = True     # measured where no row is asked for


def size(name):
    return f"{name} B" if name.isdigit() else f"{name.rstrip('k')} KiB"


def echo_rows():
    for kind, how in ECHOES.items():
        for name, bytes_ in SIZES.items():
            for count in CONNECTIONS:
                yield Row(f"{kind}_{name}_{count}", f"echo by {how}: {size(name)}, {count} connection{'s' * (count > 1)}",
                          "echo", kind, count, bytes_, (name, count) in USUAL)


ROWS = {row.name: row for row in (*echo_rows(),)}


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
