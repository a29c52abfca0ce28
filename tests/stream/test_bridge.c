/* Transports that become streams, and streams that become transports: nothing that came or was written is lost by that. */
#include "../transport/recorder.h"

enum { MUCH = 1024 * 1024 };

static void close_bridged(eddy_stream *stream, int peer)
{
        eddy_stream_destroy(stream);
        close(peer);
        give_way();
}

/* From a transport to a stream. */

static eddy_stream *bridged;

/** At the first "!" what comes behind it is for coroutines. */
static void hand_over_behind_mark(struct recorder *recorder, enum event event)
{
        const char *mark = recorder->size ? memchr(recorder->data, '!', recorder->size) : NULL;

        if (event != DATA || !mark)
                return;
        assert_int_equal(eddy_transport_write(recorder->transport, "ok", 2), 0);
        assert_int_equal(eddy_stream_from_transport(&bridged, recorder->transport, mark + 1,
                                                    (size_t)(recorder->data + recorder->size - mark - 1), 0),
                         0);
}

static void reads_on_as_a_stream(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {.act = hand_over_behind_mark};
                int peer = open_recorded(kind, &recorder, &recording);

                bridged = NULL;
                send_from(peer, "a!first\n", 8);
                until(bridged);
                send_from(peer, "second\n", 7);
                assert_reads(bridged, "first\nsecond\n");
                assert_int_equal(eddy_stream_write_all(bridged, "too", 3), 3);
                for (size_t got = 0; got < 5;) {
                        char bytes[5];
                        ssize_t n = read(peer, bytes, sizeof bytes);

                        if (n > 0)
                                assert_memory_equal(bytes, &"oktoo"[got], (size_t)n);
                        got += n > 0 ? (size_t)n : 0;
                        eddy_yield();
                }
                close_bridged(bridged, peer);
                assert_int_equal(recorder.count[LOST], 0);
                free(recorder.data);
        }
}

/** What has not left leaves by the stream, before what that writes. */
static void takes_what_is_unsent(void)
{
        char *bytes = malloc(MUCH);

        fill(bytes, MUCH, 0);
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording);
                eddy_stream *stream;

                assert_int_equal(eddy_transport_write(recorder.transport, bytes, MUCH / 2), 0);
                assert_int_equal(eddy_stream_from_transport(&stream, recorder.transport, NULL, 0, 0), 0);
                assert_int_equal(eddy_stream_write(stream, bytes + MUCH / 2, MUCH / 2), 0);
                eddy_stream_destroy(stream);
                receive_pattern(peer, MUCH);
                receive_end(peer);
                close(peer);
                free(recorder.data);
        }
        free(bytes);
}

/** A server's connection leaves the server. */
static void leaves_its_server(void)
{
        struct recorder recorder = {0};
        eddy_server *server;
        eddy_stream *client, *stream;

        assert_int_equal(eddy_create_server(&server, &recording, NULL, &recorder, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&client, "127.0.0.1", eddy_server_port(server), NULL), 0);
        until(recorder.transport);
        assert_int_equal(eddy_server_connections(server), 1);
        assert_int_equal(eddy_stream_from_transport(&stream, recorder.transport, NULL, 0, 0), 0);
        eddy_server_abort_clients(server);
        until(eddy_server_connections(server) == 0);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        assert_int_equal(eddy_stream_write(client, "x", 1), 0);
        assert_reads(stream, "x");
        eddy_stream_destroy(client);
        eddy_stream_destroy(stream);
        eddy_server_destroy(server);
}

/* From a stream to a transport. */

static void shows_what_was_not_read(void)
{
        for_each_socket(kind)
        {
                struct recorder first = {0}, recorder = {.lent = 3};
                int peer = open_recorded(kind, &first, &recording);
                eddy_stream *stream;
                const char *line;

                assert_int_equal(eddy_stream_from_transport(&stream, first.transport, NULL, 0, 0), 0);
                send_from(peer, "line\nrest", 9);
                assert_int_equal(eddy_stream_read_line(stream, &line), 5);
                assert_int_equal(eddy_transport_from_stream(
                                     NULL, stream, kind == &tcp ? &recording_in_place : &recording, &recorder),
                                 0);
                assert_true(eddy_stream_is_closing(stream));
                assert_int_equal(eddy_stream_wait_closed(stream), 0);
                assert_int_equal(eddy_stream_read(stream, (char[1]){0}, 1), -EBADF);
                eddy_stream_destroy(stream);
                until(recorder.size == 4);
                send_from(peer, "more", 4);
                until(recorder.size == 8);
                assert_memory_equal(recorder.data, "restmore", 8);
                close(peer);
                recorder_finish(&recorder);
                assert_int_equal(recorder.count[ENDED], 1);
                assert_int_equal(recorder.reason, 0);
        }
}

