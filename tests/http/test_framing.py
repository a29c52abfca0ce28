#!/usr/bin/env python3
"""What the server reads of bytes by which parsers have been parted: test_framing.py SERVER.

Each vector says what RFC 9112 makes of it, and in its last lines what this server answers. It is sent whole and byte by byte, to a
handler that reads bodies and to one that does not: no more requests may come of it, whichever. Other servers, where they are
installed, are asked as well: what the strict ones among them all end at, this one ends at, too. The vectors are after RFC 9112, 2 to 7
and 11.2; Linhart et al. (2005); Kettle, "HTTP Desync Attacks" (2019), "Browser-Powered Desync Attacks" (2022) and "The Desync
Endgame" (2025); the HTTP Garden; and Weikop, "Funky chunks" (2025)."""

import concurrent.futures
import contextlib
import re
import socket
import subprocess
import sys

from framing_peers import peers

QUIET = 0.5  # seconds after which another server is taken to wait for more
SMUGGLED = b'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
CHUNK = b'%x\r\n%s\r\n0\r\n\r\n' % (len(SMUGGLED), SMUGGLED)
LENGTH = b'%d' % len(SMUGGLED)
END = b'GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'


def get(*lines, target=b'/a', version=b'HTTP/1.1', host=b'x'):
    return head(b'GET ' + target + b' ' + version, *([b'Host: ' + host] if host is not None else []), *lines)


def post(*lines, body=b'', version=b'HTTP/1.1'):
    return head(b'POST /a ' + version, b'Host: x', *lines) + body


def head(*lines):
    return b'\r\n'.join(lines) + b'\r\n\r\n'


def chunked(body, *lines):
    return post(b'Transfer-Encoding: chunked', *lines, body=body)


def with_length(length, body=b'hello', *lines):
    return post(b'Content-Length: ' + length, *lines, body=body)


class Broken:
    """A POST whose head is good and whose body is none: a status for who reads it, and nothing is behind it."""

    def __init__(self, status=400):
        self.status = status


A, HELLO, LAST = 'GET /a ', 'POST /a hello', 'GET /end '
EMPTY = 'POST /a '
BROKEN = Broken()
UNDERSTOOD = [HELLO, LAST]

# What it is; the bytes; what comes of it and of the request behind it: "METHOD TARGET BODY" or the status of a refusal, which is the end.
LENGTHS = [
    ('one length', with_length(b'5'), UNDERSTOOD),
    ('blanks around it', with_length(b'  5  '), UNDERSTOOD),
    ('leading zeros', with_length(b'00005'), UNDERSTOOD),
    ('no body', with_length(b'0', b''), [EMPTY, LAST]),
    ('more digits than any length has', with_length(b'0' * 30 + b'5'), [400]),
    ('a sign', with_length(b'+5'), [400]),
    ('a minus', with_length(b'-5'), [400]),
    ('minus nothing', with_length(b'-0', b''), [400]),
    ('hexadecimal', with_length(b'0x5'), [400]),
    ('a letter behind', with_length(b'5a'), [400]),
    ('an exponent', with_length(b'5e0'), [400]),
    ('a fraction', with_length(b'5.0'), [400]),
    ('an underscore', with_length(b'0_5'), [400]),
    ('quoted', with_length(b'"5"'), [400]),
    ('a parameter', with_length(b'5;a=b'), [400]),
    ('two numbers', with_length(b'5 5'), [400]),
    ('a list of equal ones', with_length(b'5, 5'), [400]),
    ('a list of different ones', with_length(b'5, 0'), [400]),
    ('an empty part', with_length(b'5,'), [400]),
    ('nothing', with_length(b''), [400]),
    ('2^64 + 5', with_length(b'18446744073709551621'), [400]),
    ('2^32 + 5 is not 5', with_length(b'4294967301'), [Broken(413)]),
    ('a vertical tab', with_length(b'\x0b5'), [400]),
    ('a form feed', with_length(b'5\x0c'), [400]),
    ('NUL', with_length(b'5\x00'), [400]),
    ('a digit of another script', with_length(b'\xd9\xa5'), [400]),
    ('a no-break space', with_length(b'\xa05'), [400]),
    ('twice the same', with_length(b'5', b'hello', b'Content-Length: 5'), [400]),
    ('twice, the longer first', with_length(b'5', b'hello', b'Content-Length: 0'), [400]),
    ('twice, the longer last', with_length(b'0', b'hello', b'content-length: 5'), [400]),
    ('twice, in a Connection beside it', with_length(b'5', b'hello', b'Connection: Content-Length'), UNDERSTOOD),
    ('an underscore in the name is another name', post(b'Content_Length: 5', body=SMUGGLED), [EMPTY, 'GET /smuggled ', LAST]),
    ('more than comes', with_length(b'500'), [BROKEN]),
    ('a GET with a body (CL.0)', get(b'Content-Length: ' + LENGTH) + SMUGGLED, [A + SMUGGLED.decode('latin-1'), LAST]),
    ('a line end behind the body', with_length(b'5') + b'\r\n', UNDERSTOOD),
    ('HTTP/1.0', post(b'Content-Length: 5', b'Connection: keep-alive', body=b'hello', version=b'HTTP/1.0'), UNDERSTOOD),
    ('HTTP/1.0 that ends', post(b'Content-Length: 5', body=b'hello' + SMUGGLED, version=b'HTTP/1.0'), [HELLO]),
]

