"""Run other programs: for what they say and return, in a conversation, and one that is stopped.

    python3 subprocesses.py
"""
import asyncio
from asyncio.subprocess import PIPE

import eddyloop


async def run(command):
    process = await asyncio.create_subprocess_shell(command, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    print(f"[{command!r} exited with {process.returncode}]")
    print(f"[stdout] {output.decode()!r}")
    print(f"[stderr] {errors.decode()!r}")


async def converse():
    process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
    for word in "one", "two":
        process.stdin.write(f"{word}\n".encode())
        await process.stdin.drain()
        answer = await process.stdout.readline()
        print(f"cat answers {answer.decode()!r}")
    process.stdin.close()
    print(f"cat exited with {await process.wait()}")


async def stop():
    process = await asyncio.create_subprocess_exec("sleep", "3600")
    process.terminate()
    print(f"sleep was ended by signal {-await process.wait()}")


async def main():
    await run("echo hello; echo trouble >&2; exit 3")
    await converse()
    await stop()


eddyloop.run(main())
