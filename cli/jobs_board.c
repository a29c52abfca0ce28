#include "jobs_board.h"
#include "bars.h"
#include "jobs.h"
#include "log_writer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REDRAWN_MS = 100 };

struct jobs_board {
        struct log_writer *writer;
        bool draws; /* it is a terminal */
        struct bars bars;
        char *drawn; /* the last that was, to be drawn again only where it has changed; NULL: none */
        struct jobs_shown *running, **last_running;
        size_t running_count;
        eddy_timer ticker;
};

struct jobs_board *jobs_board_create(void)
{
        struct jobs_board *board = calloc(1, sizeof *board);
        int fd = dup(STDOUT_FILENO);

        if (board && fd >= 0)
                board->writer = log_writer_create(fd, -1, EDDY_HTTP_LOG_COMMON);
        else if (fd >= 0)
                close(fd);
        if (!board || !board->writer) {
                free(board);
                return NULL;
        }
        board->draws = bars_can_draw(STDOUT_FILENO);
        board->bars = (struct bars){.fd = STDOUT_FILENO, .rest = JOBS_BAR_REST};
        board->last_running = &board->running;
        return board;
}

static void draw_running(struct bars *bars, const struct jobs_shown *shown)
{
        long seconds = (long)eddy_to_seconds(eddy_now() - shown->begun);
        char rest[sizeof shown->note + 32];

        snprintf(rest, sizeof rest, "%ld:%02ld  %s", seconds / 60, seconds % 60, shown->note);
        bars_draw(bars, shown->name, shown->progress, rest);
}

static void draw_all(struct jobs_board *board)
{
        const struct jobs_shown *shown = board->running;
        size_t count = 0;
        char more[64];

        for (; shown && bars_room(&board->bars) > 1; shown = shown->next, count++)
                draw_running(&board->bars, shown);
        if (!shown)
                return;
        snprintf(more, sizeof more, "... and %zu more", board->running_count - count);
        bars_draw_text(&board->bars, more);
}

/* Who is behind with reading gets no pictures meanwhile. */
static bool is_drawing(const struct jobs_board *board)
{
        return board->draws && !log_writer_is_behind(board->writer);
}

/* Have a line written, or without one what is drawn drawn again. What there is no memory for is not shown. */
static void show(struct jobs_board *board, const char *line)
{
        char *text = NULL;
        size_t n = 0;
        bool draws = is_drawing(board);

        if (!line && !draws)
                return;
        board->bars.out = open_memstream(&text, &n);
        if (!board->bars.out)
                return;
        bars_erase(&board->bars);
        if (line)
                fprintf(board->bars.out, "%s\n", line);
        if (draws)
                draw_all(board);
        fclose(board->bars.out);
        if (text && (line || !board->drawn || strcmp(text, board->drawn) != 0)) {
                log_writer_add_text(board->writer, text, n);
                log_writer_wake(board->writer);
        }
        free(board->drawn);
        board->drawn = text;
}

static void tick(void *arg)
{
        struct jobs_board *board = arg;

        show(board, NULL);
        if (board->running || board->bars.lines > 0)
                eddy_call_later(eddy_running_loop(), &board->ticker, eddy_ms(REDRAWN_MS), tick, board);
}

void jobs_board_say(struct jobs_board *board, const char *format, ...)
{
        char *line = NULL;
        va_list args;

        va_start(args, format);
        if (vasprintf(&line, format, args) < 0)
                line = NULL;
        va_end(args);
        if (line)
                show(board, line);
        free(line);
}

void jobs_board_add(struct jobs_board *board, struct jobs_shown *shown, const eddy_job *job)
{
        *shown = (struct jobs_shown){.progress = -1, .begun = eddy_now(), .place = board->last_running};
        snprintf(shown->name, sizeof shown->name, "%.40s  %s", eddy_job_kind(job), eddy_job_id(job));
        *board->last_running = shown;
        board->last_running = &shown->next;
        board->running_count++;
        if (board->draws && !eddy_timer_pending(&board->ticker))
                eddy_call_later(eddy_running_loop(), &board->ticker, eddy_ms(REDRAWN_MS), tick, board);
}

void jobs_board_remove(struct jobs_board *board, struct jobs_shown *shown)
{
        *shown->place = shown->next;
        if (shown->next)
                shown->next->place = shown->place;
        else
                board->last_running = shown->place;
        board->running_count--;
}

bool jobs_board_destroy(struct jobs_board *board)
{
        bool is_taken;

        if (!board)
                return true;
        eddy_timer_cancel(&board->ticker);
        show(board, NULL); /* nothing runs: it is erased */
        is_taken = log_writer_end(board->writer);
        free(board->drawn);
        free(board);
        return is_taken;
}
