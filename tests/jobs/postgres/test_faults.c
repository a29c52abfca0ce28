/* Each function of a store in PostgreSQL where memory, the system or the caller's patience fails it at any point: it says so, nothing is lost or leaked,
 * and the same again succeeds. */
#include "helpers.h"

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
        struct turn turn = {.turn.outcome_count = 1};
        int rc;

        turn.outcomes[0] = (struct jobs_outcome){
            .id = "a", .fence = 1, .verdict = JOBS_DONE, .words = {.progress = 1, .note = "x", .log = "y\n"}};
        rc = run_turn(jobs, &turn, "worker", 2);
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
        eddy_jobs_options options = {.prefix = own_schema(), .patience = eddy_seconds(10)};
        eddy_jobs *other;
        int rc = eddy_jobs_open(&other, own_url(), &options);

        assert_true((other == NULL) == (rc < 0));
        eddy_jobs_close(other);
        return rc;
}

static int do_enqueue_within(void)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_connect(&pg, server.conninfo);

        if (rc == 0)
                rc = eddy_jobs_enqueue_postgres(jobs, pg, &(eddy_job_spec){.kind = "work"}, 1, NULL);
        eddy_postgres_destroy(pg);
        return rc;
}

static int (*const functions[])(void) = {do_open,   do_enqueue, do_turn,          do_renew,  do_get,
                                         do_list,   do_act,     do_set,           do_queues, do_sweep,
                                         do_follow, do_listen,  do_enqueue_within};

enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void begin(void)
{
        struct turn turn = {0};

        schema_number++;
        jobs = open_with((eddy_jobs_options){.patience = eddy_seconds(10)});
        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(run_turn(jobs, &turn, "worker", 2), 0);
        assert_int_equal(turn.turn.taken_count, 2);
        drop(&turn);
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
                eddy_jobs_close(jobs);
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

COROUTINE_TEST(the_caller_is_cancelled_at_any_time)
{
        for (int i = 0; i < FUNCTIONS; i++) {
                begin();
                bool was_done = false;
                for (int turns = 0; turns < 200 && !was_done; turns += 1 + turns / 2) {
                        struct victim victim = {.function = functions[i]};
                        victim.task = eddy_create_task(run_victim, &victim);
                        for (int n = 0; n < turns; n++)
                                assert_int_equal(eddy_yield(), 0);
                        was_done = eddy_done(victim.task);
                        eddy_cancel(victim.task);
                        intptr_t rc = join(victim.task);
                        assert_true(rc >= 0 || rc == EDDY_CANCELLED);
                }
                assert_true(functions[i]() >= 0);
                eddy_jobs_close(jobs);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_nth_use_of_memory_or_system_fails),
            cmocka_unit_test(the_caller_is_cancelled_at_any_time),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
