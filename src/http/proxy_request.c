/* What a proxy asks the server behind it: the client's request, without what is between that and us, and with who asks. */
#include "http/proxy.h"

#include "http/strict.h"
#include "http/target.h"
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

/* A text that grows in memory that is there. */
struct text {
        char *at;
        size_t size, room;
        bool is_too_long;
};

static void put(struct text *text, const char *data, size_t n)
{
        if (n > text->room - text->size) {
                text->is_too_long = true;
                return;
        }
        memcpy(text->at + text->size, data, n);
        text->size += n;
}

static void put_text(struct text *text, const char *data)
{
        put(text, data, strlen(data));
}

static void put_line(struct text *text, const char *name, const char *value, size_t n)
{
        put_text(text, name);
        put(text, value, n);
        put(text, "\r\n", 2);
}

static struct http_span target_of(const struct proxy_pass *pass, const char **target)
{
        struct http_span span = pass->exchange->request->target;

        *target = http_text(pass->exchange->head, span);
        return span;
}

/* Where a segment ends that begins at `at`, for whichever server reads it: escaped slashes, backslashes and parameters end it too. It is
 * a step up, or none, where it is "." or ".." to any of them. */
static const char *pass_segment(const char *at, const char *end, bool *is_dots)
{
        unsigned dots = 0, others = 0;

        while (at < end) {
                int byte = http_target_next_byte(&at, end);

                if (byte == '/' || byte == '\\' || byte == ';')
                        break;
                if (byte == '.')
                        dots++;
                else
                        others++;
        }
        *is_dots = others == 0 && (dots == 1 || dots == 2);
        return at;
}

static bool has_dots(const char *at, const char *end)
{
        bool is_dots = false;

        while (at < end && !is_dots)
                at = pass_segment(at, end, &is_dots);
        return is_dots;
}

static bool asks_for_upgrade(const eddy_http_exchange *exchange)
{
        const struct http_request *request = exchange->request;
        struct http_span value;
        const char *text, *end, *member;
        size_t n;

        if (request->minor == 0 || !request->wants_upgrade || request->has_body ||
            !http_request_header(request, exchange->head, "Upgrade", &value))
                return false;
        text = http_text(exchange->head, value);
        end = text + value.size;
        /* Another version of HTTP would bring requests that nobody here sees. */
        while (proxy_list_next(&text, end, &member, &n))
                if (strncasecmp(member, "h2", 2) == 0 || strncasecmp(member, "http", 4) == 0 ||
                    strncasecmp(member, "tls", 3) == 0)
                        return false;
        return true;
}

/* Whether one that has come by here has gone on with our name in it. */
static bool has_come_back(const eddy_http_proxy *proxy, const eddy_http_exchange *exchange)
{
        const struct http_request *request = exchange->request;
        size_t size = strlen(proxy->options.via);

        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];
                const char *at = http_text(exchange->head, header->value), *end = at + header->value.size,
                           *member;
                size_t n;

                if (!http_is_text(http_text(exchange->head, header->name), header->name.size, "via"))
                        continue;
                while (proxy_list_next(&at, end, &member, &n)) {
                        const char *name = memchr(member, ' ', n);

                        if (name && (size_t)(member + n - name - 1) >= size &&
                            strncasecmp(name + 1, proxy->options.via, size) == 0 &&
                            (name + 1 + size == member + n || name[1 + size] == ' '))
                                return true;
                }
        }
        return false;
}

/* How many more of us a request may come by, which only these methods tell; -1: as many as there are. False: what it says is no number. */
static bool find_hops_left(const eddy_http_exchange *exchange, int64_t *left)
{
        const struct http_request *request = exchange->request;
        struct http_span value;
        const char *text;

        *left = -1;
        if ((request->method != HTTP_OPTIONS && request->method != HTTP_TRACE) ||
            !http_request_header(request, exchange->head, "Max-Forwards", &value))
                return true;
        text = http_text(exchange->head, value);
        if (http_check_length(text, value.size) < 0)
                return false;
        *left = strtoll(text, NULL, 10);
        return true;
}

