/* Each function, in every engine, where memory, the system or the caller's patience fails it at any point: it was done or it was not, and says
 * so; nothing is lost or leaked, and the same again succeeds. Rows are for the public functions and, of the engines' own, for those that
 * workers call. */
#include "store.h"

#include <dirent.h>

static eddy_jobs *jobs;
static unsigned number; /* of the try, so that each has jobs of its own */

/** One function. */
struct row {
        const char *name;
        int (*try)(void);
        void (*before)(void); /* makes what it is tried on; NULL: nothing */
        void (*after)(void);  /* sees that it was done, or not; NULL: that shows nowhere */
        bool only_cancelled;  /* where something fails it tries again by itself, for as long as it takes */
};

static const struct jobs_engine_type *type(void)
{
        return jobs->engine->type;
}

/* A name of this try's own; valid until eight calls later. */
static const char *own(const char *name)
{
        static char names[8][32];
        static unsigned turn;
        char *one = names[turn++ % 8];

        snprintf(one, sizeof names[0], "%s%u", name, number);
        return one;
}

/* -1: it is not there. */
static int state_of(const char *id)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(jobs, id, &info), state = rc < 0 ? -1 : (int)info->state;

        if (rc < 0 && rc != EDDY_ENOJOB)
                fail_msg("%s: %s", id, eddy_explain(rc));
        eddy_free(info);
        return state;
}

static void assert_one_of(const char *id, int state, int other)
{
        int found = state_of(id);

        if (found != state && found != other)
                fail_msg("%s is %s", id, found < 0 ? "not there" : eddy_job_state_name((eddy_job_state)found));
}

static void enqueue_own(void)
{
        enqueue(jobs, own("a"), (eddy_job_spec){0});
}

static eddy_job_queue queue_of_all(void)
{
        eddy_job_queue *queues, one;
        size_t n;

        assert_int_equal(eddy_jobs_queues(jobs, &queues, &n), 0);
        assert_int_equal(n, 1);
        one = *queues;
        eddy_free(queues);
        return one;
}

/* The public functions. */

static int open_one(const char *prefix)
{
        eddy_jobs *other;
        int rc = eddy_jobs_open(&other, store_url(),
                                &(eddy_jobs_options){.prefix = prefix, .patience = eddy_seconds(10)});

        assert_true((other == NULL) == (rc < 0));
        eddy_jobs_close(other);
        return rc;
}

static int try_eddy_jobs_open(void)
{
        return open_one("test_of_all");
}

static int try_eddy_jobs_close(void)
{
        return open_one("test_of_all");
}

static int open_new(void)
{
        char prefix[48], file[sizeof store_file];
        int rc;

        memcpy(file, store_file, sizeof file);
        snprintf(prefix, sizeof prefix, "test_new_%d_%u", (int)getpid(), store_number * 10000 + number);
        snprintf(store_file + strlen(store_file), sizeof store_file - strlen(store_file), ".new");
        rc = open_one(prefix);
        unlink(store_file + strlen("sqlite:"));
        memcpy(store_file, file, sizeof file);
        return rc;
}

static int try_eddy_jobs_enqueue(void)
{
        return eddy_jobs_enqueue(
            jobs,
            &(eddy_job_spec){.kind = "work", .id = own("e"), .unique = own("u"), .payload = "x", .size = 1},
            NULL);
}

static void see_enqueued(void)
{
        assert_one_of(own("e"), EDDY_JOB_READY, -1);
        assert_int_equal(try_eddy_jobs_enqueue(), 0);
        assert_int_equal(state_of(own("e")), EDDY_JOB_READY);
}

static int try_eddy_jobs_enqueue_many(void)
{
        eddy_job_spec specs[3];
        eddy_job_added added[3];

        for (int i = 0; i < 3; i++)
                specs[i] = (eddy_job_spec){
                    .kind = "work", .id = own((const char *[]){"x", "y", "z"}[i]), .key = "one"};
        return eddy_jobs_enqueue_many(jobs, specs, 3, added);
}

