"""TLS: which of two ways it goes, and what of the fast one is rare.

The fast way is SSLTransport of the extension, which has OpenSSL read from and write to the loop's own memory. It needs to know how
Python's module _ssl lays out its objects and where its OpenSSL is; where that is not so, and with EDDYLOOP_TLS=asyncio in the
environment, TLS is asyncio's own, on a transport of ours.
"""

import os
import ssl
from asyncio import constants, sslproto, streams

from . import _core

_SHUTDOWN_TIMEOUT = getattr(constants, 'SSL_SHUTDOWN_TIMEOUT', 30.0)
_reason = None


def reason():
    """Why TLS goes by asyncio.sslproto, as a sentence; '' where it goes the fast way."""
    global _reason
    if _reason is None:
        _reason = _find_reason()
    return _reason


def _find_reason():
    if os.environ.get('EDDYLOOP_TLS') == 'asyncio':
        return 'EDDYLOOP_TLS=asyncio'
    import _ssl
    path = getattr(_ssl, '__file__', None)
    if not path:
        return '_ssl is a part of the interpreter'
    return _core._find_openssl(path, ssl.OPENSSL_VERSION_NUMBER, _ssl._SSLSocket, ssl.MemoryBIO) or ''


def _is_plain(sslobj):
    """Whether nobody has changed how an SSLObject reads and writes, which is not called here."""
    kind = type(sslobj)
    return all(getattr(kind, name, None) is getattr(ssl.SSLObject, name) for name in ('read', 'write'))


def make(loop, protocol, sslcontext, waiter, *, server_side=False, server_hostname=None, call_connection_made=True,
         ssl_handshake_timeout=None, ssl_shutdown_timeout=None):
    """A TLS transport, which is the protocol of the one below; None where TLS goes by asyncio.sslproto."""
    if reason():
        return None
    handshake_timeout = _timeout('ssl_handshake_timeout', ssl_handshake_timeout, constants.SSL_HANDSHAKE_TIMEOUT)
    shutdown_timeout = _timeout('ssl_shutdown_timeout', ssl_shutdown_timeout, _SHUTDOWN_TIMEOUT)
    if not sslcontext:
        sslcontext = sslproto._create_transport_context(server_side, server_hostname)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    sslobj = sslcontext.wrap_bio(incoming, outgoing, server_side=server_side,
                                 server_hostname=None if server_side else server_hostname or None)
    if not _is_plain(sslobj):
        return None
    try:
        return _core.SSLTransport(loop, protocol, sslcontext, sslobj, incoming, outgoing, waiter,
                                  call_connection_made, handshake_timeout, shutdown_timeout)
    except NotImplementedError:
        return None


async def start_tls(loop, transport, protocol, sslcontext, *, server_side, **options):
    """As asyncio's loop.start_tls(), of a transport of ours; NotImplemented where that has to go by asyncio.sslproto."""
    if not isinstance(sslcontext, ssl.SSLContext) or not isinstance(transport, _core.SocketTransport):
        return NotImplemented
    waiter = loop.create_future()
    ssl_protocol = make(loop, protocol, sslcontext, waiter, server_side=server_side, call_connection_made=False,
                        **options)
    if ssl_protocol is None:
        return NotImplemented
    transport.pause_reading()
    transport.set_protocol(ssl_protocol)
    handles = [loop.call_soon(ssl_protocol.connection_made, transport)]
    if server_side:
        handles += _give_what_was_read(loop, protocol, ssl_protocol)
    handles.append(loop.call_soon(transport.resume_reading))
    try:
        await waiter
    except BaseException:
        transport.close()
        for handle in handles:
            handle.cancel()
        raise
    finally:
        waiter = None  # its exception has a traceback, which has this frame
    return ssl_protocol if ssl_protocol._app_protocol else None  # as asyncio, where it was lost meanwhile


def _give_what_was_read(loop, protocol, ssl_protocol):
    """A client may say its first words in TLS together with its last before: a stream has read both."""
    buffer = getattr(getattr(protocol, '_stream_reader', None), '_buffer', None)
    if not isinstance(protocol, streams.StreamReaderProtocol) or not buffer:
        return []
    handle = loop.call_soon(ssl_protocol._feed, bytes(buffer))
    buffer.clear()
    return [handle]


def _timeout(name, seconds, default):
    if seconds is None:
        return default
    if seconds <= 0:
        raise ValueError(f'{name} should be a positive number, got {seconds}')
    return seconds
