#!/usr/bin/env python3
"""Jobs while everything goes wrong: chaos.py EDDY WORKER ENGINE [JOBS [SEED]]. Workers are killed, and stopped for longer than their
leases, and who enqueues is killed too; where network namespaces are permitted each worker is on a machine of its own, whose cable is
pulled; with libfaketime their clocks are hours and days apart; connections are cut and delayed; the store is killed and started again;
jobs are cancelled. check.py says what must hold in the end."""
import collections
import contextlib
import glob
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from namespaces import Machines  # pylint: disable=wrong-import-position
from check import check  # pylint: disable=wrong-import-position
from engines import ENGINES  # pylint: disable=wrong-import-position

WORKERS, KEYS, AGAIN = 3, 20, 50
PATIENCE, TOLD_EACH = 120, 10  # s
CLOCKS = '', '+1h', '-1d', '+2d'
UNFINISHED = 'scheduled', 'held', 'ready', 'running'


def machines():
    """None: there are none, since ... """
    try:
        return Machines(WORKERS), 'workers on machines of their own'
    except OSError as error:
        return None, 'workers as processes of one machine: %s' % error


def clocks():
    """What sets a process's wall clock: its environment for one of CLOCKS."""
    library = next(iter(glob.glob('/usr/lib*/faketime/libfaketime.so.1') + glob.glob('/usr/lib/*/faketime/libfaketime.so.1')), None)
    if not library:
        return None, 'one clock: no libfaketime'

    def environment(clock):
        return {**os.environ, 'LD_PRELOAD': library, 'FAKETIME': clock, 'FAKETIME_DONT_FAKE_MONOTONIC': '1',
                'DONT_FAKE_MONOTONIC': '1'} if clock else None

    tried = subprocess.run([WORKER], env=environment('+1h'), stderr=subprocess.DEVNULL, check=False)
    return (environment, 'clocks set apart') if tried.returncode == 2 else (None, 'one clock: the worker has a sanitizer')


class Chaos:
    """Workers and who enqueues, and what befalls them."""

    def __init__(self, engine, folder, jobs, seed, network, clock):
        self.engine, self.network, self.clock = engine, network, clock
        self.effects, self.told = os.path.join(folder, 'effects'), os.path.join(folder, 'told')
        self.chance, self.jobs = random.Random(seed), jobs
        self.blows, self.cancelled = collections.Counter(), set()
        self.stopped, self.unplugged, self.lock = {}, {}, threading.Lock()  # until when
        self.workers = [self.begin(n) for n in range(WORKERS)]
        self.enqueuer = self.begin_enqueuer()
        threading.Thread(target=self.recover_in_time, daemon=True).start()

    def start(self, command, output):
        clock = self.chance.choice(CLOCKS)
        # pylint: disable=consider-using-with
        return subprocess.Popen(command, stdout=output, env=self.clock(clock) if self.clock else None)

    def begin(self, n):
        machine = self.network.on(n) if self.network else []
        return self.start([*machine, WORKER, self.engine.url, self.effects], subprocess.DEVNULL)

    def begin_enqueuer(self):
        """Again, if it has to, from some of those on that it has said already."""
        machine = self.network.on(0) if self.network else []
        with open(self.told, 'a+', encoding='ascii') as told:
            told.seek(0)
            first = max(0, max((int(line.split()[1][1:]) for line in told), default=0) - AGAIN)
            return self.start([*machine, WORKER, self.engine.url, 'enqueue', str(first), str(self.jobs), str(KEYS)], told)

    def added(self):
        with open(self.told, encoding='ascii') as file:
            return {line.split()[1] for line in file if line.startswith('added ') and line.endswith('\n')}

    def recover(self, now):
        """What is over by then."""
        with self.lock:
            for worker in [worker for worker, until in self.stopped.items() if until < now]:
                worker.send_signal(signal.SIGCONT)
                del self.stopped[worker]
            for n in [n for n, until in self.unplugged.items() if until < now]:
                self.network.plug(n, True)
                del self.unplugged[n]

    def recover_in_time(self):
        """Whatever else is waited for: it may wait for one that is stopped, and has a file's lock."""
        while True:
            self.recover(time.monotonic())
            time.sleep(0.05)

    def replace(self, n):
        with self.lock:
            self.stopped.pop(self.workers[n], None)
            self.workers[n].kill()
            self.workers[n].wait()
        self.workers[n] = self.begin(n)

    def mourn(self):
        """Those that a job has killed."""
        for n, worker in enumerate(self.workers):
            if worker.poll() is not None:
                assert worker.returncode == -signal.SIGKILL, 'a worker has ended by itself, with %d' % worker.returncode
                self.blows['poison'] += 1
                self.replace(n)

    def cancel(self):
        added = sorted(self.added())
        if added:
            name = self.chance.choice(added)
            self.cancelled.add(name)
            subprocess.run([EDDY, 'jobs', 'cancel', name, '--store', self.engine.direct], stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False, timeout=60)

    def hurt(self):
        """One thing goes wrong."""
        self.mourn()
        now, n, blow = time.monotonic(), self.chance.randrange(WORKERS), self.chance.random()
        if blow < 0.15:
            self.blows['kill'] += 1
            self.replace(n)
        elif blow < 0.3:
            self.blows['stop'] += 1
            with self.lock:
                self.workers[n].send_signal(signal.SIGSTOP)
                self.stopped[self.workers[n]] = now + self.chance.uniform(0.5, 3)
        elif blow < 0.33:
            self.blows['cancel'] += 1
            self.cancel()
        elif blow < 0.34:
            if self.enqueuer.poll() is None:
                self.blows['enqueuer'] += 1
                self.enqueuer.kill()
                self.enqueuer.wait()
                self.enqueuer = self.begin_enqueuer()
        elif blow < 0.38 and self.network:
            self.blows['cable'] += 1
            with self.lock:
                self.network.plug(n, False)
                self.unplugged[n] = now + self.chance.uniform(0.3, 3)
        else:
            self.blows[self.engine.hurt(self.chance) or 'pause'] += 1

    def calm(self):
        """Let them end what they do."""
        self.recover(float('inf'))
        for worker in self.workers:
            worker.terminate()
        return [worker.wait(timeout=60) for worker in self.workers]

    def kill(self):
        for process in [*self.workers, self.enqueuer]:
            process.kill()
            process.wait()


