/* By SipHash-2-4, twice, with a key for each half. */
#include "serve_seen.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int seen_init(struct seen *seen)
{
        *seen = (struct seen){.count = 0};
        return getrandom(seen->key, sizeof seen->key, 0) == sizeof seen->key ? 0 : -errno;
}

static uint64_t turn(uint64_t value, unsigned bits)
{
        return value << bits | value >> (64 - bits);
}

static void mix(uint64_t v[4], unsigned rounds)
{
        while (rounds-- > 0) {
                v[0] += v[1];
                v[2] += v[3];
                v[1] = turn(v[1], 13) ^ v[0];
                v[3] = turn(v[3], 16) ^ v[2];
                v[0] = turn(v[0], 32) + v[3];
                v[2] += v[1];
                v[1] = turn(v[1], 17) ^ v[2];
                v[3] = turn(v[3], 21) ^ v[0];
                v[2] = turn(v[2], 32);
        }
}

static void take(uint64_t v[4], uint64_t word)
{
        v[3] ^= word;
        mix(v, 2);
        v[0] ^= word;
}

static uint64_t half_of(const uint64_t key[2], uint64_t user, const char *password, size_t size)
{
        uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d, key[0] ^ 0x6c7967656e657261,
                         key[1] ^ 0x7465646279746573};

        take(v, user);
        for (size_t at = 0; at < size; at += 8) {
                uint64_t word = 0;

                memcpy(&word, password + at, size - at < 8 ? size - at : 8);
                take(v, word);
        }
        take(v, size);
        v[2] ^= 0xff;
        mix(v, 4);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct seen_mark seen_mark_of(const struct seen *seen, size_t user, const char *password, size_t size)
{
        return (struct seen_mark){
            {half_of(seen->key, user, password, size), half_of(seen->key + 2, user, password, size)}};
}

bool seen_has(const struct seen *seen, const struct seen_mark *mark)
{
        bool has = false;

        for (size_t i = 0; i < seen->count; i++)
                has |= ((seen->marks[i].halves[0] ^ mark->halves[0]) |
                        (seen->marks[i].halves[1] ^ mark->halves[1])) == 0;
        return has;
}

void seen_add(struct seen *seen, const struct seen_mark *mark)
{
        seen->marks[seen->next] = *mark;
        seen->next = (seen->next + 1) % SEEN_MAX;
        if (seen->count < SEEN_MAX)
                seen->count++;
}