int proxy_request_examine(struct proxy_pass *pass)
{
        const eddy_http_exchange *exchange = pass->exchange;
        const char *target, *path, *path_end;
        struct http_span span = target_of(pass, &target);

        path = http_target_path(target, span.size, &path_end);
        if (path && has_dots(path, path_end))
                return HTTP_STATUS_BAD_REQUEST;
        pass->prefix = pass->prefix_end = path;
        if (path && exchange->route_at)
                pass->prefix_end = target + exchange->route_at;
        if (pass->proxy->options.via && has_come_back(pass->proxy, exchange))
                return HTTP_STATUS_LOOP_DETECTED;
        if (!find_hops_left(exchange, &pass->hops_left))
                return HTTP_STATUS_BAD_REQUEST;
        if (pass->hops_left == 0) /* what a TRACE asks for shows what is nobody's business */
                return exchange->request->method == HTTP_OPTIONS ? HTTP_STATUS_NO_CONTENT
                                                                 : HTTP_STATUS_NOT_IMPLEMENTED;
        pass->wants_upgrade = asks_for_upgrade(exchange);
        pass->expects_leave = exchange->body_length != 0 &&
                              http_request_expectation(exchange->request, exchange->head) == EXPECTS_LEAVE;
        return 0;
}

static void put_first_line(struct proxy_pass *pass, struct text *text)
{
        const char *target, *end, *base = pass->proxy->url.base;
        struct http_span span = target_of(pass, &target);

        end = target + span.size;
        put_text(text, eddy_http_exchange_method(pass->exchange));
        put_text(text, " ");
        if (!pass->prefix_end) { /* "*" */
                put(text, target, span.size);
        } else {
                put_text(text, base);
                if ((pass->prefix_end == end || *pass->prefix_end == '?') && !*base)
                        put_text(text, "/");
                put(text, pass->prefix_end, (size_t)(end - pass->prefix_end));
        }
        put_text(text, " HTTP/1.1\r\n");
}

/* What the client has said for itself, or who is trusted for another, and that is to be said again with more behind it. */
struct told {
        bool by_forwarded, by_others; /* passes as it is, or is added to */
        bool has_proto, has_host;
};

/* What passes of what is said of who asks. */
static bool passes_on(const struct told *told, enum proxy_field field)
{
        return field == PROXY_FIELD_FORWARDED ? told->by_forwarded : told->by_others;
}

/* The peer's address without its port, n bytes; "unknown" where it has none. */
static const char *find_peer(const eddy_http_exchange *exchange, size_t *n)
{
        const char *peer = exchange->impl->peer(exchange), *colon;

        if (!peer || !*peer || strchr(peer, '/') || *peer == '@')
                peer = "unknown";
        colon = strrchr(peer, ':');
        *n = colon ? (size_t)(colon - peer) : strlen(peer);
        return peer;
}

/* The values of all of its lines, each with what parts it from the next. */
static void put_values(struct proxy_pass *pass, struct text *text, enum proxy_field field, const char *parting)
{
        const eddy_http_exchange *exchange = pass->exchange;

        for (unsigned i = 0; i < exchange->request->header_count; i++) {
                const struct http_header *header = &exchange->request->headers[i];

                if (header->value.size == 0 ||
                    proxy_field_of(http_text(exchange->head, header->name), header->name.size) != field)
                        continue;
                put(text, http_text(exchange->head, header->value), header->value.size);
                put_text(text, parting);
        }
}

static void put_x_forwarded(struct proxy_pass *pass, struct text *text, const struct told *told,
                            const struct http_span *host)
{
        eddy_http_exchange *exchange = pass->exchange;
        size_t n;
        const char *address = find_peer(exchange, &n);

        if (*address == '[') { /* as others write it */
                address++;
                n -= 2;
        }
        put_text(text, "X-Forwarded-For: ");
        if (told->by_others)
                put_values(pass, text, PROXY_FIELD_FORWARDED_FOR, ", ");
        put_line(text, "", address, n);
        if (!told->has_proto)
                put_text(text, exchange->impl->is_secure(exchange) ? "X-Forwarded-Proto: https\r\n"
                                                                   : "X-Forwarded-Proto: http\r\n");
        if (!told->has_host && host)
                put_line(text, "X-Forwarded-Host: ", http_text(exchange->head, *host), host->size);
}

