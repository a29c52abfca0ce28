/* Datagram sockets that call a protocol, as a coroutine opens them: with what options, and what is left of them. */
#include "helpers.h"

#include <sys/stat.h>
#include <sys/wait.h>

struct post {
        eddy_datagram_transport *transport;
        char last[64];
        size_t size, count;
        unsigned made, lost;
        bool closes; /* as soon as it is made */
};

static void made(eddy_datagram_transport *transport, void *self)
{
        struct post *post = self;

        post->transport = transport;
        post->made++;
        if (post->closes)
                eddy_datagram_transport_close(transport);
}

static void received(eddy_datagram_transport *transport, void *self, const void *data, size_t n,
                     const eddy_address *from)
{
        struct post *post = self;

        memcpy(post->last, data, n);
        post->size = n;
        post->count++;
        if (memcmp(data, "ping", 4) == 0)
                assert_int_equal(eddy_datagram_transport_sendto(transport, "pong", 4, from), 0);
}

static void lost(eddy_datagram_transport *transport, void *self, int reason)
{
        struct post *post = self;

        (void)transport;
        assert_int_equal(reason, 0);
        post->transport = NULL;
        post->lost++;
}

static const eddy_datagram_protocol answering = {
    .connection_made = made, .datagram_received = received, .connection_lost = lost};

static void finish(struct post *post)
{
        if (post->transport)
                eddy_datagram_transport_close(post->transport);
        until(post->lost == 1);
}

static void there_and_back(void)
{
        struct post server = {0}, client = {0};
        eddy_datagram_transport *transport;
        eddy_address address;
        eddy_datagram_options options = {.local_host = "127.0.0.1"};

        assert_int_equal(eddy_create_datagram_endpoint(&transport, &answering, &server, &options), 0);
        assert_int_equal(server.made, 1);
        assert_ptr_equal(transport, server.transport);
        assert_int_equal(eddy_address_of_socket(&address, eddy_datagram_transport_fd(transport)), 0);
        options.remote_host = "127.0.0.1";
        options.remote_port = eddy_address_port(&address);
        assert_int_equal(eddy_create_datagram_endpoint(NULL, &answering, &client, &options), 0);
        assert_int_equal(client.made, 1);
        assert_int_equal(eddy_datagram_transport_sendto(client.transport, "ping", 4, NULL), 0);
        until(client.count == 1);
        assert_memory_equal(client.last, "pong", 4);
        finish(&client);
        finish(&server);
        /* On every address, without options. */
        server = (struct post){.closes = true};
        assert_int_equal(eddy_create_datagram_endpoint(&transport, &answering, &server, NULL), 0);
        finish(&server);
}

static void cannot_be_opened(void)
{
        const eddy_datagram_options options = {.local_host = "no-such-host..invalid", .local_port = 9};
        struct post post = {0};
        eddy_datagram_transport *transport = (eddy_datagram_transport *)&post;

        assert_int_equal(eddy_create_datagram_endpoint(&transport, &answering, &post, &options), EDDY_ERESOLVE);
        assert_null(transport);
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &post, NULL, "/no/such"),
                         -ENOENT);
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &post, "/no/such", NULL),
                         -ENOENT);
        give_way();
        assert_int_equal(post.made, 0);
}

static bool exists(const char *path)
{
        struct stat status;

        return lstat(path, &status) == 0;
}

/** The file of a UNIX socket goes with it, whoever lets it go, and when. */
static void by_path(void)
{
        struct post server = {0}, client = {0};
        eddy_datagram_transport *transport;
        char path[64], own[64];

        snprintf(path, sizeof path, "/tmp/eddy-post-%d", (int)getpid());
        snprintf(own, sizeof own, "/tmp/eddy-post-client-%d", (int)getpid());
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &server, path, NULL), 0);
        assert_true(exists(path));
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &client, own, path), 0);
        assert_int_equal(eddy_datagram_transport_sendto(transport, "ping", 4, NULL), 0);
        until(client.count == 1);
        finish(&client);
        finish(&server);
        assert_false(exists(path));
        assert_false(exists(own));
        server = (struct post){.closes = true};
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &server, path, NULL), 0);
        until(server.lost == 1);
        assert_false(exists(path));
        /* A file that another socket has by now stays its own. */
        server = (struct post){0};
        client = (struct post){0};
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &server, path, NULL), 0);
        assert_int_equal(eddy_create_unix_datagram_endpoint(&transport, &answering, &client, path, NULL), 0);
        finish(&server);
        assert_true(exists(path));
        finish(&client);
        assert_false(exists(path));
}

static intptr_t open_at(void *path)
{
        static const eddy_datagram_protocol silent;

        return eddy_create_unix_datagram_endpoint(NULL, &silent, NULL, path, NULL);
}

/** A forked child that closes its parent's loop leaves the parent its file. */
static void stays_the_parents(void **state)
{
        char path[64];
        eddy_loop *loop;
        eddy_task *task;
        intptr_t result;
        int status;
        pid_t pid;

        (void)state;
        snprintf(path, sizeof path, "/tmp/eddy-post-%d", (int)getpid());
        assert_int_equal(eddy_loop_create(&loop), 0);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, open_at, path);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, &result), 0);
        assert_int_equal(result, 0);
        eddy_unref(task);
        pid = fork();
        if (pid == 0) {
                eddy_loop_destroy(loop);
                _exit(exists(path) ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        eddy_loop_destroy(loop);
        assert_false(exists(path));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(there_and_back),
            scene_test(cannot_be_opened),
            scene_test(by_path),
            cmocka_unit_test(stays_the_parents),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
