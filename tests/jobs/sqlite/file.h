/* The file of a store, as others than libeddy-jobs see it. */
#ifndef TESTS_JOBS_SQLITE_FILE_H
#define TESTS_JOBS_SQLITE_FILE_H

#include "../store.h"

#include <sqlite3.h>

static inline const char *file_path(void)
{
        return store_file + strlen("sqlite:");
}

/** Another connection to the store's file, which is made where there is none. */
static inline sqlite3 *open_beside(void)
{
        sqlite3 *db;

        assert_int_equal(sqlite3_open(file_path(), &db), SQLITE_OK);
        return db;
}

static inline void run_beside(sqlite3 *db, const char *sql)
{
        if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
                fail_msg("%s", sqlite3_errmsg(db));
}

/** The first number that a statement gives. */
static inline int number_beside(sqlite3 *db, const char *sql)
{
        sqlite3_stmt *stmt;
        int number;

        if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
                fail_msg("%s: %s", sql, sqlite3_errmsg(db));
        number = sqlite3_column_int(stmt, 0);
        sqlite3_finalize(stmt);
        return number;
}

#endif
