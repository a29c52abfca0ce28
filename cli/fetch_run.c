/* eddy fetch at work: so many items at a time, each downloaded under a name of its own. */
#include "batch.h"
#include "cli.h"
#include "disposition.h"
#include "fetch_from.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 100 /* items, for which the folder is listed rather than looked into for each of them */ };

static void on_progress(int64_t received, int64_t total, void *arg)
{
        struct item *item = arg;
        struct batch *batch = item->batch;

        /* The first call tells what an earlier run has left, which nobody sends. */
        if (item->has_progress && received > item->received)
                batch->transferred += received - item->received;
        batch->in_files += received - item->received;
        if (total >= 0 && item->total < 0) {
                batch->known_count++;
                batch->known_total += total;
        } else if (total >= 0) {
                batch->known_total += total - item->total;
        }
        if (total >= 0)
                item->total = total;
        item->received = received;
        item->has_progress = true;
        item->is_pausing = false;
}

static void set_detail(struct item *item, int error, const char *detail)
{
        const char *hint = strstr(detail, "certificate") ? " (-k accepts any certificate)" : "";
        size_t size;

        if (!*detail)
                detail = eddy_strerror(error);
        size = strlen(detail) + strlen(hint) + 1;
        free(item->detail);
        item->detail = malloc(size);
        if (item->detail)
                snprintf(item->detail, size, "%s%s", detail, hint);
        item->error = error;
}

static void on_retry(int error, const char *detail, eddy_duration delay, void *arg)
{
        struct item *item = arg;

        set_detail(item, error, detail);
        item->retries++;
        item->batch->retries++;
        item->is_pausing = true;
        if (item->batch->display->retrying)
                item->batch->display->retrying(item->batch, item, delay);
}

static void item_begin(struct item *item)
{
        struct batch *batch = item->batch;

        item->state = ITEM_RUNNING;
        item->started = eddy_now();
        item->next_running = NULL;
        item->previous_running = batch->last_running;
        *batch->last_running = item;
        batch->last_running = &item->next_running;
        batch->running_count++;
}

static void item_end(struct item *item, enum item_state state)
{
        struct batch *batch = item->batch;

        item->state = state;
        item->ended = eddy_now();
        *item->previous_running = item->next_running;
        if (item->next_running)
                item->next_running->previous_running = item->previous_running;
        else
                batch->last_running = item->previous_running;
        batch->running_count--;
        batch->arrived += state == ITEM_ARRIVED;
        batch->skipped += state == ITEM_SKIPPED;
        batch->failed += state == ITEM_FAILED;
        if (state != ITEM_WAITING && batch->display->ended)
                batch->display->ended(batch, item);
}

/* Enter a name; 0 or -ENOMEM. */
static int choose_path(struct item *item, const char *name)
{
        struct batch *batch = item->batch;
        /* Where a name is taken and the next one will do, the download tells. */
        bool looks = batch->existing != FETCH_NUMBER || batch->takes_names;

        free(item->path);
        item->path =
            fetch_names_choose(&batch->names, NULL, name, batch->existing, looks ? &item->is_there : NULL);
        return item->path ? 0 : -ENOMEM;
}

static int choose_path_by_url(struct item *item)
{
        char name[FETCH_NAME_MAX + 1];

        fetch_name_of(item->url, name);
        item->is_named_by_server = false;
        return choose_path(item, name);
}

/* eddy_http_download_options.choose_path: by what the server calls it; else it keeps its URL's name. */
static const char *choose_path_by_answer(const eddy_http_response *response, void *arg)
{
        struct item *item = arg;
        const char *disposition = eddy_http_response_header(response, "content-disposition");
        char by_url[FETCH_NAME_MAX + 1], name[FETCH_NAME_MAX + 1];

        fetch_name_of(item->url, by_url);
        if (!disposition || !disposition_name(disposition, name))
                memcpy(name, by_url, sizeof name);
        /* The URL's is chosen already, unless somebody took it meanwhile. */
        if ((item->is_named_by_server || strcmp(name, by_url) != 0) && choose_path(item, name) < 0)
                return NULL;
        item->is_named_by_server = true;
        return item->is_there && item->batch->existing == FETCH_SKIP ? NULL : item->path;
}

void batch_prepare_request(const struct batch *batch, eddy_http_request *request, bool is_foreign)
{
        request->connect_timeout = eddy_seconds(batch->timeout);
        request->stall_timeout = eddy_seconds(batch->timeout);
        request->insecure = batch->insecure;
        request->user = is_foreign ? NULL : batch->user;
        request->headers = is_foreign ? NULL : batch->headers;
}

/* Whether neither the file nor a part of it can have been there before. */
static bool is_new(const struct item *item)
{
        char part[FETCH_NAME_MAX + sizeof "..part"];

        /* The part of a name that is very long has another. */
        if (!item->batch->knows_there || strlen(item->path) > FETCH_NAME_MAX - strlen("..part"))
                return false;
        snprintf(part, sizeof part, ".%s.part", item->path);
        return !fetch_names_has(&item->batch->there, item->path) && !fetch_names_has(&item->batch->there, part);
}

