/* llhttp finds where names and values begin and end; its versions and their flags differ in what they allow between them.
 * So that is looked at here, span by span rather than byte by byte. */
#include "http/strict.h"

#include "http/target.h"
#include <string.h>
#include <strings.h>

static size_t skip_blanks(const char *head, size_t at, size_t n)
{
        while (at < n && (head[at] == ' ' || head[at] == '\t'))
                at++;
        return at;
}

static bool is_line_end(const char *head, size_t at, size_t n)
{
        return at + 2 <= n && head[at] == '\r' && head[at + 1] == '\n';
}

/* The first line, behind empty ones: where it ends, or 0 where it is no good. */
static size_t check_first_line(const struct http_request *request, const char *head, size_t n)
{
        const char *method = llhttp_method_name((llhttp_method_t)request->method);
        size_t at = 0, size = strlen(method), end = request->target.at + request->target.size;

        while (is_line_end(head, at, n))
                at += 2;
        if (request->target.size == 0 || request->target.at != at + size + 1 || end + 11 > n ||
            memcmp(head + at, method, size) != 0 || head[at + size] != ' ')
                return 0;
        if (memcmp(head + end, " HTTP/", 6) != 0 || head[end + 7] != '.' || !is_line_end(head, end + 9, n))
                return 0;
        return end + 11;
}

/* One that begins at `at`: where it ends, or 0. */
static size_t check_header(struct http_header *header, const char *head, size_t at, size_t n)
{
        struct http_span *value = &header->value;
        const char *name = head + header->name.at;

        if (header->name.size == 0 || header->name.at != at || memchr(name, ' ', header->name.size))
                return 0;
        at += header->name.size;
        if (at >= n || head[at] != ':')
                return 0;
        at = skip_blanks(head, at + 1, n);
        if (value->size == 0)
                value->at = (uint32_t)at; /* llhttp has it behind the line's end, where the next name begins */
        if (value->at != at)
                return 0;
        at += value->size;
        while (value->size > 0 && (head[at - 1] == ' ' || head[at - 1] == '\t')) {
                value->size--;
                at--;
        }
        at = skip_blanks(head, at, n);
        return is_line_end(head, at, n) ? at + 2 : 0;
}

bool http_check_headers(struct http_header *headers, unsigned count, const char *head, size_t at, size_t n)
{
        for (unsigned i = 0; at > 0 && i < count; i++)
                at = check_header(&headers[i], head, at, n);
        return at > 0 && is_line_end(head, at, n) && at + 2 == n;
}

int http_check_layout(struct http_request *request, const char *head, size_t n)
{
        size_t at = check_first_line(request, head, n);

        return http_check_headers(request->headers, request->header_count, head, at, n)
                   ? 0
                   : HTTP_STATUS_BAD_REQUEST;
}

/* What a byte can be part of. */
enum { TOKEN = 1, HOST = 2, TARGET = 4, HEX = 8, ANY = TOKEN | HOST | TARGET };

static const unsigned char uses[256] = {
    ['0' ... '9'] = ANY | HEX,
    ['A' ... 'F'] = ANY | HEX,
    ['G' ... 'Z'] = ANY,
    ['a' ... 'f'] = ANY | HEX,
    ['g' ... 'z'] = ANY,
    ['-'] = ANY,
    ['_'] = ANY,
    ['~'] = ANY,
    ['.'] = ANY,
    ['!'] = ANY,
    ['$'] = ANY,
    ['&'] = ANY,
    ['*'] = ANY,
    ['+'] = ANY,
    [0x27] = ANY, /* an apostrophe */
    ['^'] = TOKEN | TARGET,
    ['`'] = TOKEN | TARGET,
    ['|'] = TOKEN | TARGET,
    ['#'] = TOKEN,
    ['%'] = TOKEN | HOST, /* in a target, an escape is looked at */
    ['('] = HOST | TARGET,
    [')'] = HOST | TARGET,
    [','] = HOST | TARGET,
    [';'] = HOST | TARGET,
    ['='] = HOST | TARGET,
    ['/'] = TARGET,
    [':'] = TARGET,
    ['?'] = TARGET,
    ['@'] = TARGET,
    ['['] = TARGET,
    [']'] = TARGET,
    ['"'] = TARGET, /* what RFC 3986 does not have, and nobody ends a target at */
    ['<'] = TARGET,
    ['>'] = TARGET,
    [0x5c] = TARGET,
    ['{'] = TARGET,
    ['}'] = TARGET,
};