# What RFC 9112, 6.1 and 6.3 say of both together, and of codings that are hidden.
CODINGS = [
    ('CL.TE', post(b'Content-Length: 6', b'Transfer-Encoding: chunked', body=b'0\r\n\r\nG'), [400]),
    ('TE.CL', post(b'Transfer-Encoding: chunked', b'Content-Length: 4', body=CHUNK), [400]),
    ('TE and a length of 0', post(b'Content-Length: 0', b'Transfer-Encoding: chunked', body=b'5\r\nhello\r\n0\r\n\r\n'), [400]),
    ('TE, behind a length that is none',
     post(b'Content-Length: x', b'Transfer-Encoding: chunked', body=b'5\r\nhello\r\n0\r\n\r\n'), [400]),
    ('TE of HTTP/1.0', post(b'Transfer-Encoding: chunked', body=b'0\r\n\r\n' + SMUGGLED, version=b'HTTP/1.0'), [400]),
    ('TE of HTTP/1.0 that goes on', post(b'Connection: keep-alive', b'Transfer-Encoding: chunked', body=b'0\r\n\r\n',
                                         version=b'HTTP/1.0'), [400]),
    ('TE and a length in HTTP/1.0', post(b'Connection: keep-alive', b'Transfer-Encoding: chunked', b'Content-Length: 5',
                                         body=b'0\r\n\r\n', version=b'HTTP/1.0'), [400]),
    ('TE of a GET (TE.0)', get(b'Transfer-Encoding: chunked') + CHUNK,
     [A + SMUGGLED.decode('latin-1'), LAST]),
    ('TE that Connection names', chunked(b'5\r\nhello\r\n0\r\n\r\n', b'Connection: Transfer-Encoding'), UNDERSTOOD),
    ('TE in another case', post(b'tRANSFER-eNCODING: CHUNKED', body=b'5\r\nhello\r\n0\r\n\r\n'), UNDERSTOOD),
    ('TE with blanks around it', post(b'Transfer-Encoding:\t chunked \t', body=b'5\r\nhello\r\n0\r\n\r\n'), UNDERSTOOD),
]
CODINGS += [('TE.TE: ' + repr(value), post(b'Transfer-Encoding: ' + value, body=b'0\r\n\r\n'), [status]) for value, status in (
    (b'', 501), (b'identity', 501), (b'xchunked', 501), (b'chunkedx', 501), (b'gzip', 501), (b'gzip, chunked', 501),
    (b'chunked, gzip', 501), (b'chunked, identity', 501), (b'identity, chunked', 501), (b'chunked, chunked', 501),
    (b', chunked', 501), (b'chunked,', 501), (b'chunked;q=1', 501), (b'"chunked"', 501), (b"'chunked'", 501),
    (b'chun\xc3\xb6ked', 501), (b'chunked\xa0', 501), (b'\xffchunked', 501), (b'chunked chunked', 501), (b'c\thunked', 501),
    (b'\x0bchunked', 400), (b'\x00chunked', 400), (b'chunked\x00', 400), (b'\rchunked', 400), (b'chunked\r', 400),
    (b'\r\n chunked', 400), (b'\n chunked', 400), (b'\x7fchunked', 400))]
