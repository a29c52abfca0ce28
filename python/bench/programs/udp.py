"""The UDP echo, as asyncio's documentation writes it: LOOP. Prints its port and serves until it is
killed."""
import asyncio

import contest


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        self.transport.sendto(data, addr)


async def main(loop):
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    contest.print_port(transport.get_extra_info("sockname"))
    await loop.create_future()


contest.run(main)
