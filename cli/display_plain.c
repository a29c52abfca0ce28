/* A line for every file, for logs and pipes. What goes wrong goes to standard error. */
#include "batch.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static void retrying(struct batch *batch, const struct job *job, eddy_duration delay)
{
        char url[TEXT_MAX], detail[TEXT_MAX];

        (void)batch;
        cli_printable(url, sizeof url, job->url);
        cli_printable(detail, sizeof detail, job->detail ? job->detail : "");
        fprintf(stderr, "retry   %s: %s; again in %.2g s\n", url, detail, eddy_to_seconds(delay));
}

static void ended(struct batch *batch, const struct job *job)
{
        char name[TEXT_MAX], detail[TEXT_MAX], size[16];

        (void)batch;
        if (job->state == JOB_FAILED) {
                cli_printable(name, sizeof name, job->url);
                cli_printable(detail, sizeof detail, job->detail ? job->detail : eddy_strerror(job->error));
                fprintf(stderr, "failed  %s: %s\n", name, detail);
                return;
        }
        cli_printable(name, sizeof name, job_name(job));
        if (job->state == JOB_SKIPPED)
                printf("skipped %s is there already\n", name);
        else
                printf("arrived %s, %s in %.2f s\n", name, format_size(size, (double)job->received),
                       eddy_to_seconds(job->ended - job->started));
        fflush(stdout);
}

static void end(struct batch *batch)
{
        char text[SUMMARY_MAX];

        batch_summary(batch, text, sizeof text);
        puts(text);
        fflush(stdout);
}

const struct display display_plain = {
    .retrying = retrying,
    .ended = ended,
    .end = end,
};
