/* One transfer: a request set up in curl, awaited, and its outcome put into eddy's terms. */
#include "http_client/client.h"
#include "http_client/response.h"
#include "http_client/url.h"

#include "base/memory.h"
#include "base/sys.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/** A transfer under way. Lives in eddy_http_fetch()'s frame; curl's callbacks reach it until client_remove().
 */
struct transfer {
        struct client_ending ending;
        eddy_http_client *client;
        const eddy_http_request *request;
        eddy_http_response *response;
        CURL *easy;
        char *url; /* as it is sent */
        struct curl_slist *headers;
        eddy_timer connect_timer, stall_timer;
        eddy_time last_sign; /* when the server last sent or took something */
        curl_off_t uploaded;
        uint64_t acknowledged;           /* bytes that had reached the server at the latest look */
        int refusal;                     /* what a callback of the request ended the fetch with, or 0 */
        bool is_connected;               /* the request is being sent, or was */
        bool is_stalled, is_unconnected; /* it was given up for that */
        bool has_all_headers;            /* of the latest answer */
        bool has_told_headers;
        char message[CURL_ERROR_SIZE];
};

static void sign_of_life(struct transfer *t)
{
        t->last_sign = eddy_loop_time(t->client->loop);
}

/* What the kernel still has to send takes its time where the line is slow, and curl knows nothing of that: what has
 * reached the server since the latest look was a sign when its last byte was acknowledged. */
static void look_for_acknowledged(struct transfer *t)
{
        struct tcp_info info = {0};
        socklen_t size = sizeof info;
        eddy_time when;

        if (t->ending.socket == CURL_SOCKET_BAD ||
            sys_getsockopt(t->ending.socket, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
            info.tcpi_bytes_acked == t->acknowledged)
                return;
        t->acknowledged = info.tcpi_bytes_acked;
        when = eddy_loop_time(t->client->loop) - eddy_ms(info.tcpi_last_ack_recv);
        if (when > t->last_sign)
                t->last_sign = when;
}

/** Give a transfer up. */
static void run_out_of_time(struct transfer *t)
{
        t->ending.code = CURLE_OPERATION_TIMEDOUT;
        eddy_future_set_result(t->ending.done, 0);
}

static eddy_duration connect_timeout(const struct transfer *t)
{
        return t->request->connect_timeout > 0 ? t->request->connect_timeout : eddy_seconds(30);
}

static void give_up_connecting(void *arg)
{
        struct transfer *t = arg;

        t->is_unconnected = true;
        run_out_of_time(t);
}

/* Its name is about to be looked up, or a socket made for it. curl's own limit would count from the beginning, when a
 * transfer may have to wait for its turn. */
static void begin_connecting(struct transfer *t)
{
        if (!eddy_timer_pending(&t->connect_timer) && !t->is_unconnected)
                eddy_call_later(t->client->loop, &t->connect_timer, connect_timeout(t), give_up_connecting, t);
}

/* CURLOPT_RESOLVER_START_FUNCTION */
static int on_look_up(void *resolver, void *reserved, void *arg)
{
        (void)resolver, (void)reserved;
        begin_connecting(arg);
        return 0;
}

/* CURLOPT_OPENSOCKETFUNCTION: where the name was known. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
        int fd = sys_socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

        (void)purpose;
        begin_connecting(arg);
        return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void stall_watch(struct transfer *t);

static void stall_check(void *arg)
{
        struct transfer *t = arg;

        look_for_acknowledged(t);
        if (eddy_loop_time(t->client->loop) - t->last_sign < t->request->stall_timeout) {
                stall_watch(t);
                return;
        }
        t->is_stalled = true;
        run_out_of_time(t);
}

/* Look again when the silence will have been too long, if nothing comes meanwhile. */
static void stall_watch(struct transfer *t)
{
        eddy_duration timeout = t->request->stall_timeout;

        if (timeout > 0)
                eddy_call_at(t->client->loop, &t->stall_timer, eddy_time_add(t->last_sign, timeout),
                             stall_check, t);
}

/* CURLOPT_PREREQFUNCTION: connected, about to send; after a redirect once more. */
static int on_connected(void *arg, char *peer, char *own, int peer_port, int own_port)
{
        struct transfer *t = arg;

        (void)peer, (void)own, (void)peer_port, (void)own_port;
        eddy_timer_cancel(&t->connect_timer);
        t->is_connected = true;
        t->has_all_headers = false;
        sign_of_life(t);
        if (!t->is_stalled)
                stall_watch(t);
        return CURL_PREREQFUNC_OK;
}

static int tell_headers(struct transfer *t)
{
        const char *url = NULL;
        curl_off_t length = -1;
        long status = 0;

        t->has_told_headers = true;
        curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
        curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
        t->response->status = (int)status;
        t->response->length = length;
        t->response->url = memory_strdup(url ? url : "");
        if (!t->response->url)
                return -ENOMEM;
        return t->request->on_headers ? t->request->on_headers(t->response, t->request->arg) : 0;
}

/* CURLOPT_HEADERFUNCTION: a line, of every answer on the way. */
static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;

        sign_of_life(t);
        size *= one;
        if (t->has_told_headers)
                return size; /* a trailer */
        t->has_all_headers = *line == '\r' || *line == '\n';
        if (size > 5 && memcmp(line, "HTTP/", 5) == 0)
                response_clear_headers(t->response);
        else
                t->refusal = response_add_header(t->response, line, size);
        return t->refusal < 0 ? 0 : size;
}

