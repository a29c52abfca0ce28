/* Agreeing on TLS: whoever does not, does not in time, goes meanwhile, or is closed from this side, at any moment. */
#include "../transport/recorder.h"

#include <fcntl.h>

/** A context that waits a millisecond for the other side. */
static eddy_tls *hasty(void)
{
        eddy_tls *tls;

        have_contexts();
        assert_int_equal(eddy_tls_create_client(&tls, &(eddy_tls_options){.ca_file = kinds_root.path,
                                                                          .handshake_timeout = eddy_ms(1)}),
                         0);
        return tls;
}

struct told {
        unsigned count;
        int rc;
        char why[256];
};

static void note(void *arg, int rc)
{
        struct told *told = arg;

        told->count++;
        told->rc = rc;
        snprintf(told->why, sizeof told->why, "%s", eddy_explain(rc));
}

/** A transport that was made before, and a peer that says nothing. */
static int open_silent(struct recorder *recorder, eddy_tls *tls, struct told *told)
{
        int ends[2];

        have_contexts();
        connect_sockets(ends);
        assert_int_equal(eddy_transport_from_socket(NULL, NULL, ends[0], &recording, recorder), 0);
        until(recorder->transport);
        assert_int_equal(eddy_transport_start_tls(recorder->transport, tls, "example.org", note, told), 0);
        return ends[1];
}

