/* Expressions and their moments. */
#include "../testing.h"

#include "jobs/cron_expression.h"
#include <stdio.h>
#include <time.h>

/* "2026-03-29T02:30:00" as UTC, in microseconds. */
static eddy_job_time parse_moment(const char *text)
{
        struct tm time = {0};

        assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%S", &time));
        return (eddy_job_time)timegm(&time) * 1000000;
}

static void format_moment(char *out, size_t size, eddy_job_time moment)
{
        time_t seconds = (time_t)(moment / 1000000);
        struct tm time;

        gmtime_r(&seconds, &time);
        strftime(out, size, "%Y-%m-%dT%H:%M:%S", &time);
}

static void parse(struct jobs_cron_expression *expression, const char *text)
{
        if (jobs_cron_parse(expression, text) < 0)
                fail_msg("%s: %s", text, eddy_explain(-EINVAL));
}

/* The moments that follow one another, all in UTC. */
static const struct row {
        const char *expression, *zone, *after, *moments;
} rows[] = {
    /* Fields. */
    {"* * * * *", "UTC", "2026-01-01T00:00:00", "2026-01-01T00:01:00 2026-01-01T00:02:00"},
    {"*/15 * * * *", "UTC", "2026-01-01T00:50:00", "2026-01-01T01:00:00 2026-01-01T01:15:00"},
    {"10-30/10,5 8 * * *", "UTC", "2026-01-01T00:00:00",
     "2026-01-01T08:05:00 2026-01-01T08:10:00 2026-01-01T08:20:00 2026-01-01T08:30:00 2026-01-02T08:05:00"},
    {"30 4 1,15 * 5", "UTC", "2026-11-01T05:00:00",
     "2026-11-06T04:30:00 2026-11-13T04:30:00 2026-11-15T04:30:00 2026-11-20T04:30:00"},
    {"0 0 */2 * mon", "UTC", "2026-11-01T05:00:00", "2026-11-09T00:00:00 2026-11-23T00:00:00"},
    {"0 9 * * mon-FRI", "UTC", "2026-11-27T09:00:00", "2026-11-30T09:00:00 2026-12-01T09:00:00"},
    {"0 9 * * 7", "UTC", "2026-11-27T09:00:00", "2026-11-29T09:00:00 2026-12-06T09:00:00"},
    {"0 9 * * sat-sun", "UTC", "2026-11-27T09:00:00",
     "2026-11-28T09:00:00 2026-11-29T09:00:00 2026-12-05T09:00:00"},
    {"0 9 * * 5-7/2", "UTC", "2026-11-26T09:00:00",
     "2026-11-27T09:00:00 2026-11-29T09:00:00 2026-12-04T09:00:00"},
    {"0 0 1 jan,Jul *", "UTC", "2026-01-01T00:00:00", "2026-07-01T00:00:00 2027-01-01T00:00:00"},
    {"59 23 31 12 *", "UTC", "2026-12-31T23:59:00", "2027-12-31T23:59:00"},
    {"*/20 59 23 31 12 *", "UTC", "2026-01-01T00:00:00",
     "2026-12-31T23:59:00 2026-12-31T23:59:20 2026-12-31T23:59:40 2027-12-31T23:59:00"},
    {"0 0 31 * *", "UTC", "2026-01-31T00:00:00", "2026-03-31T00:00:00 2026-05-31T00:00:00"},
    /* Leap days, the longest wait there is among them. */
    {"0 12 29 2 *", "UTC", "2026-01-01T00:00:00", "2028-02-29T12:00:00 2032-02-29T12:00:00"},
    {"0 0 29 2 *", "UTC", "2096-02-29T00:00:00", "2104-02-29T00:00:00"},
    {"0 0 29 feb */6", "UTC", "2072-03-01T00:00:00", "2076-02-29T00:00:00 2088-02-29T00:00:00"},
    /* Nicknames. */
    {"@hourly", "UTC", "2026-01-01T00:00:00", "2026-01-01T01:00:00"},
    {"@daily", "Asia/Kathmandu", "2026-01-01T00:00:00", "2026-01-01T18:15:00 2026-01-02T18:15:00"},
    {"@weekly", "UTC", "2026-11-30T00:00:00", "2026-12-06T00:00:00"},
    {"@monthly", "UTC", "2026-11-30T00:00:00", "2026-12-01T00:00:00"},
    {"@yearly", "America/New_York", "2026-11-30T00:00:00", "2027-01-01T05:00:00"},
    {"@every 90s", "UTC", "2026-01-01T00:00:10", "2026-01-01T00:01:30 2026-01-01T00:03:00"},
    {"@every 1h30m", "Europe/Berlin", "2026-01-01T00:00:00", "2026-01-01T01:30:00 2026-01-01T03:00:00"},
    /* Clocks are set forward: what they skip comes when they do so, once. */
    {"30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00",
     "2026-03-28T01:30:00 2026-03-29T01:00:00 2026-03-30T00:30:00"},
    {"0,30 2 * * *", "Europe/Berlin", "2026-03-29T00:00:00", "2026-03-29T01:00:00 2026-03-30T00:00:00"},
    {"0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00:00", "2026-03-29T01:00:00 2026-03-30T00:00:00"},
    {"30 2 * * *", "America/New_York", "2026-03-08T00:00:00", "2026-03-08T07:00:00 2026-03-09T06:30:00"},
    {"15 2 * * *", "Australia/Lord_Howe", "2026-10-02T16:00:00", "2026-10-03T15:30:00 2026-10-04T15:15:00"},
    {"0 0 * * *", "America/Santiago", "2026-09-05T05:00:00", "2026-09-06T04:00:00 2026-09-07T03:00:00"},
    {"0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00", "2011-12-30T10:00:00 2012-12-29T22:00:00"},
    /* They are set back: what comes twice counts the first time. */
    {"30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00", "2026-10-25T00:30:00 2026-10-26T01:30:00"},
    {"30 1 * * *", "America/New_York", "2026-11-01T00:00:00", "2026-11-01T05:30:00 2026-11-02T06:30:00"},
    {"0,45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00",
     "2026-04-04T14:00:00 2026-04-04T14:45:00 2026-04-05T14:30:00"},
    {"30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00", "2026-10-26T01:30:00"},
    /* "*" in seconds is no other rule. */
    {"*/20 30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00", "2026-03-29T01:00:00 2026-03-30T00:30:00"},
    {"*/20 30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:10",
     "2026-10-25T00:30:20 2026-10-25T00:30:40 2026-10-26T01:30:00"},
    {"*/20 * 2 * * *", "Europe/Berlin", "2026-10-25T01:59:30", "2026-10-25T01:59:40 2026-10-26T01:00:00"},
    /* What runs every hour or minute goes on by real time. */
    {"0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00",
     "2026-10-25T00:00:00 2026-10-25T01:00:00 2026-10-25T02:00:00 2026-10-25T03:00:00"},
    {"0 * * * *", "Europe/Berlin", "2026-03-28T23:30:00",
     "2026-03-29T00:00:00 2026-03-29T01:00:00 2026-03-29T02:00:00"},
    {"*/30 * * * *", "Australia/Lord_Howe", "2026-04-04T14:00:00",
     "2026-04-04T14:30:00 2026-04-04T15:00:00 2026-04-04T15:30:00"},
    {"0 */4 * * *", "America/New_York", "2026-11-01T00:00:00",
     "2026-11-01T04:00:00 2026-11-01T09:00:00 2026-11-01T13:00:00"},
    /* Beyond the files' tables. */
    {"30 2 * * *", "Europe/Berlin", "2099-03-28T12:00:00", "2099-03-29T01:00:00 2099-03-30T00:30:00"},
    {"30 1 * * *", "America/New_York", "2099-11-01T00:00:00", "2099-11-01T05:30:00 2099-11-02T06:30:00"},
};

