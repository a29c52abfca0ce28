/* libcurl's multi-socket interface on eddy's loop. curl says which sockets to watch and when to wake it; we
 * tell it what happened. Only eddy's public functions are used, as any callback library could. */
#include "http_client/options.h"
#include "http_client/sockets.h"
#include "http_client/transfer.h"

#include "base/list.h"
#include "base/memory.h"

__attribute__((constructor)) static void register_errors(void)
{
        static const eddy_error_name names[] = {{EDDY_EHTTP, "EDDY_EHTTP", "the HTTP transfer failed"},
                                                {EDDY_ECHECKSUM, "EDDY_ECHECKSUM", "the checksum is another"}};
        static eddy_error_block block = {.names = names, .count = sizeof names / sizeof names[0]};

        eddy_register_errors(&block);
}

struct transfer *transfer_of(CURL *easy)
{
        char *pointer = NULL;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &pointer);
        return (struct transfer *)(void *)pointer;
}

void client_act(eddy_http_client *client, curl_socket_t fd, int events)
{
        CURLMsg *message;
        int ignored;

        curl_multi_socket_action(client->multi, fd, events, &ignored);
        while ((message = curl_multi_info_read(client->multi, &ignored)))
                if (message->msg == CURLMSG_DONE)
                        transfer_end(transfer_of(message->easy_handle), message->data.result);
}

static void on_timer(void *arg)
{
        client_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* CURLMOPT_TIMERFUNCTION. The loop's own time stood still since the iteration began, and curl's did not. */
static int on_timer_wish(CURLM *multi, long ms, void *arg)
{
        eddy_http_client *client = arg;

        (void)multi;
        eddy_timer_cancel(&client->timer);
        eddy_handle_cancel(&client->turn);
        if (ms == 0) /* no event has to be waited for first */
                eddy_call_soon(client->loop, &client->turn, on_timer, client);
        else if (ms > 0)
                eddy_call_later(client->loop, &client->timer, eddy_ms(ms), on_timer, client);
        return 0;
}

static int configure(eddy_http_client *client, const eddy_http_client_options *options)
{
        CURLMcode code = CURLM_OK;

#define SET(option, value) (code = code ? code : curl_multi_setopt(client->multi, option, value))
        SET(CURLMOPT_SOCKETFUNCTION, sockets_watch);
        SET(CURLMOPT_SOCKETDATA, client);
        SET(CURLMOPT_TIMERFUNCTION, on_timer_wish);
        SET(CURLMOPT_TIMERDATA, client);
        SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)options->max_connections);
        SET(CURLMOPT_MAX_HOST_CONNECTIONS, (long)options->max_host_connections);
#undef SET
        return code ? -ENOMEM : 0;
}

int eddy_http_client_create(eddy_http_client **client_out, const eddy_http_client_options *options)
{
        static const eddy_http_client_options defaults;
        eddy_http_client *client;
        int rc = -ENOMEM;

        if (!options)
                options = &defaults;
        if (!options->loop && !eddy_running_loop())
                return EDDY_ENOLOOP;
        if (curl_global_init(CURL_GLOBAL_DEFAULT))
                return -ENOMEM;
        client = memory_zalloc(sizeof *client);
        if (!client)
                goto undo_curl;
        client->loop = options->loop ? options->loop : eddy_running_loop();
        list_init(&client->idle);
        list_init(&client->active);
        list_init(&client->throttled);
        client->credited = eddy_now();
        client->wears_handles_out = curl_version_info(CURLVERSION_NOW)->version_num < 0x080200;
        client->begins_http2_twice = curl_version_info(CURLVERSION_NOW)->version_num < 0x080000;
        rc = client_options_copy(client, options);
        if (rc < 0)
                goto undo_copies;
        if (options->keeps_cookies)
                rc = jar_open(client);
        if (rc < 0)
                goto undo_copies;
        client->multi = curl_multi_init();
        rc = client->multi ? configure(client, options) : -ENOMEM;
        if (rc < 0)
                goto undo_multi;
        *client_out = client;
        return 0;

undo_multi:
        curl_multi_cleanup(client->multi);
        jar_close(client);
undo_copies:
        client_options_free(client);
        memory_free(client);
undo_curl:
        curl_global_cleanup();
        return rc;
}

void eddy_http_client_destroy(eddy_http_client *client)
{
        if (!client)
                return;
        transfer_free_idle(client);
        curl_multi_cleanup(client->multi);
        eddy_timer_cancel(&client->timer);
        eddy_timer_cancel(&client->rate_timer);
        eddy_handle_cancel(&client->turn);
        sockets_finish(client);
        jar_close(client);
        client_options_free(client);
        memory_free(client);
        curl_global_cleanup();
}
