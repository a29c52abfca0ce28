/* Bodies of answers that come in content codings, undone as their reader reads: what is kept is what came, and what decoders need to
 * look back. */
#ifndef HTTP_CLIENT_UNWRAP_H
#define HTTP_CLIENT_UNWRAP_H

#include "http_common/coding.h"

#include <eddy/http_request.h>

/** The codings of a body, with a decoder each. */
struct unwrapping;

/** Whether an answer's head names any coding but identity. */
bool unwrap_is_needed(const eddy_http_response *response);

/** Whether it names a transfer coding beside chunked: nobody asks for one. */
bool unwrap_is_hopeless(const eddy_http_response *response);

/** Begin a body, given back with unwrap_free(). 0; -ENOMEM; EDDY_EPROTOCOL where one of its codings is not known, or not built in, or there
 * are too many: the detail says so. */
int unwrap_begin(struct unwrapping **unwrapping, const eddy_http_response *response);

/**
 * Undo some of what is given, or of what was given before, as far as there is room for it.
 *
 * @param work  receives a measure of what was done; 0: more has to come first
 * @return 0, or what decoder_feed() fails with, described
 */
int unwrap_some(struct unwrapping *unwrapping, struct coding_io *io, uint64_t *work);

/** What has come is all: 0; or EDDY_EINCOMPLETE, described. */
int unwrap_end(const struct unwrapping *unwrapping);

/** NULL is allowed. */
void unwrap_free(struct unwrapping *unwrapping);

#endif
