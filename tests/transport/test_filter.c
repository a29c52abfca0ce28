/* Filters under transports: put there and taken out while bytes are on their way, and what becomes of them at the end. */
#include "recorder.h"

enum { MUCH = 1024 * 1024 };

/** Receive at the other end exactly n bytes. */
static void receive_exactly(int fd, const char *expected, size_t n)
{
        char bytes[256];
        size_t got = 0;

        while (got < n) {
                ssize_t more = read(fd, bytes + got, n - got);

                if (more > 0)
                        got += (size_t)more;
                else
                        assert_int_equal(eddy_yield(), 0);
        }
        assert_memory_equal(bytes, expected, n);
}

static void turn_with_what_is_heard(struct recorder *recorder, enum event event)
{
        if (event != DATA)
                return;
        if (recorder->size == 5)
                assert_int_equal(eddy_transport_add_filter(recorder->transport, &inverter, NULL), 0);
        if (recorder->size == 10)
                assert_int_equal(eddy_transport_remove_filter(recorder->transport), 0);
        assert_int_equal(eddy_transport_write(recorder->transport, "ok", 2), 0);
}

static void in_the_middle(void)
{
        const char inverted[] = {(char)~'w', (char)~'o', (char)~'r', (char)~'l', (char)~'d'};
        struct recorder recorder = {.act = turn_with_what_is_heard};
        int peer = open_recorded(&tcp, &recorder, &recording);

        filters_freed = 0;
        assert_int_equal(eddy_transport_write(recorder.transport, "as it is", 8), 0);
        send_from(peer, "start", 5);
        receive_exactly(peer, "as it is", 8);
        receive_exactly(peer, (char[]){(char)~'o', (char)~'k'}, 2);
        until(eddy_transport_write_buffer_size(recorder.transport) == 0);
        send_from(peer, inverted, 5);
        until(recorder.size == 10);
        receive_exactly(peer, "ok", 2);
        assert_int_equal(filters_freed, 1);
        send_from(peer, "!", 1);
        until(recorder.size == 11);
        assert_memory_equal(recorder.data, "startworld!", 11);
        close(peer);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
}

/** A transport with the filter that marks its end, which is told in act(). */
static int open_framed(struct recorder *recorder, struct framing *framing, const eddy_protocol *protocol)
{
        int peer = open_recorded(&tcp, recorder, protocol);

        filters_freed = 0;
        assert_int_equal(eddy_transport_add_filter(recorder->transport, &framer, framing), 0);
        return peer;
}

static void take_out_at_the_end(struct recorder *recorder, enum event event)
{
        if (event != ENDED || recorder->count[ENDED] > 1)
                return;
        assert_int_equal(eddy_transport_write_eof(recorder->transport), 0);
        assert_int_equal(eddy_transport_write(recorder->transport, "", 1), -EPIPE);
        assert_int_equal(eddy_transport_remove_filter(recorder->transport), 0);
        assert_int_equal(eddy_transport_write(recorder->transport, "too", 3), 0);
}

/** What comes behind the mark is nobody's but the protocol's, whether it came with it or not. */
static void up_to_its_mark(void)
{
        const eddy_protocol *const protocols[] = {&recording, &recording_in_place};

        for (size_t i = 0; i < 2; i++) {
                struct recorder recorder = {.stays = true, .lent = 2, .act = take_out_at_the_end};
                struct framing framing = {0};
                int peer = open_framed(&recorder, &framing, protocols[i]);

                send_from(peer, "\1a\2bc\0plain", 11);
                until(recorder.size == 8);
                send_from(peer, "!", 1);
                until(recorder.size == 9);
                assert_memory_equal(recorder.data, "abcplain!", 9);
                assert_int_equal(recorder.count[ENDED], 1);
                assert_int_equal(filters_freed, 1);
                receive_exactly(peer, "\0too", 4);
                close(peer);
                until(recorder.count[ENDED] == 2);
                eddy_transport_close(recorder.transport);
                recorder_finish(&recorder);
                assert_int_equal(recorder.reason, 0);
        }
}

