/* When a schedule has work done: an expression as of cron(8), in a time zone. */
#ifndef JOBS_CRON_EXPRESSION_H
#define JOBS_CRON_EXPRESSION_H

#include "jobs/zone.h"
#include <eddy/jobs_store.h>

/** A bit for each value that a field allows. */
struct jobs_cron_expression {
        uint64_t seconds, minutes, hours;
        uint64_t days, months; /* from 1 on */
        uint64_t weekdays;     /* Sunday is 0 */
        bool is_either_day;    /* a day or a weekday is enough, since both are named */
        bool is_real_time;     /* hours or minutes are "*": it goes by what clocks show, however they are set */
        int64_t every;         /* microseconds; 0: the fields above */
};

/** Read "minute hour day month weekday", with seconds before it where there are six, "@daily" and so on, or "@every 90s": 0, or -EINVAL
 * with a detail that says which field is wrong. One that no day agrees with is wrong, too. */
int jobs_cron_parse(struct jobs_cron_expression *expression, const char *text);

/**
 * The first moment after another one.
 *
 * - Local times that clocks skip come when they do so, and those that clocks show twice the first time.
 * - With `is_real_time`: whenever clocks show them.
 *
 * It is later than `after`, or 0 where there is none before the year 10000.
 */
eddy_job_time jobs_cron_next(const struct jobs_cron_expression *expression, const struct jobs_zone *zone,
                             eddy_job_time after);

/** The last one until a moment, from one on which is no later. */
eddy_job_time jobs_cron_newest(const struct jobs_cron_expression *expression, const struct jobs_zone *zone,
                               eddy_job_time from, eddy_job_time until);

#endif
