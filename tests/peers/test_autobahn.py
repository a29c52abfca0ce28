#!/usr/bin/env python3
"""What Autobahn's test suite says of our WebSockets: test_autobahn.py SERVER server, test_autobahn.py CLIENT client.

All cases run where EDDY_AUTOBAHN is "all", as by `make soak`.
"""
import ast
import collections
import json
import os
import socket
import subprocess
import sys
import tempfile
import unittest

from server import ClientTest, Server, main, program
from servers import free_port

WSTEST = program('wstest')
SIDE = sys.argv.pop(2)
# Of compression there are 216 cases of a thousand messages each, which differ in lengths and in what is agreed on: some of them do
# for most days.
SOME = [*('%d.*' % section for section in range(1, 11)),
        *('%d.*.%d' % (section, case) for section in (12, 13) for case in (2, 5, 11))]
CASES = ['*'] if os.environ.get('EDDY_AUTOBAHN') == 'all' else SOME
SPEC = {'cases': CASES, 'exclude-cases': [], 'exclude-agent-cases': {}}
GOOD = {'OK', 'NON-STRICT', 'INFORMATIONAL'}


class AutobahnTest(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = place.name

    def start(self, mode, **spec):
        """Its program, when it has said which cases there are."""
        path = os.path.join(self.place, 'spec.json')
        with open(path, 'w', encoding='ascii') as file:
            json.dump({**SPEC, 'outdir': self.place, **spec}, file)
        process = subprocess.Popen([WSTEST, '--mode', mode, '--webport', '0', '--spec', path], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, pipesize=1024 * 1024,
                                   env={**os.environ, 'PYTHONUNBUFFERED': '1'})
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = next(line for line in process.stdout if line.startswith('Cases = '))
        self.cases = set(ast.literal_eval(line.partition(' = ')[2]))
        return process

    def test_server(self):
        server = Server(ClientTest.executable)
        self.addCleanup(server.stop)
        url = server.plain.replace('http', 'ws') + '/websocket'
        process = self.start('fuzzingclient', servers=[{'agent': 'eddy', 'url': url}])
        self.judge(process.communicate()[0])

    def test_client(self):
        port = free_port()
        process = self.start('fuzzingserver', url='ws://127.0.0.1:%d' % port)
        while True:  # it is about to listen
            try:
                socket.create_connection(('127.0.0.1', port)).close()
                break
            except ConnectionRefusedError:
                self.assertIsNone(process.poll())
        subprocess.run([ClientTest.executable, 'ws://127.0.0.1:%d' % port], check=True)
        process.kill()
        self.judge(process.communicate()[0])

    def judge(self, said):
        """All cases have run, and none may have failed."""
        with open(os.path.join(self.place, 'index.json'), encoding='ascii') as file:
            cases = json.load(file)['eddy']
        verdicts = {name: {case['behavior'], case['behaviorClose']} for name, case in cases.items()}
        print(len(cases), 'cases:', dict(collections.Counter(' '.join(sorted(verdict)) for verdict in verdicts.values())))
        self.assertEqual(set(cases), self.cases)
        self.assertEqual({name: verdict for name, verdict in verdicts.items() if not verdict <= GOOD}, {}, said)


if __name__ == '__main__':
    sys.argv.append('AutobahnTest.test_' + SIDE)
    main()
