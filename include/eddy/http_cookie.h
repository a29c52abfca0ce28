/* Cookies: read from a request, and set by an answer. Of libeddy-http.
 *
 *         char session[65], line[EDDY_HTTP_COOKIE_SIZE];
 *         ssize_t n = eddy_http_exchange_cookie(exchange, "__Host-session", session, sizeof session);
 *         ...
 *         eddy_http_cookie cookie = {.name = "__Host-session", .value = session, .path = "/", .max_age = eddy_seconds(3600),
 *                                    .same_site = EDDY_HTTP_SAME_SITE_LAX, .secure = true, .http_only = true};
 *         n = eddy_http_cookie_format(line, sizeof line, &cookie);
 *         if (n > 0)
 *                 return eddy_http_reply(exchange, &(eddy_http_answer){.headers = (const char *const[]){line, NULL}});
 */
#ifndef EDDY_HTTP_COOKIE_H
#define EDDY_HTTP_COOKIE_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** Room for any line that eddy_http_cookie_format() makes, its NUL included. */
#define EDDY_HTTP_COOKIE_SIZE 6400

/** To requests that other sites cause, is a cookie sent? */
typedef enum eddy_http_same_site {
        EDDY_HTTP_SAME_SITE_UNSAID, /**< as the browser likes: mostly as LAX */
        EDDY_HTTP_SAME_SITE_LAX,    /**< when the user follows a link */
        EDDY_HTTP_SAME_SITE_STRICT, /**< never */
        EDDY_HTTP_SAME_SITE_NONE,   /**< always; needs `secure` */
} eddy_http_same_site;

/** A cookie to be set. Zero, or NULL, is the default of each but the name. */
typedef struct eddy_http_cookie {
        const char *name;      /**< a token, as headers have */
        const char *value;     /**< ASCII without blanks, quotes, commas, semicolons, backslashes; NULL: "" */
        const char *path;      /**< begins with "/"; NULL: the folder of what was asked for */
        const char *domain;    /**< whose other hosts get it too; NULL: this host alone */
        eddy_duration max_age; /**< 0: until the browser ends; less: it is deleted. Browsers grant 400 days */
        eddy_http_same_site same_site; /**< who may cause it to be sent */
        bool secure;                   /**< by HTTPS alone */
        bool http_only;                /**< not for scripts */
        bool partitioned;              /**< for each site that embeds this one apart; needs `secure` */
        void *reserved[4];             /**< zero */
} eddy_http_cookie;

/**
 * Find a cookie in the value of a Cookie header.
 *
 * @param header  such as "a=1; b=2"; NULL: there is none
 * @param name    compared byte by byte
 * @param size    receives its value's size in bytes
 * @return its value, within the header and so NOT terminated, without blanks and one pair of quotes around it, else as it was
 *         sent; that of the first of several. NULL where there is none
 *
 * Does not suspend.
 */
EDDY_API const char *eddy_http_cookie_find(const char *header, const char *name, size_t *size);

/**
 * Read one of a request's cookies.
 *
 * @param name   as for eddy_http_cookie_find()
 * @param value  receives it, with a NUL behind it
 * @param size   of that memory in bytes
 * @return how long it is, without the NUL
 * @retval -ENOENT      the request has no such cookie
 * @retval EDDY_ELIMIT  it does not fit; what does not was not set by you, mostly. Unanswered, 413
 *
 * Does not suspend. aiohttp.web.Request.cookies.
 */
EDDY_API ssize_t eddy_http_exchange_cookie(eddy_http_exchange *exchange, const char *name, char *value,
                                           size_t size);

/**
 * Write a header that sets a cookie: "Set-Cookie: ...", for eddy_http_answer's headers.
 *
 * @param line    receives it, with a NUL behind it
 * @param size    of that memory in bytes; EDDY_HTTP_COOKIE_SIZE suffices always
 * @param cookie  what it says; not kept
 * @return how long the line is, without the NUL
 * @retval -EINVAL      browsers would not keep it, or could read more than was meant; the detail says why: a byte in name,
 *                      value, path or domain that may not be there, a name and value of more than 4096 bytes, a name that begins
 *                      with "__Secure-" or "__Host-" and is not set as these must be, SameSite=None or Partitioned without `secure`
 * @retval EDDY_ELIMIT  it does not fit
 *
 * To delete a cookie set it with a negative max_age, and the name, path and domain that it was set with. Does not suspend.
 * aiohttp.web.Response.set_cookie().
 */
EDDY_API ssize_t eddy_http_cookie_format(char *line, size_t size, const eddy_http_cookie *cookie);

EDDY_END_DECLS

#endif
