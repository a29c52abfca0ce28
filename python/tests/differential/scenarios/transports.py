"""Stream transports: reading, the end of a connection, and what they are asked."""

import asyncio
import gc
import socket

from stage import (Witness, connected, in_thread, kind, read_all, read_exactly, scenario, tcp_pair,
                   turns)


@scenario
async def conversation(loop, note):
    """A connection from its beginning to its end."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(b"hello")
    note(await in_thread(read_exactly, far, 5))
    far.send(b"answer")
    await protocol.has(6)
    far.close()
    await protocol.lost
    note(transport.is_closing())


@scenario
async def what_it_is(loop, note):
    """Classes and methods of a transport."""
    transport, far = await connected(loop, protocol := Witness(note))
    note(isinstance(transport, asyncio.Transport), isinstance(transport, asyncio.ReadTransport),
         isinstance(transport, asyncio.WriteTransport),
         isinstance(transport, asyncio.BaseTransport))
    note(transport.get_protocol() is protocol, transport.is_closing(), transport.is_reading(),
         transport.can_write_eof(), transport.get_write_buffer_size(),
         transport.get_write_buffer_limits())
    note(repr(transport))
    transport.something = 5
    note(transport.something, hash(transport) == hash(transport), transport == transport)
    transport.close()
    note(repr(transport))
    await protocol.lost
    note(repr(transport))
    far.close()


@scenario
async def extra_info(loop, note):
    """Which extra information there is."""
    transport, far = await connected(loop, protocol := Witness(note))
    for name in ("peername", "sockname"):
        note(name, transport.get_extra_info(name))
    note(transport.get_extra_info("peername") == far.getsockname())
    for name in ("socket", "sslcontext", "cipher", "pipe", "none", None, 5):
        note(name, kind(transport.get_extra_info(name)))
    note(transport.get_extra_info("none", "default"), transport.get_extra_info("none", default=1))
    transport.abort()
    await protocol.lost
    note(transport.get_extra_info("peername"), kind(transport.get_extra_info("socket")))
    far.close()


@scenario
async def transport_socket(loop, note):
    """What the socket of a transport may be asked, and what it refuses."""
    transport, far = await connected(loop, protocol := Witness(note))
    sock = transport.get_extra_info("socket")
    note(type(sock).__name__, sock.family, sock.type, sock.proto, sock.fileno() > 0)
    note(sock.getsockname(), sock.getpeername() == far.getsockname(), sock.gettimeout())
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    note(sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
    note("TCP_NODELAY", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0)
    note(repr(sock))
    for name, arguments in (("settimeout", (0,)), ("settimeout", (5,)), ("setblocking", (False,)),
                            ("setblocking", (True,))):
        note.call(getattr(sock, name), *arguments)
    note.has("socket", sock, "recv", "send", "close", "connect", "bind", "accept", "detach", "dup",
             "shutdown")
    transport.close()
    await protocol.lost
    note(repr(sock))
    far.close()


@scenario
async def peer_ends(loop, note):
    """eof_received that returns nothing closes the transport; the rest is sent first."""
    transport, far = await connected(loop, protocol := Witness(note))
    far.send(b"last words")
    far.shutdown(socket.SHUT_WR)
    await protocol.lost
    note(far.recv(10), transport.is_closing())
    far.close()


@scenario
async def peer_ends_and_we_write_on(loop, note):
    """eof_received that returns true keeps the transport open for writing."""
    class Protocol(Witness):
        def eof_received(self):
            super().eof_received()
            return True
    transport, far = await connected(loop, protocol := Protocol(note))
    far.shutdown(socket.SHUT_WR)
    await protocol.ended
    await turns(3)
    note(transport.is_closing(), transport.is_reading())
    transport.write(b"still here")
    transport.write_eof()
    note(await in_thread(read_all, far))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def we_end(loop, note):
    """write_eof: what was written goes first; reading goes on; writing is refused."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(b"some")
    transport.write_eof()
    transport.write_eof()
    note(await in_thread(read_all, far))
    note.call(transport.write, b"more")
    note.call(transport.writelines, [b"more"])
    far.send(b"still read")
    await protocol.has(10)
    note(transport.is_closing())
    far.close()
    await protocol.lost
    note.call(transport.write_eof)


@scenario
async def end_behind_a_full_buffer(loop, note):
    """write_eof waits for what is in the buffer."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(bytes(5_000_000))
    transport.write_eof()
    note.call(transport.write, b"more")
    note(len(await in_thread(read_all, far)))
    far.close()
    await protocol.lost


@scenario
async def close_flushes(loop, note):
    """close sends what is in the buffer; connection_lost comes then."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(bytes(5_000_000))
    transport.close()
    note(transport.is_closing(), protocol.lost.done())
    transport.close()
    note(len(await in_thread(read_all, far)))
    await protocol.lost
    far.close()


@scenario
async def close_comes_in_the_next_turn(loop, note):
    """connection_lost is never called by close itself."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.close()
    note("closed")
    loop.call_soon(note, "next turn")
    await protocol.lost
    far.close()


@scenario
async def abort_drops(loop, note):
    """abort drops the buffer; the peer sees a cut connection."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(bytes(20_000_000))
    note(transport.get_write_buffer_size() > 0)
    transport.abort()
    note(transport.get_write_buffer_size(), transport.is_closing(), "aborted")
    await protocol.lost
    note(len(await in_thread(read_all, far)) < 20_000_000)
    transport.abort()
    transport.close()
    far.close()


