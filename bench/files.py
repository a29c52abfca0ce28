"""The rows of served files: `eddy serve` beside its peers under wrk, plain and by TLS; and one of 1 GiB by TLS, fetched by curl."""
import os
import tempfile
from pathlib import Path

import processes
import secure
import servers
import web

CONNECTIONS, SECONDS = 100, 1
SIZES = {"serve_1k": 1024, "serve_100k": 100 * 1024, "serve_1m": 1024 * 1024}
TLS_SIZES = {f"tls_{name}": size for name, size in SIZES.items()}
ROWS, TLS_ROWS = (tuple(f"{name}_{figure}" for name in sizes for figure in ("per_second", "total_us")) for sizes in (SIZES, TLS_SIZES))
BULK = 1024 ** 3


def command(who, site, place, port, build_dir, pem):
    """What serves a folder; with a certificate by TLS."""
    if who == "nginx":
        return servers.nginx(place, port, f"root {site};", pem)
    if who == "s_server":
        return ["env", f"--chdir={site}", "openssl", "s_server", "-quiet", "-accept", str(port), "-cert", pem, "-key", pem, "-WWW"]
    secured = ["--tls", "--cert", pem, "--key", pem] if pem else []
    return [str(build_dir / "cli" / "eddy"), "serve", str(site), "--port", str(port), *secured]


def start(who, argv, site, place, pem, cores, environment, build_dir):
    """A contestant's server of a folder; with a certificate by TLS. Those with pages of their own are told of it."""
    if who in ("go", "tokio", "node"):
        return servers.Server(argv, cores, environment | {"SITE": str(site)} | ({"CERTIFICATE": pem} if pem else {}))
    port = servers.free_port()
    return servers.Server(command(who, site, place, port, build_dir, pem), cores, environment, port)


def load(url, server, cores):
    """Requests a second by wrk's count, and the server's processor time of each."""
    before = sum(server.processor_time())
    rate, count = web.wrk(url, cores, CONNECTIONS, SECONDS)
    return {"per_second": rate, "total_us": (sum(server.processor_time()) - before) * 1e6 / count}


def make_site(place):
    """A folder that nginx may read."""
    site = Path(place, "site")
    folder = Path(site, "files")
    folder.mkdir(parents=True)
    for each in (Path(place), site, folder):
        each.chmod(0o755)
    return site


def measure(who, argv, rows, environment, cores, build_dir):
    """{row: figure} of one server."""
    sizes, scheme = (TLS_SIZES, "https") if rows == TLS_ROWS else (SIZES, "http")
    with tempfile.TemporaryDirectory() as place:
        site = make_site(place)
        for name, size in sizes.items():
            Path(site, "files", name).write_bytes(os.urandom(size))
        pem = secure.certificate(build_dir) if scheme == "https" else None
        server = start(who, argv, site, place, pem, cores, environment, build_dir)
        try:
            found = {f"{name}_{figure}": value for name in sizes
                     for figure, value in load(f"{scheme}://127.0.0.1:{server.port}/files/{name}", server, cores).items()}
            return {row: found[row] for row in rows}
        finally:
            server.close()


def measure_bulk(who, argv, rows, environment, cores, build_dir):
    """{row: figure} of a file of BULK bytes on one connection. It has no blocks, and lies in memory when it is asked for."""
    with tempfile.TemporaryDirectory() as place:
        site, pem = make_site(place), secure.certificate(build_dir)
        with Path(site, "bulk").open("wb") as file:
            file.truncate(BULK)
        processes.run(["cksum", str(Path(site, "bulk"))], {cores.load})
        server = start(who, argv, site, place, pem, cores, environment, build_dir)
        try:
            before = sum(server.processor_time())
            said = processes.run(["curl", "-sfk", "--http1.0", "-o", "/dev/null", "-w", "%{size_download} %{time_total}",
                                  f"https://127.0.0.1:{server.port}/bulk"], {cores.load})
            size, seconds = map(float, said.split())
            if size != BULK:
                raise processes.Failure(f"{size:.0f} bytes of {BULK} came")
            return dict(zip(rows, (size / seconds / 1e9, (sum(server.kill()) - before) / size * 1e9)))
        finally:
            server.close()
