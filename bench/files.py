"""The rows of served files: `eddy serve` beside nginx, both under wrk."""
import os
import re
import tempfile
from pathlib import Path

import processes
import servers

CONNECTIONS, SECONDS = 100, 1
SIZES = {
    "serve_1k_per_second": 1024,
    "serve_100k_per_second": 100 * 1024,
    "serve_1m_per_second": 1024 * 1024,
}


def command(who, site, place, port, build_dir):
    if who == "nginx":
        return servers.nginx(place, port, f"root {site};")
    return [str(build_dir / "cli" / "eddy"), "serve", str(site), "--port", str(port)]


def load(port, row, cores):
    """Requests a second by wrk's count."""
    said = processes.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/{row}"],
                         {cores.load})
    rate = re.search(r"Requests/sec:\s*([\d.]+)", said)
    if not rate or "Non-2xx" in said or "Socket errors" in said:
        raise processes.Failure("not every answer was the file")
    return float(rate[1])


def measure(who, rows, environment, cores, build_dir):
    """{row: requests a second} of one server."""
    with tempfile.TemporaryDirectory() as place:
        site, port = Path(place, "site"), servers.free_port()
        site.mkdir()
        for folder in (Path(place), site):
            folder.chmod(0o755)
        for row in rows:
            Path(site, row).write_bytes(os.urandom(SIZES[row]))
        server = servers.Server(command(who, site, place, port, build_dir), cores, environment, port)
        try:
            return {row: load(port, row, cores) for row in rows}
        finally:
            server.close()
