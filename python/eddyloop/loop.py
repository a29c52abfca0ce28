"""The event loop: asyncio's own for all that need not be fast, and eddy's core below it for what must be."""

import contextvars
import os
import signal
import socket
import stat
import sys
import threading
from asyncio import base_events, events, futures, sslproto, trsock, unix_events

from . import _core, _helpers, _tls

_Base = unix_events._UnixSelectorEventLoop

# Loops have their children watched themselves from Python 3.14 on; before that the policy does.
_HAS_WATCHER = sys.version_info >= (3, 14)


class Loop(_core.Loop, _Base):
    """An asyncio event loop on eddy's core.

    It is an asyncio.SelectorEventLoop in all that programs see, but has no selector: descriptors, timers, callbacks and
    transports are eddy's.
    """

    def __init__(self):
        _core.Loop.__init__(self)
        base_events.BaseEventLoop.__init__(self)
        self._signal_handlers = {}
        self._unix_server_sockets = {}
        self._selector = None
        self.fast_streams = os.environ.get('EDDYLOOP_STREAMS') != 'asyncio'
        if _HAS_WATCHER:
            pidfd = unix_events.can_use_pidfd()
            self._watcher = unix_events._PidfdChildWatcher() if pidfd else unix_events._ThreadedChildWatcher()
        self._make_self_pipe()

    # What runs the loop.

    def run_forever(self):
        self._check_closed()
        self._check_running()
        if self._leave_parent():
            self._close_self_pipe()
            self._make_self_pipe()
        self._set_coroutine_origin_tracking(self._debug)
        hooks = sys.get_asyncgen_hooks()
        try:
            self._thread_id = threading.get_ident()
            sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook,
                                   finalizer=self._asyncgen_finalizer_hook)
            events._set_running_loop(self)
            with _WakeUpBySignals(self):
                self._run()
        finally:
            self._thread_id = None
            events._set_running_loop(None)
            self._set_coroutine_origin_tracking(False)
            sys.set_asyncgen_hooks(*hooks)

    def _run_once(self):
        raise NotImplementedError('eddyloop has no _run_once()')

    def _write_to_self(self):
        """Nothing: call_soon_threadsafe() wakes the core itself."""

    def _add_callback_signalsafe(self, handle):
        """Have a signal's handler run."""
        self.call_soon(handle._run)

    # Servers. Who is cancelled while one begins leaves none behind.

    async def create_server(self, *args, start_serving=True, **kwargs):
        server = await super().create_server(*args, start_serving=False, **kwargs)
        return await _serve(server) if start_serving else server

    async def create_unix_server(self, *args, start_serving=True, **kwargs):
        server = await super().create_unix_server(*args, start_serving=False, **kwargs)
        return await _serve(server) if start_serving else server

    # Transports.

    @property
    def _transports(self):
        return _TransportsByDescriptor(self)

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None,
                               context=None):
        self._ensure_fd_no_transport(sock)
        extra = _describe(sock, extra)
        base_events._set_nodelay(sock)
        transport = _core.SocketTransport(self, sock, sock.fileno(), sock.family, protocol, extra, server, context)
        if server is not None:
            _helpers.attach(server, transport)
        self._begin(transport, protocol, waiter, context)
        return transport

    def _make_datagram_transport(self, sock, protocol, address=None, waiter=None, extra=None):
        self._ensure_fd_no_transport(sock)
        extra = _describe(sock, extra)
        transport = _core.DatagramTransport(self, sock, sock.fileno(), sock.family, protocol, extra, address)
        self._begin(transport, protocol, waiter)
        return transport

    def _start_serving(self, protocol_factory, sock, sslcontext=None, server=None, backlog=100, *timeouts, **more):
        if sslcontext is not None or not _helpers.is_plain_listener(sock):
            _Base._start_serving(self, protocol_factory, sock, sslcontext, server, backlog, *timeouts, **more)
            return
        acceptor = _core.Acceptor(self, protocol_factory, sock, sock.fileno(), sock.family, sock.type, sock.proto, server,
                                  backlog)
        context = more.get('context') or contextvars.copy_context()  # the server's, from Python 3.15 on
        context.copy().run(self._add_reader, sock.fileno(), acceptor)

    def _make_read_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        return self._make_pipe_transport(_core.ReadPipeTransport, 'Pipe transport is for pipes/sockets only.',
                                         pipe, protocol, waiter, extra)

    def _make_write_pipe_transport(self, pipe, protocol, waiter=None, extra=None):
        return self._make_pipe_transport(_core.WritePipeTransport,
                                         'Pipe transport is only for pipes, sockets and character devices',
                                         pipe, protocol, waiter, extra)

    def _make_pipe_transport(self, kind, refusal, pipe, protocol, waiter, extra):
        extra = {} if extra is None else extra
        extra['pipe'] = pipe
        fd = pipe.fileno()
        mode = os.fstat(fd).st_mode
        if not (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)):
            raise ValueError(refusal)
        os.set_blocking(fd, False)
        family = _family(fd) if stat.S_ISSOCK(mode) else -1
        transport = kind(self, pipe, fd, family, protocol, extra, None)
        self._begin(transport, protocol, waiter)
        return transport

    def _begin(self, transport, protocol, waiter, context=None):
        """Have a transport's protocol told of it, then what comes, and then whoever waits for it."""
        self.call_soon(protocol.connection_made, transport, context=context)
        self.call_soon(transport._start_reading, context=context)
        if waiter is not None:
            self.call_soon(futures._set_result_unless_cancelled, waiter, None, context=context)

    def _make_ssl_transport(self, rawsock, protocol, sslcontext, waiter=None, *, server_side=False,
                            server_hostname=None, extra=None, server=None, context=None, **timeouts):
        self._ensure_fd_no_transport(rawsock)
        self._adopt_stream(protocol)
        ssl_protocol = _tls.make(self, protocol, sslcontext, waiter, server_side=server_side,
                                 server_hostname=server_hostname, **timeouts)
        if ssl_protocol is None:
            ssl_protocol = sslproto.SSLProtocol(self, protocol, sslcontext, waiter, server_side, server_hostname,
                                                **timeouts)
        self._make_socket_transport(rawsock, ssl_protocol, extra=extra, server=server, context=context)
        return ssl_protocol._app_transport

    async def _sendfile_native(self, transp, file, offset, count):
        del self._transports[transp._sock_fd]
        was_reading = transp.is_reading()
        transp.pause_reading()
        await transp._make_empty_waiter()
        try:
            return await self.sock_sendfile(transp._sock, file, offset, count, fallback=False)
        finally:
            transp._reset_empty_waiter()
            if was_reading:
                transp.resume_reading()
            self._transports[transp._sock_fd] = transp

    async def start_tls(self, transport, protocol, sslcontext, *, server_side=False, server_hostname=None, **timeouts):
        options = {'server_side': server_side, 'server_hostname': server_hostname, **timeouts}
        started = await _tls.start_tls(self, transport, protocol, sslcontext, **options)
        if started is NotImplemented:
            started = await super().start_tls(transport, protocol, sslcontext, **options)
        return started


