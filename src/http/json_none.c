/* Where libeddy-http is built without jansson. */
#include <eddy/http_json.h>

int eddy_http_exchange_json(eddy_http_exchange *exchange, struct json_t **value, size_t limit)
{
        (void)exchange;
        (void)limit;
        *value = NULL;
        return eddy_fail(EDDY_ENOTSUP, "libeddy-http is built without jansson");
}

int eddy_http_reply_json(eddy_http_exchange *exchange, int status, struct json_t *value)
{
        (void)exchange;
        (void)status;
        (void)value; /* which nobody can have made */
        return eddy_fail(EDDY_ENOTSUP, "libeddy-http is built without jansson");
}
