#include "jobs/sqlite/statement.h"

#include <time.h>

/* States are those of eddy_job_state: 0 scheduled, 1 held, 2 ready, 3 running, and finished from 4 on. What names one of these says that it is
 * 4 or more besides, for the index has only those; by likely(), or SQLite would seek by that alone, and pass all that ended in any. */
#define ROW_COLUMNS                                                                                            \
        "seq, state, fence, attempt, attempts, key, has_turn, yields_key, queue, id, is_cancelling, worker, "  \
        "unique_until, verdict, created, started, progress >= 0"
#define TAKE_COLUMNS                                                                                           \
        "seq, id, kind, queue, key, payload, fence, timeout, backoff, max_backoff, created, due, attempt, "    \
        "attempts, priority"
#define INFO_COLUMNS_WITH(payload_and_result)                                                                  \
        "id, kind, queue, key, uniq, worker, note, history, " payload_and_result                               \
        ", created, due, started, finished, lease, timeout, backoff, max_backoff, progress, state, priority, " \
        "attempt, attempts, is_cancelling, yields_key, seq"
#define INFO_COLUMNS INFO_COLUMNS_WITH("payload, result")
#define CRON_COLUMNS "name, definition, digest, next, last"
#define LISTED                                                                                                 \
        "seq < ?1 AND (?2 IS NULL OR queue = ?2) AND (?3 IS NULL OR kind = ?3) ORDER BY seq DESC LIMIT ?5"

