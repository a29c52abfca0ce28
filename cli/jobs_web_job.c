/* eddy jobs web: a job's whole life. */
#include "jobs_follow.h"
#include "jobs_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 4096, SHOWN_OF_BINARY = 256, RESENT_SECONDS = 15 };

static bool is_finished(const eddy_job_info *info)
{
        return eddy_job_state_is_finished(info->state);
}

static void add_fact(struct text *text, const char *name, const char *value)
{
        if (value)
                text_put(text, "<div><dt>$</dt><dd>$</dd></div>", name, value);
}

static void add_moment_fact(struct text *text, const char *name, eddy_job_time moment)
{
        if (moment <= 0)
                return;
        text_put(text, "<div><dt>$</dt><dd>", name);
        text_add_moment(text, moment);
        text_print(text, "</dd></div>");
}

static void add_span_fact(struct text *text, const char *name, double seconds)
{
        text_put(text, "<div><dt>$</dt><dd>", name);
        text_add_span(text, seconds);
        text_print(text, "</dd></div>");
}

static void add_facts(struct text *text, const struct web *web, const eddy_job_info *info)
{
        text_print(text, "<dl class=\"panel facts\">");
        add_fact(text, "Queue", info->queue);
        text_print(text, "<div><dt>Attempt</dt><dd>%d of %d</dd></div>", info->attempt, info->attempts);
        if (info->priority)
                text_print(text, "<div><dt>Priority</dt><dd>%d</dd></div>", info->priority);
        add_fact(text, "Key", info->key);
        add_fact(text, "Unique", info->unique);
        add_fact(text, "Worker", info->worker);
        add_moment_fact(text, "Enqueued", info->created);
        if (info->state == EDDY_JOB_SCHEDULED)
                add_moment_fact(text, "Due", info->due);
        add_moment_fact(text, "Begun", info->started);
        if (info->state == EDDY_JOB_RUNNING)
                add_span_fact(text, "Runs for", web_since(web, info->started));
        add_moment_fact(text, "Finished", info->finished);
        if (info->started > 0 && info->finished >= info->started)
                add_span_fact(text, "Took", (double)(info->finished - info->started) / 1e6);
        if (info->timeout > 0)
                add_span_fact(text, "Time limit", (double)info->timeout / 1e9);
        text_print(text, "</dl>");
}

static void add_buttons(struct text *text, const struct web *web, const eddy_job_info *info)
{
        text_print(text, "<div class=\"buttons\">");
        if (is_finished(info) || info->state == EDDY_JOB_SCHEDULED)
                web_add_button(text, web, "/job/retry", info->state == EDDY_JOB_SCHEDULED ? "Try now" : "Retry",
                               "id", info->id);
        if (!is_finished(info) && !info->is_cancelling)
                web_add_button(text, web, "/job/cancel", "Cancel", "id", info->id);
        if (info->state != EDDY_JOB_RUNNING)
                web_add_button(text, web, "/job/discard", "Discard", "id", info->id);
        text_print(text, "</div>");
}

static void add_hex(struct text *text, const unsigned char *bytes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                text_print(text, "%02x%s", bytes[i], i % 16 == 15 ? "\n" : " ");
}

/* Bytes as text, or where they are none as digits; what is more than fits is a file away. */
static void add_bytes(struct text *text, const eddy_job_info *info, const char *title, const char *path,
                      const char *bytes, size_t n)
{
        char url[3 * EDDY_JOB_ID_SIZE + 1];
        bool is_text = text_is_readable(bytes, n);
        size_t shown = is_text ? SHOWN : SHOWN_OF_BINARY;

        shown = n < shown ? n : shown;
        while (is_text && shown < n && ((unsigned char)bytes[shown] & 0xc0) == 0x80)
                shown--; /* not within a character */
        text_escape_url(url, info->id);
        text_put(text, "<section><h2>$ ", title);
        text_print(text, "<span class=\"soft\">%zu bytes</span></h2><pre class=\"panel\">", n);
        if (is_text)
                text_escape(text, bytes, shown);
        else
                add_hex(text, (const unsigned char *)bytes, shown);
        text_print(text, "%s</pre>", shown < n ? "\n&#8230;" : "");
        if (shown < n || !is_text)
                text_put(text, "<p><a href=\"$?id=$\" download>All of it, as a file</a></p>", path, url);
        text_print(text, "</section>");
}

