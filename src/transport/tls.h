/* What libeddy knows of TLS: that a context makes filters. libeddy-tls fills this. */
#ifndef TRANSPORT_TLS_H
#define TRANSPORT_TLS_H

#include <eddy/error.h>
#include <eddy/filter.h>
#include <eddy/tls.h>
#include <errno.h>

struct tls_impl {
        const eddy_filter *filter;

        /** Make what the filter is for one connection: 0 or an error, with its detail. It keeps its context.
         *
         * @param name  of a client: whom the other side has to be; NULL: that is left open
         */
        int (*open)(eddy_tls *tls, const char *name, void **self);

        eddy_duration (*handshake_timeout)(const eddy_tls *tls);

        /** What both sides have agreed on: whether they have. */
        bool (*tell)(void *self, eddy_tls_info *info);

        eddy_tls *(*ref)(eddy_tls *tls);
        void (*unref)(eddy_tls *tls);
};

/** Embedded at the beginning of what libeddy-tls makes. */
struct eddy_tls {
        const struct tls_impl *impl;
        bool is_server; /* the side that it is for */
};

/** See whether a context, if there is one, is for the side that is meant: 0, or -EINVAL with its detail. */
static inline int tls_check_side(const eddy_tls *tls, bool is_server)
{
        if (!tls || tls->is_server == is_server)
                return 0;
        return eddy_fail(-EINVAL, is_server ? "a client's context is not for serving"
                                            : "a server's context is not for connecting");
}

#endif
