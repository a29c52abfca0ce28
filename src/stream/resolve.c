/* Names of hosts and services, looked up by the C library's resolver on helper threads that do nothing else: whoever
 * waits for a name server holds up neither files nor users' work, nor the other way round. */
#include "stream/resolve.h"
#include "base/memory.h"
#include "base/sys.h"
#include "executor/pool.h"
#include <eddy/resolve.h>
#include <stdio.h>
#include <string.h>

/** A lookup on its way. Freed by the task that waits for it or, where that was interrupted, when it ends. */
struct lookup {
        struct errand errand;
        struct task *task; /* NULL: nobody waits any more */
        bool is_done;
        int error; /* an EAI_ code */
        struct addrinfo *found;
};

static struct lookup *lookup_of(struct errand *errand)
{
        return container_of(errand, struct lookup, errand);
}

static void destroy(struct lookup *lookup)
{
        if (lookup->found)
                freeaddrinfo(lookup->found);
        memory_free(lookup);
}

static void drop(struct errand *errand)
{
        destroy(lookup_of(errand));
}

/** Nothing of it is the loop's. */
static void leave(struct errand *errand)
{
        (void)errand;
}

static void done(struct errand *errand)
{
        struct lookup *lookup = lookup_of(errand);

        lookup->is_done = true;
        if (lookup->task)
                task_wake(lookup->task);
        else
                destroy(lookup);
}

/** Have a lookup done on a thread: 0 when it is done, or why it could not be; then it is no more the caller's. */
static int look_up(struct task *self, struct lookup *lookup, void (*run)(struct errand *errand),
                   const char *name)
{
        struct wait wait = {.interrupt = task_end_wait};
        int rc;

        lookup->errand = (struct errand){
            .run = run,
            .done = done,
            .drop = drop,
            .leave = leave,
            .end_late = drop,
            .name = name,
        };
        lookup->task = self;
        rc = thread_pool_submit(self->future.loop, POOL_NAMES, &lookup->errand);
        if (rc < 0) {
                memory_free(lookup);
                return rc;
        }
        rc = task_wait(self, &wait);
        if (rc == 0)
                return 0;
        lookup->task = NULL;
        if (lookup->is_done || thread_pool_take_back(&lookup->errand))
                destroy(lookup);
        return rc;
}

static int failure(int error, const char *name)
{
        if (error == EAI_MEMORY)
                return -ENOMEM;
        return eddy_fail(EDDY_ERESOLVE, "%s: %s", name ? name : "*", gai_strerror(error));
}

/* From names to addresses. */

struct address_lookup {
        struct lookup lookup;
        struct addrinfo hints;
        const char *host, *service; /* NULL, or in text */
        char text[];
};

static void find_addresses(struct errand *errand)
{
        struct address_lookup *in = container_of(lookup_of(errand), struct address_lookup, lookup);

        in->lookup.error = sys_getaddrinfo(in->host, in->service, &in->hints, &in->lookup.found);
}

static int find_addresses_on_thread(struct task *self, const char *host, const char *service,
                                    const struct addrinfo *hints, struct addrinfo **found)
{
        size_t host_size = host ? strlen(host) + 1 : 0, service_size = service ? strlen(service) + 1 : 0;
        struct address_lookup *in = memory_zalloc(sizeof *in + host_size + service_size);
        int rc;

        if (!in)
                return -ENOMEM;
        in->hints = *hints;
        if (host)
                in->host = memcpy(in->text, host, host_size);
        if (service)
                in->service = memcpy(in->text + host_size, service, service_size);
        rc = look_up(self, &in->lookup, find_addresses, host ? in->host : in->service);
        if (rc < 0)
                return rc;
        *found = in->lookup.found;
        in->lookup.found = NULL;
        rc = in->lookup.error ? failure(in->lookup.error, host) : 0;
        destroy(&in->lookup);
        return rc;
}

static int resolve(struct task *self, const char *host, const char *service, const struct addrinfo *hints,
                   struct addrinfo **found)
{
        struct addrinfo numeric = *hints;
        int error;

        *found = NULL;
        if (self->interruption)
                return self->interruption;
        /* What is numeric needs no name server, and so no thread. */
        numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
        error = sys_getaddrinfo(host, service, &numeric, found);
        if (error == 0)
                return 0;
        if (error != EAI_NONAME || (numeric.ai_flags & ~hints->ai_flags) == 0)
                return failure(error, host);
        return find_addresses_on_thread(self, host, service, hints, found);
}

int eddy_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                     struct addrinfo **found)
{
        static const struct addrinfo for_tcp = {.ai_socktype = SOCK_STREAM};
        struct task *self;
        int rc = task_enter(&self);

        *found = NULL;
        if (rc < 0)
                return rc;
        return resolve(self, host, service, hints ? hints : &for_tcp, found);
}

int address_resolve(struct task *self, const char *host, uint16_t port, int family, int flags,
                    struct addrinfo **found)
{
        struct addrinfo hints = {
            .ai_family = family,
            .ai_socktype = SOCK_STREAM,
            .ai_flags = flags | AI_NUMERICSERV | (host ? 0 : AI_NUMERICHOST),
        };
        char service[8];

        snprintf(service, sizeof service, "%u", port);
        return resolve(self, host, service, &hints, found);
}

int address_bind(struct task *self, int fd, int family, const char *host, uint16_t port)
{
        struct addrinfo *found;
        int rc;

        if (!host && !port)
                return 0;
        rc = address_resolve(self, host, port, family, AI_PASSIVE, &found);
        if (rc < 0)
                return rc;
        rc = sys_bind(fd, found->ai_addr, found->ai_addrlen);
        freeaddrinfo(found);
        return rc;
}

/* From addresses to names. */

struct name_lookup {
        struct lookup lookup;
        eddy_address address;
        int flags;
        char text[EDDY_ADDRESS_TEXT_SIZE]; /* the address */
        char host[NI_MAXHOST], service[NI_MAXSERV];
};

static void find_names(struct errand *errand)
{
        struct name_lookup *in = container_of(lookup_of(errand), struct name_lookup, lookup);

        in->lookup.error =
            sys_getnameinfo(&in->address.any, in->address.size, in->host, in->service, in->flags);
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
        struct task *self;
        struct name_lookup *in;
        int rc = task_enter(&self);

        if (rc < 0)
                return rc;
        in = memory_zalloc(sizeof *in);
        if (!in)
                return -ENOMEM;
        in->address = *address;
        in->flags = flags;
        rc = look_up(self, &in->lookup, find_names, eddy_address_print(address, in->text));
        if (rc < 0)
                return rc;
        if (!in->lookup.error &&
            (!hand_out(host, host_size, in->host) || !hand_out(service, service_size, in->service)))
                in->lookup.error = EAI_OVERFLOW;
        rc = in->lookup.error ? failure(in->lookup.error, in->text) : 0;
        destroy(&in->lookup);
        return rc;
}
