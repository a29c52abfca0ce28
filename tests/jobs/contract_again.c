/* What is told twice after a lost reply, what is left of an earlier life, and what holds over time, in every engine. */
#include "store.h"

/* Told again. */

COROUTINE_TEST(a_verdict_that_is_told_again_counts_where_nothing_is_kept)
{
        static const struct jobs_outcome done = {.id = "a", .fence = 1, .verdict = JOBS_DONE};
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn = {.number = 77, .outcome_count = 1}, .outcomes = {done}};

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = -1}), 0);
        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        for (int i = 0; i < 2; i++) {
                assert_int_equal(run_turn(jobs, &turn), 0);
                assert_int_equal(turn.outcomes[0].rc, 0);
        }
        turn.turn.number = 78;
        assert_int_equal(run_turn(jobs, &turn), 0);
        assert_int_equal(turn.outcomes[0].rc, EDDY_ENOJOB);
        drop(&turn);
        close_store(jobs);
}

static void say(eddy_jobs *jobs, uint64_t fence, const char *log, size_t at)
{
        struct jobs_lease lease = {
            .id = "a", .fence = fence, .words = {.progress = -1, .log = log, .log_at = at}};

        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60)), 0);
        assert_int_equal(lease.rc, 0);
}

COROUTINE_TEST(what_a_handler_said_is_there_once_however_often_it_is_sent)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        say(jobs, 1, "one\n", 0);
        say(jobs, 1, "one\ntwo\n", 0); /* the reply was lost, and more was said */
        say(jobs, 1, "one\ntwo\n", 0);
        say(jobs, 1, "two\n", 2); /* another one */
        assert_told(jobs, "a", .verdict = JOBS_SNOOZE, .words = {.log = "two\nthree\n", .log_at = 2});
        assert_takes(jobs, "a");
        say(jobs, 2, "one\n", 0);
        assert_int_equal(tell(jobs, "a", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        assert_lines(jobs, "a",
                     "1 began one,1 log one,1 log two,1 log two,1 log three,1 snoozed,1 began one,1 log one,");
        close_store(jobs);
}

/* The kinds of a history's lines, a letter each. */
static void read_letters(eddy_jobs *jobs, const char *id, char *letters)
{
        eddy_job_info *info = look(jobs, id);

        for (const char *line = info->history; *line; line = strchr(line, '\n') + 1, letters++)
                assert_int_equal(sscanf(line, "%*d %*d %c", letters), 1);
        *letters = '\0';
        eddy_free(info);
}

COROUTINE_TEST(nor_do_a_long_history_and_long_lines_change_that)
{
        static const char end[] = "bfbfbllllllllllllllllfbf"; /* began, failed, log */
        enum { LINE = 1000, LINES = 15, FAILURES = 80 };
        static char error[LINE + 1], log[LINES * (LINE + 1) + 1], letters[4096];
        eddy_jobs *jobs = open_new_store();
        struct jobs_outcome no = {.verdict = JOBS_RETRY, .error = error, .words.progress = -1};
        uint64_t fence = 1;

        memset(error, 'e', LINE);
        memset(log, 'x', sizeof log - 1);
        for (int i = 1; i <= LINES; i++)
                log[i * (LINE + 1) - 1] = '\n';
        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1000});
        for (; fence <= FAILURES; fence++) {
                assert_takes(jobs, "a");
                assert_int_equal(tell(jobs, "a", fence, no), 0);
        }
        assert_takes(jobs, "a");
        say(jobs, fence, log, 0);
        say(jobs, fence, log, 0);
        no.words.log = "last\n";
        no.words.log_at = LINES;
        assert_int_equal(tell(jobs, "a", fence, no), 0);
        assert_takes(jobs, "a");
        no.words.log = NULL;
        assert_int_equal(tell(jobs, "a", fence + 1, no), 0);
        read_letters(jobs, "a", letters);
        assert_true(strlen(letters) > sizeof end);
        assert_string_equal(letters + strlen(letters) - strlen(end), end);
        close_store(jobs);
}

/* An earlier life. */

