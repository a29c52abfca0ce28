"""The rows of HTTP that wrk and h2load ask for, and of great bodies, which curl moves. Contestants serve the same pages: those that
eddy_http_site.c describes, and "/", which says hello."""
import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import processes
import secure
import servers
from machine import there

SCRIPTS = Path(__file__).resolve().parent / "wrk"
CONNECTIONS, STREAMS = 10, 100  # of HTTP/2: streams of each connection
STREAMED = 10 * 1024 ** 2
MOVED = int(os.environ.get("MOVED_GB") or 1) * 1024 ** 3

HELLO = b"hello, world!"
USERS = json.dumps({"request": 1, "users": [
    {"id": i, "name": f"user {i}", "email": f"user{i}@example.org", "active": i % 2 == 1, "score": i + 0.5,
     "tags": ["reader", "writer"]} for i in range(1000, 1009)]}, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Request:
    """What is asked for, by wrk or, in HTTP/2, h2load."""
    path: str = "/"
    answer: object = HELLO  # its bytes, or how many there are
    body: int = 0           # bytes that are posted
    script: str = ""        # of wrk, that asks for others likewise
    version: int = 1        # of HTTP
    secure: bool = False    # by TLS
    connections: int = 100  # of wrk
    seconds: int = 1        # long enough that connecting, which is in it, takes little of it

    def url(self, server):
        return f"{'https' if self.secure else 'http'}://127.0.0.1:{server.port}{self.path}"


@dataclass(frozen=True)
class Transfer:
    """A body of MOVED bytes."""
    up: bool
    version: int
    secure: bool = False


def need(*tools):
    if not all(map(there, tools)):
        raise processes.Skipped(f"needs {' and '.join(tools)}")


def curl(request, cores, *arguments, stdin=subprocess.DEVNULL, limit=processes.TIME_LIMIT):
    """What curl prints of one exchange."""
    need("curl")
    version = {1: "--http1.1", 2: "--http2" if request.secure else "--http2-prior-knowledge"}[request.version]
    return processes.finish(processes.start(["curl", "-sSfk", version, *arguments], {cores.load}, stdin=stdin,
                                            stdout=subprocess.PIPE, stderr=subprocess.PIPE), limit)


def post(request, cores, size, *arguments, limit=processes.TIME_LIMIT):
    """Likewise, with so many bytes as the request's body."""
    source = processes.start(["head", f"-c{size}", "/dev/zero"], {cores.load}, stdout=subprocess.PIPE)
    try:
        return curl(request, cores, "-XPOST", "-T-", *arguments, stdin=source.stdout, limit=limit)
    finally:
        processes.end(source)


def check(request, server, cores):
    """Fail unless the page is what it must be."""
    url = request.url(server)
    body = (post(request, cores, request.body, url) if request.body else curl(request, cores, url)).encode()
    if (len(body) if isinstance(request.answer, int) else body) != request.answer:
        raise processes.Failure(f"{request.path} is answered by {len(body)} bytes that are not what they should be: {body[:40]}")


def wrk(url, cores, connections, seconds, script="", *arguments):
    """Requests a second, and how many there were."""
    need("wrk")
    scripted = ["-s", str(SCRIPTS / script)] if script else []
    said = processes.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", *scripted, url, "--", *arguments], {cores.load})
    rate, count = (re.search(wanted, said) for wanted in (r"Requests/sec:\s*([\d.]+)", r"(\d+) requests in"))
    if not rate or count[1] == "0" or "Non-2xx" in said or "Socket errors" in said:
        raise processes.Failure("not every answer was the one that was asked for")
    return float(rate[1]), int(count[1])


def h2load(url, cores, seconds):
    """Likewise."""
    need("h2load")
    said = processes.run(["h2load", f"-c{CONNECTIONS}", f"-m{STREAMS}", "-t1", f"-D{seconds}", url], {cores.load})
    rate = re.search(r"finished in .*?([\d.]+) req/s", said)
    done = re.search(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, 0 failed, 0 errored, 0 timeout", said)
    if not rate or not done or done[1] != done[2] or done[1] == "0":
        raise processes.Failure("not every answer was the one that was asked for")
    return float(rate[1]), int(done[1])


def ask(request, server, cores, seconds):
    if request.version == 2:
        return h2load(request.url(server), cores, seconds)
    script, arguments = ("post.lua", [str(request.body)]) if request.body else (request.script, [])
    return wrk(request.url(server), cores, request.connections, seconds, script, *arguments)


def under_requests(server, request, cores, _build_dir):
    """{figure: value} of a server; the first requests are for compilers to settle. Kills it, to learn exactly what it has used."""
    check(request, server, cores)
    ask(request, server, cores, 1)
    before = sum(server.processor_time())
    rate, count = ask(request, server, cores, request.seconds)
    return {"per_second": rate, "total_us": (sum(server.kill()) - before) * 1e6 / count}


def move(transfer, server, cores, size):
    """Have so many bytes moved: the seconds that it takes."""
    limit = processes.TIME_LIMIT * max(1, size // 1024 ** 3)
    at = f"http://127.0.0.1:{server.port}"
    if transfer.up:
        said = post(transfer, cores, size, "-w", " %{time_total}", f"{at}/size", limit=limit)
    else:
        said = curl(transfer, cores, "-o", os.devnull, "-w", "%{size_download} %{time_total}", f"{at}/stream/{size}", limit=limit)
    moved, seconds = said.split()
    if int(moved) != size:
        raise processes.Failure(f"{moved} bytes of {size} were moved")
    return float(seconds)


def under_transfer(server, transfer, cores, _build_dir):
    """{figure: value}: bytes a second, and by how much a server's memory grows for it at most, after a small one."""
    move(transfer, server, cores, 1024 ** 2)
    before = server.memory_peak(anew=True)
    seconds = move(transfer, server, cores, MOVED)
    return {"per_second": MOVED / seconds / 1e9, "peak_bytes": server.memory_peak() - before}


METHODS = {"web": under_requests, "transfer": under_transfer}


def measure(experiment, argv, environment, cores, build_dir):
    """{row: figure} of one server."""
    if experiment.load.secure:
        environment = environment | {"CERTIFICATE": secure.certificate(build_dir)}
    return servers.measure(experiment, argv, environment, cores, build_dir, methods=METHODS)
