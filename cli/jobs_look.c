/* eddy jobs list and show. */
#include "cli.h"
#include "jobs.h"
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LISTED = 20, SHOWN = 2000 };

static void print_line(const eddy_job_info *info)
{
        char created[32], kind[64], id[EDDY_JOB_ID_SIZE];

        jobs_format_time(created, sizeof created, info->created);
        cli_printable(kind, sizeof kind, info->kind);
        cli_printable(id, sizeof id, info->id);
        printf("%-36s  %-9s  %d/%d  %s  %s\n", id, eddy_job_state_name(info->state), info->attempt,
               info->attempts, created, kind);
}

static void print_json_text(const char *name, const char *text)
{
        if (!text)
                return;
        printf(",\"%s\":", name);
        json_print_text(text);
}

static void print_json_number(const char *name, double number)
{
        printf(",\"%s\":%.15g", name, number);
}

static void print_json(const eddy_job_info *info)
{
        fputs("{\"id\":", stdout);
        json_print_text(info->id);
        print_json_text("kind", info->kind);
        print_json_text("queue", info->queue);
        print_json_text("state", eddy_job_state_name(info->state));
        fputs(",\"payload\":", stdout);
        json_print_bytes(info->payload, info->payload_size);
        if (info->result) {
                fputs(",\"result\":", stdout);
                json_print_bytes(info->result, info->result_size);
        }
        print_json_text("key", info->key);
        print_json_text("unique", info->unique);
        print_json_text("worker", info->worker);
        print_json_text("note", info->note);
        print_json_text("history", info->history);
        print_json_number("priority", info->priority);
        print_json_number("attempt", info->attempt);
        print_json_number("attempts", info->attempts);
        print_json_number("created", (double)info->created / 1e6);
        print_json_number("due", (double)info->due / 1e6);
        if (info->started)
                print_json_number("started", (double)info->started / 1e6);
        if (info->finished)
                print_json_number("finished", (double)info->finished / 1e6);
        if (info->progress >= 0)
                print_json_number("progress", info->progress);
        fputs("}\n", stdout);
}

static int print_page(eddy_jobs *jobs, const eddy_job_filter *filter, bool as_json, eddy_job_list *list)
{
        int rc = eddy_jobs_list(jobs, filter, list);

        for (size_t i = 0; rc == 0 && i < list->count; i++)
                as_json ? print_json(list->jobs[i]) : print_line(list->jobs[i]);
        return rc;
}

int jobs_list(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_filter filter = {
            .queue = options->queue_count > 0 ? options->queues[0].queue : NULL,
            .kind = options->kind,
            .states = options->states,
        };
        size_t left = options->most ? (size_t)options->most : LISTED;
        char after[EDDY_JOB_ID_SIZE] = "";
        int rc = 0;

        while (rc == 0 && left > 0) {
                eddy_job_list list;
                filter.most = left < 100 ? left : 100;
                filter.after = after[0] ? after : NULL;
                rc = print_page(jobs, &filter, options->as_json, &list);
                left -= list.count < left ? list.count : left;
                strcpy(after, list.next);
                eddy_job_list_free(&list);
                if (!after[0])
                        break;
        }
        return rc < 0 ? jobs_failure(rc) : CLI_OK;
}

/* Bytes as text, as far as a terminal bears them. */
static void print_bytes(const char *name, const void *data, size_t size)
{
        printf("%-9s %zu bytes\n", name, size);
        if (size == 0)
                return;
        fputs("    ", stdout);
        cli_print_bytes(data, size < SHOWN ? size - (((const char *)data)[size - 1] == '\n') : SHOWN, "    ");
        puts(size > SHOWN ? "..." : "");
}

static void print_history(const char *history)
{
        for (const char *line = history, *end; *line; line = end + 1) {
                char moment[32], text[512], printable[512];
                long long microseconds = strtoll(line, NULL, 10);
                const char *rest = strchr(line, ' ');
                end = strchr(line, '\n');
                if (!end)
                        break;
                jobs_format_time(moment, sizeof moment, microseconds);
                snprintf(text, sizeof text, "%.*s", rest && rest < end ? (int)(end - rest - 1) : 0,
                         rest ? rest + 1 : "");
                cli_printable(printable, sizeof printable, text);
                printf("    %s  attempt %s\n", moment, printable);
        }
}

static void print_moment(const char *name, eddy_job_time moment)
{
        char text[32];

        jobs_format_time(text, sizeof text, moment);
        if (text[0])
                printf("%-9s %s\n", name, text);
}

static void print_text(const char *name, const char *text)
{
        char printable[512];

        if (!text)
                return;
        cli_printable(printable, sizeof printable, text);
        printf("%-9s %s\n", name, printable);
}

static void print_job(const eddy_job_info *info)
{
        print_text("id", info->id);
        print_text("kind", info->kind);
        print_text("queue", info->queue);
        printf("%-9s %s%s, attempt %d of %d\n", "state", eddy_job_state_name(info->state),
               info->is_cancelling ? ", asked to end" : "", info->attempt, info->attempts);
        print_text("key", info->key);
        print_text("unique", info->unique);
        print_text("worker", info->worker);
        print_moment("created", info->created);
        print_moment("due", info->due);
        print_moment("started", info->started);
        print_moment("finished", info->finished);
        if (info->progress >= 0)
                printf("%-9s %.0f %%\n", "progress", 100 * info->progress);
        print_text("note", info->note);
        print_bytes("payload", info->payload, info->payload_size);
        if (info->result)
                print_bytes("result", info->result, info->result_size);
        if (info->history[0])
                puts("history");
        print_history(info->history);
}

int jobs_show(eddy_jobs *jobs, const struct jobs_options *options)
{
        eddy_job_info *info;
        int rc = eddy_jobs_get(jobs, options->words[0], &info);

        if (rc < 0)
                return jobs_failure(rc);
        options->as_json ? print_json(info) : print_job(info);
        eddy_free(info);
        return CLI_OK;
}
