/* Old and new versions of what is stored side by side. */
#include "redis_store.h"

#include "../frozen.h"

static const char *frozen; /* format1.txt: commands as Redis takes them from a line */

/* An empty server, and in it what version 1 left. */
static eddy_redis *thaw(void)
{
        eddy_redis *beside = connect_beside();
        eddy_stream *stream;
        const char *line;
        char *commands;
        ssize_t size, n;

        size = eddy_read_file(frozen, &commands, 1 << 20);
        assert_true(size > 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", server.port, NULL), 0);
        assert_int_equal(eddy_stream_write_all(stream, commands, (size_t)size), size);
        for (const char *at = commands; (at = strchr(at, '\n')); at++) {
                n = eddy_stream_read_line(stream, &line);
                assert_true(n > 0);
                assert_true(line[0] == ':' || line[0] == '+');
        }
        eddy_stream_destroy(stream);
        eddy_free(commands);
        return beside;
}

static void assert_refused(int rc, const char *words)
{
        assert_int_equal(rc, EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), words));
}

COROUTINE_TEST(an_older_store_is_refused_as_it_is)
{
        eddy_redis *beside = thaw();
        eddy_jobs *jobs;
        redisReply *reply;

        assert_refused(try_to_open(&jobs, server.port, (eddy_jobs_options){0}), "eddy jobs migrate");
        assert_runs(beside, &reply, "GET {test}:format");
        assert_text(reply, "1");
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(what_is_in_an_older_store_is_there_and_works)
{
        eddy_redis *beside = thaw();
        eddy_jobs *jobs;
        redisReply *reply;

        /* A job of that id was done and discarded, before there was the one that died. */
        assert_runs(beside, NULL, "LPUSH {test}:done_ends:default dead");
        eddy_jobs_close(open_with(server.port, (eddy_jobs_options){.migrates = true}));
        jobs = open_with(server.port, (eddy_jobs_options){0});
        assert_runs(beside, &reply, "EXISTS {test}:done_ends:default {test}:dead_ends:default");
        assert_number(reply, 0);
        assert_runs(beside, &reply, "LLEN {test}:ended:default");
        assert_number(reply, 4); /* done, large, cancelled, and twice, whose first end is past */
        assert_runs(beside, &reply, "LLEN {test}:died:default");
        assert_number(reply, 1);
        assert_is_filled(jobs);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(what_is_new_works_alike)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});

        fill(jobs);
        assert_int_equal(eddy_sleep(eddy_ms(1100)), 0); /* until what it has in it is due, as in what is old */
        assert_is_filled(jobs);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_reply_that_is_lost_does_not_bring_a_store_up_twice)
{
        eddy_redis *beside = thaw();
        uint16_t port = open_proxy();
        eddy_jobs *jobs;

        replies_to_lose = 2;
        jobs = open_with(port, (eddy_jobs_options){.migrates = true});
        assert_states_are_kept(jobs);
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

/* This version is the old one here: somebody has brought the store up to the next. */
COROUTINE_TEST(who_has_a_store_open_that_is_brought_up_is_refused)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0}), *other;
        struct jobs_lease lease = {.id = "a", .fence = 1};
        const eddy_job_cron cron = {.name = "tick", .expression = "* * * * *", .spec.kind = "work"};
        struct turn turn = {.turn.most = 1};
        eddy_job_queue *queues;
        eddy_job_list list;
        eddy_job_info *info;
        redisReply *reply;
        size_t n;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_runs(beside, NULL, "SET {test}:format 99");
        assert_refused(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL), "newer");
        assert_refused(run_turn(jobs, &turn), "newer");
        assert_refused(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(1)), "newer");
        assert_refused(jobs->engine->type->follow(jobs->engine, "a"), "newer");
        assert_refused(jobs->engine->type->sweep(jobs->engine), "newer");
        assert_refused(eddy_jobs_get(jobs, "a", &info), "newer");
        assert_refused(eddy_jobs_list(jobs, NULL, &list), "newer");
        assert_refused(eddy_jobs_cancel(jobs, "a"), "newer");
        assert_refused(eddy_jobs_pause(jobs, "default"), "newer");
        assert_refused(eddy_jobs_queues(jobs, &queues, &n), "newer");
        assert_refused(eddy_jobs_set_cron(jobs, &cron), "newer");
        assert_refused(eddy_jobs_remove_cron(jobs, "tick"), "newer");
        assert_refused(try_to_open(&other, server.port, (eddy_jobs_options){.migrates = true}), "newer");
        assert_runs(beside, &reply, "DBSIZE");
        assert_number(reply, 6); /* format, scripts, seq, queues, the job, ready */
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

int main(int argc, char **argv)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(an_older_store_is_refused_as_it_is),
            cmocka_unit_test(what_is_in_an_older_store_is_there_and_works),
            cmocka_unit_test(what_is_new_works_alike),
            cmocka_unit_test(a_reply_that_is_lost_does_not_bring_a_store_up_twice),
            cmocka_unit_test(who_has_a_store_open_that_is_brought_up_is_refused),
        };

        frozen = argc > 1 ? argv[1] : "format1.txt";
        return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
