/* The head of an answer, written into an exchange's output, which must have room for it: HTTP_REPLY_MAX, and
 * the sizes of what the caller adds that is longer than a line. */
#ifndef HTTP_REPLY_H
#define HTTP_REPLY_H

#include "http/exchange.h"

enum { HTTP_REPLY_MAX = 1024 };

/** The status line, and the headers that every answer has: Server and Date. */
void reply_begin(eddy_http_exchange *exchange, int status);

/** The status line alone, and one of these headers or both. */
void reply_begin_bare(eddy_http_exchange *exchange, int status);
void reply_add_preamble(eddy_http_exchange *exchange, bool has_server, bool has_date);

/** A header; `name` with its colon and blank. */
void reply_add(eddy_http_exchange *exchange, const char *name, const char *value, size_t n);
void reply_add_text(eddy_http_exchange *exchange, const char *name, const char *value);
void reply_add_number(eddy_http_exchange *exchange, const char *name, int64_t value);

/** What says how the connection goes on, and the empty line. */
void reply_end(eddy_http_exchange *exchange);

/** Make a whole answer that says what is wrong. 0 or an error. May suspend. */
int reply_error(eddy_http_exchange *exchange, int status);

#endif
