/* Days and dates of the Gregorian calendar, by days since 1970. */
#ifndef JOBS_CALENDAR_H
#define JOBS_CALENDAR_H

#include <stdint.h>

enum { DAY_SECONDS = 86400 };

/** Rounded down, so that it holds before 1970, too. */
static inline int64_t calendar_divide(int64_t dividend, int64_t divisor)
{
        return dividend / divisor - (dividend % divisor < 0);
}

/** The number of a day; months from 1 on. A year begins with March here, so that a leap day is its last one. */
static inline int64_t calendar_day(int64_t year, int month, int day)
{
        int64_t since_march = (month + 9) % 12, from = year - (month <= 2);
        int64_t era = calendar_divide(from, 400), of_era = from - era * 400;

        return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + (153 * since_march + 2) / 5 + day - 1 -
               719468;
}

/** Sunday is 0. */
static inline int calendar_weekday(int64_t day)
{
        return (int)(day + 4 - 7 * calendar_divide(day + 4, 7));
}

static inline void calendar_date(int64_t number, int64_t *year, int *month, int *day)
{
        int64_t since = number + 719468, era = calendar_divide(since, 146097), of_era = since - era * 146097;
        int64_t years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
        int64_t of_year = of_era - (365 * years + years / 4 - years / 100),
                since_march = (5 * of_year + 2) / 153;

        *day = (int)(of_year - (153 * since_march + 2) / 5 + 1);
        *month = (int)(since_march < 10 ? since_march + 3 : since_march - 9);
        *year = years + era * 400 + (*month <= 2);
}

#endif
