#include "http_client/unwrap.h"

#include "base/memory.h"
#include <eddy/error.h>
#include <limits.h>
#include <string.h>
#include <strings.h>

enum {
        LAYERS_MAX = 5,      /* as many as curl takes; two is already rare */
        BETWEEN = 8 * 1024,  /* bytes between two of them */
        NAME_MAX_SHOWN = 32, /* of a coding, in a message */
        ZLIB_FIRST = 0x78,   /* the first byte of zlib's frame */
};

/* One coding. */
struct layer {
        enum coding coding; /* CODINGS: none that is known */
        struct decoder decoder;
        bool has_begun;
        char *in;          /* what the layer before it makes; NULL: it is the first, and takes what came */
        size_t start, end; /* of that */
};

struct unwrapping {
        unsigned count;
        struct layer layers[]; /* from the one that was put on last to the first */
};

/* The names in a header's lists. */
struct names {
        const eddy_http_response *response;
        const char *header;
        unsigned place;
        const char *at; /* NULL: in no line yet */
};

static const char *next_line(struct names *names)
{
        const char *name, *value;

        while ((name = eddy_http_response_header_at(names->response, names->place++, &value)))
                if (strcasecmp(name, names->header) == 0)
                        return value;
        return NULL;
}

/* Its size; 0: there is no further one. */
static size_t next_name(struct names *names, const char **name)
{
        for (;;) {
                size_t size;

                names->at = names->at && *names->at ? names->at : next_line(names);
                if (!names->at)
                        return 0;
                names->at += strspn(names->at, ", \t");
                size = strcspn(names->at, ", \t;");
                *name = names->at;
                names->at += size + strcspn(names->at + size, ",");
                if (size > 0)
                        return size;
        }
}

static bool is_named(const char *name, size_t size, const char *text)
{
        return strlen(text) == size && strncasecmp(name, text, size) == 0;
}

/* curl's second name for identity, too. */
static bool is_nothing(const char *name, size_t size)
{
        return is_named(name, size, "identity") || is_named(name, size, "none");
}

/* The next that is to be undone; 0: there is none. */
static size_t next_coding(struct names *names, const char **name)
{
        size_t size;

        do
                size = next_name(names, name);
        while (size > 0 && is_nothing(*name, size));
        return size;
}

static struct names codings_of(const eddy_http_response *response)
{
        return (struct names){.response = response, .header = "Content-Encoding"};
}

bool unwrap_is_needed(const eddy_http_response *response)
{
        struct names names = codings_of(response);
        const char *name;

        return next_coding(&names, &name) > 0;
}

bool unwrap_is_hopeless(const eddy_http_response *response)
{
        struct names names = {.response = response, .header = "Transfer-Encoding"};
        const char *name;
        size_t size;

        while ((size = next_name(&names, &name)))
                if (!is_named(name, size, "chunked") && !is_nothing(name, size))
                        return true;
        return false;
}

/* 0: what it names can be undone here. */
static int check(struct layer *layer, const char *name, size_t size)
{
        int shown = (int)(size < NAME_MAX_SHOWN ? size : NAME_MAX_SHOWN);

        layer->coding = coding_of_name(name, size);
        if (layer->coding == CODINGS)
                return eddy_fail(EDDY_EPROTOCOL,
                                 "the body comes in the content encoding %.*s, which nobody asked for", shown,
                                 name);
        if (!coding_is_built_in(layer->coding))
                return eddy_fail(EDDY_EPROTOCOL,
                                 "the body comes in the content encoding %.*s, which this build cannot undo",
                                 shown, name);
        return 0;
}

int unwrap_begin(struct unwrapping **unwrapping, const eddy_http_response *response)
{
        struct names names = codings_of(response);
        struct layer layers[LAYERS_MAX] = {{.coding = CODING_IDENTITY}};
        unsigned count = 0;
        const char *name;
        size_t size;

        while ((size = next_coding(&names, &name))) {
                int rc;

                if (count == LAYERS_MAX)
                        return eddy_fail(EDDY_EPROTOCOL, "the body comes in more than %d content encodings",
                                         LAYERS_MAX);
                rc = check(&layers[count++], name, size);
                if (rc < 0)
                        return rc;
        }
        *unwrapping = memory_zalloc(sizeof **unwrapping + count * sizeof *layers);
        if (!*unwrapping)
                return -ENOMEM;
        (*unwrapping)->count = count;
        for (unsigned i = 0; i < count; i++)
                (*unwrapping)->layers[i] = layers[count - 1 - i];
        return 0;
}

