#include "jobs_moment.h"
#include "cli.h"
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LATEST 253402300799 /* seconds since 1970: the last one of the year 9999 */

enum { SECOND = 1000000 /* in microseconds */, DAY = 86400 };

/* No 31st of February, which would be taken for a day of March. */
static bool is_day(const struct tm *time)
{
        struct tm copy = {.tm_year = time->tm_year, .tm_mon = time->tm_mon, .tm_mday = time->tm_mday};

        timegm(&copy);
        return copy.tm_mday == time->tm_mday;
}

/* Digits behind a point as microseconds; what is behind them, or NULL where there is none. */
static const char *read_fraction(const char *text, long *fraction)
{
        if (*text < '0' || *text > '9')
                return NULL;
        for (long unit = SECOND / 10; *text >= '0' && *text <= '9'; unit /= 10)
                *fraction += unit * (*text++ - '0');
        return text;
}

/* "18:00", "18:00:00" or "18:00:00.5": what is behind it, or NULL. "18:00.5" is none: in ISO 8601 that is
 * half a minute, and who writes it may mean half a second. */
static const char *read_clock(const char *text, struct tm *time, long *fraction)
{
        const char *end = strptime(text, "%H:%M", time);

        if (!end || *end != ':')
                return end;
        end = strptime(end + 1, "%S", time);
        return end && *end == '.' ? read_fraction(end + 1, fraction) : end;
}

/* A date and a time, as ISO 8601 and our own lists have them: false where it is none. */
static bool read_date(const char *text, long *seconds, long *fraction)
{
        struct tm time = {.tm_isdst = -1};
        const char *end = strptime(text, "%Y-%m-%d", &time);
        bool is_local;
        long offset;

        if (!end || (*end != 'T' && *end != ' '))
                return false;
        end = read_clock(end + 1, &time, fraction);
        if (!end || !is_day(&time))
                return false;
        is_local = *end == '\0';
        if (!is_local)
                end = strptime(end, "%z", &time);
        if (!end || *end || labs(time.tm_gmtoff) >= DAY)
                return false;
        offset = time.tm_gmtoff; /* which timegm() forgets */
        *seconds = is_local ? mktime(&time) : timegm(&time) - offset;
        return true;
}

bool jobs_read_moment(const char *text, eddy_job_time *moment)
{
        long seconds = 0, fraction = 0;

        if (!read_date(text, &seconds, &fraction) && !cli_parse_number(text, 1, LATEST, &seconds))
                return false;
        if (seconds <= 0 || seconds > LATEST)
                return false;
        *moment = (eddy_job_time)seconds * SECOND + fraction;
        return true;
}

/* Have local time be that of a zone, as schedules name them; NULL: UTC. Where this machine does not know the zone it is UTC. */
static void set_zone(const char *zone)
{
        eddy_job_time next;
        char name[256];
        /* The C library would take what it does not know for UTC under that name. */
        bool is_known = zone && eddy_job_cron_next("@daily", zone, SECOND, &next) == 0;

        snprintf(name, sizeof name, ":%s", is_known ? zone : "UTC0");
        setenv("TZ", is_known ? name : name + 1, 1);
        tzset();
}

static void format(char *out, size_t size, const char *how, eddy_job_time moment)
{
        time_t seconds = (time_t)(moment / SECOND);
        struct tm time;

        out[0] = '\0';
        if (moment > 0 && localtime_r(&seconds, &time))
                strftime(out, size, how, &time);
}

void jobs_format_time(char *out, size_t size, eddy_job_time moment)
{
        format(out, size, "%Y-%m-%d %H:%M:%S", moment);
}

void jobs_format_time_in(char *out, size_t size, eddy_job_time moment, const char *zone)
{
        const char *own = getenv("TZ");
        char *before = own ? strdup(own) : NULL;
        bool is_local = own && !before; /* without memory: as the offset says */

        if (!is_local)
                set_zone(zone);
        format(out, size, "%Y-%m-%d %H:%M:%S %z", moment);
        if (before)
                setenv("TZ", before, 1);
        else if (!is_local)
                unsetenv("TZ");
        tzset();
        free(before);
}
