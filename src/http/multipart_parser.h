/* Bodies of multipart/form-data (RFC 7578, RFC 2046) as bytes that come and events that leave: no connection, no memory of its own.
 * However the bytes are cut into pieces, the events are the same, but for how content is cut. */
#ifndef HTTP_MULTIPART_PARSER_H
#define HTTP_MULTIPART_PARSER_H

#include <stddef.h>
#include <sys/types.h>

enum { MULTIPART_BOUNDARY_MAX = 70 };

enum multipart_event {
        MULTIPART_MORE,     /* all that was given is taken, and nothing to tell */
        MULTIPART_PART,     /* one begins, its headers are in the parser's head */
        MULTIPART_CONTENT,  /* some of its content */
        MULTIPART_PART_END, /* it has ended */
        MULTIPART_END,      /* so has the last one; what follows is skipped */
};

/** What multipart_parser_feed() tells. */
struct multipart_piece {
        enum multipart_event event;
        const char *content; /* of MULTIPART_CONTENT: in what was given, or in the parser */
        size_t size;
};

/** Fields are private, but for the head. */
struct multipart_parser {
        unsigned char state;
        unsigned char size;     /* of the delimiter */
        unsigned char matched;  /* how many bytes of it the last ones that came are, */
        unsigned char imagined; /* of which so many did not come, but may be taken for having come */
        char delimiter[4 + MULTIPART_BOUNDARY_MAX];
        char *head; /* headers of the part: "Name: value", NUL, ..., and an empty one behind them */
        size_t head_size, head_capacity;
        size_t line; /* where the last line of the head begins */
};

/**
 * Prepare for a body.
 *
 * @param boundary  not kept
 * @param head      memory for headers of a part, the caller's
 * @param capacity  its size; more of headers is EDDY_ELIMIT
 * @return 0, or -EINVAL where the boundary is none: 1 to 70 bytes, those of RFC 2046, and no blank at its end
 */
int multipart_parser_init(struct multipart_parser *parser, const char *boundary, char *head, size_t capacity);

/**
 * Take the next bytes, up to the next event.
 *
 * @return how many were taken, which may be none where the event is not MULTIPART_MORE
 * @retval EDDY_EPROTOCOL  this is no such body; the detail says why
 * @retval EDDY_ELIMIT     headers of a part are larger than their memory
 */
ssize_t multipart_parser_feed(struct multipart_parser *parser, const char *data, size_t n,
                              struct multipart_piece *piece);

#endif
