/* Tasks that enqueue at the same time: a store of the tests' own, linked in the place of SQLite's, sees what comes together. */
#include "../testing.h"

#include "jobs/engine.h"
#include <eddy/jobs.h>
#include <stdio.h>

enum { TASKS = 10, AT_ONCE = 2 };

static struct {
        struct jobs_engine engine;
        unsigned calls, answered;
        size_t most; /* jobs in one call */
        char kinds[256];
        int failure;
        eddy_event opened; /* until then calls wait */
} gate;

static int gate_enqueue(struct jobs_engine *engine, const eddy_job_spec *specs, size_t n, eddy_job_added *added)
{
        int rc;

        (void)engine;
        gate.calls++;
        gate.most = n > gate.most ? n : gate.most;
        rc = eddy_event_wait(&gate.opened);
        gate.answered++;
        if (rc < 0)
                return rc;
        if (gate.failure)
                return eddy_fail(gate.failure, "the gate is shut");
        for (size_t i = 0; i < n; i++)
                if (strcmp(specs[i].kind, "bad") == 0)
                        return eddy_fail(EDDY_EJOBS, "%s is refused", specs[i].kind);
        for (size_t i = 0; i < n; i++) {
                size_t end = strlen(gate.kinds);
                assert_memory_equal(specs[i].payload, specs[i].kind, specs[i].size);
                assert_string_equal(specs[i].id, added[i].id);
                snprintf(gate.kinds + end, sizeof gate.kinds - end, "%s", specs[i].kind);
                added[i].was_there = strcmp(specs[i].kind, "there") == 0;
        }
        return 0;
}

static int gate_open(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                     void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg);

static void gate_close(struct jobs_engine *engine)
{
        (void)engine;
        eddy_event_finish(&gate.opened);
}

__attribute__((visibility("default"))) extern const struct jobs_engine_type eddy_jobs_engine_sqlite;
const struct jobs_engine_type eddy_jobs_engine_sqlite = {
    .name = "gate", .open = gate_open, .close = gate_close, .enqueue = gate_enqueue};

static int gate_open(struct jobs_engine **engine, const char *url, const eddy_jobs_options *options,
                     void (*on_hint)(void *arg, enum jobs_hint hint, const char *name), void *arg)
{
        (void)url, (void)options;
        memset(&gate, 0, sizeof gate);
        eddy_event_init(&gate.opened);
        gate.engine = (struct jobs_engine){&eddy_jobs_engine_sqlite, on_hint, arg};
        *engine = &gate.engine;
        return 0;
}

static eddy_jobs *store;
static eddy_task *tasks[TASKS];
static size_t count;
static bool was_there[TASKS];
static char details[TASKS][64];

struct enqueuing {
        size_t number;
        const char *kind, *key;
};

static intptr_t enqueue(void *arg)
{
        const struct enqueuing *one = arg;
        eddy_job_added added;
        int rc = eddy_jobs_enqueue(
            store,
            &(eddy_job_spec){
                .kind = one->kind, .key = one->key, .payload = one->kind, .size = strlen(one->kind)},
            &added);

        was_there[one->number] = rc == 0 && added.was_there;
        snprintf(details[one->number], sizeof details[0], "%s", rc < 0 ? eddy_error_detail() : "");
        return rc;
}

static void open_store(eddy_duration patience)
{
        count = 0;
        assert_int_equal(eddy_jobs_open(&store, "memory:", &(eddy_jobs_options){.patience = patience}), 0);
}

static void turn_about(void)
{
        for (int i = 0; i < 5; i++)
                eddy_yield();
}

/* Have a task enqueue a job, which then waits for the gate. */
static void begin_with(const char *kind, const char *key)
{
        tasks[count] = eddy_spawn(enqueue, &(struct enqueuing){count, kind, key});
        count++;
        turn_about();
}

static void begin(const char *kind)
{
        begin_with(kind, NULL);
}

/* As many as the engine is asked by at once. */
static void begin_busy(void)
{
        for (int i = 0; i < AT_ONCE; i++)
                begin("0");
        assert_int_equal(gate.calls, AT_ONCE);
}

/* The calls that are under way are answered, and those that come then wait again. */
static void answer_calls(void)
{
        unsigned expected = gate.calls;

        eddy_event_set(&gate.opened);
        eddy_event_clear(&gate.opened);
        while (gate.answered < expected)
                eddy_yield();
        turn_about();
}

static void expect(size_t number, int rc)
{
        intptr_t got;

        assert_int_equal(eddy_join(tasks[number], &got), 0);
        assert_int_equal(got, rc);
}

COROUTINE_TEST(what_comes_while_the_store_is_busy_goes_together_in_its_order)
{
        open_store(0);
        begin_busy();
        begin("a");
        begin("there");
        begin("c");
        assert_int_equal(gate.calls, AT_ONCE);
        answer_calls();
        assert_int_equal(gate.calls, AT_ONCE + 1);
        assert_int_equal(gate.most, 3);
        eddy_event_set(&gate.opened);
        for (size_t i = 0; i < count; i++)
                expect(i, 0);
        assert_string_equal(gate.kinds, "00atherec");
        assert_true(was_there[AT_ONCE + 1] && !was_there[AT_ONCE] && !was_there[AT_ONCE + 2]);
        eddy_jobs_close(store);
}

