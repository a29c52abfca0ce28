/* What a worker makes of jobs: their order, what their handlers return and say. */
#include "fake.h"

static size_t running, most_running, begun;
static char order[256];
static bool may_end;

static void reset(void)
{
        running = most_running = begun = 0;
        memset(order, 0, sizeof order);
        may_end = false;
}

static int do_nothing(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        begun++;
        return 0;
}

static int write_down(eddy_job *job, void *arg)
{
        (void)arg;
        if (strlen(order) < sizeof order - 1)
                order[strlen(order)] = eddy_job_id(job)[0];
        return 0;
}

/* Until the test says so. */
static int wait_for_test(eddy_job *job, void *arg)
{
        int rc = 0;

        (void)job, (void)arg;
        running++;
        begun++;
        most_running = running > most_running ? running : most_running;
        fake_changed();
        while (rc == 0 && !may_end) {
                eddy_event_clear(&fake.changed);
                rc = eddy_event_wait(&fake.changed);
        }
        running--;
        return rc;
}

COROUTINE_TEST(jobs_are_done_in_their_order)
{
        char ids[] = "a";

        reset();
        open_worker(write_down, (eddy_job_worker_options){.concurrency = 3});
        for (; ids[0] <= 'j'; ids[0]++)
                add(ids, (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 10);
        assert_int_equal(end_work(), 0);
        assert_string_equal(order, "abcdefghij");
        close_worker();
}

COROUTINE_TEST(no_more_run_at_a_time_than_its_concurrency_says)
{
        char id[16];

        reset();
        open_worker(wait_for_test, (eddy_job_worker_options){.concurrency = 4});
        for (int i = 0; i < 20; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(running == 4);
        hint(JOBS_HINT_WORK, "default");
        hint(JOBS_HINT_ANY, NULL);
        for (int i = 0; i < 20; i++)
                eddy_yield();
        assert_int_equal(begun, 4);
        assert_int_equal(count_state(EDDY_JOB_RUNNING), 4);
        assert_int_equal(fake.looks, 1); /* it has no place for more, and does not ask */
        may_end = true;
        fake_changed();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 20);
        assert_int_equal(end_work(), 0);
        assert_int_equal(most_running, 4);
        close_worker();
}

COROUTINE_TEST(a_turn_tells_what_is_done_and_takes_as_much)
{
        enum { PLACES = 16 };
        const unsigned n = scaled(10000);
        char id[16];

        reset();
        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = PLACES});
        for (unsigned i = 0; i < n; i++) {
                snprintf(id, sizeof id, "%u", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == n);
        assert_int_equal(end_work(), 0);
        assert_int_equal(begun, n);
        assert_true(fake.turns <= n / PLACES + 3);
        assert_int_equal(fake.most_told, PLACES);
        close_worker();
}

COROUTINE_TEST(with_one_place_a_job_costs_one_turn)
{
        enum { N = 100 };
        char id[16];

        reset();
        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = 1});
        for (int i = 0; i < N; i++) {
                snprintf(id, sizeof id, "%d", i);
                add(id, (eddy_job_spec){0});
        }
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == N);
        assert_int_equal(end_work(), 0);
        assert_true(fake.turns <= N + 3);
        close_worker();
}

static void fill_queues(int n)
{
        char id[16];

        for (int i = 0; i < n; i++) {
                snprintf(id, sizeof id, "A%d", i);
                add(id, (eddy_job_spec){.queue = "a"});
                snprintf(id, sizeof id, "B%d", i);
                add(id, (eddy_job_spec){.queue = "b"});
        }
}

static size_t count_letter(char letter, size_t among)
{
        size_t n = 0;

        for (size_t i = 0; i < among; i++)
                n += order[i] == letter;
        return n;
}

