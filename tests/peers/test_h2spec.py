#!/usr/bin/env python3
"""What h2spec, a suite for servers of HTTP/2, says of ours: test_h2spec.py SERVER plain|tls."""
import re
import subprocess
import sys

from server import ClientTest, main, program

H2SPEC = program('h2spec')
HOW = sys.argv.pop(2)
# The failures that there are, and what h2spec saw. The port speaks HTTP/1.1 too, and to that what is no preface is a bad request: it is told
# 400 before the connection ends. h2spec would have it end without a word; it takes the answer for the beginning of a frame, and its end
# for that of half of one.
KNOWN = {'plain': {'2: Sends invalid connection preface': 'Error: unexpected EOF'}, 'tls': {}}[HOW]


class H2specTest(ClientTest):
    def test(self):
        port, options = {'plain': (self.server.ports[0], []), 'tls': (self.server.ports[1], ['--tls', '--insecure'])}[HOW]
        done = subprocess.run([H2SPEC, '--strict', '--path', '/hello', '--port', port, *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertRegex(done.stdout, r'\n\d+ tests, \d+ passed, ', 'it has not ended')
        failures = done.stdout.partition('Failures:')[2]
        seen = dict(re.findall(r'× (.*)\n(?:[^×]*\n)?\s+Actual: (.*)', failures))
        self.assertEqual(set(seen), set(re.findall('× (.*)', failures)), failures)
        self.assertEqual(seen, KNOWN, 'failures have come, or gone')


if __name__ == '__main__':
    main()
