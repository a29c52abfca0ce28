/* One context that many use, and that is read anew under them. */
#include "helpers.h"

#include <pthread.h>

static struct issued root, leaf, next;
static char path[128]; /* of the certificate that a server has just now */

static void install(const struct issued *issued)
{
        char bytes[8192];
        FILE *from = fopen(issued->path, "r"), *to = fopen(path, "w");
        size_t n = fread(bytes, 1, sizeof bytes, from);

        assert_int_equal(fwrite(bytes, 1, n, to), n);
        fclose(from);
        fclose(to);
}

static void live_connection(void)
{
        eddy_tls *server_tls, *client;
        eddy_connect_options options = {.tls_name = "example.org"};
        eddy_tls_info info;
        eddy_server *server;
        eddy_stream *stream;
        FILE *file;

        install(&leaf);
        server_tls = new_server(&(eddy_tls_options){.certificate_file = path});
        options.tls = client = new_client(&(eddy_tls_options){.ca_file = root.path});
        struct meeting meeting = {.server = server_tls};
        assert_int_equal(eddy_start_server(&server, meet_server, &meeting, "127.0.0.1", 0, NULL), 0);
        assert_int_equal(eddy_open_connection(&stream, "127.0.0.1", eddy_server_port(server), &options), 0);
        install(&next);
        assert_string_equal(meet_well(server_tls, client, NULL).at_client.subject, "CN=leaf");
        assert_int_equal(eddy_tls_reload(server_tls), 0);
        assert_int_equal(eddy_tls_reload(client), 0);
        assert_string_equal(meet_well(server_tls, client, NULL).at_client.subject, "CN=next");
        file = fopen(path, "w");
        fputs("half a", file);
        fclose(file);
        assert_int_equal(eddy_tls_reload(server_tls), -EINVAL);
        remove(path);
        assert_int_equal(eddy_tls_reload(server_tls), -ENOENT);
        assert_non_null(strstr(eddy_error_detail(), path));
        assert_string_equal(meet_well(server_tls, client, NULL).at_client.subject, "CN=next");
        assert_int_equal(eddy_stream_tls_info(stream, &info), 0);
        assert_string_equal(info.subject, "CN=leaf");
        assert_int_equal(eddy_stream_write_all(stream, "x", 1), 1);
        assert_int_equal(eddy_stream_read(stream, (char[1]){0}, 1), 1);
        eddy_stream_destroy(stream);
        eddy_server_close(server);
        assert_int_equal(eddy_server_wait_closed(server), 0);
        eddy_server_destroy(server);
        eddy_tls_unref(server_tls);
        eddy_tls_unref(client);
}

/* Threads. */

struct sharing {
        eddy_tls *server, *client;
        int count; /* of those who were served */
};

static intptr_t meet_often(void *arg)
{
        struct sharing *sharing = arg;

        for (int i = 0; i < 20; i++) {
                struct meeting meeting = {.server = sharing->server, .client = sharing->client};

                meet(&meeting);
                if (meeting.at_client.read == 1 && meeting.at_server.read == 1)
                        sharing->count++;
                else
                        print_error("client: %d, %zd, %s; server: %d, %zd, %s\n", meeting.at_client.rc,
                                    meeting.at_client.read, meeting.at_client.why, meeting.at_server.rc,
                                    meeting.at_server.read, meeting.at_server.why);
        }
        return 0;
}

static void *run_loop(void *arg)
{
        eddy_run(meet_often, arg);
        return NULL;
}

static void several_threads(void **state)
{
        enum { THREADS = 4 };
        eddy_tls *server = new_server(&(eddy_tls_options){.certificate_file = leaf.path});
        eddy_tls *client = new_client(&(eddy_tls_options){.ca_file = root.path});
        struct sharing sharing[THREADS];
        pthread_t threads[THREADS];

        (void)state;
        for (int i = 0; i < THREADS; i++) {
                sharing[i] = (struct sharing){.server = eddy_tls_ref(server), .client = eddy_tls_ref(client)};
                assert_int_equal(pthread_create(&threads[i], NULL, run_loop, &sharing[i]), 0);
        }
        for (int i = 0; i < 20; i++) {
                assert_int_equal(eddy_tls_reload(server), 0);
                assert_int_equal(eddy_tls_reload(client), 0);
        }
        for (int i = 0; i < THREADS; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(sharing[i].count, 20);
                eddy_tls_unref(server);
                eddy_tls_unref(client);
        }
        eddy_tls_unref(server);
        eddy_tls_unref(client);
}

static int set_up(void **state)
{
        (void)state;
        root = issue(&(struct wish){.name = "root", .is_issuer = true});
        leaf = issue(&(struct wish){.name = "leaf", .issuer = &root});
        next = issue(&(struct wish){.name = "next", .issuer = &root});
        new_path(path);
        return 0;
}

static int tear_down(void **state)
{
        (void)state;
        remove(path);
        forget_issued(&next);
        forget_issued(&leaf);
        forget_issued(&root);
        return 0;
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(live_connection),
            cmocka_unit_test(several_threads),
        };

        return cmocka_run_group_tests_name("tls-reload", tests, set_up, tear_down);
}
