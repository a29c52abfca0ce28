/* eddy jobs cron. */
#include "cli.h"
#include "jobs.h"
#include "jobs_input.h"
#include "jobs_moment.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
        SHOWN = 5, /* moments of a schedule that was set, so that a slip in its expression is seen */
        ATTEMPTS = 20,
        BACKOFF = 10 /* seconds; both as eddy_job_spec has them by default */
};

static const char *const missed_names[] = {"once", "skip", "all"};

static void print_line(const eddy_job_cron *cron)
{
        char next[48], last[48], name[256], expression[256], zone[80], kind[256];

        jobs_format_time_in(next, sizeof next, cron->next, cron->zone);
        jobs_format_time_in(last, sizeof last, cron->last, cron->zone);
        cli_printable(name, sizeof name, cron->name);
        cli_printable(expression, sizeof expression, cron->expression);
        cli_printable(zone, sizeof zone, cron->zone ? cron->zone : "UTC");
        cli_printable(kind, sizeof kind, cron->spec.kind);
        printf("%-20s  %-16s  %-14s  next %s  last %s  missed %s  %s\n", name, expression, zone, next,
               last[0] ? last : "never", missed_names[cron->missed], kind);
}

static void print_json_text(const char *name, const char *text)
{
        if (!text)
                return;
        printf(",\"%s\":", name);
        json_print_text(text);
}

static void print_json_numbers(const eddy_job_spec *spec)
{
        printf(",\"priority\":%d,\"attempts\":%d,\"backoff\":%.15g", spec->priority,
               spec->attempts ? spec->attempts : ATTEMPTS,
               spec->backoff ? eddy_to_seconds(spec->backoff) : BACKOFF);
        if (spec->timeout)
                printf(",\"timeout\":%.15g", eddy_to_seconds(spec->timeout));
        if (spec->unique_for)
                printf(",\"unique_for\":%.15g", eddy_to_seconds(spec->unique_for));
        if (spec->yields_key)
                fputs(",\"yields_key\":true", stdout);
}

static void print_json(const eddy_job_cron *cron)
{
        fputs("{\"name\":", stdout);
        json_print_text(cron->name);
        print_json_text("expression", cron->expression);
        print_json_text("zone", cron->zone ? cron->zone : "UTC");
        print_json_text("missed", missed_names[cron->missed]);
        print_json_text("kind", cron->spec.kind);
        print_json_text("queue", cron->spec.queue);
        fputs(",\"payload\":", stdout);
        json_print_bytes(cron->spec.payload, cron->spec.size);
        print_json_text("key", cron->spec.key);
        print_json_text("unique", cron->spec.unique);
        print_json_numbers(&cron->spec);
        printf(",\"next\":%.15g", (double)cron->next / 1e6);
        if (cron->last)
                printf(",\"last\":%.15g", (double)cron->last / 1e6);
        fputs("}\n", stdout);
}

static int list(eddy_jobs *jobs, bool as_json)
{
        eddy_job_cron_list found;
        int rc = eddy_jobs_crons(jobs, &found);

        for (size_t i = 0; rc == 0 && i < found.count; i++)
                as_json ? print_json(found.crons[i]) : print_line(found.crons[i]);
        eddy_job_cron_list_free(&found);
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}

static int print_moments(const eddy_job_cron *cron)
{
        eddy_job_time moment = (eddy_job_time)time(NULL) * 1000000;
        char text[48];

        for (int i = 0; i < SHOWN; i++) {
                int rc = eddy_job_cron_next(cron->expression, cron->zone, moment, &moment);
                if (rc < 0)
                        return jobs_failure(rc);
                jobs_format_time_in(text, sizeof text, moment, cron->zone);
                puts(text);
        }
        return CLI_OK;
}

static int set(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_cron cron = {
            .name = options->words[0],
            .expression = options->words[1],
            .zone = options->zone,
            .missed = options->missed,
            .spec = options->spec,
        };
        char *input = NULL;
        int rc = 0;

        cron.spec.kind = options->words[2];
        cron.spec.queue = options->queue_count > 0 ? options->queues[0].queue : NULL;
        cron.spec.payload = options->word_count > 3 ? options->words[3] : "";
        cron.spec.size = strlen(cron.spec.payload);
        if (strcmp(cron.spec.payload, "-") == 0) {
                rc = jobs_read_input(&input, &cron.spec.size);
                cron.spec.payload = input;
        }
        if (rc == 0)
                rc = eddy_jobs_set_cron(jobs, &cron);
        eddy_free(input);
        return rc < 0 ? jobs_failure(rc) : print_moments(&cron);
}

int jobs_cron_check(const struct jobs_options *options)
{
        if (options->removes && options->word_count != 1)
                return cli_usage_error("eddy jobs", "cron --remove takes one NAME");
        if (!options->removes && options->word_count > 0 && options->word_count < 3)
                return cli_usage_error("eddy jobs",
                                       "cron takes NAME EXPRESSION KIND [PAYLOAD]; an expression of "
                                       "several words is one in quotes");
        return CLI_OK;
}

static int remove_one(eddy_jobs *jobs, const char *name)
{
        int rc = eddy_jobs_remove_cron(jobs, name);

        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}

int jobs_cron(eddy_jobs *jobs, const struct jobs_options *options)
{
        if (options->removes)
                return remove_one(jobs, options->words[0]);
        return options->word_count == 0 ? list(jobs, options->as_json) : set(jobs, options);
}
