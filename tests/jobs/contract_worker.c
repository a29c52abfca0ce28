/* A worker with every engine: what was enqueued is done. */
#include "store.h"

#include <pthread.h>

static eddy_jobs *jobs;
static eddy_job_worker *worker;
static eddy_task *work;
static eddy_event changed;
static size_t begun, running, finished, lost;
static bool may_end;
static char order[4096];

static void on_event(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        (void)job, (void)text, (void)arg;
        finished +=
            event == EDDY_JOB_EVENT_DONE || event == EDDY_JOB_EVENT_DEAD || event == EDDY_JOB_EVENT_CANCELLED;
        lost += event == EDDY_JOB_EVENT_LOST;
        eddy_event_set(&changed);
}

/** Wait until something is so, of which a job's begin or end may be the reason. */
#define WAIT_UNTIL(condition)                                                                                  \
        do {                                                                                                   \
                int rc_ = 0;                                                                                   \
                EDDY_TIMEOUT_SCOPE(eddy_seconds(60))                                                           \
                        while (rc_ == 0 && !(condition)) {                                                     \
                                eddy_event_clear(&changed);                                                    \
                                rc_ = eddy_event_wait(&changed);                                               \
                        }                                                                                      \
                if (rc_ < 0)                                                                                   \
                        fail_msg("%s never happens", #condition);                                              \
        } while (0)

static int add_to_order(eddy_job *job, void *arg)
{
        int rc = eddy_sleep(eddy_us(eddy_job_id(job)[1] * 7 % 5 * 100));

        (void)arg;
        begun++;
        snprintf(order + strlen(order), sizeof order - strlen(order), "%s ", eddy_job_id(job));
        return rc;
}

static int wait_for_test(eddy_job *job, void *arg)
{
        int rc = 0;

        (void)job, (void)arg;
        running++;
        eddy_event_set(&changed);
        while (rc == 0 && !may_end) {
                eddy_event_clear(&changed);
                rc = eddy_event_wait(&changed);
        }
        running--;
        return rc;
}

static intptr_t run_worker(void *arg)
{
        return eddy_job_worker_run(*(eddy_job_worker **)arg);
}

static void open_worker(eddy_job_handler handler, eddy_job_worker_options options)
{
        eddy_event_init(&changed);
        begun = running = finished = lost = 0;
        may_end = false;
        order[0] = '\0';
        jobs = open_new_store();
        options.on_event = on_event;
        options.poll = eddy_seconds(3600); /* hints and `next` are all there is */
        assert_int_equal(eddy_job_worker_create(&worker, jobs, &options), 0);
        assert_int_equal(eddy_job_worker_handle(worker, "work", handler, NULL), 0);
}

static void begin_work(void)
{
        work = eddy_spawn(run_worker, &worker);
}

static void end_work(void)
{
        intptr_t result = 0;

        eddy_job_worker_stop(worker);
        assert_int_equal(eddy_join(work, &result), 0);
        assert_int_equal(result, 0);
}

static void close_worker(void)
{
        eddy_job_worker_destroy(worker);
        close_store(jobs);
}

/* docs/jobs.md promises [key] */
COROUTINE_TEST(jobs_of_a_key_are_done_one_after_the_other_and_in_order)
{
        char id[16], last[3][16] = {"", "", ""};

        open_worker(add_to_order, (eddy_job_worker_options){.concurrency = 8});
        for (int i = 0; i < 90; i++) {
                snprintf(id, sizeof id, "%c%02d", "abc"[i % 3], i);
                enqueue(jobs, id, (eddy_job_spec){.key = (const char *[]){"ada", "bob", "cy"}[i % 3]});
        }
        begin_work();
        WAIT_UNTIL(finished == 90);
        end_work();
        assert_int_equal(begun, 90);
        for (const char *word = strtok(order, " "); word; word = strtok(NULL, " ")) {
                assert_true(strcmp(last[word[0] - 'a'], word) < 0);
                snprintf(last[word[0] - 'a'], sizeof last[0], "%s", word);
        }
        close_worker();
}

static int fail_at_first(eddy_job *job, void *arg)
{
        (void)arg;
        eddy_job_log(job, "attempt %d", eddy_job_attempt(job));
        if (eddy_job_attempt(job) < 3)
                return eddy_fail(-EIO, "no luck");
        eddy_job_progress(job, 1, "at last");
        return eddy_job_set_result(job, "well", 4);
}

static int await_job(const char *id, eddy_job_info **info)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(60))
                rc = eddy_jobs_await(jobs, id, info);
        return rc;
}

/* docs/jobs.md promises [done] */
COROUTINE_TEST(what_fails_is_tried_again_until_it_is_done)
{
        eddy_job_info *info;

        open_worker(fail_at_first, (eddy_job_worker_options){0});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){.backoff = eddy_ms(10)});
        assert_int_equal(await_job("a", &info), EDDY_JOB_DONE);
        assert_int_equal(info->attempt, 3);
        assert_string_equal(info->result, "well");
        assert_string_equal(info->note, "at last");
        assert_non_null(strstr(info->history, "failed no luck"));
        assert_non_null(strstr(info->history, "log attempt 3"));
        eddy_free(info);
        end_work();
        close_worker();
}

