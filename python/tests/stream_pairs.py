"""What the tests of streams have in common: a loop, both ends of a connection, and on what all this is to be the same."""
import asyncio
import unittest

import eddyloop

OURS = (eddyloop.StreamReader, eddyloop.StreamWriter)
ASYNCIOS = (asyncio.StreamReader, asyncio.StreamWriter)


async def until(condition):
    """Let the loop go round until something holds."""
    for _ in range(100_000):
        if condition():
            return
        await asyncio.sleep(0)
    raise AssertionError('it never came')


class Streams(unittest.TestCase):
    """What the tests have in common: a loop, and both ends of a connection."""

    functions = asyncio

    @staticmethod
    def new_loop():
        return eddyloop.new_event_loop()

    def run_test(self, main):
        loop = self.new_loop()
        asyncio.set_event_loop(loop)
        self.complaints = []
        loop.set_exception_handler(lambda _, context: self.complaints.append(context))
        try:
            return loop.run_until_complete(asyncio.wait_for(main(), 30))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            asyncio.set_event_loop(None)

    async def pair(self, **options):
        """Reader and writer of a client, and those of its server; and the server."""
        accepted = asyncio.get_running_loop().create_future()
        server = await self.functions.start_server(lambda *streams: accepted.set_result(streams), '127.0.0.1', 0,
                                                   **options)
        client = await self.functions.open_connection(*server.sockets[0].getsockname(), **options)
        return client, await accepted, server

    async def end(self, client, accepted, server):
        for _, writer in (client, accepted):
            writer.close()
        for _, writer in (client, accepted):
            try:
                await writer.wait_closed()
            except OSError:
                pass
        server.close()
        await server.wait_closed()

    def with_pair(self, test, **options):
        """Run a test of the client's reader, the server's writer, and the rest."""
        async def main():
            client, accepted, server = await self.pair(**options)
            try:
                return await test(client[0], accepted[1], client, accepted)
            finally:
                await self.end(client, accepted, server)
        return self.run_test(main)

    def check_classes(self, reader, writer):
        self.assertEqual((type(reader), type(writer)), self.classes)


class OnAsyncio(Streams):
    classes = ASYNCIOS

    @staticmethod
    def new_loop():
        return asyncio.SelectorEventLoop()


class OnEddyloop(Streams):
    classes = OURS


class ByFunctionsOfEddyloop(Streams):
    functions = eddyloop
    classes = OURS


class ByFunctionsOfEddyloopOnAsyncio(Streams):
    functions = eddyloop
    classes = OURS
    new_loop = staticmethod(OnAsyncio.new_loop)


class TurnedOff(Streams):
    classes = ASYNCIOS

    @staticmethod
    def new_loop():
        loop = eddyloop.new_event_loop()
        loop.fast_streams = False
        return loop


VARIANTS = (OnAsyncio, OnEddyloop, ByFunctionsOfEddyloop, ByFunctionsOfEddyloopOnAsyncio, TurnedOff)


def on_all(behaviour, namespace):
    """Have tests run on asyncio, on eddyloop with asyncio's functions and with eddyloop's own, and on eddyloop with its streams turned
    off."""
    for variant in VARIANTS:
        name = behaviour.__name__ + variant.__name__
        namespace[name] = type(name, (behaviour, variant), {'__module__': namespace['__name__']})
