/* Where no option asks for more than files, they are a service of their own. Else a router has, from the outside in: CORS, whose questions
 * come without a password; the password; and then what answers. */
#include "serve_site.h"

#include "cli.h"
#include "serve_tls.h"

#include <eddy/error.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what)
{
        fprintf(stderr, "eddy serve: %s\n", what);
        return CLI_FAILED;
}

static int open_files(struct serve_site *site)
{
        const struct serve_options *options = site->options;
        int rc = eddy_http_files_create(
            &site->files, options->folder,
            &(eddy_http_files_options){
                .timeout = eddy_seconds(options->timeout),
                .answer_timeout = eddy_seconds(options->answer_timeout),
                .hides_listings = options->hides_listings || options->is_application,
                .shows_hidden = options->shows_hidden,
                .precompressed = options->precompressed,
                .compresses = options->compresses,
                .falls_back = options->is_application,
                .has_upload_form = options->takes_uploads,
                .max_age = eddy_seconds(options->max_age),
                .immutable = options->immutable.count > 0 ? options->immutable.values : NULL,
                .on_request = serve_log_is_wanted(site->log) ? serve_log_request : NULL,
                .arg = site->log,
            });

        return rc < 0 ? fail(eddy_error_detail()) : CLI_OK;
}

static int open_uploads(struct serve_site *site)
{
        const struct serve_options *options = site->options;
        int rc = 0;

        if (options->takes_uploads)
                rc = eddy_http_uploads_create(&site->uploads, options->folder,
                                              &(eddy_http_uploads_options){
                                                  .max_size = options->upload_max,
                                                  .overwrites = options->overwrites,
                                                  .takes_hidden = options->shows_hidden,
                                              });
        return rc < 0 ? fail(eddy_error_detail()) : CLI_OK;
}

/* With --cors it is for us to say who may read answers: a browser refuses one that says so twice. Which headers may be read besides is added up. */
static const char *const said_by_us[] = {"Access-Control-Allow-Origin",  "Access-Control-Allow-Credentials",
                                         "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
                                         "Access-Control-Max-Age",       NULL};

static int open_proxies(struct serve_site *site, size_t connections)
{
        const struct serve_list *wanted = &site->options->proxies;
        int rc = CLI_OK;

        if (wanted->count > 0) /* each has its share, so that one that is slow leaves the others theirs */
                site->proxies.options.max_connections =
                    connections > wanted->count ? connections / wanted->count : 1;

        if (site->options->origins.count > 0)
                site->proxies.options.hidden = said_by_us;

        for (size_t i = 0; i < wanted->count && rc == CLI_OK; i++) {
                bool is_elsewhere = strstr(wanted->values[i], "https://");

                /* What is made here has to see the origin that browsers see; a site of its own answers by its own name alone. */
                site->proxies.options.keeps_host = !is_elsewhere;
                if (is_elsewhere && !site->proxies.options.tls)
                        rc = serve_open_client_tls(&site->proxies.options.tls);
                if (rc == CLI_OK)
                        rc = serve_proxy_add(&site->proxies, wanted->values[i]);
        }
        return rc;
}

/* Of one origin also what its users may see; of any, what everybody may. */
static int open_cors(struct serve_site *site)
{
        static const char *const exposed[] = {
            "Accept-Ranges", "Content-Encoding", "Content-Length", "Content-Range", "Date", "ETag", NULL};
        static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", NULL};
        const struct serve_list *origins = &site->options->origins;
        bool is_any = false;
        int rc = 0;

        for (size_t i = 0; i < origins->count; i++)
                is_any |= strcmp(origins->values[i], "*") == 0;
        if (origins->count > 0)
                rc = eddy_http_cors_create(&site->cors, &(eddy_http_cors_options){
                                                            .origins = origins->values,
                                                            .exposed = exposed,
                                                            .methods = site->proxies.count > 0 ? methods : NULL,
                                                            .credentials = !is_any,
                                                        });
        return rc < 0 ? cli_usage_error("eddy serve", "--cors: %s", eddy_explain(rc)) : CLI_OK;
}

enum { REQUESTED_HEADERS_MAX = 2048 /* bytes; more are not allowed */ };

/* A page of an origin that is allowed may send whichever headers it likes: what is behind --proxy knows which it needs. */
static int answer_preflight(eddy_http_exchange *exchange, const eddy_http_cors_answer *answer)
{
        static const char name[] = "Access-Control-Allow-Headers: ";
        const char *requested = eddy_http_exchange_header(exchange, "Access-Control-Request-Headers");
        char line[sizeof name + REQUESTED_HEADERS_MAX];
        const char *lines[sizeof answer->headers / sizeof *answer->headers + 1];
        size_t n = 0;

        while (answer->headers[n]) {
                lines[n] = answer->headers[n];
                n++;
        }
        if (answer->is_allowed && requested && *requested && strlen(requested) <= REQUESTED_HEADERS_MAX) {
                snprintf(line, sizeof line, "%s%s", name, requested);
                lines[n++] = line;
        }
        lines[n] = NULL;
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = 204, .headers = lines});
}

