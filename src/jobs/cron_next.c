/* The moments of an expression. Local times are in seconds as if they were UTC; each search goes forward alone, and ends. */
#include "jobs/calendar.h"
#include "jobs/cron_expression.h"

/* The 29th of February may be a Sunday but once in 40 years. */
enum { DAYS_MOST = 50 * 366, NONE = -1 };

static const int64_t year_10000 = INT64_C(253402300800);

/* The first value from one on, or NONE. */
static int first_from(uint64_t values, int from)
{
        uint64_t left = from < 64 ? values >> from << from : 0;

        return left ? __builtin_ctzll(left) : NONE;
}

/* The first second of a day from one on, or NONE. */
static int find_second(const struct jobs_cron_expression *e, int from)
{
        int hour = first_from(e->hours, from / 3600), minute = 0, second = 0;

        if (hour == from / 3600) {
                minute = from / 60 % 60;
                second = first_from(e->seconds, from % 60);
                if (second == NONE || !(e->minutes >> minute & 1)) {
                        second = 0;
                        minute = first_from(e->minutes, minute + 1);
                }
                if (minute == NONE) {
                        hour = first_from(e->hours, hour + 1);
                        minute = 0;
                }
        }
        if (hour == NONE)
                return NONE;
        if (hour != from / 3600 || minute != from / 60 % 60)
                second = first_from(e->seconds, 0);
        return hour * 3600 + first_from(e->minutes, minute) * 60 + second;
}

static bool has_day(const struct jobs_cron_expression *e, int day, int64_t number)
{
        bool is_day = e->days >> day & 1, is_weekday = e->weekdays >> calendar_weekday(number) & 1;

        return e->is_either_day ? is_day || is_weekday : is_day && is_weekday;
}

/* The first local time from one on; INT64_MAX: there is none. */
static int64_t find_local(const struct jobs_cron_expression *e, int64_t from)
{
        int64_t number = calendar_divide(from, DAY_SECONDS), last = number + DAYS_MOST, year;
        int month, day, second;

        for (; number <= last; number++, from = number * DAY_SECONDS) {
                calendar_date(number, &year, &month, &day);
                if (!(e->months >> month & 1)) {
                        number = calendar_day(year + month / 12, month % 12 + 1, 1) - 1;
                        continue;
                }
                second = has_day(e, day, number) ? find_second(e, (int)(from - number * DAY_SECONDS)) : NONE;
                if (second != NONE)
                        return number * DAY_SECONDS + second;
        }
        return INT64_MAX;
}

/* By clocks as they are, from one change of theirs to the next. */
static int64_t next_in_real_time(const struct jobs_cron_expression *e, const struct jobs_zone *zone,
                                 int64_t after)
{
        int64_t from = after + 1, until;

        for (; from < year_10000; from = until) {
                int64_t offset = jobs_zone_offset(zone, from, &until), local = find_local(e, from + offset);
                if (local == INT64_MAX)
                        return local;
                if (local - offset < until)
                        return local - offset;
        }
        return INT64_MAX;
}

/* A later local time never comes at an earlier moment, so that nothing before that of `after` need be looked at; some behind it may have come
 * before, where clocks were set back. */
static int64_t next_by_clock(const struct jobs_cron_expression *e, const struct jobs_zone *zone, int64_t after)
{
        int64_t until, moment, local = after + jobs_zone_offset(zone, after, &until);

        do {
                local = find_local(e, local + 1);
                if (local == INT64_MAX)
                        return local;
                moment = jobs_zone_moment(zone, local);
        } while (moment <= after);
        return moment;
}

eddy_job_time jobs_cron_next(const struct jobs_cron_expression *e, const struct jobs_zone *zone,
                             eddy_job_time after)
{
        int64_t seconds = calendar_divide(after, 1000000), moment;

        if (seconds >= year_10000)
                return 0;
        if (e->every > 0)
                return (calendar_divide(after, e->every) + 1) * e->every;
        moment = e->is_real_time ? next_in_real_time(e, zone, seconds) : next_by_clock(e, zone, seconds);
        return moment < year_10000 ? moment * 1000000 : 0;
}

eddy_job_time jobs_cron_newest(const struct jobs_cron_expression *e, const struct jobs_zone *zone,
                               eddy_job_time from, eddy_job_time until)
{
        eddy_job_time newest = from, next = jobs_cron_next(e, zone, from);

        while (next && next <= until) {
                eddy_job_time middle = newest + (until - newest) / 2, later = jobs_cron_next(e, zone, middle);
                if (later && later <= until) {
                        newest = later;
                } else { /* what is left is not behind the middle */
                        newest = next;
                        until = middle > next ? middle : next;
                }
                next = jobs_cron_next(e, zone, newest);
        }
        return newest;
}
