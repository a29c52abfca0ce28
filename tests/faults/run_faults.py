#!/usr/bin/env python3
"""Run a program again and again, with another one of its uses of the system failing each time.

    run_faults.py NAME PROGRAM

PROGRAM is linked with the seam of src/base/fault.h open. A first run in which nothing fails tells how many
uses there are; then each fails once, or so many of them, evenly spread, as there is time for. Whatever the
program makes of that is right as long as it ends by itself, and leaves no memory where a sanitizer looks: a
crash, a sanitizer's report and a program that does not end are failures.
"""

import atexit
import concurrent.futures
import contextlib
import functools
import hmac
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from certificates import issue  # pylint: disable=wrong-import-position
from servers import echo_websocket, free_port, postgres_server, redis_server, skip  # pylint: disable=wrong-import-position

MOST_RUNS = int(os.environ.get('EDDY_FAULT_RUNS', 150))  # of each example; more uses than that fail in a sample of them
AT_ONCE = 4         # more than there are processors, for many runs only wait
PATIENCE = 20       # seconds until a program that does not end is taken to hang
TALK_PATIENCE = 5   # seconds until a peer that does not answer is given up
SANITIZERS_STATUS = 99
HANGS = 'did not end'

SITE_KEY = bytes(32)  # of examples/site

# What runs programs of another architecture, such as an emulator.
WRAPPER = os.environ.get('EDDY_EXE_WRAPPER', '').split()
ENVIRONMENT = {
    **os.environ,
    'SITE_KEY': SITE_KEY.hex(),
    'ASAN_OPTIONS': 'exitcode=%d' % SANITIZERS_STATUS,
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1:exitcode=%d' % SANITIZERS_STATUS,
    'TSAN_OPTIONS': 'exitcode=%d' % SANITIZERS_STATUS,
}


class Program:
    """A running program; `nth` of its uses of the system fails, none where it is 0."""

    def __init__(self, command, nth, report):
        self.process = subprocess.Popen(
            [*WRAPPER, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**ENVIRONMENT, 'EDDY_FAULT': str(nth), 'EDDY_FAULT_REPORT': report})
        self.alarm = threading.Timer(PATIENCE, self.give_up)
        self.alarm.start()
        self.nth = nth
        self.hangs = self.was_interrupted = False

    def give_up(self):
        self.hangs = True
        self.process.kill()

    def line(self):
        return self.process.stdout.readline().decode()

    def port(self):
        """The port of a server; None where it could not begin."""
        words = self.line().split()
        return int(words[-1]) if words and words[-1].isdigit() else None

    def interrupt(self):
        """Once: a second Ctrl-C ends a program at once, as it should."""
        if not self.was_interrupted and self.process.poll() is None:
            self.was_interrupted = True
            self.process.send_signal(signal.SIGINT)

    def end(self, killer=signal.SIGINT):
        """Wait for its end: what is wrong with it, or None. Where it could not handle `killer`, that ends it."""
        _, errors = self.process.communicate()
        self.alarm.cancel()
        status = self.process.returncode
        errors = errors.decode(errors='replace')
        if self.hangs:
            return HANGS
        if status < 0 and status not in (-signal.SIGINT, -killer):
            return 'ended by %s\n%s' % (signal.Signals(-status).name, errors)
        if self.nth == 0 and status not in (0, 130):
            return 'exit status %d\n%s' % (status, errors)
        if status == SANITIZERS_STATUS or 'Sanitizer' in errors or 'runtime error:' in errors:
            return errors
        return None


# -----------------------------------------------------------------------------------------------
# Scenarios: what happens to a program that is more than run. Each is given a function that starts it.


@contextlib.contextmanager
def peer_errors():
    """A peer that is lost, late or refuses is what happens when something fails."""
    with contextlib.suppress(OSError):
        yield


def connect(port):
    return socket.create_connection(('127.0.0.1', port), TALK_PATIENCE)


def receive_all(connection):
    data = b''
    while piece := connection.recv(65536):
        data += piece
    return data


def plain(start):
    return start().end()


def ctrl_c(start):
    program = start()
    program.line()
    program.interrupt()
    return program.end()