static int add_cors(eddy_http_exchange *exchange, eddy_http_next *next, void *cors)
{
        eddy_http_cors_answer answer;
        int rc = 0;

        eddy_http_exchange_cors(exchange, cors, &answer);
        if (answer.is_preflight)
                return answer_preflight(exchange, &answer);
        for (const char *const *line = answer.headers; rc == 0 && *line; line++)
                rc = eddy_http_exchange_add_header(exchange, *line);
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}

/* What strangers put here is what its name says, and no browser is to guess that it is a page. */
static int forbid_guesses(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        int rc = eddy_http_exchange_add_header(exchange, "X-Content-Type-Options: nosniff");

        (void)arg;
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}

static int add_folder(struct serve_site *site)
{
        int rc = eddy_http_router_add(site->router, "GET", "/{...}", eddy_http_files_answer, site->files);

        if (rc == 0 && site->uploads)
                rc = eddy_http_router_add(site->router, "PUT", "/{...}", eddy_http_uploads_answer,
                                          site->uploads);
        if (rc == 0 && site->uploads)
                rc = eddy_http_router_add(site->router, "POST", "/{...}", eddy_http_uploads_answer,
                                          site->uploads);
        return rc;
}

static int add_routes(struct serve_site *site)
{
        int rc = serve_proxy_for_all(&site->proxies) ? 0 : add_folder(site);

        if (rc == 0 && site->cors)
                rc = eddy_http_router_use(site->router, add_cors, site->cors);
        if (rc == 0 && site->auth)
                rc = eddy_http_router_use(site->router, serve_auth_guard, site->auth);
        if (rc == 0 && site->uploads)
                rc = eddy_http_router_use(site->router, forbid_guesses, NULL);
        return rc;
}

static int open_service(struct serve_site *site)
{
        const struct serve_options *options = site->options;
        int rc = eddy_http_service_create(
            &site->service, eddy_http_router_handle, site->router,
            &(eddy_http_service_options){
                .timeout = eddy_seconds(options->timeout),
                .answer_timeout = eddy_seconds(options->answer_timeout),
                .compresses = options->compresses,
                /* Whoever leaves what another server sends is to be noticed, though nothing comes of that for long. */
                .cancels_at_end = site->proxies.count > 0,
                .on_request = serve_log_is_wanted(site->log) ? serve_log_request : NULL,
                .arg = site->log,
            });

        return rc < 0 ? fail(eddy_explain(rc)) : CLI_OK;
}

static int open_router(struct serve_site *site)
{
        int rc;

        if (serve_proxy_for_all(&site->proxies) && (site->uploads || site->options->is_application))
                return cli_usage_error("eddy serve",
                                       "%s needs a folder, and there is none where --proxy is for all",
                                       site->uploads ? "--upload" : "--spa");
        if (!site->auth && !site->cors && !site->uploads && site->proxies.count == 0)
                return CLI_OK;
        rc = eddy_http_router_create(&site->router, NULL);
        if (rc == 0)
                rc = add_routes(site);
        if (rc < 0)
                return fail(eddy_explain(rc));
        rc = serve_proxy_mount(&site->proxies, site->router);
        return rc == CLI_OK ? open_service(site) : rc;
}

static bool is_local(const char *address)
{
        return address && (strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0 ||
                           strcmp(address, "localhost") == 0);
}

/* What may not have been thought of is said, and done all the same. */
static void warn(const struct serve_site *site)
{
        const struct serve_options *options = site->options;
        char index[4096];

        if (site->auth && !options->wants_tls && !is_local(options->bind))
                fputs("eddy serve: warning: passwords can be read on their way; --tls hides them\n", stderr);
        if (site->uploads && !site->auth && !is_local(options->bind))
                fputs("eddy serve: warning: everybody who reaches this machine may upload; --auth asks who it "
                      "is\n",
                      stderr);
        snprintf(index, sizeof index, "%s/index.html", options->folder);
        if (options->is_application && access(index, R_OK) < 0)
                fprintf(stderr, "eddy serve: warning: --spa answers by %s, which cannot be read\n", index);
}

int serve_site_open(struct serve_site *site, const struct serve_options *options, struct serve_log *log,
                    size_t connections)
{
        int rc;

        *site = (struct serve_site){.options = options, .log = log};
        rc = serve_auth_create(&site->auth, options->users.values, options->user_file);
        if (rc == CLI_OK)
                rc = open_files(site);
        if (rc == CLI_OK)
                rc = open_uploads(site);
        if (rc == CLI_OK)
                rc = open_proxies(site, connections);
        if (rc == CLI_OK)
                rc = open_cors(site);
        if (rc == CLI_OK)
                rc = open_router(site);
        if (rc == CLI_OK)
                warn(site);
        return rc;
}

const char *serve_site_subject(const struct serve_site *site)
{
        const char *url = serve_proxy_for_all(&site->proxies);

        return url ? url : site->options->folder;
}

eddy_http_service *serve_site_service(const struct serve_site *site)
{
        return site->service ? site->service : eddy_http_files_service(site->files);
}

void serve_site_close(struct serve_site *site)
{
        eddy_http_service_destroy(site->service);
        eddy_http_router_destroy(site->router);
        eddy_http_files_destroy(site->files);
        eddy_http_uploads_destroy(site->uploads);
        serve_proxy_close(&site->proxies);
        serve_close_tls(site->proxies.options.tls);
        eddy_http_cors_destroy(site->cors);
        serve_auth_destroy(site->auth);
}
