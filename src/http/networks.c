#include "http/networks.h"

#include "base/memory.h"
#include <limits.h>

struct network {
        sa_family_t family;
        unsigned char bytes[16];
        unsigned bits; /* of them that count */
};

struct eddy_http_networks {
        size_t count;
        struct network all[];
};

static const unsigned char within_ip6[12] = {[10] = 0xff, [11] = 0xff};

eddy_address networks_plain(const eddy_address *address)
{
        eddy_address plain = *address;

        if (plain.any.sa_family != AF_INET6 || memcmp(&plain.in6.sin6_addr, within_ip6, sizeof within_ip6) != 0)
                return plain;
        plain = (eddy_address){.in = {.sin_family = AF_INET, .sin_port = address->in6.sin6_port}};
        plain.size = sizeof plain.in;
        memcpy(&plain.in.sin_addr, (const char *)&address->in6.sin6_addr + sizeof within_ip6, 4);
        return plain;
}

/* A number of up to five digits; -1 where it is none. */
static int parse_number(const char *text)
{
        int number = 0;
        size_t n = strspn(text, "0123456789");

        if (n == 0 || n > 5 || text[n] != '\0')
                return -1;
        for (; *text; text++)
                number = 10 * number + (*text - '0');
        return number;
}

/* Take a text apart: its host, and its port where there is one, else NULL; whether it may be an address. */
static bool split(char *text, char **host, char **port)
{
        char *colon = strchr(text, ':'), *end;

        *host = text;
        *port = NULL;
        if (*text == '[') {
                *host = text + 1;
                end = strchr(text, ']');
                if (!end || !colon || colon > end || (end[1] != ':' && end[1] != '\0'))
                        return false;
                *port = end[1] == ':' ? end + 2 : NULL;
                *end = '\0';
        } else if (colon && !strchr(colon + 1, ':')) {
                *port = colon + 1;
                *colon = '\0';
        }
        return true;
}

int networks_parse_address(eddy_address *address, const char *text, size_t n)
{
        char copy[64], *host, *port;
        int number;

        if (n >= sizeof copy || memchr(text, '%', n)) /* a scope means nothing to others */
                return -EINVAL;
        memcpy(copy, text, n);
        copy[n] = '\0';
        if (!split(copy, &host, &port))
                return -EINVAL;
        number = port ? parse_number(port) : 0;
        if (number < 0 || number > UINT16_MAX || eddy_address_from_ip(address, host, (uint16_t)number) < 0)
                return -EINVAL;
        *address = networks_plain(address);
        return 0;
}

/* The bytes of an address; how many bits they are, 0 where its family is none of the two. */
static unsigned bytes_of(const eddy_address *address, const void **bytes)
{
        *bytes = address->any.sa_family == AF_INET ? (const void *)&address->in.sin_addr
                                                   : (const void *)&address->in6.sin6_addr;
        return address->any.sa_family == AF_INET ? 32 : address->any.sa_family == AF_INET6 ? 128 : 0;
}

static bool has_prefix(const unsigned char *bytes, const unsigned char *prefix, unsigned bits)
{
        unsigned whole = bits / 8, rest = bits % 8;

        if (memcmp(bytes, prefix, whole) != 0)
                return false;
        return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool has_bits_behind(const struct network *network)
{
        struct network cut = *network;
        unsigned whole = cut.bits / 8, rest = cut.bits % 8;

        if (rest > 0)
                cut.bytes[whole] &= (unsigned char)(0xff << (8 - rest));
        memset(cut.bytes + whole + (rest > 0), 0, sizeof cut.bytes - whole - (rest > 0));
        return memcmp(cut.bytes, network->bytes, sizeof cut.bytes) != 0;
}

static int parse(struct network *network, const char *text)
{
        const char *slash = strchr(text, '/');
        size_t n = slash ? (size_t)(slash - text) : strlen(text);
        eddy_address address;
        const void *bytes;
        unsigned most;
        int bits;

        *network = (struct network){.family = AF_UNIX};
        if (strcmp(text, "unix:") == 0)
                return 0;
        if (memchr(text, '[', n) || networks_parse_address(&address, text, n) < 0 ||
            eddy_address_port(&address) != 0)
                return -EINVAL;
        most = bytes_of(&address, &bytes);
        bits = slash ? parse_number(slash + 1) : (int)most;
        if (slash && most == 32 && memchr(text, ':', n)) /* of IPv4 within IPv6 */
                bits -= 96;
        if (bits < 0 || bits > (int)most)
                return -EINVAL;
        network->family = address.any.sa_family;
        network->bits = (unsigned)bits;
        memcpy(network->bytes, bytes, most / 8);
        return has_bits_behind(network) ? -EINVAL : 0;
}

int eddy_http_networks_create(eddy_http_networks **created, const char *const *texts)
{
        eddy_http_networks *networks;
        size_t count = 0;
        int rc = 0;

        *created = NULL;
        while (texts[count])
                count++;
        networks = memory_alloc(sizeof *networks + count * sizeof *networks->all);
        if (!networks)
                return -ENOMEM;
        networks->count = count;
        for (size_t i = 0; i < count && rc == 0; i++) {
                rc = parse(&networks->all[i], texts[i]);
                if (rc < 0)
                        rc = eddy_fail(rc, "%.100s is no address, and no network without bits behind its own",
                                       texts[i]);
        }
        if (rc < 0)
                memory_free(networks);
        else
                *created = networks;
        return rc;
}

void eddy_http_networks_destroy(eddy_http_networks *networks)
{
        memory_free(networks);
}

bool eddy_http_networks_contain(const eddy_http_networks *networks, const eddy_address *address)
{
        eddy_address plain = networks_plain(address);
        const void *bytes;

        bytes_of(&plain, &bytes);
        for (size_t i = 0; networks && i < networks->count; i++)
                if (networks->all[i].family == plain.any.sa_family &&
                    has_prefix(bytes, networks->all[i].bytes, networks->all[i].bits))
                        return true;
        return false;
}
