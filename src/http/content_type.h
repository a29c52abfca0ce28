#ifndef HTTP_CONTENT_TYPE_H
#define HTTP_CONTENT_TYPE_H

/** The Content-Type for a file's name, by its ending; "application/octet-stream" where that says nothing. */
const char *http_content_type(const char *name);

#endif