static bool is(char byte, unsigned use)
{
        return uses[(unsigned char)byte] & use;
}

bool http_is_token_byte(char byte)
{
        return is(byte, TOKEN);
}

static size_t skip_digits(const char *text, size_t at, size_t n)
{
        while (at < n && text[at] >= '0' && text[at] <= '9')
                at++;
        return at;
}

/* The end of a name or an address in brackets; 0 where it is neither. */
static size_t skip_host(const char *text, size_t n)
{
        size_t at = 0;

        if (n > 0 && text[0] == '[') {
                for (at = 1; at < n && (is(text[at], HEX) || text[at] == ':' || text[at] == '.');)
                        at++;
                return at > 1 && at < n && text[at] == ']' ? at + 1 : 0;
        }
        for (; at < n && is(text[at], HOST); at++)
                if (text[at] == '.' && at > 0 && text[at - 1] == '.')
                        return 0;
        return at;
}

bool http_is_host(const char *text, size_t n)
{
        size_t at = skip_host(text, n);

        if (at == 0)
                return false;
        return at == n || (text[at] == ':' && skip_digits(text, at + 1, n) == n);
}

bool http_is_text(const char *text, size_t n, const char *name)
{
        return strlen(name) == n && strncasecmp(text, name, n) == 0;
}

enum http_field http_field_of(const char *name, size_t n)
{
        static const char *const names[FIELDS] = {
            [FIELD_HOST] = "host",
            [FIELD_CONTENT_LENGTH] = "content-length",
            [FIELD_TRANSFER_ENCODING] = "transfer-encoding",
            [FIELD_RANGE] = "range",
            [FIELD_IF_RANGE] = "if-range",
            [FIELD_IF_MODIFIED_SINCE] = "if-modified-since",
            [FIELD_IF_UNMODIFIED_SINCE] = "if-unmodified-since",
            [FIELD_EXPECT] = "expect",
            [FIELD_CONTENT_TYPE] = "content-type",
            [FIELD_CONTENT_RANGE] = "content-range",
            [FIELD_AUTHORIZATION] = "authorization",
            [FIELD_IF_MATCH] = "if-match",
            [FIELD_IF_NONE_MATCH] = "if-none-match",
        };
        /* Those of each length, a bit each, so that most headers are compared with nothing. */
        static const unsigned short of_length[] = {
            [4] = 1u << FIELD_HOST,
            [5] = 1u << FIELD_RANGE,
            [6] = 1u << FIELD_EXPECT,
            [8] = 1u << FIELD_IF_RANGE | 1u << FIELD_IF_MATCH,
            [12] = 1u << FIELD_CONTENT_TYPE,
            [13] = 1u << FIELD_CONTENT_RANGE | 1u << FIELD_AUTHORIZATION | 1u << FIELD_IF_NONE_MATCH,
            [14] = 1u << FIELD_CONTENT_LENGTH,
            [17] = 1u << FIELD_TRANSFER_ENCODING | 1u << FIELD_IF_MODIFIED_SINCE,
            [19] = 1u << FIELD_IF_UNMODIFIED_SINCE,
        };
        unsigned left = n < sizeof of_length / sizeof *of_length ? of_length[n] : 0;

        for (; left; left &= left - 1) {
                int field = __builtin_ctz(left);

                if (strncasecmp(name, names[field], n) == 0)
                        return (enum http_field)field;
        }
        return FIELDS;
}

