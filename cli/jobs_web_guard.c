/* eddy jobs web: who may ask, and what others cannot make a browser do. */
#include "jobs_web.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

/* Nothing from elsewhere is loaded, no script within a page runs, no other site frames it, a file is what its type says, and no address
 * of ours is told to others. */
static const char *const headers[] = {
    "Content-Security-Policy: default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options: nosniff",
    "Referrer-Policy: same-origin",
    "Cross-Origin-Resource-Policy: same-origin",
    NULL,
};

int web_guard_headers(eddy_http_exchange *exchange, eddy_http_next *next, void *web)
{
        int rc = 0;

        (void)web;
        for (const char *const *line = headers; *line && rc == 0; line++)
                rc = eddy_http_exchange_add_header(exchange, *line);
        return rc < 0 ? rc : eddy_http_next_call(next, exchange);
}

/* A handler that fails has said nothing to its client yet. */
int web_guard_errors(eddy_http_exchange *exchange, eddy_http_next *next, void *web)
{
        char why[256];
        int rc = eddy_http_next_call(next, exchange);

        (void)web;
        if (rc >= 0 || eddy_http_exchange_status(exchange) != 0)
                return rc;
        snprintf(why, sizeof why, "%s", eddy_explain(rc));
        switch (rc) {
        case EDDY_CANCELLED:
        case EDDY_TIMEOUT:
        case -ETIMEDOUT:
        case EDDY_ELIMIT:
        case EDDY_EPROTOCOL:
        case EDDY_EINCOMPLETE:
                return rc; /* the server says it, where there is somebody to hear it */
        case EDDY_ENOJOB:
                return web_reply_fault(exchange, 404, "There is no such job",
                                       "It may have been discarded, or swept.");
        case EDDY_EJOBSTATE:
                return web_reply_fault(exchange, 409, "The job has moved on", why);
        case -EINVAL:
                return web_reply_fault(exchange, 400, "That cannot be", why);
        case EDDY_EJOBSAWAY:
                return web_reply_fault(exchange, 503, "The store is away", why);
        default:
                fprintf(stderr, "eddy jobs: %s\n", why);
                return web_reply_fault(exchange, 500, "That did not work", why);
        }
}

static bool is_called(const char *host, size_t n, const char *name)
{
        return name && strlen(name) == n && strncasecmp(host, name, n) == 0;
}

/* Whether a host is a number: "127.0.0.1" or "[::1]". */
static bool is_numeric(const char *host, size_t n)
{
        return host[0] == '[' || (n > 0 && strspn(host, "0123456789.") >= n);
}

/* By a name of its own that leads here, another site's page would be of the same origin (DNS rebinding). So only names that nobody else can
 * have are answered to; a number leads nowhere else. */
int web_guard_host(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        const struct web *web = arg;
        const char *host = eddy_http_exchange_header(exchange, "Host");
        char machine[256] = "";
        size_t n;

        host = host ? host : "";
        n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
        gethostname(machine, sizeof machine - 1);
        if (!is_numeric(host, n) && !is_called(host, n, "localhost") && !is_called(host, n, web->bind) &&
            !is_called(host, n, web->host) && !is_called(host, n, machine))
                return eddy_http_reply_text(exchange, 421,
                                            "This is not known by that name: begin it with --host NAME.\n");
        return eddy_http_next_call(next, exchange);
}

