"""What the figures were measured on and with."""
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path


def first_line(path):
    try:
        return Path(path).read_text().splitlines()[0].strip()
    except (OSError, IndexError):
        return "unknown"


def cpu_model():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.lower().startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def flags(build_dir):
    """The options that a contestant in C is compiled with; no paths, no warnings."""
    try:
        commands = json.loads((build_dir / "compile_commands.json").read_text())
        command = next(entry["command"] for entry in commands if entry["file"].endswith("bench/load.c"))
    except (OSError, ValueError, StopIteration):
        return "unknown"
    kept = ("-O", "-f", "-g", "-m", "-std", "-DNDEBUG")
    return " ".join(word for word in command.split() if word.startswith(kept) and "diagnostics" not in word)


def output(*command, stream="stdout"):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return getattr(done, stream).strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def peers(build_dir):
    """The versions that meson found: {peer: version}, "" where there is none."""
    try:
        return json.loads((build_dir / "bench" / "peers.json").read_text())
    except (OSError, ValueError):
        return {}


def there(program):
    """The path of a program, which may be one of the administrator's, or None."""
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")


def tokio_versions(build_dir):
    """Of the crates that the contestant was built with; none where it was not built."""
    built = build_dir / "bench" / "tokio"
    if not built.is_dir():
        return []
    lock = built / "debian" / "Cargo.lock"
    crates = (lock if lock.exists() else Path(__file__).parent / "tokio" / "Cargo.lock").read_text()
    return [f"{crate} {version}"
            for crate, version in re.findall(r'name = "(tokio|hyper|h2|matchit|serde_json)"\nversion = "([^"]+)"', crates)]


def module_versions():
    """Of what Go's and Node's contestants are built with."""
    bench = Path(__file__).parent
    locked = json.loads((bench / "node" / "package-lock.json").read_text())["packages"]
    needed = locked[""]["dependencies"]
    required = re.findall(r"(?m)^require github\.com/(\S+) v(\S+)", (bench / "go" / "go.mod").read_text())
    return [" ".join(each) for each in required] + [f"{name} {locked[f'node_modules/{name}']['version']}" for name in needed]


def job_versions():
    """Of what keeps durable jobs, and of the stores."""
    bench = Path(__file__).parent
    found = re.findall(r"(?m)^\t\S+/(asynq|river) v(\S+)$", (bench / "jobs" / "go" / "go.mod").read_text())
    found += re.findall(r'"(arq|rq)==([^"]+)"', (bench.parent / "scripts" / "peers.py").read_text())
    locked = json.loads((bench / "jobs" / "node" / "package-lock.json").read_text())["packages"]
    found.append(("bullmq", locked["node_modules/bullmq"]["version"]))
    found += re.findall(r"(Redis) server v=(\S+)", output("redis-server", "--version"))
    found += re.findall(r"(PostgreSQL)\) (\S+)", output("psql", "--version"))
    return [" ".join(each) for each in found]


def describe(build_dir, cores):
    """Lines for the head of the report."""
    found = peers(build_dir)
    versions = [f"{name} {version}" for name, version in found.items() if version and name != "compiler"]
    if shutil.which("go"):
        versions.append(output("go", "env", "GOVERSION").replace("go", "go ", 1))
    if shutil.which("node"):
        versions.append(output("node", "--version").replace("v", "node ", 1))
    versions += tokio_versions(build_dir) + module_versions() + job_versions()
    if there("nginx"):
        versions.append(output(there("nginx"), "-v", stream="stderr").replace("nginx version: nginx/", "nginx "))
    if there("haproxy"):
        versions.append(output(there("haproxy"), "-v").replace("HAProxy version", "haproxy").split("-")[0])
    versions.append(f"asyncio of {platform.python_implementation()} {platform.python_version()}")
    versions.append(os.confstr("CS_GNU_LIBC_VERSION") or "unknown libc")
    return [
        f"machine   {cpu_model()}, {os.cpu_count()} cores, Linux {platform.release()} {platform.machine()}",
        f"system    vm.max_map_count {first_line('/proc/sys/vm/max_map_count')}, transparent huge pages "
        f"{first_line('/sys/kernel/mm/transparent_hugepage/enabled')}",
        f"compiler  {found.get('compiler', 'unknown')}, {flags(build_dir)}",
        f"peers     {', '.join(versions)}",
        f"cores     contestants and servers run on core {cores.contestant} alone (so Go has GOMAXPROCS=1), "
        f"the load on core {cores.load}; workers, stores and who enqueues of durable jobs on all",
    ]
