/* Wherever a loop is taken, NULL is this thread's: the running one, else the one that was set, else there is none. */
#include "testing.h"
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void nothing(void *arg)
{
        (void)arg;
}

static intptr_t identity(void *arg)
{
        return (intptr_t)arg;
}

static void hear(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)exception;
        *(eddy_loop **)arg = loop;
}

/* A row a function: what it returns where NULL is a loop that was set, and where there is none. */

static intptr_t soon(void)
{
        return eddy_call_soon(NULL, NULL, nothing, NULL);
}

static intptr_t soon_threadsafe(void)
{
        return eddy_call_soon_threadsafe(NULL, NULL, nothing, NULL);
}

static intptr_t at(void)
{
        return eddy_call_at(NULL, NULL, 0, nothing, NULL);
}

static intptr_t later(void)
{
        return eddy_call_later(NULL, NULL, 0, nothing, NULL);
}

static eddy_context *context;

static intptr_t soon_in(void)
{
        return eddy_call_soon_in(NULL, context, nothing, NULL);
}

static intptr_t at_in(void)
{
        return eddy_call_at_in(NULL, context, 0, nothing, NULL);
}

static intptr_t later_in(void)
{
        return eddy_call_later_in(NULL, context, 0, nothing, NULL);
}

static int ends[2];

static intptr_t add_reader(void)
{
        return eddy_add_reader(NULL, ends[0], nothing, NULL);
}

static intptr_t remove_reader(void)
{
        return eddy_remove_reader(NULL, ends[0]);
}

static intptr_t add_writer(void)
{
        return eddy_add_writer(NULL, ends[1], nothing, NULL);
}

static intptr_t remove_writer(void)
{
        return eddy_remove_writer(NULL, ends[1]);
}

static intptr_t add_signal(void)
{
        return eddy_add_signal_handler(NULL, SIGUSR1, nothing, NULL);
}

static intptr_t remove_signal(void)
{
        return eddy_remove_signal_handler(NULL, SIGUSR1);
}

static intptr_t makes_transport(void)
{
        static const eddy_protocol protocol;
        int pair[2];
        intptr_t rc;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
        rc = eddy_transport_from_socket(NULL, NULL, pair[0], &protocol, NULL);
        if (rc == 0)
                rc = eddy_transport_from_pipe(NULL, NULL, pair[1], &protocol, NULL);
        else
                assert_int_equal(close(pair[0]) | close(pair[1]), 0);
        return rc;
}

static intptr_t makes_datagram_transport(void)
{
        static const eddy_datagram_protocol protocol;
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        intptr_t rc = eddy_datagram_transport_from_socket(NULL, NULL, fd, &protocol, NULL);

        if (rc < 0)
                assert_int_equal(close(fd), 0);
        return rc;
}

static intptr_t runs_program(void)
{
        static const eddy_subprocess_protocol protocol;
        eddy_subprocess_transport *transport;
        intptr_t rc = eddy_subprocess_exec(&transport, NULL, &protocol, NULL, EDDY_ARGV("true"), NULL);

        if (rc == 0)
                rc = eddy_subprocess_shell(&transport, NULL, &protocol, NULL, "exit 0", NULL);
        return rc;
}

static intptr_t run_forever(void)
{
        eddy_loop_stop(NULL);
        return eddy_loop_run_forever(NULL);
}

static intptr_t run_until_complete(void)
{
        eddy_loop *own = NULL;
        eddy_future *future = eddy_future_create(NULL);
        int rc;

        if (!future && eddy_loop_create(&own) == 0)
                future = eddy_future_create(own);
        eddy_future_set_result(future, 0);
        rc = eddy_loop_run_until_complete(NULL, future, NULL);
        eddy_unref(future);
        eddy_loop_destroy(own);
        return rc;
}

static intptr_t is_open(void)
{
        return !eddy_loop_is_closed(NULL);
}

static intptr_t is_running(void)
{
        return eddy_loop_is_running(NULL);
}

static intptr_t time_goes_on(void)
{
        return eddy_loop_time(NULL) > 0;
}

static intptr_t has_backend(void)
{
        return strcmp(eddy_loop_backend(NULL), "closed") != 0 &&
               strcmp(eddy_loop_backend_reason(NULL), "there is no loop in this thread") != 0;
}

