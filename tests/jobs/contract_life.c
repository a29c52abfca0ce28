/* The life of a job, in every engine: taken, done, tried again, lost, told twice. */
#include "store.h"

#include <time.h>

/* docs/jobs.md promises [stored] */
COROUTINE_TEST(what_was_enqueued_is_taken_once_with_all_that_was_said)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};

        enqueue(jobs, "a",
                (eddy_job_spec){.kind = "resize",
                                .payload = "x\0y",
                                .size = 3,
                                .attempts = 7,
                                .timeout = eddy_seconds(9),
                                .backoff = eddy_ms(1500),
                                .max_backoff = eddy_seconds(60),
                                .key = "ada"});
        assert_int_equal(take(jobs, &turn, 10), 1);
        assert_string_equal(turn.taken[0]->id, "a");
        assert_string_equal(turn.taken[0]->kind, "resize");
        assert_string_equal(turn.taken[0]->queue, "default");
        assert_string_equal(turn.taken[0]->key, "ada");
        assert_int_equal(turn.taken[0]->payload_size, 3);
        assert_memory_equal(turn.taken[0]->payload, "x\0y", 4);
        assert_int_equal(turn.taken[0]->attempt, 1);
        assert_int_equal(turn.taken[0]->attempts, 7);
        assert_true(turn.taken[0]->timeout == eddy_seconds(9));
        assert_true(turn.taken[0]->backoff == eddy_ms(1500));
        assert_true(turn.taken[0]->max_backoff == eddy_seconds(60));
        assert_true(turn.taken[0]->created > INT64_C(1700000000000000));
        assert_true(turn.taken[0]->due >= turn.taken[0]->created);
        drop(&turn);
        assert_takes(jobs, "");
        close_store(jobs);
}

COROUTINE_TEST(an_empty_payload_is_empty)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        info = look(jobs, "a");
        assert_int_equal(info->payload_size, 0);
        assert_string_equal(info->payload, "");
        assert_null(info->key);
        assert_null(info->result);
        assert_string_equal(info->history, "");
        eddy_free(info);
        take(jobs, &turn, 1);
        assert_int_equal(turn.taken[0]->payload_size, 0);
        assert_string_equal(turn.taken[0]->payload, "");
        assert_null(turn.taken[0]->key);
        drop(&turn);
        close_store(jobs);
}

/* docs/jobs.md promises [order] */
COROUTINE_TEST(the_oldest_of_the_highest_priority_comes_first)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){0});
        enqueue(jobs, "b", (eddy_job_spec){.priority = 100});
        enqueue(jobs, "c", (eddy_job_spec){.priority = -100});
        enqueue(jobs, "d", (eddy_job_spec){.priority = 100});
        enqueue(jobs, "e", (eddy_job_spec){0});
        assert_takes(jobs, "b d a e c");
        close_store(jobs);
}

/* docs/jobs.md promises [all-or-none] */
COROUTINE_TEST(many_are_enqueued_in_their_order_or_none)
{
        enum { N = 200 };
        eddy_jobs *jobs = open_new_store();
        eddy_job_spec specs[N];
        eddy_job_added added[N];
        struct turn turn = {0};

        for (int i = 0; i < N; i++)
                specs[i] = (eddy_job_spec){.kind = "work"};
        specs[N - 1].kind = "";
        assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, N, added), -EINVAL);
        assert_takes(jobs, "");
        specs[N - 1].kind = "work";
        assert_int_equal(eddy_jobs_enqueue_many(jobs, specs, N, added), 0);
        for (int i = 0; i < N; i += MOST) {
                size_t n = take(jobs, &turn, MOST);
                assert_int_equal(n, N - i < MOST ? N - i : MOST);
                for (size_t k = 0; k < n; k++)
                        assert_string_equal(turn.taken[k]->id, added[(size_t)i + k].id);
                drop(&turn);
        }
        close_store(jobs);
}

/* docs/jobs.md promises [same-id] */
COROUTINE_TEST(what_is_enqueued_again_adds_nothing)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_added added;

        enqueue(jobs, "a", (eddy_job_spec){.payload = "1", .size = 1});
        assert_int_equal(
            eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .id = "a", .payload = "2", .size = 1},
                              &added),
            0);
        assert_true(added.was_there);
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DONE);
        assert_int_equal(eddy_jobs_enqueue(jobs, &(eddy_job_spec){.kind = "work", .id = "a"}, &added), 0);
        assert_true(added.was_there);
        assert_takes(jobs, "");
        close_store(jobs);
}

