#include "http_client/transfer.h"
#include "http_client/patience.h"
#include "http_client/prepare.h"
#include "http_client/rate.h"
#include "http_client/response.h"
#include "http_client/sockets.h"
#include "http_client/unwrap.h"

#include "base/list.h"
#include "base/memory.h"
#include <ctype.h>
#include <eddy/timeout.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

enum { IDLE_MAX = 64 /* transfers that are kept for the next requests */ };

/* What a task reads would go nowhere. */
static void stop_filling(struct transfer *t)
{
        if (t->filling)
                eddy_timeout_reschedule(t->filling, eddy_loop_time(t->client->loop));
}

void transfer_end(struct transfer *t, CURLcode code)
{
        if (t->is_done)
                return;
        t->is_done = true;
        t->code = code;
        patience_rest(t);
        stop_filling(t);
        eddy_event_set(&t->changed);
}

void transfer_refuse(struct transfer *t, int error, const char *format, ...)
{
        va_list arguments;

        if (t->refusal == 0) {
                va_start(arguments, format);
                vsnprintf(t->message, sizeof t->message, format, arguments);
                va_end(arguments);
                t->refusal = error;
        }
        /* Else curl would put into it that a callback failed. */
        curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, NULL);
        transfer_end(t, CURLE_ABORTED_BY_CALLBACK);
}

/* CURLOPT_RESOLVER_START_FUNCTION */
static int on_look_up(void *resolver, void *reserved, void *arg)
{
        (void)resolver, (void)reserved;
        patience_connecting(arg);
        return 0;
}

/* CURLOPT_OPENSOCKETFUNCTION: where the name was known. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
        const struct transfer *t = arg;

        (void)purpose;
        patience_connecting(arg);
        return sockets_open(t->client, address);
}

/* CURLOPT_PREREQFUNCTION: connected, about to send. */
static int on_connected(void *arg, char *peer, char *own, int peer_port, int own_port)
{
        struct transfer *t = arg;

        (void)peer, (void)own, (void)peer_port, (void)own_port;
        t->is_connected = t->was_connected = true;
        t->has_all_headers = false;
        patience_connected(t);
        return CURL_PREREQFUNC_OK;
}