/** An end that was read already is told all the same. */
static void tells_of_the_end(void)
{
        struct recorder recorder = {0};
        eddy_stream *stream;
        int ends[2];
        char byte;

        connect_sockets(ends);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), 0);
        close(ends[1]);
        assert_int_equal(eddy_stream_read(stream, &byte, 1), 0);
        assert_int_equal(eddy_transport_from_stream(NULL, stream, &recording, &recorder), 0);
        eddy_stream_destroy(stream);
        recorder_finish(&recorder);
        assert_int_equal(recorder.count[ENDED], 1);
}

static intptr_t read_one(void *arg)
{
        char byte;

        return eddy_stream_read(arg, &byte, 1);
}

static intptr_t hand_over(eddy_stream *stream, void *recorder)
{
        return eddy_transport_from_stream(NULL, stream, &recording, recorder);
}

/** The stream of a handler is given back by its server. */
static void outlives_a_handler(void)
{
        struct recorder recorder = {0};
        eddy_server *server;
        eddy_stream *client;

        assert_int_equal(eddy_start_server(&server, hand_over, &recorder, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&client, "127.0.0.1", eddy_server_port(server), NULL), 0);
        assert_int_equal(eddy_stream_write(client, "x", 1), 0);
        until(recorder.size == 1);
        assert_int_equal(eddy_server_connections(server), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "y", 1), 0);
        assert_reads(client, "y");
        eddy_stream_destroy(client);
        eddy_server_destroy(server);
        recorder_finish(&recorder);
}

static void refuses(void)
{
        struct recorder recorder = {0};
        eddy_stream *ends[2], *stream;
        eddy_transport *transport;
        eddy_task *reader;

        assert_int_equal(eddy_stream_pair(ends), 0);
        reader = eddy_create_task(read_one, ends[0]);
        give_way();
        assert_int_equal(eddy_transport_from_stream(&transport, ends[0], &recording, &recorder), EDDY_EBUSY);
        assert_null(transport);
        eddy_cancel(reader);
        assert_int_equal(join(reader), EDDY_CANCELLED);
        assert_int_equal(eddy_transport_from_stream(&transport, ends[0], &recording, &recorder), 0);
        eddy_transport_close(transport);
        assert_int_equal(eddy_stream_from_transport(&stream, transport, NULL, 0, 0), -EBADF);
        assert_null(stream);
        assert_int_equal(eddy_transport_from_stream(&transport, ends[0], &recording, &recorder), -EBADF);
        recorder_finish(&recorder);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends[i]);
}

/** The loop ends before the transport's turn to go. */
static intptr_t leave_halfway(void *arg)
{
        int ends[2];
        eddy_stream *stream;
        eddy_transport *transport;

        open_unix(ends);
        assert_int_equal(eddy_transport_from_socket(&transport, NULL, ends[0], &recording, arg), 0);
        assert_int_equal(eddy_stream_from_transport(&stream, transport, NULL, 0, 0), 0);
        eddy_stream_destroy(stream);
        close(ends[1]);
        return 0;
}

static void with_the_loop(void **state)
{
        struct recorder recorder = {0};
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_run(leave_halfway, &recorder), 0);
        assert_int_equal(recorder.count[MADE], 0);
        assert_int_equal(recorder.count[LOST], 0);
        assert_int_equal(count_descriptors(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(reads_on_as_a_stream),
            scene_test(takes_what_is_unsent),
            scene_test(leaves_its_server),
            scene_test(shows_what_was_not_read),
            scene_test(tells_of_the_end),
            scene_test(outlives_a_handler),
            scene_test(refuses),
            cmocka_unit_test(with_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
