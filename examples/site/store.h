/* Where notes are kept: in PostgreSQL, or in a file of SQLite's. Handlers know these functions alone. */
#ifndef SITE_STORE_H
#define SITE_STORE_H

#include <stddef.h>
#include <stdint.h>

enum { NAME_MAX_BYTES = 32, NOTE_MAX_BYTES = 1000, NOTES_SHOWN = 50 };

struct note {
        int64_t when; /* seconds since 1970 */
        char author[NAME_MAX_BYTES + 1];
        char text[NOTE_MAX_BYTES + 1];
};

/* The newest notes, the newest first. The caller's: free(list). */
struct notes {
        struct note *list;
        size_t count;
};

/* A store is a struct of functions; each file that makes one puts this in front of what it needs itself. */
struct store {
        const char *kind; /* for people */
        /* Keep a note. 0, or why it is not kept. Suspends. */
        int (*add)(struct store *store, const char *author, const char *text);
        /* Receive the newest NOTES_SHOWN. 0, or why not. Suspends. */
        int (*list)(struct store *store, struct notes *notes);
        void (*close)(struct store *store);
};

/* Open the store that a text names: postgresql://..., or "key=value ..." as libpq has it, else a file of SQLite's. 0, or why not,
 * with a detail. Suspends. */
int store_open(struct store **store, const char *database);

int store_open_postgres(struct store **store, const char *conninfo);
int store_open_sqlite(struct store **store, const char *file);

#endif
