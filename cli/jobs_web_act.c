/* eddy jobs web: its buttons. */
#include "jobs_web.h"

#include <stdio.h>
#include <string.h>

/* The form's value of a name, for the caller to give back with its form; an answer has been made where this is NULL, and *rc is its outcome. */
static const char *read_form(eddy_http_exchange *exchange, const struct web *web, const char *name,
                             eddy_http_fields **form, int *rc)
{
        const char *secret, *value;

        *rc = eddy_http_exchange_form(exchange, form, NULL);
        if (*rc < 0)
                return NULL;
        secret = eddy_http_fields_get(*form, "form");
        value = eddy_http_fields_get(*form, name);
        if (secret && value && eddy_http_secret_equal(secret, strlen(secret), web->form, strlen(web->form)))
                return value;
        eddy_http_fields_destroy(*form);
        *rc = web_reply_fault(
            exchange, 403, "Refused",
            "That is not of a page of ours, or of one from before a restart: go back, and reload it.");
        return NULL;
}

static int act(eddy_http_exchange *exchange, struct web *web, int (*action)(eddy_jobs *jobs, const char *id),
               bool leaves)
{
        char where[3 * EDDY_JOB_ID_SIZE + 32] = "/job?id=";
        eddy_http_fields *form;
        int rc;
        const char *id = read_form(exchange, web, "id", &form, &rc);

        if (!id)
                return rc;
        rc = action(web->jobs, id);
        if (rc == 0)
                text_escape_url(where + strlen(where), id);
        eddy_http_fields_destroy(form);
        return rc < 0 ? rc : web_redirect(exchange, leaves ? "/jobs" : where);
}

int web_retry(eddy_http_exchange *exchange, void *web)
{
        return act(exchange, web, eddy_jobs_retry, false);
}

int web_cancel(eddy_http_exchange *exchange, void *web)
{
        return act(exchange, web, eddy_jobs_cancel, false);
}

int web_discard(eddy_http_exchange *exchange, void *web)
{
        return act(exchange, web, eddy_jobs_discard, true);
}

static eddy_job_queue *find_queue(struct web *web, const char *name)
{
        for (size_t i = 0; i < web->look.queue_count; i++)
                if (strcmp(web->look.queues[i].name, name) == 0)
                        return &web->look.queues[i];
        return NULL;
}

/* The page that follows is of the last look: what was done here is put into that. */
static int set_paused(eddy_http_exchange *exchange, struct web *web, bool is_paused)
{
        eddy_http_fields *form;
        bool is_gone;
        int rc;
        const char *name = read_form(exchange, web, "queue", &form, &rc);

        if (!name)
                return rc;
        rc = web_look(web);
        is_gone = rc == 0 && !find_queue(web, name);
        if (rc == 0 && !is_gone)
                rc = is_paused ? eddy_jobs_pause(web->jobs, name) : eddy_jobs_resume(web->jobs, name);
        if (rc == 0 && find_queue(web, name))
                find_queue(web, name)->is_paused = is_paused;
        eddy_http_fields_destroy(form);
        if (is_gone)
                return web_reply_fault(exchange, 404, "There is no such queue",
                                       "It has no jobs, and nobody has set it.");
        return rc < 0 ? rc : web_redirect(exchange, "/");
}

int web_pause(eddy_http_exchange *exchange, void *web)
{
        return set_paused(exchange, web, true);
}

int web_resume(eddy_http_exchange *exchange, void *web)
{
        return set_paused(exchange, web, false);
}
