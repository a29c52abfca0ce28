/* TLS, and TLS in TLS, as kinds of connections for the tests of transports. The other end is a plain descriptor all the same: what
 * comes and goes there is passed on by a relay, which is the server. Included by tests/transport/recorder.h. */
#ifndef TESTS_TLS_KINDS_H
#define TESTS_TLS_KINDS_H

#include "certificates.h"

static struct issued kinds_root, kinds_leaf;
static eddy_tls *kinds_server, *kinds_client;

static inline void forget_relays(void);

static inline void forget_kinds(void)
{
        forget_relays();
        eddy_tls_unref(kinds_server);
        eddy_tls_unref(kinds_client);
        forget_issued(&kinds_leaf);
        forget_issued(&kinds_root);
}

/** Make the contexts, with the first connection. */
static inline void have_contexts(void)
{
        if (kinds_server)
                return;
        kinds_root = issue(&(struct wish){.name = "root", .is_issuer = true});
        kinds_leaf = issue(&(struct wish){.issuer = &kinds_root});
        assert_int_equal(
            eddy_tls_create_server(&kinds_server, &(eddy_tls_options){.certificate_file = kinds_leaf.path}), 0);
        assert_int_equal(eddy_tls_create_client(&kinds_client, &(eddy_tls_options){.ca_file = kinds_root.path}),
                         0);
        atexit(forget_kinds);
}

/* One end. */

static inline void begin_layer(eddy_transport *transport, bool is_server, eddy_tls_done done)
{
        const char *name = is_server ? NULL : "example.org";

        assert_int_equal(
            eddy_transport_start_tls(transport, is_server ? kinds_server : kinds_client, name, done, transport),
            0);
}

static inline void begin_inner_client(void *arg, int rc)
{
        if (rc == 0)
                begin_layer(arg, false, NULL);
}

static inline void begin_inner_server(void *arg, int rc)
{
        if (rc == 0)
                begin_layer(arg, true, NULL);
}

/** Have layers of TLS under a transport that was not made yet: it is when both sides have agreed on the last. */
static inline void secure_end(eddy_transport *transport, int layers, bool is_server)
{
        eddy_tls_done inner = is_server ? begin_inner_server : begin_inner_client;

        have_contexts();
        begin_layer(transport, is_server, layers > 1 ? inner : NULL);
}

/* The relay. */

/** One side of it. */
struct relayed {
        eddy_transport *transport; /* NULL: not made yet, or lost */
        struct relayed *other;
        bool has_ended;
};

/** Kept to the end, since nobody is told of a side that was never made. */
struct relay {
        struct relayed sides[2];
        struct relay *next;
};

static struct relay *relays;

static inline void forget_relays(void)
{
        while (relays) {
                struct relay *next = relays->next;

                free(relays);
                relays = next;
        }
}

/** The one that is made first holds what comes until the other one is there. */
static inline void relay_made(eddy_transport *transport, void *self)
{
        struct relayed *side = self;

        side->transport = transport;
        if (!side->other->transport)
                eddy_transport_pause_reading(transport);
        else
                eddy_transport_resume_reading(side->other->transport);
}

static inline void relay_data(eddy_transport *transport, void *self, const void *data, size_t n)
{
        const struct relayed *side = self;

        (void)transport;
        if (side->other->transport)
                eddy_transport_write(side->other->transport, data, n);
}

static inline bool relay_end(eddy_transport *transport, void *self)
{
        struct relayed *side = self;

        side->has_ended = true;
        if (side->other->transport)
                eddy_transport_write_eof(side->other->transport);
        if (!side->other->has_ended && side->other->transport)
                return true;
        if (side->other->transport)
                eddy_transport_close(side->other->transport);
        eddy_transport_close(transport);
        return false;
}

static inline void relay_lost(eddy_transport *transport, void *self, int reason)
{
        struct relayed *side = self, *other = side->other;

        (void)transport;
        side->transport = NULL;
        if (!other->transport)
                return;
        if (reason == 0)
                eddy_transport_close(other->transport);
        else
                eddy_transport_abort(other->transport);
}

static inline void relay_pause(eddy_transport *transport, void *self)
{
        const struct relayed *side = self;

        (void)transport;
        if (side->other->transport)
                eddy_transport_pause_reading(side->other->transport);
}

static inline void relay_resume(eddy_transport *transport, void *self)
{
        const struct relayed *side = self;

        (void)transport;
        if (side->other->transport)
                eddy_transport_resume_reading(side->other->transport);
}

static const eddy_protocol relaying = {
    .connection_made = relay_made,
    .data_received = relay_data,
    .eof_received = relay_end,
    .connection_lost = relay_lost,
    .pause_writing = relay_pause,
    .resume_writing = relay_resume,
};

/** Pass on between a descriptor on which TLS is spoken and one on which it is not; both are the relay's. */
static inline void pass_on(int secured, int plain, int layers)
{
        struct relay *relay = calloc(1, sizeof *relay);
        struct relayed *sides = relay->sides;
        eddy_transport *transport;

        relay->next = relays;
        relays = relay;
        sides[0].other = &sides[1];
        sides[1].other = &sides[0];
        assert_int_equal(eddy_transport_from_socket(NULL, NULL, plain, &relaying, &sides[1]), 0);
        assert_int_equal(eddy_transport_from_socket(&transport, NULL, secured, &relaying, &sides[0]), 0);
        secure_end(transport, layers, true);
}

#endif
