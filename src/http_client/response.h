/* A response while it is being filled. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include <eddy/http_client.h>

/** Forget the headers: another answer begins, as after a redirect. */
void response_clear_headers(eddy_http_response *response);

/** Add one header line, with or without its line end; a line without a colon is ignored. 0, -ENOMEM, or
 * EDDY_ELIMIT where there are more headers than any honest server sends. */
int response_add_header(eddy_http_response *response, const char *line, size_t size);

/** The Content-Length of an answer, or -1 where it has none: 0; -EINVAL where it is no number, or several that differ. */
int response_find_length(const eddy_http_response *response, int64_t *length);

/** Bytes of body that a reader will get, or -1: nobody knows. `length` is what response_find_length() has found; where the body `is_coded`
 * that is undone, and says nothing of it. */
int64_t response_announced_length(const eddy_http_response *response, int64_t length, bool is_coded);

/** Forget all: another answer is to come. */
void response_restart(eddy_http_response *response);

/** Say where it came from; 0 or -ENOMEM. */
int response_set_url(eddy_http_response *response, const char *url);

#endif