COROUTINE_TEST(what_fails_too_often_is_dead)
{
        open_worker(fail_at_first, (eddy_job_worker_options){0});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){.backoff = eddy_ms(10), .attempts = 2});
        assert_int_equal(await_job("a", NULL), EDDY_JOB_DEAD);
        end_work();
        close_worker();
}

COROUTINE_TEST(a_job_that_runs_is_cancelled_by_who_asks_for_it)
{
        open_worker(wait_for_test, (eddy_job_worker_options){0});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        WAIT_UNTIL(running == 1);
        assert_int_equal(eddy_jobs_cancel(jobs, "a"), 0);
        assert_int_equal(await_job("a", NULL), EDDY_JOB_CANCELLED);
        end_work();
        close_worker();
}

/* docs/jobs.md promises [lease] */
COROUTINE_TEST(a_lease_is_renewed_and_nobody_takes_the_job_over)
{
        open_worker(wait_for_test, (eddy_job_worker_options){.lease = eddy_seconds(1)});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        WAIT_UNTIL(running == 1);
        for (eddy_time begin = eddy_now(); eddy_now() - begin < eddy_seconds(3);) /* three leases */
                eddy_sleep(eddy_ms(50));
        assert_int_equal(running, 1);
        may_end = true;
        eddy_event_set(&changed);
        WAIT_UNTIL(finished == 1);
        end_work();
        assert_state(jobs, "a", EDDY_JOB_DONE);
        close_worker();
}

/* docs/jobs.md promises [lease] */
COROUTINE_TEST(a_lease_is_of_thirty_seconds_by_default)
{
        eddy_job_info *info;

        open_worker(wait_for_test, (eddy_job_worker_options){0});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        WAIT_UNTIL(running == 1);
        info = look(jobs, "a");
        assert_int_equal((info->lease - info->started + 500000) / 1000000, 30);
        eddy_free(info);
        may_end = true;
        eddy_event_set(&changed);
        WAIT_UNTIL(finished == 1);
        end_work();
        close_worker();
}

/* Another process' worker, in a loop of its own: it takes the job and does it. No assertion may fail here. */
static intptr_t take_over(void *arg)
{
        char prefix[32];
        struct turn turn = {0};
        eddy_jobs *own;

        (void)arg;
        snprintf(prefix, sizeof prefix, "test_%d_%u", (int)getpid(), store_number);
        int rc = eddy_jobs_open(&own, store_url(), &(eddy_jobs_options){.prefix = prefix});
        while (rc == 0 && turn.turn.taken_count == 0) {
                turn.turn = (struct jobs_turn){.most = 1};
                rc = run_turn(own, &turn);
        }
        if (rc == 0)
                rc = tell(own, "a", turn.taken[0]->fence, (struct jobs_outcome){.verdict = JOBS_DONE});
        drop(&turn);
        eddy_jobs_close(own);
        return rc;
}

static void *run_other_loop(void *arg)
{
        *(intptr_t *)arg = eddy_run(take_over, NULL);
        return NULL;
}

static int block_until_it_is_taken_over(eddy_job *job, void *arg)
{
        intptr_t result = -1;
        pthread_t other;

        (void)job, (void)arg;
        pthread_create(&other, NULL, run_other_loop, &result);
        pthread_join(other, NULL);
        return (int)result;
}

/* docs/jobs.md promises [twice-blocked] */
COROUTINE_TEST(who_blocks_its_loop_loses_its_job)
{
        eddy_job_info *info;

        if (strcmp(store_url(), "memory:") == 0) /* is one loop's */
                return;
        open_worker(block_until_it_is_taken_over, (eddy_job_worker_options){.lease = eddy_seconds(1)});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        WAIT_UNTIL(lost > 0);
        assert_int_equal(await_job("a", &info), EDDY_JOB_DONE);
        assert_true(info->attempt >= 2); /* more where a turn took longer than the lease, on a slow machine */
        assert_string_equal(info->worker, "one");
        eddy_free(info);
        end_work();
        close_worker();
}

/* docs/jobs.md promises [returned] */
COROUTINE_TEST(what_runs_when_the_worker_ends_goes_back)
{
        eddy_job_info *info;

        open_worker(wait_for_test, (eddy_job_worker_options){.grace = -1});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        WAIT_UNTIL(running == 1);
        end_work();
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_READY);
        assert_int_equal(info->attempt, 0);
        eddy_free(info);
        may_end = true;
        begin_work();
        assert_int_equal(await_job("a", NULL), EDDY_JOB_DONE);
        end_work();
        close_worker();
}

static int snooze_once(eddy_job *job, void *arg)
{
        (void)arg;
        return begun++ ? 0 : eddy_job_snooze(job, eddy_ms(30));
}

