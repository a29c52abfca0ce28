/* What a client was told. */
#ifndef HTTP_CLIENT_OPTIONS_H
#define HTTP_CLIENT_OPTIONS_H

#include "http_client/client.h"

/** Keep copies. 0, -ENOMEM, or -EINVAL with a sentence; free them in any case. */
int client_options_copy(eddy_http_client *client, const eddy_http_client_options *options);

/** Free the copies. */
void client_options_free(eddy_http_client *client);

#endif
