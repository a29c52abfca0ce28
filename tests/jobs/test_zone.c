/* Time zones, beside what the C library makes of the same files. */
#include "../testing.h"

#include "jobs/zone.h"
#include "jobs/zone_rule.h"
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ZONES = 512 };

/* Moments from 1970 to 2100. */
static const int64_t last_moment = INT64_C(4102444800);

static struct jobs_zone *open_zone(const char *name)
{
        struct jobs_zone *zone;

        assert_int_equal(jobs_zone_open(&zone, name), 0);
        return zone;
}

/* Whether the C library agrees; says where not. */
static bool agrees(const struct jobs_zone *zone, const char *name, int64_t moment)
{
        time_t time = (time_t)moment;
        int64_t until, offset = jobs_zone_offset(zone, moment, &until);
        struct tm local;

        localtime_r(&time, &local);
        if (until > moment && local.tm_gmtoff == offset)
                return true;
        fprintf(stderr, "%s at %lld: %lld, and not %ld\n", name, (long long)moment, (long long)offset,
                local.tm_gmtoff);
        return false;
}

/* In a process of its own, whose zone it is. */
static int compare_zone(const char *name)
{
        struct jobs_zone *zone;
        int64_t until;

        setenv("TZ", name, 1);
        tzset();
        if (jobs_zone_open(&zone, name) < 0)
                return 1;
        for (int64_t moment = 0; moment < last_moment; moment += 5 * 86400 + 3607)
                if (!agrees(zone, name, moment))
                        return 1;
        for (int64_t moment = 0; moment < last_moment; moment = until) {
                jobs_zone_offset(zone, moment, &until);
                if (until < last_moment && (!agrees(zone, name, until - 1) || !agrees(zone, name, until)))
                        return 1;
        }
        eddy_free(zone);
        return 0;
}

static void assert_agrees(const char *name)
{
        int status = -1;
        pid_t child = fork();

        if (child == 0)
                _exit(compare_zone(name));
        assert_int_equal(waitpid(child, &status, 0), child);
        if (status != 0)
                fail_msg("%s", name);
}

/* All of them, before any process is made that shares the file's place with this one. */
static size_t read_names(char names[ZONES][64])
{
        FILE *list = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
        char line[512];
        size_t n = 0;

        while (list && n < ZONES && fgets(line, sizeof line, list))
                n += line[0] != '#' && sscanf(line, "%*s %*s %63s", names[n]) == 1;
        if (list)
                fclose(list);
        assert_true(!list || n > 200);
        return n;
}

TEST(each_zone_of_the_system_is_as_the_c_library_has_it)
{
        static char names[ZONES][64];
        size_t n = read_names(names);

        for (size_t i = 0; i < n; i++)
                assert_agrees(names[i]);
        assert_agrees("Europe/Dublin"); /* whose winter is the exception */
        assert_agrees("EST5EDT");
        assert_agrees("Etc/GMT+12");
}

/* In a process of its own. */
static int compare_rule(const char *text)
{
        struct zone_rule rule;
        int64_t until;

        setenv("TZ", text, 1);
        tzset();
        if (!zone_rule_parse(&rule, text))
                return 1;
        for (int64_t moment = 0; moment < last_moment; moment += 3607) {
                time_t time = (time_t)moment;
                struct tm local;
                localtime_r(&time, &local);
                if (zone_rule_offset(&rule, moment, &until) != local.tm_gmtoff || until <= moment)
                        return 1;
        }
        return 0;
}

TEST(rules_of_each_form_are_as_the_c_library_has_them)
{
        static const char *const texts[] = {
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT4,J60,J300/2:30",
            "AAA-3BBB,58/1,J61/0:0:1",
            "NZST-12NZDT,M9.5.0,M4.1.0/3",
            "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
            "IST-1GMT0,M10.5.0,M3.5.0/1",
            "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
            "UTC0",
        };

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
                int status = -1;
                pid_t child = fork();
                if (child == 0)
                        _exit(compare_rule(texts[i]));
                assert_int_equal(waitpid(child, &status, 0), child);
                if (status != 0)
                        fail_msg("%s", texts[i]);
        }
}

TEST(summer_may_be_all_the_year)
{
        struct zone_rule rule;
        int64_t until;

        assert_true(zone_rule_parse(&rule, "XXX3EDT4,0/0,J365/23"));
        for (int64_t moment = 0; moment < last_moment; moment += 3607)
                assert_true(zone_rule_offset(&rule, moment, &until) == -4 * 3600);
}

TEST(what_is_no_rule_is_refused)
{
        static const char *const wrong[] = {"",
                                            "A1",
                                            "CET",
                                            "CET-1CEST",
                                            "CET-1CEST,M3.5.0",
                                            "CET-x",
                                            "<CET-1",
                                            "CET-200",
                                            "CET-1:60",
                                            "CET-1CEST,M13.1.0,M1.1.0",
                                            "CET-1,",
                                            "CET-1CEST,J0,J1",
                                            "CET-1CEST,366,1",
                                            "CET-1CEST,M3.5.0,M10.5.0x"};
        struct zone_rule rule;

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
                if (zone_rule_parse(&rule, wrong[i]))
                        fail_msg("%s", wrong[i]);
}

