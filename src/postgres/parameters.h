/* What a connection is made with. */
#ifndef POSTGRES_PARAMETERS_H
#define POSTGRES_PARAMETERS_H

#include <eddy/postgres.h>

/** Owned by the coroutine that connects. */
struct parameters {
        PQconninfoOption *given, *defaults;
        char *hosts, *addresses, *ports; /* where names were looked up: lists, an element for each address */
        size_t lists_size;
};

/** Parse a connection string: 0, -EINVAL or -ENOMEM. End it with parameters_finish() in any case. */
int parameters_init(struct parameters *parameters, const char *conninfo);
void parameters_finish(struct parameters *parameters);

/** How long an address may take, or EDDY_FOREVER. */
eddy_duration parameters_timeout(const struct parameters *parameters);

/** Look up the hosts that they name, so that libpq need not: 0, EDDY_ERESOLVE where none has an address, or how that
 * was interrupted. */
EDDY_ASYNC int parameters_resolve(struct parameters *parameters);

/** Forget the addresses up to this one, which did not answer. Whether there are others behind it. */
bool parameters_drop_until(struct parameters *parameters, const char *address, const char *port);

/** Begin to connect; NULL without memory. */
PGconn *parameters_connect(const struct parameters *parameters);

#endif
