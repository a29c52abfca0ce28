#!/usr/bin/env python3
"""Print the Pythons that eddyloop can be built for: on PATH or pyenv's, with headers, one a version.

Where there are two of a version, that one is taken which has meson-python, and so can build
packages without a network; else the first. Those that were built to debug Python itself are others.
"""
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAMES = ("python3", *(f"python3.{minor}{suffix}" for minor in range(10, 16) for suffix in ("", "d")))
QUESTIONS = """
import importlib.util, json, os, sys, sysconfig
print(json.dumps({
    "program": os.path.join(sys.base_exec_prefix, "bin", f"python3.{sys.version_info[1]}{sys.abiflags}"),
    "version": list(sys.version_info[:2]),
    "is_debug": hasattr(sys, "gettotalrefcount"),
    "is_stock": sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "has_headers": os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")),
    "can_package": all(map(importlib.util.find_spec, ["mesonpy", "build"])),
}))
"""


@dataclass(frozen=True)
class Python:
    """An interpreter."""

    program: str
    version: tuple
    is_debug: bool  # counts references, and checks much
    is_stock: bool
    has_headers: bool
    can_package: bool  # by itself, with meson-python and build

    @property
    def name(self):
        return ".".join(map(str, self.version)) + ("-debug" if self.is_debug else "")


def ask(program):
    """What an interpreter says of itself; None where it is none."""
    try:
        done = subprocess.run([program, "-I", "-c", QUESTIONS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True)
        said = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return Python(**{**said, "version": tuple(said["version"])})


def folders(versions="3.*"):
    """Where interpreters may lie: pyenv's stand-ins on PATH run but the chosen ones."""
    yield from os.get_exec_path()
    if shutil.which("pyenv"):
        root = subprocess.run(["pyenv", "root"], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
        yield from sorted(Path(root).glob(f"versions/{versions}/bin"))


def pythons():
    """The interpreters: older versions first, and those to debug with behind all."""
    found = {}
    for folder in folders():
        for name in NAMES:
            python = ask(os.path.join(folder, name))
            if python is None or not python.is_stock or not python.has_headers or python.version < (3, 10):
                continue
            key = python.is_debug, python.version
            known = found.setdefault(key, python)
            if python.can_package and not known.can_package:
                found[key] = python
    return [found[key] for key in sorted(found)]


if __name__ == "__main__":
    for each in pythons():
        if not each.is_debug:
            print(each.program)
