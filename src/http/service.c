#include "http/service.h"

#include "base/list.h"
#include "base/memory.h"
#include "http/connection.h"
#include "http_common/date.h"
#include <stdio.h>

/* More than this is given back to the system: enough that steady load allocates nothing. */
enum { SPARES_MAX = 256, DEFAULT_TIMEOUT = 30 /* seconds */ };

struct spare {
        struct spare *next;
};

struct connection *service_take_connection(struct service *service)
{
        struct spare *spare = service->spares;

        if (!spare)
                return memory_alloc(sizeof(struct connection));
        service->spares = spare->next;
        service->spare_count--;
        return (struct connection *)(void *)spare;
}

void service_give_connection(struct service *service, struct connection *c)
{
        struct spare *spare = (struct spare *)(void *)c;

        if (service->spare_count == SPARES_MAX) {
                memory_free(c);
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
        size =
            snprintf(service->preamble, sizeof service->preamble, "Server: eddy/%s\r\nDate: ", eddy_version());
        http_date_write(service->preamble + size, now);
        size += HTTP_DATE_SIZE;
        service->preamble[size++] = '\r';
        service->preamble[size++] = '\n';
        service->preamble_size = (size_t)size;
        service->preamble_time = now;
}

void service_init(struct service *service, int (*answer)(struct connection *c),
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

void service_stop(struct service *service)
{
        service->is_stopping = true;
        for (eddy_link *link = service->connections.next; link != &service->connections; link = link->next) {
                struct connection *connection = container_of(link, struct connection, link);

                if (connection->is_waiting)
                        eddy_cancel(connection->task);
        }
}
