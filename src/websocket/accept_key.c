#include "websocket/accept_key.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(char *to, const uint8_t *bytes, size_t n)
{
        for (size_t i = 0; i < n; i += 3) {
                size_t left = n - i;
                unsigned three = (unsigned)bytes[i] << 16 | (left > 1 ? (unsigned)bytes[i + 1] << 8 : 0) |
                                 (left > 2 ? bytes[i + 2] : 0);

                *to++ = alphabet[three >> 18];
                *to++ = alphabet[three >> 12 & 63];
                *to++ = left > 1 ? alphabet[three >> 6 & 63] : '=';
                *to++ = left > 2 ? alphabet[three & 63] : '=';
        }
        *to = '\0';
}

bool key_is_valid(const char *key)
{
        return key && strlen(key) == KEY_TEXT && strspn(key, alphabet) == KEY_TEXT - 2 &&
               strcmp(key + KEY_TEXT - 2, "==") == 0;
}

/* SHA-1, of what fits two of its blocks. Nothing is kept secret by it: it only shows that the key was read. */

enum { BLOCK = 64, WORDS = 5, ROUNDS = 80 };

static uint32_t turn(uint32_t word, int bits)
{
        return word << bits | word >> (32 - bits);
}

static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
        if (round < 20)
                return ((b & c) | (~b & d)) + 0x5a827999;
        if (round < 40)
                return (b ^ c ^ d) + 0x6ed9eba1;
        if (round < 60)
                return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
        return (b ^ c ^ d) + 0xca62c1d6;
}

static void hash_block(uint32_t hash[WORDS], const uint8_t block[BLOCK])
{
        uint32_t w[ROUNDS], a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4];

        for (int i = 0; i < 16; i++)
                w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
                       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
        for (int i = 16; i < ROUNDS; i++)
                w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < ROUNDS; i++) {
                uint32_t next = turn(a, 5) + mix(i, b, c, d) + e + w[i];

                e = d;
                d = c;
                c = turn(b, 30);
                b = a;
                a = next;
        }
        hash[0] += a;
        hash[1] += b;
        hash[2] += c;
        hash[3] += d;
        hash[4] += e;
}

void accept_key(char accept[ACCEPT_KEY_TEXT + 1], const char *key)
{
        static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
        enum { SIZE = KEY_TEXT + sizeof guid - 1 };
        uint32_t hash[WORDS] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
        uint8_t blocks[2 * BLOCK] = {0}, bytes[4 * WORDS];

        memcpy(blocks, key, KEY_TEXT);
        memcpy(blocks + KEY_TEXT, guid, sizeof guid - 1);
        blocks[SIZE] = 0x80;
        blocks[2 * BLOCK - 2] = (uint8_t)(8 * SIZE >> 8);
        blocks[2 * BLOCK - 1] = (uint8_t)(8 * SIZE);
        hash_block(hash, blocks);
        hash_block(hash, blocks + BLOCK);
        for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (uint8_t)(hash[i / 4] >> 8 * (3 - i % 4));
        base64_write(accept, bytes, sizeof bytes);
}
