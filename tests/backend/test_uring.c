/* What only the io_uring backend does: the kernel receives and accepts before it is asked, and holds memory. */
#include "testing.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/** Two TCP sockets connected to each other: bytes come ahead only there. */
static void connect_pair(int ends[2])
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t size = sizeof address;
        int listener = socket(AF_INET, SOCK_STREAM, 0);

        assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(listener, 1), 0);
        assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
        ends[1] = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(ends[1] >= 0);
        assert_int_equal(connect(ends[1], (struct sockaddr *)&address, size), 0);
        ends[0] = accept(listener, NULL, NULL);
        assert_true(ends[0] >= 0);
        close(listener);
}

static eddy_stream *stream_of(int fd)
{
        eddy_stream *stream;

        assert_int_equal(eddy_stream_from_socket(&stream, fd, 0), 0);
        return stream;
}

static char pattern(size_t i)
{
        return (char)('a' + i % 23);
}

enum { LENGTH = 3000000 };

static intptr_t write_pattern(void *stream)
{
        char *text = test_malloc(LENGTH);
        ssize_t rc;

        for (size_t i = 0; i < LENGTH; i++)
                text[i] = pattern(i);
        rc = eddy_stream_write_all(stream, text, LENGTH);
        test_free(text);
        eddy_stream_close(stream);
        return rc < 0 ? rc : 0;
}

/** Reads of all sizes pass from the buffers that all share to their own memory and back; no byte is lost, and none
 * comes twice. */
COROUTINE_TEST(small_and_large_reads_follow_each_other)
{
        static char text[70000];
        static const size_t sizes[] = {1, 64, 5000, 70000, 3, 2048, 2047, 2049, 30000, 10};
        int ends[2];
        size_t got = 0;
        ssize_t n;
        eddy_stream *reader, *writer;
        eddy_task *task;

        connect_pair(ends);
        reader = stream_of(ends[0]);
        writer = stream_of(ends[1]);
        task = eddy_create_task(write_pattern, writer);
        for (size_t turn = 0; (n = eddy_stream_read(reader, text, sizes[turn / 7 % 10])) > 0; turn++) {
                for (ssize_t i = 0; i < n; i++)
                        if (text[i] != pattern(got + (size_t)i))
                                fail_msg("byte %zu differs", got + (size_t)i);
                got += (size_t)n;
                if (turn % 5 == 0)
                        eddy_yield();
        }
        assert_int_equal(n, 0);
        assert_int_equal(got, LENGTH);
        assert_int_equal(eddy_join(task, NULL), 0);
        eddy_stream_destroy(reader);
        eddy_stream_destroy(writer);
}

/** Bytes of a stream that nobody reads stay in the kernel, but for a few: who sends them is held up. */
COROUTINE_TEST(who_sends_is_held_up_by_who_does_not_read)
{
        static char text[1 << 16];
        int ends[2];
        size_t sent = 0, got = 0;
        ssize_t n;
        eddy_stream *reader;

        connect_pair(ends);
        reader = stream_of(ends[0]);
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        assert_int_equal(eddy_stream_read(reader, text, 1), 1);
        for (int idle = 0; idle < 100; idle++) {
                while ((n = send(ends[1], text, sizeof text, MSG_DONTWAIT)) > 0) {
                        sent += (size_t)n;
                        idle = 0;
                        assert_true(sent < 64u << 20);
                }
                for (int i = 0; i < 200; i++)
                        eddy_yield();
        }
        while (got < sent) {
                n = eddy_stream_read(reader, text, sizeof text);
                assert_true(n > 0);
                got += (size_t)n;
        }
        close(ends[1]);
        assert_int_equal(eddy_stream_read(reader, text, sizeof text), 0);
        eddy_stream_destroy(reader);
}

enum { CROWD = 1500 };

struct crowd {
        eddy_stream *streams[CROWD];
        int peers[CROWD];
        int served;
};

static intptr_t read_one(void *arg)
{
        struct {
                struct crowd *crowd;
                int i;
        } *in = arg;
        char text[4];
        ssize_t n = eddy_stream_read_exactly(in->crowd->streams[in->i], text, sizeof text);

        if (n == sizeof text && memcmp(text, "abcd", 4) == 0)
                in->crowd->served++;
        return n < 0 ? n : 0;
}

