/* Protocols' connections and servers: a state each, closed and aborted together, waited for to the last. */
#include "../transport/recorder.h"

#include <sys/stat.h>

enum { MUCH = 16 * 1024 * 1024 };

static struct recorder served[4];
static unsigned served_count;

static void *next_recorder(void *arg)
{
        assert_ptr_equal(arg, &served_count);
        return &served[served_count++];
}

static void begin(void)
{
        served_count = 0;
        memset(served, 0, sizeof served);
}

static eddy_server *serve(const eddy_server_options *options)
{
        eddy_server *server;

        begin();
        assert_int_equal(
            eddy_create_server(&server, &recording, next_recorder, &served_count, "127.0.0.1", 0, options), 0);
        return server;
}

static void end_server(eddy_server *server)
{
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        for (unsigned i = 0; i < served_count; i++)
                assert_int_equal(served[i].count[LOST], 1);
        eddy_server_destroy(server);
        for (unsigned i = 0; i < served_count; i++)
                free(served[i].data);
}

static void talk_to_each_other(void)
{
        eddy_server *server = serve(NULL);
        struct recorder client = {0};
        eddy_transport *transport;

        assert_int_equal(eddy_create_connection(&transport, &recording, &client, "127.0.0.1",
                                                eddy_server_port(server), NULL),
                         0);
        assert_int_equal(client.count[MADE], 1);
        assert_ptr_equal(client.transport, transport);
        assert_int_equal(eddy_transport_write(transport, "ping", 4), 0);
        until(served_count == 1 && served[0].size == 4);
        assert_int_equal(eddy_server_connections(server), 1);
        assert_int_equal(eddy_transport_write(served[0].transport, "pong", 4), 0);
        until(client.size == 4);
        assert_memory_equal(client.data, "pong", 4);
        eddy_transport_close(transport);
        recorder_finish(&client);
        end_server(server);
}

static void by_a_path(void)
{
        char folder[] = "/tmp/eddy-test-XXXXXX", path[64];
        struct recorder client = {0};
        eddy_transport *transport;
        eddy_server *server;
        struct stat status;

        begin();
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/socket", folder);
        assert_int_equal(eddy_create_unix_connection(&transport, &recording, &client, path, NULL), -ENOENT);
        assert_null(transport);
        assert_int_equal(eddy_create_unix_server(&server, &recording, next_recorder, &served_count, path, NULL),
                         0);
        assert_int_equal(eddy_create_unix_connection(NULL, &recording, &client, path, NULL), 0);
        assert_int_equal(eddy_transport_write(client.transport, "ping", 4), 0);
        until(served_count == 1 && served[0].size == 4);
        eddy_transport_close(client.transport);
        recorder_finish(&client);
        end_server(server);
        assert_int_equal(stat(path, &status), -1);
        assert_int_equal(rmdir(folder), 0);
}

static void cannot_connect(void)
{
        uint16_t port = 0;
        int holder = hold_port(&port);
        struct recorder client = {0};
        eddy_transport *transport = (eddy_transport *)&client;

        assert_int_equal(eddy_create_connection(&transport, &recording, &client, "127.0.0.1", port, NULL),
                         -ECONNREFUSED);
        assert_null(transport);
        assert_int_equal(client.count[MADE], 0);
        close(holder);
}

/* `arg` is the state of all where nothing makes one for each. */
static void answer(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)data;
        *(size_t *)self += n;
        eddy_transport_write(transport, "!", 1);
}

static void share_a_state(void)
{
        static const eddy_protocol counting = {.data_received = answer};
        size_t total = 0;
        eddy_server *server;
        int peers[2];
        char byte;

        begin();
        assert_int_equal(eddy_create_server(&server, &counting, NULL, &total, "127.0.0.1", 0, NULL), 0);
        for (int i = 0; i < 2; i++) {
                peers[i] = connect_to_port(eddy_server_port(server));
                assert_int_equal(write(peers[i], "abc", 3), 3);
                while (recv(peers[i], &byte, 1, MSG_DONTWAIT) < 0)
                        assert_int_equal(eddy_yield(), 0);
        }
        assert_int_equal(total, 6);
        close(peers[0]);
        close(peers[1]);
        end_server(server);
}

/* Who is not wanted is gone when connecting returns. */
static void turn_away(struct recorder *recorder, enum event event)
{
        if (event == MADE)
                eddy_transport_abort(recorder->transport);
}

static void are_turned_away(void)
{
        eddy_server *server = serve(NULL);
        struct recorder client = {.act = turn_away};
        eddy_transport *transport;

        assert_int_equal(eddy_create_connection(&transport, &recording, &client, "127.0.0.1",
                                                eddy_server_port(server), NULL),
                         0);
        until(client.count[LOST] == 1);
        assert_null(transport);
        until(served_count == 1);
        end_server(server);
}

