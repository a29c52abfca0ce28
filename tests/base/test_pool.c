#include "base/pool.h"
#include "testing.h"

enum { COUNT = 5000, SIZE = 52 };

TEST(hands_out_memory_that_does_not_overlap)
{
        static unsigned char *items[COUNT];
        struct pool pool;

        pool_init(&pool, SIZE);
        for (int i = 0; i < COUNT; i++) {
                items[i] = pool_take(&pool);
                assert_non_null(items[i]);
                assert_int_equal((uintptr_t)items[i] % 8, 0);
                memset(items[i], i & 0xff, SIZE);
        }
        for (int i = 0; i < COUNT; i++)
                for (int k = 0; k < SIZE; k++)
                        assert_int_equal(items[i][k], i & 0xff);
        for (int i = 0; i < COUNT; i++)
                pool_give(&pool, items[i]);
        pool_finish(&pool);
}

TEST(hands_out_again_what_came_back)
{
        struct pool pool;
        void *item;

        if (SANITIZER_WATCHES_MEMORY)
                skip();
        pool_init(&pool, SIZE);
        item = pool_take(&pool);
        fault_arm(1, 1000000);
        for (int i = 0; i < 100; i++) {
                pool_give(&pool, item);
                assert_ptr_equal(pool_take(&pool), item);
        }
        fault_arm(0, 0);
        pool_give(&pool, item);
        pool_finish(&pool);
}

TEST(answers_null_without_memory_and_goes_on_later)
{
        struct pool pool;
        void *item;

        pool_init(&pool, SIZE);
        fault_arm(1, 1);
        assert_null(pool_take(&pool));
        item = pool_take(&pool);
        assert_non_null(item);
        fault_arm(0, 0);
        pool_give(&pool, item);
        pool_finish(&pool);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(hands_out_memory_that_does_not_overlap),
            cmocka_unit_test(hands_out_again_what_came_back),
            cmocka_unit_test(answers_null_without_memory_and_goes_on_later),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
