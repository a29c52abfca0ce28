/* What a job says afterwards of how it came to its end, in every engine. */
#include "store.h"

/* What was asked to end says how its attempt ended, and that it will not run again; and nothing of a next attempt that does not come. */
static void assert_cancelled(eddy_jobs *jobs, const char *id, const char *lines)
{
        eddy_job_info *info = look(jobs, id);

        assert_int_equal(info->state, EDDY_JOB_CANCELLED);
        assert_false(info->is_cancelling);
        assert_int_equal(info->attempt, 1);
        assert_true(info->due == info->created);
        assert_true(info->finished >= info->started);
        assert_true(info->lease == 0);
        eddy_free(info);
        assert_lines(jobs, id, lines);
}

COROUTINE_TEST(what_was_asked_to_end_says_what_became_of_it)
{
        static const struct {
                enum jobs_verdict verdict;
                const char *lines;
        } ends[] = {{JOBS_CANCEL, "1 cancelled,"},
                    {JOBS_RETRY, "1 failed no,1 cancelled,"},
                    {JOBS_SNOOZE, "1 snoozed,1 cancelled,"},
                    {JOBS_RETURN, "1 returned,1 cancelled,"}};
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue *queues;
        size_t n;

        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
                char id[8];
                snprintf(id, sizeof id, "%zu", i);
                enqueue(jobs, id, (eddy_job_spec){0});
                assert_takes(jobs, id);
                assert_int_equal(eddy_jobs_cancel(jobs, id), 0);
                assert_told(jobs, id, .verdict = ends[i].verdict, .delay = eddy_seconds(1000),
                            .error = ends[i].verdict == JOBS_RETRY ? "no" : NULL);
                assert_cancelled(jobs, id, ends[i].lines);
        }
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_int_equal(queues[0].finished, sizeof ends / sizeof *ends);
        assert_int_equal(queues[0].failed, 1);
        eddy_free(queues);
        close_store(jobs);
}

COROUTINE_TEST(and_so_it_does_where_its_worker_was_lost)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn.lease = eddy_ms(20)};
        eddy_job_info *info = NULL;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(take(jobs, &turn, 1), 1);
        drop(&turn);
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        do {
                assert_takes(jobs, "");
                eddy_free(info);
                info = look(jobs, "a");
        } while (info->state == EDDY_JOB_RUNNING);
        eddy_free(info);
        assert_cancelled(jobs, "a", "1 lost one,1 cancelled,");
        close_store(jobs);
}

COROUTINE_TEST(what_ends_otherwise_is_no_longer_asked_to)
{
        static const enum jobs_verdict verdicts[] = {JOBS_DONE, JOBS_DIE};
        eddy_jobs *jobs = open_new_store();

        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                char id[8];
                eddy_job_info *info;
                snprintf(id, sizeof id, "%zu", i);
                enqueue(jobs, id, (eddy_job_spec){0});
                assert_takes(jobs, id);
                assert_int_equal(eddy_jobs_cancel(jobs, id), 0);
                assert_told(jobs, id, .verdict = verdicts[i]);
                info = look(jobs, id);
                assert_int_equal(info->state, i ? EDDY_JOB_DEAD : EDDY_JOB_DONE);
                assert_false(info->is_cancelling);
                eddy_free(info);
        }
        close_store(jobs);
}

COROUTINE_TEST(after_the_last_attempt_nothing_is_due)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .delay = eddy_seconds(1000));
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_DEAD);
        assert_true(info->due == info->created);
        eddy_free(info);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_was_asked_to_end_says_what_became_of_it),
            cmocka_unit_test(and_so_it_does_where_its_worker_was_lost),
            cmocka_unit_test(what_ends_otherwise_is_no_longer_asked_to),
            cmocka_unit_test(after_the_last_attempt_nothing_is_due),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