/* CURLOPT_WRITEFUNCTION: a piece of the last answer's body. */
static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;
        const eddy_http_request *request = t->request;

        sign_of_life(t);
        size *= one;
        if (!t->has_told_headers)
                t->refusal = tell_headers(t);
        if (t->refusal >= 0 && request->on_body)
                t->refusal = request->on_body(data, size, request->arg);
        if (t->refusal < 0)
                return 0;
        t->response->received += (int64_t)size;
        if (request->on_progress)
                request->on_progress(t->response->received, t->response->length, request->arg);
        return size;
}

/* CURLOPT_XFERINFOFUNCTION, here for what is sent: a slow upload is no stall. */
static int on_transfer_info(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
        struct transfer *t = arg;

        (void)total, (void)now, (void)up_total;
        if (up_now != t->uploaded)
                sign_of_life(t);
        t->uploaded = up_now;
        return 0;
}

static int add_header(struct transfer *t, const char *line)
{
        struct curl_slist *headers = curl_slist_append(t->headers, line);

        if (!headers)
                return -ENOMEM;
        t->headers = headers;
        return 0;
}

static bool asks_for_part(const eddy_http_request *request)
{
        return request->range_start > 0 || request->range_end > 0;
}

static int add_headers(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        bool has_type = false;
        int rc = 0;

        for (const char *const *line = request->headers; line && *line && rc == 0; line++) {
                has_type |= strncasecmp(*line, "content-type:", 13) == 0;
                rc = add_header(t, *line);
        }
        /* Else curl would call it a web form. */
        if (rc == 0 && request->body && !has_type)
                rc = add_header(t, "Content-Type: application/octet-stream");
        if (rc == 0 && request->if_range && asks_for_part(request)) {
                size_t size = strlen(request->if_range) + sizeof "If-Range: ";
                char *line = memory_alloc(size);

                if (!line)
                        return -ENOMEM;
                strcpy(stpcpy(line, "If-Range: "), request->if_range);
                rc = add_header(t, line);
                memory_free(line);
        }
        return rc;
}

/* 0: none. As many as curl can count where there are more. */
static long to_ms(eddy_duration duration)
{
        return duration <= 0                     ? 0
               : duration / 1000000 >= INT32_MAX ? INT32_MAX
                                                 : (long)((duration + 999999) / 1000000);
}

#define SET(option, value) (code = code ? code : curl_easy_setopt(t->easy, option, value))

static CURLcode set_callbacks(struct transfer *t)
{
        CURLcode code = CURLE_OK;

        SET(CURLOPT_ERRORBUFFER, t->message);
        SET(CURLOPT_RESOLVER_START_FUNCTION, on_look_up);
        SET(CURLOPT_RESOLVER_START_DATA, t);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        SET(CURLOPT_OPENSOCKETDATA, t);
        SET(CURLOPT_PREREQFUNCTION, on_connected);
        SET(CURLOPT_PREREQDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_XFERINFOFUNCTION, on_transfer_info);
        SET(CURLOPT_XFERINFODATA, t);
        SET(CURLOPT_NOPROGRESS, 0L);
        return code;
}

