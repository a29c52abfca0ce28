#include "jobs/zone_rule.h"

#include "jobs/calendar.h"
#include <ctype.h>
#include <string.h>

enum { HOURS_MOST = 167 /* in both directions, as of the third version of files */ };

static bool skip_name(const char **text)
{
        const char *begin = *text;

        if (*begin == '<') {
                *text = strchr(begin, '>');
                return *text && *(*text)++ == '>';
        }
        while (isalpha((unsigned char)**text))
                ++*text;
        return *text - begin >= 3;
}

static bool parse_number(const char **text, int64_t least, int64_t most, int64_t *number)
{
        const char *begin = *text;

        *number = 0;
        while (isdigit((unsigned char)**text) && *text - begin < 6)
                *number = *number * 10 + *(*text)++ - '0';
        return *text > begin && *number >= least && *number <= most;
}

static bool skip(const char **text, char c)
{
        if (**text != c)
                return false;
        ++*text;
        return true;
}

/* [+-]H[H][:MM[:SS]], in seconds. */
static bool parse_time(const char **text, int64_t *seconds)
{
        int64_t hours, minutes = 0, rest = 0, sign = **text == '-' ? -1 : 1;

        *text += **text == '-' || **text == '+';
        if (!parse_number(text, 0, HOURS_MOST, &hours))
                return false;
        if (**text == ':' && (++*text, !parse_number(text, 0, 59, &minutes)))
                return false;
        if (**text == ':' && (++*text, !parse_number(text, 0, 59, &rest)))
                return false;
        *seconds = sign * (hours * 3600 + minutes * 60 + rest);
        return true;
}

static bool parse_change(const char **text, struct zone_rule_change *change)
{
        int64_t month = 0, week = 0, day;
        bool is_good;

        change->form = **text == 'M' || **text == 'J' ? *(*text)++ : 'n';
        if (change->form == 'M')
                is_good = parse_number(text, 1, 12, &month) && skip(text, '.') &&
                          parse_number(text, 1, 5, &week) && skip(text, '.') && parse_number(text, 0, 6, &day);
        else
                is_good = parse_number(text, change->form == 'J', 365, &day);
        if (!is_good)
                return false;
        change->month = (int)month;
        change->week = (int)week;
        change->day = (int)day;
        change->time = 2 * 3600;
        return **text != '/' || (++*text, parse_time(text, &change->time));
}

bool zone_rule_parse(struct zone_rule *rule, const char *text)
{
        struct zone_rule parsed = {0};
        int64_t west;

        if (!skip_name(&text) || !parse_time(&text, &west))
                return false;
        parsed.standard = -west;
        if (*text) {
                parsed.has_summer = true;
                parsed.summer = parsed.standard + 3600;
                if (!skip_name(&text))
                        return false;
                if (*text != ',') {
                        if (!parse_time(&text, &west))
                                return false;
                        parsed.summer = -west;
                }
                if (!skip(&text, ',') || !parse_change(&text, &parsed.begin) || !skip(&text, ',') ||
                    !parse_change(&text, &parsed.end) || *text)
                        return false;
        }
        *rule = parsed;
        return true;
}

static bool is_leap_year(int64_t year)
{
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* The moment in a year, by clocks that are so far from UTC. */
static int64_t moment_of(const struct zone_rule_change *change, int64_t year, int64_t offset)
{
        int64_t day = calendar_day(year, 1, 1), next;

        if (change->form == 'M') {
                next = calendar_day(year + change->month / 12, change->month % 12 + 1, 1);
                day = calendar_day(year, change->month, 1);
                day += (change->day - calendar_weekday(day) + 7) % 7 + 7 * (change->week - 1);
                day -= day >= next ? 7 : 0;
        } else {
                day += change->day - (change->form == 'J' && (change->day < 60 || !is_leap_year(year)));
        }
        return day * DAY_SECONDS + change->time - offset;
}

/* Where both changes are at one moment, summer's beginning counts: such a zone has summer all the year. */
int64_t zone_rule_offset(const struct zone_rule *rule, int64_t moment, int64_t *until)
{
        int64_t year, latest = INT64_MIN, offset = rule->standard;
        int month, day;

        *until = INT64_MAX;
        if (!rule->has_summer)
                return offset;
        calendar_date(calendar_divide(moment, DAY_SECONDS), &year, &month, &day);
        year--;
        for (int i = 0; i < 3; i++, year++) {
                int64_t moments[] = {moment_of(&rule->end, year, rule->summer),
                                     moment_of(&rule->begin, year, rule->standard)};
                for (int is_begin = 0; is_begin < 2; is_begin++) {
                        if (moments[is_begin] > moment && moments[is_begin] < *until)
                                *until = moments[is_begin];
                        if (moments[is_begin] <= moment &&
                            (moments[is_begin] > latest || (is_begin && moments[is_begin] == latest))) {
                                latest = moments[is_begin];
                                offset = is_begin ? rule->summer : rule->standard;
                        }
                }
        }
        return offset;
}
