/* Names of addresses, looked up without holding up the loop. */
#ifndef NET_REVERSE_H
#define NET_REVERSE_H

#include "base/error.h"
#include "executor/pool.h"
#include <eddy/resolve.h>

/** A look-up on its way, or answered. */
struct reverse_lookup {
        struct errand errand;
        void (*answered)(struct reverse_lookup *lookup); /* NULL: nobody waits any more */
        void *arg;
        eddy_address address;
        int flags, error; /* an EAI_ code */
        bool is_done;

        /* The answer. */
        int rc; /* 0 or the error */
        struct error_detail *detail;
        char host[NI_MAXHOST], service[NI_MAXSERV];
        char text[EDDY_ADDRESS_TEXT_SIZE]; /* the address, for messages */
};

/** Ask for the names of an address: 0, and then `answered` is called from the loop; or -ENOMEM, -EAGAIN.
 *
 * @param lookup  receives it; give it back with reverse_forget(), answered or not
 * @param flags   as of getnameinfo()
 */
int reverse_ask(struct reverse_lookup **lookup, eddy_loop *loop, const eddy_address *address, int flags,
                void (*answered)(struct reverse_lookup *lookup), void *arg);

void reverse_forget(struct reverse_lookup *lookup);

#endif
