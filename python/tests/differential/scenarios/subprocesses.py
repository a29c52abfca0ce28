"""subprocess_exec, subprocess_shell, their transports, and asyncio.subprocess on them."""

import asyncio
import gc
import os
import signal
import subprocess
import sys

from stage import folder, kind, scenario, turns


class Witness(asyncio.SubprocessProtocol):
    """A protocol that keeps what its process writes, and notes the rest when it is over.

    In which order a process's pipes and the process itself end is not fixed.
    """

    def __init__(self, note):
        self.note = note
        self.data = {1: b"", 2: b""}
        self.ends = set()
        loop = asyncio.get_running_loop()
        self.lost = loop.create_future()
        self.exited = loop.create_future()
        self.spoke = loop.create_future()

    def connection_made(self, transport):
        self.note("connection_made", kind(transport))

    def pipe_data_received(self, fd, data):
        self.data[fd] += data
        if not self.spoke.done():
            self.spoke.set_result(None)

    def pipe_connection_lost(self, fd, exc):
        self.ends.add((fd, type(exc).__name__))

    def process_exited(self):
        self.ends.add("process_exited")
        self.exited.set_result(None)

    def connection_lost(self, exc):
        self.note("before it is over:", sorted(map(str, self.ends)))
        self.note("output:", self.data)
        self.note("connection_lost", exc)
        self.lost.set_result(None)


async def start(loop, note, *arguments, **keywords):
    """A Python program as a subprocess."""
    return await loop.subprocess_exec(lambda: Witness(note), sys.executable, "-S", "-c", *arguments,
                                      **keywords)


async def over(transport, protocol):
    """Wait for a process's end, and close its transport."""
    await protocol.lost
    transport.close()


