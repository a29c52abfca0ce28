#!/usr/bin/env python3
"""Show what work costs as it grows: python3 bench/scale.py [--build-dir build] [QUESTION...]

Questions are connections, messages, cores, tasks and timers; all are asked where none is named. The figures go to
scale.json in the build directory, for plot.py and plan.py; what was not asked stays in it as it was. The
environment's REPEATS is how often each point is measured (3 if unset; points that take long, once).

Servers run on one core and their load on another, but where cores are the question. What a server costs is the
processor time of its threads as the kernel's scheduler counts it, from when all connections are open.
"""
import argparse
import contextlib
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.dont_write_bytecode = True  # these modules lie in the source tree

import machine
from measure import HERE
from processes import Cores, Failure

SECONDS = 0.6  # that a load goes on for
CONNECTIONS = (1, 10, 100, 1_000, 10_000)
SIZES = (64, 512, 4 << 10, 32 << 10, 256 << 10, 1 << 20)
MESSAGE_CONNECTIONS = 10
COUNTS = (1, 10, 100, 1_000, 10_000, 100_000, 1_000_000)
STORM_CONCURRENCY = 100
SPARE_FILES = 100
SOCKET_CACHES = ("TCP", "TCPv6", "sock_inode_cache", "eventpoll_epi", "filp", "lsm_inode_cache", "lsm_file_cache")
NATIVE = ("eddy_echo", "eddy_scale", "eddy_workers", "load_stream", "load_storm", "raw_epoll_echo",
          "raw_epoll_stream", "libuv_echo")


@dataclass(frozen=True)
class Contestant:
    name: str
    argv: tuple
    environment: tuple = ()

    def start(self, cores, **options):
        return subprocess.Popen([str(word) for word in self.argv], text=True,
                                env=os.environ | dict(self.environment),
                                preexec_fn=lambda: os.sched_setaffinity(0, cores), **options)


