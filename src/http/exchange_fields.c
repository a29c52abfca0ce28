/* What a request's head and body hold, by the exchange that they are of: all that forms, cookies and the like know of
 * connections is here. */
#include "http/body_source.h"
#include "http/exchange.h"
#include "http/multipart.h"
#include "http/parameters.h"
#include <eddy/http_cookie.h>
#include <eddy/http_cors.h>
#include <eddy/http_forwarded.h>

/* The one place where bodies come from. */
static ssize_t read_exchange(void *exchange, void *buffer, size_t n)
{
        return eddy_http_exchange_read(exchange, buffer, n);
}

static int note_content(void *exchange, int rc)
{
        return exchange_note_content(exchange, rc);
}

struct body_source body_of_exchange(eddy_http_exchange *exchange)
{
        return (struct body_source){read_exchange, note_content, eddy_http_exchange_length(exchange), exchange};
}

/* As an eddy_http_header_fn. */
static const char *nth_header(void *exchange, const char *name, unsigned nth)
{
        return eddy_http_exchange_header_nth(exchange, name, nth);
}

int eddy_http_exchange_query(eddy_http_exchange *exchange, eddy_http_fields **fields)
{
        const char *question = strchr(eddy_http_exchange_target(exchange), '?');

        return exchange_note_content(exchange,
                                     eddy_http_fields_parse(fields, question ? question + 1 : "",
                                                            question ? strlen(question + 1) : 0, NULL));
}

int eddy_http_exchange_form(eddy_http_exchange *exchange, eddy_http_fields **fields,
                            const eddy_http_fields_options *options)
{
        const char *type = eddy_http_exchange_header(exchange, "Content-Type");

        *fields = NULL;
        if (!type || !parameters_begin(type, "application/x-www-form-urlencoded"))
                return exchange_note_content(
                    exchange, eddy_fail(-EINVAL, "a body of type %s, not a form", type ? type : "unknown"));
        return exchange_note_content(exchange, form_read(body_of_exchange(exchange), fields, options));
}

ssize_t eddy_http_exchange_cookie(eddy_http_exchange *exchange, const char *name, char *value, size_t size)
{
        const char *found = NULL, *line;
        size_t n;

        for (unsigned i = 0; !found && (line = eddy_http_exchange_header_nth(exchange, "Cookie", i)); i++)
                found = eddy_http_cookie_find(line, name, &n);
        if (!found)
                return -ENOENT;
        if (n >= size)
                return exchange_note_content(
                    exchange,
                    eddy_fail(EDDY_ELIMIT, "cookie %s has %zu bytes, more than is expected of it", name, n));
        memcpy(value, found, n);
        value[n] = '\0';
        return (ssize_t)n;
}

int eddy_http_multipart_open(eddy_http_multipart **form, eddy_http_exchange *exchange,
                             const eddy_http_multipart_options *options)
{
        const char *type = eddy_http_exchange_header(exchange, "Content-Type");

        return exchange_note_content(exchange, multipart_open(form, body_of_exchange(exchange), type, options));
}

int eddy_http_exchange_forwarded(eddy_http_exchange *exchange, const eddy_http_forwarded_options *options,
                                 eddy_http_forwarded *from)
{
        eddy_address peer;
        int rc = eddy_http_exchange_peer(exchange, &peer);

        if (rc == 0)
                eddy_http_forwarded_resolve(from, options, &peer, nth_header, exchange);
        return rc;
}

void eddy_http_exchange_cors(eddy_http_exchange *exchange, const eddy_http_cors *cors,
                             eddy_http_cors_answer *answer)
{
        const eddy_http_cors_request request = {
            .method = eddy_http_exchange_method(exchange),
            /* Of two nobody is meant. */
            .origin = eddy_http_exchange_header_nth(exchange, "Origin", 1)
                          ? ""
                          : eddy_http_exchange_header(exchange, "Origin"),
            .requested_method = eddy_http_exchange_header(exchange, "Access-Control-Request-Method"),
        };

        eddy_http_cors_decide(cors, &request, answer);
}
