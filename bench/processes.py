"""Starting processes, each on cores of its own, so that none outlives the benchmark."""
import ctypes
import os
import resource
import signal
import subprocess
from dataclasses import dataclass

TIME_LIMIT = 60  # seconds for one process
SKIPPED = 77     # exit status of one that cannot take part; its last line on stderr says why

PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Failure(Exception):
    """A contestant did not give its figures; the text says why."""
    word = "failed"


class Skipped(Failure):
    """It cannot take part here."""
    word = "skipped"


@dataclass(frozen=True)
class Cores:
    contestant: int
    load: int

    @staticmethod
    def choose():
        allowed = sorted(os.sched_getaffinity(0))
        return Cores(contestant=allowed[-1], load=allowed[0])


def start(argv, cores, environment=None, **streams):
    """Start a process on these cores, with what it adds to the environment and as many descriptors as allowed.

    It has a process group of its own, since Ctrl-C is for the benchmark, which then ends it; and the kernel kills
    it where the benchmark is killed.
    """
    def prepare():
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.sched_setaffinity(0, cores)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    try:
        return subprocess.Popen(argv, env={**os.environ, **(environment or {})}, text=True, process_group=0,
                                preexec_fn=prepare, **streams)
    except OSError as error:
        raise Failure(str(error)) from error


def end(process):
    """Kill a process with what it started, and reap it."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            stream.close()


def ended(returncode, stderr):
    """Why a process that has ended gave no figures, to be raised."""
    lines = stderr.strip().splitlines()
    if returncode == SKIPPED:
        return Skipped(lines[-1] if lines else "it does not say why")
    how = f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit status {returncode}"
    return Failure(f"{how}: {lines[-1]}" if lines else how)


def finish(process, limit=TIME_LIMIT):
    """Have it run to its end: what it printed. Raises Failure."""
    try:
        stdout, stderr = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"took longer than {limit} s") from error
    finally:
        end(process)
    if process.returncode != 0:
        raise ended(process.returncode, stderr)
    return stdout


def run(argv, cores, environment=None, limit=TIME_LIMIT):
    """Run to the end on these cores; what was printed. Raises Failure."""
    return finish(start(argv, cores, environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE), limit)