COROUTINE_TEST(what_is_done_has_its_result)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_state(jobs, "a", EDDY_JOB_RUNNING);
        assert_told(jobs, "a", .verdict = JOBS_DONE, .result = "r\0s", .result_size = 3);
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_DONE);
        assert_int_equal(info->result_size, 3);
        assert_memory_equal(info->result, "r\0s", 4);
        assert_true(info->finished >= info->started && info->started >= info->created);
        assert_string_equal(info->worker, "one");
        eddy_free(info);
        assert_takes(jobs, "");
        close_store(jobs);
}

/* docs/jobs.md promises [answer-lost] */
COROUTINE_TEST(a_verdict_that_is_told_again_counts_once)
{
        static const enum jobs_verdict verdicts[] = {JOBS_DONE, JOBS_DIE, JOBS_CANCEL, JOBS_RETRY, JOBS_SNOOZE};
        eddy_jobs *jobs = open_new_store();
        eddy_job_queue *queues;
        size_t n;

        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                char id[8];
                snprintf(id, sizeof id, "%zu", i);
                enqueue(jobs, id, (eddy_job_spec){0});
                assert_takes(jobs, id);
                assert_told(jobs, id, .verdict = verdicts[i], .delay = eddy_seconds(1000));
                assert_told(jobs, id, .verdict = verdicts[i], .delay = eddy_seconds(1000));
        }
        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_int_equal(n, 1);
        assert_int_equal(queues[0].finished, 3);
        assert_int_equal(queues[0].failed, 2);
        eddy_free(queues);
        close_store(jobs);
}

/* docs/jobs.md promises [dead] */
COROUTINE_TEST(an_attempt_that_failed_is_followed_by_another_until_the_last)
{
        eddy_jobs *jobs = open_new_store();
        struct jobs_outcome failed = {.verdict = JOBS_RETRY, .error = "no such file"};
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 2});
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 1, failed), 0);
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 2, failed), 0);
        info = look(jobs, "a");
        assert_int_equal(info->state, EDDY_JOB_DEAD);
        assert_int_equal(info->attempt, 2);
        assert_non_null(strstr(info->history, " 1 failed no such file\n"));
        assert_non_null(strstr(info->history, " 2 failed no such file\n"));
        eddy_free(info);
        assert_takes(jobs, "");
        close_store(jobs);
}

COROUTINE_TEST(the_next_attempt_waits_for_its_time)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_RETRY, .delay = eddy_seconds(1000));
        assert_state(jobs, "a", EDDY_JOB_SCHEDULED);
        assert_int_equal(take(jobs, &turn, 1), 0);
        assert_true(turn.turn.next > eddy_seconds(900) && turn.turn.next <= eddy_seconds(1000));
        drop(&turn);
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_takes(jobs, "a");
        close_store(jobs);
}

/* docs/jobs.md promises [done] */
COROUTINE_TEST(what_is_given_up_is_dead_and_can_be_retried)
{
        eddy_jobs *jobs = open_new_store();

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_DIE, .error = "hopeless");
        assert_state(jobs, "a", EDDY_JOB_DEAD);
        assert_history(jobs, "a", " 1 failed hopeless\n");
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_history(jobs, "a", " 1 retried");
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        assert_state(jobs, "a", EDDY_JOB_DONE);
        close_store(jobs);
}

COROUTINE_TEST(what_snoozes_or_goes_back_has_cost_no_attempt)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {0};

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 1});
        assert_takes(jobs, "a");
        assert_told(jobs, "a", .verdict = JOBS_SNOOZE);
        assert_history(jobs, "a", " snoozed");
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 2, (struct jobs_outcome){.verdict = JOBS_RETURN}), 0);
        assert_history(jobs, "a", " returned");
        assert_int_equal(take(jobs, &turn, 1), 1);
        assert_int_equal(turn.taken[0]->attempt, 1);
        assert_int_equal(turn.taken[0]->fence, 3);
        drop(&turn);
        close_store(jobs);
}

