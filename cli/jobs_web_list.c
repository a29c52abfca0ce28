/* eddy jobs web: jobs, page by page. */
#include "jobs_web.h"

#include <stdio.h>
#include <string.h>

enum { LISTED = 50 };

/* What the address asks for; its strings are the query's, and "" where there are none. */
struct wish {
        const char *queue, *kind, *state, *after;
};

static const char *value_of(const eddy_http_fields *query, const char *name)
{
        const char *value = eddy_http_fields_get(query, name);

        /* More is no name: the store says so of what is cut here, too. */
        return value && strlen(value) < EDDY_JOB_ID_SIZE ? value : "";
}

static struct wish read_wish(const eddy_http_fields *query)
{
        return (struct wish){value_of(query, "queue"), value_of(query, "kind"), value_of(query, "state"),
                             value_of(query, "after")};
}

/* 0: all. */
static unsigned states_of(const char *name)
{
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                if (strcmp(name, eddy_job_state_name((eddy_job_state)state)) == 0)
                        return 1u << state;
        return 0;
}

static void add_field(struct text *text, const char *label, const char *name, const char *value)
{
        text_put(text, "<label>$ <input name=\"$\" value=\"$\" maxlength=\"127\"></label>", label, name, value);
}

static void add_filters(struct text *text, const struct wish *wish)
{
        text_print(text, "<form class=\"panel filters\" action=\"/jobs\">");
        add_field(text, "Queue", "queue", wish->queue);
        add_field(text, "Kind", "kind", wish->kind);
        text_print(text, "<label>State <select name=\"state\"><option value=\"\">any</option>");
        for (int state = 0; state < EDDY_JOB_STATES; state++) {
                const char *name = eddy_job_state_name((eddy_job_state)state);
                text_print(text, "<option%s>%s</option>", strcmp(name, wish->state) == 0 ? " selected" : "",
                           name);
        }
        text_print(text, "</select></label><button>Show</button></form>");
        text_print(text, "<form class=\"panel filters\" action=\"/jobs\">");
        add_field(text, "Find an id or a kind", "find", "");
        text_print(text, "<button>Find</button></form>");
}

static void add_row(struct text *text, const struct web *web, const eddy_job_info *info)
{
        size_t n;
        const char *error = web_find_error(info, &n);

        text_print(text, "<li>");
        web_add_job(text, info);
        web_add_state(text, info);
        text_put(text, "<span class=\"soft\">$, ", info->queue);
        text_add_moment(text, info->created);
        text_print(text, ", attempt %d of %d</span>", info->attempt, info->attempts);
        if (error && info->state != EDDY_JOB_DONE) {
                text_print(text, "<span class=\"fault\">");
                text_escape(text, error, n);
                text_print(text, "</span>");
        }
        if (info->state == EDDY_JOB_DEAD) {
                text_print(text, "<div class=\"buttons\">");
                web_add_button(text, web, "/job/retry", "Retry", "id", info->id);
                web_add_button(text, web, "/job/discard", "Discard", "id", info->id);
                text_print(text, "</div>");
        }
        text_print(text, "</li>");
}

static void add_next(struct text *text, const struct wish *wish, const char *next)
{
        char queue[3 * EDDY_JOB_ID_SIZE + 1], kind[3 * EDDY_JOB_ID_SIZE + 1], state[3 * EDDY_JOB_ID_SIZE + 1],
            after[3 * EDDY_JOB_ID_SIZE + 1];

        text_escape_url(queue, wish->queue);
        text_escape_url(kind, wish->kind);
        text_escape_url(state, wish->state);
        text_escape_url(after, next);
        text_put(text,
                 "<p><a class=\"button\" rel=\"next\" "
                 "href=\"/jobs?queue=$&amp;kind=$&amp;state=$&amp;after=$\">Older</a></p>",
                 queue, kind, state, after);
}

static int show(eddy_http_exchange *exchange, struct web *web, const struct wish *wish)
{
        const eddy_job_filter filter = {
            .queue = wish->queue[0] ? wish->queue : NULL,
            .kind = wish->kind[0] ? wish->kind : NULL,
            .states = states_of(wish->state),
            .after = wish->after[0] ? wish->after : NULL,
            .most = LISTED,
        };
        struct text body = {.rc = 0};
        eddy_job_list list;
        int rc = eddy_jobs_list(web->jobs, &filter, &list);

        if (rc == 0) {
                text_print(&body, "<h1>Jobs</h1>");
                add_filters(&body, wish);
                text_print(&body, "<ul class=\"panel rows\">");
                for (size_t i = 0; i < list.count; i++)
                        add_row(&body, web, list.jobs[i]);
                text_print(&body, "%s</ul>", list.count == 0 ? "<li class=\"soft\">There are none.</li>" : "");
                if (list.next[0])
                        add_next(&body, wish, list.next);
        }
        eddy_job_list_free(&list);
        return rc < 0 ? rc : web_reply(exchange, 200, "Jobs", &body);
}

/* Where there is such a job that is it; else it is a kind. */
static int find(eddy_http_exchange *exchange, struct web *web, const char *what)
{
        char where[3 * EDDY_JOB_ID_SIZE + 32], url[3 * EDDY_JOB_ID_SIZE + 1];
        eddy_job_info *info;
        int rc;

        rc = eddy_jobs_get(web->jobs, what, &info);
        if (rc < 0 && rc != EDDY_ENOJOB)
                return rc;
        eddy_free(info);
        text_escape_url(url, what);
        snprintf(where, sizeof where, rc == 0 ? "/job?id=%s" : "/jobs?kind=%s", url);
        return web_redirect(exchange, where);
}

int web_list(eddy_http_exchange *exchange, void *web)
{
        eddy_http_fields *query;
        struct wish wish;
        const char *what;
        int rc = eddy_http_exchange_query(exchange, &query);

        if (rc < 0)
                return rc;
        wish = read_wish(query);
        what = value_of(query, "find");
        rc = what[0] ? find(exchange, web, what) : show(exchange, web, &wish);
        eddy_http_fields_destroy(query);
        return rc;
}
