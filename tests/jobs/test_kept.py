#!/usr/bin/env python3
"""What stores keep when processes, servers and machines fail: test_kept.py EDDY PRELOAD [TEST...]. Names in brackets are those of
docs/jobs.md."""

import os
import signal
import subprocess

import commands
from commands import Commands, Server, fail_power


class Sqlite(Commands):
    def test_what_was_answered_is_on_the_disk(self):
        """[sqlite-power] The power fails as soon as it is answered, while somebody has the file open."""
        synced = self.path('synced')
        os.mkdir(self.path('disk'))
        self.store = 'sqlite:' + self.path('disk/jobs.db')
        noted = {'LD_PRELOAD': self.preload, 'EDDY_TEST_SYNCED': synced}  # of each who writes
        worker = self.work('--exec', 'other=true', **noted)
        self.enqueue('--id', 'first', 'other', **noted)
        self.wait_for_line(worker, 'first  done')
        names = {self.enqueue('work', **noted) for _ in range(20)}
        worker.kill()
        worker.wait()
        self.assertGreater(os.path.getsize(self.path('disk/jobs.db-wal')), 0)
        fail_power(self.path('disk'), synced)
        self.assertLessEqual(names, set(self.jobs()))


class Redis(Commands):
    def serve(self, *args, **options):
        server = Server(self, *args, **options)
        self.store = server.url
        return server

    def test_always_loses_nothing_that_was_answered(self):
        """[redis-always] The power fails as soon as it is answered."""
        server = self.serve(appendonly='yes', appendfsync='always')
        names = {self.enqueue('work') for _ in range(20)}
        server.kill()
        fail_power(server.folder, server.synced)
        server.begin()
        self.assertEqual(set(self.jobs()), names)

    def test_everysec_loses_what_is_not_on_the_disk_yet(self):
        """[redis-everysec] [twice-forgotten] That a job was enqueued, and that others are done."""
        server = self.serve(appendonly='yes', appendfsync='everysec')
        names = {self.enqueue('work') for _ in range(3)}
        log = os.path.join(server.folder, 'appendonlydir/appendonly.aof.1.incr.aof')

        def is_synced():
            with open(server.synced, encoding='utf-8') as file:
                return '%d %s\n' % (os.path.getsize(log), log) in file.readlines()

        self.wait_until(is_synced)
        server.command('CONFIG', 'SET', 'appendfsync', 'no')  # the second goes on for as long as this test needs
        late = self.enqueue('--priority', '-1', 'work')
        self.wait_for_line(self.work('--exec', 'true', '-c', '1'), late + '  done')
        self.assertEqual({job['state'] for job in self.jobs().values()}, {'done'})
        server.kill()
        fail_power(server.folder, server.synced)
        server.begin()
        self.assertEqual(set(self.jobs()), names)
        for name in names:
            self.assertIn(name, self.run_jobs('enqueue', '--wait', '--id', name, 'work'))  # it is there already
            self.assertEqual(self.job(name)['attempt'], 1)

    def test_what_redis_has_written_survives_redis(self):
        """[redis-killed] With everysec, with no, and with always."""
        for policy in 'everysec', 'no', 'always':
            with self.subTest(policy=policy):
                server = self.serve(policy, appendonly='yes', appendfsync=policy)
                names = {self.enqueue('work') for _ in range(20)}
                self.wait_until(lambda: server.info('aof_pending_bio_fsync') == server.info('aof_buffer_length') == '0')
                server.kill()
                server.begin()
                self.assertEqual(set(self.jobs()), names)

    def test_while_the_disk_is_busy_less_is_written(self):
        """[redis-killed] What is answered while everysec's last turn goes on."""
        server = self.serve(appendonly='yes', appendfsync='everysec')
        with open(server.busy, 'w', encoding='ascii'):
            pass
        self.enqueue('work')
        self.wait_until(lambda: server.info('aof_pending_bio_fsync') == '1')
        name = self.enqueue('work')
        self.assertIn(name, self.jobs())
        while server.info('aof_buffer_length') == '0':
            name = self.enqueue('work')
            self.assertIn(name, self.jobs())
        server.kill()
        os.remove(server.busy)
        server.begin()
        self.assertNotIn(name, self.jobs())

    def test_no_leaves_it_to_the_system(self):
        """[redis-no]"""
        server = self.serve(appendonly='yes', appendfsync='no')
        names = {self.enqueue('work') for _ in range(20)}
        self.assertEqual(set(self.jobs()), names)
        server.kill()
        fail_power(server.folder, server.synced)
        server.begin()
        self.assertEqual(self.enqueue('--id', 'new', 'work'), 'new')  # there is no store any more, so it is made
        self.assertEqual(set(self.jobs()), {'new'})

    def test_without_persistence_all_is_gone(self):
        """[redis-nothing] And nobody waits for ever, and work goes on."""
        server = self.serve()
        worker = self.work('--exec', 'slow=sleep 1000', '--exec', 'quick=echo x', '--lease', '0.5')
        self.enqueue('--id', 'a', 'slow')
        self.wait_for_line(worker, 'a  begun')
        waiting = self.start('enqueue', '--wait', '--id', 'b', '--delay', '1000', 'slow')
        self.wait_until(lambda: len(self.jobs()) == 2)
        server.kill()
        server.begin()
        status, said = self.end(waiting)
        self.assertEqual(status, 1)
        self.assertIn('no such job', said)
        self.wait_for_line(worker, 'a  lost')
        self.enqueue('--wait', '--id', 'b', 'quick')
        self.assertEqual({name: job['state'] for name, job in self.jobs().items()}, {'b': 'done'})

    def test_with_dumps_what_came_since_the_last_one_is_gone(self):
        """[redis-dump]"""
        server = self.serve()
        names = {self.enqueue('work') for _ in range(3)}
        server.command('SAVE')
        self.enqueue('work')
        server.kill()
        server.begin()
        self.assertEqual(set(self.jobs()), names)

    def test_where_it_may_evict_jobs_are_gone(self):
        """[redis-evict]"""
        server = self.serve(maxmemory_policy='allkeys-random', maxmemory='3mb')
        names = [self.enqueue('work', 'x' * 100000) for _ in range(40)]
        self.assertGreater(int(server.info('evicted_keys')), 0)
        there = [server.command('EXISTS', '{eddy_jobs}:job:' + name) and server.command('EXISTS', '{eddy_jobs}:data:' + name) for name in names]
        self.assertIn(0, there)

    def test_a_replica_lacks_what_it_was_not_told(self):
        """[redis-failover] It is cut off from its master, which goes on, and takes its place."""
        master = self.serve()
        replica = Server(self, 'replica', replicaof='127.0.0.1 %d' % master.port)
        names = {self.enqueue('work') for _ in range(3)}
        self.wait_until(lambda: master.command('WAIT', '1', '1000') == 1)
        replica.command('REPLICAOF', 'NO', 'ONE')
        self.enqueue('work')
        master.kill()
        self.store = replica.url
        self.assertEqual(set(self.jobs()), names)

    def test_a_node_of_a_cluster_that_has_not_the_keys_says_so(self):
        """[redis-cluster] And all keys are one node's."""
        one, other = (self.serve(name, cluster_enabled='yes') for name in ('one', 'other'))
        other.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
        one.command('CLUSTER', 'MEET', '127.0.0.1', str(other.port), other.command('CONFIG', 'GET', 'cluster-port')[1])
        self.wait_until(lambda: 'cluster_state:ok' in one.command('CLUSTER', 'INFO'))
        self.assertEqual(self.enqueue('--id', 'a', '--key', 'ada', '--unique', 'mail', 'work', 'x' * 10000), 'a')
        slot = other.command('CLUSTER', 'KEYSLOT', '{eddy_jobs}')
        self.assertEqual(other.command('CLUSTER', 'COUNTKEYSINSLOT', str(slot)), other.command('DBSIZE'))
        self.store = one.url
        status, said = self.end(self.start('enqueue', 'work'))
        self.assertEqual(status, 1)
        self.assertIn('name that one', said)


    def test_a_sentinel_is_no_store(self):
        """[redis-sentinel]"""
        with open(self.path('sentinel.conf'), 'w', encoding='ascii'):
            pass
        self.serve(sentinel=None)
        status, said = self.end(self.start('enqueue', 'work'))
        self.assertEqual(status, 1)
        self.assertRegex(said, '(?i)sentinel')


