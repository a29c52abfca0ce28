/* Options that are a context's own, so that its files can be read again. */
#ifndef TLS_OPTIONS_H
#define TLS_OPTIONS_H

#include <eddy/tls.h>

/** See whether options make sense together: 0 or an error. */
int options_check(const eddy_tls_options *options, bool is_server);

/** Fill in defaults, and have copies of texts in place of the caller's: 0 or -ENOMEM. options_free() is due in any case. */
int options_copy(eddy_tls_options *options);
void options_free(eddy_tls_options *options);

/** Whether the other side's certificate is looked at. */
bool options_verify(const eddy_tls_options *options, bool is_server);

#endif
