/* eddy jobs enqueue. */
#include "cli.h"
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 100 };

/* Payloads are read here, while nothing else goes on. */

char *jobs_read_input(size_t *size)
{
        char *data = NULL;
        size_t room = 0;

        *size = 0;
        do {
                char *more = *size == room ? realloc(data, room = room ? 2 * room : 65536) : data;
                if (!more) {
                        free(data);
                        return NULL;
                }
                data = more;
                *size += fread(data + *size, 1, room - *size, stdin);
        } while (!feof(stdin) && !ferror(stdin));
        return data;
}

/* What the last line of its history has behind moment and attempt; "" where there is none. */
static const char *last_words(const char *history)
{
        const char *last = history;
        int blanks = 0;

        for (const char *line = history; *line; line += strcspn(line, "\n") + 1)
                last = line;
        while (*last && blanks < 2)
                blanks += *last++ == ' ';
        return last;
}

/* Print what a finished job gave: an exit code. */
static int print_result(const eddy_job_info *info)
{
        const char *words = last_words(info->history);

        if (info->state == EDDY_JOB_DONE) {
                fwrite(info->result ? info->result : "", 1, info->result_size, stdout);
                return CLI_OK;
        }
        fprintf(stderr, "eddy jobs: job %s is %s%s%.*s\n", info->id, eddy_job_state_name(info->state),
                *words ? ": " : "", (int)strcspn(words, "\n"), words);
        return CLI_FAILED;
}

static int wait_for(eddy_jobs *jobs, const char *id)
{
        eddy_job_info *info;
        int exit_code, state = eddy_jobs_await(jobs, id, &info);

        if (state < 0)
                return jobs_failure(state);
        exit_code = print_result(info);
        eddy_free(info);
        return exit_code;
}

static int enqueue_one(eddy_jobs *jobs, const eddy_job_spec *spec, bool waits)
{
        eddy_job_added added;
        int rc = eddy_jobs_enqueue(jobs, spec, &added);

        if (rc < 0)
                return jobs_failure(rc);
        if (waits)
                return wait_for(jobs, added.id);
        puts(added.id);
        return CLI_OK;
}

/* Lines that have been read, to be enqueued together. */
struct lines {
        eddy_job_spec specs[MANY];
        eddy_job_added added[MANY];
        size_t count;
};

static int flush_lines(eddy_jobs *jobs, struct lines *lines)
{
        int rc = eddy_jobs_enqueue_many(jobs, lines->specs, lines->count, lines->added);

        for (size_t i = 0; i < lines->count; i++) {
                if (rc == 0)
                        puts(lines->added[i].id);
                free((void *)(uintptr_t)lines->specs[i].payload);
        }
        lines->count = 0;
        return rc;
}

static int enqueue_lines(eddy_jobs *jobs, const eddy_job_spec *spec)
{
        struct lines *lines = calloc(1, sizeof *lines);
        char *line = NULL;
        size_t room = 0;
        ssize_t n;
        int rc = lines ? 0 : -ENOMEM;

        while (rc == 0 && (n = getline(&line, &room, stdin)) >= 0) {
                n -= n > 0 && line[n - 1] == '\n';
                lines->specs[lines->count] = *spec;
                lines->specs[lines->count].payload = line;
                lines->specs[lines->count++].size = (size_t)n;
                line = NULL;
                room = 0;
                if (lines->count == MANY)
                        rc = flush_lines(jobs, lines);
        }
        free(line);
        if (lines && lines->count > 0) {
                int failure = flush_lines(jobs, lines);
                rc = rc < 0 ? rc : failure;
        }
        free(lines);
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}

int jobs_enqueue(eddy_jobs *jobs, const struct jobs_options *options)
{
        const char *payload = options->word_count > 1 ? options->words[1] : "";
        eddy_job_spec spec = options->spec;
        char *input = NULL;
        int exit_code;

        spec.kind = options->words[0];
        spec.queue = options->queue_count > 0 ? options->queues[0].queue : NULL;
        if (options->by_lines)
                return spec.id || options->word_count > 1 || options->waits
                           ? cli_usage_error("eddy jobs", "--lines goes with no payload, --id or --wait")
                           : enqueue_lines(jobs, &spec);
        spec.payload = payload;
        spec.size = strlen(payload);
        if (strcmp(payload, "-") == 0) {
                spec.payload = input = jobs_read_input(&spec.size);
                if (!input)
                        return jobs_failure(-ENOMEM);
        }
        exit_code = enqueue_one(jobs, &spec, options->waits);
        free(input);
        return exit_code;
}
