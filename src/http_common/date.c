#include "http_common/date.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

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
        int64_t day_number = when / 86400 - (when % 86400 < 0);
        int second = (int)(when - day_number * 86400), year, month, day;

        find_date(day_number, &year, &month, &day);
        memcpy(text, "xxx, 00 xxx 0000 00:00:00 GMT", HTTP_DATE_SIZE);
        memcpy(text, days + 3 * ((day_number % 7 + 7) % 7), 3);
        two_digits(text + 5, day);
        memcpy(text + 8, month_names + (ptrdiff_t)3 * (month - 1), 3);
        two_digits(text + 12, year / 100 % 100);
        two_digits(text + 14, year % 100);
        two_digits(text + 17, second / 3600);
        two_digits(text + 20, second / 60 % 60);
        two_digits(text + 23, second % 60);
}

/** A date as it is written, each field still any number. */
struct written_date {
        char month[4];
        int year, day, hour, minute, second;
};

/* A year of two digits that seems to be more than 50 years ahead is one of the past (RFC 9110 5.6.7). */
static int whole_year(int year)
{
        int this_year, month, day;

        find_date(time(NULL) / 86400, &this_year, &month, &day);
        year += this_year / 100 * 100;
        return year > this_year + 50 ? year - 100 : year;
}

/* The three forms that HTTP has had. How many bytes one of them takes; 0 where it is none. */
static size_t scan(const char *text, struct written_date *date)
{
        int size = 0;

        sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &date->day, date->month, &date->year,
               &date->hour, &date->minute, &date->second, &size);
        if (size > 0)
                return (size_t)size;
        sscanf(text, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &date->day, date->month, &date->year,
               &date->hour, &date->minute, &date->second, &size);
        if (size > 0) {
                date->year = whole_year(date->year);
                return (size_t)size;
        }
        sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", date->month, &date->day, &date->hour,
               &date->minute, &date->second, &date->year, &size);
        return (size_t)size;
}

/* Days from 1970-01-01; false where the calendar has no such day. */
static bool count_days(int year, int month, int day, int64_t *days)
{
        int64_t march_year = year - (month <= 2);
        int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        int found_year, found_month, found_day;

        *days = march_year * 365 + march_year / 4 - march_year / 100 + march_year / 400 + day_of_year - 719468;
        find_date(*days, &found_year, &found_month, &found_day);
        return found_year == year && found_month == month && found_day == day;
}

bool http_date_parse(const char *text, size_t n, time_t *when)
{
        struct written_date date = {.month = ""};
        const char *name;
        char copy[64];
        int64_t days;
        int month;

        if (n >= sizeof copy)
                return false;
        memcpy(copy, text, n);
        copy[n] = '\0';
        if (scan(copy, &date) != n || n == 0 || strlen(date.month) != 3)
                return false;
        name = strstr(month_names, date.month);
        if (!name || (name - month_names) % 3 != 0)
                return false;
        month = (int)(name - month_names) / 3 + 1;
        if (date.year < 1 || date.day < 1 || !count_days(date.year, month, date.day, &days))
                return false;
        if (date.hour < 0 || date.hour > 23 || date.minute < 0 || date.minute > 59 || date.second < 0 ||
            date.second > 60)
                return false;
        *when = days * 86400 + date.hour * 3600L + date.minute * 60L + date.second;
        return true;
}
