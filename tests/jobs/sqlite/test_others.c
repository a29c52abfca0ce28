/* A file that other processes write to, and a disk that is slow. */
#include "file.h"

#include "jobs/worker.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>

/* SQLite's own, of all connections of this process. */
static atomic_int sync_ms;

int fdatasync(int fd)
{
        usleep((useconds_t)atomic_load(&sync_ms) * 1000);
        return (int)syscall(SYS_fdatasync, fd);
}

/* Whoever waits for another process. */

static intptr_t join(eddy_task *task)
{
        intptr_t value;

        assert_int_equal(eddy_join(task, &value), 0);
        return value;
}

static intptr_t enqueue_one(void *jobs)
{
        return eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL);
}

COROUTINE_TEST(who_waits_for_another_process_may_be_interrupted)
{
        eddy_jobs *jobs = open_new_store();
        sqlite3 *beside = open_beside();
        eddy_task *task, *patient;

        run_beside(beside, "BEGIN IMMEDIATE");
        patient = eddy_create_task(enqueue_one, jobs);
        EDDY_TIMEOUT_SCOPE(eddy_ms(50))
                assert_int_equal(enqueue_one(jobs), EDDY_TIMEOUT);
        task = eddy_create_task(enqueue_one, jobs);
        assert_int_equal(eddy_sleep(eddy_ms(5)), 0);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_false(eddy_done(patient));
        run_beside(beside, "COMMIT");
        assert_int_equal(join(patient), 0);
        assert_int_equal(number_beside(beside, "SELECT count(*) FROM jobs"), 1);
        sqlite3_close(beside);
        close_store(jobs);
}

COROUTINE_TEST(another_process_that_goes_on_for_too_long_is_away)
{
        eddy_jobs *jobs, *other;
        sqlite3 *beside;

        eddy_jobs_close(open_new_store());
        assert_int_equal(eddy_jobs_open(&jobs, store_file, &(eddy_jobs_options){.patience = eddy_ms(60)}), 0);
        beside = open_beside();
        run_beside(beside, "BEGIN IMMEDIATE");
        assert_int_equal(enqueue_one(jobs), EDDY_EJOBSAWAY);
        assert_non_null(strstr(eddy_error_detail(), "another process"));
        assert_int_equal(eddy_jobs_open(&other, store_file, &(eddy_jobs_options){.patience = eddy_ms(60)}),
                         EDDY_EJOBSAWAY);
        EDDY_TIMEOUT_SCOPE(eddy_ms(50))
                assert_int_equal(eddy_jobs_open(&other, store_file, NULL), EDDY_TIMEOUT);
        assert_null(other);
        sqlite3_close(beside);
        close_store(jobs);
}

COROUTINE_TEST(many_who_wait_for_another_process_are_all_done_after_it)
{
        enum { MANY = 100 };
        eddy_jobs *jobs = open_new_store();
        sqlite3 *beside = open_beside();
        eddy_task *tasks[MANY];

        run_beside(beside, "BEGIN IMMEDIATE");
        for (int i = 0; i < MANY; i++)
                tasks[i] = eddy_create_task(enqueue_one, jobs);
        assert_int_equal(eddy_sleep(eddy_ms(60)), 0);
        for (int i = 0; i < MANY; i++)
                assert_false(eddy_done(tasks[i]));
        run_beside(beside, "COMMIT");
        for (int i = 0; i < MANY; i++)
                assert_int_equal(join(tasks[i]), 0);
        assert_int_equal(number_beside(beside, "SELECT count(*) FROM jobs"), MANY);
        sqlite3_close(beside);
        close_store(jobs);
}

static sqlite3 *holder;

/* Another process begins to write before the job is done. */
static int hold_and_end(eddy_job *job, void *worker)
{
        (void)job;
        run_beside(holder, "BEGIN IMMEDIATE");
        eddy_job_worker_stop(worker);
        return 0;
}

COROUTINE_TEST(a_worker_ends_though_another_process_writes)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_worker *worker;

        holder = open_beside();
        assert_int_equal(eddy_job_worker_create(&worker, jobs, NULL), 0);
        assert_int_equal(eddy_job_worker_handle(worker, "work", hold_and_end, worker), 0);
        worker->farewell = eddy_ms(50);
        enqueue(jobs, "a", (eddy_job_spec){0});
        EDDY_TIMEOUT_SCOPE(eddy_seconds(10)) /* sooner than the store's patience */
                assert_int_not_equal(eddy_job_worker_run(worker), EDDY_TIMEOUT);
        eddy_job_worker_destroy(worker);
        run_beside(holder, "COMMIT");
        assert_state(jobs, "a", EDDY_JOB_RUNNING); /* until its lease ends */
        sqlite3_close(holder);
        close_store(jobs);
}

/* Whoever listens to others. */

struct hearer {
        struct jobs_listener listener;
        eddy_event event;
};

static void hear(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        (void)name;
        if (hint == JOBS_HINT_WORK)
                eddy_event_set(&((struct hearer *)listener)->event);
}

COROUTINE_TEST(what_another_process_takes_long_to_write_is_heard_of)
{
        eddy_jobs *jobs = open_new_store(), *other = open_store();
        struct hearer hearer = {.listener.on_hint = hear};
        int rc = 0;

        eddy_event_init(&hearer.event);
        list_append(&jobs->listeners, &hearer.listener.link);
        assert_int_equal(jobs->engine->type->listen(jobs->engine), 0);
        assert_int_equal(eddy_yield(), 0);
        atomic_store(&sync_ms, 400);
        assert_int_equal(enqueue_one(other), 0);
        atomic_store(&sync_ms, 0);
        EDDY_TIMEOUT_SCOPE(eddy_seconds(4)) /* sooner than a worker looks by itself */
                rc = eddy_event_wait(&hearer.event);
        assert_int_equal(rc, 0);
        list_remove(&hearer.listener.link);
        eddy_event_finish(&hearer.event);
        eddy_jobs_close(other);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(who_waits_for_another_process_may_be_interrupted),
            cmocka_unit_test(another_process_that_goes_on_for_too_long_is_away),
            cmocka_unit_test(many_who_wait_for_another_process_are_all_done_after_it),
            cmocka_unit_test(a_worker_ends_though_another_process_writes),
            cmocka_unit_test(what_another_process_takes_long_to_write_is_heard_of),
        };

        setenv("EDDY_TEST_JOBS", "sqlite:", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
