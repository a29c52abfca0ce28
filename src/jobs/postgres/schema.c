/* The schema: made by whoever comes first, of one format, and brought up to a newer one where somebody asks for that. */
#include "jobs/postgres/store.h"

#include "base/memory.h"
#include "change.sql.h"
#include "cron.sql.h"
#include "drop.sql.h"
#include "enqueue.sql.h"
#include "functions.sql.h"
#include "migrate_2.sql.h"
#include "schema.sql.h"
#include "sweep.sql.h"
#include "turn.sql.h"
#include <stdio.h>
#include <stdlib.h>

/* The functions of this format. */
static const char *const functions[] = {functions_sql, enqueue_sql, turn_sql, change_sql, sweep_sql, cron_sql};

/* What makes each format's tables of those of the one before. */
static const char *const steps[STORE_FORMAT + 1] = {[2] = migrate_2_sql};

enum { ATTEMPTS = 10 /* at a migration, where others at work are in each other's way with it */ };

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

static int lock(eddy_postgres *pg, const char *schema)
{
        return run(pg, schema, NULL, "SELECT pg_advisory_xact_lock(hashtext('@.schema'))");
}

static int make_functions(eddy_postgres *pg, const char *schema)
{
        int rc = 0;

        for (size_t i = 0; rc == 0 && i < sizeof functions / sizeof *functions; i++)
                rc = run(pg, schema, NULL, functions[i]);
        return rc;
}

/* That the tables are of this format. */
static int note_format(eddy_postgres *pg, const char *schema)
{
        char sql[128];

        snprintf(sql, sizeof sql, "DELETE FROM @.format; INSERT INTO @.format VALUES (%d)", STORE_FORMAT);
        return run(pg, schema, NULL, sql);
}

static int make_parts(eddy_postgres *pg, const char *schema)
{
        bool is_there = false;
        int rc = lock(pg, schema);

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
        if (rc == 0)
                rc = run(pg, schema, NULL, schema_sql);
        if (rc == 0)
                rc = make_functions(pg, schema);
        return rc == 0 ? note_format(pg, schema) : rc;
}

static int read_format(eddy_postgres *pg, const char *schema, int *format)
{
        PGresult *result;
        int rc = run(pg, schema, &result, "SELECT version FROM @.format");

        if (rc < 0)
                return rc;
        *format = PQntuples(result) == 1 ? atoi(PQgetvalue(result, 0, 0)) : 0;
        PQclear(result);
        return 0;
}

/* What is made from now on belongs to whoever owns the store, for others may migrate it. */
static int become_owner(eddy_postgres *pg, const char *schema)
{
        return run(pg, schema, NULL,
                   "SELECT set_config('role', pg_get_userbyid(relowner), true) FROM pg_class "
                   "WHERE oid = '@.format'::regclass");
}

/* Behind everybody who has looked at the format and is still at work, and before all others. */
static int migrate_parts(eddy_postgres *pg, const char *schema)
{
        int format = 0, rc = lock(pg, schema);

        if (rc == 0)
                rc = run(pg, schema, NULL, "LOCK TABLE @.format IN ACCESS EXCLUSIVE MODE");
        if (rc == 0)
                rc = read_format(pg, schema, &format);
        /* Another one may have been first. */
        if (rc < 0 || format >= STORE_FORMAT)
                return rc;
        rc = run(pg, schema, NULL, drop_sql);
        if (rc == 0)
                rc = become_owner(pg, schema);
        while (rc == 0 && format++ < STORE_FORMAT)
                rc = run(pg, schema, NULL, steps[format]);
        if (rc == 0)
                rc = make_functions(pg, schema);
        return rc == 0 ? note_format(pg, schema) : rc;
}

