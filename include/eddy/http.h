/* HTTP: a server (eddy/http_server.h, and headers for what its requests hold; link with eddy-http) and a client
 * (eddy/http_client.h; link with eddy-http-client). */
#ifndef EDDY_HTTP_H
#define EDDY_HTTP_H

#include <eddy/http_auth.h>      // IWYU pragma: export
#include <eddy/http_client.h>    // IWYU pragma: export
#include <eddy/http_cookie.h>    // IWYU pragma: export
#include <eddy/http_cors.h>      // IWYU pragma: export
#include <eddy/http_exchange.h>  // IWYU pragma: export
#include <eddy/http_files.h>     // IWYU pragma: export
#include <eddy/http_form.h>      // IWYU pragma: export
#include <eddy/http_forwarded.h> // IWYU pragma: export
#include <eddy/http_json.h>      // IWYU pragma: export
#include <eddy/http_log.h>       // IWYU pragma: export
#include <eddy/http_multipart.h> // IWYU pragma: export
#include <eddy/http_request.h>   // IWYU pragma: export
#include <eddy/http_router.h>    // IWYU pragma: export
#include <eddy/http_run.h>       // IWYU pragma: export
#include <eddy/http_server.h>    // IWYU pragma: export
#include <eddy/http_upload.h>    // IWYU pragma: export

#endif
