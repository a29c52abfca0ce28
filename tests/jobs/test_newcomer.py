#!/usr/bin/env python3
"""What docs/jobs.md begins with, to the letter, with eddy and the programs that every system has: test_newcomer.py EDDY [TEST...]."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import commands
from commands import Commands, Server

PAGE = pathlib.Path(__file__).resolve().parents[2] / 'docs' / 'jobs.md'


class Newcomer(Commands):
    def setUp(self):
        super().setUp()
        self.store = ''
        self.home, programs = self.path('home'), self.path('programs')
        os.mkdir(self.home)
        os.mkdir(programs)
        for name in 'sh', 'cat', 'chmod', 'sed':
            os.symlink(shutil.which(name), os.path.join(programs, name))
        os.symlink(self.eddy, os.path.join(programs, 'eddy'))
        self.environment = {'HOME': self.home, 'PATH': programs}
        self.environment |= {name: value for name, value in os.environ.items() if re.match('LD_LIBRARY_PATH|[A-Z]+SAN_OPTIONS', name)}

    @staticmethod
    def block():
        """The first one of the page."""
        return re.search(r'^```sh\n(.*?)^```', PAGE.read_text(encoding='utf-8'), re.M | re.S).group(1)

    def shell(self, script, *before):
        """Of a new user; it ends with the test, with all that it began."""
        # pylint: disable=consider-using-with
        shell = subprocess.Popen([*before, shutil.which('sh'), '-c', script], cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, text=True, env=self.environment, start_new_session=True)
        self.addCleanup(shell.stdout.close)
        self.addCleanup(shell.wait)
        self.addCleanup(os.killpg, shell.pid, signal.SIGKILL)
        return shell

    def run_page(self):
        """What is said."""
        said, shell = '', self.shell(self.block() + 'wait\n')
        for line in shell.stdout:
            said += line
            if re.search('done|fail|refused|not found', line):
                break
        self.assertRegex(said, r'resize  \S+  done\n')
        return said

    def listed(self):
        return subprocess.run(['sh', '-c', 'eddy jobs show "$(eddy jobs list | sed "s/ .*//")"'], cwd=self.home, env=self.environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True, timeout=60).stdout

    def test_the_two_commands_of_a_newcomer(self):
        said = self.run_page()
        self.assertIn('the store is sqlite:%s/.local/state/eddy/jobs.db\n' % self.home, said)
        self.assertIn('small-a.jpg', self.listed())

    def test_the_same_on_a_server(self):
        self.environment['EDDY_JOBS'] = Server(self).url
        said = self.run_page()
        self.assertNotIn('the store is', said)
        self.assertIn('small-a.jpg', self.listed())


if __name__ == '__main__':
    commands.main('__main__')
