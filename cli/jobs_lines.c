/* eddy jobs enqueue --lines. */
#include "bars.h"
#include "cli.h"
#include "jobs.h"
#include "jobs_input.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 100, PATIENCE_MS = 50, DRAWN_MS = 100 };

/* Lines that have been read, to be enqueued together, and how far that is. */
struct lines {
        eddy_jobs *jobs;
        eddy_stream *stream;
        eddy_job_spec spec, specs[MANY];
        eddy_job_added added[MANY];
        size_t count;
        size_t enqueued, bytes, size; /* of all; the size is 0 where nobody knows it */
        size_t were_there;            /* lines whose unique name was taken */
        struct bars bars;
        bool draws;
        eddy_time begun, drawn;
};

static void draw(struct lines *lines)
{
        double seconds = eddy_to_seconds(eddy_now() - lines->begun);
        double share = lines->size > 0 ? (double)lines->bytes / (double)lines->size : -1;
        char rest[64];

        if (!lines->draws || eddy_now() < eddy_time_add(lines->drawn, eddy_ms(DRAWN_MS)))
                return;
        lines->drawn = eddy_now();
        snprintf(rest, sizeof rest, "%zu jobs, %.0f/s", lines->enqueued, (double)lines->enqueued / seconds);
        bars_erase(&lines->bars);
        bars_draw(&lines->bars, lines->spec.kind, share, rest);
        fflush(stderr);
}

static int flush_lines(struct lines *lines)
{
        int rc = eddy_jobs_enqueue_many(lines->jobs, lines->specs, lines->count, lines->added);

        for (size_t i = 0; i < lines->count; i++) {
                if (rc == 0) {
                        puts(lines->added[i].id);
                        /* Without a unique name it is this very job, told again. */
                        lines->were_there += lines->spec.unique && lines->added[i].was_there;
                }
                free((void *)(uintptr_t)lines->specs[i].payload);
        }
        lines->enqueued += rc == 0 ? lines->count : 0;
        lines->count = 0;
        cli_flush();
        draw(lines);
        return rc;
}

/* Lines wait for others a moment, and no longer where they come slowly: its length, 0 at the end, or EDDY_TIMEOUT. */
static ssize_t read_line(struct lines *lines, const char **line)
{
        ssize_t n = 0;

        if (lines->count == 0)
                return eddy_stream_read_line(lines->stream, line);
        EDDY_TIMEOUT_SCOPE(eddy_ms(PATIENCE_MS))
                n = eddy_stream_read_line(lines->stream, line);
        return n;
}

static int add_line(struct lines *lines, const char *line, size_t n)
{
        char *copy = malloc(n + 1);

        if (!copy)
                return -ENOMEM;
        lines->bytes += n;
        n -= n > 0 && line[n - 1] == '\n';
        memcpy(copy, line, n);
        lines->specs[lines->count] = lines->spec;
        lines->specs[lines->count].payload = copy;
        lines->specs[lines->count++].size = n;
        return lines->count == MANY ? flush_lines(lines) : 0;
}

static int enqueue_all(struct lines *lines)
{
        const char *line;
        ssize_t n = 0;
        int rc = 0;

        while (rc == 0 && (n = read_line(lines, &line)) != 0) {
                if (n > 0)
                        rc = add_line(lines, line, (size_t)n);
                else if (n == EDDY_TIMEOUT && eddy_interrupted() == 0)
                        rc = flush_lines(lines);
                else if (n == EDDY_ELIMIT)
                        rc = eddy_fail(-EMSGSIZE, "a line is larger than 16 MiB");
                else
                        rc = (int)n;
        }
        return rc;
}

/* What was read before something failed is enqueued, unless it was the enqueueing, or Ctrl-C. */
static void finish(struct lines *lines, int *rc)
{
        int failure = lines->count > 0 && *rc != EDDY_CANCELLED ? flush_lines(lines) : 0;

        for (size_t i = 0; i < lines->count; i++)
                free((void *)(uintptr_t)lines->specs[i].payload);
        *rc = *rc < 0 ? *rc : failure;
        bars_erase(&lines->bars);
        if (lines->were_there > 0)
                fprintf(stderr, "eddy jobs: of %zu lines %zu found the unique name %s taken\n", lines->enqueued,
                        lines->were_there, lines->spec.unique);
        eddy_stream_destroy(lines->stream);
}

int jobs_enqueue_lines(eddy_jobs *jobs, const eddy_job_spec *spec)
{
        struct lines *lines = calloc(1, sizeof *lines);
        int rc = lines ? jobs_open_lines(&lines->stream) : -ENOMEM;

        if (rc == 0) {
                lines->jobs = jobs;
                lines->spec = *spec;
                lines->size = jobs_input_size();
                lines->bars = (struct bars){.out = stderr, .fd = STDERR_FILENO, .rest = JOBS_BAR_REST};
                /* At the same terminal the ids show how far it is. */
                lines->draws = bars_can_draw(STDERR_FILENO) && !isatty(STDOUT_FILENO);
                lines->begun = eddy_now();
                rc = enqueue_all(lines);
                finish(lines, &rc);
        }
        free(lines);
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}
