/* Filters whose sides are to agree before anything is read or written, and those that keep a closed connection for a while. */
#include "recorder.h"

#include <poll.h>

/** Says "HI" and waits for that; then passes on as it is, up to an end that it marks by a point. */
struct polite {
        size_t to_say; /* of "HI" that many times, by answer() */
        size_t heard;
        bool has_finished;
        eddy_duration linger;
};

static bool is_greeting(void *self)
{
        return ((const struct polite *)self)->heard < 2;
}

static ssize_t decode(void *self, const void *in, size_t *n, void *out, size_t size)
{
        struct polite *polite = self;
        const char *bytes = in;
        size_t used = 0;

        if (!in)
                return is_greeting(self) ? EDDY_EINCOMPLETE : 0;
        if (!is_greeting(self))
                return *n = *n < size ? *n : size, memcpy(out, in, *n), (ssize_t)*n;
        for (; used < *n && is_greeting(self); used++)
                if (bytes[used] != "HI"[polite->heard++])
                        return -EBADMSG;
        *n = used;
        return 0;
}

static ssize_t encode(void *self, const void *in, size_t *n, void *out, size_t size)
{
        assert_false(is_greeting(self));
        *n = *n < size ? *n : size;
        memcpy(out, in, *n);
        return (ssize_t)*n;
}

static ssize_t answer(void *self, void *out, size_t size)
{
        struct polite *polite = self;
        size_t n = 0;

        assert_true(size >= 1024);
        for (; polite->to_say > 0 && n + 2 <= size; n += 2, polite->to_say--)
                memcpy((char *)out + n, "HI", 2);
        return (ssize_t)n;
}

static ssize_t finish(void *self, void *out, size_t size)
{
        struct polite *polite = self;

        (void)size;
        assert_false(is_greeting(self));
        if (polite->has_finished)
                return 0;
        polite->has_finished = true;
        *(char *)out = '.';
        return 1;
}

static eddy_duration how_long(void *self)
{
        return ((const struct polite *)self)->linger;
}

static const eddy_filter greeter = {.decode = decode,
                                    .encode = encode,
                                    .finish = finish,
                                    .answer = answer,
                                    .is_greeting = is_greeting,
                                    .free = count_freed},
                         lingerer = {
                             .decode = decode, .encode = encode, .linger = how_long, .free = count_freed};

static int open_polite(struct recorder *recorder, struct polite *polite)
{
        int peer = open_recorded(&tcp, recorder, &recording);

        filters_freed = 0;
        *polite = (struct polite){.to_say = 1};
        assert_int_equal(eddy_transport_add_filter(recorder->transport, &greeter, polite), 0);
        return peer;
}

static void end_polite(struct recorder *recorder, int peer, int reason)
{
        recorder_finish(recorder);
        assert_int_equal(recorder->reason, reason);
        assert_int_equal(filters_freed, 1);
        close(peer);
}

/** Nothing is written before both have agreed, and what comes behind the greeting is read, however it comes. */
static void before_anything_else(void)
{
        for (size_t at_once = 1; at_once <= 5; at_once++) {
                struct recorder recorder = {0};
                struct polite polite;
                int peer = open_polite(&recorder, &polite);

                assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
                assert_hears(peer, "HI");
                give_way();
                assert_int_equal(recv(peer, (char[1]){0}, 1, MSG_DONTWAIT), -1);
                for (size_t i = 0; i < 5; i += at_once) {
                        send_from(peer, &"HIxyz"[i], at_once < 5 - i ? at_once : 5 - i);
                        give_way();
                }
                assert_hears(peer, "abc");
                until(recorder.size == 3);
                assert_memory_equal(recorder.data, "xyz", 3);
                eddy_transport_close(recorder.transport);
                assert_hears(peer, ".");
                end_polite(&recorder, peer, 0);
        }
}

/** What came before the filter was there is the filter's: both sides may have agreed when it is put there. */
static void what_had_come(void)
{
        struct polite polite = {.to_say = 1};
        struct line line;

        filters_freed = 0;
        line_open(&line, 0);
        say(line.peer, "!HIxyz");
        assert_reads(line.stream, "!");
        assert_int_equal(eddy_stream_add_filter(line.stream, &greeter, &polite), 0);
        assert_int_equal(polite.heard, 2);
        assert_reads(line.stream, "xyz");
        assert_int_equal(eddy_stream_write_all(line.stream, "abc", 3), 3);
        assert_hears(line.peer, "HIabc");
        line_close(&line);
}

static void paused(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        int peer = open_polite(&recorder, &polite);

        eddy_transport_pause_reading(recorder.transport);
        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
        send_from(peer, "HIxyz", 5);
        assert_hears(peer, "HIabc");
        give_way();
        assert_int_equal(recorder.size, 0);
        eddy_transport_resume_reading(recorder.transport);
        until(recorder.size == 3);
        close(peer);
        end_polite(&recorder, -1, 0);
}

