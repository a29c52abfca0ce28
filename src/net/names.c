#include "net/lookup.h"

#include "base/memory.h"
#include "base/sys.h"
#include "net/address_list.h"
#include <stdio.h>

void lookup_free(struct lookup *lookup)
{
        lookup->impl->give_back(lookup->found);
        memory_free(lookup->detail);
        memory_free(lookup);
}

void lookup_detach(struct lookup *lookup)
{
        eddy_link *link;

        if (list_is_linked(&lookup->link))
                list_remove(&lookup->link);
        while ((link = list_pop(&lookup->askers)))
                container_of(link, struct name_query, link)->lookup = NULL;
}

/** Nobody asks for it any more. */
static void abandon_lookup(struct lookup *lookup)
{
        lookup_detach(lookup);
        /* A forked child has neither the threads nor the requests of its parent. */
        if (loop_is_inherited(lookup->loop))
                lookup_free(lookup);
        else
                lookup->impl->abandon(lookup);
}

/** The loop is closed: nobody is answered any more. */
static void close_names(struct loop_resource *resource)
{
        struct names *names = container_of(resource, struct names, resource);

        while (!list_is_empty(&names->lookups))
                abandon_lookup(container_of(names->lookups.next, struct lookup, link));
        names->loop->tenants[ROOM_NAMES].kept = NULL;
        memory_free(names);
}

/** It closes before callbacks are dropped, as a resource does, and empties its room by itself. */
static const struct loop_tenant_impl names_impl = {.close = NULL};

struct names *names_of(eddy_loop *loop)
{
        struct names *names = loop->tenants[ROOM_NAMES].kept;

        if (names)
                return names;
        names = memory_zalloc(sizeof *names);
        if (!names)
                return NULL;
        names->loop = loop;
        names->resource.close = close_names;
        list_init(&names->lookups);
        loop_add_resource(loop, &names->resource);
        loop_move_in(loop, ROOM_NAMES, &names_impl, names);
        return names;
}