static void closing_leaves_a_mark(void)
{
        struct recorder recorder = {0};
        struct framing framing = {0};
        int peer = open_framed(&recorder, &framing, &recording);

        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
        eddy_transport_close(recorder.transport);
        assert_int_equal(recorder.count[LOST], 0); /* never within the call */
        receive_exactly(peer, "\3abc\0", 5);
        receive_end(peer);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
        assert_int_equal(filters_freed, 1);
        close(peer);
}

static void tells_of_a_missing_mark(void)
{
        struct recorder recorder = {.stays = true};
        struct framing framing = {0};
        int peer = open_framed(&recorder, &framing, &recording);

        send_from(peer, "\3ab", 3);
        until(recorder.size == 2);
        close(peer);
        recorder_finish(&recorder);
        assert_int_equal(recorder.count[ENDED], 0);
        assert_int_equal(recorder.reason, EDDY_EINCOMPLETE);
        assert_int_equal(filters_freed, 1);
}

/* Filters that fail. */

static ssize_t use_nothing(void *self, const void *in, size_t *n, void *out, size_t size)
{
        (void)self, (void)in, (void)out, (void)size;
        *n = 0;
        return 0;
}

static void tells_of_its_failure(void)
{
        static const eddy_filter deaf = {.decode = refuse, .encode = invert, .explain = say_why},
                                 dumb = {.decode = invert, .encode = refuse, .explain = say_why},
                                 idle = {.decode = use_nothing, .encode = use_nothing, .explain = say_why};
        static const struct {
                const eddy_filter *filter;
                bool writes;
                int reason;
        } cases[] = {{&deaf, false, -EBADMSG},
                     {&dumb, true, -EBADMSG},
                     {&idle, true, -EIO},
                     /* what it has not used when the end comes is missing */
                     {&idle, false, EDDY_EINCOMPLETE}};

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct recorder recorder = {0};
                int peer = open_recorded(&tcp, &recorder, &recording), error = -EBADMSG;

                assert_int_equal(eddy_transport_add_filter(recorder.transport, cases[i].filter, &error), 0);
                if (cases[i].writes)
                        assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
                else
                        send_from(peer, "x", 1);
                if (cases[i].reason == EDDY_EINCOMPLETE)
                        shutdown(peer, SHUT_WR);
                recorder_finish(&recorder);
                assert_int_equal(recorder.reason, cases[i].reason);
                assert_string_equal(recorder.why, lost_book);
                assert_int_equal(recorder.size, 0);
                close(peer);
        }
}

/** One that fails as it is taken out has failed for the connection. */
static void cannot_be_taken_out_of_what_failed(void)
{
        static const eddy_filter dumb = {.decode = invert, .encode = refuse, .explain = say_why};
        struct recorder recorder = {0};
        int peer = open_recorded(&tcp, &recorder, &recording), error = -EBADMSG;

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &dumb, &error), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "secret", 6), 0);
        assert_int_equal(eddy_transport_remove_filter(recorder.transport), -EBADMSG);
        assert_string_equal(eddy_explain(-EBADMSG), lost_book);
        eddy_fail(-EINVAL, "something else");
        assert_int_equal(eddy_transport_write(recorder.transport, "plain", 5), -EBADMSG);
        assert_string_equal(eddy_explain(-EBADMSG), lost_book);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, -EBADMSG);
        assert_hears_reset(peer);
        close(peer);
}

/** It may not wait; who says so would never be asked again. */
static void may_not_wait(void)
{
        static const eddy_filter waiting = {.decode = refuse, .encode = refuse};

        for (int writes = 0; writes < 2; writes++) {
                struct recorder recorder = {0};
                int peer = open_recorded(&tcp, &recorder, &recording), error = -EAGAIN;

                assert_int_equal(eddy_transport_add_filter(recorder.transport, &waiting, &error), 0);
                if (writes)
                        assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
                else
                        send_from(peer, "x", 1);
                recorder_finish(&recorder);
                assert_int_equal(recorder.reason, -EIO);
                close(peer);
        }
}

/** What was cut short is not marked as if it were whole. */
static void marks_no_failure(void)
{
        static const eddy_filter dumb = {.decode = unframe, .encode = refuse, .finish = frame_end};
        struct {
                int error;
                struct framing framing;
        } self = {.error = -EBADMSG};
        struct recorder recorder = {0};
        int peer = open_recorded(&tcp, &recorder, &recording);

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &dumb, &self), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
        eddy_transport_close(recorder.transport);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, -EBADMSG);
        assert_hears_reset(peer);
        close(peer);
}

