/* Somebody to connect to in vain. */
#ifndef TESTS_NET_HELPERS_DEAF_H
#define TESTS_NET_HELPERS_DEAF_H

#include "../stream/helpers.h"

/** A port that answers nobody: its backlog is full, so that the kernel drops who would connect. */
struct deaf {
        int listener, callers[4];
        uint16_t port;
};

/** @param port  0: any free one */
static inline void deaf_open_at(struct deaf *deaf, const char *host, uint16_t port)
{
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
        socklen_t size = sizeof address;

        deaf->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
        assert_int_equal(bind(deaf->listener, (struct sockaddr *)&address, size), 0);
        assert_int_equal(listen(deaf->listener, 0), 0);
        assert_int_equal(getsockname(deaf->listener, (struct sockaddr *)&address, &size), 0);
        deaf->port = ntohs(address.sin_port);
        for (int i = 0; i < 4; i++) {
                deaf->callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
                connect(deaf->callers[i], (struct sockaddr *)&address, sizeof address);
        }
}

static inline void deaf_open(struct deaf *deaf)
{
        deaf_open_at(deaf, "127.0.0.1", 0);
}

static inline void deaf_close(struct deaf *deaf)
{
        for (int i = 0; i < 4; i++)
                close(deaf->callers[i]);
        close(deaf->listener);
}

#endif
