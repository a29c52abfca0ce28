"""What the extension calls for that is rare: failures, debug mode, and what need not be fast."""

import collections
import errno
import inspect
import socket
import sys
import types
import warnings
from asyncio import base_events, constants, events, format_helpers, futures, selector_events, streams, trsock
from asyncio.log import logger

TRY_NATIVE = constants._SendfileMode.TRY_NATIVE
FALLBACK = constants._SendfileMode.FALLBACK

# How much of a callback its description shows depends on debug mode from Python 3.12.2 on.
_DESCRIPTION_KNOWS_DEBUG = 'debug' in inspect.signature(
    format_helpers._format_callback_source).parameters

# Servers know their transports from Python 3.12.1 on; before that they count them.
_SERVER_KNOWS_TRANSPORTS = len(inspect.signature(base_events.Server._attach).parameters) > 1


def extract_stack():
    """Who called the function that called this; for debug mode."""
    return format_helpers.extract_stack(sys._getframe(1))


def check_call(loop, callback, method, is_threadsafe):
    """What debug mode asks of a callback that is scheduled."""
    if not is_threadsafe:
        loop._check_thread()
    loop._check_callback(callback, method)


def call_by_names(loop, method, args, kwargs):
    """Call a method with those arguments in their places that are given by name."""
    names = {'call_at': ('when', 'callback'), 'call_later': ('delay', 'callback')}.get(method, ('callback',))
    for name in names[len(args):]:
        if name not in kwargs:
            break
        args += kwargs.pop(name),
    context = kwargs.pop('context', None)
    if kwargs:
        raise TypeError(f'{method}() got an unexpected keyword argument {min(kwargs)!r}')
    return getattr(sys.modules['eddyloop._core'].Loop, method)(loop, *args, context=context)


if hasattr(events, '_ThreadSafeHandle'):

    def thread_safe_handle(callback, args, loop, context):
        """What call_soon_threadsafe() returns from Python 3.14 on."""
        handle = events._ThreadSafeHandle(callback, args, loop, context)
        if handle._source_traceback:
            del handle._source_traceback[-2:]  # its own __init__() and this
        return handle


def run_in_debug_mode(loop, handle):
    """Run a handle, and tell where it takes long."""
    loop._current_handle = handle
    try:
        begun = loop.time()
        handle._run()
        took = loop.time() - begun
        if took >= loop.slow_callback_duration:
            base_events.logger.warning('Executing %s took %.3f seconds', base_events._format_handle(handle), took)
    finally:
        loop._current_handle = None
        handle = None  # a traceback of what it called may keep this frame


def callback_failed(loop, handle, exception):
    """Tell the exception handler of a callback's exception, in asyncio's words."""
    debug = {'debug': loop.get_debug()} if _DESCRIPTION_KNOWS_DEBUG else {}
    description = format_helpers._format_callback_source(handle._callback, handle._args, **debug)
    context = {
        'message': f'Exception in callback {description}',
        'exception': exception,
        'handle': handle,
    }
    if handle._source_traceback:
        context['source_traceback'] = handle._source_traceback
    loop.call_exception_handler(context)


def protocol_failed(loop, transport, protocol, exception, message):
    """Tell the exception handler of a protocol's exception."""
    loop.call_exception_handler({
        'message': message,
        'exception': exception,
        'transport': transport,
        'protocol': protocol,
    })


def fatal_error(loop, transport, protocol, exception, message):
    """As protocol_failed(), of what ends the transport: the system's errors are told in debug mode alone."""
    if not isinstance(exception, OSError):
        protocol_failed(loop, transport, protocol, exception, message)
    elif loop.get_debug():
        logger.debug('%r: %s', transport, message, exc_info=exception)


