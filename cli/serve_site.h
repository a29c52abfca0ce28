/* What `eddy serve` answers: a folder, and what stands around it. */
#ifndef SERVE_SITE_H
#define SERVE_SITE_H

#include "serve_auth.h"
#include "serve_log.h"
#include "serve_options.h"
#include "serve_proxy.h"

#include <eddy/http_cors.h>
#include <eddy/http_files.h>
#include <eddy/http_upload.h>

struct serve_site {
        const struct serve_options *options;
        struct serve_log *log;
        struct serve_auth *auth;    /* NULL: everybody may */
        eddy_http_cors *cors;       /* NULL: no other origin may */
        eddy_http_uploads *uploads; /* NULL: none are taken */
        struct serve_proxies proxies;
        eddy_http_files *files;
        eddy_http_router *router;   /* around the files; NULL: they answer alone, which is fastest */
        eddy_http_service *service; /* of the router; NULL with it */
};

/** Make it: an exit code; where that is not CLI_OK it has been said why. In any case end it with serve_site_close(). There are at most so
 * many `connections` to the servers behind it, together. */
int serve_site_open(struct serve_site *site, const struct serve_options *options, struct serve_log *log,
                    size_t connections);

/** What is served, to be said: a folder, or the URL of another server. */
const char *serve_site_subject(const struct serve_site *site);

/** The service that answers. */
eddy_http_service *serve_site_service(const struct serve_site *site);

void serve_site_close(struct serve_site *site);

#endif
