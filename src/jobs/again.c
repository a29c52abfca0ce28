#include "jobs/again.h"

#include "base/list.h"
#include "base/memory.h"

/* The last turn of a worker. */
struct last_turn {
        eddy_link link;
        uint64_t number;
        char worker[];
};

static struct last_turn *find_last(eddy_link *workers, const char *worker)
{
        for (eddy_link *link = workers->next; link != workers; link = link->next)
                if (strcmp(((struct last_turn *)link)->worker, worker) == 0)
                        return (struct last_turn *)link;
        return NULL;
}

int jobs_again_note(eddy_link *workers, const struct jobs_turn *turn, bool *is_again)
{
        struct last_turn *last = find_last(workers, turn->worker);
        size_t size = strlen(turn->worker) + 1;

        if (!last) {
                last = memory_zalloc(sizeof *last + size);
                if (!last)
                        return -ENOMEM;
                memcpy(last->worker, turn->worker, size);
                list_append(workers, &last->link);
        }
        *is_again = last->number == turn->number;
        last->number = turn->number;
        return 0;
}

void jobs_again_free(eddy_link *workers)
{
        eddy_link *link;

        while ((link = list_pop(workers)))
                memory_free(link);
}

/* "MICROSECONDS ATTEMPT WHAT TEXT" */
static bool is_log(const char *line, const char *end)
{
        const char *what = memchr(line, ' ', (size_t)(end - line));

        what = what ? memchr(what + 1, ' ', (size_t)(end - what - 1)) : NULL;
        return what && end - what >= 4 && memcmp(what, " log", 4) == 0 && (what + 4 == end || what[4] == ' ');
}

size_t jobs_again_count_logged(const char *history, size_t size)
{
        size_t n = 0;

        for (; size > 0; n++) {
                const char *end = history + size - 1, *before = memrchr(history, '\n', size - 1);
                const char *line = before ? before + 1 : history;
                if (!is_log(line, end))
                        break;
                size = (size_t)(line - history);
        }
        return n;
}

const char *jobs_again_log(const struct jobs_words *words, size_t logged)
{
        const char *log = words->log;

        for (; log && logged > words->log_at && *log; logged--)
                log = strchrnul(log, '\n') + 1;
        return log && *log ? log : NULL;
}
