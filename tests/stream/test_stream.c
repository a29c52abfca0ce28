/* The life of a stream: made of a socket, named, closed, aborted, destroyed. */
#include "helpers.h"

#include "base/fault.h"
#include "stream/stream.h"
#include <fcntl.h>
#include <netinet/tcp.h>

enum { MUCH = 10 * 1024 * 1024 }; /* more than sockets hold */

static void of_a_socket(void)
{
        int pair[2], datagram[2], ends[2];
        eddy_stream *stream;

        /* What is no stream socket stays the caller's. */
        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram), 0);
        assert_int_equal(eddy_stream_from_socket(&stream, datagram[0], 0), -EPROTOTYPE);
        assert_null(stream);
        close(datagram[0]);
        close(datagram[1]);
        assert_int_equal(eddy_stream_from_socket(&stream, datagram[0], 0), -EBADF);
        assert_int_equal(pipe(pair), 0);
        assert_int_equal(eddy_stream_from_socket(&stream, pair[0], 0), -ENOTSOCK);
        close(pair[0]);
        close(pair[1]);

        connect_sockets(ends);
        fault_arm(1, 1000);
        assert_true(eddy_stream_from_socket(&stream, ends[0], 0) < 0);
        fault_arm(0, 0);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), 0);
        assert_int_equal(eddy_stream_fd(stream), ends[0]);
        assert_true(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
        eddy_stream_destroy(stream);
        close(ends[1]);
}

static void of_a_unix_socket(void)
{
        int ends[2];
        eddy_stream *stream;

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), 0);
        assert_string_equal(eddy_stream_peer_name(stream), "");
        assert_string_equal(eddy_stream_own_name(stream), "");
        assert_int_equal(eddy_stream_write(stream, "hello", 5), 0);
        assert_hears(ends[1], "hello");
        say(ends[1], "you");
        assert_reads(stream, "you");
        eddy_stream_destroy(stream);
        assert_hears_end(ends[1]);
        close(ends[1]);
}

static void without_a_loop(void **state)
{
        int ends[2];
        eddy_stream *stream;

        (void)state;
        connect_sockets(ends);
        assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), EDDY_ENOLOOP);
        close(ends[0]);
        close(ends[1]);
        eddy_stream_destroy(NULL);
}

static void names(void)
{
        struct line line;
        struct sockaddr_in own;
        socklen_t size = sizeof own;
        char name[64];

        line_open(&line, 0);
        assert_int_equal(getsockname(line.peer, (struct sockaddr *)&own, &size), 0);
        snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(own.sin_port));
        assert_string_equal(eddy_stream_peer_name(line.stream), name);
        assert_int_equal(getpeername(line.peer, (struct sockaddr *)&own, &size), 0);
        snprintf(name, sizeof name, "127.0.0.1:%u", ntohs(own.sin_port));
        assert_string_equal(eddy_stream_own_name(line.stream), name);
        eddy_stream_close(line.stream);
        assert_string_equal(eddy_stream_peer_name(line.stream), "");
        line_close(&line);
}

static void closing(void)
{
        struct line line;

        line_open(&line, 0);
        assert_false(eddy_stream_is_closing(line.stream));
        assert_int_equal(eddy_stream_wait_closed(line.stream), EDDY_EINVALIDSTATE);
        eddy_stream_close(line.stream);
        eddy_stream_close(line.stream);
        assert_true(eddy_stream_is_closing(line.stream));
        assert_int_equal(eddy_stream_wait_closed(line.stream), 0);
        assert_int_equal(eddy_stream_wait_closed(line.stream), 0);
        assert_int_equal(eddy_stream_fd(line.stream), -1);
        assert_hears_end(line.peer);
        line_close(&line);
}

