#include "http/date.h"

#include <curl/curl.h>
#include <stdint.h>
#include <string.h>

static void two_digits(char *at, int value)
{
        at[0] = (char)('0' + value / 10);
        at[1] = (char)('0' + value % 10);
}

/* The date of a day counted from 1970-01-01. Years here begin in March, so that a leap day is a year's last,
 * and are counted in eras of 400, which all have the same number of days. */
static void find_date(int64_t days, int *year, int *month, int *day)
{
        int64_t shifted = days + 719468; /* from 0000-03-01 */
        int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
        int64_t day_of_era = shifted - era * 146097;
        int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int64_t march_month = (5 * day_of_year + 2) / 153;

        *day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
        *month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
        *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

/* Neither strftime() nor gmtime(): names of days and months must not depend on the locale, and an answer
 * should not have to wait for the C library's lock on time zones. */
void http_date_write(char text[HTTP_DATE_SIZE], time_t when)
{
        static const char days[] = "ThuFriSatSunMonTueWed"; /* 1970 began on a Thursday */
        static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
        int64_t day_number = when / 86400 - (when % 86400 < 0);
        int second = (int)(when - day_number * 86400), year, month, day;

        find_date(day_number, &year, &month, &day);
        memcpy(text, "xxx, 00 xxx 0000 00:00:00 GMT", HTTP_DATE_SIZE);
        memcpy(text, days + 3 * ((day_number % 7 + 7) % 7), 3);
        two_digits(text + 5, day);
        memcpy(text + 8, months + (ptrdiff_t)3 * (month - 1), 3);
        two_digits(text + 12, year / 100 % 100);
        two_digits(text + 14, year % 100);
        two_digits(text + 17, second / 3600);
        two_digits(text + 20, second / 60 % 60);
        two_digits(text + 23, second % 60);
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