TEST(the_moments_of_expressions)
{
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const struct row *row = &rows[i];
                eddy_job_time moment = parse_moment(row->after);
                struct jobs_cron_expression expression;
                struct jobs_zone *zone;

                parse(&expression, row->expression);
                assert_int_equal(jobs_zone_open(&zone, row->zone), 0);
                for (const char *wanted = row->moments; *wanted; wanted += 19 + (wanted[19] == ' ')) {
                        char got[32];
                        moment = jobs_cron_next(&expression, zone, moment);
                        format_moment(got, sizeof got, moment);
                        if (strncmp(got, wanted, 19) != 0)
                                fail_msg("%s in %s after %s: %s, and not %.19s", row->expression, row->zone,
                                         row->after, got, wanted);
                }
                eddy_free(zone);
        }
}

TEST(what_is_wrong_is_said)
{
        static const struct {
                const char *expression, *words;
        } wrong[] = {
            {"", "a schedule has 5 fields"},
            {"* * * *", "a schedule has 5 fields"},
            {"0 0 * * * * 2026", "a schedule has 5 fields"},
            {"60 * * * *", "a schedule's minute is 0 to 59, and not 60"},
            {"0 24 * * *", "a schedule's hour is 0 to 23, and not 24"},
            {"0 0 0 * *", "a schedule's day is 1 to 31, and not 0"},
            {"0 0 * 13 *", "a schedule's month is 1 to 12"},
            {"0 0 * * 8", "a schedule's weekday is 0 to 7"},
            {"0 0 * mon *", "a schedule's month: a number or a name"},
            {"0 0 * * monday", "a schedule's weekday: a number or a name"},
            {"1x * * * *", "a schedule's minute: nothing that can be understood at 'x'"},
            {", * * * *", "a schedule's minute: a number is missing"},
            {"1, * * * *", "a schedule's minute: a number is missing"},
            {"5/10 * * * *", "a schedule's minute: a step needs '*' or a range"},
            {"*/0 * * * *", "a schedule's minute: a step is 1 to 59"},
            {"*/90 * * * *", "a schedule's minute: a step is 1 to 59"},
            {"0 22-2 * * *", "a schedule's hour: 22-2 ends before it begins"},
            {"0 0 L * *", "a schedule's day: a number is missing at 'L'"},
            {"99999999999 * * * *", "a schedule's minute"},
            {"30 2 30 2 *", "a schedule's day: none of its months has it"},
            {"0 0 31 4,6,9,nov *", "a schedule's day: none of its months has it"},
            {"@reboot", "and not @reboot"},
            {"@every", "and not @every"},
            {"@every 5", "a schedule's interval is such as"},
            {"@every s", "a schedule's interval is such as"},
            {"@every 0s", "a schedule's interval is 1 second to 366 days"},
            {"@every 367d", "a schedule's interval is 1 second to 366 days"},
        };
        struct jobs_cron_expression expression;
        char longest[300];

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                assert_int_equal(jobs_cron_parse(&expression, wrong[i].expression), -EINVAL);
                if (!strstr(eddy_explain(-EINVAL), wrong[i].words))
                        fail_msg("%s: %s", wrong[i].expression, eddy_explain(-EINVAL));
        }
        memset(longest, '*', sizeof longest - 1);
        longest[sizeof longest - 1] = '\0';
        assert_int_equal(jobs_cron_parse(&expression, longest), -EINVAL);
}

