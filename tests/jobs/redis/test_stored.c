/* What a store in Redis leaves there: of which format it is, how much stays, and that workers at once see one truth. */
#include "redis_store.h"

COROUTINE_TEST(a_store_of_another_format_is_not_opened)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs;

        assert_int_equal(try_to_open(&jobs, server.port, (eddy_jobs_options){.must_exist = true}), -ENOENT);
        eddy_jobs_close(open_with(server.port, (eddy_jobs_options){0}));
        eddy_jobs_close(open_with(server.port, (eddy_jobs_options){.must_exist = true}));
        assert_runs(beside, NULL, "SET {test}:format 3");
        assert_int_equal(try_to_open(&jobs, server.port, (eddy_jobs_options){0}), EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), "newer"));
        assert_runs(beside, NULL, "SET {test}:format 0");
        assert_int_equal(try_to_open(&jobs, server.port, (eddy_jobs_options){0}), EDDY_EJOBSFORMAT);
        assert_non_null(strstr(eddy_error_detail(), "eddy jobs migrate"));
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_password_that_is_wrong_is_told)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs;
        char url[64];

        snprintf(url, sizeof url, "redis://nobody:wrong@127.0.0.1:%u/0", server.port);
        assert_int_equal(eddy_jobs_open(&jobs, url, NULL), EDDY_EJOBS);
        assert_non_null(strstr(eddy_error_detail(), "WRONGPASS"));
        assert_int_equal(eddy_jobs_open(&jobs, "rediss://127.0.0.1:1/0", NULL), -EINVAL);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(a_password_is_not_told_whatever_is_in_it)
{
        eddy_redis *beside = connect_beside();
        char url[64], told[64];
        eddy_jobs *jobs;

        assert_runs(beside, NULL, "ACL SETUSER ada on >s3#c?r:e ~* &* +@all");
        snprintf(url, sizeof url, "redis://ada:s3#c?r:e@127.0.0.1:%u/0", server.port);
        snprintf(told, sizeof told, "redis://ada@127.0.0.1:%u/0", server.port);
        assert_int_equal(eddy_jobs_open(&jobs, url, NULL), 0);
        assert_string_equal(eddy_jobs_url(jobs), told);
        eddy_jobs_close(jobs);
        assert_runs(beside, NULL, "ACL DELUSER ada");
        eddy_redis_destroy(beside);
}

static char large[100000];

/* One with everything that a job may have beside its record. */
static void live_through(eddy_jobs *jobs, const char *id, enum jobs_verdict verdict)
{
        char log[] = "one\ntwo\n";
        eddy_job_info *info;

        enqueue(jobs, id, (eddy_job_spec){.payload = large, .size = sizeof large, .key = "ada", .unique = id});
        assert_takes(jobs, id);
        assert_told(jobs, id, .verdict = verdict, .error = "no", .result = large, .result_size = sizeof large,
                    .words = {.progress = 0.25, .note = "quarter", .log = log});
        info = look(jobs, id);
        assert_int_equal(info->payload_size, sizeof large);
        assert_memory_equal(info->payload, large, sizeof large);
        assert_int_equal(info->result_size, verdict == JOBS_DONE ? sizeof large : 0);
        if (verdict == JOBS_DONE)
                assert_memory_equal(info->result, large, sizeof large);
        assert_string_equal(info->note, "quarter");
        assert_non_null(strstr(info->history, " 1 log one\n"));
        eddy_free(info);
}

static void sweep_all(eddy_jobs *jobs)
{
        int n;

        do
                n = jobs->engine->type->sweep(jobs->engine);
        while (n > 0);
        assert_int_equal(n, 0);
}

