#include "http/compression.h"

#include "base/memory.h"
#include "http/beside.h"
#include "http/exchange.h"

/* What a thread makes at once, where it makes much. */
enum { OUT_SIZE = 64 * 1024 };

int compression_begin(struct compression *compression, const struct coding_plan *plan, int64_t size)
{
        int rc = encoder_begin(&compression->encoder, plan->coding, plan->level, size);

        compression->coding = plan->coding;
        compression->is_live = plan->is_live;
        compression->has_begun = rc == 0;
        return rc;
}

void compression_finish(struct compression *compression)
{
        if (compression->has_begun)
                encoder_finish(&compression->encoder);
        compression->has_begun = false;
}

/* A step of an encoder, as encoder_feed() and its like take it. */
struct step {
        struct encoder *encoder;
        struct coding_io *io;
        int (*take)(struct encoder *encoder, struct coding_io *io);
};

static intptr_t take_step(void *arg)
{
        const struct step *step = arg;

        return step->take(step->encoder, step->io);
}

/* Into the service's memory, in which nobody writes before it has been sent; 0, CODING_FULL or -ENOMEM. */
static int take_here(eddy_http_exchange *exchange, struct step *step)
{
        eddy_http_service *service = exchange->service;
        int sent = 0, rc;
        size_t size;

        step->io->out = service->body;
        step->io->out_size = sizeof service->body;
        rc = (int)take_step(step);
        size = sizeof service->body - step->io->out_size;
        if (rc >= 0 && size > 0) {
                sent = exchange->impl->send(exchange, service->body, size);
                exchange->sent += sent < 0 ? 0 : (int64_t)size;
        }
        return sent < 0 ? sent : rc;
}

/* The same, by a thread, into memory of its own. */
static int take_beside(eddy_http_exchange *exchange, struct step *step)
{
        char *out = memory_alloc(OUT_SIZE);
        intptr_t rc = 0;
        int sent = 0;

        if (!out)
                return -ENOMEM;
        step->io->out = out;
        step->io->out_size = OUT_SIZE;
        if (do_beside(NULL, "compress", take_step, step, &rc) < 0)
                rc = take_step(step);
        if (rc >= 0)
                sent = exchange_send_more(exchange, out, OUT_SIZE - step->io->out_size);
        memory_free(out);
        return sent < 0 ? sent : (int)rc;
}

static int take(eddy_http_exchange *exchange, struct step *step)
{
        bool is_long = coding_is_long(exchange->compression.coding, step->io->in_size);
        int rc = is_long ? take_beside(exchange, step) : take_here(exchange, step);
        int waited = rc == CODING_FULL ? exchange_wait_for_room(exchange) : 0;

        return waited < 0 ? waited : rc;
}

int compression_write(eddy_http_exchange *exchange, const void *data, size_t n)
{
        struct compression *compression = &exchange->compression;
        struct coding_io io = {.in = data, .in_size = n};
        struct step step = {&compression->encoder, &io, compression->is_live ? encoder_flush : encoder_feed};
        int rc = compression->failure;

        if (rc == 0 && n > 0)
                rc = exchange_wait_for_room(exchange);
        if (rc < 0 || n == 0)
                return rc;
        do
                rc = take(exchange, &step);
        while (rc == CODING_FULL);
        if (rc < 0) /* what was not taken, or sent, is missing */
                compression->failure = rc;
        return rc;
}

int compression_end(eddy_http_exchange *exchange)
{
        struct compression *compression = &exchange->compression;
        struct coding_io io = {.in_size = 0};
        struct step step = {&compression->encoder, &io, encoder_end};
        int rc = compression->failure ? compression->failure : CODING_FULL;

        while (rc == CODING_FULL)
                rc = take_here(exchange, &step);
        if (rc < 0)
                compression->failure = rc;
        else
                compression_finish(compression);
        return rc;
}

/* A body in one piece, and room for what it becomes. */
struct whole {
        const struct coding_plan *plan;
        const void *body;
        size_t size;
        char *out;
};

static intptr_t code_whole(void *arg)
{
        const struct whole *whole = arg;

        return coding_encode(whole->plan->coding, whole->plan->level, whole->body, whole->size, whole->out,
                             whole->size - 1);
}

ssize_t compression_of_whole(const struct coding_plan *plan, const void *body, size_t size, char **coded)
{
        struct whole whole = {plan, body, size, NULL};
        intptr_t n = 0;

        *coded = NULL;
        if (size <= CODING_ROOM)
                return EDDY_ELIMIT;
        whole.out = memory_alloc(size);
        if (!whole.out)
                return -ENOMEM;
        if (!coding_is_long(plan->coding, size) || do_beside(NULL, "compress", code_whole, &whole, &n) < 0)
                n = code_whole(&whole);
        if (n < 0)
                memory_free(whole.out);
        else
                *coded = whole.out;
        return n;
}
