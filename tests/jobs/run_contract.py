#!/usr/bin/env python3
"""Run a program of the contract with an engine: run_contract.py ENGINE PROGRAM [ARGUMENT...]. Where that needs a server which is not
installed it is skipped. EDDY_TEST_WRAPPER: what runs the program, such as scripts/valgrind.sh."""
import contextlib
import os
import pathlib
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from servers import postgres_server, redis_server  # pylint: disable=wrong-import-position


@contextlib.contextmanager
def store(engine):
    """What EDDY_TEST_JOBS is to be."""
    if engine == 'redis':
        with redis_server() as redis:
            yield 'redis://127.0.0.1:%d/0' % redis.port
    elif engine == 'postgres':
        yield 'postgres:///postgres?host=%s&user=tester' % postgres_server().folder
    else:
        yield engine + ':'


def main():
    """The program's own status."""
    engine, *command = sys.argv[1:]
    command = shlex.split(os.environ.get('EDDY_TEST_WRAPPER', '')) + command
    with store(engine) as url:
        sys.exit(subprocess.run(command, env={**os.environ, 'EDDY_TEST_JOBS': url}, check=False).returncode)


if __name__ == '__main__':
    main()
