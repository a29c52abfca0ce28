/* A request in curl's terms. */
#ifndef HTTP_CLIENT_PREPARE_H
#define HTTP_CLIENT_PREPARE_H

#include "http_client/transfer.h"

/** Say to a new transfer's easy handle what never changes. */
CURLcode prepare_once(struct transfer *t);

/** Say what is asked for now. 0; -ENOMEM, -EINVAL for what no request may have. */
int prepare_hop(struct transfer *t);

#endif
