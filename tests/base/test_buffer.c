#include "base/buffer.h"
#include "testing.h"
#include <stdlib.h>

TEST(keeps_bytes_in_order)
{
        struct buffer buffer = {NULL, 0, 0, 0};
        unsigned char put = 0, taken = 0;

        /* More goes in than comes out, in pieces of changing size, so that the bytes move and grow. */
        for (unsigned round = 0; round < 2000; round++) {
                unsigned char piece[97];
                size_t in = round * 31 % sizeof piece, out = round * 17 % 83;

                for (size_t i = 0; i < in; i++)
                        piece[i] = put++;
                assert_int_equal(buffer_append(&buffer, piece, in), 0);
                if (out > buffer_size(&buffer))
                        out = buffer_size(&buffer);
                for (size_t i = 0; i < out; i++)
                        assert_int_equal((unsigned char)buffer_data(&buffer)[i], taken++);
                buffer_consume(&buffer, out);
        }
        for (size_t i = 0; i < buffer_size(&buffer); i++)
                assert_int_equal((unsigned char)buffer_data(&buffer)[i], taken++);
        assert_int_equal(put, taken);
        buffer_finish(&buffer);
        assert_int_equal(buffer_size(&buffer), 0);
}

TEST(makes_room_without_growing_when_the_front_is_free)
{
        struct buffer buffer = {NULL, 0, 0, 0};
        size_t capacity;

        assert_int_equal(buffer_reserve(&buffer, 1000), 0);
        capacity = buffer.capacity;
        for (int i = 0; i < 1000; i++) {
                assert_int_equal(buffer_append(&buffer, "0123456789", 10), 0);
                if (i > 0)
                        buffer_consume(&buffer, 10);
        }
        assert_int_equal(buffer_size(&buffer), 10);
        assert_memory_equal(buffer_data(&buffer), "0123456789", 10);
        assert_int_equal(buffer.capacity, capacity);
        buffer_finish(&buffer);
}

TEST(refuses_what_there_is_no_memory_for_and_keeps_the_rest)
{
        struct buffer buffer = {NULL, 0, 0, 0};

        assert_int_equal(buffer_append(&buffer, "kept", 4), 0);
        assert_int_equal(buffer_reserve(&buffer, SIZE_MAX), -ENOMEM);
        assert_int_equal(buffer_reserve(&buffer, SIZE_MAX / 2), -ENOMEM);
        fault_arm(1, 1);
        assert_int_equal(buffer_reserve(&buffer, 100000), -ENOMEM);
        fault_arm(0, 0);
        assert_int_equal(buffer_size(&buffer), 4);
        assert_memory_equal(buffer_data(&buffer), "kept", 4);
        assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
        buffer_finish(&buffer);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(keeps_bytes_in_order),
            cmocka_unit_test(makes_room_without_growing_when_the_front_is_free),
            cmocka_unit_test(refuses_what_there_is_no_memory_for_and_keeps_the_rest),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
