/* Blocks that a peer may send compressed, though few do: such as say that they are the last, and such as are empty. */
#include "pair.h"

#include "base/fault.h"
#include <zlib.h>

/** "The last block", and nothing is in it. */
static const char empty_block[] = {0x03, 0x00};

/** What has to be behind a last block at a message's end (RFC 7692, 7.2.3.4). */
enum { END = 0x00 };

/** Compress into blocks of which the last says so, by what may lie in the window before: how many bytes. */
static size_t write_last_block(void *to, size_t room, const char *before, const char *data)
{
        z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)strlen(data)};

        assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflateSetDictionary(&z, (const Bytef *)before, (uInt)strlen(before)), Z_OK);
        z.next_out = to;
        z.avail_out = (uInt)room;
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        deflateEnd(&z);
        return room - z.avail_out;
}

static void put_compressed(struct pair *pair, const void *payload, size_t size)
{
        struct frame frame = some_frame(pair, FRAME_BINARY, true, size);

        frame.is_compressed = true;
        put(pair, frame, payload);
}

/** A message of nothing but so many empty blocks. */
static void put_nothing(struct pair *pair, size_t blocks)
{
        size_t size = blocks * sizeof empty_block + 1;
        char *bytes = malloc(size);

        assert_non_null(bytes);
        for (size_t i = 0; i < size - 1; i++)
                bytes[i] = empty_block[i % sizeof empty_block];
        bytes[size - 1] = END;
        put_compressed(pair, bytes, size);
        free(bytes);
}

COROUTINE_TEST(the_window_lasts_beyond_a_last_block)
{
        static const char first[] = "of the first of these blocks ", second[] = "of the first of these words ";
        eddy_websocket_handshake handshake = compressing();
        char bytes[256], before[64], whole[128];
        eddy_websocket_type type;
        struct pair pair;
        size_t size;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, NULL);
        snprintf(before, sizeof before, "%s%s", first, second);
        snprintf(whole, sizeof whole, "%s%s%s", first, second, before);
        size = write_last_block(bytes, sizeof bytes, "", first);
        size += write_last_block(bytes + size, sizeof bytes - size, first, second);
        size += write_last_block(bytes + size, sizeof bytes - size, before, before);
        bytes[size++] = END;
        put_compressed(&pair, bytes, size);
        assert_receives(&pair, EDDY_WEBSOCKET_BINARY, whole);
        /* Also where it is taken byte by byte, and from message to message. */
        size = write_last_block(bytes, sizeof bytes, whole, whole);
        bytes[size++] = END;
        put_compressed(&pair, bytes, size);
        for (const char *expected = whole; *expected; expected++) {
                char byte;

                assert_int_equal(eddy_websocket_read(pair.ws, &byte, 1, &type), 1);
                assert_int_equal(byte, *expected);
        }
        assert_int_equal(eddy_websocket_read(pair.ws, bytes, 1, &type), 0);
        close_pair(&pair);
}

COROUTINE_TEST(a_last_block_costs_no_more_than_another)
{
        eddy_websocket_handshake handshake = compressing();
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, NULL);
        put_nothing(&pair, 10000);
        fault_arm(0, 0);
        assert_receives(&pair, EDDY_WEBSOCKET_BINARY, "");
        assert_true(fault_uses() < 1000); /* of memory, and of the system */
        close_pair(&pair);
}

/* Without end. */

enum { LAST_OF_FLOOD = 1 << 20 };

/** A frame that says it is of 1 TiB, some bytes, and then nothing but empty blocks; the end comes where nobody else has made one. */
static intptr_t flood(void *arg)
{
        static char blocks[4096];
        struct pair *pair = arg;
        uint8_t head[FRAME_MAX_HEAD];
        struct frame frame = some_frame(pair, FRAME_BINARY, false, (size_t)1 << 40);
        size_t size = write_last_block(blocks, sizeof blocks, "", "some bytes");
        int rc;

        frame.is_compressed = true;
        rc = eddy_stream_write(pair->peer, head, frame_write_head(head, &frame));
        if (rc == 0)
                rc = eddy_stream_write(pair->peer, blocks, size);
        for (size_t i = 0; i < sizeof blocks; i++)
                blocks[i] = empty_block[i % sizeof empty_block];
        for (size_t sent = 0; sent < LAST_OF_FLOOD && rc == 0; sent += sizeof blocks)
                rc = eddy_stream_write(pair->peer, blocks, sizeof blocks);
        return rc == 0 ? eddy_stream_write_eof(pair->peer) : rc;
}

static eddy_task *open_flooded_pair(struct pair *pair)
{
        eddy_websocket_handshake handshake = compressing();

        open_pair(pair, EDDY_WEBSOCKET_CLIENT, &handshake, NULL);
        return eddy_create_task(flood, pair);
}

static void end_flood(struct pair *pair, eddy_task *task)
{
        eddy_cancel(task);
        assert_int_equal(eddy_wait(&task, 1, EDDY_ALL_COMPLETED, EDDY_FOREVER), 1);
        eddy_unref(task);
        close_pair(pair);
}

COROUTINE_TEST(much_of_which_nothing_comes_ends_the_connection)
{
        eddy_websocket_message message;
        struct pair pair;
        eddy_task *task = open_flooded_pair(&pair);

        assert_int_equal(eddy_websocket_receive(pair.ws, &message), EDDY_ELIMIT);
        assert_int_equal(eddy_websocket_close_code(pair.ws), 1009);
        assert_gets_close(&pair, 1009);
        end_flood(&pair, task);
}

COROUTINE_TEST(so_it_does_for_who_reads_in_pieces)
{
        eddy_websocket_type type;
        struct pair pair;
        eddy_task *task = open_flooded_pair(&pair);
        char piece[16];

        assert_int_equal(eddy_websocket_read(pair.ws, piece, sizeof piece, &type), strlen("some bytes"));
        assert_int_equal(eddy_websocket_read(pair.ws, piece, sizeof piece, &type), EDDY_ELIMIT);
        end_flood(&pair, task);
}

COROUTINE_TEST(and_where_it_is_dropped_behind_our_close)
{
        struct pair pair;
        eddy_task *task = open_flooded_pair(&pair);

        assert_int_equal(eddy_websocket_close(pair.ws, 1000, NULL), EDDY_ELIMIT);
        end_flood(&pair, task);
}

COROUTINE_TEST(what_is_nothing_counts_for_its_message_alone)
{
        eddy_websocket_handshake handshake = compressing();
        struct pair pair;

        open_pair(&pair, EDDY_WEBSOCKET_SERVER, &handshake, NULL);
        for (int i = 0; i < 4; i++) {
                put_nothing(&pair, 20000);
                assert_receives(&pair, EDDY_WEBSOCKET_BINARY, "");
        }
        close_pair(&pair);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_window_lasts_beyond_a_last_block),
            cmocka_unit_test(a_last_block_costs_no_more_than_another),
            cmocka_unit_test(much_of_which_nothing_comes_ends_the_connection),
            cmocka_unit_test(so_it_does_for_who_reads_in_pieces),
            cmocka_unit_test(and_where_it_is_dropped_behind_our_close),
            cmocka_unit_test(what_is_nothing_counts_for_its_message_alone),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
