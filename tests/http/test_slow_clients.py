#!/usr/bin/env python3
"""What slowhttptest does to `eddy serve`, and to a handler that reads bodies: test_slow_clients.py EDDY FRAMING_SERVER. In each of its
modes others are served meanwhile, and its connections end within the time that the server's options say, while it would still hold them."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from servers import skip  # pylint: disable=wrong-import-position

CLIENTS = 40
PATIENCE = 60  # for a busy machine; the server's own times are 2 and 4 s

# How it is called, what it asks for, whether that is `eddy serve`, and whether it holds connections: there are none to hold where it is
# answered at once.
MODES = {
    'slow headers': (['-H', '-x', '8'], 'small', True, True),
    'a slow body': (['-B', '-s', '1000', '-x', '8'], 'small', False, True),
    'many ranges': (['-R', '-t', 'HEAD', '-a', '1', '-b', '500'], 'large', True, False),
    'slow reading': (['-X', '-w', '512', '-y', '1024', '-n', '1', '-z', '32'], 'large', True, True),
}


def check(condition, *what):
    if not condition:
        sys.exit('slow clients: ' + ' '.join(map(str, what)))


@contextlib.contextmanager
def serving(*argv):
    """The server's process and its first port."""
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, int(re.search(r'(\d+)(/| \d+)$', process.stdout.readline()).group(1))
        finally:
            process.kill()


def count_sockets(process):
    folder, count = f'/proc/{process.pid}/fd', 0
    for name in os.listdir(folder):
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            count += os.readlink(os.path.join(folder, name)).startswith('socket:')
    return count


def is_served(port):
    """Whether somebody else gets what he asks for."""
    with socket.create_connection(('127.0.0.1', port), timeout=PATIENCE) as connection:
        connection.sendall(b'GET /small HTTP/1.0\r\n\r\n')
        answer = b''
        while piece := connection.recv(65536):
            answer += piece
    return answer.startswith(b'HTTP/1.1 200 ') and b'small' in answer


def attack(program, name, server, port):
    options, target, _, holds = MODES[name]
    at_rest, most = count_sockets(server), 0
    argv = [program, *options, '-c', str(CLIENTS), '-r', '200', '-i', '1', '-l', str(2 * PATIENCE), '-v', '1',
            '-u', f'http://127.0.0.1:{port}/{target}']
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as tool:
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                check(time.monotonic() < deadline, name + ':', count_sockets(server) - at_rest, 'connections stay')
                check(is_served(port), name + ': others are not served')
                now = count_sockets(server)
                most = max(most, now - at_rest)
                if now <= at_rest and (most >= CLIENTS // 2 or tool.poll() is not None):
                    break
                time.sleep(0.01)
        finally:
            tool.kill()
    check(not holds or most >= CLIENTS // 2, name + ': it has not held more than', most, 'connections')
    print(f'{name}: {most} connections at once, and none in the end')


def main():
    program = shutil.which('slowhttptest') or skip('no slowhttptest')
    with tempfile.TemporaryDirectory() as place:
        for name, data in ('small', b'small'), ('large', bytes(8 << 20)):
            with open(os.path.join(place, name), 'wb') as file:
                file.write(data)
        servers = {True: [sys.argv[1], 'serve', '--timeout', '2', '--answer-timeout', '4', '--port', '0', place],
                   False: [sys.argv[2], '2', '4']}
        for name, (_, _, is_of_files, _) in MODES.items():
            with serving(*servers[is_of_files]) as (server, port):
                attack(program, name, server, port)


if __name__ == '__main__':
    main()
