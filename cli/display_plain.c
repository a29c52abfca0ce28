/* A line for every file, for logs and pipes. What goes wrong goes to standard error. */
#include "batch.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 1024 };

static void retrying(struct batch *batch, const struct item *item, eddy_duration delay)
{
        char url[TEXT_MAX], detail[TEXT_MAX];

        (void)batch;
        cli_flush();
        cli_printable(url, sizeof url, item->url);
        cli_printable(detail, sizeof detail, item->detail ? item->detail : "");
        fprintf(stderr, "retry   %s: %s; again in %.2g s\n", url, detail, eddy_to_seconds(delay));
}

static void ended(struct batch *batch, const struct item *item)
{
        char name[TEXT_MAX], detail[TEXT_MAX], size[16];

        if (item->state == ITEM_FAILED) {
                cli_flush();
                cli_printable(name, sizeof name, item->url);
                cli_printable(detail, sizeof detail, item->detail ? item->detail : eddy_strerror(item->error));
                fprintf(stderr, "failed  %s: %s\n", name, detail);
                return;
        }
        cli_printable(name, sizeof name, item_name(item));
        if (item->state == ITEM_SKIPPED)
                printf("skipped %s is there already\n", name);
        else
                printf("arrived %s, %s in %.2f s\n", name, format_size(size, (double)item->received),
                       eddy_to_seconds(item->ended - item->started));
        batch_flush_soon(batch);
}

static void end(struct batch *batch)
{
        char text[SUMMARY_MAX];

        batch_summary(batch, text, sizeof text);
        puts(text);
        cli_flush();
}

const struct display display_plain = {
    .retrying = retrying,
    .ended = ended,
    .end = end,
};