static void see_all_or_none(void)
{
        int there = (state_of(own("x")) >= 0) + (state_of(own("y")) >= 0) + (state_of(own("z")) >= 0);

        assert_true(there == 0 || there == 3);
        assert_int_equal(try_eddy_jobs_enqueue_many(), 0);
        assert_true(state_of(own("z")) >= 0);
}

static int try_eddy_jobs_get(void)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(jobs, own("a"), &info);

        assert_true((info == NULL) == (rc < 0));
        eddy_free(info);
        return rc;
}

static void finish_own(void)
{
        enqueue_own();
        assert_int_equal(eddy_jobs_cancel(jobs, own("a")), 0);
}

static int try_eddy_jobs_await(void)
{
        eddy_job_info *info;
        int rc = eddy_jobs_await(jobs, own("a"), &info);

        assert_true(rc < 0 || info);
        eddy_free(info);
        return rc;
}

static int try_eddy_jobs_list(void)
{
        eddy_job_list list;
        int rc = eddy_jobs_list(jobs, NULL, &list);

        eddy_job_list_free(&list);
        return rc;
}

static int try_eddy_jobs_finished(void)
{
        eddy_job_list list;
        int rc = eddy_jobs_finished(jobs, NULL, 0, 10, &list);

        eddy_job_list_free(&list);
        return rc;
}

static int try_eddy_jobs_clock(void)
{
        eddy_job_time now;
        int rc = eddy_jobs_clock(jobs, &now);

        assert_true((now > 0) == (rc == 0));
        return rc;
}

static int try_eddy_jobs_retry(void)
{
        return eddy_jobs_retry(jobs, own("a"));
}

static int try_eddy_jobs_cancel(void)
{
        return eddy_jobs_cancel(jobs, own("a"));
}

static void see_ready_or_cancelled(void)
{
        assert_one_of(own("a"), EDDY_JOB_READY, EDDY_JOB_CANCELLED);
}

static int try_eddy_jobs_discard(void)
{
        return eddy_jobs_discard(jobs, own("a"));
}

static void see_ready_or_gone(void)
{
        assert_one_of(own("a"), EDDY_JOB_READY, -1);
}

static int try_eddy_jobs_set_queue(void)
{
        return eddy_jobs_set_queue(jobs, "default",
                                   &(eddy_job_queue_options){.rate = 1000, .most_running = number + 1});
}

static void see_limits(void)
{
        eddy_job_queue queue = queue_of_all();

        assert_true(queue.options.rate == 1000 || (queue.options.rate == 0 && queue.options.most_running == 0));
        assert_int_equal(try_eddy_jobs_set_queue(), 0);
        assert_int_equal(queue_of_all().options.most_running, number + 1);
}

static int try_eddy_jobs_pause(void)
{
        return eddy_jobs_pause(jobs, "default");
}

static int try_eddy_jobs_resume(void)
{
        return eddy_jobs_resume(jobs, "default");
}

static void pause_it(void)
{
        assert_int_equal(eddy_jobs_pause(jobs, "default"), 0);
        assert_true(queue_of_all().is_paused);
}

static void resume_it(void)
{
        assert_int_equal(eddy_jobs_resume(jobs, "default"), 0);
        assert_false(queue_of_all().is_paused);
}

static int try_eddy_jobs_queues(void)
{
        eddy_job_queue *queues;
        size_t n;
        int rc = eddy_jobs_queues(jobs, &queues, &n);

        eddy_free(queues);
        return rc;
}

static int try_eddy_jobs_set_cron(void)
{
        return eddy_jobs_set_cron(
            jobs, &(eddy_job_cron){.name = "c", .expression = "@every 1h", .spec = {.kind = own("kind")}});
}

static size_t count_crons(const char *kind)
{
        eddy_job_cron_list list;
        size_t n = 0;

        assert_int_equal(eddy_jobs_crons(jobs, &list), 0);
        for (size_t i = 0; i < list.count; i++)
                n += !kind || strcmp(list.crons[i]->spec.kind, kind) == 0;
        eddy_job_cron_list_free(&list);
        return n;
}

static void see_one_cron(void)
{
        assert_true(count_crons(NULL) <= 1);
        assert_int_equal(try_eddy_jobs_set_cron(), 0);
        assert_int_equal(count_crons(own("kind")), 1);
}