static const char *const texts[QUERIES] = {
    [ADD_JOB] = "INSERT INTO jobs (id, kind, queue, state, priority, payload, key, has_turn, yields_key, uniq, "
                "has_unique, unique_until, attempts, "
                "timeout, backoff, max_backoff, created, due) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                "?10 IS NOT NULL, ?11, ?12, ?13, "
                "?14, ?15, ?16, ?17)",
    [ADD_QUEUE] = "INSERT INTO queues (name) VALUES (?1) ON CONFLICT DO NOTHING",
    [FIND_JOB] = "SELECT " ROW_COLUMNS " FROM jobs WHERE id = ?1",
    [FIND_UNIQUE] = "SELECT seq, state, unique_until, id FROM jobs WHERE uniq = ?1 AND has_unique = 1",
    [FREE_UNIQUE] = "UPDATE jobs SET has_unique = 0 WHERE seq = ?1",
    [TAKE_KEY] = "SELECT 1 FROM jobs WHERE key = ?1 AND has_turn = 1",
    [PASS_KEY] = "UPDATE jobs SET state = 2, has_turn = 1 WHERE seq = (SELECT seq FROM jobs WHERE state = 1 "
                 "AND key = ?1 "
                 "ORDER BY priority DESC, seq LIMIT 1) RETURNING queue",
    [FINISH_JOB] =
        "UPDATE jobs SET state = ?2, finished = ?3, lease = 0, has_turn = 0, result = ?4, verdict = ?5, "
        "is_cancelling = 0, has_unique = uniq IS NOT NULL AND unique_until > ?3 WHERE seq = ?1",
    [SCHEDULE_JOB] =
        "UPDATE jobs SET state = 0, due = ?2, lease = 0, attempt = attempt - ?3, has_turn = ?4, verdict = ?5, "
        "is_cancelling = 0 WHERE seq = ?1",
    [GIVE_JOB_BACK] =
        "UPDATE jobs SET state = 2, lease = 0, attempt = attempt - ?2, verdict = ?3, is_cancelling = 0 "
        "WHERE seq = ?1",
    [WRITE_WORDS] = "UPDATE jobs SET progress = ?2, note = coalesce(?3, note) WHERE seq = ?1",
    /* The newest 64 KiB in whole lines. Sizes are of bytes: those of a TEXT would be counted letter by letter. */
    [WRITE_HISTORY] =
        "UPDATE jobs SET history = CASE "
        "WHEN length(CAST(history AS BLOB)) + length(CAST(?2 AS BLOB)) <= 65536 THEN history || ?2 "
        "ELSE (SELECT CAST(substr(newest, instr(newest, x'0a') + 1) AS TEXT) "
        "FROM (SELECT substr(CAST(history || ?2 AS BLOB), -65536) AS newest)) END WHERE seq = ?1",
    [FIND_HISTORY] = "SELECT history FROM jobs WHERE seq = ?1",
    [COUNT_FINISHED] = "UPDATE queues SET finished = finished + ?2, failed = failed + ?3 WHERE name = ?1",
    [FIND_DUE] = "SELECT " ROW_COLUMNS " FROM jobs WHERE state = 0 AND due <= ?1 ORDER BY due LIMIT 128",
    [FIND_LAPSED] = "SELECT " ROW_COLUMNS " FROM jobs WHERE state = 3 AND lease < ?1 ORDER BY lease LIMIT 64",
    [MAKE_READY] = "UPDATE jobs SET state = ?2, has_turn = ?3 WHERE seq = ?1",
    [FIND_QUEUE] =
        "SELECT is_paused, most_running, rate, period, keep_done, keep_dead, begun FROM queues WHERE name = ?1",
    [NOTE_BEGUN] = "UPDATE queues SET begun = ?2 WHERE name = ?1",
    [COUNT_RUNNING] = "SELECT count(*) FROM jobs WHERE state = 3 AND queue = ?1",
    [TAKE_JOBS] = "UPDATE jobs SET state = 3, attempt = attempt + 1, fence = fence + 1, lease = ?3, started = "
                  "?4, worker = ?5, "
                  "worker_turn = ?6, verdict = -1, progress = -1, note = NULL WHERE seq IN (SELECT seq FROM "
                  "jobs WHERE state "
                  "= 2 AND queue = ?1 "
                  "ORDER BY priority DESC, seq LIMIT ?2) RETURNING " TAKE_COLUMNS,
    [TAKE_AGAIN] =
        "SELECT " TAKE_COLUMNS
        " FROM jobs WHERE state = 3 AND worker = ?1 AND worker_turn = ?2 ORDER BY priority DESC, seq",
    [NEXT_MOMENT] = "SELECT min((SELECT coalesce(min(due), ?1) FROM jobs WHERE state = 0), "
                    "(SELECT coalesce(min(lease), ?1) FROM jobs WHERE state = 3))",
    [RENEW_LEASE] = "UPDATE jobs SET lease = ?2 WHERE seq = ?1",
    [GET_JOB] = "SELECT " INFO_COLUMNS " FROM jobs WHERE id = ?1",
    [LIST_JOBS] = "SELECT " INFO_COLUMNS " FROM jobs WHERE (1 << state) & ?4 AND " LISTED,
    [LIST_DEAD] = "SELECT " INFO_COLUMNS " FROM jobs WHERE state = 5 AND ?4 AND " LISTED,
    [LIST_RUNNING] = "SELECT " INFO_COLUMNS " FROM jobs WHERE state = 3 AND ?4 AND " LISTED,
    [FIND_FINISHED] = "SELECT seq, finished FROM jobs WHERE queue = ?1 AND state = ?2 AND likely(state >= 4) "
                      "AND finished >= ?3 "
                      "ORDER BY finished DESC, seq DESC LIMIT ?4",
    [READ_FINISHED] = "SELECT " INFO_COLUMNS_WITH("x'', NULL") " FROM jobs WHERE seq = ?1",
    [FIND_QUEUE_NAMES] = "SELECT name FROM queues WHERE ?1 IS NULL OR name = ?1",
    [RETRY_JOB] = "UPDATE jobs SET state = ?2, has_turn = ?3, attempts = max(attempts, attempt + 1), due = ?4, "
                  "finished = 0, "
                  "result = NULL, progress = -1, note = NULL, has_unique = has_unique OR (uniq IS NOT NULL AND "
                  "NOT EXISTS (SELECT 1 FROM jobs AS other "
                  "WHERE other.uniq = jobs.uniq AND other.has_unique = 1)) WHERE seq = ?1",
    [ASK_TO_CANCEL] = "UPDATE jobs SET is_cancelling = 1 WHERE seq = ?1",
    [DISCARD_JOB] = "DELETE FROM jobs WHERE seq = ?1",
    [SET_QUEUE] = "UPDATE queues SET most_running = ?2, rate = ?3, period = ?4, keep_done = ?5, keep_dead = "
                  "?6, begun = CASE WHEN rate = ?3 AND period = ?4 THEN begun ELSE '' END WHERE name = ?1",
    [PAUSE_QUEUE] = "UPDATE queues SET is_paused = ?2 WHERE name = ?1",
    [LIST_QUEUES] = "SELECT name, is_paused, most_running, rate, period, keep_done, keep_dead, finished, "
                    "failed FROM queues ORDER "
                    "BY name",
    [COUNT_SCHEDULED] = "SELECT queue, count(*) FROM jobs WHERE state = 0 GROUP BY queue",
    [COUNT_HELD] = "SELECT queue, count(*) FROM jobs WHERE state = 1 GROUP BY queue",
    [COUNT_READY] = "SELECT queue, count(*), min(seq) FROM jobs WHERE state = 2 GROUP BY queue",
    [COUNT_ALL_RUNNING] = "SELECT queue, count(*) FROM jobs WHERE state = 3 GROUP BY queue",
    [COUNT_ENDED] = "SELECT queue, count(*), state FROM jobs WHERE state >= 4 GROUP BY queue, state",
    [FIND_DUE_OF] = "SELECT due FROM jobs WHERE seq = ?1",
    [SWEEP_DONE] = "DELETE FROM jobs WHERE seq IN (SELECT seq FROM queues CROSS JOIN jobs WHERE queue = name "
                   "AND likely(state >= 4) AND state IN (4, 6) "
                   "AND jobs.finished < ?1 - keep_done AND unique_until < ?1 LIMIT 1000) RETURNING seq",
    [SWEEP_DEAD] = "DELETE FROM jobs WHERE seq IN (SELECT seq FROM queues CROSS JOIN jobs WHERE queue = name "
                   "AND likely(state >= 4) AND state = 5 "
                   "AND jobs.finished < ?1 - keep_dead AND unique_until < ?1 LIMIT 1000) RETURNING seq",
    [FIND_CANCELLING] = "SELECT id FROM jobs WHERE state = 3 AND is_cancelling = 1",
    [DATA_VERSION] = "PRAGMA data_version",
    [USER_VERSION] = "PRAGMA user_version",
    [LIST_CRONS] = "SELECT " CRON_COLUMNS " FROM crons WHERE ?1 IS NULL OR name = ?1",
    [LIST_DUE_CRONS] =
        "SELECT " CRON_COLUMNS " FROM crons WHERE (?1 IS NULL OR name = ?1) AND next <= ?2 ORDER BY next",
    [SOONEST_CRON] = "SELECT min(next) FROM crons WHERE next > ?1",
    [SET_CRON] =
        "INSERT INTO crons (name, definition, digest, next) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name) DO "
        "UPDATE SET definition = excluded.definition, digest = excluded.digest, next = CASE WHEN ?5 THEN next "
        "ELSE excluded.next END WHERE digest <> excluded.digest",
    [REMOVE_CRON] = "DELETE FROM crons WHERE name = ?1 RETURNING 1",
    [FIRE_CRON] =
        "UPDATE crons SET next = ?4, last = ?5 WHERE name = ?1 AND digest = ?2 AND next = ?3 RETURNING 1",
};

