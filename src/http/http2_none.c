/* Without nghttp2: nobody is taken for one who speaks HTTP/2. */
#include "http/http2.h"

const char *const *eddy_http_alpn(void)
{
        static const char *const versions[] = {"http/1.1", NULL};

        return versions;
}

enum http2_sign http2_recognize(const eddy_transport *transport, const char *data, size_t n)
{
        (void)transport;
        (void)data;
        (void)n;
        return HTTP2_NO;
}

int http2_take_over(struct http1 *entrance, const char *data, size_t n)
{
        (void)entrance;
        (void)data;
        (void)n;
        return EDDY_ENOTSUP;
}

void http2_stop(struct http2 *connection)
{
        (void)connection;
}

void http2_give_up(struct http2 *connection)
{
        (void)connection;
}

void http2_init_deadlines(eddy_http_service *service)
{
        (void)service;
}
