/* Resolvers that users bring. */
#include "base/memory.h"
#include "net/address_list.h"
#include "net/lookup.h"
#include <stdatomic.h>

/** Look-ups are known to resolvers by numbers, none of which comes twice: so it harms nothing to answer one that is no
 * more. */
static _Atomic uintptr_t last_number;

static eddy_lookup *ticket_of(const struct lookup *lookup)
{
        return (eddy_lookup *)lookup->number;
}

/** The look-up of this thread's loop that still waits for an answer; NULL: it is no more. */
static struct lookup *find_lookup(const eddy_lookup *ticket)
{
        const eddy_loop *loop = loop_meant(NULL);
        const struct names *names = loop ? loop->tenants[ROOM_NAMES].kept : NULL;

        if (!names)
                return NULL;
        for (eddy_link *link = names->lookups.next; link != &names->lookups; link = link->next) {
                struct lookup *lookup = container_of(link, struct lookup, link);

                if (lookup->number && ticket_of(lookup) == ticket)
                        return lookup->is_done ? NULL : lookup;
        }
        return NULL;
}

static int begin(struct lookup *lookup)
{
        const eddy_resolver *resolver = &lookup->resolver;
        bool is_set = eddy_get_loop() != NULL;

        lookup->number = atomic_fetch_add(&last_number, 1) + 1;
        /* It may answer before the loop runs. */
        if (!is_set)
                eddy_set_loop(lookup->loop);
        lookup->request =
            resolver->begin(ticket_of(lookup), lookup->host, lookup->service, &lookup->hints, resolver->arg);
        if (!is_set)
                eddy_set_loop(NULL);
        return 0;
}

static void abandon(struct lookup *lookup)
{
        eddy_handle_cancel(&lookup->answer);
        if (!lookup->is_done && lookup->resolver.cancel)
                lookup->resolver.cancel(lookup->request, lookup->resolver.arg);
        lookup_free(lookup);
}

const struct lookup_impl lookup_by_own = {.begin = begin, .abandon = abandon, .give_back = eddy_freeaddrinfo};

/** What askers are told of a resolver's failure: that it gave up is no cancellation of theirs, and no deadline. */
static int failure_of(int rc)
{
        bool may_be_told =
            eddy_is_error(rc) && rc != EDDY_CANCELLED && rc != EDDY_TIMEOUT && rc != EDDY_PENDING;

        return may_be_told ? rc : EDDY_ERESOLVE;
}

/** Take an answer: 0 or the error. */
static int take_answer(struct lookup *lookup, int rc, const struct addrinfo *found)
{
        if (rc == 0)
                rc = address_list_copy(&lookup->found, found);
        if (rc == 0 && !lookup->found)
                rc = EDDY_ERESOLVE;
        if (rc == 0)
                return 0;
        return error_detail_fail(&lookup->detail, failure_of(rc), "%s: %s", lookup->host, eddy_explain(rc));
}

static void deliver(void *lookup)
{
        lookup_deliver(lookup);
}

int eddy_lookup_done(eddy_lookup *ticket, int rc, const struct addrinfo *found)
{
        struct lookup *lookup = find_lookup(ticket);

        if (!lookup)
                return EDDY_EINVALIDSTATE;
        lookup->is_done = true;
        lookup->rc = take_answer(lookup, rc, found);
        /* From the loop, for the resolver may be in the middle of anything. */
        eddy_call_soon(lookup->loop, &lookup->answer, deliver, lookup);
        return 0;
}

int eddy_loop_set_resolver(eddy_loop *loop, const eddy_resolver *resolver)
{
        struct names *names;
        int rc = loop_check_open(loop = loop_meant(loop));

        if (rc < 0)
                return rc;
        names = names_of(loop);
        if (!names)
                return -ENOMEM;
        names->resolver = resolver ? *resolver : (eddy_resolver){.begin = NULL};
        return 0;
}
