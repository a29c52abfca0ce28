/* HTTP/2 on a connection that has come as one of HTTP/1: how it is known, and what becomes of it then. */
#ifndef HTTP_HTTP2_H
#define HTTP_HTTP2_H

#include "http/http1.h"

struct http2;

/** What the first bytes of a connection say of its version. */
enum http2_sign {
        HTTP2_NO,
        HTTP2_PERHAPS, /* more of them will tell */
        HTTP2_YES,
};

/** Whether a connection whose first n bytes these are speaks HTTP/2: as TLS has agreed on, or where that says nothing, by HTTP/2's
 * preface. */
enum http2_sign http2_recognize(const eddy_transport *transport, const char *data, size_t n);

/** Go on with HTTP/2 on a connection that has brought these bytes, and nothing before: 0, with entrance->http2 set, or -ENOMEM. */
int http2_take_over(struct http1 *entrance, const char *data, size_t n);

/** As http1_stop() and http1_give_up(). */
void http2_stop(struct http2 *connection);
void http2_give_up(struct http2 *connection);

/** Prepare what the connections of a service share. */
void http2_init_deadlines(eddy_http_service *service);

#endif
