/* What a server answers to a client's handshake, read strictly. */
#ifndef WEBSOCKET_ANSWER_H
#define WEBSOCKET_ANSWER_H

#include <stddef.h>

/** The headers that matter. */
enum answer_header {
        ANSWER_UPGRADE,
        ANSWER_CONNECTION,
        ANSWER_ACCEPT,
        ANSWER_SUBPROTOCOL,
        ANSWER_EXTENSIONS,
        ANSWER_LOCATION,
        ANSWER_HEADERS
};

struct answer {
        int status;
        const char *reason;                  /* what stands behind the status */
        const char *headers[ANSWER_HEADERS]; /* values; NULL: not there */
};

/** Read a head, its empty line included; it is changed, and shown. 0, or EDDY_EPROTOCOL with a sentence. */
int answer_read(struct answer *answer, char *head, size_t size);

#endif
