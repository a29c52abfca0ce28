"""The rows of downloads: `eddy fetch` beside its peers, from nginx on a core of its own. A contestant has a core, and writes to
a folder in memory where there is one."""
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import files
import processes
import servers

COUNT, SIZE = 10000, 4096
TOGETHER = 16           # downloads at a time
SEGMENTS = 4
LARGE = 10 ** 9
RATE = 50               # MB a second that nginx gives each connection
MEMORY = Path("/dev/shm")
LIMITED = "location /limited/ {{ alias {site}/files/; limit_rate {rate}m; }}"


def many(who, place, urls, target):
    """The command that downloads what a list names."""
    if who == "curl":
        config = Path(place, "curl")
        config.write_text("".join(f'url = "{url}"\nremote-name\n' for url in urls))
        return ["curl", "-sf", "--parallel", "--parallel-max", str(TOGETHER), "--output-dir", target, "-K", str(config)]
    listed = Path(place, "urls")
    listed.write_text("".join(f"{url}\n" for url in urls))
    return {
        "wget2": ["wget2", "-q", f"--max-threads={TOGETHER}", "-P", target, "-i", str(listed)],
        "aria2c": ["aria2c", "-q", f"-j{TOGETHER}", "--file-allocation=none", "-d", target, "-i", str(listed)],
    }.get(who, ["fetch", f"-j{TOGETHER}", "-o", target, "-i", str(listed)])


def one(who, url, target, segments):
    """The command that downloads one, over so many connections; None where it knows no such thing."""
    if segments > 1 and who in ("curl", "wget2"):
        return None
    return {
        "curl": ["curl", "-sf", "--output-dir", target, "-O", url],
        "wget2": ["wget2", "-q", "-P", target, url],
        "aria2c": ["aria2c", "-q", f"-x{segments}", f"-s{segments}", "-k1M", "--file-allocation=none", "-d", target, url],
    }.get(who, ["fetch", "--segments", str(segments), "-o", target, url])


def run(argv, environment, cores, build_dir, target, size):
    """Seconds, and processor seconds, of a command that leaves so many bytes in its folder."""
    if argv[0] == "fetch":
        argv = [str(build_dir / "cli" / "eddy"), *argv]
    Path(target).mkdir()
    proxies = {name: "" for name in os.environ if re.fullmatch("(?i)https?_proxy|all_proxy", name)}
    began, before = time.monotonic(), os.times()
    processes.run(argv, {cores.contestant}, environment | proxies)
    seconds, after = time.monotonic() - began, os.times()
    got = sum(each.stat().st_size for each in Path(target).iterdir())
    shutil.rmtree(target)
    if got != size:
        raise processes.Failure(f"{got} bytes of {size} came")
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return seconds, used


def measure(who, rows, environment, cores, build_dir):
    """{row: figure}."""
    with tempfile.TemporaryDirectory() as place, \
            tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as memory:
        site = files.make_site(memory)
        Path(memory).chmod(0o755)
        port, target = servers.free_port(), str(Path(memory, "target"))
        config = f"root {site}; " + LIMITED.format(site=site, rate=RATE)
        argv = servers.nginx(place, port, config)
        base = f"http://127.0.0.1:{port}/"
        if rows[0].startswith("fetch_small"):
            for i in range(COUNT):
                Path(site, "files", f"f{i}").write_bytes(os.urandom(SIZE))
            command, size = many(who, place, [f"{base}files/f{i}" for i in range(COUNT)], target), COUNT * SIZE
        else:
            with Path(site, "files", "large").open("wb") as file:
                file.truncate(LARGE)
            limited = rows[0].startswith("fetch_segments")
            command = one(who, f"{base}{'limited' if limited else 'files'}/large", target, SEGMENTS if limited else 1)
            size = LARGE
        if not command:
            raise processes.Skipped("it brings a file over one connection alone")
        swapped = processes.Cores(contestant=cores.load, load=cores.contestant)  # the server is nobody's contestant
        server = servers.Server(argv, swapped, {}, port)
        try:
            seconds, used = run(command, environment, cores, build_dir, target, size)
        finally:
            server.close()
    done = COUNT if rows[0].startswith("fetch_small") else size / 1e9
    return dict(zip(rows, (done / seconds, used)))