static bool is_same_text(const char *one, const char *other)
{
        return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool is_same_resolver(const eddy_resolver *one, const eddy_resolver *other)
{
        return one->begin == other->begin && one->cancel == other->cancel && one->arg == other->arg;
}

static bool has_same_hints(const struct addrinfo *one, const struct addrinfo *other)
{
        return one->ai_flags == other->ai_flags && one->ai_family == other->ai_family &&
               one->ai_socktype == other->ai_socktype && one->ai_protocol == other->ai_protocol;
}

/** A look-up that will answer a request as well; NULL: there is none. */
static struct lookup *find_lookup(const struct names *names, const struct name_request *request,
                                  const eddy_resolver *resolver)
{
        for (eddy_link *link = names->lookups.next; link != &names->lookups; link = link->next) {
                struct lookup *lookup = container_of(link, struct lookup, link);

                if (is_same_text(lookup->host, request->host) &&
                    is_same_text(lookup->service, request->service) &&
                    has_same_hints(&lookup->hints, &request->hints) &&
                    is_same_resolver(&lookup->resolver, resolver))
                        return lookup;
        }
        return NULL;
}

/** A look-up that has not begun; NULL without memory. */
static struct lookup *make_lookup(struct names *names, const struct name_request *request,
                                  const eddy_resolver *resolver)
{
        size_t host_size = request->host ? strlen(request->host) + 1 : 0;
        size_t service_size = request->service ? strlen(request->service) + 1 : 0;
        struct lookup *lookup = memory_zalloc(sizeof *lookup + host_size + service_size);

        if (!lookup)
                return NULL;
        lookup->impl = resolver->begin ? &lookup_by_own : &lookup_by_system;
        lookup->resolver = *resolver;
        lookup->loop = names->loop;
        lookup->hints = request->hints;
        if (request->host)
                lookup->host = memcpy(lookup->text, request->host, host_size);
        if (request->service)
                lookup->service = memcpy(lookup->text + host_size, request->service, service_size);
        list_init(&lookup->askers);
        list_append(&names->lookups, &lookup->link);
        return lookup;
}

/** Who is to be asked. Services without a host are in a file of the system's. */
static eddy_resolver choose_resolver(const struct names *names, const struct name_request *request)
{
        if (!request->host)
                return (eddy_resolver){.begin = NULL};
        return request->resolver ? *request->resolver : names->resolver;
}

static int look_up(struct name_query *query, eddy_loop *loop, const struct name_request *request)
{
        struct names *names = names_of(loop);
        struct lookup *lookup;
        eddy_resolver resolver;
        int rc = 0;

        if (!names)
                return -ENOMEM;
        resolver = choose_resolver(names, request);
        lookup = find_lookup(names, request, &resolver);
        if (!lookup) {
                lookup = make_lookup(names, request, &resolver);
                if (!lookup)
                        return -ENOMEM;
                rc = lookup->impl->begin(lookup);
        }
        if (rc < 0) {
                lookup_detach(lookup);
                lookup_free(lookup);
                return rc;
        }
        query->lookup = lookup;
        list_append(&lookup->askers, &query->link);
        return EDDY_PENDING;
}

/** Take what the C library has found. */
static int take_found(struct name_query *query, struct addrinfo *found)
{
        int rc = address_list_copy(&query->found, found);

        freeaddrinfo(found);
        return rc;
}

static int begin_query(struct name_query *query, eddy_loop *loop, const struct name_request *request)
{
        struct addrinfo numeric = request->hints, *found;
        int rc = loop_check_open(loop), error;

        if (rc < 0)
                return rc;
        /* What is numeric needs no name server, and so no thread. */
        numeric.ai_flags |= AI_NUMERICHOST | AI_NUMERICSERV;
        error = sys_getaddrinfo(request->host, request->service, &numeric, &found);
        if (error == 0)
                return take_found(query, found);
        if (error != EAI_NONAME || (numeric.ai_flags & ~request->hints.ai_flags) == 0)
                return lookup_failure(error, request->host, &query->detail);
        return look_up(query, loop, request);
}

int names_ask(struct name_query *query, eddy_loop *loop, const struct name_request *request)
{
        query->lookup = NULL;
        query->found = NULL;
        query->detail = NULL;
        query->rc = begin_query(query, loop, request);
        return query->rc;
}

int names_ask_for_port(struct name_query *query, eddy_loop *loop, const char *host, uint16_t port, int family,
                       int flags, const eddy_resolver *resolver)
{
        char service[8];
        const struct name_request request = {
            .host = host,
            .service = service,
            .hints =
                {
                    .ai_family = family,
                    .ai_socktype = SOCK_STREAM,
                    .ai_flags = flags | AI_NUMERICSERV | (host ? 0 : AI_NUMERICHOST),
                },
            .resolver = resolver,
        };

        snprintf(service, sizeof service, "%u", port);
        return names_ask(query, loop, &request);
}

void names_forget(struct name_query *query)
{
        struct lookup *lookup = query->lookup;

        eddy_freeaddrinfo(query->found);
        memory_free(query->detail);
        query->found = NULL;
        query->detail = NULL;
        if (!lookup)
                return;
        query->lookup = NULL;
        list_remove(&query->link);
        /* Whoever asks next begins anew: this one may wait for a server that is gone. */
        if (!lookup->is_delivering && list_is_empty(&lookup->askers))
                abandon_lookup(lookup);
}

void lookup_deliver(struct lookup *lookup)
{
        eddy_link *link;

        list_remove(&lookup->link); /* who asks from now on is too late for it */
        lookup->is_delivering = true;
        while ((link = list_pop(&lookup->askers))) {
                struct name_query *query = container_of(link, struct name_query, link);

                query->lookup = NULL;
                query->rc = lookup->rc < 0 ? lookup->rc : address_list_copy(&query->found, lookup->found);
                if (lookup->detail)
                        error_detail_set(&query->detail, lookup->rc, lookup->detail->text);
                query->answered(query);
        }
        lookup_free(lookup);
}

int lookup_failure(int error, const char *name, struct error_detail **detail)
{
        if (error == 0)
                return 0;
        if (error == EAI_MEMORY)
                return -ENOMEM;
        return error_detail_fail(detail, EDDY_ERESOLVE, "%s: %s", name ? name : "*", gai_strerror(error));
}
