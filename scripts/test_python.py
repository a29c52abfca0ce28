#!/usr/bin/env python3
"""Build eddyloop for each Python that there is, and run its tests: called by scripts/test.sh.

    scripts/test_python.py [--proofs] [3.11 ...]

Each version gets a build, build-python-VERSION, and its tests run on both backends. The newest runs
them in development mode with a checking allocator too, is held to the proofs (CPython's own
tests of asyncio, scenarios that are played on asyncio's loop and on ours, and tests of packages
that are built on asyncio), and gets two builds more: by clang, and with sanitizers. With --proofs
every version is held to these, whole and on both backends, and nothing else is run. One that can
make packages without a network makes them, and they are tried. An interpreter that counts
references (a debug build, named such as 3.11-debug) runs the tests once. The last line sums up;
lines before it that begin with "failed:" name what failed.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import venv
from pathlib import Path

from pythons import pythons

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "build-python-tools"
TESTS = ROOT / "python" / "tests"
RUN = TESTS / "run.py"
PROOFS = "cpython", "differential", "suites"
SUITES = "uvloop", "anyio", "-k", "UV", "-k", "+uvloop"  # what the newest is held to of these: the tests for uvloop
BACKENDS = ("epoll", "uring")
MESON_WITHOUT_DISTUTILS = (1, 3)  # which Python 3.12 has dropped


class Totals:
    """What became of all tests."""

    def __init__(self):
        self.counts = [0, 0, 0]
        self.failures = []

    def add(self, passed, failed, skipped):
        self.counts = [sum(both) for both in zip(self.counts, (passed, failed, skipped))]

    def fail(self, what):
        self.add(0, 1, 0)
        self.failures.append(what)

    def skip(self, why):
        self.add(0, 0, 1)
        print(f"skipped: {why}", flush=True)


def new_meson():
    """A meson that knows Pythons without distutils, installed here where the system's is older.

    None where that takes a network, and there is none.
    """
    said = subprocess.run(["meson", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout
    if tuple(int(part) for part in said.split(".")[:2]) >= MESON_WITHOUT_DISTUTILS:
        return "meson"
    meson = TOOLS / "bin" / "meson"
    if not meson.exists():
        print(f"Installing a newer meson than {said.strip()} into {TOOLS.name}, by pip", flush=True)
        venv.create(TOOLS, with_pip=True, clear=True)
        subprocess.run([TOOLS / "bin" / "pip", "install", "--quiet", "meson"], check=False)
    return meson if meson.exists() else None


class Build:
    """eddyloop, built for a Python in a folder of its own and installed below that."""

    meson = "meson"

    def __init__(self, python, suffix="", options=(), **environment):
        self.python = python
        self.program = python.program
        self.name = f"python-{python.name}{suffix}"
        self.folder = ROOT / f"build-{self.name}"
        self.site = self.folder / "site"
        self.options = options
        self.environment = {**os.environ, **environment}

    def make(self):
        """Whether it could be built; else what failed is shown."""
        begun = time.monotonic()
        done = self.folder.joinpath("build.ninja").exists() or self.call(*self.setup())
        done = done and self.call("ninja", "-C", self.folder) and self.call(self.meson, "install", "-C", self.folder)
        print(f"{'built' if done else 'tried to build'} in {time.monotonic() - begun:.0f} s", flush=True)
        return done

    def setup(self):
        self.folder.mkdir(exist_ok=True)
        choice = self.folder / "python.ini"
        choice.write_text(f"[binaries]\npython = '{self.python.program}'\n", encoding="utf-8")
        places = [f"-Dpython.{kind}libdir={self.site}" for kind in ("plat", "pure")]
        return self.meson, "setup", "--werror", "--native-file", choice, *places, *self.options, self.folder, ROOT / "python"

    def call(self, *command):
        done = subprocess.run(command, env=self.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        if done.returncode != 0:
            print("\n".join(done.stdout.splitlines()[-60:]), flush=True)
        return done.returncode == 0

    def add_packages(self, *packages):
        """Whether its tests find packages of others from now on, which takes a network."""
        folder = self.folder / "packages"
        program = folder / "bin" / "python"
        if not folder.exists() and not (self.call(self.python.program, "-m", "venv", folder)
                                        and self.call(program, "-m", "pip", "install", "--quiet", *packages)):
            shutil.rmtree(folder, ignore_errors=True)
            return False
        self.program = program
        return True

    def objection(self, **environment):
        """Why no loop can be made; "" where one can."""
        code = "import eddyloop; eddyloop.new_event_loop().close()"
        done = self.call_python("-c", code, stderr=subprocess.STDOUT, **environment)
        return "" if done.returncode == 0 else done.stdout.strip().rpartition("\n")[2]

    def call_python(self, *arguments, stderr=None, **environment):
        """Run its Python, which finds the package."""
        environment = {**os.environ, "PYTHONPATH": str(self.site), **environment}
        return subprocess.run([self.program, *arguments], env=environment, text=True, stdout=subprocess.PIPE,
                              stderr=stderr, check=False)

    def test(self, totals, title, *names, **environment):
        """Run its tests, or those in some files."""
        self.count(totals, title, RUN, *names, **environment)

    def prove(self, totals, proof, *arguments, **environment):
        """Hold it to one of the PROOFS, or to what the arguments say of it."""
        if proof == "cpython" and self.call_python("-c", "import test.test_asyncio", stderr=subprocess.DEVNULL).returncode:
            totals.skip(f"{self.name} comes without CPython's tests (libpython{self.python.name}-testsuite)")
        else:
            title = f"{proof}, {environment['EDDY_BACKEND']}"
            if proof == "suites":
                arguments = "--folder", self.folder / "suites", *arguments
            self.count(totals, title, TESTS / proof / "run.py", "--python", self.program, *arguments, **environment)

    def count(self, totals, title, program, *arguments, **environment):
        """Run a program that sums up tests, and add what it says."""
        print(f"\n-- {self.name}, {title}", flush=True)
        done = self.call_python(program, *arguments, **environment)
        print(done.stdout, end="", flush=True)
        counts = re.search(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?\s*\Z", done.stdout)
        if not counts:
            totals.fail(f"{self.name}, {title}: the run did not end")
            return
        totals.add(*(int(count or 0) for count in counts.groups()))
        if done.returncode != 0:
            totals.failures.append(f"{self.name}, {title}")


def test_backends(build, totals, **environment):
    """Run the tests with each backend."""
    for backend in BACKENDS:
        environment["EDDY_BACKEND"] = backend
        objection = build.objection(**environment)
        if not objection:
            build.test(totals, backend, **environment)
        elif backend == "uring":
            totals.skip(objection)
        else:
            totals.fail(f"{build.name}, {backend}: {objection}")


def prove(build, totals):
    """Hold it to all proofs, with each backend that there is."""
    for backend in BACKENDS:
        for proof in PROOFS:
            if not build.objection(EDDY_BACKEND=backend):
                build.prove(totals, proof, EDDY_BACKEND=backend)


def built(build, totals):
    """Build it: whether that was possible."""
    print(f"\n-- {build.name}", flush=True)
    if build.make():
        return True
    totals.fail(f"{build.name} does not build")
    return False


def sanitizers():
    """What a Python that is built without them needs to load what is built with them."""
    library = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE, text=True, check=True)
    return {"LD_PRELOAD": library.stdout.strip(), "PYTHONMALLOC": "malloc", "ASAN_OPTIONS": "detect_leaks=0",
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


def test_plain(python, totals, is_newest):
    """Build as users do, with each backend; with packages, too, where it can make them."""
    build = Build(python)
    if not built(build, totals):
        return
    if is_newest:
        build.test(totals, "development mode", PYTHONDEVMODE="1", PYTHONMALLOC="debug")
        if not build.add_packages("redis", "aiohttp"):
            totals.skip("redis-py and aiohttp, which two of the examples take, could not be installed")
    test_backends(build, totals)
    if is_newest:
        build.prove(totals, "cpython", EDDY_BACKEND="epoll")
        build.prove(totals, "differential", EDDY_BACKEND="epoll")
        build.prove(totals, "suites", *SUITES, EDDY_BACKEND="epoll")
    if python.can_package:
        build.test(totals, "packages", "distribution")


def test_thoroughly(python, totals):
    """Build with the other compiler, and test with sanitizers."""
    built(Build(python, "-clang", CC="clang"), totals)
    build = Build(python, "-sanitize", ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1"])
    if built(build, totals):
        test_backends(build, totals, **sanitizers())


def test_debugging(python, totals):
    """Test with an interpreter that counts references, and asserts much of what it is given."""
    build = Build(python, options=["-Db_ndebug=false"])
    if built(build, totals):
        build.test(totals, "epoll", EDDY_BACKEND="epoll")


def choose(versions, totals):
    """The Pythons to test; what is left out is counted as skipped."""
    found = [python for python in pythons() if not versions or python.name in versions]
    if any(python.version >= (3, 12) for python in found):
        Build.meson = new_meson()
    if Build.meson is None:
        Build.meson = "meson"
        found = [python for python in found if python.version < (3, 12)]
        totals.skip("no meson could be had that knows Python 3.12 and newer")
    if not found:
        totals.skip("no Python here has its headers (python3-dev)")
    elif not any(python.can_package for python in found):
        totals.skip("no Python here has meson-python and build (python3-mesonpy, python3-build)")
    if not versions and not any(python.is_debug for python in found):
        totals.skip("no Python here counts its references (python3-dbg)")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proofs", action="store_true", help="hold each version to the proofs, and run no other tests")
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="such as 3.11 (default: each that there is)")
    totals = Totals()
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which shells have what runs in the background ignore
    found = choose(options.versions, totals)
    plain = [python for python in found if not python.is_debug]
    for python in plain:
        if not options.proofs:
            test_plain(python, totals, is_newest=python == plain[-1])
        elif built(build := Build(python), totals):
            prove(build, totals)
    if not options.proofs:
        for python in plain[-1:]:
            test_thoroughly(python, totals)
        for python in found[len(plain):]:
            test_debugging(python, totals)
    print("\n".join(["", *(f"failed: {failure}" for failure in totals.failures)]))
    print("{} passed, {} failed, {} skipped".format(*totals.counts))
    return 1 if totals.counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
