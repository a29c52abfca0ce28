/* Schedules, in every engine: each moment's job is enqueued once, and what is missed comes as was said. */
#include "store.h"

#include "jobs/cron.h"
#include <time.h>

static eddy_jobs *jobs;

static const struct jobs_engine_type *type(void)
{
        return jobs->engine->type;
}

static void set(const eddy_job_cron *cron)
{
        int rc = eddy_jobs_set_cron(jobs, cron);

        if (rc < 0)
                fail_msg("%s: %s", cron->name, eddy_explain(rc));
}

static struct jobs_cron_look look_at(const char *name)
{
        struct jobs_cron_look look = {.name = name};

        assert_int_equal(type()->look_at_crons(jobs->engine, &look), 0);
        return look;
}

/* The store's clock. */
static eddy_job_time now(void)
{
        struct jobs_cron_look look = look_at("none");

        assert_int_equal(look.count, 0);
        return look.now;
}

/* A schedule as the store has it; `next` and `last` alone are left of it. */
static struct jobs_cron stored(const char *name)
{
        struct jobs_cron_look look = look_at(name);
        struct jobs_cron cron;

        assert_int_equal(look.count, 1);
        cron = *look.crons[0];
        jobs_cron_look_free(&look);
        return cron;
}

/* Have it be due since then. */
static void set_due(const char *name, eddy_job_time next)
{
        struct jobs_cron_look look = look_at(name);
        struct jobs_cron cron;

        assert_int_equal(look.count, 1);
        cron = *look.crons[0];
        cron.digest++;
        cron.next = next;
        assert_int_equal(type()->set_cron(jobs->engine, &cron, false), 0);
        jobs_cron_look_free(&look);
}

static int try_to_fire(struct jobs_cron_fire fire, const char *id)
{
        const eddy_job_spec spec = {.id = id,
                                    .kind = "work",
                                    .queue = "default",
                                    .payload = "",
                                    .attempts = 1,
                                    .backoff = 1,
                                    .max_backoff = 1};

        fire.name = fire.name ? fire.name : "tick";
        fire.job = id ? &spec : NULL;
        return type()->fire_cron(jobs->engine, &fire);
}

/* What is set. */

COROUTINE_TEST(a_schedule_is_listed_as_it_was_set)
{
        static const char payload[] = "a\npayload\nzone UTC\n\0x";
        const eddy_job_cron wanted = {
            .name = "\u00fcbersicht der woche",
            .expression = "30 6 * * mon-fri",
            .zone = "Europe/Berlin",
            .missed = EDDY_JOB_MISSED_ALL,
            .spec = {.kind = "report",
                     .queue = "mail",
                     .key = "ada",
                     .unique = "weekly",
                     .unique_for = eddy_seconds(5),
                     .payload = payload,
                     .size = sizeof payload,
                     .timeout = eddy_seconds(60),
                     .backoff = eddy_seconds(2),
                     .max_backoff = eddy_seconds(3),
                     .priority = -7,
                     .attempts = 4,
                     .yields_key = true},
        };
        eddy_job_cron_list list;
        eddy_job_time next;
        eddy_job_cron *cron;

        jobs = open_new_store();
        set(&wanted);
        set(&(eddy_job_cron){.name = "a", .expression = "@daily", .spec.kind = "work"});
        assert_int_equal(eddy_jobs_crons(jobs, &list), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.crons[0]->name, "a");
        assert_string_equal(list.crons[0]->zone, "UTC");
        assert_int_equal(list.crons[0]->spec.size, 0);
        cron = list.crons[1];
        assert_string_equal(cron->name, wanted.name);
        assert_string_equal(cron->expression, wanted.expression);
        assert_string_equal(cron->zone, wanted.zone);
        assert_int_equal(cron->missed, wanted.missed);
        assert_string_equal(cron->spec.kind, "report");
        assert_string_equal(cron->spec.queue, "mail");
        assert_string_equal(cron->spec.key, "ada");
        assert_string_equal(cron->spec.unique, "weekly");
        assert_int_equal(cron->spec.size, sizeof payload);
        assert_memory_equal(cron->spec.payload, payload, sizeof payload);
        assert_true(cron->spec.unique_for == eddy_seconds(5) && cron->spec.timeout == eddy_seconds(60));
        assert_true(cron->spec.backoff == eddy_seconds(2) && cron->spec.max_backoff == eddy_seconds(3));
        assert_int_equal(cron->spec.priority, -7);
        assert_int_equal(cron->spec.attempts, 4);
        assert_true(cron->spec.yields_key);
        assert_true(cron->last == 0);
        assert_int_equal(eddy_job_cron_next(wanted.expression, wanted.zone, now() - 1000000, &next), 0);
        assert_true(cron->next == next || cron->next > now());
        eddy_job_cron_list_free(&list);
        close_store(jobs);
}

