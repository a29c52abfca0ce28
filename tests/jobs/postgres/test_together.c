/* Several workers, each with connections of its own, on one schema. */
#include "helpers.h"

enum { WORKERS = 4, JOBS = 400 };

/* What the workers do together, as they see it. */
struct yard {
        size_t most;     /* that each takes at a time */
        int done;        /* jobs */
        int running[50]; /* by key */
        int last[50];    /* of a key, the job that was begun last; jobs are numbered */
        int begun[JOBS];
        int all_running, most_running;
        int fails_each; /* so many-th job fails its first attempt; 0: none */
};

/* A worker of the yard. */
struct hand {
        struct yard *yard;
        eddy_jobs *jobs;
        char name[16];
};

static void begin(struct yard *yard, const struct jobs_taken *job)
{
        int number = atoi(job->id), key = job->key ? atoi(job->key) : -1;

        yard->begun[number]++;
        yard->all_running++;
        if (yard->all_running > yard->most_running)
                yard->most_running = yard->all_running;
        if (key < 0)
                return;
        assert_int_equal(yard->running[key]++, 0);
        assert_true(yard->last[key] <= number);
        yard->last[key] = number;
}

static void end(struct yard *yard, const struct jobs_taken *job, struct jobs_outcome *outcome)
{
        bool fails = yard->fails_each && atoi(job->id) % yard->fails_each == 0 && job->attempt == 1;

        yard->all_running--;
        if (job->key)
                yard->running[atoi(job->key)]--;
        *outcome = (struct jobs_outcome){.id = job->id,
                                         .fence = job->fence,
                                         .verdict = fails ? JOBS_RETRY : JOBS_DONE,
                                         .error = fails ? "the first attempt" : NULL,
                                         .words.progress = -1};
        yard->done += !fails;
}

static intptr_t work(void *arg)
{
        struct hand *hand = arg;
        struct turn turn = {0}, next = {0};

        while (hand->yard->done < JOBS || turn.turn.taken_count > 0) {
                int rc;
                next.turn.outcome_count = turn.turn.taken_count;
                for (size_t i = 0; i < turn.turn.taken_count; i++)
                        end(hand->yard, turn.taken[i], &next.outcomes[i]);
                rc = run_turn(hand->jobs, &next, hand->name, hand->yard->most);
                if (rc < 0)
                        fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
                for (size_t i = 0; i < next.turn.outcome_count; i++)
                        assert_int_equal(next.outcomes[i].rc, 0);
                drop(&turn);
                turn = next;
                next = (struct turn){0};
                turn.turn.taken = NULL;
                for (size_t i = 0; i < turn.turn.taken_count; i++)
                        begin(hand->yard, turn.taken[i]);
                eddy_yield();
        }
        return 0;
}

static void work_together(struct yard *yard)
{
        struct hand hands[WORKERS];
        eddy_group group;

        eddy_group_open(&group);
        for (int i = 0; i < WORKERS; i++) {
                hands[i] = (struct hand){.yard = yard, .jobs = open_store()};
                snprintf(hands[i].name, sizeof hands[i].name, "worker%d", i);
                assert_int_equal(hands[i].jobs->engine->type->listen(hands[i].jobs->engine), 0);
                eddy_group_create_task(&group, work, &hands[i], NULL);
        }
        assert_int_equal(eddy_group_close(&group), 0);
        for (int i = 0; i < WORKERS; i++)
                eddy_jobs_close(hands[i].jobs);
        assert_int_equal(yard->done, JOBS);
        assert_counts_are_true();
}

static void enqueue_all(eddy_jobs *jobs, int keys)
{
        for (int i = 0; i < JOBS; i++) {
                char id[16], key[16];
                snprintf(id, sizeof id, "%d", i);
                snprintf(key, sizeof key, "%d", keys ? i % keys : 0);
                enqueue(jobs, id, (eddy_job_spec){.key = keys ? key : NULL});
        }
}

COROUTINE_TEST(each_job_is_taken_once)
{
        struct yard yard = {.most = 7};
        eddy_jobs *jobs = open_new_store();

        enqueue_all(jobs, 0);
        work_together(&yard);
        for (int i = 0; i < JOBS; i++)
                assert_int_equal(yard.begun[i], 1);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(of_each_key_one_runs_at_a_time_in_order)
{
        struct yard yard = {.most = 5, .fails_each = 9};
        eddy_jobs *jobs = open_new_store();

        enqueue_all(jobs, 13);
        work_together(&yard);
        for (int i = 0; i < JOBS; i++)
                assert_int_equal(yard.begun[i], i % 9 == 0 ? 2 : 1);
        eddy_jobs_close(jobs);
}

COROUTINE_TEST(a_limit_holds_for_all_workers_together)
{
        struct yard yard = {.most = 3};
        eddy_jobs *jobs = open_new_store();

        assert_int_equal(eddy_jobs_set_queue(jobs, "default", &(eddy_job_queue_options){.most_running = 4}), 0);
        enqueue_all(jobs, 0);
        work_together(&yard);
        assert_true(yard.most_running <= 4);
        eddy_jobs_close(jobs);
}

/* Who enqueues while others work. */
static intptr_t enqueue_the_same(void *arg)
{
        eddy_jobs *jobs = arg;
        eddy_job_spec specs[JOBS];
        char ids[JOBS][16], keys[JOBS][16];

        for (int i = 0; i < JOBS; i++) {
                snprintf(ids[i], sizeof ids[i], "%d", i);
                snprintf(keys[i], sizeof keys[i], "%d", i % 50);
                specs[i] = (eddy_job_spec){.kind = "work", .id = ids[i], .key = keys[i]};
        }
        for (int i = 0; i < JOBS; i += 20) {
                int rc = eddy_jobs_enqueue_many(jobs, specs + i, 20, NULL);
                if (rc < 0)
                        fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        }
        return 0;
}

COROUTINE_TEST(two_who_enqueue_the_same_jobs_at_once_add_them_once)
{
        struct yard yard = {.most = 16};
        eddy_jobs *jobs = open_new_store(), *other = open_store();
        eddy_task *one = eddy_create_task(enqueue_the_same, jobs),
                  *two = eddy_create_task(enqueue_the_same, other);

        work_together(&yard);
        join(one);
        join(two);
        for (int i = 0; i < JOBS; i++)
                assert_int_equal(yard.begun[i], 1);
        eddy_jobs_close(jobs);
        eddy_jobs_close(other);
}

static intptr_t open_one(void *arg)
{
        (void)arg;
        return (intptr_t)open_store();
}

COROUTINE_TEST(several_who_open_a_store_at_once_make_it_once)
{
        eddy_task *tasks[WORKERS];

        schema_number++;
        for (int i = 0; i < WORKERS; i++)
                tasks[i] = eddy_create_task(open_one, NULL);
        for (int i = 0; i < WORKERS; i++)
                eddy_jobs_close((eddy_jobs *)join(tasks[i]));
        assert_store_value("SELECT count(*) FROM @.format", "1");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_job_is_taken_once),
            cmocka_unit_test(of_each_key_one_runs_at_a_time_in_order),
            cmocka_unit_test(a_limit_holds_for_all_workers_together),
            cmocka_unit_test(two_who_enqueue_the_same_jobs_at_once_add_them_once),
            cmocka_unit_test(several_who_open_a_store_at_once_make_it_once),
        };

        return cmocka_run_group_tests(tests, start_server, stop_server);
}
