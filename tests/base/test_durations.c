/* Wherever a duration or a deadline is taken, none is too long: EDDY_FOREVER and what is nearly as long never turn into a
 * moment that has passed; and one that is 0 or less is over at once. check_durations.py holds the rows to the headers. */
#include "testing.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

/** Something that takes a duration, or as `when` a moment. */
struct row {
        const char *name;
        void (*wait_long)(eddy_duration duration); /* that it has not passed soon, in a coroutine */
        void (*wait_not)(
            eddy_duration duration); /* that it has passed at once; NULL: 0 means something else there */
};

#define ROW(name)                                                                                              \
        {                                                                                                      \
#name, name##_is_long, name##_is_over                                                          \
        }
#define ROW_OF_OPTION(name)                                                                                    \
        {                                                                                                      \
#name, name##_is_long, NULL                                                                    \
        }

static void set_flag(void *flag)
{
        *(bool *)flag = true;
}

/** Let some iterations pass, timers that are due fire, and a little time too. */
static void let_time_pass(void)
{
        for (int i = 0; i < 3; i++)
                assert_int_equal(eddy_sleep(eddy_us(100)), 0);
}

static intptr_t nap(void *arg)
{
        (void)arg;
        return eddy_sleep(eddy_us(200));
}

static intptr_t sleep_for_ever(void *arg)
{
        (void)arg;
        return eddy_sleep(EDDY_FOREVER);
}

static void eddy_sleep_is_long(eddy_duration duration)
{
        int rc = 0;

        EDDY_TIMEOUT_SCOPE(eddy_us(200))
                rc = eddy_sleep(duration);
        assert_int_equal(rc, EDDY_TIMEOUT);
}

static void eddy_sleep_is_over(eddy_duration duration)
{
        assert_int_equal(eddy_sleep(duration), 0);
}

static void eddy_timeout_open_is_long(eddy_duration duration)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open(&timeout, duration), 0);
        let_time_pass();
        assert_int_equal(eddy_timeout_close(&timeout), 0);
}

static void eddy_timeout_open_is_over(eddy_duration duration)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open(&timeout, duration), 0);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
}

static void eddy_timeout_open_at_is_long(eddy_time when)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open_at(&timeout, when), 0);
        let_time_pass();
        assert_int_equal(eddy_timeout_close(&timeout), 0);
}

static void eddy_timeout_open_at_is_over(eddy_time when)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open_at(&timeout, when), 0);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
}

static void eddy_timeout_reschedule_is_long(eddy_time when)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open(&timeout, eddy_seconds(1)), 0);
        assert_int_equal(eddy_timeout_reschedule(&timeout, when), 0);
        let_time_pass();
        assert_int_equal(eddy_timeout_close(&timeout), 0);
}

static void eddy_timeout_reschedule_is_over(eddy_time when)
{
        eddy_timeout timeout;

        assert_int_equal(eddy_timeout_open(&timeout, eddy_seconds(1)), 0);
        assert_int_equal(eddy_timeout_reschedule(&timeout, when), 0);
        assert_int_equal(eddy_yield(), EDDY_TIMEOUT);
        assert_int_equal(eddy_timeout_close(&timeout), EDDY_TIMEOUT);
}

static void eddy_wait_is_long(eddy_duration duration)
{
        eddy_task *task = eddy_create_task(nap, NULL);

        assert_int_equal(eddy_wait(&task, 1, EDDY_ALL_COMPLETED, duration), 1);
        eddy_unref(task);
}

static void eddy_wait_is_over(eddy_duration duration)
{
        eddy_future *future = eddy_future_create(NULL);

        assert_int_equal(eddy_wait(&future, 1, EDDY_ALL_COMPLETED, duration), 0);
        eddy_unref(future);
}

static void eddy_wait_for_is_long(eddy_duration duration)
{
        eddy_task *task = eddy_create_task(nap, NULL);

        assert_int_equal(eddy_wait_for(task, duration, NULL), 0);
        eddy_unref(task);
}

