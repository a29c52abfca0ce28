/* What is closed here is closed to the loop: whoever else still holds the file, nothing of it wakes this loop again. */
#include "testing.h"
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64 };

/** What is open for a case, and what lives on behind its back. */
struct scene {
        void *opened;
        int ends[2];          /* ends[0] is what is closed, ends[1] its peer; -1: none */
        char folder[32];      /* that is watched; "": none */
        uint16_t port;        /* of the server; 0: none */
        bool is_open[MOST];   /* descriptors before the case */
        int duplicates[MOST]; /* of all that it opened */
        unsigned duplicate_count;
};

static void open_socketpair(struct scene *scene, int type)
{
        assert_int_equal(socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, scene->ends), 0);
}

/** Let tasks begin to wait, and the backend tell the kernel. */
static void settle(void)
{
        for (int i = 0; i < 4; i++)
                eddy_yield();
        eddy_sleep(1);
}

/** Have a coroutine wait for a thing until it is cancelled. */
static void wait_in_vain(eddy_fn fn, void *arg)
{
        eddy_task *task = eddy_create_task(fn, arg);
        intptr_t result;

        assert_non_null(task);
        settle();
        eddy_cancel(task);
        assert_int_equal(eddy_join(task, &result), 0);
        assert_int_equal(result, EDDY_CANCELLED);
}

static void never(void *arg __attribute__((unused)))
{
        fail_msg("called for a descriptor that is closed");
}

/* ------------------------------------------------------------------------------------------------
 * Whatever has descriptors that the loop waits for: opened, waited for, closed. */

static eddy_op op;

static void open_pending_operation(struct scene *scene)
{
        static char byte;

        open_socketpair(scene, SOCK_STREAM);
        eddy_op_init(&op, eddy_running_loop(), note, "c");
        assert_int_equal(eddy_op_recv(&op, scene->ends[0], &byte, 1, 0), EDDY_PENDING);
        settle();
}

static void close_operation(struct scene *scene)
{
        eddy_op closing;

        eddy_op_init(&closing, eddy_running_loop(), NULL, NULL);
        assert_int_equal(eddy_op_close(&closing, scene->ends[0]), 0);
}

/** An operation that is done leaves a registration behind, which is cached. */
static void open_done_operation(struct scene *scene)
{
        open_pending_operation(scene);
        assert_int_equal(write(scene->ends[1], "x", 1), 1);
        settle();
        assert_int_equal(op.result, 1);
}

static void open_pending_gone(struct scene *scene)
{
        open_socketpair(scene, SOCK_STREAM);
        eddy_op_init(&op, eddy_running_loop(), note, "c");
        assert_int_equal(eddy_op_gone(&op, scene->ends[0]), EDDY_PENDING);
        settle();
}

static void open_watched(struct scene *scene)
{
        open_socketpair(scene, SOCK_STREAM);
        assert_int_equal(eddy_add_reader(eddy_running_loop(), scene->ends[0], never, NULL), 0);
        settle();
}

static void close_socket(struct scene *scene)
{
        assert_int_equal(eddy_sock_close(scene->ends[0]), 0);
}

static intptr_t receive(void *fd)
{
        char byte;

        return eddy_sock_recv(*(const int *)fd, &byte, 1);
}

static void open_socket(struct scene *scene)
{
        open_socketpair(scene, SOCK_STREAM);
        wait_in_vain(receive, &scene->ends[0]);
}

static intptr_t read_stream(void *stream)
{
        char byte;

        return eddy_stream_read(stream, &byte, 1);
}

static void open_stream(struct scene *scene)
{
        open_socketpair(scene, SOCK_STREAM);
        assert_int_equal(eddy_stream_from_socket((eddy_stream **)&scene->opened, scene->ends[0], 0), 0);
        wait_in_vain(read_stream, scene->opened);
}

