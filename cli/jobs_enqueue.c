/* eddy jobs enqueue. */
#include "bars.h"
#include "cli.h"
#include "jobs.h"
#include "jobs_follow.h"
#include "jobs_input.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

void jobs_print_failure(const eddy_job_info *info)
{
        const char *words = last_words(info->history);
        char line[1200], printable[1200];

        snprintf(line, sizeof line, "job %s is %s%s%.*s", info->id, eddy_job_state_name(info->state),
                 *words ? ": " : "", (int)strcspn(words, "\n"), words);
        cli_printable(printable, sizeof printable, line);
        fprintf(stderr, "eddy jobs: %s\n", printable);
}

/* A result as it is, unless it is a terminal that it could steer. */
static void print_result(const eddy_job_info *info)
{
        if (!info->result)
                return;
        if (isatty(STDOUT_FILENO))
                cli_print_bytes(info->result, info->result_size, "");
        else
                fwrite(info->result, 1, info->result_size, stdout);
}

static void print_end(const eddy_job_info *info)
{
        info->state == EDDY_JOB_DONE ? print_result(info) : jobs_print_failure(info);
}

static int draw_progress(const eddy_job_info *info, void *arg)
{
        struct bars *bars = arg;
        char rest[300];

        bars_erase(bars);
        if (info->state >= EDDY_JOB_DONE) {
                print_end(info);
                return 0;
        }
        snprintf(rest, sizeof rest, "%s%s%s", eddy_job_state_name(info->state), info->note ? "  " : "",
                 info->note ? info->note : "");
        bars_draw(bars, info->kind, info->state == EDDY_JOB_RUNNING ? info->progress : -1, rest);
        fflush(stderr);
        return 0;
}

static int wait_with_bar(eddy_jobs *jobs, const char *id)
{
        struct bars bars = {.out = stderr, .fd = STDERR_FILENO, .rest = JOBS_BAR_REST};
        int state = jobs_follow(jobs, id, draw_progress, &bars);

        bars_erase(&bars);
        return state;
}

/* Nobody looks on, so the store is asked no more than it must be. */
static int wait_in_silence(eddy_jobs *jobs, const char *id)
{
        eddy_job_info *info;
        int state = eddy_jobs_await(jobs, id, &info);

        if (state >= 0)
                print_end(info);
        eddy_free(info);
        return state;
}

static int wait_for(eddy_jobs *jobs, const char *id)
{
        int state = bars_can_draw(STDERR_FILENO) ? wait_with_bar(jobs, id) : wait_in_silence(jobs, id);

        if (state < 0)
                return jobs_failure(state);
        return state == EDDY_JOB_DONE ? CLI_OK : CLI_FAILED;
}

/* Who enqueued it for the first time, and who says it again, both have what they want; but one who has given it a name that another one
 * uses, too, has nothing done. */
static void say_that_it_was_there(const eddy_job_spec *spec, const eddy_job_added *added)
{
        char id[EDDY_JOB_ID_SIZE], unique[128];

        cli_printable(id, sizeof id, added->id);
        cli_printable(unique, sizeof unique, spec->unique ? spec->unique : "");
        if (spec->id && strcmp(spec->id, added->id) == 0)
                fprintf(stderr, "eddy jobs: there is a job %s already\n", id);
        else
                fprintf(stderr, "eddy jobs: the unique name %s is of job %s\n", unique, id);
}

static int enqueue_one(eddy_jobs *jobs, const eddy_job_spec *spec, bool waits)
{
        eddy_job_added added;
        int rc = eddy_jobs_enqueue(jobs, spec, &added);

        if (rc < 0)
                return jobs_failure(rc);
        if (added.was_there && (spec->id || spec->unique)) /* else it is this very one, told again */
                say_that_it_was_there(spec, &added);
        if (waits)
                return wait_for(jobs, added.id);
        puts(added.id);
        return CLI_OK;
}

int jobs_enqueue_check(const struct jobs_options *options)
{
        if (options->by_lines && (options->spec.id || options->word_count > 1 || options->waits))
                return cli_usage_error("eddy jobs", "--lines goes with no payload, --id or --wait");
        return CLI_OK;
}

int jobs_enqueue(eddy_jobs *jobs, const struct jobs_options *options)
{
        const char *payload = options->word_count > 1 ? options->words[1] : "";
        eddy_job_spec spec = options->spec;
        char *input = NULL;
        int exit_code, rc = 0;

        spec.kind = options->words[0];
        spec.queue = options->queue_count > 0 ? options->queues[0].queue : NULL;
        if (options->by_lines)
                return jobs_enqueue_lines(jobs, &spec);
        spec.payload = payload;
        spec.size = strlen(payload);
        if (strcmp(payload, "-") == 0) {
                rc = jobs_read_input(&input, &spec.size);
                spec.payload = input;
        }
        exit_code = rc < 0 ? jobs_failure(rc) : enqueue_one(jobs, &spec, options->waits);
        eddy_free(input);
        return exit_code;
}
