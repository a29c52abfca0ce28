#!/usr/bin/env python3
"""Our client on Go's server: test_client_go.py CLIENT [TEST...]."""
import os
import subprocess
import tempfile

import client
from client import SERVERS, TheirServer, main, program

GO = program('go')


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