/* Three digits and no more, behind blanks; else 0. What curl takes beyond that it takes for another one than it says. */
static int read_status(const char *at, const char *end)
{
        int status = 0;

        while (at < end && *at == ' ')
                at++;
        for (size_t i = 0; i < 3; i++, at++) {
                if (at >= end || *at < '0' || *at > '9')
                        return 0;
                status = 10 * status + *at - '0';
        }
        return status >= 100 && (at == end || strchr(" \r\n", *at)) ? status : 0;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200" */
static void read_status_line(eddy_http_response *response, const char *line, size_t size)
{
        bool has_minor = size > 8 && line[6] == '.' && isdigit((unsigned char)line[7]);
        const char *blank = line + (has_minor ? 8 : 6);

        response->version = 10 * (line[5] - '0') + (has_minor ? line[7] - '0' : 0);
        response->status = 0;
        if (memcmp(line, "HTTP/", 5) == 0 && isdigit((unsigned char)line[5]) && *blank == ' ')
                response->status = read_status(blank, line + size);
}

/* Behind a 101 comes what is no HTTP, but no other answer. */
static bool is_interim(const struct transfer *t)
{
        return t->response->status < 200 && t->response->status != 101;
}

/* Whether it leaves no doubt of what comes behind it, and its Content-Length or -1. */
static bool check_head(struct transfer *t, int64_t *length)
{
        if (response_find_length(t->response, length) < 0)
                transfer_refuse(t, EDDY_EPROTOCOL,
                                "the answer's Content-Length is no number, or several that differ");
        else if (unwrap_is_hopeless(t->response))
                /* curl would undo it, and keep whatever it became until that is taken. */
                transfer_refuse(t, EDDY_EPROTOCOL,
                                "the answer comes in a transfer coding that nobody asked for");
        else
                return true;
        return false;
}

static void take_head(struct transfer *t)
{
        eddy_http_response *response = t->response;
        int64_t length;
        bool is_coded;

        if (!check_head(t, &length))
                return;
        is_coded = t->decodes && unwrap_is_needed(response);
        response->length = response_announced_length(response, length, is_coded);
        /* curl sends no more then, but would wait for what it was promised. */
        t->is_sent_in_vain = t->sends_body && response->status >= 300;
        if (t->is_sent_in_vain)
                stop_filling(t);
        t->fate = transfer_judge(t);
        if (t->fate != FATE_FINAL)
                return;
        t->is_coded = is_coded;
        if (t->is_fetched && t->request->on_headers)
                t->refusal = t->request->on_headers(response, t->request->arg);
        eddy_event_set(&t->changed);
}

/* CURLOPT_HEADERFUNCTION: a line, of every answer on the way. */
static size_t on_header(char *line, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;

        patience_sign_of_life(t);
        size *= one;
        if (t->fate != FATE_OPEN || t->is_done)
                return size; /* a trailer, or what was refused */
        if (size > 6 && strncasecmp(line, "HTTP/", 5) == 0) {
                response_clear_headers(t->response);
                read_status_line(t->response, line, size);
                return size;
        }
        t->has_all_headers = *line == '\r' || *line == '\n';
        if (!t->has_all_headers)
                t->refusal = response_add_header(t->response, line, size);
        else if (t->response->status == 0)
                transfer_refuse(t, EDDY_EPROTOCOL, "the server answered without a status that there could be");
        else if (!is_interim(t))
                take_head(t);
        /* With 0 the connection goes, on which what follows would be taken for the next answer. */
        return t->refusal < 0 ? 0 : size;
}

static size_t drop(struct transfer *t, size_t size)
{
        t->dropped += (int64_t)size;
        return t->dropped > TRANSFER_DROP_MAX ? 0 : size;
}

static void tell_progress(const struct transfer *t)
{
        if (t->request->on_progress)
                t->request->on_progress(t->response->received, t->response->length, t->request->arg);
}

/* What a reader who waits has no room for stays for its next call. */
static void keep(struct transfer *t, const char *data, size_t size)
{
        size_t direct = 0;

        if (t->into && t->in_end == t->in_start) {
                direct = t->into_size - t->into_got < size ? t->into_size - t->into_got : size;
                memcpy(t->into + t->into_got, data, direct);
                t->into_got += direct;
        }
        if (direct < size) {
                memcpy(t->in + t->in_end, data + direct, size - direct);
                t->in_end += size - direct;
        }
        eddy_event_set(&t->changed);
}

/* A task takes it, as fast as it likes. */
static bool is_read(const struct transfer *t)
{
        return !t->is_fetched || t->is_coded;
}

static void count_received(struct transfer *t, size_t size)
{
        if (t->is_coded)
                return; /* when it is decoded */
        t->response->received += (int64_t)size;
        tell_progress(t);
}

/* CURLOPT_WRITEFUNCTION: a piece of body. */
static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;
        const eddy_http_request *request = t->request;

        patience_sign_of_life(t);
        size *= one;
        if (t->fate == FATE_FINAL && is_read(t) && TRANSFER_IN_SIZE - t->in_end < size) {
                t->is_paused = true;
                return CURL_WRITEFUNC_PAUSE;
        }
        if (!rate_admits(t, size))
                return CURL_WRITEFUNC_PAUSE;
        if (t->fate != FATE_FINAL) /* it is elsewhere, or given up before its head was whole */
                return drop(t, size);
        if (!is_read(t)) {
                if (request->on_body)
                        t->refusal = request->on_body(data, size, request->arg);
        } else {
                if (!t->in)
                        t->in = memory_alloc(TRANSFER_IN_SIZE);
                if (t->in)
                        keep(t, data, size);
                else
                        t->refusal = -ENOMEM;
        }
        if (t->refusal < 0)
                return 0;
        count_received(t, size);
        return size;
}

