/* eddy jobs tail: its lines. */
#include "cli.h"
#include "jobs_tail.h"
#include "json.h"

#include <string.h>
#include <time.h>

static void write_json_text(FILE *out, const char *name, const char *text)
{
        fprintf(out, ",\"%s\":", name);
        json_write_text(out, text);
}

static void write_json(FILE *out, const struct tail_event *event, eddy_job_time moment)
{
        fprintf(out, "{\"time\":%.6f", (double)moment / 1e6);
        write_json_text(out, "event", event->what);
        write_json_text(out, "id", event->id);
        write_json_text(out, "kind", event->kind);
        write_json_text(out, "queue", event->queue);
        if (event->attempt > 0)
                fprintf(out, ",\"attempt\":%d", event->attempt);
        if (event->progress >= 0)
                fprintf(out, ",\"progress\":%.15g", event->progress);
        if (event->text[0])
                write_json_text(out, strcmp(event->what, "begun") == 0 ? "worker" : "text", event->text);
        fputs("}\n", out);
}

static void write_line(FILE *out, const struct tail_event *event, eddy_job_time moment)
{
        char clock[32], kind[EDDY_JOB_ID_SIZE], id[EDDY_JOB_ID_SIZE], text[1100];
        time_t seconds = (time_t)(moment / 1000000);
        struct tm time;

        strftime(clock, sizeof clock, "%H:%M:%S", localtime_r(&seconds, &time));
        cli_printable(kind, sizeof kind, event->kind);
        cli_printable(id, sizeof id, event->id);
        cli_printable(text, sizeof text, event->text);
        fprintf(out, "%s  %s  %s  %s", clock, kind, id, event->what);
        if (event->progress >= 0)
                fprintf(out, " %.0f %%", 100 * event->progress);
        if (event->attempt > 1)
                fprintf(out, ", attempt %d", event->attempt);
        fprintf(out, "%s%s\n", text[0] ? ": " : "", text);
}

void tail_write(FILE *out, const struct tail_event *event, eddy_job_time now, bool as_json)
{
        eddy_job_time moment = event->moment == TAIL_NOW ? now : event->moment;

        as_json ? write_json(out, event, moment) : write_line(out, event, moment);
}

void tail_write_more(FILE *out, bool as_json)
{
        fputs(as_json ? "{\"event\":\"more\"}\n" : "          ... and more than is shown\n", out);
}