static intptr_t keeps_handler(void)
{
        eddy_loop *told = NULL;
        void *arg = NULL;

        eddy_loop_set_exception_handler(NULL, hear, &told);
        if (eddy_loop_exception_handler(NULL, &arg) != hear || arg != &told)
                return false;
        eddy_loop_call_exception_handler(NULL, &(eddy_exception){.message = "", .error = -EIO});
        eddy_loop_set_exception_handler(NULL, NULL, NULL);
        return told == eddy_get_loop();
}

static intptr_t keeps_factory(void)
{
        return eddy_loop_set_task_factory(NULL, NULL, NULL);
}

static intptr_t has_factory(void)
{
        int rc = eddy_loop_set_task_factory(NULL, eddy_eager_task_factory, NULL);
        bool is_kept = eddy_loop_task_factory(NULL, NULL) == eddy_eager_task_factory;

        eddy_loop_set_task_factory(NULL, NULL, NULL);
        return rc == 0 && is_kept;
}

static intptr_t creates_future(void)
{
        eddy_future *future = eddy_future_create(NULL);
        bool is_its = future && eddy_future_loop(future) == eddy_get_loop();

        eddy_unref(future);
        return is_its;
}

static intptr_t lists_its_task(void)
{
        eddy_task *task = eddy_task_create(NULL, identity, NULL);
        size_t count = eddy_all_tasks(NULL, NULL, 0);

        if (task)
                eddy_loop_run_until_complete(NULL, task, NULL);
        eddy_unref(task);
        return (intptr_t)count;
}

static intptr_t has_executor(void)
{
        return eddy_set_default_executor(NULL, NULL);
}

static intptr_t has_resolver(void)
{
        return eddy_loop_set_resolver(NULL, NULL);
}

static intptr_t submits(void)
{
        intptr_t result = 0;
        eddy_future *call = eddy_run_in_executor(NULL, NULL, identity, (void *)1);

        if (call)
                eddy_loop_run_until_complete(NULL, call, &result);
        eddy_unref(call);
        return result;
}

static intptr_t sends(void)
{
        eddy_remote *remote = eddy_run_coroutine_threadsafe(NULL, identity, (void *)1);
        intptr_t result = 0;

        while (!eddy_remote_done(remote))
                run_forever();
        assert_int_equal(eddy_remote_wait(remote, 0, &result), 0);
        eddy_remote_release(remote);
        return result;
}

static intptr_t operates(void)
{
        static eddy_op op;
        static char byte;
        ssize_t rc;

        eddy_op_init(&op, NULL, nothing, NULL);
        rc = eddy_op_read(&op, ends[0], &byte, 1);
        if (rc == EDDY_PENDING) {
                eddy_op_cancel(&op);
                while (op.pending)
                        run_forever();
                run_forever(); /* its callback */
        }
        return rc;
}

static intptr_t closes_descriptor(void)
{
        eddy_op op;

        eddy_op_init(&op, NULL, NULL, NULL);
        return eddy_op_close(&op, dup(ends[0]));
}

static intptr_t debugs(void)
{
        return eddy_loop_set_debug(NULL, true);
}

static intptr_t is_debugged(void)
{
        eddy_loop_set_slow_callback_duration(NULL, eddy_ms(3));
        return eddy_loop_debug(NULL) && eddy_loop_slow_callback_duration(NULL) == eddy_ms(3);
}

static intptr_t has_host(void)
{
        return eddy_loop_set_host(NULL, NULL, NULL);
}

static intptr_t closes(void)
{
        return eddy_loop_close(NULL);
}