COROUTINE_TEST(what_is_retried_has_nothing_of_its_first_end)
{
        static char large[2000];
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        memset(large, 'x', sizeof large);
        for (int i = 0; i < 2; i++) {
                const char *id = i ? "short" : "large";
                enqueue(jobs, id, (eddy_job_spec){0});
                assert_takes(jobs, id);
                assert_told(jobs, id, .verdict = JOBS_DONE, .result = large,
                            .result_size = i ? 10 : sizeof large, .words = {.progress = 1, .note = "all"});
                assert_int_equal(eddy_jobs_retry(jobs, id), 0);
                info = look(jobs, id);
                assert_null(info->result);
                assert_int_equal(info->result_size, 0);
                assert_null(info->note);
                assert_true(info->progress < 0);
                assert_true(info->finished == 0);
                eddy_free(info);
                assert_takes(jobs, id);
                assert_int_equal(tell(jobs, id, 2, (struct jobs_outcome){.verdict = JOBS_DIE, .error = "no"}),
                                 0);
                info = look(jobs, id);
                assert_null(info->result);
                eddy_free(info);
        }
        close_store(jobs);
}

/* A queue's memory of jobs is not that of others which came later under their ids. */
COROUTINE_TEST(a_job_under_the_id_of_one_that_is_gone_stays_for_its_own_time)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.keep_done = eddy_ms(50)}), 0);
        for (int i = 0; i < 2; i++) {
                enqueue(jobs, "a", (eddy_job_spec){0});
                assert_takes(jobs, "a");
                assert_told(jobs, "a", .verdict = JOBS_DONE);
                if (i == 0)
                        assert_int_equal(eddy_jobs_discard(jobs, "a"), 0);
                enqueue(jobs, i ? "c" : "b", (eddy_job_spec){0});
                assert_takes(jobs, i ? "c" : "b");
                assert_told(jobs, i ? "c" : "b", .verdict = JOBS_DONE);
        }
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_takes(jobs, "a");
        while (eddy_jobs_get(jobs, "c", &info) == 0) { /* that of the first life does not hold up others */
                eddy_free(info);
                assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
        }
        assert_state(jobs, "a", EDDY_JOB_RUNNING);
        assert_int_equal(tell(jobs, "a", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        assert_state(jobs, "a", EDDY_JOB_DONE);
        close_store(jobs);
}

/* A worker that was only slow comes back when its job is long gone, and another one has the id: both were taken once. */
COROUTINE_TEST(a_job_under_the_id_of_one_that_is_gone_is_not_that_ones_workers)
{
        eddy_jobs *jobs = open_new_store();
        struct jobs_outcome done = {.verdict = JOBS_DONE};
        struct jobs_lease lease = {.id = "a", .fence = 1};
        struct turn turn = {.turn.lease = 1000};

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1});
        assert_int_equal(take(jobs, &turn, 1), 1);
        done.created = lease.created = turn.taken[0]->created;
        drop(&turn);
        while (eddy_jobs_discard(jobs, "a") == EDDY_EJOBSTATE) /* until its lease has ended */
                assert_takes(jobs, "");
        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 1, done), EDDY_EJOBLOST);
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60)), 0);
        assert_int_equal(lease.rc, EDDY_EJOBLOST);
        assert_state(jobs, "a", EDDY_JOB_RUNNING);
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_int_equal(tell(jobs, "a", 1, done), EDDY_EJOBLOST);
        close_store(jobs);
}

/* Pages. */

COROUTINE_TEST(a_list_says_exactly_whether_it_goes_on)
{
        static const char *const wrong[] = {"x", "1x", "-1", " 1", "99999999999999999999999"};
        eddy_jobs *jobs = open_new_store();
        eddy_job_list list;

        for (int i = 0; i < 4; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c", "d"}[i], (eddy_job_spec){.priority = i % 2});
        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.most = 4}, &list), 0);
        assert_int_equal(list.count, 4);
        assert_string_equal(list.next, "");
        eddy_job_list_free(&list);
        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.most = 3}, &list), 0);
        assert_int_equal(list.count, 3);
        assert_int_not_equal(strlen(list.next), 0);
        eddy_job_list_free(&list);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.after = wrong[i]}, &list), -EINVAL);
                eddy_job_list_free(&list);
        }
        close_store(jobs);
}

