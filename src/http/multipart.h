/* Forms with files, from wherever their bytes come. */
#ifndef HTTP_MULTIPART_H
#define HTTP_MULTIPART_H

#include "http/body_source.h"

#include <eddy/http_multipart.h>

/** As eddy_http_multipart_open(), of a body of this Content-Type; NULL: it has none. */
int multipart_open(eddy_http_multipart **form, struct body_source body, const char *type,
                   const eddy_http_multipart_options *options);

#endif
