/* Bodies made small and whole again, in any pieces; and bodies that are no good. */
#include "http_common/coding.h"

#include "../testing.h"
#include <limits.h>
#include <stdio.h>

enum {
        MOST = 1024 * 1024,
        BOMB = 24 * 1024 * 1024,
};

static const enum coding all[] = {CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD};

#define EACH_CODING(coding)                                                                                    \
        for (size_t coding##_i = 0; coding##_i < sizeof all / sizeof *all; coding##_i++)                       \
                if (coding_is_built_in(all[coding##_i]))                                                       \
                        for (enum coding coding = all[coding##_i], *once = &coding; once; once = NULL)

static unsigned char body[MOST], coded[2 * MOST], decoded[MOST + 1];

/* Something like a page: words that come again, and numbers that do not. */
static void make_body(size_t n)
{
        static const char *const words[] = {
            "<li class=\"row\">", "name", "value: ", "</li>\n", "true, ", "eddy "};
        unsigned state = 1;

        for (size_t at = 0; at < n;) {
                char word[32];
                int size;

                state = state * 1103515245u + 12345u;
                size = snprintf(word, sizeof word, "%s%u", words[(state >> 16) % 6], state >> 24);
                for (int i = 0; i < size && at < n; i++)
                        body[at++] = (unsigned char)word[i];
        }
}

/* Have an encoder do one thing with room for so many bytes at once: bytes written behind `at`, or an error. */
static ssize_t encode_by(int (*act)(struct encoder *, struct coding_io *), struct encoder *encoder,
                         const void *data, size_t n, size_t at, size_t room)
{
        struct coding_io io = {data, n, coded + at, 0};
        int rc;

        do {
                assert_true((size_t)((unsigned char *)io.out - coded) + room <= sizeof coded);
                io.out_size = room;
                rc = act(encoder, &io);
        } while (rc == CODING_FULL);
        if (rc == 0)
                assert_int_equal(io.in_size, 0);
        return rc < 0 ? rc : (unsigned char *)io.out - coded - (ssize_t)at;
}

static size_t encode(enum coding coding, size_t n, size_t piece, size_t room)
{
        struct encoder encoder;
        size_t at = 0;

        assert_int_equal(encoder_begin(&encoder, coding, 0, piece % 2 ? -1 : (int64_t)n), 0);
        for (size_t i = 0; i < n; i += piece)
                at += (size_t)encode_by(encoder_feed, &encoder, body + i, n - i < piece ? n - i : piece, at,
                                        room);
        at += (size_t)encode_by(encoder_end, &encoder, NULL, 0, at, room);
        encoder_finish(&encoder);
        return at;
}

/* Decode into `decoded`: bytes, or an error. */
static ssize_t decode(struct decoder *decoder, const void *data, size_t n, size_t piece, size_t room)
{
        size_t at = 0;
        int rc = 0;

        for (size_t i = 0; i < n && rc == 0; i += piece) {
                struct coding_io io = {(const char *)data + i, n - i < piece ? n - i : piece, NULL, 0};

                do {
                        io.out = decoded + at;
                        io.out_size = sizeof decoded - at < room ? sizeof decoded - at : room;
                        rc = decoder_feed(decoder, &io);
                        at = (size_t)((unsigned char *)io.out - decoded);
                } while (rc == CODING_FULL);
                if (rc == 0)
                        assert_int_equal(io.in_size, 0);
        }
        return rc < 0 ? rc : (ssize_t)at;
}

static ssize_t decode_whole(enum coding coding, const void *data, size_t n, size_t piece, size_t room)
{
        struct decoder decoder;
        ssize_t got;
        int rc;

        assert_int_equal(decoder_begin(&decoder, coding, NULL), 0);
        got = decode(&decoder, data, n, piece, room);
        rc = decoder_end(&decoder);
        decoder_finish(&decoder);
        if (got < 0)
                assert_int_equal(rc, got);
        return rc < 0 ? rc : got;
}

static void check_round_trip(enum coding coding, size_t n, size_t piece, size_t room)
{
        size_t size = encode(coding, n, piece, room);
        ssize_t got = decode_whole(coding, coded, size, piece, room);

        if (got != (ssize_t)n || memcmp(decoded, body, n) != 0)
                fail_msg("%s of %zu bytes, %zu at once, into %zu: %zd", coding_name(coding), n, piece, room,
                         got);
}

TEST(makes_bodies_whole_again_in_any_pieces)
{
        static const size_t sizes[] = {0, 1, 100, 1024, 70000};

        make_body(MOST);
        EACH_CODING(coding)
        {
                for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                        check_round_trip(coding, sizes[i], 1, CODING_ROOM);
                        check_round_trip(coding, sizes[i], 1000, CODING_ROOM);
                        check_round_trip(coding, sizes[i], 4097, 8192);
                }
                check_round_trip(coding, MOST, MOST, MOST);
        }
}

TEST(makes_them_smaller)
{
        make_body(10000);
        EACH_CODING(coding)
        {
                assert_true(encode(coding, 10000, 10000, MOST) < 5000);
                assert_true(coding_encode(coding, 0, body, 10000, coded, 5000) > 0);
                assert_int_equal(decode_whole(coding, coded, encode(coding, 10000, 10000, MOST), 10000, MOST),
                                 10000);
        }
}

/** Who gives no more room than the body has learns that it is not worth it. */
TEST(says_where_a_body_would_grow)
{
        unsigned number = 1;

        for (size_t i = 0; i < 2000; i++) {
                number = number * 1103515245u + 12345u;
                body[i] = (unsigned char)(number >> 23);
        }
        EACH_CODING(coding)
        {
                assert_int_equal(coding_encode(coding, 0, body, 2000, coded, 1999), EDDY_ELIMIT);
                assert_int_equal(coding_encode(coding, 0, body, 1, coded, 0), EDDY_ELIMIT);
        }
}

/** express/compression, Jetty, tower-http: events that were written and not seen, since an encoder kept them. */
TEST(flushes_so_that_each_event_can_be_read_at_once)
{
        EACH_CODING(coding)
        {
                for (size_t room = CODING_ROOM; room <= 4096; room *= 64) {
                        struct encoder encoder;
                        struct decoder decoder;
                        size_t at = 0;

                        assert_int_equal(encoder_begin(&encoder, coding, 0, -1), 0);
                        assert_int_equal(decoder_begin(&decoder, coding, NULL), 0);
                        for (int i = 0; i < 20; i++) {
                                char event[4096];
                                int n = snprintf(event, sizeof event, "data: %*d\n\n", i * 200 + 1, i);
                                ssize_t size = encode_by(encoder_flush, &encoder, event, (size_t)n, at, room);

                                assert_true(size > 0);
                                assert_int_equal(decode(&decoder, coded + at, (size_t)size, 7, 100), n);
                                assert_memory_equal(decoded, event, (size_t)n);
                                at += (size_t)size;
                                /* flushing what is flushed says nothing new */
                                size = encode_by(encoder_flush, &encoder, NULL, 0, at, room);
                                assert_true(size >= 0 && size < 8);
                                assert_int_equal(decode(&decoder, coded + at, (size_t)size, 7, 100), 0);
                                at += (size_t)size;
                        }
                        assert_int_equal(decoder_end(&decoder), EDDY_EINCOMPLETE);
                        encoder_finish(&encoder);
                        decoder_finish(&decoder);
                }
        }
}

/** The size that was promised need not be true. */
TEST(goes_on_where_the_size_was_a_guess)
{
        make_body(MOST);
        EACH_CODING(coding)
        {
                for (int64_t guess = 0; guess <= 2000; guess += 1000) {
                        struct encoder encoder;
                        size_t size;

                        assert_int_equal(encoder_begin(&encoder, coding, 0, guess), 0);
                        size = (size_t)encode_by(encoder_end, &encoder, body, MOST / 2, 0, 4096);
                        encoder_finish(&encoder);
                        assert_int_equal(decode_whole(coding, coded, size, 4096, 4096), MOST / 2);
                        assert_memory_equal(decoded, body, MOST / 2);
                }
        }
}

/** Peers that read the first member only lose the rest, or read past their limit. */
TEST(reads_members_one_behind_the_other)
{
        static const enum coding with_members[] = {CODING_GZIP, CODING_ZSTD};

        make_body(3000);
        for (size_t i = 0; i < 2; i++) {
                struct decoder decoder;
                size_t size, empty;

                if (!coding_is_built_in(with_members[i]))
                        continue;
                size = encode(with_members[i], 3000, 3000, MOST);
                memcpy(coded + size, coded, size);
                assert_int_equal(decode_whole(with_members[i], coded, 2 * size, 1, 50), 6000);
                assert_int_equal(decode_whole(with_members[i], coded, 2 * size, MOST, MOST), 6000);
                assert_memory_equal(decoded + 3000, body, 3000);
                assert_int_equal(decode_whole(with_members[i], coded, 2 * size - 1, 10, MOST),
                                 EDDY_EINCOMPLETE);

                /* The second is over the limit; an empty one is not. */
                assert_int_equal(
                    decoder_begin(&decoder, with_members[i], &(struct decoder_limits){.size = 3000}), 0);
                assert_int_equal(decode(&decoder, coded, 2 * size, 10, MOST), EDDY_ELIMIT);
                decoder_finish(&decoder);
                memcpy(body + 4000, coded, size);
                empty = encode(with_members[i], 0, 1, MOST);
                memcpy(body + 4000 + size, coded, empty);
                assert_int_equal(
                    decoder_begin(&decoder, with_members[i], &(struct decoder_limits){.size = 3000}), 0);
                assert_int_equal(decode(&decoder, body + 4000, size + empty, 10, MOST), 3000);
                assert_int_equal(decoder_end(&decoder), 0);
                decoder_finish(&decoder);
        }
}

TEST(refuses_what_follows_a_body)
{
        make_body(3000);
        EACH_CODING(coding)
        {
                size_t size = encode(coding, 3000, 3000, MOST);

                memset(coded + size, 0, 64);
                memcpy(coded + size, "rubbish, or another request", 27);
                assert_int_equal(decode_whole(coding, coded, size + 64, 100, MOST), EDDY_EPROTOCOL);
                assert_int_equal(decode_whole(coding, coded, size + 64, MOST, MOST), EDDY_EPROTOCOL);
                assert_int_equal(decode_whole(coding, coded, size, 100, MOST), 3000);
        }
}

/** Servers end their answers with zeros and line ends that are no part of them; browsers, Go and gunzip pass over them. */
TEST(passes_over_what_follows_a_body_where_it_may)
{
        static const char *const rests[] = {"\0", "\r\n", "rubbish, or another request"};
        static const size_t sizes[] = {1, 2, 27};

        make_body(3000);
        EACH_CODING(coding)
        {
                size_t size = encode(coding, 3000, 3000, MOST);

                for (size_t i = 0; i < sizeof rests / sizeof *rests; i++)
                        for (size_t piece = 1; piece <= MOST; piece *= MOST) {
                                struct decoder decoder;

                                memcpy(coded + size, rests[i], sizes[i]);
                                assert_int_equal(decoder_begin(&decoder, coding,
                                                               &(struct decoder_limits){.drops_rest = true}),
                                                 0);
                                assert_int_equal(decode(&decoder, coded, size + sizes[i], piece, 100), 3000);
                                assert_int_equal(decoder_end(&decoder), 0);
                                decoder_finish(&decoder);
                        }
        }
}

TEST(knows_a_body_that_is_cut_anywhere)
{
        make_body(500);
        EACH_CODING(coding)
        {
                size_t size = encode(coding, 500, 500, MOST);

                assert_int_equal(decode_whole(coding, coded, 0, 1, 100), 0);
                for (size_t i = 1; i < size; i++)
                        if (decode_whole(coding, coded, i, 10, 100) != EDDY_EINCOMPLETE)
                                fail_msg("%s is whole after %zu of %zu", coding_name(coding), i, size);
        }
}

/** A flipped bit is an error, or in br, which has no sum, other bytes; never more than there is room for, nor a loop. */
TEST(survives_damage_at_every_bit)
{
        make_body(500);
        EACH_CODING(coding)
        {
                size_t size = encode(coding, 500, 500, MOST);

                for (size_t i = 0; i < 8 * size; i++) {
                        ssize_t got;

                        coded[i / 8] ^= (unsigned char)(1u << i % 8);
                        got = decode_whole(coding, coded, size, 10, 100);
                        assert_true(got >= 0 || got == EDDY_EPROTOCOL || got == EDDY_EINCOMPLETE ||
                                    got == EDDY_ELIMIT);
                        if (coding == CODING_DEFLATE && got == 500 && i >= 16)
                                assert_memory_equal(decoded, body, 500);
                        coded[i / 8] ^= (unsigned char)(1u << i % 8);
                }
        }
}

/* So many zeros. */
static size_t make_bomb(enum coding coding, size_t n)
{
        struct encoder encoder;
        size_t size = 0;

        memset(body, 0, sizeof body);
        assert_int_equal(encoder_begin(&encoder, coding, 0, -1), 0);
        for (size_t i = 0; i < n; i += MOST)
                size += (size_t)encode_by(encoder_feed, &encoder, body, MOST, size, 4096);
        size += (size_t)encode_by(encoder_end, &encoder, NULL, 0, size, 4096);
        encoder_finish(&encoder);
        return size;
}

/* How many bytes come out of it before it is refused. */
static uint64_t defuse(enum coding coding, size_t size, const struct decoder_limits *limits, int expected)
{
        struct coding_io io = {coded, size, decoded, 0};
        struct decoder decoder;
        int rc;

        assert_int_equal(decoder_begin(&decoder, coding, limits), 0);
        do {
                io.out = decoded;
                io.out_size = 65536;
                rc = decoder_feed(&decoder, &io);
        } while (rc == CODING_FULL);
        assert_int_equal(rc, expected);
        assert_int_equal(decoder_end(&decoder), expected);
        assert_int_equal(decoder_feed(&decoder, &io), expected);
        decoder_finish(&decoder);
        return decoder.made;
}

TEST(ends_a_bomb_by_its_size_and_by_its_ratio)
{
        EACH_CODING(coding)
        {
                size_t size = make_bomb(coding, BOMB);

                assert_true(defuse(coding, size, &(struct decoder_limits){.size = 100000}, EDDY_ELIMIT) <
                            200000);
                assert_true(defuse(coding, size, &(struct decoder_limits){.size = UINT64_MAX}, EDDY_ELIMIT) <
                            BOMB);
                assert_true(defuse(coding, size, &(struct decoder_limits){.ratio = UINT_MAX}, EDDY_ELIMIT) <
                            17 * 1024 * 1024);
                assert_true(defuse(coding, size, NULL, EDDY_ELIMIT) < 17 * 1024 * 1024);
                assert_int_equal(
                    defuse(coding, size, &(struct decoder_limits){.size = BOMB, .ratio = UINT_MAX}, 0), BOMB);
                /* what repeats itself is no bomb while it is small */
                size = make_bomb(coding, MOST);
                assert_int_equal(defuse(coding, size, NULL, 0), MOST);
        }
}

/** 2 to the 27 bytes to look back, as a header of zstd asks for: more than RFC 9659 allows. */
TEST(keeps_no_more_than_it_may_to_look_back)
{
        static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x01, 0x00, 0x00};

        if (!coding_is_built_in(CODING_ZSTD))
                skip();
        assert_int_equal(decode_whole(CODING_ZSTD, frame, sizeof frame, 1, 100), EDDY_ELIMIT);
}

/** aiohttp wrote it for years, and browsers read it. */
TEST(reads_deflate_without_its_frame)
{
        size_t size;

        if (!coding_is_built_in(CODING_DEFLATE))
                skip();
        make_body(3000);
        size = encode(CODING_DEFLATE, 3000, 3000, MOST);
        assert_int_equal(coded[0] & 0x0f, 8);
        assert_int_equal(decode_whole(CODING_DEFLATE, coded + 2, size - 6, 1, 100), 3000);
        assert_memory_equal(decoded, body, 3000);
        assert_int_equal(decode_whole(CODING_DEFLATE, coded + 2, size - 7, 1, 100), EDDY_EINCOMPLETE);
        assert_int_equal(decode_whole(CODING_DEFLATE, coded + 2, size - 5, 1, 100), EDDY_EPROTOCOL);
        /* and gzip is no deflate, nor the other way round */
        size = encode(CODING_GZIP, 3000, 3000, MOST);
        assert_int_equal(decode_whole(CODING_DEFLATE, coded, size, 1, 100), EDDY_EPROTOCOL);
        size = encode(CODING_DEFLATE, 3000, 3000, MOST);
        assert_int_equal(decode_whole(CODING_GZIP, coded, size, 1, 100), EDDY_EPROTOCOL);
}

static long live;

static void *counting_malloc(size_t size)
{
        live++;
        return malloc(size);
}

static void *counting_realloc(void *pointer, size_t size)
{
        live += !pointer;
        return realloc(pointer, size);
}

static void counting_free(void *pointer)
{
        live--;
        free(pointer);
}

static int code_there_and_back(enum coding coding, int level)
{
        struct decoder decoder;
        ssize_t size = coding_encode(coding, level, body, 70000, coded, sizeof coded);
        ssize_t got;
        int rc;

        if (size < 0)
                return (int)size;
        rc = decoder_begin(&decoder, coding, NULL);
        if (rc < 0)
                return rc;
        got = decode(&decoder, coded, (size_t)size, 1000, 4096);
        decoder_finish(&decoder);
        if (got < 0)
                return (int)got;
        assert_int_equal(got, 70000);
        assert_memory_equal(decoded, body, 70000);
        return 0;
}

/** Whichever allocation fails: -ENOMEM, and nothing is kept. */
TEST(fails_cleanly_without_memory)
{
        const eddy_allocator counting = {counting_malloc, counting_realloc, counting_free};

        make_body(70000);
        eddy_set_allocator(&counting);
        EACH_CODING(coding)
        {
                for (int level = 1; level <= 9; level += 4) {
                        int rc = -ENOMEM;

                        for (unsigned long nth = 1; rc == -ENOMEM; nth++) {
                                fault_arm(nth, 1);
                                rc = code_there_and_back(coding, level);
                                if (nth == 1)
                                        assert_int_equal(rc, -ENOMEM);
                                if (live != 0)
                                        fail_msg("%s at level %d keeps %ld when allocation %lu fails",
                                                 coding_name(coding), level, live, nth);
                        }
                        assert_int_equal(rc, 0);
                        fault_arm(0, 0);
                }
        }
        eddy_set_allocator(NULL);
}

TEST(knows_names)
{
        assert_int_equal(coding_of_name("GZip", 4), CODING_GZIP);
        assert_int_equal(coding_of_name("x-gzip", 6), CODING_GZIP);
        assert_int_equal(coding_of_name("br", 2), CODING_BR);
        assert_int_equal(coding_of_name("identity", 8), CODING_IDENTITY);
        assert_int_equal(coding_of_name("br", 1), CODINGS);
        assert_int_equal(coding_of_name("compress", 8), CODINGS);
        assert_int_equal(coding_of_name("", 0), CODINGS);
        EACH_CODING(coding)
        assert_int_equal(coding_of_name(coding_name(coding), strlen(coding_name(coding))), coding);
}

TEST(knows_what_would_hold_up_a_loop)
{
        assert_false(coding_is_long(CODING_IDENTITY, SIZE_MAX / 2));
        EACH_CODING(coding)
        {
                assert_false(coding_is_long(coding, 32 * 1024));
                assert_true(coding_is_long(coding, 128 * 1024 + 1));
        }
}

TEST(refuses_what_is_not_there)
{
        struct encoder encoder;
        struct decoder decoder;

        for (enum coding coding = CODING_GZIP; coding < CODINGS; coding++) {
                if (coding_is_built_in(coding)) {
                        assert_int_equal(encoder_begin(&encoder, coding, -1, 0), -EINVAL);
                        assert_int_equal(encoder_begin(&encoder, coding, 20, 0), -EINVAL);
                        continue;
                }
                assert_int_equal(encoder_begin(&encoder, coding, 0, 0), EDDY_ENOTSUP);
                assert_int_equal(decoder_begin(&decoder, coding, NULL), EDDY_ENOTSUP);
        }
        assert_true(coding_is_built_in(CODING_IDENTITY));
        assert_int_equal(encoder_begin(&encoder, CODING_IDENTITY, 0, 0), -EINVAL);
        assert_int_equal(decoder_begin(&decoder, CODING_IDENTITY, NULL), -EINVAL);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(makes_bodies_whole_again_in_any_pieces),
            cmocka_unit_test(makes_them_smaller),
            cmocka_unit_test(says_where_a_body_would_grow),
            cmocka_unit_test(flushes_so_that_each_event_can_be_read_at_once),
            cmocka_unit_test(goes_on_where_the_size_was_a_guess),
            cmocka_unit_test(reads_members_one_behind_the_other),
            cmocka_unit_test(refuses_what_follows_a_body),
            cmocka_unit_test(passes_over_what_follows_a_body_where_it_may),
            cmocka_unit_test(knows_a_body_that_is_cut_anywhere),
            cmocka_unit_test(survives_damage_at_every_bit),
            cmocka_unit_test(ends_a_bomb_by_its_size_and_by_its_ratio),
            cmocka_unit_test(keeps_no_more_than_it_may_to_look_back),
            cmocka_unit_test(reads_deflate_without_its_frame),
            cmocka_unit_test(fails_cleanly_without_memory),
            cmocka_unit_test(knows_names),
            cmocka_unit_test(knows_what_would_hold_up_a_loop),
            cmocka_unit_test(refuses_what_is_not_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