int64_t store_now(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note(struct statement *s, int code)
{
        if (code != SQLITE_OK && s->rc == 0)
                s->rc = lane_failure(s->lane, code);
}

struct statement statement_begin(struct lane *lane, enum query query)
{
        struct statement s = {.lane = lane};

        if (!lane->statements[query])
                note(&s, sqlite3_prepare_v3(lane->db, texts[query], -1, SQLITE_PREPARE_PERSISTENT,
                                            &lane->statements[query], NULL));
        s.stmt = lane->statements[query];
        return s;
}

void bind_number(struct statement *s, int64_t number)
{
        if (s->rc == 0)
                note(s, sqlite3_bind_int64(s->stmt, ++s->bound, number));
}

void bind_real(struct statement *s, double number)
{
        if (s->rc == 0)
                note(s, sqlite3_bind_double(s->stmt, ++s->bound, number));
}

void bind_text(struct statement *s, const char *text)
{
        if (s->rc == 0)
                note(s, sqlite3_bind_text(s->stmt, ++s->bound, text, -1, SQLITE_STATIC));
}

void bind_bytes(struct statement *s, const void *data, size_t size)
{
        if (s->rc == 0)
                note(s, sqlite3_bind_blob64(s->stmt, ++s->bound, data, size, SQLITE_STATIC));
}

bool statement_row(struct statement *s)
{
        int code;

        if (s->rc < 0 || s->is_over)
                return false;
        code = sqlite3_step(s->stmt);
        if (code == SQLITE_ROW)
                return true;
        s->is_over = true;
        if (code != SQLITE_DONE)
                note(s, code);
        return false;
}

int statement_end(struct statement *s)
{
        if (s->stmt) {
                sqlite3_reset(s->stmt);
                sqlite3_clear_bindings(s->stmt);
        }
        return s->rc;
}

int statement_run(struct statement *s)
{
        while (statement_row(s))
                ;
        return statement_end(s);
}

int64_t column_number(const struct statement *s, int column)
{
        return sqlite3_column_int64(s->stmt, column);
}

double column_real(const struct statement *s, int column)
{
        return sqlite3_column_double(s->stmt, column);
}

struct jobs_bytes column_bytes(const struct statement *s, int column)
{
        const void *data =
            sqlite3_column_type(s->stmt, column) == SQLITE_NULL ? NULL : sqlite3_column_blob(s->stmt, column);
        int size = sqlite3_column_bytes(s->stmt, column);

        if (!data && sqlite3_column_type(s->stmt, column) != SQLITE_NULL)
                data = ""; /* an empty one */
        return (struct jobs_bytes){data, data ? (size_t)size : 0};
}
