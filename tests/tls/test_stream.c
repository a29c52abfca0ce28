/* TLS under streams. */
#include "pair.h"

#include "base/fault.h"

static intptr_t echo(eddy_stream *stream, void *arg)
{
        char bytes[16 * 1024];
        ssize_t n;

        (void)arg;
        while ((n = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                if (eddy_stream_write_all(stream, bytes, (size_t)n) < 0)
                        return 0;
        return n;
}

static eddy_server *start(eddy_connection_handler handler, void *arg)
{
        eddy_server *server;

        assert_int_equal(
            eddy_start_server(&server, handler, arg, "127.0.0.1", 0, &(eddy_server_options){.tls = server_tls}),
            0);
        return server;
}

static void stop(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
}

static eddy_stream *open_to(eddy_server *server)
{
        eddy_connect_options options = {.tls = client_tls, .tls_name = "example.org"};
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options);

        if (rc < 0)
                fail_msg("%s", eddy_explain(rc));
        return stream;
}

static void there_and_back(void)
{
        eddy_server *server = start(echo, NULL);
        eddy_stream *stream = open_to(server);
        char bytes[5];
        eddy_tls_info info;

        assert_int_equal(eddy_stream_write_all(stream, "hello", 5), 5);
        assert_int_equal(eddy_stream_read_exactly(stream, bytes, 5), 5);
        assert_memory_equal(bytes, "hello", 5);
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        assert_string_equal(info.version, "TLSv1.3");
        assert_string_equal(info.name, "example.org");
        assert_non_null(strstr(info.subject, "CN=example.org"));
        assert_false(info.is_resumed);
        assert_int_equal(eddy_stream_write_eof(stream), 0);
        assert_int_equal(eddy_stream_read(stream, bytes, 5), 0);
        eddy_stream_destroy(stream);
        stream = open_to(server);
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        assert_true(info.is_resumed);
        eddy_stream_destroy(stream);
        stop(server);
}

/* A live stream. */

static intptr_t serve_both(eddy_stream *stream, void *arg)
{
        char line[6];

        (void)arg;
        assert_int_equal(eddy_stream_read_exactly(stream, line, 5), 5);
        assert_int_equal(eddy_stream_write_all(stream, "start", 5), 5);
        assert_int_equal(eddy_stream_start_tls(stream, server_tls, NULL), 0);
        assert_int_equal(eddy_stream_read_exactly(stream, line, 5), 5);
        assert_int_equal(eddy_stream_write_all(stream, line, 5), 5);
        assert_int_equal(eddy_stream_read(stream, line, 5), 0);
        assert_int_equal(eddy_stream_end_tls(stream), 0);
        assert_int_equal(eddy_stream_read_exactly(stream, line, 5), 5);
        assert_memory_equal(line, "plain", 5);
        assert_int_equal(eddy_stream_write_all(stream, "fine", 4), 4);
        return 0;
}

static void starts_and_ends(void)
{
        eddy_server *server;
        eddy_stream *stream;
        char line[6];

        assert_int_equal(eddy_start_server(&server, serve_both, NULL, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_end_tls(stream), EDDY_EINVALIDSTATE);
        assert_int_equal(eddy_stream_write_all(stream, "hello", 5), 5);
        assert_int_equal(eddy_stream_read_exactly(stream, line, 5), 5);
        assert_int_equal(eddy_stream_start_tls(stream, client_tls, "example.org"), 0);
        assert_int_equal(eddy_stream_write_all(stream, "again", 5), 5);
        assert_int_equal(eddy_stream_read_exactly(stream, line, 5), 5);
        assert_memory_equal(line, "again", 5);
        assert_int_equal(eddy_stream_end_tls(stream), 0);
        assert_int_equal(eddy_stream_write_all(stream, "plain", 5), 5);
        assert_int_equal(eddy_stream_read_exactly(stream, line, 4), 4);
        eddy_stream_destroy(stream);
        stop(server);
}

static void other_name(void)
{
        eddy_server *server = start(echo, NULL);
        eddy_connect_options options = {.tls = client_tls};
        eddy_stream *stream;
        int rc = eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options);

        assert_int_equal(rc, EDDY_ECERTIFICATE);
        assert_string_equal(eddy_explain(rc), "the certificate is for example.org, not for 127.0.0.1");
        assert_null(stream);
        stop(server);
}

/* What is broken. */

static intptr_t break_off(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        assert_int_equal(eddy_stream_read(stream, &byte, 1), 1);
        assert_int_equal(send(eddy_stream_fd(stream), "no TLS at all", 13, MSG_NOSIGNAL), 13);
        while (eddy_stream_read(stream, &byte, 1) > 0)
                ;
        return 0;
}

static void assert_broken(ssize_t rc)
{
        assert_int_equal(rc, EDDY_ETLS);
        assert_string_equal(eddy_explain(rc), "what came was changed on its way, or is no TLS");
}

/** By a task of its own, which has been told nothing yet. */
static intptr_t write_again(void *arg)
{
        eddy_stream *stream = arg;

        assert_string_equal(eddy_error_detail(), "");
        assert_broken(eddy_stream_write_all(stream, "x", 1));
        return 0;
}

static void broken(void)
{
        eddy_server *server = start(break_off, NULL);
        eddy_stream *stream = open_to(server);
        char byte = 'x';

        assert_int_equal(eddy_stream_write_all(stream, &byte, 1), 1);
        assert_broken(eddy_stream_read(stream, &byte, 1));
        for (int i = 0; i < 2; i++) {
                eddy_task *task = eddy_create_task(write_again, stream);

                assert_int_equal(eddy_join(task, NULL), 0);
        }
        eddy_stream_destroy(stream);
        stop(server);
}

static intptr_t read_until_failure(eddy_stream *stream, void *arg)
{
        ssize_t *outcome = arg;
        char byte;

        while ((*outcome = eddy_stream_read(stream, &byte, 1)) > 0)
                ;
        return *outcome;
}

static void count_failures(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        int *count = arg;

        (void)loop, (void)exception;
        (*count)++;
}

/** Whoever breaks a connection, or cuts it off, makes no failure of the server's. */
static void not_the_servers_failure(void)
{
        ssize_t outcome = 0;
        eddy_server *server = start(read_until_failure, &outcome);
        int count = 0;

        eddy_loop_set_exception_handler(eddy_running_loop(), count_failures, &count);
        for (int breaks = 0; breaks < 2; breaks++) {
                eddy_stream *stream = open_to(server);

                assert_int_equal(eddy_stream_write_all(stream, "x", 1), 1);
                until(outcome == 1);
                if (breaks)
                        send(eddy_stream_fd(stream), "no TLS at all", 13, MSG_NOSIGNAL);
                shutdown(eddy_stream_fd(stream), SHUT_WR);
                until(eddy_server_connections(server) == 0);
                assert_int_equal(outcome, breaks ? EDDY_ETLS : EDDY_EINCOMPLETE);
                eddy_stream_destroy(stream);
        }
        assert_int_equal(count, 0);
        eddy_loop_set_exception_handler(eddy_running_loop(), NULL, NULL);
        stop(server);
}

/** Where both did not agree nothing is told of who was there. */
static void nothing_agreed_on(void)
{
        eddy_server *server = start(echo, NULL);
        eddy_stream *stream;
        eddy_tls_info info;

        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_start_tls(stream, client_tls, "other.example"), EDDY_ECERTIFICATE);
        assert_int_equal(eddy_stream_tls_info(stream, &info), EDDY_EINVALIDSTATE);
        eddy_stream_destroy(stream);
        stop(server);
}

