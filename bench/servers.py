"""Servers under load: each alone on its core, the load on another."""
import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import processes
from machine import there
from processes import Failure

WARM_UP = 0.2  # seconds of load before what counts, for compilers and allocators to settle
IDLE_CONNECTIONS = 10000
COUNTED_SECONDS = 1  # for which system calls are counted

NGINX_CONFIG = """
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
events {{ worker_connections 16384; }}
http {{
    access_log off; sendfile on; tcp_nopush on; sendfile_max_chunk 256k; keepalive_requests 100000000;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    server {{ listen 127.0.0.1:{port} {listens}; {location} }}
}}
"""
NGINX_TLS = """
    ssl_certificate {certificate}; ssl_certificate_key {certificate}; ssl_protocols TLSv1.2 TLSv1.3;
"""
NGINX_HELLO = 'location / { default_type text/plain; return 200 "hello, world!"; }'


@dataclass(frozen=True)
class Load:
    """What comes at a server."""
    connections: int
    request: object      # bytes of a message to echo, or what else load_request.h describes
    seconds: float
    rate: float = 0      # requests a second that are due, whatever the server does; 0: the next follows the answer

    def argv(self, build_dir, port, seconds=None, program="load"):
        argv = [build_dir / "bench" / program, port, self.connections, self.request, seconds or self.seconds]
        return [str(word) for word in (*argv, self.rate) if word != 0]


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(place, port, location, certificate=None, version=1):
    """The command that starts nginx, with its configuration in a folder of its own; with a certificate by TLS."""
    if certificate:
        location += NGINX_TLS.format(certificate=certificate)
    return nginx_command(place, NGINX_CONFIG.format(place=place, port=port, location=location,
                                                    listens=("ssl " if certificate else "") + ("http2" if version == 2 else "")))


def nginx_command(place, configuration):
    config = Path(place, "nginx.conf")
    config.write_text(configuration)
    return [there("nginx"), "-p", place, "-c", str(config)]


class Server:
    """A process that serves on `port`."""

    def __init__(self, argv, cores, environment=None, port=None):
        self.stderr = tempfile.TemporaryFile("w+")
        self.process = processes.start(argv, {cores.contestant}, environment, stdout=subprocess.PIPE,
                                       stderr=self.stderr)
        try:
            self.port = port or self.printed_port()
            if port:  # one that prints it has it by then
                self.wait_until_it_answers()
        except BaseException:
            processes.end(self.process)
            raise

    def failure(self, what):
        """Why it does not do what it should, to be raised. One that is about to end has a moment for it."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
        if self.process.poll() is None:
            return Failure(what)
        self.stderr.seek(0)
        return processes.ended(self.process.returncode, self.stderr.read() or what)

    def printed_port(self):
        ready, _, _ = select.select([self.process.stdout], [], [], 10)
        line = self.process.stdout.readline().split() if ready else []
        if len(line) != 2 or line[0] != "port":
            raise self.failure("the server printed no port")
        return int(line[1])

    def wait_until_it_answers(self):
        deadline = time.monotonic() + 10
        while self.process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.01)
        raise self.failure("the server does not answer")

    def processor_time(self):
        """User and system seconds that it has used so far, to the kernel's clock tick."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        tick = os.sysconf("SC_CLK_TCK")
        return int(fields[11]) / tick, int(fields[12]) / tick

    def memory(self, resident="VmRSS"):
        """Bytes that are resident, and those of page tables."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return sum(int(re.search(rf"{name}:\s*(\d+) kB", status)[1]) * 1024 for name in (resident, "VmPTE"))

    def memory_peak(self, anew=False):
        """The most that memory() was; from now on, where it is to be told `anew`."""
        if anew:
            Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return self.memory("VmHWM")

    def kill(self):
        """End it: user and system seconds that it has used in all, exactly."""
        os.killpg(self.process.pid, signal.SIGKILL)
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        return usage.ru_utime, usage.ru_stime

    def close(self):
        processes.end(self.process)
        self.stderr.close()


@contextlib.contextmanager
def serving(argv, cores, environment, _build_dir):
    """A contestant's server; nginx's port and folder are made for it."""
    with contextlib.ExitStack() as stack:
        port = None
        if argv[0] == "nginx":
            port = free_port()
            argv = nginx(stack.enter_context(tempfile.TemporaryDirectory()), port, NGINX_HELLO,
                         environment.get("CERTIFICATE"), 2 if argv[1] == "http2" else 1)
        server = Server(argv, cores, environment, port)
        stack.callback(server.close)
        yield server


def said(output):
    """{name: value} of `name value` lines."""
    return {name: float(value) for name, value in (line.split() for line in output.splitlines())}


def check(answered, connections):
    """In a closed loop, by Little's law, as many requests are under way as there are connections."""
    under_way = answered["requests"] / answered.get("together", 1) / answered["seconds"] * answered["mean_us"] / 1e6
    if not 0.9 < under_way / connections < 1.1:
        raise Failure(f"the load's figures do not add up: {under_way:.1f} of {connections} connections were busy")


def run_load(server, argv, cores):
    """What the load says of itself; raises Failure where it or the server fails."""
    output = processes.run(argv, {cores.load})
    if server.process.poll() is not None:
        raise server.failure("the server ended under load")
    return said(output)


