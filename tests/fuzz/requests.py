#!/usr/bin/env python3
"""Requests that are damaged byte by byte, sent to nginx and to `eddy serve`: whatever nginx refuses, eddy refuses too, or
a sentence below says why not. Whoever takes what the other refuses can be made to see a request that the other does not.

The requests depend on the seed alone. The exit status is 1 where the two disagree, and 77 (skipped) without nginx."""
import argparse
import contextlib
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

NGINX_CONFIG = """
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error.log crit;
events {{ worker_connections 256; }}
http {{
    access_log off; autoindex on; default_type text/plain;
    client_body_temp_path {place}/a; proxy_temp_path {place}/b; fastcgi_temp_path {place}/c;
    uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
    server {{ listen 127.0.0.1:{port}; root {place}/www; }}
}}
"""

SECOND = b"GET /second.txt HTTP/1.1\r\nHost: x\r\n\r\n"
SEEDS = [
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /first.txt HTTP/1.0\r\n\r\n",
    b"GET /first.txt HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n",
    b"HEAD /first.txt HTTP/1.1\r\nHost: example.org:80\r\nUser-Agent: a/1.0 (b; c)\r\nAccept: */*\r\n\r\n",
    b"GET http://x/first.txt?a=b&c=%20 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /folder/%2e%2e/first.txt HTTP/1.1\r\nHost: [::1]:8000\r\nAccept: a, b;q=0.5\r\n\r\n",
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\nRange: bytes=0-4\r\nIf-Range: \"x\"\r\n\r\n",
    b"GET /first.txt HTTP/1.1\r\nHost: x\r\nX-Value: one \t two\r\nX-Empty:\r\nCookie: a=b; c=d\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
]
# Lines and ends of lines that have parted parsers before.
LINES = [
    b"Host: x", b"Host: y", b"Host:", b"host : x", b"Host: x y", b"Host: x/..", b"Content-Length: 0", b"Content-Length: 7",
    b"Content-Length: +7", b"Content-Length: -1", b"Content-Length: 0x7", b"Content-Length: 7, 7", b"Content-Length:",
    b"Content-Length: 99999999999999999999", b"Content-Length : 7", b"Content-Length\t: 7", b" Content-Length: 7",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked ", b"Transfer-Encoding: gzip", b"Transfer-Encoding: identity",
    b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: xchunked",
    b"Transfer-Encoding:", b"Transfer-Encoding : chunked", b"Transfer-Encoding\x0b: chunked", b"Transfer-Encoding: \x0bchunked",
    b"Transfer-Encoding:\r\n chunked", b"X: \rTransfer-Encoding: chunked", b"X: \nTransfer-Encoding: chunked", b"X: a\r\n b",
    b": x", b"X", b"X\x00: y", b"X: \x00y", b"X: y\r", b"Connection: close", b"Connection: keep-alive", b"Expect: 100-continue",
    b"Range: bytes=1-", b"If-Match: *", b"If-None-Match: \"x\"", b"Upgrade: h2c", b"Authorization: Basic x",
]
BYTES = b"\x00\x01\t\n\x0b\x0c\r !\"#%&'()*+,-./019:;<=>?@AHZ[\\]_az{|}~\x7f\x80\xa0\xff"
ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b"\r\n ", b"\r\n\t", b" \r\n", b"\x00\r\n"]

# Where eddy takes what nginx refuses, or goes on where it ends: a sentence, and how such a request is recognised. `is_last`:
# eddy has ended the connection with the answer.
EXCUSES = [
    ("A body is not read: where there is one, the connection ends with the answer, so nobody sees what is wrong with it.",
     lambda request, is_last: is_last and re.search(rb"(?i)\r\n(content-length|transfer-encoding):", request)),
    ("If-Match and If-None-Match are lists, which RFC 9110, 5.3 lets go on in further lines.",
     lambda request, is_last: re.search(rb"(?is)\r\n(if-match|if-none-match):.*\r\n\1:", request)),
    ("OPTIONS * is a request by RFC 9110, 9.3.7, answered as any method that files do not have: 405.",
     lambda request, is_last: re.match(rb"(\r\n)*OPTIONS \* HTTP/1\.1\r\n", request)),
    ("A Range that is malformed is ignored, as RFC 9110, 14.2 has it, rather than not satisfiable.",
     lambda request, is_last: re.search(rb"(?i)\r\nrange:", request)),
    ("A tab is a blank around a value, too (RFC 9110, 5.6.3).",
     lambda request, is_last: re.search(rb"(?i)\r\nhost:[ \t]*\t|\r\nhost:[^\r]*\t\r", request)),
    ("A condition that fails is an answer (412), and the connection goes on. To a HEAD nginx ends it, as its filters end what"
     " they finalise.",
     lambda request, is_last: re.match(rb"(\r\n)*HEAD ", request) and
     re.search(rb"(?i)\r\nif-(match|unmodified-since):", request)),
    ("A path that leads above the root is one where nothing is found: 404.",
     lambda request, is_last: re.match(rb"(\r\n)*[A-Z]+ [^ ]*(\.|%2e){2}", request)),
]