static void eddy_wait_for_is_over(eddy_duration duration)
{
        eddy_task *task = eddy_create_task(sleep_for_ever, NULL);

        assert_int_equal(eddy_wait_for(task, duration, NULL), EDDY_TIMEOUT);
        eddy_unref(task);
}

static void eddy_wait_for_value_is_long(eddy_duration duration)
{
        eddy_task *task = eddy_create_task(nap, NULL);

        assert_int_equal(eddy_wait_for_value(task, duration), 0);
        eddy_unref(task);
}

static void eddy_wait_for_value_is_over(eddy_duration duration)
{
        eddy_task *task = eddy_create_task(sleep_for_ever, NULL);

        assert_int_equal(eddy_wait_for_value(task, duration), EDDY_TIMEOUT);
        eddy_unref(task);
}

static int select_from(eddy_case one, eddy_case other)
{
        eddy_case cases[] = {one, other};

        return eddy_select(cases, 2);
}

static void eddy_case_after_is_long(eddy_duration duration)
{
        assert_int_equal(select_from(eddy_case_after(duration), eddy_case_after(eddy_us(200))), 1);
}

static void eddy_case_after_is_over(eddy_duration duration)
{
        assert_int_equal(select_from(eddy_case_after(duration), eddy_case_after(EDDY_FOREVER)), 0);
}

static void eddy_case_at_is_long(eddy_time when)
{
        assert_int_equal(select_from(eddy_case_at(when), eddy_case_after(eddy_us(200))), 1);
}

static void eddy_case_at_is_over(eddy_time when)
{
        assert_int_equal(select_from(eddy_case_at(when), eddy_case_after(EDDY_FOREVER)), 0);
}

static void eddy_call_later_is_long(eddy_duration duration)
{
        eddy_timer timer = {0};
        bool fired = false, fired_owned = false;

        assert_int_equal(eddy_call_later(eddy_running_loop(), &timer, duration, set_flag, &fired), 0);
        assert_int_equal(eddy_call_later(eddy_running_loop(), NULL, duration, set_flag, &fired_owned), 0);
        let_time_pass();
        assert_false(fired || fired_owned);
        eddy_timer_cancel(&timer);
}

static void eddy_call_later_is_over(eddy_duration duration)
{
        eddy_timer timer = {0};
        bool fired = false;

        assert_int_equal(eddy_call_later(eddy_running_loop(), &timer, duration, set_flag, &fired), 0);
        let_time_pass();
        assert_true(fired);
}

static void eddy_call_at_is_long(eddy_time when)
{
        eddy_timer timer = {0};
        bool fired = false, fired_owned = false;

        assert_int_equal(eddy_call_at(eddy_running_loop(), &timer, when, set_flag, &fired), 0);
        assert_int_equal(eddy_call_at(eddy_running_loop(), NULL, when, set_flag, &fired_owned), 0);
        let_time_pass();
        assert_false(fired || fired_owned);
        eddy_timer_cancel(&timer);
}

static void eddy_call_at_is_over(eddy_time when)
{
        eddy_timer timer = {0};
        bool fired = false;

        assert_int_equal(eddy_call_at(eddy_running_loop(), &timer, when, set_flag, &fired), 0);
        let_time_pass();
        assert_true(fired);
}

static void eddy_call_later_in_is_long(eddy_duration duration)
{
        eddy_context *context = eddy_copy_context();
        bool fired = false;

        assert_int_equal(eddy_call_later_in(eddy_running_loop(), context, duration, set_flag, &fired), 0);
        let_time_pass();
        assert_false(fired);
        eddy_context_unref(context);
}

static void eddy_call_later_in_is_over(eddy_duration duration)
{
        eddy_context *context = eddy_copy_context();
        bool fired = false;

        assert_int_equal(eddy_call_later_in(eddy_running_loop(), context, duration, set_flag, &fired), 0);
        let_time_pass();
        assert_true(fired);
        eddy_context_unref(context);
}

static void eddy_call_at_in_is_long(eddy_time when)
{
        eddy_context *context = eddy_copy_context();
        bool fired = false;

        assert_int_equal(eddy_call_at_in(eddy_running_loop(), context, when, set_flag, &fired), 0);
        let_time_pass();
        assert_false(fired);
        eddy_context_unref(context);
}

