"""The rows of served files: `eddy serve` beside nginx under wrk, plain and by TLS; and one of 1 GiB by TLS, fetched by curl."""
import os
import re
import tempfile
from pathlib import Path

import processes
import secure
import servers

CONNECTIONS, SECONDS = 100, 1
SIZES = {"serve_1k": 1024, "serve_100k": 100 * 1024, "serve_1m": 1024 * 1024}
TLS_SIZES = {"tls_serve_1k": 1024, "tls_serve_1m": 1024 * 1024}
ROWS = tuple(f"{name}_per_second" for name in SIZES)
TLS_ROWS = tuple(f"{name}_{figure}" for name in TLS_SIZES for figure in ("per_second", "total_us"))
BULK = 1024 ** 3


def command(who, site, place, port, build_dir, pem):
    """What serves a folder; with a certificate by TLS."""
    if who == "nginx":
        return servers.nginx(place, port, f"root {site};", pem)
    if who == "s_server":
        return ["env", f"--chdir={site}", "openssl", "s_server", "-quiet", "-accept", str(port), "-cert", pem, "-key", pem, "-WWW"]
    secured = ["--tls", "--cert", pem, "--key", pem] if pem else []
    return [str(build_dir / "cli" / "eddy"), "serve", str(site), "--port", str(port), *secured]


def load(url, server, cores):
    """Requests a second by wrk's count, and the server's processor time of each."""
    before = sum(server.processor_time())
    said = processes.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url], {cores.load})
    rate, count = (re.search(wanted, said) for wanted in (r"Requests/sec:\s*([\d.]+)", r"(\d+) requests in"))
    if not rate or "Non-2xx" in said or "Socket errors" in said:
        raise processes.Failure("not every answer was the file")
    return {"per_second": float(rate[1]), "total_us": (sum(server.processor_time()) - before) * 1e6 / int(count[1])}


def make_site(place):
    """A folder that nginx may read."""
    site = Path(place, "site")
    site.mkdir()
    for folder in (Path(place), site):
        folder.chmod(0o755)
    return site


def measure(who, rows, environment, cores, build_dir):
    """{row: figure} of one server."""
    sizes, scheme = (TLS_SIZES, "https") if rows == TLS_ROWS else (SIZES, "http")
    with tempfile.TemporaryDirectory() as place:
        site, port = make_site(place), servers.free_port()
        for name, size in sizes.items():
            Path(site, name).write_bytes(os.urandom(size))
        pem = secure.certificate(build_dir) if scheme == "https" else None
        server = servers.Server(command(who, site, place, port, build_dir, pem), cores, environment, port)
        try:
            found = {f"{name}_{figure}": value for name in sizes
                     for figure, value in load(f"{scheme}://127.0.0.1:{port}/{name}", server, cores).items()}
            return {row: found[row] for row in rows}
        finally:
            server.close()


def measure_bulk(who, rows, environment, cores, build_dir):
    """{row: figure} of a file of BULK bytes on one connection. It has no blocks, and lies in memory when it is asked for."""
    with tempfile.TemporaryDirectory() as place:
        site, port, pem = make_site(place), servers.free_port(), secure.certificate(build_dir)
        with Path(site, "bulk").open("wb") as file:
            file.truncate(BULK)
        processes.run(["cksum", str(Path(site, "bulk"))], {cores.load})
        server = servers.Server(command(who, site, place, port, build_dir, pem), cores, environment, port)
        try:
            before = sum(server.processor_time())
            said = processes.run(["curl", "-sfk", "--http1.0", "-o", "/dev/null", "-w", "%{size_download} %{time_total}",
                                  f"https://127.0.0.1:{port}/bulk"], {cores.load})
            size, seconds = map(float, said.split())
            if size != BULK:
                raise processes.Failure(f"{size:.0f} bytes of {BULK} came")
            return dict(zip(rows, (size / seconds / 1e9, (sum(server.kill()) - before) / size * 1e9)))
        finally:
            server.close()
