/* One request to a handler, and its answer. */
#ifndef TESTS_HTTP_ASK_H
#define TESTS_HTTP_ASK_H

#include "../testing.h"

#include <eddy/http_server.h>
#include <stdio.h>

/** What is answered to a request, of which these are the first lines; the caller's, given back with eddy_free(). In a coroutine. */
static inline char *ask(eddy_http_handler handler, const char *lines)
{
        eddy_http_service *service;
        eddy_stream *ends[2];
        char request[512], *answer;
        int n = snprintf(request, sizeof request, "%sHost: x\r\nConnection: close\r\n\r\n", lines);

        assert_in_range(n, 1, sizeof request - 1);
        assert_int_equal(eddy_http_service_create(&service, handler, NULL, NULL), 0);
        assert_int_equal(eddy_stream_pair(ends), 0);
        assert_int_equal(eddy_stream_write_all(ends[1], request, (size_t)n), n);
        assert_int_equal(eddy_http_serve(ends[0], service), 0);
        eddy_stream_destroy(ends[0]);
        assert_true(eddy_stream_read_all(ends[1], &answer, 10000) > 0);
        eddy_stream_destroy(ends[1]);
        eddy_http_service_destroy(service);
        return answer;
}

/** See that this is the answer's body. */
static inline void assert_answered(eddy_http_handler handler, const char *lines, const char *body)
{
        char *answer = ask(handler, lines);

        assert_string_equal(strstr(answer, "\r\n\r\n") + 4, body);
        eddy_free(answer);
}

#endif
