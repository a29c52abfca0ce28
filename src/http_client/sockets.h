/* The sockets of a client, as curl wants them watched. */
#ifndef HTTP_CLIENT_SOCKETS_H
#define HTTP_CLIENT_SOCKETS_H

#include "http_client/client.h"

/** CURLMOPT_SOCKETFUNCTION: watch for these events and no others; the data is the client. */
int sockets_watch(CURL *easy, curl_socket_t fd, int what, void *client, void *unused);

/** A socket for a connection, or CURL_SOCKET_BAD. */
curl_socket_t sockets_open(eddy_http_client *client, const struct curl_sockaddr *address);

/** CURLOPT_CLOSESOCKETFUNCTION: close one of those; the data is the client. */
int sockets_close(void *client, curl_socket_t fd);

/** Watch none any more, and give back what was kept for them. */
void sockets_finish(eddy_http_client *client);

#endif
