/* Host names, looked up by getaddrinfo() on a helper thread. */
#include "base/memory.h"
#include "base/sys.h"
#include "stream/address.h"
#include "thread/pool.h"
#include <stdio.h>
#include <string.h>

/** A lookup on its way. Freed by the task that waits for it or, where that was interrupted, when it ends. */
struct lookup {
        struct thread_job job;
        struct task *task; /* NULL: nobody waits any more */
        bool is_done;
        struct addrinfo hints, *found;
        int error; /* an EAI_ code */
        char service[8];
        char host[];
};

static void look_up(struct thread_job *job)
{
        struct lookup *lookup = container_of(job, struct lookup, job);

        lookup->error = sys_getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found);
}

static void destroy(struct lookup *lookup)
{
        if (lookup->found)
                freeaddrinfo(lookup->found);
        memory_free(lookup);
}

static void drop(struct thread_job *job)
{
        destroy(container_of(job, struct lookup, job));
}

/** Nothing of it is the loop's. */
static void leave(struct thread_job *job)
{
        (void)job;
}

static void done(struct thread_job *job)
{
        struct lookup *lookup = container_of(job, struct lookup, job);

        lookup->is_done = true;
        if (lookup->task)
                task_wake(lookup->task);
        else
                destroy(lookup);
}

static int failure(int error, const char *host)
{
        if (error == EAI_MEMORY)
                return -ENOMEM;
        return eddy_fail(EDDY_ERESOLVE, "%s: %s", host ? host : "*", gai_strerror(error));
}

static int resolve_on_thread(struct task *self, const char *host, const char *service,
                             const struct addrinfo *hints, struct addrinfo **found)
{
        struct wait wait = {.interrupt = task_end_wait};
        struct lookup *lookup = memory_zalloc(sizeof *lookup + strlen(host) + 1);
        int rc;

        if (!lookup)
                return -ENOMEM;
        lookup->job.work = look_up;
        lookup->job.done = done;
        lookup->job.drop = drop;
        lookup->job.leave = leave;
        lookup->job.end_late = drop;
        lookup->job.name = "getaddrinfo";
        lookup->task = self;
        lookup->hints = *hints;
        snprintf(lookup->service, sizeof lookup->service, "%s", service);
        memcpy(lookup->host, host, strlen(host) + 1);
        rc = thread_pool_submit(self->future.loop, &lookup->job);
        if (rc < 0) {
                memory_free(lookup);
                return rc;
        }
        rc = task_wait(self, &wait);
        if (rc < 0) {
                lookup->task = NULL;
                if (lookup->is_done)
                        destroy(lookup);
                return rc;
        }
        *found = lookup->found;
        lookup->found = NULL;
        rc = lookup->error ? failure(lookup->error, host) : 0;
        destroy(lookup);
        return rc;
}

int address_resolve(struct task *self, const char *host, uint16_t port, int family, int flags,
                    struct addrinfo **found)
{
        struct addrinfo hints = {
            .ai_family = family,
            .ai_socktype = SOCK_STREAM,
            .ai_flags = flags | AI_NUMERICSERV | AI_NUMERICHOST,
        };
        char service[8];
        int error;

        if (self->interruption)
                return self->interruption;
        *found = NULL;
        snprintf(service, sizeof service, "%u", port);
        /* A numeric address needs no name server, and so no thread. */
        error = sys_getaddrinfo(host, service, &hints, found);
        if (error == 0)
                return 0;
        if (error != EAI_NONAME || !host)
                return failure(error, host);
        hints.ai_flags = flags | AI_NUMERICSERV;
        return resolve_on_thread(self, host, service, &hints, found);
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