/** Each end of it is told first, and then the loss. */
static void of_a_transport(void)
{
        for (int i = 0; i < 6; i++) {
                eddy_tls *tls = hasty();
                struct recorder recorder = {.stays = true};
                struct told told = {0};
                int peer = open_silent(&recorder, i == 0 || i == 1 ? tls : kinds_client, &told), reason = 0;
                const char *why = NULL;
                eddy_stream *stream;

                assert_int_equal(
                    eddy_transport_start_tls(recorder.transport, kinds_client, "example.org", note, &told),
                    EDDY_EBUSY);
                assert_int_equal(eddy_transport_remove_filter(recorder.transport), EDDY_EBUSY);
                assert_int_equal(eddy_stream_from_transport(&stream, recorder.transport, NULL, 0, 0),
                                 EDDY_EBUSY);
                assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
                switch (i) {
                case 0: /* too late */
                        reason = -ETIMEDOUT;
                        why = "the peer did not agree on TLS within 0.001 s";
                        break;
                case 1: /* nothing that was written keeps what is closed longer than that */
                        reason = -ETIMEDOUT;
                        why = "the peer did not agree on TLS within 0.001 s";
                        eddy_transport_close(recorder.transport);
                        break;
                case 2:
                        eddy_transport_abort(recorder.transport);
                        break;
                case 3:
                        reason = EDDY_EINCOMPLETE;
                        why = "the peer closed the connection before both sides agreed on TLS";
                        shutdown(peer, SHUT_WR);
                        break;
                case 4:
                        reason = EDDY_ETLS;
                        why = "the peer speaks no TLS: it sent 'HTTP/1.1 400 Bad Request'";
                        send_from(peer, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
                        break;
                default:
                        reason = -ECONNRESET;
                        reset(peer);
                        peer = -1;
                }
                until(told.count);
                assert_int_equal(told.rc, reason ? reason : -ECONNABORTED);
                recorder_finish(&recorder);
                assert_int_equal(recorder.reason, reason);
                if (why) {
                        assert_string_equal(told.why, why);
                        assert_string_equal(recorder.why, why);
                }
                assert_int_equal(told.count, 1);
                eddy_tls_unref(tls);
                if (peer >= 0)
                        close(peer);
        }
}

/** Closed with nothing written, from within the call that is told, or in the iteration in which it was begun. */
static void given_up_at_once(void)
{
        static void (*const ways[])(eddy_transport *) = {eddy_transport_close, eddy_transport_abort};

        have_contexts();
        for (int made = 0; made < 2; made++)
                for (int i = 0; i < 2; i++) {
                        struct recorder recorder = {0};
                        struct told told = {0};
                        unsigned before = count_descriptors();
                        eddy_transport *transport;
                        int ends[2];

                        connect_sockets(ends);
                        assert_int_equal(
                            eddy_transport_from_socket(&transport, NULL, ends[0], &recording, &recorder), 0);
                        if (made) {
                                until(recorder.transport);
                                /* And resume_writing() is to come, which shall not overtake it. */
                                assert_int_equal(eddy_transport_set_write_limits(transport, 0, 0), 0);
                                assert_int_equal(eddy_transport_write(transport, "x", 1), 0);
                                assert_int_equal(eddy_transport_set_write_limits(transport, 10, 10), 0);
                        }
                        assert_int_equal(
                            eddy_transport_start_tls(transport, kinds_client, "example.org", note, &told), 0);
                        ways[i](transport);
                        until(told.count);
                        give_way();
                        assert_int_equal(told.rc, -ECONNABORTED);
                        assert_int_equal(recorder.count[MADE], made);
                        assert_int_equal(recorder.count[LOST], made);
                        close(ends[1]);
                        until(count_descriptors() == before);
                }
}

/* Servers. */

static unsigned states, lost;

static void *make_state(void *arg)
{
        states++;
        return arg;
}

static void count_lost(eddy_transport *transport, void *self, int reason)
{
        (void)transport, (void)self, (void)reason;
        lost++;
}

static const eddy_protocol counting = {.connection_lost = count_lost};

static intptr_t handle(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        states++;
        eddy_stream_read(stream, &byte, 1);
        lost++;
        return 0;
}

static eddy_server *serve(bool by_protocol)
{
        eddy_server_options options = {.max_connections = 2};
        eddy_server *server;

        have_contexts();
        options.tls = kinds_server;
        states = lost = 0;
        if (by_protocol)
                assert_int_equal(
                    eddy_create_server(&server, &counting, make_state, NULL, "127.0.0.1", 0, &options), 0);
        else
                assert_int_equal(eddy_start_server(&server, handle, NULL, "127.0.0.1", 0, &options), 0);
        return server;
}

static void end_server(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        assert_int_equal(states, lost);
}

/** Who comes and never agrees is no connection, and nobody's failure; room is had again. */
static void strangers(void)
{
        for (int by_protocol = 0; by_protocol < 2; by_protocol++) {
                eddy_server *server = serve(by_protocol);
                eddy_connect_options options = {.tls = kinds_client, .tls_name = "example.org"};
                struct reports reports;
                eddy_stream *stream;

                collect_reports(&reports);
                for (int i = 0; i < 12; i++) {
                        int fd = connect_to_port(eddy_server_port(server));

                        if (i % 4 == 1)
                                say(fd, "GET / HTTP/1.1\r\n\r\n");
                        if (i % 4 == 2)
                                say(fd, "\x16\x03\x01");
                        if (i % 4 == 3)
                                until(eddy_server_connections(server) > 0);
                        (i % 2 ? reset : (void (*)(int))(uintptr_t)close)(fd);
                }
                assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options),
                                 0);
                eddy_stream_destroy(stream);
                until(lost == 1);
                assert_int_equal(states, 1);
                assert_int_equal(reports.count, 0);
                end_server(server);
        }
}

/** Connections that are still agreeing are closed, aborted and waited for as others are, at any moment. */
static void closed_meanwhile(void)
{
        for (int by_protocol = 0; by_protocol < 2; by_protocol++)
                for (int aborts = 0; aborts < 2; aborts++)
                        for (int turns = 0; turns < 4; turns++) {
                                eddy_server *server = serve(by_protocol);
                                int fds[2];

                                for (int i = 0; i < 2; i++)
                                        fds[i] = connect_to_port(eddy_server_port(server));
                                until(eddy_server_connections(server) == 2);
                                for (int i = 0; i < turns; i++)
                                        eddy_yield();
                                (aborts ? eddy_server_abort_clients : eddy_server_close_clients)(server);
                                end_server(server);
                                assert_int_equal(states, 0);
                                for (int i = 0; i < 2; i++)
                                        close(fds[i]);
                        }
}