CODINGS += [('TE.TE: ' + name, post(*lines, body=b'0\r\n\r\n'), [400]) for name, lines in (
    ('twice', (b'Transfer-Encoding: chunked', b'Transfer-Encoding: chunked')),
    ('twice, one unknown', (b'Transfer-Encoding: chunked', b'Transfer-encoding: cow')),
    ('twice, one unknown before', (b'Transfer-Encoding: x', b'Transfer-Encoding: chunked')),
    ('a blank before the colon', (b'Transfer-Encoding : chunked',)),
    ('a tab before the colon', (b'Transfer-Encoding\t: chunked',)),
    ('a control character before the colon', (b'Transfer-Encoding\x0b: chunked',)),
    ('NUL in its name', (b'Transfer\x00-Encoding: chunked',)),
    ('a blank before its name', (b'A: b', b' Transfer-Encoding: chunked')),
    ('behind a bare CR', (b'A: b\rTransfer-Encoding: chunked',)),
    ('behind a bare LF', (b'A: b\nTransfer-Encoding: chunked',)),
    ('behind LF CR', (b'A: b\n\rTransfer-Encoding: chunked',)),
    ('a folded line', (b'Transfer-Encoding:', b' chunked')),
    ('a quoted line end', (b'A: "b', b' c"', b'Transfer-Encoding: chunked')),
    ('a name that is no token', (b'[Transfer-Encoding]: chunked',)),
    ('no colon', (b'Transfer-Encoding chunked',)))]

CHUNKS = [
    ('chunks', chunked(b'2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'), UNDERSTOOD),
    ('none', chunked(b'0\r\n\r\n'), [EMPTY, LAST]),
    ('zeros before', chunked(b'005\r\nhello\r\n000\r\n\r\n'), UNDERSTOOD),
    ('capitals', chunked(b'A\r\n0123456789\r\n0\r\n\r\n'), ['POST /a 0123456789', LAST]),
    ('an extension', chunked(b'5;a=b\r\nhello\r\n0;c\r\n\r\n'), UNDERSTOOD),
    ('a quoted one', chunked(b'5;a="b;c"\r\nhello\r\n0\r\n\r\n'), UNDERSTOOD),
    ('blanks before it', chunked(b'5 \t;a\r\nhello\r\n0\r\n\r\n'), UNDERSTOOD),
    ('a quoted line end is a line end', chunked(b'5;a="\r\nhello\r\n0\r\n\r\n'), UNDERSTOOD),
    ('a request within', chunked(CHUNK), [EMPTY + SMUGGLED.decode('latin-1'), LAST]),
    ('an end within', chunked(b'7\r\n0\r\n\r\nGE\r\n0\r\n\r\n'), ['POST /a 0\r\n\r\nGE', LAST]),
    ('trailers', chunked(b'5\r\nhello\r\n0\r\nA: b\r\nC:\r\n\r\n'), UNDERSTOOD),
    ('trailers that may not be', chunked(b'5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\nHost: y\r\n'
                                         b'Connection: close\r\n\r\n'), UNDERSTOOD),
]
CHUNKS += [('size ' + repr(size), chunked(size + b'\r\nhello\r\n0\r\n\r\n' + SMUGGLED), [BROKEN]) for size in (
    b'', b' 5', b'\t5', b'+5', b'-5', b'0x5', b'5x', b'5h', b'5,', b'5_', b'"5"', b'5 5', b'x', b'\x005', b'5\x00', b'5\x0b', b'5\x7f', b'\xa05',
    b'5\xa0', b'5\r', b'5\r ', b'\r5', b'\n5', b'5\n', b'10000000000000005', b'FFFFFFFFFFFFFFFF', b'ffffffff00000005', b'7fffffffffffffff',
    b'0' * 40 + b'5', b'5;\x00', b'5;a\x0b', b'5;a\x7f')]
