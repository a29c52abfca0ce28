#!/usr/bin/env python3
"""That check.py sees what it is to see: each test is a chaos of two jobs in which one thing is not as it should be."""
import contextlib
import io
import os
import tempfile
import unittest

from check import check

GOOD = """begin j0 1 1 1000000
effect j0 1 1 1010000
begin j0 2 2 3000000
effect j0 2 2 3010000
effect j0 1 1 3015000
done j0 1 1 3020000
done j0 2 2 3030000
begin j1 1 1 3040000
effect j1 1 1 3050000
done j1 1 1 3060000
"""


def job(name, attempt, **others):
    return {'id': name, 'state': 'done', 'key': 'k', 'attempt': attempt, 'history': '', 'created': 0.5, 'finished': 3.05, **others}


class Check(unittest.TestCase):
    def setUp(self):
        # j0's first run was lost, and went on beside the second.
        self.jobs = [job('j0', 2, history='2000000 1 lost one\n'), job('j1', 1, finished=3.07)]
        self.lines, self.added, self.cancelled = GOOD, {'j0', 'j1'}, set()

    def check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'effects')
            with open(path, 'w', encoding='ascii') as file:
                file.write(self.lines)
            with contextlib.redirect_stdout(io.StringIO()) as said:
                check(self.jobs, self.added, self.cancelled, path, 0)
        return said.getvalue()

    def bad(self, words):
        with self.assertRaisesRegex(AssertionError, words):
            self.check()

    def test_a_lost_run_may_go_on(self):
        self.assertIn('2 done; 3 runs, 3 effects, 1 lost leases, 1 lost runs beside', self.check())

    def test_a_run_that_was_not_lost_may_not(self):
        self.jobs[0]['history'] = ''
        self.bad('j0 under fence 1 and j0 under fence 2 at once')

    def test_a_job_that_is_gone(self):
        self.added.add('j2')
        self.bad("lost: {'j2'}")

    def test_a_job_from_nowhere(self):
        self.added.remove('j1')
        self.bad("from nowhere: {'j1'}")

    def test_a_job_that_is_not_done(self):
        self.jobs[1]['state'] = 'cancelled'
        self.bad("'cancelled'")

    def test_a_job_that_was_cancelled(self):
        self.jobs[1]['state'] = 'cancelled'
        self.cancelled = {'j1'}
        self.check()

    def test_a_job_that_nobody_did(self):
        self.lines = ''.join(line + '\n' for line in GOOD.splitlines() if 'j1' not in line)
        self.bad('nobody has done j1')

    def test_a_job_without_its_effect(self):
        self.lines = GOOD.replace('effect j1 1 1 3050000\n', '')
        self.bad('j1 under fence 1 completed it')

    def test_a_job_that_an_older_fence_completed(self):
        self.lines = GOOD.replace('done j0 2', 'failed j0 2')
        self.bad('j0 under fence 2 completed it, and is at failed')

    def test_a_fence_of_two(self):
        self.lines = GOOD.replace('begin j1 1', 'begin j0 1 1 3\nbegin j1 1')
        self.bad('j0 began twice under fence 1')

    def test_a_key_out_of_order(self):
        lines = GOOD.splitlines(keepends=True)
        self.lines = ''.join(lines[-3:] + lines[:-3])
        self.bad('j1 under fence 1 began before j0 under fence 2 had ended')

    def test_a_key_whose_next_job_begins_before_the_end(self):
        self.lines = GOOD.replace('begin j1 1 1 3040000\n', '').replace('done j0 2', 'begin j1 1 1 3040000\ndone j0 2')
        self.bad('j1 under fence 1 began before')

    def test_two_of_a_key_that_is_yielded(self):
        self.lines = GOOD.replace('j', 'y').replace('begin y1 1 1 3040000\n', '').replace('done y0 2', 'begin y1 1 1 3040000\ndone y0 2')
        self.jobs = [{**one, 'id': one['id'].replace('j', 'y')} for one in self.jobs]
        self.added = {'y0', 'y1'}
        self.bad('y0 under fence 2 and y1 under fence 1 at once')

    def test_a_pause_that_was_too_short(self):
        self.lines = 'begin j1 1 1 1000000\nfailed j1 1 1 1010000\nbegin j1 2 2 1011000\neffect j1 2 2 1012000\ndone j1 2 2 1020000\n'
        self.jobs, self.added = [job('j1', 2)], {'j1'}
        self.bad('j1 under fence 2 came 0.001000 s after')

    def test_a_delay_that_was_not_kept(self):
        self.lines = GOOD.replace('j1', 'd7')
        self.jobs[1].update(id='d7', created=3.0)
        self.added = {'j0', 'd7'}
        self.bad('d7 is due at')

    def test_two_of_one_unique_name(self):
        for one in self.jobs:
            one['unique'] = 'u'
        self.bad('at once')

    def test_a_moment_that_never_came(self):
        self.jobs += [job('cron:tick:2026-01-01T00:00:0%dZ' % second, 1, key=str(second)) for second in (0, 4)]
        self.lines += ''.join('%s cron:tick:2026-01-01T00:00:0%dZ 1 1 4000000\n' % (what, second) for second in (0, 4)
                              for what in ('begin', 'effect', 'done'))
        self.bad('none came before cron:tick:2026-01-01T00:00:04Z')

    def test_one_that_kills_its_workers_is_dead(self):
        self.jobs[1].update(id='p1', state='dead', attempt=3, history='1 1 lost a\n2 2 lost b\n3 3 lost c\n')
        self.lines, self.added = ''.join(GOOD.splitlines(keepends=True)[:-3]), {'j0', 'p1'}
        self.check()
        self.jobs[1]['history'] = '1 1 lost a\n'
        self.bad("'p1'")


if __name__ == '__main__':
    unittest.main()
