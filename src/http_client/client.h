/* The client as its transfers see it. */
#ifndef HTTP_CLIENT_CLIENT_H
#define HTTP_CLIENT_CLIENT_H

#include <curl/curl.h>
#include <eddy/http_client.h>

struct eddy_http_client {
        eddy_loop *loop;
        CURLM *multi;
        eddy_timer timer; /* the one moment at which curl wants to be called */
        char *user_agent;
};

/** What a transfer waits for: CURLOPT_PRIVATE of its easy handle. */
struct client_ending {
        eddy_future *done; /* completed once `code` is known */
        CURLcode code;
        curl_socket_t socket; /* on which it goes on, or went; CURL_SOCKET_BAD: none yet */
};

/** Begin a transfer; its ending is told. 0 or -ENOMEM. */
int client_add(eddy_http_client *client, CURL *easy, struct client_ending *ending);

/** Forget a transfer, finished or not; nothing of it is called any more. */
void client_remove(eddy_http_client *client, CURL *easy);

#endif
