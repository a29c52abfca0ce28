#include "jobs/sqlite/life.h"

#include "base/memory.h"
#include "jobs/again.h"
#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t room, struct jobs_bytes from)
{
        size_t size = from.size < room ? from.size : room - 1;

        memcpy(to, from.data ? from.data : "", from.data ? size : 0);
        to[from.data ? size : 0] = '\0';
}

void row_read(const struct statement *s, struct row *row)
{
        row->seq = column_number(s, 0);
        row->state = (int)column_number(s, 1);
        row->fence = column_number(s, 2);
        row->attempt = (int)column_number(s, 3);
        row->attempts = (int)column_number(s, 4);
        row->has_key = column_bytes(s, 5).data != NULL;
        copy_text(row->key, sizeof row->key, column_bytes(s, 5));
        row->has_turn = column_number(s, 6) != 0;
        row->yields_key = column_number(s, 7) != 0;
        copy_text(row->queue, sizeof row->queue, column_bytes(s, 8));
        copy_text(row->id, sizeof row->id, column_bytes(s, 9));
        row->is_cancelling = column_number(s, 10) != 0;
        row->is_untold = false;
        row->unique_until = column_number(s, 12);
        row->verdict = (int)column_number(s, 13);
        row->created = column_number(s, 14);
        row->started = column_number(s, 15);
        row->has_progress = column_number(s, 16) != 0;
        copy_text(row->worker, sizeof row->worker, column_bytes(s, 11));
}

bool row_is_taken(const struct row *row, uint64_t fence, eddy_job_time created)
{
        return (uint64_t)row->fence == fence && (created == 0 || created == row->created);
}

int row_find(struct lane *lane, const char *id, struct row *row)
{
        struct statement s = statement_begin(lane, FIND_JOB);
        bool is_there;
        int rc;

        bind_text(&s, id);
        is_there = statement_row(&s);
        if (is_there)
                row_read(&s, row);
        rc = statement_end(&s);
        return rc < 0 || is_there ? rc : lane_fail(lane, EDDY_ENOJOB, "there is no job %s", id);
}

int key_enter(struct lane *lane, const char *key, bool has_turn, int *state, bool *takes_turn)
{
        struct statement s;
        bool is_taken;

        *state = EDDY_JOB_READY;
        *takes_turn = has_turn;
        if (!key || has_turn)
                return 0;
        s = statement_begin(lane, TAKE_KEY);
        bind_text(&s, key);
        is_taken = statement_row(&s);
        *state = is_taken ? EDDY_JOB_HELD : EDDY_JOB_READY;
        *takes_turn = !is_taken;
        return statement_end(&s);
}

/* The turn of a job's key goes to who waits for it. */
static int pass_turn(struct lane *lane, const struct row *row)
{
        struct statement s;

        if (!row->has_turn)
                return 0;
        s = statement_begin(lane, PASS_KEY);
        bind_text(&s, row->key);
        while (statement_row(&s))
                lane->effects |= LANE_MADE_READY;
        return statement_end(&s);
}

int row_make_ready(struct lane *lane, const struct row *row)
{
        bool has_turn;
        int state, rc = key_enter(lane, row->has_key ? row->key : NULL, row->has_turn, &state, &has_turn);
        struct statement s;

        if (rc < 0)
                return rc;
        if (state == EDDY_JOB_READY)
                lane->effects |= LANE_MADE_READY;
        s = statement_begin(lane, MAKE_READY);
        bind_number(&s, row->seq);
        bind_number(&s, state);
        bind_number(&s, has_turn);
        return statement_run(&s);
}

int queue_settle(struct lane *lane)
{
        struct lane_queue *queue = &lane->queue;
        struct statement s;
        int rc = 0;

        if (queue->finished > 0 || queue->failed > 0) {
                s = statement_begin(lane, COUNT_FINISHED);
                bind_text(&s, queue->name);
                bind_number(&s, queue->finished);
                bind_number(&s, queue->failed);
                rc = statement_run(&s);
        }
        *queue = (struct lane_queue){0};
        return rc;
}

/* Have a job's queue be the one that is looked at. */
static int know_queue(struct lane *lane, const struct row *row)
{
        struct lane_queue *queue = &lane->queue;
        struct statement s;
        int rc;

        if (strcmp(queue->name, row->queue) == 0)
                return 0;
        rc = queue_settle(lane);
        if (rc < 0)
                return rc;
        s = statement_begin(lane, FIND_QUEUE);
        bind_text(&s, row->queue);
        if (statement_row(&s)) {
                queue->keep_done = column_number(&s, 4);
                queue->keep_dead = column_number(&s, 5);
        }
        copy_text(queue->name, sizeof queue->name, (struct jobs_bytes){row->queue, strlen(row->queue)});
        return statement_end(&s);
}

int row_count(struct lane *lane, const struct row *row, bool is_finished, bool has_failed)
{
        int rc = know_queue(lane, row);

        lane->queue.finished += is_finished;
        lane->queue.failed += has_failed;
        return rc;
}