static void make_cron(void)
{
        assert_int_equal(try_eddy_jobs_set_cron(), 0);
}

static int try_eddy_jobs_remove_cron(void)
{
        return eddy_jobs_remove_cron(jobs, "c");
}

static int try_eddy_jobs_crons(void)
{
        eddy_job_cron_list list;
        int rc = eddy_jobs_crons(jobs, &list);

        eddy_job_cron_list_free(&list);
        return rc;
}

static int do_well(eddy_job *job, void *arg)
{
        (void)job, (void)arg;
        return eddy_yield();
}

static void stop_when_done(eddy_job *job, eddy_job_event event, const char *text, void *arg)
{
        (void)job, (void)text;
        if (event == EDDY_JOB_EVENT_DONE)
                eddy_job_worker_stop(*(eddy_job_worker **)arg);
}

static int try_eddy_job_worker_run(void)
{
        eddy_job_worker *worker;
        eddy_job_worker_options options = {
            .has_no_signals = true, .lease = eddy_seconds(3600), .on_event = stop_when_done, .arg = &worker};
        int rc = eddy_job_worker_create(&worker, jobs, &options);

        assert_int_equal(rc, 0);
        assert_int_equal(eddy_job_worker_handle(worker, NULL, do_well, NULL), 0);
        rc = eddy_job_worker_run(worker);
        eddy_job_worker_destroy(worker);
        return rc;
}

/* It went back, and has cost no attempt. */
static void see_done_or_ready(void)
{
        eddy_job_info *info = look(jobs, own("a"));

        if (info->state != EDDY_JOB_DONE && (info->state != EDDY_JOB_READY || info->attempt != 0))
                fail_msg("%s, attempt %d", eddy_job_state_name(info->state), info->attempt);
        eddy_free(info);
        if (state_of(own("a")) == EDDY_JOB_READY)
                assert_int_equal(eddy_jobs_discard(jobs, own("a")), 0);
}

/* What engines do for workers. */

static void take_one_and_add_one(void)
{
        enqueue(jobs, own("v"), (eddy_job_spec){0});
        assert_takes(jobs, own("v"));
        enqueue(jobs, own("t"), (eddy_job_spec){0});
}

/* The same turn, however often. */
static int turn_about(struct turn *turn)
{
        *turn = (struct turn){.turn = {.most = 1, .outcome_count = 1, .number = 1000000 + number}};
        turn->outcomes[0] = (struct jobs_outcome){.id = own("v"),
                                                  .fence = 1,
                                                  .verdict = JOBS_DONE,
                                                  .result = "r",
                                                  .result_size = 1,
                                                  .words = {.progress = 1, .note = "x", .log = "y\n"}};
        return run_turn(jobs, turn);
}

static int try_turn(void)
{
        struct turn turn;
        int rc = turn_about(&turn);

        if (rc < 0)
                assert_int_equal(turn.turn.taken_count, 0);
        drop(&turn);
        return rc;
}

static void see_same_turn(void)
{
        struct turn turn;

        assert_one_of(own("v"), EDDY_JOB_RUNNING, EDDY_JOB_DONE);
        assert_one_of(own("t"), EDDY_JOB_READY, EDDY_JOB_RUNNING);
        assert_int_equal(turn_about(&turn), 0);
        assert_int_equal(turn.outcomes[0].rc, 0);
        assert_int_equal(turn.turn.taken_count, 1);
        assert_string_equal(turn.taken[0]->id, own("t"));
        assert_int_equal(turn.taken[0]->fence, 1);
        drop(&turn);
        assert_int_equal(state_of(own("v")), EDDY_JOB_DONE);
        assert_told(jobs, own("t"), .verdict = JOBS_DONE);
}

static void take_own(void)
{
        enqueue_own();
        assert_takes(jobs, own("a"));
}

static int try_renew(void)
{
        struct jobs_lease lease = {.id = own("a"), .fence = 1, .words = {.progress = 0.5, .note = "half"}};
        int rc = type()->renew(jobs->engine, &lease, 1, eddy_seconds(60));

        return rc < 0 ? rc : lease.rc;
}

