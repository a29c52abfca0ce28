/* Text that grows, and what other people's words look like in HTML. */
#include "jobs_web_text.h"
#include "cli.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool make_room(struct text *text, size_t n)
{
        size_t room = (text->size + n + 1) * 2;
        char *data;

        if (text->rc < 0)
                return false;
        if (text->room - text->size > n)
                return true;
        data = realloc(text->data, room);
        if (!data) {
                text->rc = -ENOMEM;
                return false;
        }
        text->data = data;
        text->room = room;
        return true;
}

void text_add(struct text *text, const char *data, size_t n)
{
        if (!make_room(text, n))
                return;
        memcpy(text->data + text->size, data, n);
        text->size += n;
        text->data[text->size] = '\0';
}

void text_print(struct text *text, const char *format, ...)
{
        va_list args;
        int n;

        va_start(args, format);
        n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0 || !make_room(text, (size_t)n))
                return;
        va_start(args, format);
        vsnprintf(text->data + text->size, (size_t)n + 1, format, args);
        va_end(args);
        text->size += (size_t)n;
}

/* How many bytes the first character has; 0 where it is none that a page may show. */
static size_t character_size(const unsigned char *s, size_t n)
{
        size_t size = cli_utf8_length(s, n);

        if (size == 1)
                return (s[0] >= ' ' && s[0] != 0x7f) || s[0] == '\n' || s[0] == '\t';
        return s[0] == 0xc2 && size == 2 && s[1] < 0xa0 ? 0 : size; /* a control character of two bytes */
}

bool text_is_readable(const char *bytes, size_t n)
{
        for (size_t i = 0, step; i < n; i += step) {
                step = character_size((const unsigned char *)bytes + i, n - i);
                if (step == 0 && (bytes[i] != '\r' || i + 1 == n || bytes[i + 1] != '\n'))
                        return false;
                step = step ? step : 1;
        }
        return true;
}

static const char *entity_of(char c)
{
        return c == '&'    ? "&amp;"
               : c == '<'  ? "&lt;"
               : c == '>'  ? "&gt;"
               : c == '"'  ? "&quot;"
               : c == '\'' ? "&#39;"
                           : NULL;
}

void text_escape(struct text *text, const char *bytes, size_t n)
{
        for (size_t i = 0, step; i < n; i += step) {
                const char *entity = entity_of(bytes[i]);
                step = character_size((const unsigned char *)bytes + i, n - i);
                if (step == 0)
                        entity = "&#xfffd;";
                if (entity)
                        text_add(text, entity, strlen(entity));
                else
                        text_add(text, bytes + i, step);
                step = step ? step : 1;
        }
}

void text_put_values(struct text *text, const char *html, const char *const *values)
{
        for (const char *dollar; *values && (dollar = strchr(html, '$')); values++) {
                text_add(text, html, (size_t)(dollar - html));
                text_escape(text, *values, strlen(*values));
                html = dollar + 1;
        }
        text_add(text, html, strlen(html));
}

void text_escape_url(char *out, const char *string)
{
        for (; *string; string++) {
                if (isalnum((unsigned char)*string) || strchr("-._~", *string))
                        *out++ = *string;
                else
                        out += sprintf(out, "%%%02X", (unsigned char)*string);
        }
        *out = '\0';
}

void text_add_url(struct text *text, const char *string)
{
        if (!make_room(text, 3 * strlen(string)))
                return;
        text_escape_url(text->data + text->size, string);
        text->size += strlen(text->data + text->size);
}

void text_free(struct text *text)
{
        free(text->data);
        *text = (struct text){.data = NULL};
}

static const char *find_hole(const struct hole *holes, const char *name, size_t n)
{
        while (holes->name && (strlen(holes->name) != n || memcmp(holes->name, name, n) != 0))
                holes++;
        return holes->name && holes->value ? holes->value : "";
}

void text_fill(struct text *text, const char *frame, const struct hole *holes)
{
        const char *open;

        while ((open = strstr(frame, "{{"))) {
                bool is_html = open[2] == '{';
                const char *name = open + (is_html ? 3 : 2);
                size_t n = strcspn(name, "}");
                const char *value = find_hole(holes, name, n);
                text_add(text, frame, (size_t)(open - frame));
                if (is_html)
                        text_add(text, value, strlen(value));
                else
                        text_escape(text, value, strlen(value));
                frame = name + n + (is_html ? 3 : 2);
        }
        text_add(text, frame, strlen(frame));
}

void text_add_span(struct text *text, double seconds)
{
        if (seconds < 0)
                seconds = 0;
        if (seconds == 0)
                text_print(text, "0 s");
        else if (seconds < 0.9995)
                text_print(text, "%.0f ms", seconds * 1000);
        else if (seconds < 9.95)
                text_print(text, "%.1f s", seconds);
        else if (seconds < 120)
                text_print(text, "%.0f s", seconds);
        else if (seconds < 7200)
                text_print(text, "%.0f min", seconds / 60);
        else if (seconds < 172800)
                text_print(text, "%.0f h", seconds / 3600);
        else
                text_print(text, "%.0f d", seconds / 86400);
}

void text_add_moment(struct text *text, eddy_job_time moment)
{
        time_t seconds = (time_t)(moment / 1000000);
        char local[32], utc[32];
        struct tm time;

        if (moment <= 0 || !gmtime_r(&seconds, &time))
                return;
        strftime(utc, sizeof utc, "%Y-%m-%dT%H:%M:%SZ", &time);
        if (!localtime_r(&seconds, &time))
                return;
        strftime(local, sizeof local, "%Y-%m-%d %H:%M:%S", &time);
        text_print(text, "<time datetime=\"%s\">%s</time>", utc, local);
}
