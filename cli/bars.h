/* Progress at a terminal: lines that are drawn over, below those that stay. */
#ifndef CLI_BARS_H
#define CLI_BARS_H

#include <stdbool.h>
#include <stdio.h>

enum { BARS_COLUMNS_MAX = 200 };

/** What is drawn. Zeroed but for the first three it is nothing. */
struct bars {
        FILE *out;      /* where it is written to */
        int fd;         /* the terminal that this gets to */
        int rest;       /* columns that a line has beside its name */
        int lines;      /* above the cursor, to be drawn over */
        bool is_hidden; /* somebody else is in the terminal's foreground, and nothing is drawn */
        int columns, rows;
};

/** Whether a descriptor is a terminal that can draw over lines, which one of TERM=dumb cannot. */
bool bars_can_draw(int fd);

/** Take what is drawn away, and look how large the terminal is: what is written next stays. Where this program is not in the terminal's
 * foreground what is drawn is forgotten instead, and nothing is drawn until the next call. */
void bars_erase(struct bars *bars);

/** Draw a line: a name, a bar where `share` (0 to 1) is not less than 0 and there is room for it, and what there is to say besides. Other people's words are made
 * harmless, and no line is longer than the terminal. */
void bars_draw(struct bars *bars, const char *name, double share, const char *rest);

/** Draw a line of text. */
void bars_draw_text(struct bars *bars, const char *text);

/** How many more lines there is room for. */
int bars_room(const struct bars *bars);

#endif
