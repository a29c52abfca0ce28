/* What a query string or a form's body says: names and values, decoded. Of libeddy-http.
 *
 *         eddy_http_fields *query;
 *         int rc = eddy_http_exchange_query(exchange, &query);
 *         if (rc < 0)
 *                 return rc;
 *         const char *color = eddy_http_fields_get(query, "color");
 *         ...
 *         eddy_http_fields_destroy(query);
 */
#ifndef EDDY_HTTP_FORM_H
#define EDDY_HTTP_FORM_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** One name and its value, decoded. Both end with NUL, and may hold some before it: their sizes tell. */
typedef struct eddy_http_field {
        const char *name, *value;
        size_t name_size, value_size;
} eddy_http_field;

/** Names and values in the order in which they were sent; one block of memory. */
typedef struct eddy_http_fields eddy_http_fields;

/** How much is taken. Zero, or NULL for the whole, is the default of each. */
typedef struct eddy_http_fields_options {
        size_t max_fields; /**< 0: 1000; SIZE_MAX: any number */
        size_t max_size;   /**< bytes before they are decoded; 0: 1 MiB; SIZE_MAX: any number */
        void *reserved[4]; /**< zero */
} eddy_http_fields_options;

/**
 * Decode names and values as forms send them and queries have them: "a=1&b=two+words&c=%C3%A4".
 *
 * @param fields   receives them, the caller's; give them back with eddy_http_fields_destroy(). NULL where this fails
 * @param text     what is behind "?", or a body of application/x-www-form-urlencoded; it need not stay
 * @param n        its size in bytes
 * @param options  may be NULL
 * @return 0
 * @retval EDDY_ELIMIT  there are more fields or bytes than the options allow; the detail says which. Unanswered, 413 where it is a request's
 * @retval -ENOMEM      no memory
 *
 * As the URL standard has it: "&" alone separates (";" is part of a value), "+" is a blank, a field without "=" has an
 * empty value, and "%" that two hexadecimal digits do not follow is kept as it is. What bytes mean is not looked at:
 * neither UTF-8 nor NUL. Does not suspend. urllib.parse.parse_qsl().
 */
EDDY_API int eddy_http_fields_parse(eddy_http_fields **fields, const void *text, size_t n,
                                    const eddy_http_fields_options *options);

/** Give them back, with all names and values. NULL is allowed. */
EDDY_API void eddy_http_fields_destroy(eddy_http_fields *fields);

/** How many there are. */
EDDY_API size_t eddy_http_fields_count(const eddy_http_fields *fields);

/** The one at a place, counted from 0; NULL behind the last. */
EDDY_API const eddy_http_field *eddy_http_fields_at(const eddy_http_fields *fields, size_t place);

/** The value of the first field of a name; NULL where there is none. It ends at its first NUL for whoever reads it as a
 * string: eddy_http_fields_find() tells its size. */
EDDY_API const char *eddy_http_fields_get(const eddy_http_fields *fields, const char *name);

/** The nth field of a name, counted from 0; NULL where there are not so many. */
EDDY_API const eddy_http_field *eddy_http_fields_find(const eddy_http_fields *fields, const char *name,
                                                      size_t nth);

/**
 * Decode a request's query: what is behind the first "?" of its target. Without one there are no fields.
 *
 * @param fields  as for eddy_http_fields_parse(), with its default bounds; give them back with eddy_http_fields_destroy()
 * @return 0, EDDY_ELIMIT or -ENOMEM, likewise
 *
 * Does not suspend. aiohttp.web.Request.query.
 */
EDDY_API int eddy_http_exchange_query(eddy_http_exchange *exchange, eddy_http_fields **fields);

/**
 * Read a request's body to its end, and decode it as a form.
 *
 * @param fields   as for eddy_http_fields_parse(); give them back with eddy_http_fields_destroy()
 * @param options  may be NULL; no more than max_size is read
 * @return 0
 * @retval -EINVAL      the body is no form: its Content-Type is not application/x-www-form-urlencoded; unanswered, 415
 * @retval EDDY_ELIMIT  as for eddy_http_fields_parse()
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT, EDDY_EINCOMPLETE ...  as from reading the body
 * @retval -ENOMEM      no memory
 *
 * What was read before an interruption is lost. Suspends. aiohttp.web.Request.post(); eddy/http_multipart.h reads forms with files.
 */
EDDY_API EDDY_ASYNC int eddy_http_exchange_form(eddy_http_exchange *exchange, eddy_http_fields **fields,
                                                const eddy_http_fields_options *options);

/**
 * Decode escapes such as "%20". A "+" stays, and so does "%" that two hexadecimal digits do not follow.
 *
 * @param out   receives at most n bytes, without a NUL behind them; may be `text`
 * @param text  what is decoded
 * @param n     its size in bytes
 * @return how many bytes there are
 *
 * Does not suspend. urllib.parse.unquote_to_bytes().
 */
EDDY_API size_t eddy_http_unescape(char *out, const char *text, size_t n);

EDDY_END_DECLS

#endif
