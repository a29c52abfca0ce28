/* Requests as downloads make them. */
#ifndef HTTP_CLIENT_SEND_H
#define HTTP_CLIENT_SEND_H

#include <eddy/http_client.h>

/** As eddy_http_fetch(), but what the request and the client have of credentials goes nowhere: it is another host than the one that
 * they are for. Suspends. */
int send_anonymously(eddy_http_client *client, const eddy_http_request *request, eddy_http_response *response);

#endif
