/* eddy in the rows of proxies, as a user would write it: PORT is where the server behind it is. Prints its own port and serves until killed. */
#include "eddy_http.h"
#include <eddy/http_proxy.h>

static intptr_t app(void *arg)
{
        eddy_http_proxy *proxy;
        char url[64];
        int rc;

        snprintf(url, sizeof url, "http://127.0.0.1:%s", (const char *)arg);
        rc = eddy_http_proxy_create(&proxy, url, NULL);
        if (rc == 0)
                rc = bench_serve_http(eddy_http_proxy_answer, proxy);
        eddy_http_proxy_destroy(proxy);
        return rc;
}

int main(int argc, char **argv)
{
        return argc == 2 ? bench_run(app, argv[1]) : 2;
}
