/* The ends of connections between protocols: each is told of its beginning and its end once, or of neither. */
#ifndef TESTS_FAULTS_ENDS_H
#define TESTS_FAULTS_ENDS_H

#include "scenarios.h"

#include <stdlib.h>

enum { MUCH = 300 * 1000 };

/** One end. */
struct end {
        eddy_transport *transport;
        bool is_served; /* nobody waits for it but the server */
        eddy_event lost;
        size_t heard;
        int made, gone;
};

static inline void made(eddy_transport *transport, void *self)
{
        struct end *end = self;

        end->transport = transport;
        end->made++;
}

static inline void lost(eddy_transport *transport, void *self, int reason)
{
        struct end *end = self;

        (void)transport, (void)reason;
        if (++end->gone != 1 || end->made != 1)
                abort();
        if (end->is_served)
                free(end);
        else
                eddy_event_set(&end->lost);
}

static inline void send_back(eddy_transport *transport, void *self, const void *data, size_t n)
{
        (void)self;
        eddy_transport_write(transport, data, n);
}

static inline void count(eddy_transport *transport, void *self, const void *data, size_t n)
{
        struct end *end = self;

        (void)data;
        end->heard += n;
        if (end->heard == MUCH)
                eddy_transport_close(transport);
}

static const eddy_protocol echoing = {
    .connection_made = made, .data_received = send_back, .connection_lost = lost};
static const eddy_protocol counting = {
    .connection_made = made, .data_received = count, .connection_lost = lost};

static inline void *new_end(void *arg)
{
        struct end *end = calloc(1, sizeof *end);

        (void)arg;
        if (!end)
                abort(); /* the tests' own memory does not fail */
        end->is_served = true;
        return end;
}

/** Wait until an end is lost, and see to it where one is interrupted. */
static inline int await_loss(struct end *end, eddy_transport *transport)
{
        int rc;

        EDDY_TIMEOUT_SCOPE(eddy_seconds(2)) /* for where what fails is never told to the other */
                rc = eddy_event_wait(&end->lost);
        if (!eddy_event_is_set(&end->lost)) {
                eddy_transport_abort(transport);
                EDDY_SHIELD_SCOPE
                        eddy_event_wait(&end->lost);
        }
        eddy_event_finish(&end->lost);
        return rc;
}

#endif