/* Many moments. */

static uint64_t chance = 88172645463325252u;

static uint64_t some(uint64_t most)
{
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        return chance % most;
}

static void make_field(char *out, int least, int most)
{
        int first = least + (int)some((uint64_t)(most - least + 1));

        switch (some(4)) {
        case 0:
                sprintf(out, "%d", first);
                break;
        case 1:
                sprintf(out, "%d-%d/%d", least, most, 1 + (int)some((uint64_t)(most - least)));
                break;
        case 2:
                sprintf(out, "*/%d", 1 + (int)some((uint64_t)(most - least)));
                break;
        default:
                strcpy(out, "*");
        }
}

/* Whether clocks show at a moment what the fields say. */
static bool shows(const struct jobs_cron_expression *e, int64_t local)
{
        time_t seconds = (time_t)local;
        struct tm time;
        bool is_day, is_weekday;

        gmtime_r(&seconds, &time);
        is_day = e->days >> time.tm_mday & 1;
        is_weekday = e->weekdays >> time.tm_wday & 1;
        return e->seconds >> time.tm_sec & 1 && e->minutes >> time.tm_min & 1 && e->hours >> time.tm_hour & 1 &&
               e->months >> (time.tm_mon + 1) & 1 &&
               (e->is_either_day ? is_day || is_weekday : is_day && is_weekday);
}

