#include <eddy/address.h>

#include "base/sys_socket.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** What may stand between brackets: an IPv6 address and the name of an interface. */
enum { HOST_SIZE = INET6_ADDRSTRLEN + 1 + IF_NAMESIZE };

enum { HIGHEST_PORT = 65535 };

/** The scope of an IPv6 address: an interface's name or number; 0 where it is neither. */
static uint32_t parse_scope(const char *scope)
{
        int index = sys_interface_index(scope);
        char *end;
        unsigned long number;

        if (index > 0)
                return (uint32_t)index;
        number = strtoul(scope, &end, 10);
        return *end || number > UINT32_MAX ? 0 : (uint32_t)number;
}

static int from_ip6(eddy_address *address, const char *host, uint16_t port)
{
        char number[HOST_SIZE];
        char *scope;

        if (strlen(host) >= sizeof number)
                return -EINVAL;
        memcpy(number, host, strlen(host) + 1);
        scope = strchr(number, '%');
        if (scope)
                *scope++ = '\0';
        *address = (eddy_address){.in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
        address->size = sizeof address->in6;
        if (inet_pton(AF_INET6, number, &address->in6.sin6_addr) != 1)
                return -EINVAL;
        if (!scope)
                return 0;
        address->in6.sin6_scope_id = parse_scope(scope);
        return address->in6.sin6_scope_id ? 0 : -EINVAL;
}

int eddy_address_from_ip(eddy_address *address, const char *host, uint16_t port)
{
        if (host && strchr(host, ':'))
                return from_ip6(address, host, port);
        *address = (eddy_address){.in = {.sin_family = AF_INET, .sin_port = htons(port)}};
        address->size = sizeof address->in;
        return !host || inet_pton(AF_INET, host, &address->in.sin_addr) == 1 ? 0 : -EINVAL;
}

int eddy_address_from_path(eddy_address *address, const char *path)
{
        size_t size = strlen(path);
        bool is_abstract = path[0] == '@';

        *address = (eddy_address){.un = {.sun_family = AF_UNIX}};
        /* A file's name ends with a NUL, an abstract one begins with it and counts to its end. */
        if (!is_abstract)
                size++;
        if (size <= 1)
                return -EINVAL;
        if (size > sizeof address->un.sun_path)
                return -ENAMETOOLONG;
        memcpy(address->un.sun_path, path, size);
        if (is_abstract)
                address->un.sun_path[0] = '\0';
        address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
        return 0;
}

static int parse_port(const char *text, uint16_t *port)
{
        char *end;
        long number = strtol(text, &end, 10);

        if (text[0] < '0' || text[0] > '9' || *end || number > HIGHEST_PORT)
                return -EINVAL;
        *port = (uint16_t)number;
        return 0;
}

int eddy_address_parse(eddy_address *address, const char *text)
{
        const char *colon = strrchr(text, ':'), *start = text, *end = colon;
        char host[HOST_SIZE];
        uint16_t port;

        if (text[0] == '@' || strchr(text, '/'))
                return eddy_address_from_path(address, text);
        if (!colon || parse_port(colon + 1, &port) < 0)
                return -EINVAL;
        if (text[0] == '[') {
                start++;
                end--;
                if (end <= start || *end != ']')
                        return -EINVAL;
        }
        if ((size_t)(end - start) >= sizeof host)
                return -EINVAL;
        memcpy(host, start, (size_t)(end - start));
        host[end - start] = '\0';
        /* Brackets and colons go together. */
        if ((strchr(host, ':') != NULL) != (text[0] == '['))
                return -EINVAL;
        return eddy_address_from_ip(address, host, port);
}

static void print_ip6(const struct sockaddr_in6 *address, char text[])
{
        char host[INET6_ADDRSTRLEN], name[IF_NAMESIZE];

        inet_ntop(AF_INET6, &address->sin6_addr, host, sizeof host);
        if (!address->sin6_scope_id)
                snprintf(text, EDDY_ADDRESS_TEXT_SIZE, "[%s]:%u", host, ntohs(address->sin6_port));
        else if (sys_interface_name(address->sin6_scope_id, name))
                snprintf(text, EDDY_ADDRESS_TEXT_SIZE, "[%s%%%s]:%u", host, name, ntohs(address->sin6_port));
        else
                snprintf(text, EDDY_ADDRESS_TEXT_SIZE, "[%s%%%u]:%u", host, address->sin6_scope_id,
                         ntohs(address->sin6_port));
}

static void print_path(const eddy_address *address, char text[])
{
        size_t size = address->size - offsetof(struct sockaddr_un, sun_path);
        bool is_abstract = address->un.sun_path[0] == '\0';

        if (size > sizeof address->un.sun_path)
                size = sizeof address->un.sun_path;
        if (!is_abstract)
                size = strnlen(address->un.sun_path, size);
        memcpy(text, address->un.sun_path, size);
        text[size] = '\0';
        /* An abstract name may have more NULs within, which are shown as the first one is. */
        for (size_t i = 0; is_abstract && i < size; i++)
                if (text[i] == '\0')
                        text[i] = '@';
}

const char *eddy_address_print(const eddy_address *address, char text[])
{
        char host[INET_ADDRSTRLEN];

        text[0] = '\0';
        switch (address->any.sa_family) {
        case AF_INET:
                inet_ntop(AF_INET, &address->in.sin_addr, host, sizeof host);
                snprintf(text, EDDY_ADDRESS_TEXT_SIZE, "%s:%u", host, ntohs(address->in.sin_port));
                break;
        case AF_INET6:
                print_ip6(&address->in6, text);
                break;
        case AF_UNIX:
                if (address->size > offsetof(struct sockaddr_un, sun_path))
                        print_path(address, text);
                break;
        default:
                break;
        }
        return text;
}

uint16_t eddy_address_port(const eddy_address *address)
{
        switch (address->any.sa_family) {
        case AF_INET:
                return ntohs(address->in.sin_port);
        case AF_INET6:
                return ntohs(address->in6.sin6_port);
        default:
                return 0;
        }
}

bool eddy_address_equal(const eddy_address *one, const eddy_address *other)
{
        if (one->any.sa_family != other->any.sa_family)
                return false;
        switch (one->any.sa_family) {
        case AF_INET:
                return one->in.sin_port == other->in.sin_port &&
                       one->in.sin_addr.s_addr == other->in.sin_addr.s_addr;
        case AF_INET6:
                return one->in6.sin6_port == other->in6.sin6_port &&
                       one->in6.sin6_scope_id == other->in6.sin6_scope_id &&
                       memcmp(&one->in6.sin6_addr, &other->in6.sin6_addr, sizeof one->in6.sin6_addr) == 0;
        default:
                return one->size == other->size && memcmp(&one->storage, &other->storage, one->size) == 0;
        }
}

int eddy_address_of_socket(eddy_address *address, int fd)
{
        *address = (eddy_address){.size = sizeof address->storage};
        return sys_getsockname(fd, &address->any, &address->size);
}

int eddy_address_of_peer(eddy_address *address, int fd)
{
        *address = (eddy_address){.size = sizeof address->storage};
        return sys_getpeername(fd, &address->any, &address->size);
}