static void too_much_to_write(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        int peer = open_polite(&recorder, &polite);

        assert_int_equal(eddy_transport_set_write_limits(recorder.transport, 10, 5), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "more than ten", 13), 0);
        assert_int_equal(recorder.count[PAUSED], 1);
        give_way();
        assert_int_equal(recorder.count[RESUMED], 0);
        send_from(peer, "HI", 2);
        until(recorder.count[RESUMED] == 1);
        assert_hears(peer, "HImore than ten");
        close(peer);
        end_polite(&recorder, -1, 0);
}

/** The mark of the end waits, too. */
static void ended_before(void)
{
        for (size_t n = 0; n <= 3; n += 3) {
                struct recorder recorder = {.stays = true};
                struct polite polite;
                int peer = open_polite(&recorder, &polite);

                assert_int_equal(eddy_transport_write(recorder.transport, "abc", n), 0);
                assert_int_equal(eddy_transport_write_eof(recorder.transport), 0);
                assert_hears(peer, "HI");
                send_from(peer, "HIxyz", 5);
                assert_hears(peer, n ? "abc." : ".");
                until(recorder.size == 3);
                eddy_transport_close(recorder.transport);
                end_polite(&recorder, peer, 0);
        }
}

static void closed_before(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        int peer = open_polite(&recorder, &polite);

        eddy_transport_close(recorder.transport); /* nothing was written, so nobody is waited for */
        assert_hears(peer, "HI");
        assert_hears_end(peer);
        end_polite(&recorder, peer, 0);

        recorder = (struct recorder){0};
        peer = open_polite(&recorder, &polite);
        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
        eddy_transport_close(recorder.transport);
        assert_hears(peer, "HI");
        give_way();
        assert_int_equal(recorder.count[LOST], 0);
        send_from(peer, "HI", 2);
        assert_hears(peer, "abc.");
        assert_hears_end(peer);
        end_polite(&recorder, peer, 0);

        recorder = (struct recorder){0};
        peer = open_polite(&recorder, &polite);
        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
        eddy_transport_abort(recorder.transport);
        assert_hears_reset(peer);
        end_polite(&recorder, peer, 0);
}

/** They do not agree, and all that was written fails; nobody hangs who waits for it to leave. */
static void does_not_agree(void)
{
        static const struct {
                const char *said;
                int reason;
        } cases[] = {{"NO", -EBADMSG}, {"", EDDY_EINCOMPLETE}, {"H", EDDY_EINCOMPLETE}};

        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
                for (int closes = 0; closes < 2; closes++) {
                        struct recorder recorder = {.stays = true};
                        struct polite polite;
                        int peer = open_polite(&recorder, &polite);

                        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
                        if (closes)
                                eddy_transport_close(recorder.transport);
                        send_from(peer, cases[i].said, strlen(cases[i].said));
                        shutdown(peer, SHUT_WR);
                        end_polite(&recorder, peer, cases[i].reason);
                        assert_int_equal(recorder.size, 0);
                }
}

static void taken_out_before(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        int peer = open_polite(&recorder, &polite);

        assert_int_equal(eddy_transport_remove_filter(recorder.transport), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "plain", 5), 0);
        assert_hears(peer, "HIplain");
        send_from(peer, "HI", 2);
        until(recorder.size == 2);
        close(peer);
        end_polite(&recorder, -1, 0);
}

/** What is put over it waits with all else. */
static void another_above(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        int peer = open_polite(&recorder, &polite);

        assert_int_equal(eddy_transport_add_filter(recorder.transport, &inverter, NULL), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "\x9e", 1), 0);
        assert_hears(peer, "HI");
        send_from(peer, "HI\x9d", 3);
        assert_hears(peer, "a");
        until(recorder.size == 1);
        assert_int_equal(recorder.data[0], 'b');
        close(peer);
        recorder_finish(&recorder);
        assert_int_equal(filters_freed, 2);
}

static void has_much_to_say(void)
{
        enum { MANY = 500 * 1000 };
        struct recorder recorder = {0};
        struct polite polite = {.to_say = MANY};
        int peer = open_recorded(&tcp, &recorder, &recording);

        filters_freed = 0;
        assert_int_equal(eddy_transport_add_filter(recorder.transport, &greeter, &polite), 0);
        assert_int_equal(eddy_transport_write(recorder.transport, "abc", 3), 0);
        send_from(peer, "HI", 2);
        for (int i = 0; i < MANY; i++)
                assert_hears(peer, "HI");
        assert_hears(peer, "abc");
        close(peer);
        end_polite(&recorder, -1, 0);
}

/* Closed connections that are kept for a while. */

