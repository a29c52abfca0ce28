/* eddy serve --auth: without crypt(3). */
#include "serve_auth.h"

#include "cli.h"

#include <errno.h>
#include <stdio.h>

int serve_auth_create(struct serve_auth **auth, const char *const *users, const char *file)
{
        *auth = NULL;
        if (!users[0] && !file)
                return CLI_OK;
        fputs("eddy serve: --auth is not there: eddy was built without libcrypt\n", stderr);
        return CLI_FAILED;
}

void serve_auth_destroy(struct serve_auth *auth)
{
        (void)auth;
}

int serve_auth_guard(eddy_http_exchange *exchange, eddy_http_next *next, void *auth)
{
        (void)exchange, (void)next, (void)auth;
        return -ENOSYS;
}
