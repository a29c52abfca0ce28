/* Notes in PostgreSQL, by a pool of connections. What people type goes as a parameter, never into the statement. */
#include "store.h"

#include <eddy/postgres.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS = 4, PATIENCE = 5 /* seconds */ };

struct postgres_store {
        struct store store; /* first: one is the other */
        eddy_postgres_pool *pool;
};

/* A server that hangs makes nobody wait for ever. */
static int ask(struct store *store, PGresult **result, const char *sql, const eddy_postgres_params *params)
{
        struct postgres_store *self = (struct postgres_store *)store;
        int rc = 0;
        EDDY_TIMEOUT_SCOPE(eddy_seconds(PATIENCE))
                rc = eddy_postgres_pool_query(self->pool, result, sql, params);
        return rc;
}

static int add(struct store *store, const char *author, const char *text)
{
        return ask(store, NULL, "INSERT INTO note (author, text) VALUES ($1, $2)",
                   eddy_postgres_texts(author, text));
}

static void read_note(struct note *note, const PGresult *result, int row)
{
        note->when = strtoll(PQgetvalue(result, row, 0), NULL, 10);
        snprintf(note->author, sizeof note->author, "%s", PQgetvalue(result, row, 1));
        snprintf(note->text, sizeof note->text, "%s", PQgetvalue(result, row, 2));
}

static int list(struct store *store, struct notes *notes)
{
        char limit[16];
        PGresult *result;
        snprintf(limit, sizeof limit, "%d", NOTES_SHOWN);
        *notes = (struct notes){.count = 0};
        int rc =
            ask(store, &result,
                "SELECT extract(epoch FROM written)::bigint, author, text FROM note ORDER BY id DESC LIMIT $1",
                eddy_postgres_texts(limit));
        if (rc < 0)
                return rc;
        notes->list = calloc(NOTES_SHOWN, sizeof *notes->list);
        if (notes->list)
                for (int row = 0; row < PQntuples(result); row++)
                        read_note(&notes->list[notes->count++], result, row);
        PQclear(result);
        return notes->list ? 0 : -ENOMEM;
}

static void close_store(struct store *store)
{
        struct postgres_store *self = (struct postgres_store *)store;
        eddy_postgres_pool_close(self->pool);
        eddy_postgres_pool_destroy(self->pool);
        free(self);
}

int store_open_postgres(struct store **store, const char *conninfo)
{
        struct postgres_store *self = calloc(1, sizeof *self);
        if (!self)
                return -ENOMEM;
        self->store = (struct store){.kind = "PostgreSQL", .add = add, .list = list, .close = close_store};
        int rc = eddy_postgres_pool_create(&self->pool, conninfo, CONNECTIONS);
        if (rc < 0) {
                free(self);
                return rc;
        }
        rc = ask(&self->store, NULL,
                 "CREATE TABLE IF NOT EXISTS note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
                 " author text NOT NULL, text text NOT NULL, written timestamptz NOT NULL DEFAULT now())",
                 NULL);
        if (rc < 0) {
                close_store(&self->store);
                return rc;
        }
        *store = &self->store;
        return 0;
}
