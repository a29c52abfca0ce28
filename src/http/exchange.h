/* A request and the answer to it, as whoever answers sees them: nothing of how bytes come. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "http/output.h"
#include "http/parser.h"
#include "http/service.h"
#include "http/target.h"

/** The request that is being answered; embedded in its connection. */
struct eddy_http_exchange {
        struct service *service;
        struct http_output output; /* with the answers before it, where they have not left */
        struct http_parser parser; /* its request */
        char *head;                /* of the request, within what the connection has received */
        bool is_closing;           /* the connection ends with its answer */
        bool is_answered;          /* or has begun to be */
        int status;                /* of its answer */
        int64_t sent;              /* bytes of the answer's body */
        size_t route_at;           /* where the path of what is mounted begins within the target; 0: nowhere */
        struct routing *routing;   /* of the innermost router that is answering, or NULL */
        char path[HTTP_PATH_MAX];  /* that is asked for, where files are */
};

#endif
