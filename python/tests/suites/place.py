"""Where a suite lies: its sources, and an environment with what they need."""

import os
import shutil
import subprocess

from suites import Missing


class Place:
    """A folder that is kept between runs."""

    def __init__(self, suite, folder):
        self.suite = suite
        self.folder = folder / suite.name
        self.source = self.folder / "source"
        self.environment = self.folder / "environment"
        self.python = self.environment / "bin" / "python"
        self.stamp = self.folder / "packages"  # says what lies here, once all does
        self.packages = suite.package, *suite.requires

    def prepare(self, python):
        """Have there what the suite needs with an interpreter."""
        wanted = "\n".join(self.packages)
        if self.stamp.exists() and self.stamp.read_text(encoding="utf-8") == wanted:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.call(python, "-m", "venv", self.environment)
        self.pip("install", *self.packages)
        self.pip("download", "--no-deps", "--no-binary", self.suite.name, "--dest", self.folder, self.suite.package)
        name = f"{self.suite.name}-{self.suite.version}"
        shutil.unpack_archive(self.folder / f"{name}.tar.gz", self.folder)
        shutil.rmtree(self.folder / name / self.suite.code)
        (self.folder / name).rename(self.source)
        self.stamp.write_text(wanted, encoding="utf-8")

    def pip(self, *arguments):
        """Call the environment's pip."""
        self.call(self.python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments)

    def call(self, *command):
        """Run a command, apart from what the interpreter that runs this has on its path."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              check=False)
        if done.returncode != 0:
            raise Missing(f"{self.suite.package} with what its tests need could not be had:"
                          f" {done.stdout.strip().rpartition(chr(10))[2]}")
