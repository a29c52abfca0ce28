/* Folders that files are uploaded to over HTTP. Of libeddy-http: link with eddy-http.
 *
 *         eddy_http_uploads_create(&uploads, "incoming", NULL);
 *         eddy_http_router_add(router, "PUT", "/incoming/{...}", eddy_http_uploads_answer, uploads);
 */
#ifndef EDDY_HTTP_UPLOAD_H
#define EDDY_HTTP_UPLOAD_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** A folder that files are uploaded to, by any number of connections of one loop. Other loops, and processes, may have the same. */
typedef struct eddy_http_uploads eddy_http_uploads;

/** What may be uploaded. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_uploads_options {
        int64_t max_size; /**< of a file, bytes; 413 beyond; 0: no bound */
        bool overwrites;  /**< a file may take the place of another; else that is 409 */
        /** Names that begin with a dot are taken, and folders of such names are gone into */
        bool takes_hidden;
        void *reserved[4]; /**< zero */
} eddy_http_uploads_options;

/**
 * Open a folder for uploads. Nothing outside it is written to: not by "..", encoded or not, and not by symbolic links, unless they lead
 * to what is inside.
 *
 * @param uploads  receives it; give it back with eddy_http_uploads_destroy()
 * @param options  may be NULL
 * @return 0
 * @retval -ENOENT, -ENOTDIR, -EACCES ...  as from open()
 * @retval -ENOMEM                         no memory
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_uploads_create(eddy_http_uploads **uploads, const char *directory,
                                      const eddy_http_uploads_options *options);

/** Give it back, when nobody answers by it any more. NULL is allowed. */
EDDY_API void eddy_http_uploads_destroy(eddy_http_uploads *uploads);

/**
 * Answer a request by keeping what it brings; an eddy_http_handler. PUT: a file at its target's path, in a folder that is there.
 * POST of multipart/form-data: files into the folder that its target's path names. A file appears under its name when it is there
 * whole and on the disk, and whatever ends it before leaves nothing. If-Match, If-None-Match and If-Unmodified-Since hold for PUT.
 * Pages of other sites may not (eddy_http_exchange_is_cross_site()). docs/http-server.md has every answer.
 *
 * @param exchange  not answered yet, and of whose body nothing has been read
 * @param uploads   an eddy_http_uploads
 * @return 0, or as eddy_http_exchange_read() and eddy_http_reply()
 *
 * Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_http_uploads_answer(eddy_http_exchange *exchange, void *uploads);

/**
 * Whether a name is one that a stranger may give to a file: one part of a path, in UTF-8, of at most 255 bytes, that shows all that is in it.
 *
 * @param name          such as eddy_http_base_name() has made of a form's
 * @param takes_hidden  whether it may begin with a dot
 * @return 0
 * @retval -EINVAL  it is empty, "." or "..", too long, hidden or no UTF-8, has a slash, a backslash, a control character, one that turns
 *                  the direction of reading, or a blank at an end; the detail says which
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_file_name_check(const char *name, bool takes_hidden);

/**
 * Whether a browser was made to send a request by a page of another site: by what Sec-Fetch-Site says, or where that is not there, by
 * whether Origin names another host than Host. What is sent by other programs has neither, and is not.
 *
 * For what changes anything and is allowed by what browsers send unasked: a cookie, a password, an address within a network. A proxy in front
 * has to leave Host as it is. Does not suspend. Go's http.CrossOriginProtection.
 */
EDDY_API bool eddy_http_exchange_is_cross_site(eddy_http_exchange *exchange);

EDDY_END_DECLS

#endif