static void see_running(void)
{
        assert_int_equal(state_of(own("a")), EDDY_JOB_RUNNING);
        assert_told(jobs, own("a"), .verdict = JOBS_DONE);
}

static int try_sweep(void)
{
        return type()->sweep(jobs->engine);
}

static int try_follow(void)
{
        return type()->follow(jobs->engine, own("a"));
}

static int try_listen(void)
{
        int rc = type()->listen(jobs->engine);

        eddy_yield(); /* so that the task which listens begins, or fails to */
        return rc;
}

/* Each try is with a store that has heard nothing. */
static void open_anew(void)
{
        close_store(jobs);
        jobs = open_new_store();
}

struct ear {
        struct jobs_listener listener;
        eddy_event work;
};

static void hear(struct jobs_listener *listener, enum jobs_hint hint, const char *name)
{
        (void)name;
        if (hint == JOBS_HINT_WORK || hint == JOBS_HINT_ANY)
                eddy_event_set(&((struct ear *)listener)->work);
}

static bool is_elsewhere(void)
{
        return strcmp(store_url(), "memory:") != 0;
}

/* Whatever came of it, the next time it hears of what others do. */
static void see_hint(void)
{
        struct ear ear = {.listener.on_hint = hear, .work = EDDY_EVENT_INIT};
        eddy_jobs *other = is_elsewhere() ? open_store() : jobs;
        int rc = 0;

        assert_int_equal(try_listen(), 0);
        assert_takes(jobs, ""); /* who is at work is told nothing */
        list_append(&jobs->listeners, &ear.listener.link);
        enqueue(other, own("h"), (eddy_job_spec){0});
        EDDY_TIMEOUT_SCOPE(eddy_seconds(10))
                rc = eddy_event_wait(&ear.work);
        if (rc < 0)
                fail_msg("it hears nothing");
        list_remove(&ear.listener.link);
        eddy_event_finish(&ear.work);
        if (is_elsewhere())
                eddy_jobs_close(other);
}

enum { DUE = 1000, LATER = 2000 }; /* long ago */

static void make_due_cron(void)
{
        struct jobs_cron cron = {
            .name = "due", .definition = {"x", 1}, .digest = (int64_t)number + 1, .next = DUE};

        assert_int_equal(type()->set_cron(jobs->engine, &cron, false), 0);
}

static int try_fire_cron(void)
{
        eddy_job_spec job = {.kind = "work",
                             .id = own("tick"),
                             .queue = "default",
                             .payload = "",
                             .attempts = 1,
                             .backoff = 1,
                             .max_backoff = 1};
        struct jobs_cron_fire fire = {.name = "due",
                                      .digest = (int64_t)number + 1,
                                      .next = DUE,
                                      .later = LATER,
                                      .last = DUE,
                                      .job = &job};

        return type()->fire_cron(jobs->engine, &fire);
}

/* Its job is there exactly if the moment has passed. */
static void see_fired(void)
{
        struct jobs_cron_look due = {.name = "due"};

        assert_int_equal(type()->look_at_crons(jobs->engine, &due), 0);
        assert_int_equal(due.count, 1);
        assert_int_equal(due.crons[0]->next, state_of(own("tick")) < 0 ? DUE : LATER);
        eddy_free(due.crons[0]);
        eddy_free(due.crons);
}

#define ROW(function, ...)                                                                                     \
        {                                                                                                      \
                .name = #function, .try = try_##function, __VA_ARGS__                                          \
        }

