/* What all transfers of a client may receive together, in bytes a second. */
#ifndef HTTP_CLIENT_RATE_H
#define HTTP_CLIENT_RATE_H

#include "http_client/transfer.h"

/** Whether bytes may come now. Else the transfer waits, and goes on by itself; curl is to be told so. */
bool rate_admits(struct transfer *t, size_t size);

/** It waits no more. */
void rate_forget(struct transfer *t);

#endif
