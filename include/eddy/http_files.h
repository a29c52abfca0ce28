/* Folders over HTTP. Of libeddy-http: link with eddy-http. */
#ifndef EDDY_HTTP_FILES_H
#define EDDY_HTTP_FILES_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** A folder that is served, by any number of connections of one loop. */
typedef struct eddy_http_files eddy_http_files;

/** How a folder is to be served. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_files_options {
        /** For a request's head to arrive whole, and for how long a client may take nothing of an answer (see
         * docs/http-server.md); 0: 30 s. */
        eddy_duration timeout;
        eddy_duration answer_timeout; /**< for an answer to be taken whole, however steadily; 0: none */
        bool hides_listings;          /**< a folder without index.html is 404, not a list of its files */
        bool precompressed; /**< for "app.js" what lies beside it as "app.js.br", ".zst" or ".gz" may be sent */
        /** Names that begin with a dot, such as .git and .env, are found like others; but not listed. Else they are 404, all but
         * /.well-known/ */
        bool shows_hidden;
        /** A page that is not there is the root's index.html, by status 200: for applications that choose by the path what they show
         * (single-page). Not what has the ending of a file, nor what is asked for by who does not accept text/html */
        bool falls_back;
        /** Texts leave in a content coding where their client takes one. The service has to, too (`compresses`); that of
         * eddy_http_files_service() does. See docs/http-compression.md */
        bool compresses;
        bool has_upload_form; /**< lists have a form to upload by, which eddy_http_uploads_answer() answers */
        /** For how long caches may keep files unasked, in whole seconds (Cache-Control); but pages never, which name them. 0: it is not said */
        eddy_duration max_age;
        /** Paths, such as "/assets/", with a slash at their ends or without: what they name or lies below them never changes, for a new version
         * has a new name, and caches never ask again; "/assets.js" is none of "/assets". NULL behind the last; it must live as long as the folder. NULL: none */
        const char *const *immutable;
        void (*on_request)(const eddy_http_access *access, void *arg);
        void *arg;         /**< passed to on_request */
        void *reserved[4]; /**< zero */
} eddy_http_files_options;

/**
 * Open a folder for serving. Nothing outside it is reachable: not by "..", encoded or not, and not by
 * symbolic links, unless they lead to what is inside.
 *
 * @param files    receives it; give it back with eddy_http_files_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval -ENOENT, -ENOTDIR, -EACCES ...  as from open()
 * @retval -ENOMEM                         no memory
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_files_create(eddy_http_files **files, const char *directory,
                                    const eddy_http_files_options *options);

/** Give it back. Connections that are left go on with it to their end. NULL is allowed. */
EDDY_API void eddy_http_files_destroy(eddy_http_files *files);

/**
 * Answer a request from a folder, by what its target's path names in it; an eddy_http_handler, for services and whoever else has a
 * request to answer. GET and HEAD: one range, conditions by date and ETag, index.html or a list of the folder. OPTIONS: which these are.
 *
 * @param exchange  not answered yet
 * @param files     an eddy_http_files
 * @return 0, or as eddy_http_reply()
 *
 * Suspends while the disk, or the client, is slow. aiohttp.web.static().
 */
EDDY_API EDDY_ASYNC int eddy_http_files_answer(eddy_http_exchange *exchange, void *files);

/** The service that answers from a folder alone, for eddy_http_start_server(); it goes with the folder. */
EDDY_API eddy_http_service *eddy_http_files_service(eddy_http_files *files);

/**
 * Serve a folder to one connection that is there already; an eddy_connection_handler. As eddy_http_serve(), with
 * eddy_http_files_service().
 *
 * @param files  an eddy_http_files
 * @return 0, or the failure that ended the connection; answers that were made leave in any case
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT  the caller was interrupted
 * @retval EDDY_ENOTASK                  called outside a coroutine
 *
 * Suspends, as eddy_http_serve().
 */
EDDY_API EDDY_ASYNC intptr_t eddy_http_serve_files(eddy_stream *stream, void *files);

EDDY_END_DECLS

#endif