COROUTINE_TEST(queues_have_their_turns_by_weight)
{
        static const eddy_job_share shares[] = {{.queue = "a", .weight = 3}, {.queue = "b", .weight = 1}};

        for (size_t places = 1; places <= 5; places += 4) {
                reset();
                open_worker(write_down, (eddy_job_worker_options){
                                            .concurrency = places, .queues = shares, .queue_count = 2});
                fill_queues(100);
                begin_work();
                WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 200);
                assert_int_equal(end_work(), 0);
                assert_in_range(count_letter('A', 100), 70, 80);
                close_worker();
        }
}

COROUTINE_TEST(with_strictness_the_first_queue_comes_first)
{
        static const eddy_job_share shares[] = {{.queue = "b", .weight = 1}, {.queue = "a", .weight = 3}};

        reset();
        open_worker(write_down, (eddy_job_worker_options){
                                    .concurrency = 4, .queues = shares, .queue_count = 2, .is_strict = true});
        fill_queues(50);
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 100);
        assert_int_equal(end_work(), 0);
        assert_int_equal(count_letter('B', 50), 50);
        close_worker();
}

COROUTINE_TEST(a_queue_that_had_nothing_does_not_save_up)
{
        static const eddy_job_share shares[] = {{.queue = "a", .weight = 1}, {.queue = "b", .weight = 1}};
        char id[16];

        reset();
        open_worker(write_down,
                    (eddy_job_worker_options){.concurrency = 1, .queues = shares, .queue_count = 2});
        for (int i = 0; i < 50; i++) {
                snprintf(id, sizeof id, "a%d", i);
                add(id, (eddy_job_spec){.queue = "a"});
        }
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 50);
        memset(order, 0, sizeof order);
        fake.is_held = true;
        fill_queues(20);
        fake.is_held = false;
        fake_changed();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 90);
        assert_int_equal(end_work(), 0);
        assert_in_range(count_letter('B', 20), 9, 11);
        close_worker();
}

static int refuse(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return eddy_fail(-EIO, "the disk\nsays \x01 n\xc3\xb6, \xff");
}

/* As if its time had come. */
static void make_due(struct fake_job *job)
{
        job->state = EDDY_JOB_READY;
        hint(JOBS_HINT_WORK, "default");
}

COROUTINE_TEST(what_fails_is_tried_again_later_and_later_until_it_is_dead)
{
        static const int seconds[] = {1, 2, 4, 5, 5};
        struct fake_job *job;

        open_worker(refuse, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){.backoff = eddy_seconds(1), .max_backoff = eddy_seconds(5), .attempts = 5});
        job = job_of("a");
        begin_work();
        for (unsigned i = 0; i < 5; i++) {
                WAIT_UNTIL(job->verdicts == i + 1);
                assert_int_equal(job->verdict, JOBS_RETRY);
                assert_string_equal(job->error, "the disk says   n\xc3\xb6, ?");
                assert_true(job->delay <= eddy_seconds(seconds[i]));
                assert_true(job->delay >= eddy_seconds(seconds[i] * 0.8));
                WAIT_UNTIL(strstr(events, i < 4 ? "retry" : "dead"));
                assert_events(i < 4 ? "begun a, retry a: the disk says   n\xc3\xb6, ?"
                                    : "begun a, dead a: the disk says   n\xc3\xb6, ?");
                if (i < 4)
                        make_due(job);
        }
        assert_int_equal(job->state, EDDY_JOB_DEAD);
        assert_int_equal(end_work(), 0);
        close_worker();
}

static int fail_at_length(eddy_job *job, void *arg)
{
        char text[2000];

        (void)arg;
        for (size_t i = 0; i < sizeof text - 2; i += 3)
                memcpy(text + i, "\xe2\x82\xac", 4);
        return eddy_job_retry(job, eddy_seconds(3), "%s", text);
}

