/* In the place of store_postgres.c, where there is no libpq to build it with. */
#include "store.h"

#include <eddy.h>

int store_open_postgres(struct store **store, const char *database)
{
        (void)store;
        return eddy_fail(EDDY_ENOTSUP, "%s is PostgreSQL's, and this site is built without libpq", database);
}
