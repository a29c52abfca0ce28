"""The packages that are given away: the source distribution, the wheel that is built of it without a network, and what
the wheel needs of the machine that it is installed on. For a Python that has meson-python and build."""
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
import venv
import zipfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MOST_THREAD_LOCAL_BYTES = 128  # the C library keeps little for what is loaded late


def run(*command):
    """A program's output; where it fails, the exception has all that it said."""
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}:\n{done.stdout}")
    return done.stdout


def only(paths):
    """The one that there is."""
    [path] = paths
    return path


def make_environment(folder, **options):
    """Its Python, in a new virtual environment."""
    venv.create(folder, with_pip=True, symlinks=True, **options)
    return folder / "bin" / "python"


def tracked(*places):
    """What git has of the project's files."""
    return set(run("git", "-C", PROJECT, "ls-files", *places).split())


class Distribution(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--skip-dependency-check", "-o", cls.folder,
            PROJECT)
        with tarfile.open(only(cls.folder.glob("*.tar.gz"))) as archive:
            archive.extractall(cls.folder)
        sources = only(path for path in cls.folder.iterdir() if path.is_dir())
        cls.files = {str(path.relative_to(sources)) for path in sources.rglob("*") if path.is_file()}
        python = make_environment(cls.folder / "builder", system_site_packages=True)
        run(python, "-m", "pip", "wheel", "--no-build-isolation", "--no-index", "--no-deps", "-w", cls.folder,
            sources)
        cls.wheel = only(cls.folder.glob("*.whl"))
        with zipfile.ZipFile(cls.wheel) as archive:
            cls.names = archive.namelist()
            name = only(name for name in cls.names if name.endswith(".so"))
            cls.extension = archive.extract(name, cls.folder)

    def test_the_sources_are_those_of_this_folder_and_the_core(self):
        own = {name for name in tracked() if not name.startswith(("tests/", "bench/"))}
        core = {name for name in self.files if name.startswith("core/")}
        self.assertEqual(self.files - core, own | {"PKG-INFO"})
        self.assertLess({"core/LICENSE", "core/include/eddy/loop.h", "core/src/loop/loop.c"}, core)
        self.assertFalse([name for name in core if name.startswith(("core/src/coro", "core/src/http"))])

    def test_the_wheel_has_the_whole_package(self):
        there = {name for name in self.names if ".dist-info/" not in name and not name.endswith(".so")}
        self.assertEqual(there, tracked("eddyloop") | {"eddyloop/LICENSE", "eddyloop/LICENSE.liburing"})

    def test_the_extension_needs_nothing_but_the_c_library(self):
        said = run("readelf", "--dynamic", "--wide", self.extension)
        needed = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
        self.assertEqual([name for name in needed if not name.startswith(("libc.so.", "ld-linux"))], [])
        self.assertNotRegex(said, "RPATH|RUNPATH")

    def test_the_extension_stays_loaded(self):
        self.assertRegex(run("readelf", "--dynamic", "--wide", self.extension), r"\bNODELETE\b")

    def test_the_extension_takes_little_of_what_the_c_library_keeps_for_threads(self):
        said = run("readelf", "--segments", "--wide", self.extension)
        sizes = [int(line.split()[5], 16) for line in said.splitlines() if line.split()[:1] == ["TLS"]]
        self.assertLessEqual(sum(sizes), MOST_THREAD_LOCAL_BYTES)

    def test_the_extension_shows_nothing_of_what_is_linked_in(self):
        said = run("readelf", "--dyn-syms", "--wide", self.extension)
        shown = re.findall(r"\bGLOBAL\s+DEFAULT\s+\d+\s+(\S+)", said)
        self.assertEqual(shown, ["PyInit__core"])

    def test_the_wheel_runs_where_nothing_else_is_installed(self):
        python = make_environment(self.folder / "user")
        run(python, "-m", "pip", "install", "--no-index", self.wheel)
        code = ("import asyncio, importlib.metadata, eddyloop\n"
                "async def main():\n"
                "    await asyncio.sleep(0)\n"
                "    return type(asyncio.get_running_loop()).__module__\n"
                "print(eddyloop.run(main()), importlib.metadata.version('eddyloop') == eddyloop.__version__)\n")
        self.assertEqual(run(python, "-I", "-W", "error", "-c", code), "eddyloop.loop True\n")


if __name__ == "__main__":
    unittest.main()