/* An entry of the timeline; `what` is one of our words. */
static void add_entry(struct text *text, eddy_job_time moment, const char *what, size_t what_size, long attempt,
                      const char *words, size_t words_size)
{
        text_print(text, "<li class=\"");
        text_escape(text, what, what_size);
        text_print(text, "\"><b>");
        text_escape(text, what, what_size);
        text_print(text, "</b> <span class=\"soft\">");
        text_add_moment(text, moment);
        if (attempt > 0)
                text_print(text, ", attempt %ld", attempt);
        text_print(text, "</span>");
        if (words_size > 0) {
                text_print(text, "<span class=\"words\">");
                text_escape(text, words, words_size);
                text_print(text, "</span>");
        }
        text_print(text, "</li>");
}

/* "MICROSECONDS ATTEMPT WHAT TEXT" */
static void add_line(struct text *text, const char *line, const char *end)
{
        char *at;
        eddy_job_time moment = strtoll(line, &at, 10);
        long attempt = at < end ? strtol(at, &at, 10) : 0;
        const char *what = at + (at < end && *at == ' '), *words;

        if (what >= end)
                return;
        words = memchr(what, ' ', (size_t)(end - what));
        words = words ? words : end;
        add_entry(text, moment, what, (size_t)(words - what), attempt, words + (words < end),
                  (size_t)(end - words) - (words < end));
}

static void add_state_entry(struct text *text, const eddy_job_info *info, eddy_job_time moment)
{
        const char *name = eddy_job_state_name(info->state);

        add_entry(text, moment, name, strlen(name), 0, "", 0);
}

/* Whether a line is of this moment: of an attempt that has said something, that it began. */
static bool is_told_of(const char *history, eddy_job_time moment)
{
        for (const char *line = history, *end; (end = strchr(line, '\n')); line = end + 1)
                if (strtoll(line, NULL, 10) == moment)
                        return true;
        return false;
}

static void add_timeline(struct text *text, const eddy_job_info *info)
{
        text_print(text, "<section><h2>History</h2><ol class=\"panel timeline\">");
        add_entry(text, info->created, "enqueued", 8, 0, "", 0);
        for (const char *line = info->history, *end; (end = strchr(line, '\n')); line = end + 1)
                add_line(text, line, end);
        if (info->state == EDDY_JOB_RUNNING && !is_told_of(info->history, info->started))
                add_state_entry(text, info, info->started);
        if (info->state == EDDY_JOB_DONE || info->state == EDDY_JOB_DEAD)
                add_state_entry(text, info, info->finished);
        text_print(text, "</ol></section>");
}

static void add_live(struct text *text, const struct web *web, const eddy_job_info *info)
{
        text_print(text, "<div id=\"live\"><p class=\"states\">");
        web_add_state(text, info);
        web_add_progress(text, info);
        text_print(text, "</p>");
        add_buttons(text, web, info);
        add_facts(text, web, info);
        add_bytes(text, info, "Payload", "/job/payload", info->payload, info->payload_size);
        if (info->result)
                add_bytes(text, info, "Result", "/job/result", info->result, info->result_size);
        add_timeline(text, info);
        text_print(text, "</div>");
}

/* The job that the address names. */
static int get(eddy_http_exchange *exchange, struct web *web, eddy_job_info **info)
{
        eddy_http_fields *query;
        const char *id;
        int rc = eddy_http_exchange_query(exchange, &query);

        *info = NULL;
        if (rc < 0)
                return rc;
        id = eddy_http_fields_get(query, "id");
        rc = jobs_clock_learn(&web->clock, web->jobs);
        if (rc == 0)
                rc = eddy_jobs_get(web->jobs, id ? id : "", info);
        eddy_http_fields_destroy(query);
        return rc;
}

