/* Who may use `eddy serve`: users with passwords. serve_no_auth.c is in place of serve_auth.c where there is no crypt(3). */
#ifndef SERVE_AUTH_H
#define SERVE_AUTH_H

#include <eddy/http_router.h>

struct serve_auth;

/** Take users in: an exit code; where that is not CLI_OK it has been said why.
 *
 * @param auth  receives them; NULL where there are none. Give it back with serve_auth_destroy()
 * @param users "USER:HASH" each, NULL behind the last
 * @param file  with more of them, one a line; NULL: none
 */
int serve_auth_create(struct serve_auth **auth, const char *const *users, const char *file);

void serve_auth_destroy(struct serve_auth *auth);

/** Let only users through; an eddy_http_middleware. */
int serve_auth_guard(eddy_http_exchange *exchange, eddy_http_next *next, void *auth);

#endif