def fatal_pipe_error(loop, transport, protocol, exception, message):
    """Likewise, of a pipe that is read: but for a terminal's end, all is told."""
    if not isinstance(exception, OSError) or exception.errno != errno.EIO:
        protocol_failed(loop, transport, protocol, exception, message)
    elif loop.get_debug():
        logger.debug('%r: %s', transport, message, exc_info=exception)


def warn_of_writes_to_pipe():
    logger.warning('pipe closed by peer or os.write(pipe, data) raised exception.')


def warn_of_writes():
    logger.warning('socket.send() raised exception.')


def set_result(future):
    if not future.done():
        future.set_result(None)


def fail_waiter(future):
    """Who waits until all has left is told that the connection is lost."""
    if not future.done():
        future.set_exception(ConnectionError('Connection is closed by peer'))


def write_limits(high, low, kilobytes):
    """The upper and the lower mark, of those that were given; the upper one is so many KiB where none is."""
    if high is None:
        high = kilobytes * 1024 if low is None else 4 * low
    if low is None:
        low = high // 4
    if not high >= low >= 0:
        raise ValueError(f'high ({high!r}) must be >= low ({low!r}) must be >= 0')
    return int(min(high, sys.maxsize)), int(min(low, sys.maxsize))


def attach(server, transport):
    if _SERVER_KNOWS_TRANSPORTS:
        server._attach(transport)
    else:
        server._attach()


def detach(server, transport):
    if _SERVER_KNOWS_TRANSPORTS:
        server._detach(transport)
    else:
        server._detach()


def transport_repr(name, is_closed, is_closing, is_reading, fd, unsent):
    info = [name.rpartition('.')[2]]
    if is_closed:
        info.append('closed')
    elif is_closing:
        info.append('closing')
    info.append(f'fd={fd}')
    if not is_closed:
        info.append('read=' + ('polling' if is_reading and not is_closing else 'idle'))
        info.append(f'write=<{"polling" if unsent else "idle"}, bufsize={unsent}>')
    return f'<{" ".join(info)}>'


def pipe_repr(name, is_closed, is_closing, is_left_open, fd, is_polled, unsent):
    info = [name.rpartition('.')[2]]
    if is_closed:
        info.append('closed')
    elif is_closing:
        info.append('closing')
    info.append(f'fd={fd}')
    if is_closed:
        info.append('closed')
    elif is_left_open:
        info.append('open')
    else:
        info.append('polling' if is_polled else 'idle')
        if unsent >= 0:
            info.append(f'bufsize={unsent}')
    return f'<{" ".join(info)}>'


def warn_unclosed(transport):
    warnings.warn(f'unclosed transport {transport!r}', ResourceWarning, source=transport)


def original_stream_classes():
    """The classes of asyncio's streams, each with what it has by name; None where somebody has changed them already."""
    classes = (streams.StreamReader, streams.StreamWriter, streams.StreamReaderProtocol, streams.FlowControlMixin)
    if all(_is_asyncios(value, cls) for cls in classes for value in vars(cls).values()):
        return tuple((cls, dict(vars(cls))) for cls in classes)
    return None


def _is_asyncios(value, cls):
    """Whether what a class has is no function, or one that asyncio.streams itself defines."""
    if isinstance(value, property):
        value = value.fget
    if not isinstance(value, types.FunctionType):
        return not callable(value) or isinstance(value, type)
    return (value.__code__.co_filename == streams.open_connection.__code__.co_filename
            and value.__qualname__.startswith(cls.__name__ + '.'))


def check_nonblocking(sock):
    """What debug mode asks of a socket that sock_*() is called with."""
    if sock.gettimeout() != 0:
        raise ValueError('the socket must be non-blocking')


def accept(sock):
    """As sock.accept(); None where nobody has come."""
    try:
        connection, address = sock.accept()
    except (BlockingIOError, InterruptedError):
        return None
    connection.setblocking(False)
    return connection, address