COROUTINE_TEST(why_an_attempt_failed_is_a_line_of_whole_characters)
{
        struct fake_job *job;

        open_worker(fail_at_length, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(end_work(), 0);
        assert_int_equal(strlen(job->error), 1023);
        assert_string_equal(job->error + 1020, "\xe2\x82\xac");
        assert_true(job->delay == eddy_seconds(3));
        close_worker();
}

static int wait_forever(eddy_job *job, void *arg)
{
        eddy_event never = EDDY_EVENT_INIT;

        (void)job, (void)arg;
        return eddy_event_wait(&never);
}

COROUTINE_TEST(an_attempt_has_its_time)
{
        struct fake_job *job;

        open_worker(wait_forever, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){.timeout = eddy_ms(20)});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(end_work(), 0);
        assert_int_equal(job->verdict, JOBS_RETRY);
        assert_string_equal(job->error, "the attempt took longer than 0.02 s");
        close_worker();
}

/* A deadline of its own is not the attempt's. */
static int time_out(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return EDDY_TIMEOUT;
}

COROUTINE_TEST(a_deadline_of_the_handlers_own_is_told_as_such)
{
        struct fake_job *job;

        open_worker(time_out, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){.timeout = eddy_seconds(20)});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(end_work(), 0);
        assert_string_equal(job->error, eddy_strerror(EDDY_TIMEOUT));
        close_worker();
}

/* What the payload, which is the id, says. */
static int decide(eddy_job *job, void *arg)
{
        const char *what = eddy_job_payload(job, NULL);

        (void)arg;
        if (strcmp(what, "snooze") == 0)
                return eddy_job_snooze(job, eddy_seconds(7));
        if (strcmp(what, "retry") == 0)
                return eddy_job_retry(job, eddy_seconds(8), "later, %s", "please");
        if (strcmp(what, "give up") == 0)
                return eddy_job_give_up(job, "no %s", "way");
        if (strcmp(what, "nothing") == 0)
                return EDDY_EJOBDECIDED;
        if (strcmp(what, "no error") == 0)
                return -70000;
        if (strcmp(what, "cancelled") == 0)
                return EDDY_CANCELLED;
        eddy_job_give_up(job, "but it went well");
        return 1;
}

COROUTINE_TEST(a_handler_says_what_becomes_of_its_job)
{
        static const struct {
                const char *id;
                enum jobs_verdict verdict;
                const char *error;
        } rows[] = {
            {"snooze", JOBS_SNOOZE, ""},
            {"retry", JOBS_RETRY, "later, please"},
            {"give up", JOBS_DIE, "no way"},
            {"nothing", JOBS_RETRY, "the handler returned EDDY_EJOBDECIDED, but has decided nothing"},
            {"no error", JOBS_RETRY, "the handler returned -70000, which is no error's number"},
            {"cancelled", JOBS_RETRY, "the task was cancelled"},
            {"done", JOBS_DONE, ""},
        };
        enum { ROWS = sizeof rows / sizeof *rows };

        open_worker(decide, (eddy_job_worker_options){.concurrency = 1});
        for (size_t i = 0; i < ROWS; i++)
                add(rows[i].id, (eddy_job_spec){.attempts = 1});
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_SCHEDULED) == 1 && count_state(EDDY_JOB_DEAD) == 5 &&
                   count_state(EDDY_JOB_DONE) == 1);
        assert_int_equal(end_work(), 0);
        for (size_t i = 0; i < ROWS; i++) {
                assert_int_equal(job_of(rows[i].id)->verdict, rows[i].verdict);
                if (strcmp(rows[i].id, "cancelled") != 0)
                        assert_string_equal(job_of(rows[i].id)->error, rows[i].error);
        }
        assert_true(job_of("snooze")->delay == eddy_seconds(7));
        assert_int_equal(job_of("snooze")->attempt, 0);
        assert_true(job_of("retry")->delay == eddy_seconds(8));
        close_worker();
}

COROUTINE_TEST(a_kind_that_nobody_knows_goes_back_and_says_so)
{
        struct fake_job *job;

        open_worker(do_nothing, (eddy_job_worker_options){.name = "w1"});
        add("a", (eddy_job_spec){.kind = "other", .backoff = eddy_seconds(3)});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(strstr(events, "snoozed"));
        assert_int_equal(end_work(), 0);
        assert_int_equal(job->verdict, JOBS_SNOOZE);
        assert_int_equal(job->attempt, 0);
        assert_true(job->delay == eddy_seconds(3));
        assert_string_equal(job->log, "w1 has no handler for other\n");
        assert_events("snoozed a: no handler for this kind");
        close_worker();
}

