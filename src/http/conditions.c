/* Conditional and partial requests, RFC 9110 sections 13 and 14. Several ranges at once are answered with the
 * whole file, as the standard allows. */
#include "http/conditions.h"

#include "http/etag.h"
#include "http/strict.h"
#include <string.h>
#include <strings.h>

static bool equals(const char *text, size_t n, const char *other, size_t m)
{
        return n == m && memcmp(text, other, n) == 0;
}

/* Whether one of If-Match or If-None-Match, in all its lines, is met by what we have. */
static bool matches(const struct http_request *request, const char *head, enum http_field field,
                    const struct http_version *version)
{
        for (unsigned i = request->fields[field] - 1u; i < request->header_count; i++) {
                const struct http_header *header = &request->headers[i];
                const char *value = http_text(head, header->value);

                if (http_field_of(http_text(head, header->name), header->name.size) != field)
                        continue;
                if (equals(value, header->value.size, "*", 1) ||
                    etag_is_listed(value, header->value.size, version->etag, version->etag_size,
                                   field == FIELD_IF_NONE_MATCH))
                        return true;
        }
        return false;
}

/* Whether what we have has changed since a date, or not; false where it is no date. */
static bool is_newer(const char *head, const struct http_span *date, const struct http_version *version,
                     bool expected)
{
        const char *text = http_text(head, *date);
        time_t when;

        if (equals(text, date->size, version->date, HTTP_DATE_SIZE))
                return !expected;
        return http_date_parse(text, date->size, &when) && (version->modified > when) == expected;
}

/* What is asked for must be what the client has already. */
static bool is_refused(const struct http_request *request, const char *head, const struct http_version *version)
{
        const struct http_span *date = http_request_field(request, FIELD_IF_UNMODIFIED_SINCE);

        if (request->fields[FIELD_IF_MATCH])
                return !matches(request, head, FIELD_IF_MATCH, version);
        return date && is_newer(head, date, version, true);
}

/* What is asked for must be another than the client has already. A date says so only to who would send it: what is to be changed is not
 * kept as it is for being old (RFC 9110, 13.1.3). */
static bool is_unchanged(const struct http_request *request, const char *head,
                         const struct http_version *version)
{
        const struct http_span *date = http_request_field(request, FIELD_IF_MODIFIED_SINCE);

        if (request->fields[FIELD_IF_NONE_MATCH])
                return matches(request, head, FIELD_IF_NONE_MATCH, version);
        if (request->method != HTTP_GET && request->method != HTTP_HEAD)
                return false;
        return date && is_newer(head, date, version, false);
}

static bool may_be_continued(const struct http_request *request, const char *head,
                             const struct http_version *version)
{
        const struct http_span *value = http_request_field(request, FIELD_IF_RANGE);
        const char *text;

        if (!value)
                return true;
        text = http_text(head, *value);
        return equals(text, value->size, version->etag, version->etag_size) ||
               equals(text, value->size, version->date, HTTP_DATE_SIZE);
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
        const struct http_span *value = http_request_field(request, FIELD_RANGE);

        *range = (struct http_range){0, version->size};
        if (is_refused(request, head, version))
                return HTTP_STATUS_PRECONDITION_FAILED;
        if (is_unchanged(request, head, version))
                return HTTP_STATUS_NOT_MODIFIED;
        if (!value || request->method != HTTP_GET || !may_be_continued(request, head, version))
                return HTTP_STATUS_OK;
        return parse_range(http_text(head, *value), value->size, version->size, range);
}
