#!/usr/bin/env python3
"""What Go's client makes of our server: test_go.py SERVER."""
import pathlib
import subprocess

from server import ClientTest, main, program

GO = program('go')
TESTS = pathlib.Path(__file__).with_name('client_test.go')


class GoTest(ClientTest):
    def test(self):
        environment = {**self.server.environment(), 'GOTOOLCHAIN': 'local', 'GOFLAGS': ''}
        done = subprocess.run([GO, 'test', '-count=1', '-vet=off', TESTS], env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == '__main__':
    main()
