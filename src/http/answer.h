/* Answering a request from a folder. */
#ifndef HTTP_ANSWER_H
#define HTTP_ANSWER_H

#include "http/exchange.h"

/** A service's `answer`: the service is that of an eddy_http_files. */
int answer_from_folder(eddy_http_exchange *exchange);

#endif
