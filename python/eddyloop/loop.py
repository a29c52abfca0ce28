"""The event loop: asyncio's own for all that need not be fast, and eddy's core below it for what must be."""

import asyncio
import errno
import signal
import socket
import sys
import threading
import weakref
from asyncio import base_events, events, futures, sslproto, trsock, unix_events

from . import _core, _helpers, _tls

_Base = unix_events._UnixSelectorEventLoop


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
        self._transports = weakref.WeakValueDictionary()
        self._selector = None
        self._make_self_pipe()

    # What runs the loop.

    def run_forever(self):
        self._check_closed()
        self._check_running()
        self._set_coroutine_origin_tracking(self._debug)
        hooks = sys.get_asyncgen_hooks()
        try:
            self._thread_id = threading.get_ident()
            sys.set_asyncgen_hooks(firstiter=self._asyncgen_firstiter_hook,
                                   finalizer=self._asyncgen_finalizer_hook)
            events._set_running_loop(self)
            with _WakeUpBySignals(self._csock.fileno()):
                self._run()
        finally:
            self._thread_id = None
            events._set_running_loop(None)
            self._set_coroutine_origin_tracking(False)
            sys.set_asyncgen_hooks(*hooks)

    def _run_once(self):
        raise NotImplementedError('eddyloop has no _run_once()')

    def close(self):
        if self.is_running():
            raise RuntimeError('Cannot close a running event loop')
        if self.is_closed():
            return
        self._close_self_pipe()
        _Base_close(self)
        self._close_core()
        if sys.is_finalizing():
            self._signal_handlers.clear()
        for number in list(self._signal_handlers):
            self.remove_signal_handler(number)

    def _write_to_self(self):
        """Nothing: call_soon_threadsafe() wakes the core itself."""

    def _add_callback_signalsafe(self, handle):
        """Have a signal's handler run."""
        self.call_soon(handle._run)

    # Transports.

    def _make_socket_transport(self, sock, protocol, waiter=None, *, extra=None, server=None):
        self._ensure_fd_no_transport(sock)
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
        base_events._set_nodelay(sock)
        fd = sock.fileno()
        transport = _core.SocketTransport(self, sock, fd, sock.family, protocol, extra, server)
        if server is not None:
            _helpers.attach(server, transport)
        self._transports[fd] = transport
        self.call_soon(protocol.connection_made, transport)
        self.call_soon(transport._start_reading)
        if waiter is not None:
            self.call_soon(futures._set_result_unless_cancelled, waiter, None)
        return transport

    def _make_ssl_transport(self, rawsock, protocol, sslcontext, waiter=None, *, server_side=False,
                            server_hostname=None, extra=None, server=None, **timeouts):
        self._ensure_fd_no_transport(rawsock)
        ssl_protocol = _tls.make(self, protocol, sslcontext, waiter, server_side=server_side,
                                 server_hostname=server_hostname, **timeouts)
        if ssl_protocol is None:
            ssl_protocol = sslproto.SSLProtocol(self, protocol, sslcontext, waiter, server_side, server_hostname,
                                                **timeouts)
        self._make_socket_transport(rawsock, ssl_protocol, extra=extra, server=server)
        return ssl_protocol._app_transport


    async def start_tls(self, transport, protocol, sslcontext, *, server_side=False, server_hostname=None, **timeouts):
        options = {'server_side': server_side, 'server_hostname': server_hostname, **timeouts}
        started = await _tls.start_tls(self, transport, protocol, sslcontext, **options)
        if started is NotImplemented:
            started = await super().start_tls(transport, protocol, sslcontext, **options)
        return started


def _Base_close(loop):
    base_events.BaseEventLoop.close(loop)


class _WakeUpBySignals:
    """In the main thread, a signal ends the loop's waiting, even one that comes just before; unless the program has a
    descriptor of its own for that."""

    def __init__(self, fd):
        self._fd = fd
        self._is_set = False

    def __enter__(self):
        if threading.current_thread() is not threading.main_thread():
            return
        before = signal.set_wakeup_fd(self._fd, warn_on_full_buffer=False)
        if before not in (-1, self._fd):
            signal.set_wakeup_fd(before)
        else:
            self._is_set = before == -1

    def __exit__(self, *exception):
        if self._is_set and signal.set_wakeup_fd(-1) not in (self._fd, -1):
            pass