CHUNKS += [('line ends: ' + name, chunked(body + SMUGGLED), [BROKEN]) for name, body in (
    ('LF behind a size', b'5\nhello\r\n0\r\n\r\n'),
    ('CR behind a size', b'5\rhello\r\n0\r\n\r\n'),
    ('CR and another byte behind a size', b'5\rXhello\r\n0\r\n\r\n'),
    ('LF in an extension (TERM.EXT)', b'5;\nhello\r\n0\r\n\r\n'),
    ('LF in an extension that goes on', b'5;a\nxx\r\nhello\r\n0\r\n\r\n'),
    ('CR in an extension', b'5;a\rxx\r\nhello\r\n0\r\n\r\n'),
    ('LF behind the data', b'5\r\nhello\n0\r\n\r\n'),
    ('CR behind the data', b'5\r\nhello\r0\r\n\r\n'),
    ('nothing behind the data', b'5\r\nhello0\r\n\r\n'),
    ('two other bytes behind the data (SPILL)', b'5\r\nhelloXX0\r\n\r\n'),
    ('more data than was said', b'5\r\nhelloo\r\n0\r\n\r\n'),
    ('less data than was said', b'6\r\nhello\r\n0\r\n\r\n'),
    ('one line end too many', b'5\r\nhello\r\n\r\n0\r\n\r\n'),
    ('LF behind the last chunk', b'5\r\nhello\r\n0\n\r\n'),
    ('LF at the end', b'5\r\nhello\r\n0\r\n\n'),
    ('LF LF at the end', b'5\r\nhello\r\n0\n\n'),
    ('CR CR at the end', b'5\r\nhello\r\n0\r\n\r\r'),
    ('CR at the end', b'5\r\nhello\r\n0\r\n\r'),
    ('no end but that of the last chunk', b'5\r\nhello\r\n0\r\n'),
    ('a last chunk below nothing', b'5\r\nhello\r\n-0\r\n\r\n'),
    ('a last chunk of 0x0', b'5\r\nhello\r\n0x0\r\n\r\n'),
    ('LF behind a trailer', b'5\r\nhello\r\n0\r\nA: b\n\r\n'),
    ('CR in a trailer', b'5\r\nhello\r\n0\r\nA: b\rc\r\n\r\n'),
    ('NUL in a trailer', b'5\r\nhello\r\n0\r\nA: \x00\r\n\r\n'),
    ('a folded trailer', b'5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n'),
    ('a trailer that is folded at once', b'5\r\nhello\r\n0\r\n A: b\r\n\r\n'),
    ('a blank before a trailer\'s colon', b'5\r\nhello\r\n0\r\nA : b\r\n\r\n'),
    ('a trailer without a colon', b'5\r\nhello\r\n0\r\nA\r\n\r\n'),
    ('a trailer without a name', b'5\r\nhello\r\n0\r\n: b\r\n\r\n'),
    ('endless extensions', b'5;' + b'a' * 4096 + b'\r\nhello\r\n0\r\n\r\n'),
    ('endless trailers', b'0\r\n' + b'A: b\r\n' * 4000 + b'\r\n'))]

HEADS = [
    ('a request', get(), [A, LAST]),
    ('line ends before it', b'\r\n\r\n' + get(), [A, LAST]),
    ('a Connection that ends', get(b'Connection: close') + SMUGGLED, [A]),
    ('and would go on', get(b'Connection: keep-alive, close') + SMUGGLED, [A]),
    ('HTTP/1.0 ends', get(version=b'HTTP/1.0') + SMUGGLED, [A]),
    ('HTTP/1.0 without Host goes on', get(b'Connection: keep-alive', version=b'HTTP/1.0', host=None), [A, LAST]),
    ('an upgrade with a body', with_length(b'5', b'hello', b'Connection: Upgrade', b'Upgrade: websocket'), UNDERSTOOD),
    ('an upgrade with a body in chunks', chunked(b'5\r\nhello\r\n0\r\n\r\n', b'Connection: Upgrade', b'Upgrade: x'), UNDERSTOOD),
    ('an upgrade to h2c', with_length(b'5', b'hello', b'Connection: Upgrade, HTTP2-Settings', b'Upgrade: h2c',
                                      b'HTTP2-Settings: AAMAAABkAAQAAP__'), UNDERSTOOD),
    ('an upgrade, and a request at once', get(b'Connection: Upgrade', b'Upgrade: TLS/1.0') + SMUGGLED, [A, 'GET /smuggled ', LAST]),
    ('leave that nobody waits for', with_length(b'5', b'hello', b'Expect: 100-continue'), UNDERSTOOD),
    ('an expectation that nobody knows', with_length(LENGTH, SMUGGLED, b'Expect: y 100-continue'), [417]),
    ('two expectations', with_length(b'5', b'hello', b'Expect: 100-continue', b'Expect: 100-continue'), [400]),
    ('absolute form', get(target=b'http://x/a'), ['GET http://x/a ', LAST]),
    ('absolute form in another case', get(target=b'HTTP://X/a'), ['GET HTTP://X/a ', LAST]),
    ('the server itself', head(b'OPTIONS * HTTP/1.1', b'Host: x'), ['OPTIONS * ', LAST]),
    ('a path that begins with two slashes', get(target=b'//y/a'), ['GET //y/a ', LAST]),
    ('too long a target', get(target=b'/' + b'a' * 40000), [414]),
    ('too much of a header', get(b'A: ' + b'a' * 40000), [431]),
    ('too many headers', get(*[b'A: b'] * 80), [431]),
    ('a request by HTTP/0.9', b'GET /a\r\n', [400]),
    ('a method that nobody knows, with a body', head(b'FROB /a HTTP/1.1', b'Host: x', b'Content-Length: ' + LENGTH) + SMUGGLED, [501]),
    ('a method in small letters', head(b'get /a HTTP/1.1', b'Host: x'), [501]),
    ('CONNECT', head(b'CONNECT x:80 HTTP/1.1', b'Host: x:80') + SMUGGLED, [501]),
]
HEADS += [('version ' + repr(version), get(version=version) + SMUGGLED, [status]) for version, status in (
    (b'HTTP/0.9', 505), (b'HTTP/1.2', 505), (b'HTTP/2.0', 505), (b'HTTP/3.0', 505), (b'HTTP/1.10', 505), (b'HTTP/1.1x', 505),
    (b'HTTP/11.1', 505), (b'HTTP/1', 505), (b'HTTP/01.1', 505), (b'HTTP/1.1 ', 505), (b'http/1.1', 400), (b'HTTP/1,1', 505),
    (b'HTTP /1.1', 400), (b'HTTPS/1.1', 400), (b'HTTP/1.1\x0b', 505), (b'HTTP/1.1\r', 400), (b'', 400))]
