/* A conversation through somebody who passes it on a byte at a time; and who at each place pauses, ends, resets, or changes a bit.
 * Either side gets what was written and the end, or an error behind what is right of it; nobody waits for ever. */
#include "pair.h"

#include <fcntl.h>

enum { ASKED = 300, ANSWERED = 2000, STRIDE = 37, SILENCE = 3000 };

/** One side of the conversation. */
struct side {
        eddy_stream *stream;
        bool is_server, is_over;
        int rc;
        size_t received;
};

/** Read to the end: 0 or the error. */
static int hear_all(struct side *side)
{
        char bytes[512];
        ssize_t got;

        while ((got = eddy_stream_read(side->stream, bytes, sizeof bytes)) > 0)
                for (ssize_t i = 0; i < got; i++)
                        assert_int_equal(bytes[i], pattern_at(side->received++));
        return (int)got;
}

static int say_all(struct side *side, size_t n)
{
        char *bytes = make_pattern(n);
        ssize_t rc = eddy_stream_write_all(side->stream, bytes, n);

        free(bytes);
        return rc < 0 ? (int)rc : eddy_stream_write_eof(side->stream);
}

static intptr_t converse(void *arg)
{
        struct side *side = arg;
        int rc = side->is_server ? eddy_stream_start_tls(side->stream, server_tls, NULL)
                                 : eddy_stream_start_tls(side->stream, client_tls, "example.org");

        if (rc == 0 && side->is_server)
                rc = hear_all(side);
        if (rc == 0)
                rc = say_all(side, side->is_server ? ANSWERED : ASKED);
        if (rc == 0 && !side->is_server)
                rc = hear_all(side);
        eddy_stream_destroy(side->stream);
        side->rc = rc;
        side->is_over = true;
        return 0;
}

/* Who is between them. */

enum what { PASS, PAUSE, END, RESET, FLIP };

/** What comes from one side. */
struct direction {
        int from, to;
        enum what what;
        size_t at; /* where that is done */
        size_t passed;
        bool has_ended, is_cut;
        bool has_dropped; /* something behind that place */
        unsigned bit;
};

struct middle {
        struct direction ways[2]; /* from the client, from the server */
        unsigned silent;          /* turns in which nothing has come */
};

