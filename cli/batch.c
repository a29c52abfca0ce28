#include "batch.h"
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int item_complete(struct item *item, const struct url_line *line)
{
        size_t count = 0;

        while (line->mirrors[count])
                count++;
        if (count > 0)
                item->mirrors = calloc(count + 1, sizeof *item->mirrors);
        if (count > 0 && !item->mirrors)
                return cli_no_memory("eddy fetch");
        for (size_t i = 0; i < count; i++) {
                item->mirrors[i] = strdup(line->mirrors[i]);
                if (!item->mirrors[i])
                        return cli_no_memory("eddy fetch");
        }
        item->checksum = line->checksum ? strdup(line->checksum) : NULL;
        return line->checksum && !item->checksum ? cli_no_memory("eddy fetch") : 0;
}

static void item_finish(struct item *item)
{
        for (char **mirror = item->mirrors; mirror && *mirror; mirror++)
                free(*mirror);
        free(item->mirrors);
        free(item->checksum);
        free(item->url);
        free(item->path);
        free(item->detail);
}

void batch_shrink(struct batch *batch, size_t count)
{
        while (batch->count > count)
                item_finish(&batch->items[--batch->count]);
}

int batch_add(const struct url_line *line, void *arg)
{
        struct batch *batch = arg;
        struct item *item;
        int rc;

        if (batch->count == batch->capacity) {
                size_t capacity = batch->capacity ? 2 * batch->capacity : 64;
                struct item *items = realloc(batch->items, capacity * sizeof *items);

                if (!items)
                        return cli_no_memory("eddy fetch");
                batch->items = items;
                batch->capacity = capacity;
        }
        item = &batch->items[batch->count++];
        *item = (struct item){.batch = batch, .url = strdup(line->url), .total = -1};
        rc = item->url ? item_complete(item, line) : cli_no_memory("eddy fetch");
        if (rc)
                batch_shrink(batch, batch->count - 1);
        return rc;
}

void batch_finish(struct batch *batch)
{
        batch_shrink(batch, 0);
        free(batch->items);
        free(batch->user);
        fetch_names_finish(&batch->names);
        fetch_names_finish(&batch->there);
}

const char *item_name(const struct item *item)
{
        return item->path ? item->path : item->url;
}

int64_t batch_expected(const struct batch *batch)
{
        if (batch->known_count == 0)
                return -1;
        if (batch->known_count == batch->count)
                return batch->known_total;
        return (int64_t)((double)batch->known_total / (double)batch->known_count * (double)batch->count);
}

const char *format_size(char text[16], double bytes)
{
        static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
        size_t unit = 0;

        while (bytes >= 999.5 && unit < 5) {
                bytes /= 1000;
                unit++;
        }
        snprintf(text, 16, unit > 0 && bytes < 99.95 ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
        return text;
}

void batch_summary(const struct batch *batch, char *text, size_t size)
{
        double seconds = eddy_to_seconds(batch->ended - batch->started);
        double rate = (double)batch->transferred / (seconds > 0.001 ? seconds : 0.001);
        char amount[16], speed[16];
        int n = snprintf(text, size, "%s%zu of %zu arrived: %s in %.1f s, %s/s",
                         batch->is_interrupted ? "interrupted: " : "", batch->arrived, batch->count,
                         format_size(amount, (double)batch->transferred), seconds, format_size(speed, rate));

        if (batch->skipped)
                n += snprintf(text + n, size - (size_t)n, "; %zu skipped", batch->skipped);
        if (batch->failed)
                n += snprintf(text + n, size - (size_t)n, "; %zu failed", batch->failed);
        if (batch->retries)
                n += snprintf(text + n, size - (size_t)n, "; %zu %s", batch->retries,
                              batch->retries == 1 ? "retry" : "retries");
        if (batch->is_interrupted && batch->existing != FETCH_SKIP)
                snprintf(text + n, size - (size_t)n,
                         "\nThe same command with --skip-existing fetches the rest.");
}
