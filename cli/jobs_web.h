/* eddy jobs web: what its files share. Handlers get the struct web as their argument. */
#ifndef CLI_JOBS_WEB_H
#define CLI_JOBS_WEB_H

#include "jobs.h"
#include "jobs_clock.h"
#include "jobs_web_text.h"
#include "jobs_web_times.h"

#include <eddy/http.h>

enum {
        WEB_SECRET_SIZE = 33,   /* hexadecimal, with its NUL */
        WEB_SAMPLES = 120,      /* that a plot has */
        WEB_RUNNING_SHOWN = 20, /* on the overview */
        WEB_FAILED_SHOWN = 10,
        WEB_QUEUES_SHOWN = 100, /* and plotted; all are counted */
};

/* What has become of a queue, sample by sample; that named "" is of all queues. */
struct web_series {
        char name[EDDY_JOB_ID_SIZE];
        bool has_point; /* of the newest sample; what has none is of a queue that is shown no longer */
        double rates[WEB_SAMPLES], failures[WEB_SAMPLES]; /* a second */
        double waits[WEB_SAMPLES]; /* seconds, of the job that has been ready the longest */
        /* Seconds, of those that had ended lately, as of struct web_lately; less than 0: there were none. */
        double wait_half[WEB_SAMPLES], wait_most[WEB_SAMPLES], run_half[WEB_SAMPLES], run_most[WEB_SAMPLES];
};

/* How the store was when somebody looked last. */
struct web_look {
        eddy_lock lock; /* who looks first looks for all */
        eddy_time next; /* from when on it is looked anew; 0: nobody has yet */
        eddy_time taken;
        int fault; /* why it could not be seen; else 0 */
        char why[256];
        eddy_job_queue *queues;
        size_t queue_count;
        eddy_job_list running, failed;
        struct web_times times;
        size_t failed_mark;        /* what the counts were when `failed` was listed */
        struct web_series *series; /* that of all, and those of the queues, in no order */
        size_t series_count;
        size_t sample_count; /* that the series have; the newest is the last */
};

struct web {
        eddy_jobs *jobs;
        const char *bind; /* where it listens */
        const char *host; /* a name that it may be called by besides; NULL: none */
        uint16_t port;
        bool has_own_token;              /* made here, so it is printed */
        char token[JOBS_TOKEN_MOST + 1]; /* who knows it may do everything */
        char session[WEB_SECRET_SIZE];   /* what the cookie of who knew it is */
        char form[WEB_SECRET_SIZE];      /* what our own pages' forms send along */
        char cookie[32];                 /* its name: hosts have ports in common */
        eddy_event stopping;             /* what goes on for long is to end */
        struct jobs_clock clock;         /* the store's */
        struct web_look look;
};

/* jobs_web_guard.c: middleware, from the outermost on */
int web_guard_headers(eddy_http_exchange *exchange, eddy_http_next *next, void *web);
int web_guard_errors(eddy_http_exchange *exchange, eddy_http_next *next, void *web);
int web_guard_host(eddy_http_exchange *exchange, eddy_http_next *next, void *web);
int web_guard_token(eddy_http_exchange *exchange, eddy_http_next *next, void *web);
int web_guard_origin(eddy_http_exchange *exchange, eddy_http_next *next, void *web);
int web_sign_in(eddy_http_exchange *exchange, void *web);
/* Hexadecimal digits that nobody can guess. */
int web_make_secret(char secret[WEB_SECRET_SIZE]);

/* jobs_web_page.c */
/* Answer with a page; `body` is given back. */
int web_reply(eddy_http_exchange *exchange, int status, const char *title, struct text *body);
int web_reply_fault(eddy_http_exchange *exchange, int status, const char *title, const char *why);
int web_redirect(eddy_http_exchange *exchange, const char *where);
int web_missing(eddy_http_exchange *exchange, void *web);
int web_style(eddy_http_exchange *exchange, void *web);
int web_script(eddy_http_exchange *exchange, void *web);
int web_icon(eddy_http_exchange *exchange, void *web);
/* A form that is one button. It sends `value` as `name` to `path`. */
void web_add_button(struct text *text, const struct web *web, const char *path, const char *label,
                    const char *name, const char *value);
/* A link to a job, by its kind and id. */
void web_add_job(struct text *text, const eddy_job_info *info);
void web_add_state(struct text *text, const eddy_job_info *info);
/* How far it is, and its note. */
void web_add_progress(struct text *text, const eddy_job_info *info);
/* The newest error of a job's history, as a part of that and no longer than a row bears; NULL: none. */
const char *web_find_error(const eddy_job_info *info, size_t *n);
/* Seconds since then, by the store's clock. */
double web_since(const struct web *web, eddy_job_time moment);

/* jobs_web_look.c */
/* Look at the store, unless that has been done within the second: 0 or why it cannot be seen. Suspends. */
int web_look(struct web *web);
void web_look_init(struct web_look *look);
void web_look_finish(struct web_look *look);

/* jobs_web_overview.c */
int web_overview(eddy_http_exchange *exchange, void *web);
int web_overview_events(eddy_http_exchange *exchange, void *web);
/* Send what there is to show: 0, or less when the client has gone. `text` is given back. */
int web_send_live(eddy_http_exchange *exchange, struct text *text);
/* Wait: false when it is to end. */
bool web_wait(struct web *web, eddy_duration delay);

/* jobs_web_plot.c */
/* A line of a plot. Values are 0 or more; where there is none they are less. */
struct web_line {
        const char *class;
        const double *values;
};

/* A plot, as SVG. */
void web_add_plot(struct text *text, const char *title, const struct web_line *lines, size_t line_count,
                  size_t n);

/* jobs_web_list.c, jobs_web_job.c, jobs_web_act.c, jobs_web_metrics.c */
int web_list(eddy_http_exchange *exchange, void *web);
int web_job(eddy_http_exchange *exchange, void *web);
int web_job_events(eddy_http_exchange *exchange, void *web);
int web_job_payload(eddy_http_exchange *exchange, void *web);
int web_job_result(eddy_http_exchange *exchange, void *web);
int web_retry(eddy_http_exchange *exchange, void *web);
int web_cancel(eddy_http_exchange *exchange, void *web);
int web_discard(eddy_http_exchange *exchange, void *web);
int web_pause(eddy_http_exchange *exchange, void *web);
int web_resume(eddy_http_exchange *exchange, void *web);
int web_metrics(eddy_http_exchange *exchange, void *web);

#endif