class Bench:
    """Measures points and keeps their figures."""

    def __init__(self, build_dir):
        self.programs = (build_dir / "bench").resolve()
        self.cores = Cores.choose()
        self.repeats = max(1, int(os.environ.get("REPEATS") or 3))
        self.values = defaultdict(list)  # (plot, series, x, unit) -> [value]
        self.notes = []

    def add(self, plot, series, x, value, unit):
        self.values[plot, series, x, unit].append(value)

    def figures(self):
        return [{"plot": plot, "series": series, "x": x, "median": median(values), "min": min(values),
                 "max": max(values), "unit": unit} for (plot, series, x, unit), values in self.values.items()]

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            print(text, file=sys.stderr)

    def native(self, name, program, *words, backend=None):
        there = (self.programs / program).exists()
        return [Contestant(name, (self.programs / program, *words),
                           (("EDDY_BACKEND", backend),) if backend else ())] if there else []

    def eddies(self, program, *words):
        return (self.native("eddy-epoll", program, *words, backend="epoll")
                + self.native("eddy-uring", program, *words, backend="uring"))

    def go(self, row, **environment):
        program = self.programs / "go_contestant"
        return [Contestant("go", (program, row), tuple(environment.items()))] if program.exists() else []

    @contextlib.contextmanager
    def server(self, contestant, cores):
        """A server that listens: its process and port."""
        server = contestant.start(cores, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        try:
            port = port_of(server)
            if contestant.name == "eddy-uring" and not has_ring(server.pid):
                raise Failure("there is no io_uring here")
            yield server, port
        finally:
            server.kill()
            server.wait()

    def figures_of(self, contestant, cores=None):
        """What a program prints in `name value unit` lines: {name: (value, unit)}."""
        process = contestant.start(cores or {self.cores.contestant}, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE)
        said, complaint = process.communicate()
        if process.returncode != 0:
            raise Failure(f"{contestant.name}: exit status {process.returncode}: {complaint.strip()}")
        return {name: (float(value), unit) for name, value, unit in map(str.split, said.splitlines())}

    def under_load(self, server, port, connections, size, load_cores, look=None):
        """Load a server: its processor time and the wall's by request, in seconds."""
        load = Contestant("load", (self.programs / "load_stream", port, connections, size, SECONDS)).start(
            load_cores, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            if load.stdout.readline() != "open\n":
                raise Failure("the load could not connect")
            if look:
                look()
            before = processor_seconds(server.pid)
            load.stdin.write("\n")
            load.stdin.flush()
            said = dict(load.stdout.readline().split() for _ in range(2))
            spent = processor_seconds(server.pid) - before
            requests = float(said["requests"])
            return spent / requests, float(said["seconds"]) / requests
        except (KeyError, ValueError):
            raise Failure("the load or the server failed")
        finally:
            load.stdin.close()
            load.wait()


def port_of(server):
    """The port that a server prints once it listens."""
    ready, _, _ = select.select([server.stdout], [], [], 10)
    line = server.stdout.readline().split() if ready else []
    if len(line) != 2 or line[0] != "port":
        raise Failure("the server printed no port")
    return line[1]


def has_ring(pid):
    """Whether a process has an io_uring."""
    return any("io_uring" in os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir())


def processor_seconds(pid):
    """What all threads of a process have used, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def kernel_memory():
    """What the kernel holds for sockets, bytes: {name: bytes}. Its slab caches can be read by root only; those that
    every process uses much of are left out, since others would be counted."""
    out = {}
    for line in Path("/proc/net/sockstat").read_text().splitlines():
        if line.startswith("TCP:"):
            out["buffers"] = int(line.split()[-1]) * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError):
        out["slabs"] = sum(int(fields[1]) * int(fields[3]) for fields in
                           map(str.split, Path("/proc/slabinfo").read_text().splitlines()[2:])
                           if fields[0] in SOCKET_CACHES)
    return out


def user_memory(pid):
    """Resident bytes of a process, and its page tables."""
    found = {}
    for name in ("smaps_rollup", "status"):
        for line in Path(f"/proc/{pid}/{name}").read_text().splitlines():
            fields = line.split()
            if fields[0] in ("Rss:", "VmPTE:"):
                found[fields[0]] = int(fields[1]) * 1024
    return sum(found.values())


def most_connections():
    """As many of 10,000 as the limit of open files allows a process."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard - SPARE_FILES


def attempt(bench, what, measure):
    try:
        measure()
        return True
    except Failure as failure:
        bench.note(f"{what}: {failure}")
        return False


def ask_connections(bench):
    most = most_connections()
    if most < CONNECTIONS[-1]:
        bench.note(f"the limit of open files allows {most} connections: raise it by `ulimit -n`")
    contestants = (bench.eddies("eddy_echo") + bench.native("raw-epoll", "raw_epoll_echo")
                   + bench.native("libuv", "libuv_echo") + bench.go("echo"))

    def measure(contestant, connections):
        with bench.server(contestant, {bench.cores.contestant}) as (server, port):
            before = user_memory(server.pid), kernel_memory()

            def look():
                held = (user_memory(server.pid) - before[0]) / connections
                bench.add("connections_memory", contestant.name, connections, held, "B")
                if contestant.name == "eddy-epoll" and connections == CONNECTIONS[-1]:
                    for name, after in kernel_memory().items():  # of both ends
                        bench.add("connections_kernel", name, connections,
                                  (after - before[1][name]) / connections / 2, "B")
            spent, took = bench.under_load(server, port, connections, 64, {bench.cores.load}, look)
        bench.add("connections_cpu", contestant.name, connections, spent * 1e6, "us")
        bench.add("connections_rate", contestant.name, connections, 1 / took, "1/s")

    for connections in (count for count in CONNECTIONS if count <= most):
        for _ in range(bench.repeats):
            contestants = [each for each in contestants
                           if attempt(bench, f"{each.name}, {connections} connections",
                                      lambda: measure(each, connections))]


def ask_messages(bench):
    contestants = (bench.eddies("eddy_workers", "serve", 1) + bench.native("raw-epoll", "raw_epoll_stream")
                   + bench.go("echo_64k"))

    def measure(contestant, size):
        with bench.server(contestant, {bench.cores.contestant}) as (server, port):
            spent, took = bench.under_load(server, port, MESSAGE_CONNECTIONS, size, {bench.cores.load})
        bench.add("messages_cpu", contestant.name, size, spent * 1e9 / size, "ns")
        bench.add("messages_rate", contestant.name, size, size / took / 1e9, "GB/s")

    for size in SIZES:
        for _ in range(bench.repeats):
            contestants = [each for each in contestants
                           if attempt(bench, f"{each.name}, {size} bytes", lambda: measure(each, size))]


def core_counts():
    """1, 2, 4 ... and all."""
    most = len(os.sched_getaffinity(0))
    return [1 << bit for bit in range(most.bit_length()) if 1 << bit < most] + [most]


def ask_cores(bench):
    all_cores = os.sched_getaffinity(0)

    def measure_within(workers):
        for what in ("pairs", "spawn"):
            for contestant in bench.eddies("eddy_workers", what, workers, SECONDS)[:1]:
                for value, unit in bench.figures_of(contestant, all_cores).values():
                    bench.add(f"cores_{what}", contestant.name, workers, value, unit)

    def measure_served(contestant, workers):
        # Where there are workers for all cores the load has none to itself.
        load_cores = all_cores if workers > 1 else {bench.cores.load}
        with bench.server(contestant, all_cores if workers > 1 else {bench.cores.contestant}) as (server, port):
            spent, took = bench.under_load(server, port, 100, 64, load_cores)
            bench.add("cores_cpu", contestant.name, workers, spent * 1e6, "us")
            bench.add("cores_rate", contestant.name, workers, 1 / took, "1/s")
            before = processor_seconds(server.pid)
            storm = Contestant("storm", (bench.programs / "load_storm", port, STORM_CONCURRENCY, SECONDS)).start(
                load_cores, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            said, complaint = storm.communicate()
            spent = processor_seconds(server.pid) - before
            if storm.returncode != 0:
                raise Failure(complaint.strip())
            told = {name: float(value) for name, value in map(str.split, said.splitlines())}
            bench.add("storm_cpu", contestant.name, workers, spent * 1e6 / told["requests"], "us")
            bench.add("storm_rate", contestant.name, workers, told["requests"] / told["seconds"], "1/s")

    for _ in range(bench.repeats):
        for workers in core_counts():
            attempt(bench, f"{workers} workers", lambda: measure_within(workers))
            for contestant in bench.eddies("eddy_workers", "serve", workers):
                attempt(bench, f"{contestant.name}, {workers} workers",
                        lambda: measure_served(contestant, workers))


def ask_by_count(bench, prefix, contestants_of, counts=COUNTS):
    """Programs that print their figures, for growing N; the largest take long, and are run once."""
    for count in counts:
        for _ in range(bench.repeats if count < 100_000 else 1):
            for contestant in contestants_of(count):
                def measure():
                    for name, (value, unit) in bench.figures_of(contestant).items():
                        bench.add(prefix + name, contestant.name, count, value, unit)
                attempt(bench, f"{contestant.name}, {count}", measure)


def ask_tasks(bench):
    ask_by_count(bench, "tasks_", lambda n: [each for what in ("spawn", "yield") for each in
                                             bench.native("eddy", "eddy_scale", what, n)
                                             + bench.go(f"scale_{what}", N=str(n))])


def ask_timers(bench):
    ask_by_count(bench, "", lambda n: bench.native("eddy", "eddy_scale", "timers", n))


QUESTIONS = {"connections": ask_connections, "messages": ask_messages, "cores": ask_cores, "tasks": ask_tasks,
             "timers": ask_timers}


def build(build_dir):
    """Build what there is to build: peers that the system lacks are left out."""
    for program in NATIVE:
        subprocess.run(["ninja", "-C", str(build_dir), f"bench/{program}"], capture_output=True, check=False)
    if shutil.which("go"):
        subprocess.run(["go", "build", "-o", str((build_dir / "bench" / "go_contestant").resolve()), "."],
                       cwd=HERE / "go", check=False)


def keep(path, bench, asked):
    """Write the figures, beside those of questions that were not asked now."""
    try:
        before = [each for each in json.loads(path.read_text())["figures"] if each["question"] not in asked]
    except (OSError, ValueError, KeyError):
        before = []
    figures = before + [each | {"question": question_of(each["plot"])} for each in bench.figures()]
    lines = ",\n".join("  " + json.dumps(each) for each in figures)
    head = json.dumps({"machine": machine.cpu_model(), "cores": len(os.sched_getaffinity(0)),
                       "system": f"Linux {os.uname().release} {os.uname().machine}", "notes": bench.notes})
    path.write_text(f'{head[:-1]}, "figures": [\n{lines}\n]}}\n')


def question_of(plot):
    names = {"timer": "timers", "storm": "cores"}
    stem = plot.split("_")[0]
    return names.get(stem, stem)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build-dir", type=Path, default=Path("build"), help="meson's build directory")
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(QUESTIONS))
    arguments = parser.parse_args()
    if unknown := set(arguments.questions) - set(QUESTIONS):
        parser.error(f"no such question: {', '.join(unknown)}")
    build(arguments.build_dir)
    bench, asked, start = Bench(arguments.build_dir), arguments.questions or list(QUESTIONS), time.monotonic()
    for question in asked:
        print(f"[{time.monotonic() - start:.0f} s] {question}", file=sys.stderr)
        QUESTIONS[question](bench)
    keep(arguments.build_dir / "scale.json", bench, asked)
    for figure in sorted(bench.figures(), key=lambda each: (each["plot"], each["series"], each["x"])):
        print(f"{figure['plot']:<20}{figure['series']:<12}{figure['x']:>10,}{figure['median']:>15,.2f} "
              f"{figure['unit']:<5}{figure['min']:,.2f} .. {figure['max']:,.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