COROUTINE_TEST(what_is_delayed_is_done_when_it_is_due)
{
        eddy_job_info *info;
        eddy_time begin = eddy_now();

        open_worker(snooze_once, (eddy_job_worker_options){0});
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){.delay = eddy_ms(50)});
        assert_int_equal(await_job("a", &info), EDDY_JOB_DONE);
        assert_true(eddy_now() - begin >= eddy_ms(80));
        assert_int_equal(info->attempt, 1);
        eddy_free(info);
        end_work();
        close_worker();
}

COROUTINE_TEST(a_queue_that_is_paused_is_worked_off_when_it_goes_on)
{
        open_worker(add_to_order, (eddy_job_worker_options){0});
        assert_int_equal(eddy_jobs_pause(jobs, "default"), 0);
        begin_work();
        enqueue(jobs, "a", (eddy_job_spec){0});
        for (int i = 0; i < 100; i++)
                eddy_sleep(eddy_us(100));
        assert_int_equal(begun, 0);
        assert_int_equal(eddy_jobs_resume(jobs, "default"), 0);
        assert_int_equal(await_job("a", NULL), EDDY_JOB_DONE);
        end_work();
        close_worker();
}

COROUTINE_TEST(a_turn_that_took_many_is_given_them_all_again)
{
        enum { N = 300 };
        static const char *const queues[] = {"default"};
        struct jobs_taken *taken[N];
        struct jobs_turn turn = {.queues = queues,
                                 .queue_count = 1,
                                 .most = N,
                                 .lease = eddy_seconds(60),
                                 .worker = "one",
                                 .number = 7,
                                 .taken = taken};
        char id[16];

        jobs = open_new_store();
        for (int i = 0; i < N + 10; i++) {
                snprintf(id, sizeof id, "%d", i);
                enqueue(jobs, id, (eddy_job_spec){0});
        }
        for (int round = 0; round < 2; round++) {
                bool seen[N] = {false};
                turn.taken_count = 0;
                assert_int_equal(jobs->engine->type->turn(jobs->engine, &turn), 0);
                assert_int_equal(turn.taken_count, N);
                for (int i = 0; i < N; i++) {
                        int which = atoi(taken[i]->id);
                        assert_true(which < N && !seen[which]); /* in any order: they run already */
                        seen[which] = true;
                        assert_int_equal(taken[i]->fence, 1);
                        eddy_free(taken[i]);
                }
        }
        close_store(jobs);
}

static struct jobs_engine_type counting;
static int (*real_turn)(struct jobs_engine *engine, struct jobs_turn *turn);
static size_t turns;

static int count_turn(struct jobs_engine *engine, struct jobs_turn *turn)
{
        turns++;
        return real_turn(engine, turn);
}

static int do_nothing(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        begun++;
        return 0;
}

COROUTINE_TEST(two_workers_share_the_jobs_and_need_few_turns)
{
        enum { N = 1600 };
        eddy_job_worker *other;
        eddy_task *other_work;
        char id[16];

        open_worker(do_nothing, (eddy_job_worker_options){.concurrency = 16});
        counting = *jobs->engine->type;
        real_turn = counting.turn;
        counting.turn = count_turn;
        jobs->engine->type = &counting;
        turns = 0;
        for (int i = 0; i < N; i++) {
                snprintf(id, sizeof id, "%d", i);
                enqueue(jobs, id, (eddy_job_spec){0});
        }
        assert_int_equal(eddy_job_worker_create(
                             &other, jobs, &(eddy_job_worker_options){.concurrency = 16, .on_event = on_event}),
                         0);
        assert_int_equal(eddy_job_worker_handle(other, "work", do_nothing, NULL), 0);
        begin_work();
        other_work = eddy_spawn(run_worker, &other);
        WAIT_UNTIL(finished == N);
        end_work();
        eddy_job_worker_stop(other);
        assert_int_equal(eddy_join(other_work, NULL), 0);
        assert_int_equal(begun, N);
        assert_true(turns < N / 10); /* 16 jobs a turn */
        eddy_job_worker_destroy(other);
        close_worker();
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(jobs_of_a_key_are_done_one_after_the_other_and_in_order),
            cmocka_unit_test(what_fails_is_tried_again_until_it_is_done),
            cmocka_unit_test(what_fails_too_often_is_dead),
            cmocka_unit_test(a_job_that_runs_is_cancelled_by_who_asks_for_it),
            cmocka_unit_test(a_lease_is_renewed_and_nobody_takes_the_job_over),
            cmocka_unit_test(a_lease_is_of_thirty_seconds_by_default),
            cmocka_unit_test(who_blocks_its_loop_loses_its_job),
            cmocka_unit_test(what_runs_when_the_worker_ends_goes_back),
            cmocka_unit_test(what_is_delayed_is_done_when_it_is_due),
            cmocka_unit_test(a_queue_that_is_paused_is_worked_off_when_it_goes_on),
            cmocka_unit_test(a_turn_that_took_many_is_given_them_all_again),
            cmocka_unit_test(two_workers_share_the_jobs_and_need_few_turns),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
