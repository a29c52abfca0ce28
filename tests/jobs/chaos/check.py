"""What must hold when the chaos is over, of what the store has and of what the workers wrote down.

A run is what one worker did of a job under one fence; runs are in the order of what they wrote, which for one machine's file is the order
of time. A run is *lost* where the store says so: its lease ended, and a later fence has the job. At least once means that a lost run may
go on: its process was stopped, or cut off. It is the one thing that is allowed here. In particular

- a fence is one run's: no two workers, and none twice, were given a job under the same;
- what completed a job is the run with its last fence, from its beginning to its effect and its end;
- order within a key: that run has ended before anything of the key's next job begins, even a run that is lost later;
- never two of one key at once: of two runs that overlap one is lost. That two which are *not* lost never overlap is the whole of the
  promise; how long a lost one goes on beside its successor is nothing that the store could bound.
"""
import collections

SLACK = 0.1  # s, between two clocks of one machine
BACKOFF, SNOOZE = 0.02, 0.02  # s, as worker.c has them
TICK = 2


class Run:
    """What one worker did of a job."""

    def __init__(self, job, fence, attempt, begun, place):
        self.job, self.fence, self.attempt, self.begun, self.place = job, fence, attempt, begun, place
        self.has_effect, self.end, self.ended, self.end_place = False, None, None, float('inf')

    def __repr__(self):
        return '%s under fence %d' % (self.job, self.fence)


def read_runs(path):
    """{id: its runs by fence}"""
    runs = collections.defaultdict(dict)
    with open(path, encoding='ascii') as file:
        for place, line in enumerate(file):
            what, job, *numbers = line.split()
            fence, attempt, time = map(int, numbers)
            if what == 'begin':
                assert fence not in runs[job], '%s began twice under fence %d' % (job, fence)
                runs[job][fence] = Run(job, fence, attempt, time / 1e6, place)
                continue
            run = runs[job][fence]
            assert run.end is None, '%r: %s after its end' % (run, what)
            if what == 'effect':
                run.has_effect = True
            else:
                run.end, run.ended, run.end_place = what, time / 1e6, place
    return {job: dict(sorted(by_fence.items())) for job, by_fence in runs.items()}


def lines(job, what):
    """Attempts that the history has a line of this kind of."""
    found = (line.split() for line in job['history'].splitlines())
    return [int(words[1]) for words in found if len(words) > 2 and words[2] == what]