/** The kernel brings the bytes of such a socket before they are asked for. */
static void open_tcp_stream(struct scene *scene)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        scene->ends[1] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(scene->ends[1], (struct sockaddr *)&address, size), 0);
        scene->ends[0] = accept(listener, NULL, NULL);
        close(listener);
        assert_int_equal(eddy_stream_from_socket((eddy_stream **)&scene->opened, scene->ends[0], 0), 0);
        wait_in_vain(read_stream, scene->opened);
}

static void open_pipe(struct scene *scene)
{
        assert_int_equal(pipe2(scene->ends, O_NONBLOCK | O_CLOEXEC), 0);
        assert_int_equal(eddy_stream_from_pipe((eddy_stream **)&scene->opened, scene->ends[0], 0), 0);
        wait_in_vain(read_stream, scene->opened);
}

static void close_stream(struct scene *scene)
{
        eddy_stream_destroy(scene->opened);
}

static void abort_stream(struct scene *scene)
{
        eddy_stream_abort(scene->opened);
        eddy_stream_destroy(scene->opened);
}

static intptr_t receive_datagram(void *datagram)
{
        char byte;

        return eddy_datagram_receive(datagram, &byte, 1, NULL, NULL);
}

static void open_datagram(struct scene *scene)
{
        open_socketpair(scene, SOCK_DGRAM);
        assert_int_equal(eddy_datagram_from_socket((eddy_datagram **)&scene->opened, scene->ends[0]), 0);
        wait_in_vain(receive_datagram, scene->opened);
}

static void close_datagram(struct scene *scene)
{
        eddy_datagram_destroy(scene->opened);
}

static intptr_t serve(eddy_stream *stream, void *arg)
{
        (void)stream, (void)arg;
        return 0;
}

static void open_server(struct scene *scene)
{
        assert_int_equal(eddy_start_server((eddy_server **)&scene->opened, serve, NULL, "127.0.0.1", 0, NULL),
                         0);
        scene->port = eddy_server_port(scene->opened);
        settle();
}

static void close_server(struct scene *scene)
{
        eddy_server_close(scene->opened);
        eddy_server_destroy(scene->opened);
}

static intptr_t next_event(void *watch)
{
        eddy_watch_event event;

        return eddy_watch_next(watch, &event);
}

static void open_watch(struct scene *scene)
{
        strcpy(scene->folder, "/tmp/eddy-closed-XXXXXX");
        assert_non_null(mkdtemp(scene->folder));
        assert_int_equal(eddy_watch_open((eddy_watch **)&scene->opened), 0);
        assert_true(eddy_watch_add(scene->opened, scene->folder, EDDY_WATCH_CREATED) >= 0);
        wait_in_vain(next_event, scene->opened);
}

static void close_watch(struct scene *scene)
{
        eddy_watch_close(scene->opened);
}

/** Its pidfd stays readable for ever. */
static void open_process(struct scene *scene)
{
        const eddy_process_options options = {.in = EDDY_PIPE};

        assert_int_equal(eddy_process_exec((eddy_process **)&scene->opened, EDDY_ARGV("cat"), &options), 0);
        settle();
}

static void close_process(struct scene *scene)
{
        eddy_stream_close(eddy_process_stdin(scene->opened));
        for (unsigned i = 0; i < scene->duplicate_count; i++)
                if (fcntl(scene->duplicates[i], F_GETFL) & O_WRONLY)
                        close(scene->duplicates[i]);
        assert_int_equal(eddy_process_wait(scene->opened, NULL), 0);
        eddy_process_destroy(scene->opened);
}

/** Not by us, but after its watcher was removed. */
static void close_behind_the_loop(struct scene *scene)
{
        eddy_remove_reader(eddy_running_loop(), scene->ends[0]);
        close(scene->ends[0]);
}

/** Not by us, and before: as a library may that is told of a connection's end. */
static void close_behind_the_watcher(struct scene *scene)
{
        close(scene->ends[0]);
        eddy_remove_reader(eddy_running_loop(), scene->ends[0]);
}