/* Whether a job stays when it is finished: where its queue keeps none, as long as its unique name is its own. */
static int keeps(struct lane *lane, const struct row *row, eddy_job_state state, int64_t now, bool *stays)
{
        int rc = know_queue(lane, row);
        int64_t keep = state == EDDY_JOB_DEAD ? lane->queue.keep_dead : lane->queue.keep_done;

        *stays = keep >= 0 || row->unique_until > now;
        return rc;
}

int row_finish(struct lane *lane, const struct row *row, eddy_job_state state, int64_t now,
               struct jobs_bytes result)
{
        bool stays;
        int rc = keeps(lane, row, state, now, &stays);
        struct statement s;

        if (rc < 0)
                return rc;
        if (!stays)
                return row_discard(lane, row);
        s = statement_begin(lane, FINISH_JOB);
        bind_number(&s, row->seq);
        bind_number(&s, state);
        bind_number(&s, now);
        bind_bytes(&s, result.data, result.size);
        bind_number(&s, row->verdict);
        rc = statement_run(&s);
        return rc < 0 ? rc : pass_turn(lane, row);
}

int row_discard(struct lane *lane, const struct row *row)
{
        struct statement s = statement_begin(lane, DISCARD_JOB);
        int rc;

        bind_number(&s, row->seq);
        rc = statement_run(&s);
        return rc < 0 ? rc : pass_turn(lane, row);
}

int row_schedule(struct lane *lane, const struct row *row, int64_t due, int refund)
{
        bool yields = row->has_turn && row->yields_key;
        struct statement s = statement_begin(lane, SCHEDULE_JOB);
        int rc;

        bind_number(&s, row->seq);
        bind_number(&s, due);
        bind_number(&s, refund);
        bind_number(&s, row->has_turn && !yields);
        bind_number(&s, row->verdict);
        rc = statement_run(&s);
        return rc < 0 || !yields ? rc : pass_turn(lane, row);
}

int row_give_back(struct lane *lane, const struct row *row, int refund)
{
        struct statement s = statement_begin(lane, GIVE_JOB_BACK);

        lane->effects |= LANE_MADE_READY;
        bind_number(&s, row->seq);
        bind_number(&s, refund);
        bind_number(&s, row->verdict);
        return statement_run(&s);
}

static int append(struct lane *lane, const struct row *row, sqlite3_str *lines)
{
        char *text = sqlite3_str_finish(lines);
        struct statement s = statement_begin(lane, WRITE_HISTORY);
        int rc;

        bind_number(&s, row->seq);
        bind_text(&s, text);
        rc = statement_run(&s);
        sqlite3_free(text);
        return text ? rc : -ENOMEM;
}

static void add_line(sqlite3_str *lines, const struct row *row, int64_t now, const char *what, const char *text,
                     size_t size)
{
        sqlite3_str_appendf(lines, "%lld %d %s%s%.*s\n", (long long)now, row->attempt, what,
                            size > 0 ? " " : "", (int)size, text);
}

/* Each write has SQLite write the whole history anew: what comes together is written together. */
static sqlite3_str *begin_lines(struct lane *lane, struct row *row)
{
        sqlite3_str *lines = sqlite3_str_new(lane->db);

        if (row->is_untold)
                add_line(lines, row, row->started, "began", row->worker, strlen(row->worker));
        row->is_untold = false;
        return lines;
}

int row_write(struct lane *lane, struct row *row, int64_t now, const char *what, const char *text, size_t size)
{
        sqlite3_str *lines = begin_lines(lane, row);

        add_line(lines, row, now, what, text, size);
        return append(lane, row, lines);
}

int row_begin_history(struct lane *lane, struct row *row, size_t *logged)
{
        struct statement s = statement_begin(lane, FIND_HISTORY);

        *logged = 0;
        bind_number(&s, row->seq);
        if (statement_row(&s)) {
                struct jobs_bytes history = column_bytes(&s, 0);
                *logged = jobs_again_count_logged(history.data, history.size);
        }
        row->is_untold = *logged == 0;
        return statement_end(&s);
}

/* What is new of a log. */
static int write_log(struct lane *lane, struct row *row, int64_t now, const struct jobs_words *words)
{
        size_t logged;
        int rc = row_begin_history(lane, row, &logged);
        const char *log = jobs_again_log(words, logged);
        sqlite3_str *lines;

        if (rc < 0 || !log)
                return rc;
        lines = begin_lines(lane, row);
        for (const char *line = log, *end; *line; line = *end ? end + 1 : end) {
                end = strchrnul(line, '\n');
                add_line(lines, row, now, "log", line, (size_t)(end - line));
        }
        return append(lane, row, lines);
}

int row_write_words(struct lane *lane, struct row *row, int64_t now, const struct jobs_words *words)
{
        int rc = 0;

        if (words->note || words->progress >= 0 || row->has_progress) {
                struct statement s = statement_begin(lane, WRITE_WORDS);
                bind_number(&s, row->seq);
                bind_real(&s, words->progress);
                bind_text(&s, words->note);
                rc = statement_run(&s);
        }
        return rc < 0 || !words->log ? rc : write_log(lane, row, now, words);
}
