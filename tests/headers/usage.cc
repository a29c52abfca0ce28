/* All public headers in C++, those of the adapters too, and what C uses of them. */
#include "usage.c"
#if __has_include(<hiredis/hiredis.h>)
#include <eddy/redis.h>
#endif
#if __has_include(<libpq-fe.h>)
#include <eddy/postgres.h>
#endif
#include <eddy/http_client.h>
#include <eddy/http_router.h>
#include <eddy/http_server.h>
#include <eddy/websocket.h>
