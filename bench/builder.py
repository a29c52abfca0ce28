"""Building contestants, each when it is first needed."""
import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import durable
import machine
import processes
import secure

HERE = Path(__file__).resolve().parent
TIME_LIMIT = 300  # seconds for one of them
DEBIAN_CRATES = Path("/usr/share/cargo/registry")


def run(argv, **options):
    """"" or why it failed, in a line."""
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TIME_LIMIT, **options)
    except subprocess.TimeoutExpired:
        return f"{argv[0]} takes longer than {TIME_LIMIT} s"
    except OSError as error:
        return str(error)
    if done.returncode == 0:
        return ""
    said = done.stdout + done.stderr
    why = re.search(r"undefined reference.*|(fatal error|error)(\[\w+\])?: .*", said)
    return why[0] if why else (said.strip().splitlines() or [f"{argv[0]} fails"])[-1]


def ninja(build_dir, *targets):
    return run(["ninja", "-C", str(build_dir), *targets])


def loads(build_dir):
    """What the load comes from, and the echo that nginx asks."""
    secure_ones = ["load_tls", "raw_epoll_echo"] if machine.peers(build_dir).get("openssl") else []
    return [f"bench/{name}" for name in ["load", "load_storm", "load_udp"] + secure_ones]


def configure(build_dir):
    """Have meson look again, where it has not found every library: some may have been installed since."""
    if all(machine.peers(build_dir).values()):
        return ninja(build_dir, "build.ninja")
    return run(["meson", "setup", "--reconfigure", str(build_dir)])


def go(build_dir):
    """Where its module cannot be had, without what needs that."""
    build = ["go", "build", "-o", str((build_dir / "bench" / "go_contestant").resolve())]
    why = run([*build, "."], cwd=HERE / "go")
    return why and run([*build, "-tags", "offline", "."], cwd=HERE / "go")


def node(build_dir, with_modules):
    """Its files, beside the modules that package-lock.json names."""
    place = build_dir / "bench" / "node"
    shutil.copytree(HERE / "node", place, dirs_exist_ok=True)
    return run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=place) if with_modules else ""


def tokio(build_dir):
    """With the crates that Cargo.lock names; where they cannot be had, with Debian's, which lack hyper's version."""
    target = (build_dir / "bench" / "tokio").resolve()
    why = run(["cargo", "build", "--release", "--locked", "--target-dir", str(target)], cwd=HERE / "tokio")
    if not why or not any(DEBIAN_CRATES.glob("tokio-1*")):
        return why
    package = target / "debian"
    (package / ".cargo").mkdir(parents=True, exist_ok=True)
    shutil.copytree(HERE / "tokio" / "src", package / "src", dirs_exist_ok=True)
    (package / ".cargo" / "config.toml").write_text(
        f'[source.crates-io]\nreplace-with = "debian"\n[source.debian]\ndirectory = "{DEBIAN_CRATES}"\n')
    manifest = (HERE / "tokio" / "Cargo.toml").read_text()
    manifest = re.sub(r"(?m)^(.*optional = true.*|(default|http|tls) = .*)\n", "", manifest)
    (package / "Cargo.toml").write_text(re.sub(r'(tokio = .*?version = )"[^"]*"', r'\1"1"', manifest))
    return run(["cargo", "build", "--release", "--offline", "--target-dir", str(target)], cwd=package)


def library(program, name, build_dir):
    """A contestant in C on a library that lies where the environment variable `name` says."""
    place, stem = Path(os.environ[name]), name.lower().removeprefix("lib")
    headers = [d for d in (place, place / "include") if list(d.glob(f"*{stem}.h"))]
    libraries = [d for d in (place, place / "lib", place / ".libs") if list(d.glob(f"lib{stem}.*"))]
    if not headers or not libraries:
        return f"there is no *{stem}.h and lib{stem}.a or .so in {name}"
    target = build_dir / "bench" / Path(program.file).stem
    return run([os.environ.get("CC", "cc"), *machine.flags(build_dir).split(), "-D_GNU_SOURCE", f"-I{headers[0]}",
                str(HERE / program.file), "-o", str(target), f"-L{libraries[0]}",
                f"-Wl,-rpath,{libraries[0].resolve()}", f"-l{stem}", "-lpthread", "-ldl"])


@functools.lru_cache(None)
def job_peers(build_dir):
    """Fetch who has durable jobs: what is told of those that could not be had."""
    fetching = [sys.executable, str(HERE.parent / "scripts" / "peers.py"), "--jobs", str(durable.peers_folder(build_dir))]
    try:
        return subprocess.run(fetching, capture_output=True, text=True, timeout=2 * TIME_LIMIT, check=False).stdout
    except subprocess.TimeoutExpired:
        return ""


def jobs(program, build_dir):
    if program.file == "eddy":
        return ninja(build_dir, "bench/eddy_jobs")
    why = re.search(rf"skipped: .*\b{program.file}\b.* could not be had: (.*)", job_peers(build_dir)) if program.package else None
    return why[1] if why else ""


class Builder:
    """Builds each program once."""

    def __init__(self, build_dir):
        self.build_dir = build_dir
        self.peers = machine.peers(build_dir)
        self.outcomes = {}

    def prepare(self, program):
        """"" or what to show in place of figures."""
        if program not in self.outcomes:
            self.outcomes[program] = self.missing(program) or self.build(program) or self.refused(program)
        return self.outcomes[program]

    def missing(self, program):
        """What a program needs that this machine does not have."""
        if program.kind == "library":
            return "" if os.environ.get(program.peer) else f"skipped: needs {program.peer}=path"
        packaged = [tool for tool in ("wrk", "curl", "npm") if tool in program.package]
        wanted = {"go": ["go"], "tokio": ["cargo"], "node": ["node", *packaged], "command": ["wrk", "curl"],
                  "s_server": ["openssl", "curl"], "nginx": ["nginx", *packaged], "haproxy": ["haproxy", *packaged],
                  "fetch": ["nginx"], "curl": ["nginx", "curl"],
                  "wget2": ["nginx", "wget2"], "aria2c": ["nginx", "aria2c"]}.get(program.kind, [])
        if not all(map(machine.there, wanted)) or program.peer and not self.peers.get(program.peer):
            return f"skipped: needs {program.package}"
        if "mod-stream" in program.package and not secure.nginx_module():
            return f"skipped: needs {program.package}"
        return ""

    def build(self, program):
        why = ""
        if program.kind == "go":
            why = go(self.build_dir)
        elif program.kind == "tokio":
            why = tokio(self.build_dir)
        elif program.kind == "node":
            why = node(self.build_dir, "npm" in program.package)
        elif program.kind == "library":
            why = library(program, program.peer, self.build_dir)
        elif program.kind == "native":
            why = ninja(self.build_dir, f"bench/{program.file}")
        elif program.kind == "jobs":
            why = jobs(program, self.build_dir)
        elif program.kind in ("command", "fetch"):
            why = ninja(self.build_dir, "cli/eddy")
        if why and program.kind == "jobs" and program.package:
            return f"skipped: needs {program.package}: {why}"
        return f"failed to build: {why}" if why else ""

    def refused(self, program):
        """Why eddy cannot have the backend it is to take part with. Its programs say so too, but for the command."""
        if not program.backend:
            return ""
        try:
            why = ninja(self.build_dir, "bench/eddy_backend")
            if not why:
                processes.run([str(self.build_dir / "bench" / "eddy_backend")], os.sched_getaffinity(0),
                              {"EDDY_BACKEND": program.backend})
        except processes.Failure as failure:
            return f"{failure.word}: {failure}"
        return f"failed to build: {why}" if why else ""
