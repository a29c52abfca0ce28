/* Jobs in Redis where the server goes away, forgets, refuses, or its answers are lost. */
#include "redis_store.h"

/* Answers that are lost: the server has done it, and is told again. */

/* docs/jobs.md promises [same-id] */
COROUTINE_TEST(a_job_whose_enqueueing_was_not_answered_is_there_once)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_proxy(), (eddy_jobs_options){0});

        enqueue(jobs, "first", (eddy_job_spec){0});
        replies_to_lose = 1;
        enqueue(jobs, "a", (eddy_job_spec){.key = "ada", .unique = "mail", .delay = 1});
        assert_int_equal(replies_lost, 1);
        assert_takes(jobs, "first a");
        assert_takes(jobs, "");
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_turn_that_was_not_answered_gives_the_same_jobs)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_proxy(), (eddy_jobs_options){0});
        struct turn turn = {0};

        for (int i = 0; i < 4; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c", "d"}[i], (eddy_job_spec){0});
        assert_int_equal(take(jobs, &turn, 1), 1);
        drop(&turn);
        replies_to_lose = 1;
        turn.turn.outcome_count = 1;
        turn.outcomes[0] = (struct jobs_outcome){.id = "a", .fence = 1, .verdict = JOBS_DONE};
        assert_int_equal(take(jobs, &turn, 2), 2);
        assert_int_equal(replies_lost, 1);
        assert_int_equal(turn.outcomes[0].rc, 0);
        assert_string_equal(turn.taken[0]->id, "b");
        assert_string_equal(turn.taken[1]->id, "c");
        assert_int_equal(turn.taken[0]->fence, 1);
        assert_int_equal(turn.taken[0]->attempt, 1);
        drop(&turn);
        assert_takes(jobs, "d");
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_verdict_that_was_not_answered_counts_even_where_nothing_is_kept)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_proxy(), (eddy_jobs_options){0});

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1}), 0);
        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        replies_to_lose = 1;
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_int_equal(replies_lost, 1);
        assert_int_equal(tell(jobs, "a", 1, (struct jobs_outcome){.verdict = JOBS_DONE}), EDDY_ENOJOB);
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

/* Two processes whose workers have one name and count alike. */
COROUTINE_TEST(the_turn_of_another_store_is_not_this_ones)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *one = open_with(server.port, (eddy_jobs_options){0});
        eddy_jobs *two = open_with(server.port, (eddy_jobs_options){0});
        struct turn turn = {.turn.number = 1000000};

        enqueue(one, "a", (eddy_job_spec){0});
        assert_int_equal(take(one, &turn, 1), 1);
        drop(&turn);
        for (int i = 0; i < 2; i++) {
                turn.turn.number = 1000000;
                assert_int_equal(take(two, &turn, 1), 0);
                drop(&turn);
        }
        turn.turn.number = 1000000;
        assert_int_equal(take(one, &turn, 1), 1);
        drop(&turn);
        eddy_jobs_close(one);
        eddy_jobs_close(two);
        eddy_redis_destroy(beside);
}

/* A server that forgets or refuses. */

COROUTINE_TEST(scripts_that_the_server_has_forgotten_are_told_again)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_runs(beside, NULL, "SCRIPT FLUSH");
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_takes(jobs, "a b");
        assert_runs(beside, NULL, "SCRIPT FLUSH");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* docs/jobs.md promises [redis-full] */
COROUTINE_TEST(where_memory_is_full_nothing_is_added_but_work_goes_on)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        struct jobs_lease lease = {.id = "b", .fence = 1, .words = {.progress = 0.5, .note = "half"}};
        redisReply *reply;
        eddy_job_info *info;

        for (int i = 0; i < 4; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c", "d"}[i], (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_cancel(jobs, "d"), 0);
        assert_takes(jobs, "a b c");
        assert_runs(beside, NULL, "CONFIG SET maxmemory 1");
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .id = "e"}, NULL), -ENOSPC);
        assert_non_null(strstr(eddy_error_detail(), "maxmemory"));
        assert_told(jobs, "a", .verdict = JOBS_DONE, .result = "42", .result_size = 2);
        assert_told(jobs, "c", .verdict = JOBS_RETRY, .error = "no", .delay = 1);
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60)), 0);
        assert_int_equal(lease.rc, 0);
        assert_takes(jobs, "c");
        assert_int_equal(eddy_jobs_cancel(jobs, "b"), 0);
        assert_int_equal(eddy_jobs_discard(jobs, "a"), 0);
        assert_runs(beside, NULL, "CONFIG SET maxmemory 0");
        assert_int_equal(eddy_jobs_get(jobs, "e", &info), EDDY_ENOJOB);
        assert_runs(beside, &reply, "GET {test}:seq");
        assert_text(reply, "4");
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

