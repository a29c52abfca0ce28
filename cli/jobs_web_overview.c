/* eddy jobs web: the overview, which moves while it is looked at. */
#include "jobs_web.h"

#include <string.h>

static const struct web_series *find_series(const struct web_look *look, const char *name)
{
        for (size_t i = 0; i < look->series_count; i++)
                if (strcmp(look->series[i].name, name) == 0)
                        return &look->series[i];
        return NULL;
}

static double newest(const struct web_look *look, const double *values)
{
        return look->sample_count > 0 ? values[look->sample_count - 1] : -1;
}

/* A line's newest value, its colour and its name. */
static void begin_value(struct text *text, const char *class)
{
        text_print(text, "<span><i class=\"%s\"></i><b>", class);
}

static void end_value(struct text *text, const char *name)
{
        text_print(text, "</b> %s</span> ", name);
}

static void add_rate(struct text *text, const char *class, double rate, const char *name)
{
        begin_value(text, class);
        text_print(text, rate > 0 && rate < 10 ? "%.1f" : "%.0f", rate > 0 ? rate : 0);
        end_value(text, name);
}

static void add_time(struct text *text, const char *class, double seconds, const char *name)
{
        begin_value(text, class);
        if (seconds < 0)
                text_print(text, "&#8211;");
        else
                text_add_span(text, seconds);
        end_value(text, name);
}

static void begin_plot(struct text *text, const char *name)
{
        text_print(text, "<figure><figcaption><span>%s</span>", name);
}

static void end_plot(struct text *text, const char *title, const struct web_line *lines, size_t line_count,
                     size_t n)
{
        text_print(text, "</figcaption>");
        web_add_plot(text, title, lines, line_count, n);
        text_print(text, "</figure>");
}

static void add_rates(struct text *text, const struct web_look *look, const struct web_series *series)
{
        const struct web_line lines[] = {{"finished", series->rates}, {"failed", series->failures}};

        begin_plot(text, "A second");
        add_rate(text, "finished", newest(look, series->rates), "finished");
        add_rate(text, "failed", newest(look, series->failures), "failed");
        end_plot(text, "Finished and failed a second, in two minutes", lines, 2, look->sample_count);
}

static void add_waits(struct text *text, const struct web_look *look, const struct web_series *series)
{
        const struct web_line lines[] = {
            {"most", series->wait_most}, {"half", series->wait_half}, {"next", series->waits}};
        double next = newest(look, series->waits);

        begin_plot(text, "Waited");
        add_time(text, "half", newest(look, series->wait_half), "median");
        add_time(text, "most", newest(look, series->wait_most), "95 %");
        add_time(text, "next", next > 0 ? next : 0, "next");
        end_plot(text,
                 "How long jobs that ended lately had waited, median and 95th percentile, and the next one has "
                 "so far, in two minutes",
                 lines, 3, look->sample_count);
}

static void add_runs(struct text *text, const struct web_look *look, const struct web_series *series)
{
        const struct web_line lines[] = {{"most", series->run_most}, {"half", series->run_half}};

        begin_plot(text, "Ran");
        add_time(text, "half", newest(look, series->run_half), "median");
        add_time(text, "most", newest(look, series->run_most), "95 %");
        end_plot(text, "How long jobs that ended lately ran, median and 95th percentile, in two minutes", lines,
                 2, look->sample_count);
}

/* The plots of a queue, or of all. */
static void add_plots(struct text *text, const struct web_look *look, const char *name)
{
        const struct web_series *series = find_series(look, name);
        static const struct web_series none;

        series = series ? series : &none;
        add_rates(text, look, series);
        add_waits(text, look, series);
        add_runs(text, look, series);
}

/* How many there are of a state: a link to them. */
static void add_count(struct text *text, const char *queue, eddy_job_state state, size_t n)
{
        const char *name = eddy_job_state_name(state);

        text_print(text, "<a class=\"%s%s\" href=\"/jobs?state=%s", name, n == 0 ? " none" : "", name);
        if (queue)
                text_print(text, "&amp;queue=%s", queue);
        text_print(text, "\"><b>%zu</b> %s</a>", n, name);
}