def signals(start):
    program = start()
    program.line()
    program.interrupt()
    for _ in range(2):
        program.line()
    if program.process.poll() is None:
        program.process.terminate()
    return program.end(signal.SIGTERM)


def echo_server(start):
    program = start('0')
    port = program.port()
    if port:
        with peer_errors(), connect(port) as stays:
            stays.sendall(b'stays')
            for size in 1, 5000, 1 << 20:
                with peer_errors(), connect(port) as guest:
                    sender = threading.Thread(target=say_all, args=(guest, b'x' * size))
                    sender.start()
                    receive_all(guest)
                    sender.join()
            program.interrupt()
    program.interrupt()
    return program.end()


def say_all(connection, data):
    with peer_errors():
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)


def chat_server(start):
    program = start('0')
    port = program.port()
    if port:
        with peer_errors(), connect(port) as ada, connect(port) as bob:
            for guest, name in (ada, b'ada\n'), (bob, b'bob\n'):
                guest.sendall(name)
                guest.recv(100)
            ada.sendall(b'hello\n')
            bob.recv(100)
            bob.sendall(b'x' * 2000)  # a line that is too long
            bob.close()
            ada.recv(100)
    program.interrupt()
    return program.end()


def beside_a_server(talk, start, *args):
    """Run a client whose server does `talk` with its connection; PORT among args is the server's."""
    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(PATIENCE)
        port = server.getsockname()[1]

        def answer():
            with peer_errors():
                connection, _ = server.accept()
                with connection:
                    connection.settimeout(TALK_PATIENCE)
                    talk(connection)

        answerer = threading.Thread(target=answer)
        answerer.start()
        problem = start(*(arg.replace('PORT', str(port)) for arg in args)).end()
        with peer_errors(), connect(port):  # the answerer ends where nobody called
            pass
        answerer.join()
        return problem


def echo_client(start):
    return beside_a_server(lambda connection: connection.sendall(receive_all(connection)),
                           start, 'PORT', 'hello, world!')


def websocket_client(start):
    def echo(connection):
        with contextlib.suppress(IndexError):  # it left
            echo_websocket(connection)
    return beside_a_server(echo, start, 'ws://127.0.0.1:PORT/', 'hello')


def tcp_echo_client(start):
    return beside_a_server(lambda connection: connection.sendall(connection.recv(100)), start, 'PORT')


def get_headers(start):
    def talk(connection):
        connection.recv(4096)
        connection.sendall(b'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n')

    return beside_a_server(talk, start, '127.0.0.1', 'PORT', '/')


def multicast(start):
    if WRAPPER:
        skip('emulators have no multicast groups')
    return start().end()


def cares_resolver(start):
    return start('localhost').end()


def lookup(start):
    return start('127.0.0.1').end()


def tcp_echo_server(start):
    program = start('0')
    port = program.port()
    if port:
        with peer_errors(), connect(port) as guest:
            guest.sendall(b'hello')
            receive_all(guest)
    program.interrupt()
    return program.end()


def ask(start, request):
    """A server at a port of its choice, which is sent something, and whose answer is taken to its end."""
    program = start('0')
    port = program.port()
    if port:
        with peer_errors(), connect(port) as guest:
            guest.sendall(request)
            receive_all(guest)
    program.interrupt()
    return program.end()


def http_server(start):
    return ask(start, b'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /Ada HTTP/1.0\r\n\r\n')


def http_json(start):
    return ask(start, b'POST /sum HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\n[1,2]')


def http_router(start):
    return ask(start, b'GET /hello/%s HTTP/1.1\r\nHost: x\r\n\r\nGET /api/status HTTP/1.0\r\n\r\n' % (b'a' * 300))


