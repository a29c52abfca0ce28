/* Hellos as a test would have them, byte by byte. */
#ifndef TESTS_TLS_MESSAGES_H
#define TESTS_TLS_MESSAGES_H

#include "stranger.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2 };

/** A record that is being written. */
struct message {
        unsigned char bytes[512];
        size_t size;
};

static inline void add(struct message *message, const void *bytes, size_t n)
{
        assert_true(message->size + n <= sizeof message->bytes);
        memcpy(message->bytes + message->size, bytes, n);
        message->size += n;
}

static inline void add_number(struct message *message, size_t number, int width)
{
        while (width-- > 0)
                add(message, (const unsigned char[]){(unsigned char)(number >> (8 * width))}, 1);
}

/** What a hello says. A server chooses one cipher. */
struct hello {
        unsigned version; /* 0: 0x0303, which is 1.2, and of later ones, too */
        const char *ciphers;
        size_t ciphers_size; /* 0: those that all have */
        const char *extensions;
        size_t extensions_size;    /* 0: what those of TLS 1.2 say */
        const char *end_of_random; /* of 8 bytes; NULL: any */
        bool compresses;
};

static inline void add_ciphers(struct message *message, const struct hello *hello, bool is_server)
{
        static const char common[] = "\xc0\x2b\xc0\x2f\xcc\xa9";
        size_t n = hello->ciphers_size ? hello->ciphers_size : is_server ? 2 : 6;

        if (!is_server)
                add_number(message, n, 2);
        add(message, hello->ciphers_size ? hello->ciphers : common, n);
        if (!is_server)
                add_number(message, hello->compresses ? 2 : 1, 1);
        if (hello->compresses)
                add_number(message, 1, 1);
        if (!is_server || !hello->compresses)
                add_number(message, 0, 1);
}

static inline struct message write_hello(const struct hello *hello, bool is_server)
{
        /* Curves, how points of them are written, and signatures. */
        static const char common[] = "\0\x0a\0\6\0\4\0\x1d\0\x17\0\x0b\0\2\1\0\0\x0d\0\6\0\4\4\3\x08\4";
        /* That it knows of RFC 5746. */
        static const char common_of_server[] = "\xff\1\0\1\0";
        const char *extensions = hello->extensions_size ? hello->extensions
                                 : is_server            ? common_of_server
                                                        : common;
        size_t n = hello->extensions_size ? hello->extensions_size
                   : is_server            ? sizeof common_of_server - 1
                                          : sizeof common - 1;
        struct message message = {.size = 9};
        unsigned version = hello->version ? hello->version : 0x0303;

        add_number(&message, version, 2);
        for (int i = 0; i < 32; i++)
                add_number(&message,
                           hello->end_of_random && i >= 24 ? (size_t)hello->end_of_random[i - 24] : 'r', 1);
        add_number(&message, 0, 1); /* no session */
        add_ciphers(&message, hello, is_server);
        add_number(&message, n, 2);
        add(&message, extensions, n);
        n = message.size;
        message.size = 0;
        add_number(&message, HANDSHAKE, 1);
        add_number(&message, version < 0x0301 ? version : 0x0301, 2);
        add_number(&message, n - 5, 2);
        add_number(&message, is_server ? SERVER_HELLO : CLIENT_HELLO, 1);
        add_number(&message, n - 9, 3);
        message.size = n;
        return message;
}

#endif