@scenario
async def from_beginning_to_end(loop, note):
    """A process that writes to both of its outputs and exits."""
    transport, protocol = await start(
        loop, note, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    note(isinstance(transport, asyncio.SubprocessTransport), transport.get_pid() > 0,
         transport.is_closing())
    await over(transport, protocol)
    note(transport.get_returncode(), transport.is_closing())
    note(repr(transport))


@scenario
async def what_it_is(loop, note):
    """A subprocess's transport, its pipes, and its repr."""
    transport, protocol = await start(loop, note, "input()")
    note(repr(transport))
    for number in (0, 1, 2, 3):
        note(number, kind(transport.get_pipe_transport(number)))
    note(kind(transport.get_extra_info("subprocess")), transport.get_extra_info("none", "default"))
    note(transport.get_protocol() is protocol, transport.get_returncode())
    transport.get_pipe_transport(0).write(b"\n")
    await over(transport, protocol)


@scenario
async def input_and_output(loop, note):
    """What a process reads it may write; write_eof and close end its input."""
    for way in ("write_eof", "close"):
        transport, protocol = await start(loop, note,
                                          "import sys; sys.stdout.write(sys.stdin.read().upper())")
        stdin = transport.get_pipe_transport(0)
        stdin.write(b"some text")
        getattr(stdin, way)()
        await over(transport, protocol)


@scenario
async def killed(loop, note):
    """kill, terminate, send_signal: return codes, and what they say once it is over."""
    for way, arguments in (("kill", ()), ("terminate", ()), ("send_signal", (signal.SIGUSR1,))):
        transport, protocol = await start(loop, note,
                                          "import os; os.write(1, b'ready'); os.read(0, 1)")
        await protocol.spoke
        note.call(getattr(transport, way), *arguments)
        await over(transport, protocol)
        note(transport.get_returncode())
        note.call(getattr(transport, way), *arguments)


@scenario
async def closed(loop, note):
    """close kills a process that runs, and everything ends."""
    transport, protocol = await start(loop, note, "import os; os.write(1, b'ready'); os.read(0, 1)")
    await protocol.spoke
    note.call(transport.close)
    note(transport.is_closing())
    await protocol.exited
    await over(transport, protocol)
    note(transport.get_returncode())
    note.call(transport.close)


@scenario
async def pipes_that_are_not_wanted(loop, note):
    """None, DEVNULL, STDOUT and files in the place of pipes."""
    with folder() as path, open(path / "file", "w+b") as file:
        program = "import sys; print('out', flush=True); print('err', file=sys.stderr)"
        for keywords in ({"stdin": None}, {"stdin": subprocess.DEVNULL,
                                           "stdout": subprocess.DEVNULL},
                         {"stderr": subprocess.STDOUT}, {"stdout": file}):
            transport, protocol = await start(loop, note, program, **keywords)
            note([kind(transport.get_pipe_transport(number)) for number in range(3)])
            await over(transport, protocol)
        file.seek(0)
        note(file.read())


@scenario
async def keywords_of_popen(loop, note):
    """cwd, env, start_new_session, pass_fds and preexec_fn."""
    with folder() as path:
        transport, protocol = await start(
            loop, note, "import os; print(os.getcwd() == os.environ['X'], len(os.environ) < 5)",
            cwd=path, env={"X": os.path.realpath(path)})
        await over(transport, protocol)
    transport, protocol = await start(loop, note, "import os; print(os.getsid(0) == os.getpid())",
                                      start_new_session=True)
    await over(transport, protocol)
    reading, writing = os.pipe()
    transport, protocol = await start(loop, note, f"import os; os.write({writing}, b'x')",
                                      pass_fds=(writing,))
    await over(transport, protocol)
    os.close(writing)
    note(os.read(reading, 10))
    os.close(reading)


@scenario
async def wrong_arguments(loop, note):
    """Programs that are not there, and keywords that are refused."""
    def factory():
        return Witness(note)
    for arguments, keywords in ((("no-such-program",), {}), (("/",), {}), ((5,), {}),
                                (("true", 5), {}),
                                ((None,), {}), (("true",), {"universal_newlines": True}),
                                (("true",), {"shell": True}),
                                (("true",), {"bufsize": 5}), (("true",), {"text": True}),
                                (("true",), {"encoding": "utf-8"}),
                                (("true",), {"errors": "strict"}),
                                (("true",), {"no_such_keyword": 1}),
                                (("true",), {"cwd": "/no/such/folder"}),
                                (("true",), {"stdin": "text"})):
        try:
            await loop.subprocess_exec(factory, *arguments, **keywords)
            note(arguments, keywords, "is taken")
        except Exception as error:
            note(arguments, sorted(keywords), error)
    for arguments, keywords in (((5,), {}), ((["true"],), {}), (("true",), {"shell": False}),
                                (("true",), {"universal_newlines": True}),
                                (("true",), {"bufsize": 1}),
                                (("true",), {"text": True})):
        try:
            await loop.subprocess_shell(factory, *arguments, **keywords)
            note(arguments, keywords, "is taken")
        except Exception as error:
            note(arguments, sorted(keywords), error)


@scenario
async def shell(loop, note):
    """A command of the shell, as text and as bytes."""
    for command in ("echo out; echo err >&2; exit 7", b"echo $((1 + 2))"):
        transport, protocol = await loop.subprocess_shell(lambda: Witness(note), command)
        await over(transport, protocol)
        note(transport.get_returncode())


@scenario
async def failing_factory(loop, note):
    """A factory that fails."""
    def factory():
        raise ValueError("no")
    await note.wait("factory", loop.subprocess_exec(factory, "true"))


@scenario
async def communicating(loop, note):
    """asyncio.create_subprocess_exec and communicate."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c",
        "import sys; print(sys.stdin.read()); print('err', file=sys.stderr)",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE)
    note(repr(process))
    note(await process.communicate(b"input"), process.returncode)
    note(await process.wait())
    note.call(process.kill)
    process = await asyncio.create_subprocess_shell("exit 5")
    note(await process.wait(), process.stdin, process.stdout)


@scenario
async def much_output(loop, note):
    """A megabyte each way."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-S", "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    data = bytes(range(256)) * 4096
    out, _ = await process.communicate(data)
    note(out == data, process.returncode)


@scenario
async def input_that_nobody_reads(loop, note):
    """communicate with a process that has ended."""
    process = await asyncio.create_subprocess_exec("true", stdin=asyncio.subprocess.PIPE)
    note(await process.wait())
    note(await process.communicate(bytes(1_000_000)))


@scenario
async def cancelled(loop, note):
    """wait that is cancelled, and again."""
    process = await asyncio.create_subprocess_exec("cat", stdin=asyncio.subprocess.PIPE)
    task = asyncio.ensure_future(process.wait())
    await turns(2)
    task.cancel()
    await note.wait("wait", task)
    process.stdin.close()
    note(await process.wait())


@scenario
async def many_at_once(loop, note):
    """Twenty processes with different exit codes."""
    async def run(code):
        process = await asyncio.create_subprocess_shell(f"exit {code}")
        return await process.wait()
    note(await asyncio.gather(*map(run, range(20))))


@scenario
async def killed_by_a_signal(loop, note):
    """A return code that is a signal's number."""
    process = await asyncio.create_subprocess_shell("kill -9 $$")
    note(await process.wait())


@scenario
async def dropped(loop, note):
    """A transport of a process that was not closed is a ResourceWarning."""
    transport, protocol = await loop.subprocess_exec(asyncio.SubprocessProtocol, "cat")
    stdin = transport.get_pipe_transport(0)
    process = transport.get_extra_info("subprocess")
    note(process.poll())
    stdin.close()
    while transport.get_returncode() is None:
        await asyncio.sleep(0)
    await turns(5)
    del transport, protocol, stdin, process
    gc.collect()
    note("collected")


@scenario
async def without_the_main_thread(loop, note):
    """A loop of another thread starts processes too."""
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-S", "-c", "print(5)", stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return out, process.returncode
    note(await asyncio.to_thread(asyncio.run, main()))


@scenario
async def reaped_by_somebody_else(loop, note):
    """A process whose exit status somebody else took; before 3.12 a thread of asyncio is faster."""
    if sys.version_info < (3, 12):
        return
    transport, protocol = await loop.subprocess_exec(lambda: Witness(note), "cat")
    pid = transport.get_pid()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    await over(transport, protocol)
    note(transport.get_returncode())
