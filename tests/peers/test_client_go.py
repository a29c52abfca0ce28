#!/usr/bin/env python3
"""Our client on Go's server: test_client_go.py CLIENT [TEST...]."""
import os
import re
import subprocess
import tempfile

import client
from client import SERVERS, TheirServer, main, program, skip

GO = program('go')
WANTED = 1, 22  # its server takes values from paths


def version():
    said = subprocess.run([GO, 'version'], stdout=subprocess.PIPE, text=True, check=True).stdout
    return tuple(int(n) for n in re.search(r'go(\d+)\.(\d+)', said).groups())


if version() < WANTED:
    skip('no go of version %d.%d or later' % WANTED)


class GoTest(client.Contract):
    tls_http2 = True

    @classmethod
    def start(cls):
        with tempfile.TemporaryDirectory() as folder:
            built = os.path.join(folder, 'server')
            subprocess.run([GO, 'build', '-o', built, SERVERS / 'server.go'], check=True,
                           env={**os.environ, 'GOTOOLCHAIN': 'local', 'GOFLAGS': ''})
            return TheirServer([built])


if __name__ == '__main__':
    main()
