/*
 * A website: pages, a form, JSON, sessions, uploads, a chat and a live view. docs/website.md walks through it.
 *
 *         site [--port N] [--database URL|FILE] [--data FOLDER] [--files FOLDER] [--tls]
 *
 * This file says what there is, and begins and ends it.
 */
#include "site.h"

#include <eddy/tls.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
        const char *method, *path;
        eddy_http_handler handler;
} routes[] = {
    {"GET", "/", page_home},
    {"GET", "/login", login_page},
    {"POST", "/login", login_begin},
    {"POST", "/logout", login_end},
    {"GET", "/notes", notes_page},
    {"POST", "/notes", notes_add},
    {"GET", "/pictures", pictures_page},
    {"POST", "/pictures", pictures_add},
    {"GET", "/chat", chat_page},
    {"GET", "/chat/socket", chat_socket},
    {"GET", "/live", live_page},
    {"GET", "/live/events", live_events},
    {"GET", "/api/session", login_json},
    {"GET", "/api/notes", notes_json},
    {"POST", "/api/notes", notes_add_json},
    {"GET", "/{path...}", page_missing},
};

/* Pages: who asks is known, and what fails is a page, too. The first middleware is the outermost. */
static int add_pages(eddy_http_router *pages, struct site *site)
{
        int rc = eddy_http_router_use(pages, session_middleware, site);
        if (rc == 0)
                rc = eddy_http_router_use(pages, guard_errors, site);
        if (rc == 0)
                rc = eddy_http_router_use(pages, guard_origin, site);
        for (size_t i = 0; i < sizeof routes / sizeof *routes && rc == 0; i++)
                rc = eddy_http_router_add(pages, routes[i].method, routes[i].path, routes[i].handler, site);
        return rc;
}

static int mount_folder(eddy_http_router *router, const char *prefix, const char *folder,
                        eddy_http_files **files)
{
        int rc = eddy_http_files_create(files, folder, &(eddy_http_files_options){.hides_listings = true});
        if (rc < 0)
                return eddy_fail(rc, "%s: %s", folder, eddy_strerror(rc));
        return eddy_http_router_mount(router, prefix, eddy_http_files_answer, *files);
}

/* What all requests go through. */
struct routing {
        eddy_http_router *all, *pages;
        eddy_http_files *static_files, *uploads;
};

static int open_routing(struct routing *routing, struct site *site)
{
        char path[1024];
        int rc = eddy_http_router_create(&routing->all, NULL);
        if (rc == 0)
                rc = eddy_http_router_create(&routing->pages, NULL);
        if (rc == 0)
                rc = add_pages(routing->pages, site);
        if (rc == 0)
                rc = eddy_http_router_use(routing->all, guard_headers, NULL);
        if (rc == 0)
                rc = eddy_http_router_mount(routing->all, "/", eddy_http_router_handle, routing->pages);
        snprintf(path, sizeof path, "%s/static", site->files);
        if (rc == 0)
                rc = mount_folder(routing->all, "/static", path, &routing->static_files);
        if (rc == 0)
                rc = mount_folder(routing->all, "/uploads", site->pictures, &routing->uploads);
        return rc;
}

static void close_routing(struct routing *routing)
{
        eddy_http_router_destroy(routing->all);
        eddy_http_router_destroy(routing->pages);
        eddy_http_files_destroy(routing->static_files);
        eddy_http_files_destroy(routing->uploads);
}

static void announce(eddy_server *server, void *arg)
{
        struct site *site = arg;
        site->server = server;
        printf("http%s://localhost:%u/, with notes in %s\n", site->is_secure ? "s" : "",
               eddy_server_port(server), site->store->kind);
        fflush(stdout);
}

/* What would go on for ever says goodbye now; what is short has its time. */
static void say_goodbye(void *arg)
{
        struct site *site = arg;
        chat_stop(site->chat);
        eddy_event_set(&site->stopping);
}

