#include "http/line.h"

#include <eddy/error.h>
#include <stdio.h>
#include <string.h>

void line_begin(struct line *line, char *text, size_t capacity)
{
        *line = (struct line){.text = text, .capacity = capacity};
}

static void add(struct line *line, const char *text, size_t n)
{
        if (line->size < line->capacity && n <= line->capacity - line->size)
                memcpy(line->text + line->size, text, n);
        line->size += n;
}

void line_add(struct line *line, const char *text)
{
        add(line, text, strlen(text));
}

void line_add_seconds(struct line *line, eddy_duration duration, int64_t most)
{
        int64_t seconds = duration < 0 ? 0 : duration / 1000000000 + (duration % 1000000000 > 0);
        char text[24];

        add(line, text,
            (size_t)snprintf(text, sizeof text, "%lld", (long long)(seconds < most ? seconds : most)));
}

void line_add_quoted(struct line *line, const char *text)
{
        add(line, "\"", 1);
        for (; *text; text++) {
                if (*text == '"' || *text == '\\')
                        add(line, "\\", 1);
                add(line, text, 1);
        }
        add(line, "\"", 1);
}

ssize_t line_end(struct line *line)
{
        if (line->size >= line->capacity)
                return eddy_fail(EDDY_ELIMIT, "a line of %zu bytes in memory for %zu", line->size + 1,
                                 line->capacity);
        line->text[line->size] = '\0';
        return (ssize_t)line->size;
}
