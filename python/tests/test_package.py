"""What the package says of itself, and the ways in which a program gets a loop of it."""
import asyncio
import inspect
import os
import re
import subprocess
import sys
import unittest
import warnings
from pathlib import Path

import eddyloop

ROOT = Path(__file__).resolve().parents[2]
HAS_POLICIES = sys.version_info < (3, 16)


def say(code, *flags, **environment):
    """What a Python of its own prints that runs a program, errors included."""
    done = subprocess.run([sys.executable, *flags, "-c", code], text=True, errors="replace", check=False,
                          env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.strip()


def outcome(function, *args, **kwargs):
    """Its result, or the kind and text of its exception."""
    try:
        return function(*args, **kwargs)
    except Exception as error:
        return type(error), str(error)


async def running_loop():
    return asyncio.get_running_loop()


class Package(unittest.TestCase):
    def test_its_version_is_the_projects(self):
        for place in ROOT / "meson.build", ROOT / "python" / "meson.build":
            version = re.search(r"version: '(.*?)'", place.read_text(encoding="utf-8"))[1]
            self.assertEqual(eddyloop.__version__, version, place)

    def test_it_has_what_it_lists(self):
        names = {"Loop", "StreamReader", "StreamWriter", "install", "new_event_loop", "open_connection",
                 "open_unix_connection", "run", "start_server", "start_unix_server"} | ({"EventLoopPolicy"} if HAS_POLICIES else set())
        self.assertEqual(set(eddyloop.__all__), names)
        for name in eddyloop.__all__:
            self.assertTrue(inspect.getdoc(getattr(eddyloop, name)), name)

    def test_it_says_that_it_is_typed(self):
        self.assertTrue(Path(eddyloop.__file__).with_name("py.typed").exists())

    def test_importing_it_warns_of_nothing(self):
        self.assertEqual(say("import eddyloop", "-W", "error", "-X", "dev"), "")

    def test_importing_it_leaves_the_stock_loop_where_it_is(self):
        self.assertNotIn("eddyloop", say("import asyncio, eddyloop; loop = asyncio.new_event_loop();"
                                         " print(type(loop)); loop.close()"))


class Loops(unittest.TestCase):
    def test_each_is_new_and_one_of_asyncios(self):
        one, two = eddyloop.new_event_loop(), eddyloop.new_event_loop()
        self.addCleanup(one.close)
        self.addCleanup(two.close)
        self.assertIsNot(one, two)
        for loop in one, two:
            self.assertIs(type(loop), eddyloop.Loop)
            self.assertIsInstance(loop, asyncio.AbstractEventLoop)
            self.assertIsInstance(loop, asyncio.SelectorEventLoop)

    def test_the_environment_chooses_the_backend(self):
        code = "import eddyloop; loop = eddyloop.new_event_loop(); print(loop.backend, loop.backend_reason); loop.close()"
        self.assertEqual(say(code, EDDY_BACKEND="epoll"), "epoll EDDY_BACKEND asks for it")
        self.assertRegex(say(code, EDDY_BACKEND=""), "^(epoll|uring) .")

    def test_a_backend_that_there_is_not_is_refused_in_a_sentence(self):
        said = say("import eddyloop; eddyloop.new_event_loop()", EDDY_BACKEND="select")
        self.assertEqual(said.splitlines()[-1], "OSError: [Errno 22] EDDY_BACKEND=select: there are epoll and uring")
        self.assertNotIn("ignored", said)


class Run(unittest.TestCase):
    def test_it_returns_what_main_does_and_closes_its_loop(self):
        loop = eddyloop.run(running_loop())
        self.assertIs(type(loop), eddyloop.Loop)
        self.assertTrue(loop.is_closed())
        self.assertIs(loop.get_debug(), sys.flags.dev_mode)

    def test_it_raises_what_main_does(self):
        async def main():
            raise LookupError("main's own")

        self.assertEqual(outcome(eddyloop.run, main()), (LookupError, "main's own"))

    def test_debug_is_asyncios(self):
        for debug in True, False:
            self.assertIs(eddyloop.run(running_loop(), debug=debug).get_debug(), debug)
        code = "import asyncio, eddyloop\nasync def main(): print(asyncio.get_running_loop().get_debug())\n"
        for value, expected in ("", "False"), ("1", "True"):
            self.assertEqual(say(code + "eddyloop.run(main())", PYTHONASYNCIODEBUG=value, PYTHONDEVMODE=""), expected)

    def test_it_knows_every_argument_that_asyncios_knows(self):
        known = inspect.signature(eddyloop.run).parameters
        for name, parameter in inspect.signature(asyncio.run).parameters.items():
            self.assertIn(name, known)
            self.assertEqual(parameter.kind, known[name].kind)

    def test_a_factory_makes_the_loop(self):
        class Own(eddyloop.Loop):
            pass

        self.assertIs(type(eddyloop.run(running_loop(), loop_factory=Own)), Own)

    def test_it_refuses_what_asyncios_refuses(self):
        for wrong in None, 1, running_loop:
            self.assertEqual(outcome(eddyloop.run, wrong), outcome(asyncio.run, wrong))

    def test_within_a_running_loop_it_says_what_asyncios_says(self):
        async def main(run):
            inner = running_loop()
            try:
                return outcome(run, inner)
            finally:
                inner.close()

        self.assertEqual(eddyloop.run(main(eddyloop.run)), asyncio.run(main(asyncio.run)))

    def test_it_ends_what_main_left(self):
        ended = []

        async def task():
            try:
                await asyncio.Event().wait()
            finally:
                ended.append("task")

        async def items():
            try:
                yield 1
                yield 2
            finally:
                ended.append("generator")

        async def main():
            left = asyncio.ensure_future(task())
            async for _ in items():
                break
            await asyncio.sleep(0)
            await asyncio.get_running_loop().run_in_executor(None, ended.append, "executor")
            return left

        self.assertTrue(eddyloop.run(main()).cancelled())
        self.assertEqual(sorted(ended), ["executor", "generator", "task"])

    def test_the_thread_has_no_loop_afterwards(self):
        eddyloop.run(running_loop())
        self.assertIsNone(asyncio._get_running_loop())

    @unittest.skipIf(sys.version_info < (3, 11), "asyncio.Runner came with Python 3.11")
    def test_a_runner_takes_it_as_factory(self):
        with asyncio.Runner(loop_factory=eddyloop.new_event_loop) as runner:
            self.assertIs(type(runner.run(running_loop())), eddyloop.Loop)
            self.assertIs(runner.run(running_loop()), runner.get_loop())

    @unittest.skipIf(sys.version_info < (3, 12), "asyncio.run() takes factories from Python 3.12 on")
    def test_asyncios_run_takes_it_as_factory(self):
        loop = asyncio.run(running_loop(), loop_factory=eddyloop.new_event_loop)
        self.assertIs(type(loop), eddyloop.Loop)


@unittest.skipUnless(HAS_POLICIES, "this Python has no policies")
class Policy(unittest.TestCase):
    INSTALLED = ("import asyncio, eddyloop\n"
                 "async def main(): return type(asyncio.get_running_loop()) is eddyloop.Loop\n"
                 "eddyloop.install()\n"
                 "print(asyncio.run(main()))\n")

    def test_it_is_asyncios_but_for_the_loops(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.assertTrue(issubclass(eddyloop.EventLoopPolicy, asyncio.DefaultEventLoopPolicy))
        policy = eddyloop.EventLoopPolicy()
        loop = policy.new_event_loop()
        self.addCleanup(loop.close)
        self.assertIs(type(loop), eddyloop.Loop)
        policy.set_event_loop(loop)
        self.assertIs(policy.get_event_loop(), loop)

    def test_after_install_asyncio_makes_loops_of_eddys(self):
        self.assertEqual(say(self.INSTALLED, "-W", "ignore::DeprecationWarning"), "True")

    def test_asyncio_takes_the_policy(self):
        code = self.INSTALLED.replace("eddyloop.install()", "asyncio.set_event_loop_policy(eddyloop.EventLoopPolicy())")
        self.assertEqual(say(code, "-W", "ignore::DeprecationWarning"), "True")

    def test_install_warns_its_caller_where_policies_are_deprecated(self):
        with_warnings = ("import warnings\n"
                         "with warnings.catch_warnings(record=True) as seen:\n"
                         "    warnings.simplefilter('always')\n"
                         "    import eddyloop\n"
                         "    eddyloop.install()\n"
                         "print([(one.category.__name__, one.filename) for one in seen])\n")
        expected = [("DeprecationWarning", "<string>")] if sys.version_info >= (3, 14) else []
        self.assertEqual(say(with_warnings), str(expected))


class NoPolicy(unittest.TestCase):
    def test_where_python_has_no_policies_install_says_what_to_call(self):
        code = ("import asyncio.unix_events as unix_events\n"
                "if hasattr(unix_events, '_UnixDefaultEventLoopPolicy'):\n"
                "    del unix_events._UnixDefaultEventLoopPolicy\n"
                "import eddyloop\n"
                "print(hasattr(eddyloop, 'EventLoopPolicy'), 'EventLoopPolicy' in eddyloop.__all__)\n"
                "try:\n"
                "    eddyloop.install()\n"
                "except RuntimeError as error:\n"
                "    print(error)\n")
        self.assertEqual(say(code).splitlines(), [
            "False False", "Python has no event loop policies any more: call eddyloop.run(), or asyncio.run() with "
            "loop_factory=eddyloop.new_event_loop"])


class Subinterpreters(unittest.TestCase):
    """Each in a process of its own, whose end is not looked at: interpreters of 3.12 crash when they end, with
    asyncio alone."""

    PROGRAM = """
import sys
inner = f'''
import sys
sys.path[:] = {sys.path!r}
try:
    import eddyloop
except ImportError as error:
    print(error, flush=True)
'''
if sys.version_info >= (3, 13):
    import _interpreters
    _interpreters.exec(_interpreters.create(*[] if ISOLATED else ['legacy']), inner)
else:
    import _xxsubinterpreters
    _xxsubinterpreters.run_string(_xxsubinterpreters.create(isolated=ISOLATED), inner)
"""

    def refusal(self, is_isolated):
        return say(self.PROGRAM.replace("ISOLATED", str(is_isolated))).splitlines()[0]

    def test_one_that_shares_the_lock_is_refused_in_a_sentence(self):
        self.assertEqual(self.refusal(False), "eddyloop cannot be used in a subinterpreter")

    def test_one_with_a_lock_of_its_own_is_refused_in_a_sentence(self):
        self.assertRegex(self.refusal(True), r"^(module )?eddyloop\S* (cannot be used|does not support loading) in "
                                             r"(a )?subinterpreters?$")


if __name__ == "__main__":
    unittest.main()