/* All or nothing. */
static int within_transaction(eddy_postgres *pg, const char *schema,
                              int (*function)(eddy_postgres *pg, const char *schema))
{
        int rc = eddy_postgres_begin(pg);

        /* What others do is to be seen as soon as they let go of a lock. */
        if (rc == 0)
                rc = eddy_postgres_exec(pg, NULL, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        if (rc == 0)
                rc = function(pg, schema);
        return eddy_postgres_end(pg, rc);
}

static int migrate(eddy_postgres *pg, const char *schema)
{
        int rc = -EAGAIN;

        for (int i = 0; rc < 0 && i < ATTEMPTS; i++) {
                rc = within_transaction(pg, schema, migrate_parts);
                if (rc != EDDY_EPOSTGRES || strcmp(eddy_postgres_sqlstate(pg), "40P01") != 0)
                        break;
        }
        return rc;
}

static int refuse(const char *schema, int format)
{
        if (format > STORE_FORMAT)
                return eddy_fail(EDDY_EJOBSFORMAT,
                                 "the schema %s is of format %d, which needs a newer eddy: this one knows %d",
                                 schema, format, STORE_FORMAT);
        if (format < 1)
                return eddy_fail(EDDY_EJOBSFORMAT,
                                 "the schema %s is of no known format: its table format has %d", schema,
                                 format);
        return eddy_fail(
            EDDY_EJOBSFORMAT,
            "the schema %s is of format %d, which an older eddy has made: run `eddy jobs migrate` to bring "
            "it up to %d, once no older eddy needs it",
            schema, format, STORE_FORMAT);
}

int pgjobs_check_format(eddy_postgres *pg, const char *schema)
{
        int format, rc = read_format(pg, schema, &format);

        return rc < 0 || format == STORE_FORMAT ? rc : refuse(schema, format);
}

static int check_database(eddy_postgres *pg, struct store *store)
{
        PGresult *result;
        int rc = eddy_postgres_exec(
            pg, &result,
            "SELECT getdatabaseencoding(), current_setting('default_transaction_isolation'), pg_backend_pid()");

        if (rc < 0)
                return rc;
        store->prepares = atoi(PQgetvalue(result, 0, 2)) == PQbackendPID(eddy_postgres_connection(pg));
        store->isolates = strcmp(PQgetvalue(result, 0, 1), "read committed") != 0;
        if (strcmp(PQgetvalue(result, 0, 0), "UTF8") != 0)
                rc = eddy_fail(EDDY_EJOBS, "jobs need a database whose encoding is UTF8, and not %s",
                               PQgetvalue(result, 0, 0));
        PQclear(result);
        return rc;
}

static int come_up(eddy_postgres *pg, const char *schema, bool migrates)
{
        int format, rc = read_format(pg, schema, &format);

        if (rc < 0 || format == STORE_FORMAT)
                return rc;
        if (!migrates || format < 1 || format > STORE_FORMAT)
                return refuse(schema, format);
        return migrate(pg, schema);
}

static int prepare(struct store *store, eddy_postgres *pg, bool must_exist, bool migrates)
{
        const char *schema = store->schema;
        bool is_there = false;
        int rc = run_for_bool(pg, schema, &is_there, EXISTS);

        if (rc < 0)
                return rc;
        if (!is_there && must_exist)
                return eddy_fail(-ENOENT, "the database has no schema %s with jobs", schema);
        if (!is_there)
                rc = within_transaction(pg, schema, make_parts);
        if (rc == 0)
                rc = check_database(pg, store);
        return rc == 0 ? come_up(pg, schema, migrates) : rc;
}

int pgjobs_prepare(struct store *store, bool must_exist, bool migrates)
{
        eddy_postgres *pg;
        int rc = eddy_postgres_pool_acquire(store->pool, &pg);

        if (rc < 0)
                return pgjobs_error(rc, "");
        pgjobs_silence(pg);
        rc = prepare(store, pg, must_exist, migrates);
        if (rc < 0)
                rc = pgjobs_error(rc, eddy_postgres_sqlstate(pg));
        eddy_postgres_pool_release(store->pool, pg);
        return rc;
}