static void put_forwarded(struct proxy_pass *pass, struct text *text, const struct told *told,
                          const struct http_span *host)
{
        eddy_http_exchange *exchange = pass->exchange;
        size_t n;
        const char *address = find_peer(exchange, &n);
        const char *quote = *address == '[' ? "\"" : "";

        put_text(text, "Forwarded: ");
        if (told->by_forwarded)
                put_values(pass, text, PROXY_FIELD_FORWARDED, ", ");
        put_text(text, "for=");
        put_text(text, quote);
        put(text, address, n);
        put_text(text, quote);
        put_text(text, exchange->impl->is_secure(exchange) ? ";proto=https" : ";proto=http");
        if (host) {
                put_text(text, ";host=\"");
                put(text, http_text(exchange->head, *host), host->size);
                put_text(text, "\"");
        }
        put_text(text, "\r\n");
}

static struct told whom_to_believe(const struct proxy_pass *pass)
{
        const eddy_http_proxy_options *options = &pass->proxy->options;
        bool is_trusted = options->tells == EDDY_HTTP_PROXY_TELLS_NOTHING;
        eddy_address peer;

        if (!is_trusted && options->trusted && eddy_http_exchange_peer(pass->exchange, &peer) == 0)
                is_trusted = eddy_http_networks_contain(options->trusted, &peer);
        /* Whom we add to has written what we add to: the other spellings may be a stranger's. */
        return (struct told){.by_forwarded = is_trusted && options->tells != EDDY_HTTP_PROXY_X_FORWARDED,
                             .by_others = is_trusted && options->tells != EDDY_HTTP_PROXY_FORWARDED};
}

/* One header: whether it passes as it is. What is said again later is noted. */
static bool is_passed(const struct proxy_pass *pass, struct told *told, enum proxy_field field)
{
        enum eddy_http_proxy_tells tells = pass->proxy->options.tells;

        switch (field) {
        case PROXY_FIELD_PASSES:
        case PROXY_FIELD_AUTHORIZATION:
        case PROXY_FIELD_TYPE:
        case PROXY_FIELD_SERVER:
        case PROXY_FIELD_DATE:
        case PROXY_FIELD_LOCATION:
        case PROXY_FIELD_SET_COOKIE:
                return true;
        case PROXY_FIELD_VIA:
                return !pass->proxy->options.via;
        case PROXY_FIELD_FORWARDED:
                return passes_on(told, field) && tells != EDDY_HTTP_PROXY_FORWARDED;
        case PROXY_FIELD_FORWARDED_FOR:
                return passes_on(told, field) && tells != EDDY_HTTP_PROXY_X_FORWARDED;
        case PROXY_FIELD_FORWARDED_PROTO:
                told->has_proto |= passes_on(told, field);
                return passes_on(told, field);
        case PROXY_FIELD_FORWARDED_HOST:
                told->has_host |= passes_on(told, field);
                return passes_on(told, field);
        case PROXY_FIELD_FORWARDED_ELSE:
                return passes_on(told, field);
        default:
                return false;
        }
}

/* Those of the client that pass. Cookies are one line, which HTTP/1 knows alone. */
static void put_headers(struct proxy_pass *pass, struct text *text, const struct proxy_hops *hops,
                        struct told *told)
{
        const struct http_request *request = pass->exchange->request;
        const char *head = pass->exchange->head;
        unsigned cookies = 0;

        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];
                const char *name = http_text(head, header->name);
                enum proxy_field field = proxy_field_of(name, header->name.size);

                if (hops->count > 0 && proxy_hops_have(hops, name, header->name.size))
                        continue;
                if (pass->hops_left > 0 && http_is_text(name, header->name.size, "max-forwards"))
                        continue;
                cookies += field == PROXY_FIELD_COOKIE;
                if (!is_passed(pass, told, field))
                        continue;
                put(text, name, header->name.size);
                put_line(text, ": ", http_text(head, header->value), header->value.size);
        }
        if (cookies == 0)
                return;
        put_text(text, "Cookie: ");
        put_values(pass, text, PROXY_FIELD_COOKIE, "; ");
        if (text->size > 2 && text->at[text->size - 2] == ';')
                text->size -= 2;
        put_text(text, "\r\n");
}

