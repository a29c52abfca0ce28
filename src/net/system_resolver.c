/* The C library's resolver, on helper threads that do nothing else: whoever waits for a name server holds up neither files
 * nor users' work, nor the other way round. */
#include "base/sys.h"
#include "net/lookup.h"

static struct lookup *lookup_of(struct errand *errand)
{
        return container_of(errand, struct lookup, errand);
}

static void run(struct errand *errand)
{
        struct lookup *lookup = lookup_of(errand);

        lookup->error = sys_getaddrinfo(lookup->host, lookup->service, &lookup->hints, &lookup->found);
}

static void done(struct errand *errand)
{
        struct lookup *lookup = lookup_of(errand);

        if (list_is_empty(&lookup->askers)) {
                lookup_free(lookup);
                return;
        }
        lookup->rc = lookup_failure(lookup->error, lookup->host, &lookup->detail);
        lookup_deliver(lookup);
}

static void leave(struct errand *errand)
{
        lookup_detach(lookup_of(errand));
}

static void drop(struct errand *errand)
{
        lookup_detach(lookup_of(errand));
        lookup_free(lookup_of(errand));
}

static void end_late(struct errand *errand)
{
        lookup_free(lookup_of(errand));
}

static int begin(struct lookup *lookup)
{
        lookup->errand = (struct errand){
            .run = run,
            .done = done,
            .drop = drop,
            .leave = leave,
            .end_late = end_late,
            .name = lookup->host ? lookup->host : lookup->service,
        };
        return thread_pool_submit(lookup->loop, POOL_NAMES, &lookup->errand);
}

static void abandon(struct lookup *lookup)
{
        if (thread_pool_take_back(&lookup->errand))
                lookup_free(lookup);
}

static void give_back(struct addrinfo *found)
{
        if (found)
                freeaddrinfo(found);
}

const struct lookup_impl lookup_by_system = {.begin = begin, .abandon = abandon, .give_back = give_back};
