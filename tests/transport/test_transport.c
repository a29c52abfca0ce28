/* What a protocol is promised: the first call, the last, and the order of those between, whatever is done in them. */
#include "recorder.h"

enum { MUCH = 1024 * 1024 };

static void hears_and_says(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording);
                char bytes[4] = {0};

                send_from(peer, "abc", 3);
                until(recorder.size == 3);
                assert_memory_equal(recorder.data, "abc", 3);
                assert_int_equal(eddy_transport_write(recorder.transport, "d", 1), 0);
                assert_int_equal(
                    eddy_transport_writev(recorder.transport, (struct iovec[]){{"e", 1}, {"", 0}, {"f", 1}}, 3),
                    0);
                assert_int_equal(eddy_transport_write_buffer_size(recorder.transport), 3);
                /* What was written in one iteration leaves in one call. */
                while (read(peer, bytes, sizeof bytes) < 0)
                        assert_int_equal(eddy_yield(), 0);
                assert_string_equal(bytes, "def");
                close(peer);
                recorder_finish(&recorder);
                assert_int_equal(recorder.count[ENDED], 1);
                assert_int_equal(recorder.reason, 0);
        }
}

static void stays_half_open(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {.stays = true};
                int peer = open_recorded(kind, &recorder, &recording);

                assert_true(eddy_transport_can_write_eof(recorder.transport));
                assert_true(eddy_transport_is_reading(recorder.transport));
                shutdown(peer, SHUT_WR);
                until(recorder.count[ENDED] == 1);
                give_way();
                assert_int_equal(recorder.count[LOST], 0);
                assert_false(eddy_transport_is_reading(recorder.transport));
                assert_false(eddy_transport_is_closing(recorder.transport));
                assert_int_equal(eddy_transport_write(recorder.transport, (char[]){pattern(0)}, 1), 0);
                assert_int_equal(eddy_transport_write_eof(recorder.transport), 0);
                assert_int_equal(eddy_transport_write(recorder.transport, "", 1), -EPIPE);
                receive_pattern(peer, 1);
                receive_end(peer);
                assert_int_equal(recorder.count[LOST], 0);
                eddy_transport_close(recorder.transport);
                recorder_finish(&recorder);
                close(peer);
        }
}

static void closing_sends_what_is_written(void)
{
        char *bytes = malloc(MUCH);

        fill(bytes, MUCH, 0);
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording);

                assert_int_equal(eddy_transport_write(recorder.transport, bytes, MUCH), 0);
                eddy_transport_close(recorder.transport);
                assert_true(eddy_transport_is_closing(recorder.transport));
                assert_int_equal(eddy_transport_write(recorder.transport, bytes, 1), -EPIPE);
                assert_int_equal(eddy_transport_write_eof(recorder.transport), -EPIPE);
                assert_int_equal(recorder.count[LOST], 0); /* never within the call */
                receive_pattern(peer, MUCH);
                recorder_finish(&recorder);
                assert_int_equal(recorder.count[DATA], 0);
                assert_int_equal(recorder.reason, 0);
                close(peer);
        }
        free(bytes);
}

static void aborting_drops_it(void)
{
        char *bytes = calloc(1, 8 * MUCH);
        struct recorder recorder = {0};
        int peer = open_recorded(&tcp, &recorder, &recording);

        assert_int_equal(eddy_transport_write(recorder.transport, bytes, 8 * MUCH), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        eddy_transport_abort(recorder.transport);
        eddy_transport_abort(recorder.transport);
        eddy_transport_close(recorder.transport);
        assert_int_equal(recorder.count[LOST], 0); /* never within the call */
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
        assert_hears_reset(peer);
        close(peer);
        free(bytes);
}

static void says_when_to_pause(void)
{
        char bytes[1000] = "";

        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording);
                size_t written = 0;
                unsigned pauses;

                assert_int_equal(eddy_transport_set_write_limits(recorder.transport, 1, 2), -EINVAL);
                assert_int_equal(eddy_transport_set_write_limits(recorder.transport, 3000, 1000), 0);
                do { /* until the kernel takes no more */
                        while (recorder.count[PAUSED] == recorder.count[RESUMED]) {
                                fill(bytes, sizeof bytes, written);
                                assert_int_equal(eddy_transport_write(recorder.transport, bytes, sizeof bytes),
                                                 0);
                                written += sizeof bytes;
                                eddy_yield();
                        }
                        give_way();
                } while (recorder.count[PAUSED] == recorder.count[RESUMED]);
                assert_in_range(eddy_transport_write_buffer_size(recorder.transport), 1001,
                                4000 + 200 * kind->layers);
                pauses = recorder.count[PAUSED];
                assert_int_equal(eddy_transport_write(recorder.transport, bytes, 0), 0);
                receive_pattern(peer, written);
                until(recorder.count[RESUMED] == pauses);
                assert_true(eddy_transport_write_buffer_size(recorder.transport) <= 1000);
                /* With a mark of 0 any byte is too much. */
                assert_int_equal(eddy_transport_set_write_limits(recorder.transport, 0, 0), 0);
                assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), 0);
                assert_int_equal(recorder.count[PAUSED], pauses + 1);
                until(recorder.count[RESUMED] == pauses + 1);
                close(peer);
                recorder_finish(&recorder);
        }
}

