/* A child of fork() has its parent's connections as they were, and says nothing on them: neither an alert nor an end, whose record
 * would be the parent's next one. */
#include "stranger.h"

#include <sys/wait.h>

/** What the child does with what it has inherited. */
enum way { CLOSE, DESTROY, ABORT, WRITE, END, DESTROY_LOOP, WAYS };

static eddy_loop *loop;

static void try_in_child(eddy_stream *stream, enum way way)
{
        switch (way) {
        case CLOSE:
                eddy_stream_close(stream);
                break;
        case DESTROY:
                eddy_stream_destroy(stream);
                break;
        case ABORT:
                eddy_stream_abort(stream);
                break;
        case WRITE:
                if (eddy_stream_write(stream, "from the child", 14) == 0)
                        _exit(1);
                break;
        case END:
                eddy_stream_write_eof(stream);
                break;
        default:
                eddy_loop_destroy(loop);
        }
        _exit(0);
}

/** Fork, and wait for a child that leaves, of which the kernel closes what it has open. */
static void have_child(eddy_stream *stream, enum way way)
{
        int status;
        pid_t child = fork();

        if (child == 0)
                try_in_child(stream, way);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
}

struct parent {
        bool is_server;
        enum way way;
        int turns; /* of the handshake, before the first child; and there is one in the conversation */
        int version;
        eddy_stream *stream;
};

static intptr_t shake_hands(void *arg)
{
        const struct parent *parent = arg;

        return parent->is_server ? eddy_stream_start_tls(parent->stream, server_tls, NULL)
                                 : eddy_stream_start_tls(parent->stream, client_tls, "example.org");
}

static void go_on(struct parent *parent)
{
        char answer[8] = "", byte;
        eddy_task *task;
        int ends[2];
        SSL *ssl;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_stream_from_socket(&parent->stream, ends[0], 0), 0);
        assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) >= 0);
        ssl = new_stranger(ends[1], !parent->is_server, parent->version);
        task = eddy_create_task(shake_hands, parent);
        for (int i = 0; i < parent->turns; i++) {
                if (i % 2)
                        SSL_do_handshake(ssl);
                eddy_yield();
        }
        have_child(parent->stream, parent->way);
        assert_int_equal(shake_hands_with(ssl), 1);
        assert_int_equal(join(task), 0);
        assert_int_equal(write_by(ssl, "abc"), 3);
        assert_reads(parent->stream, "abc");
        have_child(parent->stream, parent->way);
        assert_int_equal(eddy_stream_write_all(parent->stream, "parent", 6), 6);
        until(SSL_read(ssl, answer, sizeof answer) == 6);
        assert_string_equal(answer, "parent");
        SSL_shutdown(ssl);
        assert_int_equal(eddy_stream_read(parent->stream, &byte, 1), 0);
        eddy_stream_destroy(parent->stream);
        until(SSL_read(ssl, answer, sizeof answer) <= 0 && SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN);
        forget_stranger(ssl);
        close(ends[1]);
}

static intptr_t live(void *arg)
{
        EDDY_TIMEOUT_SCOPE(eddy_seconds(60)) /* so that what hangs fails */
                go_on(arg);
        return 0;
}

/** Once, in a loop that a child can destroy. */
static void run(struct parent parent)
{
        unsigned before = count_descriptors();
        eddy_task *task;
        intptr_t result = -1;

        assert_int_equal(eddy_loop_create(&loop), 0);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, live, &parent);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, &result), 0);
        assert_int_equal(result, 0);
        eddy_unref(task);
        eddy_loop_destroy(loop);
        assert_int_equal(count_descriptors(), before);
}

static void children(void **state)
{
        static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
        int most = RUNNING_ON_VALGRIND ? 1 : 8;

        (void)state;
        for (int is_server = 0; is_server < 2; is_server++)
                for (enum way way = CLOSE; way < WAYS; way++)
                        for (int turns = 0; turns < most; turns += 2)
                                run((struct parent){.is_server = is_server,
                                                    .way = way,
                                                    .turns = turns,
                                                    .version = versions[turns / 2 % 2]});
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(children)};

        return cmocka_run_group_tests_name("tls-fork", tests, set_up_pair, tear_down_pair);
}