COROUTINE_TEST(nothing_is_left_of_jobs_that_were_swept)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        redisReply *reply;
        eddy_job_list list;

        memset(large, 'x', sizeof large);
        assert_int_equal(eddy_jobs_set_queue(jobs, "default",
                                             &(eddy_job_queue_options){.keep_done = eddy_seconds(1000),
                                                                       .keep_dead = eddy_seconds(1000)}),
                         0);
        live_through(jobs, "a", JOBS_DONE);
        live_through(jobs, "b", JOBS_DIE);
        live_through(jobs, "c", JOBS_CANCEL);
        assert_int_equal(eddy_jobs_retry(jobs, "b"), 0); /* it ends a second time, otherwise */
        assert_takes(jobs, "b");
        assert_int_equal(tell(jobs, "b", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        live_through(jobs, "d", JOBS_DONE);
        assert_int_equal(eddy_jobs_discard(jobs, "d"), 0);
        sweep_all(jobs);
        assert_int_equal(eddy_jobs_list(jobs, NULL, &list), 0);
        assert_int_equal(list.count, 3);
        eddy_job_list_free(&list);
        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default",
                                &(eddy_job_queue_options){.keep_done = eddy_us(1), .keep_dead = eddy_us(1)}),
            0);
        sweep_all(jobs);
        assert_runs(beside, NULL, "DEL {test}:due"); /* one for all */
        assert_runs(beside, &reply, "DBSIZE");
        assert_number(
            reply,
            5 + 2); /* format, scripts, seq, queues, queue:default; and for a while that two calls were done */
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* Of a job that was there before under the same id, and of one that was retried. */
COROUTINE_TEST(an_end_that_is_past_sweeps_no_other_life)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        redisReply *reply;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_runs(beside, NULL, "LPUSH {test}:ended:default %s", "1796048248509936 a");
        assert_runs(beside, NULL, "LPUSH {test}:ended:default %s", "1 a");
        assert_runs(beside, NULL, "LPUSH {test}:ended:default %s", "1 gone");
        assert_int_equal(eddy_jobs_set_queue(jobs, "default",
                                             &(eddy_job_queue_options){
                                                 .keep_done = eddy_seconds((eddy_duration)50 * 365 * 86400)}),
                         0);
        sweep_all(jobs);
        assert_state(jobs, "a", EDDY_JOB_DONE);
        assert_runs(beside, &reply, "LLEN {test}:ended:default");
        assert_number(reply, 2); /* that of 2026 is not past yet */
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

COROUTINE_TEST(nothing_is_left_where_nothing_is_to_be_kept)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        redisReply *reply;

        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1, .keep_dead = -1}),
            0);
        for (int i = 0; i < 3; i++) {
                enqueue(
                    jobs, "a",
                    (eddy_job_spec){.payload = large, .size = sizeof large, .unique = "mail", .key = "ada"});
                assert_takes(jobs, "a");
                assert_told(jobs, "a", .verdict = (enum jobs_verdict[]){JOBS_DONE, JOBS_DIE, JOBS_CANCEL}[i],
                            .result = large, .result_size = sizeof large, .words = {.log = "one\n"});
        }
        assert_runs(beside, NULL, "DEL {test}:due");
        assert_runs(beside, &reply, "DBSIZE");
        assert_number(reply, 5);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* A record that was lost or is another's holds nobody up. */
COROUTINE_TEST(what_cannot_be_read_is_passed_over)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        enqueue(jobs, "c", (eddy_job_spec){0});
        assert_runs(beside, NULL, "DEL {test}:job:a");
        assert_runs(beside, NULL, "SET {test}:job:b nonsense");
        assert_takes(jobs, "c");
        assert_int_equal(eddy_jobs_get(jobs, "b", &info), EDDY_ENOJOB);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* Workers of several stores at once. */

enum { WORKERS = 4, JOBS = 200, LIMIT = 3 };

static unsigned running, most_seen, taken_by_all;