def ask(engine, *arguments):
    """What the command says; nothing, where the store is not there."""
    said = subprocess.run([EDDY, 'jobs', *arguments, '--json', '--store', engine.direct], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, timeout=120).stdout
    return [json.loads(line) for line in said.splitlines()]


class Progress:
    """How far it is, told now and then; that nothing is done any more is an error."""

    def __init__(self, chaos):
        self.chaos, self.begun = chaos, time.monotonic()
        self.finished, self.moved, self.told, self.queue = 0, self.begun, self.begun, {}

    def look(self):
        """How many jobs are unfinished."""
        self.queue = next(iter(ask(self.chaos.engine, 'stats')), self.queue)
        now, finished = time.monotonic(), self.queue.get('finished', 0)
        if finished > self.finished:
            self.finished, self.moved = finished, now
        assert now - self.moved < PATIENCE, 'nothing is done any more: %s' % self.queue
        if now - self.told >= TOLD_EACH:
            self.told = now
            print('%4d s: %d of %d; %s' % (now - self.begun, finished, self.chaos.jobs, self.blows()), flush=True)
        return sum(self.queue.get(state, self.chaos.jobs) for state in UNFINISHED)

    def blows(self):
        return ', '.join('%s %d' % blow for blow in sorted(self.chaos.blows.items()))


def go_on(chaos, progress, is_over):
    """Blows, until something is so."""
    looked = 0
    while True:
        chaos.hurt()
        time.sleep(0.1)  # a blow now and then
        if time.monotonic() - looked > 0.5:
            looked = time.monotonic()
            if is_over(progress.look()):
                return


def run(chaos):
    progress = Progress(chaos)
    offset = time.time() - time.monotonic()
    try:
        go_on(chaos, progress, lambda _: chaos.enqueuer.poll() is not None)
        assert chaos.enqueuer.returncode == 0, 'who enqueues has ended with %d' % chaos.enqueuer.returncode
        go_on(chaos, progress, lambda unfinished: unfinished < WORKERS)
        subprocess.run([EDDY, 'jobs', 'cron', '--remove', 'tick', '--store', chaos.engine.direct], check=True, timeout=60)
        go_on(chaos, progress, lambda unfinished: unfinished == 0)
        assert set(chaos.calm()) <= {0, -signal.SIGTERM}  # the latter of one that had hardly begun
        found = ask(chaos.engine, 'list', '-n', str(2 * chaos.jobs + 100000))
        queue, = ask(chaos.engine, 'stats')
        assert queue['finished'] == len(found), 'not all were finished once: %s' % queue
        print('%4d s: %s' % (time.monotonic() - progress.begun, progress.blows()), flush=True)
        check(found, chaos.added(), chaos.cancelled, chaos.effects, offset)
    finally:
        chaos.kill()


def main():
    name, jobs, seed = sys.argv[3], *map(int, sys.argv[4:]), *(1000, int(time.time()))[len(sys.argv) - 4:]
    kind = ENGINES[name]
    network, place = machines() if kind.has_network else (None, 'a file of one machine')
    clock, said = clocks() if kind.has_clock else (None, 'one clock: it is the store\'s')
    print('%s: %d jobs, seed %d; %s; %s' % (name, jobs, seed, place, said), flush=True)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if network:
            stack.callback(network.close)
        engine = kind(folder, network.listen() if network else socket.create_server(('127.0.0.1', 0)))
        stack.callback(engine.stop)
        run(Chaos(engine, folder, jobs, seed, network, clock))


if __name__ == '__main__':
    EDDY, WORKER = map(os.path.abspath, sys.argv[1:3])
    main()