static void says_that_writing_goes_on(void)
{
        struct recorder recorder = {0};
        int peer = open_recorded(&tcp, &recorder, &recording);

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), 0);
        assert_int_equal(eddy_transport_set_write_limits(recorder.transport, 10, 5), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "more than ten", 13), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        assert_int_equal(eddy_transport_remove_filter(recorder.transport), 0);
        until(recorder.count[RESUMED] == 1);
        close(peer);
        recorder_finish(&recorder);
}

/* A stream has read "line" of what came, and its bytes go on as a transport's. */

static void put_there_as_it_is_made(struct recorder *recorder, enum event event)
{
        if (event == MADE)
                assert_int_equal(eddy_transport_add_filter(recorder->transport, &inverter, NULL), 0);
}

static void taken_out_as_it_is_made(struct recorder *recorder, enum event event)
{
        if (event == MADE)
                assert_int_equal(eddy_transport_remove_filter(recorder->transport), 0);
}

/** What came and was not shown yet is the filter's, and none of it is lost. */
static void what_was_not_read_goes_through(void)
{
        static const struct {
                bool is_filtered; /* before */
                void (*act)(struct recorder *recorder, enum event event);
                char heard[5];
        } cases[] = {{false, put_there_as_it_is_made, {(char)~'r', (char)~'e', (char)~'s', (char)~'t', 0}},
                     {true, taken_out_as_it_is_made, "rest"}};

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
                struct recorder recorder = {.act = cases[i].act};
                eddy_stream *stream;
                char bytes[] = "line\nrest";
                const char *line;
                int ends[2];

                connect_sockets(ends);
                assert_int_equal(eddy_stream_from_socket(&stream, ends[0], 0), 0);
                for (size_t j = 0; cases[i].is_filtered && j < sizeof bytes; j++)
                        bytes[j] = (char)~bytes[j];
                if (cases[i].is_filtered)
                        assert_int_equal(eddy_stream_add_filter(stream, &inverter, NULL), 0);
                send_from(ends[1], bytes, 9);
                shutdown(ends[1], SHUT_WR);
                assert_int_equal(eddy_stream_read_line(stream, &line), 5);
                assert_int_equal(eddy_transport_from_stream(NULL, stream, &recording, &recorder), 0);
                eddy_stream_destroy(stream);
                until(recorder.size == 4);
                assert_memory_equal(recorder.data, cases[i].heard, 4);
                recorder_finish(&recorder);
                assert_int_equal(recorder.count[ENDED], 1);
                assert_int_equal(recorder.reason, 0);
                close(ends[1]);
        }
}

static void take_out_both(struct recorder *recorder, enum event event)
{
        if (event != ENDED || recorder->count[ENDED] > 1)
                return;
        for (int i = 0; i < 2; i++)
                assert_int_equal(eddy_transport_remove_filter(recorder->transport), 0);
}

/** Two are taken out behind each other, and what each has left comes, in order. */
static void rests_come_in_order(void)
{
        struct recorder recorder = {.stays = true, .act = take_out_both};
        struct framing framing = {0};
        int peer = open_recorded(&tcp, &recorder, &recording);

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), 0);
        assert_int_equal(eddy_transport_add_filter(recorder.transport, &framer, &framing), 0);
        send_from(peer, (char[]){(char)~1, (char)~'a', (char)~0, (char)~'b', (char)~'c'}, 5);
        until(recorder.size == 3);
        send_from(peer, "d", 1);
        until(recorder.size == 4);
        assert_memory_equal(recorder.data, "abcd", 4);
        close(peer);
        until(recorder.count[ENDED] == 2);
        eddy_transport_close(recorder.transport);
        recorder_finish(&recorder);
}

