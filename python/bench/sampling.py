"""How long a process ran, and which part of that was its own code rather than the kernel's on its
behalf.

The kernel tells the whole to the nanosecond, but divides it by what its clock tick happens upon:
some hundred looks in a run, in a seventh of which a fast loop's own code is found, so that its
share is known to a tenth. Where perf events may be had (`kernel.perf_event_paranoid` of 2 or less)
they look some thousand times. Each look costs time of its own, in a virtual machine a tenth of all:
so the share is taken from a run in which they look, and all else from one in which they do not.
"""
import contextlib
import ctypes
import mmap
import os
import platform
import struct
import time
from pathlib import Path

PERIOD = 151_000  # nanoseconds of the process's time between two looks: no multiple of any clock's
SYSCALL = {"x86_64": 298, "aarch64": 241}.get(platform.machine(), -1)  # perf_event_open
SOFTWARE, CPU_CLOCK = 1, 0
DISABLED, INHERIT, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR = 1 << 0, 1 << 1, 1 << 5, 1 << 6
INHERIT_THREAD = 1 << 35  # by threads alone, not by processes
ENABLE = 0x2400   # ioctl
RING_PAGES = 8    # it may run over: what is wanted is how many were written
HEAD = 1024       # where in its first page the ring says how many bytes that is
SAMPLE_BYTES = 8  # a header and nothing else

libc = ctypes.CDLL(None, use_errno=True)


class Sampler:
    """Looks at a thread, and at those that it starts, while they run on one core, and counts when
    that is in user mode."""

    def __init__(self, thread, core):
        flags = DISABLED | INHERIT | INHERIT_THREAD | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR
        attributes = struct.pack("=IIQQQQQ16x", SOFTWARE, 64, CPU_CLOCK, PERIOD, 0, 0, flags)
        self.descriptor = libc.syscall(SYSCALL, attributes, thread, core, -1, 0)
        if self.descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        self.ring = mmap.mmap(self.descriptor, (1 + RING_PAGES) * mmap.PAGESIZE,
                              prot=mmap.PROT_READ)
        libc.ioctl(self.descriptor, ENABLE, 0)

    def user_seconds(self):
        return struct.unpack_from("=Q", self.ring, HEAD)[0] // SAMPLE_BYTES * PERIOD / 1e9

    def close(self):
        self.ring.close()
        os.close(self.descriptor)


def refused():
    """"" or why there are no perf events."""
    try:
        Sampler(os.getpid(), min(os.sched_getaffinity(0))).close()
    except OSError as error:
        return error.strerror
    return ""


def seconds(pid):
    """The time that a process and its threads have used, those that have ended included."""
    return time.clock_gettime(~pid << 3 | 2)  # as clock_getcpuclockid() reckons it


def ticks(pid):
    """Ticks that found a process in user mode, and in the kernel."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]), int(fields[12])


def user_share_by_tick(pid, work):
    """The share of user mode in what a process does while work() runs, and what that returned."""
    before = ticks(pid)
    done = work()
    user, system = (late - early for late, early in zip(ticks(pid), before))
    return user / max(user + system, 1), done


def samplers(pid, cores):
    """One for each thread and core; of threads that end in between, none."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        for core in cores:
            with contextlib.suppress(ProcessLookupError):
                yield Sampler(int(task.name), core)


def user_share(pid, cores, work):
    """The same by looking often, on these cores; work() is not as fast then as it could be."""
    with contextlib.ExitStack() as stack:
        looking = [stack.enter_context(contextlib.closing(each)) for each in samplers(pid, cores)]
        before = seconds(pid)
        work()
        return min(1, sum(sampler.user_seconds() for sampler in looking) / (seconds(pid) - before))