static CURLcode set_connection(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        CURLcode code = CURLE_OK;

        SET(CURLOPT_NOSIGNAL, 1L);
        /* Else giving up a name that is being looked up would block the loop until the answer comes. */
        SET(CURLOPT_QUICK_EXIT, 1L);
        SET(CURLOPT_BUFFERSIZE, 64L * 1024);
        SET(CURLOPT_TIMEOUT_MS, to_ms(request->timeout));
        SET(CURLOPT_CONNECTTIMEOUT_MS, to_ms(EDDY_FOREVER)); /* see begin_connecting() */
        SET(CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
        SET(CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
        if (request->ca_file)
                SET(CURLOPT_CAINFO, request->ca_file);
        return code;
}

static CURLcode set_method(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        CURLcode code = CURLE_OK;

        if (request->body) {
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
                SET(CURLOPT_POSTFIELDS, request->body);
        }
        if (request->method && strcmp(request->method, "HEAD") == 0)
                SET(CURLOPT_NOBODY, 1L);
        else if (request->method)
                SET(CURLOPT_CUSTOMREQUEST, request->method);
        return code;
}

static CURLcode set_request(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        CURLcode code = CURLE_OK;
        char range[64];

        SET(CURLOPT_URL, t->url);
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_FOLLOWLOCATION, request->max_redirects < 0 ? 0L : 1L);
        SET(CURLOPT_MAXREDIRS, request->max_redirects > 0 ? (long)request->max_redirects : 20L);
        SET(CURLOPT_USERAGENT, t->client->user_agent);
        SET(CURLOPT_HTTPHEADER, t->headers);
        if (asks_for_part(request)) {
                int n = snprintf(range, sizeof range, "%lld-", (long long)request->range_start);

                if (request->range_end > 0)
                        snprintf(range + n, sizeof range - (size_t)n, "%lld", (long long)request->range_end);
                SET(CURLOPT_RANGE, range);
        }
        return code ? code : set_method(t);
}

#undef SET

static int transfer_open(struct transfer *t)
{
        CURLcode code;
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        if (rc < 0)
                return rc;
        if (!t->request->url)
                return eddy_fail(-EINVAL, "the request has no URL");
        t->url = url_encode(t->request->url);
        t->easy = curl_easy_init();
        if (!t->url || !t->easy || add_headers(t) < 0)
                return -ENOMEM;
        code = set_callbacks(t);
        code = code ? code : set_connection(t);
        code = code ? code : set_request(t);
        return code == CURLE_OK ? 0 : code == CURLE_OUT_OF_MEMORY ? -ENOMEM : EDDY_ENOTSUP;
}

static void transfer_close(struct transfer *t)
{
        curl_easy_cleanup(t->easy);
        curl_slist_free_all(t->headers);
        memory_free(t->url);
        eddy_unref(t->ending.done);
}

static int os_error(const struct transfer *t, int otherwise)
{
        long error = 0;

        curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
        return error > 0 ? -(int)error : otherwise;
}

static int error_of(const struct transfer *t)
{
        switch (t->ending.code) {
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
                return os_error(t, -ECONNRESET);
        case CURLE_GOT_NOTHING:
        case CURLE_PARTIAL_FILE:
                return EDDY_EINCOMPLETE;
        case CURLE_OUT_OF_MEMORY:
                return -ENOMEM;
        case CURLE_URL_MALFORMAT:
                return -EINVAL;
        case CURLE_UNSUPPORTED_PROTOCOL:
                /* curl's word for an answer that is not HTTP, too; but where there is one, it redirects elsewhere. */
                return t->is_connected && !t->has_all_headers ? EDDY_EPROTOCOL : EDDY_ENOTSUP;
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_SSL_CONNECT_ERROR:
                return EDDY_EPROTOCOL;
        default:
                return EDDY_EHTTP;
        }
}

static int outcome(struct transfer *t)
{
        if (t->is_unconnected)
                return eddy_fail(EDDY_TIMEOUT, "no connection within %g s",
                                 eddy_to_seconds(connect_timeout(t)));
        if (t->is_stalled)
                return eddy_fail(EDDY_TIMEOUT, "nothing came for %g s",
                                 eddy_to_seconds(t->request->stall_timeout));
        /* curl takes a connection that ends within the headers for an answer without a body. */
        if (t->ending.code == CURLE_OK && !t->has_all_headers)
                return eddy_fail(EDDY_EINCOMPLETE, "the connection ended within the headers");
        if (t->ending.code == CURLE_OK && !t->has_told_headers)
                t->refusal = tell_headers(t);
        if (t->ending.code == CURLE_OK)
                return t->refusal < 0 ? t->refusal : 0;
        /* A callback that ran in the loop could not describe its failure to this task. */
        if (t->refusal < 0)
                return eddy_fail(t->refusal, "%s", "");
        return eddy_fail(error_of(t), "%s", t->message[0] ? t->message : curl_easy_strerror(t->ending.code));
}

static int transfer_run(struct transfer *t)
{
        int rc;

        t->ending.done = eddy_future_create(t->client->loop);
        if (!t->ending.done || client_add(t->client, t->easy, &t->ending) < 0)
                return -ENOMEM;
        rc = eddy_await(t->ending.done, NULL);
        client_remove(t->client, t->easy);
        eddy_timer_cancel(&t->connect_timer);
        eddy_timer_cancel(&t->stall_timer);
        return rc < 0 ? rc : outcome(t);
}

int eddy_http_fetch(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response)
{
        eddy_http_response unseen;
        struct transfer t = {.client = client,
                             .request = request,
                             .response = response ? response : &unseen,
                             .ending.socket = CURL_SOCKET_BAD};
        int rc;

        *t.response = (eddy_http_response){.length = -1};
        rc = transfer_open(&t);
        if (rc == 0)
                rc = transfer_run(&t);
        transfer_close(&t);
        if (!response)
                eddy_http_response_finish(&unseen);
        return rc;
}