/* Servers have been seen that call zlib's frame gzip, and curl takes it so. */
static enum coding coding_in_truth(const struct layer *layer, unsigned char first)
{
        return layer->coding == CODING_GZIP && first == ZLIB_FIRST ? CODING_DEFLATE : layer->coding;
}

/* With its first bytes, for without any there is nothing to undo. */
static int begin_layer(struct layer *layer, const struct coding_io *io)
{
        /* How much is too much its reader knows. */
        const struct decoder_limits limits = {.size = UINT64_MAX, .ratio = UINT_MAX, .drops_rest = true};
        int rc =
            decoder_begin(&layer->decoder, coding_in_truth(layer, *(const unsigned char *)io->in), &limits);

        layer->has_begun = rc == 0;
        return rc;
}

static int fail(const struct layer *layer, int rc)
{
        const char *name = coding_name(layer->coding);

        switch (rc) {
        case EDDY_EPROTOCOL:
                return eddy_fail(rc, "the body is no %s, which its head calls it", name);
        case EDDY_EINCOMPLETE:
                return eddy_fail(rc, "the body ends before its %s does", name);
        case EDDY_ELIMIT:
                return eddy_fail(rc, "the body's %s looks back further than HTTP allows", name);
        default:
                return rc;
        }
}

static int feed(struct layer *layer, struct coding_io *io, uint64_t *work)
{
        size_t in = io->in_size, out = io->out_size;
        int rc = 0;

        if (!layer->has_begun && in > 0)
                rc = begin_layer(layer, io);
        if (layer->has_begun)
                rc = decoder_feed(&layer->decoder, io);
        *work += in - io->in_size + out - io->out_size;
        return rc < 0 ? fail(layer, rc) : 0;
}

/* From a layer's own bytes, or what came, to the next one's, or the reader. */
static int step(struct unwrapping *unwrapping, unsigned i, struct coding_io *io, uint64_t *work)
{
        struct layer *layer = &unwrapping->layers[i], *next = i + 1 < unwrapping->count ? layer + 1 : NULL;
        struct coding_io own = *io;
        int rc;

        if (next && next->start < next->end)
                return 0; /* its turn first */
        if (next && !next->in)
                next->in = memory_alloc(BETWEEN);
        if (next && !next->in)
                return -ENOMEM;
        if (i > 0) {
                own.in = layer->in + layer->start;
                own.in_size = layer->end - layer->start;
        }
        if (next) {
                own.out = next->in;
                own.out_size = BETWEEN;
        }
        rc = feed(layer, &own, work);
        if (i > 0) {
                layer->start = layer->end - own.in_size;
        } else {
                io->in = own.in;
                io->in_size = own.in_size;
        }
        if (next) {
                next->start = 0;
                next->end = BETWEEN - own.out_size;
        } else {
                io->out = own.out;
                io->out_size = own.out_size;
        }
        return rc;
}

int unwrap_some(struct unwrapping *unwrapping, struct coding_io *io, uint64_t *work)
{
        int rc = 0;

        *work = 0;
        for (unsigned i = 0; rc == 0 && i < unwrapping->count; i++)
                rc = step(unwrapping, i, io, work);
        return rc;
}

int unwrap_end(const struct unwrapping *unwrapping)
{
        for (unsigned i = 0; i < unwrapping->count; i++) {
                const struct layer *layer = &unwrapping->layers[i];
                int rc = layer->has_begun ? decoder_end(&layer->decoder) : 0;

                if (rc < 0)
                        return fail(layer, rc);
        }
        return 0;
}

void unwrap_free(struct unwrapping *unwrapping)
{
        for (unsigned i = 0; unwrapping && i < unwrapping->count; i++) {
                if (unwrapping->layers[i].has_begun)
                        decoder_finish(&unwrapping->layers[i].decoder);
                memory_free(unwrapping->layers[i].in);
        }
        memory_free(unwrapping);
}