/** More streams at once than there are buffers, and more than the queue of submissions takes. */
COROUTINE_TEST(more_streams_than_buffers_are_served_at_once)
{
        struct rlimit limit;
        struct crowd *crowd = test_calloc(1, sizeof *crowd);
        eddy_group group;

        assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        if (limit.rlim_cur < 2 * CROWD + 100) {
                test_free(crowd);
                skip();
        }
        eddy_group_open(&group);
        for (int i = 0; i < CROWD; i++) {
                int ends[2];
                struct {
                        struct crowd *crowd;
                        int i;
                } args = {crowd, i};

                connect_pair(ends);
                crowd->streams[i] = stream_of(ends[0]);
                crowd->peers[i] = ends[1];
                assert_int_equal(eddy_group_spawn(&group, read_one, &args), 0);
        }
        for (int i = 0; i < 1000; i++)
                eddy_yield();
        for (int half = 0; half < 2; half++)
                for (int i = 0; i < CROWD; i++)
                        assert_int_equal(send(crowd->peers[i], half ? "cd" : "ab", 2, 0), 2);
        assert_int_equal(eddy_group_close(&group), 0);
        assert_int_equal(crowd->served, CROWD);
        for (int i = 0; i < CROWD; i++) {
                eddy_stream_destroy(crowd->streams[i]);
                close(crowd->peers[i]);
        }
        test_free(crowd);
}

static void count_up(void *count)
{
        ++*(int *)count;
}

/** More is done at once than the queue of completions takes: the kernel keeps the rest. */
TEST(an_overflowing_queue_loses_nothing)
{
        enum { COUNT = 5000 };
        eddy_loop *loop = new_loop();
        eddy_op *ops = test_calloc(COUNT, sizeof *ops);
        int ends[2], done = 0;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        for (int i = 0; i < COUNT; i++) {
                int fd = i == 0 ? ends[0] : dup(ends[0]);

                if (fd < 0)
                        skip();
                eddy_op_init(&ops[i], loop, count_up, &done);
                assert_int_equal(eddy_op_poll(&ops[i], fd, POLLIN), EDDY_PENDING);
        }
        run_once(loop);
        assert_int_equal(done, 0);
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        for (int i = 0; i < 1000 && done < COUNT; i++)
                run_once(loop);
        assert_int_equal(done, COUNT);
        for (int i = 0; i < COUNT; i++) {
                eddy_op close_op;

                eddy_op_init(&close_op, loop, NULL, NULL);
                eddy_op_close(&close_op, ops[i].fd);
        }
        close(ends[1]);
        eddy_loop_destroy(loop);
        test_free(ops);
}

struct reading {
        eddy_stream *stream;
        char text[16];
        ssize_t n;
};

static intptr_t read_some(void *arg)
{
        struct reading *reading = arg;

        reading->n = eddy_stream_read(reading->stream, reading->text, sizeof reading->text - 1);
        return 0;
}

static intptr_t start_reading(void *arg)
{
        struct {
                struct reading *reading;
                int fd;
        } *in = arg;

        in->reading->stream = stream_of(in->fd);
        eddy_unref(eddy_create_task(read_some, in->reading));
        for (int i = 0; i < 1000; i++)
                eddy_yield();
        return 0;
}

static intptr_t wait_for_bytes(void *arg)
{
        struct reading *reading = arg;

        while (reading->n == 0)
                eddy_yield();
        eddy_stream_destroy(reading->stream);
        return 0;
}

struct thread_run {
        eddy_loop *loop;
        struct reading *reading;
        intptr_t rc;
};

static void *run_in_thread(void *arg)
{
        struct thread_run *run = arg;
        eddy_task *task =
            eddy_task_create(&(eddy_task_options){.loop = run->loop}, wait_for_bytes, run->reading);

        run->rc = eddy_loop_run_until_complete(run->loop, task, NULL);
        eddy_unref(task);
        return NULL;
}

/** Between two runs the kernel touches nothing, and the next run may be another thread's: whoever waits goes on
 * waiting, and gets what came meanwhile. */
TEST(who_waits_goes_on_waiting_in_another_thread)
{
        eddy_loop *loop = new_loop();
        struct reading reading = {.n = 0};
        struct {
                struct reading *reading;
                int fd;
        } args = {.reading = &reading};
        struct thread_run run = {loop, &reading, 1};
        eddy_task *task;
        pthread_t thread;
        int ends[2];

        connect_pair(ends);
        args.fd = ends[0];
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, start_reading, &args);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, NULL), 0);
        eddy_unref(task);
        assert_int_equal(send(ends[1], "hello", 5, 0), 5);
        assert_string_equal(reading.text, "");
        assert_int_equal(pthread_create(&thread, NULL, run_in_thread, &run), 0);
        pthread_join(thread, NULL);
        assert_int_equal(run.rc, 0);
        assert_int_equal(reading.n, 5);
        assert_string_equal(reading.text, "hello");
        close(ends[1]);
        eddy_loop_destroy(loop);
}

static intptr_t read_again_when_cancelled(void *arg)
{
        static char text[70000];
        struct reading *reading = arg;
        ssize_t n;

        do
                n = eddy_stream_read(reading->stream, text, sizeof text);
        while (n > 0);
        if (n == EDDY_CANCELLED)
                EDDY_SHIELD_SCOPE
                        n = eddy_stream_read(reading->stream, reading->text, sizeof reading->text - 1);
        reading->n = n;
        eddy_stream_destroy(reading->stream);
        return 0;
}

