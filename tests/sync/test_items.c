/* The ring, the stack and the heap that a queue's items lie in. */
#include "testing.h"

#include "sync/items.h"
#include <stdlib.h>

enum { LEAST = 4 };

struct ranked {
        int rank;
        int number;
};

static int compare_ranks(const void *a, const void *b)
{
        const struct ranked *left = a, *right = b;

        return left->rank - right->rank;
}

static void put(struct eddy_queue_items *items, int64_t number)
{
        assert_int_equal(items_put(items, &number), 0);
}

static int64_t take(struct eddy_queue_items *items)
{
        int64_t number = -1;

        items_take(items, &number);
        return number;
}

TEST(takes_the_oldest_or_the_newest)
{
        struct eddy_queue_items ring, stack;

        items_init(&ring, ITEMS_OLDEST, sizeof(int64_t), LEAST, NULL);
        items_init(&stack, ITEMS_NEWEST, sizeof(int64_t), LEAST, NULL);
        for (int i = 0; i < 10; i++) {
                put(&ring, i);
                put(&stack, i);
        }
        for (int i = 0; i < 10; i++) {
                assert_int_equal(take(&ring), i);
                assert_int_equal(take(&stack), 9 - i);
        }
        items_finish(&ring);
        items_finish(&stack);
}

/* At every place of the ring that the first item can have. */
TEST(keeps_the_order_as_the_ring_turns_and_grows)
{
        for (int turned = 0; turned < LEAST; turned++) {
                struct eddy_queue_items items;
                int next = 0;

                items_init(&items, ITEMS_OLDEST, sizeof(int64_t), LEAST, NULL);
                for (int i = 0; i < turned; i++) {
                        put(&items, 0);
                        take(&items);
                }
                for (int i = 0; i < 5 * LEAST; i++) {
                        put(&items, 2 * i);
                        put(&items, 2 * i + 1);
                        assert_int_equal(take(&items), next++);
                }
                while (items.count > 0)
                        assert_int_equal(take(&items), next++);
                assert_int_equal(next, 10 * LEAST);
                items_finish(&items);
        }
}

TEST(shrinks_with_its_items_and_keeps_the_least)
{
        struct eddy_queue_items items;
        size_t most;

        items_init(&items, ITEMS_OLDEST, sizeof(int64_t), LEAST, NULL);
        assert_int_equal(items.capacity, 0);
        for (int i = 0; i < 1000; i++)
                put(&items, i);
        most = items.capacity;
        assert_true(most >= 1000 && most < 2000);
        for (int i = 0; i < 1000; i++) {
                assert_int_equal(take(&items), i);
                assert_true(items.capacity <= LEAST || items.capacity <= 4 * items.count + 4);
        }
        assert_int_equal(items.capacity, LEAST);
        /* Around a border nothing is moved to and fro. */
        for (int i = 0; i < LEAST + 1; i++)
                put(&items, i);
        most = items.capacity;
        for (int i = 0; i < 10; i++) {
                take(&items);
                assert_int_equal(items.capacity, most);
                put(&items, i);
                assert_int_equal(items.capacity, most);
        }
        items_finish(&items);
}

TEST(sorts_and_keeps_equals_in_order)
{
        struct eddy_queue_items items;
        struct ranked item, last;
        unsigned seed = 7;

        items_init(&items, ITEMS_LEAST, sizeof item, LEAST, compare_ranks);
        for (int round = 0; round < 50; round++) {
                int count = rand_r(&seed) % 60;

                for (int i = 0; i < count; i++) {
                        item = (struct ranked){rand_r(&seed) % 8, i};
                        assert_int_equal(items_put(&items, &item), 0);
                }
                last = (struct ranked){-1, 0};
                for (int i = 0; i < count; i++) {
                        items_take(&items, &item);
                        assert_true(item.rank > last.rank ||
                                    (item.rank == last.rank && item.number > last.number));
                        last = item;
                }
                assert_int_equal(items.count, 0);
        }
        items_finish(&items);
}

static int compare_long_doubles(const void *a, const void *b)
{
        assert_int_equal((uintptr_t)b % _Alignof(long double), 0);
        return *(const long double *)a < *(const long double *)b ? -1 : 1;
}

TEST(aligns_what_is_compared)
{
        struct eddy_queue_items items;
        long double item;

        items_init(&items, ITEMS_LEAST, sizeof item, LEAST, compare_long_doubles);
        for (item = 9; item > 0; item--)
                assert_int_equal(items_put(&items, &item), 0);
        for (int i = 1; i < 10; i++) {
                items_take(&items, &item);
                assert_true(item == i);
        }
        items_finish(&items);
}

TEST(copies_items_of_any_size)
{
        static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 24, 100};
        char in[100], out[101];

        memset(in, 'i', sizeof in);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                struct eddy_queue_items items;

                memset(out, 'o', sizeof out);
                items_init(&items, ITEMS_OLDEST, sizes[i], LEAST, NULL);
                for (int j = 0; j < 3; j++)
                        assert_int_equal(items_put(&items, in), 0);
                items_take(&items, out);
                assert_memory_equal(out, in, sizes[i]);
                assert_int_equal(out[sizes[i]], 'o');
                items_finish(&items);
        }
}

TEST(loses_nothing_without_memory)
{
        struct eddy_queue_items items;
        int64_t number = 0;

        items_init(&items, ITEMS_OLDEST, sizeof number, LEAST, NULL);
        fault_arm(1, 1);
        assert_int_equal(items_put(&items, &number), -ENOMEM);
        assert_int_equal(items.count, 0);
        for (int i = 0; i < 16 * LEAST; i++)
                put(&items, i);
        fault_arm(1, 1);
        assert_int_equal(items_put(&items, &number), -ENOMEM);
        assert_int_equal(items.count, 16 * LEAST);
        /* It cannot move to less memory, and so stays. */
        fault_arm(1, 1000);
        for (int i = 0; i < 16 * LEAST; i++)
                assert_int_equal(take(&items), i);
        fault_arm(0, 0);
        items_finish(&items);
        /* More than there is. */
        items_init(&items, ITEMS_OLDEST, 1 << 20, SIZE_MAX / 1000, NULL);
        assert_int_equal(items_grow(&items), -ENOMEM);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_the_oldest_or_the_newest),
            cmocka_unit_test(keeps_the_order_as_the_ring_turns_and_grows),
            cmocka_unit_test(shrinks_with_its_items_and_keeps_the_least),
            cmocka_unit_test(sorts_and_keeps_equals_in_order),
            cmocka_unit_test(aligns_what_is_compared),
            cmocka_unit_test(copies_items_of_any_size),
            cmocka_unit_test(loses_nothing_without_memory),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
