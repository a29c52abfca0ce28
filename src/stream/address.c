#include "stream/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

void address_print(const struct sockaddr *address, char text[ADDRESS_TEXT_SIZE])
{
        char host[INET6_ADDRSTRLEN];

        text[0] = '\0';
        if (address->sa_family == AF_INET) {
                const struct sockaddr_in *in = (const void *)address;

                inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
                snprintf(text, ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(in->sin_port));
        } else if (address->sa_family == AF_INET6) {
                const struct sockaddr_in6 *in6 = (const void *)address;

                inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
                snprintf(text, ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(in6->sin6_port));
        }
}