int web_job(eddy_http_exchange *exchange, void *arg)
{
        struct web *web = arg;
        struct text body = {.rc = 0};
        char url[3 * EDDY_JOB_ID_SIZE + 1];
        eddy_job_info *info;
        int rc = get(exchange, web, &info);

        if (rc < 0)
                return rc;
        text_escape_url(url, info->id);
        text_put(&body,
                 "<h1>$</h1><p class=\"soft\"><code>$</code> <span id=\"state\" role=\"status\"></span></p>",
                 info->kind, info->id);
        add_live(&body, web, info);
        if (!is_finished(info))
                text_put(&body, "<script src=\"/live.js\" data-events=\"/job/events?id=$\" defer></script>",
                         url);
        rc = web_reply(exchange, 200, info->kind, &body);
        eddy_free(info);
        return rc;
}

/* What a job looks like now: 0, and whether it goes on. */
static int look_at(eddy_http_exchange *exchange, struct web *web, struct text *text, bool *goes_on)
{
        eddy_job_info *info;
        int rc = get(exchange, web, &info);

        *goes_on = info && !is_finished(info);
        if (info)
                add_live(text, web, info);
        else if (rc == EDDY_ENOJOB)
                text_print(text, "<div id=\"live\"><p>This job is gone.</p></div>");
        eddy_free(info);
        return rc == EDDY_ENOJOB ? 0 : rc;
}

/* What was sent last, and when. */
struct shown {
        struct text text;
        eddy_time sent;
};

/* What looks the same is not sent again, but now and then, which finds out whether somebody is there still. */
static int show(eddy_http_exchange *exchange, struct shown *shown, const struct text *text)
{
        bool is_same = shown->text.data && text->data && strcmp(shown->text.data, text->data) == 0;
        struct text copy = {.rc = text->rc};

        if (is_same && eddy_now() < eddy_time_add(shown->sent, eddy_seconds(RESENT_SECONDS)))
                return 0;
        shown->sent = eddy_now();
        text_free(&shown->text);
        text_add(&shown->text, text->data ? text->data : "", text->size);
        text_add(&copy, text->data ? text->data : "", text->size);
        return web_send_live(exchange, &copy);
}

/* Until it is finished, or gone, or who looks has gone. The last event tells the page not to come again. A job that is large is looked at less
 * often, for its payload comes along. */
int web_job_events(eddy_http_exchange *exchange, void *arg)
{
        struct web *web = arg;
        struct shown shown = {.sent = 0};
        bool goes_on = true;
        int rc = eddy_http_exchange_add_header(exchange, "X-Accel-Buffering: no");

        while (rc == 0 && goes_on) {
                struct text text = {.rc = 0};
                eddy_time begin = eddy_now();
                eddy_duration cost;
                rc = look_at(exchange, web, &text, &goes_on);
                cost = eddy_now() - begin;
                if (rc == 0)
                        rc = show(exchange, &shown, &text);
                text_free(&text);
                if (rc == 0 && !goes_on)
                        rc = eddy_http_reply_event(exchange, &(eddy_http_event){.name = "end", .data = "end"});
                else if (rc == 0)
                        goes_on = web_wait(web, jobs_rest_after(cost));
        }
        text_free(&shown.text);
        return rc < 0 ? rc : eddy_http_reply_end(exchange);
}

/* What a job has is never shown as a page of ours, whatever it looks like. */
static int reply_bytes(eddy_http_exchange *exchange, const char *name, const void *data, size_t n)
{
        char line[64];
        const char *const headers[] = {line, "Cache-Control: no-store", NULL};

        snprintf(line, sizeof line, "Content-Disposition: attachment; filename=\"%s\"", name);
        return eddy_http_reply(exchange, &(eddy_http_answer){.content_type = "application/octet-stream",
                                                             .headers = headers,
                                                             .body = data,
                                                             .body_size = n});
}

int web_job_payload(eddy_http_exchange *exchange, void *web)
{
        eddy_job_info *info;
        int rc = get(exchange, web, &info);

        if (rc == 0)
                rc = reply_bytes(exchange, "payload", info->payload, info->payload_size);
        eddy_free(info);
        return rc;
}

int web_job_result(eddy_http_exchange *exchange, void *web)
{
        eddy_job_info *info;
        int rc = get(exchange, web, &info);

        if (rc == 0)
                rc = info->result ? reply_bytes(exchange, "result", info->result, info->result_size)
                                  : web_missing(exchange, web);
        eddy_free(info);
        return rc;
}
