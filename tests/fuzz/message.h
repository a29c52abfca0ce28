/* What the programs that make messages of HTTP/1 of parts share: the bytes of them, chunks, line ends, and how all that is damaged.
 * The program has `lines` of headers. */
#ifndef TESTS_FUZZ_MESSAGE_H
#define TESTS_FUZZ_MESSAGE_H

#include "input.h"

enum { MOST_BYTES = 16 * 1024 };

static const char *const ends[] = {"\r\n", "\r\n", "\r\n", "\r\n", "\r\n",
                                   "\r\n", "\r\n", "\n",   "\r",   "\r\r\n"};
static const char *const sizes[] = {"5",
                                    "5",
                                    "5",
                                    "0",
                                    "00",
                                    "05",
                                    "5;a=b",
                                    "5 ;a",
                                    "5 ",
                                    "+5",
                                    "0x5",
                                    "5;\n",
                                    "",
                                    "FFFFFFFFFFFFFFFF",
                                    "10000000000000005",
                                    "-1",
                                    "5;a=\"\r\n"};

/** One of several texts, and mostly the first. */
#define ANY(texts)  (texts)[draw(sizeof(texts) / sizeof *(texts))]
#define SANE(texts) (draw(8) ? (texts)[0] : ANY(texts))

static char bytes[MOST_BYTES];
static size_t size;

static inline void put_bytes(const char *data, size_t n)
{
        if (size + n <= sizeof bytes) {
                memcpy(bytes + size, data, n);
                size += n;
        }
}

static inline void put(const char *text)
{
        put_bytes(text, strlen(text));
}

/** Chunks, and a trailer of lines of `count`. */
static inline void put_chunks(const char *const *lines, unsigned count)
{
        for (unsigned i = draw(4); i > 0; i--) {
                put(SANE(sizes));
                put(SANE(ends));
                put("hello");
                put(SANE(ends));
        }
        put(draw(8) ? "0" : ANY(sizes));
        put(SANE(ends));
        for (unsigned i = draw(3); i > 0; i--) {
                put(draw(2) ? "A: b" : lines[draw(count)]);
                put(SANE(ends));
        }
        put(SANE(ends));
}

/** Change, lose or add a byte. */
static inline void damage(void)
{
        static const unsigned char what[] = "\0\1\t\n\v\r !\"%,/05:;=?[\\~\x7f\x80\xff";
        size_t at = size > 0 ? (draw(256) * 256 + draw(256)) % size : 0;

        if (size == 0 || size == sizeof bytes)
                return;
        switch (draw(4)) {
        case 0:
                bytes[at] ^= (char)(1u << draw(8));
                break;
        case 1:
                memmove(bytes + at, bytes + at + 1, --size - at);
                break;
        case 2:
                memmove(bytes + at + 1, bytes + at, size++ - at);
                /* fall through */
        default:
                bytes[at] = (char)what[draw(sizeof what - 1)];
        }
}

#endif