static intptr_t enqueue_a(void *jobs)
{
        return eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .id = "a"}, NULL);
}

/* docs/jobs.md promises [redis-replica] */
COROUTINE_TEST(a_replica_is_waited_for_until_it_is_master)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){.patience = eddy_seconds(1)});
        eddy_jobs *patient = open_with(server.port, (eddy_jobs_options){0});
        eddy_task *task;

        assert_runs(beside, NULL, "REPLICAOF 127.0.0.1 1");
        assert_int_equal(enqueue_a(jobs), EDDY_EJOBSAWAY);
        assert_non_null(strstr(eddy_error_detail(), "replica"));
        task = eddy_create_task(enqueue_a, patient);
        assert_int_equal(eddy_sleep(eddy_ms(1)), 0);
        assert_runs(beside, NULL, "REPLICAOF NO ONE");
        assert_int_equal(join(task), 0);
        assert_takes(jobs, "a");
        eddy_jobs_close(jobs);
        eddy_jobs_close(patient);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(what_the_server_refuses_is_told_in_its_words)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});

        assert_runs(beside, NULL, "SET {test}:ready:default x");
        assert_int_equal(enqueue_a(jobs), EDDY_EJOBS);
        assert_non_null(strstr(eddy_error_detail(), "WRONGTYPE"));
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* A server that goes away. */

struct losses {
        unsigned count;
};

static void count_loss(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct losses *losses = arg;

        (void)error;
        (void)detail;
        (void)delay;
        losses->count++;
}

COROUTINE_TEST(a_server_that_comes_back_has_what_it_has_saved)
{
        eddy_redis *beside = connect_beside();
        struct losses losses = {0};
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){.on_loss = count_loss, .arg = &losses});
        eddy_task *task;

        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_takes(jobs, "b");
        assert_runs(beside, NULL, "SAVE");
        redis_server_end(&server, SIGKILL);
        task = eddy_create_task(enqueue_a, jobs);
        until(losses.count > 0);
        assert_true(redis_server_run(&server));
        assert_int_equal(join(task), 0);
        assert_told(jobs, "b", .verdict = JOBS_DONE);
        assert_takes(jobs, "a");
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_connection_that_breaks_while_it_is_made_is_made_again)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs;
        uint16_t port = open_proxy();

        replies_to_lose = 2;
        jobs = open_with(port, (eddy_jobs_options){0});
        assert_int_equal(replies_lost, 2);
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_server_that_stays_away_is_given_up)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){.patience = eddy_seconds(1)});
        eddy_jobs *patient = open_with(server.port, (eddy_jobs_options){0});
        eddy_jobs *other;
        eddy_task *task;

        eddy_redis_destroy(beside);
        redis_server_end(&server, SIGKILL);
        assert_int_equal(enqueue_a(jobs), EDDY_EJOBSAWAY);
        assert_int_equal(jobs->engine->type->listen(jobs->engine), EDDY_EJOBSAWAY);
        assert_int_equal(try_to_open(&other, server.port, (eddy_jobs_options){0}), -ECONNREFUSED);
        assert_null(other);
        task = eddy_create_task(enqueue_a, patient);
        assert_int_equal(eddy_yield(), 0);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        EDDY_TIMEOUT_SCOPE(eddy_ms(1))
                assert_int_equal(enqueue_a(patient), EDDY_TIMEOUT);
        eddy_jobs_close(jobs);
        eddy_jobs_close(patient);
        assert_true(redis_server_run(&server));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_job_whose_enqueueing_was_not_answered_is_there_once),
            cmocka_unit_test(a_turn_that_was_not_answered_gives_the_same_jobs),
            cmocka_unit_test(a_verdict_that_was_not_answered_counts_even_where_nothing_is_kept),
            cmocka_unit_test(the_turn_of_another_store_is_not_this_ones),
            cmocka_unit_test(scripts_that_the_server_has_forgotten_are_told_again),
            cmocka_unit_test(where_memory_is_full_nothing_is_added_but_work_goes_on),
            cmocka_unit_test(a_replica_is_waited_for_until_it_is_master),
            cmocka_unit_test(what_the_server_refuses_is_told_in_its_words),
            cmocka_unit_test(a_server_that_comes_back_has_what_it_has_saved),
            cmocka_unit_test(a_connection_that_breaks_while_it_is_made_is_made_again),
            cmocka_unit_test(a_server_that_stays_away_is_given_up),
        };

        return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
