/* A request until its answer is there: hops where servers say that it is elsewhere, and attempts where one fails that may be
 * repeated. */
#include "http_client/send.h"
#include "http_client/header.h"
#include "http_client/patience.h"
#include "http_client/prepare.h"
#include "http_client/read.h"
#include "http_client/response.h"
#include "http_client/retry.h"
#include "http_client/url.h"

#include "base/memory.h"
#include <strings.h>

enum { DEFAULT_REDIRECTS = 20 };

static bool is_redirect(int status)
{
        return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* What was asked for first, and would be again: not what a redirect has made of it. */
static const char *first_method(const struct transfer *t)
{
        const char *method = t->request->method;

        return method ? method : t->upload.type ? "POST" : "GET";
}

static bool is_idempotent(const struct transfer *t)
{
        static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};

        for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
                if (strcmp(first_method(t), methods[i]) == 0)
                        return true;
        return header_is_among(t->request->headers, "Idempotency-Key");
}

static eddy_duration longest_wait(const eddy_http_request *request)
{
        return request->max_wait > 0 ? request->max_wait : eddy_seconds(120);
}

enum fate transfer_judge(struct transfer *t)
{
        const eddy_http_response *response = t->response;
        const char *location =
            is_redirect(response->status) ? eddy_http_response_header(response, "location") : NULL;

        if (location && t->request->max_redirects >= 0) {
                t->location = memory_strdup(location);
                if (!t->location)
                        t->refusal = -ENOMEM;
                return FATE_REDIRECT;
        }
        if (t->may_repeat && retry_status_may_pass(response->status) && is_idempotent(t) &&
            upload_can_rewind(&t->upload) && retry_wish(response) <= longest_wait(t->request))
                return FATE_AGAIN;
        return FATE_FINAL;
}

static bool has_scheme(const char *url, const char *scheme)
{
        return strncasecmp(url, scheme, strlen(scheme)) == 0;
}

static int check_redirect(const struct transfer *t, const char *url)
{
        unsigned most = t->request->max_redirects > 0 ? (unsigned)t->request->max_redirects : DEFAULT_REDIRECTS;

        if (t->redirects >= most)
                return eddy_fail(EDDY_EHTTP, "redirected more than %u times", most);
        if (!has_scheme(url, "https:") && has_scheme(t->url, "https:") && !t->request->allows_downgrade)
                return eddy_fail(EDDY_EHTTP, "redirected from https:// to %.128s, where others can read along",
                                 url);
        return 0;
}

/* What an answer's Location means. */
static int resolve(const struct transfer *t, char **url)
{
        char *encoded = url_encode(t->location);
        int rc;

        if (!encoded)
                return -ENOMEM;
        if (url_names_unix(encoded))
                rc = eddy_fail(EDDY_ENOTSUP,
                               "redirected to %.128s: which UNIX socket is asked is not for a server to say",
                               encoded);
        else if (url_is_absolute(encoded) && !has_scheme(encoded, "http:") && !has_scheme(encoded, "https:"))
                rc = eddy_fail(EDDY_ENOTSUP, "redirected to %.128s, which is neither http:// nor https://",
                               encoded);
        else
                rc = url_join(url, t->url, encoded);
        memory_free(encoded);
        return rc == -EINVAL ? eddy_fail(EDDY_EHTTP, "redirected to '%.128s', which is no URL", t->location)
                             : rc;
}

/* A form that was taken is not sent once more to where its answer is; what was to be put there, is. */
static void choose_method(struct transfer *t)
{
        int status = t->response->status;
        bool is_head = strcmp(t->method, "HEAD") == 0;

        if ((status == 303 && !is_head) ||
            ((status == 301 || status == 302) && strcmp(t->method, "POST") == 0)) {
                t->method = "GET";
                t->sends_body = false;
        }
}

/* Go where the answer says. */
static int follow(struct transfer *t)
{
        char *url = NULL;
        int rc = resolve(t, &url);

        memory_free(t->location);
        t->location = NULL;
        if (rc == 0)
                rc = check_redirect(t, url);
        if (rc < 0) {
                memory_free(url);
                return rc;
        }
        t->is_by_socket = t->is_by_socket && eddy_http_is_same_origin(t->url, url);
        memory_free(t->url);
        t->url = url;
        t->redirects++;
        choose_method(t);
        return t->sends_body ? upload_rewind(&t->upload) : 0;
}

