/* What the headers of a part say. */
#ifndef HTTP_MULTIPART_HEAD_H
#define HTTP_MULTIPART_HEAD_H

#include <eddy/http_multipart.h>

/** The value of the first header of a name, in any case, in a parser's head; NULL where there is none. */
const char *multipart_header(const char *head, const char *name);

/**
 * Read what a part is.
 *
 * @param head  a parser's
 * @param text  receives its strings; as much memory as for the head
 * @return 0; EDDY_EPROTOCOL where it has no name, or could be read as more than one part. The detail says why
 */
int multipart_describe(eddy_http_part *part, const char *head, char *text);

/**
 * Take the boundary out of a Content-Type.
 *
 * @param boundary  receives it; memory for `type` and its NUL
 * @return 0; -EINVAL where it is another type; EDDY_EPROTOCOL where there is no boundary, or several
 */
int multipart_boundary(char *boundary, const char *type);

#endif