class ToldLoad:
    """A load whose connections are there, and which runs when it is told to."""

    def __init__(self, process, failure):
        """`failure` makes what is raised where it says nothing."""
        self.process, self.failure = process, failure
        try:
            self.said_until_ready()
        except BaseException:
            self.close()
            raise

    def said_until_ready(self):
        ready, _, _ = select.select([self.process.stdout], [], [], processes.TIME_LIMIT)
        if not ready:
            raise self.failure("the server is silent")
        lines = []
        for line in self.process.stdout:
            if line == "ready\n":
                return said("".join(lines))
            lines.append(line)
        processes.finish(self.process)  # which says why
        raise Failure("the load ended too early")

    def run(self, seconds):
        """What it says of a run."""
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        return self.said_until_ready()

    def close(self):
        processes.end(self.process)


def connected(server, argv, cores):
    """A load that is told when to run, to be used by `with`."""
    process = processes.start(argv, {cores.load}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
    return contextlib.closing(ToldLoad(process, server.failure))


def under_load(server, load, cores, build_dir):
    """{figure: value} of a server under one load. Kills it, to learn exactly what it has used."""
    run_load(server, load.argv(build_dir, server.port, WARM_UP), cores)
    user, system = server.processor_time()
    answered = run_load(server, load.argv(build_dir, server.port), cores)
    all_user, all_system = server.kill()
    if not load.rate:
        check(answered, load.connections)
    each = 1e6 / answered["requests"]
    return answered | {
        "user_us": (all_user - user) * each,
        "total_us": (all_user - user + all_system - system) * each,
        "per_second": answered["requests"] / answered["seconds"],
    }


def under_udp_load(server, load, cores, build_dir):
    argv = [str(word) for word in (build_dir / "bench" / "load_udp", server.port, load.connections, load.request)]
    user, system = server.processor_time()
    answered = run_load(server, [*argv, str(load.seconds)], cores)
    all_user, all_system = server.kill()
    return {"total_us": (all_user - user + all_system - system) * 1e6 / answered["requests"]}


def under_storm(server, load, cores, build_dir):
    """{figure: value} of a server to which connections come for one message each."""
    argv = [str(word) for word in (build_dir / "bench" / "load_storm", server.port, load.connections)]
    run_load(server, [*argv, str(WARM_UP)], cores)
    user, system = server.processor_time()
    answered = run_load(server, [*argv, str(load.seconds)], cores)
    all_user, all_system = server.kill()
    return {"total_us": (all_user - user + all_system - system) * 1e6 / answered["requests"],
            "per_second": answered["requests"] / answered["seconds"]}


def counter(pid, report):
    """The command that counts a process's system calls until it is interrupted, and how to read its report. perf
    counts at a tracepoint; strace stops the process twice a call, so that it answers larger batches."""
    if there("perf") and not subprocess.run(["perf", "stat", "-e", "raw_syscalls:sys_enter", "true"],
                                            capture_output=True, check=False).returncode:
        return (["perf", "stat", "-x,", "-o", report, "-e", "raw_syscalls:sys_enter", "-p", str(pid)],
                r"(?m)^(\d+),")
    if there("strace"):
        return ["strace", "-f", "-c", "-o", report, "-p", str(pid)], r"(?m)^100\.00\s+\S+\s+\S+\s+(\d+)"
    raise processes.Skipped("needs perf or strace to count system calls")


def system_calls(server, load, cores, build_dir):
    """{"syscalls": system calls a request} while the load runs, connecting included."""
    with tempfile.TemporaryDirectory() as place:
        report = Path(place, "report")
        argv, pattern = counter(server.process.pid, str(report))
        counting = processes.start(argv, {cores.load}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            time.sleep(0.3)  # it does not say when it has begun
            answered = run_load(server, load.argv(build_dir, server.port, COUNTED_SECONDS), cores)
            counting.send_signal(signal.SIGINT)
            _, why = counting.communicate(timeout=10)
            count = re.search(pattern, report.read_text() if report.exists() else "")
        finally:
            processes.end(counting)
        if not count:
            raise processes.Skipped(f"system calls cannot be counted: {(why.strip().splitlines() or ['no reason'])[-1]}")
        return {"syscalls": int(count[1]) / answered["requests"]}


def is_hello(connection):
    """Whether the page comes that all contestants have."""
    answer = b""
    while not answer.endswith(b"hello, world!"):
        piece = connection.recv(4096)
        if not piece:
            return False
        answer += piece
    return answer.startswith(b"HTTP/1.1 200")


def idle_memory(server, load, cores, build_dir):
    """{"bytes": what a connection takes that has had one message echoed, or one page, and is idle}."""
    http = load.request == "http"
    message = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" if http else b"x" * load.request
    before = server.memory()
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
                       for _ in range(load.connections)]
        for connection in connections:
            connection.sendall(message)
        for connection in connections:
            if not (is_hello(connection) if http else connection.recv(len(message), socket.MSG_WAITALL) == message):
                raise server.failure("an answer is not what was expected")
        return {"bytes": (server.memory() - before) / load.connections}


METHODS = {"load": under_load, "udp": under_udp_load, "syscalls": system_calls, "idle": idle_memory, "storm": under_storm}


def measure(experiment, argv, environment, cores, build_dir, serve=serving, methods=None):
    """{row: figure} of one server; a row's name ends in its figure's."""
    with serve(argv, cores, environment, build_dir) as server:
        try:
            found = (methods or METHODS)[experiment.kind](server, experiment.load, cores, build_dir)
        except OSError as error:
            raise server.failure(str(error)) from error
    return {row: next(value for name, value in found.items() if row.endswith("_" + name))
            for row in experiment.rows}
