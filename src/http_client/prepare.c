#include "http_client/prepare.h"
#include "http_client/header.h"
#include "http_client/url.h"

#include "base/memory.h"
#include <stdio.h>
#include <strings.h>

#define SET(option, value) (code = code ? code : curl_easy_setopt(t->easy, option, value))

static long http_version(eddy_http_versions versions)
{
        switch (versions) {
        case EDDY_HTTP_1_ONLY:
                return CURL_HTTP_VERSION_1_1;
        case EDDY_HTTP_2_AT_ONCE:
                return CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
        default:
                return CURL_HTTP_VERSION_2TLS;
        }
}

CURLcode prepare_once(struct transfer *t)
{
        const eddy_http_client *client = t->client;
        CURLcode code = CURLE_OK;

        SET(CURLOPT_NOSIGNAL, 1L);
        /* Else giving up a name that is being looked up would block the loop until the answer comes. */
        SET(CURLOPT_QUICK_EXIT, 1L);
        SET(CURLOPT_BUFFERSIZE, 60L * 1024);
        SET(CURLOPT_CONNECTTIMEOUT_MS, (long)INT32_MAX); /* see patience_connecting() */
        SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);          /* see unwrap.h */
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_HTTP_VERSION, http_version(client->versions));
        if (client->share) {
                SET(CURLOPT_SHARE, client->share);
                SET(CURLOPT_COOKIEFILE, "");
        }
        if (client->proxy)
                SET(CURLOPT_PROXY, client->proxy);
        return code;
}

/* What describes a body goes where the body goes. */
static bool is_of_body(const char *line)
{
        return strncasecmp(line, "Content-", 8) == 0 || header_has_name(line, "Transfer-Encoding") ||
               header_has_name(line, "Expect");
}

static int add_header(struct transfer *t, const char *line)
{
        struct curl_slist *headers = curl_slist_append(t->headers, line);

        if (!headers)
                return -ENOMEM;
        t->headers = headers;
        return 0;
}

static int add_headers_of_request(struct transfer *t, bool is_trusted)
{
        int rc = 0;

        for (const char *const *line = t->request->headers; line && *line && rc == 0; line++) {
                rc = header_check(*line);
                if (rc < 0 || (header_is_of_one_host(*line) && !is_trusted) ||
                    (is_of_body(*line) && !t->sends_body))
                        continue;
                rc = add_header(t, *line);
        }
        return rc;
}

/* The client's own credentials are for its base, where it has one. */
static bool is_trusted_by_client(const struct transfer *t, bool is_trusted)
{
        const char *base = t->client->base_url, *base_socket = t->client->base_socket;

        if (!is_trusted || !base)
                return is_trusted;
        /* Who listens on a socket is another one than who listens on a port of localhost, or on another socket. */
        if (!base_socket || !t->is_by_socket)
                return !base_socket && !t->is_by_socket && eddy_http_is_same_origin(base, t->url);
        return strcmp(base_socket, t->socket_path) == 0;
}

static int add_headers_of_client(struct transfer *t, bool is_trusted)
{
        const eddy_http_client *client = t->client;
        int rc = 0;

        is_trusted = is_trusted_by_client(t, is_trusted);
        for (const char *const *line = client->headers; line && *line && rc == 0; line++) {
                if (header_is_among(t->request->headers, *line) ||
                    (header_is_of_one_host(*line) && !is_trusted) || (is_of_body(*line) && !t->sends_body))
                        continue;
                rc = add_header(t, *line);
        }
        return rc;
}

static int add_line(struct transfer *t, const char *name, const char *value)
{
        char *line = memory_alloc(strlen(name) + strlen(value) + 1);
        int rc;

        if (!line)
                return -ENOMEM;
        strcpy(stpcpy(line, name), value);
        rc = header_check(line);
        if (rc == 0)
                rc = add_header(t, line);
        memory_free(line);
        return rc;
}

/* Whether request or client say something of a header. */
static bool is_said(const struct transfer *t, const char *name)
{
        return header_is_among(t->request->headers, name) || header_is_among(t->client->headers, name);
}

/* Some servers refuse what may have a body and does not say that it has none. */
static bool says_there_is_no_body(const struct transfer *t)
{
        static const char name[] = "Content-Length";
        bool may_have_one =
            strcmp(t->method, "POST") == 0 || strcmp(t->method, "PUT") == 0 || strcmp(t->method, "PATCH") == 0;

        return may_have_one && !t->sends_body && !header_is_left_out(t->request->headers, name) &&
               !header_is_left_out(t->client->headers, name);
}

/* Parts of what was encoded are of no use by themselves. */
static bool takes_encodings(const struct transfer *t)
{
        return !t->request->keeps_encoding && !is_said(t, "Accept-Encoding") && t->request->range_start <= 0 &&
               t->request->range_end <= 0;
}

static int add_headers(struct transfer *t, bool is_trusted)
{
        const eddy_http_request *request = t->request;
        int rc;

        curl_slist_free_all(t->headers);
        t->headers = NULL;
        rc = add_headers_of_request(t, is_trusted);
        if (rc == 0)
                rc = add_headers_of_client(t, is_trusted);
        /* curl has options for these two, and writes each twice for it, letter by letter. */
        if (rc == 0 && !is_said(t, "User-Agent"))
                rc = add_header(t, t->client->user_agent);
        if (rc == 0 && t->decodes)
                rc = add_header(t, t->client->encodings);
        /* Else curl would call it a web form, */
        if (rc == 0 && t->sends_body && !is_said(t, "Content-Type"))
                rc = add_line(t, "Content-Type: ", t->upload.type);
        /* and wait for servers that have never heard of asking first. */
        if (rc == 0 && t->sends_body && !is_said(t, "Expect"))
                rc = add_header(t, "Expect:");
        if (rc == 0 && says_there_is_no_body(t))
                rc = add_header(t, "Content-Length: 0");
        if (rc == 0 && request->if_range && (request->range_start > 0 || request->range_end > 0))
                rc = add_line(t, "If-Range: ", request->if_range);
        return rc;
}

