#!/usr/bin/env python3
"""The newcomer's two commands on two machines, with one store: test_jobs_machines.py EDDY. A worker and redis-server are on the one, who
enqueues is on the other; machines are network namespaces. Skipped where nobody may make them."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from namespaces import Machines  # pylint: disable=wrong-import-position
from servers import skip  # pylint: disable=wrong-import-position

EDDY = MACHINES = None
STORE = "redis://10.77.0.1"  # m0, and the port that it has by itself


class TwoMachines(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name
        self.start_redis()

    def start(self, machine, *command, **options):
        # pylint: disable=consider-using-with
        process = subprocess.Popen([*MACHINES.on(machine), *command], stdout=subprocess.PIPE, text=True,
                                   env={**os.environ, "EDDY_JOBS": STORE}, **options)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def start_redis(self):
        redis = self.start(0, "redis-server", "--bind", MACHINES.address(0), "--protected-mode", "no", "--save", "", "--dir", self.place)
        self.assertTrue(any("Ready to accept connections" in line for line in redis.stdout))

    def enqueue(self, *arguments):
        done = subprocess.run([*MACHINES.on(1), EDDY, "jobs", "enqueue", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False, timeout=60, env={**os.environ, "EDDY_JOBS": STORE})
        return done.returncode, done.stdout, done.stderr

    def test_what_one_machine_enqueues_the_other_does(self):
        self.start(0, EDDY, "jobs", "work", "--exec", 'read file; echo "$file on $(ip -brief -4 addr show cable | tr -s " " | cut -d" " -f3)"')
        self.assertEqual(self.enqueue("--wait", "resize", '{"file":"a.jpg"}\n'), (0, '{"file":"a.jpg"} on 10.77.0.1/24\n', ""))

    def test_a_cable_that_is_pulled_for_a_while_costs_nothing(self):
        worker = self.start(1, EDDY, "jobs", "work", "--exec", "cat", "--lease", "1")
        self.assertEqual(self.enqueue("--wait", "copy", "before"), (0, "before", ""))
        MACHINES.plug(1, False)
        local = subprocess.run([*MACHINES.on(0), EDDY, "jobs", "enqueue", "--id", "a", "copy", "meanwhile"], stdout=subprocess.PIPE,
                               check=False, timeout=60, env={**os.environ, "EDDY_JOBS": STORE})
        self.assertEqual(local.returncode, 0)
        MACHINES.plug(1, True)
        self.assertEqual(self.enqueue("--wait", "copy", "after"), (0, "after", ""))
        worker.terminate()
        worker.communicate(timeout=60)
        self.assertEqual(worker.returncode, 0)
        show = subprocess.run([*MACHINES.on(0), EDDY, "jobs", "list", "--state", "done"], stdout=subprocess.PIPE, check=True,
                              timeout=60, text=True, env={**os.environ, "EDDY_JOBS": STORE}).stdout
        self.assertEqual(len(show.splitlines()), 3, show)


if __name__ == "__main__":
    EDDY = os.path.abspath(sys.argv.pop(1))
    if not shutil.which("redis-server"):
        skip("no redis-server")
    try:
        MACHINES = Machines(2)
    except OSError as error:
        skip(str(error))
    try:
        unittest.main()
    finally:
        MACHINES.close()