COROUTINE_TEST(one_handler_may_do_every_kind)
{
        reset();
        open_worker(do_nothing, (eddy_job_worker_options){0});
        assert_int_equal(eddy_job_worker_handle(worker, NULL, write_down, NULL), 0);
        assert_int_equal(eddy_job_worker_handle(worker, NULL, write_down, NULL), -EEXIST);
        assert_int_equal(eddy_job_worker_handle(worker, "work", write_down, NULL), -EEXIST);
        add("a", (eddy_job_spec){.kind = "other"});
        add("b", (eddy_job_spec){0});
        begin_work();
        WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 2);
        assert_int_equal(eddy_job_worker_handle(worker, "third", do_nothing, NULL), EDDY_EINVALIDSTATE);
        assert_int_equal(end_work(), 0);
        assert_string_equal(order, "a");
        close_worker();
}

static int speak(eddy_job *job, void *arg)
{
        (void)arg;
        eddy_job_progress(job, 0.25, "a quarter");
        eddy_job_log(job, "one");
        eddy_job_log(job, "two\nlines");
        eddy_job_progress(job, 7, "%s", "all of it");
        assert_int_equal(eddy_job_set_result(job, "first", 5), 0);
        assert_int_equal(eddy_job_set_result(job, "last", 4), 0);
        assert_int_equal(eddy_job_set_result(job, "x", (16u << 20) + 1), -EMSGSIZE);
        assert_string_equal(eddy_job_kind(job), "work");
        assert_string_equal(eddy_job_queue_name(job), "default");
        assert_null(eddy_job_key(job));
        assert_int_equal(eddy_job_attempt(job), 1);
        assert_int_equal(eddy_job_attempts(job), 20);
        assert_true(eddy_job_timeout(job) == EDDY_FOREVER);
        assert_true(eddy_job_created(job) == 1000000 && eddy_job_due(job) == 1000000);
        return 0;
}

COROUTINE_TEST(what_a_handler_says_is_stored)
{
        struct fake_job *job;

        open_worker(speak, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(end_work(), 0);
        assert_string_equal(job->log, "one\ntwo lines\n");
        assert_string_equal(job->note, "all of it");
        assert_string_equal(job->result, "last");
        assert_true(job->progress == 1);
        close_worker();
}

static int chatter(eddy_job *job, void *arg)
{
        char line[2000];

        (void)arg;
        memset(line, 'x', sizeof line - 1);
        line[sizeof line - 1] = '\0';
        for (int i = 0; i < 100; i++)
                eddy_job_log(job, "%s", line);
        eddy_job_progress(job, -3, "%s", line);
        return 0;
}

COROUTINE_TEST(what_a_handler_says_is_bounded)
{
        static const char last[] = "(more was said than is kept)\n";
        struct fake_job *job;

        open_worker(chatter, (eddy_job_worker_options){0});
        add("a", (eddy_job_spec){0});
        job = job_of("a");
        begin_work();
        WAIT_UNTIL(job->verdicts == 1);
        assert_int_equal(end_work(), 0);
        assert_in_range(strlen(job->log), 15 * 1024, 16 * 1024);
        assert_string_equal(job->log + strlen(job->log) - strlen(last), last);
        assert_int_equal(strlen(job->note), 255);
        assert_true(job->progress == -1);
        close_worker();
}

COROUTINE_TEST(wrong_options_are_refused_with_words)
{
        static const eddy_job_share twice[] = {{.queue = "a", .weight = 1}, {.queue = "a", .weight = 2}},
                                    unnamed[] = {{.weight = 1}};
        static const struct {
                eddy_job_worker_options options;
                const char *words;
        } rows[] = {
            {{.concurrency = 100001}, "concurrency is 1 to 100000, and not 100001"},
            {{.lease = 1}, "a lease of less than 10 ms cannot be renewed in time"},
            {{.lease = EDDY_FOREVER}, "a lease is a year at most"},
            {{.poll = -1}, "poll is 1 ms at least"},
            {{.name = ""}, "a worker's name has 1 to 100 bytes, and not 0"},
            {{.queues = twice, .queue_count = 2}, "a worker has the queue a twice"},
            {{.queues = unnamed, .queue_count = 1}, "a worker's queue has no name"},
            {{.queues = twice}, "a worker has 1 to 1000 queues, or NULL and 0 for the default"},
            {{.queue_count = 1}, "a worker has 1 to 1000 queues, or NULL and 0 for the default"},
        };

        assert_int_equal(eddy_jobs_open(&store, "memory:", NULL), 0);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                assert_int_equal(eddy_job_worker_create(&worker, store, &rows[i].options), -EINVAL);
                assert_string_equal(eddy_error_detail(), rows[i].words);
                assert_null(worker);
        }
        assert_int_equal(eddy_job_worker_create(&worker, store, NULL), 0);
        assert_int_equal(eddy_job_worker_handle(worker, "", do_nothing, NULL), -EINVAL);
        eddy_job_worker_destroy(NULL);
        close_worker();
}

