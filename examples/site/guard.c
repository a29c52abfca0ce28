/* What runs around the site's handlers, and keeps others from harm. */
#include "site.h"

#include <stdio.h>
#include <string.h>

/* Nothing from elsewhere is loaded, no script within a page runs, no other site frames it, and a file is what its type says. */
static const char *const headers[] = {
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: same-origin",
    NULL,
};

int guard_headers(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        (void)arg;
        int rc = 0;
        for (const char *const *line = headers; *line && rc == 0; line++)
                rc = eddy_http_exchange_add_header(exchange, *line);
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}

static bool is_harmless(const char *method)
{
        return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 || strcmp(method, "OPTIONS") == 0;
}

/* What changes something is refused where another site's page causes it. Forms have a token besides, for old browsers. */
int guard_origin(eddy_http_exchange *exchange, eddy_http_next *next, void *site)
{
        if (!is_harmless(eddy_http_exchange_method(exchange)) && eddy_http_exchange_is_cross_site(exchange))
                return page_error(exchange, site, 403, "Another site has sent this, so nothing was done.");
        return eddy_http_next_call(next, exchange);
}

/* A handler that fails has said nothing to its client yet: here that is made a page. Who asks is told no more than he needs. */
int guard_errors(eddy_http_exchange *exchange, eddy_http_next *next, void *site)
{
        const char *target = eddy_http_exchange_target(exchange);
        char task[96];
        snprintf(task, sizeof task, "%s %.*s", eddy_http_exchange_method(exchange), (int)strcspn(target, "?"),
                 target);
        /* What the live page shows; without memory it has its old one. */
        eddy_task_set_name(eddy_current_task(), task);

        int rc = eddy_http_next_call(next, exchange);
        if (rc >= 0 || eddy_http_exchange_status(exchange) != 0)
                return rc;
        switch (rc) {
        case EDDY_CANCELLED: /* who asked has gone */
        case -ETIMEDOUT:     /* or is silent; the server says so */
                return rc;
        case EDDY_ELIMIT:
                return page_error(exchange, site, 413, "That is more than is taken here.");
        case EDDY_EPROTOCOL:
        case EDDY_EINCOMPLETE:
                return page_error(exchange, site, 400, "The request is damaged.");
        default:
                fprintf(stderr, "site: %s: %s\n", task, eddy_explain(rc));
                return page_error(exchange, site, 500, "Something went wrong here. It is not your fault.");
        }
}
