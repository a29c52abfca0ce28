/* The table of the kernel's error numbers, for C libraries that have none, is what the one that has one says. */
#include "testing.h"

#define errno_name    table_errno_name
#define errno_meaning table_errno_meaning
#include "../../src/base/errno_name_table.c"
#undef errno_name
#undef errno_meaning

#undef BASE_ERRNO_NAME_H
#include "base/errno_name.h"

TEST(names_and_explains_each_number_the_same)
{
        for (int number = -1; number < 200; number++) {
                const char *name = errno_name(number);

                if (!name) {
                        assert_null(table_errno_name(number));
                        assert_null(table_errno_meaning(number));
                        continue;
                }
                assert_string_equal(table_errno_name(number), name);
                assert_string_equal(table_errno_meaning(number), errno_meaning(number));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(names_and_explains_each_number_the_same),
        };

        return cmocka_run_group_tests_name("errno_name", tests, NULL, NULL);
}
