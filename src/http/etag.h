/* ETags. A strong one names bytes, so each content coding of a thing has one of its own: "abc" as gzip is "abc-gzip". */
#ifndef HTTP_ETAG_H
#define HTTP_ETAG_H

#include "http_common/coding.h"

/** Whether a list such as `"a", W/"b"`, of If-Match or If-None-Match, names an ETag. "*" is no list. Where weak comparison is not
 * enough, a weak one on either side names nothing. */
bool etag_is_listed(const char *list, size_t n, const char *etag, size_t size, bool is_weak_enough);

/** The coding of an ETag that such a list names it by; CODINGS: by none. */
enum coding etag_listed_coding(const char *list, size_t n, const char *etag, size_t size, bool is_weak_enough);

/** Write what an ETag is in a coding: its size; 0 where there is no room. A weak one names no bytes and stays as it is, and so does
 * what is no ETag. */
size_t etag_with_coding(char *text, size_t room, const char *etag, size_t size, enum coding coding);

#endif