/** What has gone through and not left counts, and holds writing back. */
static void marks_count_all_layers(void)
{
        char *bytes = malloc(MUCH);
        struct recorder recorder = {0};
        int peer = open_recorded(&filtered, &recorder, &recording);
        size_t written = 0;
        int least = 1;

        setsockopt(eddy_transport_fd(recorder.transport), SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
        for (int i = 0; i < 16; i++) { /* more than the peer's buffer takes */
                fill(bytes, MUCH, written);
                assert_int_equal(eddy_transport_write(recorder.transport, bytes, MUCH), 0);
                written += MUCH;
                give_way();
        }
        assert_int_equal(recorder.count[PAUSED], recorder.count[RESUMED] + 1);
        assert_in_range(eddy_transport_write_buffer_size(recorder.transport), 64 * 1024 + 1, written);
        assert_int_equal(eddy_transport_remove_filter(recorder.transport), EDDY_EBUSY);
        receive_pattern(peer, written);
        until(recorder.count[PAUSED] == recorder.count[RESUMED]);
        assert_true(eddy_transport_write_buffer_size(recorder.transport) <= 16 * 1024);
        close(peer);
        recorder_finish(&recorder);
        free(bytes);
}

static void aborts(void)
{
        char *bytes = calloc(1, 8 * MUCH);
        struct recorder recorder = {0};
        int peer = open_recorded(&filtered, &recorder, &recording);

        filters_freed = 0;
        assert_int_equal(eddy_transport_write(recorder.transport, bytes, 8 * MUCH), 0);
        give_way();
        eddy_transport_close(recorder.transport); /* which waits for the peer */
        give_way();
        assert_int_equal(recorder.count[LOST], 0);
        eddy_transport_abort(recorder.transport);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
        assert_int_equal(filters_freed, 2);
        assert_hears_reset(peer);
        close(peer);
        free(bytes);
}

static void refuses(void)
{
        struct recorder recorder = {.stays = true}, written = {0};
        int peer = open_recorded(&tcp, &recorder, &recording), ends[2];

        assert_int_equal(eddy_transport_remove_filter(recorder.transport), EDDY_EINVALIDSTATE);
        shutdown(peer, SHUT_WR);
        until(recorder.count[ENDED] == 1);
        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), -EPIPE);
        eddy_transport_close(recorder.transport);
        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), -EPIPE);
        recorder_finish(&recorder);
        close(peer);
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_transport_from_pipe(&written.transport, NULL, ends[1], &recording, &written), 0);
        assert_int_equal(eddy_transport_add_filter(written.transport, &inverter, NULL), EDDY_ENOTSUP);
        eddy_transport_close(written.transport);
        recorder_finish(&written);
        close(ends[0]);
}

/** What is to close when it has left has a last chance when the loop is closed. */
static intptr_t leave_them(void *arg)
{
        static struct framing framing;
        struct recorder *recorder = arg;
        int ends[2];

        connect_sockets(ends);
        open_end(&tcp, ends[0], &recording, recorder);
        until(recorder->transport);
        assert_int_equal(eddy_transport_add_filter(recorder->transport, &framer, &framing), 0);
        assert_int_equal(eddy_transport_add_filter(recorder->transport, &inverter, NULL), 0);
        assert_int_equal(eddy_transport_write(recorder->transport, "x", 1), 0);
        eddy_transport_close(recorder->transport);
        return ends[1];
}

static void close_with_the_loop(void **state)
{
        struct recorder recorder = {0};
        char bytes[8];
        int peer;

        (void)state;
        filters_freed = 0;
        peer = (int)eddy_run(leave_them, &recorder);
        assert_int_equal(recorder.count[LOST], 1);
        assert_int_equal(filters_freed, 2);
        assert_int_equal(recv(peer, bytes, sizeof bytes, MSG_WAITALL), 3);
        assert_memory_equal(bytes, ((char[]){1, (char)~'x', 0}), 3);
        close(peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(in_the_middle),
            scene_test(up_to_its_mark),
            scene_test(closing_leaves_a_mark),
            scene_test(tells_of_a_missing_mark),
            scene_test(tells_of_its_failure),
            scene_test(cannot_be_taken_out_of_what_failed),
            scene_test(may_not_wait),
            scene_test(marks_no_failure),
            scene_test(says_that_writing_goes_on),
            scene_test(what_was_not_read_goes_through),
            scene_test(rests_come_in_order),
            scene_test(marks_count_all_layers),
            scene_test(aborts),
            scene_test(refuses),
            cmocka_unit_test(close_with_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
