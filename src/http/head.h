/* The head of an answer, written into its service's memory: so nobody suspends before it has been sent. It must have room:
 * HTTP_REPLY_MAX, and the sizes of what the caller adds that is longer than a line. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/exchange.h"

enum {
        HTTP_REPLY_MAX = 1024,
        HTTP_LINES_MAX = 4096, /* of what was added to an exchange, besides */
};

/** The status line, and the headers that every answer has: Server and Date. */
void head_begin(eddy_http_exchange *exchange, int status);

/** The status line alone, and one of these headers or both. */
void head_begin_bare(eddy_http_exchange *exchange, int status);
void head_add_preamble(eddy_http_exchange *exchange, bool has_server, bool has_date);

/** A header; `name` with its colon and blank. */
void head_add(eddy_http_exchange *exchange, const char *name, const char *value, size_t n);
void head_add_text(eddy_http_exchange *exchange, const char *name, const char *value);
void head_add_number(eddy_http_exchange *exchange, const char *name, int64_t value);

/** The empty line. */
void head_add_end(eddy_http_exchange *exchange);

/** What says how the connection goes on, and the empty line. */
void head_end(eddy_http_exchange *exchange);

/** As head_end(), where an Upgrade among the headers may be named as one of the connection's: "Connection: Upgrade", in HTTP/1. */
void head_end_with(eddy_http_exchange *exchange, bool names_upgrade);

/** Make a whole answer that says what is wrong, and send it: 0 or an error. Does not suspend. */
int head_send_error(eddy_http_exchange *exchange, int status);

#endif
