/* The head of a request, as it lies in the reader's buffer: nothing is copied. */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include <llhttp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
        HTTP_HEADERS_MAX = 64,    /* of a request, unless the options say otherwise, */
        HTTP_HEADERS_MOST = 1000, /* which they can up to so many */
};

/** A stretch of the buffer, counted from the head's first byte, so that the buffer may be moved. */
struct http_span {
        uint32_t at, size;
};

struct http_header {
        struct http_span name, value;
};

/** Headers that are looked for in each request. Of the first ones it has one at most: two of them would mean what whoever
 * reads makes of them. The others are lists, which may go on in further lines. */
enum http_field {
        FIELD_HOST,
        FIELD_CONTENT_LENGTH,
        FIELD_TRANSFER_ENCODING,
        FIELD_RANGE,
        FIELD_IF_RANGE,
        FIELD_IF_MODIFIED_SINCE,
        FIELD_IF_UNMODIFIED_SINCE,
        FIELD_EXPECT,
        FIELD_CONTENT_TYPE,
        FIELD_CONTENT_RANGE,
        FIELD_AUTHORIZATION,
        FIELD_IF_MATCH, /* the first of the lists */
        FIELD_IF_NONE_MATCH,
        FIELDS, /* how many there are */
};

/** One request's head; valid once http_parser_feed() has said that it is complete. */
struct http_request {
        struct http_span target;
        struct http_header *headers;        /* `few`, or its owner's */
        unsigned header_count, headers_max; /* how many there are, and may be */
        /* One more than the place of the first header of this name; 0: there is none. */
        uint16_t fields[FIELDS];
        int status; /* what to answer where the head is no good, such as 400; else 0 */
        int method; /* enum llhttp_method */
        int minor;  /* of HTTP/1.minor */
        bool keeps_alive;
        bool wants_upgrade; /* Connection says so */
        bool has_body;      /* behind the head, of one byte or more, or in chunks */
        bool is_secure;     /* it comes by TLS: said before it is parsed */
        struct http_header few[HTTP_HEADERS_MAX];
};

/** Bytes that the headers of a request need besides itself. */
static inline size_t http_headers_size(unsigned most)
{
        return most > HTTP_HEADERS_MAX ? most * sizeof(struct http_header) : 0;
}

/** It may have so many headers. `more`: those bytes, which are not used where there are none; it may not be moved from now on. */
static inline void http_request_init(struct http_request *request, unsigned most, void *more)
{
        request->headers = most > HTTP_HEADERS_MAX ? more : request->few;
        request->headers_max = most;
        request->is_secure = false;
}

/** Owned by the connection that reads. */
struct http_parser {
        llhttp_t llhttp;
        struct http_request request;
        const char *piece; /* being parsed */
        size_t fed;        /* bytes of the head before it */
        bool is_in_value;  /* the last header has its name already */
};

/** Prepare for the next request; its `request` has been by http_request_init(). */
void http_parser_begin(struct http_parser *parser);

/**
 * Parse the next bytes of a head.
 *
 * @return how many of them belong to it where it is complete; 0 where it needs more;
 *         EDDY_EPROTOCOL where it is no good, and request.status says how to answer
 */
ssize_t http_parser_feed(struct http_parser *parser, const char *data, size_t n);

/** The text of a span, in the buffer whose first byte is the head's. */
static inline const char *http_text(const char *head, struct http_span span)
{
        return head + span.at;
}

/** The value of a header that is looked for, of its first line; NULL where there is none. */
static inline const struct http_span *http_request_field(const struct http_request *request,
                                                         enum http_field field)
{
        return request->fields[field] ? &request->headers[request->fields[field] - 1].value : NULL;
}

/** How long its body is; 0: there is none, -1: it comes in chunks. */
int64_t http_request_length(const struct http_request *request, const char *head);

/** What a client waits for before it sends a body; one of HTTP/1.0 for nothing, whatever it says. */
enum http_expectation { EXPECTS_NOTHING, EXPECTS_LEAVE, EXPECTS_MORE /* than anybody knows of */ };

enum http_expectation http_request_expectation(const struct http_request *request, const char *head);

/** The value of a header, its name in any case. False where there is none. */
bool http_request_header(const struct http_request *request, const char *head, const char *name,
                         struct http_span *value);

#endif