static bool is_harmless(eddy_http_exchange *exchange)
{
        const char *method = eddy_http_exchange_method(exchange);

        return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* What changes anything is refused where another site's page causes it. Forms have a secret besides, for old browsers: see jobs_web_act.c. */
int web_guard_origin(eddy_http_exchange *exchange, eddy_http_next *next, void *web)
{
        (void)web;
        if (!is_harmless(exchange) && eddy_http_exchange_is_cross_site(exchange))
                return web_reply_fault(exchange, 403, "Refused",
                                       "Another site has sent this, so nothing was done.");
        return eddy_http_next_call(next, exchange);
}

static bool is_token(const struct web *web, const char *given)
{
        return given && eddy_http_secret_equal(given, strlen(given), web->token, strlen(web->token));
}

static bool has_session(eddy_http_exchange *exchange, const struct web *web)
{
        char value[WEB_SECRET_SIZE];
        ssize_t n = eddy_http_exchange_cookie(exchange, web->cookie, value, sizeof value);

        return n >= 0 && eddy_http_secret_equal(value, (size_t)n, web->session, strlen(web->session));
}

static int begin_session(eddy_http_exchange *exchange, const struct web *web)
{
        char line[EDDY_HTTP_COOKIE_SIZE];
        const eddy_http_cookie cookie = {.name = web->cookie,
                                         .value = web->session,
                                         .path = "/",
                                         .same_site = EDDY_HTTP_SAME_SITE_STRICT,
                                         .http_only = true};
        ssize_t n = eddy_http_cookie_format(line, sizeof line, &cookie);

        return n < 0 ? (int)n : eddy_http_exchange_add_header(exchange, line);
}

static int ask_for_token(eddy_http_exchange *exchange, const char *fault)
{
        struct text body = {.rc = 0};
        int rc = eddy_http_exchange_add_header(exchange, "WWW-Authenticate: Bearer");

        text_put(
            &body,
            "<form class=\"panel door\" method=\"post\" action=\"/sign-in\"><h1>Who asks?</h1><p>The address "
            "that <code>eddy jobs web</code> printed when it began has a token in it.</p><p "
            "class=\"fault\">$</p><label for=\"token\">Token</label><input hidden autocomplete=\"username\" "
            "value=\"eddy jobs\"><input id=\"token\" name=\"token\" "
            "type=\"password\" autocomplete=\"current-password\" required autofocus><button>Come "
            "in</button></form>",
            fault);
        if (rc < 0) {
                text_free(&body);
                return rc;
        }
        return web_reply(exchange, 401, "Who asks?", &body);
}

int web_sign_in(eddy_http_exchange *exchange, void *arg)
{
        const struct web *web = arg;
        eddy_http_fields *form;
        bool is_right;
        int rc = eddy_http_exchange_form(exchange, &form, NULL);

        if (rc < 0)
                return rc;
        is_right = is_token(web, eddy_http_fields_get(form, "token"));
        eddy_http_fields_destroy(form);
        if (!is_right)
                return ask_for_token(exchange, "It is another one.");
        rc = begin_session(exchange, web);
        return rc < 0 ? rc : web_redirect(exchange, "/");
}

/* Whether a path can be a page's of ours, all of which are letters and slashes: others could lead elsewhere, such as "//host", or "/\host", which
 * browsers take for the same. */
static bool is_own_path(const char *path, size_t n)
{
        return path[0] == '/' && path[1] != '/' && strspn(path, "/abcdefghijklmnopqrstuvwxyz") == n;
}

/* What else was asked for. It was decoded, and all that could end a header is escaped anew. */
static void add_query(struct text *where, const eddy_http_fields *query)
{
        const eddy_http_field *field;
        const char *mark = "?";

        for (size_t i = 0; (field = eddy_http_fields_at(query, i)); i++) {
                if (strcmp(field->name, "token") == 0)
                        continue;
                text_print(where, "%s", mark);
                text_add_url(where, field->name);
                text_print(where, "=");
                text_add_url(where, field->value);
                mark = "&";
        }
}

/* Who comes with the token in the address has it in his history no longer than he must. */
static int move_on(eddy_http_exchange *exchange, const struct web *web, const eddy_http_fields *query)
{
        const char *target = eddy_http_exchange_target(exchange);
        size_t n = strcspn(target, "?");
        bool is_own = is_own_path(target, n);
        struct text where = {.rc = 0};
        int rc;

        text_add(&where, is_own ? target : "/", is_own ? n : 1);
        if (is_own)
                add_query(&where, query);
        rc = where.rc < 0 ? where.rc : begin_session(exchange, web);
        if (rc == 0)
                rc = web_redirect(exchange, where.data);
        text_free(&where);
        return rc;
}

static bool has_bearer(eddy_http_exchange *exchange, const struct web *web)
{
        const char *token;

        return eddy_http_bearer_parse(&token, eddy_http_exchange_header(exchange, "Authorization")) == 0 &&
               is_token(web, token);
}

/* Who knows the token: by his session, as a bearer, or by the address. */
int web_guard_token(eddy_http_exchange *exchange, eddy_http_next *next, void *arg)
{
        const struct web *web = arg;
        eddy_http_fields *query;
        bool is_right, moves;
        int rc;

        if (has_bearer(exchange, web))
                return eddy_http_next_call(next, exchange);
        rc = eddy_http_exchange_query(exchange, &query);
        if (rc < 0)
                return rc;
        is_right = is_harmless(exchange) && is_token(web, eddy_http_fields_get(query, "token"));
        moves = is_right && strncmp(eddy_http_exchange_target(exchange), "/metrics?", 9) != 0;
        if (moves)
                rc = move_on(exchange, web, query);
        eddy_http_fields_destroy(query);
        if (moves)
                return rc;
        return is_right || has_session(exchange, web) ? eddy_http_next_call(next, exchange)
                                                      : ask_for_token(exchange, "");
}

int web_make_secret(char secret[WEB_SECRET_SIZE])
{
        static const char digits[] = "0123456789abcdef";
        unsigned char bytes[WEB_SECRET_SIZE / 2];

        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
                return -EIO;
        for (size_t i = 0; i < sizeof bytes; i++) {
                secret[2 * i] = digits[bytes[i] >> 4];
                secret[2 * i + 1] = digits[bytes[i] & 15];
        }
        secret[2 * sizeof bytes] = '\0';
        return 0;
}