TEST(utc_needs_no_file)
{
        struct jobs_zone *zone;
        int64_t until;

        setenv("TZDIR", "/nowhere", 1);
        zone = open_zone("UTC");
        assert_true(jobs_zone_offset(zone, 1234567890, &until) == 0);
        assert_true(until == INT64_MAX);
        assert_true(jobs_zone_moment(zone, 1234567890) == 1234567890);
        eddy_free(zone);
        unsetenv("TZDIR");
}

TEST(a_local_time_is_found_once)
{
        struct jobs_zone *zone = open_zone("Europe/Berlin");
        const int64_t spring = 1774746000; /* 2026-03-29 01:00 UTC: clocks go from 2 to 3 */
        const int64_t autumn = 1792890000; /* 2026-10-25 01:00 UTC: from 3 to 2 */

        assert_true(jobs_zone_moment(zone, spring + 3600 - 1) == spring - 1);
        for (int64_t skipped = spring + 3600; skipped <= spring + 7200; skipped += 600)
                assert_true(jobs_zone_moment(zone, skipped) == spring);
        assert_true(jobs_zone_moment(zone, spring + 7201) == spring + 1);
        assert_true(jobs_zone_moment(zone, autumn + 3600) == autumn - 3600); /* 2:00, the first one */
        assert_true(jobs_zone_moment(zone, autumn + 7199) == autumn - 1);
        assert_true(jobs_zone_moment(zone, autumn + 7200) == autumn + 3600);
        eddy_free(zone);
}

TEST(what_is_no_zone_is_refused_in_words)
{
        static const struct {
                const char *name, *words;
        } wrong[] = {
            {"Europe/Atlantis", "there is no time zone Europe/Atlantis"},
            {"../../../etc/passwd", "a time zone has a name such as"},
            {"/etc/passwd", "a time zone has a name such as"},
            {"", "a time zone has a name such as"},
            {"Europe", "there is no time zone Europe"},
            {"tzdata", "there is no time zone"},
        };
        struct jobs_zone *zone;

        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                assert_int_equal(jobs_zone_open(&zone, wrong[i].name), -EINVAL);
                assert_null(zone);
                assert_non_null(strstr(eddy_explain(-EINVAL), wrong[i].words));
        }
}

/* A folder of zones that has one file. */
static void write_zone(char *folder, const unsigned char *bytes, size_t size)
{
        char path[256];
        FILE *file;

        strcpy(folder, "/tmp/eddy-zones-XXXXXX");
        assert_non_null(mkdtemp(folder));
        snprintf(path, sizeof path, "%s/Zone", folder);
        file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, size, file), size);
        fclose(file);
        setenv("TZDIR", folder, 1);
}

static void remove_zone(const char *folder)
{
        char path[256];

        snprintf(path, sizeof path, "%s/Zone", folder);
        unlink(path);
        rmdir(folder);
        unsetenv("TZDIR");
}

/* However a file is broken, it is read within its bounds. */
TEST(a_broken_file_does_no_harm)
{
        unsigned char bytes[8192], broken[8192];
        FILE *file = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
        struct jobs_zone *zone;
        char folder[64];
        size_t size;
        int64_t until;

        if (!file)
                skip();
        size = fread(bytes, 1, sizeof bytes, file);
        fclose(file);
        for (size_t n = 0; n < size; n += 7) {
                memcpy(broken, bytes, size);
                broken[n] ^= (unsigned char)(1u << n % 8);
                write_zone(folder, broken, n % 2 ? size : n);
                if (jobs_zone_open(&zone, "Zone") == 0) {
                        for (int64_t moment = -86400; moment < last_moment; moment += 40000000) {
                                jobs_zone_offset(zone, moment, &until);
                                assert_true(until > moment);
                                jobs_zone_moment(zone, moment);
                        }
                        eddy_free(zone);
                } else {
                        assert_non_null(strstr(eddy_explain(-EINVAL), "is no file of a time zone"));
                }
                remove_zone(folder);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(each_zone_of_the_system_is_as_the_c_library_has_it),
            cmocka_unit_test(rules_of_each_form_are_as_the_c_library_has_them),
            cmocka_unit_test(summer_may_be_all_the_year),
            cmocka_unit_test(what_is_no_rule_is_refused),
            cmocka_unit_test(utc_needs_no_file),
            cmocka_unit_test(a_local_time_is_found_once),
            cmocka_unit_test(what_is_no_zone_is_refused_in_words),
            cmocka_unit_test(a_broken_file_does_no_harm),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
