#include "../testing.h"

#include "websocket/frame.h"

/** Heads as they are on the wire, and what they say. */
static const struct {
        const char *bytes;
        size_t size;
        struct frame frame;
} heads[] = {
    {"\x81\x05", 2, {.opcode = FRAME_TEXT, .is_final = true, .size = 5}},
    {"\x01\x03", 2, {.opcode = FRAME_TEXT, .size = 3}},
    {"\x80\x02", 2, {.opcode = FRAME_CONTINUATION, .is_final = true, .size = 2}},
    {"\xc1\x07", 2, {.opcode = FRAME_TEXT, .is_final = true, .is_compressed = true, .size = 7}},
    {"\x81\x85\x37\xfa\x21\x3d",
     6,
     {.opcode = FRAME_TEXT, .is_final = true, .is_masked = true, .mask = "\x37\xfa\x21\x3d", .size = 5}},
    {"\x82\x7d", 2, {.opcode = FRAME_BINARY, .is_final = true, .size = 125}},
    {"\x82\x7e\x00\x7e", 4, {.opcode = FRAME_BINARY, .is_final = true, .size = 126}},
    {"\x82\x7e\x01\x00", 4, {.opcode = FRAME_BINARY, .is_final = true, .size = 256}},
    {"\x82\x7e\xff\xff", 4, {.opcode = FRAME_BINARY, .is_final = true, .size = 65535}},
    {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10, {.opcode = FRAME_BINARY, .is_final = true, .size = 65536}},
    {"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
     10,
     {.opcode = FRAME_BINARY, .is_final = true, .size = INT64_MAX}},
    {"\x8a\xff\x00\x00\x00\x00\x00\x01\x00\x00\x01\x02\x03\x04",
     14,
     {.opcode = FRAME_PONG, .is_final = true, .is_masked = true, .mask = "\1\2\3\4", .size = 65536}},
};

TEST(heads_say_what_they_are)
{
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
                const uint8_t *bytes = (const uint8_t *)heads[i].bytes;
                const struct frame *expected = &heads[i].frame;
                uint8_t written[FRAME_MAX_HEAD];
                struct frame frame;

                assert_int_equal(frame_head_size(bytes, heads[i].size), heads[i].size);
                assert_true(frame_read_head(&frame, bytes));
                assert_int_equal(frame.opcode, expected->opcode);
                assert_int_equal(frame.is_final, expected->is_final);
                assert_int_equal(frame.is_compressed, expected->is_compressed);
                assert_int_equal(frame.is_masked, expected->is_masked);
                assert_false(frame.has_reserved);
                assert_true(frame.size == expected->size);
                if (frame.is_masked)
                        assert_memory_equal(frame.mask, expected->mask, FRAME_MASK_SIZE);
                assert_int_equal(frame_write_head(written, &frame), heads[i].size);
                assert_memory_equal(written, bytes, heads[i].size);
        }
}

TEST(a_head_is_not_whole_before_its_last_byte)
{
        for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
                for (size_t n = 0; n < heads[i].size; n++)
                        assert_true(frame_head_size((const uint8_t *)heads[i].bytes, n) > n);
        }
}

TEST(a_length_is_written_as_briefly_as_can_be)
{
        static const char *const wrong[] = {
            "\x82\x7e\x00\x7d",
            "\x82\x7e\x00\x00",
            "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
            "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00",
        };
        struct frame frame;

        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                assert_false(frame_read_head(&frame, (const uint8_t *)wrong[i]));
}

TEST(reserved_bits_are_seen)
{
        struct frame frame;

        assert_true(frame_read_head(&frame, (const uint8_t *)"\xa1\x00"));
        assert_true(frame.has_reserved);
        assert_true(frame_read_head(&frame, (const uint8_t *)"\x91\x00"));
        assert_true(frame.has_reserved);
}

TEST(a_mask_goes_on_in_the_middle)
{
        static const uint8_t mask[] = {0xa1, 0xb2, 0xc3, 0xd4};
        uint8_t plain[100], masked[100];

        for (unsigned i = 0; i < sizeof plain; i++) {
                plain[i] = (uint8_t)(i * 7);
                masked[i] = (uint8_t)(plain[i] ^ mask[i % 4]);
        }
        for (size_t first = 0; first <= sizeof plain; first++) {
                uint8_t result[sizeof plain];

                frame_mask(result, masked, first, mask, 0);
                memcpy(result + first, masked + first, sizeof plain - first);
                frame_mask(result + first, result + first, sizeof plain - first, mask, first);
                assert_memory_equal(result, plain, sizeof plain);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(heads_say_what_they_are),
            cmocka_unit_test(a_head_is_not_whole_before_its_last_byte),
            cmocka_unit_test(a_length_is_written_as_briefly_as_can_be),
            cmocka_unit_test(reserved_bits_are_seen),
            cmocka_unit_test(a_mask_goes_on_in_the_middle),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