static void cut(struct direction *way, bool resets)
{
        const struct linger now = {.l_onoff = 1};

        way->is_cut = true;
        if (resets)
                setsockopt(way->to, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        else
                shutdown(way->to, SHUT_WR);
}

/** Pass one byte on, or do there what is to be done: whether something has happened. */
static bool pass(struct middle *middle, struct direction *way)
{
        char byte;
        ssize_t n = way->has_ended ? -1 : recv(way->from, &byte, 1, MSG_DONTWAIT);

        if (n < 0 && (way->has_ended || errno == EAGAIN))
                return false;
        if (n <= 0) {
                way->has_ended = true;
                if (!way->is_cut)
                        cut(way, n < 0);
                return true;
        }
        if (way->passed == way->at && !way->is_cut) {
                if (way->what == PAUSE)
                        for (int i = 0; i < 20; i++)
                                eddy_yield();
                if (way->what == FLIP)
                        byte = (char)(byte ^ 1 << way->bit);
                if (way->what == END)
                        cut(way, false);
                if (way->what == RESET)
                        for (int i = 0; i < 2; i++)
                                cut(&middle->ways[i], true);
        }
        way->has_dropped |= way->is_cut;
        if (!way->is_cut && send(way->to, &byte, 1, MSG_NOSIGNAL) == 1)
                way->passed++;
        return true;
}

/** Pass on until both are done. Who is told of more than there is waits for it: so in the end all is cut. */
static void pump(struct middle *middle, const struct side sides[2])
{
        bool is_reset = false;

        while (!sides[0].is_over || !sides[1].is_over) {
                bool has_passed = false;

                for (int i = 0; i < 2; i++)
                        has_passed |= !is_reset && pass(middle, &middle->ways[i]);
                if (middle->ways[0].what == RESET || middle->ways[1].what == RESET)
                        if (middle->ways[0].is_cut && middle->ways[1].is_cut && !is_reset &&
                            (middle->ways[0].has_dropped || middle->ways[1].has_dropped)) {
                                is_reset = true;
                                close(middle->ways[0].from);
                                close(middle->ways[0].to);
                        }
                if (!has_passed && middle->silent++ > SILENCE && !is_reset)
                        for (int i = 0; i < 2; i++)
                                if (!middle->ways[i].is_cut && middle->ways[i].what == FLIP)
                                        cut(&middle->ways[i], false), cut(&middle->ways[1 - i], false);
                if (has_passed)
                        middle->silent = 0;
                assert_int_equal(eddy_yield(), 0);
        }
        if (!is_reset) {
                close(middle->ways[0].from);
                close(middle->ways[0].to);
        }
}

/** One conversation: how many bytes were passed on in a direction. */
static size_t play_with(enum what what, int direction, size_t at)
{
        int outer[2], inner[2];
        struct side sides[2] = {{.is_server = false}, {.is_server = true}};
        struct middle middle;

        connect_sockets(outer);
        connect_sockets(inner);
        middle =
            (struct middle){.ways = {{.from = outer[1], .to = inner[1]}, {.from = inner[1], .to = outer[1]}}};
        middle.ways[direction].what = what;
        middle.ways[direction].at = at;
        middle.ways[direction].bit = (unsigned)at % 8;
        assert_int_equal(eddy_stream_from_socket(&sides[0].stream, outer[0], 0), 0);
        assert_int_equal(eddy_stream_from_socket(&sides[1].stream, inner[0], 0), 0);
        for (int i = 0; i < 2; i++)
                eddy_unref(eddy_create_task(converse, &sides[i]));
        pump(&middle, sides);
        for (int i = 0; i < 2; i++) {
                int rc = sides[i].rc;

                if ((what == PASS || what == PAUSE) && rc)
                        fail_msg("at %zu: %s", at, eddy_explain(rc));
                if (rc != 0 && rc != EDDY_ETLS && rc != EDDY_ECERTIFICATE && rc != EDDY_EINCOMPLETE &&
                    rc != -ECONNRESET && rc != -EPIPE)
                        fail_msg("at %zu: %s", at, eddy_explain(rc));
        }
        if (sides[0].rc == 0 && sides[1].rc == 0) { /* who fails closes, which is an end, too */
                assert_int_equal(sides[0].received, ANSWERED);
                assert_int_equal(sides[1].received, ASKED);
        }
        if (what == END && middle.ways[direction].has_dropped) /* a cut is no end */
                assert_int_not_equal(sides[1 - direction].rc, 0);
        return middle.ways[direction].passed;
}

struct place {
        enum what what;
        int direction;
        size_t at, passed;
};

static intptr_t play_there(void *arg)
{
        struct place *place = arg;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(60)) /* so that what hangs fails */
                place->passed = play_with(place->what, place->direction, place->at);
        return 0;
}

/** One conversation, in a loop of its own: how many bytes were passed on. */
static size_t play_at(enum what what, int direction, size_t at)
{
        struct place place = {.what = what, .direction = direction, .at = at};
        unsigned before = count_descriptors();

        assert_int_equal(eddy_run(play_there, &place), 0);
        assert_int_equal(count_descriptors(), before);
        return place.passed;
}

/** At each place in turn, where EDDY_WALKS is set, and else at some of them. */
static void with_each(enum what what)
{
        for (int direction = 0; direction < 2; direction++) {
                size_t most = play_at(PASS, direction, 0);

                assert_true(most > (direction ? ANSWERED : ASKED));
                for (size_t at = 0; at <= most; at += getenv("EDDY_WALKS") ? 1 : STRIDE)
                        play_at(what, direction, at);
        }
}

static void pauses(void **state)
{
        (void)state;
        with_each(PAUSE);
}

static void ends(void **state)
{
        (void)state;
        with_each(END);
}

static void resets(void **state)
{
        (void)state;
        with_each(RESET);
}

static void flips(void **state)
{
        (void)state;
        with_each(FLIP);
}

static int set_up_version(eddy_tls_version version)
{
        eddy_tls_unref(server_tls);
        eddy_tls_unref(client_tls);
        make_pair(version);
        return 0;
}

static int set_up_1_2(void **state)
{
        (void)state;
        return set_up_version(EDDY_TLS_1_2);
}

static int set_up_1_3(void **state)
{
        (void)state;
        return set_up_version(EDDY_TLS_1_3);
}

int main(void)
{
        struct CMUnitTest tests[] = {
            cmocka_unit_test(pauses), cmocka_unit_test(ends), cmocka_unit_test(resets), cmocka_unit_test(flips),
            cmocka_unit_test(pauses), cmocka_unit_test(ends), cmocka_unit_test(resets), cmocka_unit_test(flips),
        };

        tests[0].setup_func = set_up_1_3; /* and those behind it */
        tests[4].setup_func = set_up_1_2;
        return cmocka_run_group_tests_name("tls-split", tests, set_up_pair, tear_down_pair);
}