COROUTINE_TEST(what_is_set_again_changes_nothing_and_what_differs_takes_effect)
{
        eddy_job_cron cron = {.name = "tick", .expression = "@daily", .spec.kind = "work"};
        const eddy_job_time late = INT64_C(32503680000000000); /* the year 3000 */
        struct jobs_cron first, second;
        eddy_job_time before;

        jobs = open_new_store();
        set(&cron);
        first = stored("tick");
        assert_int_equal(
            try_to_fire(
                (struct jobs_cron_fire){.digest = first.digest, .next = first.next, .later = late, .last = 5},
                NULL),
            1);
        set(&cron);
        cron.spec.attempts = 20; /* the default, said */
        set(&cron);
        second = stored("tick");
        assert_true(second.next == late && second.last == 5 && second.digest == first.digest);
        cron.spec.payload = "other"; /* what is due already stays so */
        cron.spec.size = 5;
        set(&cron);
        second = stored("tick");
        assert_true(second.next == late && second.last == 5 && second.digest != first.digest);
        cron.expression = "@hourly";
        before = now();
        set(&cron);
        second = stored("tick");
        assert_true(second.next > before && second.next <= now() + INT64_C(3600000000) && second.last == 5);
        cron.zone = "Asia/Kathmandu";
        set(&cron);
        assert_true(stored("tick").next != second.next);
        close_store(jobs);
}

COROUTINE_TEST(of_two_who_set_the_same_at_once_the_second_changes_nothing)
{
        struct jobs_cron cron = {.name = "tick", .definition = {"a", 1}, .digest = -5, .next = 7};

        jobs = open_new_store();
        assert_int_equal(type()->set_cron(jobs->engine, &cron, false), 0);
        cron.next = 9;
        assert_int_equal(type()->set_cron(jobs->engine, &cron, false), 0);
        assert_true(stored("tick").next == 7 && stored("tick").digest == -5 && stored("tick").last == 0);
        cron.digest = 6;
        assert_int_equal(type()->set_cron(jobs->engine, &cron, true), 0);
        assert_true(stored("tick").next == 7 && stored("tick").digest == 6);
        cron.name = "other"; /* there is nothing to keep */
        assert_int_equal(type()->set_cron(jobs->engine, &cron, true), 0);
        assert_true(stored("other").next == 9);
        close_store(jobs);
}

COROUTINE_TEST(a_schedule_is_removed)
{
        struct jobs_cron cron;

        jobs = open_new_store();
        set(&(eddy_job_cron){.name = "tick", .expression = "@daily", .spec.kind = "work"});
        cron = stored("tick");
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), 0);
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), EDDY_ENOJOB);
        assert_int_equal(try_to_fire((struct jobs_cron_fire){.digest = cron.digest,
                                                             .next = cron.next,
                                                             .later = cron.next + 1,
                                                             .last = cron.next},
                                     "a"),
                         0);
        assert_takes(jobs, "");
        close_store(jobs);
}

