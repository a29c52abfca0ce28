"""A virtual environment with what can be had of the contestants."""
import json
import os
import re
import subprocess
from pathlib import Path

OURS = Path(__file__).resolve().parents[1]
TIME_LIMIT = 900  # seconds for one package, which may have to be compiled

# A name for its folder, and what it is.
DESCRIBE = """
import platform, sys, sysconfig
try:
    from ssl import OPENSSL_VERSION as secure
except ImportError:
    secure = "no ssl"
telling = "optimizations", "lto", "shared", "gil", "pydebug", "jit", "tail-call"
words = [word.strip("'") for word in (sysconfig.get_config_var("CONFIG_ARGS") or "").split()]
flags = [word for word in words if word.startswith("--") and any(part in word for part in telling)]
print(sys.implementation.cache_tag + sys.abiflags)
print(f"{platform.python_implementation()} {platform.python_version()}, {secure}, "
      f"configured with {' '.join(flags) or 'no optimizations'}")
"""
VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


class Unusable(Exception):
    """There is no such interpreter, or it cannot make an environment."""


def run(argv, environment=None, limit=60):
    """Exit status and all that it said."""
    try:
        done = subprocess.run([str(word) for word in argv], env=os.environ | (environment or {}),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return 1, f"{argv[0]} takes longer than {limit} s"
    except OSError as error:
        return 1, str(error)
    return done.returncode, done.stdout.strip()


def reason(said):
    """The line of a failure that says most."""
    lines = [line.strip() for line in said.splitlines()] or ["it does not say why"]
    telling = re.compile(r"error: (?!subprocess-exited|metadata-generation)", re.IGNORECASE)
    return ([line for line in lines if telling.match(line)] or lines)[-1]


class Environment:
    """The interpreter under test, in a virtual environment that is kept from run to run."""

    def __init__(self, python, folder, ours=None):
        """`ours` is a folder that holds eddyloop ready to be imported, where it is not to be
        installed."""
        status, said = run([python, "-c", DESCRIBE])
        if status:
            raise Unusable(f"{python}: {reason(said)}")
        tag, self.interpreter = said.splitlines()
        self.folder = Path(folder, tag).resolve()
        self.python = self.folder / "bin" / "python"
        self.ours = ours and Path(ours).resolve()
        self.variables = {"PYTHONDONTWRITEBYTECODE": "1"}
        if self.ours:
            self.variables["PYTHONPATH"] = str(self.ours)
        self.installed = self.kept()
        self.refusals = {}  # why a package cannot be had
        if not self.python.exists() or not self.installed:
            self.create(python)

    def kept(self):
        """What was installed before, unless by another interpreter."""
        try:
            kept = json.loads((self.folder / "installed.json").read_text())
        except (OSError, ValueError):
            return []
        return kept["packages"] if kept["interpreter"] == self.interpreter else []

    def create(self, python):
        status, said = run([python, "-m", "venv", "--clear", self.folder], limit=TIME_LIMIT)
        if status:
            raise Unusable(f"{python} makes no virtual environment: {reason(said)}")
        self.installed = []

    def pip(self, *what):
        """"" or why that cannot be had."""
        status, said = run([self.python, "-m", "pip", "install", "--quiet",
                            "--disable-pip-version-check", *what], limit=TIME_LIMIT)
        return reason(said) if status else ""

    def install(self, package):
        """Install a package, if it is not there: "" or why it cannot be had."""
        if package in self.installed or package in self.refusals:
            return self.refusals.get(package, "")
        if why := self.pip(package):
            self.refusals[package] = f"{package} cannot be installed: {why}"
            return self.refusals[package]
        self.installed.append(package)
        kept = {"interpreter": self.interpreter, "packages": self.installed}
        (self.folder / "installed.json").write_text(json.dumps(kept, indent=1) + "\n")
        return ""

    def missing(self, packages):
        """"" or why not all of these packages can be had."""
        return next(filter(None, map(self.install, packages)), "")

    def install_ours(self):
        """Install this project's loop as it is now: "" or why not."""
        if self.ours:
            return ""
        if not (OURS / "pyproject.toml").exists():
            return "there is no python/pyproject.toml"
        why = self.pip("--force-reinstall", "--no-deps", OURS)
        return why and f"it cannot be installed: {why}"

    def refused(self, loop):
        """"" or why a loop cannot take part."""
        if why := self.missing(loop.requirements):
            return why
        attempt = f"import {loop.module}; {loop.module}.new_event_loop().close()"
        status, said = run([self.python, "-c", attempt], self.variables | loop.environment)
        return f"it cannot be imported: {reason(said)}" if status else ""

    def versions(self, packages):
        """{package: version} of those that are there."""
        status, said = run([self.python, "-c", VERSIONS, *packages], self.variables)
        found = {} if status else json.loads(said)
        if self.ours and "eddyloop" in packages:
            found["eddyloop"] = f"in {self.ours}"
        return found
