/* permessage-deflate (RFC 7692): how two sides agree on it. It knows no connection. */
#ifndef WEBSOCKET_COMPRESSION_H
#define WEBSOCKET_COMPRESSION_H

#include <eddy/websocket.h>

enum { LEAST_WINDOW_BITS = 8, LEAST_OWN_WINDOW_BITS = 9, MOST_WINDOW_BITS = 15, DEFAULT_WINDOW_BITS = 12 };

enum { COMPRESSION_MAX_TEXT = 136 };

/** Choose among what a client offers in Sec-WebSocket-Extensions.
 *
 * @param offers  NULL: nothing
 * @param text    receives what to answer, where terms->is_on
 */
void compression_accept(struct eddy_websocket_terms *terms, char text[COMPRESSION_MAX_TEXT], const char *offers,
                        const eddy_websocket_options *options);

/** Write what a client offers. */
void compression_offer(char text[COMPRESSION_MAX_TEXT], const eddy_websocket_options *options);

/** Read what the server answers to that: 0, or EDDY_EWEBSOCKET where it is not among what was offered.
 *
 * @param answer  NULL: nothing
 */
int compression_read_answer(struct eddy_websocket_terms *terms, const char *answer,
                            const eddy_websocket_options *options);

#endif
