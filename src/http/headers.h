/* The headers that a handler gives its answer: what of them may go into its head. */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include <eddy/http_server.h>

/** What further headers are about, where that is ours to say as well. */
enum header_kind {
        HEADER_OTHER,
        HEADER_TYPE,
        HEADER_SERVER,
        HEADER_DATE,
        HEADER_LENGTH, /* the following say how the connection goes on, which we do */
        HEADER_CONNECTION,
        HEADER_CODING,
};

/** What is to be known of an answer's headers before its head is written. */
struct headers {
        size_t size;      /* bytes of head that they take */
        unsigned kinds;   /* 1 << enum header_kind, of those there are */
        int64_t length;   /* as Content-Length has it; -1: it is not there */
        const char *type; /* as Content-Type has it, in any of its places; NULL: it is not there */
        bool says_close, says_keep_alive, says_upgrade;
};

/** Look at them; 0, or -EINVAL where one is none, would break the head, or contradicts another. */
int headers_examine(struct headers *headers, const eddy_http_answer *answer);

/** What a line that was examined is about. */
enum header_kind headers_kind(const char *line);

#endif
