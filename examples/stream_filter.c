/*
 * A filter under a stream that is in use, and out again: on the line "invert" both sides turn every bit round from there on, on "plain"
 * they stop. This is how STARTTLS works, with a cipher that fools nobody.
 */
#include <ctype.h>
#include <eddy.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static ssize_t invert(void *self, const void *in, size_t *n, void *out, size_t size)
{
        const unsigned char *from = in;
        unsigned char *to = out;
        (void)self;
        if (!in) /* the other side has ended, which is as it should be */
                return 0;
        if (*n > size)
                *n = size;
        for (size_t i = 0; i < *n; i++)
                to[i] = (unsigned char)~from[i];
        return (ssize_t)*n;
}

static const eddy_filter inverter = {.decode = invert, .encode = invert};

/* Both sides do this: the server when it has answered, the client when it has read that. */
static int turn(eddy_stream *stream, const char *line)
{
        if (strncasecmp(line, "invert", 6) == 0)
                return eddy_stream_add_filter(stream, &inverter, NULL);
        if (strncasecmp(line, "plain", 5) == 0)
                return eddy_stream_remove_filter(stream);
        return 0;
}

/* Answers each line in capitals, to the end. */
static intptr_t serve(void *arg)
{
        eddy_stream *stream = arg;
        const char *line;
        char answer[64];
        ssize_t n;
        while ((n = eddy_stream_read_line(stream, &line)) > 0) {
                if ((size_t)n > sizeof answer)
                        n = sizeof answer;
                for (ssize_t i = 0; i < n; i++)
                        answer[i] = (char)toupper((unsigned char)line[i]);
                n = eddy_stream_write_all(stream, answer, (size_t)n);
                if (n > 0)
                        n = turn(stream, answer);
                if (n < 0)
                        break;
        }
        return n;
}

static intptr_t talk(void *arg)
{
        eddy_stream *stream = arg;
        static const char *const lines[] = {"hello\n", "invert\n", "nobody sees this\n", "plain\n", "bye\n"};
        for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
                const char *answer;
                ssize_t n = eddy_stream_write_all(stream, lines[i], strlen(lines[i]));
                if (n >= 0)
                        n = eddy_stream_read_line(stream, &answer);
                if (n < 0)
                        return n;
                printf("%.*s", (int)n, answer);
                int rc = turn(stream, lines[i]);
                if (rc < 0)
                        return rc;
        }
        return eddy_stream_write_eof(stream);
}

static intptr_t app(void *arg)
{
        eddy_stream *ends[2];
        int rc = eddy_stream_pair(ends);
        (void)arg;
        if (rc < 0)
                return rc;
        eddy_group group; /* so that neither waits for one that has failed */
        eddy_group_open(&group);
        eddy_group_create_task(&group, serve, ends[1], NULL);
        eddy_group_create_task(&group, talk, ends[0], NULL);
        rc = eddy_group_close(&group);
        for (int i = 0; i < 2; i++)
                eddy_stream_destroy(ends[i]);
        return rc;
}

int main(void)
{
        intptr_t rc = eddy_run(app, NULL);
        if (rc < 0)
                fprintf(stderr, "stream_filter: %s\n", eddy_explain(rc));
        return rc < 0;
}
