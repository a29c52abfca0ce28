/* Which of a file's bytes a request wants, if any. */
#ifndef HTTP_CONDITIONS_H
#define HTTP_CONDITIONS_H

#include "http/parser.h"
#include "http_common/date.h"

enum { HTTP_ETAG_MAX = 64 };

/** What a file's bytes are known by. */
struct http_version {
        char etag[HTTP_ETAG_MAX]; /* with its quotes */
        size_t etag_size;
        char date[HTTP_DATE_SIZE];
        time_t modified;
        int64_t size;
};

/** Bytes start .. end - 1. */
struct http_range {
        int64_t start, end;
};

/**
 * Judge a request's conditions in the order of RFC 9110 section 13.2.2: If-Match, or else If-Unmodified-Since;
 * If-None-Match, or else If-Modified-Since; Range with If-Range.
 *
 * @param range  receives the bytes to send
 * @return the status: 200, 206, 304, 412 or 416
 */
int http_conditions(const struct http_request *request, const char *head, const struct http_version *version,
                    struct http_range *range);

#endif
