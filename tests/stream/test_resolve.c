/* Names that are looked up on helper threads, by a name server that takes its time. */
#include "helpers.h"
#include "helpers_resolve.h"

#include "base/fault.h"

/** Somebody who connects to a host that is slow to be found. */
static intptr_t connect_slowly(void *arg)
{
        const uint16_t *port = arg;
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "slow.test", *port, NULL);

        eddy_stream_destroy(stream);
        return rc;
}

static uint16_t port_of_nobody;

static void loop_goes_on_meanwhile(void)
{
        uint16_t port;
        int listener = listen_on_loopback(1, &port);
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(connect_slowly, &port);
        until(waiting_at_gate() == 1);
        give_way();
        assert_false(eddy_done(task));
        set_gate(true);
        assert_int_equal(join(task), 0);
        close(listener);
}

static void cancelled(void)
{
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(connect_slowly, &port_of_nobody);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        /* The lookup ends when it likes, and nobody is there to be told. */
        set_gate(true);
        until(waiting_at_gate() == 0);
        give_way();
}

static void late(void)
{
        eddy_stream *stream;
        int rc = 0;

        set_gate(false);
        EDDY_TIMEOUT_SCOPE(eddy_ms(5))
                rc = eddy_open_connection(&stream, "slow.test", 80, NULL);
        assert_int_equal(rc, EDDY_TIMEOUT);
        assert_null(stream);
        set_gate(true);
}

static void loop_is_closed_meanwhile(void)
{
        eddy_task *tasks[40];

        set_gate(false);
        /* Some are at the gate, and some wait for a thread: the loop is closed under both. */
        for (int i = 0; i < 40; i++)
                tasks[i] = eddy_create_task(connect_slowly, &port_of_nobody);
        until(waiting_at_gate() > 1);
        for (int i = 0; i < 40; i++)
                eddy_cancel(tasks[i]);
        for (int i = 0; i < 40; i++)
                assert_int_equal(join(tasks[i]), EDDY_CANCELLED);
        set_gate(true);
}

/** As above, and eddy_run() cancels them. */
static void program_ends_meanwhile(void)
{
        set_gate(false);
        for (int i = 0; i < 4; i++)
                eddy_unref(eddy_create_task(connect_slowly, &port_of_nobody));
        until(waiting_at_gate() == 4);
        set_gate(true);
}

static void more_than_threads(void)
{
        enum { COUNT = 100 };
        uint16_t port;
        int listener = listen_on_loopback(COUNT, &port);
        eddy_task *tasks[COUNT];

        set_gate(false);
        for (int i = 0; i < COUNT; i++)
                tasks[i] = eddy_create_task(connect_slowly, &port);
        until(waiting_at_gate() > 1);
        set_gate(true);
        assert_int_equal(eddy_gather(tasks, COUNT, NULL, 0), 0);
        for (int i = 0; i < COUNT; i++)
                eddy_unref(tasks[i]);
        close(listener);
}

static intptr_t start(void *arg)
{
        eddy_server **server = arg;

        return eddy_start_server(server, NULL, NULL, "slow.test", 0, NULL);
}

static void server_looks_its_host_up(void)
{
        eddy_server *server;
        eddy_task *task;

        set_gate(false);
        task = eddy_create_task(start, &server);
        until(waiting_at_gate() == 1);
        set_gate(true);
        assert_int_equal(join(task), 0);
        assert_true(eddy_server_port(server) > 0);
        eddy_server_destroy(server);
        set_gate(false);
        task = eddy_create_task(start, &server);
        until(waiting_at_gate() == 1);
        eddy_cancel(task);
        assert_int_equal(join(task), EDDY_CANCELLED);
        assert_null(server);
        set_gate(true);
}

static void each_use_fails_once(void)
{
        uint16_t port;
        int listener = listen_on_loopback(1000, &port);
        eddy_stream *stream;
        int rc, tries = 0;

        set_gate(true);
        do {
                fault_arm((unsigned long)++tries, 1);
                rc = eddy_open_connection(&stream, "slow.test", port, NULL);
                if (fault_uses() < (unsigned long)tries)
                        break;
                fault_arm(0, 0);
                eddy_stream_destroy(stream);
        } while (tries < 1000);
        fault_arm(0, 0);
        assert_int_equal(rc, 0);
        assert_true(tries > 6);
        eddy_stream_destroy(stream);
        close(listener);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(loop_goes_on_meanwhile),
            scene_test(cancelled),
            scene_test(late),
            scene_test(loop_is_closed_meanwhile),
            scene_test(program_ends_meanwhile),
            scene_test(more_than_threads),
            scene_test(server_looks_its_host_up),
            scene_test(each_use_fails_once),
        };
        uint16_t port;

        close(listen_on_loopback(1, &port));
        port_of_nobody = port;
        return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
