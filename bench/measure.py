"""Running contestants: one process at a time on a core of its own, and what it says about itself."""
import os
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import files
import rows

HERE = Path(__file__).resolve().parent
TIME_LIMIT = 60  # seconds for one process


class Failure(Exception):
    """A contestant did not give its figures; the text says why."""


@dataclass(frozen=True)
class Cores:
    contestant: int
    load: int

    @staticmethod
    def choose():
        allowed = sorted(os.sched_getaffinity(0))
        return Cores(contestant=allowed[-1], load=allowed[0])


def command(program, argument, build_dir):
    if program.kind == "go":
        return [str(build_dir / "bench" / "go_contestant"), argument]
    if program.kind == "python":
        return [sys.executable, str(HERE / program.file), argument]
    return [str(build_dir / "bench" / program.file), argument]


def reason(returncode, stderr):
    lines = stderr.strip().splitlines()
    how = f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"
    return f"{how}: {lines[-1]}" if lines else how


def run_on(allowed, argv):
    """Run to the end on these cores; what was printed. Raises Failure."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIME_LIMIT,
                              preexec_fn=lambda: os.sched_setaffinity(0, allowed))
    except subprocess.TimeoutExpired:
        raise Failure(f"took longer than {TIME_LIMIT} s")
    except OSError as error:
        raise Failure(str(error))
    if done.returncode != 0:
        raise Failure(reason(done.returncode, done.stderr))
    return done.stdout


def figures(argv, wanted, allowed):
    """Run a contestant that prints `row value unit` lines: {row: value}."""
    found = {}
    for line in run_on(allowed, argv).splitlines():
        row, value, unit = line.split()
        if unit != rows.ROWS[row].unit:
            raise Failure(f"{row} in {unit}, not {rows.ROWS[row].unit}")
        found[row] = float(value)
    for row in wanted:
        if row not in found:
            raise Failure(f"printed no figure for {row}")
    return found


def processor_time(pid):
    """User and system seconds that a process has used so far, to the kernel's clock tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    tick = os.sysconf("SC_CLK_TCK")
    return int(fields[11]) / tick, int(fields[12]) / tick


def port_of(server):
    """The port that a server prints once it listens."""
    ready, _, _ = select.select([server.stdout], [], [], 10)
    line = server.stdout.readline().split() if ready else []
    if len(line) != 2 or line[0] != "port":
        status, what = server.poll(), "the server printed no port"
        raise Failure(what if status is None else reason(status, what))
    return line[1]


def under_load(argv, load, cores):
    """Run a server under load: user and system seconds it used, and what the load says in `name value` lines. Its
    processor time is what wait4() tells of it, less what it used to start."""
    server = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              preexec_fn=lambda: os.sched_setaffinity(0, {cores.contestant}))
    try:
        port = port_of(server)
        start_user, start_system = processor_time(server.pid)
        said = run_on({cores.load}, [load[0], port, *map(str, load[1:])])
        if server.poll() is not None:
            raise Failure(reason(server.returncode, "the server ended under load"))
    except BaseException:
        server.kill()
        server.wait()
        raise
    server.kill()
    _, status, usage = os.wait4(server.pid, 0)
    server.returncode = os.waitstatus_to_exitcode(status)
    return (usage.ru_utime - start_user, usage.ru_stime - start_system,
            {name: float(value) for name, value in (line.split() for line in said.splitlines())})


def echo_figures(argv, cores, build_dir):
    load = build_dir / "bench" / "load", rows.ECHO_CONNECTIONS, rows.ECHO_BYTES, rows.ECHO_SECONDS
    user, system, answered = under_load(argv, load, cores)
    return {
        "echo_user_us": user * 1e6 / answered["requests"],
        "echo_total_us": (user + system) * 1e6 / answered["requests"],
        "echo_per_second": answered["requests"] / answered["seconds"],
    }


def udp_echo_figures(argv, cores, build_dir):
    load = build_dir / "bench" / "load_udp", rows.UDP_OUTSTANDING, rows.ECHO_BYTES, rows.ECHO_SECONDS
    user, system, answered = under_load(argv, load, cores)
    return {"udp_echo_total_us": (user + system) * 1e6 / answered["requests"]}


def measure(experiment, program, cores, build_dir):
    """One run of one contestant: {row: value}. Raises Failure."""
    if experiment.kind == "files":
        try:
            return files.measure(program.file or "eddy", cores, build_dir)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            raise Failure(str(error))
    argv = command(program, experiment.argument, build_dir)
    if experiment.kind == "echo":
        return echo_figures(argv, cores, build_dir)
    if experiment.kind == "udp_echo":
        return udp_echo_figures(argv, cores, build_dir)
    allowed = {cores.contestant, cores.load} if experiment.kind == "threads" else {cores.contestant}
    return figures(argv, experiment.rows, allowed)
