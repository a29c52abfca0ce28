#!/usr/bin/env python3
"""A little of what tools for measuring servers do, without an error: test_load.py SERVER wrk|h2load|oha [TEST...]."""
import re
import subprocess
import sys

from server import BIG, ClientTest, main, program

TOOL = sys.argv.pop(2)
PROGRAM = program(TOOL)
TARGETS = '/hello', '/files/big.bin', '/count'  # small; by sendfile(); piece by piece


class LoadTest(ClientTest):
    def run_tool(self, *options):
        done = subprocess.run([PROGRAM, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def each_url(self):
        for target in TARGETS:
            for url in self.server.plain, self.server.tls:
                yield url + target

    def wrk(self):
        """It takes whole seconds for each."""
        for target in TARGETS:
            said = self.run_tool('--threads', '1', '--connections', '20', '--duration', '1', self.server.plain + target)
            self.assertRegex(said, r'\n  [1-9]\d* requests in ')
            self.assertNotRegex(said, 'Socket errors|Non-2xx')

    def h2load(self):
        for url in self.each_url():
            for options in ['--h1'], ['--max-concurrent-streams', '20']:
                requests = 3000 if 'hello' in url else 60
                said = self.run_tool(*options, '--requests', str(requests), '--clients', '10', url)
                self.assertIn(f'requests: {requests} total, {requests} started, {requests} done, {requests} succeeded, '
                              '0 failed, 0 errored, 0 timeout', said)
                if 'big' in url:
                    self.assertIn(f'({requests * len(BIG)}) data', said)

    def oha(self):
        for url in self.each_url():
            for version in '1.1', '2':
                requests = 3000 if 'hello' in url else 60
                said = self.run_tool('--no-tui', '--insecure', '--http-version', version, '-n', str(requests), '-c', '20', url)
                self.assertRegex(said, r'Success rate:\s+100.00%')
                self.assertRegex(re.sub(r'\s+', ' ', said), rf'Status code distribution: \[200\] {requests} responses')
                self.assertNotIn('Error distribution', said)

    def test(self):
        {'wrk': self.wrk, 'h2load': self.h2load, 'oha': self.oha}[TOOL]()


if __name__ == '__main__':
    main()
