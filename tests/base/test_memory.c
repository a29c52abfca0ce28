#include "base/memory.h"
#include "testing.h"
#include <stdlib.h>

static long live, calls;

static void *counting_malloc(size_t size)
{
        live++;
        calls++;
        return malloc(size);
}

static void *counting_realloc(void *pointer, size_t size)
{
        live += !pointer;
        calls++;
        return realloc(pointer, size);
}

static void counting_free(void *pointer)
{
        live -= pointer != NULL;
        free(pointer);
}

static intptr_t twice(void *arg)
{
        eddy_sleep(eddy_us(10));
        return *(int *)arg * 2;
}

static intptr_t use_much(void *arg)
{
        eddy_future *future = eddy_future_create(NULL);
        eddy_group group;

        (void)arg;
        eddy_group_open(&group);
        for (int i = 0; i < 20; i++)
                eddy_group_spawn(&group, twice, &i);
        eddy_fail(-EIO, "a detail");
        eddy_future_set_result(future, 1);
        eddy_join(future, NULL);
        return eddy_group_close(&group);
}

TEST(takes_all_memory_from_the_chosen_allocator_and_gives_it_back)
{
        const eddy_allocator counting = {counting_malloc, counting_realloc, counting_free};

        eddy_set_allocator(&counting);
        assert_int_equal(run_main(use_much, NULL), 0);
        eddy_set_allocator(NULL);
        assert_true(calls > 0);
        assert_int_equal(live, 0);
        calls = 0;
        assert_int_equal(run_main(use_much, NULL), 0);
        assert_int_equal(calls, 0);
}

TEST(answers_null_without_memory)
{
        fault_arm(1, 4);
        assert_null(memory_alloc(1));
        assert_null(memory_zalloc(1));
        assert_null(memory_realloc(NULL, 1));
        assert_null(memory_strdup("x"));
        assert_int_equal(fault_uses(), 4);
        fault_arm(0, 0);
        memory_free(NULL);
        eddy_free(NULL);
}

TEST(clears_and_copies)
{
        unsigned char *zeros = memory_zalloc(100);
        char *copy = memory_strdup("text");

        for (int i = 0; i < 100; i++)
                assert_int_equal(zeros[i], 0);
        assert_string_equal(copy, "text");
        eddy_free(zeros);
        eddy_free(copy);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(takes_all_memory_from_the_chosen_allocator_and_gives_it_back),
            cmocka_unit_test(answers_null_without_memory),
            cmocka_unit_test(clears_and_copies),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
