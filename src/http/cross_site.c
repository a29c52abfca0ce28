/* Whom a browser sends a request for. */
#include <eddy/http_upload.h>

#include <string.h>
#include <strings.h>

/* "https://host:port" is of a host that is called "host:port". */
static bool is_of_host(const char *origin, const char *host)
{
        const char *at = strstr(origin, "://");

        return at && host && strcasecmp(at + 3, host) == 0;
}

bool eddy_http_exchange_is_cross_site(eddy_http_exchange *exchange)
{
        const char *site = eddy_http_exchange_header(exchange, "Sec-Fetch-Site");
        const char *origin = eddy_http_exchange_header(exchange, "Origin");

        if (site)
                return strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
        return origin && !is_of_host(origin, eddy_http_exchange_header(exchange, "Host"));
}