static void eddy_call_at_in_is_over(eddy_time when)
{
        eddy_context *context = eddy_copy_context();
        bool fired = false;

        assert_int_equal(eddy_call_at_in(eddy_running_loop(), context, when, set_flag, &fired), 0);
        let_time_pass();
        assert_true(fired);
        eddy_context_unref(context);
}

static int reports;

static void count_reports(eddy_log_level level, const char *message, void *arg)
{
        (void)level, (void)message, (void)arg;
        reports++;
}

static void eddy_loop_set_slow_callback_duration_is_long(eddy_duration duration)
{
        eddy_loop *loop = eddy_running_loop();

        reports = 0;
        eddy_set_log_function(count_reports, NULL);
        assert_int_equal(eddy_loop_set_debug(loop, true), 0);
        eddy_loop_set_slow_callback_duration(loop, duration);
        let_time_pass();
        assert_int_equal(eddy_loop_set_debug(loop, false), 0);
        eddy_set_log_function(NULL, NULL);
        assert_int_equal(reports, 0);
}

/** A job that ends when it is told to. */
static intptr_t wait_for_flag(void *flag)
{
        while (!atomic_load((atomic_bool *)flag))
                usleep(100);
        return 7;
}

static intptr_t set_flag_soon(void *flag)
{
        eddy_sleep(eddy_us(200));
        atomic_store((atomic_bool *)flag, true);
        return 0;
}

static void eddy_shutdown_default_executor_is_long(eddy_duration duration)
{
        atomic_bool flag = false;
        eddy_future *work = eddy_executor_submit(NULL, wait_for_flag, &flag);
        eddy_task *setter = eddy_create_task(set_flag_soon, &flag);

        assert_int_equal(eddy_shutdown_default_executor(duration), 0);
        assert_true(atomic_load(&flag));
        eddy_join(work, NULL);
        eddy_join(setter, NULL);
}

static intptr_t leave_work(void *flag)
{
        eddy_unref(eddy_executor_submit(NULL, wait_for_flag, flag));
        return 0;
}

static intptr_t set_flag_elsewhere(void *flag)
{
        usleep(1000);
        atomic_store((atomic_bool *)flag, true);
        return 0;
}

/** In a loop of another thread, whose end must wait for the job. */
static intptr_t run_another(void *duration)
{
        const eddy_runner_options options = {.executor_timeout = *(eddy_duration *)duration};
        atomic_bool flag = false;
        eddy_executor *executor;
        eddy_future *setter;
        eddy_runner runner;
        eddy_loop *loop;

        if (eddy_runner_init(&runner, &options) < 0 || eddy_executor_create(&executor, NULL) < 0)
                return -ENOMEM;
        loop = eddy_runner_loop(&runner);
        setter = eddy_executor_submit(&(eddy_work_options){.loop = loop, .executor = executor},
                                      set_flag_elsewhere, &flag);
        eddy_runner_run(&runner, leave_work, &flag);
        eddy_runner_finish(&runner);
        eddy_unref(setter);
        eddy_executor_destroy(executor);
        return atomic_load(&flag);
}

static void executor_timeout_is_long(eddy_duration duration)
{
        intptr_t result;

        assert_int_equal(eddy_to_thread_with(NULL, run_another, &duration, &result), 0);
        assert_int_equal(result, 1);
}

static intptr_t return_seven(void *arg)
{
        (void)arg;
        return 7;
}

static void idle_timeout_is_long(eddy_duration duration)
{
        eddy_executor *executor;
        intptr_t result;

        assert_int_equal(eddy_executor_create(&executor, &(eddy_executor_options){.idle_timeout = duration}),
                         0);
        assert_int_equal(
            eddy_to_thread_with(&(eddy_work_options){.executor = executor}, return_seven, NULL, &result), 0);
        assert_int_equal(eddy_sleep(eddy_ms(2)), 0);
        assert_int_equal(eddy_executor_thread_count(executor), 1);
        eddy_executor_destroy(executor);
}

