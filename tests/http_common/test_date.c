/* Dates are written in one form and read in three, and what is none of them is no date. */
#include "http_common/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

enum { MOMENT = 784111777 }; /* Sun, 06 Nov 1994 08:49:37 GMT */

static void test_written_as_by_the_c_library(void **state)
{
        (void)state;
        for (time_t moment = -86400 * 366; moment < 86400LL * 366 * 500; moment += 86400 * 3 + 3607) {
                char text[HTTP_DATE_SIZE], expected[64];
                time_t when;
                struct tm tm;

                gmtime_r(&moment, &tm);
                strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm);
                http_date_write(text, moment);
                assert_memory_equal(text, expected, HTTP_DATE_SIZE);
                assert_true(http_date_parse(text, HTTP_DATE_SIZE, &when));
                assert_int_equal(when, moment);
        }
}

static void test_read(void **state)
{
        static const char *const right[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                                            "Sun Nov  6 08:49:37 1994"};
        static const char *const wrong[] = {
            "",
            "yesterday",
            "784111777",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 08:49:37",
            "06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Sun, 06 Nov 1994 08:49:37 GMT, 7",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Now 1994 08:49:37 GMT",
            "Sun, 06 anF 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, -6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT",
            "Sun, 06 Nov 19941 08:49:37 GMT",
            "Sun Nov  6 08:49:37 94 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT and more, for longer than any date can be"};
        time_t when;

        (void)state;
        for (size_t i = 0; i < sizeof right / sizeof right[0]; i++) {
                if (!http_date_parse(right[i], strlen(right[i]), &when) || when != MOMENT)
                        fail_msg("'%s' is not read", right[i]);
        }
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
                if (http_date_parse(wrong[i], strlen(wrong[i]), &when))
                        fail_msg("'%s' is taken for a date", wrong[i]);
}

static void test_years_of_two_digits(void **state)
{
        time_t now = time(NULL), when;
        char text[64];
        struct tm tm;

        (void)state;
        for (int ahead = -45; ahead <= 45; ahead += 5) {
                gmtime_r(&now, &tm);
                tm.tm_year += ahead;
                tm.tm_mday = 1;
                strftime(text, sizeof text, "Friday, %d-%b-%y %H:%M:%S GMT", &tm);
                assert_true(http_date_parse(text, strlen(text), &when));
                assert_int_equal(when, timegm(&tm));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_written_as_by_the_c_library),
            cmocka_unit_test(test_read),
            cmocka_unit_test(test_years_of_two_digits),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