static ssize_t last_read;

static intptr_t read_to_end(eddy_stream *stream, void *arg)
{
        char bytes[16];

        (void)arg;
        while ((last_read = eddy_stream_read(stream, bytes, sizeof bytes)) > 0)
                ;
        return 0;
}

/** Who could not mark the end is told, as the other side is. */
static void no_memory_for_the_end(void)
{
        eddy_server *server = start(read_to_end, NULL);
        unsigned long uses = 0;

        for (unsigned long nth = 1; nth == 1 || nth <= uses; nth++) {
                eddy_stream *stream = open_to(server);
                int rc;

                assert_int_equal(eddy_stream_write_all(stream, "hello", 5), 5);
                fault_arm(nth, 1);
                rc = eddy_stream_write_eof(stream);
                uses = fault_uses();
                fault_arm(0, 0);
                if (rc == 0)
                        rc = eddy_stream_drain(stream);
                eddy_stream_destroy(stream);
                last_read = 1;
                until(eddy_server_connections(server) == 0);
                assert_int_equal(rc == 0, last_read == 0);
        }
        assert_true(uses > 0);
        stop(server);
}

/* Agreeing and ending, while another task destroys the stream at whatever turn. */

struct rush {
        eddy_stream *stream;
        eddy_tls *tls;
        intptr_t agreed, ended;
        bool is_destroyed, is_sure; /* it was there when the call returned 0 */
};

static intptr_t agree_and_end(void *arg)
{
        struct rush *rush = arg;

        rush->agreed =
            eddy_stream_start_tls(rush->stream, rush->tls, rush->tls == client_tls ? "example.org" : NULL);
        if (rush->agreed < 0)
                return 0;
        rush->is_sure = !rush->is_destroyed;
        if (!rush->is_sure)
                return 0;
        rush->ended = eddy_stream_end_tls(rush->stream);
        rush->is_sure = rush->ended < 0 || !rush->is_destroyed;
        return 0;
}

static void streams_destroyed_at_every_turn(void)
{
        bool is_late = false; /* both had ended when it was destroyed */

        for (unsigned turn = 1; !is_late; turn++) { /* both are in their calls */
                struct rush sides[2] = {{.tls = server_tls, .is_sure = true},
                                        {.tls = client_tls, .is_sure = true}};
                eddy_stream *ends[2];
                eddy_task *tasks[2];

                assert_int_equal(eddy_stream_pair(ends), 0);
                for (int i = 0; i < 2; i++) {
                        sides[i].stream = ends[i];
                        tasks[i] = eddy_create_task(agree_and_end, &sides[i]);
                }
                for (unsigned i = 0; i < turn; i++)
                        assert_int_equal(eddy_yield(), 0);
                is_late = eddy_done(tasks[0]) && eddy_done(tasks[1]);
                eddy_stream_destroy(ends[turn % 2]);
                sides[turn % 2].is_destroyed = true;
                for (int i = 0; i < 2; i++) {
                        assert_int_equal(eddy_await(tasks[i], NULL), 0);
                        assert_true(sides[i].is_sure);
                        eddy_unref(tasks[i]);
                }
                eddy_stream_destroy(ends[1 - turn % 2]);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(there_and_back),
            scene_test(starts_and_ends),
            scene_test(other_name),
            scene_test(broken),
            scene_test(not_the_servers_failure),
            scene_test(nothing_agreed_on),
            scene_test(no_memory_for_the_end),
            scene_test(streams_destroyed_at_every_turn),
        };

        return cmocka_run_group_tests_name("tls-stream", tests, set_up_pair, tear_down_pair);
}
