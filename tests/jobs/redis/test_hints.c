/* What a store in Redis says unasked: whenever there is something to take, and nothing where there is not. */
#include "redis_store.h"

#include "jobs/engine.h"

extern const struct jobs_engine_type eddy_jobs_engine_redis;

/* A store of jobs beside an engine that listens. */
struct world {
        eddy_redis *beside;
        eddy_jobs *jobs;
        struct jobs_engine *engine;
        char heard[512]; /* "work default, cancel a" and so on */
        bool was_in_task;
};

static void note_hint(void *arg, enum jobs_hint hint, const char *name)
{
        static const char *const kinds[] = {[JOBS_HINT_WORK] = "work",
                                            [JOBS_HINT_FINISHED] = "finished",
                                            [JOBS_HINT_CANCEL] = "cancel",
                                            [JOBS_HINT_ANY] = "any"};
        struct world *world = arg;
        size_t size = strlen(world->heard);

        world->was_in_task |= eddy_current_task() != NULL;
        snprintf(world->heard + size, sizeof world->heard - size, "%s%s%s%s", size ? ", " : "", kinds[hint],
                 name ? " " : "", name ? name : "");
}

static void open_world(struct world *world)
{
        char url[64];

        *world = (struct world){.beside = connect_beside()};
        world->jobs = open_with(server.port, (eddy_jobs_options){0});
        snprintf(url, sizeof url, "redis://127.0.0.1:%u/0", server.port);
        assert_int_equal(
            eddy_jobs_engine_redis.open(&world->engine, url,
                                        &(eddy_jobs_options){.prefix = "test", .patience = eddy_seconds(10)},
                                        note_hint, world),
            0);
        assert_int_equal(world->engine->type->listen(world->engine), 0);
        assert_int_equal(world->engine->type->listen(world->engine), 0);
}

static void close_world(struct world *world)
{
        assert_false(world->was_in_task);
        world->engine->type->close(world->engine);
        eddy_jobs_close(world->jobs);
        eddy_redis_destroy(world->beside);
}

/* That these hints have come since the last time and no others: one of the test's own comes behind them. */
static void assert_hears(struct world *world, const char *hints)
{
        char *end = NULL;

        assert_runs(world->beside, NULL, "PUBLISH {test}:work end");
        until((end = strstr(world->heard, "work end")));
        *end = '\0';
        if (end > world->heard)
                end[-2] = '\0';
        assert_string_equal(world->heard, hints);
        world->heard[0] = '\0';
}

COROUTINE_TEST(work_is_told_where_there_was_none)
{
        struct world world;

        open_world(&world);
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        assert_hears(&world, "work default");
        enqueue(world.jobs, "b", (eddy_job_spec){0});
        assert_hears(&world, "");
        enqueue(world.jobs, "c", (eddy_job_spec){.queue = "mail"});
        assert_hears(&world, "work mail");
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        assert_hears(&world, "");
        assert_takes(world.jobs, "a b");
        assert_told(world.jobs, "a", .verdict = JOBS_DONE);
        assert_hears(&world, "");
        assert_told(world.jobs, "b", .verdict = JOBS_RETURN);
        assert_hears(&world, "work default");
        close_world(&world);
}

COROUTINE_TEST(what_is_due_before_all_others_is_told_at_once)
{
        struct world world;

        open_world(&world);
        enqueue(world.jobs, "a", (eddy_job_spec){.delay = eddy_seconds(1000)});
        assert_hears(&world, "work default"); /* so that it is known until when to sleep */
        enqueue(world.jobs, "b", (eddy_job_spec){.delay = eddy_seconds(2000)});
        assert_hears(&world, "");
        assert_int_equal(eddy_jobs_retry(world.jobs, "b"), 0);
        assert_hears(&world, "work default");
        close_world(&world);
}

