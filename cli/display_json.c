/* One JSON object a line, for machines: "retry", "arrived", "skipped" and "failed" as they happen, "progress"
 * once a second, "summary" at the end. */
#include "batch.h"
#include "cli.h"
#include "json.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static void print_string(const char *key, const char *value)
{
        printf(",\"%s\":", key);
        json_print_text(value);
}

static void begin_event(const char *name)
{
        printf("{\"event\":\"%s\"", name);
}

static void end_event(struct batch *batch)
{
        fputs("}\n", stdout);
        batch_flush_soon(batch);
}

static void print_file(const struct batch *batch, const struct item *item)
{
        char path[PATH_MAX + FETCH_NAME_MAX + 2];

        snprintf(path, sizeof path, "%s/%s", batch->folder, item->path);
        print_string("file", path);
}

static void print_failure(const struct item *item)
{
        print_string("error", eddy_errname(item->error));
        print_string("detail", item->detail ? item->detail : eddy_strerror(item->error));
        if (item->status)
                printf(",\"status\":%d", item->status);
}

static void retrying(struct batch *batch, const struct item *item, eddy_duration delay)
{
        begin_event("retry");
        print_string("url", item->url);
        print_failure(item);
        printf(",\"delay\":%.3f", eddy_to_seconds(delay));
        end_event(batch);
}

static void ended(struct batch *batch, const struct item *item)
{
        begin_event(item->state == ITEM_ARRIVED   ? "arrived"
                    : item->state == ITEM_SKIPPED ? "skipped"
                                                  : "failed");
        print_string("url", item->url);
        if (item->path)
                print_file(batch, item);
        if (item->state == ITEM_FAILED)
                print_failure(item);
        printf(",\"bytes\":%lld,\"seconds\":%.3f,\"retries\":%u", (long long)item->received,
               eddy_to_seconds(item->ended - item->started), item->retries);
        end_event(batch);
}

static void tick(struct batch *batch)
{
        eddy_time now = eddy_now();

        if (now - batch->last_report < eddy_seconds(1))
                return;
        batch->last_report = now;
        begin_event("progress");
        printf(",\"arrived\":%zu,\"failed\":%zu,\"running\":%zu,\"files\":%zu,\"bytes\":%lld", batch->arrived,
               batch->failed, batch->running_count, batch->count, (long long)batch->transferred);
        end_event(batch);
}

static void end(struct batch *batch)
{
        begin_event("summary");
        printf(",\"arrived\":%zu,\"skipped\":%zu,\"failed\":%zu,\"files\":%zu,\"bytes\":%lld,\"seconds\":%.3f",
               batch->arrived, batch->skipped, batch->failed, batch->count, (long long)batch->transferred,
               eddy_to_seconds(batch->ended - batch->started));
        printf(",\"retries\":%zu,\"interrupted\":%s", batch->retries, batch->is_interrupted ? "true" : "false");
        end_event(batch);
}

const struct display display_json = {
    .retrying = retrying,
    .ended = ended,
    .tick = tick,
    .end = end,
};
