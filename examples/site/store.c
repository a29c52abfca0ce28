#include "store.h"

#include <eddy.h>
#include <string.h>

static int is_postgres(const char *database)
{
        return strncmp(database, "postgres://", 11) == 0 || strncmp(database, "postgresql://", 13) == 0 ||
               strchr(database, '=') != NULL;
}

int store_open(struct store **store, const char *database)
{
        *store = NULL;
        return is_postgres(database) ? store_open_postgres(store, database)
                                     : store_open_sqlite(store, database);
}
