/* The client as its transfers see it. */
#ifndef HTTP_CLIENT_CLIENT_H
#define HTTP_CLIENT_CLIENT_H

#include <curl/curl.h>
#include <eddy/http_client.h>

struct eddy_http_client {
        eddy_loop *loop;
        CURLM *multi;
        /* An answer whose first line begins with a blank goes on with the last header of the answer before on the same handle, which
         * curl has freed by then, until curl 8.2: https://github.com/curl/curl/issues/11101. */
        bool wears_handles_out;
        bool
            begins_http2_twice; /* on a connection in the clear that was kept: https://github.com/curl/curl/issues/10634 */
        eddy_timer timer;               /* the one moment at which curl wants to be called, */
        eddy_handle turn;               /* where that is now */
        struct client_socket **sockets; /* by descriptor; NULL: curl wants none watched */
        int socket_count;
        CURLSH *share;  /* holds the cookies; NULL: none are kept */
        CURL *jar;      /* by which they are looked at; NULL: none are kept */
        eddy_link idle; /* transfers to use again, */
        size_t idle_count;
        eddy_link active; /* and those that curl has */
        size_t active_count;
        /* As in the options: copies, NULL where there is none. */
        const char *base_url; /* where it begins at a UNIX socket, http://localhost/ and what follows */
        const char *base_socket, *proxy, *certificate_file, *key_file;
        const char **headers;
        const char *user_agent, *encodings; /* "User-Agent: ...", "Accept-Encoding: ..." */
        eddy_http_versions versions;
        /* What may still be received at the moment `credited`, and who waits for more: see rate.h. */
        int64_t receive_rate, credit;
        eddy_time credited;
        eddy_link throttled;
        eddy_timer rate_timer;
};

/** The transfer of an easy handle; NULL: it has none. */
struct transfer *transfer_of(CURL *easy);

/** Have curl do what events there are for, or what is due (CURL_SOCKET_TIMEOUT). */
void client_act(eddy_http_client *client, curl_socket_t fd, int events);

/** Prepare a client's jar, where it keeps cookies. 0 or -ENOMEM. */
int jar_open(eddy_http_client *client);

/** Give it back. */
void jar_close(eddy_http_client *client);

#endif
