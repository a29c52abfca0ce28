/* How a transfer ended, in eddy's terms and in curl's own words. */
#include "http_client/patience.h"

#include <errno.h>

static int os_error(const struct transfer *t, int otherwise)
{
        long error = 0;

        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
        return error > 0 ? -(int)error : otherwise;
}

/* It was reached, and gives no way through. */
static bool was_refused_by_proxy(const struct transfer *t)
{
        long status = 0;

        curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
        return !t->is_connected && status >= 300;
}

/* What a SOCKS proxy says of the way beyond it, or where it left off. */
static int error_of_proxy(const struct transfer *t)
{
        long reason = CURLPX_OK;

        curl_easy_getinfo(t->easy, CURLINFO_PROXY_ERROR, &reason);
        switch (reason) {
        case CURLPX_RESOLVE_HOST:
                return EDDY_ERESOLVE;
        case CURLPX_REPLY_CONNECTION_REFUSED:
                return -ECONNREFUSED;
        case CURLPX_REPLY_HOST_UNREACHABLE:
                return -EHOSTUNREACH;
        case CURLPX_REPLY_NETWORK_UNREACHABLE:
                return -ENETUNREACH;
        case CURLPX_CLOSED:
        case CURLPX_RECV_ADDRESS:
        case CURLPX_RECV_AUTH:
        case CURLPX_RECV_CONNECT:
        case CURLPX_RECV_REQACK:
        case CURLPX_SEND_AUTH:
        case CURLPX_SEND_CONNECT:
        case CURLPX_SEND_REQUEST:
                return -ECONNRESET;
        default:
                return EDDY_EHTTP;
        }
}

/* curl would call it a port of localhost. */
static int fail_at_socket(const struct transfer *t)
{
        int rc = os_error(t, -ECONNREFUSED);

        return eddy_fail(rc, "cannot connect to the UNIX socket %s: %s", t->socket_path, eddy_strerror(rc));
}

/* curl's word for it is that of its own header parser, which is a function of its. */
static bool is_no_header(const struct transfer *t)
{
        return t->code == CURLE_BAD_FUNCTION_ARGUMENT && t->is_connected;
}

static int error_of(const struct transfer *t)
{
        switch (t->code) {
        case CURLE_OPERATION_TIMEDOUT:
                /* curl's word for a host that the kernel gave up on, too. */
                return os_error(t, 0) == -ETIMEDOUT ? -ETIMEDOUT : EDDY_TIMEOUT;
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
                return EDDY_ERESOLVE;
        case CURLE_COULDNT_CONNECT:
                return os_error(t, -ECONNREFUSED);
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
                return was_refused_by_proxy(t) ? EDDY_EHTTP : os_error(t, -ECONNRESET);
        case CURLE_PROXY:
                return error_of_proxy(t);
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
                return EDDY_EINCOMPLETE;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_URL_MALFORMAT:
                return -EINVAL;
        case CURLE_UNSUPPORTED_PROTOCOL:
                /* curl's word for an answer that is not HTTP, too. */
                return t->is_connected ? EDDY_EPROTOCOL : EDDY_ENOTSUP;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_BAD_CONTENT_ENCODING:
                return EDDY_EPROTOCOL;
        default:
                return EDDY_EHTTP;
        }
}

int transfer_outcome(struct transfer *t)
{
        int rc = patience_verdict(t);

        if (rc < 0)
                return rc;
        /* A callback that ran in the loop could not describe its failure to this task. */
        if (t->refusal < 0)
                return eddy_fail(t->refusal, "%s", t->code == CURLE_ABORTED_BY_CALLBACK ? t->message : "");
        /* curl takes a connection that ends within the headers for an answer without a body. */
        if (t->code == CURLE_OK && !t->has_all_headers)
                return eddy_fail(EDDY_EINCOMPLETE, "the connection ended within the headers");
        if (t->code == CURLE_OK)
                return 0;
        if (is_no_header(t))
                return eddy_fail(EDDY_EPROTOCOL, "a line of the answer's head is no header");
        if (t->code == CURLE_COULDNT_CONNECT && t->is_by_socket)
                return fail_at_socket(t);
        return eddy_fail(error_of(t), "%s", t->message[0] ? t->message : curl_easy_strerror(t->code));
}