HEADS += [('host ' + repr(host), get(host=host) + SMUGGLED, [400]) for host in (
    None, b'', b' ', b'x y', b'x, y', b'x/', b'u@x', b'x:a', b'x:80:80', b'x:-1', b':80', b'[::1', b'x?', b'x#', b'x..y', b'x\\y', b'x\x00',
    b'\xc3\xa4', b'http://x')]
HEADS += [('target ' + repr(target), get(target=target) + SMUGGLED, [400]) for target in (
    b'a', b'*', b'?', b'/a b', b'/a\tb', b'/\x00', b'/%', b'/%0', b'/%00', b'/%zz', b'/a#b', b'/\xff', b'/\x7f', b'x:80', b'http:/a', b'http:///a',
    b'http://y/a', b'http://x@y/a', b'http://u@x/a', b'http://x:80/a', b'https://x/a', b'file:///a', b'http://x\\@y/a', b'http://x#@y/')]
HEADS += [(name, request + SMUGGLED, [400]) for name, request in (
    ('two hosts', get(b'Host: y')),
    ('the same host twice', get(b'Host: x')),
    ('a host in a folded line', get(host=None, *(b'A: b', b' Host: x'))),
    ('two blanks in the first line', head(b'GET  /a HTTP/1.1', b'Host: x')),
    ('two blanks before the version', head(b'GET /a  HTTP/1.1', b'Host: x')),
    ('a tab in the first line', head(b'GET\t/a HTTP/1.1', b'Host: x')),
    ('a blank before the method', b' ' + get()),
    ('NUL before the method', b'\x00' + get()),
    ('LF before the method', b'\n' + get()),
    ('CR before the method', b'\r' + get()),
    ('LF behind the first line', b'GET /a HTTP/1.1\nHost: x\r\n\r\n'),
    ('LF behind a header', b'GET /a HTTP/1.1\r\nHost: x\n\r\n'),
    ('LF at the end', b'GET /a HTTP/1.1\r\nHost: x\r\n\n'),
    ('LF LF at the end', b'GET /a HTTP/1.1\r\nHost: x\n\n'),
    ('CR CR LF', b'GET /a HTTP/1.1\r\nHost: x\r\r\n\r\n'),
    ('a header that is folded at once', b'GET /a HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n'),
    ('a blank line that is none', get(b'A: b', b' ', b'Content-Length: 5')),
    ('a folded header', get(b'A: b', b'\tc')),
    ('a length in a folded line (0.CL)', get(b'Content-Length:', b' ' + LENGTH)),
    ('a length behind a bare CR', get(b'A: b\rContent-Length: ' + LENGTH)),
    ('a length behind a bare LF', get(b'A: b\nContent-Length: ' + LENGTH)),
    ('a blank before the length\'s colon', get(b'Content-Length : ' + LENGTH)),
    ('NUL in a length\'s name', get(b'Content-Length\x00: ' + LENGTH)),
    ('a blank before a length', get(b'A: b', b' Content-Length: ' + LENGTH)),
    ('NUL in a value', get(b'A: \x00')),
    ('a control character in a value', get(b'A: \x01')),
    ('a control character in a name', get(b'A\x01: b')),
    ('a letter beyond ASCII in a name', get(b'\xc3\x84: b')),
    ('a header without a name', get(b': b')),
    ('a header without a colon', get(b'A')),
    ('a blank in a name', get(b'A B: c')),
)]
VECTORS = LENGTHS + CODINGS + CHUNKS + HEADS


