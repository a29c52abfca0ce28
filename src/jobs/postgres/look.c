/* What there is to see: a job, a page of jobs, the queues. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define COLUMNS_WITH(payload_and_result)                                                                       \
        "id, kind, queue, key, unique_name, worker, note, history, " payload_and_result                        \
        ", created, due, started, finished, lease, timeout, backoff, max_backoff, progress, state, priority, " \
        "attempt, attempts, is_cancelling, yields_key, seq"
#define COLUMNS           COLUMNS_WITH("payload, result")
#define COLUMNS_BUT_BYTES COLUMNS_WITH("''::bytea AS payload, NULL::bytea AS result")

/* Where the columns above are. */
enum { PAYLOAD = 8, RESULT, CREATED, SEQ = 25 };

static eddy_job_info *read_info(const PGresult *result, int row)
{
        struct jobs_bytes texts[8];
        eddy_job_info numbers = {
            .created = result_int(result, row, CREATED),
            .due = result_int(result, row, CREATED + 1),
            .started = result_int(result, row, CREATED + 2),
            .finished = result_int(result, row, CREATED + 3),
            .lease = result_int(result, row, CREATED + 4),
            .timeout = result_int(result, row, CREATED + 5),
            .backoff = result_int(result, row, CREATED + 6),
            .max_backoff = result_int(result, row, CREATED + 7),
            .progress = result_float(result, row, CREATED + 8),
            .state = (eddy_job_state)result_int(result, row, CREATED + 9),
            .priority = (int)result_int(result, row, CREATED + 10),
            .attempt = (int)result_int(result, row, CREATED + 11),
            .attempts = (int)result_int(result, row, CREATED + 12),
            .is_cancelling = result_int(result, row, CREATED + 13),
            .yields_key = result_int(result, row, CREATED + 14),
        };

        for (int i = 0; i < 8; i++)
                texts[i] = result_bytes(result, row, i);
        return jobs_info_create(&numbers, texts, result_bytes(result, row, PAYLOAD),
                                result_bytes(result, row, RESULT));
}

int pgjobs_get(struct jobs_engine *engine, const char *id, eddy_job_info **info)
{
        struct args args = {0};
        PGresult *result;
        int rc;

        *info = NULL;
        args_text(&args, id);
        args_int(&args, STORE_FORMAT);
        rc = pgjobs_query((struct store *)engine, &result,
                          "SELECT " COLUMNS " FROM @.job WHERE id = $1 AND @.may_read($2)", &args);
        if (rc < 0)
                return rc;
        if (PQntuples(result) == 0) {
                rc = EDDY_ENOJOB;
        } else {
                *info = read_info(result, 0);
                rc = *info ? 0 : -ENOMEM;
        }
        PQclear(result);
        return rc;
}

/* States stand in the text, so that it is planned with the indexes that have just those. */
static void write_states(char *text, size_t size, unsigned states)
{
        size_t n = 0;

        text[0] = '\0';
        if ((states & ((1u << EDDY_JOB_STATES) - 1)) == (1u << EDDY_JOB_STATES) - 1)
                return;
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                if (states & 1u << state)
                        n += (size_t)snprintf(text + n, size - n, "%s%d", n ? "," : " AND state IN (", state);
        snprintf(text + n, size - n, n ? ")" : " AND false");
}

static int read_list(const PGresult *result, size_t most, eddy_job_list *list)
{
        size_t room = 0;
        int rc = 0;

        for (int row = 0; rc == 0 && row < PQntuples(result) && (size_t)row < most; row++)
                rc = jobs_list_add(list, &room, read_info(result, row));
        if (rc == 0 && (size_t)PQntuples(result) > most)
                snprintf(list->next, sizeof list->next, "%lld",
                         (long long)result_int(result, (int)most - 1, SEQ));
        return rc;
}

/* Where a page begins, as a list's `next` says: 0 or -EINVAL. */
static int read_after(const char *text, int64_t *after)
{
        char *end;

        *after = INT64_MAX;
        if (!text || !text[0])
                return 0;
        errno = 0;
        *after = strtoll(text, &end, 10);
        if (text[0] >= '0' && text[0] <= '9' && !*end && errno == 0)
                return 0;
        return eddy_fail(-EINVAL, "'%s' is no place in a list of this store", text);
}