static int download(struct item *item)
{
        struct batch *batch = item->batch;
        eddy_http_request request = {.url = item->url, .on_progress = on_progress, .arg = item};
        const eddy_http_download_options options = {
            .retries = (unsigned)batch->retry_limit,
            .max_wait = eddy_seconds(batch->max_wait),
            .is_new = is_new(item),
            .overwrite = batch->existing == FETCH_OVERWRITE,
            .on_retry = on_retry,
            .choose_path = batch->takes_names ? choose_path_by_answer : NULL,
            .segments = (unsigned)batch->segments,
            .checksum = item->checksum,
            .mirrors = (const char *const *)item->mirrors,
            .mirrors_are_strangers = item->is_listed,
        };
        eddy_http_response response;
        int rc;

        batch_prepare_request(batch, &request, item->is_foreign);
        rc = eddy_http_download(batch->client, &request, item->path, &options, &response);
        item->status = response.status;
        if (rc < 0)
                set_detail(item, rc, eddy_error_detail());
        eddy_http_response_finish(&response);
        return rc;
}

/* Whether it is there and to be left as it is, as far as is known. */
static bool is_skipped(const struct item *item)
{
        return item->is_there && item->batch->existing == FETCH_SKIP &&
               (item->is_named_by_server || !item->batch->takes_names);
}

/* 0 whatever became of it, unless the whole is interrupted. */
static int item_run(struct item *item)
{
        int rc;

        item_begin(item);
        do {
                rc = choose_path_by_url(item);
                if (rc < 0)
                        set_detail(item, rc, "");
                else if (!is_skipped(item))
                        rc = download(item);
                /* Somebody else took the name meanwhile. */
        } while (rc == -EEXIST && item->batch->existing == FETCH_NUMBER && item->path &&
                 access(item->path, F_OK) == 0);
        if (is_skipped(item)) {
                item_end(item, ITEM_SKIPPED);
                return 0;
        }
        if (eddy_interrupted() < 0) {
                item_end(item, rc == 0 ? ITEM_ARRIVED : ITEM_WAITING);
                return EDDY_CANCELLED;
        }
        item_end(item, rc == 0 ? ITEM_ARRIVED : ITEM_FAILED);
        return 0;
}

static intptr_t fetch_worker(void *arg)
{
        struct batch *batch = arg;
        int rc = 0;

        while (rc == 0 && batch->next < batch->count)
                rc = item_run(&batch->items[batch->next++]);
        return rc;
}

/* Lines that came within a moment go out together. */
static void flush_display(void *arg)
{
        struct batch *batch = arg;

        cli_flush();
        batch->has_output = false;
}

void batch_flush_soon(struct batch *batch)
{
        if (batch->has_output)
                return;
        batch->has_output = true;
        eddy_call_later(eddy_running_loop(), &batch->flusher, eddy_ms(20), flush_display, batch);
}

static void tick_display(void *arg)
{
        struct batch *batch = arg;

        batch->display->tick(batch);
        eddy_call_later(eddy_running_loop(), &batch->ticker, eddy_ms(100), tick_display, batch);
}

static void interrupt(void *task)
{
        eddy_cancel(task);
}

static int run_workers(struct batch *batch)
{
        eddy_group group;
        int rc = eddy_group_open(&group);

        for (long i = 0; rc == 0 && i < batch->parallel && (size_t)i < batch->count; i++)
                rc = eddy_group_create_task(&group, fetch_worker, batch, NULL);
        rc = eddy_group_close(&group);
        return rc;
}

static intptr_t fetch_app(void *arg)
{
        struct batch *batch = arg;
        long connections = batch->parallel > batch->segments ? batch->parallel : batch->segments;
        const eddy_http_client_options options = {
            .max_host_connections = (size_t)connections,
            .proxy = batch->proxy,
            .receive_rate = batch->receive_rate,
        };
        int rc = eddy_http_client_create(&batch->client, &options);

        if (rc < 0) {
                fprintf(stderr, "eddy fetch: %s\n", eddy_explain(rc));
                return CLI_FAILED;
        }
        eddy_add_signal_handler(eddy_running_loop(), SIGTERM, interrupt, eddy_current_task());
        batch->started = eddy_now();
        if (batch->display->begin)
                batch->display->begin(batch);
        if (batch->display->tick)
                tick_display(batch);
        rc = from_fetch(batch);
        /* To list is worth it where there is little else. */
        if (rc == 0 && batch->count >= MANY)
                batch->knows_there = fetch_names_list(&batch->there, ".", 8 * batch->count);
        if (rc == 0)
                rc = run_workers(batch);
        eddy_timer_cancel(&batch->ticker);
        eddy_timer_cancel(&batch->flusher);
        cli_flush();
        batch->ended = eddy_now();
        batch->is_interrupted = rc == EDDY_CANCELLED;
        batch->display->end(batch);
        eddy_http_client_destroy(batch->client);
        return rc == EDDY_CANCELLED ? 0 : rc;
}

int fetch_run(struct batch *batch)
{
        intptr_t rc;

        cli_raise_descriptor_limit();
        rc = eddy_run(fetch_app, batch);
        if (rc < 0 && rc != EDDY_CANCELLED) {
                fprintf(stderr, "eddy fetch: %s\n", eddy_strerror(rc));
                return CLI_FAILED;
        }
        if (rc > 0)
                return (int)rc;
        if (batch->is_interrupted || rc == EDDY_CANCELLED)
                return CLI_INTERRUPTED;
        return batch->left_out == 0 && batch->arrived + batch->skipped == batch->count ? CLI_OK : CLI_FAILED;
}
