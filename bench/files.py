"""The rows of served files: `eddy serve` beside nginx under wrk, plain and by TLS; and one of 1 GiB by TLS, fetched by curl."""
import os
import re
import tempfile
from pathlib import Path

import processes
import secure
import servers

CONNECTIONS, SECONDS = 100, 1
SIZES = {
    "serve_1k_per_second": 1024,
    "serve_100k_per_second": 100 * 1024,
    "serve_1m_per_second": 1024 * 1024,
}
TLS_SIZES = {
    "tls_serve_1k_per_second": 1024,
    "tls_serve_1m_per_second": 1024 * 1024,
}
BULK = 1024 ** 3


def command(who, site, place, port, build_dir, pem):
    """What serves a folder; with a certificate by TLS."""
    if who == "nginx":
        return servers.nginx(place, port, f"root {site};", pem)
    if who == "s_server":
        return ["env", f"--chdir={site}", "openssl", "s_server", "-quiet", "-accept", str(port), "-cert", pem, "-key", pem, "-WWW"]
    secured = ["--tls", "--cert", pem, "--key", pem] if pem else []
    return [str(build_dir / "cli" / "eddy"), "serve", str(site), "--port", str(port), *secured]


def load(url, cores):
    """Requests a second by wrk's count."""
    said = processes.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", url], {cores.load})
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    if not rate or "Non-2xx" in said or "Socket errors" in said:
        raise processes.Failure("not every answer was the file")
    return float(rate[1])


def make_site(place):
    """A folder that nginx may read."""
    site = Path(place, "site")
    site.mkdir()
    for folder in (Path(place), site):
        folder.chmod(0o755)
    return site


def measure(who, rows, environment, cores, build_dir):
    """{row: requests a second} of one server."""
    is_secure = set(rows) <= set(TLS_SIZES)
    with tempfile.TemporaryDirectory() as place:
        site, port = make_site(place), servers.free_port()
        for row in rows:
            Path(site, row).write_bytes(os.urandom((SIZES | TLS_SIZES)[row]))
        pem = secure.certificate(build_dir) if is_secure else None
        server = servers.Server(command(who, site, place, port, build_dir, pem), cores, environment, port)
        try:
            return {row: load(f"http{'s' * is_secure}://127.0.0.1:{port}/{row}", cores) for row in rows}
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