static CURLcode set_body(struct transfer *t)
{
        const struct upload *upload = &t->upload;
        CURLcode code = CURLE_OK;

        if (t->had_body) {
                SET(CURLOPT_POSTFIELDS, NULL);
                SET(CURLOPT_HTTPGET, 1L);
        }
        t->had_body = t->sends_body;
        if (!t->sends_body)
                return code;
        if (upload->bytes) {
                SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)upload->length);
                SET(CURLOPT_POSTFIELDS, upload->bytes);
        } else {
                SET(CURLOPT_UPLOAD, 1L);
                SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)upload->length);
        }
        return code;
}

static CURLcode set_method(struct transfer *t)
{
        bool is_head = strcmp(t->method, "HEAD") == 0 && !t->sends_body;
        CURLcode code = CURLE_OK;

        /* Each of the first two changes the others, and the last says what is said. */
        SET(CURLOPT_NOBODY, is_head ? 1L : 0L);
        code = code ? code : set_body(t);
        if (!is_head && !t->sends_body)
                SET(CURLOPT_HTTPGET, 1L);
        /* Else a slow upload would seem to be none. */
        SET(CURLOPT_NOPROGRESS, t->sends_body && t->request->stall_timeout > 0 ? 0L : 1L);
        SET(CURLOPT_CUSTOMREQUEST,
            is_head || (!t->sends_body && strcmp(t->method, "GET") == 0) ? NULL : t->method);
        return code;
}

static CURLcode set_range(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        bool is_wanted = request->range_start > 0 || request->range_end > 0;
        CURLcode code = CURLE_OK;
        char range[64];

        if (!is_wanted)
                SET(CURLOPT_RANGE, NULL);
        if (!is_wanted)
                return code;
        if (request->range_end > 0)
                snprintf(range, sizeof range, "%lld-%lld", (long long)request->range_start,
                         (long long)request->range_end);
        else
                snprintf(range, sizeof range, "%lld-", (long long)request->range_start);
        SET(CURLOPT_RANGE, range);
        return code;
}

static CURLcode set_connection(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        bool is_by_tls = strncasecmp(t->url, "https:", 6) == 0;
        bool is_used_once =
            t->client->versions == EDDY_HTTP_2_AT_ONCE && t->client->begins_http2_twice && !is_by_tls;
        CURLcode code = CURLE_OK;

        SET(CURLOPT_URL, t->url);
        SET(CURLOPT_UNIX_SOCKET_PATH, t->is_by_socket ? t->socket_path : NULL);
        /* What the environment says of proxies is not for one that was named. */
        SET(CURLOPT_NOPROXY, t->is_by_socket ? "*" : t->client->proxy ? "" : NULL);
        /* Who asks for many things of a server that may speak HTTP/2 waits for that, rather than connect for each. */
        SET(CURLOPT_PIPEWAIT, is_by_tls && t->client->versions == EDDY_HTTP_BEST ? 1L : 0L);
        SET(CURLOPT_SSL_VERIFYPEER, request->insecure ? 0L : 1L);
        SET(CURLOPT_SSL_VERIFYHOST, request->insecure ? 0L : 2L);
        if (request->ca_file)
                SET(CURLOPT_CAINFO, request->ca_file);
        SET(CURLOPT_FRESH_CONNECT, is_used_once || t->wants_new_connection ? 1L : 0L);
        SET(CURLOPT_FORBID_REUSE, is_used_once ? 1L : 0L);
        return code;
}

/* Who asks for a certificate may be anybody. */
static CURLcode set_certificate(struct transfer *t, bool is_trusted)
{
        const eddy_http_client *client = t->client;
        bool is_shown = is_trusted_by_client(t, is_trusted);
        CURLcode code = CURLE_OK;

        if (!client->certificate_file)
                return code;
        SET(CURLOPT_SSLCERT, is_shown ? client->certificate_file : NULL);
        SET(CURLOPT_SSLKEY, !is_shown ? NULL : client->key_file ? client->key_file : client->certificate_file);
        return code;
}

/* What is to be a word or a number of the head, and could be more. */
static int check(const struct transfer *t)
{
        const eddy_http_request *request = t->request;

        if (!header_is_token(t->method))
                return eddy_fail(-EINVAL, "the method of the request is none: it is to be one word");
        if (request->range_start < 0 || request->range_end < 0 ||
            (request->range_end > 0 && request->range_end < request->range_start))
                return eddy_fail(-EINVAL, "bytes %lld to %lld are no range", (long long)request->range_start,
                                 (long long)request->range_end);
        return 0;
}

int prepare_hop(struct transfer *t)
{
        bool is_trusted = !t->is_anonymous && eddy_http_is_same_origin(t->first_url, t->url) &&
                          t->is_by_socket == !!t->socket_path;
        CURLcode code;
        int rc = check(t);

        t->decodes = takes_encodings(t);
        if (rc == 0)
                rc = add_headers(t, is_trusted);
        if (rc < 0)
                return rc;
        code = set_connection(t);
        code = code ? code : set_certificate(t, is_trusted);
        code = code ? code : set_method(t);
        code = code ? code : set_range(t);
        SET(CURLOPT_HTTPHEADER, t->headers);
        SET(CURLOPT_USERPWD, is_trusted ? t->request->user : NULL);
        return code == CURLE_OK ? 0 : code == CURLE_OUT_OF_MEMORY ? -ENOMEM : EDDY_ENOTSUP;
}