COROUTINE_TEST(what_the_store_refuses_fails_for_itself_alone)
{
        open_store(0);
        begin_busy();
        begin("a");
        begin("bad");
        begin("c");
        eddy_event_set(&gate.opened);
        expect(0, 0);
        expect(1, 0);
        expect(2, 0);
        expect(3, EDDY_EJOBS);
        assert_string_equal(details[3], "bad is refused");
        expect(4, 0);
        assert_int_equal(gate.calls, AT_ONCE + 1 + 3);
        assert_string_equal(gate.kinds, "00ac");
        eddy_jobs_close(store);
}

COROUTINE_TEST(one_that_is_interrupted_leaves_the_others_as_they_are)
{
        open_store(0);
        begin_busy();
        begin("a");
        begin("b");
        begin("c");
        begin("d");
        eddy_cancel(tasks[5]); /* waits */
        turn_about();
        answer_calls();
        assert_int_equal(gate.calls, AT_ONCE + 1);
        eddy_cancel(tasks[3]);
        eddy_cancel(tasks[2]); /* the first, which has had them sent */
        turn_about();
        eddy_event_set(&gate.opened);
        expect(0, 0);
        expect(1, 0);
        expect(2, EDDY_CANCELLED);
        expect(3, EDDY_CANCELLED);
        expect(4, 0);
        expect(5, EDDY_CANCELLED);
        assert_string_equal(gate.kinds, "00abc");
        eddy_jobs_close(store);
}

/* Before the calls that are answered have ended, so that the first of those who wait is still told to send. */
static intptr_t interrupt_leader(void *arg)
{
        (void)arg;
        eddy_event_wait(&gate.opened);
        eddy_cancel(tasks[AT_ONCE]);
        return 0;
}

COROUTINE_TEST(one_that_is_interrupted_when_it_is_to_send_hands_that_on)
{
        eddy_task *interrupting;

        open_store(0);
        interrupting = eddy_create_task(interrupt_leader, NULL);
        turn_about();
        begin_busy();
        begin("a");
        begin("b");
        eddy_event_set(&gate.opened);
        expect(0, 0);
        expect(1, 0);
        expect(2, EDDY_CANCELLED);
        expect(3, 0);
        eddy_join(interrupting, NULL);
        assert_string_equal(gate.kinds, "00b");
        eddy_jobs_close(store);
}

COROUTINE_TEST(a_store_that_is_away_is_told_to_all)
{
        open_store(0);
        begin_busy();
        begin("a");
        begin("b");
        answer_calls();
        gate.failure = EDDY_EJOBSAWAY;
        eddy_event_set(&gate.opened);
        expect(0, 0);
        expect(1, 0);
        expect(2, EDDY_EJOBSAWAY);
        expect(3, EDDY_EJOBSAWAY);
        assert_string_equal(details[3], "the gate is shut");
        assert_int_equal(gate.calls, AT_ONCE + 1);
        eddy_jobs_close(store);
}

COROUTINE_TEST(who_waits_for_others_has_no_more_patience_than_they)
{
        open_store(eddy_ms(20));
        begin_busy();
        begin("a");
        expect(2, EDDY_EJOBSAWAY);
        eddy_event_set(&gate.opened);
        expect(0, 0);
        expect(1, 0);
        assert_string_equal(gate.kinds, "00");
        eddy_jobs_close(store);
}

COROUTINE_TEST(what_another_transaction_may_hold_up_goes_by_itself)
{
        open_store(0);
        begin_busy();
        begin("a");
        begin_with("k", "one");
        begin_with("l", "one");
        assert_int_equal(gate.calls, AT_ONCE + 2);
        answer_calls();
        assert_string_equal(gate.kinds, "00kl");
        eddy_event_set(&gate.opened);
        for (size_t i = 0; i < count; i++)
                expect(i, 0);
        eddy_jobs_close(store);
}

static intptr_t open_gate(void *arg)
{
        (void)arg;
        eddy_event_set(&gate.opened);
        return 0;
}

COROUTINE_TEST(closing_waits_for_what_was_sent_for_those_who_are_gone)
{
        eddy_task *opening;

        open_store(0);
        begin_busy();
        begin("a");
        begin("b");
        answer_calls();
        eddy_cancel(tasks[2]);
        eddy_cancel(tasks[3]);
        expect(2, EDDY_CANCELLED);
        expect(3, EDDY_CANCELLED);
        opening = eddy_create_task(open_gate, NULL);
        eddy_jobs_close(store);
        assert_string_equal(gate.kinds, "00ab");
        assert_int_equal(eddy_join(opening, NULL), 0);
        expect(0, 0);
        expect(1, 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(what_comes_while_the_store_is_busy_goes_together_in_its_order),
            cmocka_unit_test(what_the_store_refuses_fails_for_itself_alone),
            cmocka_unit_test(one_that_is_interrupted_leaves_the_others_as_they_are),
            cmocka_unit_test(one_that_is_interrupted_when_it_is_to_send_hands_that_on),
            cmocka_unit_test(a_store_that_is_away_is_told_to_all),
            cmocka_unit_test(who_waits_for_others_has_no_more_patience_than_they),
            cmocka_unit_test(what_another_transaction_may_hold_up_goes_by_itself),
            cmocka_unit_test(closing_waits_for_what_was_sent_for_those_who_are_gone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