int http_check_length(const char *text, size_t n)
{
        if (n == 0 || n > 18 || skip_digits(text, 0, n) != n)
                return -1;
        return strspn(text, "0") < n;
}

/* What absolute-form names before its path; its size is 0 in a target of another form. What https names is no server that is asked in the
 * clear. */
static struct http_span find_authority(const struct http_request *request, const char *head)
{
        struct http_span target = request->target;
        const char *text = http_text(head, target);
        size_t scheme = http_target_scheme(text, target.size), n = scheme;

        if (scheme == 0 || (scheme == strlen("https://") && !request->is_secure))
                return (struct http_span){0};
        while (n < target.size && text[n] != '/' && text[n] != '?')
                n++;
        return (struct http_span){target.at + (uint32_t)scheme, (uint32_t)(n - scheme)};
}

/* No byte that another parser could end it at; and in its path, no escape that is none or stands for such a byte. */
static bool has_good_bytes(const char *text, size_t n)
{
        const char *end = text + n;
        bool is_in_query = false;

        for (; text < end; text++) {
                if (is(*text, TARGET)) {
                        is_in_query |= *text == '?';
                        continue;
                }
                if (*text != '%')
                        return false;
                if (!is_in_query && (end - text < 3 || !is(text[1], HEX) || !is(text[2], HEX) ||
                                     (text[1] == '0' && text[2] == '0')))
                        return false;
        }
        return true;
}

/* A path, a URL, or `*` to ask for what the server can do. `host`: what the header says. */
static int check_target(const struct http_request *request, const char *head, const struct http_span *host)
{
        const char *text = http_text(head, request->target);
        struct http_span authority;

        if (!has_good_bytes(text, request->target.size))
                return HTTP_STATUS_BAD_REQUEST;
        if (text[0] == '/' || (request->method == HTTP_OPTIONS && request->target.size == 1 && text[0] == '*'))
                return 0;
        authority = find_authority(request, head);
        if (!http_is_host(http_text(head, authority), authority.size))
                return HTTP_STATUS_BAD_REQUEST;
        /* Who asks one host for another may have asked somebody in between for a third. */
        if (host && (host->size != authority.size ||
                     strncasecmp(http_text(head, *host), http_text(head, authority), host->size) != 0))
                return HTTP_STATUS_BAD_REQUEST;
        return 0;
}

/* Whether a body follows, and that it is clear where it ends. */
static int check_body(struct http_request *request, const char *head)
{
        const struct http_span *length = http_request_field(request, FIELD_CONTENT_LENGTH);
        const struct http_span *coding = http_request_field(request, FIELD_TRANSFER_ENCODING);
        int is_long = length ? http_check_length(http_text(head, *length), length->size) : 0;

        request->has_body = coding || is_long > 0;
        if (is_long < 0 || (coding && (length || request->minor == 0)))
                return HTTP_STATUS_BAD_REQUEST;
        if (!coding || http_is_text(http_text(head, *coding), coding->size, "chunked"))
                return 0;
        return HTTP_STATUS_NOT_IMPLEMENTED;
}

int http_check_meaning(struct http_request *request, const char *head)
{
        const struct http_span *host;
        int status;

        memset(request->fields, 0, sizeof request->fields);
        for (unsigned i = 0; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];
                enum http_field field = http_field_of(http_text(head, header->name), header->name.size);

                if (field == FIELDS)
                        continue;
                if (!request->fields[field])
                        request->fields[field] = (uint16_t)(i + 1);
                else if (field < FIELD_IF_MATCH)
                        return HTTP_STATUS_BAD_REQUEST;
        }
        status = check_body(request, head);
        if (status)
                return status;
        host = http_request_field(request, FIELD_HOST);
        if (host ? !http_is_host(http_text(head, *host), host->size) : request->minor > 0)
                return HTTP_STATUS_BAD_REQUEST;
        if (request->method == HTTP_CONNECT) /* what follows would be somebody else's protocol */
                return HTTP_STATUS_NOT_IMPLEMENTED;
        return check_target(request, head, host);
}