/* CURLOPT_READFUNCTION: bytes of the request's body. */
static size_t on_wanted(char *buffer, size_t one, size_t size, void *arg)
{
        struct transfer *t = arg;
        ssize_t n = t->is_sent_in_vain ? 0 : upload_take(&t->upload, buffer, size * one);

        if (n >= 0)
                return (size_t)n;
        t->upload.is_wanted = true;
        eddy_event_set(&t->changed);
        return CURL_READFUNC_PAUSE;
}

/* CURLOPT_SEEKFUNCTION: a connection that was kept was closed meanwhile, and what was sent on it is to be sent again. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
        struct transfer *t = arg;

        if (offset != 0 || origin != SEEK_SET)
                return CURL_SEEKFUNC_CANTSEEK;
        if (!upload_can_rewind(&t->upload)) {
                t->is_worn_out = true; /* some versions of curl remember it of the handle */
                transfer_refuse(t, EDDY_EHTTP, "%s", upload_once);
                return CURL_SEEKFUNC_FAIL;
        }
        upload_expire(&t->upload);
        if (t->upload.is_stale)
                stop_filling(t);
        return CURL_SEEKFUNC_OK;
}

/* CURLOPT_XFERINFOFUNCTION, here for what is sent: a slow upload is no stall. */
static int on_transfer_info(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
        struct transfer *t = arg;

        (void)total, (void)now, (void)up_total;
        if (up_now != t->uploaded)
                patience_sign_of_life(t);
        t->uploaded = up_now;
        return 0;
}

static CURLcode set_callbacks(struct transfer *t)
{
        CURLcode code = CURLE_OK;

#define SET(option, value) (code = code ? code : curl_easy_setopt(t->easy, option, value))
        SET(CURLOPT_PRIVATE, t);
        SET(CURLOPT_RESOLVER_START_FUNCTION, on_look_up);
        SET(CURLOPT_RESOLVER_START_DATA, t);
        SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        SET(CURLOPT_OPENSOCKETDATA, t);
        SET(CURLOPT_CLOSESOCKETFUNCTION, sockets_close);
        SET(CURLOPT_CLOSESOCKETDATA, t->client);
        SET(CURLOPT_PREREQFUNCTION, on_connected);
        SET(CURLOPT_PREREQDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_READFUNCTION, on_wanted);
        SET(CURLOPT_READDATA, t);
        SET(CURLOPT_SEEKFUNCTION, on_rewind);
        SET(CURLOPT_SEEKDATA, t);
        SET(CURLOPT_XFERINFOFUNCTION, on_transfer_info);
        SET(CURLOPT_XFERINFODATA, t);
#undef SET
        return code;
}

static void destroy(struct transfer *t)
{
        curl_easy_cleanup(t->easy);
        memory_free(t->upload.buffer);
        memory_free(t->in);
        memory_free(t);
}

static bool create_easy(struct transfer *t)
{
        t->easy = curl_easy_init();
        if (t->easy && set_callbacks(t) == CURLE_OK && prepare_once(t) == CURLE_OK)
                return true;
        curl_easy_cleanup(t->easy); /* one that knows half of it is of no use */
        t->easy = NULL;
        return false;
}

static struct transfer *create(eddy_http_client *client)
{
        struct transfer *t = memory_zalloc(sizeof *t);

        if (!t)
                return NULL;
        t->client = client;
        if (create_easy(t))
                return t;
        destroy(t);
        return NULL;
}

int transfer_renew(struct transfer *t)
{
        if (!t->has_been_used || !t->client->wears_handles_out)
                return 0;
        curl_easy_cleanup(t->easy);
        t->had_body = t->has_been_used = false;
        return create_easy(t) ? 0 : -ENOMEM;
}

/* What the next request begins with. */
static void clear(struct transfer *t)
{
        *t = (struct transfer){
            .client = t->client,
            .easy = t->easy,
            .in = t->in,
            .upload.buffer = t->upload.buffer,
            .had_body = t->had_body,
            .has_been_used = t->has_been_used,
            .socket = CURL_SOCKET_BAD,
        };
        eddy_event_init(&t->changed);
}

struct transfer *transfer_take(eddy_http_client *client)
{
        struct transfer *t;

