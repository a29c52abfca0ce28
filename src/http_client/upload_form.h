/* A multipart form (RFC 7578) as it is sent: heads of its parts, and between them values and what files hold. */
#ifndef HTTP_CLIENT_UPLOAD_FORM_H
#define HTTP_CLIENT_UPLOAD_FORM_H

#include "http_client/upload.h"

/** Prepare the form of a request as its body. 0, -ENOMEM, or what looking at a file brought. Suspends for files. */
int upload_form_open(struct upload *upload);

/** Begin it anew. */
void upload_form_rewind(struct upload *upload);

/** Give it back. */
void upload_form_close(struct upload *upload);

#endif