/** Whom the client does not trust hears why, and not of a reset. */
static intptr_t start_distrusted(eddy_stream *stream, void *arg)
{
        int rc = eddy_stream_start_tls(stream, kinds_server, NULL);

        *(int *)arg = rc;
        assert_non_null(strstr(eddy_explain(rc), "does not trust"));
        return 0;
}

static void alert_arrives(void)
{
        int heard = 0;
        struct issued other = issue(&(struct wish){.name = "another root", .is_issuer = true});
        eddy_server *server;
        eddy_tls *wary;

        have_contexts();
        assert_int_equal(eddy_tls_create_client(&wary, &(eddy_tls_options){.ca_file = other.path}), 0);
        for (int by_protocol = 0; by_protocol < 2; by_protocol++) {
                eddy_connect_options options = {.tls = wary, .tls_name = "example.org"};
                eddy_transport *transport;
                eddy_stream *stream;

                heard = 0;
                assert_int_equal(eddy_start_server(&server, start_distrusted, &heard, "127.0.0.1", 0, NULL), 0);
                assert_int_equal(by_protocol ? eddy_create_connection(&transport, &counting, NULL, "127.0.0.1",
                                                                      eddy_server_port(server), &options)
                                             : eddy_open_connection(&stream, "127.0.0.1",
                                                                    eddy_server_port(server), &options),
                                 EDDY_ECERTIFICATE);
                eddy_server_close(server);
                assert_int_equal(eddy_server_wait_closed(server), 0);
                eddy_server_destroy(server);
                assert_int_equal(heard, EDDY_ETLS);
        }
        eddy_tls_unref(wary);
        forget_issued(&other);
}

/* Interrupted at each moment. */

static uint16_t port;

static intptr_t converse(void *arg)
{
        eddy_connect_options options = {.tls = kinds_client, .tls_name = "example.org"};
        char byte;
        eddy_stream *stream;
        int rc;

        if (arg) {
                eddy_transport *transport;

                rc = eddy_create_connection(&transport, &counting, NULL, "127.0.0.1", port, &options);
                if (rc == 0)
                        eddy_transport_close(transport);
                return rc;
        }
        rc = eddy_open_connection(&stream, "127.0.0.1", port, &options);
        if (rc < 0)
                return rc;
        rc = (int)eddy_stream_write_all(stream, "x", 1);
        if (rc >= 0)
                rc = (int)eddy_stream_read_exactly(stream, &byte, 1);
        if (rc >= 0)
                rc = eddy_stream_end_tls(stream);
        eddy_stream_destroy(stream);
        return rc;
}

static intptr_t answer_and_end(eddy_stream *stream, void *arg)
{
        char byte;

        (void)arg;
        if (eddy_stream_read_exactly(stream, &byte, 1) < 0 || eddy_stream_write_all(stream, &byte, 1) < 0)
                return 0;
        if (eddy_stream_read(stream, &byte, 1) == 0)
                eddy_stream_end_tls(stream);
        return 0;
}

static void interrupted_anywhere(void)
{
        for (int by_protocol = 0; by_protocol < 2; by_protocol++) {
                eddy_server_options options = {0};
                eddy_server *server;
                intptr_t rc = EDDY_CANCELLED;

                have_contexts();
                options.tls = kinds_server;
                assert_int_equal(eddy_start_server(&server, answer_and_end, NULL, "127.0.0.1", 0, &options), 0);
                port = eddy_server_port(server);
                for (int turns = 0; rc == EDDY_CANCELLED; turns++) {
                        eddy_task *task = eddy_create_task(converse, by_protocol ? &port : NULL);

                        for (int i = 0; i < turns && !eddy_done((eddy_future *)task); i++)
                                eddy_yield();
                        eddy_cancel(task);
                        if (eddy_join(task, &rc) < 0)
                                rc = EDDY_CANCELLED;
                        assert_true(rc == 0 || rc == EDDY_CANCELLED);
                }
                eddy_server_close(server);
                assert_int_equal(eddy_server_wait_closed(server), 0);
                eddy_server_destroy(server);
        }
}

