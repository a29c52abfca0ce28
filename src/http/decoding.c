#include "http/decoding.h"

#include "base/memory.h"
#include "http/exchange.h"
#include <string.h>
#include <strings.h>

enum { IN_SIZE = 8 * 1024 };

/* How a request's body is coded; CODINGS: as nobody here knows. */
static enum coding coding_of_request(eddy_http_exchange *exchange)
{
        enum coding coding = CODING_IDENTITY;
        const char *value, *name;

        for (unsigned i = 0; (value = eddy_http_exchange_header_at(exchange, i, &name)); i++) {
                if (strcasecmp(name, "Content-Encoding") != 0 || strcasecmp(value, "identity") == 0)
                        continue;
                coding = coding == CODING_IDENTITY ? coding_of_name(value, strlen(value)) : CODINGS;
        }
        return coding;
}

bool decoding_is_needed(eddy_http_exchange *exchange)
{
        struct decoding *decoding = &exchange->decoding;

        if (decoding->state != NOBODY_LOOKED)
                return decoding->state == DECODED;
        if (exchange->service->options.decodes && exchange->body_length != 0)
                decoding->coding = coding_of_request(exchange);
        decoding->state = decoding->coding == CODING_IDENTITY ? NOT_DECODED : DECODED;
        return decoding->state == DECODED;
}

static int begin(struct decoding *decoding, const eddy_http_service_options *options)
{
        const struct decoder_limits limits = {.size = options->max_body};
        int rc;

        if (decoding->coding == CODINGS || !coding_is_built_in(decoding->coding))
                return EDDY_ENOTSUP;
        if (!decoding->in)
                decoding->in = memory_alloc(IN_SIZE);
        if (!decoding->in)
                return -ENOMEM;
        rc = decoder_begin(&decoding->decoder, decoding->coding, &limits);
        decoding->has_begun = rc == 0;
        return rc;
}

/* See that there is something to decode: 1; 0 at the body's end; or why not. */
static ssize_t fill(eddy_http_exchange *exchange)
{
        struct decoding *decoding = &exchange->decoding;
        ssize_t n;

        if (decoding->is_full || decoding->start < decoding->end)
                return 1;
        n = exchange_take(exchange, decoding->in, IN_SIZE);
        decoding->start = 0;
        decoding->end = n > 0 ? (size_t)n : 0;
        return n;
}

ssize_t decoding_read(eddy_http_exchange *exchange, void *buffer, size_t n)
{
        struct decoding *decoding = &exchange->decoding;
        struct coding_io io = {.out = buffer, .out_size = n};
        ssize_t rc = decoding->has_begun ? 0 : begin(decoding, &exchange->service->options);

        while (rc >= 0 && io.out_size == n) {
                rc = fill(exchange);
                if (rc <= 0)
                        return rc < 0 ? rc : decoder_end(&decoding->decoder);
                io.in = decoding->in + decoding->start;
                io.in_size = decoding->end - decoding->start;
                rc = decoder_feed(&decoding->decoder, &io);
                decoding->start = decoding->end - io.in_size;
                decoding->is_full = rc == CODING_FULL;
        }
        return rc < 0 ? rc : (ssize_t)(n - io.out_size);
}

void decoding_finish(struct decoding *decoding)
{
        if (decoding->has_begun)
                decoder_finish(&decoding->decoder);
        decoding->has_begun = false;
        memory_free(decoding->in);
        decoding->in = NULL;
}
