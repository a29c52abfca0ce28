/* A delimiter is CR LF, "--" and the boundary. No CR is in it but the first byte, so where it is not matched to its end, none can have
 * begun within what was: that is content, and scanning goes on behind it. What was matched is not kept, since the delimiter has
 * the same bytes. */
#include "http/multipart_parser.h"

#include "http/strict.h"
#include <eddy/error.h>
#include <string.h>

enum state {
        PREAMBLE,
        CONTENT,
        AFTER,    /* a delimiter */
        HYPHEN,   /* the first of those behind the last one */
        PADDING,  /* blanks behind a delimiter */
        LINE_END, /* CR behind a delimiter, or behind those */
        HEAD,
        EPILOGUE,
};

enum { LINE_BREAK = 2 };

static bool is_boundary(const char *text, size_t n)
{
        static const char marks[] = "'()+_,-./:=? ";

        for (size_t i = 0; i < n; i++)
                if (!((text[i] >= '0' && text[i] <= '9') ||
                      ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z') || strchr(marks, text[i])))
                        return false;
        return n > 0 && n <= MULTIPART_BOUNDARY_MAX && text[n - 1] != ' ';
}

/* At the beginning of all, or of a part's content, the line's end before a delimiter may be one that was taken already. */
static void begin_scan(struct multipart_parser *parser, enum state state)
{
        parser->state = (unsigned char)state;
        parser->matched = parser->imagined = LINE_BREAK;
}

int multipart_parser_init(struct multipart_parser *parser, const char *boundary, char *head, size_t capacity)
{
        size_t n = strlen(boundary);

        if (!is_boundary(boundary, n))
                return -EINVAL;
        *parser = (struct multipart_parser){.head = head, .head_capacity = capacity};
        memcpy(parser->delimiter, "\r\n--", 4);
        memcpy(parser->delimiter + 4, boundary, n);
        parser->size = (unsigned char)(4 + n);
        begin_scan(parser, PREAMBLE);
        return 0;
}

static void tell(struct multipart_piece *piece, enum multipart_event event)
{
        *piece = (struct multipart_piece){.event = event};
}

static void tell_content(struct multipart_piece *piece, const char *content, size_t size)
{
        *piece = (struct multipart_piece){MULTIPART_CONTENT, content, size};
}

/* Match on: how many of these bytes are the delimiter's next. */
static size_t match(struct multipart_parser *parser, const char *data, size_t n)
{
        size_t i = 0;

        while (i < n && parser->matched < parser->size && data[i] == parser->delimiter[parser->matched]) {
                parser->matched++;
                i++;
        }
        return i;
}

/* Nothing is matched: how many bytes are before the next place where a delimiter begins, or may go on behind what there is. */
static size_t find_delimiter(const struct multipart_parser *parser, const char *data, size_t n)
{
        const char *at = data, *end = data + n;

        while ((at = memchr(at, '\r', (size_t)(end - at)))) {
                size_t there = (size_t)(end - at);

                if (memcmp(at, parser->delimiter, there < parser->size ? there : parser->size) == 0)
                        return (size_t)(at - data);
                at++;
        }
        return n;
}

/* Up to the next delimiter: content, or what is before the first part and told of to nobody. */
static size_t scan(struct multipart_parser *parser, const char *data, size_t n, struct multipart_piece *piece)
{
        size_t taken = match(parser, data, n), held = (size_t)(parser->matched - parser->imagined);
        bool is_content = parser->state == CONTENT;

        if (parser->matched == parser->size) {
                parser->state = AFTER;
                if (is_content)
                        tell(piece, MULTIPART_PART_END);
                return taken;
        }
        if (taken == n)
                return n;
        if (is_content && held > 0)
                tell_content(piece, parser->delimiter + parser->imagined, held);
        parser->matched = parser->imagined = 0;
        if (piece->event == MULTIPART_CONTENT)
                return taken;
        data += taken;
        n = find_delimiter(parser, data, n - taken);
        if (is_content && n > 0)
                tell_content(piece, data, n);
        return taken + n;
}

static int put(struct multipart_parser *parser, char byte)
{
        if (parser->head_size >= parser->head_capacity)
                return eddy_fail(EDDY_ELIMIT, "a part with more than %zu bytes of headers",
                                 parser->head_capacity);
        parser->head[parser->head_size++] = byte;
        return 0;
}

/* The line of the head that has ended: without blanks behind its value, and terminated. */
static int end_line(struct multipart_parser *parser)
{
        size_t at = parser->line;

        if (parser->head_size > at && (parser->head[at] == ' ' || parser->head[at] == '\t'))
                return eddy_fail(EDDY_EPROTOCOL, "a part with a folded header");
        while (at < parser->head_size && http_is_token_byte(parser->head[at]))
                at++;
        if (parser->head_size > parser->line &&
            (at == parser->line || at == parser->head_size || parser->head[at] != ':'))
                return eddy_fail(EDDY_EPROTOCOL, "a part with a header that is none");
        while (parser->head_size > at &&
               (parser->head[parser->head_size - 1] == ' ' || parser->head[parser->head_size - 1] == '\t'))
                parser->head_size--;
        return put(parser, '\0');
}

static bool is_head_byte(char byte)
{
        return ((unsigned char)byte >= ' ' && byte != 0x7f) || byte == '\t';
}

/* One byte of a head, in which CR is kept until LF comes. */
static int take_head_byte(struct multipart_parser *parser, char byte, struct multipart_piece *piece)
{
        bool was_cr = parser->head_size > parser->line && parser->head[parser->head_size - 1] == '\r';
        bool is_empty;
        int rc;

        if (!was_cr && (byte == '\r' || is_head_byte(byte)))
                return put(parser, byte);
        if (!was_cr || byte != '\n')
                return eddy_fail(EDDY_EPROTOCOL,
                                 "a part whose headers have a control character, or CR or LF alone");
        parser->head_size--;
        is_empty = parser->head_size == parser->line;
        rc = end_line(parser);
        parser->line = parser->head_size;
        if (rc == 0 && is_empty) {
                begin_scan(parser, CONTENT);
                tell(piece, MULTIPART_PART);
        }
        return rc;
}

static int fail_after_delimiter(void)
{
        return eddy_fail(EDDY_EPROTOCOL, "a boundary that goes on within its line");
}

/* One byte behind a delimiter. */
static int take_byte_after(struct multipart_parser *parser, char byte, struct multipart_piece *piece)
{
        enum state state = parser->state;

        if (state == HYPHEN && byte == '-') {
                parser->state = EPILOGUE;
                tell(piece, MULTIPART_END);
        } else if (state == LINE_END && byte == '\n') {
                parser->state = HEAD;
                parser->head_size = parser->line = 0;
        } else if (state == AFTER && byte == '-') {
                parser->state = HYPHEN;
        } else if ((state == AFTER || state == PADDING) && (byte == ' ' || byte == '\t')) {
                parser->state = PADDING;
        } else if ((state == AFTER || state == PADDING) && byte == '\r') {
                parser->state = LINE_END;
        } else {
                return fail_after_delimiter();
        }
        return 0;
}

/* Some bytes: how many were taken. */
static ssize_t step(struct multipart_parser *parser, const char *data, size_t n, struct multipart_piece *piece)
{
        int rc;

        switch (parser->state) {
        case PREAMBLE:
        case CONTENT:
                return (ssize_t)scan(parser, data, n, piece);
        case EPILOGUE:
                return (ssize_t)n;
        case HEAD:
                rc = take_head_byte(parser, *data, piece);
                return rc < 0 ? rc : 1;
        default:
                rc = take_byte_after(parser, *data, piece);
                return rc < 0 ? rc : 1;
        }
}

ssize_t multipart_parser_feed(struct multipart_parser *parser, const char *data, size_t n,
                              struct multipart_piece *piece)
{
        size_t taken = 0;

        tell(piece, MULTIPART_MORE);
        while (taken < n && piece->event == MULTIPART_MORE) {
                ssize_t rc = step(parser, data + taken, n - taken, piece);

                if (rc < 0)
                        return rc;
                taken += (size_t)rc;
        }
        return (ssize_t)taken;
}
