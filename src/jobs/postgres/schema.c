/* The schema: made by whoever comes first, and of one version. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include "change.sql.h"
#include "cron.sql.h"
#include "enqueue.sql.h"
#include "functions.sql.h"
#include "schema.sql.h"
#include "turn.sql.h"
#include <stdlib.h>

static const char *const parts[] = {schema_sql, functions_sql, enqueue_sql, turn_sql, change_sql, cron_sql};

/* Run statements with the schema's name filled in. */
static int run(eddy_postgres *pg, const char *schema, PGresult **result, const char *sql)
{
        char *filled = pgjobs_fill_in(sql, schema);
        int rc = filled ? eddy_postgres_exec(pg, result, filled) : -ENOMEM;

        memory_free(filled);
        return rc;
}

static int run_for_bool(eddy_postgres *pg, const char *schema, bool *answer, const char *sql)
{
        PGresult *result;
        int rc = run(pg, schema, &result, sql);

        if (rc < 0)
                return rc;
        *answer = PQgetvalue(result, 0, 0)[0] == 't';
        PQclear(result);
        return 0;
}

/* Asked of the catalogue itself: a name that was not there may be remembered as such until the transaction ends. */
#define EXISTS                                                                                                 \
        "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "                 \
        "WHERE n.nspname = '@@' AND c.relname = 'format')"

static int make_parts(eddy_postgres *pg, const char *schema)
{
        bool is_there = false;
        int rc = run(pg, schema, NULL, "SELECT pg_advisory_xact_lock(hashtext('@.schema'))");

        /* Another one may have been first. */
        if (rc == 0)
                rc = run_for_bool(pg, schema, &is_there, EXISTS);
        if (rc < 0 || is_there)
                return rc;
        /* A role that may not make schemas may have been given one. */
        rc = run_for_bool(pg, schema, &is_there,
                          "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = '@@')");
        if (rc == 0 && !is_there)
                rc = run(pg, schema, NULL, "CREATE SCHEMA @");
        for (size_t i = 0; rc == 0 && i < sizeof parts / sizeof *parts; i++)
                rc = run(pg, schema, NULL, parts[i]);
        if (rc == 0)
                rc = run(pg, schema, NULL, "INSERT INTO @.format VALUES (1)");
        return rc;
}

static int make(eddy_postgres *pg, const char *schema)
{
        int rc = eddy_postgres_begin(pg);

        if (rc == 0)
                rc = make_parts(pg, schema);
        return eddy_postgres_end(pg, rc);
}

static int check_version(eddy_postgres *pg, const char *schema)
{
        PGresult *result;
        int rc = run(pg, schema, &result, "SELECT version, getdatabaseencoding() FROM @.format"), version;

        if (rc < 0)
                return rc;
        version = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
        if (version < STORE_FORMAT)
                rc = eddy_fail(EDDY_EJOBSFORMAT,
                               "the schema %s is of version %d, which needs an older eddy: this one knows %d",
                               schema, version, STORE_FORMAT);
        else if (version > STORE_FORMAT)
                rc = eddy_fail(EDDY_EJOBSFORMAT,
                               "the schema %s is of version %d, which needs a newer eddy: this one knows %d",
                               schema, version, STORE_FORMAT);
        else if (strcmp(PQgetvalue(result, 0, 1), "UTF8") != 0)
                rc = eddy_fail(EDDY_EJOBS, "jobs need a database whose encoding is UTF8, and not %s",
                               PQgetvalue(result, 0, 1));
        PQclear(result);
        return rc;
}

static int prepare(eddy_postgres *pg, const char *schema, bool must_exist)
{
        bool is_there = false;
        int rc = run_for_bool(pg, schema, &is_there, EXISTS);

        if (rc < 0)
                return rc;
        if (!is_there && must_exist)
                return eddy_fail(-ENOENT, "the database has no schema %s with jobs", schema);
        if (!is_there)
                rc = make(pg, schema);
        return rc == 0 ? check_version(pg, schema) : rc;
}

int pgjobs_prepare(struct store *store, bool must_exist)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(store->pool, &pg);

        if (rc < 0)
                return pgjobs_error(rc, "");
        pgjobs_silence(pg);
        rc = prepare(pg, store->schema, must_exist);
        if (rc < 0)
                rc = pgjobs_error(rc, eddy_postgres_sqlstate(pg));
        eddy_postgres_pool_release(store->pool, pg);
        return rc;
}
