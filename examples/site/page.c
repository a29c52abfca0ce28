/* Pages: what all of them have, and those that are nothing but a template. */
#include "site.h"

#include <jansson.h>
#include <string.h>

static const struct {
        const char *path, *label;
} places[] = {
    {"/", "Home"}, {"/notes", "Notes"}, {"/pictures", "Pictures"}, {"/chat", "Chat"}, {"/live", "Live"}};

static bool is_here(eddy_http_exchange *exchange, const char *path)
{
        const char *target = eddy_http_exchange_target(exchange);
        size_t n = strcspn(target, "?");
        return strlen(path) == n && memcmp(path, target, n) == 0;
}

static void add_places(struct text *out, eddy_http_exchange *exchange)
{
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
                text_print(out, "<a href=\"%s\"%s>%s</a>\n", places[i].path,
                           is_here(exchange, places[i].path) ? " aria-current=\"page\"" : "", places[i].label);
}

static int reply(eddy_http_exchange *exchange, int status, const struct text *html)
{
        /* There is a token in it, and a name: for one person, and not to be kept. */
        static const char *const headers[] = {"Cache-Control: no-store", NULL};
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = status,
                                                             .content_type = "text/html; charset=utf-8",
                                                             .headers = headers,
                                                             .body = html->data,
                                                             .body_size = html->size});
}

int page_reply(eddy_http_exchange *exchange, const struct site *site, int status, const char *title,
               const char *template, const struct value *values)
{
        struct text body = {.rc = 0}, nav = {.rc = 0}, who = {.rc = 0}, html = {.rc = 0};
        const struct session *mine = session();
        const struct value mine_values[] = {{"name", mine->name}, {"token", mine->token}, {NULL, NULL}};

        int rc = template_fill(&body, site->templates, template, values);
        if (rc == 0)
                rc = template_fill(&who, site->templates, mine->name[0] ? "signed-in" : "signed-out",
                                   mine_values);
        add_places(&nav, exchange);
        if (rc == 0)
                rc = nav.rc;
        if (rc == 0) {
                const struct value layout[] = {
                    {"title", title}, {"nav", nav.data}, {"who", who.data}, {"body", body.data}, {NULL, NULL}};
                rc = template_fill(&html, site->templates, "layout", layout);
        }
        if (rc == 0)
                rc = reply(exchange, status, &html);
        text_free(&body);
        text_free(&nav);
        text_free(&who);
        text_free(&html);
        return rc;
}

static bool wants_json(eddy_http_exchange *exchange)
{
        const char *accept = eddy_http_exchange_header(exchange, "Accept");
        return (accept && strncmp(accept, "application/json", 16) == 0) ||
               strncmp(eddy_http_exchange_target(exchange), "/api/", 5) == 0;
}

int page_error(eddy_http_exchange *exchange, const struct site *site, int status, const char *message)
{
        if (wants_json(exchange))
                return eddy_http_reply_json(exchange, status, json_pack("{s:s}", "error", message));
        const char *title = status == 404 ? "Not found" : "That did not work";
        const struct value values[] = {{"title", title}, {"message", message}, {NULL, NULL}};
        return page_reply(exchange, site, status, title, "error", values);
}

/* By 303 the browser asks for the page anew, so that reloading it sends no form again. */
int page_redirect(eddy_http_exchange *exchange, const char *where)
{
        char line[256];
        snprintf(line, sizeof line, "Location: %s", where);
        const char *const headers[] = {line, NULL};
        return eddy_http_reply(exchange, &(eddy_http_answer){.status = 303, .headers = headers});
}

int page_missing(eddy_http_exchange *exchange, void *site)
{
        return page_error(exchange, site, 404, "There is no such page.");
}

int page_home(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        const struct value values[] = {{"kind", site->store->kind}, {NULL, NULL}};
        return page_reply(exchange, site, 200, "Welcome", "home", values);
}