static void add_keep(struct text *text, const char *name, eddy_duration keep, eddy_duration otherwise)
{
        if (keep == 0 || keep == otherwise)
                return;
        text_print(text, "<span>%s jobs ", name);
        if (keep > 0) {
                text_print(text, "stay for ");
                text_add_span(text, (double)keep / 1e9);
        } else {
                text_print(text, "do not stay");
        }
        text_print(text, "</span>");
}

/* Those that somebody has set. */
static void add_limits(struct text *text, const eddy_job_queue_options *options)
{
        const eddy_duration day = eddy_seconds(24 * 60 * 60);

        text_print(text, "<p class=\"limits\">");
        if (options->most_running > 0)
                text_print(text, "<span>At most %zu at a time</span>", options->most_running);
        if (options->rate > 0) {
                text_print(text, "<span>At most %zu begin within ", options->rate);
                text_add_span(text, options->period > 0 ? (double)options->period / 1e9 : 1);
                text_print(text, "</span>");
        }
        add_keep(text, "Done", options->keep_done, day);
        add_keep(text, "Dead", options->keep_dead, 30 * day);
        text_print(text, "</p>");
}

static void add_queue(struct text *text, const struct web *web, const eddy_job_queue *queue)
{
        char url[3 * EDDY_JOB_ID_SIZE + 1];

        text_escape_url(url, queue->name);
        text_put(text, "<article class=\"panel queue\" id=\"queue-$\"><header><h3>$</h3>", url, queue->name);
        if (queue->is_paused)
                text_print(text, "<span class=\"state held\">paused</span>");
        web_add_button(text, web, queue->is_paused ? "/queue/resume" : "/queue/pause",
                       queue->is_paused ? "Resume" : "Pause", "queue", queue->name);
        text_print(text, "</header><div class=\"plots\">");
        add_plots(text, &web->look, queue->name);
        text_print(text, "</div><p class=\"counts\">");
        for (int state = 0; state < EDDY_JOB_STATES; state++)
                add_count(text, url, (eddy_job_state)state, queue->counts[state]);
        text_print(text, "</p>");
        add_limits(text, &queue->options);
        text_print(text, "</article>");
}

static void add_figures(struct text *text, const struct web_look *look)
{
        text_print(text, "<p class=\"figures\">");
        for (int state = 0; state < EDDY_JOB_STATES; state++) {
                size_t n = 0;
                for (size_t i = 0; i < look->queue_count; i++)
                        n += look->queues[i].counts[state];
                add_count(text, NULL, (eddy_job_state)state, n);
        }
        text_print(text, "</p>");
}

static void add_running(struct text *text, const struct web *web)
{
        const eddy_job_list *list = &web->look.running;

        text_print(text, "<section><h2>Running</h2><ul class=\"panel rows\">");
        for (size_t i = 0; i < list->count; i++) {
                text_print(text, "<li>");
                web_add_job(text, list->jobs[i]);
                text_put(text, "<span class=\"soft\">$, for ", list->jobs[i]->queue);
                text_add_span(text, web_since(web, list->jobs[i]->started));
                text_print(text, ", attempt %d of %d</span>", list->jobs[i]->attempt, list->jobs[i]->attempts);
                web_add_progress(text, list->jobs[i]);
                text_print(text, "</li>");
        }
        text_print(text, "%s</ul></section>", list->count == 0 ? "<li class=\"soft\">Nothing runs.</li>" : "");
}

