/* Which pages of other origins a browser lets read answers (CORS, by the Fetch standard). Of libeddy-http.
 *
 *         eddy_http_cors *cors;
 *         eddy_http_cors_create(&cors, &(eddy_http_cors_options){
 *                 .origins = (const char *const[]){"https://app.example.org", NULL}, .credentials = true});
 *         ...
 *         eddy_http_cors_answer answer;
 *         eddy_http_exchange_cors(exchange, cors, &answer);
 *         if (answer.is_preflight)
 *                 return eddy_http_reply(exchange, &(eddy_http_answer){.status = 204, .headers = answer.headers});
 */
#ifndef EDDY_HTTP_CORS_H
#define EDDY_HTTP_CORS_H

#include <eddy/http_server.h>

EDDY_BEGIN_DECLS

/** What pages of other origins may do. Zero, or NULL for the whole, is the default of each; lists end with NULL. */
typedef struct eddy_http_cors_options {
        const char *const *
            origins; /**< "https://app.example.org" each, as browsers write them, or "null"; or "*" alone: every
                                         one; NULL: none */
        const char *const *methods; /**< NULL: GET, HEAD and POST; or "*" alone */
        const char *const
            *headers; /**< of requests, beyond those that are always allowed; or "*", which does not mean
                                         Authorization */
        const char *const *exposed; /**< headers of answers that they may read, beyond those; or "*" */
        bool credentials; /**< with cookies and the like; not with any "*", nor with the origin "null" */
        eddy_duration
            max_age; /**< for which browsers may remember it, in whole seconds; 0: as they like; less: not at all */
        void *reserved[4]; /**< zero */
} eddy_http_cors_options;

/** Such a policy; any thread may use it, once it is there. */
typedef struct eddy_http_cors eddy_http_cors;

/**
 * Make a policy.
 *
 * @param cors     receives it; give it back with eddy_http_cors_destroy(). NULL where this fails
 * @param options  copied, with all texts; may be NULL: nothing is allowed
 * @return 0
 * @retval -EINVAL  it can never be what was meant, and the detail says why: credentials for "*" or for "null", an origin
 *                  that no browser sends, a method or header that is none
 * @retval -ENOMEM  no memory
 *
 * Does not suspend. aiohttp-cors, Starlette's CORSMiddleware.
 */
EDDY_API int eddy_http_cors_create(eddy_http_cors **cors, const eddy_http_cors_options *options);

/** Give it back, when no answer of eddy_http_cors_decide() is used any more. NULL is allowed. */
EDDY_API void eddy_http_cors_destroy(eddy_http_cors *cors);

/** What a request says of it. */
typedef struct eddy_http_cors_request {
        const char *method;           /**< such as "GET" */
        const char *origin;           /**< the value of Origin; NULL: it has none */
        const char *requested_method; /**< of Access-Control-Request-Method; NULL: it has none */
} eddy_http_cors_request;

/** What an answer is to say. It is not to be copied: `headers` points to what is in it. */
typedef struct eddy_http_cors_answer {
        const char *headers[8]; /**< lines to add to the answer, whatever it is; NULL behind the last */
        bool
            is_preflight; /**< the request only asks whether another may be sent: answer it by 204 and these headers */
        bool is_allowed;   /**< the request's origin is one of those allowed */
        char allowed[320]; /* private: the line that names it */
} eddy_http_cors_answer;

/**
 * Decide on a request.
 *
 * @param cors     the policy
 * @param request  what it says
 * @param answer   receives what the answer is to say; valid as long as the policy
 *
 * Does not suspend.
 */
EDDY_API void eddy_http_cors_decide(const eddy_http_cors *cors, const eddy_http_cors_request *request,
                                    eddy_http_cors_answer *answer);

/** As eddy_http_cors_decide(), of what a request's headers say. */
EDDY_API void eddy_http_exchange_cors(eddy_http_exchange *exchange, const eddy_http_cors *cors,
                                      eddy_http_cors_answer *answer);

EDDY_END_DECLS

#endif