static const struct closing {
        const char *name;
        void (*open)(struct scene *scene);
        void (*close)(struct scene *scene);
} closings[] = {
    {"eddy_op_close() under an operation", open_pending_operation, close_operation},
    {"eddy_op_close() while its peer's end is waited for", open_pending_gone, close_operation},
    {"eddy_op_close() after an operation", open_done_operation, close_operation},
    {"eddy_op_close() under a watcher", open_watched, close_operation},
    {"eddy_sock_close() under a watcher", open_watched, close_socket},
    {"eddy_sock_close()", open_socket, close_socket},
    {"eddy_stream_destroy()", open_stream, close_stream},
    {"eddy_stream_destroy(), TCP", open_tcp_stream, close_stream},
    {"eddy_stream_abort(), TCP", open_tcp_stream, abort_stream},
    {"eddy_stream_destroy(), a pipe", open_pipe, close_stream},
    {"eddy_datagram_destroy()", open_datagram, close_datagram},
    {"eddy_server_close()", open_server, close_server},
    {"eddy_watch_close()", open_watch, close_watch},
    {"a process's end", open_process, close_process},
    {"close() after eddy_remove_reader()", open_watched, close_behind_the_loop},
    {"close() before eddy_remove_reader()", open_watched, close_behind_the_watcher},
};

/* ------------------------------------------------------------------------------------------------ */

/** Hold all files that a case has opened, as a child would, or whoever they were passed to. */
static void duplicate_opened(struct scene *scene)
{
        int last = MOST;

        while (last-- > 0) {
                if (scene->is_open[last] || last == scene->ends[1] || fcntl(last, F_GETFD) < 0)
                        continue;
                scene->duplicates[scene->duplicate_count] = fcntl(last, F_DUPFD_CLOEXEC, MOST);
                assert_true(scene->duplicates[scene->duplicate_count++] >= 0);
        }
}

/** Give whoever holds the file something to wake up for. */
static void stir(const struct scene *scene)
{
        if (scene->ends[1] >= 0)
                assert_int_equal(write(scene->ends[1], "x", 1), 1);
        if (*scene->folder) {
                char path[64];

                snprintf(path, sizeof path, "%s/file", scene->folder);
                close(open(path, O_CREAT | O_WRONLY, 0600));
                unlink(path);
        }
        if (scene->port) {
                struct sockaddr_in address = {.sin_family = AF_INET,
                                              .sin_port = htons(scene->port),
                                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
                int client = socket(AF_INET, SOCK_STREAM, 0);

                /* The duplicate still listens. */
                assert_int_equal(connect(client, (struct sockaddr *)&address, sizeof address), 0);
                close(client);
        }
}

/** Whether the backend waits as long as it may: nothing wakes it. */
static bool is_quiet(eddy_loop *loop, eddy_duration duration)
{
        eddy_time begun = eddy_now();

        assert_int_equal(loop->backend->impl->wait(loop->backend, duration), 0);
        return eddy_now() - begun >= duration;
}

static void finish_scene(struct scene *scene)
{
        for (unsigned i = 0; i < scene->duplicate_count; i++)
                close(scene->duplicates[i]);
        if (scene->ends[1] >= 0)
                close(scene->ends[1]);
        if (*scene->folder)
                rmdir(scene->folder);
}

static intptr_t play_closing(void *arg)
{
        const struct closing *closing = *(const struct closing **)arg;
        struct scene scene = {.ends = {-1, -1}};
        eddy_loop *loop = eddy_running_loop();

        for (int fd = 0; fd < MOST; fd++)
                scene.is_open[fd] = fcntl(fd, F_GETFD) >= 0;
        closing->open(&scene);
        duplicate_opened(&scene);
        closing->close(&scene);
        settle();
        /* Who was not told of the close may learn of it by one more event. */
        for (int i = 0; i < 3; i++) {
                stir(&scene);
                is_quiet(loop, 1);
        }
        for (int i = 0; i < 3; i++) {
                if (!is_quiet(loop, eddy_ms(3)))
                        fail_msg("%s: the loop wakes up for what is closed", closing->name);
                stir(&scene);
        }
        finish_scene(&scene);
        return 0;
}

TEST(nothing_that_is_closed_wakes_the_loop)
{
        for (size_t i = 0; i < sizeof closings / sizeof *closings; i++) {
                const struct closing *closing = &closings[i];

                print_message("%s\n", closing->name);
                assert_int_equal(run_main(play_closing, &closing), 0);
        }
}

/** Neither is it taken for the file that has the number now. */
COROUTINE_TEST(nothing_that_is_closed_is_told_of_its_numbers_next_file)
{
        eddy_loop *loop = eddy_running_loop();
        int old[2], new[2], copy;

        trail_clear();
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, old), 0);
        copy = dup(old[0]);
        assert_int_equal(eddy_add_reader(loop, old[0], never, NULL), 0);
        settle();
        close(old[0]);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, new), 0);
        assert_int_equal(new[0], old[0]);
        eddy_remove_reader(loop, old[0]);
        assert_int_equal(eddy_add_reader(loop, new[0], note, "n"), 0);
        settle();
        assert_int_equal(write(old[1], "x", 1), 1);
        settle();
        assert_trail("");
        assert_true(is_quiet(loop, eddy_ms(3)));
        assert_int_equal(write(new[1], "x", 1), 1);
        settle();
        assert_int_equal(trail[0], 'n');
        eddy_sock_close(new[0]);
        close(new[1]);
        close(old[1]);
        close(copy);
}

