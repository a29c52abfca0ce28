/* Notes in a file of SQLite's. Its functions block, so they are called on a thread beside the loop: always the same one, which has
 * the database for itself. */
#include "store.h"

#include <eddy.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATIENCE = 5000 /* milliseconds, for another process to let go of the file */ };

struct sqlite_store {
        struct store store; /* first: one is the other */
        sqlite3 *db;
        eddy_executor *thread;
};

/* What the thread is to do. */
struct job {
        struct sqlite_store *self;
        const char *author, *text; /* a note to be kept */
        const char *file;          /* to be opened */
        struct notes *notes;       /* to be filled */
};

/* The work is within a shield, since it uses what lies on the caller's stack: an interruption waits for it. */
static int do_beside(struct sqlite_store *self, eddy_fn work, struct job *job)
{
        const eddy_work_options options = {.name = "sqlite", .executor = self->thread};
        intptr_t result = 0;
        int rc = 0;
        job->self = self;
        EDDY_SHIELD_SCOPE
                rc = eddy_to_thread_with(&options, work, job, &result);
        if (rc < 0 || result == SQLITE_OK)
                return rc;
        if (result == SQLITE_NOMEM)
                return -ENOMEM;
        return eddy_fail(-EIO, "SQLite: %s", sqlite3_errstr((int)result));
}

static intptr_t add_beside(void *arg)
{
        const struct job *job = arg;
        sqlite3_stmt *statement;
        int rc = sqlite3_prepare_v2(job->self->db, "INSERT INTO note (author, text) VALUES (?, ?)", -1,
                                    &statement, NULL);
        if (rc != SQLITE_OK)
                return rc;
        sqlite3_bind_text(statement, 1, job->author, -1, SQLITE_STATIC);
        sqlite3_bind_text(statement, 2, job->text, -1, SQLITE_STATIC);
        sqlite3_step(statement);
        return sqlite3_finalize(statement); /* says how the step went */
}

static int add(struct store *store, const char *author, const char *text)
{
        return do_beside((struct sqlite_store *)store, add_beside,
                         &(struct job){.author = author, .text = text});
}

static void read_note(struct note *note, sqlite3_stmt *row)
{
        note->when = sqlite3_column_int64(row, 0);
        snprintf(note->author, sizeof note->author, "%s", (const char *)sqlite3_column_text(row, 1));
        snprintf(note->text, sizeof note->text, "%s", (const char *)sqlite3_column_text(row, 2));
}

static intptr_t list_beside(void *arg)
{
        const struct job *job = arg;
        struct notes *notes = job->notes;
        sqlite3_stmt *statement;
        int rc =
            sqlite3_prepare_v2(job->self->db, "SELECT written, author, text FROM note ORDER BY id DESC LIMIT ?",
                               -1, &statement, NULL);
        if (rc != SQLITE_OK)
                return rc;
        sqlite3_bind_int(statement, 1, NOTES_SHOWN);
        while (sqlite3_step(statement) == SQLITE_ROW)
                read_note(&notes->list[notes->count++], statement);
        return sqlite3_finalize(statement);
}

static int list(struct store *store, struct notes *notes)
{
        *notes = (struct notes){.list = calloc(NOTES_SHOWN, sizeof *notes->list)};
        if (!notes->list)
                return -ENOMEM;
        int rc = do_beside((struct sqlite_store *)store, list_beside, &(struct job){.notes = notes});
        if (rc < 0) {
                free(notes->list);
                *notes = (struct notes){.count = 0};
        }
        return rc;
}

static void close_store(struct store *store)
{
        struct sqlite_store *self = (struct sqlite_store *)store;
        eddy_executor_destroy(self->thread); /* all work is done, so nothing is waited for */
        sqlite3_close(self->db);
        free(self);
}

static intptr_t open_beside(void *arg)
{
        const struct job *job = arg;
        int rc = sqlite3_open(job->file, &job->self->db);
        if (rc == SQLITE_OK)
                rc = sqlite3_busy_timeout(job->self->db, PATIENCE);
        if (rc == SQLITE_OK)
                rc = sqlite3_exec(job->self->db,
                                  "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY AUTOINCREMENT,"
                                  " author TEXT NOT NULL, text TEXT NOT NULL,"
                                  " written INTEGER NOT NULL DEFAULT (CAST(strftime('%s', 'now') AS INTEGER)))",
                                  NULL, NULL, NULL);
        return rc;
}

int store_open_sqlite(struct store **store, const char *file)
{
        struct sqlite_store *self = calloc(1, sizeof *self);
        if (!self)
                return -ENOMEM;
        self->store = (struct store){.kind = "SQLite", .add = add, .list = list, .close = close_store};
        int rc =
            eddy_executor_create(&self->thread, &(eddy_executor_options){.max_threads = 1, .name = "sqlite"});
        if (rc < 0) {
                free(self);
                return rc;
        }
        rc = do_beside(self, open_beside, &(struct job){.file = file});
        if (rc < 0) {
                char why[128];
                snprintf(why, sizeof why, "%s", eddy_explain(rc));
                close_store(&self->store);
                return eddy_fail(rc, "%s cannot be opened: %s", file, why);
        }
        *store = &self->store;
        return 0;
}