static void add_failed(struct text *text, const struct web *web)
{
        const eddy_job_list *list = &web->look.failed;

        text_print(text, "<section><h2>Newest failures</h2><ul class=\"panel rows\">");
        for (size_t i = 0; i < list->count; i++) {
                size_t n;
                const char *error = web_find_error(list->jobs[i], &n);
                text_print(text, "<li>");
                web_add_job(text, list->jobs[i]);
                text_put(text, "<span class=\"soft\">$, ", list->jobs[i]->queue);
                text_add_span(text, web_since(web, list->jobs[i]->finished));
                text_print(text, " ago, after %d attempt%s</span><span class=\"fault\">",
                           list->jobs[i]->attempt, list->jobs[i]->attempt == 1 ? "" : "s");
                text_escape(text, error ? error : "", n);
                text_print(text, "</span></li>");
        }
        text_print(text, "%s</ul></section>", list->count == 0 ? "<li class=\"soft\">None is dead.</li>" : "");
}

/* What moves. Of what cannot be seen now the last that was seen is shown. All of its parts are always there, so that none changes its place. */
static void add_live(struct text *text, const struct web *web)
{
        const struct web_look *look = &web->look;

        text_put(text, "<div id=\"live\"><p class=\"fault\" role=\"alert\">$$</p>",
                 look->fault < 0 ? "The store cannot be seen: " : "", look->fault < 0 ? look->why : "");
        add_figures(text, look);
        text_print(text, "<div class=\"panel plots\"%s>", look->queue_count > 1 ? "" : " hidden");
        add_plots(text, look, "");
        text_print(text, "</div><h2>Queues</h2><div class=\"queues\">");
        for (size_t i = 0; i < look->queue_count && i < WEB_QUEUES_SHOWN; i++)
                add_queue(text, web, &look->queues[i]);
        if (look->queue_count > WEB_QUEUES_SHOWN)
                text_print(text, "<p class=\"soft\">And %zu more.</p>", look->queue_count - WEB_QUEUES_SHOWN);
        text_print(text, "%s</div><div class=\"two\">",
                   look->queue_count == 0 ? "<p class=\"soft\">There are none yet: the first job makes one.</p>"
                                          : "");
        add_running(text, web);
        add_failed(text, web);
        text_print(text, "</div></div>");
}

int web_overview(eddy_http_exchange *exchange, void *arg)
{
        struct web *web = arg;
        struct text body = {.rc = 0};
        int rc = web_look(web);

        if (rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT)
                return rc;
        text_put(&body, "<h1>Overview</h1><p class=\"soft\">$ <span id=\"state\" role=\"status\"></span></p>",
                 eddy_jobs_url(web->jobs));
        add_live(&body, web);
        text_print(&body, "<script src=\"/live.js\" data-events=\"/events\" defer></script>");
        return web_reply(exchange, 200, "Overview", &body);
}

bool web_wait(struct web *web, eddy_duration delay)
{
        int rc = EDDY_TIMEOUT;

        EDDY_TIMEOUT_SCOPE(delay > 0 ? delay : 0)
                rc = eddy_event_wait(&web->stopping);
        return rc == EDDY_TIMEOUT && eddy_interrupted() == 0;
}

int web_send_live(eddy_http_exchange *exchange, struct text *text)
{
        int rc = text->rc;

        if (rc == 0)
                rc = eddy_http_reply_event(exchange,
                                           &(eddy_http_event){.data = text->data, .retry = eddy_seconds(2)});
        text_free(text);
        return rc;
}

/* Until who looks has gone, which the next event finds out, or it is to end. */
int web_overview_events(eddy_http_exchange *exchange, void *arg)
{
        struct web *web = arg;
        int rc =
            eddy_http_exchange_add_header(exchange, "X-Accel-Buffering: no"); /* or nginx would gather them */

        while (rc == 0) {
                struct text text = {.rc = 0};
                rc = web_look(web);
                if (rc == EDDY_CANCELLED || rc == EDDY_TIMEOUT)
                        return rc;
                add_live(&text, web);
                rc = web_send_live(exchange, &text);
                if (rc == 0 && !web_wait(web, web->look.next - eddy_now()))
                        return eddy_http_reply_end(exchange);
        }
        return rc;
}