async def resolve_and_connect(loop, sock, address):
    """As loop.sock_connect(), of an address that has to be looked up."""
    if loop.get_debug():
        check_nonblocking(sock)
    resolved = await loop._ensure_resolved(address, family=sock.family, type=sock.type, proto=sock.proto, loop=loop)
    if resolved[0][4] != address:
        await loop.sock_connect(sock, resolved[0][4])
        return
    try:
        sock.connect(address)  # which says what is wrong with it, if anything is
    except (BlockingIOError, InterruptedError):
        await _connected(loop, sock, address)


async def _connected(loop, sock, address):
    """Wait for a connection that has been begun."""
    done = loop.create_future()
    loop._add_writer(sock, set_result, done)
    try:
        await done
    finally:
        loop._remove_writer(sock)
    error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, f'Connect call failed {address}')


def datagram_rules():
    """Whether asyncio sends empty datagrams, and what each one that waits counts for beside its bytes; asked of asyncio, since
    versions differ."""
    fake = types.SimpleNamespace(_address=None, _conn_lost=0, _buffer=collections.deque([None]), _buffer_size=0,
                                 _maybe_pause_protocol=lambda: None)
    fake._header_size = getattr(selector_events._SelectorDatagramTransport, '_header_size', 0)
    selector_events._SelectorDatagramTransport.sendto(fake, b'')
    sends_empty = len(fake._buffer) > 1
    fake._buffer_size = 0
    selector_events._SelectorDatagramTransport.sendto(fake, b'x')
    return sends_empty, max(0, fake._buffer_size - 1)


def callback_raised(loop, transport, protocol, exception, method):
    """Tell of what a protocol's function has raised, as asyncio does of what its handles run."""
    name = type(transport).__name__
    protocol_failed(loop, transport, protocol, exception, f'Exception in callback {name}.{method}()')


def is_plain_listener(sock):
    """Whether connections of a socket can be accepted without asking it."""
    return type(sock) is socket.socket and sock.family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


def log_connection(server, address, connection):
    logger.debug('%r got a new connection from %r: %r', server, address, connection)


def connection_failed(loop, exception, connection, protocol, transport):
    """No transport could be made of a connection, or its protocol not."""
    if transport is not None:
        transport.abort()
    else:
        connection.close()
    if loop.get_debug():
        context = {'message': 'Error on transport creation for incoming connection', 'exception': exception}
        if protocol is not None:
            context['protocol'] = protocol
        if transport is not None:
            context['transport'] = transport
        loop.call_exception_handler(context)


def out_of_resources(loop, exception, protocol_factory, sock, server, backlog):
    """No connection can be accepted: try again after a while."""
    loop.call_exception_handler({
        'message': 'socket.accept() out of system resource',
        'exception': exception,
        'socket': trsock.TransportSocket(sock),
    })
    loop._remove_reader(sock.fileno())
    loop.call_later(constants.ACCEPT_RETRY_DELAY, serve_again, loop, protocol_factory, sock, server, backlog)


def serve_again(loop, protocol_factory, sock, server, backlog):
    if sock.fileno() >= 0:
        loop._start_serving(protocol_factory, sock, None, server, backlog)


# TLS.

def tls_note_peer(transport, sslobj):
    """What is known once both sides have agreed."""
    transport._extra.update(
        peercert=sslobj.getpeercert(),
        cipher=sslobj.cipher(),
        compression=sslobj.compression(),
        ssl_object=sslobj)


def tls_wake(waiter, exception):
    if waiter.cancelled():
        return
    if exception is None:
        waiter.set_result(None)
    else:
        waiter.set_exception(exception)


def tls_debug(transport, what):
    logger.debug('%r %s', transport, what)


def warn_of_tls_writes():
    logger.warning('SSL connection is closed')


def warn_of_keeping_open():
    logger.warning('returning true from eof_received() has no effect when using ssl')


def warn_unclosed_tls():
    warnings.warn('unclosed transport <asyncio._SSLProtocolTransport object>', ResourceWarning)
