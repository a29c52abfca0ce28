/* llhttp's versions differ in what they let pass in chunks, and smuggling lives there: so their few rules are kept here, as RFC 9112 has
 * them, and nothing else passes. */
#include "http/body.h"

#include "base/memory.h"
#include "http/strict.h"
#include "http_common/escape.h"
#include <eddy/error.h>
#include <string.h>

enum {
        LINE_MAX = 1024,       /* of a chunk's size and extensions */
        FREE_OF_WASTE = 16,    /* bytes of a chunk's line that are not counted, */
        WASTE_MAX = 16 * 1024, /* and how many more than twice its data there may be in all */
        DIGITS_MAX = 15,
};

void body_begin(struct http_body *body, int64_t length)
{
        *body = (struct http_body){.is_chunked = length < 0};
        if (length < 0)
                body->state = BODY_SIZE;
        else if (length == 0)
                body->state = BODY_OVER;
        else
                body->left = (uint64_t)length;
}

void body_finish(struct http_body *body)
{
        memory_free(body->trailers);
        *body = (struct http_body){.state = BODY_OVER};
}

void body_take(struct http_body *body, size_t n)
{
        body->left -= n;
        body->total += n;
        if (body->left == 0)
                body->state = body->is_chunked ? BODY_DATA_CR : BODY_OVER;
}

/* A byte of a line may be anything that is no control character, in which another parser could see its end. */
static bool is_in_line(char byte)
{
        return (unsigned char)byte >= ' ' ? byte != 0x7f : byte == '\t';
}

/* One line's length is known, and so is what it costs beyond the data that it brings. */
static int begin_chunk(struct http_body *body)
{
        body->waste += (int64_t)body->line - FREE_OF_WASTE - 2 * (int64_t)body->left;
        if (body->waste < 0)
                body->waste = 0;
        body->line = body->digits = 0;
        body->state = body->left > 0 ? BODY_DATA : BODY_TRAILER;
        return body->waste > WASTE_MAX ? EDDY_EPROTOCOL : 0;
}

static int note_size(struct http_body *body, char byte)
{
        int value = escape_digit(byte);

        if (value >= 0) {
                if (body->digits == 0)
                        body->left = 0;
                body->left = body->left << 4 | (unsigned)value;
                return ++body->digits > DIGITS_MAX ? EDDY_EPROTOCOL : 0;
        }
        if (body->digits == 0)
                return EDDY_EPROTOCOL;
        if (byte == '\r')
                body->state = BODY_SIZE_LF;
        else if (byte == ';')
                body->state = BODY_EXTENSION;
        else if (byte == ' ' || byte == '\t')
                body->state = BODY_BLANK;
        else
                return EDDY_EPROTOCOL;
        return 0;
}

static int keep_trailer(struct http_body *body, char byte)
{
        if (body->trailers_size == HTTP_TRAILERS_MAX)
                return EDDY_EPROTOCOL;
        if (!body->trailers)
                body->trailers = memory_alloc(HTTP_TRAILERS_MAX);
        if (!body->trailers)
                return -ENOMEM;
        body->trailers[body->trailers_size++] = byte;
        return 0;
}

/* A line that was kept is a name, a colon and a value; nothing is folded. */
static int end_trailer(struct http_body *body)
{
        const char *line = body->trailers + body->line_start;
        const char *end = body->trailers + body->trailers_size, *colon = line;

        while (colon < end && http_is_token_byte(*colon))
                colon++;
        if (colon == line || colon == end || *colon != ':')
                return EDDY_EPROTOCOL;
        body->state = BODY_TRAILER;
        return keep_trailer(body, '\0');
}

/* Blanks may be between a size and its extensions, or the end of its line. */
static int pass_blank(struct http_body *body, char byte)
{
        if (byte == '\r')
                body->state = BODY_SIZE_LF;
        else if (byte == ';')
                body->state = BODY_EXTENSION;
        else if (byte != ' ' && byte != '\t')
                return EDDY_EPROTOCOL;
        return 0;
}

static int expect(struct http_body *body, bool is_there, enum body_state next)
{
        body->state = next;
        return is_there ? 0 : EDDY_EPROTOCOL;
}

/* One byte of framing. */
static int step(struct http_body *body, char byte)
{
        switch (body->state) {
        case BODY_SIZE:
                return ++body->line > LINE_MAX ? EDDY_EPROTOCOL : note_size(body, byte);
        case BODY_BLANK:
                return ++body->line > LINE_MAX ? EDDY_EPROTOCOL : pass_blank(body, byte);
        case BODY_EXTENSION:
                if (byte == '\r')
                        body->state = BODY_SIZE_LF;
                return ++body->line <= LINE_MAX && (byte == '\r' || is_in_line(byte)) ? 0 : EDDY_EPROTOCOL;
        case BODY_SIZE_LF:
                return byte == '\n' ? begin_chunk(body) : EDDY_EPROTOCOL;
        case BODY_DATA_CR:
                return expect(body, byte == '\r', BODY_DATA_LF);
        case BODY_DATA_LF:
                return expect(body, byte == '\n', BODY_SIZE);
        case BODY_TRAILER:
                if (byte == '\r')
                        return expect(body, true, BODY_LAST_LF);
                body->line_start = body->trailers_size;
                body->state = BODY_TRAILER_REST;
                return is_in_line(byte) ? keep_trailer(body, byte) : EDDY_EPROTOCOL;
        case BODY_TRAILER_REST:
                if (byte == '\r')
                        return expect(body, true, BODY_TRAILER_LF);
                return is_in_line(byte) ? keep_trailer(body, byte) : EDDY_EPROTOCOL;
        case BODY_TRAILER_LF:
                return byte == '\n' ? end_trailer(body) : EDDY_EPROTOCOL;
        case BODY_LAST_LF:
                return expect(body, byte == '\n', BODY_OVER);
        default:
                return EDDY_EPROTOCOL;
        }
}

ssize_t body_find(struct http_body *body, const char *in, size_t n, size_t *size)
{
        size_t at = 0;

        *size = 0;
        if (body->state == BODY_BAD)
                return EDDY_EPROTOCOL;
        while (at < n && body->state != BODY_DATA && body->state != BODY_OVER) {
                int rc = step(body, in[at++]);

                if (rc < 0) {
                        body->state = BODY_BAD;
                        return rc;
                }
        }
        if (body->state == BODY_DATA)
                *size = n - at < body->left ? n - at : (size_t)body->left;
        return (ssize_t)at;
}

ssize_t body_pass_over(struct http_body *body, const char *in, size_t n)
{
        size_t at = 0, size;

        while (at < n && !body_is_over(body)) {
                ssize_t found = body_find(body, in + at, n - at, &size);

                if (found < 0)
                        return found;
                at += (size_t)found + size;
                if (size > 0)
                        body_take(body, size);
        }
        return (ssize_t)at;
}

bool body_ends_within(const struct http_body *body, const char *in, size_t n)
{
        struct http_body ahead = *body;
        bool ends;

        if (ahead.trailers) /* where some are there already, the last ones are about to come */
                return false;
        ends = body_pass_over(&ahead, in, n) >= 0 && body_is_over(&ahead);
        body_finish(&ahead);
        return ends;
}
