#include "bars.h"
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR_WIDTH = 20, SHARE_WIDTH = BAR_WIDTH + 6, NAME_LEAST = 12 };

bool bars_can_draw(int fd)
{
        const char *kind = getenv("TERM");

        return isatty(fd) && (!kind || strcmp(kind, "dumb") != 0);
}

static void measure(struct bars *bars)
{
        struct winsize size = {0};

        ioctl(bars->fd, TIOCGWINSZ, &size);
        bars->columns = size.ws_col ? size.ws_col : 80;
        bars->rows = size.ws_row ? size.ws_row : 24;
        if (bars->columns > BARS_COLUMNS_MAX)
                bars->columns = BARS_COLUMNS_MAX;
}

/* The terminal is another program's as long as that is in the foreground, or another session's: what is above the cursor is not ours. */
static bool is_in_foreground(const struct bars *bars)
{
        return tcgetpgrp(bars->fd) == getpgrp();
}

void bars_erase(struct bars *bars)
{
        bars->is_hidden = !is_in_foreground(bars);
        if (bars->lines > 0 && !bars->is_hidden)
                fprintf(bars->out, "\r\x1b[%dA\x1b[J", bars->lines);
        bars->lines = 0;
        measure(bars);
}

static void fill(char bar[BAR_WIDTH + 1], double share)
{
        int filled = (int)(share * (double)BAR_WIDTH + 0.5);

        for (int i = 0; i < BAR_WIDTH; i++)
                bar[i] = i < filled ? '#' : '.';
        bar[BAR_WIDTH] = '\0';
}

void bars_draw(struct bars *bars, const char *name, double share, const char *rest)
{
        char printable[BARS_COLUMNS_MAX + 1], bar[BAR_WIDTH + 1];
        int width = bars->columns - bars->rest > NAME_LEAST ? bars->columns - bars->rest : NAME_LEAST;
        int left = bars->columns - 1 - (width + 1);

        if (bars->is_hidden)
                return;
        cli_printable(printable, (size_t)width + 1, name);
        fprintf(bars->out, "%-*s ", width, printable);
        if (share >= 0 && left >= SHARE_WIDTH) {
                fill(bar, share < 1 ? share : 1);
                fprintf(bars->out, "%s %3.0f%% ", bar, share * 100);
                left -= SHARE_WIDTH;
        }
        cli_printable(printable, left > 0 ? (size_t)left + 1 : 1, rest);
        fprintf(bars->out, "%s\n", printable);
        bars->lines++;
}

void bars_draw_text(struct bars *bars, const char *text)
{
        char printable[BARS_COLUMNS_MAX + 1];

        if (bars->is_hidden)
                return;
        cli_printable(printable, (size_t)bars->columns, text);
        fprintf(bars->out, "%s\n", printable);
        bars->lines++;
}

int bars_room(const struct bars *bars)
{
        return bars->rows - 1 - bars->lines;
}