COROUTINE_TEST(what_cannot_be_is_refused)
{
        static const struct {
                eddy_job_cron cron;
                const char *words;
        } wrong[] = {
            {{.name = "a", .spec.kind = "work"}, "a name and an expression"},
            {{.name = "", .expression = "@daily", .spec.kind = "work"}, "a schedule's name"},
            {{.name = "a\nb", .expression = "@daily", .spec.kind = "work"}, "a schedule's name"},
            {{.name = "a", .expression = "0 25 * * *", .spec.kind = "work"}, "a schedule's hour"},
            {{.name = "a", .expression = "30 2 30 2 *", .spec.kind = "work"}, "none of its months has it"},
            {{.name = "a", .expression = "@daily"}, "a job needs a kind"},
            {{.name = "a", .expression = "@daily", .zone = "Mars/Base", .spec.kind = "work"},
             "no time zone Mars/Base"},
            {{.name = "a", .expression = "@daily", .missed = 7, .spec.kind = "work"}, "no such way"},
            {{.name = "a", .expression = "@daily", .spec = {.kind = "work", .id = "x"}}, "have no id"},
            {{.name = "a", .expression = "@daily", .spec = {.kind = "work", .delay = 1}}, "have no id"},
        };
        eddy_job_cron_list list;

        jobs = open_new_store();
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                assert_int_equal(eddy_jobs_set_cron(jobs, &wrong[i].cron), -EINVAL);
                if (!strstr(eddy_explain(-EINVAL), wrong[i].words))
                        fail_msg("'%s' is not in: %s", wrong[i].words, eddy_explain(-EINVAL));
        }
        assert_int_equal(eddy_jobs_crons(jobs, &list), 0);
        assert_int_equal(list.count, 0);
        eddy_job_cron_list_free(&list);
        close_store(jobs);
}

/* The step. */

COROUTINE_TEST(a_moment_is_fired_once_with_its_job)
{
        struct jobs_cron cron;
        struct jobs_cron_fire fire;

        jobs = open_new_store();
        set(&(eddy_job_cron){.name = "tick", .expression = "@daily", .spec.kind = "work"});
        cron = stored("tick");
        fire = (struct jobs_cron_fire){
            .digest = cron.digest, .next = cron.next, .later = cron.next + 10, .last = cron.next};
        fire.digest++;
        assert_int_equal(try_to_fire(fire, "x"), 0);
        fire.digest--;
        fire.next--;
        assert_int_equal(try_to_fire(fire, "x"), 0);
        fire.next++;
        fire.name = "other";
        assert_int_equal(try_to_fire(fire, "x"), 0);
        fire.name = NULL;
        assert_int_equal(try_to_fire(fire, "a"), 1);
        assert_int_equal(try_to_fire(fire, "b"), 0);
        assert_takes(jobs, "a");
        assert_true(stored("tick").next == cron.next + 10 && stored("tick").last == cron.next);
        fire.next = cron.next + 10;
        fire.later = cron.next + 20;
        assert_int_equal(try_to_fire(fire, "a"), 1); /* its job is there already */
        assert_takes(jobs, "");
        fire.next = cron.next + 20;
        fire.later = cron.next + 30;
        assert_int_equal(try_to_fire(fire, NULL), 1); /* skipped */
        assert_takes(jobs, "");
        assert_true(stored("tick").next == cron.next + 30);
        close_store(jobs);
}

COROUTINE_TEST(what_is_due_is_seen_and_when_the_next_one_is)
{
        struct jobs_cron_look look = {.only_due = true};
        eddy_job_time moment;

        jobs = open_new_store();
        assert_int_equal(type()->look_at_crons(jobs->engine, &look), 0);
        assert_int_equal(look.count, 0);
        assert_true(look.soonest == 0);
        moment = look.now;
        for (int i = 0; i < 5; i++) {
                const char *name = (const char *[]){"a", "b", "c", "d", "e"}[i];
                static const int64_t ages[] = {10, -1000000000, 3000, -500000000, 20};
                set(&(eddy_job_cron){.name = name, .expression = "@daily", .spec.kind = "work"});
                set_due(name, moment - ages[i]);
        }
        assert_int_equal(type()->look_at_crons(jobs->engine, &look), 0);
        assert_int_equal(look.count, 3);
        assert_string_equal(look.crons[0]->name, "c");
        assert_string_equal(look.crons[1]->name, "e");
        assert_string_equal(look.crons[2]->name, "a");
        assert_true(look.crons[0]->next == moment - 3000 && look.now >= moment);
        assert_true(look.soonest == moment + 500000000);
        jobs_cron_look_free(&look);
        close_store(jobs);
}

