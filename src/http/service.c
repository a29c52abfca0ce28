#include "http/service.h"

#include "base/list.h"
#include "base/memory.h"
#include "http_common/date.h"
#include <stdio.h>
#include <string.h>

/* More than this is given back to the system: enough that steady load allocates nothing. */
enum { SPARES_MAX = 256, DEFAULT_TIMEOUT = 30 /* seconds */ };

struct spare {
        struct spare *next;
};

void *service_take_memory(struct service *service, size_t size)
{
        struct spare *spare = service->spares;

        if (!spare)
                return memory_alloc(size);
        service->spares = spare->next;
        service->spare_count--;
        return spare;
}

void service_give_memory(struct service *service, void *memory)
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

void service_refresh_preamble(struct service *service)
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

void service_init(struct service *service, int (*answer)(eddy_http_exchange *exchange),
                  const eddy_http_service_options *options)
{
        *service = (struct service){.answer = answer};
        if (options)
                service->options = *options;
        list_init(&service->connections);
        deadlines_init(&service->deadlines,
                       service->options.timeout > 0 ? service->options.timeout : eddy_seconds(DEFAULT_TIMEOUT));
}

void service_finish(struct service *service)
{
        while (service->spares) {
                struct spare *next = service->spares->next;

                memory_free(service->spares);
                service->spares = next;
        }
}
