/* Connecting to a host that may have several addresses (RFC 8305, "happy eyeballs"), or to a path, for whatever is made of
 * the socket then. */
#ifndef NET_CONNECT_H
#define NET_CONNECT_H

#include "net/route.h"
#include <eddy/stream.h>

struct attempt;

/** Who connects. Embedded, and its owner's to keep until the outcome is known; then connector_finish() is due. */
struct connector {
        /** Called once, from the loop, with a descriptor or the error, where beginning returned EDDY_PENDING. Not where the
         * loop is closed before: then its descriptors are closed, and nothing is left but connector_finish(). */
        void (*done)(struct connector *connector, int outcome);

        int family;                  /* of the descriptor */
        struct error_detail *detail; /* of the error; NULL: it has none */

        /* Private. */
        eddy_loop *loop;
        struct loop_resource resource;
        const char *host;            /* NULL: this machine. Of a path, that */
        eddy_duration head_start;    /* what an address has over the next one */
        unsigned first_family_count; /* addresses of the first one's family to be tried before any other */
        struct route route;
        struct attempt *attempts; /* in the order in which they begin; NULL: the addresses are not known yet */
        size_t count, begun, running;
        struct attempt *winner, *last_loser;
        int error;        /* the last loser's */
        bool is_due;      /* the next one may begin */
        bool is_ending;   /* cancelled */
        eddy_timer timer; /* ends a head start, or the wait for room in a backlog */
        eddy_handle turn; /* scheduled where it is cancelled and nothing else will come */
};

/** Connect to whichever address of a host answers first. Each has a head start over the next, unless it has failed.
 *
 * @param connector  zeroed, with `done` set
 * @param host       NULL: this machine. It must live as long as this takes
 * @param options    NULL: the defaults. Nothing of it is looked at afterwards
 * @return EDDY_PENDING; or the outcome: a descriptor, which the loop knows of, so that it is closed by
 *         loop_close_descriptor(); or the error, with a detail in connector->detail
 */
int connector_begin(struct connector *connector, eddy_loop *loop, const char *host, uint16_t port,
                    const eddy_connect_options *options);

/** Connect to the socket of a path, or "@name", likewise. Where its backlog is full it waits for room. */
int connector_begin_path(struct connector *connector, eddy_loop *loop, const char *path);

/** Give up: `done` comes soon, when all descriptors are closed and the kernel looks at nothing of it any more; with
 * EDDY_CANCELLED, or with a descriptor that was connected by then. */
void connector_cancel(struct connector *connector);

/** Give back what is left of one whose outcome is known. */
void connector_finish(struct connector *connector);

#endif