/* With the loop. */

struct leaving {
        int way, turns, peer;
        struct recorder recorder;
        struct told told;
        eddy_stream *stream;
};

static intptr_t start_there(void *arg)
{
        struct leaving *leaving = arg;

        eddy_stream_start_tls(leaving->stream, kinds_client, "example.org");
        return 0;
}

static intptr_t leave(void *arg)
{
        struct leaving *leaving = arg;
        int ends[2];

        if (leaving->way == 0) {
                leaving->peer = open_silent(&leaving->recorder, kinds_client, &leaving->told);
        } else {
                connect_sockets(ends);
                leaving->peer = ends[1];
                assert_int_equal(eddy_stream_from_socket(&leaving->stream, ends[0], 0), 0);
                eddy_unref(eddy_create_task(start_there, leaving));
        }
        for (int i = 0; i < leaving->turns; i++)
                eddy_yield();
        say(leaving->peer, "no TLS at all, and as it fails the loop is closed");
        for (int i = 0; i < leaving->turns; i++)
                eddy_yield();
        return 0;
}

static void closed_with_the_loop(void **state)
{
        (void)state;
        have_contexts();
        for (int way = 0; way < 2; way++)
                for (int turns = 0; turns < 8; turns++) {
                        struct leaving leaving = {.way = way, .turns = turns};
                        unsigned before = count_descriptors();

                        assert_int_equal(eddy_run(leave, &leaving), 0);
                        if (way == 0) {
                                assert_int_equal(leaving.told.count, 1);
                                assert_int_equal(leaving.recorder.count[LOST], 1);
                        }
                        eddy_stream_destroy(leaving.stream);
                        close(leaving.peer);
                        assert_int_equal(count_descriptors(), before);
                }
}

static intptr_t connect_there(void *arg)
{
        const struct leaving *leaving = arg;

        return eddy_create_connection(NULL, &counting, NULL, "127.0.0.1", (uint16_t)leaving->peer,
                                      &(eddy_connect_options){.tls = kinds_client, .tls_name = "example.org"});
}

/** The task that waits for both sides to agree never runs again; and nothing of it is left (with ASan). */
static void never_agreed(void **state)
{
        uint16_t to;
        int listener = listen_on_loopback(1, &to), peer = -1;
        struct leaving leaving = {.peer = to};
        eddy_loop *loop;
        char byte;

        (void)state;
        have_contexts();
        fcntl(listener, F_SETFL, O_NONBLOCK);
        assert_int_equal(eddy_loop_create(&loop), 0);
        eddy_unref(eddy_task_create(&(eddy_task_options){.loop = loop}, connect_there, &leaving));
        while (peer < 0 || recv(peer, &byte, 1, MSG_DONTWAIT) < 0) { /* it says hello */
                if (peer < 0)
                        peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                eddy_loop_stop(loop);
                eddy_loop_run_forever(loop);
        }
        eddy_loop_destroy(loop);
        close(peer);
        close(listener);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(of_a_transport),
            scene_test(given_up_at_once),
            scene_test(strangers),
            scene_test(closed_meanwhile),
            scene_test(alert_arrives),
            scene_test(interrupted_anywhere),
            cmocka_unit_test(closed_with_the_loop),
            cmocka_unit_test(never_agreed),
        };

        return cmocka_run_group_tests_name("tls-handshake", tests, NULL, NULL);
}
