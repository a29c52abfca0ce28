/* NOTIFY. */
#include "postgres/connection.h"

int eddy_postgres_next_notification(eddy_postgres *pg, PGnotify **notification)
{
        int rc = postgres_enter_uninterrupted(pg, IDLE);

        *notification = NULL;
        if (rc < 0)
                return rc;
        while (rc == 0 && !(*notification = PQnotifies(pg->conn)))
                rc = postgres_wait(pg);
        postgres_leave(pg);
        return rc;
}
