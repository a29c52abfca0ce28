/* What a request's head and body hold, by the exchange that they are of: all that forms, cookies and the like know of
 * connections is here. */
#include "http/body_source.h"
#include "http/exchange.h"
#include "http/parameters.h"

/* The one place where bodies come from. */
static ssize_t read_exchange(void *exchange, void *buffer, size_t n)
{
        (void)exchange, (void)buffer, (void)n;
        return eddy_fail(EDDY_ENOTSUP, "a request's body is not read yet");
}

struct body_source body_of_exchange(eddy_http_exchange *exchange)
{
        return (struct body_source){read_exchange, exchange};
}

int eddy_http_exchange_query(eddy_http_exchange *exchange, eddy_http_fields **fields)
{
        const char *question = strchr(eddy_http_exchange_target(exchange), '?');

        return eddy_http_fields_parse(fields, question ? question + 1 : "", question ? strlen(question + 1) : 0,
                                      NULL);
}

int eddy_http_exchange_form(eddy_http_exchange *exchange, eddy_http_fields **fields,
                            const eddy_http_fields_options *options)
{
        const char *type = eddy_http_exchange_header(exchange, "Content-Type");

        *fields = NULL;
        if (!type || !parameters_begin(type, "application/x-www-form-urlencoded"))
                return eddy_fail(-EINVAL, "a body of type %s, not a form", type ? type : "unknown");
        return form_read(body_of_exchange(exchange), fields, options);
}
