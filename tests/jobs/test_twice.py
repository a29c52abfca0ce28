#!/usr/bin/env python3
"""When work is done twice, and that it counts once: test_twice.py EDDY [PRELOAD] [TEST...]. Names in brackets are those of docs/jobs.md."""

import contextlib
import json
import os
import re
import select
import signal
import sqlite3
import urllib.request

import commands
from commands import Commands, Server
from waiting import PATIENCE


class Twice(Commands):
    """Each attempt tells that it has begun, and goes on when it is told to."""

    WORK = 'echo $$ > begun; read x < go$EDDY_JOB_ATTEMPT; echo effect >> effects'

    def setUp(self):
        super().setUp()
        for name in 'begun', 'go1', 'go2':
            os.mkfifo(self.path(name))

    def begun(self):
        """Wait for an attempt: its process."""
        with open(self.path('begun'), encoding='ascii') as file:
            return int(file.read())

    def go_on(self, attempt):
        with open(self.path('go%d' % attempt), 'w', encoding='ascii') as file:
            file.write('on\n')

    def effects(self):
        if not os.path.exists(self.path('effects')):
            return 0
        with open(self.path('effects'), encoding='ascii') as file:
            return len(file.readlines())

    def stop(self, worker):
        """While it does not write to the file, which would hold up everybody for as long as it is stopped."""
        with contextlib.closing(sqlite3.connect(self.path('jobs.db'), timeout=0, isolation_level=None)) as file:
            def is_stopped():
                worker.send_signal(signal.SIGSTOP)
                os.waitpid(worker.pid, os.WUNTRACED)
                try:
                    file.execute('BEGIN IMMEDIATE')
                    file.execute('ROLLBACK')
                    return True
                except sqlite3.OperationalError:
                    worker.send_signal(signal.SIGCONT)
                    return False
            self.wait_until(is_stopped)

    def assert_done_once(self, effects):
        job = self.job('a')
        self.assertEqual((self.effects(), self.finished(), job['state'], job['attempt']), (effects, 1, 'done', 2))
        self.assertIn(' 1 lost ', job['history'])

    def test_a_worker_that_dies_before_it_has_told(self):
        """[twice-killed]"""
        work = 'echo effect >> effects; test $EDDY_JOB_ATTEMPT = 2 || kill -9 $PPID'
        first = self.work('--exec', work, '--lease', '1')
        self.enqueue('--id', 'a', 'work')
        self.assertEqual(first.wait(timeout=60), -signal.SIGKILL)
        self.wait_for_line(self.work('--exec', work), 'a  done')
        self.assert_done_once(effects=2)

    def test_a_worker_that_was_stopped(self):
        """[twice-stopped] [fence]"""
        first = self.work('--exec', self.WORK, '--lease', '1')
        self.enqueue('--id', 'a', 'work')
        self.begun()
        self.stop(first)
        second = self.work('--exec', self.WORK)
        self.begun()
        self.go_on(2)
        self.wait_for_line(second, 'a  done')
        self.go_on(1)
        self.wait_until(lambda: self.effects() == 2)
        first.send_signal(signal.SIGCONT)
        self.wait_for_line(first, 'a  lost')
        self.assert_done_once(effects=2)

    def test_what_has_left_its_group_outlives_a_killed_worker(self):
        """[twice-orphan]"""
        first = self.work('--exec', "exec setsid --wait sh -c '%s'" % self.WORK, '--lease', '1')
        self.enqueue('--id', 'a', 'work')
        self.begun()
        first.kill()
        second = self.work('--exec', self.WORK)
        self.begun()
        self.go_on(1)
        self.wait_until(lambda: self.effects() == 1)
        self.go_on(2)
        self.wait_for_line(second, 'a  done')
        self.assert_done_once(effects=2)


class Clocks(Commands):
    def check(self):
        """One whose clock is an hour ahead takes nothing too early, and one that is an hour behind nothing too late."""
        os.mkfifo(self.path('gate'))
        first = self.work('-c', '1', '--exec', 'echo progress 0.5 half >&2; read x < gate')
        self.enqueue('--id', 'long', 'slow')
        self.wait_for_line(first, 'long  begun')
        self.enqueue('--id', 'later', '--delay', '1000', 'work')
        for apart in '3600', '-3600':
            other = self.work('--exec', 'date +%s', LD_PRELOAD=self.preload, EDDY_TEST_CLOCK=apart)
            told = int(self.run_jobs('enqueue', '--wait', '--delay', '0.05', 'work'))
            job = self.job('later')
            self.assertGreater(abs(told - job['created']), 3000)  # its clock was apart indeed
            other.kill()
        self.check_who_looks()
        self.assertEqual(self.job('later')['state'], 'scheduled')
        job = self.job('long')
        self.assertEqual((job['state'], job['history']), ('running', ''))
        with open(self.path('gate'), 'w', encoding='ascii') as file:
            file.write('\n')
        self.wait_for_line(first, 'long  done')

    def check_who_looks(self):
        """What is seen of a job that was begun just now is of that time, whatever clock whoever looks has."""
        for apart in '3600', '-3600':
            with self.subTest(apart=apart):
                tail = self.start('tail', '--json', 'long', LD_PRELOAD=self.preload, EDDY_TEST_CLOCK=apart)
                events = iter(lambda: json.loads(tail.stdout.readline()), None)
                told = next(event for event in events if event['event'] == 'progress')
                self.assertLess(abs(told['time'] - self.job('long')['created']), 1000)
                page = self.start('web', '--port', '0', LD_PRELOAD=self.preload, EDDY_TEST_CLOCK=apart)
                browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
                url = re.search(r'http://\S+', page.stdout.readline()).group()
                ages = {url: r'slow</b>.*, for (?:[\d.]+ m?s|\d min),',
                        url.split('?')[0] + 'job?id=long': r'Runs for</dt><dd>(?:[\d.]+ m?s|\d min)<'}
                for target, age in ages.items():
                    with browser.open(target, timeout=PATIENCE) as answer:
                        self.assertRegex(answer.read().decode(), age)

    def test_who_follows_needs_no_clock(self):
        """What happens first is told where the one who follows is an hour ahead, or behind."""
        self.enqueue('--id', 'before', 'work')
        for apart in '3600', '-3600':
            with self.subTest(apart=apart):
                tail = self.start('tail', '--json', '-n', '1', LD_PRELOAD=self.preload, EDDY_TEST_CLOCK=apart)
                tail.stdout.readline()
                later = [self.enqueue('work')]
                while not select.select([tail.stdout], [], [], 0.1)[0]:
                    later.append(self.enqueue('work'))
                self.assertEqual(json.loads(tail.stdout.readline())['id'], later[0])

    def test_redis_has_the_clock(self):
        """[clock]"""
        self.store = Server(self).url
        self.check()

    def test_postgresql_has_the_clock(self):
        """[clock]"""
        self.postgres()
        self.check()


if __name__ == '__main__':
    commands.main('__main__')
