/* Conditional and partial requests, RFC 9110 sections 13 and 14. Several ranges at once are answered with the
 * whole file, as the standard allows. */
#include "http/conditions.h"

#include <string.h>
#include <strings.h>

static bool equals(const char *text, size_t n, const char *other, size_t m)
{
        return n == m && memcmp(text, other, n) == 0;
}

/* Whether a list such as `"a", W/"b"` or `*` names our ETag; weakly compared. */
static bool names_etag(const char *list, size_t n, const struct http_version *version)
{
        return equals(list, n, "*", 1) || memmem(list, n, version->etag, version->etag_size);
}

static bool is_same_or_older(const char *date, size_t n, const struct http_version *version)
{
        time_t when;

        if (equals(date, n, version->date, HTTP_DATE_SIZE))
                return true;
        return http_date_parse(date, n, &when) && version->modified <= when;
}

static bool is_unchanged(const struct http_request *request, const char *head,
                         const struct http_version *version)
{
        struct http_span value;

        if (http_request_header(request, head, "if-none-match", &value))
                return names_etag(http_text(head, value), value.size, version);
        if (http_request_header(request, head, "if-modified-since", &value))
                return is_same_or_older(http_text(head, value), value.size, version);
        return false;
}

static bool may_be_continued(const struct http_request *request, const char *head,
                             const struct http_version *version)
{
        struct http_span value;
        const char *text;

        if (!http_request_header(request, head, "if-range", &value))
                return true;
        text = http_text(head, value);
        return equals(text, value.size, version->etag, version->etag_size) ||
               equals(text, value.size, version->date, HTTP_DATE_SIZE);
}

/* A number at `*at`, -1 where there is none; more than fits is as good as the most. */
static int64_t number(const char **at, const char *end)
{
        const char *start = *at;
        int64_t value = 0;

        for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
                value = value > INT64_MAX / 10 - 1 ? INT64_MAX / 2 : value * 10 + (**at - '0');
        return *at == start ? -1 : value;
}

/* "bytes=0-99", "bytes=100-", "bytes=-100". 206, 416, or 200 for what is no single range of bytes. */
static int parse_range(const char *text, size_t n, int64_t size, struct http_range *range)
{
        const char *at = text + 6, *end = text + n;
        int64_t first, last;

        if (n < 8 || strncasecmp(text, "bytes=", 6) != 0)
                return HTTP_STATUS_OK;
        first = number(&at, end);
        if (at == end || *at++ != '-')
                return HTTP_STATUS_OK;
        last = number(&at, end);
        if (at != end || (first < 0 && last < 0) || (last >= 0 && last < first))
                return HTTP_STATUS_OK;
        if (first < 0 ? last == 0 || size == 0 : first >= size)
                return HTTP_STATUS_RANGE_NOT_SATISFIABLE;
        if (first < 0) {
                range->start = last < size ? size - last : 0;
                return HTTP_STATUS_PARTIAL_CONTENT;
        }
        range->start = first;
        if (last >= 0 && last < size)
                range->end = last + 1;
        return HTTP_STATUS_PARTIAL_CONTENT;
}

int http_conditions(const struct http_request *request, const char *head, const struct http_version *version,
                    struct http_range *range)
{
        struct http_span value;

        *range = (struct http_range){0, version->size};
        if (is_unchanged(request, head, version))
                return HTTP_STATUS_NOT_MODIFIED;
        if (request->method != HTTP_GET || !http_request_header(request, head, "range", &value) ||
            !may_be_continued(request, head, version))
                return HTTP_STATUS_OK;
        return parse_range(http_text(head, value), value.size, version->size, range);
}