def http_proxy(start):
    """What it is asked is answered, and the connection behind it is lost by that."""

    def answer(connection):
        connection.recv(10000)
        say_all(connection, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n')

    with a_server(answer) as target_port:
        program = start('0', 'http://127.0.0.1:%d' % target_port)
        port = program.port()
        for request in b'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /status HTTP/1.0\r\n\r\n', b'GET / HTTP/1.0\r\n\r\n':
            if port:
                with peer_errors(), connect(port) as guest:
                    guest.settimeout(TALK_PATIENCE)
                    guest.sendall(request)
                    receive_all(guest)
        program.interrupt()
        return program.end()


def websocket_echo(start):
    """With a client that sends "hello" and a close."""
    return ask(start, b'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
                      b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n'
                      b'\x81\x85\0\0\0\0hello\x88\x80\0\0\0\0')


def site_request(path, body=b'', kind='application/x-www-form-urlencoded', more=''):
    """As somebody who has signed in: who has the key makes sessions. The token stands for @ in the body."""
    def sign(purpose, text):
        return hmac.new(SITE_KEY, ('%s:%s' % (purpose, text)).encode(), 'sha256').hexdigest()
    cookie = 'ffffffff.%s.416461' % ('00' * 16)
    cookie += '.' + sign('cookie', cookie)
    body = body.replace(b'@', sign('token', cookie).encode())
    return ('%s %s HTTP/1.1\r\nHost: x\r\nCookie: session=%s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n' %
            ('POST' if body else 'GET', path, cookie, kind, len(body), more)).encode() + body


def site(start):
    """The website: a note, a picture, something said in the chat, an event, and its end while these are open."""
    part = '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    picture = (part % ('token', '@') + part % ('picture"; filename="a.gif', 'GIF89a' + 'x' * 50000) + '--b--\r\n').encode()
    close = 'Connection: close\r\n'
    with tempfile.TemporaryDirectory() as data:
        program = start('--port', '0', '--data', data)
        address = program.line().split('/,')[0].rpartition(':')[2]
        if address.isdigit():
            port = int(address)
            for request in [site_request('/notes', b'token=@&text=hello'),
                            site_request('/pictures', picture, 'multipart/form-data; boundary=b')]:
                with peer_errors(), connect(port) as guest:
                    guest.sendall(request + site_request('/notes') + site_request('/pictures', more=close))
                    receive_all(guest)
            with peer_errors(), connect(port) as guest, connect(port) as watcher:
                watcher.sendall(site_request('/live/events'))
                watcher.recv(1)
                guest.sendall(site_request('/chat/socket', more='Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                                           'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n') + b'\x81\x85\0\0\0\0hello')
                guest.recv(1)
                program.interrupt()
                receive_all(watcher)
                guest.sendall(b'\x88\x82\0\0\0\0\x03\xe9')
                receive_all(guest)
        program.interrupt()
        return program.end()


def port_scanner(start):
    with socket.create_server(('127.0.0.1', 0)) as server:
        port = server.getsockname()[1]
        return start('localhost', str(max(port - 3, 1)), str(min(port + 3, 65535))).end()


@contextlib.contextmanager
def a_server(talk):
    """A server's port; `talk` is what it does with each connection, in a thread of its own."""

    def answer(connection):
        with peer_errors(), connection:
            connection.settimeout(TALK_PATIENCE)
            talk(connection)

    def serve():
        with peer_errors():
            while True:
                connection, _ = server.accept()
                threading.Thread(target=answer, args=[connection]).start()

    with socket.create_server(('127.0.0.1', 0)) as server:
        threading.Thread(target=serve).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def serving_images():
    """It breaks one of them off at first."""
    broken = set()

    def talk(connection):
        words = connection.recv(4096).split(b' ')
        name = words[1] if len(words) > 1 else b'/'
        body = name * 3000
        head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' % len(body)
        breaks_off = name == b'/3.png' and name not in broken
        broken.add(name)
        connection.sendall(head + (body[:1000] if breaks_off else body))
        connection.shutdown(socket.SHUT_WR)
        receive_all(connection)

    return a_server(talk)


def urls_of_images(port):
    return ['http://127.0.0.1:%d/%d.png' % (port, i) for i in range(10)]


def images(start):
    with serving_images() as port, tempfile.TemporaryDirectory() as folder:
        return start(folder, *urls_of_images(port)).end()


def bridge_curl(start):
    with serving_images() as port:
        return start(*urls_of_images(port)).end()


def protocol_proxy(start):
    """Echoes through it, of which one is more than the sockets hold."""
    with a_server(lambda connection: say_all(connection, receive_all(connection))) as target_port:
        program = start('0', '127.0.0.1', str(target_port))
        port = program.port()
        if port:
            with peer_errors(), connect(port) as stays:
                stays.sendall(b'stays')
                for size in 1, 1 << 20:
                    with peer_errors(), connect(port) as guest:
                        guest.settimeout(TALK_PATIENCE)
                        say_all(guest, b'x' * size)
                        receive_all(guest)
                program.interrupt()
        program.interrupt()
        return program.end()


@contextlib.contextmanager
def datagram_socket():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(TALK_PATIENCE)
        one.bind(('127.0.0.1', 0))
        yield one, one.getsockname()[1]


def udp_echo_server(start):
    program = start('0')
    port = program.port()
    if port:
        with peer_errors(), datagram_socket() as (guest, _):
            for text in b'hello', b'':
                guest.sendto(text, ('127.0.0.1', port))
                guest.settimeout(0.2)  # where sending is what fails, no answer comes
                guest.recv(64)
    program.interrupt()
    return program.end()


def udp_echo_client(start):
    with datagram_socket() as (server, port):

        def answer():
            with peer_errors():
                message, address = server.recvfrom(64)
                server.sendto(message, address)

        answerer = threading.Thread(target=answer)
        answerer.start()
        problem = start(str(port)).end()
        server.sendto(b'', ('127.0.0.1', port))  # the answerer ends where nobody asked
        answerer.join()
        return problem


def unix_echo(start):
    with tempfile.TemporaryDirectory() as folder:
        return start(folder + '/socket').end()


def with_database(start):
    return start(postgres_server().new_schema()).end()


def bridge_libpq(start):
    return start(postgres_server().new_schema(), "SELECT repeat('x', 100000)").end()


def jobs_resize(start):
    with tempfile.TemporaryDirectory() as folder:
        return start('sqlite:' + os.path.join(folder, 'jobs.db')).end()


@contextlib.contextmanager
def a_gallery():
    """What the master is told, and a store."""
    page = b''.join(b'<img src="%d.png">' % i for i in range(4))

    def talk(connection):
        words = connection.recv(4096).split(b' ')
        name = words[1] if len(words) > 1 else b'/'
        body = page if name == b'/' else name * 20000
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n' % len(body) + body)
        connection.shutdown(socket.SHUT_WR)
        receive_all(connection)

    with a_server(talk) as port, tempfile.TemporaryDirectory() as folder:
        yield ['fetch', 'http://127.0.0.1:%d/' % port, folder + '/album'], 'sqlite:%s/jobs.db' % folder


@contextlib.contextmanager
def helper(*arguments):
    """The program itself, with nothing failing."""
    with subprocess.Popen([*WRAPPER, sys.argv[2], *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL) as process:
        yield process
        process.kill()


def jobs_gallery(start):
    """The master."""
    with a_gallery() as (fetch, store), helper('work', store):
        return start(*fetch, store).end()


def jobs_gallery_work(start):
    """A worker, of a master who waits as long as it is there."""
    with a_gallery() as (fetch, store), helper(*fetch, store) as master:
        worker = start('work', store)
        threading.Thread(target=lambda: (worker.process.wait(), master.kill())).start()
        master.wait()
        worker.interrupt()
        return worker.end()


def redis_commands(start):
    with redis_server() as redis:
        return start(str(redis.port)).end()


def redis_workers(start):
    """Ends by Ctrl-C when ten jobs are done, or by what failed."""
    with redis_server() as redis:
        redis.command('RPUSH', 'jobs', *('job %d' % i for i in range(15)))
        program = start(str(redis.port))
        for _ in range(10):
            program.line()
        program.interrupt()
        return program.end()


def read_file(start):
    return start(__file__, os.devnull).end()


def copy_file(start):
    with tempfile.TemporaryDirectory() as folder:
        return start(__file__, os.path.join(folder, 'copy')).end()


def list_directory(start):
    return start(os.path.dirname(os.path.abspath(__file__))).end()


def watch_folder(start):
    with tempfile.TemporaryDirectory() as folder:
        program = start(folder)
        program.line()
        os.makedirs(os.path.join(folder, 'new', 'below'))
        program.line()
        program.interrupt()
        return program.end()


def workers(start):
    port = free_port()
    program = start(str(port), '2')
    if program.port():
        with peer_errors(), connect(port) as guest:
            say_all(guest, b'hello')
            receive_all(guest)
    program.interrupt()
    return program.end()


@functools.cache
def certificates():
    """A root and a certificate that it has issued, for all runs: made once, and removed at the end."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    root = issue(folder.name, 'root')
    return root, issue(folder.name, 'server', 'IP:127.0.0.1,DNS:mail.example', root), issue(folder.name, 'alone', 'DNS:mail.example')


def tls_head(start):
    root, certificate, _ = certificates()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file, certificate.key)

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as secure:
            secure.recv(4096)
            secure.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
            secure.unwrap()

    return beside_a_server(talk, start, '127.0.0.1', 'PORT', root.file)


def visit_by_tls(port, shown=None):
    """Talk with a server for a little."""
    context = ssl.create_default_context(cafile=certificates()[0].file)
    if shown:
        context.load_cert_chain(shown.file, shown.key)
    with peer_errors(), connect(port) as plain, context.wrap_socket(plain, server_hostname='127.0.0.1') as guest:
        say_all(guest, b'hello')
        guest.recv(64)


def tls_echo_server(start):
    _, certificate, _ = certificates()
    program = start('0', certificate.file, certificate.key)
    port = program.port()
    if port:
        visit_by_tls(port)
        if program.process.poll() is None:
            program.process.send_signal(signal.SIGHUP)
        program.line()
        visit_by_tls(port)
    program.interrupt()
    return program.end(signal.SIGHUP)


def tls_client_certificate(start):
    root, certificate, _ = certificates()
    program = start('0', certificate.file, certificate.key, root.file)
    port = program.port()
    if port:
        visit_by_tls(port, certificate)
        visit_by_tls(port)
    program.interrupt()
    return program.end()


def tls_start(start):
    _, _, alone = certificates()
    return start(alone.file, alone.key).end()


SCENARIOS = {function.__name__: function for function in
             (cares_resolver, ctrl_c, lookup, multicast, echo_server, chat_server, echo_client, tcp_echo_server, tcp_echo_client, get_headers,
              port_scanner, images, read_file, copy_file, list_directory, watch_folder, signals, workers,
              udp_echo_server, udp_echo_client, unix_echo, http_json, http_proxy, http_router, http_server, protocol_proxy, bridge_curl, site,
              tls_client_certificate, tls_echo_server, tls_head, tls_start, websocket_client, websocket_echo)}

# Protocols that do what streams do.
SCENARIOS |= {'protocol_chat': chat_server, 'protocol_echo_client': tcp_echo_client,
              'protocol_echo_server': tcp_echo_server, 'protocol_udp_echo': udp_echo_server}

# These need a database server.
SCENARIOS |= {'jobs_gallery': jobs_gallery, 'jobs_gallery_work': jobs_gallery_work, 'jobs_resize': jobs_resize, 'redis_commands': redis_commands, 'redis_workers': redis_workers,
              'postgres_pool': with_database, 'postgres_query': with_database, 'bridge_libpq': bridge_libpq}


def spread(uses):
    """Which uses are to fail."""
    if uses <= MOST_RUNS:
        return range(1, uses + 1)
    return sorted({1 + i * (uses - 1) // (MOST_RUNS - 1) for i in range(MOST_RUNS)})


def main():
    name, program = sys.argv[1:]
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job has it ignored
    scenario = SCENARIOS.get(name, plain)

    def run(nth):
        with tempfile.NamedTemporaryFile('r') as report:
            problem = scenario(lambda *args: Program([program, *args], nth, report.name))
            words = report.read().split()
        return nth, problem, words

    _, problem, words = run(0)
    if problem or not words:
        print('%s with nothing failing: %s' % (name, problem or 'no report of its uses'))
        return 1
    chosen = spread(int(words[0]))
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as runs:
        for nth, problem, words in runs.map(run, chosen):
            if problem:
                failures += 1
                print('%s, use %d failing (%s): %s' % (name, nth, words[-1] if words else '?', problem))
    print('%s: %d uses, %d of them failing one at a time, %d problems' %
          (name, chosen[-1], len(chosen), failures))
    return failures > 0


if __name__ == '__main__':
    sys.exit(main())