class PostgreSQL(Commands):
    def setUp(self):
        super().setUp()
        self.server = self.postgres()

    def test_what_was_answered_survives_its_crash(self):
        """[postgres-killed] Of all its processes at once."""
        names = {self.enqueue('work') for _ in range(20)}
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.communicate()
        self.server.begin()
        self.assertEqual(set(self.jobs()), names)

    def test_how_it_commits_is_its_own_to_say(self):
        """[postgres-power] Nothing of the store's, and nothing in its sessions, says how; and by default a commit is on the disk."""
        self.enqueue('work')
        self.assertEqual(self.ask("SELECT count(*) FROM pg_proc WHERE array_to_string(proconfig, ' ') ~ 'synchronous_commit|fsync'"), '0')
        self.assertEqual(self.ask('SHOW synchronous_commit'), 'on')
        self.ask("ALTER SYSTEM SET wal_writer_delay = '10s'")
        self.ask('SELECT pg_reload_conf()')
        self.assertGreater(self.flushed().count('t'), 7)  # it may be writing something of its own
        self.ask('ALTER ROLE tester SET synchronous_commit = off')
        self.assertLess(self.flushed().count('t'), 3)

    def flushed(self):
        """Whether all is on the disk when a job's enqueueing is answered, ten times."""
        answers = []
        for _ in range(10):
            self.enqueue('work')
            answers.append(self.ask('SELECT pg_current_wal_flush_lsn() = pg_current_wal_insert_lsn()'))
        return answers

    def ask(self, sql):
        said = subprocess.run([self.server.programs / 'psql', '-AtqX', '-h', self.server.folder, '-U', 'tester', '-c', sql, 'postgres'],
                              stdout=subprocess.PIPE, text=True, check=True, cwd='/', timeout=60)
        return said.stdout.strip()


if __name__ == '__main__':
    commands.main('__main__')
