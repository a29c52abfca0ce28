/* Moments, as people write and read them. */
#include "jobs.h"
#include "jobs_moment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#define CHRISTMAS 1798131600000000 /* microseconds: 2026-12-24T17:00:00Z */

static void assert_local(const char *expected)
{
        char text[48];

        jobs_format_time(text, sizeof text, CHRISTMAS);
        assert_string_equal(text, expected);
}

static void other_zones_leave_local_time_as_it_was(void **state)
{
        static const struct {
                const char *own, *local;
        } owns[] = {{"Asia/Kolkata", "2026-12-24 22:30:00"}, {"", "2026-12-24 17:00:00"}, {NULL, NULL}};
        char text[48];

        (void)state;
        for (size_t i = 0; i < sizeof owns / sizeof *owns; i++) {
                if (owns[i].own)
                        setenv("TZ", owns[i].own, 1);
                else
                        unsetenv("TZ");
                tzset();
                jobs_format_time_in(text, sizeof text, CHRISTMAS, "Europe/Berlin");
                assert_string_equal(text, "2026-12-24 18:00:00 +0100");
                jobs_format_time_in(text, sizeof text, CHRISTMAS, NULL);
                assert_string_equal(text, "2026-12-24 17:00:00 +0000");
                jobs_format_time_in(text, sizeof text, 0, "Europe/Berlin");
                assert_string_equal(text, "");
                if (owns[i].own)
                        assert_string_equal(getenv("TZ"), owns[i].own);
                else
                        assert_null(getenv("TZ"));
                if (owns[i].local)
                        assert_local(owns[i].local);
        }
}

static void a_fraction_is_of_seconds(void **state)
{
        static const char *const wrong[] = {"2026-12-24T17:00.5Z", "2026-12-24T17:00.Z",
                                            "2026-12-24T17:00:00.Z", "2026-12-24T17:00:Z",
                                            "2026-12-24T17:00:.5Z"};
        eddy_job_time moment = 0;

        (void)state;
        assert_true(jobs_read_moment("2026-12-24T17:00Z", &moment));
        assert_true(moment == CHRISTMAS);
        assert_true(jobs_read_moment("2026-12-24T17:00:00.5Z", &moment));
        assert_true(moment == CHRISTMAS + 500000);
        assert_true(jobs_read_moment("2026-12-24T18:00:00.0000019+01:00", &moment));
        assert_true(moment == CHRISTMAS + 1);
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                assert_false(jobs_read_moment(wrong[i], &moment));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(other_zones_leave_local_time_as_it_was),
            cmocka_unit_test(a_fraction_is_of_seconds),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
