/* What a failure means: to who sent a statement, and to the store's user. */
#include "jobs/postgres/store.h"

#include <stdio.h>

/* SQLSTATEs, or what they begin with. */

/* Another one was first, or a session has not prepared what it was to have. Nothing was done. */
static const char *const conflicts[] = {"40001", "40P01", "26000", NULL};

/* Connections; resources, but for a full disk; locks, time-outs and the operator's doings; the disk; a standby that is not the primary yet. */
static const char *const passing[] = {"08",  "53000", "53200", "53300", "53400", "55P03", "57014",
                                      "57P", "58030", "25006", "25P03", "25P04", NULL};

/* A table, a function or a column is gone, or the store is not of the caller's format: somebody may have migrated it. XX000 is what a function says,
 * too, that was dropped when it had just been called; 0A000 a prepared statement whose function gives other columns by now. */
static const char *const other_formats[] = {"0A000", "3F000", "42703", "42883",
                                            "42P01", "P0002", "XX000", NULL};

static bool is_one_of(const char *sqlstate, const char *const *states)
{
        while (*states && strncmp(sqlstate, *states, strlen(*states)) != 0)
                states++;
        return *states;
}

int pgjobs_judge(int rc, const char *sqlstate)
{
        if (rc != EDDY_EPOSTGRES) {
                bool is_final = rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT || rc == -ENOMEM ||
                                rc == EDDY_ENOTASK || rc == EDDY_EWRONGLOOP || rc == EDDY_ESHUTDOWN;
                return is_final ? rc : STORE_AWAY;
        }
        if (is_one_of(sqlstate, conflicts))
                return STORE_AGAIN;
        return !*sqlstate || is_one_of(sqlstate, passing) ? STORE_AWAY : EDDY_EJOBS;
}

int pgjobs_error(int rc, const char *sqlstate)
{
        char detail[512];

        if (rc != EDDY_EPOSTGRES)
                return rc;
        snprintf(detail, sizeof detail, "%s", eddy_error_detail());
        if (is_one_of(sqlstate, other_formats))
                return eddy_fail(EDDY_EJOBS, "the store's schema is gone, or not as it was: %s", detail);
        if (strcmp(sqlstate, "53100") == 0)
                return eddy_fail(-ENOSPC, "%s", detail);
        return eddy_fail(pgjobs_judge(rc, sqlstate) == EDDY_EJOBS ? EDDY_EJOBS : EDDY_EJOBSAWAY, "%s", detail);
}

bool pgjobs_may_be_another_format(int rc, const char *sqlstate)
{
        return rc == EDDY_EPOSTGRES && is_one_of(sqlstate, other_formats);
}

int pgjobs_explain(struct store *store, eddy_postgres *pg, int rc, const char *sqlstate)
{
        bool may_be_another = pgjobs_may_be_another_format(rc, sqlstate);
        char detail[512];

        rc = pgjobs_error(rc, sqlstate);
        if (!may_be_another)
                return rc;
        snprintf(detail, sizeof detail, "%s", eddy_error_detail());
        if (pgjobs_check_format(pg, store->schema) == EDDY_EJOBSFORMAT)
                return EDDY_EJOBSFORMAT;
        return eddy_fail(rc, "%s", detail);
}
