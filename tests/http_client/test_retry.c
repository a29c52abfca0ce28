/* What a server's Retry-After asks for, and which failures are worth a second attempt. */
#include "http_client/response.h"
#include "http_client/retry.h"
#include "http_common/date.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static eddy_duration wish_of(const char *value, const char *date)
{
        eddy_http_response response = {.status = 503};
        char line[256];
        eddy_duration wish;

        assert_int_equal(response_add_header(&response, line,
                                             (size_t)snprintf(line, sizeof line, "Retry-After: %s\r\n", value)),
                         0);
        if (date)
                assert_int_equal(
                    response_add_header(&response, line, (size_t)snprintf(line, sizeof line, "Date: %s", date)),
                    0);
        wish = retry_wish(&response);
        eddy_http_response_finish(&response);
        return wish;
}

static void test_seconds(void **state)
{
        static const char *const rubbish[] = {
            "",     "-1",   "+1",  "1.5", "1 2", "1s",          "soon",
            "0x10", "1, 2", "inf", "nan", "Fri", "31 Dec 1999", "Fri, 31 Feb 1999 23:59:59 GMT"};

        (void)state;
        assert_int_equal(wish_of("0", NULL), 0);
        assert_int_equal(wish_of("7", NULL), eddy_seconds(7));
        assert_int_equal(wish_of("007", NULL), eddy_seconds(7));
        assert_int_equal(wish_of("86400", NULL), eddy_seconds(86400));
        assert_true(wish_of("9223372036", NULL) > eddy_seconds(9e9));
        assert_int_equal(wish_of("9223372037", NULL), EDDY_FOREVER);
        assert_int_equal(wish_of("99999999999999999999999999", NULL), EDDY_FOREVER);
        for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++)
                if (wish_of(rubbish[i], NULL) != 0)
                        fail_msg("'%s' is taken for a time", rubbish[i]);
}

static void test_dates(void **state)
{
        const char *sent = "Fri, 31 Dec 1999 23:59:00 GMT";
        char soon[HTTP_DATE_SIZE + 1] = "", gone[HTTP_DATE_SIZE + 1] = "";
        eddy_duration wish;

        (void)state;
        /* By the server's clock... */
        assert_int_equal(wish_of("Fri, 31 Dec 1999 23:59:59 GMT", sent), eddy_seconds(59));
        assert_int_equal(wish_of("Friday, 31-Dec-99 23:59:59 GMT", sent), eddy_seconds(59));
        assert_int_equal(wish_of("Fri Dec 31 23:59:59 1999", sent), eddy_seconds(59));
        assert_int_equal(wish_of("Fri, 31 Dec 1999 23:58:00 GMT", sent), 0);
        assert_true(wish_of("Fri, 31 Dec 9999 23:59:59 GMT", sent) > eddy_seconds(86400));
        /* ... and by ours where it tells none. */
        http_date_write(soon, time(NULL) + 100);
        wish = wish_of(soon, NULL);
        assert_in_range(wish, eddy_seconds(90), eddy_seconds(100));
        http_date_write(gone, time(NULL) - 100);
        assert_int_equal(wish_of(gone, NULL), 0);
        assert_in_range(wish_of(soon, "rubbish"), eddy_seconds(90), eddy_seconds(100));
}

static void test_backoff(void **state)
{
        (void)state;
        assert_int_equal(retry_backoff(0, 1), eddy_ms(250));
        assert_int_equal(retry_backoff(0, 2), eddy_ms(500));
        assert_int_equal(retry_backoff(eddy_ms(1), 4), eddy_ms(8));
        assert_int_equal(retry_backoff(0, 1000000), eddy_seconds(10));
        assert_int_equal(retry_backoff(-1, 1), eddy_ms(250));
        assert_int_equal(retry_backoff(EDDY_FOREVER, 3), eddy_seconds(10));
}

static void test_what_helps(void **state)
{
        static const int passing[] = {EDDY_TIMEOUT,   EDDY_ERESOLVE, EDDY_EINCOMPLETE,
                                      EDDY_EPROTOCOL, -ETIMEDOUT,    -ECONNREFUSED,
                                      -ECONNRESET,    -EHOSTUNREACH, -ENETUNREACH};
        static const int lasting[] = {EDDY_EHTTP, EDDY_ENOTSUP, EDDY_CANCELLED, EDDY_ELIMIT, -EINVAL,
                                      -ENOMEM,    -ENOSPC,      -EFBIG,         -EDQUOT,     -EIO,
                                      -EACCES,    -EEXIST,      -EROFS};

        (void)state;
        for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
                if (!retry_may_help(passing[i]))
                        fail_msg("%s may pass", eddy_errname(passing[i]));
        for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++)
                if (retry_may_help(lasting[i]))
                        fail_msg("%s does not pass", eddy_errname(lasting[i]));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_seconds),
            cmocka_unit_test(test_dates),
            cmocka_unit_test(test_backoff),
            cmocka_unit_test(test_what_helps),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
