/* Signing in, by a name alone: the place where a site of your own asks for a password, or sends people to who knows them. */
#include "site.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static int show(eddy_http_exchange *exchange, const struct site *site, int status, const char *name,
                const char *fault)
{
        const struct value values[] = {
            {"token", session()->token}, {"typed", name}, {"fault", fault}, {NULL, NULL}};
        return page_reply(exchange, site, status, "Sign in", "login", values);
}

int login_page(eddy_http_exchange *exchange, void *site)
{
        return show(exchange, site, 200, "", "");
}

static int sign_in(eddy_http_exchange *exchange, const struct site *site, const eddy_http_fields *fields)
{
        char name[NAME_MAX_BYTES + 1], fault[96];
        size_t n;
        const char *typed = text_trim(eddy_http_fields_get(fields, "name"), &n);
        const char *what = text_fault(typed, n, NAME_MAX_BYTES);
        if (what) {
                snprintf(fault, sizeof fault, "A name of up to %d bytes, please. %s", NAME_MAX_BYTES, what);
                return show(exchange, site, 422, "", fault);
        }
        snprintf(name, sizeof name, "%.*s", (int)n, typed);
        int rc = session_begin(exchange, site, name);
        return rc < 0 ? rc : page_redirect(exchange, "/");
}

static int sign_out(eddy_http_exchange *exchange, const struct site *site, const eddy_http_fields *fields)
{
        (void)fields;
        int rc = session_begin(exchange, site, "");
        return rc < 0 ? rc : page_redirect(exchange, "/");
}

/* Go on with a form, where it is one of ours. */
static int take_form(eddy_http_exchange *exchange, const struct site *site,
                     int (*go_on)(eddy_http_exchange *, const struct site *, const eddy_http_fields *))
{
        eddy_http_fields *fields;
        int rc = eddy_http_exchange_form(exchange, &fields, NULL);
        if (rc == -EINVAL)
                return page_error(exchange, site, 415, "That is no form.");
        if (rc < 0)
                return rc;
        rc = session_has_token(eddy_http_fields_get(fields, "token"))
                 ? go_on(exchange, site, fields)
                 : page_error(exchange, site, 403, "The form was too old. Please open the page anew.");
        eddy_http_fields_destroy(fields);
        return rc;
}

int login_begin(eddy_http_exchange *exchange, void *site)
{
        return take_form(exchange, site, sign_in);
}

int login_end(eddy_http_exchange *exchange, void *site)
{
        return take_form(exchange, site, sign_out);
}

/* GET /api/session: for programs, which send the token back in a header. */
int login_json(eddy_http_exchange *exchange, void *site)
{
        (void)site;
        const struct session *mine = session();
        return eddy_http_reply_json(exchange, 200,
                                    json_pack("{s:s, s:s}", "name", mine->name, "token", mine->token));
}