static intptr_t open_stream(void *arg)
{
        struct {
                struct reading *reading;
                int fd;
        } *in = arg;

        in->reading->stream = stream_of(in->fd);
        return 0;
}

static void run_often(eddy_loop *loop)
{
        for (int i = 0; i < 100; i++)
                run_once(loop);
}

/** A large read is the kernel's own affair, which it has to give up between two runs, and which may be cancelled
 * just then. */
TEST(who_is_cancelled_between_two_runs_can_read_again)
{
        static char much[20000];
        eddy_loop *loop = new_loop();
        struct reading reading = {.n = 0};
        struct {
                struct reading *reading;
                int fd;
        } args = {.reading = &reading};
        eddy_task *task;
        int ends[2];

        connect_pair(ends);
        args.fd = ends[0];
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, open_stream, &args);
        assert_int_equal(eddy_loop_run_until_complete(loop, task, NULL), 0);
        eddy_unref(task);
        task = eddy_task_create(&(eddy_task_options){.loop = loop}, read_again_when_cancelled, &reading);
        run_often(loop);
        assert_int_equal(send(ends[1], much, sizeof much, 0), sizeof much);
        run_often(loop);
        assert_true(eddy_cancel(task));
        run_often(loop);
        assert_int_equal(send(ends[1], "x", 1, 0), 1);
        run_often(loop);
        assert_int_equal(reading.n, 1);
        assert_string_equal(reading.text, "x");
        eddy_unref(task);
        close(ends[1]);
        eddy_loop_destroy(loop);
}

static intptr_t write_twice_and_leave(void *fd)
{
        eddy_stream *stream = stream_of(*(int *)fd);

        assert_int_equal(eddy_stream_write(stream, "first ", 6), 0);
        eddy_yield();
        assert_int_equal(eddy_stream_write(stream, "last", 4), 0);
        eddy_stream_destroy(stream);
        return 0;
}

/** The loop's last iteration is over before the kernel tells of the first write. */
TEST(what_was_written_leaves_though_the_loop_ends)
{
        char text[16] = "";
        int ends[2];

        connect_pair(ends);
        assert_int_equal(run_main(write_twice_and_leave, &ends[0]), 0);
        assert_int_equal(recv(ends[1], text, sizeof text - 1, MSG_WAITALL), 10);
        assert_string_equal(text, "first last");
        close(ends[1]);
}

static intptr_t answer(eddy_stream *stream, void *arg)
{
        (void)arg;
        return eddy_stream_write_all(stream, "hello", 5);
}

COROUTINE_TEST(a_crowd_that_connects_at_once_is_served)
{
        enum { CALLERS = 300 };
        eddy_server *server;
        int fds[CALLERS];
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

        assert_int_equal(eddy_start_server(&server, answer, NULL, "127.0.0.1", 0,
                                           &(eddy_server_options){.backlog = CALLERS}),
                         0);
        address.sin_port = htons(eddy_server_port(server));
        for (int i = 0; i < CALLERS; i++) {
                fds[i] = socket(AF_INET, SOCK_STREAM, 0);
                assert_true(fds[i] >= 0);
                assert_int_equal(connect(fds[i], (struct sockaddr *)&address, sizeof address), 0);
        }
        for (int i = 0; i < CALLERS; i++) {
                char text[8];
                size_t n = 0;

                while (n < 5) {
                        ssize_t got = recv(fds[i], text + n, 5 - n, MSG_DONTWAIT);

                        if (got > 0)
                                n += (size_t)got;
                        eddy_yield();
                }
                assert_memory_equal(text, "hello", 5);
                close(fds[i]);
        }
        eddy_server_close(server);
        eddy_server_wait_closed(server);
        eddy_server_destroy(server);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(small_and_large_reads_follow_each_other),
            cmocka_unit_test(who_sends_is_held_up_by_who_does_not_read),
            cmocka_unit_test(more_streams_than_buffers_are_served_at_once),
            cmocka_unit_test(an_overflowing_queue_loses_nothing),
            cmocka_unit_test(who_waits_goes_on_waiting_in_another_thread),
            cmocka_unit_test(who_is_cancelled_between_two_runs_can_read_again),
            cmocka_unit_test(what_was_written_leaves_though_the_loop_ends),
            cmocka_unit_test(a_crowd_that_connects_at_once_is_served),
        };
        eddy_loop *loop;

        setenv("EDDY_BACKEND", "uring", 1);
        if (eddy_loop_create(&loop) < 0) {
                printf("skipped: %s\n", eddy_error_detail());
                return 77;
        }
        eddy_loop_destroy(loop);
        return cmocka_run_group_tests_name("uring", tests, NULL, NULL);
}