/* docs/jobs.md promises [takeover] */
COROUTINE_TEST(a_job_whose_lease_ended_is_another_workers)
{
        eddy_jobs *jobs = open_new_store();
        struct turn slow = {.turn = {.lease = 1000, .worker = "slow"}}, other = {.turn = {.worker = "other"}};

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 3});
        assert_int_equal(take(jobs, &slow, 1), 1);
        while (take(jobs, &other, 1) == 0) {
                drop(&other);
                other.turn.worker = "other";
        }
        assert_int_equal(other.taken[0]->attempt, 2);
        assert_true(other.taken[0]->fence > slow.taken[0]->fence);
        assert_history(jobs, "a", " 1 lost slow\n");
        assert_int_equal(tell(jobs, "a", slow.taken[0]->fence, (struct jobs_outcome){.verdict = JOBS_DONE}),
                         EDDY_EJOBLOST);
        assert_state(jobs, "a", EDDY_JOB_RUNNING);
        assert_int_equal(tell(jobs, "a", other.taken[0]->fence, (struct jobs_outcome){.verdict = JOBS_DONE}),
                         0);
        assert_state(jobs, "a", EDDY_JOB_DONE);
        assert_int_equal(tell(jobs, "a", slow.taken[0]->fence, (struct jobs_outcome){.verdict = JOBS_DONE}),
                         EDDY_EJOBLOST);
        drop(&slow);
        drop(&other);
        close_store(jobs);
}

/* docs/jobs.md promises [fence] */
COROUTINE_TEST(no_verdict_counts_when_the_lease_has_ended)
{
        static const enum jobs_verdict verdicts[] = {JOBS_DONE,   JOBS_RETRY, JOBS_SNOOZE,
                                                     JOBS_RETURN, JOBS_DIE,   JOBS_CANCEL};
        eddy_jobs *jobs = open_new_store();

        for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
                struct turn turn = {.turn.lease = 1000};
                eddy_job_info *info = NULL;
                char id[8];
                snprintf(id, sizeof id, "%zu", i);
                enqueue(jobs, id, (eddy_job_spec){.attempts = 2, .queue = id});
                turn.turn.queues = (const char *const[]){id};
                turn.turn.queue_count = 1;
                take(jobs, &turn, 1);
                drop(&turn);
                do { /* of queues that nobody works on some engines move it here */
                        assert_true(jobs->engine->type->sweep(jobs->engine) >= 0);
                        take(jobs, &turn, 0);
                        drop(&turn);
                        eddy_free(info);
                        info = look(jobs, id);
                } while (info->state == EDDY_JOB_RUNNING);
                eddy_free(info);
                assert_int_equal(tell(jobs, id, 1, (struct jobs_outcome){.verdict = verdicts[i]}),
                                 EDDY_EJOBLOST);
                assert_state(jobs, id, EDDY_JOB_READY);
        }
        close_store(jobs);
}

/* docs/jobs.md promises [poison] */
COROUTINE_TEST(what_kills_its_workers_is_dead_in_the_end)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info = NULL;

        enqueue(jobs, "a", (eddy_job_spec){.attempts = 3});
        do {
                struct turn turn = {.turn.lease = 1000};
                take(jobs, &turn, 1);
                drop(&turn);
                eddy_free(info);
                info = look(jobs, "a");
        } while (info->state != EDDY_JOB_DEAD);
        assert_int_equal(info->attempt, 3);
        assert_non_null(strstr(info->history, " 3 lost one\n"));
        eddy_free(info);
        close_store(jobs);
}

COROUTINE_TEST(a_lease_that_is_renewed_does_not_end)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn.lease = eddy_seconds(50)};
        struct jobs_lease lease = {
            .id = "a", .fence = 1, .words = {.progress = 0.5, .note = "half", .log = "one\ntwo\n"}};
        eddy_job_info *before, *after;

        enqueue(jobs, "a", (eddy_job_spec){0});
        take(jobs, &turn, 1);
        drop(&turn);
        before = look(jobs, "a");
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(5000)), 0);
        assert_int_equal(lease.rc, 0);
        after = look(jobs, "a");
        assert_true(after->lease > before->lease + INT64_C(4000000000));
        assert_true(after->progress > 0.49 && after->progress < 0.51);
        assert_string_equal(after->note, "half");
        assert_non_null(strstr(after->history, " 1 log one\n"));
        assert_non_null(strstr(after->history, " 1 log two\n"));
        eddy_free(before);
        eddy_free(after);
        lease.fence = 2;
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(50)), 0);
        assert_int_equal(lease.rc, EDDY_EJOBLOST);
        lease.id = "nothing";
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_seconds(50)), 0);
        assert_int_equal(lease.rc, EDDY_ENOJOB);
        close_store(jobs);
}

COROUTINE_TEST(nor_does_one_go_on_that_is_renewed_for_less)
{
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn.lease = eddy_seconds(3600)};
        struct jobs_lease lease = {.id = "a", .fence = 1, .words.progress = -1};
        time_t deadline = time(NULL) + 30;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(take(jobs, &turn, 1), 1);
        drop(&turn);
        assert_int_equal(jobs->engine->type->renew(jobs->engine, &lease, 1, eddy_ms(20)), 0);
        while (take(jobs, &turn, 1) == 0 && time(NULL) < deadline)
                turn = (struct turn){0};
        assert_int_equal(turn.turn.taken_count, 1);
        drop(&turn);
        close_store(jobs);
}