/** A set that has to be made anew loses nobody who waits. */
COROUTINE_TEST(who_waits_beside_what_was_closed_goes_on_to)
{
        static char byte[2];
        eddy_loop *loop = eddy_running_loop();
        int old[2], pairs[2][2], copy;
        eddy_op ops[2];

        trail_clear();
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, old), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]), 0);
                eddy_op_init(&ops[i], loop, note, i ? "1" : "0");
                assert_int_equal(eddy_op_recv(&ops[i], pairs[i][0], &byte[i], 1, 0), EDDY_PENDING);
        }
        assert_int_equal(write(pairs[1][1], "x", 1), 1);
        copy = dup(old[0]);
        assert_int_equal(eddy_add_reader(loop, old[0], never, NULL), 0);
        settle();
        assert_trail("1");
        close(old[0]);
        eddy_remove_reader(loop, old[0]);
        assert_int_equal(write(old[1], "x", 1), 1);
        settle();
        assert_int_equal(eddy_op_recv(&ops[1], pairs[1][0], &byte[1], 1, 0), EDDY_PENDING);
        for (int i = 0; i < 2; i++)
                assert_int_equal(write(pairs[i][1], "y", 1), 1);
        settle();
        assert_int_equal(byte[0], 'y');
        assert_int_equal(byte[1], 'y');
        for (int i = 0; i < 2; i++) {
                eddy_sock_close(pairs[i][0]);
                close(pairs[i][1]);
        }
        close(old[1]);
        close(copy);
}

/** A peer hears of the end at once, also of a file that is closed by itself after it was watched. */
COROUTINE_TEST(a_peer_hears_at_once_of_what_was_watched)
{
        eddy_loop *loop = eddy_running_loop();
        int ends[2];
        struct pollfd peer = {.events = POLLIN};

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        assert_int_equal(eddy_add_reader(loop, ends[0], never, NULL), 0);
        settle();
        assert_true(eddy_remove_reader(loop, ends[0]));
        close(ends[0]);
        peer.fd = ends[1];
        assert_int_equal(poll(&peer, 1, 0), 1);
        close(ends[1]);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(nothing_that_is_closed_wakes_the_loop),
            cmocka_unit_test(nothing_that_is_closed_is_told_of_its_numbers_next_file),
            cmocka_unit_test(who_waits_beside_what_was_closed_goes_on_to),
            cmocka_unit_test(a_peer_hears_at_once_of_what_was_watched),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