static void reads_no_more_while_paused(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording);

                eddy_transport_pause_reading(recorder.transport);
                eddy_transport_pause_reading(recorder.transport);
                assert_false(eddy_transport_is_reading(recorder.transport));
                send_from(peer, "abc", 3);
                close(peer);
                give_way();
                assert_int_equal(recorder.count[DATA], 0);
                assert_int_equal(recorder.count[ENDED], 0);
                eddy_transport_resume_reading(recorder.transport);
                eddy_transport_resume_reading(recorder.transport);
                recorder_finish(&recorder);
                assert_int_equal(recorder.size, 3);
                assert_int_equal(recorder.count[ENDED], 1);
        }
}

static void pause_at_first(struct recorder *recorder, enum event event)
{
        if (event == DATA && recorder->count[DATA] == 1)
                eddy_transport_pause_reading(recorder->transport);
}

/** However it came to be paused: in a call, with something that came meanwhile, or with nothing. An end that comes within TLS lies behind
 * what is not received, and is not noticed. */
static void notices_while_paused_that_the_peer_goes(void)
{
        static const struct linger reset = {.l_onoff = 1};

        for_each_socket(kind)
        {
                for (int way = 0; way < (kind->layers > 0 ? 0 : 6); way++) {
                        bool resets = way % 2 && kind->open == connect_sockets;
                        struct recorder recorder = {.act = way / 2 == 0 ? pause_at_first : NULL};
                        int peer = open_recorded(kind, &recorder, &recording_gone);

                        if (way / 2 > 0)
                                eddy_transport_pause_reading(recorder.transport);
                        if (way / 2 < 2)
                                send_from(peer, "abc", 3);
                        until(way / 2 > 0 || recorder.count[DATA] == 1);
                        give_way();
                        assert_int_equal(recorder.count[GONE] + recorder.count[BROKEN], 0);
                        if (resets)
                                setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
                        close(peer);
                        until(recorder.count[resets ? BROKEN : GONE] == 1);
                        give_way();
                        assert_int_equal(recorder.count[GONE] + recorder.count[BROKEN], 1);
                        assert_int_equal(recorder.count[LOST] + recorder.count[ENDED], 0);
                        eddy_transport_resume_reading(recorder.transport);
                        recorder_finish(&recorder);
                        assert_int_equal(recorder.reason, resets ? -ECONNRESET : 0);
                        assert_int_equal(recorder.size, way / 2 < 2 ? 3 : 0);
                }
        }
}

/** Having been paused, it receives what comes as if it had not been. */
static void goes_on_where_the_peer_has_not_gone(void)
{
        for_each_socket(kind)
        {
                struct recorder recorder = {0};
                int peer = open_recorded(kind, &recorder, &recording_gone);

                for (size_t i = 0; i < 10; i++) {
                        eddy_transport_pause_reading(recorder.transport);
                        send_from(peer, "abc", 3);
                        if (i % 2)
                                give_way();
                        eddy_transport_resume_reading(recorder.transport);
                        if (i % 3 == 0) {
                                eddy_transport_pause_reading(recorder.transport);
                                eddy_transport_resume_reading(recorder.transport);
                        }
                        until(recorder.size == 3 * (i + 1));
                }
                close(peer);
                recorder_finish(&recorder);
                assert_int_equal(recorder.count[GONE] + recorder.count[BROKEN], 0);
        }
}

static void puts_it_where_it_is_told(void)
{
        static const size_t sizes[] = {1, 7, sizeof((struct recorder *)NULL)->place};
        char bytes[1000];

        fill(bytes, sizeof bytes, 0);
        for_each_socket(kind)
        {
                for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                        struct recorder recorder = {.lent = sizes[i]};
                        int peer = open_recorded(kind, &recorder, &recording_in_place);

                        give_way();
                        if (!kind->layers) /* where a filter has something to decode of its own, it is asked in vain */
                                assert_int_equal(recorder.count[BUFFER], 0); /* who is silent has none */
                        send_from(peer, bytes, sizeof bytes);
                        close(peer);
                        until(recorder.count[LOST] == 1);
                        assert_int_equal(recorder.size, sizeof bytes);
                        assert_pattern(recorder.data, sizeof bytes, 0);
                        recorder_finish(&recorder);
                }
        }
}