/* Whether the head of what was asked for is there, and where it is fetched all of it, unless it is still to be decoded. */
static bool has_what_was_waited_for(const struct transfer *t)
{
        return t->is_done || (t->fate == FATE_FINAL && (!t->is_fetched || t->is_coded));
}

/* Where the answer is from, so that it can be asked for again. */
static int tell_url(struct transfer *t)
{
        char *url;
        int rc;

        if (!t->is_by_socket)
                return response_set_url(t->response, t->url);
        url = url_with_unix(t->socket_path, t->url);
        rc = url ? response_set_url(t->response, url) : -ENOMEM;
        memory_free(url);
        return rc;
}

static int try_hop(struct transfer *t)
{
        /* It may have run out while nothing was under way. */
        int rc = t->is_late ? patience_verdict(t) : transfer_renew(t);

        if (rc == 0)
                rc = prepare_hop(t);
        response_restart(t->response);
        if (rc == 0)
                rc = transfer_start(t);
        while (rc == 0 && !has_what_was_waited_for(t))
                rc = transfer_await(t);
        if (rc < 0)
                return rc;
        t->response->redirects = t->redirects;
        rc = tell_url(t);
        if (rc == 0 && t->refusal == 0 && !t->is_late && (t->fate == FATE_REDIRECT || t->fate == FATE_AGAIN))
                return 0; /* whatever became of its body */
        return rc == 0 && t->is_done ? transfer_outcome(t) : rc;
}

/* A connection that was kept is gone, and with it a request that the server did not get whole. Where curl finds it closed
 * when it reads it asks again by itself, and where it writes it does not. */
static bool was_closed_meanwhile(const struct transfer *t)
{
        long connects = 1;

        curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connects);
        return t->code == CURLE_SEND_ERROR && connects == 0 && t->response->status == 0 && t->refusal == 0 &&
               !t->is_late;
}

/* 0: there is an answer; its fate is known. */
static int hop(struct transfer *t)
{
        int rc;

        t->wants_new_connection = false;
        rc = try_hop(t);
        if (rc == 0 || eddy_interrupted() < 0 || !was_closed_meanwhile(t))
                return rc;
        transfer_stop(t);
        rc = t->sends_body ? upload_rewind(&t->upload) : 0;
        t->wants_new_connection = true;
        return rc == 0 ? try_hop(t) : rc;
}

/* As far as servers lead. */
static int attempt(struct transfer *t)
{
        int rc;

        while ((rc = hop(t)) == 0 && t->fate == FATE_REDIRECT) {
                transfer_stop(t);
                rc = follow(t);
                if (rc < 0)
                        return rc;
        }
        if (rc == 0 && t->fate == FATE_AGAIN)
                return EDDY_EHTTP;
        return rc;
}

/* Whether a failure may pass, and asking again does no harm: nobody has been told anything yet. */
static bool is_worth_retrying(const struct transfer *t, int rc)
{
        if (t->fate == FATE_FINAL || t->refusal < 0 || t->is_late)
                return false;
        if (t->fate == FATE_AGAIN)
                return true;
        return retry_may_help(rc) && upload_can_rewind(&t->upload) && (is_idempotent(t) || !t->was_connected);
}

static int pause_before(const struct transfer *t, unsigned nth)
{
        const eddy_http_request *request = t->request;
        eddy_duration delay = retry_backoff(request->backoff, nth);
        eddy_duration wish = t->fate == FATE_AGAIN ? retry_wish(t->response) : 0;
        eddy_duration left =
            t->deadline == EDDY_FOREVER ? EDDY_FOREVER : t->deadline - eddy_loop_time(t->client->loop);

        delay = wish > delay ? wish : delay;
        return eddy_sleep(delay < left ? delay : left);
}

/* What is asked for first, or again. */
static int begin(struct transfer *t)
{
        memory_free(t->url);
        t->url = memory_strdup(t->first_url);
        t->is_by_socket = t->socket_path;
        t->sends_body = t->upload.type;
        t->method = first_method(t);
        t->redirects = 0;
        t->was_connected = false;
        return t->url ? 0 : -ENOMEM;
}

