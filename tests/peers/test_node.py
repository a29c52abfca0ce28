#!/usr/bin/env python3
"""What Node's own clients, or npm's ws, make of our server: test_node.py SERVER client|ws."""
import os
import pathlib
import subprocess
import sys

from server import PEERS, ClientTest, main, program
from servers import skip

NODE = program('node')
WHAT = sys.argv.pop(2)
TESTS = pathlib.Path(__file__).with_name(WHAT + '.test.mjs')
OLDEST = 18  # which has node:test and fetch()

if int(subprocess.run([NODE, '-p', 'process.versions.node'], stdout=subprocess.PIPE, check=True).stdout.split(b'.')[0]) < OLDEST:
    skip('node is older than %d' % OLDEST)
os.environ['NODE_PATH'] = os.path.join(PEERS, 'node', 'node_modules')
if WHAT == 'ws' and subprocess.run([NODE, '-e', 'require("ws")'], stderr=subprocess.DEVNULL, check=False).returncode != 0:
    skip('no ws for node')


class NodeTest(ClientTest):
    def test(self):
        environment = {**self.server.environment(), 'NODE_EXTRA_CA_CERTS': self.server.root.file}
        done = subprocess.run([NODE, '--test', TESTS], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)


if __name__ == '__main__':
    main()