/* Time. */

COROUTINE_TEST(within_no_period_more_begin_than_the_rate_says)
{
        enum { RATE = 5, ALL = 20 };
        const eddy_duration period = eddy_ms(150);
        eddy_jobs *jobs = open_new_store();
        eddy_time before[ALL], after[ALL];

        assert_int_equal(
            eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.rate = RATE, .period = period}), 0);
        for (int i = 0; i < ALL; i++) {
                char id[8];
                snprintf(id, sizeof id, "%d", i);
                enqueue(jobs, id, (eddy_job_spec){0});
        }
        for (size_t n = 0; n < ALL;) {
                eddy_time began = eddy_now();
                struct turn turn = {0};
                size_t had = take(jobs, &turn, n == 0 ? 2 : ALL - n);
                assert_true(had > 0 || turn.turn.next <= 2 * period);
                for (; had > 0; had--, n++) {
                        before[n] = began;
                        after[n] = eddy_now();
                }
                drop(&turn);
        }
        for (int i = RATE; i < ALL; i++)
                assert_true(after[i] - before[i - RATE] >= period);
        close_store(jobs);
}

COROUTINE_TEST(what_is_used_up_of_a_rate_stays_so_where_that_is_set_again)
{
        const eddy_job_queue_options options = {.rate = 1, .period = eddy_seconds(86400)};
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &options), 0);
        assert_takes(jobs, "a");
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &options), 0);
        assert_takes(jobs, "");
        close_store(jobs);
}

/* Of a period that is the default, which those who set it again need not know. */
COROUTINE_TEST(and_where_it_is_set_as_it_was_read)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        eddy_job_queue *queues;
        eddy_time before;
        size_t n;

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.rate = 1}), 0);
        before = eddy_now();
        assert_takes(jobs, "a");
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_true(queues[0].options.period == eddy_seconds(1));
        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &queues[0].options), 0);
        eddy_free(queues);
        while (take(jobs, &turn, 1) == 0) {
                assert_int_equal(eddy_sleep(eddy_ms(20)), 0);
                drop(&turn);
        }
        assert_true(eddy_now() - before >= eddy_seconds(1));
        drop(&turn);
        close_store(jobs);
}

static intptr_t await_a(void *jobs)
{
        int state = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(4)) /* sooner than it would look by itself */
                state = eddy_jobs_await(jobs, "a", NULL);
        return state;
}

COROUTINE_TEST(whoever_awaits_a_job_hears_that_its_worker_is_lost)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn.lease = eddy_ms(50)};
        eddy_task *task;
        intptr_t state;

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1});
        assert_int_equal(take(jobs, &turn, 1), 1);
        drop(&turn);
        task = eddy_create_task(await_a, jobs);
        while (!eddy_done(task)) {
                assert_takes(jobs, "");
                assert_int_equal(eddy_sleep(eddy_ms(5)), 0);
        }
        assert_int_equal(eddy_join(task, &state), 0);
        assert_int_equal(state, EDDY_JOB_DEAD);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_verdict_that_is_told_again_counts_where_nothing_is_kept),
            cmocka_unit_test(what_a_handler_said_is_there_once_however_often_it_is_sent),
            cmocka_unit_test(nor_do_a_long_history_and_long_lines_change_that),
            cmocka_unit_test(what_is_retried_has_nothing_of_its_first_end),
            cmocka_unit_test(a_job_under_the_id_of_one_that_is_gone_stays_for_its_own_time),
            cmocka_unit_test(a_job_under_the_id_of_one_that_is_gone_is_not_that_ones_workers),
            cmocka_unit_test(a_list_says_exactly_whether_it_goes_on),
            cmocka_unit_test(within_no_period_more_begin_than_the_rate_says),
            cmocka_unit_test(what_is_used_up_of_a_rate_stays_so_where_that_is_set_again),
            cmocka_unit_test(and_where_it_is_set_as_it_was_read),
            cmocka_unit_test(whoever_awaits_a_job_hears_that_its_worker_is_lost),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
