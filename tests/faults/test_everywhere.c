/* Every scenario, cancelled at each of its suspensions, one at a time; and with each use of the system
 * failing, one at a time. However it goes, it ends, and nothing is left: no descriptor, no task, and under a
 * sanitizer no memory.
 *
 * This program is linked so that whatever suspends passes through here first, which is how it is counted. */
#include "../stream/helpers.h"

#include "base/fault.h"
#include "scenarios.h"
#include "task/task.h"
#include <signal.h>

enum { WATCHDOG_SECONDS = 20, MOST_RUNS = 20000 };

/** When the scenario is cancelled. */
enum moment {
        AS_IT_SUSPENDS,
        ONE_ITERATION_LATER,
        BEFORE_IT_BEGINS, /* only once */
};

/** One run of a scenario. */
struct run {
        const struct scenario *scenario;
        enum moment moment;
        unsigned long at;      /* suspension at which it is cancelled; 0: never */
        unsigned long failing; /* use of the system that fails; 0: none */
        unsigned long suspensions, uses;
        eddy_task *task;   /* the scenario's */
        eddy_task *victim; /* to be cancelled: the scenario's, or that of a request which is answered in it */
        eddy_handle canceller;
};

static struct run run;

/** Counted once: before a run, the thread of the one before may have some open for a moment. */
static unsigned descriptors_at_rest;

int __real_task_wait(struct task *self, struct wait *wait);
int __wrap_task_wait(struct task *self, struct wait *wait);
int __real_eddy_yield(void);
int __wrap_eddy_yield(void);

static void cancel(void *arg)
{
        (void)arg;
        eddy_cancel_with(run.victim, "cancelled by the test");
        eddy_unref(run.victim);
        run.victim = NULL;
}

/* Whether it is of the scenario: its own task, or one that an HTTP server has made for a request in it. */
static bool is_of_scenario(eddy_task *task)
{
        return run.task && task && (task == run.task || strcmp(eddy_task_name(task), "request") == 0);
}

static void count_suspension(void)
{
        if (!is_of_scenario(eddy_current_task()) || ++run.suspensions != run.at)
                return;
        run.victim = eddy_ref(eddy_current_task());
        if (run.moment == AS_IT_SUSPENDS)
                cancel(NULL);
        else
                eddy_call_soon(eddy_running_loop(), &run.canceller, cancel, NULL);
}

int __wrap_task_wait(struct task *self, struct wait *wait)
{
        count_suspension();
        return __real_task_wait(self, wait);
}

int __wrap_eddy_yield(void)
{
        count_suspension();
        return __real_eddy_yield();
}

/** Runs the scenario as a task, and returns its outcome. */
static intptr_t conduct(void *arg)
{
        intptr_t result = 0;
        int rc;

        (void)arg;
        run.task = eddy_task_create(&(eddy_task_options){.name = run.scenario->name}, run.scenario->play, NULL);
        if (!run.task)
                return -ENOMEM;
        if (run.moment == BEFORE_IT_BEGINS)
                eddy_cancel(run.task);
        rc = eddy_await(run.task, &result);
        if (eddy_handle_cancel(&run.canceller))
                eddy_unref(run.victim);
        eddy_unref(run.task);
        /* Nobody is to cancel what comes after it at the same address. */
        run.task = NULL;
        return rc < 0 ? rc : result;
}

static void say_what_hangs(int signum)
{
        char text[128];
        int n = snprintf(text, sizeof text,
                         "%s hangs: cancelled at suspension %lu, moment %d, or failing at use %lu\n",
                         run.scenario->name, run.at, run.moment, run.failing);

        (void)signum;
        _exit(write(STDERR_FILENO, text, (size_t)n) == n ? 1 : 2);
}

static void silence(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop;
        (void)exception;
        (void)arg;
}

/** As eddy_run(), with what failures there are kept to itself. */
static intptr_t run_quietly(void)
{
        eddy_runner runner;
        intptr_t result = eddy_runner_init(&runner, NULL);

        if (result < 0)
                return result;
        eddy_loop_set_exception_handler(eddy_runner_loop(&runner), silence, NULL);
        result = eddy_runner_run(&runner, conduct, NULL);
        eddy_runner_finish(&runner);
        return result;
}

static intptr_t run_once(const struct scenario *scenario, enum moment moment, unsigned long at,
                         unsigned long failing)
{
        unsigned open, waits = 0;
        intptr_t result;

        run = (struct run){.scenario = scenario, .moment = moment, .at = at, .failing = failing};
        alarm(WATCHDOG_SECONDS);
        fault_arm(failing, 1);
        result = run_quietly();
        run.uses = fault_uses();
        fault_arm(0, 0);
        alarm(0);
        /* A look-up that nobody waits for goes on in its thread, with what descriptors the C library has for it. */
        while ((open = count_descriptors()) != descriptors_at_rest && ++waits < 10000)
                usleep(1000);
        if (open != descriptors_at_rest)
                fail_msg("%s has %u descriptors open, and not %u (cancelled at %lu, moment %d)", scenario->name,
                         open, descriptors_at_rest, at, moment);
        return result;
}

/** Cancelled, and it says so; or it had what it wanted, or says what it cleaned up with. */
static void check(intptr_t result)
{
        if (result >= 0 || result == EDDY_CANCELLED)
                return;
        fail_msg("%s returns %s when cancelled at suspension %lu", run.scenario->name, eddy_errname(result),
                 run.at);
}

static void cancelled_everywhere(void **state)
{
        const struct scenario *scenario = *state;
        unsigned long at, most = 0;

        assert_int_equal(run_once(scenario, AS_IT_SUSPENDS, 0, 0), 0);
        assert_true(run.suspensions > 0);
        check(run_once(scenario, BEFORE_IT_BEGINS, 0, 0));
        for (enum moment moment = AS_IT_SUSPENDS; moment <= ONE_ITERATION_LATER; moment++) {
                for (at = 1; at < MOST_RUNS; at++) {
                        check(run_once(scenario, moment, at, 0));
                        most = run.suspensions > most ? run.suspensions : most;
                        if (run.suspensions < at)
                                break;
                }
                assert_true(at < MOST_RUNS);
        }
}

static void failing_everywhere(void **state)
{
        const struct scenario *scenario = *state;
        unsigned long nth = 0;

        do
                run_once(scenario, AS_IT_SUSPENDS, 0, ++nth);
        while (run.uses >= nth && nth < MOST_RUNS);
        assert_true(nth > 1 && nth < MOST_RUNS);
}

enum { MOST_SCENARIOS = 64 };

int main(void)
{
        struct CMUnitTest tests[2 * MOST_SCENARIOS];
        char names[2 * MOST_SCENARIOS][64];
        size_t n = 0;

        signal(SIGALRM, say_what_hangs);
        descriptors_at_rest = count_descriptors();
        for (const struct scenario *scenario = scenarios; scenario->name; scenario++) {
                void *state = (void *)(uintptr_t)scenario;

                assert_true(n + 2 <= 2 * MOST_SCENARIOS);
                snprintf(names[n], sizeof names[0], "%s, cancelled", scenario->name);
                snprintf(names[n + 1], sizeof names[0], "%s, failing", scenario->name);
                tests[n] = (struct CMUnitTest){names[n], cancelled_everywhere, NULL, NULL, state};
                tests[n + 1] = (struct CMUnitTest){names[n + 1], failing_everywhere, NULL, NULL, state};
                n += 2;
        }
        return _cmocka_run_group_tests("everywhere", tests, n, NULL, NULL);
}
