/* In the place of store_sqlite.c, where there is no libsqlite3 to build it with. */
#include "store.h"

#include <eddy.h>

int store_open_sqlite(struct store **store, const char *database)
{
        (void)store;
        return eddy_fail(EDDY_ENOTSUP, "%s is SQLite's, and this site is built without libsqlite3", database);
}