async def _serve(server):
    try:
        await server.start_serving()
    except BaseException:
        server.close()
        raise
    return server


class _TransportsByDescriptor:
    """What asyncio has a dictionary for."""

    def __init__(self, loop):
        self._loop = loop

    def get(self, fd, default=None):
        transport = self._loop._get_transport(fd)
        return default if transport is None else transport

    def __getitem__(self, fd):
        transport = self._loop._get_transport(fd)
        if transport is None:
            raise KeyError(fd)
        return transport

    def __contains__(self, fd):
        return self._loop._get_transport(fd) is not None

    def __setitem__(self, fd, transport):
        self._loop._note_transport(fd, transport)

    def __delitem__(self, fd):
        self._loop._note_transport(fd, None)


def _family(fd):
    """The family of a socket of which the number alone is known."""
    sock = socket.socket(fileno=fd)
    try:
        return sock.family
    finally:
        sock.detach()


def _describe(sock, extra):
    """What a transport tells of its socket, beside what is known already."""
    extra = {} if extra is None else extra
    extra['socket'] = trsock.TransportSocket(sock)
    try:
        extra['sockname'] = sock.getsockname()
    except OSError:
        extra['sockname'] = None
    if 'peername' not in extra:
        try:
            extra['peername'] = sock.getpeername()
        except OSError:
            extra['peername'] = None
    return extra


class _WakeUpBySignals:
    """In the main thread, a signal ends the loop's waiting, even one that comes just before; unless the program has a
    descriptor of its own for that."""

    def __init__(self, loop):
        self._loop = loop
        self._fd = loop._csock.fileno()
        self._is_set = False

    def __enter__(self):
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.set_wakeup_fd(self._fd, warn_on_full_buffer=False)
        self._is_set = before in (-1, self._fd)
        if not self._is_set:
            signal.set_wakeup_fd(before)

    def __exit__(self, *exception):
        if not self._is_set or self._loop._signal_handlers:
            return  # what comes for these until the next run is to be found by it
        now = signal.set_wakeup_fd(-1)
        if now != self._fd:
            signal.set_wakeup_fd(now)  # the program has set one meanwhile
