/* What a loop's exception handler was told. */
#ifndef TESTS_TASK_REPORTS_H
#define TESTS_TASK_REPORTS_H

#include "../testing.h"

#include <stdio.h>

/** The last report, and how many there were. */
static char reported[300];
static int report_count;

static inline void keep_report(eddy_loop *loop, const eddy_exception *exception, void *arg)
{
        (void)loop, (void)arg;
        report_count++;
        snprintf(reported, sizeof reported, "%s: %s: %s", exception->message, eddy_errname(exception->error),
                 exception->detail);
}

/** Begin to keep what a loop's exception handler is told; NULL: the running one's. */
static inline void keep_reports(eddy_loop *loop)
{
        report_count = 0;
        reported[0] = '\0';
        eddy_loop_set_exception_handler(loop ? loop : eddy_running_loop(), keep_report, NULL);
}

/** Compare how many reports there were since the last time. */
#define assert_reports(expected)                                                                               \
        do {                                                                                                   \
                assert_int_equal(report_count, expected);                                                      \
                report_count = 0;                                                                              \
        } while (0)

#endif
