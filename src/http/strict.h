/* What a request's head must be, whichever llhttp has parsed it: one that another parser could read otherwise, or end
 * elsewhere, is no request. */
#ifndef HTTP_STRICT_H
#define HTTP_STRICT_H

#include "http/parser.h"

/** See that the spans of a head lie in it as RFC 9112 has it, with nothing between them but what belongs there: one
 * blank, a colon, CR LF. Blanks behind values are taken off. 0, or the status to answer with. */
int http_check_layout(struct http_request *request, const char *head, size_t n);

/** The same of the lines of any head, from behind its first, at `at`, to the empty one, which ends it: whether they lie so. 0 as `at`: the
 * first line is none. */
bool http_check_headers(struct http_header *headers, unsigned count, const char *head, size_t at, size_t n);

/** See that what it says can be meant in one way only: method, target, Host, and what tells a body's end; note whether
 * there is one, and the fields. 0, or the status to answer with. */
int http_check_meaning(struct http_request *request, const char *head);

/** Which header a name is of; FIELDS: one that nobody looks for. */
enum http_field http_field_of(const char *name, size_t n);

/** What n bytes say of a body's length: whether that is more than 0; -1: they are no number, or too large a one. */
int http_check_length(const char *text, size_t n);

/** Whether a byte can stand in a method or a header's name. */
bool http_is_token_byte(char byte);

/** Whether n bytes are a name, in any case. */
bool http_is_text(const char *text, size_t n, const char *name);

/** Whether this can stand in Host: a name or an address, and perhaps a port. */
bool http_is_host(const char *text, size_t n);

#endif