COROUTINE_TEST(a_key_that_is_passed_on_is_told)
{
        struct world world;

        open_world(&world);
        enqueue(world.jobs, "a", (eddy_job_spec){.key = "ada"});
        enqueue(world.jobs, "b", (eddy_job_spec){.key = "ada"});
        assert_takes(world.jobs, "a");
        assert_hears(&world, "work default");
        assert_told(world.jobs, "a", .verdict = JOBS_DONE);
        assert_hears(&world, "work default");
        close_world(&world);
}

COROUTINE_TEST(a_queue_that_goes_on_is_told)
{
        struct world world;

        open_world(&world);
        assert_int_equal(eddy_jobs_pause(world.jobs, "default"), 0);
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        enqueue(world.jobs, "b", (eddy_job_spec){0});
        assert_hears(&world, "work default");
        assert_int_equal(
            eddy_jobs_set_queue(world.jobs, "default", &(eddy_job_queue_options){.most_running = 1}), 0);
        assert_hears(&world, "");
        assert_int_equal(eddy_jobs_resume(world.jobs, "default"), 0);
        assert_hears(&world, "work default");
        assert_takes(world.jobs, "a");
        assert_hears(&world, "");
        assert_told(world.jobs, "a", .verdict = JOBS_DONE); /* by a worker that takes no more */
        assert_hears(&world, "work default");
        close_world(&world);
}

COROUTINE_TEST(who_runs_is_told_to_end)
{
        struct world world;

        open_world(&world);
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        assert_takes(world.jobs, "a");
        assert_hears(&world, "work default");
        assert_int_equal(eddy_jobs_cancel(world.jobs, "a"), 0);
        until(strcmp(world.heard, "cancel a") == 0);
        close_world(&world);
}

COROUTINE_TEST(the_end_of_a_job_is_told_to_those_who_follow_it)
{
        struct world world;
        const struct jobs_engine_type *type;

        open_world(&world);
        type = world.engine->type;
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        enqueue(world.jobs, "b", (eddy_job_spec){0});
        enqueue(world.jobs, "c", (eddy_job_spec){0});
        assert_takes(world.jobs, "a b c");
        assert_int_equal(type->follow(world.engine, "b"), 0);
        assert_int_equal(type->follow(world.engine, "c"), 0);
        assert_int_equal(type->follow(world.engine, "nothing"), EDDY_ENOJOB);
        assert_hears(&world, "work default");
        assert_told(world.jobs, "a", .verdict = JOBS_DONE);
        assert_told(world.jobs, "b", .verdict = JOBS_DIE);
        assert_told(world.jobs, "c", .verdict = JOBS_RETURN);
        assert_int_equal(eddy_jobs_discard(world.jobs, "c"), 0);
        until(strstr(world.heard, "finished c"));
        assert_string_equal(world.heard, "finished b, work default, finished c");
        assert_int_equal(type->follow(world.engine, "a"), 0);
        close_world(&world);
}

COROUTINE_TEST(who_may_have_missed_some_is_told_so_before_and_after)
{
        struct world world;

        open_world(&world);
        assert_int_equal(world.engine->type->follow(world.engine, "nothing"), EDDY_ENOJOB);
        assert_runs(world.beside, NULL, "CLIENT KILL TYPE pubsub");
        until(strcmp(world.heard, "any, any") == 0);
        world.heard[0] = '\0';
        assert_hears(&world, "");
        enqueue(world.jobs, "a", (eddy_job_spec){0});
        assert_hears(&world, "work default");
        close_world(&world);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(work_is_told_where_there_was_none),
            cmocka_unit_test(what_is_due_before_all_others_is_told_at_once),
            cmocka_unit_test(a_key_that_is_passed_on_is_told),
            cmocka_unit_test(a_queue_that_goes_on_is_told),
            cmocka_unit_test(who_runs_is_told_to_end),
            cmocka_unit_test(the_end_of_a_job_is_told_to_those_who_follow_it),
            cmocka_unit_test(who_may_have_missed_some_is_told_so_before_and_after),
        };

        return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