static const struct {
        const char *name;
        intptr_t (*call)(void);
        intptr_t where_set, where_none;
} rows[] = {
    {"call_soon", soon, 0, EDDY_ENOLOOP},
    {"call_soon_threadsafe", soon_threadsafe, 0, EDDY_ENOLOOP},
    {"call_at", at, 0, EDDY_ENOLOOP},
    {"call_later", later, 0, EDDY_ENOLOOP},
    {"call_soon_in", soon_in, 0, EDDY_ENOLOOP},
    {"call_at_in", at_in, 0, EDDY_ENOLOOP},
    {"call_later_in", later_in, 0, EDDY_ENOLOOP},
    {"add_reader", add_reader, 0, EDDY_ENOLOOP},
    {"remove_reader", remove_reader, true, false},
    {"add_writer", add_writer, 0, EDDY_ENOLOOP},
    {"remove_writer", remove_writer, true, false},
    {"add_signal_handler", add_signal, 0, EDDY_ENOLOOP},
    {"remove_signal_handler", remove_signal, true, false},
    {"run_forever, stop", run_forever, 0, EDDY_ENOLOOP},
    {"run_until_complete", run_until_complete, 0, EDDY_ENOLOOP},
    {"set_host", has_host, 0, EDDY_ENOLOOP},
    {"is_closed", is_open, true, false},
    {"is_running", is_running, false, false},
    {"time", time_goes_on, true, true},
    {"backend", has_backend, true, false},
    {"exception_handler", keeps_handler, true, false},
    {"set_task_factory", keeps_factory, 0, EDDY_ENOLOOP},
    {"task_factory", has_factory, true, false},
    {"future_create", creates_future, true, false},
    {"task_create, all_tasks", lists_its_task, 1, 0},
    {"set_default_executor", has_executor, 0, EDDY_ENOLOOP},
    {"set_resolver", has_resolver, 0, EDDY_ENOLOOP},
    {"run_in_executor", submits, 1, 0},
    {"run_coroutine_threadsafe", sends, 1, EDDY_ENOLOOP},
    {"op_init", operates, EDDY_PENDING, EDDY_ENOLOOP},
    {"op_close", closes_descriptor, 0, 0},
    {"transport_from_socket, _pipe", makes_transport, 0, EDDY_ENOLOOP},
    {"datagram_transport_from_socket", makes_datagram_transport, 0, EDDY_ENOLOOP},
    {"subprocess_exec, _shell", runs_program, 0, EDDY_ENOLOOP},
    {"set_debug", debugs, 0, EDDY_ENOLOOP},
    {"debug, slow_callback_duration", is_debugged, true, false},
    {"close", closes, 0, EDDY_ENOLOOP},
};

static void walk(bool has_loop)
{
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
                intptr_t expected = has_loop ? rows[i].where_set : rows[i].where_none;
                intptr_t result = rows[i].call();

                if (result != expected)
                        fail_msg("%s: %s (%ld) instead of %ld", rows[i].name, eddy_errname(result),
                                 (long)result, (long)expected);
        }
}

TEST(is_the_one_that_was_set)
{
        eddy_loop *loop = new_loop();

        eddy_set_loop(loop);
        context = eddy_copy_context();
        assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        walk(true);
        close(ends[0]);
        close(ends[1]);
        eddy_context_unref(context);
        eddy_loop_destroy(loop);
}

TEST(is_none_where_none_was_set)
{
        loop_running_here = NULL;
        eddy_set_loop(NULL);
        context = eddy_copy_context();
        assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
        walk(false);
        close(ends[0]);
        close(ends[1]);
        eddy_context_unref(context);
        eddy_loop_destroy(NULL);
}

static intptr_t set_here(void *arg)
{
        (void)arg;
        return trail_add('h'), 0;
}

COROUTINE_TEST(is_the_one_that_runs)
{
        eddy_loop *other;
        eddy_future *future;

        assert_int_equal(eddy_loop_create(&other), 0);
        eddy_set_loop(other);
        future = eddy_future_create(NULL);
        assert_ptr_equal(eddy_future_loop(future), eddy_running_loop());
        assert_true(eddy_loop_is_running(NULL));
        assert_int_equal(eddy_loop_close(NULL), EDDY_ELOOPRUNNING);
        assert_int_equal(eddy_loop_run_forever(NULL), EDDY_ELOOPRUNNING);
        trail_clear();
        assert_int_equal(eddy_call_soon(NULL, NULL, (eddy_callback)note, "c"), 0);
        eddy_yield();
        assert_int_equal(eddy_join(eddy_create_task(set_here, NULL), NULL), 0);
        assert_trail("ch");
        eddy_unref(future);
        eddy_set_loop(NULL);
        eddy_loop_destroy(other);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(is_the_one_that_was_set),
            cmocka_unit_test(is_none_where_none_was_set),
            cmocka_unit_test(is_the_one_that_runs),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
