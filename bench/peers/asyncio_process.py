#!/usr/bin/env python3
"""asyncio in the rows spawn_process_10mb and spawn_process_2gb."""
import asyncio
import sys
import time

SPAWNS = 300
ROWS = {"spawn_process_10mb": 10 << 20, "spawn_process_2gb": 2 << 30}


async def spawn_and_wait():
    start = time.perf_counter()
    for _ in range(SPAWNS):
        process = await asyncio.create_subprocess_exec("/bin/true")
        assert await process.wait() == 0
    return (time.perf_counter() - start) * 1e6 / SPAWNS


for row in sys.argv[1:]:
    memory = bytearray(b"1") * ROWS[row]
    print(f"{row} {asyncio.run(spawn_and_wait()):.4f} us", flush=True)
    del memory