def mutate(rng, request):
    """One change."""
    at = rng.randrange(len(request))
    kind = rng.randrange(10)
    if kind == 0:
        return request[:at] + bytes([rng.choice(BYTES)]) + request[at + 1:]
    if kind == 1:
        return request[:at] + bytes([rng.choice(BYTES)]) + request[at:]
    if kind == 2:
        return request[:at] + request[at + 1:]
    if kind == 3:
        end = min(len(request), at + rng.randrange(1, 12))
        return request[:end] + request[at:end] + request[end:]
    if kind == 4:
        return request[:at] + bytes([request[at] ^ 1 << rng.randrange(8)]) + request[at + 1:]
    lines = request.split(b"\r\n")
    which = rng.randrange(len(lines))
    if kind == 5:
        return b"\r\n".join(lines[:which]) + rng.choice(ENDS) + b"\r\n".join(lines[which:])
    if kind == 6:
        return b"\r\n".join(lines[:which] + lines[which:which + 1] + lines[which:])
    if kind == 7:
        return b"\r\n".join(lines[:which] + lines[which + 1:]) or b"\r\n"
    which = rng.randrange(1, len(lines)) if len(lines) > 1 else 0
    return b"\r\n".join(lines[:which] + [rng.choice(LINES)] + lines[which:])


def make(rng):
    """A request of which something is wrong, more or less, and one behind it that must not be taken for its body or it
    for one."""
    request = rng.choice(SEEDS)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        request = mutate(rng, request)
    return request + SECOND


def ask(port, request):
    """The statuses of the answers."""
    data = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                data += piece
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3})", data)]


def goes_further(one, other):
    """The place of the first request that one has taken and the other has not, neither to answer it nor to refuse it and
    go on; None where there is none."""
    return next((i for i, status in enumerate(one) if status < 400 and (i >= len(other) or other[i] >= 400)), None)


def is_excused(request, eddy, at):
    """Whether it is known why eddy takes what nginx refuses; the difference may lie in the request before."""
    return any(applies(request, at == len(eddy) - 1) for _, applies in EXCUSES)


def wait_for(port, process):
    while process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    sys.exit("fuzz: nginx has ended")


@contextlib.contextmanager
def servers(eddy):
    """The ports of both, on one folder."""
    with tempfile.TemporaryDirectory() as place, contextlib.ExitStack() as stack:
        os.makedirs(os.path.join(place, "www", "folder"))
        os.chmod(place, 0o755)
        for name in ("first", "second"):
            with open(os.path.join(place, "www", name + ".txt"), "wb") as file:
                file.write(b"hello, world!\n")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        config = os.path.join(place, "nginx.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(NGINX_CONFIG.format(place=place, port=port))
        started = []
        for argv in ([shutil.which("nginx"), "-p", place, "-c", config],
                     [eddy, "serve", "--port", "0", os.path.join(place, "www")]):
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
            stack.callback(process.kill)
            started.append(process)
        wait_for(port, started[0])
        line = started[1].stdout.readline().decode()
        yield int(re.search(r":(\d+)/$", line).group(1)), port


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("eddy", help="the command")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=5000, help="how many requests")
    arguments = parser.parse_args()
    if not shutil.which("nginx"):
        print("skipped: needs nginx")
        return 77
    rng = random.Random(arguments.seed)
    stricter = excused = disagreements = 0
    with servers(os.path.abspath(arguments.eddy)) as (eddy_port, nginx_port):
        for i in range(1, arguments.count + 1):
            request = make(rng)
            eddy, nginx = ask(eddy_port, request), ask(nginx_port, request)
            stricter += goes_further(nginx, eddy) is not None
            at = goes_further(eddy, nginx)
            if at is not None:
                if is_excused(request, eddy, at):
                    excused += 1
                else:
                    disagreements += 1
                    print(f"nginx {nginx}, eddy {eddy}: {request!r}", flush=True)
            if i % 1000 == 0 or i == arguments.count:
                print(f"{i} requests: {disagreements} that only nginx refuses, {excused} excused, {stricter} that only eddy"
                      " refuses", flush=True)
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
