#include "http/limits.h"

#include "http/http1.h"
#include <eddy/error.h>

enum {
        DEFAULT_TIMEOUT = 30, /* seconds */
        DEFAULT_HEAD = 16 * 1024,
        DEFAULT_UNREAD_BODY = 64 * 1024,
};

int limits_check(const eddy_http_service_options *options)
{
        if (options->max_head > HTTP1_HEAD_MOST)
                return eddy_fail(-EINVAL,
                                 "max_head is %zu, but there is room for heads of %d bytes at most; "
                                 "http2_max_header_list_size may be more",
                                 options->max_head, HTTP1_HEAD_MOST);
        if (options->max_headers > HTTP_HEADERS_MOST)
                return eddy_fail(-EINVAL, "max_headers is %u, but a request has %d headers at most",
                                 options->max_headers, HTTP_HEADERS_MOST);
        return 0;
}

static void complete_time(eddy_duration *time, eddy_duration otherwise)
{
        if (*time <= 0)
                *time = otherwise;
}

static void complete_size(size_t *size, size_t otherwise)
{
        if (*size == 0)
                *size = otherwise;
}

void limits_complete(eddy_http_service_options *options)
{
        complete_time(&options->timeout, eddy_seconds(DEFAULT_TIMEOUT));
        complete_time(&options->head_timeout, options->timeout);
        complete_time(&options->idle_timeout, options->timeout);
        complete_size(&options->max_head, DEFAULT_HEAD);
        complete_size(&options->http2_max_header_list_size, options->max_head);
        complete_size(&options->max_unread_body, DEFAULT_UNREAD_BODY);
        if (options->max_headers == 0)
                options->max_headers = HTTP_HEADERS_MAX;
}
