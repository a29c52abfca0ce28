"""A row of the table, what measures it, and how aims follow from peers."""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Experiment:
    """One run of a program, which gives one figure for each of these rows."""
    rows: tuple
    argument: str         # what the program is asked to do
    contestants: dict     # name -> Program
    # It prints them itself; "threads": on all cores; or a server: "load", "storm", "udp", "syscalls", "idle", "files", "bulk",
    # "tls", "tls_idle", "web", "transfer", "proxy"; or it is a client: "client", "fetch", "jobs".
    kind: str = "figures"
    load: object = None   # of a server: Load, or of web.py
    most_repeats: int = 100


@dataclass(frozen=True)
class Row:
    """A figure. Less is better, but where it is so many a second."""
    unit: str
    workload: str
    aim: object = None    # a number; a function of {row: {contestant: median}} and the contestant; None: no aim
    quoted: dict = field(default_factory=dict)  # contestant -> figure or (least, most)
    note: str = ""
    behind: dict = field(default_factory=dict)  # contestant -> why it is ahead of eddy, in a sentence

    @property
    def more_is_better(self):
        return self.unit.endswith("/s")


def echo_total_aim(prefix):
    """On epoll 0.30 us of our own and the system time of the raw loop in this very run; on io_uring less than all
    of its time."""
    def aim(medians, contestant):
        total = medians.get(f"{prefix}_total_us", {}).get("raw-epoll")
        user = medians.get(f"{prefix}_user_us", {}).get("raw-epoll")
        if total is None or user is None:
            return None
        return total if contestant == "eddy-uring" else 0.30 + total - user
    return aim


def protocol_aim(prefix):
    """On epoll 1.03 times the raw loop's time in this very run, on io_uring less than that loop's."""
    def aim(medians, contestant):
        total = medians.get(f"{prefix}_total_us", {}).get("raw-epoll")
        return total and (total if contestant == "eddy-uring" else 1.03 * total)
    return aim


def times(factor, who, row):
    """So many times a peer's figure in this very run."""
    return lambda medians, _: factor * medians[row][who] if who in medians.get(row, {}) else None


def plus(more, who, row):
    """So much more than a peer's figure in this very run."""
    return lambda medians, _: more + medians[row][who] if who in medians.get(row, {}) else None


def at_least(row, **factors):
    """So many times the figures of these peers in this very run, as far as they took part."""
    def aim(medians, _):
        return max((factor * medians[row][who] for who, factor in factors.items() if who in medians.get(row, {})), default=None)
    return aim


def at_most(row, **factors):
    """Their figures divided so, where less is better."""
    def aim(medians, _):
        return min((medians[row][who] / factor for who, factor in factors.items() if who in medians.get(row, {})), default=None)
    return aim


def near_best(factor, row):
    """So many times the least figure of a peer in this very run."""
    def aim(medians, _):
        return min((factor * value for who, value in medians.get(row, {}).items() if not who.startswith("eddy-")), default=None)
    return aim
