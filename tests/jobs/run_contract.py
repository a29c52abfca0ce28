#!/usr/bin/env python3
"""Run a program of the contract with an engine: run_contract.py ENGINE PROGRAM [ARGUMENT...]. Where that needs a server which is not
installed it is skipped. EDDY_TEST_WRAPPER: what runs the program, such as scripts/valgrind.sh."""
import os
import pathlib
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import jobs_store  # pylint: disable=wrong-import-position


def main():
    """The program's own status."""
    engine, *command = sys.argv[1:]
    command = shlex.split(os.environ.get('EDDY_TEST_WRAPPER', '')) + command
    with jobs_store(engine, file='') as url:  # what EDDY_TEST_JOBS is to be
        sys.exit(subprocess.run(command, env={**os.environ, 'EDDY_TEST_JOBS': url}, check=False).returncode)


if __name__ == '__main__':
    main()