static int open_lingering(struct recorder *recorder, struct polite *polite, eddy_duration linger)
{
        int peer = open_recorded(&tcp, recorder, &recording);

        *polite = (struct polite){.heard = 2, .linger = linger};
        assert_int_equal(eddy_transport_add_filter(recorder->transport, &lingerer, polite), 0);
        assert_int_equal(eddy_transport_write(recorder->transport, "abc", 3), 0);
        eddy_transport_close(recorder->transport);
        recorder_finish(recorder); /* nobody waits for the other side */
        assert_int_equal(recorder->reason, 0);
        return peer;
}

/** What comes late does not have the kernel drop what was written. */
static void late_bytes(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        unsigned before = count_descriptors();
        int peer = open_lingering(&recorder, &polite, eddy_seconds(60));

        for (int i = 0; i < 3; i++) {
                send_from(peer, "late", 4);
                give_way();
        }
        assert_hears(peer, "abc");
        assert_hears_end(peer);
        close(peer);
        until(count_descriptors() == before);
}

/** Who never ends is not waited for for ever; nor who sends without end. */
static void not_for_ever(void)
{
        struct recorder recorder = {0};
        struct polite polite;
        unsigned before = count_descriptors();
        char bytes[4096] = "";
        int peer = open_lingering(&recorder, &polite, eddy_ms(1));

        until(count_descriptors() == before + 1);
        close(peer);
        recorder = (struct recorder){0};
        peer = open_lingering(&recorder, &polite, EDDY_FOREVER);
        while (send(peer, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0 || errno == EAGAIN)
                eddy_yield();
        until(count_descriptors() == before + 1);
        close(peer);
}

/** A peer that has heard the end would read it as before; but nothing can be sent any more. */
static bool is_reset(int fd)
{
        struct pollfd polled = {.fd = fd, .events = POLLIN};

        return poll(&polled, 1, 0) == 1 && polled.revents & POLLHUP;
}

/** Who never ends has no more than so many descriptors, and whoever came last has them. */
static void not_too_many(void)
{
        enum { MOST = 256, MORE = 20 };
        unsigned before = count_descriptors();
        struct polite polite;
        int peers[MOST + MORE];

        for (int i = 0; i < MOST + MORE; i++) {
                struct recorder recorder = {0};

                peers[i] = open_lingering(&recorder, &polite, EDDY_FOREVER);
        }
        until(count_descriptors() == before + MOST + MORE + MOST);
        for (int i = 0; i < MOST + MORE; i++)
                send_from(peers[i], "late", 4);
        for (int i = 0; i < MORE; i++)
                until(is_reset(peers[i]));
        for (int i = MORE; i < MOST + MORE; i++) {
                assert_hears(peers[i], "abc");
                assert_hears_end(peers[i]);
                assert_false(is_reset(peers[i]));
        }
        for (int i = 0; i < MOST + MORE; i++)
                close(peers[i]);
        until(count_descriptors() == before);
}

/** What has come, and nobody has looked at, is in nobody's way either. */
static intptr_t leave_lingering(void *arg)
{
        struct recorder recorder = {0};
        int peer = open_lingering(&recorder, arg, eddy_seconds(60));

        say(peer, "late");
        return peer;
}

static void closed_with_the_loop(void **state)
{
        struct polite polite;
        unsigned before = count_descriptors();
        int peer = (int)eddy_run(leave_lingering, &polite);
        char bytes[4];

        (void)state;
        assert_int_equal(count_descriptors(), before + 1);
        assert_false(is_reset(peer));
        assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 3);
        assert_int_equal(recv(peer, bytes, sizeof bytes, 0), 0);
        close(peer);
}

static intptr_t leave_greeting(void *arg)
{
        static struct polite polite;
        struct recorder *recorder = arg;
        int peer = open_polite(recorder, &polite);

        assert_int_equal(eddy_transport_write(recorder->transport, "abc", 3), 0);
        return peer;
}

static void loop_closed_before(void **state)
{
        struct recorder recorder = {0};
        int peer = (int)eddy_run(leave_greeting, &recorder);

        (void)state;
        assert_int_equal(recorder.count[LOST], 1);
        assert_int_equal(recorder.reason, EDDY_ELOOPCLOSED);
        assert_int_equal(filters_freed, 1);
        close(peer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            scene_test(before_anything_else),
            scene_test(what_had_come),
            scene_test(paused),
            scene_test(too_much_to_write),
            scene_test(ended_before),
            scene_test(closed_before),
            scene_test(does_not_agree),
            scene_test(taken_out_before),
            scene_test(another_above),
            scene_test(has_much_to_say),
            scene_test(late_bytes),
            scene_test(not_for_ever),
            scene_test(not_too_many),
            cmocka_unit_test(closed_with_the_loop),
            cmocka_unit_test(loop_closed_before),
        };

        return cmocka_run_group_tests_name("greeting", tests, NULL, NULL);
}