/* Workers. */

static eddy_job_worker *workers[2];
static eddy_task *work[2];
static eddy_event changed;
static size_t done;
static char ids[4096];

static int note_job(eddy_job *job, void *arg)
{
        (void)arg;
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s ", eddy_job_id(job));
        return 0;
}

static void on_event(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        (void)job, (void)text, (void)arg;
        done += event == EDDY_JOB_EVENT_DONE;
        eddy_event_set(&changed);
}

static intptr_t run_worker(void *arg)
{
        return eddy_job_worker_run(*(eddy_job_worker **)arg);
}

static void begin_work(void)
{
        const eddy_job_worker_options options = {
            .on_event = on_event,
            .has_no_signals = true,
            .poll = eddy_seconds(3600), /* hints and `next` are all there is */
        };

        eddy_event_init(&changed);
        done = 0;
        ids[0] = '\0';
        for (int i = 0; i < 2; i++) {
                assert_int_equal(eddy_job_worker_create(&workers[i], jobs, &options), 0);
                assert_int_equal(eddy_job_worker_handle(workers[i], "work", note_job, NULL), 0);
                work[i] = eddy_spawn(run_worker, &workers[i]);
        }
}

static void wait_for_jobs(size_t n)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(60))
                while (rc == 0 && done < n) {
                        eddy_event_clear(&changed);
                        rc = eddy_event_wait(&changed);
                }
        assert_int_equal(rc, 0);
}

/* Until the schedule is not due any more. */
static void wait_for_schedule(const char *name)
{
        while (stored(name).next <= now())
                continue;
}

static void end_work(void)
{
        for (int i = 0; i < 2; i++) {
                eddy_job_worker_stop(workers[i]);
                assert_int_equal(eddy_join(work[i], NULL), 0);
                eddy_job_worker_destroy(workers[i]);
        }
}

/* "cron:tick:2026-11-30T11:00:00Z", of a moment whose seconds do not count. */
static void format_id(char id[EDDY_JOB_ID_SIZE], eddy_job_time moment)
{
        time_t seconds = (time_t)(moment / 1000000);
        struct tm time;
        char text[32];

        gmtime_r(&seconds, &time);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &time);
        snprintf(id, EDDY_JOB_ID_SIZE, "cron:tick:%s", text);
}

static size_t count_jobs(void)
{
        eddy_job_list list;
        size_t n;

        assert_int_equal(eddy_jobs_list(jobs, &(eddy_job_filter){.most = 2000}, &list), 0);
        n = list.count;
        eddy_job_list_free(&list);
        return n;
}

/* It ends hardly ever while a test runs. */
#define YEAR (366 * INT64_C(86400000000))

COROUTINE_TEST(of_two_workers_one_enqueues_and_missed_moments_are_one)
{
        char id[EDDY_JOB_ID_SIZE];
        eddy_job_time next;

        jobs = open_new_store();
        set(&(eddy_job_cron){.name = "tick", .expression = "@every 366d", .spec.kind = "work"});
        next = stored("tick").next;
        set_due("tick", next - 5 * YEAR);
        begin_work();
        wait_for_jobs(1);
        end_work();
        format_id(id, next - YEAR);
        assert_memory_equal(ids, id, strlen(id));
        assert_int_equal(count_jobs(), 1);
        assert_true(stored("tick").next == next && stored("tick").last == next - YEAR);
        close_store(jobs);
}

COROUTINE_TEST(or_they_are_skipped)
{
        eddy_job_time next;

        jobs = open_new_store();
        set(&(eddy_job_cron){
            .name = "tick", .expression = "@every 366d", .missed = EDDY_JOB_MISSED_SKIP, .spec.kind = "work"});
        next = stored("tick").next;
        set_due("tick", next - 2 * YEAR);
        begin_work();
        wait_for_schedule("tick");
        end_work();
        assert_int_equal(count_jobs(), 0);
        assert_true(stored("tick").next == next && stored("tick").last == 0);
        /* One that is hardly late is not missed. */
        set(&(eddy_job_cron){
            .name = "tick", .expression = "* * * * *", .missed = EDDY_JOB_MISSED_SKIP, .spec.kind = "work"});
        set_due("tick", stored("tick").next - 5 * 60000000);
        begin_work();
        wait_for_jobs(1);
        end_work();
        close_store(jobs);
}

