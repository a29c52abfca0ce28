/* What a server answers instead, and calls that cannot be done twice and whose answer is lost. */
#include "redis_store.h"

#include <limits.h>

/* A server between that answers some scripts itself. */

static const char *refusal; /* a line, for each script of which there is one in `refusals_left` */
static unsigned refusals_left, connections;

/* One command, as libeddy-redis sends it: 0, or the connection has ended. */
static int read_command(eddy_stream *client, char *command, size_t room)
{
        const char *line;
        size_t size = 0;
        int words;

        if (eddy_stream_read_line(client, &line) <= 0)
                return -1;
        words = atoi(line + 1);
        size += (size_t)snprintf(command, room, "*%d\r\n", words);
        for (int i = 0; i < words; i++) {
                size_t length;
                if (eddy_stream_read_line(client, &line) <= 0)
                        return -1;
                length = strtoul(line + 1, NULL, 10);
                size += (size_t)snprintf(command + size, room - size, "$%zu\r\n", length);
                assert_true(size + length + 2 < room);
                if (eddy_stream_read_exactly(client, command + size, length + 2) < 0)
                        return -1;
                size += length + 2;
        }
        return (int)size;
}

static intptr_t answer_some(eddy_stream *client, void *arg)
{
        static char command[65536];
        eddy_stream *redis;
        const char *reply;
        ssize_t n;
        int size;

        (void)arg;
        connections++;
        if (eddy_open_connection(&redis, "127.0.0.1", server.port, NULL) < 0)
                return 0;
        while ((size = read_command(client, command, sizeof command)) > 0) {
                if (refusals_left > 0 && memmem(command, (size_t)size, "EVALSHA", 7)) {
                        refusals_left--;
                        if (eddy_stream_write_all(client, refusal, strlen(refusal)) < 0)
                                break;
                        continue;
                }
                if (eddy_stream_write_all(redis, command, (size_t)size) < 0)
                        break;
                n = eddy_stream_read_some(redis, &reply); /* which are short here */
                if (n <= 0 || eddy_stream_write_all(client, reply, (size_t)n) < 0)
                        break;
        }
        eddy_stream_destroy(redis);
        return 0;
}

static uint16_t open_refuser(void)
{
        refusals_left = connections = 0;
        assert_int_equal(eddy_start_server(&proxy, answer_some, NULL, "127.0.0.1", 0, NULL), 0);
        return eddy_server_port(proxy);
}

static int enqueue_one(eddy_jobs *jobs)
{
        return eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work"}, NULL);
}

COROUTINE_TEST(what_passes_is_waited_for)
{
        static const char *const passing[] = {
            "-LOADING Redis is loading the dataset in memory\r\n",
            "-BUSY Redis is busy running a script.\r\n",
            "-READONLY You can't write against a read only replica.\r\n",
            "-READONLY You can't write against a read only replica. script: 12ab, on @user_script:5.\r\n",
            "-ERR Error running script (call to f_12ab): @user_script:5: -READONLY You can't write\r\n",
            "-MASTERDOWN Link with MASTER is down\r\n",
            "-CLUSTERDOWN The cluster is down\r\n",
            "-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
            "-NOREPLICAS Not enough good replicas to write.\r\n",
            "-MISCONF Redis is configured to save RDB snapshots\r\n",
            "-NOSCRIPT No matching script. Please use EVAL.\r\n",
        };
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_refuser(), (eddy_jobs_options){0});

        for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
                refusal = passing[i];
                refusals_left = 2;
                if (enqueue_one(jobs) < 0)
                        fail_msg("%s: %s", refusal, eddy_error_detail());
                assert_int_equal(refusals_left, 0);
        }
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(what_does_not_pass_is_told)
{
        static const struct {
                const char *refusal, *words;
                int error;
        } told[] = {
            {"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "memory is full", -ENOSPC},
            {"-MOVED 3999 127.0.0.1:6381\r\n", "name that one", EDDY_EJOBS},
            {"-ASK 3999 127.0.0.1:6381\r\n", "cluster", EDDY_EJOBS},
            {"-NOPERM this user has no permissions to run the 'evalsha' command\r\n", "may not", EDDY_EJOBS},
            {"-ERR anything else\r\n", "anything else", EDDY_EJOBS},
        };
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_refuser(), (eddy_jobs_options){0});

        for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
                refusal = told[i].refusal;
                refusals_left = 1;
                assert_int_equal(enqueue_one(jobs), told[i].error);
                assert_non_null(strstr(eddy_error_detail(), told[i].words));
        }
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(what_lasts_too_long_is_told_as_away_with_why)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_refuser(), (eddy_jobs_options){.patience = eddy_seconds(1)});

        refusal = "-MISCONF Redis is configured to save RDB snapshots\r\n";
        refusals_left = UINT_MAX;
        assert_int_equal(enqueue_one(jobs), EDDY_EJOBSAWAY);
        assert_non_null(strstr(eddy_error_detail(), "cannot write its data to disk"));
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

/* Behind one name there is another server after a failover. */
COROUTINE_TEST(a_replica_is_left_for_who_has_its_name_then)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_refuser(), (eddy_jobs_options){0});
        unsigned before;

        assert_int_equal(enqueue_one(jobs), 0);
        before = connections;
        refusal = "-READONLY You can't write against a read only replica.\r\n";
        refusals_left = 1;
        assert_int_equal(enqueue_one(jobs), 0);
        assert_int_equal(connections, before + 1);
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

/* Answers that are lost of what cannot be done twice. */

COROUTINE_TEST(what_was_done_before_its_answer_was_lost_has_been_done)
{
        const eddy_job_cron cron = {.name = "tick", .expression = "* * * * *", .spec.kind = "work"};
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(open_proxy(), (eddy_jobs_options){0});

        for (int i = 0; i < 2; i++)
                enqueue(jobs, i ? "b" : "a", (eddy_job_spec){0});
        assert_takes(jobs, "a b");
        assert_told(jobs, "a", .verdict = JOBS_DIE, .error = "no");
        assert_told(jobs, "b", .verdict = JOBS_DIE, .error = "no");
        assert_int_equal(eddy_jobs_retry(jobs, "b"), 0); /* whose script is loaded then */
        replies_to_lose = 1;
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        replies_to_lose = 1;
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        replies_to_lose = 1;
        assert_int_equal(eddy_jobs_discard(jobs, "a"), 0);
        replies_to_lose = 1;
        assert_int_equal(eddy_jobs_pause(jobs, "default"), 0);
        assert_int_equal(eddy_jobs_set_cron(jobs, &cron), 0);
        assert_int_equal(
            eddy_jobs_set_cron(
                jobs, &(eddy_job_cron){.name = "tock", .expression = "* * * * *", .spec.kind = "work"}),
            0);
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tock"), 0);
        replies_to_lose = 1;
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), 0);
        assert_int_equal(replies_lost, 5);
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), EDDY_ENOJOB);
        assert_int_equal(eddy_jobs_discard(jobs, "a"), EDDY_ENOJOB);
        eddy_jobs_close(jobs);
        close_proxy();
        eddy_redis_destroy(beside);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_passes_is_waited_for),
            cmocka_unit_test(what_does_not_pass_is_told),
            cmocka_unit_test(what_lasts_too_long_is_told_as_away_with_why),
            cmocka_unit_test(a_replica_is_left_for_who_has_its_name_then),
            cmocka_unit_test(what_was_done_before_its_answer_was_lost_has_been_done),
        };

        return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
