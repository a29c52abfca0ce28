/* eddy jobs web: what all its pages have. */
#include "jobs_web.h"

#include "icon.svg.h"
#include "layout.html.h"
#include "live.js.h"
#include "style.css.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ERROR_SHOWN = 300 };

static const struct {
        const char *path, *label;
} places[] = {{"/", "Overview"}, {"/jobs", "Jobs"}};

static void add_places(struct text *out, eddy_http_exchange *exchange)
{
        const char *target = eddy_http_exchange_target(exchange);
        size_t n = strcspn(target, "?");

        for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
                bool is_here = strlen(places[i].path) == n && memcmp(places[i].path, target, n) == 0;
                text_print(out, "<a href=\"%s\"%s>%s</a>\n", places[i].path,
                           is_here ? " aria-current=\"page\"" : "", places[i].label);
        }
}

int web_reply(eddy_http_exchange *exchange, int status, const char *title, struct text *body)
{
        /* There is a secret in its forms. */
        static const char *const headers[] = {"Cache-Control: no-store", NULL};
        struct text nav = {.rc = 0}, page = {.rc = body->rc};
        char zone[32];
        time_t now = time(NULL);
        struct tm local;
        int rc;

        strftime(zone, sizeof zone, "%Z", localtime_r(&now, &local));
        if (status != 401)
                add_places(&nav, exchange);
        text_fill(&page, layout_html,
                  (const struct hole[]){
                      {"title", title}, {"nav", nav.data}, {"body", body->data}, {"zone", zone}, {0}});
        text_free(body);
        text_free(&nav);
        rc = page.rc;
        if (rc == 0)
                rc = eddy_http_reply(exchange, &(eddy_http_answer){.status = status,
                                                                   .content_type = "text/html; charset=utf-8",
                                                                   .headers = headers,
                                                                   .body = page.data,
                                                                   .body_size = page.size});
        text_free(&page);
        return rc;
}

int web_reply_fault(eddy_http_exchange *exchange, int status, const char *title, const char *why)
{
        struct text body = {.rc = 0};

        text_put(&body, "<h1>$</h1><p>$</p><p><a href=\"/\">To the overview</a></p>", title, why);
        return web_reply(exchange, status, title, &body);
}

/* By 303 the browser asks for the page anew, so that reloading it sends no form again. */
int web_redirect(eddy_http_exchange *exchange, const char *where)
{
        struct text line = {.rc = 0};
        int rc;

        text_print(&line, "Location: %s", where);
        rc = line.rc;
        if (rc == 0) {
                const char *const headers[] = {line.data, "Cache-Control: no-store", NULL};
                rc = eddy_http_reply(exchange, &(eddy_http_answer){.status = 303, .headers = headers});
        }
        text_free(&line);
        return rc;
}

int web_missing(eddy_http_exchange *exchange, void *web)
{
        (void)web;
        return web_reply_fault(exchange, 404, "Not found", "There is no such page.");
}

static int reply_file(eddy_http_exchange *exchange, const char *type, const char *text)
{
        static const char *const headers[] = {"Cache-Control: max-age=60", NULL};

        return eddy_http_reply(
            exchange, &(eddy_http_answer){
                          .content_type = type, .headers = headers, .body = text, .body_size = strlen(text)});
}

int web_style(eddy_http_exchange *exchange, void *web)
{
        (void)web;
        return reply_file(exchange, "text/css", style_css);
}

int web_script(eddy_http_exchange *exchange, void *web)
{
        (void)web;
        return reply_file(exchange, "text/javascript", live_js);
}

int web_icon(eddy_http_exchange *exchange, void *web)
{
        (void)web;
        return reply_file(exchange, "image/svg+xml", icon_svg);
}

void web_add_button(struct text *text, const struct web *web, const char *path, const char *label,
                    const char *name, const char *value)
{
        text_put(text,
                 "<form method=\"post\" action=\"$\"><input type=\"hidden\" name=\"form\" value=\"$\"><input "
                 "type=\"hidden\" name=\"$\" value=\"$\"><button class=\"quiet\">$</button></form>",
                 path, web->form, name, value, label);
}

void web_add_job(struct text *text, const eddy_job_info *info)
{
        char url[3 * EDDY_JOB_ID_SIZE + 1];

        text_escape_url(url, info->id);
        text_put(text, "<a class=\"job\" href=\"/job?id=$\"><b>$</b> <span>$</span></a>", url, info->kind,
                 info->id);
}

void web_add_state(struct text *text, const eddy_job_info *info)
{
        const char *name = eddy_job_state_name(info->state);

        text_print(text, "<span class=\"state %s\">%s</span>", name, info->is_cancelling ? "ending" : name);
}

void web_add_progress(struct text *text, const eddy_job_info *info)
{
        if (info->progress >= 0)
                text_print(text, "<progress max=\"100\" value=\"%.1f\">%.0f %%</progress>",
                           100 * info->progress, 100 * info->progress);
        if (info->note)
                text_put(text, "<span class=\"note\">$</span>", info->note);
}

/* Why a line says that an attempt failed, or that its worker was lost; NULL: neither. */
static const char *error_of(const char *line, const char *end)
{
        for (int words = 0; words < 2 && line < end; words++)
                line += strcspn(line, " ") + 1;
        if (line < end && strncmp(line, "failed ", 7) == 0)
                return line + 7;
        return line < end && strncmp(line, "lost ", 5) == 0 ? line : NULL;
}

const char *web_find_error(const eddy_job_info *info, size_t *n)
{
        const char *found = NULL, *end;

        *n = 0;
        for (const char *line = info->history; (end = strchr(line, '\n')); line = end + 1) {
                const char *error = error_of(line, end);
                if (error) {
                        found = error;
                        *n = (size_t)(end - error);
                }
        }
        if (*n > ERROR_SHOWN)
                for (*n = ERROR_SHOWN; *n > 0 && ((unsigned char)found[*n] & 0xc0) == 0x80;)
                        --*n; /* not within a character */
        return found;
}

double web_since(const struct web *web, eddy_job_time moment)
{
        eddy_job_time now = jobs_clock_now(&web->clock);

        return now > moment ? (double)(now - moment) / 1e6 : 0;
}