        if (list_is_empty(&client->idle)) {
                t = create(client);
        } else {
                t = container_of(list_take_first(&client->idle), struct transfer, link);
                client->idle_count--;
        }
        if (t)
                clear(t);
        return t;
}

void transfer_give(struct transfer *t)
{
        eddy_http_client *client = t->client;
        bool is_peculiar = t->request->ca_file || t->is_worn_out; /* which cannot be unsaid */

        transfer_stop(t);
        patience_end(t);
        eddy_event_finish(&t->changed);
        upload_close(&t->upload);
        curl_slist_free_all(t->headers);
        memory_free(t->location);
        memory_free(t->first_url);
        memory_free(t->url);
        memory_free(t->socket_path);
        unwrap_free(t->unwrapping);
        if (is_peculiar || !t->easy || client->idle_count == IDLE_MAX) {
                destroy(t);
                return;
        }
        list_prepend(&client->idle, &t->link);
        client->idle_count++;
}

void transfer_free_idle(eddy_http_client *client)
{
        while (!list_is_empty(&client->idle))
                destroy(container_of(list_take_first(&client->idle), struct transfer, link));
}

int transfer_start(struct transfer *t)
{
        eddy_http_client *client = t->client;

        t->fate = FATE_OPEN;
        t->is_done = t->is_connected = t->has_all_headers = t->is_paused = false;
        t->is_stalled = t->is_unconnected = t->is_sent_in_vain = false;
        t->message[0] = '\0';
        t->dropped = 0;
        t->upload.is_wanted = false;
        t->socket = CURL_SOCKET_BAD;
        t->uploaded = 0;
        t->acknowledged = 0;
        eddy_event_clear(&t->changed);
        if (curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->message) ||
            curl_multi_add_handle(client->multi, t->easy))
                return -ENOMEM;
        t->is_added = t->has_been_used = true;
        list_append(&client->active, &t->link);
        client->active_count++;
        return 0;
}

void transfer_stop(struct transfer *t)
{
        if (!t->is_added)
                return;
        t->is_added = false;
        list_remove(&t->link);
        t->client->active_count--;
        rate_forget(t);
        curl_multi_remove_handle(t->client->multi, t->easy);
        patience_rest(t);
}

void transfer_set_pauses(struct transfer *t)
{
        int pauses = CURLPAUSE_CONT;

        if (t->is_paused || list_is_linked(&t->throttled))
                pauses |= CURLPAUSE_RECV;
        if (t->upload.is_wanted)
                pauses |= CURLPAUSE_SEND;
        CURLcode code = t->is_done ? CURLE_OK : curl_easy_pause(t->easy, pauses);

        /* One of our callbacks has refused what was held back, of which curl tells nobody else. */
        if (code)
                transfer_end(t, code);
}

/* curl is given what there is, or told that no more comes. */
static void go_on_sending(struct transfer *t)
{
        t->upload.is_wanted = false;
        transfer_set_pauses(t);
}

/* In the caller's task, which may suspend in it while the transfer goes on. */
static int fill(struct transfer *t)
{
        eddy_timeout filling;
        int rc = eddy_timeout_open(&filling, EDDY_FOREVER);

        if (rc < 0)
                return rc;
        t->filling = &filling;
        rc = upload_fill(&t->upload);
        t->filling = NULL;
        eddy_timeout_close(&filling);
        if (rc < 0 && eddy_interrupted() < 0)
                return eddy_interrupted();
        if (rc < 0 && !t->is_done && !t->is_sent_in_vain)
                transfer_refuse(t, rc, "%s", eddy_error_detail());
        go_on_sending(t);
        return 0;
}

static int await_change(struct transfer *t)
{
        int rc = eddy_event_wait(&t->changed);

        eddy_event_clear(&t->changed);
        return rc;
}

int transfer_await(struct transfer *t)
{
        int rc = 0;

        if (t->is_awaited)
                return EDDY_EBUSY;
        t->is_awaited = true;
        if (!t->upload.is_wanted || t->is_done)
                rc = await_change(t);
        else if (t->is_sent_in_vain)
                go_on_sending(t);
        else
                rc = fill(t);
        t->is_awaited = false;
        return rc;
}