/** What had come is not to be had any more, but what was shown stays until the stream goes. */
static void reading_after_closing(void)
{
        struct line line;
        const char *shown, *rest = NULL;
        char *all, byte;

        line_open(&line, 0);
        say(line.peer, "shown\nleft\n");
        assert_int_equal(eddy_stream_read_line(line.stream, &shown), 6);
        eddy_stream_close(line.stream);
        assert_int_equal(eddy_stream_read(line.stream, &byte, 1), -EBADF);
        assert_int_equal(eddy_stream_read_exactly(line.stream, &byte, 1), -EBADF);
        assert_int_equal(eddy_stream_read_line(line.stream, &rest), -EBADF);
        assert_int_equal(eddy_stream_read_all(line.stream, &all, 100), -EBADF);
        assert_memory_equal(shown, "shown\n", 6);
        line_close(&line);
}

/** However a TCP stream comes about. */
static void no_delay(void)
{
        struct line line;
        int on = 0;
        socklen_t size = sizeof on;

        line_open(&line, 0);
        assert_int_equal(getsockopt(eddy_stream_fd(line.stream), IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
        assert_true(on);
        line_close(&line);
}

static intptr_t wait_closed(void *stream)
{
        return eddy_stream_wait_closed(stream);
}

static intptr_t drain(void *stream)
{
        return eddy_stream_drain(stream);
}

static intptr_t read_byte(void *stream)
{
        char byte;

        return eddy_stream_read(stream, &byte, 1);
}

static void closing_waits_for_what_is_written(void)
{
        struct line line;
        char *sent = make_pattern(MUCH), *heard = malloc(MUCH);
        eddy_task *tasks[2];

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        eddy_stream_close(line.stream);
        tasks[0] = eddy_create_task(wait_closed, line.stream);
        tasks[1] = eddy_create_task(wait_closed, line.stream);
        give_way();
        assert_true(eddy_stream_fd(line.stream) >= 0);
        eddy_cancel(tasks[0]);
        assert_int_equal(join(tasks[0]), EDDY_CANCELLED);
        assert_false(eddy_done(tasks[1]));
        assert_int_equal(hear(line.peer, heard, MUCH), MUCH);
        assert_memory_equal(heard, sent, MUCH);
        assert_hears_end(line.peer);
        assert_int_equal(join(tasks[1]), 0);
        free(sent);
        free(heard);
        line_close(&line);
}

static void closing_fails_when_the_peer_goes(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        eddy_task *task;
        intptr_t rc;

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        eddy_stream_close(line.stream);
        task = eddy_create_task(wait_closed, line.stream);
        give_way();
        reset(line.peer);
        line.peer = -1;
        rc = join(task);
        assert_true(rc == -ECONNRESET || rc == -EPIPE);
        assert_int_equal(eddy_stream_wait_closed(line.stream), rc);
        free(sent);
        line_close(&line);
}

/** Its owner is done with it; the bytes are not. */
static void destroyed_with_unsent_bytes(void)
{
        struct line line;
        char *sent = make_pattern(MUCH), *heard = malloc(MUCH);

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        eddy_stream_destroy(line.stream);
        assert_int_equal(hear(line.peer, heard, MUCH), MUCH);
        assert_memory_equal(heard, sent, MUCH);
        assert_hears_end(line.peer);
        close(line.peer);
        free(sent);
        free(heard);
}

static void destroyed_and_its_peer_goes(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        eddy_stream_destroy(line.stream);
        give_way();
        reset(line.peer);
        give_way();
        free(sent);
}

static void aborting(void)
{
        struct line line;
        eddy_task *task;

        line_open(&line, 0);
        task = eddy_create_task(read_byte, line.stream);
        give_way();
        eddy_stream_abort(line.stream);
        eddy_stream_abort(line.stream);
        assert_true(eddy_stream_is_closing(line.stream));
        assert_int_equal(join(task), -EBADF);
        assert_true(eddy_stream_write(line.stream, "x", 1) < 0);
        assert_int_equal(eddy_stream_wait_closed(line.stream), 0);
        assert_hears_reset(line.peer);
        line_close(&line);
}

static void aborting_drops_what_is_not_sent(void)
{
        struct line line;
        char *sent = make_pattern(MUCH);
        eddy_task *tasks[2];

        line_open(&line, 0);
        assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
        tasks[0] = eddy_create_task(drain, line.stream);
        give_way();
        eddy_stream_close(line.stream);
        tasks[1] = eddy_create_task(wait_closed, line.stream);
        give_way();
        eddy_stream_abort(line.stream);
        assert_int_equal(eddy_stream_write_buffer_size(line.stream), 0);
        assert_int_equal(join(tasks[0]), -ECONNABORTED);
        assert_int_equal(join(tasks[1]), 0);
        assert_hears_reset(line.peer);
        free(sent);
        line_close(&line);
}

/** Nothing of the stream's may be left in the loop, whatever its send is at. */
static void aborted_and_destroyed(void)
{
        char *sent = make_pattern(MUCH);

        for (int way = 0; way < 4; way++) {
                struct line line;

                line_open(&line, 0);
                assert_int_equal(eddy_stream_write(line.stream, sent, MUCH), 0);
                if (way > 0)
                        until(line.stream->flow.output->op.pending);
                if (way == 2) { /* the kernel has taken some, and the stream has not heard of it */
                        char heard[4096];

                        while (!list_is_linked(&line.stream->flow.output->op.handle.link)) {
                                recv(line.peer, heard, sizeof heard, MSG_DONTWAIT);
                                assert_int_equal(eddy_yield(), 0);
                        }
                }
                eddy_stream_abort(line.stream);
                if (way == 3)
                        give_way();
                eddy_stream_destroy(line.stream);
                assert_hears_reset(line.peer);
                close(line.peer);
        }
        free(sent);
}

/* What is left for when the loop has ended. */
static struct line left;

static intptr_t leave_closed(void *arg)
{
        (void)arg;
        line_open(&left, 0);
        assert_int_equal(eddy_stream_write(left.stream, "farewell", 8), 0);
        eddy_stream_destroy(left.stream);
        return 0;
}

/** Closing sends at once, for there may be no next iteration. */
static void closed_as_the_program_ends(void **state)
{
        char heard[16];

        (void)state;
        assert_int_equal(eddy_run(leave_closed, NULL), 0);
        assert_int_equal(recv(left.peer, heard, sizeof heard, MSG_WAITALL), 8);
        assert_memory_equal(heard, "farewell", 8);
        close(left.peer);
}

static intptr_t leave_open(void *arg)
{
        (void)arg;
        line_open(&left, 0);
        return 0;
}

/** It is closed with its loop, and still to be given back. */
static void left_open(void **state)
{
        char byte;

        (void)state;
        assert_int_equal(eddy_run(leave_open, NULL), 0);
        assert_int_equal(recv(left.peer, &byte, 1, 0), 0);
        assert_true(eddy_stream_is_closing(left.stream));
        assert_int_equal(eddy_stream_write(left.stream, "x", 1), -EPIPE);
        line_close(&left);
}

static intptr_t leave_unsent(void *sent)
{
        line_open(&left, 0);
        assert_int_equal(eddy_stream_write(left.stream, sent, MUCH), 0);
        eddy_stream_destroy(left.stream);
        give_way();
        return 0;
}

/** What the peer does not take is lost with the loop, and no memory with it. */
static void left_unsent(void **state)
{
        char *sent = make_pattern(MUCH);

        (void)state;
        assert_int_equal(eddy_run(leave_unsent, sent), 0);
        close(left.peer);
        free(sent);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(of_a_socket),
            scene_test(of_a_unix_socket),
            cmocka_unit_test(without_a_loop),
            scene_test(names),
            scene_test(closing),
            scene_test(reading_after_closing),
            scene_test(no_delay),
            scene_test(closing_waits_for_what_is_written),
            scene_test(closing_fails_when_the_peer_goes),
            scene_test(destroyed_with_unsent_bytes),
            scene_test(destroyed_and_its_peer_goes),
            scene_test(aborting),
            scene_test(aborting_drops_what_is_not_sent),
            scene_test(aborted_and_destroyed),
            cmocka_unit_test(closed_as_the_program_ends),
            cmocka_unit_test(left_open),
            cmocka_unit_test(left_unsent),
        };

        return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