static void has_no_place(void)
{
        struct recorder recorder = {.lent = 0};
        int peer = open_recorded(&tcp, &recorder, &recording_in_place);

        send_from(peer, "abc", 3);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, -ENOBUFS);
        close(peer);
}

/* Another protocol takes over in the middle. */

static void hand_over(struct recorder *recorder, enum event event)
{
        static struct recorder next;

        if (event != DATA)
                return;
        recorder->act = NULL;
        next = (struct recorder){.transport = recorder->transport, .count[MADE] = 1, .lent = 2};
        eddy_transport_set_protocol(recorder->transport, &recording_in_place, &next);
}

static void changes_protocols(void)
{
        struct recorder first = {.act = hand_over}, *second;
        int peer = open_recorded(&tcp, &first, &recording);
        void *self;

        assert_ptr_equal(eddy_transport_protocol(first.transport, &self), &recording);
        assert_ptr_equal(self, &first);
        send_from(peer, "a", 1);
        until(first.count[DATA] == 1);
        assert_ptr_equal(eddy_transport_protocol(first.transport, &self), &recording_in_place);
        second = self;
        send_from(peer, "bcd", 3);
        close(peer);
        recorder_finish(second);
        assert_int_equal(first.size, 1);
        assert_int_equal(second->size, 3);
        assert_int_equal(first.count[LOST], 0);
        free(first.data);
}

/* Whatever is done within whatever is called. */

static enum event acts_in;
static void (*action)(eddy_transport *transport);

static void act_once(struct recorder *recorder, enum event event)
{
        if (event == acts_in && recorder->count[event] == 1)
                action(recorder->transport);
}

static void pause_and_resume(eddy_transport *transport)
{
        eddy_transport_pause_reading(transport);
        eddy_transport_resume_reading(transport);
}

static void write_much(eddy_transport *transport)
{
        static char bytes[100 * 1000];

        eddy_transport_write(transport, bytes, sizeof bytes);
}

static void end_and_close(eddy_transport *transport)
{
        eddy_transport_write_eof(transport);
        eddy_transport_close(transport);
}

static void write_and_abort(eddy_transport *transport)
{
        write_much(transport);
        eddy_transport_abort(transport);
}

static void whatever_is_done_within(void)
{
        static void (*const actions[])(eddy_transport * transport) = {
            eddy_transport_close, eddy_transport_abort, pause_and_resume,
            write_much,           end_and_close,        write_and_abort,
        };
        static char bytes[200 * 1000];

        for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
                for (acts_in = MADE; acts_in < EVENTS; acts_in++)
                        for (int in_place = 0; in_place <= 1; in_place++) {
                                struct recorder recorder = {.act = act_once, .lent = 10};
                                int ends[2];
                                char drained[4096];

                                action = actions[i];
                                connect_sockets(ends);
                                assert_true(fcntl(ends[1], F_SETFL, O_NONBLOCK) >= 0);
                                assert_int_equal(eddy_transport_from_socket(
                                                     NULL, NULL, ends[0],
                                                     in_place ? &recording_in_place : &recording, &recorder),
                                                 0);
                                until(recorder.count[MADE] == 1);
                                if (recorder.transport)
                                        eddy_transport_write(recorder.transport, bytes, sizeof bytes);
                                if (write(ends[1], bytes, 30) == 30)
                                        shutdown(ends[1], SHUT_WR);
                                while (recorder.count[LOST] == 0) {
                                        if (read(ends[1], drained, sizeof drained) == 0)
                                                shutdown(ends[1], SHUT_RDWR);
                                        assert_int_equal(eddy_yield(), 0);
                                }
                                close(ends[1]);
                                recorder_finish(&recorder);
                        }
}

/* What is written before the protocol knows of its transport, and is too much. */
static void is_made_before_it_pauses(void)
{
        struct recorder recorder = {0};
        eddy_transport *transport;
        char *bytes = calloc(1, 8 * MUCH);
        int ends[2];

        open_unix(ends);
        assert_int_equal(eddy_transport_from_socket(&transport, NULL, ends[0], &recording, &recorder), 0);
        assert_int_equal(eddy_transport_write(transport, bytes, 8 * MUCH), 0);
        assert_int_equal(recorder.count[PAUSED], 0);
        until(recorder.count[MADE] == 1);
        assert_int_equal(recorder.count[PAUSED], 1);
        eddy_transport_abort(transport);
        recorder_finish(&recorder);
        close(ends[1]);
        free(bytes);
}

