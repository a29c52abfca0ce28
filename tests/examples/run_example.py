#!/usr/bin/env python3
"""Run one example as its user would, and compare all that is seen of it with what is expected.

    run_example.py NAME EXPECTED PROGRAM [HELPER...]

EXPECTED is a text file: the program's output, or for programs that talk with others the whole conversation as
the scenario of that name below notes it down. Nothing here sleeps: every step waits for what it depends on.
"""

import contextlib
import difflib
import http.server
import os
import pathlib
import random
import re
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import gallery  # pylint: disable=wrong-import-position
from certificates import issue  # pylint: disable=wrong-import-position
from servers import echo_websocket, free_port, postgres_server, redis_server, skip  # pylint: disable=wrong-import-position

# What runs programs of another architecture, such as an emulator.
WRAPPER = os.environ.get('EDDY_EXE_WRAPPER', '').split()
PATIENCE = 30  # seconds until a step that does not come counts as failed


class Example:
    """A running program whose output is taken line by line."""

    def __init__(self, *command):
        self.process = subprocess.Popen([*WRAPPER, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.alarm = threading.Timer(PATIENCE, self.process.kill)
        self.alarm.start()
        self.seen = ''

    def line(self):
        text = self.process.stdout.readline()
        self.seen += text
        return text.rstrip('\n')

    def port(self):
        """The port of a server that has just begun; it is left out of what is compared."""
        port = int(self.line().rsplit(' ', 1)[1])
        self.seen = self.seen.replace(str(port), 'PORT')
        return port

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def stop_when(self, condition):
        """Make it stand still at a moment at which the condition holds."""
        self.process.send_signal(signal.SIGSTOP)
        while not condition():
            self.process.send_signal(signal.SIGCONT)
            self.line()
            self.process.send_signal(signal.SIGSTOP)

    def end(self):
        """Wait for its end; all its output, with what is unusual behind it."""
        rest = self.process.stdout.read()  # communicate() would lose what line() has read ahead
        _, errors = self.process.communicate()
        self.alarm.cancel()
        status = self.process.returncode
        self.seen += rest + errors
        if status:
            self.seen += '(exit status %d)\n' % status
        return self.seen


def run(*command):
    return Example(*command).end()


@contextlib.contextmanager
def listener():
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(PATIENCE)
        yield server, server.getsockname()[1]


def connect(port):
    return socket.create_connection(('127.0.0.1', port), PATIENCE)


def receive_all(connection):
    data = b''
    while piece := connection.recv(65536):
        data += piece
    return data


def receive_exactly(connection, size):
    data = b''
    while len(data) < size and (piece := connection.recv(size - len(data))):
        data += piece
    return data


# -----------------------------------------------------------------------------------------------
# Scenarios: what happens to an example that is more than run. Each returns what is compared.


def ctrl_c(program):
    example = Example(program)
    example.line()
    example.interrupt()
    return example.end()


def echo_server(program, client):
    server = Example(program, '0')
    port = server.port()
    note = []
    with connect(port) as one, connect(port) as two:
        two.sendall(b'two')
        note.append('two: %s' % two.recv(64).decode())
        big = bytes(range(256)) * 4096  # 1 MiB, more than the socket's buffers hold
        sender = threading.Thread(target=lambda: (one.sendall(big), one.shutdown(socket.SHUT_WR)))
        sender.start()
        note.append('one: %s' % ('the same mebibyte' if receive_all(one) == big else 'something else'))
        sender.join()
        note.append(run(client, str(port), 'hello, world!').strip())
        server.interrupt()  # with a connection open
        note.append('two: closed' if two.recv(64) == b'' else 'two: not closed')
    return server.end() + '\n'.join(note) + '\n'


def echo_client(program):
    with listener() as (server, port):
        client = Example(program, str(port), 'hello, world!')
        connection, _ = server.accept()
        with connection:
            note = 'server: %s\n' % receive_all(connection).decode()
            connection.sendall(b'hello')
            connection.sendall(b', client!')
        note = client.end() + note
    refused = run(program, str(free_port()), 'anybody there?')
    return note + refused


def send_until_held_back(connection, patience=0.5):
    """How much somebody takes who has nobody to give it to; None where that never ends."""
    sent, piece = 0, bytes(1 << 16)
    connection.settimeout(patience)
    try:
        while sent < 1 << 27:
            sent += connection.send(piece)
        return None
    except TimeoutError:
        connection.settimeout(PATIENCE)
        return sent


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def how_it_ends(connection):
    try:
        return 'closed' if receive_all(connection) == b'' else 'still talking'
    except ConnectionResetError:
        return 'reset'


def protocol_proxy(program, echo_server_program, client):
    note = []
    echo_port = free_port()
    echo = Example(echo_server_program, str(echo_port))
    echo.port()
    proxy = Example(program, '0', '127.0.0.1', str(echo_port))
    port = proxy.port()
    note.append(run(client, str(port), 'hello, world!').strip())
    big = random.randbytes(1 << 20)
    with connect(port) as one:
        sender = threading.Thread(target=lambda: (one.sendall(big), one.shutdown(socket.SHUT_WR)))
        sender.start()
        note.append('one: %s' % ('the same mebibyte' if receive_all(one) == big else 'something else'))
        sender.join()
    echo.interrupt()
    echo.end()
    with contextlib.suppress(ConnectionResetError), connect(port) as two:  # the target listens no more
        note.append('two: %s' % receive_all(two))
    proxy.interrupt()
    seen = proxy.end().replace(str(echo_port), 'PORT')

    with listener() as (target, target_port):
        proxy = Example(program, '0', '127.0.0.1', str(target_port))
        port = proxy.port()

        def through():
            guest = connect(port)
            peer, _ = target.accept()
            peer.settimeout(PATIENCE)
            guest.sendall(b'?')
            peer.recv(1)
            return guest, peer

        for name, ends in ('to the target', through()), ('to the client', through()[::-1]):
            writer, reader = ends
            sent = send_until_held_back(writer)
            note.append('%s: %s' % (name, 'held back' if sent else 'taken without end'))
            writer.shutdown(socket.SHUT_WR)
            came = len(receive_all(reader))
            note.append('%s: %s' % (name, 'all that was sent' if came == sent else '%d of %s' % (came, sent)))
            reader.sendall(b'thank you')  # the other direction is open still
            reader.close()
            note.append('and back: %s' % receive_all(writer).decode())
            writer.close()
        for name, (lost, left) in ('the client', through()), ('the target', through()[::-1]):
            reset(lost)
            note.append('%s is lost: %s' % (name, how_it_ends(left)))
            left.close()
        guest, peer = through()
        proxy.interrupt()
        note.append('at the end: %s, %s' % (how_it_ends(guest), how_it_ends(peer)))
        guest.close()
        peer.close()
        return seen + proxy.end() + '\n'.join(note) + '\n'


def get_headers(program):
    with listener() as (server, port):
        client = Example(program, '127.0.0.1', str(port), '/index.html')
        connection, _ = server.accept()
        with connection:
            request = ''
            while '\r\n\r\n' not in request:
                request += connection.recv(4096).decode()
            connection.sendall(b'HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    return request.replace('\r', '') + client.end()


def tcp_echo_client(program):
    with listener() as (server, port):
        client = Example(program, str(port))
        connection, _ = server.accept()
        with connection:
            connection.sendall(connection.recv(100))
    return client.end()


def tcp_echo_server(program, client):
    server = Example(program, '0')
    port = server.port()
    said = run(client, str(port))
    server.interrupt()
    return re.sub(r'from 127.0.0.1:\d+', 'from ADDRESS', server.end()) + said


def websocket_echo(program, client):
    server = Example(program, '0')
    said = run(client, 'ws://127.0.0.1:%d/' % server.port(), 'hello', 'and good-bye')
    server.interrupt()
    return server.end() + said


def websocket_client(program):
    with listener() as (server, port):
        client = Example(program, 'ws://127.0.0.1:%d/' % port, 'hello', 'and good-bye')
        connection, _ = server.accept()
        with connection:
            echo_websocket(connection)
        note = client.end()
    return note + run(program, 'http://127.0.0.1/')


def say_after(program):
    return re.sub(r'\d\d:\d\d:\d\d', 'TIME', run(program))


def queue(program):
    """Which worker sleeps for how long is decided by chance."""
    seen = re.sub(r'worker-[012]', 'worker-N', run(program))
    return re.sub(r'\d\.\d\d seconds', 'TIME', seen)


def display_date(program):
    """On a machine that is busy fewer lines may fit in."""
    lines = re.sub(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}', 'TIME', run(program)).splitlines(True)
    return ''.join(dict.fromkeys(lines))


def multicast(program):
    if WRAPPER:
        skip('emulators have no multicast groups')
    return run(program)


def lookup(program):
    """What an address is called is the machine's affair."""
    return re.sub(r' is .*', ' is NAME', run(program, '127.0.0.1'))


def cares_resolver(program):
    """A host that every machine has in a file, so that no name server is asked."""
    return run(program, 'localhost')


def chat_server(program):
    example = Example(program, '0')
    port = example.port()
    note = []

    class Guest:
        def __init__(self, name):
            self.name = name
            self.connection = connect(port)
            self.lines = self.connection.makefile('r')
            self.say(name)
            self.hears()

        def say(self, text):
            self.connection.sendall((text + '\n').encode())

        def hears(self):
            note.append('%s hears: %s' % (self.name, self.lines.readline().rstrip('\n')))

        def leave(self):
            self.lines.close()
            self.connection.close()

    ada = Guest('ada')
    bob = Guest('bob')
    ada.hears()
    ada.say('hello, bob')
    bob.hears()
    bob.say('hello, ada\r')
    ada.hears()
    cyd = Guest('cyd')
    ada.hears()
    bob.hears()
    cyd.say('hello, all')
    ada.hears()
    bob.hears()
    bob.leave()
    ada.hears()
    cyd.hears()
    cyd.leave()
    ada.hears()
    example.interrupt()  # with ada in the room
    ada.hears()
    ada.leave()
    return example.end() + '\n'.join(note) + '\n'


def pipes(program):
    with tempfile.TemporaryFile('w+') as file:
        file.write('from a file\n')
        file.flush()
        file.seek(0)
        from_file = subprocess.run([*WRAPPER, program, 'tr', 'a-z', 'A-Z'], stdin=file, stdout=subprocess.PIPE,
                                   text=True, timeout=PATIENCE, check=True).stdout
    much = 'from a pipe\n' * 100000
    from_pipe = subprocess.run([*WRAPPER, program, 'sort', '-u'], input=much, stdout=subprocess.PIPE, text=True,
                               timeout=PATIENCE, check=True).stdout
    return from_file + from_pipe + run(program, 'no-such-program')


def signals(program):
    example = Example(program)
    example.line()
    example.interrupt()
    example.line()
    example.line()
    for signum in signal.SIGHUP, signal.SIGHUP, signal.SIGTERM:
        example.process.send_signal(signum)
        example.line()
    return example.end()


def subprocess_date(program):
    return re.sub(r'[0-9]', 'N', run(program))


def port_scanner(program):
    for _ in range(100):
        port = random.randrange(10000, 30000)  # below those that the system hands out, and remembers
        with socket.socket() as before, socket.socket() as server, socket.socket() as behind:
            try:  # neighbours that are ours, and nobody listens
                before.bind(('127.0.0.1', port - 1))
                server.bind(('127.0.0.1', port))
                behind.bind(('127.0.0.1', port + 1))
            except OSError:
                continue
            server.listen()
            seen = run(program, '127.0.0.1', str(port - 1), str(port + 1))
            return seen.replace(str(port), 'PORT') + run(program)
    raise OSError('no three free ports in a row')


def images(program, eddy):
    originals = {'image%d.png' % i: bytes([i]) * (i * i * 317) for i in range(40)}
    with tempfile.TemporaryDirectory() as folder:
        web, album = pathlib.Path(folder, 'web'), pathlib.Path(folder, 'album')
        web.mkdir()
        album.mkdir()
        for name, data in originals.items():
            (web / name).write_bytes(data)
        server = Example(eddy, 'serve', '--port', '0', str(web))
        address = server.line().split(' at ')[1]
        seen = run(program, str(album), *[address + name for name in [*originals, 'missing.png']])
        server.interrupt()
        server.end()
        copies = {path.name: path.read_bytes() for path in album.iterdir()}
    same = 'the same images\n' if copies == originals else 'other images: %s\n' % sorted(copies)
    return seen.replace(address, 'ADDRESS/') + same


class Pages(http.server.BaseHTTPRequestHandler):
    """Pages as long as their names say; connections stay open, but for odd lengths."""
    protocol_version = 'HTTP/1.1'

    def do_GET(self):  # pylint: disable=invalid-name
        size = int(self.path[1:]) if self.path[1:].isdigit() else -1
        self.send_response(200 if size >= 0 else 404)
        self.send_header('Content-Length', str(max(size, 0)))
        if size % 2:
            self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(bytes(max(size, 0)))

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


def bridge_curl(program):
    gone_port = free_port()
    with http.server.ThreadingHTTPServer(('127.0.0.1', 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = 'http://127.0.0.1:%d/' % server.server_address[1]
        pages = [address + str(size) for size in (0, 1, 2, 1001, 50000, 3 << 20)]
        seen = run(program, *pages, address + 'missing', 'http://127.0.0.1:%d/' % gone_port, 'no such thing')
        server.shutdown()
    with listener() as (silent, silent_port):
        example = Example(program, 'http://127.0.0.1:%d/' % silent_port)
        connection, _ = silent.accept()
        with connection:
            connection.recv(4096)
            example.interrupt()
            ending = how_it_ends(connection)
            stopped = 'Ctrl-C: %s\n%s' % (ending, example.end())
    seen = seen.replace("Could not", "Couldn't")  # as curl has it since 8.x
    return seen.replace(address, 'ADDRESS/').replace(str(gone_port), 'PORT') + stopped


def http_server(program):
    server = Example(program, '0')
    with connect(server.port()) as client:
        client.sendall(b'GET / HTTP/1.1\r\nHost: x\r\n\r\nPUT / HTTP/1.1\r\nHost: x\r\n\r\nGET /Ada HTTP/1.0\r\n\r\n')
        note = re.sub(r'(Server|Date): .*\r', r'\1: ...\r', receive_all(client).decode())
    server.interrupt()
    return server.end() + note.replace('\r', '')


def http_json(program):
    server = Example(program, '0')
    with connect(server.port()) as client:
        for body in b'[1, 2]', b'[1, "2"]', b'[1, 2':
            client.sendall(b'POST /sum HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))
        client.sendall(b'GET /sum HTTP/1.0\r\n\r\n')
        note = re.sub(r'( 422|Server:|Date:) .*\r', r'\1 ...\r', receive_all(client).decode())
    server.interrupt()
    return server.end() + note.replace('\r', '')


def http_router(program):
    server = Example(program, '0')
    with connect(server.port()) as client:
        for target in '/hello/Ada%20L', '/files/a/b%20c', '/files/%2e%2e/c', '/api/status', '/api/none':
            client.sendall(b'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' % target.encode())
        client.sendall(b'DELETE /api/status HTTP/1.0\r\n\r\n')
        note = re.sub(r'(Server|Date): .*\r', r'\1: ...\r', receive_all(client).decode())
    server.interrupt()
    return server.end() + note.replace('\r', '')


def http_proxy(program):
    with listener() as (behind, behind_port):
        server = Example(program, '0', 'http://127.0.0.1:%d' % behind_port)
        with connect(server.port()) as client:
            client.sendall(b'GET /page?a HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n')
            with behind.accept()[0] as one, one.makefile('rb') as lines:
                note = ''.join(line.decode() for line in iter(lines.readline, b'\r\n'))
                one.sendall(b'HTTP/1.1 200 OK\r\nServer: behind\r\nDate: today\r\nContent-Length: 5\r\n\r\npage\n')
                client.sendall(b'GET /status HTTP/1.1\r\nHost: x\r\n\r\n')
                client.sendall(b'GET /none HTTP/1.0\r\n\r\n')
                while lines.readline() != b'\r\n':
                    pass
                one.sendall(b'what?\r\n\r\n')
                note += re.sub(r'(Server: eddy|Date: (?=[A-Z])).*\r', r'\1...\r', receive_all(client).decode())
        server.interrupt()
    return server.end() + note.replace('\r', '').replace(str(behind_port), 'PORT')


def udp_echo_server(program, client):
    server = Example(program, '0')
    port = server.port()
    note = run(client, str(port))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(PATIENCE)
        one.sendto(b'empty ones too', ('127.0.0.1', port))
        note += 'one: %s\n' % one.recv(64).decode()
    server.interrupt()
    return re.sub(r'127.0.0.1:\d+', 'ADDRESS', server.end()) + note


def udp_echo_client(program):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(PATIENCE)
        server.bind(('127.0.0.1', 0))
        port = server.getsockname()[1]
        client = Example(program, str(port))
        message, address = server.recvfrom(64)
        server.sendto(message.upper(), address)
        note = client.end()
        server.connect(('127.0.0.1', 1))  # and takes nothing of others any more
        return note + run(program, str(port))


def unix_echo(program):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'socket')
        return run(program, path).replace(path, 'PATH')


def with_database(program):
    return run(program, postgres_server().new_schema())


def bridge_libpq(program):
    """With an address that refuses, and a server that is left again, so that the number of its socket is another one's;
    and with a query that is longer than a socket takes."""
    port = free_port()
    server = postgres_server().new_schema()
    several = server.replace('host=', 'host=127.0.0.1,') + ' port=%d,5432 target_session_attrs=prefer-standby' % port
    long = "SELECT length('%s')" % ('x' * 100000)
    seen = [run(program, server, "SELECT i, i * i FROM generate_series(1, 3) AS i; SELECT 'done'"),
            run(program, several, long), run(program, server, 'SELECT no_such_column'),
            run(program, server, 'COPY pg_class TO STDOUT')]
    with listener() as (silent, silent_port):
        example = Example(program, 'host=127.0.0.1 sslmode=disable gssencmode=disable port=%d' % silent_port, 'SELECT 1')
        connection, _ = silent.accept()
        with connection:
            connection.recv(4096)
            example.interrupt()
            seen.append('Ctrl-C: ' + example.end())
    return ''.join(seen)


def jobs_resize(program):
    """In memory; then in a file, where it is killed in the midst and started again."""
    with tempfile.TemporaryDirectory() as folder:
        url = 'sqlite:' + os.path.join(folder, 'jobs.db')
        seen = [run(program)]
        first = Example(program, url)
        for _ in range(3):
            first.line()
        first.process.kill()
        first.end()
        seen += ['killed, and started again:\n', re.sub(r'after \d+', 'after some', run(program, url))]
    return ''.join(seen)


def redis_commands(program):
    with redis_server() as redis:
        return run(program, str(redis.port))


def redis_workers(program):
    """Killed in the middle of its work, and started again: no job is lost."""
    jobs = {'job %d' % i for i in range(100)}
    with redis_server() as redis:
        redis.command('RPUSH', 'jobs', *sorted(jobs))
        first = Example(program, str(redis.port))
        for _ in range(20):
            first.line()
        # Twice, since the server may have something to do yet that was sent before it stood still.
        first.stop_when(lambda: all(redis.command('LLEN', 'jobs:taken') > 0 for _ in range(2)))
        first.process.kill()
        first.end()
        lost = redis.command('LRANGE', 'jobs:taken', '0', '-1')
        second = Example(program, str(redis.port))
        words = second.line().split(': ')
        back = words == ['taken back', str(len(lost))]
        while len(redis.command('SMEMBERS', 'jobs:done')) < len(jobs):
            second.line()
        second.interrupt()
        rest = second.end().split('\n')[-1]
        done = set(redis.command('SMEMBERS', 'jobs:done'))
        left = [redis.command('LLEN', name) for name in ('jobs', 'jobs:taken')]
    return ''.join([
        'taken back: %s\n' % ('what was taken and not finished' if back else words),
        'done: %s\n' % ('every job' if done == jobs else sorted(jobs - done)),
        'left: %s\n' % left,
        rest])


@contextlib.contextmanager
def a_folder():
    """A folder of a few things, to be in."""
    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            pathlib.Path('things/more').mkdir(parents=True)
            pathlib.Path('things/poem').write_text('one\ntwo\nthree\n', encoding='utf-8')
            pathlib.Path('things/more/big').write_bytes(bytes(range(256)) * 4096)
            yield
        finally:
            os.chdir(before)


def read_file(program):
    with a_folder():
        return run(program, 'things/poem', 'things/missing', 'things/more/big', 'things/more')


def copy_file(program):
    with a_folder():
        seen = run(program, 'things/more/big', 'copy')
        seen += run(program, 'things/poem', 'copy')
        seen += run(program, 'missing', 'other')
        big = pathlib.Path('things/more/big').read_bytes()
        same = 'the same\n' if pathlib.Path('copy').read_bytes() == big else 'something else\n'
        return seen + same + ' '.join(sorted(os.listdir())) + '\n'


def list_directory(program):
    with a_folder():
        seen = ''.join(sorted(run(program, 'things').splitlines(True)))
        return seen + run(program, 'missing')


def watch_folder(program):
    with a_folder():
        example = Example(program, 'things')
        example.line()

        def do(function, *arguments, lines):
            function(*arguments)
            for _ in range(lines):
                example.line()

        do(pathlib.Path('things/more/new').touch, lines=2)
        do(os.rename, 'things/more/new', 'things/poem', lines=2)
        do(os.mkdir, 'things/folder', lines=1)
        do(os.rename, 'things/folder', 'things/more/folder', lines=2)
        do(pathlib.Path('things/more/folder/deep').touch, lines=2)
        do(os.remove, 'things/more/folder/deep', lines=1)
        example.interrupt()
        return example.end()


def to_thread(program):
    return re.sub(r'at .*', 'at TIME', run(program))


def workers(program, client):
    with listener() as (_, taken_port):
        taken = run(program, str(taken_port), '2').replace(str(taken_port), 'PORT')
    port = free_port()
    example = Example(program, str(port), '3')
    example.seen = '\n'.join(sorted(example.line() for _ in range(3))) + '\n'
    note = [run(client, str(port), 'hello, world!').strip() for _ in range(4)]
    with connect(port) as open_connection:
        example.process.terminate()
        note.append('connection: closed' if open_connection.recv(64) == b'' else 'connection: not closed')
    seen = taken + example.end() + '\n'.join(note) + '\n'
    return re.sub(r'worker \d: ', 'worker N: ', seen.replace(str(port), 'PORT'))


def tls_head(program):
    with tempfile.TemporaryDirectory() as folder, listener() as (server, port):
        root = issue(folder, 'root')
        certificate = issue(folder, 'server', 'DNS:server.example,IP:127.0.0.1', root)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.file, certificate.key)

        def visit(*arguments):
            client = Example(program, *arguments)
            connection, _ = server.accept()
            request = b''
            with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
                while b'\r\n\r\n' not in request:
                    request += secure.recv(4096)
                secure.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
                secure.unwrap()  # close_notify, answered by that of the client
            return request.decode().replace('\r', '') + client.end()

        note = visit('127.0.0.1', str(port), root.file)
        note += 'with whom the system trusts: ' + visit('127.0.0.1', str(port))
        note += 'by another name: ' + visit('localhost', str(port), root.file)
        client = Example(program, '127.0.0.1', str(port), root.file)
        with server.accept()[0] as plain:
            plain.sendall(b'220 no TLS here\r\n')
            note += 'of who speaks none: ' + client.end()
        note += 'with no file: ' + run(program, '127.0.0.1', str(port), folder + '/none')
        return note.replace(folder, 'FOLDER')


def tls_echo_server(program):
    with tempfile.TemporaryDirectory() as folder:
        certificate = issue(folder, 'server', 'IP:127.0.0.1')
        server = Example(program, '0', certificate.file, certificate.key)
        port = server.port()
        note = []

        def enter():
            with open(certificate.file, encoding='ascii') as file:
                context = ssl.create_default_context(cadata=file.read())
            return context.wrap_socket(connect(port), server_hostname='127.0.0.1')

        def say(name, guest):
            pieces = [random.randbytes(1 << 16) for _ in range(16)]
            came = []
            for piece in pieces:  # one by one, since an SSLSocket cannot be read while another thread writes to it
                guest.sendall(piece)
                came.append(receive_exactly(guest, len(piece)))
            note.append('%s: %s' % (name, 'the same mebibyte' if came == pieces else 'something else'))

        with enter() as one:
            say('one', one)
            before = one.getpeercert()['serialNumber']
            issue(folder, 'server', 'IP:127.0.0.1')
            server.process.send_signal(signal.SIGHUP)
            server.line()
            with enter() as two:  # who trusts the new one alone
                say('two', two)
                after = two.getpeercert()['serialNumber']
                note.append('two sees %s' % ('the old certificate' if before == after else 'the new certificate'))
            say('one', one)
            os.remove(certificate.key)
            server.process.send_signal(signal.SIGHUP)
            server.line()
            with enter() as three:
                say('three', three)
            server.interrupt()
        return (server.end() + '\n'.join(note) + '\n').replace(folder, 'FOLDER')


def tls_start(program):
    with tempfile.TemporaryDirectory() as folder:
        certificate = issue(folder, 'server', 'DNS:mail.example')
        return run(program, certificate.file, certificate.key)


def tls_client_certificate(program):
    with tempfile.TemporaryDirectory() as folder:
        root = issue(folder, 'root')
        certificate = issue(folder, 'server', 'IP:127.0.0.1', root)
        server = Example(program, '0', certificate.file, certificate.key, root.file)
        port = server.port()
        note = ''

        for name, shown in (('ada', issue(folder, 'ada', issuer=root)), ('bob', issue(folder, 'bob')), ('nobody', None)):
            context = ssl.create_default_context(cafile=root.file)
            if shown:
                context.load_cert_chain(shown.file, shown.key)
            try:
                with context.wrap_socket(connect(port), server_hostname='127.0.0.1') as guest:
                    note += '%s hears: %s' % (name, receive_all(guest).decode())
            except (ssl.SSLError, ConnectionResetError):
                note += '%s hears nothing\n' % name
            server.line()
        server.interrupt()
        return (server.end() + note).replace('/CN=', 'CN=')


SCENARIOS = {function.__name__: function for function in
             (cares_resolver, ctrl_c, echo_server, echo_client, get_headers, lookup, multicast, tcp_echo_client, tcp_echo_server, say_after,
              display_date, chat_server, port_scanner, images, read_file, copy_file, list_directory,
              watch_folder, queue, pipes, signals, subprocess_date, to_thread, workers, udp_echo_server,
              udp_echo_client, unix_echo, http_json, http_proxy, http_router, http_server, protocol_proxy, bridge_curl, tls_client_certificate, tls_echo_server,
              tls_head, tls_start, websocket_client, websocket_echo)}

# Protocols that do what streams do.
SCENARIOS |= {'protocol_chat': chat_server, 'protocol_echo_client': tcp_echo_client,
              'protocol_echo_server': tcp_echo_server, 'protocol_udp_echo': udp_echo_server,
              'protocol_subprocess': subprocess_date}

# These need a database server.
SCENARIOS |= {'jobs_resize': jobs_resize, 'redis_commands': redis_commands, 'redis_workers': redis_workers,
              'postgres_pool': with_database, 'postgres_query': with_database, 'bridge_libpq': bridge_libpq}

SCENARIOS |= {'jobs_gallery': gallery.scenario('sqlite'), 'jobs_gallery_redis': gallery.scenario('redis'),
              'jobs_gallery_postgres': gallery.scenario('postgres')}


def main():
    name, expected_file, *programs = sys.argv[1:]
    programs = [os.path.abspath(program) for program in programs]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
    seen = SCENARIOS.get(name, run)(*programs)
    seen = seen.replace(programs[0], name)
    with open(expected_file, encoding='utf-8') as file:
        expected = file.read()
    if seen == expected:
        return 0
    sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), seen.splitlines(True),
                                               expected_file, 'what ' + name + ' did'))
    return 1


if __name__ == '__main__':
    sys.exit(main())