static int attempt_repeatedly(struct transfer *t)
{
        unsigned failures = 0;
        int rc = begin(t);

        while (rc == 0) {
                t->may_repeat = failures < t->request->retries;
                rc = attempt(t);
                if (rc == 0 || eddy_interrupted() < 0 || !t->may_repeat || !is_worth_retrying(t, rc))
                        break;
                transfer_stop(t);
                rc = pause_before(t, ++failures);
                if (rc == 0)
                        rc = begin(t);
                if (rc == 0 && t->sends_body)
                        rc = upload_rewind(&t->upload);
        }
        /* An answer that was not waited for is no failure to be told of. */
        return rc < 0 && t->fate == FATE_AGAIN && eddy_interrupted() < 0 ? eddy_interrupted() : rc;
}

/* Where a relative URL leads: to the base's socket, too, unless it leaves its host. */
static int join_base(struct transfer *t, const char *url)
{
        const eddy_http_client *client = t->client;
        int rc = url_join(&t->first_url, client->base_url, url);

        if (rc < 0 || !client->base_socket || !eddy_http_is_same_origin(client->base_url, t->first_url))
                return rc;
        t->socket_path = memory_strdup(client->base_socket);
        return t->socket_path ? 0 : -ENOMEM;
}

/* The URL as it will be sent, and the socket where it names one. */
static int find_url(struct transfer *t)
{
        const eddy_http_request *request = t->request;
        char *rest, *text, *encoded;
        int rc = url_split_unix(request->url, &t->socket_path, &rest);

        if (rc < 0)
                return url_fail_unix(rc, request->url);
        text = rc == 1 ? rest : memory_strdup(request->url);
        if (text && request->query) {
                char *bare = text;

                text = url_add_query(bare, request->query);
                memory_free(bare);
        }
        encoded = text ? url_encode(text) : NULL;
        memory_free(text);
        if (!encoded)
                return -ENOMEM;
        if (t->socket_path || !t->client->base_url || url_is_absolute(encoded)) {
                t->first_url = encoded;
                return 0;
        }
        rc = join_base(t, encoded);
        memory_free(encoded);
        return rc == -EINVAL ? eddy_fail(-EINVAL, "'%.128s' is no URL", request->url) : rc;
}

static int send_request(struct transfer *t)
{
        int rc = find_url(t);

        patience_begin(t);
        if (rc == 0)
                rc = upload_open(&t->upload, t->request);
        if (rc < 0)
                return rc;
        return attempt_repeatedly(t);
}

static int open_transfer(struct transfer **t, eddy_http_client *client, const eddy_http_request *request,
                         eddy_http_response *response)
{
        int rc = eddy_current_task() ? eddy_interrupted() : EDDY_ENOTASK;

        *response = (eddy_http_response){.length = -1};
        if (rc < 0)
                return rc;
        if (!request->url)
                return eddy_fail(-EINVAL, "the request has no URL");
        *t = transfer_take(client);
        if (!*t)
                return -ENOMEM;
        (*t)->request = request;
        (*t)->response = response;
        return 0;
}

int eddy_http_send(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response)
{
        struct transfer *t = NULL;
        int rc = open_transfer(&t, client, request, response);

        if (rc < 0)
                return rc;
        rc = send_request(t);
        if (rc < 0)
                transfer_give(t);
        else
                response->transfer = t;
        return rc;
}

static int fetch(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response,
                 bool is_anonymous)
{
        eddy_http_response unseen;
        struct transfer *t = NULL;
        int rc;

        if (!response)
                response = &unseen;
        rc = open_transfer(&t, client, request, response);
        if (rc == 0) {
                t->is_fetched = true;
                t->is_anonymous = is_anonymous;
                rc = send_request(t);
                if (rc == 0 && t->is_coded)
                        rc = read_coded_whole(t);
                transfer_give(t);
        }
        if (response == &unseen)
                eddy_http_response_finish(response);
        return rc;
}

int eddy_http_fetch(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response)
{
        return fetch(client, request, response, false);
}

int send_anonymously(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response)
{
        return fetch(client, request, response, true);
}