/** A coroutine sent to another loop, and a thread that waits for it. */
struct wait_for_remote {
        eddy_loop *loop;
        eddy_fn fn;
        eddy_duration duration;
};

static intptr_t wait_for_remote(void *arg)
{
        const struct wait_for_remote *wait = arg;
        eddy_remote *remote = eddy_remote_create(wait->loop, NULL, wait->fn, NULL);
        int rc = eddy_remote_wait(remote, wait->duration, NULL);

        eddy_remote_cancel(remote);
        eddy_remote_release(remote);
        return rc;
}

static void eddy_remote_wait_is_long(eddy_duration duration)
{
        struct wait_for_remote wait = {eddy_running_loop(), nap, duration};
        intptr_t result;

        assert_int_equal(eddy_to_thread_with(NULL, wait_for_remote, &wait, &result), 0);
        assert_int_equal(result, 0);
}

static void eddy_remote_wait_is_over(eddy_duration duration)
{
        struct wait_for_remote wait = {eddy_running_loop(), sleep_for_ever, duration};
        intptr_t result;

        assert_int_equal(eddy_to_thread_with(NULL, wait_for_remote, &wait, &result), 0);
        assert_int_equal(result, EDDY_TIMEOUT);
}

static intptr_t return_at_once(eddy_stream *stream, void *arg)
{
        (void)stream, (void)arg;
        return 0;
}

static void happy_eyeballs_delay_is_long(eddy_duration duration)
{
        eddy_server *server;
        eddy_stream *stream;

        assert_int_equal(eddy_start_server(&server, return_at_once, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server),
                                              &(eddy_connect_options){.happy_eyeballs_delay = duration}),
                         0);
        eddy_stream_destroy(stream);
        eddy_server_destroy(server);
}

static const struct row rows[] = {
    ROW(eddy_sleep),
    ROW(eddy_timeout_open),
    ROW(eddy_timeout_open_at),
    ROW(eddy_timeout_reschedule),
    ROW(eddy_wait),
    ROW(eddy_wait_for),
    ROW(eddy_wait_for_value),
    ROW(eddy_case_after),
    ROW(eddy_case_at),
    ROW(eddy_call_later),
    ROW(eddy_call_at),
    ROW(eddy_call_later_in),
    ROW(eddy_call_at_in),
    ROW(eddy_remote_wait),
    ROW_OF_OPTION(eddy_loop_set_slow_callback_duration),
    ROW_OF_OPTION(eddy_shutdown_default_executor),
    ROW_OF_OPTION(executor_timeout),
    ROW_OF_OPTION(idle_timeout),
    ROW_OF_OPTION(happy_eyeballs_delay),
};

/** What is tried now. */
struct trial {
        void (*try)(eddy_duration duration);
        eddy_duration duration;
};

static intptr_t try(void *arg)
{
        const struct trial *trial = arg;

        trial->try(trial->duration);
        return 0;
}

static void try_row(void **state)
{
        const eddy_duration longest[] = {EDDY_FOREVER, EDDY_FOREVER - 1, EDDY_FOREVER / 2, eddy_seconds(1e10)};
        const eddy_duration shortest[] = {
            0, -1, INT64_MIN + 1, INT64_MIN, eddy_seconds(-1e300), eddy_seconds(strtod("nan", NULL))};
        const struct row *row = *state;

        for (size_t i = 0; i < sizeof longest / sizeof longest[0]; i++)
                assert_int_equal(run_main(try, &(struct trial){row->wait_long, longest[i]}), 0);
        for (size_t i = 0; row->wait_not && i < sizeof shortest / sizeof shortest[0]; i++)
                assert_int_equal(run_main(try, &(struct trial){row->wait_not, shortest[i]}), 0);
}

int main(void)
{
        struct CMUnitTest tests[sizeof rows / sizeof rows[0]] = {{0}};
        size_t count = sizeof rows / sizeof rows[0];

        for (size_t i = 0; i < count; i++)
                tests[i] = (struct CMUnitTest){
                    .name = rows[i].name, .test_func = try_row, .initial_state = (void *)(uintptr_t)&rows[i]};
        return _cmocka_run_group_tests("durations", tests, count, NULL, NULL);
}
