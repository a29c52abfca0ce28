#include "http/service.h"

#include "base/list.h"
#include "base/memory.h"
#include "http/http2.h"
#include "http/limits.h"
#include "http_common/date.h"
#include <stdio.h>
#include <string.h>

/* More than this is given back to the system: enough that steady load allocates nothing. */
enum { SPARES_MAX = 64 };

struct spare {
        struct spare *next;
};

void *service_take_memory(eddy_http_service *service, size_t size)
{
        struct spare *spare = service->spares;

        if (!spare)
                return memory_alloc(size);
        service->spares = spare->next;
        service->spare_count--;
        return spare;
}

void service_give_memory(eddy_http_service *service, void *memory)
{
        struct spare *spare = memory;

        if (service->spare_count == SPARES_MAX) {
                memory_free(memory);
                return;
        }
        spare->next = service->spares;
        service->spares = spare;
        service->spare_count++;
}

void service_refresh_preamble(eddy_http_service *service)
{
        time_t now = time(NULL);
        int size;

        if (now == service->preamble_time)
                return;
        size = snprintf(service->preamble, sizeof service->preamble, "Server: eddy/%s\r\n", eddy_version());
        service->server_size = (size_t)size;
        memcpy(service->preamble + size, "Date: ", 6);
        size += 6;
        http_date_write(service->preamble + size, now);
        size += HTTP_DATE_SIZE;
        service->preamble[size++] = '\r';
        service->preamble[size++] = '\n';
        service->preamble_size = (size_t)size;
        service->preamble_time = now;
}

void service_init(eddy_http_service *service, eddy_http_handler handler, void *arg,
                  const eddy_http_service_options *options, void (*free)(eddy_http_service *service))
{
        memset(service, 0, offsetof(struct eddy_http_service, head));
        service->handler = handler;
        service->arg = arg;
        service->free = free;
        if (options)
                service->options = *options;
        limits_complete(&service->options);
        service->headers_size = http_headers_size(service->options.max_headers);
        list_init(&service->connections);
        eddy_event_init(&service->all_gone);
        http1_init_deadlines(service);
        http2_init_deadlines(service);
        service->coding = coding_defaults;
}

static void finish(eddy_http_service *service)
{
        while (service->spares) {
                struct spare *next = service->spares->next;

                memory_free(service->spares);
                service->spares = next;
        }
        service->free(service);
}

void service_release(eddy_http_service *service)
{
        service->is_released = true;
        if (list_is_empty(&service->connections))
                finish(service);
}

void service_note_gone(eddy_http_service *service)
{
        if (!list_is_empty(&service->connections))
                return;
        deadlines_rest(&service->silent);
        deadlines_rest(&service->heads);
        deadlines_rest(&service->idle);
        deadlines_rest(&service->answers);
        deadlines_rest(&service->lingering);
        deadlines_rest(&service->http2_silent);
        deadlines_rest(&service->http2_idle);
        deadlines_rest(&service->http2_streams);
        deadlines_rest(&service->http2_heads);
        deadlines_rest(&service->http2_answers);
        deadlines_rest(&service->http2_goodbyes);
        eddy_event_set(&service->all_gone);
        if (service->is_released)
                finish(service);
}

static void free_service(eddy_http_service *service)
{
        memory_free(service);
}

int eddy_http_service_create(eddy_http_service **created, eddy_http_handler handler, void *arg,
                             const eddy_http_service_options *options)
{
        eddy_http_service *service;
        int rc = options ? limits_check(options) : 0;

        *created = NULL;
        if (rc < 0)
                return rc;
        service = memory_alloc(sizeof *service);
        if (!service)
                return -ENOMEM;
        service_init(service, handler, arg, options, free_service);
        if (options)
                rc = coding_options_read(&service->coding, options->codings, options->compress_min_size);
        if (rc < 0)
                memory_free(service);
        else
                *created = service;
        return rc;
}

void eddy_http_service_destroy(eddy_http_service *service)
{
        if (service)
                service_release(service);
}

void eddy_http_service_count(const eddy_http_service *service, eddy_http_counts *counts)
{
        *counts = service->counts;
}
