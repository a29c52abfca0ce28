/* What the server itself is doing, twice a second, as server-sent events. */
#include "site.h"

#include <dlfcn.h>
#include <jansson.h>
#include <string.h>

enum { SHOWN = 100, FRAMES = 16 };

/* Which of eddy's functions a task is in: of those on its stack, that which this program has called. NULL: none that has a name. */
static const char *place_of(eddy_task *task)
{
        const char *place = NULL;
        void *frames[FRAMES];
        Dl_info here, frame;
        int n = eddy_task_stack(task, frames, FRAMES);
        dladdr((void *)live_page, &here);
        for (int i = 0; i < n && i < FRAMES; i++) {
                if (!dladdr(frames[i], &frame) || frame.dli_fbase == here.dli_fbase)
                        break;
                if (frame.dli_sname && strncmp(frame.dli_sname, "eddy_", 5) == 0)
                        place = frame.dli_sname;
        }
        return place;
}

static json_t *describe_task(eddy_task *task)
{
        const char *state = "waiting", *place = NULL;
        if (task == eddy_current_task())
                state = "running";
        else
                place = place_of(task);
        if (eddy_cancelling(task) > 0)
                state = "ending";
        return json_pack("{s:s, s:s, s:s}", "name", eddy_task_name(task), "state", state, "place",
                         place ? place : "");
}

/* No call in here suspends, so all tasks that are listed are there. */
static json_t *describe(const struct site *site)
{
        eddy_task *tasks[SHOWN];
        eddy_http_counts counts;
        size_t n = eddy_all_tasks(NULL, tasks, SHOWN);
        json_t *list = json_array();
        for (size_t i = 0; i < n && i < SHOWN; i++)
                json_array_append_new(list, describe_task(tasks[i]));
        eddy_http_service_count(site->service, &counts);
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "seconds", (json_int_t)(time(NULL) - site->since),
                         "requests", (json_int_t)counts.requests, "connections",
                         (json_int_t)eddy_server_connections(site->server), "people",
                         (json_int_t)chat_people(site->chat), "count", (json_int_t)n, "tasks", list);
}

static int send_state(eddy_http_exchange *exchange, const struct site *site)
{
        json_t *state = describe(site);
        char *text = json_dumps(state, JSON_COMPACT);
        json_decref(state);
        if (!text)
                return -ENOMEM;
        int rc = eddy_http_reply_event(exchange, &(eddy_http_event){.data = text, .retry = eddy_seconds(2)});
        free(text);
        return rc;
}

/* Until who asks has gone, which the next event finds out, or the site ends. */
int live_events(eddy_http_exchange *exchange, void *arg)
{
        struct site *site = arg;
        int rc =
            eddy_http_exchange_add_header(exchange, "X-Accel-Buffering: no"); /* or nginx would gather them */
        while (rc == 0 && (rc = send_state(exchange, site)) == 0) {
                bool has_ended = false;
                EDDY_TIMEOUT_SCOPE(eddy_ms(500))
                        has_ended = eddy_event_wait(&site->stopping) == 0;
                if (has_ended)
                        return eddy_http_reply_end(exchange);
        }
        return rc;
}

int live_page(eddy_http_exchange *exchange, void *site)
{
        return page_reply(exchange, site, 200, "Live", "live", NULL);
}
