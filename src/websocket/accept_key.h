/* What a server proves with that it has read the request as one for a WebSocket: RFC 6455, 4.2.2. */
#ifndef WEBSOCKET_ACCEPT_KEY_H
#define WEBSOCKET_ACCEPT_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { KEY_BYTES = 16, KEY_TEXT = 24, ACCEPT_KEY_TEXT = 28 };

/** In base64: `to` has room for 4 characters for each 3 bytes begun, and a NUL. */
void base64_write(char *to, const uint8_t *bytes, size_t n);

/** Whether a text is a key, 16 bytes in base64. */
bool key_is_valid(const char *key);

/** The answer to a key that is valid. */
void accept_key(char accept[ACCEPT_KEY_TEXT + 1], const char *key);

#endif
