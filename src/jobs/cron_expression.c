/* Expressions as text. */
#include "jobs/cron_expression.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { FIELDS = 6, TEXT_MOST = 200 };

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                          "jul", "aug", "sep", "oct", "nov", "dec"};
static const char *const weekday_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

static const struct field {
        const char *what;
        int least, most;
        const char *const *names; /* from `least` on; NULL: none */
        int name_count;
} fields[FIELDS] = {
    {"second", 0, 59, NULL, 0}, {"minute", 0, 59, NULL, 0},        {"hour", 0, 23, NULL, 0},
    {"day", 1, 31, NULL, 0},    {"month", 1, 12, month_names, 12}, {"weekday", 0, 7, weekday_names, 7},
};

static const struct {
        const char *name, *expression;
} nicknames[] = {
    {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},  {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"},
};

/* What a field is read from. */
struct reader {
        const struct field *field;
        const char *text; /* what is left */
};

static int refuse(const struct reader *reader, const char *why)
{
        return eddy_fail(-EINVAL, "a schedule's %s: %s at '%.20s'", reader->field->what, why, reader->text);
}

/* Digits: 0, or -EINVAL where there are none or too many. */
static int read_number(const char **text, int64_t *number)
{
        const char *begin = *text;

        *number = 0;
        while (isdigit((unsigned char)**text) && *text - begin < 9)
                *number = *number * 10 + *(*text)++ - '0';
        return *text > begin && !isdigit((unsigned char)**text) ? 0 : -EINVAL;
}

/* A number, or a name of three letters. */
static int read_value(struct reader *reader, int *value)
{
        const struct field *field = reader->field;
        const char *text = reader->text;
        int64_t number;

        for (int i = 0; i < field->name_count; i++)
                if (strncasecmp(text, field->names[i], 3) == 0 && !isalnum((unsigned char)text[3])) {
                        reader->text += 3;
                        *value = field->least + i;
                        return 0;
                }
        if (read_number(&text, &number) < 0)
                return refuse(reader, field->names ? "a number or a name such as sun or jan is missing"
                                                   : "a number is missing");
        if (number < field->least || number > field->most)
                return eddy_fail(-EINVAL, "a schedule's %s is %d to %d, and not %lld", field->what,
                                 field->least, field->most, (long long)number);
        reader->text = text;
        *value = (int)number;
        return 0;
}

/* "*", "5" or "1-5": whether it has an end of its own. */
static int read_range(struct reader *reader, int *first, int *last)
{
        int rc;

        if (*reader->text == '*') {
                reader->text++;
                *first = reader->field->least;
                *last = reader->field->what[0] == 'w' ? 6 : reader->field->most;
                return 1;
        }
        rc = read_value(reader, first);
        *last = *first;
        if (rc < 0 || *reader->text != '-')
                return rc;
        reader->text++;
        rc = read_value(reader, last);
        if (rc == 0 && *last == 0 && *first > 0 && reader->field->what[0] == 'w')
                *last = 7; /* sat-sun */
        if (rc == 0 && *last < *first)
                return eddy_fail(-EINVAL, "a schedule's %s: %d-%d ends before it begins", reader->field->what,
                                 *first, *last);
        return rc < 0 ? rc : 1;
}

static int read_step(struct reader *reader, bool has_range, int width, int *step)
{
        int64_t number;

        *step = 1;
        if (*reader->text != '/')
                return 0;
        if (!has_range)
                return refuse(reader, "a step needs '*' or a range before it");
        reader->text++;
        if (read_number(&reader->text, &number) < 0)
                return refuse(reader, "a step's number is missing");
        if (number < 1 || number > width)
                return eddy_fail(-EINVAL, "a schedule's %s: a step is 1 to %d here, and not %lld",
                                 reader->field->what, width, (long long)number);
        *step = (int)number;
        return 0;
}

/* A list of ranges. */
static int read_field(const struct field *field, const char *text, uint64_t *values)
{
        struct reader reader = {field, text};
        int first, last, step, rc;

        *values = 0;
        for (;;) {
                int has_range = rc = read_range(&reader, &first, &last);
                if (rc >= 0)
                        rc = read_step(&reader, has_range > 0, last > first ? last - first : 1, &step);
                if (rc < 0)
                        return rc;
                for (int value = first; value <= last; value += step)
                        *values |= UINT64_C(1) << value;
                if (*reader.text == '\0')
                        return 0;
                if (*reader.text != ',')
                        return refuse(&reader, "nothing that can be understood");
                reader.text++;
        }
}

static int read_fields(struct jobs_cron_expression *expression, char *const words[FIELDS])
{
        uint64_t *const values[FIELDS] = {&expression->seconds, &expression->minutes, &expression->hours,
                                          &expression->days,    &expression->months,  &expression->weekdays};

        for (int i = 0; i < FIELDS; i++) {
                int rc = read_field(&fields[i], words[i], values[i]);
                if (rc < 0)
                        return rc;
        }
        expression->weekdays = (expression->weekdays | expression->weekdays >> 7) & 0x7f;
        expression->is_either_day = words[3][0] != '*' && words[5][0] != '*';
        expression->is_real_time = words[1][0] == '*' || words[2][0] == '*';
        return 0;
}

/* Whether some month has one of the days, where these alone decide. */
static bool is_possible(const struct jobs_cron_expression *expression)
{
        static const int lengths[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

        for (int month = 1; month <= 12; month++)
                if (expression->months >> month & 1 && expression->days & ((UINT64_C(2) << lengths[month]) - 1))
                        return true;
        return expression->is_either_day;
}

/* "90s", "1h30m". */
static int parse_interval(struct jobs_cron_expression *expression, const char *text)
{
        static const char units[] = "smhd";
        static const int64_t seconds[] = {1, 60, 3600, 86400};
        int64_t number, sum = 0;

        do {
                const char *unit;
                if (read_number(&text, &number) < 0 || !*text || !(unit = strchr(units, *text)))
                        return eddy_fail(-EINVAL,
                                         "a schedule's interval is such as @every 90s or @every 1h30m");
                sum += number * seconds[unit - units];
                text++;
        } while (*text);
        if (sum < 1 || sum > 366 * 86400)
                return eddy_fail(-EINVAL, "a schedule's interval is 1 second to 366 days");
        expression->every = sum * 1000000;
        return 0;
}

static int parse_fields(struct jobs_cron_expression *expression, const char *text)
{
        static char zero[] = "0";
        char copy[TEXT_MOST + 1], *words[FIELDS], *place = copy, *word;
        int n = 0, rc;

        strcpy(copy, text);
        while ((word = strtok_r(place, " \t", &place)) && n < FIELDS)
                words[n++] = word;
        if (word || n < FIELDS - 1)
                return eddy_fail(-EINVAL,
                                 "a schedule has 5 fields: minute, hour, day, month and weekday, and may "
                                 "have one for seconds before them");
        if (n == FIELDS - 1) {
                memmove(words + 1, words, (FIELDS - 1) * sizeof *words);
                words[0] = zero;
        }
        rc = read_fields(expression, words);
        return rc < 0 || is_possible(expression)
                   ? rc
                   : eddy_fail(-EINVAL, "a schedule's day: none of its months has it");
}

int jobs_cron_parse(struct jobs_cron_expression *expression, const char *text)
{
        *expression = (struct jobs_cron_expression){0};
        if (strlen(text) > TEXT_MOST)
                return eddy_fail(-EINVAL, "a schedule's expression has %d characters at most", TEXT_MOST);
        text += strspn(text, " \t");
        if (strncmp(text, "@every ", 7) == 0)
                return parse_interval(expression, text + 7 + strspn(text + 7, " \t"));
        for (size_t i = 0; i < sizeof nicknames / sizeof *nicknames; i++)
                if (strcmp(text, nicknames[i].name) == 0)
                        return parse_fields(expression, nicknames[i].expression);
        if (text[0] == '@')
                return eddy_fail(-EINVAL,
                                 "a schedule is @hourly, @daily, @weekly, @monthly, @yearly or @every, and "
                                 "not %.20s",
                                 text);
        return parse_fields(expression, text);
}
