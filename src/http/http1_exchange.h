/* What an exchange of HTTP/1 does on its connection. */
#ifndef HTTP_HTTP1_EXCHANGE_H
#define HTTP_HTTP1_EXCHANGE_H

#include "http/exchange.h"

extern const struct exchange_impl http1_exchange;

#endif