static void hears_of_a_reset(void)
{
        struct recorder recorder = {0};
        int peer = open_recorded(&tcp, &recorder, &recording);
        const struct linger reset = {.l_onoff = 1};

        assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset), 0);
        close(peer);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, -ECONNRESET);
        assert_int_equal(recorder.count[ENDED], 0);
}

static void refuses(void)
{
        struct recorder recorder = {0};
        eddy_transport *transport;
        int ends[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends), 0);
        assert_int_equal(eddy_transport_from_socket(&transport, NULL, ends[0], &recording, &recorder),
                         -EPROTOTYPE);
        assert_null(transport);
        assert_int_equal(eddy_transport_from_socket(&transport, NULL, -1, &recording, &recorder), -EBADF);
        assert_int_equal(eddy_transport_from_pipe(&transport, NULL, -1, &recording, &recorder), -EBADF);
        assert_null(transport);
        close(ends[0]);
        close(ends[1]);
}

/* Pipes. */

static void reads_a_pipe(void)
{
        struct recorder recorder = {0};
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_transport_from_pipe(NULL, NULL, ends[0], &recording, &recorder), 0);
        until(recorder.transport);
        assert_int_equal(eddy_transport_write(recorder.transport, "x", 1), -EPIPE);
        send_from(ends[1], "abc", 3);
        until(recorder.size == 3);
        close(ends[1]);
        recorder_finish(&recorder);
        assert_int_equal(recorder.count[ENDED], 1);
        assert_int_equal(recorder.reason, 0);
}

static void writes_a_pipe(void)
{
        struct recorder recorder = {0};
        char *bytes = malloc(MUCH);
        int ends[2];

        fill(bytes, MUCH, 0);
        assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
        assert_int_equal(eddy_transport_from_pipe(NULL, NULL, ends[1], &recording, &recorder), 0);
        until(recorder.transport);
        assert_true(eddy_transport_can_write_eof(recorder.transport));
        assert_int_equal(eddy_transport_write(recorder.transport, bytes, MUCH), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        assert_int_equal(eddy_transport_write_eof(recorder.transport), 0);
        receive_pattern(ends[0], MUCH);
        receive_end(ends[0]);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
        close(ends[0]);
        free(bytes);
}

static void hears_that_a_pipe_has_no_reader(void)
{
        struct recorder recorder = {0};
        int ends[2];

        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
        assert_int_equal(eddy_transport_from_pipe(NULL, NULL, ends[1], &recording, &recorder), 0);
        until(recorder.transport);
        close(ends[0]);
        recorder_finish(&recorder);
        assert_int_equal(recorder.reason, 0);
}

/* The loop ends before they do. */

static intptr_t leave_them(void *arg)
{
        struct recorder *recorders = arg;
        int ends[2];

        for (int i = 0; i < 2; i++) {
                open_unix(ends);
                assert_int_equal(eddy_transport_from_socket(NULL, NULL, ends[0], &recording, &recorders[i]), 0);
                close(ends[1]);
                if (i == 0)
                        until(recorders[0].count[ENDED] == 1);
        }
        return 0;
}

static void close_with_the_loop(void **state)
{
        struct recorder recorders[2] = {{.stays = true}, {.stays = true}};
        unsigned before = count_descriptors();

        (void)state;
        assert_int_equal(eddy_run(leave_them, recorders), 0);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(recorders[i].count[MADE], 1);
                assert_int_equal(recorders[i].count[LOST], 1);
                assert_int_equal(recorders[i].reason, EDDY_ELOOPCLOSED);
        }
        assert_int_equal(count_descriptors(), before);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(hears_and_says),
            scene_test(stays_half_open),
            scene_test(closing_sends_what_is_written),
            scene_test(aborting_drops_it),
            scene_test(says_when_to_pause),
            scene_test(reads_no_more_while_paused),
            scene_test(notices_while_paused_that_the_peer_goes),
            scene_test(goes_on_where_the_peer_has_not_gone),
            scene_test(puts_it_where_it_is_told),
            scene_test(has_no_place),
            scene_test(changes_protocols),
            scene_test(whatever_is_done_within),
            scene_test(is_made_before_it_pauses),
            scene_test(hears_of_a_reset),
            scene_test(refuses),
            scene_test(reads_a_pipe),
            scene_test(writes_a_pipe),
            scene_test(hears_that_a_pipe_has_no_reader),
            cmocka_unit_test(close_with_the_loop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