class Check:
    """All of it."""

    def __init__(self, found, runs, offset):
        self.found = {job['id']: job for job in found}
        assert len(self.found) == len(found), 'a job is listed twice'
        self.runs, self.offset = runs, offset  # from the monotonic clock to the store's

    def is_lost(self, run):
        return run.attempt in lines(self.found[run.job], 'lost') and (
            run.fence < max(self.runs[run.job]) or self.found[run.job]['state'] != 'done')

    def states(self, added, cancelled):
        """Each is there, and what it should be."""
        ticks = {job for job in self.found if job.startswith('cron:')}
        assert set(self.found) - ticks == added, 'lost: %s, from nowhere: %s' % (
            added - set(self.found), set(self.found) - ticks - added)
        for name, job in self.found.items():
            states = {'dead' if name.startswith('p') else 'done'} | ({'cancelled'} if name in cancelled else set())
            assert job['state'] in states, job
        return ticks

    def completed(self):
        """Once as the store has it, by a run that was whole."""
        for name, job in self.found.items():
            if job['state'] == 'dead':
                assert len(lines(job, 'lost')) == 3 == job['attempt'], job
            if job['state'] != 'done':
                continue
            run = next(reversed(self.runs.get(name, {0: None}).values()))
            assert run, 'nobody has done %s' % name
            assert run.has_effect and run.end == 'done', '%r completed it, and is at %s' % (run, run.end)
            assert run.attempt == job['attempt'], '%r was attempt %d: %s' % (run, run.attempt, job)

    def order(self):
        """Of each key that is not yielded."""
        last = {}
        for name in sorted((name for name in self.found if name.startswith('j')), key=lambda name: int(name[1:])):
            job, runs = self.found[name], self.runs.get(name, {})
            if job['state'] != 'done':
                continue
            before = last.get(job['key'])
            first = min(runs.values(), key=lambda run: run.place)
            if before:
                assert before.end_place < first.place, '%r began before %r had ended' % (first, before)
                assert self.found[before.job]['finished'] <= job['finished'], 'the store has %s before %s' % (name, before.job)
            last[job['key']] = runs[max(runs)]

    def alone(self):
        """Never two of one key at once: how many did overlap, with one that was lost."""
        by_key, overlaps = collections.defaultdict(list), 0
        for name, runs in self.runs.items():
            by_key[self.found[name].get('key', name)] += runs.values()  # each job is alone, too
        for runs in by_key.values():
            going_on = []
            for run in sorted(runs, key=lambda run: run.place):
                going_on = [one for one in going_on if one.end_place > run.place]
                for one in going_on:
                    assert self.is_lost(one) or self.is_lost(run), '%r and %r at once' % (one, run)
                    overlaps += one.end is not None  # or it was killed, nobody knows when
                going_on.append(run)
        return overlaps

    def times(self):
        """Delays, and pauses before another attempt."""
        for name, runs in self.runs.items():
            job, runs = self.found[name], list(runs.values())
            if name.startswith('d'):
                due = job['created'] + int(name[1:]) * 97 % 3000 / 1000
                assert runs[0].begun + self.offset > due - SLACK, '%s is due at %f and began at %f' % (
                    name, due, runs[0].begun + self.offset)
            for run, after in zip(runs, runs[1:]):
                pause = {'failed': BACKOFF * 2 ** (run.attempt - 1) * 0.8, 'snoozed': SNOOZE}.get(run.end, 0)
                if not self.is_lost(run) and pause:
                    assert after.begun >= run.ended + pause, '%r came %f s after %r' % (after, after.begun - run.ended, run)

    def unique(self):
        """No two of one name unfinished at a time."""
        spans = collections.defaultdict(list)
        for job in self.found.values():
            if 'unique' in job:
                spans[job['unique']].append((job['created'], job['finished'], job['id']))
        for of_name in spans.values():
            of_name.sort()
            for before, after in zip(of_name, of_name[1:]):
                assert before[1] <= after[0], '%s and %s at once' % (before[2], after[2])

    @staticmethod
    def schedule(ticks):
        """Each time once; its ids say so where none is missing."""
        moments = sorted(ticks)
        seconds = [sum(int(part) * unit for part, unit in zip(tick[-9:-1].split(':'), (3600, 60, 1))) for tick in moments]
        for before, after, name in zip(seconds, seconds[1:], moments[1:]):
            assert (after - before) % 86400 == TICK, 'none came before %s' % name


def check(found, added, cancelled, path, offset):
    """What must hold in the end, [done] [takeover] as docs/jobs.md calls it: of the store's jobs, those that who enqueued was told of, those
    that somebody asked to cancel, and the file."""
    it = Check(found, read_runs(path), offset)
    ticks = it.states(added, cancelled)
    it.completed()
    it.order()
    overlaps = it.alone()
    it.times()
    it.unique()
    it.schedule(ticks)
    states = collections.Counter(job['state'] for job in found)
    runs = [run for by_fence in it.runs.values() for run in by_fence.values()]
    print('%s; %d runs, %d effects, %d lost leases, %d lost runs beside their successors, %d ticks' % (
        ', '.join('%d %s' % (n, state) for state, n in sorted(states.items())), len(runs), sum(run.has_effect for run in runs),
        sum(len(lines(job, 'lost')) for job in found), overlaps, len(ticks)), flush=True)