/* A server that is destroyed while it asks for a connection's state. */
static eddy_server *doomed;

static void *destroy_server(void *arg)
{
        eddy_server_destroy(doomed);
        return next_recorder(arg);
}

static void outlive_it_from_the_first(void)
{
        int peer;

        begin();
        assert_int_equal(
            eddy_create_server(&doomed, &recording, destroy_server, &served_count, "127.0.0.1", 0, NULL), 0);
        peer = connect_to_port(eddy_server_port(doomed));
        send_from(peer, "abc", 3);
        until(served_count == 1 && served[0].size == 3);
        close(peer);
        recorder_finish(&served[0]);
}

static void have_their_turn(void)
{
        eddy_server *server = serve(&(eddy_server_options){.max_connections = 1});
        int peers[2];

        for (int i = 0; i < 2; i++)
                peers[i] = connect_to_port(eddy_server_port(server));
        until(served_count == 1);
        give_way();
        assert_int_equal(served_count, 1);
        close(peers[0]);
        until(served_count == 2);
        close(peers[1]);
        until(eddy_server_connections(server) == 0);
        end_server(server);
}

static void clients_are_closed(void)
{
        eddy_server *server = serve(NULL);
        char *bytes = malloc(MUCH);
        int peer = connect_to_port(eddy_server_port(server));

        fill(bytes, MUCH, 0);
        assert_true(fcntl(peer, F_SETFL, O_NONBLOCK) >= 0);
        until(served_count == 1 && served[0].transport);
        assert_int_equal(eddy_transport_write(served[0].transport, bytes, MUCH), 0);
        eddy_server_close_clients(server);
        give_way();
        assert_int_equal(served[0].count[LOST], 0); /* not all has left */
        receive_pattern(peer, MUCH);
        receive_end(peer);
        close(peer);
        end_server(server);
        free(bytes);
}

static void clients_are_aborted(void)
{
        eddy_server *server = serve(NULL);
        char *bytes = calloc(1, MUCH);
        int peer = connect_to_port(eddy_server_port(server));

        until(served_count == 1 && served[0].transport);
        assert_int_equal(eddy_transport_write(served[0].transport, bytes, MUCH), 0);
        eddy_server_abort_clients(server);
        assert_int_equal(served[0].count[LOST], 0);
        end_server(server);
        assert_hears_reset(peer);
        close(peer);
        free(bytes);
}

static intptr_t serve_forever(void *server)
{
        return eddy_server_serve_forever(server);
}

/* A peer that reads nothing does not keep a program that is to end. */
static void serving_is_cancelled(void)
{
        eddy_server *server = serve(NULL);
        char *bytes = calloc(1, MUCH);
        eddy_task *task = eddy_create_task(serve_forever, server);
        int peer = connect_to_port(eddy_server_port(server));
        intptr_t outcome;

        until(served_count == 1 && served[0].transport);
        assert_int_equal(eddy_transport_write(served[0].transport, bytes, MUCH), 0);
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &outcome), 0);
        assert_int_equal(outcome, EDDY_CANCELLED);
        assert_int_equal(served[0].count[LOST], 1);
        end_server(server);
        close(peer);
        free(bytes);
}

static void connections_outlive_their_server(void)
{
        eddy_server *server = serve(NULL);
        int peer = connect_to_port(eddy_server_port(server));

        until(served_count == 1 && served[0].transport);
        eddy_server_destroy(server);
        send_from(peer, "abc", 3);
        until(served[0].size == 3);
        close(peer);
        recorder_finish(&served[0]);
}

/* The loop is closed with a server and a connection open. */
static eddy_server *left;

static intptr_t leave_a_server(void *peer)
{
        left = serve(NULL);
        *(int *)peer = connect_to_port(eddy_server_port(left));
        until(served_count == 1 && served[0].transport);
        return 0;
}

static void left_to_the_loop(void **state)
{
        unsigned before = count_descriptors();
        int peer;

        (void)state;
        assert_int_equal(eddy_run(leave_a_server, &peer), 0);
        eddy_server_destroy(left);
        assert_int_equal(served[0].count[LOST], 1);
        assert_int_equal(served[0].reason, EDDY_ELOOPCLOSED);
        close(peer);
        assert_int_equal(count_descriptors(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(talk_to_each_other),
            scene_test(by_a_path),
            scene_test(cannot_connect),
            scene_test(share_a_state),
            scene_test(are_turned_away),
            scene_test(outlive_it_from_the_first),
            scene_test(have_their_turn),
            scene_test(clients_are_closed),
            scene_test(clients_are_aborted),
            scene_test(serving_is_cancelled),
            scene_test(connections_outlive_their_server),
            cmocka_unit_test(left_to_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
