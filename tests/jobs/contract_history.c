/* What a job says of its life, in every engine: since when it waits, its attempts, what their handlers say, how it came
 * to its end. */
#include "store.h"

/* Else it would look as if the queue had been stuck for years. */
COROUTINE_TEST(a_moment_that_is_past_is_now)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue *queues;
        eddy_job_info *info;
        size_t n;

        enqueue(jobs, "a", (eddy_job_spec){.at = 1});
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_READY);
        assert_true(info->due == info->created);
        eddy_free(info);
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_in_range(queues[0].age, 0, eddy_seconds(600));
        eddy_free(queues);
        close_store(jobs);
}

/* Attempts. */

/* Moment and text of a history's line of that number. */
static eddy_job_time read_line(const char *history, int number, char text[64])
{
        for (; number > 0; number--)
                history = strchr(history, '\n') + 1;
        snprintf(text, 64, "%.*s", (int)strcspn(strchr(history, ' ') + 1, "\n"), strchr(history, ' ') + 1);
        return strtoll(history, NULL, 10);
}

static void take_by(eddy_jobs *jobs, const char *worker, eddy_job_time *began)
{
        struct turn turn = {.turn.worker = worker};
        eddy_job_info *info;

        while (take(jobs, &turn, 1) == 0)
                turn = (struct turn){.turn.worker = worker};
        drop(&turn);
        info = look(jobs, "a");
        assert_string_equal(info->worker, worker);
        *began = info->started;
        eddy_free(info);
}

static void say(eddy_jobs *jobs, uint64_t fence)
{
        struct jobs_lease lease = {.id = "a", .fence = fence, .words = {.progress = -1, .log = "half\n"}};

        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_ms(20)), 0);
        assert_int_equal(lease.rc, 0);
}

COROUTINE_TEST(each_attempt_says_when_it_began_and_with_whom_and_all_is_in_its_order)
{
        static const char *const lines[] = {"1 began ann", "1 failed no",  "2 began bob", "2 log half",
                                            "2 lost bob",  "3 began cleo", "3 failed no"};
        enum { N = sizeof lines / sizeof *lines };
        eddy_jobs *jobs = open_new_store();
        eddy_job_time began[3], before = 0, moment;
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 3});
        take_by(jobs, "ann", &began[0]);
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .error = "no");
        take_by(jobs, "bob", &began[1]);
        say(jobs, 2); /* and its lease ends soon */
        take_by(jobs, "cleo", &began[2]);
        assert_int_equal(tell(jobs, "a", 3, (struct jobs_outcome){.verdict = JOBS_RETRY, .error = "no"}), 0);
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_DEAD);
        for (int i = 0; i < N; i++) {
                char text[64];
                moment = read_line(info->history, i, text);
                assert_string_equal(text, lines[i]);
                assert_true(moment >= before);
                before = moment;
                if (strstr(text, "began"))
                        assert_true(moment == began[text[0] - '1']);
        }
        eddy_free(info);
        close_store(jobs);
}

COROUTINE_TEST(what_is_done_at_once_costs_no_line)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_lines(jobs, "a", "");
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_takes(jobs, "b");
        assert_told(jobs, "b", .verdict = JOBS_DONE, .words = {.progress = -1, .log = "half\n"});
        assert_lines(jobs, "b", "1 began one,1 log half,");
        close_store(jobs);
}

/* What handlers say. */

static void say_words(eddy_jobs *jobs, uint64_t fence, struct jobs_words words)
{
        struct jobs_lease lease = {.id = "a", .fence = fence, .words = words};

        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(60)), 0);
        assert_int_equal(lease.rc, 0);
}

/* A note of NULL is none. */
static void assert_words(eddy_jobs *jobs, double progress, const char *note)
{
        eddy_job_info *info = look(jobs, "a");

        assert_true(info->progress == progress);
        if (note)
                assert_string_equal(info->note, note);
        else
                assert_null(info->note);
        eddy_free(info);
}

COROUTINE_TEST(an_attempt_has_nothing_of_how_far_the_one_before_was)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .words = {.progress = 1, .note = "all"});
        assert_words(jobs, 1, "all");
        assert_takes(jobs, "a");
        assert_words(jobs, -1, NULL);
        say_words(jobs, 2, (struct jobs_words){.progress = 0.5});
        assert_words(jobs, 0.5, NULL);
        close_store(jobs);
}