COROUTINE_TEST(or_all_of_them_are_done)
{
        char id[EDDY_JOB_ID_SIZE];
        eddy_job_time next;
        eddy_job_info *info;

        jobs = open_new_store();
        set(&(eddy_job_cron){
            .name = "tick", .expression = "@every 366d", .missed = EDDY_JOB_MISSED_ALL, .spec.kind = "work"});
        next = stored("tick").next;
        set_due("tick", next - 5 * YEAR);
        begin_work();
        wait_for_jobs(5);
        end_work();
        for (int i = 1; i <= 5; i++) {
                format_id(id, next - i * YEAR);
                info = look(jobs, id);
                assert_int_equal(info->state, EDDY_JOB_DONE);
                eddy_free(info);
        }
        assert_int_equal(count_jobs(), 5);
        close_store(jobs);
}

COROUTINE_TEST(of_very_many_the_newest)
{
        eddy_job_time next;
        size_t n;

        jobs = open_new_store();
        set(&(eddy_job_cron){.name = "tick",
                             .expression = "@every 1m",
                             .missed = EDDY_JOB_MISSED_ALL,
                             .spec = {.kind = "work", .queue = "other"}});
        next = stored("tick").next;
        set_due("tick", next - 5000 * 60000000L);
        begin_work();
        wait_for_schedule("tick");
        end_work();
        n = count_jobs();
        assert_true(n >= 500 && n <= 1000);
        assert_true(stored("tick").next >= next && stored("tick").last == stored("tick").next - 60000000);
        close_store(jobs);
}

COROUTINE_TEST(a_schedule_set_while_workers_wait_runs)
{
        jobs = open_new_store();
        begin_work();
        set(&(eddy_job_cron){.name = "tick", .expression = "@every 1s", .spec.kind = "work"});
        wait_for_jobs(3);
        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), 0);
        end_work();
        assert_true(strncmp(ids, "cron:tick:", 10) == 0);
        close_store(jobs);
}

static unsigned complaints;

static void count_complaint(eddy_log_level level, const char *message, void *arg)
{
        (void)level, (void)arg;
        complaints += strstr(message, "the schedule broken: ") != NULL;
}

COROUTINE_TEST(one_that_cannot_be_done_is_told_of_and_holds_up_no_other)
{
        eddy_job_cron_list list;

        jobs = open_new_store();
        complaints = 0;
        eddy_set_log_function(count_complaint, NULL);
        assert_int_equal(
            type()->set_cron(jobs->engine,
                             &(struct jobs_cron){.name = "broken",
                                                 .definition = {"zone Mars/Base\nodd\n\nkind work\n", 31},
                                                 .digest = 1,
                                                 .next = 1},
                             false),
            0);
        set(&(eddy_job_cron){.name = "tick", .expression = "@every 1d", .spec.kind = "work"});
        set_due("tick", stored("tick").next - INT64_C(86400000000));
        begin_work();
        wait_for_jobs(1);
        end_work();
        eddy_set_log_function(NULL, NULL);
        assert_true(complaints >= 1);
        assert_true(stored("broken").next == 1);
        assert_int_equal(eddy_jobs_crons(jobs, &list), 0);
        assert_int_equal(list.count, 2);
        assert_string_equal(list.crons[0]->expression, "");
        eddy_job_cron_list_free(&list);
        close_store(jobs);
}

/* Whatever fails. */

/* Whether the store is nobody else's, so that whatever fails does so here; open then. */
static bool open_store_of_our_own(void)
{
        if (strcmp(store_url(), "memory:") != 0)
                return false;
        jobs = open_new_store();
        return true;
}

static size_t count_schedules(void)
{
        struct jobs_cron_look look = look_at(NULL);
        size_t n = look.count;

        jobs_cron_look_free(&look);
        return n;
}