static intptr_t work(void *arg)
{
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        char name[16];

        snprintf(name, sizeof name, "worker %d", *(int *)arg);
        while (taken_by_all < JOBS) {
                struct turn turn = {.turn.worker = name};
                if (take(jobs, &turn, 2) == 0)
                        assert_int_equal(eddy_sleep(eddy_us(50)), 0);
                taken_by_all += (unsigned)turn.turn.taken_count;
                running += (unsigned)turn.turn.taken_count;
                most_seen = running > most_seen ? running : most_seen;
                for (size_t i = 0; i < turn.turn.taken_count; i++) {
                        assert_int_equal(turn.taken[i]->fence, 1);
                        running--; /* before it is told, so that it is never seen late */
                        assert_told(jobs, turn.taken[i]->id, .verdict = JOBS_DONE);
                }
                drop(&turn);
        }
        eddy_jobs_close(jobs);
        return 0;
}

COROUTINE_TEST(workers_at_once_keep_to_what_a_queue_allows)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        eddy_job_spec specs[JOBS];
        eddy_task *tasks[WORKERS];
        int numbers[WORKERS];
        eddy_job_queue *queues;
        size_t n;

        for (int i = 0; i < JOBS; i++)
                specs[i] = (eddy_job_spec){.kind = "work"};
        assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, JOBS, NULL), 0);
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.most_running = LIMIT}),
                         0);
        running = most_seen = taken_by_all = 0;
        for (int i = 0; i < WORKERS; i++) {
                numbers[i] = i;
                tasks[i] = eddy_create_task(work, &numbers[i]);
        }
        for (int i = 0; i < WORKERS; i++)
                assert_int_equal(join(tasks[i]), 0);
        assert_int_equal(taken_by_all, JOBS);
        assert_true(most_seen <= LIMIT);
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_int_equal(queues[0].counts[EDDY_JOB_DONE], JOBS);
        assert_int_equal(queues[0].finished, JOBS);
        eddy_free(queues);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

/* More than one answer of the server's holds. */
COROUTINE_TEST(long_lists_come_in_pages)
{
        eddy_redis *beside = connect_beside();
        eddy_jobs *jobs = open_with(server.port, (eddy_jobs_options){0});
        enum { MANY = 1250 };
        static eddy_job_spec specs[MANY];
        static eddy_job_added added[MANY];
        eddy_job_list list;

        for (int i = 0; i < MANY; i++)
                specs[i] = (eddy_job_spec){.kind = i % 600 ? "work" : "rare",
                                           .priority = i % 3 - 1,
                                           .delay = i % 5 ? 0 : eddy_seconds(1000)};
        assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, MANY, added), 0);
        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.most = 1000}, &list), 0);
        assert_int_equal(list.count, 1000);
        for (int i = 0; i < 1000; i++)
                assert_string_equal(list.jobs[i]->id, added[MANY - 1 - i].id);
        assert_string_not_equal(list.next, "");
        eddy_job_list_free(&list);
        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.kind = "rare"}, &list), 0);
        assert_int_equal(list.count, 3);
        assert_string_equal(list.jobs[0]->id, added[1200].id);
        assert_int_equal(list.jobs[0]->priority, -1);
        assert_string_equal(list.next, "");
        eddy_job_list_free(&list);
        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.after = "x"}, &list), -EINVAL);
        eddy_jobs_close(jobs);
        eddy_redis_destroy(beside);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_store_of_another_format_is_not_opened),
            cmocka_unit_test(a_password_that_is_wrong_is_told),
            cmocka_unit_test(a_password_is_not_told_whatever_is_in_it),
            cmocka_unit_test(nothing_is_left_of_jobs_that_were_swept),
            cmocka_unit_test(an_end_that_is_past_sweeps_no_other_life),
            cmocka_unit_test(nothing_is_left_where_nothing_is_to_be_kept),
            cmocka_unit_test(what_cannot_be_read_is_passed_over),
            cmocka_unit_test(workers_at_once_keep_to_what_a_queue_allows),
            cmocka_unit_test(long_lists_come_in_pages),
        };

        return cmocka_run_group_tests(tests, start_redis, stop_redis);
}