/* docs/jobs.md promises [answer-lost] */
COROUTINE_TEST(a_turn_whose_reply_was_lost_gives_the_same_jobs)
{
        eddy_jobs *jobs = open_new_store();
        struct turn first = {.turn.number = 1001}, again = {.turn.number = 1001}, next = {0};

        for (int i = 0; i < 3; i++)
                enqueue(jobs, (const char *[]){"a", "b", "c"}[i], (eddy_job_spec){0});
        assert_int_equal(take(jobs, &first, 2), 2);
        assert_int_equal(take(jobs, &again, 2), 2);
        for (int i = 0; i < 2; i++) {
                assert_string_equal(first.taken[i]->id, again.taken[i]->id);
                assert_true(first.taken[i]->fence == again.taken[i]->fence);
                assert_int_equal(again.taken[i]->attempt, 1);
        }
        assert_int_equal(take(jobs, &next, 2), 1);
        assert_string_equal(next.taken[0]->id, "c");
        drop(&first);
        drop(&again);
        drop(&next);
        close_store(jobs);
}

COROUTINE_TEST(what_nobody_has_is_told_so)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_info *info;

        assert_int_equal(eddy_jobs_get(jobs, "nothing", &info), EDDY_ENOJOB);
        assert_null(info);
        assert_int_equal(eddy_jobs_await(jobs, "nothing", NULL), EDDY_ENOJOB);
        assert_int_equal(eddy_jobs_cancel(jobs, "nothing"), EDDY_ENOJOB);
        assert_int_equal(eddy_jobs_retry(jobs, "nothing"), EDDY_ENOJOB);
        assert_int_equal(eddy_jobs_discard(jobs, "nothing"), EDDY_ENOJOB);
        assert_int_equal(tell(jobs, "nothing", 1, (struct jobs_outcome){.verdict = JOBS_DONE}), EDDY_ENOJOB);
        close_store(jobs);
}

/* The ids of what was finished, and receives when the last was. */
static void assert_finished(eddy_jobs *jobs, const char *queue, eddy_job_time since, size_t most,
                            const char *ids, eddy_job_time *last)
{
        char had[256] = "";
        eddy_job_list list;

        assert_int_equal(eddy_jobs_finished(jobs, queue, since, most, &list), 0);
        for (size_t i = 0; i < list.count; i++)
                snprintf(had + strlen(had), sizeof had - strlen(had), "%s ", list.jobs[i]->id);
        assert_string_equal(had, ids);
        for (size_t i = 0; i < list.count; i++)
                if (list.jobs[i]->payload_size > 0 || list.jobs[i]->result || !list.jobs[i]->history)
                        fail_msg("%s has more than it should", list.jobs[i]->id);
        if (last)
                *last = list.jobs[0]->finished;
        eddy_job_list_free(&list);
}

COROUTINE_TEST(what_was_finished_lately_is_found_the_last_first)
{
        eddy_jobs *jobs = open_new_store();
        static char payload[5000];
        eddy_job_time end;
        eddy_job_list list;

        assert_finished(jobs, NULL, 0, 10, "", NULL);
        for (const char *id = "a\0b\0c\0d\0e\0"; *id; id += 2)
                enqueue(jobs, id,
                        (eddy_job_spec){
                            .queue = *id == 'd' ? "mail" : NULL, .payload = payload, .size = sizeof payload});
        assert_takes(jobs, "a b c e");
        assert_told(jobs, "c", .verdict = JOBS_DONE);
        assert_told(jobs, "a", .verdict = JOBS_DIE, .error = "why");
        assert_int_equal(eddy_jobs_cancel(jobs, "d"), 0);
        assert_told(jobs, "b", .verdict = JOBS_DONE, .result = payload, .result_size = sizeof payload);
        assert_finished(jobs, NULL, 0, 10, "b d a c ", &end);
        assert_finished(jobs, NULL, 0, 2, "b d ", NULL);
        assert_finished(jobs, "default", 0, 10, "b a c ", NULL);
        assert_finished(jobs, "mail", 0, 10, "d ", NULL);
        assert_finished(jobs, "none", 0, 10, "", NULL);
        assert_finished(jobs, NULL, end, 10, "b ", NULL);
        assert_finished(jobs, NULL, end + 1, 10, "", NULL);
        /* One that is tried again is not finished, until it is. */
        assert_int_equal(eddy_jobs_retry(jobs, "a"), 0);
        assert_finished(jobs, NULL, 0, 10, "b d c ", NULL);
        assert_takes(jobs, "a");
        assert_int_equal(tell(jobs, "a", 2, (struct jobs_outcome){.verdict = JOBS_DONE}), 0);
        assert_finished(jobs, NULL, 0, 10, "a b d c ", NULL);
        assert_int_equal(eddy_jobs_finished(jobs, NULL, 0, 0, &list), -EINVAL);
        assert_int_equal(eddy_jobs_finished(jobs, NULL, 0, 1001, &list), -EINVAL);
        assert_int_equal(eddy_jobs_finished(jobs, "", 0, 1, &list), -EINVAL);
        close_store(jobs);
}

