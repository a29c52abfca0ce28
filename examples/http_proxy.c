/*
 * Answer some requests and have another server answer the rest: http_proxy PORT URL
 *
 *         handler := httputil.NewSingleHostReverseProxy(target)    // Go
 *         mux.HandleFunc("GET /status", status)
 *         mux.Handle("/", handler)
 */
#include <eddy/http.h>
#include <stdio.h>
#include <stdlib.h>

static int status(eddy_http_exchange *request, void *proxy)
{
        eddy_http_proxy_counts counts;
        eddy_http_proxy_count(proxy, &counts);
        return eddy_http_reply_text(request, 200, "%d requests\n", (int)counts.requests);
}

static void log_failure(const eddy_http_proxy_failure *failure, void *arg)
{
        (void)arg;
        printf("%d: %s\n", failure->status, failure->detail);
        fflush(stdout);
}

static int add_routes(eddy_http_router *router, eddy_http_proxy *proxy)
{
        int rc = eddy_http_router_add(router, "GET", "/status", status, proxy);
        if (rc == 0)
                rc = eddy_http_proxy_mount(proxy, router, "/");
        return rc;
}

static void announce(eddy_server *server, void *arg)
{
        (void)arg;
        printf("serving on port %u\n", eddy_server_port(server));
        fflush(stdout);
}

int main(int argc, char **argv)
{
        uint16_t port = (uint16_t)(argc > 1 ? atoi(argv[1]) : 8080);
        const char *url = argc > 2 ? argv[2] : "http://127.0.0.1:9000";
        eddy_http_router *router;
        eddy_http_proxy *proxy = NULL;
        int rc = eddy_http_router_create(&router, NULL);
        if (rc == 0)
                rc = eddy_http_proxy_create(&proxy, url, &(eddy_http_proxy_options){.on_failure = log_failure});
        if (rc == 0)
                rc = add_routes(router, proxy);
        if (rc == 0)
                rc = eddy_http_run(eddy_http_router_handle, router, "127.0.0.1", port,
                                   &(eddy_http_run_options){.on_start = announce});
        eddy_http_router_destroy(router);
        eddy_http_proxy_destroy(proxy);
        if (rc < 0)
                fprintf(stderr, "http_proxy: %s\n", eddy_explain(rc));
        return rc < 0;
}
