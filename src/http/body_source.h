/* Where the bytes of a request's body come from, so that what reads forms can be tried without a connection. */
#ifndef HTTP_BODY_SOURCE_H
#define HTTP_BODY_SOURCE_H

#include <eddy/http_form.h>

struct body_source {
        /** As eddy_http_exchange_read(): at most n bytes; 0 at the body's end, and ever after; negative: an error. May suspend. */
        ssize_t (*read)(void *of, void *buffer, size_t n);
        /** What reading its content has come to, which this returns. NULL: nobody wants to know */
        int (*note_content)(void *of, int rc);
        int64_t length; /* as its head says, bytes; 0: it is not known */
        void *of;       /* passed to both */
};

/** That of a request. */
struct body_source body_of_exchange(eddy_http_exchange *exchange);

/** As eddy_http_exchange_form(), whatever the type is. May suspend. */
int form_read(struct body_source body, eddy_http_fields **fields, const eddy_http_fields_options *options);

#endif
