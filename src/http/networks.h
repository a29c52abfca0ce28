/* Addresses and networks as proxies and people write them. */
#ifndef HTTP_NETWORKS_H
#define HTTP_NETWORKS_H

#include <eddy/http_forwarded.h>

/** Read an address with or without a port: 192.0.2.1, 192.0.2.1:80, ::1, [::1], [::1]:80. 0, or -EINVAL. One of IPv4 within
 * IPv6 becomes one of IPv4. */
int networks_parse_address(eddy_address *address, const char *text, size_t n);

/** The same address, as one of IPv4 where it is that within IPv6. */
eddy_address networks_plain(const eddy_address *address);

#endif
