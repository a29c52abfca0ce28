#include "jobs/sqlite/format.h"
#include "jobs/sqlite/statement.h"

#include "format2.sql.h"
#include "schema.sql.h"

enum { FORMAT = 2, APPLICATION = 1701077113 /* as schema.sql has them */ };

/* What makes of each version the next one, whose number it sets. Each stays as it is for ever: schema.sql has what all of them come to. */
static const char *const steps[FORMAT] = {[1] = format2_sql};

int format_ask(struct lane *lane, const char *sql, int64_t *number)
{
        sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(lane->db, sql, -1, &stmt, NULL);

        if (code == SQLITE_OK)
                code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
                *number = sqlite3_column_int64(stmt, 0);
        code = code == SQLITE_ROW ? SQLITE_OK : lane_failure(lane, code);
        sqlite3_finalize(stmt);
        return code;
}

int format_check_owner(struct lane *lane, const char *path)
{
        int64_t owner = 0, tables = 0;
        int rc = lane_execute(lane, "BEGIN"); /* both are of one moment: another process may be making it */

        if (rc == 0)
                rc = format_ask(lane, "PRAGMA application_id", &owner);
        if (rc == 0)
                rc = format_ask(lane, "SELECT count(*) FROM sqlite_schema", &tables);
        if (!sqlite3_get_autocommit(lane->db))
                sqlite3_exec(lane->db, "COMMIT", NULL, NULL, NULL);
        if (rc == 0 && owner != APPLICATION && (tables > 0 || owner != 0))
                return lane_fail(lane, EDDY_EJOBSFORMAT, "%s is an SQLite file of something else", path);
        return rc;
}

static int refuse(struct lane *lane, const char *path, int64_t version)
{
        return lane_fail(lane, EDDY_EJOBSFORMAT,
                         "%s has version %lld of the format, and this is version %d of it: %s", path,
                         (long long)version, FORMAT,
                         version > FORMAT ? "a newer eddy is needed"
                                          : "run `eddy jobs migrate` once no older eddy needs it");
}

static int migrate(struct lane *lane, int64_t version)
{
        int rc = 0;

        for (; rc == 0 && version < FORMAT; version++)
                rc = lane_execute(lane, steps[version]);
        return rc;
}

/* In a transaction that writes: of two processes that find nothing there one makes it, and of two that migrate one does. */
static int begin(struct lane *lane, const char *path, bool migrates)
{
        int64_t version = 0, tables = 0;
        int rc = format_ask(lane, "PRAGMA user_version", &version);

        if (rc == 0)
                rc = format_ask(lane, "SELECT count(*) FROM sqlite_schema", &tables);
        if (rc < 0 || version == FORMAT)
                return rc;
        if (version == 0 && tables == 0)
                return lane_execute(lane, schema_sql);
        return migrates && version > 0 && version < FORMAT ? migrate(lane, version)
                                                           : refuse(lane, path, version);
}

int format_begin(struct lane *lane, const char *path, bool migrates)
{
        int rc = lane_execute(lane, "BEGIN IMMEDIATE");

        if (rc == 0)
                rc = begin(lane, path, migrates);
        if (rc == 0)
                rc = lane_execute(lane, "COMMIT");
        if (rc < 0 && lane->db && !sqlite3_get_autocommit(lane->db))
                sqlite3_exec(lane->db, "ROLLBACK", NULL, NULL, NULL);
        return rc;
}

int format_check(struct lane *lane)
{
        struct statement s = statement_begin(lane, USER_VERSION);
        int64_t version = FORMAT;
        int rc;

        if (statement_row(&s))
                version = column_number(&s, 0);
        rc = statement_end(&s);
        return rc < 0 || version == FORMAT ? rc : refuse(lane, sqlite3_db_filename(lane->db, "main"), version);
}
