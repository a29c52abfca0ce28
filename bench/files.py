"""The rows of served files: `eddy serve` beside nginx, one worker each, both under wrk."""
import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

CONNECTIONS, SECONDS = 100, 3
SIZES = {"serve_1k_per_second": 1024, "serve_100k_per_second": 100 * 1024}

NGINX_CONFIG = """
daemon off; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    server {{ listen 127.0.0.1:{port}; root {site}; }}
}}
"""


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, server):
    deadline = time.monotonic() + 10
    while server.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
    raise RuntimeError("the server does not answer")


def command(who, site, place, port, build_dir):
    if who == "nginx":
        config = Path(place, "nginx.conf")
        config.write_text(NGINX_CONFIG.format(place=place, port=port, site=site))
        return [shutil.which("nginx") or "/usr/sbin/nginx", "-p", place, "-c", str(config)]
    return [str(build_dir / "cli" / "eddy"), "serve", str(site), "--port", str(port)]


def measure(who, cores, build_dir):
    """{row: requests a second} of one server."""
    with tempfile.TemporaryDirectory() as place:
        site, port, found = Path(place, "site"), free_port(), {}
        site.mkdir()
        for folder in (Path(place), site):
            folder.chmod(0o755)
        for row, size in SIZES.items():
            Path(site, row).write_bytes(os.urandom(size))
        server = subprocess.Popen(command(who, site, place, port, build_dir), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL,
                                  preexec_fn=lambda: os.sched_setaffinity(0, {cores.contestant}))
        try:
            wait_for(port, server)
            for row in SIZES:
                load = subprocess.run(
                    ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"http://127.0.0.1:{port}/{row}"],
                    capture_output=True, text=True, check=True, timeout=60,
                    preexec_fn=lambda: os.sched_setaffinity(0, {cores.load})).stdout
                if "Non-2xx" in load:
                    raise RuntimeError("not every answer was the file")
                found[row] = float(re.search(r"Requests/sec:\s*([\d.]+)", load).group(1))
        finally:
            server.terminate()
            server.wait()
        return found
