/* How long a transfer may take: until it is connected, while nothing comes, and in all. */
#ifndef HTTP_CLIENT_PATIENCE_H
#define HTTP_CLIENT_PATIENCE_H

#include "http_client/transfer.h"

/** The clock of the whole runs. */
void patience_begin(struct transfer *t);

/** No clock runs any more. */
void patience_end(struct transfer *t);

/** Those of one hop do not. */
void patience_rest(struct transfer *t);

/** A name is about to be looked up, or a socket made. */
void patience_connecting(struct transfer *t);

/** There is a connection. */
void patience_connected(struct transfer *t);

/** The server lives. */
void patience_sign_of_life(struct transfer *t);

/** Why it was given up, said in the caller's task; 0: it was not. */
int patience_verdict(const struct transfer *t);

#endif
