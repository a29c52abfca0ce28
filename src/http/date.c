#include "http/date.h"

#include <curl/curl.h>
#include <string.h>

static void two_digits(char *at, int value)
{
        at[0] = (char)('0' + value / 10);
        at[1] = (char)('0' + value % 10);
}

/* Not strftime(): names of days and months must not depend on the locale. */
void http_date_write(char text[HTTP_DATE_SIZE], time_t when)
{
        static const char days[] = "SunMonTueWedThuFriSat";
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        struct tm tm;

        gmtime_r(&when, &tm);
        memcpy(text, "xxx, 00 xxx 0000 00:00:00 GMT", HTTP_DATE_SIZE);
        memcpy(text, days + (ptrdiff_t)3 * tm.tm_wday, 3);
        two_digits(text + 5, tm.tm_mday);
        memcpy(text + 8, months + (ptrdiff_t)3 * tm.tm_mon, 3);
        two_digits(text + 12, (tm.tm_year + 1900) / 100 % 100);
        two_digits(text + 14, (tm.tm_year + 1900) % 100);
        two_digits(text + 17, tm.tm_hour);
        two_digits(text + 20, tm.tm_min);
        two_digits(text + 23, tm.tm_sec);
}

bool http_date_parse(const char *text, size_t n, time_t *when)
{
        char copy[64];

        if (n >= sizeof copy)
                return false;
        memcpy(copy, text, n);
        copy[n] = '\0';
        *when = curl_getdate(copy, NULL);
        return *when != -1;
}
