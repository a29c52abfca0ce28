"""One run of one contestant in one row."""
import contextlib
from pathlib import Path

import servers

PROGRAMS = Path(__file__).resolve().parent / "programs"
WARM_UP = 0.3  # seconds before what counts, on the same connections


class Contest:
    """What all runs share."""

    def __init__(self, environment, build_dir, cores, seconds):
        self.environment, self.build_dir, self.cores, self.seconds = environment, build_dir, cores, seconds

    def measure(self, row, loop):
        """{figure: value}. Raises processes.Failure."""
        return self.under_load(row, loop)

    def serving(self, row, loop):
        argv = [str(self.environment.python), str(PROGRAMS / f"{row.program}.py"), loop.module, row.argument]
        return contextlib.closing(servers.Server(argv, self.cores, self.environment.variables | loop.environment))

    def load(self, row, port):
        argv = self.build_dir / "bench" / "load", port, row.connections, row.message, "-"
        return [str(word) for word in argv]

    def under_load(self, row, loop):
        """What a server does while a load runs whose connections were there before and stay. Neither starting nor
        accepting counts."""
        with self.serving(row, loop) as server:
            with servers.connected(server, self.load(row, server.port), self.cores) as load:
                load.run(WARM_UP)
                before = used(server.process.pid)
                answered = load.run(self.seconds)
                after = used(server.process.pid)
        return figures(answered, before, after)


def used(pid):
    """User and system seconds that a process has used.

    Their sum is exact to the nanosecond, since it comes from the scheduler; how it divides the kernel has sampled at its
    clock tick: some hundred times in a run, so that one run's user time is right to about 3 % of the sum."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    total = sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9
    user, system = (int(ticks) for ticks in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13])
    return total, user, system


def figures(answered, before, after):
    """What is kept of a run."""
    total, user, system = (late - early for late, early in zip(after, before))
    each = total * 1e6 / answered["requests"]
    part = user / (user + system) if user + system else 0
    found = {"per_second": answered["requests"] / answered["seconds"], "user_us": each * part,
             "system_us": each * (1 - part)}
    if "p99_us" in answered:
        found["p99_us"] = answered["p99_us"]
    return found
