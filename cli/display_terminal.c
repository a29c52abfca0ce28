/* Live progress: a line for each transfer in flight and one for the whole, redrawn in place. What is worth
 * keeping, such as a failure, scrolls away above them. */
#include "batch.h"
#include "cli.h"

#include <stdio.h>
#include <unistd.h>

enum { NUMBERS_WIDTH = 48 };

static void erase(struct batch *batch)
{
        batch->bars.out = stdout;
        batch->bars.fd = STDOUT_FILENO;
        batch->bars.rest = NUMBERS_WIDTH;
        bars_erase(&batch->bars);
        cli_flush(); /* before standard error goes on from here */
}

static void draw_item(const struct item *item, struct bars *bars)
{
        char rest[BARS_COLUMNS_MAX], got[16], total[16];
        double share = -1;

        if (item->is_pausing)
                snprintf(rest, sizeof rest, "retry %u: %s", item->retries, item->detail ? item->detail : "");
        else if (!item->has_progress)
                snprintf(rest, sizeof rest, "asks");
        else if (item->total < 0)
                snprintf(rest, sizeof rest, "%9s", format_size(got, (double)item->received));
        else
                snprintf(rest, sizeof rest, "%9s of %s", format_size(got, (double)item->received),
                         format_size(total, (double)item->total));
        if (item->has_progress && !item->is_pausing && item->total >= 0)
                share = item->total > 0 ? (double)item->received / (double)item->total : 1;
        bars_draw(bars, item_name(item), share, rest);
}

/* Averaged over a few seconds, so that it neither jumps nor sleeps. */
static double current_rate(struct batch *batch)
{
        eddy_time now = eddy_now();
        double elapsed = eddy_to_seconds(now - batch->last_report);
        double share = elapsed / (elapsed + 2);

        if (batch->last_report == 0) {
                elapsed = eddy_to_seconds(now - batch->started);
                share = 1;
        }
        if (elapsed > 0.01) {
                double rate = (double)(batch->transferred - batch->last_transferred) / elapsed;

                batch->rate += share * (rate - batch->rate);
                batch->last_report = now;
                batch->last_transferred = batch->transferred;
        }
        return batch->rate;
}

static void draw_total(struct batch *batch)
{
        double rate = current_rate(batch);
        int64_t expected = batch_expected(batch), left = expected - batch->in_files;
        char line[BARS_COLUMNS_MAX + 1], got[16], speed[16];
        int n = snprintf(line, sizeof line, "%zu of %zu files, %s, %s/s", batch->arrived + batch->skipped,
                         batch->count, format_size(got, (double)batch->in_files), format_size(speed, rate));

        if (batch->failed)
                n += snprintf(line + n, sizeof line - (size_t)n, ", %zu failed", batch->failed);
        if (expected >= 0 && left > 0 && rate > 1 && (double)left / rate < 360000) {
                long seconds = (long)((double)left / rate + 0.5);

                snprintf(line + n, sizeof line - (size_t)n, ", %ld:%02ld left", seconds / 60, seconds % 60);
        }
        bars_draw_text(&batch->bars, line);
}

static void tick(struct batch *batch)
{
        const struct item *item;
        char more[64];
        size_t shown = 0;

        erase(batch);
        for (item = batch->running; item && bars_room(&batch->bars) > 2; item = item->next_running, shown++)
                draw_item(item, &batch->bars);
        if (item) {
                snprintf(more, sizeof more, "... and %zu more", batch->running_count - shown);
                bars_draw_text(&batch->bars, more);
        }
        draw_total(batch);
        cli_flush();
}

static void ended(struct batch *batch, const struct item *item)
{
        if (item->state != ITEM_FAILED)
                return;
        erase(batch);
        display_plain.ended(batch, item);
        tick(batch);
}

static void end(struct batch *batch)
{
        erase(batch);
        display_plain.end(batch);
}

const struct display display_terminal = {
    .ended = ended,
    .tick = tick,
    .end = end,
};