static bool clocks_skip(const struct jobs_zone *zone, int64_t moment)
{
        int64_t until, before = jobs_zone_offset(zone, moment - 1, &until);

        return jobs_zone_offset(zone, moment, &until) > before;
}

/* Between two neighbours nothing is left out: minute by minute where they are near. */
static void assert_nothing_between(const struct jobs_cron_expression *e, const struct jobs_zone *zone,
                                   int64_t from, int64_t to)
{
        int64_t until;

        for (int64_t moment = from - from % 60 + 60, n = 0; moment < to && n < 3000; moment += 60, n++) {
                int64_t local = moment + jobs_zone_offset(zone, moment, &until);
                if (shows(e, local) && (e->is_real_time || jobs_zone_moment(zone, local) == moment))
                        fail_msg("%lld is left out between %lld and %lld", (long long)moment, (long long)from,
                                 (long long)to);
        }
}

TEST(each_next_moment_is_later_and_shows_what_the_fields_say)
{
        static const char *const names[] = {
            "Europe/Berlin",    "America/New_York",  "Australia/Lord_Howe", "Asia/Kathmandu",
            "America/Santiago", "Africa/Casablanca", "Pacific/Apia",        "UTC"};
        struct jobs_cron_expression expression;
        char fields[5][32], text[256];

        for (int i = 0; i < 3000; i++) {
                eddy_job_time after = (eddy_job_time)some(4102444800) * 1000000 + 1, next;
                struct jobs_zone *zone;
                int64_t until;

                make_field(fields[0], 0, 59);
                make_field(fields[1], 0, 23);
                make_field(fields[2], 1, 28);
                make_field(fields[3], 1, 12);
                make_field(fields[4], 0, 6);
                snprintf(text, sizeof text, "%s %s %s %s %s", fields[0], fields[1], fields[2], fields[3],
                         fields[4]);
                parse(&expression, text);
                assert_int_equal(jobs_zone_open(&zone, names[some(sizeof names / sizeof *names)]), 0);
                for (int n = 0; n < 5; n++, after = next) {
                        int64_t seconds;
                        next = jobs_cron_next(&expression, zone, after);
                        assert_true(next > after);
                        seconds = next / 1000000;
                        if (!shows(&expression, seconds + jobs_zone_offset(zone, seconds, &until)))
                                assert_true(!expression.is_real_time && clocks_skip(zone, seconds));
                        assert_nothing_between(&expression, zone, after / 1000000, seconds);
                        assert_true(jobs_cron_newest(&expression, zone, next, next) == next);
                        assert_true(jobs_cron_newest(&expression, zone, next,
                                                     jobs_cron_next(&expression, zone, next) - 1) == next);
                }
                eddy_free(zone);
        }
}

TEST(the_newest_of_many_is_found)
{
        static const char *const texts[] = {"* * * * * *", "0 3 * * *", "0 0 29 2 *", "@every 7s", "0 0 1 * 5"};
        struct jobs_zone *zone;

        assert_int_equal(jobs_zone_open(&zone, "Europe/Berlin"), 0);
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                struct jobs_cron_expression expression;
                eddy_job_time from, until = parse_moment("2066-05-05T05:05:05"), newest;

                parse(&expression, texts[i]);
                from = jobs_cron_next(&expression, zone, 0);
                newest = jobs_cron_newest(&expression, zone, from, until);
                assert_true(newest <= until && jobs_cron_next(&expression, zone, newest) > until);
                assert_true(jobs_cron_next(&expression, zone, newest - 1) == newest);
        }
        eddy_free(zone);
}

TEST(there_is_an_end)
{
        struct jobs_cron_expression expression;
        struct jobs_zone *zone;

        assert_int_equal(jobs_zone_open(&zone, "Europe/Berlin"), 0);
        parse(&expression, "0 0 1 1 *");
        assert_true(jobs_cron_next(&expression, zone, parse_moment("9999-12-31T23:30:00")) == 0);
        assert_true(jobs_cron_next(&expression, zone, INT64_MAX) == 0);
        eddy_free(zone);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(the_moments_of_expressions),
            cmocka_unit_test(what_is_wrong_is_said),
            cmocka_unit_test(each_next_moment_is_later_and_shows_what_the_fields_say),
            cmocka_unit_test(the_newest_of_many_is_found),
            cmocka_unit_test(there_is_an_end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