/* Where its body ends, how far it may go on, and what the connection to the server is for. */
static void put_connection(struct proxy_pass *pass, struct text *text, bool has_te)
{
        const eddy_http_exchange *exchange = pass->exchange;
        struct http_span value;
        char length[64], hops[64];

        if (exchange->body_length < 0) {
                put_text(text, "Transfer-Encoding: chunked\r\n");
        } else if (exchange->body_length > 0 || http_request_field(exchange->request, FIELD_CONTENT_LENGTH)) {
                snprintf(length, sizeof length, "Content-Length: %lld\r\n", (long long)exchange->body_length);
                put_text(text, length);
        }
        if (pass->hops_left > 0) {
                snprintf(hops, sizeof hops, "Max-Forwards: %lld\r\n", (long long)pass->hops_left - 1);
                put_text(text, hops);
        }
        if (pass->expects_leave)
                put_text(text, "Expect: 100-continue\r\n");
        if (has_te)
                put_text(text, "TE: trailers\r\n");
        if (pass->wants_upgrade && http_request_header(exchange->request, exchange->head, "Upgrade", &value)) {
                put_line(text, "Upgrade: ", http_text(exchange->head, value), value.size);
                put_text(text, "Connection: Upgrade\r\n");
        } else if (has_te) {
                put_text(text, "Connection: TE\r\n");
        }
}

/* What its Connection headers name, and whether it takes trailers. */
static bool find_hops(const eddy_http_exchange *exchange, struct proxy_hops *hops)
{
        const struct http_request *request = exchange->request;
        bool has_te = false;

        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];
                const char *name = http_text(exchange->head, header->name),
                           *value = http_text(exchange->head, header->value), *end = value + header->value.size,
                           *member;
                size_t n;

                if (http_is_text(name, header->name.size, "connection"))
                        proxy_hops_add(hops, value, header->value.size);
                else if (http_is_text(name, header->name.size, "te"))
                        while (proxy_list_next(&value, end, &member, &n))
                                has_te |= http_is_text(member, n, "trailers");
        }
        return has_te;
}

ssize_t proxy_request_write(struct proxy_pass *pass)
{
        const eddy_http_proxy *proxy = pass->proxy;
        eddy_http_exchange *exchange = pass->exchange;
        const struct http_span *host = http_request_field(exchange->request, FIELD_HOST);
        struct text text = {.at = pass->proxy->out, .room = sizeof pass->proxy->out};
        struct proxy_hops hops = {.count = 0};
        struct told told = whom_to_believe(pass);
        bool has_te = find_hops(exchange, &hops);

        put_first_line(pass, &text);
        if (proxy->options.keeps_host && host)
                put_line(&text, "Host: ", http_text(exchange->head, *host), host->size);
        else
                put_line(&text, "Host: ", proxy->url.authority, strlen(proxy->url.authority));
        put_headers(pass, &text, &hops, &told);
        if (proxy->options.via) {
                put_text(&text, "Via: ");
                put_values(pass, &text, PROXY_FIELD_VIA, ", ");
                put_text(&text, strcmp(exchange->impl->version ? exchange->impl->version : "", "HTTP/2.0") == 0
                                    ? "2.0 "
                                : exchange->request->minor == 0 ? "1.0 "
                                                                : "1.1 ");
                put_line(&text, "", proxy->options.via, strlen(proxy->options.via));
        }
        if (proxy->options.tells == EDDY_HTTP_PROXY_X_FORWARDED)
                put_x_forwarded(pass, &text, &told, host);
        else if (proxy->options.tells == EDDY_HTTP_PROXY_FORWARDED)
                put_forwarded(pass, &text, &told, host);
        put_connection(pass, &text, has_te);
        put_text(&text, "\r\n");
        return text.is_too_long || hops.are_too_many ? EDDY_ELIMIT : (ssize_t)text.size;
}
