/* Each function of a store in a file where memory, the system or the caller's patience fails it at any point: it says so, nothing is lost or leaked,
 * and the same again succeeds. */
#include "file.h"

#include <stdlib.h>

static eddy_jobs *jobs;

static int do_enqueue(void)
{
        eddy_job_spec specs[12];
        eddy_job_added added[12];

        for (int i = 0; i < 12; i++)
                specs[i] = (eddy_job_spec){.kind = "work", .unique = "one", .payload = "x", .size = 1};
        return eddy_jobs_enqueue_many(jobs, specs, 12, added);
}

static int do_turn(void)
{
        struct turn turn = {.turn = {.most = 2, .outcome_count = 1}};
        int rc;

        turn.outcomes[0] = (struct jobs_outcome){
            .id = "a", .fence = 1, .verdict = JOBS_DONE, .words = {.progress = 1, .note = "x", .log = "y\n"}};
        rc = run_turn(jobs, &turn);
        if (rc < 0)
                assert_int_equal(turn.turn.taken_count, 0);
        drop(&turn);
        return rc;
}

static int do_renew(void)
{
        struct jobs_lease lease = {.id = "b", .fence = 1, .words = {.progress = 0.5, .note = "half"}};

        return jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60));
}

static int do_get(void)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(jobs, "b", &info);

        assert_true((info == NULL) == (rc < 0));
        eddy_free(info);
        return rc;
}

static int do_list(void)
{
        eddy_job_list list;
        int rc = eddy_jobs_list(jobs, NULL, &list);

        eddy_job_list_free(&list);
        return rc;
}

static int do_act(void)
{
        return eddy_jobs_cancel(jobs, "b");
}

static int do_set(void)
{
        return eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.rate = 1000});
}

static int do_queues(void)
{
        eddy_job_queue *queues;
        size_t n;
        int rc = eddy_jobs_queues(jobs, &queues, &n);

        eddy_free(queues);
        return rc;
}

static int do_sweep(void)
{
        return jobs->engine->type->sweep(jobs->engine);
}

static int do_follow(void)
{
        return jobs->engine->type->follow(jobs->engine, "b");
}

static int do_listen(void)
{
        return jobs->engine->type->listen(jobs->engine);
}

static int do_open(void)
{
        eddy_jobs *other;
        int rc = eddy_jobs_open(&other, store_file, NULL);

        assert_true((other == NULL) == (rc < 0));
        eddy_jobs_close(other);
        return rc;
}

static int do_set_cron(void)
{
        return eddy_jobs_set_cron(
            jobs, &(eddy_job_cron){.name = "tick", .expression = "* * * * *", .spec.kind = "work"});
}

static int (*const functions[])(void) = {do_open,   do_enqueue, do_turn,    do_renew,  do_get,
                                         do_list,   do_act,     do_set,     do_queues, do_sweep,
                                         do_follow, do_listen,  do_set_cron};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void begin(void)
{
        jobs = open_new_store();
        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_takes(jobs, "a b");
}

COROUTINE_TEST(the_nth_use_of_memory_or_system_fails)
{
        for (int i = 0; i < FUNCTIONS; i++) {
                begin();
                for (unsigned long nth = 1, uses = nth; uses >= nth; nth++) {
                        fault_arm(nth, 1);
                        functions[i]();
                        uses = fault_uses();
                        fault_arm(0, 0);
                }
                assert_true(functions[i]() >= 0);
                close_store(jobs);
        }
}

struct victim {
        int (*function)(void);
        eddy_task *task;
};

static intptr_t run_victim(void *arg)
{
        return ((struct victim *)arg)->function();
}

/* Cancel a function's caller after so many turns of the loop: whether it was done before that. */
static bool cancel_after(int (*function)(void), int turns)
{
        struct victim victim = {.function = function};
        bool was_done;
        intptr_t rc;

        victim.task = eddy_create_task(run_victim, &victim);
        for (int n = 0; n < turns; n++)
                assert_int_equal(eddy_yield(), 0);
        was_done = eddy_done(victim.task);
        eddy_cancel(victim.task);
        assert_int_equal(eddy_join(victim.task, &rc), 0);
        assert_true(rc >= 0 || rc == EDDY_CANCELLED);
        return was_done;
}

COROUTINE_TEST(the_caller_is_cancelled_at_any_time)
{
        for (int i = 0; i < FUNCTIONS; i++) {
                begin();
                for (int turns = 0; turns < 200 && !cancel_after(functions[i], turns); turns++)
                        ;
                assert_true(functions[i]() >= 0);
                close_store(jobs);
        }
}

COROUTINE_TEST(and_while_another_process_writes)
{
        for (int i = 0; i < FUNCTIONS; i++) {
                sqlite3 *beside;
                begin();
                beside = open_beside();
                run_beside(beside, "BEGIN IMMEDIATE");
                for (int turns = 0; turns < 12; turns++)
                        cancel_after(functions[i], turns);
                run_beside(beside, "COMMIT");
                assert_true(functions[i]() >= 0);
                sqlite3_close(beside);
                close_store(jobs);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_nth_use_of_memory_or_system_fails),
            cmocka_unit_test(the_caller_is_cancelled_at_any_time),
            cmocka_unit_test(and_while_another_process_writes),
        };

        setenv("EDDY_TEST_JOBS", "sqlite:", 1);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
