"""One run of one contestant in one row."""
import contextlib
import subprocess
from pathlib import Path

import processes
import sampling
import secure
import servers

PROGRAMS = Path(__file__).resolve().parent / "programs"
WARM_UP = 0.2  # seconds before what counts, on the same connections
LOADS = {"load": "load", "tls": "load_tls", "udp": "load_udp",
         "memory": "load", "tls memory": "load_tls"}


def complaint(server):
    """The last line that a server has said on its standard error."""
    server.stderr.seek(0)
    lines = server.stderr.read().strip().splitlines()
    return f"; the server says {lines[-1]}" if lines else ""


class Contest:
    """What all runs share."""

    def __init__(self, environment, build_dir, cores, seconds):
        self.environment, self.build_dir = environment, build_dir
        self.cores, self.seconds = cores, seconds
        self.unsampled = sampling.refused()  # why user time is not sampled, or ""

    def measure(self, row, loop):
        """{figure: value}. Raises processes.Failure."""
        return self.program(row, loop) if row.program == "operations" else self.server(row, loop)

    def argv(self, row, loop):
        words = self.environment.python, PROGRAMS / f"{row.program}.py", loop.argument, row.argument
        return [str(word) for word in words if word]

    def variables(self, row, loop):
        certificate = {"CERTIFICATE": secure.certificate(self.build_dir)} if row.by_tls else {}
        return self.environment.variables | loop.environment | certificate

    def program(self, row, loop):
        """Of one that is told when to run as a load is."""
        cores = {self.cores.contestant} | ({self.cores.load} if row.kind == "threads" else set())
        process = processes.start(self.argv(row, loop), cores, self.variables(row, loop),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        with contextlib.closing(servers.ToldLoad(process, processes.Failure)) as told:
            try:
                return self.figures(process.pid, told, cores)
            except OSError as error:
                raise processes.Failure(str(error)) from error

    def server(self, row, loop):
        argv, variables = self.argv(row, loop), self.variables(row, loop)
        with contextlib.closing(servers.Server(argv, self.cores, variables)) as server:
            try:
                return (self.idle if "memory" in row.kind else self.under_load)(row, server)
            except (processes.Failure, OSError) as error:
                raise server.failure(f"{error}{complaint(server)}") from error

    def connected(self, row, server, connections):
        """The load, with so many connections."""
        load = self.build_dir / "bench" / LOADS[row.kind]
        argv = [str(word) for word in (load, server.port, connections, row.message, "-")]
        return servers.connected(server, argv, self.cores)

    def under_load(self, row, server):
        """Its connections were there before and stay: neither starting nor accepting counts."""
        with self.connected(row, server, row.connections) as load:
            return self.figures(server.process.pid, load, {self.cores.contestant})

    def idle(self, row, server):
        """What a connection takes; not what a server makes once for all and one connection leaves
        behind."""
        with self.connected(row, server, 1) as load:
            load.run(WARM_UP)
        before = server.memory()
        with self.connected(row, server, row.connections) as load:
            load.run(WARM_UP)
            return {"bytes": (server.memory() - before) / row.connections}

    def figures(self, pid, told, cores):
        """Of a process, while that runs which is told to."""
        told.run(WARM_UP)
        before = sampling.seconds(pid)
        share, answered = sampling.user_share_by_tick(pid, lambda: told.run(self.seconds))
        used = sampling.seconds(pid) - before
        if not self.unsampled:
            share = sampling.user_share(pid, cores, lambda: told.run(self.seconds / 2))
        each = used * 1e6 / answered["requests"]
        found = {"per_second": answered["requests"] / answered["seconds"], "user_us": each * share,
                 "system_us": each * (1 - share), "busy": 100 * used / answered["seconds"]}
        return found | {name: answered[name] for name in ("p99_us",) if name in answered}
