/* What a store keeps of a schedule: lines of a name, a blank and a value, then "payload", and all that follows is that. Durations are in
 * microseconds, and what is not there is as if nobody had said so. docs/jobs-format.md describes it. */
#include "jobs/cron.h"

#include "base/memory.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names, numbers, and what of the texts has its own bound. */
enum { NUMBERS_MOST = 1024 };

static const char *const missed_names[] = {"once", "skip", "all"};

/* FNV-1a. */
static int64_t digest_of(const char *bytes, size_t size)
{
        uint64_t digest = 0xcbf29ce484222325u;

        for (size_t i = 0; i < size; i++)
                digest = (digest ^ (unsigned char)bytes[i]) * 0x100000001b3u;
        return (int64_t)digest;
}

static char *write_text(char *place, const char *name, const char *value)
{
        return value ? place + sprintf(place, "%s %s\n", name, value) : place;
}

static char *write_number(char *place, const char *name, int64_t value)
{
        return value ? place + sprintf(place, "%s %lld\n", name, (long long)value) : place;
}

static size_t measure(const eddy_job_cron *cron)
{
        const char *const texts[] = {cron->expression, cron->zone,     cron->spec.kind,
                                     cron->spec.queue, cron->spec.key, cron->spec.unique};
        size_t size = NUMBERS_MOST + cron->spec.size;

        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
                size += texts[i] ? strlen(texts[i]) : 0;
        return size;
}

int jobs_cron_write(const eddy_job_cron *cron, struct jobs_bytes *definition, int64_t *digest)
{
        const eddy_job_spec *spec = &cron->spec;
        char *text = memory_alloc(measure(cron)), *place = text;

        if (!text)
                return -ENOMEM;
        place = write_text(place, "expression", cron->expression);
        place = write_text(place, "zone", cron->zone);
        place = write_text(place, "missed", missed_names[cron->missed]);
        place = write_text(place, "kind", spec->kind);
        place = write_text(place, "queue", spec->queue);
        place = write_text(place, "key", spec->key);
        place = write_number(place, "yields_key", spec->yields_key);
        place = write_text(place, "unique", spec->unique);
        place = write_number(place, "unique_for", spec->unique_for / 1000);
        place = write_number(place, "timeout", spec->timeout / 1000);
        place = write_number(place, "backoff", spec->backoff / 1000);
        place = write_number(place, "max_backoff", spec->max_backoff / 1000);
        place = write_number(place, "priority", spec->priority);
        place = write_number(place, "attempts", spec->attempts);
        place += sprintf(place, "payload\n");
        memcpy(place, spec->payload, spec->size);
        *definition = (struct jobs_bytes){text, (size_t)(place - text) + spec->size};
        *digest = digest_of(text, definition->size);
        return 0;
}

static void read_missed(eddy_job_cron *cron, const char *value)
{
        for (int i = 0; i < 3; i++)
                if (strcmp(value, missed_names[i]) == 0)
                        cron->missed = (eddy_job_missed)i;
}

static eddy_duration read_duration(const char *value)
{
        long long microseconds = strtoll(value, NULL, 10);

        return microseconds > 0 && microseconds < INT64_MAX / 1000 ? microseconds * 1000 : 0;
}

static void read_line(eddy_job_cron *cron, const char *name, const char *value)
{
        eddy_job_spec *spec = &cron->spec;
        const struct {
                const char *name, **text;
                eddy_duration *duration;
                int *number;
        } fields[] = {
            {"expression", &cron->expression, NULL, NULL},
            {"zone", &cron->zone, NULL, NULL},
            {"kind", &spec->kind, NULL, NULL},
            {"queue", &spec->queue, NULL, NULL},
            {"key", &spec->key, NULL, NULL},
            {"unique", &spec->unique, NULL, NULL},
            {"unique_for", NULL, &spec->unique_for, NULL},
            {"timeout", NULL, &spec->timeout, NULL},
            {"backoff", NULL, &spec->backoff, NULL},
            {"max_backoff", NULL, &spec->max_backoff, NULL},
            {"priority", NULL, NULL, &spec->priority},
            {"attempts", NULL, NULL, &spec->attempts},
        };

        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
                if (strcmp(name, fields[i].name) != 0)
                        continue;
                if (fields[i].text)
                        *fields[i].text = value;
                else if (fields[i].duration)
                        *fields[i].duration = read_duration(value);
                else
                        *fields[i].number = atoi(value);
                return;
        }
        if (strcmp(name, "missed") == 0)
                read_missed(cron, value);
        else if (strcmp(name, "yields_key") == 0)
                spec->yields_key = value[0] == '1';
}

eddy_job_cron *jobs_cron_read(const struct jobs_cron *stored)
{
        size_t size = stored->definition.size, name_size = strlen(stored->name) + 1;
        eddy_job_cron *cron = memory_alloc(sizeof *cron + name_size + size + 1);
        char *name = (char *)(cron + 1), *line, *end, *blank;

        if (!cron)
                return NULL;
        *cron = (eddy_job_cron){.name = name, .expression = "", .next = stored->next, .last = stored->last};
        cron->spec.kind = cron->spec.payload = "";
        memcpy(name, stored->name, name_size);
        line = memcpy(name + name_size, stored->definition.data, size);
        line[size] = '\0';
        for (const char *last = line + size; (end = memchr(line, '\n', (size_t)(last - line)));
             line = end + 1) {
                *end = '\0';
                if (strcmp(line, "payload") == 0) {
                        cron->spec.payload = end + 1;
                        cron->spec.size = (size_t)(last - end - 1);
                        break;
                }
                blank = strchr(line, ' ');
                if (!blank)
                        continue;
                *blank = '\0';
                read_line(cron, line, blank + 1);
        }
        return cron;
}
