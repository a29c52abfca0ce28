/* Stores in a PostgreSQL server of the test's own, which it may stop and start. */
#ifndef TESTS_JOBS_POSTGRES_HELPERS_H
#define TESTS_JOBS_POSTGRES_HELPERS_H

#include "../../postgres/server.h"

#include "jobs/jobs.h"
#include <eddy/jobs.h>
#include <eddy/jobs_postgres.h>

enum { MOST = 64 };

static unsigned schema_number;

static inline const char *own_url(void)
{
        static char url[256];

        snprintf(url, sizeof url, "postgres:///postgres?host=%s&user=tester", server.folder);
        return url;
}

static inline const char *own_schema(void)
{
        static char name[32];

        snprintf(name, sizeof name, "test_%u", schema_number);
        return name;
}

static inline eddy_jobs *open_with(eddy_jobs_options options)
{
        eddy_jobs *jobs;
        int rc;

        options.prefix = own_schema();
        rc = eddy_jobs_open(&jobs, own_url(), &options);
        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
        return jobs;
}

/** Another one who has the store open. */
static inline eddy_jobs *open_store(void)
{
        return open_with((eddy_jobs_options){0});
}

static inline eddy_jobs *open_new_store(void)
{
        schema_number++;
        return open_store();
}

/** A worker's turn; what it is given it is to free. */
struct turn {
        struct jobs_turn turn;
        struct jobs_taken *taken[MOST];
        struct jobs_outcome outcomes[MOST];
};

static inline uint64_t new_number(void)
{
        static uint64_t numbers;

        return ++numbers;
}

static inline int run_turn(eddy_jobs *jobs, struct turn *turn, const char *worker, size_t most)
{
        static const char *const queues[] = {"default"};

        turn->turn.queues = queues;
        turn->turn.queue_count = 1;
        turn->turn.lease = turn->turn.lease ? turn->turn.lease : eddy_seconds(60);
        turn->turn.worker = worker;
        turn->turn.number = turn->turn.number ? turn->turn.number : new_number();
        turn->turn.most = most;
        turn->turn.taken = turn->taken;
        turn->turn.outcomes = turn->outcomes;
        return jobs->engine->type->turn(jobs->engine, &turn->turn);
}

static inline void drop(struct turn *turn)
{
        for (size_t i = 0; i < turn->turn.taken_count; i++)
                eddy_free(turn->taken[i]);
        *turn = (struct turn){0};
}

/** The outcomes of the next turn: that all of this one is done. */
static inline void finish_all(const struct turn *turn, struct turn *next)
{
        *next = (struct turn){.turn.outcome_count = turn->turn.taken_count};
        for (size_t i = 0; i < turn->turn.taken_count; i++)
                next->outcomes[i] = (struct jobs_outcome){.id = turn->taken[i]->id,
                                                          .fence = turn->taken[i]->fence,
                                                          .verdict = JOBS_DONE,
                                                          .words.progress = -1};
}

static inline void enqueue(eddy_jobs *jobs, const char *id, eddy_job_spec spec)
{
        int rc;

        spec.id = id;
        spec.kind = "work";
        rc = eddy_jobs_enqueue(jobs, &spec, NULL);
        if (rc < 0)
                fail_msg("%s: %s", eddy_errname(rc), eddy_explain(rc));
}

/** A statement, where "@" is the store's schema; until the next one. */
static inline const char *on_store(const char *sql)
{
        static char filled[2048];
        size_t n = 0;

        for (; *sql; sql++)
                n += (size_t)(*sql == '@' ? snprintf(filled + n, sizeof filled - n, "%s", own_schema())
                                          : snprintf(filled + n, sizeof filled - n, "%c", *sql));
        return filled;
}

static inline void assert_store_value(const char *sql, const char *value)
{
        eddy_postgres *pg = connect_to_server();

        assert_value(pg, on_store(sql), value);
        eddy_postgres_destroy(pg);
}

/** The counts that the store keeps are those of its jobs. */
static inline void assert_counts_are_true(void)
{
        assert_store_value(
            "SELECT count(*) FROM (SELECT queue, count(*) FILTER (WHERE state = 0) AS a, "
            "count(*) FILTER (WHERE state = 1) AS b, "
            "count(*) FILTER (WHERE state = 2) AS c, count(*) FILTER (WHERE state = 3) AS d, "
            "count(*) FILTER (WHERE state = 4) AS "
            "e, count(*) FILTER (WHERE state = 5) AS f, count(*) FILTER (WHERE state = 6) AS g "
            "FROM @.job GROUP BY queue) j "
            "FULL JOIN (SELECT name, scheduled AS a, held AS b, ready AS c, running AS d, done "
            "AS e, dead AS f, cancelled AS g FROM "
            "@.queues(2)) q ON name = queue AND (j.a, j.b, j.c, j.d, j.e, j.f, j.g) = (q.a, q.b, "
            "q.c, q.d, q.e, q.f, q.g) "
            "WHERE name IS NULL OR queue IS NULL",
            "0");
}

/** Break every connection but the one that this is done on. */
static inline void break_connections(void)
{
        eddy_postgres *pg = connect_to_server();

        assert_runs(pg,
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND "
                    "backend_type = 'client backend'");
        eddy_postgres_destroy(pg);
}

#endif
