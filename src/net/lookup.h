/* Look-ups of names from the inside: between who asks (names.c) and who answers (system_resolver.c, own_resolver.c). */
#ifndef NET_LOOKUP_H
#define NET_LOOKUP_H

#include "executor/pool.h"
#include "net/names.h"

/** Who answers. */
struct lookup_impl {
        /** Begin: 0, and then lookup_deliver() follows, from the loop; or an error. */
        int (*begin)(struct lookup *lookup);

        /** Nobody asks any more, and the look-up is linked nowhere: free it, now or when it has ended. */
        void (*abandon)(struct lookup *lookup);

        void (*give_back)(struct addrinfo *found);
};

extern const struct lookup_impl lookup_by_system, lookup_by_own;

/** A look-up on its way. */
struct lookup {
        const struct lookup_impl *impl;
        eddy_loop *loop;
        eddy_link link;   /* in names->lookups: others may join */
        eddy_link askers; /* struct name_query, in the order in which they came */
        bool is_delivering;

        /* What is looked up. */
        struct addrinfo hints;
        const char *host, *service; /* NULL, or in text */

        /* What came of it. */
        int rc;
        struct addrinfo *found;
        struct error_detail *detail;

        /* Of the C library's resolver. */
        struct errand errand;
        int error; /* an EAI_ code */

        /* Of a user's. */
        eddy_resolver resolver;
        void *request;      /* what its begin() returned */
        uintptr_t number;   /* what it knows the look-up by; 0: it is the C library's */
        bool is_done;       /* it has answered, and askers are told soon */
        eddy_handle answer; /* scheduled when it has answered */

        char text[];
};

/** A loop's look-ups. */
struct names {
        struct loop_resource resource;
        eddy_loop *loop;
        eddy_link lookups;
        eddy_resolver resolver; /* .begin is NULL: the C library's */
};

/** A loop's names, which come with their first use; NULL without memory. */
struct names *names_of(eddy_loop *loop);

/** Give all askers what came of it, and free it. */
void lookup_deliver(struct lookup *lookup);

/** Take a look-up that will not be answered away from all who know of it. */
void lookup_detach(struct lookup *lookup);

void lookup_free(struct lookup *lookup);

/** What an EAI_ code means to an asker: 0 or the error, with a detail. */
int lookup_failure(int error, const char *name, struct error_detail **detail);

#endif
