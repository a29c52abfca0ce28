#!/usr/bin/env python3
"""Our client on aiohttp's server: test_client_aiohttp.py CLIENT [TEST...]."""
import os
import sys

import client
from client import PEERS, SERVERS, TheirServer, main, skip

PLACE = os.path.join(PEERS, 'python')
if not os.path.isdir(os.path.join(PLACE, 'aiohttp')):
    skip('no aiohttp')


class AiohttpTest(client.Contract):
    @classmethod
    def start(cls):
        return TheirServer([sys.executable, SERVERS / 'server_aiohttp.py'], PYTHONPATH=PLACE)


if __name__ == '__main__':
    main()
