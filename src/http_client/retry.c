#include "http_client/retry.h"
#include "http_common/date.h"

#include <errno.h>
#include <string.h>

bool retry_may_help(int error)
{
        switch (error) {
        case EDDY_TIMEOUT: /* one of the request's own; the caller's is not retried */
        case EDDY_ERESOLVE:
        case EDDY_EINCOMPLETE:
        case EDDY_EPROTOCOL:
        case -ETIMEDOUT:
        case -ECONNREFUSED:
        case -ECONNRESET:
        case -ECONNABORTED:
        case -EPIPE:
        case -EHOSTDOWN:
        case -EHOSTUNREACH:
        case -ENETUNREACH:
        case -ENETDOWN:
        case -ENETRESET:
                return true;
        default:
                return false;
        }
}

bool retry_status_may_pass(int status)
{
        switch (status) {
        case 408: /* Request Timeout */
        case 425: /* Too Early */
        case 429: /* Too Many Requests */
        case 500:
        case 502:
        case 503:
        case 504:
                return true;
        default:
                return false;
        }
}

/* By the server's clock where it tells it, which need not be ours. */
static eddy_duration until(const eddy_http_response *response, time_t when)
{
        const char *date = eddy_http_response_header(response, "date");
        time_t now;

        if (!date || !http_date_parse(date, strlen(date), &now))
                now = time(NULL);
        return when > now ? eddy_seconds((double)(when - now)) : 0;
}

eddy_duration retry_wish(const eddy_http_response *response)
{
        const char *text = eddy_http_response_header(response, "retry-after");
        size_t size = text ? strlen(text) : 0;
        int64_t count = 0;
        time_t when;

        if (size == 0)
                return 0;
        if (http_date_parse(text, size, &when))
                return until(response, when);
        if (strspn(text, "0123456789") != size)
                return 0;
        for (; *text; text++)
                if (__builtin_mul_overflow(count, 10, &count) ||
                    __builtin_add_overflow(count, *text - '0', &count))
                        return EDDY_FOREVER;
        return eddy_seconds((double)count);
}

eddy_duration retry_backoff(eddy_duration backoff, unsigned nth)
{
        const eddy_duration longest = eddy_seconds(10);
        eddy_duration delay = backoff > 0 ? backoff : eddy_ms(250);

        while (nth-- > 1 && delay < longest)
                delay *= 2;
        return delay < longest ? delay : longest;
}
