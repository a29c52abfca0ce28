/* eddy jobs web: a page of a store's queues and jobs. */
#include "jobs_web.h"
#include "cli.h"

#include <stdio.h>
#include <string.h>

static const struct {
        const char *method, *path;
        eddy_http_handler handler;
} public_routes[] =
    {
        {"GET", "/style.css", web_style},
        {"GET", "/live.js", web_script},
        {"GET", "/icon.svg", web_icon},
        {"POST", "/sign-in", web_sign_in},
},
  routes[] = {
      {"GET", "/", web_overview},
      {"GET", "/events", web_overview_events},
      {"GET", "/jobs", web_list},
      {"GET", "/job", web_job},
      {"GET", "/job/events", web_job_events},
      {"GET", "/job/payload", web_job_payload},
      {"GET", "/job/result", web_job_result},
      {"POST", "/job/retry", web_retry},
      {"POST", "/job/cancel", web_cancel},
      {"POST", "/job/discard", web_discard},
      {"POST", "/queue/pause", web_pause},
      {"POST", "/queue/resume", web_resume},
      {"GET", "/metrics", web_metrics},
      {"GET", "/{path...}", web_missing},
};

static int add_routes(eddy_http_router *router, struct web *web)
{
        const eddy_http_middleware outer[] = {web_guard_headers, web_guard_errors, web_guard_host,
                                              web_guard_origin};
        eddy_http_router *inner;
        int rc = 0;

        for (size_t i = 0; i < sizeof outer / sizeof *outer && rc == 0; i++)
                rc = eddy_http_router_use(router, outer[i], web);
        for (size_t i = 0; i < sizeof public_routes / sizeof *public_routes && rc == 0; i++)
                rc = eddy_http_router_add(router, public_routes[i].method, public_routes[i].path,
                                          public_routes[i].handler, web);
        if (rc == 0)
                rc = eddy_http_router_group(&inner, router, "/");
        if (rc == 0)
                rc = eddy_http_router_use(inner, web_guard_token, web);
        for (size_t i = 0; i < sizeof routes / sizeof *routes && rc == 0; i++)
                rc = eddy_http_router_add(inner, routes[i].method, routes[i].path, routes[i].handler, web);
        return rc;
}

/* Cookies are sent to every port of a host, so each port has its own. */
static void announce(eddy_server *server, void *arg)
{
        struct web *web = arg;
        unsigned port = eddy_server_port(server);
        bool is_ipv6 = strchr(web->bind, ':') != NULL;

        snprintf(web->cookie, sizeof web->cookie, "eddy-jobs-%u", port);
        printf("%s is at http://%s%s%s:%u/%s%s\n", eddy_jobs_url(web->jobs), is_ipv6 ? "[" : "", web->bind,
               is_ipv6 ? "]" : "", port, web->has_own_token ? "?token=" : "",
               web->has_own_token ? web->token : "");
        cli_flush();
}

static void say_goodbye(void *arg)
{
        eddy_event_set(&((struct web *)arg)->stopping);
}

static int serve(struct web *web, eddy_http_router *router)
{
        const eddy_http_service_options options = {.max_body = 64 << 10, .max_connections = 256};
        eddy_http_service *service;
        int rc = eddy_http_service_create(&service, eddy_http_router_handle, router, &options);

        if (rc < 0)
                return rc;
        rc = eddy_http_service_run(
            service, web->bind, web->port,
            &(eddy_http_run_options){
                .drain = eddy_seconds(5), .on_start = announce, .on_stop = say_goodbye, .arg = web});
        eddy_http_service_destroy(service);
        return rc;
}

/* A token is given, or its file is, or one is made. */
static int set_token(struct web *web, const struct jobs_options *options)
{
        size_t n = strlen(options->token);

        web->has_own_token = n == 0;
        if (n == 0)
                return web_make_secret(web->token);
        strcpy(web->token, options->token);
        return 0;
}

static int failure(const struct web *web, int rc)
{
        if (rc == -EADDRINUSE)
                fprintf(stderr,
                        "eddy jobs: port %u is in use; choose another with --port, or --port 0 for any\n",
                        web->port);
        else if (rc == -EADDRNOTAVAIL || rc == EDDY_ERESOLVE || rc == -ENOENT)
                fprintf(stderr, "eddy jobs: %s is no address of this machine; choose another with --bind\n",
                        web->bind);
        else
                return jobs_failure(rc);
        return CLI_FAILED;
}

int jobs_web(eddy_jobs *jobs, const struct jobs_options *options)
{
        struct web web = {
            .jobs = jobs,
            .bind = options->bind ? options->bind : "127.0.0.1",
            .host = options->host,
            .port = (uint16_t)options->port,
            .stopping = EDDY_EVENT_INIT,
        };
        eddy_http_router *router = NULL;
        int rc = set_token(&web, options);

        if (rc == 0)
                rc = web_make_secret(web.session);
        if (rc == 0)
                rc = web_make_secret(web.form);
        if (rc == 0)
                rc = eddy_http_router_create(&router, NULL);
        web_look_init(&web.look);
        if (rc == 0)
                rc = add_routes(router, &web);
        if (rc == 0)
                rc = serve(&web, router);
        eddy_http_router_destroy(router);
        web_look_finish(&web.look);
        eddy_event_finish(&web.stopping);
        return rc < 0 ? failure(&web, rc) : CLI_OK;
}
