/* Forms with files: multipart/form-data, read part by part as it comes. Of libeddy-http.
 *
 *         eddy_http_multipart *form;
 *         eddy_http_part part;
 *         int rc = eddy_http_multipart_open(&form, exchange, NULL);
 *         while (rc == 0 && (rc = eddy_http_multipart_next(form, &part)) == 1) {
 *                 printf("%s: %s\n", part.name, part.filename ? part.filename : "a field");
 *                 ssize_t n;
 *                 while ((n = eddy_http_multipart_read(form, buffer, sizeof buffer)) > 0)
 *                         ...
 *                 rc = (int)n;
 *         }
 *         eddy_http_multipart_close(form);
 */
#ifndef EDDY_HTTP_MULTIPART_H
#define EDDY_HTTP_MULTIPART_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** A form that is being read. */
typedef struct eddy_http_multipart eddy_http_multipart;

/** One of its parts. Its strings are valid until the next one is asked for. */
typedef struct eddy_http_part {
        const char *name; /**< of the form's field; may be "" */
        const char
            *filename; /**< as it was sent, with a path perhaps: see eddy_http_base_name(); NULL: no file */
        const char *content_type; /**< what its sender says; NULL: nothing */
        void *reserved[4];
} eddy_http_part;

/** How much is taken. Zero, or NULL for the whole, is the default of each, and SIZE_MAX is none. */
typedef struct eddy_http_multipart_options {
        size_t max_parts;       /**< 0: 1000 */
        size_t max_header_size; /**< bytes of a part's headers; 0: 8 KiB; at most 1 MiB */
        size_t
            max_field_size;   /**< of a part that is no file, and of eddy_http_multipart_read_all(); 0: 1 MiB */
        size_t max_file_size; /**< 0: as max_size */
        size_t max_size;      /**< bytes of the body, whatever is in it; 0: 64 MiB */
        void *reserved[4];    /**< zero */
} eddy_http_multipart_options;

/**
 * Begin to read a request's body as a form with files.
 *
 * @param form      receives it; give it back with eddy_http_multipart_close(), before the handler returns. NULL where this fails
 * @param exchange  whose body nobody has read yet
 * @param options   copied; may be NULL
 * @return 0
 * @retval -EINVAL         the body is none: its Content-Type is not multipart/form-data; unanswered, 415
 * @retval EDDY_EPROTOCOL  its Content-Type says no boundary, several, or one that is none
 * @retval -ENOMEM         no memory
 *
 * Does not suspend. aiohttp.web.Request.multipart().
 */
EDDY_API int eddy_http_multipart_open(eddy_http_multipart **form, eddy_http_exchange *exchange,
                                      const eddy_http_multipart_options *options);

/** Give it back, wherever it is. What was not read of the body stays so. NULL is allowed. Does not suspend. */
EDDY_API void eddy_http_multipart_close(eddy_http_multipart *form);

/**
 * Go to the next part. What was not read of the one before is skipped, and counts in its bounds.
 *
 * @param part  receives what it is
 * @return 1, or 0 where there are no more: then the body has been read to its end
 * @retval EDDY_ELIMIT      there is more than the options allow; the detail says of what; unanswered, 413
 * @retval EDDY_EPROTOCOL   the body is no such form; the detail says why; unanswered, 400
 * @retval EDDY_EINCOMPLETE the body has ended before its last boundary
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT ...  as from reading the body; after an interruption it may be called again
 * @retval EDDY_ENOTASK     called outside a coroutine
 *
 * After a failure of the first three the same comes again. Suspends.
 */
EDDY_API EDDY_ASYNC int eddy_http_multipart_next(eddy_http_multipart *form, eddy_http_part *part);

/**
 * Read some of a part's content.
 *
 * @param buffer  receives it
 * @param n       its size in bytes, more than 0
 * @return how many bytes; 0 at the part's end
 * @retval EDDY_EINVALIDSTATE  there is no part: eddy_http_multipart_next() gives one
 * @retval EDDY_ELIMIT         it, or the body, is larger than the options allow
 *
 * Else as eddy_http_multipart_next(). Suspends.
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_multipart_read(eddy_http_multipart *form, void *buffer, size_t n);

/**
 * Read the rest of a part, which is small: at most max_field_size, be it a file.
 *
 * @param content  receives it, with a NUL behind it, the caller's; give it back with eddy_free(). NULL where this fails
 * @return how many bytes, without the NUL
 * @retval EDDY_ELIMIT  it is larger; what was read of it is lost
 *
 * Else as eddy_http_multipart_read(), and -ENOMEM. After an interruption or -ENOMEM, what was read waits for the next call of this.
 * Suspends. aiohttp's BodyPartReader.read().
 */
EDDY_API EDDY_ASYNC ssize_t eddy_http_multipart_read_all(eddy_http_multipart *form, char **content);

/** The value of a header of the part, its name in any case; NULL where it has none. Valid until the next part is asked
 * for. */
EDDY_API const char *eddy_http_multipart_header(const eddy_http_multipart *form, const char *name);

/**
 * The last part of a file's name as it was sent, behind any "/" or backslash: one under which it may be kept in a folder.
 *
 * @param filename  NULL is allowed
 * @return within filename; NULL where nothing is left, or ".", "..", or more than 255 bytes
 *
 * It is still the sender's choice: a hidden file, one that is there already, or whatever its ending says. A name of your own is
 * safer. Does not suspend.
 */
EDDY_API const char *eddy_http_base_name(const char *filename);

EDDY_END_DECLS

#endif