@scenario
async def abort_after_close(loop, note):
    """abort of a transport that is flushing ends it."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.write(bytes(20_000_000))
    transport.close()
    await turns(2)
    note(protocol.lost.done())
    transport.abort()
    await protocol.lost
    far.close()


@scenario
async def data_after_close(loop, note):
    """What arrives once close was called is not delivered."""
    transport, far = await connected(loop, protocol := Witness(note))
    far.send(b"too late")
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def close_in_data_received(loop, note):
    """A protocol may close, or abort, in data_received."""
    for way in ("close", "abort"):
        class Protocol(Witness):
            def data_received(self, data):
                super().data_received(data)
                getattr(self.transport, way)()
                note("after", way)
        _, far = await connected(loop, protocol := Protocol(note))
        far.send(b"x")
        await protocol.lost
        far.close()


@scenario
async def close_in_connection_made(loop, note):
    """A protocol may close as soon as it is connected."""
    class Protocol(Witness):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.write(b"bye")
            transport.close()
    _, far = await connected(loop, protocol := Protocol(note))
    note(await in_thread(read_all, far))
    await protocol.lost
    far.close()


@scenario
async def reset_by_peer(loop, note):
    """A connection that the peer resets."""
    transport, far = await connected(loop, protocol := Witness(note))
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    far.close()
    await protocol.lost
    note(transport.is_closing())


@scenario
async def reset_is_no_news_for_the_handler(loop, note):
    """In debug mode a reset is logged at most, never given to the exception handler."""
    loop.set_debug(True)
    transport, far = await connected(loop, protocol := Witness(note))
    far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    far.close()
    await protocol.lost
    loop.set_debug(False)


@scenario
async def pausing(loop, note):
    """pause_reading holds data back; resume_reading lets it through."""
    transport, far = await connected(loop, protocol := Witness(note))
    note.call(transport.pause_reading)
    note(transport.is_reading())
    far.send(b"held back")
    await turns(5)
    note("received:", bytes(protocol.received))
    note.call(transport.pause_reading)
    note.call(transport.resume_reading)
    note.call(transport.resume_reading)
    note(transport.is_reading())
    await protocol.has(9)
    transport.close()
    note(transport.is_reading())
    note.call(transport.pause_reading)
    note.call(transport.resume_reading)
    await protocol.lost
    note.call(transport.pause_reading)
    note.call(transport.resume_reading)
    far.close()


@scenario
async def pausing_in_data_received(loop, note):
    """A protocol that pauses gets nothing more until it resumes."""
    class Protocol(Witness):
        def data_received(self, data):
            super().data_received(data)
            self.transport.pause_reading()
            loop.call_soon(self.transport.resume_reading)
    transport, far = await connected(loop, protocol := Protocol(note))
    for data in (b"first", b"second"):
        far.send(data)
        await protocol.has(len(protocol.received) + len(data))
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def pausing_before_the_first_turn(loop, note):
    """A protocol that pauses in connection_made."""
    class Protocol(Witness):
        def connection_made(self, transport):
            super().connection_made(transport)
            transport.pause_reading()
    near, far = tcp_pair()
    far.send(b"early")
    transport, protocol = await loop.create_connection(lambda: Protocol(note), sock=near)
    await turns(5)
    note(bytes(protocol.received), transport.is_reading())
    transport.resume_reading()
    await protocol.has(5)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def end_while_paused(loop, note):
    """The end of the stream waits for resume_reading too."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.pause_reading()
    far.send(b"last")
    far.close()
    await turns(5)
    note("nothing so far")
    transport.resume_reading()
    await protocol.lost


@scenario
async def another_protocol(loop, note):
    """set_protocol: data goes to the new one, connection_lost too."""
    transport, far = await connected(loop, first := Witness(note, "first"))
    far.send(b"one")
    await first.has(3)
    second = Witness(note, "second")
    note.call(transport.set_protocol, second)
    note(transport.get_protocol() is second)
    far.send(b"two")
    await second.has(3)
    far.close()
    await second.lost
    note(first.lost.done())


@scenario
async def not_closed(loop, note):
    """A transport that is dropped without close is a ResourceWarning."""
    transport, far = await connected(loop, asyncio.Protocol())
    transport.pause_reading()
    del transport
    gc.collect()
    note("collected")
    far.close()
    await turns(2)


@scenario
async def released(loop, note):
    """A closed transport lets its protocol and its loop go."""
    class Protocol(Witness):
        def __del__(self):
            note("released")
    transport, far = await connected(loop, Protocol(note))
    lost = transport.get_protocol().lost
    transport.close()
    await lost
    del lost
    gc.collect()
    note("collected", transport.get_protocol())
    far.close()


@scenario
async def many_small_messages(loop, note):
    """What is sent piece by piece arrives whole, in order."""
    transport, far = await connected(loop, protocol := Witness(note, quiet=True))
    data = b"".join(b"%d;" % number for number in range(20000))
    await asyncio.gather(in_thread(far.sendall, data), protocol.has(len(data)))
    note(protocol.received == data)
    transport.close()
    await protocol.lost
    far.close()


@scenario
async def writing_in_many_pieces(loop, note):
    """What is written piece by piece arrives whole, in order."""
    transport, far = await connected(loop, protocol := Witness(note))
    transport.set_write_buffer_limits(10**9)
    data = [b"%d;" % number for number in range(20000)]
    got = in_thread(read_exactly, far, sum(map(len, data)))
    for number, piece in enumerate(data):
        transport.write(piece)
        if number % 1000 == 0:
            await asyncio.sleep(0)
    note(await got == b"".join(data))
    transport.close()
    await protocol.lost
    far.close()
