/* JSON in requests and answers, by jansson: for programs that include <jansson.h> and link with jansson besides. Of libeddy-http.
 *
 *         static int add(eddy_http_exchange *exchange, void *arg)
 *         {
 *                 json_t *numbers;
 *                 int a, b, rc = eddy_http_exchange_json(exchange, &numbers, 0);
 *
 *                 if (rc < 0)
 *                         return rc;
 *                 rc = json_unpack(numbers, "{s:i, s:i}", "a", &a, "b", &b);
 *                 json_decref(numbers);
 *                 if (rc < 0)
 *                         return eddy_http_reply_json(exchange, 422, json_pack("{s:s}", "error", "a and b, please"));
 *                 return eddy_http_reply_json(exchange, 200, json_pack("{s:I}", "sum", (json_int_t)a + b));
 *         }
 */
#ifndef EDDY_HTTP_JSON_H
#define EDDY_HTTP_JSON_H

#include <eddy/http_exchange.h>

EDDY_BEGIN_DECLS

struct json_t; /* jansson's */

/**
 * Read a request's body whole, as JSON of any kind, whatever its Content-Type is.
 *
 * @param value  receives it, the caller's: give it back with json_decref(). NULL where this fails
 * @param limit  the most that is read, bytes; 0: 1 MiB, of which jansson may make 80 MiB: all its elements being "0"
 * @return 0
 * @retval EDDY_EPROTOCOL  it is no JSON, or is nested more than 128 deep; the detail says where. Unanswered, 400
 * @retval EDDY_ELIMIT     it is longer; unanswered, 413
 * @retval EDDY_ENOTSUP    libeddy-http is built without jansson
 * @retval EDDY_CANCELLED, EDDY_TIMEOUT, ...  as eddy_http_exchange_read_all()
 *
 * Of a key that is there twice the last value counts. What is long is parsed by a thread. Suspends. Request.json().
 */
EDDY_API EDDY_ASYNC int eddy_http_exchange_json(eddy_http_exchange *exchange, struct json_t **value,
                                                size_t limit);

/**
 * Answer a request with JSON.
 *
 * @param status  200 to 999; 0: 200
 * @param value   is given back by this, whatever comes of it; NULL, as json_pack() returns where it fails, is an error
 * @return 0; -EINVAL where it is NULL, or no value that can be written; EDDY_ENOTSUP as above; otherwise as eddy_http_reply()
 *
 * Suspends where the client is slow. aiohttp.web.json_response().
 */
EDDY_API EDDY_ASYNC int eddy_http_reply_json(eddy_http_exchange *exchange, int status, struct json_t *value);

EDDY_END_DECLS

#endif
