"""A virtual environment with what can be had of the contestants."""
import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ROOT / "python"
TIME_LIMIT = 900  # seconds for one package, which may have to be compiled

DESCRIBE = """
import platform, sys, sysconfig
print(sys.implementation.cache_tag + sys.abiflags, platform.python_implementation(), platform.python_version(),
      "debug" if sysconfig.get_config_var("Py_DEBUG") else "",
      "free-threaded" if sysconfig.get_config_var("Py_GIL_DISABLED") else "")
"""
VERSIONS = """
import importlib.metadata, json, sys
found = {}
for name in dict.fromkeys(filter(None, sys.argv[1:])):
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
        done = subprocess.run([str(word) for word in argv], env={**os.environ, **(environment or {})}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit, check=False)
    except subprocess.TimeoutExpired:
        return 1, f"{argv[0]} takes longer than {limit} s"
    except OSError as error:
        return 1, str(error)
    return done.returncode, done.stdout.strip()


def reason(said):
    """The line of a failure that says most."""
    lines = [line.strip() for line in said.splitlines()] or ["it does not say why"]
    errors = [line for line in lines if re.match(r"error: (?!subprocess-exited|metadata-generation)", line, re.I)]
    return (errors or lines)[-1]


class Environment:
    """The interpreter under test, in a virtual environment that is kept from run to run."""

    def __init__(self, python, folder, ours=None):
        """`ours` is a folder that holds eddyloop ready to be imported, where it is not to be installed."""
        status, said = run([python, "-c", DESCRIBE])
        if status:
            raise Unusable(f"{python}: {reason(said)}")
        tag, self.interpreter = said.split(" ", 1)
        self.interpreter = " ".join(self.interpreter.split())
        self.folder = Path(folder, tag)
        self.python = self.folder / "bin" / "python"
        self.kept = self.folder / "installed.json"
        self.variables = {"PYTHONDONTWRITEBYTECODE": "1"} | ({"PYTHONPATH": str(Path(ours).resolve())} if ours else {})
        self.imports_ours = bool(ours)
        self.outcomes = self.load()  # what pip was asked for: "" or why it cannot be had
        if not self.outcomes:
            self.create(python)

    def load(self):
        """What was installed before, unless by another interpreter."""
        try:
            kept = json.loads(self.kept.read_text())
        except (OSError, ValueError):
            return {}
        return kept["outcomes"] if kept["interpreter"] == self.interpreter else {}

    def create(self, python):
        status, said = run([python, "-m", "venv", "--clear", self.folder], limit=TIME_LIMIT)
        if status:
            raise Unusable(f"{python} makes no virtual environment: {reason(said)}")
        self.pip("--upgrade", "pip")

    def pip(self, *what):
        """"" or why that cannot be had."""
        status, said = run([self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what],
                           limit=TIME_LIMIT)
        return reason(said) if status else ""

    def install(self, requirement):
        """Install a package once: "" or why it cannot be had."""
        if requirement not in self.outcomes:
            self.outcomes[requirement] = self.pip(requirement)
            self.kept.write_text(json.dumps({"interpreter": self.interpreter, "outcomes": self.outcomes}, indent=1))
        return self.outcomes[requirement]

    def install_ours(self):
        """Install this project's loop as it is now: "" or why not."""
        if self.imports_ours:
            return ""
        if not (OURS / "pyproject.toml").exists():
            return "there is no python/pyproject.toml"
        return self.pip("--force-reinstall", "--no-deps", OURS)

    def missing(self, packages):
        """"" or why not all of these packages can be had."""
        return next((f"{package} cannot be installed: {why}" for package in packages if (why := self.install(package))), "")

    def refused(self, loop):
        """"" or why a loop cannot take part."""
        if why := self.missing(loop.requirements):
            return why
        status, said = run([self.python, "-c", f"import {loop.module}; {loop.module}.new_event_loop().close()"],
                           self.variables | loop.environment)
        return f"cannot be imported: {reason(said)}" if status else ""

    def versions(self, packages):
        """{package: version} of those that are there."""
        status, said = run([self.python, "-c", VERSIONS, *packages], self.variables)
        return {} if status else json.loads(said)