def send(connection, data, is_slow):
    with contextlib.suppress(ConnectionError):  # who refuses may have left
        if is_slow:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(data)):
                connection.sendall(data[i:i + 1])
        else:
            connection.sendall(data)


def receive(connection):
    data = b''
    with contextlib.suppress(ConnectionError, TimeoutError):
        while piece := connection.recv(65536):
            data += piece
    return data


def read_answers(data):
    """A text or a status for each. Answers in between are none."""
    answers = []
    while match := re.match(rb'HTTP/1\.1 (\d{3}) ', data):
        lines, data = data.split(b'\r\n\r\n', 1)
        if match.group(1).startswith(b'1'):
            continue
        size = int(re.search(rb'\r\nContent-Length: (\d+)', lines + b'\r\n').group(1))
        answers.append(data[:size].decode('latin-1') if match.group(1) == b'200' else int(match.group(1)))
        data = data[size:]
    if data:
        raise ValueError(f'{data!r} is no answer')
    return answers


def ask(port, data, is_slow):
    with socket.create_connection(('127.0.0.1', port), timeout=30) as connection:
        send(connection, data, is_slow)
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        return read_answers(receive(connection))


def expect(answers, reads):
    """What a handler that reads bodies, or does not, makes of them."""
    for answer in answers:
        if isinstance(answer, Broken):
            yield answer.status if reads else EMPTY
        elif isinstance(answer, str) and not reads:
            yield ' '.join(answer.split(' ')[:2]) + ' '
        else:
            yield answer


def is_as(got, expected):
    """Whether it is what was expected. llhttp's versions call it differently what they refuse themselves."""
    refused = {501: (400,), 505: (400,), 400: (505,)}
    return len(got) == len(expected) and all(one == other or one in refused.get(other, ()) for one, other in zip(got, expected))


def check(ports, name, data, answers):
    """Whether this server reads it so, however it comes."""
    for reads, port in zip((True, False), ports):
        expected = list(expect(answers, reads))
        for is_slow in (False, True) if reads and len(data) < 1000 else (False,):
            got = ask(port, data, is_slow)
            if not is_as(got, expected):
                print(f'{name}: {got} and not {expected}, {"byte by byte" if is_slow else "whole"}, body '
                      f'{"read" if reads else "unread"}: {data[:300]!r}')
                return False
    return True


def goes_on(port, data):
    """Whether another server has answered the request behind, or waits for more: not so who has ended before."""
    with socket.create_connection(('127.0.0.1', port), timeout=QUIET) as connection:
        send(connection, data, False)
        got = b''
        try:
            while piece := connection.recv(65536):
                got += piece
        except TimeoutError:
            return True
        except ConnectionError:
            pass
        statuses = re.findall(rb'HTTP/1\.1 (\d{3})', got)
        return not any(status[:1] in b'45' and status not in (b'404', b'405') for status in statuses) and b'/end' in got


def ask_others(others):
    """For each vector: whether they end at it, by their names. They are asked at once, for most of it is waiting."""
    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        asked = [{name: threads.submit(goes_on, port, request + END) for name, port in others.items()} for _, request, _ in VECTORS]
        return [{name: not future.result() for name, future in one.items()} for one in asked]


def main():
    with subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True) as process, peers() as others:
        ports = [int(port) for port in process.stdout.readline().split()]
        wrong = stricter = 0
        for (name, request, answers), ended in zip(VECTORS, ask_others(others)):
            wrong += not check(ports, name, request + END, answers)
            ends = LAST not in answers
            if not ends and ended.get('nginx') and ended.get('go'):
                print(f'{name}: both nginx and Go end at it: {request[:300]!r}')
                wrong += 1
            if ends and ended and not all(ended.values()):
                stricter += 1
        process.terminate()
        print(f'{len(VECTORS)} vectors: {wrong} read otherwise, {stricter} refused that any of {", ".join(others)} takes')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
