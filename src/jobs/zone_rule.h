/* What a time zone does when its table ends: a TZ string of POSIX, such as "CET-1CEST,M3.5.0,M10.5.0/3". */
#ifndef JOBS_ZONE_RULE_H
#define JOBS_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

/* When in a year clocks change. */
struct zone_rule_change {
        char
            form; /* 'M': the weekday of a week of a month; 'J': a day from 1 on, without leap days; 'n': from 0 on, with them */
        int month, week, day; /* `day` alone but for 'M' */
        int64_t time;         /* seconds of that day, by the clocks before they change */
};

/* All zero: UTC. */
struct zone_rule {
        int64_t standard, summer; /* what is added to UTC, in seconds */
        bool has_summer;
        struct zone_rule_change begin, end; /* of summer */
};

/** Whether it is one. */
bool zone_rule_parse(struct zone_rule *rule, const char *text);

/** As jobs_zone_offset(). */
int64_t zone_rule_offset(const struct zone_rule *rule, int64_t moment, int64_t *until);

#endif