int pgjobs_list(struct jobs_engine *engine, const eddy_job_filter *filter, eddy_job_list *list)
{
        char sql[1024], states[64];
        struct args args = {0};
        PGresult *result;
        int64_t after;
        int rc = read_after(filter->after, &after);

        if (rc < 0)
                return rc;
        write_states(states, sizeof states, filter->states);
        snprintf(sql, sizeof sql,
                 "SELECT " COLUMNS
                 " FROM @.job WHERE seq < $1%s%s%s AND @.may_read($3) ORDER BY seq DESC LIMIT $2",
                 filter->queue ? " AND queue = $4" : "",
                 !filter->kind   ? ""
                 : filter->queue ? " AND kind = $5"
                                 : " AND kind = $4",
                 states);
        args_int(&args, after);
        args_int(&args, (int64_t)filter->most + 1);
        args_int(&args, STORE_FORMAT);
        if (filter->queue)
                args_text(&args, filter->queue);
        if (filter->kind)
                args_text(&args, filter->kind);
        rc = pgjobs_query((struct store *)engine, &result, sql, &args);
        if (rc < 0)
                return rc;
        rc = read_list(result, filter->most, list);
        PQclear(result);
        return rc;
}

/* Of each queue, and each of the states that a job ends in, the last from the index, whose queues are gone through by it, too. It
 * does not know the order of those of one moment: with the last all of its moment are there, to be put in order outside. */
int pgjobs_list_finished(struct jobs_engine *engine, const char *queue, eddy_job_time since, size_t most,
                         eddy_job_list *list)
{
        static const char sql[] =
            "WITH RECURSIVE named (name) AS ("
            "(SELECT queue FROM @.job WHERE state >= 4 AND $3::text IS NULL ORDER BY queue LIMIT 1) UNION ALL "
            "SELECT (SELECT queue FROM @.job WHERE state >= 4 AND queue > named.name ORDER BY queue LIMIT 1) "
            "FROM named WHERE named.name IS NOT NULL) "
            "SELECT ended.* FROM (SELECT name FROM named WHERE name IS NOT NULL UNION ALL "
            "SELECT $3 WHERE $3 IS NOT NULL) AS names "
            "CROSS JOIN (VALUES (4), (5), (6)) AS ends (ended_in) CROSS JOIN LATERAL ("
            "SELECT " COLUMNS_BUT_BYTES
            " FROM @.job WHERE queue = names.name AND state = ends.ended_in AND state >= 4 AND finished >= $1 "
            "ORDER BY finished DESC FETCH FIRST ($2) ROWS WITH TIES) AS ended "
            "WHERE @.may_read($4) ORDER BY finished DESC, seq DESC LIMIT $2";
        struct args args = {0};
        PGresult *result;
        int rc;

        args_int(&args, since);
        args_int(&args, (int64_t)most);
        args_text(&args, queue);
        args_int(&args, STORE_FORMAT);
        rc = pgjobs_query((struct store *)engine, &result, sql, &args);
        if (rc < 0)
                return rc;
        rc = read_list(result, most, list);
        PQclear(result);
        return rc;
}

static void read_queue(const PGresult *result, int row, eddy_job_queue *queue)
{
        snprintf(queue->name, sizeof queue->name, "%s", PQgetvalue(result, row, 0));
        queue->options.most_running = (size_t)result_int(result, row, 1);
        queue->options.rate = (size_t)result_int(result, row, 2);
        queue->options.period = result_int(result, row, 3);
        queue->options.keep_done = result_int(result, row, 4);
        queue->options.keep_dead = result_int(result, row, 5);
        queue->is_paused = result_int(result, row, 6);
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                queue->counts[state] = (size_t)result_int(result, row, 7 + state);
        queue->finished = (size_t)result_int(result, row, 14);
        queue->failed = (size_t)result_int(result, row, 15);
        queue->age = eddy_us(result_int(result, row, 16));
}

int pgjobs_queues(struct jobs_engine *engine, eddy_job_queue **queues, size_t *n)
{
        struct args args = {0};
        PGresult *result;
        int rc = pgjobs_call((struct store *)engine, &result, "queues", &args);

        *queues = NULL;
        *n = 0;
        if (rc < 0)
                return rc;
        *queues = memory_zalloc(((size_t)PQntuples(result) + 1) * sizeof **queues);
        if (!*queues)
                rc = -ENOMEM;
        for (; rc == 0 && (int)*n < PQntuples(result); ++*n)
                read_queue(result, (int)*n, &(*queues)[*n]);
        PQclear(result);
        return rc;
}
