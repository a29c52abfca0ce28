#!/usr/bin/env python3
"""Our client on Node's servers: test_client_node.py CLIENT [TEST...]."""
import client
from client import SERVERS, TheirServer, main, program

NODE = program('node')


class NodeTest(client.Contract):
    tls_http2 = True

    @classmethod
    def start(cls):
        return TheirServer([NODE, SERVERS / 'server.mjs'])


if __name__ == '__main__':
    main()
