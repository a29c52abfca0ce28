/* Names, for coroutines: src/net looks them up, and tasks wait. */
#include "stream/resolve.h"

#include "net/names.h"
#include "net/reverse.h"
#include <string.h>

/** A task that asks for addresses. */
struct asker {
        struct name_query query;
        struct task *task;
};

static void wake_asker(struct name_query *query)
{
        task_wake(container_of(query, struct asker, query)->task);
}

/** Wait for the answer that is on its way, and take it; `asked` is what asking has returned. */
static int take_answer(struct asker *asker, int asked, struct addrinfo **found)
{
        struct name_query *query = &asker->query;
        int rc = asked;

        if (asked == EDDY_PENDING) {
                struct wait wait = {.interrupt = task_end_wait};

                rc = task_wait(asker->task, &wait);
                if (rc == 0)
                        rc = query->rc;
        }
        if (rc == 0) {
                *found = query->found;
                query->found = NULL;
        }
        if (rc == query->rc)
                error_detail_adopt(query->detail);
        names_forget(query);
        return rc;
}

int eddy_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                     struct addrinfo **found)
{
        struct name_request request = {
            .host = host,
            .service = service,
            .hints = hints ? *hints : (struct addrinfo){.ai_socktype = SOCK_STREAM},
        };
        struct asker asker = {.query.answered = wake_asker};
        int rc = task_enter(&asker.task);

        *found = NULL;
        if (rc < 0)
                return rc;
        return take_answer(&asker, names_ask(&asker.query, asker.task->future.loop, &request), found);
}

int address_resolve(struct task *self, const char *host, uint16_t port, int family, int flags,
                    const eddy_resolver *resolver, struct addrinfo **found)
{
        struct asker asker = {.query.answered = wake_asker, .task = self};

        *found = NULL;
        if (self->interruption)
                return self->interruption;
        return take_answer(
            &asker, names_ask_for_port(&asker.query, self->future.loop, host, port, family, flags, resolver),
            found);
}

static void wake_reverse_asker(struct reverse_lookup *lookup)
{
        task_wake(lookup->arg);
}

/** Copy a name if it is wanted and fits. */
static bool hand_out(char *to, size_t size, const char *name)
{
        size_t needed = strlen(name) + 1;

        if (!to)
                return true;
        if (needed > size)
                return false;
        memcpy(to, name, needed);
        return true;
}

int eddy_getnameinfo(const eddy_address *address, char *host, size_t host_size, char *service,
                     size_t service_size, int flags)
{
        struct wait wait = {.interrupt = task_end_wait};
        struct reverse_lookup *lookup;
        struct task *self;
        int rc = task_enter(&self);

        if (rc == 0)
                rc = reverse_ask(&lookup, self->future.loop, address, flags, wake_reverse_asker, self);
        if (rc < 0)
                return rc;
        rc = task_wait(self, &wait);
        if (rc == 0) {
                rc = lookup->rc;
                error_detail_adopt(lookup->detail);
        }
        if (rc == 0 &&
            (!hand_out(host, host_size, lookup->host) || !hand_out(service, service_size, lookup->service)))
                rc = eddy_fail(EDDY_ERESOLVE, "%s: %s", lookup->text, gai_strerror(EAI_OVERFLOW));
        reverse_forget(lookup);
        return rc;
}