static int speak_if_possible(eddy_job *job, void *arg)
{
        (void)arg;
        eddy_job_log(job, "a line");
        eddy_job_progress(job, 0.5, "half");
        return eddy_job_set_result(job, "x", 1);
}

/* However little memory there is, the worker goes on, and each job is done in the end or says why not. */
COROUTINE_TEST(without_memory_jobs_go_back_and_the_worker_goes_on)
{
        for (unsigned long nth = 1; nth < 60; nth++) {
                open_worker(speak_if_possible,
                            (eddy_job_worker_options){.concurrency = 2, .poll = eddy_ms(20)});
                add("a", (eddy_job_spec){.backoff = eddy_ms(1), .max_backoff = eddy_ms(1)});
                add("b", (eddy_job_spec){.backoff = eddy_ms(1), .max_backoff = eddy_ms(1)});
                begin_work();
                WAIT_UNTIL(fake.turns > 0); /* what run() itself needs is another matter */
                fault_arm(nth, 2);
                WAIT_UNTIL(job_of("a")->verdicts > 0 && job_of("b")->verdicts > 0);
                fault_arm(0, 0);
                for (size_t i = 0; i < 2; i++)
                        if (fake.jobs[i].state == EDDY_JOB_SCHEDULED)
                                make_due(&fake.jobs[i]);
                WAIT_UNTIL(count_state(EDDY_JOB_DONE) == 2);
                assert_int_equal(end_work(), 0);
                close_worker();
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(jobs_are_done_in_their_order),
            cmocka_unit_test(no_more_run_at_a_time_than_its_concurrency_says),
            cmocka_unit_test(a_turn_tells_what_is_done_and_takes_as_much),
            cmocka_unit_test(with_one_place_a_job_costs_one_turn),
            cmocka_unit_test(queues_have_their_turns_by_weight),
            cmocka_unit_test(with_strictness_the_first_queue_comes_first),
            cmocka_unit_test(a_queue_that_had_nothing_does_not_save_up),
            cmocka_unit_test(what_fails_is_tried_again_later_and_later_until_it_is_dead),
            cmocka_unit_test(why_an_attempt_failed_is_a_line_of_whole_characters),
            cmocka_unit_test(an_attempt_has_its_time),
            cmocka_unit_test(a_deadline_of_the_handlers_own_is_told_as_such),
            cmocka_unit_test(a_handler_says_what_becomes_of_its_job),
            cmocka_unit_test(a_kind_that_nobody_knows_goes_back_and_says_so),
            cmocka_unit_test(one_handler_may_do_every_kind),
            cmocka_unit_test(what_a_handler_says_is_stored),
            cmocka_unit_test(what_a_handler_says_is_bounded),
            cmocka_unit_test(wrong_options_are_refused_with_words),
            cmocka_unit_test(without_memory_jobs_go_back_and_the_worker_goes_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