COROUTINE_TEST(the_clock_is_that_of_jobs)
{
        eddy_jobs *jobs = open_new_store();
        eddy_job_time now, later;
        eddy_job_info *info;

        enqueue(jobs, "a", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_clock(jobs, &now), 0);
        enqueue(jobs, "b", (eddy_job_spec){0});
        assert_int_equal(eddy_jobs_clock(jobs, &later), 0);
        info = look(jobs, "a");
        assert_true(info->created <= now);
        eddy_free(info);
        info = look(jobs, "b");
        assert_true(now <= info->created && info->created <= later);
        eddy_free(info);
        close_store(jobs);
}

COROUTINE_TEST(of_many_queues_the_last_are_found_and_of_one_moment_the_newest)
{
        static const char *const queues[] = {"q0", "q1", "q2", "q3"};
        eddy_jobs *jobs = open_new_store();
        struct turn turn = {.turn = {.queues = queues, .queue_count = 4}}, next = {0};
        char id[] = "a0";

        for (int i = 0; i < 12; i++) {
                snprintf(id, sizeof id, "%c%d", 'a' + i / 4, i % 4);
                enqueue(jobs, id, (eddy_job_spec){.queue = queues[i % 4]});
        }
        assert_int_equal(take(jobs, &turn, 12), 12);
        /* All at once, in another order than that of their numbers: of each queue the oldest first. */
        next.turn.outcome_count = 12;
        for (int i = 0; i < 12; i++)
                next.outcomes[i] = (struct jobs_outcome){
                    .id = turn.taken[i]->id, .fence = 1, .verdict = JOBS_DONE, .words.progress = -1};
        assert_int_equal(run_turn(jobs, &next), 0);
        assert_finished(jobs, NULL, 0, 5, "c3 c2 c1 c0 b3 ", NULL);
        assert_finished(jobs, "q1", 0, 2, "c1 b1 ", NULL);
        enqueue(jobs, "last", (eddy_job_spec){.queue = "q0"});
        assert_int_equal(eddy_jobs_cancel(jobs, "last"), 0);
        assert_finished(jobs, NULL, 0, 2, "last c3 ", NULL);
        drop(&next);
        drop(&turn);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_was_enqueued_is_taken_once_with_all_that_was_said),
            cmocka_unit_test(an_empty_payload_is_empty),
            cmocka_unit_test(the_oldest_of_the_highest_priority_comes_first),
            cmocka_unit_test(many_are_enqueued_in_their_order_or_none),
            cmocka_unit_test(what_is_enqueued_again_adds_nothing),
            cmocka_unit_test(what_is_done_has_its_result),
            cmocka_unit_test(a_verdict_that_is_told_again_counts_once),
            cmocka_unit_test(an_attempt_that_failed_is_followed_by_another_until_the_last),
            cmocka_unit_test(the_next_attempt_waits_for_its_time),
            cmocka_unit_test(what_is_given_up_is_dead_and_can_be_retried),
            cmocka_unit_test(what_snoozes_or_goes_back_has_cost_no_attempt),
            cmocka_unit_test(a_job_whose_lease_ended_is_another_workers),
            cmocka_unit_test(no_verdict_counts_when_the_lease_has_ended),
            cmocka_unit_test(what_kills_its_workers_is_dead_in_the_end),
            cmocka_unit_test(a_lease_that_is_renewed_does_not_end),
            cmocka_unit_test(nor_does_one_go_on_that_is_renewed_for_less),
            cmocka_unit_test(a_turn_whose_reply_was_lost_gives_the_same_jobs),
            cmocka_unit_test(what_nobody_has_is_told_so),
            cmocka_unit_test(what_was_finished_lately_is_found_the_last_first),
            cmocka_unit_test(the_clock_is_that_of_jobs),
            cmocka_unit_test(of_many_queues_the_last_are_found_and_of_one_moment_the_newest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
