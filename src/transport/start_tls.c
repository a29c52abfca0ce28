/* TLS under transports. */
#include "base/memory.h"
#include "transport/handshake.h"
#include "transport/transport.h"

struct securing {
        struct handshake handshake;
        eddy_transport *transport;
        eddy_tls_done done;
        void *arg;
};

/** It is over: tell, and forget it. */
static void tell(struct securing *securing, int outcome)
{
        eddy_tls_done done = securing->done;
        void *arg = securing->arg;

        securing->transport->securing = NULL;
        error_detail_adopt(securing->handshake.greeting.detail);
        handshake_finish(&securing->handshake);
        memory_free(securing);
        if (done)
                done(arg, outcome);
}

static void agreed(struct handshake *handshake, int outcome)
{
        struct securing *securing = container_of(handshake, struct securing, handshake);
        eddy_transport *transport = securing->transport;
        const struct error_detail *detail = handshake->greeting.detail;

        if (outcome == EDDY_CANCELLED)
                outcome = -ECONNABORTED;
        if (outcome < 0 && !transport->reason && !transport->flow.is_closing)
                transport->reason = outcome;
        if (detail && transport->reason == outcome)
                error_detail_set(&transport->detail, outcome, detail->text);
        transport->is_given_up = outcome < 0 && !transport->is_made;
        tell(securing, outcome);
        if (outcome < 0)
                flow_close(&transport->flow);
        transport_go_on(transport);
}

void transport_forget_securing(eddy_transport *transport)
{
        struct securing *securing = transport->securing;

        if (!securing)
                return;
        eddy_handle_cancel(&securing->handshake.greeting.op.handle);
        tell(securing, EDDY_ELOOPCLOSED);
}

int transport_secure(eddy_transport *transport, eddy_tls *tls, const char *name, eddy_tls_done done, void *arg)
{
        struct securing *securing = memory_zalloc(sizeof *securing);
        int rc;

        if (!securing)
                return -ENOMEM;
        securing->handshake.done = agreed;
        securing->transport = transport;
        securing->done = done;
        securing->arg = arg;
        rc = handshake_begin(&securing->handshake, &transport->flow, tls, name, &transport->input.rest);
        if (rc < 0)
                memory_free(securing);
        else
                transport->securing = securing;
        return rc;
}

void transport_give_up(eddy_transport *transport)
{
        transport->is_given_up = true;
        eddy_transport_abort(transport);
}

int eddy_transport_start_tls(eddy_transport *transport, eddy_tls *tls, const char *name, eddy_tls_done done,
                             void *arg)
{
        return transport->securing ? EDDY_EBUSY : transport_secure(transport, tls, name, done, arg);
}

int eddy_transport_tls_info(const eddy_transport *transport, eddy_tls_info *info)
{
        return handshake_tell(&transport->flow, info);
}
