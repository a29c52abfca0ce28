/* Live progress: a line for each transfer in flight and one for the whole, redrawn in place. What is worth
 * keeping, such as a failure, scrolls away above them. */
#include "batch.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MAX = 200, BAR_WIDTH = 20, NUMBERS_WIDTH = 48 };

static void terminal_size(int *columns, int *rows)
{
        struct winsize size = {0};

        ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
        *columns = size.ws_col ? size.ws_col : 80;
        *rows = size.ws_row ? size.ws_row : 24;
        if (*columns > COLUMNS_MAX)
                *columns = COLUMNS_MAX;
}

static void erase(struct batch *batch)
{
        if (batch->lines_drawn > 0)
                printf("\r\x1b[%dA\x1b[J", batch->lines_drawn);
        batch->lines_drawn = 0;
        cli_flush(); /* before standard error goes on from here */
}

static void draw_bar(char bar[BAR_WIDTH + 1], double share)
{
        int filled = (int)(share * (double)BAR_WIDTH + 0.5);

        for (int i = 0; i < BAR_WIDTH; i++)
                bar[i] = i < filled ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
}

static void draw_item(const struct item *item, int columns)
{
        char name[COLUMNS_MAX + 1], bar[BAR_WIDTH + 1], got[16], total[16];
        int width = columns - NUMBERS_WIDTH > 12 ? columns - NUMBERS_WIDTH : 12;

        cli_printable(name, (size_t)width + 1, item_name(item));
        printf("%-*s ", width, name);
        if (item->is_pausing) {
                char reason[NUMBERS_WIDTH - 12];

                cli_printable(reason, sizeof reason, item->detail ? item->detail : "");
                printf("retry %u: %s\n", item->retries, reason);
        } else if (!item->has_progress) {
                puts("asks");
        } else if (item->total < 0) {
                printf("%9s\n", format_size(got, (double)item->received));
        } else {
                double share = item->total > 0 ? (double)item->received / (double)item->total : 1;

                draw_bar(bar, share < 1 ? share : 1);
                printf("%s %3.0f%% %9s of %s\n", bar, share * 100, format_size(got, (double)item->received),
                       format_size(total, (double)item->total));
        }
        item->batch->lines_drawn++;
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

static void draw_total(struct batch *batch, int columns)
{
        double rate = current_rate(batch);
        int64_t expected = batch_expected(batch), left = expected - batch->in_files;
        char line[COLUMNS_MAX + 1], got[16], speed[16];
        int n = snprintf(line, sizeof line, "%zu of %zu files, %s, %s/s", batch->arrived + batch->skipped,
                         batch->count, format_size(got, (double)batch->in_files), format_size(speed, rate));

        if (batch->failed)
                n += snprintf(line + n, sizeof line - (size_t)n, ", %zu failed", batch->failed);
        if (expected >= 0 && left > 0 && rate > 1 && (double)left / rate < 360000) {
                long seconds = (long)((double)left / rate + 0.5);

                snprintf(line + n, sizeof line - (size_t)n, ", %ld:%02ld left", seconds / 60, seconds % 60);
        }
        printf("%.*s\n", columns - 1, line);
        batch->lines_drawn++;
}

static void tick(struct batch *batch)
{
        int columns, rows, shown = 0;
        const struct item *item;

        terminal_size(&columns, &rows);
        erase(batch);
        for (item = batch->running; item && shown < rows - 3; item = item->next_running, shown++)
                draw_item(item, columns);
        if (item) {
                printf("... and %zu more\n", batch->running_count - (size_t)shown);
                batch->lines_drawn++;
        }
        draw_total(batch, columns);
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