COROUTINE_TEST(a_schedule_that_cannot_be_set_or_listed_leaves_nothing)
{
        const eddy_job_cron cron = {
            .name = "tick", .expression = "@daily", .zone = "Europe/Berlin", .spec.kind = "work"};
        eddy_job_cron_list list;
        bool is_over = false;
        int rc;

        if (!open_store_of_our_own())
                return;
        for (unsigned long nth = 1; !is_over; nth++) {
                fault_arm(nth, 1);
                rc = eddy_jobs_set_cron(jobs, &cron);
                is_over = fault_uses() < nth;
                fault_arm(0, 0);
                assert_true(rc == 0 || count_schedules() == 0);
                if (rc == 0)
                        assert_int_equal(eddy_jobs_remove_cron(jobs, "tick"), 0);
        }
        set(&cron);
        is_over = false;
        for (unsigned long nth = 1; !is_over; nth++) {
                fault_arm(nth, 1);
                rc = eddy_jobs_crons(jobs, &list);
                is_over = fault_uses() < nth;
                fault_arm(0, 0);
                assert_true(rc < 0 || list.count == 1);
                eddy_job_cron_list_free(&list);
        }
        close_store(jobs);
}

#define MONTH (30 * INT64_C(86400000000))

COROUTINE_TEST(a_moment_comes_once_whatever_fails)
{
        const eddy_job_worker_options options = {
            .on_event = on_event, .has_no_signals = true, .poll = eddy_ms(2)};
        eddy_job_time next;

        if (!open_store_of_our_own())
                return;
        eddy_set_log_function(count_complaint, NULL);
        eddy_event_init(&changed);
        set(&(eddy_job_cron){
            .name = "tick", .expression = "@every 30d", .zone = "Europe/Berlin", .spec.kind = "work"});
        next = stored("tick").next;
        for (unsigned long nth = 1; nth < 80; nth++) {
                char id[EDDY_JOB_ID_SIZE];
                int rc = 0;
                done = 0;
                set_due("tick", next - (eddy_job_time)nth * MONTH);
                format_id(id, next - MONTH);
                assert_int_equal(eddy_job_worker_create(&workers[0], jobs, &options), 0);
                assert_int_equal(eddy_job_worker_handle(workers[0], "work", note_job, NULL), 0);
                work[0] = eddy_spawn(run_worker, &workers[0]);
                fault_arm(nth, 1);
                EDDY_TIMEOUT_SCOPE(eddy_seconds(60))
                        while (rc == 0 && done == 0 && !eddy_done(work[0]))
                                rc = eddy_sleep(eddy_ms(1));
                fault_arm(0, 0);
                eddy_job_worker_stop(workers[0]);
                eddy_join(work[0], NULL);
                eddy_job_worker_destroy(workers[0]);
                assert_int_equal(rc, 0);
                if (done > 0) {
                        assert_int_equal(done, 1);
                        assert_int_equal(count_jobs(), 1);
                        assert_int_equal(eddy_jobs_discard(jobs, id), 0);
                }
        }
        eddy_set_log_function(NULL, NULL);
        close_store(jobs);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(a_schedule_is_listed_as_it_was_set),
            cmocka_unit_test(what_is_set_again_changes_nothing_and_what_differs_takes_effect),
            cmocka_unit_test(of_two_who_set_the_same_at_once_the_second_changes_nothing),
            cmocka_unit_test(a_schedule_is_removed),
            cmocka_unit_test(what_cannot_be_is_refused),
            cmocka_unit_test(a_moment_is_fired_once_with_its_job),
            cmocka_unit_test(what_is_due_is_seen_and_when_the_next_one_is),
            cmocka_unit_test(of_two_workers_one_enqueues_and_missed_moments_are_one),
            cmocka_unit_test(or_they_are_skipped),
            cmocka_unit_test(or_all_of_them_are_done),
            cmocka_unit_test(of_very_many_the_newest),
            cmocka_unit_test(a_schedule_set_while_workers_wait_runs),
            cmocka_unit_test(one_that_cannot_be_done_is_told_of_and_holds_up_no_other),
            cmocka_unit_test(a_schedule_that_cannot_be_set_or_listed_leaves_nothing),
            cmocka_unit_test(a_moment_comes_once_whatever_fails),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