static int serve(struct site *site, eddy_http_router *router)
{
        char fingerprint[EDDY_TLS_FINGERPRINT_SIZE];
        eddy_tls *tls = NULL;
        int rc = 0;
        if (site->is_secure)
                rc = eddy_tls_create_self_signed_with(&tls, NULL, fingerprint,
                                                      &(eddy_tls_options){.alpn = eddy_http_alpn()});
        if (rc == 0)
                rc = eddy_http_service_create(
                    &site->service, eddy_http_router_handle, router,
                    &(eddy_http_service_options){.max_body = 16 << 20, .max_connections = 1000});
        if (rc == 0) {
                const eddy_server_options server = {.tls = tls};
                rc = eddy_http_service_run(site->service, "127.0.0.1", site->port,
                                           &(eddy_http_run_options){.server = &server,
                                                                    .drain = eddy_seconds(5),
                                                                    .on_start = announce,
                                                                    .on_stop = say_goodbye,
                                                                    .arg = site});
                eddy_http_service_destroy(site->service);
        }
        eddy_tls_unref(tls);
        return rc;
}

static int open_site(struct site *site)
{
        char path[1024];
        if (mkdir(site->data, 0700) < 0 && errno != EEXIST)
                return eddy_fail(-errno, "%s: %s", site->data, eddy_strerror(-errno));
        int rc = session_load_key(site);
        if (rc == 0)
                rc = pictures_prepare(site);
        snprintf(path, sizeof path, "%s/templates", site->files);
        if (rc == 0)
                rc = templates_load(&site->templates, path);
        if (rc == 0)
                rc = chat_create(&site->chat);
        snprintf(path, sizeof path, "%s/site.db", site->data);
        if (rc == 0)
                rc = store_open(&site->store, site->database ? site->database : path);
        return rc;
}

static void close_site(struct site *site)
{
        if (site->store)
                site->store->close(site->store);
        chat_destroy(site->chat);
        templates_free(site->templates);
}

static intptr_t run_site(void *arg)
{
        struct site *site = arg;
        struct routing routing = {.all = NULL};
        int rc = open_site(site);
        if (rc == 0)
                rc = open_routing(&routing, site);
        if (rc == 0)
                rc = serve(site, routing.all);
        close_routing(&routing);
        EDDY_SHIELD_SCOPE
                close_site(site);
        return rc;
}

static int usage(void)
{
        fputs("usage: site [--port N] [--database URL|FILE] [--data FOLDER] [--files FOLDER] [--tls]\n"
              "  --port N             listen on 127.0.0.1 there; 0: any free port (8080)\n"
              "  --database URL|FILE  notes in PostgreSQL, or in a file of SQLite's (site.db in the data "
              "folder)\n"
              "  --data FOLDER        where the key and pictures are kept (site-data)\n"
              "  --files FOLDER       where templates and static files lie (those that it was built with)\n"
              "  --tls                HTTPS, by a certificate that nobody has issued\n",
              stderr);
        return 2;
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
            {"port", required_argument, NULL, 'p'}, {"database", required_argument, NULL, 'd'},
            {"data", required_argument, NULL, 'D'}, {"files", required_argument, NULL, 'f'},
            {"tls", no_argument, NULL, 't'},        {NULL, 0, NULL, 0},
        };
        struct site site = {.files = SITE_FILES, .data = "site-data", .port = 8080, .since = time(NULL)};
        int option;
        char *end;
        while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
                unsigned long port;
                switch (option) {
                case 'p':
                        port = strtoul(optarg, &end, 10);
                        if (*optarg == '\0' || *end != '\0' || port > 65535)
                                return usage();
                        site.port = (uint16_t)port;
                        break;
                case 'd':
                        site.database = optarg;
                        break;
                case 'D':
                        site.data = optarg;
                        break;
                case 'f':
                        site.files = optarg;
                        break;
                case 't':
                        site.is_secure = true;
                        break;
                default:
                        return usage();
                }
        }
        if (optind < argc)
                return usage();
        intptr_t rc = eddy_run(run_site, &site);
        if (rc < 0 && rc != EDDY_CANCELLED)
                fprintf(stderr, "site: %s\n", eddy_explain(rc));
        return rc < 0 && rc != EDDY_CANCELLED;
}
