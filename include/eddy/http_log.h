/* Access logs of HTTP servers, a line for each request. Of libeddy-http.
 *
 *         eddy_http_log_create(&log, STDOUT_FILENO, EDDY_HTTP_LOG_COMBINED);
 *         eddy_http_service_create(&service, handler, NULL,
 *                                  &(eddy_http_service_options){.on_request = eddy_http_log_request, .arg = log});
 */
#ifndef EDDY_HTTP_LOG_H
#define EDDY_HTTP_LOG_H

#include <eddy/http_server.h>
#include <time.h>

EDDY_BEGIN_DECLS

/** How a line looks. */
typedef enum eddy_http_log_format {
        EDDY_HTTP_LOG_COMMON,   /**< 192.0.2.1 - - [30/Nov/2026:10:00:00 +0100] "GET /a HTTP/1.1" 200 1234 */
        EDDY_HTTP_LOG_COMBINED, /**< and behind it "Referer" "User-Agent", as most tools that read logs want it */
        EDDY_HTTP_LOG_JSON, /**< {"time":"2026-11-30T09:00:00Z","peer":"192.0.2.1:4711","method":"GET","target":"/a",
                                 * "version":"HTTP/1.1","status":200,"sent":1234,"took":0.000123,"referer":...,"user_agent":...} */
} eddy_http_log_format;

/** Where lines go, of services of one loop. */
typedef struct eddy_http_log eddy_http_log;

/**
 * Begin a log.
 *
 * @param log     receives it; give it back with eddy_http_log_destroy(), behind the last connection of the services that it is for
 *                (eddy_http_service_drain())
 * @param fd      of what is open for writing; stays the caller's. Open files with O_APPEND: then several processes may have
 *                one, and so may a program that turns it over
 * @param format  of each line
 * @return 0 or -ENOMEM
 *
 * Does not suspend. aiohttp.web.AppRunner(access_log=...).
 */
EDDY_API int eddy_http_log_create(eddy_http_log **log, int fd, eddy_http_log_format format);

/** Write what has not been written, and give it back. NULL is allowed. */
EDDY_API void eddy_http_log_destroy(eddy_http_log *log);

/** Go on with another descriptor, behind what is for the one that it had: for a log that was turned over. Does not suspend. */
EDDY_API void eddy_http_log_set_fd(eddy_http_log *log, int fd);

/**
 * Log a request: what a service's `on_request` may be, with a log as its `arg`.
 *
 * Lines are gathered, and leave together at the end of the loop's iteration. A descriptor that blocks, such as a pipe that nobody
 * reads, holds the loop up; one with O_NONBLOCK that takes nothing has its lines kept, up to 64 KiB, and then dropped. Does not suspend.
 */
EDDY_API void eddy_http_log_request(const eddy_http_access *access, void *log);

/** How many lines were dropped, for nobody took them or there was an error. */
EDDY_API uint64_t eddy_http_log_dropped(const eddy_http_log *log);

/**
 * Write the line of a request, for a log of one's own.
 *
 * @param text    receives it, with a line end and a NUL, as far as it fits
 * @param size    of it, bytes
 * @param when    the moment that it says
 * @return its length, as snprintf(); it fits where that is less than `size`
 *
 * What a client has sent is escaped: as \xNN, or in JSON as \u00NN, where it is neither printable nor ASCII, and where it would end what
 * it is in; and cut behind 2 KiB. Of a peer, all but JSON have no port. Does not suspend.
 */
EDDY_API size_t eddy_http_log_print(char *text, size_t size, eddy_http_log_format format, time_t when,
                                    const eddy_http_access *access);

EDDY_END_DECLS

#endif
