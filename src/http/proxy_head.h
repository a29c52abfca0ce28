/* The head of a server's answer, as it lies in the reader's buffer: nothing is copied. */
#ifndef HTTP_PROXY_HEAD_H
#define HTTP_PROXY_HEAD_H

#include "http/parser.h"

enum {
        PROXY_HEADERS_MAX = 100,
        PROXY_HEAD_MAX = 8 * 1024, /* bytes; no answer of ours may have more headers either */
};

/** One answer's head; valid once proxy_head_feed() has said that it is complete. */
struct proxy_head {
        llhttp_t llhttp;
        const char *piece; /* being parsed */
        size_t fed;        /* bytes of the head before it */
        bool is_in_value;  /* the last header has its name already */
        int status;
        int minor; /* of HTTP/1.minor */
        bool keeps_alive;
        bool is_chunked; /* its body is */
        int64_t length;  /* of its body, as Content-Length has it; -1: there is none */
        unsigned count;
        struct http_header headers[PROXY_HEADERS_MAX];
};

/** Prepare for the next answer. */
void proxy_head_begin(struct proxy_head *head);

/**
 * Parse the next bytes of a head.
 *
 * @return how many of them belong to it where it is complete; 0 where it needs more; EDDY_EPROTOCOL where it is none, or can be read in
 *         more than one way, with a detail
 */
ssize_t proxy_head_feed(struct proxy_head *head, const char *data, size_t n);

#endif