COROUTINE_TEST(that_nobody_knows_how_far_it_is_can_be_said_later)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        say_words(jobs, 1, (struct jobs_words){.progress = 0.5, .note = "half"});
        say_words(jobs, 1, (struct jobs_words){.progress = -1});
        assert_words(jobs, -1, "half");
        say_words(jobs, 1, (struct jobs_words){.progress = 0.25});
        assert_words(jobs, 0.25, "half");
        say_words(jobs, 1, (struct jobs_words){.progress = -1, .note = "who knows"});
        assert_words(jobs, -1, "who knows");
        say_words(jobs, 1, (struct jobs_words){.progress = 0.75});
        assert_told(jobs, "a", .verdict = JOBS_DONE, .words = {.progress = -1});
        assert_words(jobs, -1, "who knows");
        close_store(jobs);
}

/* Lines in an alphabet of two bytes a letter, each with its number in front. */
static void write_lines(char *text, int first, int n, int letters)
{
        for (int i = 0; i < n; i++) {
                text += sprintf(text, "%d ", first + i);
                for (int k = 0; k < letters; k++)
                        text += sprintf(text, "\u00e4");
                text += sprintf(text, "\n");
        }
}

/* The lines of a history up to this one, all of them whole: how many. */
static int count_whole_lines(const char *history, int last, int letters)
{
        int n = 0, number = 0, before = 0;

        for (const char *line = history; *line; line = strchr(line, '\n') + 1, n++) {
                int text = 0;
                assert_int_equal(sscanf(line, "%*d 1 log %d %n", &number, &text), 1);
                assert_true(text > 0);
                assert_int_equal(strcspn(line + text, "\n"), 2 * letters);
                assert_true(n == 0 || number == before + 1);
                before = number;
        }
        assert_int_equal(number, last);
        return n;
}

COROUTINE_TEST(of_a_history_the_newest_64_kib_are_kept_in_whole_lines)
{
        enum { LETTERS = 200, LINES = 32, TIMES = 8, KEPT = 64 * 1024, LINE_MOST = 2 * LETTERS + 64 };
        static char log[LINES * LINE_MOST];
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;
        int n;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        for (int i = 0; i < TIMES; i++) {
                write_lines(log, i * LINES, LINES, LETTERS);
                say_words(jobs, 1, (struct jobs_words){.log = log, .log_at = (size_t)(i * LINES)});
        }
        info = look(jobs, "a");
        n = count_whole_lines(info->history, LINES * TIMES - 1, LETTERS);
        assert_in_range(strlen(info->history), KEPT - LINE_MOST, KEPT);
        assert_true(n < LINES * TIMES);
        eddy_free(info);
        close_store(jobs);
}

/* Ends. */

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
        } ends[] = {{JOBS_CANCEL, "1 began one,1 cancelled,"},
                    {JOBS_RETRY, "1 began one,1 failed no,1 cancelled,"},
                    {JOBS_SNOOZE, "1 began one,1 snoozed,1 cancelled,"},
                    {JOBS_RETURN, "1 began one,1 returned,1 cancelled,"}};
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
        assert_cancelled(jobs, "a", "1 began one,1 lost one,1 cancelled,");
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
            cmocka_unit_test(a_moment_that_is_past_is_now),
            cmocka_unit_test(each_attempt_says_when_it_began_and_with_whom_and_all_is_in_its_order),
            cmocka_unit_test(what_is_done_at_once_costs_no_line),
            cmocka_unit_test(an_attempt_has_nothing_of_how_far_the_one_before_was),
            cmocka_unit_test(that_nobody_knows_how_far_it_is_can_be_said_later),
            cmocka_unit_test(of_a_history_the_newest_64_kib_are_kept_in_whole_lines),
            cmocka_unit_test(what_was_asked_to_end_says_what_became_of_it),
            cmocka_unit_test(and_so_it_does_where_its_worker_was_lost),
            cmocka_unit_test(what_ends_otherwise_is_no_longer_asked_to),
            cmocka_unit_test(after_the_last_attempt_nothing_is_due),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
