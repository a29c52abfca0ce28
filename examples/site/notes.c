/* Notes: a page with a form, and the same as JSON for programs. */
#include "site.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_rows(struct text *rows, const struct site *site, const struct notes *notes)
{
        for (size_t i = 0; i < notes->count; i++) {
                const struct note *note = &notes->list[i];
                char when[32], stamp[32];
                struct tm time;
                gmtime_r(&(time_t){note->when}, &time);
                strftime(when, sizeof when, "%-d %b %Y, %H:%M", &time);
                strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", &time);
                const struct value values[] = {{"author", note->author},
                                               {"text", note->text},
                                               {"when", when},
                                               {"stamp", stamp},
                                               {NULL, NULL}};
                int rc = template_fill(rows, site->templates, "note", values);
                if (rc < 0)
                        return rc;
        }
        return rows->rc;
}

/* The page, with what was typed and what is wrong with it. */
static int show(eddy_http_exchange *exchange, const struct site *site, int status, const char *typed,
                const char *fault)
{
        const struct session *mine = session();
        const struct value form_values[] = {
            {"token", mine->token}, {"typed", typed}, {"fault", fault}, {NULL, NULL}};
        struct text rows = {.rc = 0}, form = {.rc = 0};
        struct notes notes;
        int rc = site->store->list(site->store, &notes);
        if (rc < 0)
                return rc;
        rc = add_rows(&rows, site, &notes);
        if (rc == 0)
                rc = template_fill(&form, site->templates, mine->name[0] ? "note-form" : "sign-in-first",
                                   form_values);
        if (rc == 0) {
                const struct value values[] = {
                    {"form", form.data},
                    {"rows", rows.data ? rows.data : "<p class=\"empty\">No notes yet.</p>"},
                    {NULL, NULL}};
                rc = page_reply(exchange, site, status, "Notes", "notes", values);
        }
        text_free(&form);
        text_free(&rows);
        free(notes.list);
        return rc;
}

int notes_page(eddy_http_exchange *exchange, void *site)
{
        return show(exchange, site, 200, "", "");
}

/* A note, from the page or from a program. */
struct draft {
        char text[NOTE_MAX_BYTES + 1];
        const char *fault; /* what is wrong with it; NULL: nothing */
};

static void take(struct draft *draft, const char *typed)
{
        size_t n;
        const char *text = text_trim(typed, &n);
        draft->fault = text_fault(text, n, NOTE_MAX_BYTES);
        if (n > NOTE_MAX_BYTES) /* given back up to a letter's end */
                for (n = NOTE_MAX_BYTES; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80;)
                        n--;
        snprintf(draft->text, sizeof draft->text, "%.*s", (int)n, text);
}

int notes_add(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        struct draft draft;
        eddy_http_fields *fields;
        int rc = eddy_http_exchange_form(exchange, &fields, NULL);
        if (rc < 0)
                return rc == -EINVAL ? page_error(exchange, site, 415, "That is no form.") : rc;
        bool is_ours = session_has_token(eddy_http_fields_get(fields, "token"));
        take(&draft, eddy_http_fields_get(fields, "text"));
        eddy_http_fields_destroy(fields);
        if (!is_ours || !session()->name[0])
                return page_error(exchange, site, 403, "Please sign in, and then write your note.");

        if (draft.fault)
                return show(exchange, site, 422, draft.text, draft.fault);
        rc = site->store->add(site->store, session()->name, draft.text);
        return rc < 0 ? rc : page_redirect(exchange, "/notes");
}

int notes_json(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        struct notes notes;
        int rc = site->store->list(site->store, &notes);
        if (rc < 0)
                return rc;
        json_t *list = json_array();
        for (size_t i = 0; i < notes.count; i++)
                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:I}", "author", notes.list[i].author, "text",
                                                notes.list[i].text, "when", (json_int_t)notes.list[i].when));
        free(notes.list);
        return eddy_http_reply_json(exchange, 200, list);
}

/* POST /api/notes with {"text": ...}. The token comes in a header, which no other site's page can send. */
int notes_add_json(eddy_http_exchange *exchange, void *arg)
{
        const struct site *site = arg;
        struct draft draft;
        const char *text;
        json_t *body;
        if (!session()->name[0] || !session_has_token(eddy_http_exchange_header(exchange, "X-Token")))
                return page_error(exchange, site, 403,
                                  "Sign in, and send the token of /api/session as X-Token.");
        int rc = eddy_http_exchange_json(exchange, &body, 64 * 1024);
        if (rc < 0)
                return rc;
        if (json_unpack(body, "{s:s}", "text", &text) < 0) {
                json_decref(body);
                return page_error(exchange, site, 422, "An object with a \"text\", please.");
        }
        take(&draft, text);
        json_decref(body);

        if (draft.fault)
                return page_error(exchange, site, 422, draft.fault);
        rc = site->store->add(site->store, session()->name, draft.text);
        return rc < 0 ? rc : eddy_http_reply_json(exchange, 201, json_pack("{s:s}", "text", draft.text));
}