static const struct row rows[] = {
    ROW(eddy_jobs_open, .before = NULL),
    ROW(eddy_jobs_close, .before = NULL),
    {.name = "open a new one", .try = open_new},
    ROW(eddy_jobs_enqueue, .after = see_enqueued),
    ROW(eddy_jobs_enqueue_many, .after = see_all_or_none),
    ROW(eddy_jobs_get, .before = enqueue_own),
    ROW(eddy_jobs_await, .before = finish_own),
    ROW(eddy_jobs_list, .before = enqueue_own),
    ROW(eddy_jobs_finished, .before = finish_own),
    ROW(eddy_jobs_clock),
    ROW(eddy_jobs_retry, .before = finish_own, .after = see_ready_or_cancelled),
    ROW(eddy_jobs_cancel, .before = enqueue_own, .after = see_ready_or_cancelled),
    ROW(eddy_jobs_discard, .before = enqueue_own, .after = see_ready_or_gone),
    ROW(eddy_jobs_set_queue, .before = enqueue_own, .after = see_limits),
    ROW(eddy_jobs_pause, .after = pause_it),
    ROW(eddy_jobs_resume, .before = pause_it, .after = resume_it),
    ROW(eddy_jobs_queues, .before = enqueue_own),
    ROW(eddy_jobs_set_cron, .after = see_one_cron),
    ROW(eddy_jobs_remove_cron, .before = make_cron),
    ROW(eddy_jobs_crons, .before = make_cron),
    ROW(eddy_job_worker_run, .before = enqueue_own, .after = see_done_or_ready, .only_cancelled = true),
    ROW(turn, .before = take_one_and_add_one, .after = see_same_turn),
    ROW(renew, .before = take_own, .after = see_running),
    ROW(sweep, .before = finish_own),
    ROW(follow, .before = enqueue_own),
    ROW(listen, .before = open_anew, .after = see_hint),
    ROW(fire_cron, .before = make_due_cron, .after = see_fired),
};

enum { ROWS = sizeof rows / sizeof *rows };

static size_t count_descriptors(void)
{
        DIR *folder = opendir("/proc/self/fd");
        size_t n = 0;

        assert_non_null(folder);
        while (readdir(folder))
                n++;
        closedir(folder);
        return n;
}

static void begin(const struct row *row)
{
        number++;
        if (row->before)
                row->before();
}

static void see(const struct row *row, int rc)
{
        if (rc < 0)
                assert_true(*eddy_explain(rc));
        if (row->after)
                row->after();
}

static void fail_each(const struct row *row)
{
        for (unsigned long nth = 1, uses = nth; uses >= nth; nth++) {
                int rc;
                begin(row);
                fault_arm(nth, 1);
                rc = row->try();
                uses = fault_uses();
                fault_arm(0, 0);
                see(row, rc);
        }
}

struct victim {
        const struct row *row;
        eddy_task *task;
};

static intptr_t run_victim(void *arg)
{
        return ((struct victim *)arg)->row->try();
}

/* Later and later; what takes long beside the loop is cancelled less often in the end. */
static void cancel_each(const struct row *row)
{
        bool was_done = false;

        for (unsigned turns = 0; turns < 100000 && !was_done; turns += 1 + turns / 4) {
                struct victim victim = {.row = row};
                intptr_t rc;
                begin(row);
                victim.task = eddy_create_task(run_victim, &victim);
                for (unsigned n = 0; n < turns && !eddy_done(victim.task); n++)
                        assert_int_equal(eddy_yield(), 0);
                was_done = eddy_done(victim.task);
                eddy_cancel(victim.task);
                assert_int_equal(eddy_join(victim.task, &rc), 0);
                if (rc < 0 && rc != EDDY_CANCELLED)
                        fail_msg("%s", eddy_explain((int)rc));
                see(row, (int)rc);
        }
}

static void try_row(const struct row *row, void (*each)(const struct row *row))
{
        size_t descriptors;

        open_one("test_of_all"); /* what stays with the loop comes now */
        descriptors = count_descriptors();
        jobs = open_new_store();
        print_message("%s\n", row->name);
        each(row);
        begin(row);
        assert_true(row->try() >= 0);
        close_store(jobs);
        assert_int_equal(count_descriptors(), descriptors);
}

COROUTINE_TEST(the_nth_use_of_memory_or_system_fails)
{
        for (int i = 0; i < ROWS; i++)
                if (!rows[i].only_cancelled)
                        try_row(&rows[i], fail_each);
}

COROUTINE_TEST(the_caller_is_cancelled_at_any_time)
{
        for (int i = 0; i < ROWS; i++)
                try_row(&rows[i], cancel_each);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_nth_use_of_memory_or_system_fails),
            cmocka_unit_test(the_caller_is_cancelled_at_any_time),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
