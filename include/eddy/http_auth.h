/* Who asks: users with passwords (RFC 7617) and bearers of tokens (RFC 6750), by Authorization. Of libeddy-http.
 *
 *         eddy_http_basic who;
 *         int rc = eddy_http_basic_parse(&who, eddy_http_exchange_header(exchange, "Authorization"));
 *         if (rc < 0 || strcmp(who.user, "admin") != 0 ||
 *             !eddy_http_secret_equal(who.password, who.password_size, secret, strlen(secret))) {
 *                 char challenge[200];
 *                 eddy_http_basic_challenge(challenge, sizeof challenge, "the back rooms");
 *                 return eddy_http_reply(exchange, &(eddy_http_answer){
 *                         .status = 401, .headers = (const char *const[]){challenge, NULL}});
 *         }
 */
#ifndef EDDY_HTTP_AUTH_H
#define EDDY_HTTP_AUTH_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** The most bytes of a user and a password together, with the colon between them. */
#define EDDY_HTTP_BASIC_MAX 511

/** A user and a password, which are where this is: it is not to be copied. Both end with NUL. */
typedef struct eddy_http_basic {
        const char *user, *password;
        size_t user_size, password_size;
        char text[EDDY_HTTP_BASIC_MAX + 1]; /* private */
} eddy_http_basic;

/**
 * Read a user and a password.
 *
 * @param basic          receives them; when they are no longer needed, nothing has to be given back
 * @param authorization  the value of a header such as "Basic dXNlcjpwYXNz"; NULL: there is none
 * @return 0
 * @retval -ENOENT      there is none, or it is of another scheme
 * @retval -EINVAL      it is not base64 with its padding, or what that holds has no colon, or a control character
 * @retval EDDY_ELIMIT  it is longer than EDDY_HTTP_BASIC_MAX bytes
 *
 * The first colon is the one between them. A handler answers each of these by 401, with eddy_http_basic_challenge(). Does not
 * suspend. aiohttp.BasicAuth.decode().
 */
EDDY_API int eddy_http_basic_parse(eddy_http_basic *basic, const char *authorization);

/**
 * Read a token.
 *
 * @param token          receives it: within the header, whose end is its end. NULL where this fails
 * @param authorization  the value of a header such as "Bearer mF_9.B5f-4.1JqM"; NULL: there is none
 * @return 0
 * @retval -ENOENT  there is none, or it is of another scheme
 * @retval -EINVAL  the token is none: letters, digits and "-._~+/", and "=" at its end
 *
 * Does not suspend.
 */
EDDY_API int eddy_http_bearer_parse(const char **token, const char *authorization);

/**
 * Whether what was given is a secret, in a time that does not depend on where they differ, but on how long the given is.
 *
 * @param given        what somebody says; its size is no secret
 * @param given_size   in bytes
 * @param secret       what it should be
 * @param secret_size  in bytes
 *
 * Does not suspend. hmac.compare_digest().
 */
EDDY_API bool eddy_http_secret_equal(const void *given, size_t given_size, const void *secret,
                                     size_t secret_size);

/**
 * Write a header that asks for a user and a password: WWW-Authenticate: Basic realm="...", charset="UTF-8".
 *
 * @param line   receives it, with a NUL behind it; for eddy_http_answer's headers, with status 401
 * @param size   of that memory in bytes
 * @param realm  what they are for, as people are told
 * @return how long the line is, without the NUL
 * @retval -EINVAL      the realm has a control character
 * @retval EDDY_ELIMIT  the line does not fit
 *
 * Does not suspend.
 */
EDDY_API ssize_t eddy_http_basic_challenge(char *line, size_t size, const char *realm);

/**
 * Write a header that asks for a token: WWW-Authenticate: Bearer realm="...", error="...".
 *
 * @param line   as for eddy_http_basic_challenge()
 * @param size   likewise
 * @param realm  likewise
 * @param error  "invalid_token" where there was one that is not good, "insufficient_scope" with status 403, or NULL where there was
 *               none
 * @return as eddy_http_basic_challenge()
 *
 * Does not suspend.
 */
EDDY_API ssize_t eddy_http_bearer_challenge(char *line, size_t size, const char *realm, const char *error);

EDDY_END_DECLS

#endif
